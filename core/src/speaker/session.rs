//! Sessions: what the state machine's transitions do to connections, neighbors and tables.

use super::Speaker;
use super::conn_slot::{Phase, pending};
use super::jobs;
use super::peer_slot::{Chatter, FamilySession, Job};
use super::types::{CloseCause, PeerId, Wake};
use crate::decision::PeerFacts;
use crate::event::{DownReason, EventKind};
use crate::family::Family;
use crate::peer::State;
use crate::peer::backoff::DEAF;
use crate::peer::fsm::{self, Effects, Event, Notify, Transition};
use crate::peer::jitter::jitter;
use crate::rib::with_table;
use crate::time::{Instant, Millis};
use crate::view::{Admin, Direction, LastError};
use crate::wire::notification::{Notification, codes};
use crate::wire::open::OpenParams;

/// A connection that is to be closed has this long to take its NOTIFICATION.
const CLOSING: Millis = Millis::from_secs(5);

/// What comes with an event.
#[derive(Clone, Copy)]
pub(super) enum With<'a> {
    Nothing,
    /// A message's body.
    Body(&'a [u8]),
    /// The NOTIFICATION that was received, or that answers a fault.
    Notification(&'a Notification),
    /// The NOTIFICATION that ends the session for this reason.
    Cease(&'a Notification, DownReason),
    /// How TCP ended.
    Cause(CloseCause),
}

impl Speaker<'_> {
    /// Feeds an event to a connection's state machine and does what follows.
    pub(super) fn drive(&mut self, now: Instant, index: u16, event: Event, with: With<'_>) {
        let conn = &mut self.conns[usize::from(index)];
        let before = conn.state;
        let transition = fsm::step(before, event);
        conn.state = transition.next;
        let effects = transition.effects;
        if effects.contains(Effects::RESTART_HOLD)
            || mutant!(HoldRestartsItself) && event == Event::KeepaliveExpired
        {
            self.restart_hold(now, index);
        }
        if effects.contains(Effects::DELIVER_UPDATE) {
            if let With::Body(body) = with {
                self.update_received(now, index, body);
            }
            return;
        }
        let peer = self.conns[usize::from(index)].peer;
        if before != transition.next && peer != 0 {
            self.report_state(now, peer, before, transition.next);
        }
        if let (Event::NotificationReceived, With::Notification(notification)) = (event, with) {
            self.remember_error(now, peer, notification, Direction::Received);
            self.report_on(now, index, EventKind::NotificationReceived(notification.clone()));
        }
        if effects.contains(Effects::SESSION_DOWN) {
            self.session_down(now, index, down_reason(event, with));
        }
        if effects.contains(Effects::CLOSE_CONNECTION) {
            self.end_connection(now, index, event, &transition, with);
            return;
        }
        self.advance(now, index, effects, with);
    }

    /// Effects of a session that goes on.
    fn advance(&mut self, now: Instant, index: u16, effects: Effects, with: With<'_>) {
        if effects.contains(Effects::SEND_OPEN) {
            self.prepare_open(index);
        }
        let conn = &mut self.conns[usize::from(index)];
        if effects.contains(Effects::SEND_KEEPALIVE) {
            conn.pending |= pending::KEEPALIVE;
        }
        if effects.contains(Effects::ARM_LARGE_HOLD) {
            conn.hold_at = Some(now + Effects::LARGE_HOLD);
            self.arm(now + Effects::LARGE_HOLD, Wake::Connection(index));
        }
        if effects.contains(Effects::ARM_HOLD) {
            self.restart_hold(now, index);
            if self.conns[usize::from(index)].hold_at.is_none() {
                // Nothing is held, but a KEEPALIVE must come once, or the connection stays half open for ever.
                self.conns[usize::from(index)].hold_at = Some(now + Effects::LARGE_HOLD);
                self.arm(now + Effects::LARGE_HOLD, Wake::Connection(index));
            }
            self.arm_send_hold(now, index);
        }
        if effects.contains(Effects::ARM_KEEPALIVE) {
            self.arm_keepalive(now, index);
            if mutant!(NeverSilent) {
                self.announce_again(self.conns[usize::from(index)].peer);
            }
        }
        if effects.contains(Effects::STOP_CONNECT_RETRY) {
            self.rest_own_part(index);
        }
        if effects.contains(Effects::SESSION_UP) {
            self.give_up_dial(index);
            self.session_up(now, index);
        }
        if effects.contains(Effects::DELIVER_REFRESH)
            && let With::Body(body) = with
        {
            self.refresh_received(now, index, body);
        }
    }

    /// A connection took over from the neighbor's own part, which stops dialling, unless it has a dial under way.
    fn rest_own_part(&mut self, index: u16) {
        let conn = &self.conns[usize::from(index)];
        let slot = &self.peers[usize::from(conn.peer)];
        let dialling = |other: u16| other != index && self.conns[usize::from(other)].phase == Phase::Dialling;
        if conn.peer != 0 && !slot.outgoing.is_some_and(dialling) {
            self.rest(conn.peer);
        }
    }

    /// A neighbor's own part rests while its connection goes on.
    pub(super) fn rest(&mut self, peer: u16) {
        let slot = &mut self.peers[usize::from(peer)];
        slot.state = State::Idle;
        slot.retry_at = None;
        slot.idle_until = None;
    }

    /// A dial that is still under way when the session is up has nothing left to win: the neighbor would refuse it, or
    /// never answer, and it would be repeated for ever.
    fn give_up_dial(&mut self, index: u16) {
        let peer = self.conns[usize::from(index)].peer;
        let slot = &mut self.peers[usize::from(peer)];
        if let Some(dial) = slot.outgoing
            && self.conns[usize::from(dial)].phase == Phase::Dialling
        {
            slot.outgoing = None;
            self.bury(dial);
            self.rest(peer);
        }
    }

    fn prepare_open(&mut self, index: u16) {
        let Some(&settings) = self.settings_of(index) else { return };
        let extended_messages = self.lease_large_carry(index);
        let conn = &mut self.conns[usize::from(index)];
        // A session over IPv4 has an IPv4 next hop for IPv4 prefixes at both ends.
        let over_ipv6 = conn.ends.is_some_and(|ends| ends.remote.ip().to_canonical().is_ipv6());
        conn.offered = Some(OpenParams {
            asn: self.local.asn,
            hold: if mutant!(OpenHold) { 240 } else { settings.timers.hold },
            router_id: self.local.router_id,
            families: settings.families,
            extended_next_hop: (over_ipv6 || mutant!(OpenExtendedNextHop))
                && settings.families.contains(Family::Ipv4Unicast),
            extended_messages,
            restart: settings.restart_time,
            restarting: false,
            forwarding: crate::FamilySet::EMPTY,
        });
        conn.pending |= pending::OPEN;
    }

    fn report_state(&mut self, now: Instant, peer: u16, from: State, to: State) {
        // Dynamic neighbors come in any number, too; those that get somewhere are heard of.
        let dynamic = self.peers[usize::from(peer)].config.is_some_and(|config| config.dynamic);
        let is_far = [from, to].contains(&State::Established);
        if dynamic && !is_far && !self.peers[0].quiet.is_over(Chatter::Arrival, now) {
            return;
        }
        self.report(now, peer, EventKind::State { from, to });
    }

    /// The connection ends: with a NOTIFICATION where there is one and TCP is open.
    fn end_connection(
        &mut self,
        now: Instant,
        index: u16,
        event: Event,
        transition: &Transition,
        with: With<'_>,
    ) {
        let notification = match (transition.notify, with) {
            (Some(_), With::Cease(..)) if mutant!(CeaseIsFault) => {
                Some(Notification::new(codes::fsm::UNSPECIFIED))
            }
            (Some(Notify::Code(code)), _) => Some(match event.message() {
                Some(unexpected) => Notification::with_data(code, &[unexpected as u8]),
                None => Notification::new(code),
            }),
            (Some(Notify::Given), With::Notification(given) | With::Cease(given, _)) => Some(given.clone()),
            _ => None,
        };
        let conn = &mut self.conns[usize::from(index)];
        let peer = conn.peer;
        // It counts for the failure that ended that session, not for those that follow.
        let established_for = core::mem::take(&mut self.peers[usize::from(peer)].established_for);
        conn.state = State::Idle;
        conn.keepalive_at = None;
        conn.hold_at = None;
        conn.refresh = crate::FamilySet::EMPTY;
        if let Some(notification) = notification {
            conn.phase = Phase::Closing;
            // What was to be said before is not any more, but for an OPEN: no NOTIFICATION comes before it.
            conn.pending = conn.pending & pending::OPEN | pending::NOTIFICATION;
            conn.notification = notification.clone();
            conn.hold_at = Some(now + CLOSING);
            self.arm(now + CLOSING, Wake::Connection(index));
            self.remember_error(now, peer, &notification, Direction::Sent);
            self.report_on(now, index, EventKind::NotificationSent(notification));
        } else if event != Event::TcpFailed {
            self.bury(index);
        }
        self.detach(now, index, transition.effects, established_for);
    }

    /// The neighbor has lost a connection: it rests, waits, or carries on with another one.
    fn detach(&mut self, now: Instant, index: u16, effects: Effects, established_for: Millis) {
        let peer = self.conns[usize::from(index)].peer;
        let slot = &mut self.peers[usize::from(peer)];
        for place in [&mut slot.outgoing, &mut slot.incoming] {
            if *place == Some(index) {
                *place = None;
            }
        }
        let Some(config) = slot.config.filter(|_| slot.outgoing.is_none() && slot.incoming.is_none()) else {
            return;
        };
        if config.dynamic {
            slot.closed = Some(now);
            if let Some(at) = slot.forgotten_at() {
                self.arm(at, Wake::Peer(PeerId(peer)));
            }
            return;
        }
        if !self.may_start(peer) {
            return;
        }
        let slot = &mut self.peers[usize::from(peer)];
        if effects.contains(Effects::BACK_OFF) {
            let rest = slot.backoff.failed(established_for);
            let until = now + jitter(&mut self.rng, rest);
            slot.idle_until = Some(until);
            slot.deaf_until = until.min(now + DEAF);
            self.arm(until, Wake::Peer(PeerId(peer)));
        } else if effects.contains(Effects::ARM_CONNECT_RETRY) {
            slot.state = State::Active;
            self.arm_connect_retry(now, peer, true);
        }
    }

    /// Whether a neighbor is one that is brought up by this end.
    pub(super) fn may_start(&self, peer: u16) -> bool {
        let slot = &self.peers[usize::from(peer)];
        slot.admin == Admin::Up
            && !self.stopping
            && !slot.removed
            && slot.config.is_some_and(|config| !config.dynamic)
    }

    /// Starts a neighbor, as soon as nothing holds it up.
    pub(super) fn start(&mut self, now: Instant, peer: u16) {
        if !self.may_start(peer) {
            return;
        }
        if self.is_held_up(peer) {
            self.peers[usize::from(peer)].idle_until = Some(now);
            return;
        }
        let slot = &mut self.peers[usize::from(peer)];
        let passive = slot.settings().is_some_and(|settings| settings.passive);
        self.own(now, peer, if passive { Event::StartPassive } else { Event::Start });
    }

    /// Feeds an event to a neighbor's own part, which has no connection but a dial.
    pub(super) fn own(&mut self, now: Instant, peer: u16, event: Event) {
        let slot = &mut self.peers[usize::from(peer)];
        let before = slot.state;
        let Transition { effects, next, .. } = fsm::step(before, event);
        slot.state = next;
        slot.idle_until = None;
        if effects.contains(Effects::CLEAR_BACK_OFF) {
            slot.backoff.clear();
        }
        if effects.contains(Effects::CLOSE_CONNECTION)
            && let Some(dial) = slot.outgoing.take()
        {
            self.bury(dial);
        }
        if effects.contains(Effects::STOP_CONNECT_RETRY) {
            self.peers[usize::from(peer)].retry_at = None;
        }
        let failed = event == Event::TcpFailed;
        if effects.contains(Effects::ARM_CONNECT_RETRY) {
            self.arm_connect_retry(now, peer, failed);
        }
        if mutant!(RetryForgotten) && failed {
            self.peers[usize::from(peer)].retry_at = None;
        }
        if effects.contains(Effects::DIAL) && !self.dial(peer) {
            self.peers[usize::from(peer)].state = State::Active;
        }
        let after = self.peers[usize::from(peer)].state;
        if before != after {
            self.report_state(now, peer, before, after);
        }
    }

    pub(super) fn has_connection(&self, peer: u16) -> bool {
        let slot = &self.peers[usize::from(peer)];
        slot.outgoing.is_some() || slot.incoming.is_some()
    }

    /// Ends a connection's session for an administrative reason.
    pub(super) fn cease(
        &mut self,
        now: Instant,
        index: u16,
        notification: &Notification,
        reason: DownReason,
    ) {
        match self.conns[usize::from(index)].phase {
            Phase::Open => self.drive(now, index, Event::CeaseRequested, With::Cease(notification, reason)),
            Phase::Free | Phase::Dialling | Phase::Closing | Phase::Dead => {}
        }
    }

    /// Ends everything of a neighbor and leaves it in Idle; whether it was Established.
    pub(super) fn end_sessions(
        &mut self,
        now: Instant,
        peer: u16,
        notification: &Notification,
        reason: DownReason,
    ) -> bool {
        let slot = &self.peers[usize::from(peer)];
        if slot.config.is_none() {
            return false;
        }
        let established = slot.session.is_some();
        for conn in [slot.outgoing, slot.incoming].into_iter().flatten() {
            self.cease(now, conn, notification, reason);
        }
        self.own(now, peer, Event::Stop);
        let slot = &mut self.peers[usize::from(peer)];
        slot.idle_until = None;
        slot.retry_at = None;
        established
    }

    fn session_up(&mut self, now: Instant, index: u16) {
        let conn = &self.conns[usize::from(index)];
        let (peer, agreed, ends) = (conn.peer, conn.agreed, conn.ends);
        let (Some(agreed), Some(ends)) = (agreed, ends) else { return };
        let slot = &mut self.peers[usize::from(peer)];
        slot.session = Some(index);
        slot.since = Some(now);
        slot.agreed = Some(agreed);
        slot.ends = Some(ends);
        slot.closed = None;
        slot.incomplete = false;
        for family in Family::ALL {
            let active = agreed.negotiated.families.contains(family);
            let marker = if active { with_table!(self.rib, family, table => table.join()) } else { 0 };
            slot.families[family.index()] = FamilySession { active, marker, ..FamilySession::default() };
        }
        let facts = &mut self.rib.shared.facts[usize::from(peer)];
        facts.generation = facts.generation.wrapping_add(1);
        facts.router_id = agreed.router_id.to_bits();
        facts.address = match ends.remote.ip().to_canonical() {
            core::net::IpAddr::V4(addr) => addr.to_ipv6_mapped().octets(),
            core::net::IpAddr::V6(addr) => addr.octets(),
        };
        let external = if agreed.asn == self.local.asn { 0 } else { PeerFacts::EXTERNAL };
        facts.flags = PeerFacts::ALIVE | external;
        self.report(now, peer, EventKind::Established { router_id: agreed.router_id, asn: agreed.asn });
    }

    fn session_down(&mut self, now: Instant, index: u16, reason: DownReason) {
        let peer = self.conns[usize::from(index)].peer;
        let slot = &mut self.peers[usize::from(peer)];
        slot.session = None;
        slot.flaps = slot.flaps.saturating_add(1);
        slot.lost_lately = true;
        slot.established_for = slot.since.take().map_or(Millis(0), |since| now.since(since));
        slot.incomplete = false;
        for family in Family::ALL {
            let session = &mut slot.families[family.index()];
            session.active = false;
            let marker = core::mem::take(&mut session.marker);
            with_table!(self.rib, family, table => table.changes.leave(marker));
        }
        // From here on none of its paths takes part in anything, purged or not.
        self.rib.shared.facts[usize::from(peer)].flags &= !PeerFacts::ALIVE;
        slot.job = Job::after_session();
        self.report(now, peer, EventKind::Down(reason));
        self.go_on(now, peer, jobs::AT_ONCE);
    }

    /// Goes on with a neighbor's job; what is left of the budget.
    pub(super) fn go_on(&mut self, now: Instant, peer: u16, budget: u32) -> u32 {
        let mut left = budget;
        let slot = &mut self.peers[usize::from(peer)];
        while slot.job != Job::None && left > 0 {
            left = jobs::step(&mut self.rib, peer, slot, left);
        }
        if slot.job == Job::None {
            let removed = slot.removed && slot.outgoing.is_none() && slot.incoming.is_none();
            self.report(now, peer, EventKind::Purged);
            if removed {
                self.vacate(peer);
            } else if let Some(until) = self.peers[usize::from(peer)].idle_until {
                self.arm(until, Wake::Peer(PeerId(peer)));
            }
        } else {
            self.arm(now, Wake::Work);
        }
        left
    }

    fn remember_error(&mut self, now: Instant, peer: u16, notification: &Notification, direction: Direction) {
        if peer != 0 {
            let error = LastError { notification: notification.clone(), direction, at: now };
            self.peers[usize::from(peer)].last_error = Some(error);
        }
    }
}

/// What an event that ends an Established session says of the reason.
fn down_reason(event: Event, with: With<'_>) -> DownReason {
    match (event, with) {
        (_, With::Cease(_, reason)) => reason,
        (_, With::Cause(cause)) => DownReason::ConnectionClosed(cause),
        (Event::HoldExpired, _) => DownReason::HoldTimerExpired,
        (Event::SendHoldExpired, _) => DownReason::SendHoldTimerExpired,
        (Event::NotificationReceived, _) => DownReason::NotificationReceived,
        (Event::CollisionLost, _) => DownReason::Collision,
        _ => DownReason::ProtocolError,
    }
}
