//! The next hops of attribute sets, each stored once and counted, with what is known of the way there: whether there is one,
//! and its interior cost (RFC 4271, 9.1.2.1 and 9.1.2.2 e).
//!
//! Nobody need know anything: then every next hop can be reached at no cost. Where a driver resolves next hops
//! ([`Speaker::follow_kernel`](crate::Speaker::follow_kernel)), a new one cannot be reached until it says so.

use core::net::IpAddr;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::index::Index;
use crate::hash::Hasher;

/// A next hop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct NextHop {
    /// IPv4 is mapped into IPv6.
    address: [u8; 16],
    /// Interior cost; [`UNREACHABLE`]. Of a free entry: the next free one.
    cost: u32,
    /// Attribute sets that have it; 0: the entry is free.
    refs: u32,
    /// Bits named by the constants.
    flags: u32,
}

impl NextHop {
    /// The driver has not been told of it.
    const NEW: u32 = 1;
    /// What is known of it has changed, and not every destination has been looked at since.
    const CHANGED: u32 = 2;
    /// It could be reached before that.
    const WAS_REACHABLE: u32 = 4;
}

/// The cost of a next hop that cannot be reached.
const UNREACHABLE: u32 = u32::MAX;

/// Number of a next hop; 0 is none, as of a route that was originated here.
pub(crate) type HopId = u32;

/// The table. It is as large as that of attribute sets, so that it is never the first to be full.
#[derive(Debug)]
pub(crate) struct NextHops<'m> {
    entries: &'m mut [NextHop],
    index: Index<'m>,
    hasher: Hasher,
    /// Somebody resolves next hops.
    followed: bool,
    free: u32,
    fresh: u32,
    /// Entries that are [`NextHop::NEW`], and where the search for one goes on.
    new: u32,
    cursor: u32,
    /// Entries that are [`NextHop::CHANGED`].
    changed: u32,
}

/// Every next hop as sixteen bytes.
fn wide(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

impl<'m> NextHops<'m> {
    pub(crate) fn new(entries: &'m mut [NextHop], cells: &'m mut [u32], hasher: Hasher) -> Self {
        let index = Index::new(cells);
        Self { entries, index, hasher, followed: false, free: 0, fresh: 1, new: 0, cursor: 1, changed: 0 }
    }

    fn hash(&self, address: &[u8; 16]) -> u64 {
        self.hasher.bytes(address)
    }

    fn find(&self, address: &[u8; 16]) -> Option<HopId> {
        self.index.find(self.hash(address), |id| self.entries[id as usize].address == *address)
    }

    /// The number of a next hop, with one hold more on it; `None`: there is no room.
    pub(crate) fn acquire(&mut self, address: IpAddr) -> Option<HopId> {
        let address = wide(address);
        if let Some(id) = self.find(&address) {
            self.entries[id as usize].refs += 1;
            return Some(id);
        }
        let id = if self.free != 0 { self.free } else { self.fresh };
        if id as usize >= self.entries.len() || !self.index.insert(self.hash(&address), id) {
            return None;
        }
        if id == self.free {
            self.free = self.entries[id as usize].cost;
        } else {
            self.fresh += 1;
        }
        let (cost, flags) = if self.followed { (UNREACHABLE, NextHop::NEW) } else { (0, 0) };
        self.new += u32::from(self.followed);
        self.entries[id as usize] = NextHop { address, cost, refs: 1, flags };
        Some(id)
    }

    /// One hold less.
    pub(crate) fn release(&mut self, id: HopId) {
        if id == 0 {
            return;
        }
        let entry = &mut self.entries[id as usize];
        entry.refs -= 1;
        if entry.refs == 0 {
            let NextHop { address, flags, .. } = *entry;
            self.new -= u32::from(flags & NextHop::NEW != 0);
            self.changed -= u32::from(flags & NextHop::CHANGED != 0);
            let removed = self.index.remove(self.hash(&address), id);
            debug_assert!(removed);
            self.entries[id as usize] = NextHop { cost: self.free, ..NextHop::default() };
            self.free = id;
        }
    }

    /// Interior cost; `None`: it cannot be reached.
    #[inline]
    pub(crate) fn cost(&self, id: HopId) -> Option<u32> {
        if !self.followed || id == 0 {
            return Some(0);
        }
        Some(self.entries[id as usize].cost).filter(|cost| *cost != UNREACHABLE)
    }

    /// Whether somebody resolves next hops from now on. Until it says otherwise, those that are in use stay as they were.
    pub(crate) fn follow(&mut self, followed: bool) {
        if self.followed == followed {
            return;
        }
        self.followed = followed;
        for id in 1..self.fresh {
            let entry = &mut self.entries[id as usize];
            if entry.refs == 0 {
                continue;
            }
            if followed {
                (entry.cost, entry.flags) = (0, entry.flags | NextHop::NEW);
                self.new += 1;
            } else {
                let was = if entry.cost == UNREACHABLE { 0 } else { NextHop::WAS_REACHABLE };
                self.changed += u32::from(entry.flags & NextHop::CHANGED == 0);
                (entry.cost, entry.flags) = (0, NextHop::CHANGED | was);
            }
        }
        if !followed {
            self.new = 0;
        }
    }

    /// A next hop that the driver has not been told of; each is told once.
    pub(crate) fn next_new(&mut self) -> Option<IpAddr> {
        while self.new > 0 {
            let id = if self.cursor < self.fresh { self.cursor } else { 1 };
            self.cursor = id + 1;
            let entry = &mut self.entries[id as usize];
            if entry.flags & NextHop::NEW != 0 {
                entry.flags &= !NextHop::NEW;
                self.new -= 1;
                return Some(IpAddr::from(entry.address).to_canonical());
            }
        }
        None
    }

    /// Whether there is one.
    pub(crate) fn has_new(&self) -> bool {
        self.new > 0
    }

    /// Notes what is known of a next hop now; whether that is another thing than before, so that destinations must be
    /// looked at. `None`: it cannot be reached. Nothing happens to one that nobody uses.
    pub(crate) fn resolve(&mut self, address: IpAddr, cost: Option<u32>) -> bool {
        let cost = cost.map_or(UNREACHABLE, |cost| cost.min(UNREACHABLE - 1));
        let Some(id) = self.find(&wide(address)).filter(|_| self.followed) else { return false };
        let entry = &mut self.entries[id as usize];
        if entry.flags & NextHop::NEW != 0 {
            entry.flags &= !NextHop::NEW;
            self.new -= 1;
        }
        if entry.cost == cost {
            return false;
        }
        if entry.flags & NextHop::CHANGED == 0 {
            let was = if entry.cost == UNREACHABLE { 0 } else { NextHop::WAS_REACHABLE };
            entry.flags |= NextHop::CHANGED | was;
            self.changed += 1;
        }
        entry.cost = cost;
        true
    }

    /// Whether something about it has changed that not every destination has heard of.
    pub(crate) fn has_changed(&self, id: HopId) -> bool {
        id != 0 && self.entries[id as usize].flags & NextHop::CHANGED != 0
    }

    /// Whether it has become reachable or ceased to be, in that.
    pub(crate) fn has_turned(&self, id: HopId) -> bool {
        let entry = &self.entries[id as usize];
        let was = entry.flags & NextHop::WAS_REACHABLE != 0;
        self.has_changed(id) && was != (entry.cost != UNREACHABLE)
    }

    /// Whether every destination has heard of every change.
    pub(crate) fn is_settled(&self) -> bool {
        self.changed == 0
    }

    /// Every destination has been looked at.
    pub(crate) fn settle(&mut self) {
        for entry in self.entries.get_mut(1..self.fresh as usize).unwrap_or(&mut []) {
            entry.flags &= !(NextHop::CHANGED | NextHop::WAS_REACHABLE);
        }
        self.changed = 0;
    }

    /// Every next hop in use with its cost.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (IpAddr, Option<u32>)> {
        let used = self.entries.get(1..self.fresh as usize).unwrap_or(&[]).iter();
        used.filter(|entry| entry.refs > 0).map(|entry| {
            let cost = Some(entry.cost).filter(|cost| *cost != UNREACHABLE);
            (IpAddr::from(entry.address).to_canonical(), cost)
        })
    }
}

#[cfg(any(test, feature = "check"))]
mod check;
#[cfg(feature = "serde")]
crate::scalars::scalars! {
    /// What is counted, and what is free.
    NextHopsScalars of (impl NextHops<'_>),
    keeps { followed: bool, free: u32, fresh: u32, new: u32, cursor: u32, changed: u32 }
    lives_in { entries, index, hasher }
}

#[cfg(feature = "serde")]
impl NextHops<'_> {
    /// Every array, as bytes.
    pub(crate) fn arrays(&self) -> [&[u8]; 2] {
        [self.entries.as_bytes(), self.index.bytes()]
    }

    /// The same, to be filled.
    pub(crate) fn arrays_mut(&mut self) -> [&mut [u8]; 2] {
        [self.entries.as_mut_bytes(), self.index.bytes_mut()]
    }
}

#[cfg(test)]
mod tests;
