//! OPEN: who is at the other end, what is agreed on, and which of two connections stays.

use super::Speaker;
use super::peer_slot::{Job, PeerIdentity};
use super::session::With;
use crate::peer::State;
use crate::peer::collision::{Contender, Identity, Verdict, resolve};
use crate::peer::fsm::Event;
use crate::peer::negotiate::{Agreed, negotiate};
use crate::time::Instant;
use crate::view::Admin;
use crate::wire::header::Kind;
use crate::wire::notification::Notification;
use crate::wire::notification::codes::cease;
use crate::wire::open::Open;

/// BGP's port: what a dynamic neighbor would be dialled on.
const BGP_PORT: u16 = 179;

impl Speaker<'_> {
    pub(super) fn open_received(&mut self, now: Instant, index: u16, open: &Open) {
        if self.conns[usize::from(index)].state != State::OpenSent {
            self.drive(now, index, Event::OpenReceived, With::Nothing);
            return;
        }
        let agreed = self.agree(index, open).and_then(|agreed| self.find_place(now, index).map(|()| agreed));
        let agreed = match agreed {
            Ok(agreed) => agreed,
            Err(notification) => {
                self.drive(now, index, Event::MessageFault, With::Notification(&notification));
                return;
            }
        };
        if !self.has_no_job(now, index) || !self.survives_collision(now, index, &agreed) {
            return;
        }
        let peer = usize::from(self.conns[usize::from(index)].peer);
        self.peers[peer].capabilities = open.capabilities.kept.clone();
        self.conns[usize::from(index)].agreed = Some(agreed);
        if !agreed.negotiated.extended_messages {
            self.release_large_carry(index);
        }
        self.drive(now, index, Event::OpenReceived, With::Nothing);
    }

    fn agree(&self, index: u16, open: &Open) -> Result<Agreed, Notification> {
        let rejected = || Notification::new(cease::CONNECTION_REJECTED);
        let settings = self.settings_of(index).ok_or_else(rejected)?;
        let offered = self.conns[usize::from(index)].offered.as_ref().ok_or_else(rejected)?;
        negotiate(offered, settings.timers.keepalive, settings.remote_as, open)
    }

    /// Gives a connection from a dynamic range its neighbor, now that it has said who it is.
    fn find_place(&mut self, now: Instant, index: u16) -> Result<(), Notification> {
        let conn = &self.conns[usize::from(index)];
        let (0, Some(range), Some(ends)) = (conn.peer, conn.range, conn.ends) else { return Ok(()) };
        let rejected = || Notification::new(cease::CONNECTION_REJECTED);
        let remote = ends.remote.ip().to_canonical();
        let peer = match self.find_peer(remote) {
            Some(peer) => {
                let slot = &self.peers[usize::from(peer.0)];
                if slot.incoming.is_some() || slot.admin != Admin::Up || self.range_is_full(range) {
                    return Err(rejected());
                }
                peer.0
            }
            None => {
                if self.range_is_full(range) {
                    return Err(rejected());
                }
                let settings = self.ranges.get(usize::from(range)).ok_or_else(rejected)?.settings;
                let identity = PeerIdentity { remote, port: BGP_PORT, dynamic: true, settings };
                self.place(now, identity).ok_or_else(|| Notification::new(cease::OUT_OF_RESOURCES))?
            }
        };
        self.conns[usize::from(index)].peer = peer;
        let slot = &mut self.peers[usize::from(peer)];
        slot.incoming = Some(index);
        slot.closed = None;
        // Both OPENs were exchanged before there was anybody to count them for.
        slot.counters.received[Kind::Open.index()] += 1;
        slot.counters.sent[Kind::Open.index()] += 1;
        Ok(())
    }

    /// Decides a collision with the neighbor's other connection (RFC 4271, 6.8); whether this one stays.
    fn survives_collision(&mut self, now: Instant, index: u16, agreed: &Agreed) -> bool {
        let conn = &self.conns[usize::from(index)];
        let slot = &self.peers[usize::from(conn.peer)];
        let other = [slot.outgoing, slot.incoming].into_iter().flatten().find(|&other| other != index);
        let Some(other) = other else { return true };
        let contender = |index: u16| {
            let conn = &self.conns[usize::from(index)];
            Contender { state: conn.state, dialled: conn.outgoing }
        };
        let ours = Identity { router_id: self.local.router_id, asn: self.local.asn };
        let theirs = Identity { router_id: agreed.router_id, asn: agreed.asn };
        match resolve(ours, theirs, contender(other), contender(index)) {
            Verdict::KeepBoth => true,
            Verdict::CloseExisting => {
                self.drive(now, other, Event::CollisionLost, With::Nothing);
                true
            }
            Verdict::CloseNew => {
                if mutant!(CollisionClosesBoth) {
                    self.drive(now, other, Event::CollisionLost, With::Nothing);
                }
                self.drive(now, index, Event::CollisionLost, With::Nothing);
                false
            }
        }
    }

    /// A KEEPALIVE makes this connection the session's; whether it may. With it the neighbor has decided a collision that
    /// was left to it: a session that another connection has is over.
    pub(super) fn takes_over(&mut self, now: Instant, index: u16) -> bool {
        let peer = usize::from(self.conns[usize::from(index)].peer);
        if let Some(other) = self.peers[peer].session {
            self.drive(now, other, Event::CollisionLost, With::Nothing);
        }
        self.has_no_job(now, index)
    }

    /// Refuses a session whose neighbor's former one is still being cleared away: it would lose its own paths with those.
    /// The connection may have been opened when that session was still up.
    fn has_no_job(&mut self, now: Instant, index: u16) -> bool {
        let peer = usize::from(self.conns[usize::from(index)].peer);
        let free = self.peers[peer].job == Job::None;
        if !free {
            let rejected = Notification::new(cease::CONNECTION_REJECTED);
            self.drive(now, index, Event::MessageFault, With::Notification(&rejected));
        }
        free
    }
}
