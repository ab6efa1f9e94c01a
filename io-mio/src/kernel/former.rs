//! What an earlier process has installed by other keys than ours: another table, protocol, metric or other numbers of objects.
//!
//! It has left a record that says so ([`Claim`]). Such routes forward until ours are in the kernel, which is when the takeover is
//! over. Then they go, and after them the objects with the former numbers.
//!
//! Those in another place (table or metric) are not remembered: a dump shows them, and they go as it does. Those in a place of ours
//! are in the way of it, so they are taken over like routes with our own keys, but lead nobody knows where: what is wanted takes
//! their place in one step, even if it leads to the same.

use std::ops::Range;

use crier_core::{Family, Instant, Millis, Speaker};

use super::ask::Port;
use super::bridge::{About, Bridge, Left, Request};
use super::cells::Stage;
use super::takeover::Takeover;
use super::{Claim, Settings};
use crate::netlink::Hop;
use crate::netlink::decode::Route;

/// Time until it is looked whether what was to go is gone.
const AGAIN: Millis = Millis::from_secs(2);

/// Where a route leads that is not as ours are. No next hop of a route is without both gateway and interface.
pub(super) const UNKNOWN: Hop = Hop { gateway: None, interface: 0, onlink: false };

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// There is nothing, or nothing any more.
    Over,
    /// All of it stays.
    Kept,
    /// Routes go.
    Routes,
    /// Objects go, which no route leads to.
    Objects,
    /// The program ends, and leaves to the next one what is there yet.
    Stopped,
}

/// What a survey has shown.
#[derive(Clone, Copy, Debug, Default)]
struct Shown {
    /// Former routes.
    routes: u32,
    /// Some of them lead to objects with numbers of ours.
    holds: bool,
    /// There are routes that lead to objects with former numbers, whoever's they are.
    used: bool,
    /// There were more to go than there was room for.
    rest: bool,
}

/// What is known of it.
#[derive(Debug)]
pub(super) struct Former {
    step: Step,
    /// By the survey under way.
    shown: Shown,
    /// By the last one that was whole, and those since.
    known: Shown,
}

impl Former {
    pub(super) fn new(settings: &Settings) -> Self {
        let other = |claim: &Claim| !settings.is_in_force(claim, settings.objects.as_ref());
        let step = if settings.left.iter().any(other) { Step::Kept } else { Step::Over };
        // Whatever objects there are may be in use, until everything was seen.
        Self { step, shown: Shown::default(), known: Shown { holds: true, ..Shown::default() } }
    }

    /// A survey begins.
    pub(super) fn begin(&mut self) {
        self.shown = Shown::default();
    }

    /// A survey is over. `partial`: there may be more than it has shown.
    pub(super) fn end(&mut self, partial: bool) {
        let Shown { routes, holds, .. } = self.known;
        self.known = self.shown;
        if partial {
            self.known.routes = self.known.routes.max(routes);
            self.known.holds |= holds;
        }
    }

    /// The program ends.
    pub(super) const fn stop(&mut self) {
        if !self.is_over() {
            self.step = Step::Stopped;
        }
    }

    pub(super) const fn is_over(&self) -> bool {
        matches!(self.step, Step::Over)
    }

    /// Routes that are to go after the takeover.
    pub(super) const fn routes(&self) -> u32 {
        if self.is_over() { 0 } else { self.known.routes }
    }

    /// Whether there may be routes that would go with objects of ours which nothing else leads to.
    pub(super) const fn holds_objects(&self) -> bool {
        matches!(self.step, Step::Kept | Step::Routes) && self.known.holds
    }
}

impl Claim {
    /// Whether it is about such a route. One that leads to an object is none of those that name their next hops themselves.
    pub(super) fn covers(&self, route: &Route<'_>) -> bool {
        let key = &route.key;
        let form = match (&self.objects, route.object) {
            (Some(ids), Some(object)) => ids.contains(&object),
            (None, None) => true,
            _ => false,
        };
        form && (key.table, key.protocol, key.metric) == (self.table, self.protocol, self.metric)
            && !route.conditional
    }
}

impl Settings {
    /// What routes by these settings are known by, with objects of these numbers or without.
    fn claim(&self, objects: Option<Range<u32>>) -> Claim {
        Claim { table: self.table, protocol: self.protocol, metric: self.metric, objects }
    }

    fn is_in_force(&self, claim: &Claim, objects: Option<&Range<u32>>) -> bool {
        *claim == self.claim(objects.cloned())
    }

    /// Whether an earlier process has left a record of such a route.
    pub(super) fn is_left(&self, route: &Route<'_>) -> bool {
        self.left.iter().any(|claim| claim.covers(route))
    }

    /// Whether an object has one of the former numbers, and none of ours.
    fn is_former_object(&self, id: u32) -> bool {
        let has = |claim: &Claim| claim.objects.as_ref().is_some_and(|ids| ids.contains(&id));
        !self.is_our_object(id) && self.left.iter().any(has)
    }
}

impl Bridge {
    /// What is to be recorded for the next process: what this one installs, and what of earlier ones is still to go.
    pub fn claims(&self) -> impl Iterator<Item = Claim> {
        let installs = self.settings.install
            || self.standing.routes > 0
            || !self.adopted.is_empty()
            || self.arriving > 0;
        let numbered = self.settings.objects.clone().map(|ids| self.settings.claim(Some(ids)));
        let inline = Some(self.settings.claim(None)).filter(|_| !self.sets.has_objects());
        let own = [numbered, inline].map(|claim| claim.filter(|_| installs));
        let former = self.settings.left.iter().filter(|_| !self.former.is_over());
        let further = former.filter({
            let own = own.clone();
            move |claim| own.iter().flatten().all(|own| own != *claim)
        });
        own.into_iter().flatten().chain(further.cloned())
    }

    /// Whether a route in a place of ours is not as ours are now.
    pub(super) fn is_of_former_kind(&self, route: &Route<'_>) -> bool {
        let objects = self.settings.objects.as_ref().filter(|_| self.sets.has_objects());
        let other = |claim: &Claim| !self.settings.is_in_force(claim, objects);
        !self.former.is_over()
            && self.settings.left.iter().any(|claim| claim.covers(route) && other(claim))
            && !self.is_by_number(route)
    }

    /// Whether a route has the keys of an earlier process, and not ours.
    pub(super) fn is_former(&self, route: &Route<'_>) -> bool {
        !self.former.is_over() && !self.settings.is_ours(route) && self.settings.is_left(route)
    }

    /// Whether a route with our keys that nobody has is to go because an earlier process has left it.
    pub(super) fn goes_as_former(&self, route: &Route<'_>) -> bool {
        self.former.step == Step::Routes && self.is_of_former_kind(route)
    }

    /// A dump has a route, whoever's.
    pub(super) fn note_use(&mut self, route: &Route<'_>) {
        if !self.former.is_over() {
            let used = route.object.is_some_and(|object| self.settings.is_former_object(object));
            self.former.shown.used |= used;
        }
    }

    /// A dump has a route with the keys of an earlier process.
    pub(super) fn former_route(&mut self, speaker: &Speaker<'_>, route: &Route<'_>, port: &mut impl Port) {
        let holds = self.is_by_number(route);
        self.former.shown.routes += 1;
        self.former.shown.holds |= holds;
        let key = route.key;
        let family = Family::of(&key.prefix);
        if (key.table, key.metric) == (self.settings.table, self.settings.metric) {
            let seen = self.survey.number();
            let slot = speaker.find_destination(key.prefix);
            let cell = slot.and_then(|slot| self.cells.get_mut(family, slot));
            if let Some(cell) = cell.filter(|cell| cell.set != 0 || cell.stage == Stage::InFlight) {
                cell.seen = seen;
                return;
            }
            let room = self.adopted.len() < self.settings.max_routes as usize;
            let early = self.survey.adopts() || self.takeover != Takeover::Over;
            if early
                && room
                && let Some(set) = self.sets.intern(&[UNKNOWN])
            {
                let left = Left { set, seen, protocol: key.protocol };
                if let Some(former) = self.adopted.insert(key.prefix, left) {
                    self.sets.release(former.set);
                }
                return;
            }
        }
        if self.former.step != Step::Routes {
            return;
        }
        if self.asked.has_room(1) {
            self.asked.send(About::Stray(key.prefix, 0), &Request::NoRoute(key), port);
        } else {
            self.former.shown.rest = true;
        }
    }

    /// A dump has an object. It goes if an earlier process has left it, and no route led to one like it.
    pub(super) fn former_object(&mut self, id: u32, port: &mut impl Port) {
        let goes = self.former.step == Step::Objects && self.settings.is_former_object(id);
        if goes && self.asked.has_room(1) {
            self.asked.send(About::Repair(0), &Request::NoObject(id), port);
        }
    }

    /// Nothing else is to be asked. Once all that is ours is as it is to be, what is former goes.
    pub(super) fn sweep_former(&mut self, now: Instant) {
        let settled = self.takeover == Takeover::Over && self.adopted.is_empty();
        if self.former.step == Step::Kept
            && settled
            && self.survey.has_ended_once()
            && !self.sets.has(&UNKNOWN)
            && !mutant!(FormerStays)
        {
            self.former.step = Step::Routes;
            self.survey.ask(now);
        }
    }

    /// A whole survey is over.
    pub(super) fn former_surveyed(&mut self, now: Instant) {
        let Former { step, known: Shown { routes, used, rest, .. }, .. } = self.former;
        match step {
            Step::Over | Step::Kept | Step::Stopped => return,
            Step::Routes if rest => self.survey.ask(now),
            Step::Routes if routes > 0 => self.survey.ask(now + AGAIN),
            // Somebody else's routes lead there.
            Step::Routes if used => self.former.step = Step::Over,
            Step::Routes => {
                self.former.step = Step::Objects;
                self.survey.ask(now);
            }
            Step::Objects => self.former.step = Step::Over,
        }
        self.claims_changed |= self.former.is_over();
    }
}
