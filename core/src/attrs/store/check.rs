//! Whether the counts of the store agree with its headers, and these with the arena.

extern crate std;

use std::vec::Vec;

use super::{AttrStore, BLOCK_HEADER, Header};
use crate::check::{Checked, agree, ensure};

impl AttrStore<'_> {
    /// The sum of holds.
    pub(crate) fn check(&self) -> Checked<u64> {
        let used = || self.headers.iter().filter(|header| header.refs > 0);
        let learned = || used().filter(|header| header.learned != 0);
        let size = |header: &Header| BLOCK_HEADER + usize::from(header.len);
        agree!(self.sets as usize, learned().count(), "learned attribute sets");
        agree!(self.bytes as usize, learned().map(size).sum::<usize>(), "bytes of learned attribute sets");
        agree!(self.live, used().map(size).sum::<usize>(), "bytes of all attribute sets");
        ensure!(self.live <= self.end && self.end <= self.arena.len(), "blocks past the end of the arena");
        self.index.check(used().count())?;
        let hops = used().filter(|header| header.hop != 0).count();
        agree!(self.hops.check()?, hops as u64, "holds on next hops");
        self.check_blocks()?;
        let (mut id, mut free) = (self.free, 0);
        while id != 0 {
            let header = &self.headers[id as usize];
            agree!(header.refs, 0, "holds on free attribute set {id}");
            (id, free) = (header.offset, free + 1);
            ensure!(free < self.fresh, "the free attribute sets end in a ring");
        }
        agree!(self.fresh as usize - 1, used().count() + free as usize, "free and used attribute sets");
        Ok(used().map(|header| u64::from(header.refs)).sum())
    }

    /// Every set is found by what it holds, and its block in the arena is its own.
    fn check_blocks(&self) -> Checked {
        let mut blocks = Vec::new();
        for (id, header) in (0u32..).zip(self.headers.iter()).filter(|(_, header)| header.refs > 0) {
            let view = self.view(id);
            let hash = self.hash(view.key, view.bytes);
            ensure!(
                header.hash == [hash as u32, (hash >> 32) as u32],
                "attribute set {id} is not what was stored"
            );
            agree!(Some(id), self.index.find(hash, |found| found == id), "attribute set in the index");
            let start = header.offset as usize;
            agree!(&id.to_le_bytes()[..], &self.arena[start..start + 4], "the owner of a block in the arena");
            agree!(&header.len.to_le_bytes()[..], &self.arena[start + 4..start + 6], "the length of a block");
            blocks.push((start, start + BLOCK_HEADER + usize::from(header.len)));
        }
        blocks.sort_unstable();
        let apart = blocks.is_sorted_by(|(_, end), (start, _)| end <= start);
        ensure!(
            apart && blocks.last().is_none_or(|(_, end)| *end <= self.end),
            "blocks of the arena overlap"
        );
        Ok(())
    }
}
