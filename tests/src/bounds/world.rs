//! A speaker with full tables and many neighbors, in memory.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crier_core::config::{Config, PeerConfig, Settings};
use crier_core::policy::Policy;
use crier_core::speaker::{Action, CloseCause, Ends};
use crier_core::{ConnId, Instant, Limits, Millis, PeerId, Speaker};

use crate::lab::OrFail as _;
use crate::rig::{self, neighbor, quick};
use crate::wire::update::Attributes;
use crate::wire::{KEEPALIVE, Open, message};

/// Bytes of the longest message (RFC 8654).
pub(super) const LONGEST: usize = 65_535;

/// Tables for as many prefixes as one message can name, from several neighbors.
pub(super) const LIMITS: Limits = Limits {
    peers: 320,
    connections: 400,
    prefixes: 22_000,
    paths: 88_000,
    attribute_sets: 10_000,
    attribute_bytes: 4 << 20,
    policy_bytes: 256 << 10,
};

/// The speaker, its present, and the connection of each neighbor.
pub(super) struct World {
    pub(super) speaker: Speaker<'static>,
    pub(super) now: Instant,
    pub(super) conns: Vec<ConnId>,
    out: Box<[u8]>,
}

/// Address of a neighbor.
pub(super) fn address(n: u16) -> Ipv4Addr {
    let [high, low] = (n + 1).to_be_bytes();
    Ipv4Addr::new(198, 18, high, low)
}

/// AS number of a neighbor.
pub(super) fn asn(n: u16) -> u32 {
    65_001 + u32::from(n)
}

/// A configuration's neighbors.
pub(super) fn peers(count: u16, settings: Settings) -> Vec<PeerConfig> {
    (0..count).map(|n| neighbor(SocketAddr::new(address(n).into(), 179), settings)).collect()
}

/// Settings of each.
pub(super) fn settings() -> Settings {
    Settings { passive: true, local_address: None, ..quick() }
}

/// Attributes of a neighbor's routes, with further AS numbers.
pub(super) fn attributes(n: u16, path: &[u32]) -> Attributes {
    Attributes::new(&[&[asn(n)], path].concat(), address(n))
}

impl World {
    /// With so many neighbors, all of them Established and with long messages.
    pub(super) fn new(count: u16) -> Self {
        Self::with(count, settings(), &[])
    }

    pub(super) fn with(count: u16, settings: Settings, policies: &[Policy<'_>]) -> Self {
        let now = Instant::from_millis(1);
        let mut world = Self {
            speaker: rig::speaker(&LIMITS, now),
            now,
            conns: Vec::new(),
            out: vec![0; LONGEST].into_boxed_slice(),
        };
        let peers = peers(count, settings);
        let config = Config { local: rig::local(), peers: &peers, ranges: &[], policies };
        world.speaker.configure(now, &config).map_err(|error| format!("{error:?}")).or_fail("configuring");
        for n in 0..count {
            let conn = world.accept(n);
            world.conns.push(conn);
            let mut open = Open::new(asn(n), address(n).octets());
            open.capabilities.push((6, Vec::new()));
            let hello = [open.encode(), message(KEEPALIVE, &[])].concat();
            world.speaker.receive(world.now, conn, &hello);
        }
        world.settle();
        world
    }

    /// A connection from a neighbor that has said nothing yet.
    pub(super) fn accept(&mut self, n: u16) -> ConnId {
        let ends = Ends::new(
            SocketAddr::new(IpAddr::from(address(n)), 40_000),
            SocketAddr::from(([198, 19, 0, 1], 179)),
        );
        let conn = self.speaker.accept(self.now, ends);
        conn.map_err(|error| format!("{error:?}")).or_fail("a connection")
    }

    /// Connection of a neighbor.
    pub(super) fn conn(&self, n: u16) -> ConnId {
        self.conns.get(usize::from(n)).copied().or_fail("a neighbor's connection")
    }

    /// A neighbor.
    pub(super) fn peer(&self, n: u16) -> PeerId {
        self.speaker.find_peer(address(n).into()).or_fail("a neighbor")
    }

    /// Hears messages of a neighbor, and does nothing else.
    pub(super) fn receive(&mut self, n: u16, bytes: &[u8]) {
        let conn = self.conn(n);
        for piece in bytes.chunks(LONGEST) {
            self.speaker.receive(self.now, conn, piece);
        }
    }

    /// Turns until nothing is left to do or to say.
    pub(super) fn settle(&mut self) {
        loop {
            let mut busy = self.quiet();
            for conn in self.conns.clone() {
                while self.speaker.wants_transmit(conn) {
                    busy |= self.speaker.transmit(self.now, conn, &mut self.out) > 0;
                }
            }
            if !busy {
                return;
            }
        }
    }

    /// Does everything but send. True: there is more.
    pub(super) fn quiet(&mut self) -> bool {
        self.now = self.now + Millis(1);
        self.speaker.timeout(self.now);
        let busy = self.speaker.work(self.now, 4096);
        while let Some(action) = self.speaker.poll_action() {
            if let Action::Connect { conn, .. } = action {
                self.speaker.closed(self.now, conn, CloseCause::Refused);
            }
        }
        while self.speaker.poll_event().is_some() {}
        busy
    }

    /// Sends once to a neighbor, as much as fits the longest message; how much that is.
    pub(super) fn transmit(&mut self, n: u16) -> usize {
        let conn = self.conn(n);
        self.speaker.transmit(self.now, conn, &mut self.out)
    }
}
