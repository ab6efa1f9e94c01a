//! Timers: each is a point in time in the state of what it belongs to, and the earliest is what the driver waits for.

use super::Speaker;
use super::conn_slot::Phase;
use super::export::Drain;
use super::peer_slot::{Job, PeerSlot};
use super::session::With;
use super::types::{Deadline, PeerId, Wake};
use crate::peer::State;
use crate::peer::fsm::Event;
use crate::peer::jitter::jitter;
use crate::time::{Instant, Millis};

/// Full tables are looked at this often.
pub(super) const HOUSEKEEPING: Millis = Millis::from_secs(1);

impl Speaker<'_> {
    /// Makes sure that the driver calls at `at`, at the latest.
    pub(super) fn arm(&mut self, at: Instant, why: Wake) {
        if self.next_timer.is_none_or(|next| at < next.at && !mutant!(DeadlineIgnored)) {
            self.next_timer = Some(Deadline { at, why });
        }
    }

    /// When to call [`Speaker::timeout`] next, and why: [`Wake::Work`] asks for [`Speaker::work`] instead.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        self.next_timer
    }

    /// Starts the retry timer. The first attempt that fails after a session was lost is repeated soon: the neighbor may
    /// have refused it because it had not yet heard that the former session ended, or be just restarting.
    pub(super) fn arm_connect_retry(&mut self, now: Instant, peer: u16, failed: bool) {
        let slot = &mut self.peers[usize::from(peer)];
        let lost_lately = failed && core::mem::take(&mut slot.lost_lately);
        let Some(settings) = slot.settings().filter(|settings| !settings.passive) else { return };
        // Without any time between them, attempts that are refused at once would be all that ever happens.
        let seconds = if lost_lately { 1 } else { settings.timers.connect_retry.max(1) };
        let span = Millis::from_secs(seconds.into());
        let at = now + jitter(&mut self.rng, span);
        self.peers[usize::from(peer)].retry_at = Some(at);
        self.arm(at, Wake::Peer(PeerId(peer)));
    }

    /// Starts the hold timer anew with the negotiated time. The deadline that the driver has may be earlier, which costs
    /// one call.
    #[inline]
    pub(super) fn restart_hold(&mut self, now: Instant, index: u16) {
        let conn = &mut self.conns[usize::from(index)];
        let hold = conn.agreed.as_ref().map_or(0, |agreed| agreed.negotiated.hold);
        let span = Millis::from_secs(u64::from(hold));
        let span = if mutant!(HoldTooShort) { Millis(span.0 * 2 / 3) } else { span };
        conn.hold_at = (hold > 0).then(|| now + span);
        if let Some(at) = conn.hold_at {
            self.arm(at, Wake::Connection(index));
        }
    }

    pub(super) fn arm_keepalive(&mut self, now: Instant, index: u16) {
        let conn = &mut self.conns[usize::from(index)];
        let keepalive = conn.agreed.as_ref().map_or(0, |agreed| agreed.negotiated.keepalive);
        let keepalive = u64::from(keepalive) << u32::from(mutant!(LateKeepalive));
        conn.keepalive_at =
            (keepalive > 0).then(|| now + jitter(&mut self.rng, Millis::from_secs(keepalive)));
        if let Some(at) = conn.keepalive_at {
            self.arm(at, Wake::Connection(index));
        }
    }

    /// The send hold time; `None`: the neighbor may take its time.
    fn send_hold(&self, index: u16) -> Option<Millis> {
        let seconds = self.settings_of(index)?.timers.send_hold;
        (seconds > 0).then(|| Millis::from_secs(seconds.into()))
    }

    pub(super) fn arm_send_hold(&mut self, now: Instant, index: u16) {
        if let Some(span) = self.send_hold(index) {
            self.arm(now + span, Wake::Connection(index));
        }
    }

    /// The work of [`Speaker::timeout`].
    pub(super) fn on_timeout(&mut self, now: Instant) {
        self.next_timer = None;
        for index in 0..self.conns.len() as u16 {
            self.connection_timers(now, index);
        }
        for peer in 1..self.peers.len() as u16 {
            self.peer_timers(now, peer);
        }
        if self.drain_until.is_some_and(|at| at <= now) {
            self.drain_until = None;
            self.drain = Drain::Withdrawn;
            if !mutant!(DrainKeeps) {
                self.announce_all_again();
            }
        }
        self.housekeeping(now);
        self.arm_all(now);
    }

    fn connection_timers(&mut self, now: Instant, index: u16) {
        let conn = &self.conns[usize::from(index)];
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        match conn.phase {
            Phase::Free | Phase::Dialling | Phase::Dead => {}
            Phase::Closing => {
                if due(conn.hold_at) {
                    self.bury(index);
                }
            }
            Phase::Open => {
                let (hold, keepalive) = (due(conn.hold_at), due(conn.keepalive_at));
                if hold && !mutant!(HoldExpiryIgnored) {
                    self.drive(now, index, Event::HoldExpired, With::Nothing);
                } else if self.is_stuck(now, index) {
                    self.drive(now, index, Event::SendHoldExpired, With::Nothing);
                } else if keepalive {
                    self.drive(now, index, Event::KeepaliveExpired, With::Nothing);
                }
            }
        }
    }

    /// Whether the neighbor has taken nothing for the send hold time although there was something (RFC 9687). Time in which
    /// there was nothing to take does not count: it begins anew when that is first seen.
    fn is_stuck(&mut self, now: Instant, index: u16) -> bool {
        let Some(span) = self.send_hold(index) else { return false };
        let waiting = self.has_output(index);
        let conn = &mut self.conns[usize::from(index)];
        if conn.state < State::OpenConfirm || !waiting {
            conn.blocked = false;
        } else if !conn.blocked {
            conn.blocked = true;
            conn.taken_at = now;
        }
        conn.blocked && now.since(conn.taken_at) >= span
    }

    fn peer_timers(&mut self, now: Instant, peer: u16) {
        let slot = &mut self.peers[usize::from(peer)];
        let Some(settings) = slot.settings() else { return };
        let passive = settings.passive;
        if slot.job != Job::None {
            return;
        }
        if slot.forgotten_at().is_some_and(|at| at <= now) {
            self.vacate(peer);
            return;
        }
        let slot = &mut self.peers[usize::from(peer)];
        if slot.idle_until.is_some_and(|until| until <= now) {
            if self.is_held_up(peer) {
                return;
            }
            self.peers[usize::from(peer)].idle_until = None;
            if self.may_start(peer) && !self.has_connection(peer) {
                let event = if passive { Event::IdleHoldExpiredPassive } else { Event::IdleHoldExpired };
                self.own(now, peer, event);
            }
        } else if slot.retry_at.is_some_and(|at| at <= now) {
            slot.retry_at = None;
            self.own(now, peer, Event::ConnectRetryExpired);
        }
    }

    fn housekeeping(&mut self, now: Instant) {
        let told = |slot: &super::PeerSlot| -> u64 {
            slot.families.iter().map(|family| u64::from(family.advertised)).sum()
        };
        self.high.advertised = self.high.advertised.max(self.peers.iter().map(told).sum());
        self.report_full_tables(now);
        self.recover(now);
        self.relieve(now);
    }

    /// Finds the earliest timer of all.
    fn arm_all(&mut self, now: Instant) {
        for index in 0..self.conns.len() as u16 {
            let conn = &self.conns[usize::from(index)];
            if matches!(conn.phase, Phase::Free | Phase::Dialling | Phase::Dead) {
                continue;
            }
            let established = conn.phase == Phase::Open && conn.state >= State::OpenConfirm;
            let from = if conn.blocked { conn.taken_at } else { now };
            let send_hold = self.send_hold(index).filter(|_| established).map(|span| from + span);
            for at in [conn.hold_at, conn.keepalive_at, send_hold].into_iter().flatten() {
                self.arm(at, Wake::Connection(index));
            }
        }
        for peer in 1..self.peers.len() as u16 {
            let slot = &self.peers[usize::from(peer)];
            if slot.job != Job::None {
                self.arm(now, Wake::Work);
                continue;
            }
            // Who is held up is woken by what holds it up.
            let idle_until = slot.idle_until.filter(|_| !self.is_held_up(peer));
            for at in [slot.retry_at, idle_until, slot.forgotten_at()].into_iter().flatten() {
                self.arm(at, Wake::Peer(PeerId(peer)));
            }
        }
        if mutant!(Restless) {
            self.arm(now + Millis(10), Wake::Speaker);
        }
        if let Some(at) = self.drain_until {
            self.arm(at, Wake::Speaker);
        }
        if self.peers.iter().any(PeerSlot::wants_more) {
            self.arm(now + HOUSEKEEPING, Wake::Speaker);
        }
    }

    /// The work of [`Speaker::work`].
    pub(super) fn on_work(&mut self, now: Instant, budget: u32) -> bool {
        let mut left = self.go_on_reconsidering(budget);
        for _ in 1..self.peers.len() {
            if left == 0 {
                break;
            }
            let peer = self.job_cursor;
            if self.peers[usize::from(peer)].job != Job::None {
                left = self.go_on(now, peer, left);
                if left == 0 {
                    break;
                }
            }
            self.job_cursor = if usize::from(peer) + 1 < self.peers.len() { peer + 1 } else { 1 };
        }
        self.relieve(now);
        let sliding = self.rib.shared.attrs.slide(left.div_ceil(4));
        let more =
            sliding || self.reconsidering.is_some() || self.peers.iter().any(|slot| slot.job != Job::None);
        if !more && self.next_timer.is_some_and(|next| next.why == Wake::Work) {
            // The driver is not to be called back for work that is done.
            self.next_timer = None;
            self.arm_all(now);
        }
        more
    }
}
