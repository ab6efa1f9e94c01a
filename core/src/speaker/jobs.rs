//! What is left to do when a session has ended, in steps under a budget, so that nobody's keepalive is late because of it.

use super::peer_slot::{Job, PeerSlot};
use crate::family::Family;
use crate::rib::{Rib, with_table};

/// Entries that are gone through at once when a session ends: enough for a neighbor with few routes.
pub(crate) const AT_ONCE: u32 = 1024;

impl Job {
    /// The first job of a session that has ended.
    pub(crate) fn after_session() -> Self {
        Self::Paths(Family::Ipv4Unicast, 1)
    }
}

/// Goes on with a neighbor's job for about `budget` entries; what is left of the budget.
pub(crate) fn step(rib: &mut Rib<'_>, peer: u16, slot: &mut PeerSlot, budget: u32) -> u32 {
    match slot.job {
        Job::None => budget,
        Job::Paths(family, from) => paths(rib, peer, slot, family, from, budget),
        Job::Told(family, from) => told(rib, peer, slot, family, from, budget),
        Job::Refused(from) => refused(rib, peer, slot, from, budget),
    }
}

fn paths(rib: &mut Rib<'_>, peer: u16, slot: &mut PeerSlot, family: Family, from: u32, budget: u32) -> u32 {
    let shared = &mut rib.shared;
    with_table!(rib, family, table => {
        let session = &mut slot.families[family.index()];
        let end = table.slots().min(from.saturating_add(budget));
        let mut at = from;
        while at < end && session.accepted > 0 {
            let skipped = mutant!(PurgeSkips) && at % 8 == 7;
            session.accepted -= u32::from(!skipped && table.forget_at(shared, at, peer));
            at += 1;
        }
        let done = session.accepted == 0 || at >= table.slots();
        slot.job = if done { Job::Told(family, 0) } else { Job::Paths(family, at) };
        budget - (at - from).min(budget)
    })
}

fn told(rib: &mut Rib<'_>, peer: u16, slot: &mut PeerSlot, family: Family, from: u32, budget: u32) -> u32 {
    with_table!(rib, family, table => {
        let session = &mut slot.families[family.index()];
        let (mut at, mut left) = (Some(from), budget);
        while let Some(column) = at.filter(|_| left > 0 && session.advertised > 0) {
            // One word of 64 bits costs as much as one entry.
            let (found, next) = table.advertised.next_set(peer, column, left.min(64));
            left -= next.map_or(1, |next| (next - column).div_ceil(64)).clamp(1, left);
            if let Some(found) = found.filter(|_| !mutant!(ToldIsKept)) {
                session.advertised -= u32::from(table.unhold(found, peer));
            }
            at = next;
        }
        slot.job = match (at.filter(|_| session.advertised > 0), family) {
            (Some(column), _) => Job::Told(family, column),
            (None, Family::Ipv4Unicast) => Job::Paths(Family::Ipv6Unicast, 1),
            (None, Family::Ipv6Unicast) => Job::Refused(0),
        };
        left
    })
}

fn refused(rib: &mut Rib<'_>, peer: u16, slot: &mut PeerSlot, from: u32, budget: u32) -> u32 {
    let none = slot.families.iter().all(|family| family.refused == 0);
    let next = if none { None } else { rib.refused.purge(peer, from, budget) };
    match next {
        Some(next) => {
            slot.job = Job::Refused(next);
            0
        }
        None => {
            slot.job = Job::None;
            slot.families = Default::default();
            budget.saturating_sub(1)
        }
    }
}
