//! What the kernel is asked: the difference between what is wanted and what it has.

use std::net::IpAddr;

use crier_core::{Family, Instant, Speaker};
use ipnet::IpNet;

use super::bridge::{About, Bridge, Left, Request, SETS, UNDER_WAY, WINDOW};
use super::cells::{Doubt, Stage};
use super::hear::MAIN;
use super::nowhere::{nowhere, object_of, via};
use super::resolve::Way;
use super::sets::{MOST_HOPS, ObjectRequest, SetId};
use crate::netlink::encode::{Existing, Object, Via};
use crate::netlink::{Hop, RouteKey};

/// Where requests go, with their sequence numbers.
pub(super) trait Port {
    fn send(&mut self, sequence: u32, request: &Request<'_>);
}

impl Bridge {
    /// Tells the speaker of next hops: those that it has begun to use, and those whose way has changed.
    pub(super) fn follow_next_hops(&mut self, now: Instant, speaker: &mut Speaker<'_>, port: &mut impl Port) {
        if !self.survey.has_ended_once() {
            // Nothing is known yet: whoever asks waits.
            return;
        }
        if self.ways.have_changed() {
            self.look_around(speaker);
        }
        let mut has_met = false;
        while let Some(address) = speaker.poll_next_hop() {
            if !std::mem::replace(&mut has_met, true) {
                self.ways.meet(near(speaker));
            }
            let way = self.ways.follow(address, speaker.is_own_address(address));
            speaker.next_hop(now, address, way.map(|way| way.cost));
        }
        let mut moved = false;
        let mut gone: heapless::Vec<Hop, 64> = heapless::Vec::new();
        self.ways.refresh(
            speaker,
            |speaker, address| speaker.is_own_address(address),
            |speaker, address, before, after| {
                speaker.next_hop(now, address, after.map(|way| way.cost));
                match (before, after) {
                    (Some(before), Some(after)) => moved |= !before.hops().eq(after.hops()),
                    // Should there be more, they are dealt with one route at a time.
                    (Some(before), None) => gone.extend(before.hops().take(gone.capacity() - gone.len())),
                    (None, _) => {}
                }
            },
        );
        // Another next hop may lie behind the same router.
        gone.retain(|hop| !self.ways.uses(hop));
        if !gone.is_empty() && self.may_drop_hops() {
            self.drop_hops(&gone, port);
        }
        if moved {
            // The speaker sees no difference, the kernel does.
            self.mark_installed();
        }
    }

    /// Notes which neighbors are to be on a link, and compares once more what the host has routes of its own for, and before.
    fn look_around(&mut self, speaker: &Speaker<'_>) {
        self.ways.meet(near(speaker));
        if self.settings.table != MAIN {
            return;
        }
        let Self { ways, cells, settings, .. } = self;
        ways.take(settings.metric, |prefix| {
            if let Some(slot) = speaker.find_destination(prefix) {
                cells.mark(Family::of(&prefix), slot);
            }
        });
    }

    /// Whether there is room for what may have to be said when next hops are dropped. Without it, and before there is room, routes
    /// are changed one at a time.
    pub(super) fn may_drop_hops(&self) -> bool {
        self.asked.has_room(SETS as usize)
    }

    pub(super) fn drop_hops(&mut self, hops: &[Hop], port: &mut impl Port) {
        let Self { sets, asked, .. } = self;
        sets.drop_hops(hops, |set, request| asked.object(About::Repair(set), request, port));
    }

    /// All that is installed is to be compared once more with what is wanted.
    pub(super) fn mark_installed(&mut self) {
        self.cells.mark_where(|cell| cell.set != 0);
    }

    /// Asks for what has changed, for `budget` destinations at most and as far as the window goes. True: there is more.
    pub(super) fn ask(
        &mut self,
        now: Instant,
        speaker: &mut Speaker<'_>,
        budget: u32,
        port: &mut impl Port,
    ) -> bool {
        self.finish_together(speaker);
        if !self.survey.has_ended_once() {
            return false;
        }
        for _ in 0..budget {
            if self.is_window_full() {
                return true;
            }
            if self.end_of_wait().is_some_and(|at| at <= now) {
                // Too much else is to be asked for the dead to wait any longer.
                self.go_together(now, speaker, port);
            }
            let next = Family::ALL.into_iter().find_map(|family| {
                let slot = self.cells.next_marked(family).or_else(|| speaker.poll_forwarding(family))?;
                Some((family, slot))
            });
            let Some((family, slot)) = next else {
                return self.go_together(now, speaker, port) || self.tidy(now, port);
            };
            self.consider(now, speaker, family, slot, port);
        }
        true
    }

    /// Removes what nobody needs any more, while there is nothing else to ask. True: there is more.
    fn tidy(&mut self, now: Instant, port: &mut impl Port) -> bool {
        if self.sweep_at.is_some_and(|at| at <= now) && !mutant!(NeverSwept) {
            while self.asked.window.len() < WINDOW {
                let Some(prefix) = self.adopted.keys().next().copied() else {
                    self.sweep_at = None;
                    break;
                };
                let Some(Left { set, protocol, .. }) = self.adopted.remove(&prefix) else { continue };
                if self.standing.no_room > 0 {
                    self.retry_at.get_or_insert(Instant::EPOCH);
                }
                let key = RouteKey { protocol, ..self.settings.key(prefix) };
                let set = if protocol == self.settings.protocol {
                    set
                } else {
                    // Should it be refused: a dump shows it again.
                    self.sets.release(set);
                    0
                };
                self.asked.send(About::Stray(prefix, set), &Request::NoRoute(key), port);
            }
            if self.sweep_at.is_some() {
                return true;
            }
        }
        if !self.asked.window.is_empty() || self.survey.ended() < self.keep_until {
            // What is under way may still name them, or what is not known to be there.
            return false;
        }
        self.sweep_former(now);
        if self.former.holds_objects() {
            return false;
        }
        let Self { sets, asked, .. } = self;
        sets.clear_away(WINDOW, |request| asked.object(About::Repair(0), request, port))
    }

    /// Compares what is wanted for a destination with what the kernel has, and asks for the difference.
    fn consider(
        &mut self,
        now: Instant,
        speaker: &mut Speaker<'_>,
        family: Family,
        slot: u32,
        port: &mut impl Port,
    ) {
        let Some(cell) = self.cells.get_mut(family, slot) else { return };
        match std::mem::take(&mut cell.stage) {
            Stage::InFlight => {
                (cell.stage, cell.again) = (Stage::InFlight, true);
                return;
            }
            Stage::Unsure => {
                cell.stage = Stage::Unsure;
                return;
            }
            Stage::Refused => self.standing.refused -= 1,
            Stage::NoRoom => self.standing.no_room -= 1,
            Stage::Idle | Stage::Going | Stage::Taken => {}
        }
        // Whoever was refused may have gone, and the slot with it.
        let Some(prefix) = speaker.prefix_in(family, slot) else {
            cell.doubt = Doubt::None;
            return;
        };
        if self.is_kept(now, speaker, family, slot, prefix) {
            return;
        }
        let Some(cell) = self.cells.get_mut(family, slot) else { return };
        if cell.set == 0
            && let Some(left) = self.adopted.remove(&prefix)
        {
            (cell.set, cell.seen) = (left.set, left.seen);
            self.standing.installed();
            speaker.set_installed(family, slot, true);
        }
        let had = cell.set;
        // What is taken for gone may be there after all.
        let put_back = cell.doubt == Doubt::PutBack;
        // And what leads to the same set as far as known may have been changed.
        let changed = cell.doubt == Doubt::Changed;
        let key = self.settings.key(prefix);
        let mut wanted = self.wanted(speaker, family, slot);
        let taken = self.ways.is_taken(prefix) && wanted != Ok(0);
        if taken {
            self.sets.release(wanted.unwrap_or(0));
            wanted = Ok(0);
        }
        match wanted {
            Err(errno) => self.refused(now, family, slot, errno),
            Ok(0) if had == 0 && !put_back || mutant!(BridgeForgets) => {
                speaker.set_installed(family, slot, false);
                if let Some(cell) = self.cells.get_mut(family, slot).filter(|_| taken) {
                    cell.stage = Stage::Taken;
                }
            }
            Ok(0) if self.waits_for_others(had) && !taken => {
                if let Some(cell) = self.cells.get_mut(family, slot) {
                    cell.stage = Stage::Going;
                }
            }
            Ok(0) => {
                self.asked.send(About::Route(family, slot, 0), &Request::NoRoute(key), port);
                self.in_flight(family, slot);
                if let Some(cell) = self.cells.get_mut(family, slot) {
                    // To say why, once it is gone.
                    cell.again = taken;
                }
            }
            Ok(wanted) if had != 0 && self.sets.same(had, wanted) && !changed => self.sets.release(wanted),
            Ok(wanted) if had == 0 && self.is_full() => {
                self.sets.release(wanted);
                self.standing.no_room += 1;
                if let Some(cell) = self.cells.get_mut(family, slot) {
                    cell.stage = Stage::NoRoom;
                }
            }
            Ok(wanted) => {
                speaker.set_installed(family, slot, true);
                let existing = if had == 0 { Existing::Refuse } else { Existing::Replace };
                self.lead(existing, key, wanted, About::Route(family, slot, wanted), port);
                self.in_flight(family, slot);
            }
        }
    }

    /// There are as many routes as there may be, those of an earlier process and those under way among them.
    fn is_full(&self) -> bool {
        let others = self.arriving + self.adopted.len() as u32;
        self.standing.routes + others >= self.settings.max_routes
    }

    fn in_flight(&mut self, family: Family, slot: u32) {
        if let Some(cell) = self.cells.get_mut(family, slot) {
            (cell.stage, cell.again, cell.arriving) = (Stage::InFlight, false, cell.set == 0);
            self.arriving += u32::from(cell.arriving);
        }
    }

    /// The set of next hops that a destination is to forward over, with one hold on it; 0: it is not to be in the kernel.
    /// An error: there is no room for the set.
    pub(super) fn wanted(&mut self, speaker: &Speaker<'_>, family: Family, slot: u32) -> Result<SetId, i32> {
        let Some(destination) = speaker.destination(family, slot).filter(|_| self.settings.install) else {
            return Ok(0);
        };
        let mut hops: heapless::Vec<Hop, MOST_HOPS> = heapless::Vec::new();
        for path in destination.paths().filter(|path| path.multipath) {
            // What is originated here is reached without us.
            let Some(_) = path.remote else { return Ok(0) };
            if path.blackhole {
                // What forwards with it drops as well: the best path has decided.
                return self.sets.intern(&[nowhere(family)]).ok_or(libc::ENOSPC);
            }
            let way = path.attrs.next_hop().and_then(|next_hop| self.ways.way(next_hop));
            // One that has just become unreachable is about to be decided anew. What there is no room for is left out.
            let room = hops.capacity() - hops.len();
            hops.extend(way.iter().flat_map(Way::hops).take(room));
        }
        if hops.is_empty() {
            return Ok(0);
        }
        self.sets.intern(&hops).ok_or(libc::ENOSPC)
    }

    /// Asks for a route to a set, and before that for what it names.
    fn lead(&mut self, existing: Existing, key: RouteKey, set: SetId, about: About, port: &mut impl Port) {
        let Self { sets, asked, .. } = self;
        sets.prepare(set, |request| asked.object(About::Object(set), request, port));
        if let Some(object) = sets.object(set) {
            return asked.send(about, &Request::Route(existing, key, Via::Object(object)), port);
        }
        let hops: heapless::Vec<Hop, MOST_HOPS> = sets.hops(set).collect();
        asked.send(about, &Request::Route(existing, key, via(&hops)), port);
    }
}

/// Neighbors that have to be on a link of ours.
fn near(speaker: &Speaker<'_>) -> impl Iterator<Item = IpAddr> {
    speaker.peers().filter(|peer| peer.shares_link).map(|peer| peer.remote)
}

impl super::Settings {
    /// What tells our route for a prefix from others.
    pub(super) const fn key(&self, prefix: IpNet) -> RouteKey {
        RouteKey { prefix, table: self.table, protocol: self.protocol, metric: self.metric }
    }
}

impl super::bridge::Asked {
    /// Whether so many requests more can wait for their answers.
    pub(super) fn has_room(&self, requests: usize) -> bool {
        self.window.len() + requests <= UNDER_WAY
    }

    /// Sends a request and waits for its answer.
    pub(super) fn send(&mut self, about: About, request: &Request<'_>, port: &mut impl Port) {
        self.sequence = self.sequence.wrapping_add(1);
        self.requests += 1;
        self.window.push_back((self.sequence, about));
        port.send(self.sequence, request);
    }

    /// Sends what is to be said about an object.
    pub(super) fn object(&mut self, about: About, request: ObjectRequest<'_>, port: &mut impl Port) {
        match request {
            ObjectRequest::Hop(id, hop) => self.send(about, &Request::Object(id, object_of(hop)), port),
            ObjectRequest::Group(id, members) => {
                self.send(about, &Request::Object(id, Object::Group(members)), port);
            }
            ObjectRequest::Gone(id) => self.send(about, &Request::NoObject(id), port),
        }
    }
}
