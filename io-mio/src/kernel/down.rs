//! Neighbors whose sessions have ended: what stands for each of them leaves all groups that have other members.
//!
//! What that is takes a look at other next hops and at paths. A switch that fails takes hundreds of neighbors along, and each
//! has thousands of paths: a turn looks at so much and no more, and the neighbors that are left wait for the next one.

use std::collections::VecDeque;
use std::net::IpAddr;

use crier_core::{Family, Instant, Millis, Speaker};

use super::ask::Port;
use super::bridge::Bridge;
use crate::netlink::Hop;

/// Time from the end of a session until what is still wanted is compared with what is left: its paths are gone by then.
const RECHECK: Millis = Millis::from_secs(1);
/// Next hops of one neighbor, one for each family as a rule, and those of all that a turn comes to.
const HOPS: usize = 4;
const HOPS_AT_ONCE: usize = 64;
/// Paths of each family that are looked at to find them, give or take one destination's, and places for routes.
const PATHS: u32 = 4096;
const PLACES: u32 = 1 << 16;
/// That many places are as much to look at as one path.
const PLACES_A_LOOK: u32 = 16;
/// What a turn may look at, next hops and paths. It goes past that by one neighbor at most.
pub(super) const LOOKS: u32 = 16_384;

/// Those that wait.
#[derive(Debug)]
pub(super) struct Down {
    /// Each once, the first one first.
    waiting: VecDeque<IpAddr>,
    /// What this turn may still look at.
    pub(super) looks: u32,
}

impl Down {
    /// Room for so many neighbors.
    pub(super) fn new(neighbors: usize) -> Self {
        Self { waiting: VecDeque::with_capacity(neighbors), looks: 0 }
    }

    /// Bytes that this allocates.
    pub(super) const fn bytes(neighbors: usize) -> usize {
        neighbors * size_of::<IpAddr>()
    }

    /// One more. Should there be no room, its routes go one by one.
    pub(super) fn push(&mut self, neighbor: IpAddr) {
        if self.waiting.len() < self.waiting.capacity() && !self.waiting.contains(&neighbor) {
            self.waiting.push_back(neighbor);
        }
    }

    /// Whether anybody waits.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }
}

impl Bridge {
    /// A turn begins, which may look at so much.
    pub(super) fn begin_turn(&mut self, looks: u32) {
        self.down.looks = looks;
    }

    /// As many as the turn allows leave their groups. True: there are more for the next one.
    pub(super) fn leave_groups(&mut self, now: Instant, speaker: &Speaker<'_>, port: &mut impl Port) -> bool {
        let mut hops: heapless::Vec<Hop, HOPS_AT_ONCE> = heapless::Vec::new();
        let is_up_again = |neighbor| {
            let peer = speaker.find_peer(neighbor).and_then(|peer| speaker.peer(peer));
            peer.is_some_and(|peer| peer.established.is_some())
        };
        while self.down.looks > 0 && hops.len() + HOPS <= hops.capacity() && self.may_drop_hops() {
            let Some(neighbor) = self.down.waiting.pop_front() else { break };
            if !is_up_again(neighbor) {
                let (of_neighbor, looks) = self.hops_of(speaker, neighbor);
                hops.extend(of_neighbor);
                self.down.looks = self.down.looks.saturating_sub(looks.max(1));
            }
        }
        if !hops.is_empty() {
            // Paths by way of it that others have announced do not change by this.
            self.recheck_at.get_or_insert(now + RECHECK);
            self.drop_hops(&hops, port);
        }
        !self.down.is_empty()
    }

    /// The next hops that stand for a neighbor: its address, unless that lies behind a gateway or is one for others, and what it
    /// has announced on the same link as its own and nobody else has, which is its address of the other family. A route server's
    /// are not among them. And how much was looked at.
    fn hops_of(&self, speaker: &Speaker<'_>, neighbor: IpAddr) -> (heapless::Vec<Hop, HOPS>, u32) {
        let (mut hops, mut looks) = (heapless::Vec::new(), 0);
        let own = self.ways.way(neighbor).map(|way| way.first());
        let Some(own) = own.filter(|own| own.gateway == Some(neighbor)) else { return (hops, looks) };
        let mut is_gateway = false;
        for (address, _) in speaker.next_hops() {
            looks += 1;
            is_gateway |= address != neighbor
                && self.ways.way(address).is_some_and(|way| way.hops().any(|hop| hop == own));
        }
        let _ = hops.push(own);
        let mut of_others: heapless::Vec<Hop, HOPS> = heapless::Vec::new();
        for family in Family::ALL {
            let mut left = PATHS;
            let places = self.cells.len().min(PLACES);
            looks += places / PLACES_A_LOOK;
            let installed = (0..places).filter(|slot| self.cells.get(family, *slot).set != 0);
            for destination in installed.filter_map(|slot| speaker.destination(family, slot)) {
                for path in destination.paths() {
                    (left, looks) = (left.saturating_sub(1), looks + 1);
                    let way = path.attrs.next_hop().and_then(|next_hop| self.ways.way(next_hop));
                    let Some(hop) = way.map(|way| way.first()).filter(|hop| hop.interface == own.interface)
                    else {
                        continue;
                    };
                    let list = if path.remote == Some(neighbor) { &mut hops } else { &mut of_others };
                    if !list.contains(&hop) {
                        let _ = list.push(hop);
                    }
                }
                if left == 0 {
                    break;
                }
            }
        }
        hops.retain(|hop| if *hop == own { !is_gateway } else { !of_others.contains(hop) });
        (hops, looks)
    }
}
