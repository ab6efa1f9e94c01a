//! The same table, written to be obviously right.

extern crate std;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::vec::Vec;

use crate::attrs::Key;
use crate::decision::PeerFacts;
use crate::rib::capacity::Capacity;
use crate::rib::changes::Marker;
use crate::view::Reason;

pub(super) const PEERS: u16 = 5;

#[derive(Default)]
struct Destination {
    slot: u32,
    /// By neighbor: key and whether its session lives.
    paths: BTreeMap<u16, (Key, bool)>,
    holders: BTreeSet<u16>,
}

pub(super) struct Model {
    capacity: Capacity,
    destinations: BTreeMap<u32, Destination>,
    up: BTreeSet<u16>,
    free: VecDeque<u32>,
    fresh: u32,
    /// Where each neighbor stands in the list, and what it knows.
    pub(super) consumers: BTreeMap<u16, Marker>,
    pub(super) told: BTreeMap<u16, BTreeMap<u32, (u16, Key)>>,
}

impl Destination {
    fn is_learned(&self) -> bool {
        self.paths.keys().any(|peer| *peer != 0)
    }
}

/// Identifiers run against the slot numbers; two neighbors are internal.
fn identifier(peer: u16) -> u32 {
    100 - u32::from(peer)
}

fn external(peer: u16) -> bool {
    peer != 0 && peer < 4
}

impl Model {
    pub(super) fn new(capacity: Capacity) -> Self {
        Self {
            capacity,
            destinations: BTreeMap::new(),
            up: BTreeSet::from([0]),
            free: VecDeque::new(),
            fresh: 1,
            consumers: BTreeMap::new(),
            told: BTreeMap::new(),
        }
    }

    pub(super) fn is_up(&self, peer: u16) -> bool {
        self.up.contains(&peer)
    }

    pub(super) fn raise(&mut self, peer: u16, facts: &mut PeerFacts) {
        self.up.insert(peer);
        self.told.remove(&peer);
        facts.generation = facts.generation.wrapping_add(1);
        facts.router_id = identifier(peer);
        facts.flags = PeerFacts::ALIVE | if external(peer) { PeerFacts::EXTERNAL } else { 0 };
    }

    /// The session ends; its paths count no more.
    pub(super) fn fall(&mut self, peer: u16, facts: &mut PeerFacts) {
        self.up.remove(&peer);
        facts.flags &= !PeerFacts::ALIVE;
        for destination in self.destinations.values_mut() {
            if let Some((_, valid)) = destination.paths.get_mut(&peer) {
                *valid = false;
            }
        }
    }

    /// Nothing of the neighbor is left.
    pub(super) fn is_clean(&self, peer: u16) -> bool {
        let mut all = self.destinations.values();
        all.all(|destination| !destination.paths.contains_key(&peer) && !destination.holders.contains(&peer))
    }

    pub(super) fn has_dead_path(&self, net: u32) -> bool {
        self.destinations[&net].paths.values().any(|(_, valid)| !valid)
    }

    pub(super) fn is_any_path_dead(&self) -> bool {
        self.destinations.keys().any(|&net| self.has_dead_path(net))
    }

    pub(super) fn learn(&mut self, net: u32, peer: u16, key: Key) -> Result<bool, Reason> {
        let [learned, local, lingering] = self.counts();
        let in_use = self.destinations.len() as u32;
        let no_path = peer != 0 && self.paths() >= self.capacity.paths;
        if let Some(path) = self.destinations.get_mut(&net).and_then(|d| d.paths.get_mut(&peer)) {
            *path = (key, true);
            return Ok(false);
        }
        let destination = self.destinations.get(&net);
        let lingers = destination.is_some_and(|d| d.paths.is_empty());
        let full = if peer == 0 {
            local >= self.capacity.local || destination.is_none() && in_use >= self.capacity.slots()
        } else {
            // What lingers may take slots from learned destinations, never from local ones.
            let share = self.capacity.prefixes + self.capacity.lingering();
            let crowded = !lingers && learned + lingering >= share;
            !destination.is_some_and(Destination::is_learned)
                && (learned >= self.capacity.prefixes || crowded)
        };
        if full {
            return Err(Reason::PrefixesFull);
        }
        if destination.is_none() {
            let slot = self.take_slot();
            if no_path {
                // The slot was taken for a moment, and goes to the end of the free ones.
                self.free.push_back(slot);
            } else {
                self.destinations.insert(net, Destination { slot, ..Destination::default() });
            }
        }
        if no_path {
            return Err(Reason::PathsFull);
        }
        self.destinations.get_mut(&net).unwrap().paths.insert(peer, (key, true));
        Ok(true)
    }

    fn take_slot(&mut self) -> u32 {
        self.free.pop_front().unwrap_or_else(|| {
            self.fresh += 1;
            self.fresh - 1
        })
    }

    pub(super) fn forget(&mut self, net: u32, peer: u16) -> bool {
        let had = self.destinations.get_mut(&net).is_some_and(|d| d.paths.remove(&peer).is_some());
        self.tidy(net);
        had
    }

    pub(super) fn hold(&mut self, net: u32, peer: u16) {
        self.destinations.get_mut(&net).unwrap().holders.insert(peer);
    }

    pub(super) fn unhold(&mut self, net: u32, peer: u16) {
        if let Some(destination) = self.destinations.get_mut(&net) {
            destination.holders.remove(&peer);
        }
        self.tidy(net);
    }

    fn tidy(&mut self, net: u32) {
        if let Some(d) = self.destinations.get(&net).filter(|d| d.paths.is_empty() && d.holders.is_empty()) {
            self.free.push_back(d.slot);
            self.destinations.remove(&net);
        }
    }

    /// Destinations with learned paths, with a local one, with none.
    pub(super) fn counts(&self) -> [u32; 3] {
        let count = |holds: fn(&Destination) -> bool| {
            self.destinations.values().filter(|destination| holds(destination)).count() as u32
        };
        [count(Destination::is_learned), count(|d| d.paths.contains_key(&0)), count(|d| d.paths.is_empty())]
    }

    pub(super) fn paths(&self) -> u32 {
        self.destinations.values().flat_map(|d| d.paths.keys()).filter(|peer| **peer != 0).count() as u32
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = (u32, u32)> {
        self.destinations.iter().map(|(net, destination)| (*net, destination.slot))
    }

    pub(super) fn nets(&self) -> Vec<u32> {
        self.destinations.keys().copied().collect()
    }

    pub(super) fn everything(&self) -> BTreeMap<u32, (u16, Key)> {
        self.nets().into_iter().filter_map(|net| Some((net, self.best(net)?))).collect()
    }

    /// RFC 4271, 9.1.2.2, by keeping what survives each step.
    pub(super) fn best(&self, net: u32) -> Option<(u16, Key)> {
        let paths = self.destinations.get(&net)?.paths.iter();
        let mut left: Vec<(u16, Key)> =
            paths.filter(|(_, (_, valid))| *valid).map(|(peer, (key, _))| (*peer, *key)).collect();
        keep_least(&mut left, |(peer, _)| u32::from(*peer != 0));
        keep_least(&mut left, |(_, key)| u32::MAX - key.preference());
        keep_least(&mut left, |(_, key)| key.path_len.into());
        keep_least(&mut left, |(_, key)| key.origin.into());
        // What an internal neighbor originated came from the own AS; what begins with a set, from nobody knows where.
        let from = |(peer, key): &(u16, Key)| match key.neighbor_as {
            0 if external(*peer) => None,
            asn => Some(asn),
        };
        let all = left.clone();
        left.retain(|path| {
            let better = |other: &(u16, Key)| from(other) == from(path) && other.1.med < path.1.med;
            from(path).is_none() || !all.iter().any(better)
        });
        keep_least(&mut left, |(peer, _)| u32::from(!external(*peer)));
        keep_least(&mut left, |(peer, _)| identifier(*peer));
        left.first().copied()
    }
}

fn keep_least(paths: &mut Vec<(u16, Key)>, rank: impl Fn(&(u16, Key)) -> u32) {
    let least = paths.iter().map(&rank).min();
    paths.retain(|path| Some(rank(path)) == least);
}
