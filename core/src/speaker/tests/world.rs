//! A few speakers and the wires between them.

extern crate std;

use std::boxed::Box;
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::vec;
use std::vec::Vec;

use zerocopy::IntoBytes;

use super::twin::Twin;
use crate::config::{
    Config, LocalConfig, MaxPrefixAction, MaxPrefixes, PeerConfig, PolicyRef, RemoteAs, Settings,
};
use crate::policy::Policy;
use crate::speaker::{
    Action, Applied, CloseCause, ConnId, ConnSlot, Ends, LocalRoute, Memory, PeerSlot, Speaker,
};
use crate::time::{Instant, Millis};
use crate::{Event, EventKind, Family, Limits};

/// Limits of a small speaker.
pub(super) fn small() -> Limits {
    Limits {
        peers: 20,
        connections: 30,
        prefixes: 400,
        paths: 2_000,
        attribute_sets: 400,
        attribute_bytes: 40_000,
        policy_bytes: 8_192,
    }
}

/// A speaker, and its twin, in memory that is never given back: tests are short.
pub(super) fn speaker(limits: Limits, seed: u64) -> Speaker<'static> {
    let mut speaker = alone(limits, seed);
    speaker.set_tap(Some(Twin::of(alone(limits, seed), seed)));
    speaker
}

fn alone(limits: Limits, seed: u64) -> Speaker<'static> {
    Speaker::new(memory(&limits), &limits, seed, Instant::EPOCH).unwrap()
}

/// What a speaker lives in. It is never given back.
pub(super) fn memory(limits: &Limits) -> Memory<'static> {
    let lines = (limits.region_bytes() as usize).div_ceil(64);
    let peers: Vec<PeerSlot> = (0..=limits.peers).map(|_| PeerSlot::default()).collect();
    let connections: Vec<ConnSlot> = (0..limits.connections).map(|_| ConnSlot::default()).collect();
    let events: Vec<Event> = (0..256).map(|_| Event::default()).collect();
    Memory {
        region: Box::leak(vec![[0u64; 8]; lines].into_boxed_slice()).as_mut_bytes(),
        peers: Box::leak(peers.into_boxed_slice()),
        connections: Box::leak(connections.into_boxed_slice()),
        events: Box::leak(events.into_boxed_slice()),
    }
}

pub(super) fn settings() -> Settings {
    Settings {
        remote_as: RemoteAs::Any,
        import: PolicyRef::AcceptAll,
        export: PolicyRef::AcceptAll,
        max_prefixes: MaxPrefixes { limit: 10_000, action: MaxPrefixAction::Close },
        ..Settings::default()
    }
}

pub(super) fn address(host: usize) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 0, 0, host as u8 + 1))
}

/// The ends of a connection, whose own one has an IPv6 address too.
fn ends(remote: SocketAddr, local: SocketAddr) -> Ends {
    let IpAddr::V4(v4) = local.ip() else { panic!("hosts have IPv4 addresses") };
    let [.., host] = v4.octets();
    Ends { ipv6: Some(Ipv6Addr::new(0xFD00, 0, 0, 0, 0, 0, 0, host.into())), ..Ends::new(remote, local) }
}

pub(super) fn neighbor(host: usize, settings: Settings) -> PeerConfig {
    PeerConfig { remote: address(host), port: 179, settings }
}

pub(super) fn local(host: usize, asn: u32) -> LocalConfig {
    let router_id = Ipv4Addr::new(10, 0, 0, host as u8 + 1);
    LocalConfig { asn, router_id, maximum_paths: 8, as_path_relax: true }
}

pub(super) fn route(prefix: &str) -> LocalRoute<'static> {
    LocalRoute {
        prefix: prefix.parse().unwrap(),
        next_hop: None,
        med: None,
        local_pref: None,
        communities: &[],
        large_communities: &[],
    }
}

/// One end of a wire.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct End {
    pub(super) host: usize,
    pub(super) conn: ConnId,
}

#[derive(Debug)]
struct Wire {
    ends: [Option<End>; 2],
    /// Bytes on their way to each end.
    bytes: [VecDeque<u8>; 2],
}

pub(super) struct World {
    pub(super) now: Instant,
    pub(super) hosts: Vec<Speaker<'static>>,
    pub(super) events: Vec<(usize, Event)>,
    wires: Vec<Wire>,
    /// Bytes delivered in one piece.
    pub(super) piece: usize,
    /// Hosts whose sockets take nothing.
    pub(super) deaf: Vec<usize>,
    /// Bytes that a socket takes at once.
    pub(super) room: usize,
    /// Digest of all bytes that were ever sent, in order.
    pub(super) digest: u64,
}

impl World {
    pub(super) fn new(hosts: Vec<Speaker<'static>>) -> Self {
        Self {
            now: Instant::from_millis(1),
            hosts,
            events: Vec::new(),
            wires: Vec::new(),
            piece: 1 << 16,
            deaf: Vec::new(),
            room: 1 << 16,
            digest: 0,
        }
    }

    /// Two speakers of ASes `a` and `b` that dial each other with these settings.
    pub(super) fn pair(a: (u32, Settings), b: (u32, Settings)) -> Self {
        let mut world = Self::new(vec![speaker(small(), 1), speaker(small(), 2)]);
        world.configure(0, a.0, &[neighbor(1, a.1)]);
        world.configure(1, b.0, &[neighbor(0, b.1)]);
        world
    }

    pub(super) fn configure(&mut self, host: usize, asn: u32, peers: &[PeerConfig]) {
        self.apply(host, asn, peers, &[]);
    }

    pub(super) fn apply(
        &mut self,
        host: usize,
        asn: u32,
        peers: &[PeerConfig],
        policies: &[Policy<'_>],
    ) -> Applied {
        let config = Config { local: local(host, asn), peers, ranges: &[], policies };
        self.hosts[host].configure(self.now, &config).unwrap()
    }

    fn wire_of(&self, end: End) -> Option<(usize, usize)> {
        self.wires.iter().enumerate().find_map(|(at, wire)| {
            wire.ends.iter().position(|&other| other == Some(end)).map(|side| (at, side))
        })
    }

    fn act(&mut self, host: usize, action: Action) {
        match action {
            Action::Connect { conn, remote, .. } => {
                let target = (0..self.hosts.len()).find(|&other| address(other) == remote.ip());
                let from = SocketAddr::new(address(host), 40_000 + self.wires.len() as u16);
                let accepted = target.and_then(|target| {
                    self.hosts[target]
                        .accept(self.now, ends(from, remote))
                        .ok()
                        .map(|conn| End { host: target, conn })
                });
                let Some(end) = accepted else {
                    self.hosts[host].closed(self.now, conn, CloseCause::Refused);
                    return;
                };
                self.wires
                    .push(Wire { ends: [Some(End { host, conn }), Some(end)], bytes: Default::default() });
                self.hosts[host].connected(self.now, conn, ends(remote, from));
            }
            Action::Close { conn } => {
                if let Some((wire, side)) = self.wire_of(End { host, conn }) {
                    self.wires[wire].ends[side] = None;
                }
            }
        }
    }

    /// Moves bytes until nobody has anything to say; time stands still.
    pub(super) fn settle(&mut self) {
        let mut out = vec![0; self.room];
        for _ in 0..100_000 {
            let mut busy = false;
            for host in 0..self.hosts.len() {
                self.hosts[host].timeout(self.now);
                busy |= self.hosts[host].work(self.now, 64);
                while let Some(action) = self.hosts[host].poll_action() {
                    self.act(host, action);
                    busy = true;
                }
                while let Some(event) = self.hosts[host].poll_event() {
                    self.events.push((host, event));
                }
            }
            for wire in 0..self.wires.len() {
                busy |= self.carry(wire, &mut out);
            }
            // A deadline that is over calls for another turn; one that stays over never settles.
            busy |= self.hosts.iter().any(|host| host.poll_timeout().is_some_and(|next| next.at <= self.now));
            if !busy {
                return;
            }
        }
        panic!("it never settles");
    }

    fn carry(&mut self, wire: usize, out: &mut [u8]) -> bool {
        let mut busy = false;
        for side in 0..2 {
            if let Some(end) = self.wires[wire].ends[side]
                && !self.deaf.contains(&end.host)
                && self.hosts[end.host].wants_transmit(end.conn)
            {
                let len = self.hosts[end.host].transmit(self.now, end.conn, out);
                for byte in &out[..len] {
                    self.digest = (self.digest ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3);
                }
                self.wires[wire].bytes[1 - side].extend(&out[..len]);
                busy = true;
            }
            let Some(end) = self.wires[wire].ends[side] else { continue };
            let count = self.wires[wire].bytes[side].len().min(self.piece);
            if count > 0 {
                let bytes: Vec<u8> = self.wires[wire].bytes[side].drain(..count).collect();
                self.hosts[end.host].receive(self.now, end.conn, &bytes);
                busy = true;
            } else if self.wires[wire].ends[1 - side].is_none() {
                self.wires[wire].ends[side] = None;
                self.hosts[end.host].closed(self.now, end.conn, CloseCause::Eof);
                busy = true;
            }
        }
        busy
    }

    /// Lets time pass, stopping at every deadline.
    pub(super) fn run(&mut self, span: Millis) {
        let end = self.now + span;
        loop {
            self.settle();
            let next =
                self.hosts.iter().filter_map(|host| host.poll_timeout()).map(|deadline| deadline.at).min();
            match next.filter(|&at| at <= end) {
                Some(at) => self.now = self.now.max(at),
                None => break,
            }
        }
        self.now = end;
        self.settle();
    }

    /// Cuts every wire without a word.
    pub(super) fn cut(&mut self) {
        for wire in core::mem::take(&mut self.wires) {
            for end in wire.ends.into_iter().flatten() {
                self.hosts[end.host].closed(self.now, end.conn, CloseCause::Reset);
            }
        }
    }

    /// Cuts one wire without a word.
    pub(super) fn cut_one(&mut self, wire: usize) {
        let wire = self.wires.remove(wire);
        for end in wire.ends.into_iter().flatten() {
            self.hosts[end.host].closed(self.now, end.conn, CloseCause::Reset);
        }
    }

    pub(super) fn wires(&self) -> usize {
        self.wires.len()
    }

    /// Prefixes that a host has paths for, with the next hop of the best.
    pub(super) fn routes(&self, host: usize) -> Vec<(std::string::String, Option<IpAddr>)> {
        use std::string::ToString;
        let speaker = &self.hosts[host];
        let mut routes = Vec::new();
        for family in Family::ALL {
            for slot in 1..speaker.destination_slots(family) {
                if let Some(destination) = speaker.destination(family, slot) {
                    let best = destination.paths().find(|path| path.best);
                    routes
                        .push((destination.prefix.to_string(), best.and_then(|path| path.attrs.next_hop())));
                }
            }
        }
        routes.sort();
        routes
    }

    pub(super) fn prefixes(&self, host: usize) -> Vec<std::string::String> {
        self.routes(host).into_iter().map(|(prefix, _)| prefix).collect()
    }

    /// How often something happened at a host.
    pub(super) fn count(&self, host: usize, what: impl Fn(&EventKind) -> bool) -> usize {
        self.events.iter().filter(|(at, event)| *at == host && what(&event.kind)).count()
    }
}
