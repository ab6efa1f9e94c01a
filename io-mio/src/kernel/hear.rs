//! What the kernel says: answers to requests, and what has happened besides.

use crier_core::{Family, Instant, Millis, Speaker};

use super::ask::Port;
use super::bridge::{About, Bridge, LONGEST_RETRY, Left};
use super::cells::{Doubt, Stage};
use super::former::UNKNOWN;
use super::nowhere::nowhere;
use super::resolve::{Foreign, hops_of};
use super::sets::SetId;
use crate::netlink::decode::{Message, NextHop, Origin, Route, RouteHop, RouteKind};

/// The main table, where ways to next hops are looked for.
pub(super) const MAIN: u32 = 254;
/// `RTPROT_BGP`: another daemon's routes by BGP lead in circles as ours do.
const BGP: u8 = 186;

impl Bridge {
    /// The answer to a request. Answers come in the order of requests; what one of them lacks never comes.
    pub(super) fn answered(
        &mut self,
        now: Instant,
        speaker: &mut Speaker<'_>,
        sequence: u32,
        result: Result<(), i32>,
    ) {
        if !self.asked.window.iter().any(|(asked, _)| *asked == sequence) {
            // It was given up as lost.
            return;
        }
        while let Some((asked, about)) = self.asked.window.pop_front() {
            if asked == sequence {
                return self.settle(now, speaker, about, result);
            }
            self.lost(now, speaker, about);
        }
    }

    pub(super) fn settle(
        &mut self,
        now: Instant,
        speaker: &mut Speaker<'_>,
        about: About,
        result: Result<(), i32>,
    ) {
        let result = if mutant!(RefusalBelieved) { Ok(()) } else { result };
        if let Err(errno) = result {
            self.standing.refusals += 1;
            self.standing.last_errno = errno;
        }
        match (about, result) {
            (About::Route(family, slot, set), _) => {
                self.settle_route(now, speaker, family, slot, set, result)
            }
            (About::Together(set), _) => self.settle_together(set, result),
            (About::Object(_) | About::Repair(_), Err(libc::EOPNOTSUPP)) => {
                self.sets.without_objects();
                self.claims_changed = true;
            }
            // Only the route that needs it shows that something is amiss, and is refused for it.
            (About::Object(set), Err(_)) => self.sets.doubt(set),
            (About::Stray(_, set), Ok(()) | Err(libc::ESRCH)) => self.sets.release(set),
            (About::Stray(prefix, set), Err(_)) if set != 0 => {
                let (seen, protocol) = (self.survey.number(), self.settings.protocol);
                self.adopted.insert(prefix, Left { set, seen, protocol });
                self.sweep_at = Some(self.retry(now));
            }
            (About::Object(_), Ok(())) | (About::Repair(_), Ok(()) | Err(libc::ENOENT)) => {}
            // No route asks for it again.
            (About::Repair(set), Err(_)) => {
                self.sets.doubt(set);
                self.doubtful = true;
                self.retry(now);
            }
            (About::Stray(..), Err(_)) => {
                self.doubtful = true;
                self.retry(now);
            }
        }
    }

    fn settle_route(
        &mut self,
        now: Instant,
        speaker: &mut Speaker<'_>,
        family: Family,
        slot: u32,
        set: SetId,
        result: Result<(), i32>,
    ) {
        let seen = self.survey.number();
        let Some(cell) = self.cells.get_mut(family, slot) else { return };
        let had = cell.set;
        cell.stage = Stage::Idle;
        self.arriving -= u32::from(std::mem::take(&mut cell.arriving));
        if std::mem::take(&mut cell.again) {
            self.cells.mark(family, slot);
        }
        match result {
            Ok(()) | Err(libc::ESRCH) if set == 0 => {
                self.take_out(family, slot);
                if let Some(cell) = self.cells.get_mut(family, slot) {
                    cell.doubt = Doubt::None;
                }
                if self.cells.get(family, slot).again {
                    self.cells.mark(family, slot);
                }
                speaker.set_installed(family, slot, false);
            }
            Ok(()) => {
                if had == 0 {
                    self.standing.installed();
                } else {
                    self.sets.release(had);
                }
                if let Some(cell) = self.cells.get_mut(family, slot) {
                    (cell.set, cell.seen, cell.doubt) = (set, seen, Doubt::None);
                }
            }
            Err(libc::EEXIST) if had == 0 && self.cells.get(family, slot).doubt == Doubt::PutBack => {
                self.still_there(now, family, slot, set);
            }
            Err(errno) => {
                self.sets.doubt(set);
                self.sets.release(set);
                self.refused(now, family, slot, errno);
            }
        }
    }

    /// The kernel has no route for a destination.
    pub(super) fn take_out(&mut self, family: Family, slot: u32) {
        if let Some(cell) = self.cells.get_mut(family, slot)
            && cell.set != 0
        {
            let set = std::mem::take(&mut cell.set);
            self.sets.release(set);
            self.standing.routes -= 1;
            if self.standing.no_room > 0 {
                // Somebody may have waited for this.
                self.retry_at.get_or_insert(Instant::EPOCH);
            }
        }
    }

    /// A destination is tried again later.
    pub(super) fn refused(&mut self, now: Instant, family: Family, slot: u32, errno: i32) {
        let Some(cell) = self.cells.get_mut(family, slot) else { return };
        cell.stage = Stage::Refused;
        cell.errno = u8::try_from(errno).unwrap_or(u8::MAX);
        self.standing.refused += 1;
        self.retry(now);
    }

    /// When what was refused is tried again: ever more seldom.
    pub(super) fn retry(&mut self, now: Instant) -> Instant {
        *self.retry_at.get_or_insert_with(|| {
            let at = now + self.retry_wait;
            self.retry_wait = Millis(self.retry_wait.0 * 2).min(LONGEST_RETRY);
            at
        })
    }

    /// Something has happened, or a dump tells what there is. `own`: one of our requests has done it.
    pub(super) fn heard(
        &mut self,
        now: Instant,
        speaker: &Speaker<'_>,
        origin: Origin,
        own: bool,
        message: &Message<'_>,
        port: &mut impl Port,
    ) {
        let seen = self.survey.seen();
        if let (Message::Route(route), true) = (message, origin.dump) {
            self.note_use(route);
        }
        match message {
            Message::Link(link) => {
                if self.ways.interface(link.index, link.up && link.running, seen) && !origin.dump {
                    // With the link go routes and objects, some of them without a word; and routes come to life.
                    self.survey.ask(now);
                }
            }
            Message::LinkGone(link) => {
                self.ways.interface_gone(link.index);
                self.survey.ask(now);
            }
            Message::Address(_) if !origin.dump => self.addresses_changed = true,
            Message::AddressGone(_) => {
                self.addresses_changed = true;
                self.survey.ask(now);
            }
            Message::Route(route) if self.settings.is_ours(route) => {
                if origin.dump {
                    self.own_route(speaker, route, port);
                } else if !own {
                    // Somebody has changed it, or made one like it.
                    self.survey.ask(now);
                }
            }
            Message::RouteGone(route) if self.settings.is_ours(route) => {
                if origin.port == 0 {
                    self.perhaps_gone(now, speaker, route);
                } else if !own {
                    self.own_route_gone(speaker, route);
                }
            }
            Message::Route(route) | Message::RouteGone(route) if self.is_former(route) => {
                if origin.dump {
                    self.former_route(speaker, route, port);
                }
            }
            Message::Route(route) => {
                if self.foreign(route, seen).is_some_and(|route| !self.ways.told(route, origin)) {
                    self.survey.ask(now);
                }
            }
            Message::RouteGone(route) => {
                if let Some(route) = self.foreign(route, seen) {
                    self.ways.route_gone(&route);
                    // Others like it may be left, which the kernel counts as the same.
                    self.survey.ask(now);
                }
            }
            Message::NextHop(object) => {
                if origin.dump {
                    self.own_object(object, port);
                } else if !own && self.sets.changed(object.id) {
                    self.survey.ask(now);
                }
            }
            Message::NextHopGone { id } => {
                if !own && self.sets.lost(*id) {
                    // The routes that led there have gone with it, IPv4 ones without a word.
                    self.survey.ask(now);
                }
            }
            Message::Done => {
                if self.survey.answered(origin.sequence) {
                    self.survey_step_ended(now, speaker, port);
                }
            }
            Message::Interrupted => self.survey.interrupted(origin.sequence),
            Message::Refused(refusal) => {
                if self.survey.answered(origin.sequence) {
                    self.survey_step_refused(now, speaker, refusal.errno, port);
                }
            }
            Message::Overrun => self.overrun(now),
            Message::Address(_) | Message::Ack | Message::Other => {}
        }
    }

    /// Notifications were lost.
    pub(super) fn overrun(&mut self, now: Instant) {
        self.standing.overruns += 1;
        if mutant!(OverrunIgnored) {
            return;
        }
        self.addresses_changed = true;
        self.survey.ask(now);
    }

    /// A route of somebody else, as far as it matters here.
    fn foreign(&self, route: &Route<'_>, seen: u32) -> Option<Foreign> {
        let bgp = [BGP, self.settings.protocol].contains(&route.key.protocol);
        if route.key.table != MAIN || route.conditional || bgp {
            return None;
        }
        let hops = match route.kind {
            RouteKind::Unicast => {
                // Of several those that work. Of one that does not its interface says so, and tells when it does again: of its
                // routes the kernel does not speak then.
                let works = |hop: &RouteHop| !hop.is_dead() && !hop.has_lost_carrier();
                let some = route.hops().any(|hop| works(&hop));
                let first = route.hops().next()?;
                let used = route.hops().filter(|hop| works(hop) || !some && *hop == first);
                hops_of(used.map(|hop| hop.hop))
            }
            RouteKind::Blackhole | RouteKind::Unreachable | RouteKind::Prohibit => hops_of([]),
            _ => return None,
        };
        Some(Foreign {
            prefix: route.key.prefix,
            metric: route.key.metric,
            protocol: route.key.protocol,
            hops,
            seen,
        })
    }

    /// A route of ours as a dump has it.
    fn own_route(&mut self, speaker: &Speaker<'_>, route: &Route<'_>, port: &mut impl Port) {
        let number = self.survey.number();
        let family = Family::of(&route.key.prefix);
        let slot = speaker.find_destination(route.key.prefix);
        let known = slot.map(|slot| (slot, self.cells.get(family, slot)));
        // What leads to an object of ours is ours, even if this was not known when its place was asked for and refused.
        let by_number = self.is_by_number(route);
        let asked_for =
            |stage| matches!(stage, Stage::InFlight | Stage::Unsure) || stage == Stage::Refused && by_number;
        let Some((slot, cell)) = known.filter(|(_, cell)| cell.set != 0 || asked_for(cell.stage)) else {
            return self.unexpected(speaker, route, port);
        };
        if cell.stage == Stage::InFlight {
            return;
        }
        let actual = self.set_of(route);
        if cell.set == 0 {
            return match actual {
                Some(actual) => self.found_after_all(family, slot, actual),
                None => self.unexpected(speaker, route, port),
            };
        }
        let Some(cell) = self.cells.get_mut(family, slot) else { return };
        (cell.seen, cell.doubt) = (number, Doubt::None);
        match actual {
            Some(actual) if self.sets.same(actual, cell.set) => self.sets.release(actual),
            Some(actual) => {
                self.sets.release(std::mem::replace(&mut cell.set, actual));
                self.cells.mark(family, slot);
            }
            None => {
                cell.doubt = Doubt::Changed;
                self.cells.mark(family, slot);
            }
        }
    }

    /// The set that a route leads to, with one hold on it; `None`: none that a route of ours could lead to, or there is no room.
    pub(super) fn set_of(&mut self, route: &Route<'_>) -> Option<SetId> {
        if self.is_of_former_kind(route) {
            return self.sets.intern(&[UNKNOWN]);
        }
        if let Some(set) = route.object.and_then(|object| self.sets.set_of_object(object)) {
            return Some(set);
        }
        match route.kind {
            // IPv6 ones name an interface, and so do those that drop in another way.
            RouteKind::Blackhole => return self.sets.intern(&[nowhere(Family::of(&route.key.prefix))]),
            RouteKind::Unicast => {}
            _ => return None,
        }
        let hops: heapless::Vec<_, { super::sets::MOST_HOPS }> = route.hops().map(|hop| hop.hop).collect();
        if hops.is_empty() { None } else { self.sets.intern(&hops) }
    }

    /// A route with our table, protocol and metric that no destination has.
    fn unexpected(&mut self, speaker: &Speaker<'_>, route: &Route<'_>, port: &mut impl Port) {
        let prefix = route.key.prefix;
        let by_number = self.is_by_number(route);
        let goes = by_number || self.goes_as_former(route);
        // Those that are about to go may come back.
        let room = self.adopted.len() + self.asked.window.len() < self.settings.max_routes as usize;
        let adopts = self.survey.adopts() && room && (by_number || self.settings.is_left(route));
        if self.adopted.contains_key(&prefix) || adopts {
            self.adopt(speaker, route);
        } else if goes && self.asked.has_room(1) {
            let request = super::Request::NoRoute(self.settings.key(prefix));
            self.asked.send(About::Stray(prefix, 0), &request, port);
        } else if goes {
            // The next dump shows it again.
            self.doubtful = true;
            self.retry_at.get_or_insert(Instant::EPOCH);
        } else {
            self.survey.other();
        }
    }

    pub(super) fn is_by_number(&self, route: &Route<'_>) -> bool {
        route.object.is_some_and(|object| self.settings.is_our_object(object))
    }

    /// Somebody has removed a route of ours.
    fn own_route_gone(&mut self, speaker: &Speaker<'_>, route: &Route<'_>) {
        let family = Family::of(&route.key.prefix);
        let slot = speaker.find_destination(route.key.prefix);
        if let Some(left) = self.adopted.remove(&route.key.prefix) {
            self.sets.release(left.set);
            slot.into_iter().for_each(|slot| self.cells.mark(family, slot));
        }
        let Some(slot) = slot else { return };
        if self.cells.get(family, slot).set != 0 {
            self.vanished(family, slot);
        }
    }

    /// An object or group as a dump has it.
    fn own_object(&mut self, object: &NextHop<'_>, port: &mut impl Port) {
        if !self.settings.is_our_object(object.id) {
            self.former_object(object.id, port);
            return;
        }
        let adopts = self.survey.adopts();
        if !self.asked.has_room(1) {
            // The next dump shows it again.
            self.doubtful = true;
            self.retry_at.get_or_insert(Instant::EPOCH);
            return;
        }
        let Self { sets, asked, .. } = self;
        sets.seen(object, adopts, |request| asked.object(About::Repair(0), request, port));
    }
}

impl super::Settings {
    pub(super) fn is_ours(&self, route: &Route<'_>) -> bool {
        let key = &route.key;
        (key.table, key.protocol, key.metric) == (self.table, self.protocol, self.metric)
            && !route.conditional
    }

    pub(super) fn is_our_object(&self, id: u32) -> bool {
        self.objects.as_ref().is_some_and(|ids| ids.contains(&id))
    }
}
