//! What an operator may ask of neighbors and of the speaker.

use super::Speaker;
use super::export::Drain;
use super::types::{Clear, CommandError, PeerId, Wake};
use crate::event::DownReason;
use crate::family::Family;
use crate::peer::State;
use crate::time::{Instant, Millis};
use crate::view::Admin;
use crate::wire::notification::Notification;
use crate::wire::notification::codes;

impl Speaker<'_> {
    fn known(&self, peer: PeerId) -> Result<u16, CommandError> {
        let slot = self.peers.get(usize::from(peer.0)).filter(|slot| slot.config.is_some() && !slot.removed);
        slot.map(|_| peer.0).ok_or(CommandError::NoSuchPeer)
    }

    /// The work of [`Speaker::clear`].
    pub(super) fn on_clear(&mut self, now: Instant, peer: PeerId, how: Clear) -> Result<(), CommandError> {
        let peer = self.known(peer)?;
        let session = self.peers[usize::from(peer)].session;
        match how {
            Clear::Hard => {
                let reset = Notification::new(codes::cease::ADMINISTRATIVE_RESET);
                self.end_sessions(now, peer, &reset, DownReason::AdministrativeReset);
                if self.peers[usize::from(peer)].admin != Admin::Down {
                    self.revive(now, peer);
                }
                Ok(())
            }
            Clear::SoftIn => {
                let conn = session.ok_or(CommandError::NotEstablished)?;
                if self.ask_refresh(conn) { Ok(()) } else { Err(CommandError::NoRouteRefresh) }
            }
            Clear::SoftOut => {
                session.ok_or(CommandError::NotEstablished)?;
                self.announce_again(peer);
                Ok(())
            }
        }
    }

    /// Everything is announced to a neighbor once more, as the policy has it now.
    pub(super) fn announce_again(&mut self, peer: u16) {
        for family in Family::ALL {
            let session = &mut self.peers[usize::from(peer)].families[family.index()];
            session.again = session.marker != 0;
        }
    }

    /// The work of [`Speaker::shutdown`].
    pub(super) fn on_shutdown(
        &mut self,
        now: Instant,
        peer: PeerId,
        message: &str,
    ) -> Result<(), CommandError> {
        let peer = self.known(peer)?;
        self.peers[usize::from(peer)].admin = Admin::Down;
        let cease = Notification::with_communication(codes::cease::ADMINISTRATIVE_SHUTDOWN, message);
        self.end_sessions(now, peer, &cease, DownReason::AdministrativeShutdown);
        Ok(())
    }

    /// The work of [`Speaker::enable`].
    pub(super) fn on_enable(&mut self, now: Instant, peer: PeerId) -> Result<(), CommandError> {
        let peer = self.known(peer)?;
        self.revive(now, peer);
        Ok(())
    }

    /// Ends waiting of any kind, and starts a neighbor that has no connection.
    pub(super) fn revive(&mut self, now: Instant, peer: u16) {
        let slot = &mut self.peers[usize::from(peer)];
        slot.admin = Admin::Up;
        slot.backoff.clear();
        slot.idle_until = None;
        if slot.state == State::Idle && !self.has_connection(peer) {
            self.start(now, peer);
        }
    }

    /// The work of [`Speaker::drain`].
    pub(super) fn on_drain(&mut self, now: Instant, wait: Millis) {
        if self.drained() {
            return;
        }
        self.drain = Drain::Announcing;
        self.drain_until = Some(now + wait);
        self.arm(now + wait, Wake::Speaker);
        self.announce_all_again();
    }

    /// The work of [`Speaker::undrain`].
    pub(super) fn on_undrain(&mut self) {
        if self.drain == Drain::No {
            return;
        }
        self.drain = Drain::No;
        self.drain_until = None;
        self.announce_all_again();
    }

    /// Whether the speaker drains.
    pub fn draining(&self) -> bool {
        self.drain != Drain::No
    }

    /// Whether it has drained: everything is withdrawn.
    pub fn drained(&self) -> bool {
        self.drain == Drain::Withdrawn
    }

    pub(super) fn announce_all_again(&mut self) {
        for peer in 1..self.peers.len() as u16 {
            self.announce_again(peer);
        }
    }

    /// The work of [`Speaker::stop`].
    pub(super) fn on_stop(&mut self, now: Instant, message: &str) {
        self.stopping = true;
        let cease = Notification::with_communication(codes::cease::ADMINISTRATIVE_SHUTDOWN, message);
        for peer in 1..self.peers.len() as u16 {
            self.end_sessions(now, peer, &cease, DownReason::Stopping);
        }
        for index in 0..self.conns.len() as u16 {
            self.cease(now, index, &cease, DownReason::Stopping);
        }
    }

    /// The work of [`Speaker::stop_preserving`].
    pub(super) fn on_stop_preserving(&mut self, now: Instant, message: &str) {
        self.stopping = true;
        let cease = Notification::with_communication(codes::cease::ADMINISTRATIVE_SHUTDOWN, message);
        for peer in 1..self.peers.len() as u16 {
            if !self.restarts_gracefully(peer) {
                self.end_sessions(now, peer, &cease, DownReason::Stopping);
            }
        }
    }

    fn restarts_gracefully(&self, peer: u16) -> bool {
        let slot = &self.peers[usize::from(peer)];
        let ours = slot.settings().is_some_and(|settings| settings.restart_time.is_some());
        let theirs = slot.agreed.as_ref().is_some_and(|agreed| agreed.negotiated.graceful_restart.is_some());
        slot.session.is_some() && ours && theirs
    }

    /// Whether no connection is left, as after [`Speaker::stop`].
    pub fn is_quiet(&self) -> bool {
        self.open_connections() == 0
    }
}
