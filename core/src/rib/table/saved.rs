//! A table as a value.

use zerocopy::IntoBytes;

use super::FamilyTable;
use crate::rib::capacity::Counts;
use crate::rib::feed::Feed;
use crate::rib::stored::StoredFamily;
use crate::scalars::scalars;

scalars! {
    /// What is counted, and what is free.
    FamilyTableScalars of (impl<F: StoredFamily> FamilyTable<'_, F>),
    keeps { counts: Counts, feed: Feed, free: (u32, u32), fresh: u32, free_path: u32, fresh_path: u32 }
    lives_in { addrs, changes, index, paths, advertised, hasher, capacity }
}

impl<F: StoredFamily> FamilyTable<'_, F> {
    /// Every array, as bytes.
    pub(crate) fn arrays(&self) -> [&[u8]; 5] {
        [
            self.addrs.as_bytes(),
            self.changes.bytes(),
            self.index.bytes(),
            self.paths.as_bytes(),
            self.advertised.bytes(),
        ]
    }

    /// The same, to be filled.
    pub(crate) fn arrays_mut(&mut self) -> [&mut [u8]; 5] {
        [
            self.addrs.as_mut_bytes(),
            self.changes.bytes_mut(),
            self.index.bytes_mut(),
            self.paths.as_mut_bytes(),
            self.advertised.bytes_mut(),
        ]
    }
}
