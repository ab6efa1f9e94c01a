//! Records of paths that were refused: neighbor, prefix and reason, nothing else. They make what a neighbor announced
//! countable and explainable. When their table is full, further ones are only counted.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::index::Index;
use crate::family::{AddressFamily, Family, Net};
use crate::hash::Hasher;
use crate::view::{Reason, rule_position};

/// One record; `peer` 0 is a free one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct Record {
    addr: [u32; 4],
    pub(crate) peer: u16,
    len: u8,
    family: u8,
    reason: u8,
    /// The rule of the import policy that rejected it.
    rule: u8,
    reserved: [u8; 2],
    /// Of a free record: the next free one.
    next: u32,
}

impl Record {
    fn of<F: AddressFamily>(peer: u16, net: Net<F>, reason: Reason, rule: u8) -> Self {
        let wide: u128 = net.addr.into();
        Self {
            addr: [(wide >> 96) as u32, (wide >> 64) as u32, (wide >> 32) as u32, wide as u32],
            peer,
            len: net.len,
            family: F::FAMILY as u8,
            reason: reason as u8,
            rule,
            reserved: [0; 2],
            next: 0,
        }
    }

    fn wide(&self) -> u128 {
        self.addr.iter().fold(0, |addr, &word| addr << 32 | u128::from(word))
    }

    fn hash(&self, hasher: Hasher) -> u64 {
        let wide = self.wide();
        let rest = u64::from(self.peer) << 16 | u64::from(self.len) << 8 | u64::from(self.family);
        hasher.words(wide as u64 ^ rest.rotate_left(40), (wide >> 64) as u64 ^ rest)
    }

    fn is_for(&self, other: &Self) -> bool {
        (self.addr, self.peer, self.len, self.family) == (other.addr, other.peer, other.len, other.family)
    }

    pub(crate) const fn family(&self) -> Family {
        if self.family == 0 { Family::Ipv4Unicast } else { Family::Ipv6Unicast }
    }

    /// The prefix, for people.
    pub(crate) fn prefix(&self) -> ipnet::IpNet {
        use crate::family::{V4, V6};
        match self.family() {
            Family::Ipv4Unicast => V4::ipnet(Net { addr: self.wide() as u32, len: self.len }),
            Family::Ipv6Unicast => V6::ipnet(Net { addr: self.wide(), len: self.len }),
        }
    }

    /// The rule of the import policy that rejected it, if one did.
    pub(crate) fn rule(&self) -> Option<u16> {
        rule_position(self.rule)
    }

    pub(crate) fn reason(&self) -> Reason {
        Reason::ALL.get(usize::from(self.reason)).copied().unwrap_or(Reason::None)
    }
}

/// The table of records.
#[derive(Debug)]
pub(crate) struct RefusedPaths<'m> {
    records: &'m mut [Record],
    index: Index<'m>,
    hasher: Hasher,
    free: u32,
    fresh: u32,
    pub(crate) used: u32,
    pub(crate) high_water: u32,
    /// Records for which there was no room.
    pub(crate) lost: u64,
}

impl<'m> RefusedPaths<'m> {
    /// A table over `records`, of which the first is never used.
    pub(crate) fn new(records: &'m mut [Record], cells: &'m mut [u32], hasher: Hasher) -> Self {
        Self { records, index: Index::new(cells), hasher, free: 0, fresh: 1, used: 0, high_water: 0, lost: 0 }
    }

    /// Entries that there are.
    pub(crate) fn slots(&self) -> u32 {
        self.fresh
    }

    pub(crate) fn get(&self, slot: u32) -> Option<&Record> {
        self.records.get(slot as usize).filter(|record| record.peer != 0)
    }

    fn find(&self, record: &Record) -> Option<u32> {
        self.index.find(record.hash(self.hasher), |slot| self.records[slot as usize].is_for(record))
    }

    /// Most records of one neighbor: what it has refused does not hide what others have.
    fn share(&self) -> usize {
        self.records.len() - self.records.len() / 8
    }

    /// Records that a path was refused, to a neighbor that has `mine` records. `Some(true)`: there is a new one,
    /// `Some(false)`: there was one, which now has this reason; `None`: there is no room.
    pub(crate) fn put<F: AddressFamily>(
        &mut self,
        peer: u16,
        net: Net<F>,
        reason: Reason,
        rule: u8,
        mine: u32,
    ) -> Option<bool> {
        let record = Record::of(peer, net, reason, rule);
        if let Some(slot) = self.find(&record) {
            self.records[slot as usize].reason = reason as u8;
            self.records[slot as usize].rule = rule;
            return Some(false);
        }
        let slot = if self.free != 0 { self.free } else { self.fresh };
        let is_full = mine as usize >= self.share() || slot as usize >= self.records.len();
        if is_full || !self.index.insert(record.hash(self.hasher), slot) {
            self.lost += 1;
            return None;
        }
        if slot == self.free {
            self.free = self.records[slot as usize].next;
        } else {
            self.fresh += 1;
        }
        self.records[slot as usize] = record;
        self.used += 1;
        self.high_water = self.high_water.max(self.used);
        Some(true)
    }

    /// Removes the record of a neighbor's path; the reason if there was one.
    pub(crate) fn remove<F: AddressFamily>(&mut self, peer: u16, net: Net<F>) -> Option<Reason> {
        let slot = self.find(&Record::of(peer, net, Reason::None, 0))?;
        let reason = self.records[slot as usize].reason();
        self.free(slot);
        Some(reason)
    }

    fn free(&mut self, slot: u32) {
        let record = self.records[slot as usize];
        let removed = self.index.remove(record.hash(self.hasher), slot);
        debug_assert!(removed);
        self.records[slot as usize] = Record { next: self.free, ..Record::default() };
        self.free = slot;
        self.used -= 1;
    }

    /// Removes a neighbor's records among up to `budget` entries from `at`; where to go on, `None` at the end.
    pub(crate) fn purge(&mut self, peer: u16, at: u32, budget: u32) -> Option<u32> {
        let end = at.saturating_add(budget).min(self.fresh);
        for slot in at.max(1)..end {
            if self.records[slot as usize].peer == peer {
                self.free(slot);
            }
        }
        (end < self.fresh).then_some(end)
    }
}

#[cfg(any(test, feature = "check"))]
mod check;
#[cfg(feature = "serde")]
crate::scalars::scalars! {
    /// What is counted, and what is free.
    RefusedPathsScalars of (impl RefusedPaths<'_>),
    keeps { free: u32, fresh: u32, used: u32, high_water: u32, lost: u64 }
    lives_in { records, index, hasher }
}

#[cfg(feature = "serde")]
impl RefusedPaths<'_> {
    /// Every array, as bytes.
    pub(crate) fn arrays(&self) -> [&[u8]; 2] {
        [self.records.as_bytes(), self.index.bytes()]
    }

    /// The same, to be filled.
    pub(crate) fn arrays_mut(&mut self) -> [&mut [u8]; 2] {
        [self.records.as_mut_bytes(), self.index.bytes_mut()]
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::family::{V4, V6};
    use crate::rib::index::cells;
    use std::vec;

    #[test]
    fn one_neighbor_leaves_room_for_records_of_others() {
        let mut records = vec![Record::default(); 16];
        let mut index = vec![0; cells(16) as usize];
        let mut table = RefusedPaths::new(&mut records, &mut index, Hasher::new(1));
        let net = |n: u32| Net::<V4> { addr: n << 8, len: 24 };
        let kept = (0..16).take_while(|&n| table.put(1, net(n), Reason::PathsFull, 0, n).is_some()).count();
        assert_eq!((kept, table.lost), (14, 1));
        assert_eq!(table.put(2, net(0), Reason::PathsFull, 0, 0), Some(true));
    }

    #[test]
    fn keeps_counts_and_purges() {
        let mut records = vec![Record::default(); 4];
        let mut index = vec![0; cells(4) as usize];
        let mut table = RefusedPaths::new(&mut records, &mut index, Hasher::new(1));
        let net = Net::<V4> { addr: 0x0A00_0000, len: 8 };
        let wide = Net::<V6> { addr: 0x0A00_0000, len: 8 };
        assert_eq!(table.put(1, net, Reason::Policy, 0, 0), Some(true));
        assert_eq!(table.put(1, net, Reason::OwnAs, 0, 1), Some(false));
        assert_eq!(table.put(1, wide, Reason::Policy, 0, 1), Some(true));
        assert_eq!(table.put(2, net, Reason::Policy, 0, 0), Some(true));
        assert_eq!(table.put(3, net, Reason::Policy, 0, 0), None);
        assert_eq!((table.used, table.lost), (3, 1));
        assert_eq!(table.get(1).map(Record::reason), Some(Reason::OwnAs));
        assert_eq!(table.remove(1, wide), Some(Reason::Policy));
        assert_eq!(table.remove(1, wide), None);
        assert_eq!(table.purge(1, 0, 1), Some(1));
        assert_eq!(table.purge(1, 1, 9), None);
        assert_eq!(table.used, 1);
        assert_eq!(table.remove(2, net), Some(Reason::Policy));
    }
}
