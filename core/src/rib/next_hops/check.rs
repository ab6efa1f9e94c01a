//! Whether the table agrees with itself.

use super::{NextHop, NextHops};
use crate::check::{Checked, agree, ensure};

impl NextHops<'_> {
    /// The sum of holds.
    pub(crate) fn check(&self) -> Checked<u64> {
        let used = || self.entries.iter().filter(|entry| entry.refs > 0);
        let with = |flag: u32| used().filter(|entry| entry.flags & flag != 0).count();
        agree!(self.new as usize, with(NextHop::NEW), "next hops that nobody was told of");
        agree!(self.changed as usize, with(NextHop::CHANGED), "next hops that have changed");
        self.index.check(used().count())?;
        for (id, entry) in (0u32..).zip(self.entries.iter()).filter(|(_, entry)| entry.refs > 0) {
            agree!(Some(id), self.find(&entry.address), "a next hop in the index");
        }
        let (mut id, mut free) = (self.free, 0);
        while id != 0 {
            let entry = &self.entries[id as usize];
            agree!(entry.refs, 0, "holds on free next hop {id}");
            (id, free) = (entry.cost, free + 1);
            ensure!(free < self.fresh, "the free next hops end in a ring");
        }
        agree!(self.fresh as usize - 1, used().count() + free as usize, "free and used next hops");
        Ok(used().map(|entry| u64::from(entry.refs)).sum())
    }
}
