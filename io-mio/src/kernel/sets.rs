//! Sets of next hops, each stored once and counted, and the kernel's objects that stand for them.
//!
//! A next hop has an object of its own, and a set of several a group of such objects, whose numbers follow from their places in
//! the tables here: so what a former run left in the kernel is recognised by its number. Routes name an object or a group, so
//! that one message changes where all of them lead.

mod heard;
mod leave;

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::ops::Range;

use super::former::UNKNOWN;
use super::plan::map;
use crate::netlink::Hop;

/// Most next hops of one set.
pub(super) const MOST_HOPS: usize = 256;

/// Number of a set; 0 is none.
pub(crate) type SetId = u32;

/// Place of a next hop.
pub(super) type HopId = u16;

/// A hasher without secrets: what is hashed here is this host's own choice of gateways.
type Plain = BuildHasherDefault<DefaultHasher>;

/// What the kernel has of an object or group, as far as known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum There {
    /// Nothing.
    #[default]
    No,
    /// It is there.
    Yes,
    /// Perhaps, or with something else in it: it is made anew before it is used, in place of what may be there.
    Perhaps,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct HopSlot {
    hop: Option<Hop>,
    /// Sets that have it.
    refs: u32,
    there: There,
}

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct SetSlot {
    hash: u64,
    /// Routes that lead to it, and requests under way about such; 0: free.
    refs: u32,
    len: u16,
    /// It is a group in the kernel, and stays one when it has shrunk to one next hop.
    group: bool,
    there: There,
    /// The next one with the same hash, or the next free one.
    next: SetId,
    /// Used while routes that go together are counted.
    going: u32,
}

/// What is to be said to the kernel about objects, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ObjectRequest<'a> {
    /// This object is to stand for this next hop.
    Hop(u32, Hop),
    /// This group is to consist of these objects.
    Group(u32, &'a [u32]),
    /// This object or group is to go.
    Gone(u32),
}

/// The tables.
#[derive(Debug)]
pub(crate) struct Sets {
    hops: Vec<HopSlot>,
    hop_of: HashMap<Hop, HopId, Plain>,
    sets: Vec<SetSlot>,
    set_of: HashMap<u64, SetId, Plain>,
    /// The next hops of each set, [`MOST_HOPS`] places for each, in order.
    members: Vec<HopId>,
    free: SetId,
    fresh: SetId,
    /// Sets that nothing leads to any more, with their objects still in the kernel.
    idle: u32,
    /// There may be next hops that no set has.
    loose: bool,
    /// The numbers that objects may have.
    ids: Option<Range<u32>>,
}

impl Sets {
    /// Room for so many next hops and sets. `ids`: the numbers of their objects; `None`: there are to be none.
    pub(super) fn new(hops: u16, sets: u32, ids: Option<Range<u32>>) -> Self {
        let ids = ids.filter(|ids| ids.end.saturating_sub(ids.start) >= u32::from(hops) + sets);
        Self {
            hops: vec![HopSlot::default(); usize::from(hops)],
            hop_of: map(usize::from(hops)),
            sets: vec![SetSlot::default(); sets as usize + 1],
            set_of: map(sets as usize),
            members: vec![0; (sets as usize + 1) * MOST_HOPS],
            free: 0,
            fresh: 1,
            idle: 0,
            loose: false,
            ids,
        }
    }

    fn members(&self, set: SetId) -> &[HopId] {
        let (start, len) = (set as usize * MOST_HOPS, self.slot(set).len);
        self.members.get(start..start + usize::from(len)).unwrap_or_default()
    }

    fn slot(&self, set: SetId) -> SetSlot {
        self.sets.get(set as usize).copied().unwrap_or_default()
    }

    fn slot_mut(&mut self, set: SetId) -> Option<&mut SetSlot> {
        self.sets.get_mut(set as usize)
    }

    fn hop_slot(&self, hop: HopId) -> HopSlot {
        self.hops.get(usize::from(hop)).copied().unwrap_or_default()
    }

    fn hop_slot_mut(&mut self, hop: HopId) -> Option<&mut HopSlot> {
        self.hops.get_mut(usize::from(hop))
    }

    /// The next hops of a set.
    pub(super) fn hops(&self, set: SetId) -> impl Iterator<Item = Hop> {
        self.members(set).iter().filter_map(|hop| self.hop_slot(*hop).hop)
    }

    /// Whether two sets have the same next hops.
    pub(super) fn same(&self, one: SetId, other: SetId) -> bool {
        let contains = |member: &HopId| self.members(one).contains(member);
        one == other
            || self.members(one) == self.members(other)
            || mutant!(MemberStays) && self.members(other).iter().all(contains)
    }

    /// The set of these next hops (at least one, at most [`MOST_HOPS`]), with one hold more on it; `None`: there is no room.
    pub(super) fn intern(&mut self, hops: &[Hop]) -> Option<SetId> {
        let mut places: heapless::Vec<HopId, MOST_HOPS> = heapless::Vec::new();
        for hop in hops {
            places.push(self.place(*hop)?).ok()?;
        }
        places.sort_unstable();
        let mut len = 0;
        for at in 0..places.len() {
            let place = *places.get(at)?;
            if len == 0 || places.get(len - 1) != Some(&place) {
                *places.get_mut(len)? = place;
                len += 1;
            }
        }
        places.truncate(len);
        if let Some(set) = self.find(&places) {
            self.acquire(set);
            return Some(set);
        }
        self.store(&places)
    }

    /// The place of a next hop, which is new if it must be.
    fn place(&mut self, hop: Hop) -> Option<HopId> {
        if let Some(place) = self.hop_of.get(&hop) {
            return Some(*place);
        }
        let free = |slot: &HopSlot| slot.hop.is_none();
        // Until a set has it, for which there may be no room.
        self.loose = true;
        let place = HopId::try_from(self.hops.iter().position(free)?).ok()?;
        // What stood there may still be in the kernel.
        let slot = self.hop_slot_mut(place)?;
        *slot = HopSlot { hop: Some(hop), refs: 0, there: slot.there };
        self.hop_of.insert(hop, place);
        Some(place)
    }

    fn find(&self, places: &[HopId]) -> Option<SetId> {
        let mut set = self.set_of.get(&Plain::default().hash_one(places)).copied()?;
        while set != 0 {
            // A group that has shrunk to one next hop is for the routes that lead there already.
            if self.members(set) == places && (places.len() > 1 || !self.slot(set).group) {
                return Some(set);
            }
            set = self.slot(set).next;
        }
        None
    }

    fn store(&mut self, places: &[HopId]) -> Option<SetId> {
        let set = if self.free != 0 { self.free } else { self.fresh };
        let SetSlot { next, there, .. } = *self.sets.get(set as usize)?;
        if set == self.free {
            self.free = next;
        } else {
            self.fresh += 1;
        }
        self.put(set, places);
        if let Some(slot) = self.slot_mut(set) {
            (slot.refs, slot.there, slot.group) = (1, there, places.len() > 1);
        }
        Some(set)
    }

    /// Makes these the members of a set that has none.
    fn put(&mut self, set: SetId, places: &[HopId]) {
        let start = set as usize * MOST_HOPS;
        if let Some(members) = self.members.get_mut(start..start + places.len()) {
            members.copy_from_slice(places);
        }
        for place in places {
            if let Some(slot) = self.hop_slot_mut(*place) {
                slot.refs += 1;
            }
        }
        let hash = Plain::default().hash_one(places);
        let next = self.set_of.insert(hash, set).unwrap_or(0);
        if let Some(slot) = self.slot_mut(set) {
            (slot.hash, slot.len, slot.next) = (hash, places.len() as u16, next);
        }
    }

    /// Takes a set's members away; those that were its own alone stay until [`Sets::clear_away`].
    fn take(&mut self, set: SetId) {
        let SetSlot { hash, len, next, .. } = self.slot(set);
        for at in 0..usize::from(len) {
            let place = self.members.get(set as usize * MOST_HOPS + at).copied().unwrap_or(HopId::MAX);
            if let Some(slot) = self.hop_slot_mut(place) {
                slot.refs = slot.refs.saturating_sub(1);
                self.loose |= self.hop_slot(place).refs == 0;
            }
        }
        let first = self.set_of.get(&hash).copied().unwrap_or(0);
        if first == set {
            if next == 0 {
                self.set_of.remove(&hash);
            } else {
                self.set_of.insert(hash, next);
            }
        } else {
            let mut before = first;
            while before != 0 && self.slot(before).next != set {
                before = self.slot(before).next;
            }
            if let Some(slot) = self.slot_mut(before) {
                slot.next = next;
            }
        }
        if let Some(slot) = self.slot_mut(set) {
            (slot.len, slot.next) = (0, 0);
        }
    }

    /// One hold more.
    pub(super) fn acquire(&mut self, set: SetId) {
        let Some(slot) = self.sets.get_mut(set as usize).filter(|_| set != 0) else { return };
        self.idle -= u32::from(slot.refs == 0);
        slot.refs += 1;
    }

    /// One hold less. A set that nobody holds stays, with its objects, until [`Sets::clear_away`].
    pub(super) fn release(&mut self, set: SetId) {
        let Some(slot) = self.sets.get_mut(set as usize).filter(|slot| slot.refs > 0) else { return };
        slot.refs -= 1;
        self.idle += u32::from(slot.refs == 0);
    }

    /// What a route names to lead to a set; `None`: its next hops themselves, for there are no objects.
    pub(super) fn object(&self, set: SetId) -> Option<u32> {
        let ids = self.ids.as_ref()?;
        match self.members(set) {
            [hop] if !self.slot(set).group => Some(ids.start + u32::from(*hop)),
            _ => Some(ids.start + self.hops.len() as u32 + set - 1),
        }
    }

    /// Whether there are to be objects.
    pub(super) fn has_objects(&self) -> bool {
        self.ids.is_some()
    }

    /// Whether any route leads to a next hop alone.
    pub(super) fn has(&self, hop: &Hop) -> bool {
        let is_alone = |place: &HopId| self.find(&[*place]).is_some_and(|set| self.slot(set).refs > 0);
        self.hop_of.get(hop).is_some_and(is_alone)
    }

    /// There are to be no objects: the kernel has none, or refuses them.
    pub(super) fn without_objects(&mut self) {
        self.ids = None;
    }

    /// Tells what has to be said before a route can name the set, and takes it for done.
    pub(super) fn prepare(&mut self, set: SetId, mut say: impl FnMut(ObjectRequest<'_>)) {
        let Some(ids) = self.ids.clone() else { return };
        let len = usize::from(self.slot(set).len);
        let mut objects: heapless::Vec<u32, MOST_HOPS> = heapless::Vec::new();
        for at in 0..len {
            let Some(&place) = self.members(set).get(at) else { continue };
            let id = ids.start + u32::from(place);
            // There is room: a set has no more.
            let _ = objects.push(id);
            if let Some(slot) = self.hop_slot_mut(place).filter(|slot| slot.there != There::Yes) {
                slot.there = There::Yes;
                if let Some(hop) = slot.hop {
                    say(ObjectRequest::Hop(id, hop));
                }
            }
        }
        if self.slot(set).group && self.slot(set).there != There::Yes {
            if let Some(slot) = self.slot_mut(set) {
                slot.there = There::Yes;
            }
            say(ObjectRequest::Group(ids.start + self.hops.len() as u32 + set - 1, &objects));
        }
    }

    /// The kernel refused something about a set: what it has of it is to be made anew.
    pub(super) fn doubt(&mut self, set: SetId) {
        for at in 0..usize::from(self.slot(set).len) {
            let place = self.members(set).get(at).copied().unwrap_or(HopId::MAX);
            if let Some(slot) = self.hop_slot_mut(place) {
                slot.there = There::Perhaps;
            }
        }
        if let Some(slot) = self.slot_mut(set) {
            slot.there = There::Perhaps;
        }
    }

    /// Makes every set that routes lead to what it is to be, where the kernel has something else or nothing.
    pub(super) fn repair(&mut self, mut say: impl FnMut(SetId, ObjectRequest<'_>)) {
        for set in 1..self.fresh {
            // What leads nobody knows where needs none.
            if self.slot(set).refs > 0 && !self.hops(set).any(|hop| hop == UNKNOWN) {
                self.prepare(set, |request| say(set, request));
            }
        }
    }

    /// Removes groups and next hops that nothing leads to, up to `most` of each; true if there are more.
    pub(super) fn clear_away(&mut self, most: usize, mut say: impl FnMut(ObjectRequest<'_>)) -> bool {
        if self.idle == 0 && !self.loose {
            return false;
        }
        let base = self.ids.as_ref().map(|ids| ids.start);
        let hops = self.hops.len() as u32;
        let mut left = most;
        for set in 1..self.fresh {
            let SetSlot { refs, len, there, group, .. } = self.slot(set);
            if refs > 0 || len == 0 {
                continue;
            }
            if left == 0 {
                return true;
            }
            left -= 1;
            self.take(set);
            self.idle -= 1;
            let free = self.free;
            if let Some(slot) = self.slot_mut(set) {
                *slot = SetSlot { next: free, ..SetSlot::default() };
            }
            self.free = set;
            if let Some(base) = base.filter(|_| group && there != There::No) {
                say(ObjectRequest::Gone(base + hops + set - 1));
            }
        }
        left = most;
        for place in 0..self.hops.len() {
            let slot = self.hop_slot(place as HopId);
            let Some(hop) = slot.hop.filter(|_| slot.refs == 0) else { continue };
            let is_there = base.is_some() && slot.there != There::No;
            if is_there && left == 0 {
                return true;
            }
            left -= usize::from(is_there);
            self.hop_of.remove(&hop);
            if let Some(slot) = self.hop_slot_mut(place as HopId) {
                *slot = HopSlot::default();
            }
            if let Some(base) = base.filter(|_| is_there) {
                say(ObjectRequest::Gone(base + place as u32));
            }
        }
        self.loose = false;
        false
    }
}

#[cfg(test)]
mod tests;
