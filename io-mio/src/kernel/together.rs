//! A neighbor that has died: it leaves all groups that have other members, and the routes that led over it alone leave the kernel
//! with the object that they lead to. Either is one message, however many routes there are.

use std::net::IpAddr;

use crier_core::{Family, Instant, Millis, Speaker};

use super::ask::Port;
use super::bridge::{About, Bridge, Request};
use super::cells::{Cell, Stage};
use super::sets::SetId;
use crate::netlink::Hop;

/// Time from the end of a session until what is still wanted is compared with what is left: its paths are gone by then.
const RECHECK: Millis = Millis::from_secs(1);
/// Most neighbors whose routes are waited for at once; those of further ones go one by one.
pub(super) const MOST_DEAD: usize = 64;
/// Most routes that go at one message: the kernel needs a microsecond or two for each, and does nothing else for us meanwhile.
const MOST_ROUTES: u32 = 1 << 15;
/// Fewer of one set go one by one: looking for them costs more.
const FEWEST_ROUTES: u32 = 16;
/// Longest wait for the speaker to have removed a neighbor's paths. After that their routes go one by one.
const PATIENCE: Millis = Millis::from_secs(1);
/// Next hops of one neighbor, one for each family as a rule, and routes of each family that are looked at to find them.
const HOPS: usize = 4;
const LOOKED_AT: usize = 1024;

/// A neighbor that has died.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dead {
    neighbor: IpAddr,
    until: Instant,
}

impl Bridge {
    /// A session has ended: its neighbor forwards no more, until somebody says otherwise.
    pub(super) fn session_down(
        &mut self,
        now: Instant,
        speaker: &Speaker<'_>,
        neighbor: IpAddr,
        port: &mut impl Port,
    ) {
        for hop in self.hops_of(speaker, neighbor) {
            // Paths by way of it that others have announced do not change by this.
            self.recheck_at.get_or_insert(now + RECHECK);
            self.drop_hop(hop, port);
        }
        if self.settings.install && !self.dead.iter().any(|dead| dead.neighbor == neighbor) {
            // Should there be no room: that is what the bound means.
            let _ = self.dead.push(Dead { neighbor, until: now + PATIENCE });
        }
    }

    /// The next hops that stand for a neighbor: its address, unless that lies behind a gateway or is one for others, and what it
    /// has announced on the same link as its own and nobody else has, which is its address of the other family. A route server's
    /// are not among them.
    fn hops_of(&self, speaker: &Speaker<'_>, neighbor: IpAddr) -> heapless::Vec<Hop, HOPS> {
        let mut hops = heapless::Vec::new();
        let own = self.ways.way(neighbor).map(|way| way.first());
        let Some(own) = own.filter(|own| own.gateway == Some(neighbor)) else { return hops };
        let leads_there =
            |address| self.ways.way(address).is_some_and(|way| way.hops().any(|hop| hop == own));
        let is_gateway = speaker.next_hops().any(|(address, _)| address != neighbor && leads_there(address));
        let _ = hops.push(own);
        let mut of_others: heapless::Vec<Hop, HOPS> = heapless::Vec::new();
        for family in Family::ALL {
            let installed = (0..self.cells.len()).filter(|slot| self.cells.get(family, *slot).set != 0);
            for destination in installed.take(LOOKED_AT).filter_map(|slot| speaker.destination(family, slot))
            {
                for path in destination.paths() {
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
            }
        }
        hops.retain(|hop| if *hop == own { !is_gateway } else { !of_others.contains(hop) });
        hops
    }

    /// Whether a route that leads there, and is to go, waits for others: while paths of a dead neighbor are being removed.
    pub(super) fn waits_for_others(&self, set: SetId) -> bool {
        !self.dead.is_empty() && self.sets.object(set).is_some()
    }

    /// When the wait is over at the latest.
    pub(super) fn end_of_wait(&self) -> Option<Instant> {
        self.dead.iter().map(|dead| dead.until).min()
    }

    /// Nothing else is to be asked: once the paths of dead neighbors are gone, their routes go. True: there was one.
    pub(super) fn go_together(&mut self, now: Instant, speaker: &Speaker<'_>, port: &mut impl Port) -> bool {
        let purging = |neighbor| speaker.peers().any(|peer| peer.remote == neighbor && peer.purging);
        let waiting = |dead: &Dead| dead.until > now && purging(dead.neighbor);
        if self.dead.is_empty() || self.dead.iter().any(waiting) {
            return false;
        }
        self.dead.clear();
        let Self { cells, sets, asked, .. } = self;
        let is_going = |cell: &Cell| cell.stage == Stage::Going;
        for cell in cells.iter().filter(|cell| is_going(cell)) {
            sets.set_going(cell.set, sets.going(cell.set) + 1);
        }
        for set in sets.ids() {
            let routes = sets.going(set);
            let few_or_many = !(FEWEST_ROUTES..=MOST_ROUTES).contains(&routes);
            let Some(object) = sets.sole_object(set, routes).filter(|_| !few_or_many) else {
                sets.set_going(set, 0);
                continue;
            };
            sets.lost(object);
            asked.send(About::Together(set), &Request::NoObject(object), port);
        }
        // Where some of a set's routes stay, the others go one by one.
        cells.mark_where(|cell| is_going(&cell) && sets.going(cell.set) == 0);
        let in_flight = |cell: &mut Cell| (cell.stage, cell.again) = (Stage::InFlight, false);
        cells.change_where(|cell| is_going(cell) && sets.going(cell.set) > 0, in_flight);
        sets.ids().for_each(|set| sets.set_going(set, 0));
        true
    }

    /// The answer to that.
    pub(super) fn settle_together(&mut self, speaker: &mut Speaker<'_>, set: SetId, result: Result<(), i32>) {
        let gone = matches!(result, Ok(()) | Err(libc::ENOENT));
        for family in Family::ALL {
            for slot in 0..self.cells.len() {
                let cell = self.cells.get(family, slot);
                if cell.set != set || cell.stage != Stage::InFlight {
                    continue;
                }
                if let Some(cell) = self.cells.get_mut(family, slot) {
                    (cell.stage, cell.again) = (Stage::Idle, false);
                }
                if gone {
                    self.take_out(family, slot);
                    speaker.set_installed(family, slot, false);
                }
                if !gone || cell.again {
                    self.cells.mark(family, slot);
                }
            }
        }
        if !gone {
            self.sets.doubt(set);
        }
    }
}
