//! What passes between the speaker and a forwarding table outside, such as the kernel's: which destinations have changed, which
//! next hops can be reached.

use core::net::IpAddr;

use super::Speaker;
use super::types::{Follow, Wake};
use crate::family::Family;
use crate::rib::with_table;
use crate::time::Instant;

/// The walk over destinations after next hops have changed.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(super) struct Reconsidering {
    family: Family,
    slot: u32,
    /// More has changed since it began: it is to begin again.
    again: bool,
}

impl Reconsidering {
    const START: Self = Self { family: Family::Ipv4Unicast, slot: 1, again: false };
}

impl Speaker<'_> {
    /// The work of [`Speaker::follow_kernel`].
    pub(super) fn on_follow_kernel(&mut self, now: Instant, follow: Follow) {
        for family in Family::ALL {
            with_table!(self.rib, family, table => table.follow(follow.forwarding));
        }
        self.rib.shared.attrs.hops.follow(follow.next_hops);
        if !self.rib.shared.attrs.hops.is_settled() {
            self.reconsider(now);
        }
    }

    /// The work of [`Speaker::poll_forwarding`].
    pub(super) fn next_forwarding(&mut self, family: Family) -> Option<u32> {
        with_table!(self.rib, family, table => table.next_marked())
    }

    /// Whether there is something to poll.
    pub(super) fn has_forwarding(&self, family: Family) -> bool {
        with_table!(ref self.rib, family, table => table.has_marked())
    }

    /// The work of [`Speaker::set_installed`].
    pub(super) fn on_set_installed(&mut self, family: Family, slot: u32, installed: bool) {
        with_table!(self.rib, family, table => table.set_installed(slot, installed));
    }

    /// The work of [`Speaker::next_hop`].
    pub(super) fn on_next_hop(&mut self, now: Instant, address: IpAddr, cost: Option<u32>) {
        if self.rib.shared.attrs.hops.resolve(address, cost) {
            self.reconsider(now);
        }
    }

    /// What forwards may have changed for every destination, and nothing else.
    pub(super) fn forwarding_rules_changed(&mut self) {
        for family in Family::ALL {
            with_table!(self.rib, family, table => table.mark_all());
        }
    }

    fn reconsider(&mut self, now: Instant) {
        match &mut self.reconsidering {
            Some(walk) => walk.again = true,
            None => self.reconsidering = Some(Reconsidering::START),
        }
        self.arm(now, Wake::Work);
    }

    /// Goes on with the walk for about `budget` entries; what is left of the budget.
    pub(super) fn go_on_reconsidering(&mut self, budget: u32) -> u32 {
        let Some(walk) = &mut self.reconsidering else { return budget };
        let shared = &self.rib.shared;
        let mut left = budget;
        loop {
            let (from, end) = with_table!(self.rib, walk.family, table => {
                let end = table.slots().min(walk.slot.saturating_add(left));
                (walk.slot..end).for_each(|slot| table.reconsider(shared, slot));
                (walk.slot, if end == table.slots() { None } else { Some(end) })
            });
            let Some(end) = end else {
                left = left.saturating_sub(1);
                match walk.family {
                    Family::Ipv4Unicast => (walk.family, walk.slot) = (Family::Ipv6Unicast, 1),
                    Family::Ipv6Unicast if walk.again => *walk = Reconsidering::START,
                    Family::Ipv6Unicast => {
                        self.reconsidering = None;
                        self.rib.shared.attrs.hops.settle();
                        return left;
                    }
                }
                if left == 0 {
                    return 0;
                }
                continue;
            };
            left = left.saturating_sub(end - from);
            walk.slot = end;
            if left == 0 {
                return 0;
            }
        }
    }
}
