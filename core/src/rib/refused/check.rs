//! Whether the records of refused paths are all found, and none is lost.

extern crate std;

use std::vec::Vec;

use super::{Record, RefusedPaths};
use crate::check::{Checked, agree, ensure};
use crate::family::{Family, Net, V4, V6};

impl RefusedPaths<'_> {
    /// The records.
    pub(crate) fn check(&self) -> Checked<Vec<Record>> {
        let mut records = Vec::new();
        for slot in 1..self.fresh {
            if let Some(record) = self.get(slot) {
                agree!(Some(slot), self.find(record), "the slot of a refused path");
                records.push(*record);
            }
        }
        agree!(self.used as usize, records.len(), "refused paths");
        self.index.check(records.len())?;
        let (mut slot, mut free) = (self.free, 0);
        while slot != 0 {
            let record = &self.records[slot as usize];
            agree!(record.peer, 0, "the neighbor of free record {slot}");
            (slot, free) = (record.next, free + 1);
            ensure!(free < self.fresh, "the free records end in a ring");
        }
        agree!(self.fresh - 1, self.used + free, "free and used records of refused paths");
        Ok(records)
    }
}

impl Record {
    /// Its prefix in the table of its family: looked up by one of the two functions.
    pub(crate) fn look_up<T>(&self, v4: impl FnOnce(Net<V4>) -> T, v6: impl FnOnce(Net<V6>) -> T) -> T {
        match self.family() {
            Family::Ipv4Unicast => v4(Net { addr: self.wide() as u32, len: self.len }),
            Family::Ipv6Unicast => v6(Net { addr: self.wide(), len: self.len }),
        }
    }
}
