//! One family's destinations and their paths.
//!
//! A destination lives in a slot as long as it has a path or somebody was told of it and not yet of its end. Slots are
//! handed out in order of arrival, and freed ones again first in, first out, so that prefixes that came together stay
//! together. Its paths form a chain, the best one first.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::Shared;
use super::advertised::Advertised;
use super::capacity::{Capacity, Counts};
use super::changes::{Changes, Marker};
use super::feed::Feed;
use super::index::Index;
use super::stored::StoredFamily;
use crate::attrs::Key;
use crate::attrs::store::SetId;
use crate::family::Net;
use crate::hash::Hasher;
use crate::view::Reason;

/// A path. Its source is a neighbor's slot, and it lives as long as that slot's session has its generation.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct Path {
    /// Next path of the destination, or next free one.
    pub(crate) next: u32,
    pub(crate) attr: SetId,
    pub(crate) peer: u16,
    pub(crate) generation: u8,
    /// The rule of the import policy that accepted it, as [`rule_number`](crate::view::rule_number) has it.
    pub(crate) rule: u8,
    /// When it arrived, in seconds.
    pub(crate) since: u32,
}

const _: () = assert!(size_of::<Path>() == 16);

/// Bits of a destination's word: prefix length in the low byte, flags above it, holders in the high half.
pub(crate) mod word {
    /// The slot is in use.
    pub(crate) const USED: u32 = 1 << 8;
    /// It has no path; it waits for its holders to hear of that.
    pub(crate) const LINGERING: u32 = 1 << 9;
    /// A path with MULTI_EXIT_DISC is or was among its paths, so that one comparison does not find the best.
    pub(crate) const MED: u32 = 1 << 10;
    /// It has a path that was originated here.
    pub(crate) const LOCAL: u32 = 1 << 11;
    /// One neighbor that was told of it.
    pub(crate) const HOLDER: u32 = 1 << 16;
}

/// Arrays that a table lives in.
#[derive(Debug)]
pub(crate) struct Arrays<'m, F: StoredFamily> {
    pub(crate) addrs: &'m mut [F::Stored],
    pub(crate) nodes: &'m mut [super::changes::Node],
    pub(crate) cells: &'m mut [u32],
    pub(crate) paths: &'m mut [Path],
    pub(crate) advertised: &'m mut [u64],
}

/// The table.
#[derive(Debug)]
pub(crate) struct FamilyTable<'m, F: StoredFamily> {
    pub(super) addrs: &'m mut [F::Stored],
    pub(crate) changes: Changes<'m>,
    index: Index<'m>,
    pub(super) paths: &'m mut [Path],
    pub(crate) advertised: Advertised<'m>,
    hasher: Hasher,
    pub(crate) capacity: Capacity,
    pub(crate) counts: Counts,
    pub(super) feed: Feed,
    /// Free slots: first and last of a chain through `head`; slots from `fresh` on were never used.
    free: (u32, u32),
    fresh: u32,
    free_path: u32,
    fresh_path: u32,
}

/// A path to be learned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewPath {
    pub(crate) peer: u16,
    pub(crate) attr: SetId,
    pub(crate) now_secs: u32,
    pub(crate) rule: u8,
}

impl<'m, F: StoredFamily> FamilyTable<'m, F> {
    pub(crate) fn new(arrays: Arrays<'m, F>, capacity: Capacity, hasher: Hasher) -> Self {
        Self {
            addrs: arrays.addrs,
            changes: Changes::new(arrays.nodes, capacity.slots()),
            index: Index::new(arrays.cells),
            paths: arrays.paths,
            advertised: Advertised::new(arrays.advertised, capacity.slots() + 1),
            hasher,
            capacity,
            counts: Counts::default(),
            feed: Feed::default(),
            free: (0, 0),
            fresh: 1,
            free_path: 0,
            fresh_path: 1,
        }
    }

    /// Slots below this have been used.
    pub(crate) fn slots(&self) -> u32 {
        self.fresh
    }

    /// The prefix of a slot in use.
    #[inline]
    pub(crate) fn net(&self, slot: u32) -> Net<F> {
        Net { addr: F::load(self.addrs[slot as usize]), len: self.changes.node(slot).word as u8 }
    }

    /// Whether the slot has a destination with paths.
    pub(crate) fn has_paths(&self, slot: u32) -> bool {
        slot != 0
            && slot < self.fresh
            && self.changes.node(slot).word & (word::USED | word::LINGERING) == word::USED
    }

    /// Whether the slot has a destination, be it one that lingers.
    pub(crate) fn is_used(&self, slot: u32) -> bool {
        self.changes.node(slot).word & word::USED != 0
    }

    /// The first path of a destination, 0 for none.
    #[inline]
    pub(crate) fn head(&self, slot: u32) -> u32 {
        self.changes.node(slot).head
    }

    /// A path.
    #[inline]
    pub(crate) fn path(&self, path: u32) -> &Path {
        &self.paths[path as usize]
    }

    /// The slot of a prefix.
    #[inline]
    pub(crate) fn find(&self, net: Net<F>) -> Option<u32> {
        let stored = F::store(net.addr);
        self.index.find(F::hash(self.hasher, net), |slot| {
            self.addrs[slot as usize] == stored && self.changes.node(slot).word as u8 == net.len
        })
    }

    /// The path of a destination that came from `peer`, and the one before it in the chain.
    #[inline]
    fn path_of(&self, slot: u32, peer: u16) -> Option<(u32, u32)> {
        let (mut before, mut path) = (0, self.head(slot));
        while path != 0 {
            let Path { next, peer: source, .. } = self.paths[path as usize];
            if source == peer {
                return Some((before, path));
            }
            before = path;
            path = next;
        }
        None
    }

    /// Whether `peer` has a path for this destination.
    pub(crate) fn has_path_of(&self, slot: u32, peer: u16) -> bool {
        self.path_of(slot, peer).is_some()
    }

    /// Learns a path, or replaces the one that the same neighbor had for the prefix. It takes a hold on its attribute set.
    /// `Ok(true)`: the neighbor has one path more than before.
    #[inline]
    pub(crate) fn learn(
        &mut self,
        shared: &mut Shared<'_>,
        net: Net<F>,
        new: NewPath,
    ) -> Result<bool, Reason> {
        let slot = match self.find(net) {
            Some(slot) => {
                if let Some((_, path)) = self.path_of(slot, new.peer) {
                    self.replace(shared, slot, path, new);
                    return Ok(false);
                }
                self.admit(slot, new.peer)?;
                slot
            }
            None => self.add_destination(net, new.peer)?,
        };
        let first_learned = new.peer != 0 && !self.has_learned(slot);
        let Some(path) = self.add_path(slot, shared, new) else {
            if self.head(slot) == 0 && self.changes.node(slot).word & word::LINGERING == 0 {
                self.remove_destination(slot);
            }
            self.counts.refused_paths += 1;
            return Err(Reason::PathsFull);
        };
        self.count_in(slot, new.peer, first_learned);
        self.enter(shared, slot, path);
        Ok(true)
    }

    /// Whether a destination has a path that was learned. Each neighbor has one at most, and so has the speaker itself.
    #[inline]
    fn has_learned(&self, slot: u32) -> bool {
        let node = self.changes.node(slot);
        node.head != 0 && (node.word & word::LOCAL == 0 || self.paths[node.head as usize].next != 0)
    }

    /// Whether a destination that is there may get a path: it counts under a new kind from then on, if it has none of that.
    fn admit(&mut self, slot: u32, peer: u16) -> Result<(), Reason> {
        let lingering = self.changes.node(slot).word & word::LINGERING != 0;
        if (peer != 0 && self.has_learned(slot)) || self.has_room(peer, lingering) {
            return Ok(());
        }
        self.counts.refused_prefixes += 1;
        Err(Reason::PrefixesFull)
    }

    /// Whether one destination more may have a path of this kind; `lingering`: it is one of those already.
    fn has_room(&self, peer: u16, lingering: bool) -> bool {
        let Counts { learned, local, lingering: waiting, .. } = self.counts;
        if peer == 0 {
            return local < self.capacity.local;
        }
        // Withdrawn destinations that wait for neighbors may be more than their share: what is reserved for local routes is
        // not for learned ones even then.
        let share = self.capacity.prefixes + self.capacity.lingering();
        learned < self.capacity.prefixes && (lingering || learned + waiting < share)
    }

    fn add_destination(&mut self, net: Net<F>, peer: u16) -> Result<u32, Reason> {
        let slot = if self.free.0 != 0 { self.free.0 } else { self.fresh };
        if !self.has_room(peer, false)
            || slot as usize >= self.addrs.len()
            || !self.index.insert(F::hash(self.hasher, net), slot)
        {
            self.counts.refused_prefixes += 1;
            return Err(Reason::PrefixesFull);
        }
        if slot == self.free.0 {
            self.free.0 = self.head(slot);
            if self.free.0 == 0 {
                self.free.1 = 0;
            }
        } else {
            self.fresh += 1;
        }
        self.addrs[slot as usize] = F::store(net.addr);
        let node = self.changes.node_mut(slot);
        node.head = 0;
        node.word = u32::from(net.len) | word::USED;
        self.changes.append(slot);
        Ok(slot)
    }

    fn remove_destination(&mut self, slot: u32) {
        let removed = self.index.remove(F::hash(self.hasher, self.net(slot)), slot);
        debug_assert!(removed);
        self.changes.unlink(slot);
        let node = self.changes.node_mut(slot);
        node.word = 0;
        node.head = 0;
        match self.free.1 {
            0 => self.free.0 = slot,
            last => self.changes.node_mut(last).head = slot,
        }
        self.free.1 = slot;
    }

    /// Counts the destination under its new kind of path.
    fn count_in(&mut self, slot: u32, peer: u16, first_learned: bool) {
        let node = self.changes.node_mut(slot);
        if node.word & word::LINGERING != 0 {
            node.word &= !word::LINGERING;
            self.counts.lingering -= 1;
        }
        if peer == 0 {
            node.word |= word::LOCAL;
            self.counts.local += 1;
            self.counts.local_high = self.counts.local_high.max(self.counts.local);
        } else if first_learned {
            self.counts.learned += 1;
            self.counts.learned_high = self.counts.learned_high.max(self.counts.learned);
        }
    }

    /// Adds a path as the second of the chain, or the first of an empty one.
    #[inline]
    fn add_path(&mut self, slot: u32, shared: &mut Shared<'_>, new: NewPath) -> Option<u32> {
        if new.peer != 0 && self.counts.paths >= self.capacity.paths + u32::from(mutant!(PathsLimit)) {
            return None;
        }
        let path = if self.free_path != 0 { self.free_path } else { self.fresh_path };
        if path as usize >= self.paths.len() {
            return None;
        }
        if path == self.free_path {
            self.free_path = self.paths[path as usize].next;
        } else {
            self.fresh_path += 1;
        }
        if new.peer != 0 {
            self.counts.paths += 1;
            self.counts.paths_high = self.counts.paths_high.max(self.counts.paths);
        }
        shared.attrs.acquire(new.attr);
        let generation = shared.facts[usize::from(new.peer)].generation;
        let head = self.head(slot);
        let next = if head == 0 {
            self.changes.node_mut(slot).head = path;
            0
        } else {
            core::mem::replace(&mut self.paths[head as usize].next, path)
        };
        self.paths[path as usize] =
            Path { next, attr: new.attr, peer: new.peer, generation, rule: new.rule, since: new.now_secs };
        Some(path)
    }

    /// A new path is in the chain: find out whether it is the best.
    #[inline]
    fn enter(&mut self, shared: &Shared<'_>, slot: u32, path: u32) {
        self.note_med(slot, shared.attrs.key(self.paths[path as usize].attr));
        self.mark(slot);
        if self.head(slot) == path {
            self.changes.touch(slot);
        } else {
            self.challenge(shared, slot, path);
        }
    }

    fn note_med(&mut self, slot: u32, key: &Key) {
        if key.flags & Key::HAS_MED != 0 {
            self.changes.node_mut(slot).word |= word::MED;
        }
    }

    fn replace(&mut self, shared: &mut Shared<'_>, slot: u32, path: u32, new: NewPath) {
        let generation = shared.facts[usize::from(new.peer)].generation;
        let stored = &mut self.paths[path as usize];
        stored.rule = new.rule;
        if stored.attr == new.attr && stored.generation == generation {
            return;
        }
        shared.attrs.acquire(new.attr);
        if mutant!(HoldLeaks) {
            shared.attrs.acquire(stored.attr);
        }
        shared.attrs.release(core::mem::replace(&mut stored.attr, new.attr));
        stored.generation = generation;
        stored.since = new.now_secs;
        self.note_med(slot, shared.attrs.key(new.attr));
        self.mark(slot);
        if self.head(slot) == path {
            // Better or worse, it is another best path, or another path takes over.
            self.changes.touch(slot);
            self.reselect(shared, slot);
        } else {
            self.challenge(shared, slot, path);
        }
    }

    /// Forgets a neighbor's path; whether it had one.
    pub(crate) fn forget(&mut self, shared: &mut Shared<'_>, net: Net<F>, peer: u16) -> bool {
        let Some(slot) = self.find(net) else { return false };
        self.forget_at(shared, slot, peer)
    }

    /// Forgets a neighbor's path to the destination in `slot`, if there is one; whether it had one.
    #[inline]
    pub(crate) fn forget_at(&mut self, shared: &mut Shared<'_>, slot: u32, peer: u16) -> bool {
        // What a free slot has in the place of its first path is the next free slot.
        if !self.is_used(slot) {
            return false;
        }
        let Some((before, path)) = self.path_of(slot, peer) else { return false };
        let Path { next, attr, .. } = self.paths[path as usize];
        match before {
            0 => self.changes.node_mut(slot).head = next,
            _ => self.paths[before as usize].next = next,
        }
        shared.attrs.release(attr);
        self.paths[path as usize] = Path { next: self.free_path, ..Path::default() };
        self.free_path = path;
        if peer != 0 {
            self.counts.paths -= 1;
        }
        self.mark(slot);
        self.count_out(slot, peer);
        if self.head(slot) != 0 {
            if before == 0 {
                self.changes.touch(slot);
                if !mutant!(NoReselection) {
                    self.reselect(shared, slot);
                }
            } else if self.changes.node(slot).word & word::MED != 0 {
                // It may have kept out, by its lower MED, a path that is better than the best in all later steps.
                self.reselect(shared, slot);
            }
        }
        true
    }

    /// Counts a destination that lost a path, and lets it linger or go if that was the last.
    fn count_out(&mut self, slot: u32, peer: u16) {
        if peer != 0 {
            self.counts.learned -= u32::from(!self.has_learned(slot));
        }
        let node = self.changes.node_mut(slot);
        if peer == 0 {
            node.word &= !word::LOCAL;
            self.counts.local -= 1;
        }
        if node.head != 0 {
            return;
        }
        if node.word < word::HOLDER {
            self.remove_destination(slot);
        } else {
            node.word = (node.word | word::LINGERING) & !word::MED;
            self.counts.lingering += 1;
            self.counts.lingering_high = self.counts.lingering_high.max(self.counts.lingering);
            self.changes.touch(slot);
        }
    }

    /// Notes that a neighbor was told of a destination; whether that is new to it.
    #[inline]
    pub(crate) fn hold(&mut self, slot: u32, peer: u16) -> bool {
        let new = self.advertised.set(peer, slot);
        if new {
            self.changes.node_mut(slot).word += word::HOLDER;
        }
        new
    }

    /// Notes that a neighbor was told of a destination's end, or is gone; whether it had been told of it. The slot may be
    /// free after that.
    #[inline]
    pub(crate) fn unhold(&mut self, slot: u32, peer: u16) -> bool {
        let held = self.advertised.clear(peer, slot);
        if held {
            let node = self.changes.node_mut(slot);
            node.word -= word::HOLDER;
            if node.word < word::HOLDER << u32::from(mutant!(FreedTooEarly))
                && node.word & word::LINGERING != 0
            {
                self.counts.lingering -= 1;
                self.remove_destination(slot);
            }
        }
        held
    }

    /// A consumer of changes for which everything is news.
    pub(crate) fn join(&mut self) -> Marker {
        self.changes.join_at_head()
    }
}

#[cfg(any(test, feature = "check"))]
pub(crate) mod check;
#[cfg(feature = "serde")]
pub(crate) mod saved;
#[cfg(test)]
mod tests;
