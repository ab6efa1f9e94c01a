//! Whether an index's cells stand in their order.

use super::{Index, distance};
use crate::check::{Checked, agree, ensure};

impl Index<'_> {
    /// There are as many cells in use as `entries`, which [`Index::find`] was seen to find, and no gap is in front of any.
    pub(crate) fn check(&self, entries: usize) -> Checked {
        let (mut used, mut reach) = (0, 0);
        let last_first = self.cells.last().into_iter().chain(self.cells.iter());
        for (place, &cell) in last_first.enumerate() {
            ensure!(place == 0 || cell == 0 || distance(cell) <= reach, "cell {place} lies behind a gap");
            used += usize::from(place > 0 && cell != 0);
            reach = if cell == 0 { 0 } else { distance(cell) + 1 };
        }
        agree!(used, entries, "cells of an index");
        Ok(())
    }
}
