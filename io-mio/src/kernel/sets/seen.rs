//! What a dump says of objects: those that are known are there, and those of an earlier process are recognised by their numbers.

use super::super::nowhere::hop_of;
use super::{HopId, HopSlot, MOST_HOPS, ObjectRequest, SetSlot, Sets, There};
use crate::netlink::decode::{NextHop, NextHopKind};

impl Sets {
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
                if len == 0 && adopt && set == self.fresh {
                    self.fresh += 1;
                    self.put(set, &places);
                    self.idle += 1;
                    if let Some(slot) = self.slot_mut(set) {
                        (slot.group, slot.there) = (true, There::Yes);
                    }
                } else if len > 0 && self.members(set) == places {
                    if let Some(slot) = self.slot_mut(set) {
                        slot.there = There::Yes;
                    }
                } else if len == 0 {
                    say(ObjectRequest::Gone(object.id));
                }
            }
            _ => {}
        }
    }
}
