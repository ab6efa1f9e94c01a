//! What the kernel says of its objects: which there are, and which are gone.

use super::super::nowhere::hop_of;
use super::{HopId, HopSlot, MOST_HOPS, ObjectRequest, SetId, SetSlot, Sets, There};
use crate::netlink::decode::{NextHop, NextHopKind};

impl Sets {
    /// An object is gone, or the kernel has put something else in its place. True: it was one of ours.
    pub(in crate::kernel) fn lost(&mut self, id: u32) -> bool {
        let Some(at) = self.offset(id) else { return false };
        let hops = self.hops.len() as u32;
        if at >= hops {
            if let Some(slot) = self.slot_mut(at - hops + 1) {
                slot.there = There::No;
            }
            return true;
        }
        if let Some(slot) = self.hop_slot_mut(at as HopId) {
            slot.there = There::No;
        }
        for set in 1..self.fresh {
            if self.members(set).contains(&(at as HopId))
                && let Some(slot) = self.slot_mut(set)
            {
                // The kernel has taken it out of its groups.
                slot.there = if slot.there == There::No { There::No } else { There::Perhaps };
            }
        }
        true
    }

    /// Somebody has changed an object, or the kernel has: it takes next hops whose link fails out of their groups. True: it is
    /// one of ours.
    pub(in crate::kernel) fn changed(&mut self, id: u32) -> bool {
        let Some(at) = self.offset(id) else { return false };
        let hops = self.hops.len() as u32;
        if let Some(slot) = at.checked_sub(hops).and_then(|set| self.slot_mut(set + 1)) {
            slot.there = There::Perhaps;
        } else if let Some(slot) = self.hop_slot_mut(at as HopId).filter(|_| at < hops) {
            slot.there = There::Perhaps;
        }
        true
    }

    /// The set that a route to this object leads to, with one hold on it.
    pub(in crate::kernel) fn set_of_object(&mut self, id: u32) -> Option<SetId> {
        let at = self.offset(id)?;
        let hops = self.hops.len() as u32;
        if at >= hops {
            let set = at - hops + 1;
            self.sets.get(set as usize).filter(|slot| slot.len > 0)?;
            self.acquire(set);
            return Some(set);
        }
        let hop = self.hop_slot(at as HopId).hop?;
        self.intern(&[hop])
    }

    /// Nothing is known of what the kernel has, until [`Sets::seen`] tells.
    pub(in crate::kernel) fn doubt_all(&mut self) {
        let doubt = |there: &mut There| {
            if *there == There::Yes {
                *there = There::Perhaps;
            }
        };
        self.hops.iter_mut().for_each(|slot| doubt(&mut slot.there));
        self.sets.iter_mut().for_each(|slot| doubt(&mut slot.there));
    }

    /// An object with one of our numbers as a dump has it. What nobody knows is taken over, or goes.
    pub(in crate::kernel) fn seen(
        &mut self,
        object: &NextHop<'_>,
        adopt: bool,
        mut say: impl FnMut(ObjectRequest<'_>),
    ) {
        let Some(base) = self.ids.as_ref().map(|ids| ids.start) else { return };
        let (at, hops) = (object.id - base, self.hops.len() as u32);
        match (&object.kind, hop_of(&object.kind)) {
            (_, Some(hop)) if at < hops => {
                let place = at as HopId;
                let free = self.hop_slot(place).hop.is_none();
                if free && adopt && !self.hop_of.contains_key(&hop) {
                    self.hop_of.insert(hop, place);
                    self.loose = true;
                    if let Some(slot) = self.hop_slot_mut(place) {
                        *slot = HopSlot { hop: Some(hop), refs: 0, there: There::Yes };
                    }
                } else if self.hop_slot(place).hop == Some(hop) {
                    if let Some(slot) = self.hop_slot_mut(place) {
                        slot.there = There::Yes;
                    }
                } else if free {
                    say(ObjectRequest::Gone(object.id));
                }
            }
            (NextHopKind::Group(members), _) if at >= hops => {
                let set = at - hops + 1;
                let mut places: heapless::Vec<HopId, MOST_HOPS> = heapless::Vec::new();
                for member in members.clone() {
                    let place = member.id.checked_sub(base).and_then(|at| HopId::try_from(at).ok());
                    if place.is_none_or(|place| places.push(place).is_err()) {
                        return;
                    }
                }
                places.sort_unstable();
                let SetSlot { len, .. } = self.slot(set);
                while adopt && self.fresh < set && (set as usize) < self.sets.len() {
                    // Numbers that were free when the earlier process ended.
                    let (skipped, free) = (self.fresh, self.free);
                    if let Some(slot) = self.slot_mut(skipped) {
                        slot.next = free;
                    }
                    self.free = skipped;
                    self.fresh += 1;
                }
                if len == 0 && adopt && self.claim(set) {
                    self.put(set, &places);
                    self.idle += 1;
                    if let Some(slot) = self.slot_mut(set) {
                        (slot.group, slot.there) = (true, There::Yes);
                    }
                } else if len > 0 && self.slot(set).group && self.members(set) == places {
                    if let Some(slot) = self.slot_mut(set) {
                        slot.there = There::Yes;
                    }
                } else if len == 0 || !self.slot(set).group {
                    // Its place may be that of a single next hop by now, which needs no group.
                    say(ObjectRequest::Gone(object.id));
                }
            }
            _ => {}
        }
    }

    /// Takes a set that is free. False: there is no such set, or somebody has it.
    fn claim(&mut self, set: SetId) -> bool {
        if set == self.fresh && (set as usize) < self.sets.len() {
            self.fresh += 1;
            return true;
        }
        let (mut before, mut at) = (0, self.free);
        while at != 0 && at != set {
            (before, at) = (at, self.slot(at).next);
        }
        if at == 0 {
            return false;
        }
        let next = self.slot(set).next;
        if before == 0 {
            self.free = next;
        } else if let Some(slot) = self.slot_mut(before) {
            slot.next = next;
        }
        if let Some(slot) = self.slot_mut(set) {
            slot.next = 0;
        }
        true
    }

    /// Where an object's number is among ours: next hops come first, by their places, then groups. `None`: it is none of ours.
    fn offset(&self, id: u32) -> Option<u32> {
        self.ids.as_ref().filter(|ids| ids.contains(&id)).map(|ids| id - ids.start)
    }
}
