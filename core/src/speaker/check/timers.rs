//! Whether timers run where they must, and the driver comes in time for the earliest.

use super::{PeerSlot, Speaker};
use crate::check::{Checked, ensure};
use crate::peer::State;
use crate::speaker::conn_slot::{ConnSlot, Phase};
use crate::speaker::peer_slot::Job;
use crate::time::Instant;

impl Speaker<'_> {
    pub(in crate::speaker) fn check_timers(&self, now: Instant) -> Checked {
        for (index, conn) in (0..).zip(self.conns.iter()) {
            self.check_connection_timers(now, index, conn)?;
        }
        for (peer, slot) in self.neighbors() {
            self.check_neighbor_timers(now, peer, slot)?;
        }
        ensure!(self.comes_by(now, self.drain_until), "nobody comes when draining is to withdraw");
        let incomplete = self.peers.iter().any(PeerSlot::wants_more);
        ensure!(!incomplete || self.next_timer.is_some(), "nobody comes to make refusals good");
        Ok(())
    }

    /// Whether the driver is asked to come by then, or at once if that is over.
    fn comes_by(&self, now: Instant, at: Option<Instant>) -> bool {
        at.is_none_or(|at| self.next_timer.is_some_and(|next| next.at <= at.max(now)))
    }

    fn check_connection_timers(&self, now: Instant, index: u16, conn: &ConnSlot) -> Checked {
        if matches!(conn.phase, Phase::Free | Phase::Dialling | Phase::Dead) {
            return Ok(());
        }
        ensure!(self.comes_by(now, conn.hold_at), "nobody comes when connection {index} expires");
        ensure!(self.comes_by(now, conn.keepalive_at), "nobody comes for connection {index}'s keepalive");
        let agreed = conn.agreed.as_ref().map(|agreed| &agreed.negotiated);
        let held = match (conn.phase, conn.state) {
            // Where nothing is held, only what has not come to be is bounded.
            (Phase::Open, State::Established) => agreed.is_some_and(|agreed| agreed.hold > 0),
            _ => true,
        };
        ensure!(!held || conn.hold_at.is_some(), "connection {index} in {} is open for ever", conn.state);
        let kept = conn.phase == Phase::Open && conn.state >= State::OpenConfirm;
        let kept = kept && agreed.is_some_and(|agreed| agreed.keepalive > 0);
        ensure!(!kept || conn.keepalive_at.is_some(), "connection {index} sends no keepalive");
        Ok(())
    }

    fn check_neighbor_timers(&self, now: Instant, peer: u16, slot: &PeerSlot) -> Checked {
        if slot.job != Job::None {
            ensure!(self.comes_by(now, Some(now)), "nobody comes to purge neighbor {peer}");
            return Ok(());
        }
        // Who is held up is woken by what holds it up.
        let idle_until = slot.idle_until.filter(|_| !self.is_held_up(peer));
        for at in [slot.retry_at, idle_until, slot.forgotten_at()] {
            ensure!(self.comes_by(now, at), "nobody comes when neighbor {peer}'s timer expires");
        }
        let waits = slot.state == State::Active && slot.settings().is_some_and(|settings| settings.passive);
        ensure!(
            !self.may_start(peer)
                || self.has_connection(peer)
                || waits
                || slot.retry_at.or(slot.idle_until).is_some(),
            "neighbor {peer} rests in {} for ever",
            slot.state
        );
        Ok(())
    }
}
