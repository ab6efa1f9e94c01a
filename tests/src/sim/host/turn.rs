//! One turn of a daemon: what the loop over Linux sockets does, over virtual ones, in the same order.

use std::net::{IpAddr, SocketAddr};

use crier_core::config::Ttl;
use crier_core::speaker::{Action, CloseCause, Ends};
use crier_core::{ConnId, Event, Speaker};

use super::daemon::{Daemon, Session};
use super::{Flows, Host, Owner};
use crate::sim::Micros;
use crate::sim::tcp::Stands;

/// Entries of long jobs that a turn works through, and bytes that each connection may move, as in the daemon's loop.
const WORK_A_TURN: u32 = 4096;
const SHARE: usize = 64 << 10;
/// How often one that reads slowly reads.
const READS_A_SECOND: usize = 10;
/// How long last words have.
const PATIENCE: Micros = Micros::secs(5);
/// Time to live where nobody says otherwise.
const TTL: u8 = 64;

/// Who looks on while bytes go in and out.
pub(crate) trait Watch {
    /// A connection came to be, dialled or accepted.
    fn opened(&mut self, conn: ConnId, ends: &Ends);
    /// The speaker wrote this for a connection; it stands as it stood when it did.
    fn sent(&mut self, speaker: &Speaker<'_>, conn: ConnId, bytes: &[u8], writable_since: Micros);
    /// The speaker was given this.
    fn received(&mut self, conn: ConnId, bytes: &[u8]);
    /// A connection is over.
    fn closed(&mut self, conn: ConnId);
    /// Something happened.
    fn event(&mut self, event: &Event);
    /// The speaker allocated memory.
    fn allocated(&mut self, count: u32);
}

impl Host {
    /// One turn. True: there is more for another one.
    pub(crate) fn turn(&mut self, now: Micros, watch: &mut impl Watch) -> bool {
        let Some(mut daemon) = self.daemon.take() else { return false };
        if self.faults.rate().is_some() {
            self.flows.tell_readable(now);
        }
        let mut more = self.take_in(now, &mut daemon, watch);
        more |= self.act(now, &mut daemon, watch);
        let at = daemon.clock(now);
        daemon.called = at;
        if daemon.speaker().poll_timeout().is_some_and(|deadline| deadline.at <= at) {
            daemon.call(|speaker| speaker.timeout(at));
        }
        more |= daemon.call(|speaker| speaker.work(at, WORK_A_TURN));
        more |= self.act(now, &mut daemon, watch);
        more |= self.send(now, &mut daemon, watch);
        more |= self.act(now, &mut daemon, watch);
        while let Some(event) = daemon.poll_event() {
            watch.event(&event);
            self.tell_bridge(&mut daemon, at, &event);
        }
        // After the events: of a session that ended the bridge hears before it looks at the routes that ended with it.
        more |= self.turn_bridge(&mut daemon, at);
        if daemon.allocations > 0 {
            watch.allocated(std::mem::take(&mut daemon.allocations));
        }
        self.daemon = Some(daemon);
        more
    }

    /// Everything that sockets have to tell.
    fn take_in(&mut self, now: Micros, daemon: &mut Daemon, watch: &mut impl Watch) -> bool {
        let deaf = !self.faults.deaf.is_empty();
        let mut more = false;
        for id in std::mem::take(&mut daemon.lost) {
            let at = daemon.clock(now);
            daemon.remove(id);
            watch.closed(id);
            daemon.call(|speaker| speaker.closed(at, id, CloseCause::Reset));
        }
        for place in self.flows.take_news() {
            let Some(flow) = self.flows.get_mut(place) else { continue };
            let (local, remote) = (flow.local, flow.remote);
            match flow.owner {
                Owner::Handshake(_) => self.admit(now, place, daemon, watch),
                Owner::Kernel(_) => {}
                Owner::Daemon(id) => {
                    let stands = flow.end.stands();
                    let session = daemon.sessions.get_mut(usize::from(id.index)).and_then(Option::as_mut);
                    if session.is_some_and(|session| session.dialling && stands != Stands::Opening)
                        && self.finish_dialling(now, id, stands, (remote, local), daemon, watch)
                    {
                        continue;
                    }
                    if !deaf {
                        more |= self.read(now, place, id, daemon, watch);
                    }
                }
            }
        }
        more
    }

    /// A neighbor's handshake is over.
    fn admit(&mut self, now: Micros, place: usize, daemon: &mut Daemon, watch: &mut impl Watch) {
        let Some(flow) = self.flows.get_mut(place) else { return };
        let (local, remote) = (flow.local, flow.remote);
        if flow.end.stands() == Stands::Over {
            self.flows.forget(place);
            return;
        }
        let (at, ends) = (daemon.clock(now), self.ends(remote, local));
        let accepted = daemon.call(|speaker| speaker.accept(at, ends));
        let Some(flow) = self.flows.get_mut(place) else { return };
        match accepted {
            Ok(id) => {
                if let Some((ttl, external)) = daemon.speaker().ttl(id) {
                    let (send, least) = hops(ttl, external);
                    flow.end.set_ttl(send);
                    flow.least_ttl = least;
                }
                flow.owner = Owner::Daemon(id);
                daemon.insert(id, place, false);
                watch.opened(id, &ends);
                self.flows.tell(place);
            }
            Err(_) => {
                flow.end.close();
                flow.owner = Owner::Kernel(now + PATIENCE);
                self.flows.poll(now, place);
            }
        }
    }

    /// An attempt to connect is over. True: it failed.
    fn finish_dialling(
        &mut self,
        now: Micros,
        id: ConnId,
        stands: Stands,
        (remote, local): (SocketAddr, SocketAddr),
        daemon: &mut Daemon,
        watch: &mut impl Watch,
    ) -> bool {
        let at = daemon.clock(now);
        let Some(Some(session)) = daemon.sessions.get_mut(usize::from(id.index)) else { return true };
        session.dialling = false;
        if stands == Stands::Over {
            self.flows.forget(session.place);
            daemon.remove(id);
            daemon.call(|speaker| speaker.closed(at, id, CloseCause::Refused));
            return true;
        }
        let ends = self.ends(remote, local);
        watch.opened(id, &ends);
        daemon.call(|speaker| speaker.connected(at, id, ends));
        false
    }

    /// Reads a connection up to its share, and learns of its end. True: there is more.
    fn read(
        &mut self,
        now: Micros,
        place: usize,
        id: ConnId,
        daemon: &mut Daemon,
        watch: &mut impl Watch,
    ) -> bool {
        let at = daemon.clock(now);
        let Some(flow) = self.flows.get_mut(place) else { return false };
        let rate = self.faults.rate();
        let share = match rate {
            Some(_) if flow.reads_at > now => 0,
            Some(rate) => (rate as usize / READS_A_SECOND).max(1),
            None => SHARE,
        };
        if rate.is_some() && share > 0 && flow.end.can_receive() {
            flow.reads_at = now + Micros::millis(1_000 / READS_A_SECOND as u64);
        }
        let mut left = share;
        let mut room = [0; 16_384];
        if planted!(StaleReadiness) && flow.end.can_receive() && now.0.is_multiple_of(8) {
            return false;
        }
        while left > 0 && flow.end.can_receive() {
            let most = if rate.is_some() { left.min(room.len()) } else { room.len() };
            let length = flow.end.receive(room.get_mut(..most).unwrap_or_default());
            let bytes = room.get(..length).unwrap_or_default();
            watch.received(id, bytes);
            daemon.call(|speaker| speaker.receive(at, id, bytes));
            left = left.saturating_sub(length);
        }
        let cause = match flow.end.stands() {
            Stands::Ended => CloseCause::Eof,
            Stands::Over => CloseCause::Reset,
            Stands::Opening | Stands::Open => {
                // Who reads slowly is woken when it may go on.
                let more = rate.is_none() && flow.end.can_receive();
                if left < share {
                    // The window has opened.
                    self.flows.poll(now, place);
                }
                if more {
                    self.flows.tell(place);
                }
                return more;
            }
        };
        if planted!(LostClose) {
            return false;
        }
        daemon.remove(id);
        watch.closed(id);
        daemon.call(|speaker| speaker.closed(at, id, cause));
        self.release(now, place);
        false
    }

    /// Carries out what the speaker wants done. True: there is more.
    fn act(&mut self, now: Micros, daemon: &mut Daemon, watch: &mut impl Watch) -> bool {
        let at = daemon.clock(now);
        let mut more = false;
        while let Some(action) = daemon.call(|speaker| speaker.poll_action()) {
            match action {
                Action::Connect { conn, remote, local, ttl, external, .. } => {
                    let Some(local) = local.or_else(|| self.source_for(remote.ip())) else {
                        daemon.call(|speaker| speaker.closed(at, conn, CloseCause::Unreachable));
                        more = true;
                        continue;
                    };
                    let (send, least) = hops(ttl, external);
                    let place = self.flows.dial(now, local, remote, conn, send);
                    if let Some(flow) = self.flows.get_mut(place) {
                        flow.least_ttl = least;
                    }
                    daemon.insert(conn, place, true);
                }
                Action::Close { conn } => {
                    watch.closed(conn);
                    if let Some(session) = daemon.remove(conn) {
                        self.let_go(now, session);
                    }
                }
            }
        }
        more
    }

    /// A connection that the core has ended: what is left is sent, then its half is closed.
    fn let_go(&mut self, now: Micros, session: Session) {
        let rest = session.outbox.get(session.sent..).unwrap_or_default();
        if session.dialling {
            self.flows.reset(now, session.place);
            self.flows.forget(session.place);
        } else if let Some(flow) = self.flows.get_mut(session.place) {
            // What does not fit the socket's buffer is lost, as it is in a kernel that is told to hurry.
            flow.end.send(rest);
            self.release(now, session.place);
        }
    }

    fn release(&mut self, now: Micros, place: usize) {
        if let Some(flow) = self.flows.get_mut(place) {
            flow.end.close();
            flow.owner = Owner::Kernel(now + PATIENCE);
            self.flows.poll(now, place);
        }
    }

    /// Sends what the speaker has to say. True: there is more.
    fn send(&mut self, now: Micros, daemon: &mut Daemon, watch: &mut impl Watch) -> bool {
        let mut more = false;
        for index in 0..daemon.sessions.len() {
            more |= send_one(now, index, daemon, &mut self.flows, watch);
        }
        more
    }
}

/// Sends what one connection has to say. True: there is more that its socket could take.
fn send_one(
    now: Micros,
    index: usize,
    daemon: &mut Daemon,
    flows: &mut Flows,
    watch: &mut impl Watch,
) -> bool {
    let at = daemon.clock(now);
    let Daemon { sessions, speaker, allocations, room, .. } = daemon;
    let Some(Some(session)) = sessions.get_mut(index) else { return false };
    let id = session.id;
    if session.dialling || (session.outbox.is_empty() && !speaker.get().wants_transmit(id)) {
        return false;
    }
    let Some(flow) = flows.get_mut(session.place) else { return false };
    let mut left = SHARE;
    let mut wrote = false;
    while left > 0 {
        if session.sent < session.outbox.len() {
            let rest = session.outbox.get(session.sent..).unwrap_or_default();
            let taken = flow.end.send(rest);
            session.sent += taken;
            left = left.saturating_sub(taken);
            wrote |= taken > 0;
            if session.sent < session.outbox.len() && !planted!(TornWrite) {
                break;
            }
            session.outbox.clear();
            session.sent = 0;
        }
        if !flow.end.can_send() || !speaker.get().wants_transmit(id) {
            break;
        }
        let length = super::daemon::sealed(speaker, allocations, |speaker| speaker.transmit(at, id, room));
        let bytes = room.get(..length).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        watch.sent(speaker.get(), id, bytes, session.writable_since);
        session.outbox.extend_from_slice(bytes);
    }
    let wants = !session.outbox.is_empty() || speaker.get().wants_transmit(id);
    if !flow.end.can_send() {
        // What it will say next can be late without its fault.
        session.writable_since = Micros::NEVER;
    } else if session.writable_since == Micros::NEVER {
        session.writable_since = now;
    }
    let place = session.place;
    let can = flow.end.can_send();
    if wrote {
        flows.poll(now, place);
    }
    wants && can
}

impl Daemon {
    fn insert(&mut self, id: ConnId, place: usize, dialling: bool) {
        if let Some(session) = self.sessions.get_mut(usize::from(id.index)) {
            *session = Some(Session {
                id,
                place,
                dialling,
                outbox: Vec::new(),
                sent: 0,
                writable_since: Micros::ZERO,
            });
        }
    }

    /// Takes a connection out of the table, if this is still the one.
    pub(crate) fn remove(&mut self, id: ConnId) -> Option<Session> {
        self.sessions.get_mut(usize::from(id.index))?.take_if(|session| session.id == id)
    }
}

/// Time to live to send with, and the least to accept.
fn hops(ttl: Ttl, external: bool) -> (u8, u8) {
    match ttl {
        Ttl::Default => (if external { 1 } else { TTL }, 0),
        Ttl::Multihop(hops) => (hops.max(1), 0),
        Ttl::Security(hops) => (u8::MAX, u8::MAX - hops.max(1) + 1),
    }
}

/// Whether two hosts' addresses are the ends of a connection.
pub(crate) fn between(flow: (SocketAddr, SocketAddr), here: &[IpAddr], there: &[IpAddr]) -> bool {
    here.contains(&flow.0.ip()) && there.contains(&flow.1.ip())
}
