//! Connections: who may connect, which slot they get, what the driver is to do with them.

use core::net::{IpAddr, SocketAddr};

use super::Speaker;
use super::configure::longest_match;
use super::conn_slot::{ConnSlot, Phase};
use super::peer_slot::{Chatter, Job};
use super::session::With;
use super::types::{Action, CloseCause, ConnId, Ends, PeerId, Refusal, Wake};
use crate::config::{RemoteAs, Settings, Ttl};
use crate::event::EventKind;
use crate::memory::LARGE_CARRIES;
use crate::peer::State;
use crate::peer::fsm::Event;
use crate::time::{Instant, Millis};
use crate::view::Admin;

/// An accepted connection without an OPEN lives this long.
const UNOPENED: Millis = Millis::from_secs(10);
/// Connections without an OPEN that one source address may have.
const UNOPENED_PER_SOURCE: usize = 8;

impl Speaker<'_> {
    /// The work of [`Speaker::accept`].
    pub(super) fn on_accept(&mut self, now: Instant, ends: Ends) -> Result<ConnId, Refusal> {
        let result = self.admit(now, ends);
        match result {
            Ok((peer, range)) => {
                let index =
                    if peer == 0 && self.spare_connections() == 0 { None } else { self.take_connection() };
                let Some(index) = index else {
                    self.high.connections_refused += 1;
                    return Err(self.refuse_connection(now, peer, Refusal::ConnectionsFull));
                };
                let conn = &mut self.conns[usize::from(index)];
                conn.peer = peer;
                conn.range = range;
                if peer != 0 {
                    self.peers[usize::from(peer)].incoming = Some(index);
                }
                self.tcp_opened(now, index, ends);
                Ok(self.handle(index))
            }
            Err((peer, refusal)) => Err(self.refuse_connection(now, peer, refusal)),
        }
    }

    fn refuse_connection(&mut self, now: Instant, peer: u16, refusal: Refusal) -> Refusal {
        for (count, _) in
            self.high.turned_away.iter_mut().zip(Refusal::ALL).filter(|(_, why)| *why == refusal)
        {
            *count += 1;
        }
        // What comes from strangers is not worth an event each, nor is each attempt of a neighbor's.
        if peer != 0 && self.peers[usize::from(peer)].quiet.is_over(Chatter::Refusal, now) {
            self.report(now, peer, EventKind::ConnectionRefused(refusal));
        }
        refusal
    }

    /// The neighbor that a connection is from, or the dynamic range that it may become one of.
    fn admit(&self, now: Instant, ends: Ends) -> Result<(u16, Option<u16>), (u16, Refusal)> {
        let remote = ends.remote.ip().to_canonical();
        if self.stopping {
            return Err((0, Refusal::Stopping));
        }
        let from_range = || {
            let range = self.find_range(remote).ok_or((0, Refusal::NotConfigured))?;
            self.admit_from_range(remote, range).map(|()| (0, Some(range))).map_err(|why| (0, why))
        };
        let Some(peer) = self.find_peer(remote) else { return from_range() };
        let slot = &self.peers[usize::from(peer.0)];
        if slot.admin != Admin::Up {
            return Err((peer.0, Refusal::AdministrativelyDown));
        }
        // RFC 4271, 8.2.2: in Idle every incoming connection is refused. Not for all of a long rest, which is there to spare
        // the neighbor our dialling.
        if slot.idle_until.is_some() && slot.deaf_until > now {
            return Err((peer.0, Refusal::Resting));
        }
        if slot.incoming.is_some() || slot.session.is_some() || slot.job != Job::None {
            return Err((peer.0, Refusal::Busy));
        }
        // A dynamic neighbor that comes back is nobody until its OPEN is there: its place in the range is open to others.
        if slot.config.is_some_and(|config| config.dynamic) { from_range() } else { Ok((peer.0, None)) }
    }

    fn admit_from_range(&self, remote: IpAddr, range: u16) -> Result<(), Refusal> {
        let from_source = self.conns.iter().filter(|conn| {
            matches!(conn.phase, Phase::Open | Phase::Closing)
                && conn.peer == 0
                && conn.ends.is_some_and(|ends| ends.remote.ip().to_canonical() == remote)
        });
        if from_source.count() >= UNOPENED_PER_SOURCE {
            return Err(Refusal::TooManyFromSource);
        }
        if self.range_is_full(range) { Err(Refusal::DynamicLimit) } else { Ok(()) }
    }

    /// The dynamic range that holds an address.
    pub(super) fn find_range(&self, remote: IpAddr) -> Option<u16> {
        longest_match(&self.ranges, remote)
    }

    /// Whether ranges with this one's tag have as many neighbors as they may. Closed ones do not count.
    pub(super) fn range_is_full(&self, range: u16) -> bool {
        let Some(range) = self.ranges.get(usize::from(range)) else { return true };
        let of_range = self.peers.iter().filter(|slot| {
            slot.closed.is_none()
                && slot
                    .config
                    .is_some_and(|config| config.dynamic && config.settings.tag == range.settings.tag)
        });
        of_range.count() >= usize::from(range.limit)
    }

    /// TTL that an accepted connection must be given, and whether its neighbor is external.
    pub fn ttl(&self, conn: ConnId) -> Option<(Ttl, bool)> {
        let index = self.find(conn)?;
        let settings = self.settings_of(index)?;
        Some((settings.ttl, self.is_external(settings)))
    }

    /// Settings that a connection is under: its neighbor's, or its range's.
    pub(super) fn settings_of(&self, index: u16) -> Option<&Settings> {
        let conn = &self.conns[usize::from(index)];
        match conn.peer {
            0 => self.ranges.get(usize::from(conn.range?)).map(|range| &range.settings),
            peer => self.peers[usize::from(peer)].settings(),
        }
    }

    fn is_external(&self, settings: &Settings) -> bool {
        match settings.remote_as {
            RemoteAs::Asn(asn) => asn != self.local.asn,
            RemoteAs::Internal => false,
            RemoteAs::External | RemoteAs::Any => true,
        }
    }

    /// The work of [`Speaker::connected`].
    pub(super) fn on_connected(&mut self, now: Instant, conn: ConnId, ends: Ends) {
        if let Some(index) = self.find(conn)
            && self.conns[usize::from(index)].phase == Phase::Dialling
        {
            self.tcp_opened(now, index, ends);
        }
    }

    fn tcp_opened(&mut self, now: Instant, index: u16, ends: Ends) {
        self.learn_own_addresses(&ends);
        let conn = &mut self.conns[usize::from(index)];
        let incoming = conn.phase != Phase::Dialling;
        conn.phase = Phase::Open;
        conn.outgoing = !incoming;
        conn.wants_dial = false;
        conn.ends = Some(ends);
        conn.taken_at = now;
        // Both ways lead to OpenSent: here the state before is that of a session that waits for TCP.
        conn.state = if incoming { State::Active } else { State::Connect };
        self.drive(now, index, Event::TcpOpened, With::Nothing);
        if incoming {
            let conn = &mut self.conns[usize::from(index)];
            if conn.phase == Phase::Open {
                conn.hold_at = Some(now + UNOPENED);
            }
            self.arm(now + UNOPENED, Wake::Connection(index));
        }
    }

    /// The work of [`Speaker::closed`].
    pub(super) fn on_closed(&mut self, now: Instant, conn: ConnId, cause: CloseCause) {
        let Some(index) = self.find(conn) else { return };
        let conn = &self.conns[usize::from(index)];
        match conn.phase {
            Phase::Dialling => {
                let peer = conn.peer;
                let slot = &mut self.peers[usize::from(peer)];
                slot.counters.connect_failures += 1;
                slot.outgoing = None;
                self.report(now, peer, EventKind::ConnectFailed(cause));
                self.own(now, peer, Event::TcpFailed);
                if self.has_connection(peer) {
                    // The one that was accepted goes on: nothing is dialled as long as it does.
                    self.rest(peer);
                }
            }
            Phase::Open => self.drive(now, index, Event::TcpFailed, With::Cause(cause)),
            Phase::Closing => self.arm(now, Wake::Peer(PeerId(conn.peer))),
            Phase::Dead | Phase::Free => {}
        }
        // The driver has closed it already: there is nothing left to ask of it.
        self.release_large_carry(index);
        self.conns[usize::from(index)].free();
    }

    /// Connection slots that are free for strangers: each configured neighbor without a connection has one kept for it,
    /// so that no flood keeps them out.
    fn spare_connections(&self) -> usize {
        let waiting = |peer: &u16| {
            let config = self.peers[usize::from(*peer)].config;
            config.is_some_and(|config| !config.dynamic) && !self.has_connection(*peer)
        };
        let kept = (1..self.peers.len() as u16).filter(waiting).count();
        let free = self.conns.len() - usize::from(self.open_connections());
        free.saturating_sub(kept)
    }

    /// A free connection slot, marked as being dialled or accepted.
    pub(super) fn take_connection(&mut self) -> Option<u16> {
        let index = self.conns.iter().position(|conn| conn.phase == Phase::Free)? as u16;
        self.conns[usize::from(index)].phase = Phase::Open;
        self.high.connections = self.high.connections.max(self.open_connections());
        Some(index)
    }

    pub(super) fn open_connections(&self) -> u16 {
        self.conns.iter().filter(|conn| conn.phase != Phase::Free).count() as u16
    }

    /// The slot of a handle, unless the handle is dead.
    #[inline]
    pub(super) fn find(&self, conn: ConnId) -> Option<u16> {
        let slot = self.conns.get(usize::from(conn.index))?;
        (slot.generation == conn.generation && !matches!(slot.phase, Phase::Free | Phase::Dead))
            .then_some(conn.index)
    }

    pub(super) fn handle(&self, index: u16) -> ConnId {
        ConnId { index, generation: self.conns[usize::from(index)].generation }
    }

    /// The driver is to close this connection.
    pub(super) fn bury(&mut self, index: u16) {
        self.release_large_carry(index);
        let conn = &mut self.conns[usize::from(index)];
        if conn.phase == Phase::Dialling && conn.wants_dial {
            // The driver never heard of it.
            conn.free();
            return;
        }
        let said_goodbye = conn.phase == Phase::Closing;
        conn.phase = Phase::Dead;
        conn.state = State::Idle;
        self.actions = true;
        if said_goodbye {
            let peer = self.conns[usize::from(index)].peer;
            self.arm(Instant::EPOCH, Wake::Peer(PeerId(peer)));
        }
    }

    /// Whether a neighbor must wait before it is dialled: what its former session left is still being removed, or it has
    /// yet to be told that it ended. Dialled before that, it would refuse a second connection.
    pub(super) fn is_held_up(&self, peer: u16) -> bool {
        let closing = |conn: &ConnSlot| conn.peer == peer && conn.phase == Phase::Closing;
        self.peers[usize::from(peer)].job != Job::None || self.conns.iter().any(closing)
    }

    /// Leases a large carry to a connection, if one is free: only then can it take extended messages (RFC 8654).
    pub(super) fn lease_large_carry(&mut self, index: u16) -> bool {
        let carries = (self.large_carries.len() / crate::memory::LARGE_CARRY).min(usize::from(LARGE_CARRIES));
        let free = (0..carries as u16).find(|&carry| self.large_leases & 1 << carry == 0);
        if let Some(carry) = free {
            self.large_leases |= 1 << carry;
            self.conns[usize::from(index)].large = Some(carry);
        }
        free.is_some()
    }

    pub(super) fn release_large_carry(&mut self, index: u16) {
        if let Some(carry) = self.conns[usize::from(index)].large.take()
            && !mutant!(LeaseLeaks)
        {
            self.large_leases &= !(1 << carry);
        }
    }

    /// Dials a neighbor; false if no connection slot is free.
    pub(super) fn dial(&mut self, peer: u16) -> bool {
        let Some(index) = self.take_connection() else {
            self.high.connections_refused += 1;
            return false;
        };
        let conn = &mut self.conns[usize::from(index)];
        conn.phase = Phase::Dialling;
        conn.wants_dial = true;
        conn.outgoing = true;
        conn.peer = peer;
        self.peers[usize::from(peer)].outgoing = Some(index);
        self.actions = true;
        true
    }

    /// The work of [`Speaker::poll_action`].
    pub(super) fn next_action(&mut self) -> Option<Action> {
        if !self.actions {
            return None;
        }
        let count = self.conns.len() as u16;
        for _ in 0..count {
            let index = self.action_cursor;
            self.action_cursor = (index + 1) % count;
            if let Some(action) = self.action_of(index) {
                return Some(action);
            }
        }
        self.actions = false;
        None
    }

    fn action_of(&mut self, index: u16) -> Option<Action> {
        let handle = self.handle(index);
        let conn: &mut ConnSlot = &mut self.conns[usize::from(index)];
        match conn.phase {
            Phase::Dead => {
                conn.free();
                Some(Action::Close { conn: handle })
            }
            Phase::Dialling if conn.wants_dial => {
                conn.wants_dial = false;
                let config = self.peers[usize::from(conn.peer)].config?;
                Some(Action::Connect {
                    conn: handle,
                    remote: SocketAddr::new(config.remote, config.port),
                    local: config.settings.local_address,
                    interface: config.settings.local_interface,
                    ttl: config.settings.ttl,
                    external: self.is_external(&config.settings),
                })
            }
            _ => None,
        }
    }
}
