//! What a forwarding table outside, the kernel's, has yet to hear of: a bit for each destination whose paths have changed.
//!
//! It is no cursor in the list of changes, for its answers come late and one by one, and it cares for paths that are not the
//! best, too. Where it has a destination it is one of its holders, in the row of the speaker itself, so that the slot
//! stays until the last word about it was said.

use super::stored::StoredFamily;
use super::table::FamilyTable;

/// The row of the holder that the kernel is.
const KERNEL: u16 = 0;

/// Whether somebody reads, and how much there is to read.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Feed {
    on: bool,
    marked: u32,
    /// Where reading goes on.
    cursor: u32,
}

impl<F: StoredFamily> FamilyTable<'_, F> {
    /// Notes that the paths of a destination have changed.
    #[inline]
    pub(super) fn mark(&mut self, slot: u32) {
        if self.feed.on && self.advertised.set(self.advertised.last_row(), slot) {
            self.feed.marked += 1;
        }
    }

    /// From now on somebody reads, or nobody does. Who begins hears of everything there is.
    pub(crate) fn follow(&mut self, on: bool) {
        self.feed.on = on;
        self.mark_all();
        if !on {
            self.advertised.clear_row(self.advertised.last_row());
            self.feed.marked = 0;
        }
    }

    /// Every destination may forward otherwise than before.
    pub(crate) fn mark_all(&mut self) {
        for slot in 1..self.slots() {
            if self.is_used(slot) {
                self.mark(slot);
            }
        }
    }

    /// A destination whose paths have changed since it was told last; it may have none any more.
    pub(crate) fn next_marked(&mut self) -> Option<u32> {
        let row = self.advertised.last_row();
        while self.feed.marked > 0 {
            let (found, next) = self.advertised.next_set(row, self.feed.cursor, u32::MAX);
            self.feed.cursor = next.unwrap_or(0);
            let Some(slot) = found else { continue };
            self.advertised.clear(row, slot);
            self.feed.marked -= 1;
            // Whoever was there when it was marked may have gone unheard of.
            if self.is_used(slot) {
                return Some(slot);
            }
        }
        None
    }

    /// Whether there is one.
    pub(crate) fn has_marked(&self) -> bool {
        self.feed.marked > 0
    }

    /// Notes that the kernel has, or may have, a route for a destination; or that it has none for certain.
    pub(crate) fn set_installed(&mut self, slot: u32, installed: bool) {
        if slot == 0 || slot >= self.slots() || !self.is_used(slot) {
            return;
        }
        if installed {
            self.hold(slot, KERNEL);
        } else {
            self.unhold(slot, KERNEL);
        }
    }

    /// Whether the kernel has, or may have, a route for a destination.
    pub(crate) fn is_installed(&self, slot: u32) -> bool {
        slot != 0 && slot < self.slots() && self.advertised.get(KERNEL, slot)
    }
}
