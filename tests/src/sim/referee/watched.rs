//! One connection that is watched, and how long its ends have been silent.

use std::net::IpAddr;

use crier_core::ConnId;
use crier_core::speaker::Ends;

use crate::sim::judge::keepalive::Pulse;
use crate::sim::judge::session::notification::{HOLD_TIMER, SEND_HOLD_TIMER};
use crate::sim::judge::{Agreed, Broken, SessionJudge};
use crate::sim::{Micros, Rule};

/// A speaker waits this long for an OPEN, where it did not dial itself.
const UNOPENED: Micros = Micros::secs(10);
/// It waits this long for a first KEEPALIVE where no hold time was agreed on (RFC 4271, 8.2.2: "a large value").
const UNCONFIRMED: Micros = Micros::secs(240);
/// Timers count milliseconds.
const TICK: Micros = Micros::millis(1);

/// A connection that is watched.
#[derive(Debug)]
pub(crate) struct Watched {
    /// Its handle.
    pub(crate) id: ConnId,
    /// Whose it is and with whom.
    pub(crate) name: String,
    pub(crate) ends: Ends,
    /// What judges its bytes.
    pub(crate) judge: SessionJudge,
    /// Its position among the router's sessions, once it is Established.
    pub(crate) session: Option<usize>,
    /// When something was last sent.
    pub(crate) last_sent: Option<Micros>,
    /// When something was last received.
    pub(crate) last_received: Option<Micros>,
    /// The least send hold time that was in force, in seconds; 0: none.
    send_hold: u16,
    timers: Timers,
}

/// What the timers of its host go by: its clock, which may jump.
#[derive(Debug)]
struct Timers {
    /// When the last message came that the hold timer begins anew with; the connection itself, before the first.
    heard: Micros,
    /// There was a silence that was long enough to give the neighbor up: it may be told late.
    given_up: bool,
    /// When the speaker last sent anything.
    spoke: Micros,
}

impl Watched {
    /// A connection that has just come to be, at this time by its host's clock.
    pub(crate) fn new(id: ConnId, ends: Ends, judge: SessionJudge, name: String, clock: Micros) -> Self {
        let timers = Timers { heard: clock, given_up: false, spoke: clock };
        Self {
            id,
            name,
            ends,
            judge,
            session: None,
            last_sent: None,
            last_received: None,
            send_hold: 0,
            timers,
        }
    }

    /// A send hold time is in force, in seconds; 0: none.
    pub(crate) fn limit_send_hold(&mut self, seconds: u16) {
        self.send_hold =
            [self.send_hold, seconds].into_iter().filter(|seconds| *seconds > 0).min().unwrap_or(0);
    }

    /// The neighbor's address.
    pub(crate) fn remote(&self) -> IpAddr {
        self.ends.remote.ip()
    }

    /// Own address.
    pub(crate) fn local(&self) -> IpAddr {
        self.ends.local.ip()
    }

    /// What was agreed on, while this very connection is an Established session: a neighbor that has one may have a second
    /// connection for a while.
    fn up(&self) -> Option<&Agreed> {
        self.judge.agreed().filter(|_| self.is_up())
    }

    /// Whether this very connection is an Established session.
    pub(super) fn is_up(&self) -> bool {
        self.session.is_some() && self.judge.is_established()
    }

    /// Whether something has come lately, as it does at rest.
    pub(crate) fn is_lively(&self, now: Micros) -> bool {
        let interval = self.up().map_or(0, |agreed| agreed.keepalive);
        let lately = |last| now - last <= Micros::secs(u64::from(interval) + 5);
        interval == 0 || self.last_received.is_some_and(lately)
    }

    /// Whether the neighbor has been silent for longer than it may, and this much more, and is taken for alive all the same.
    pub(crate) fn check_hold(&self, now: Micros, budget: Micros) -> Result<(), Broken> {
        let hold = self.up().map_or(0, |agreed| agreed.hold);
        let Some(last) = self.last_received.filter(|_| hold > 0) else { return Ok(()) };
        let silent = now - last;
        if silent <= Micros::secs(hold.into()) + budget {
            return Ok(());
        }
        let text = format!("{}: up after {silent} s of silence, with a hold time of {hold} s", self.name);
        Err(Broken::new(Rule::Forwarding, text))
    }

    /// What tells whether it has been silent for too long, while it is Established.
    pub(crate) fn pulse(&self, now: Micros, writable_since: Option<Micros>) -> Option<Pulse> {
        let keepalive = self.up()?.keepalive;
        Some(Pulse { now, last_sent: self.last_sent?, keepalive, writable_since })
    }

    /// Bytes came, at this time and at that by its host's clock.
    pub(crate) fn received(&mut self, now: Micros, clock: Micros, bytes: &[u8]) {
        let before = self.judge.heard();
        // A speaker judges a silence by what had been agreed on before it ended.
        let given_up = self.may_give_up(clock);
        self.judge.received(bytes);
        self.last_received = Some(now);
        if self.judge.heard() > before {
            self.timers.given_up |= given_up;
            self.timers.heard = clock;
        }
    }

    /// Something was sent, and judged, at this time by its host's clock: whether a NOTIFICATION among it that says that a
    /// timer has expired is true.
    pub(crate) fn check_expiry(&mut self, clock: Micros) -> Result<(), Broken> {
        let spoke = std::mem::replace(&mut self.timers.spoke, clock);
        let (what, since) = match self.judge.notified() {
            Some(HOLD_TIMER) if !self.timers.given_up && !self.may_give_up(clock) => {
                ("Hold Timer Expired", clock - self.timers.heard)
            }
            Some(SEND_HOLD_TIMER)
                if self.send_hold == 0 || clock + TICK < spoke + Micros::secs(self.send_hold.into()) =>
            {
                ("Send Hold Timer Expired", clock - spoke)
            }
            _ => return Ok(()),
        };
        let hold = self.judge.agreed().map_or(0, |agreed| agreed.hold);
        let text = format!(
            "{}: NOTIFICATION {what} after {since} s, with a hold time of {hold} s and a send hold time of {} s",
            self.name, self.send_hold
        );
        Err(Broken::new(Rule::Messages, text))
    }

    /// Whether the neighbor has been silent for so long that it may be given up.
    fn may_give_up(&self, clock: Micros) -> bool {
        let patience = match self.judge.agreed() {
            None => UNOPENED,
            Some(agreed) if agreed.hold > 0 => Micros::secs(agreed.hold.into()),
            Some(_) if !self.judge.is_confirmed() => UNCONFIRMED,
            Some(_) => return false,
        };
        clock + TICK >= self.timers.heard + patience
    }
}

#[cfg(test)]
mod tests;
