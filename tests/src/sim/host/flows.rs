//! The connections of a host, as its kernel has them: found by their four numbers, each with a timer of its own.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use crier_core::ConnId;
use crier_core::rng::Rng;

use crate::sim::Micros;
use crate::sim::packet::Headers;
use crate::sim::tcp::{Endpoint, Stands};

/// How long a handshake may take that a neighbor began.
const HANDSHAKE: Micros = Micros::secs(60);
/// First port that connections are dialled from.
const FIRST_PORT: u16 = 32_768;

/// Whose a connection is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// A neighbor's handshake is under way; it is given up at this time.
    Handshake(Micros),
    /// The daemon's, under this handle.
    Daemon(ConnId),
    /// Nobody's any more: what is left is sent, and then or at this time it ends.
    Kernel(Micros),
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Flow {
    pub(crate) end: Endpoint,
    pub(crate) local: SocketAddr,
    pub(crate) remote: SocketAddr,
    pub(crate) owner: Owner,
    /// Packets with less than this in their TTL are dropped (RFC 5082).
    pub(crate) least_ttl: u8,
    /// When the daemon may read again, if it reads slowly.
    pub(crate) reads_at: Micros,
    /// Since when the bytes up to this one wait to be acknowledged.
    waits: (Micros, u64),
    /// Told from the earlier users of its place by this.
    pub(crate) serial: u64,
    /// The timer that is set.
    timer: Micros,
    /// Whether it is in the list of news.
    news: bool,
}

/// Time after which bytes count as lost, or as held up, that were not acknowledged.
const LONG: Micros = Micros::secs(5);

/// Since when bytes wait to be acknowledged, and up to which one: from then on those that were sent later are looked at.
fn waits(now: Micros, (since, upto): (Micros, u64), end: &Endpoint) -> (Micros, u64) {
    let (sent, acknowledged) = (end.sent(), end.acknowledged());
    match acknowledged == sent {
        true => (Micros::NEVER, sent),
        false if since == Micros::NEVER || acknowledged >= upto => (now, sent),
        false => (since, upto),
    }
}

/// A timer to be set: when, for which place, and the serial number of its user.
pub(crate) type Timer = (Micros, usize, u64);

/// All connections of a host.
#[derive(Debug)]
pub(crate) struct Flows {
    places: Vec<Option<Flow>>,
    free: Vec<usize>,
    by_ends: BTreeMap<(SocketAddr, SocketAddr), usize>,
    /// Places of connections that something happened to.
    news: Vec<usize>,
    /// Packets that leave, oldest first.
    pub(crate) out: Vec<Vec<u8>>,
    /// Timers to be set.
    pub(crate) timers: Vec<Timer>,
    next_serial: u64,
    next_port: u16,
    buffer: usize,
    rng: Rng,
}

impl Flows {
    /// None yet; their buffers will have `buffer` bytes each way.
    pub(crate) fn new(buffer: usize, mut rng: Rng) -> Self {
        // A host that starts again does not begin with the ports that it used before.
        let next_port = FIRST_PORT + rng.up_to(16_383) as u16;
        Self {
            places: Vec::new(),
            free: Vec::new(),
            by_ends: BTreeMap::new(),
            news: Vec::new(),
            out: Vec::new(),
            timers: Vec::new(),
            next_serial: 0,
            next_port,
            buffer,
            rng,
        }
    }

    /// The first neighbor of the daemon whose bytes have arrived and that it has not been told of.
    pub(crate) fn unread(&self) -> Option<SocketAddr> {
        let mut flows = self.places.iter().flatten();
        let unread =
            flows.find(|flow| matches!(flow.owner, Owner::Daemon(_)) && !flow.news && flow.end.can_receive());
        unread.map(|flow| flow.remote)
    }

    /// Connections of the daemon that it has not read everything from.
    fn readable(&self) -> impl Iterator<Item = (usize, &Flow)> {
        self.iter().filter(|(_, flow)| matches!(flow.owner, Owner::Daemon(_)) && flow.end.can_receive())
    }

    /// When a daemon that reads slowly goes on with that.
    pub(crate) fn next_read(&self) -> Option<Micros> {
        self.readable().map(|(_, flow)| flow.reads_at).min()
    }

    /// Lets a daemon that reads slowly look at the connections that it may read from again.
    pub(crate) fn tell_readable(&mut self, now: Micros) {
        let due = self.readable().filter(|(_, flow)| flow.reads_at <= now);
        let due: Vec<usize> = due.map(|(place, _)| place).collect();
        due.into_iter().for_each(|place| self.tell(place));
    }

    /// The first neighbor of the daemon that has not acknowledged for long what it was sent, or that has sent what the daemon
    /// has not read. (KEEPALIVEs are always under way somewhere.)
    pub(crate) fn under_way(&self, now: Micros) -> Option<SocketAddr> {
        let mut flows = self.places.iter().flatten();
        let busy = flows.find(|flow| {
            matches!(flow.owner, Owner::Daemon(_))
                && (flow.waits.0 < Micros(now.0.saturating_sub(LONG.0)) || flow.end.can_receive())
        });
        busy.map(|flow| flow.remote)
    }

    /// The connection at a place.
    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut Flow> {
        self.places.get_mut(place)?.as_mut()
    }

    /// Every connection with its place.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (usize, &Flow)> {
        self.places.iter().enumerate().filter_map(|(place, flow)| Some((place, flow.as_ref()?)))
    }

    /// Whether the daemon has something to look at.
    pub(crate) fn has_news(&self) -> bool {
        !self.news.is_empty()
    }

    /// What the daemon has to look at; each is told once.
    pub(crate) fn take_news(&mut self) -> Vec<usize> {
        let news = std::mem::take(&mut self.news);
        for &place in &news {
            if let Some(flow) = self.get_mut(place) {
                flow.news = false;
            }
        }
        news
    }

    /// Notes that the daemon is to look at a connection.
    pub(crate) fn tell(&mut self, place: usize) {
        if let Some(Some(flow)) = self.places.get_mut(place)
            && !std::mem::replace(&mut flow.news, true)
        {
            self.news.push(place);
        }
    }

    /// Begins to connect; the place of the connection.
    pub(crate) fn dial(
        &mut self,
        now: Micros,
        local: IpAddr,
        remote: SocketAddr,
        conn: ConnId,
        ttl: u8,
    ) -> usize {
        let local = loop {
            let port = self.next_port;
            self.next_port = self.next_port.checked_add(1).unwrap_or(FIRST_PORT);
            let local = SocketAddr::new(local, port);
            if !self.by_ends.contains_key(&(local, remote)) {
                break local;
            }
        };
        let seed = self.rng.next_u64();
        let mut end = Endpoint::dial(now, seed, local, remote, self.buffer);
        end.set_ttl(ttl);
        let place = self.insert(end, local, remote, Owner::Daemon(conn));
        self.poll(now, place);
        place
    }

    fn insert(&mut self, end: Endpoint, local: SocketAddr, remote: SocketAddr, owner: Owner) -> usize {
        self.next_serial += 1;
        let serial = self.next_serial;
        let flow = Flow {
            end,
            local,
            remote,
            owner,
            least_ttl: 0,
            reads_at: Micros::ZERO,
            waits: (Micros::NEVER, 0),
            serial,
            timer: Micros::NEVER,
            news: false,
        };
        let place = self.free.pop().unwrap_or_else(|| {
            self.places.push(None);
            self.places.len() - 1
        });
        if let Some(free) = self.places.get_mut(place) {
            *free = Some(flow);
        }
        self.by_ends.insert((local, remote), place);
        place
    }

    /// Forgets a connection without a word.
    pub(crate) fn forget(&mut self, place: usize) {
        if let Some(flow) = self.places.get_mut(place).and_then(Option::take) {
            self.by_ends.remove(&(flow.local, flow.remote));
            self.free.push(place);
        }
    }

    /// A packet for this host. `listens` says whether somebody waits for connections to this address.
    pub(crate) fn packet(
        &mut self,
        now: Micros,
        headers: &Headers,
        packet: Vec<u8>,
        listens: impl FnOnce(SocketAddr) -> bool,
    ) {
        let (local, remote) = (headers.destination, headers.source);
        if let Some(&place) = self.by_ends.get(&(local, remote)) {
            if let Some(flow) = self.get_mut(place)
                && headers.ttl >= flow.least_ttl
            {
                flow.end.packet(now, packet);
                self.poll(now, place);
            }
        } else if headers.opens() && listens(local) {
            let seed = self.rng.next_u64();
            let mut end = Endpoint::listen(now, seed, local, self.buffer);
            // As the daemon's listeners: a neighbor may demand it (RFC 5082, 3) before it is known which one it is.
            end.set_ttl(u8::MAX);
            end.packet(now, packet);
            if !end.is_listening() {
                let place = self.insert(end, local, remote, Owner::Handshake(now + HANDSHAKE));
                self.poll(now, place);
            }
        } else {
            self.out.extend(Endpoint::stray(now, local.ip(), packet));
        }
    }

    /// A timer went off.
    pub(crate) fn timer(&mut self, now: Micros, place: usize, serial: u64) {
        if let Some(flow) = self.get_mut(place)
            && flow.serial == serial
            && flow.timer <= now
        {
            flow.timer = Micros::NEVER;
            self.poll(now, place);
        }
    }

    /// Lets a connection send what is due, sets its timer, and notes what the daemon should know.
    pub(crate) fn poll(&mut self, now: Micros, place: usize) {
        let Some(flow) = self.places.get_mut(place).and_then(Option::as_mut) else { return };
        flow.end.poll(now);
        flow.waits = waits(now, flow.waits, &flow.end);
        self.out.extend(flow.end.out().drain(..));
        let stands = flow.end.stands();
        let mut due = flow.end.deadline(now);
        match flow.owner {
            Owner::Daemon(_) => self.tell(place),
            Owner::Handshake(until) => {
                if stands != Stands::Opening {
                    self.tell(place);
                } else if now >= until || flow.end.is_listening() {
                    self.forget(place);
                    return;
                } else {
                    due = Some(due.map_or(until, |due| due.min(until)));
                }
            }
            Owner::Kernel(until) => {
                while flow.end.receive(&mut [0; 4096]) > 0 {}
                if stands == Stands::Over || now >= until {
                    if stands != Stands::Over {
                        flow.end.abort(now);
                        self.out.extend(flow.end.out().drain(..));
                    }
                    self.forget(place);
                    return;
                }
                due = Some(due.map_or(until, |due| due.min(until)));
            }
        }
        if let (Some(due), Some(Some(flow))) = (due, self.places.get_mut(place))
            && due < flow.timer
        {
            flow.timer = due;
            self.timers.push((due, place, flow.serial));
        }
    }

    /// Resets a connection; the daemon learns it like any other news.
    pub(crate) fn reset(&mut self, now: Micros, place: usize) {
        if let Some(flow) = self.get_mut(place) {
            flow.end.abort(now);
            self.poll(now, place);
        }
    }
}
