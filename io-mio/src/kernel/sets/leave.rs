//! Next hops that forward no more, and sets whose routes go all together.

use std::ops::Range;

use super::{HopId, MOST_HOPS, ObjectRequest, SetId, SetSlot, Sets, There};
use crate::netlink::Hop;

impl Sets {
    /// Next hops forward no more: they leave every set that has others, and so do all routes that lead there, at one message
    /// each. A set that would be empty stays as it is: its routes are changed or removed one by one.
    pub(in crate::kernel) fn drop_hops(
        &mut self,
        hops: &[Hop],
        mut say: impl FnMut(SetId, ObjectRequest<'_>),
    ) {
        let Some(ids) = self.ids.clone() else { return };
        let places = hops.iter().filter_map(|hop| self.hop_of.get(hop).copied());
        // Whoever asks has fewer.
        let dropped: heapless::Vec<HopId, MOST_HOPS> = places.take(MOST_HOPS).collect();
        for set in 1..self.fresh {
            let SetSlot { refs, len, there, .. } = self.slot(set);
            if refs == 0 || len < 2 || !self.members(set).iter().any(|member| dropped.contains(member)) {
                continue;
            }
            let left: heapless::Vec<HopId, MOST_HOPS> =
                self.members(set).iter().copied().filter(|member| !dropped.contains(member)).collect();
            if left.is_empty() {
                continue;
            }
            self.take(set);
            self.put(set, &left);
            if there == There::No {
                // It is made as it is to be when a route needs it.
                continue;
            }
            if let Some(slot) = self.slot_mut(set) {
                slot.there = There::Yes;
            }
            let objects: heapless::Vec<u32, MOST_HOPS> =
                left.iter().map(|member| ids.start + u32::from(*member)).collect();
            say(set, ObjectRequest::Group(ids.start + self.hops.len() as u32 + set - 1, &objects));
        }
    }

    /// All of them that there may be.
    pub(in crate::kernel) fn ids(&self) -> Range<SetId> {
        1..self.fresh
    }

    /// The object that goes with the `routes` that lead to a set, and with no others: those are all that do, and no other set
    /// that is in use has it as a member.
    pub(in crate::kernel) fn sole_object(&self, set: SetId, routes: u32) -> Option<u32> {
        let SetSlot { refs, group, there, .. } = self.slot(set);
        let &[place, ..] = self.members(set) else { return None };
        let there = if group { there } else { self.hop_slot(place).there };
        if refs != routes || there != There::Yes {
            return None;
        }
        let used = |other: SetId| other != set && self.slot(other).refs > 0;
        let shared = |other: SetId| used(other) && self.members(other).contains(&place);
        // Most next hops are in one set alone, and nobody has to look for others.
        let alone = group || self.hop_slot(place).refs == 1 || !self.ids().any(shared);
        self.object(set).filter(|_| alone)
    }

    /// Routes that lead to a set, and are to go together.
    pub(in crate::kernel) fn going(&self, set: SetId) -> u32 {
        self.slot(set).going
    }

    /// So many routes that lead to a set are to go together.
    pub(in crate::kernel) fn set_going(&mut self, set: SetId, routes: u32) {
        if let Some(slot) = self.slot_mut(set) {
            slot.going = routes;
        }
    }
}
