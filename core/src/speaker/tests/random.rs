//! Anything at all, in any order: nothing panics, nothing leaks, and in the end there is silence.

extern crate std;

use std::net::{IpAddr, SocketAddr};
use std::vec;
use std::vec::Vec;

use super::raw_peer::{NOTIFICATION, REFRESH, keepalive, message, open_with, range, update};
use super::world::{address, local, neighbor, route, settings, speaker};
use crate::config::{Config, DynamicRange, PeerConfig, Settings, Timers};
use crate::peer::State;
use crate::rng::Rng;
use crate::speaker::{Action, Clear, CloseCause, ConnId, Ends, Speaker};
use crate::time::{Instant, Millis};
use crate::{Limits, PeerId};

struct Chaos {
    speaker: Speaker<'static>,
    now: Instant,
    rng: Rng,
    /// Handles ever seen: most are dead.
    conns: Vec<ConnId>,
    /// Those that the driver has open, or dials.
    open: Vec<ConnId>,
    established: u32,
}

fn limits() -> Limits {
    Limits {
        peers: 8,
        connections: 14,
        prefixes: 3_000,
        paths: 4_000,
        attribute_sets: 64,
        attribute_bytes: 8_192,
        policy_bytes: 1_024,
    }
}

impl Chaos {
    fn new(seed: u64) -> Self {
        Self {
            speaker: speaker(limits(), seed),
            now: Instant::from_millis(1),
            rng: Rng::new(seed),
            conns: vec![ConnId { index: 0, generation: u32::MAX }],
            open: Vec::new(),
            established: 0,
        }
    }

    fn below(&mut self, bound: usize) -> usize {
        self.rng.up_to(bound as u64 - 1) as usize
    }

    fn conn(&mut self) -> ConnId {
        if !self.open.is_empty() && self.below(8) > 0 {
            self.open[self.rng.up_to(self.open.len() as u64 - 1) as usize]
        } else {
            self.conns[self.rng.up_to(self.conns.len() as u64 - 1) as usize]
        }
    }

    fn remote(&mut self) -> IpAddr {
        match self.below(3) {
            0 => IpAddr::from([10, 1, 0, self.below(6) as u8]),
            1 => IpAddr::from([10, 2, 0, self.below(3) as u8]),
            _ => address(1 + self.below(4)),
        }
    }

    fn bytes(&mut self) -> Vec<u8> {
        let asn = [65_001, 65_002, 65_002, 65_002][self.below(4)];
        let number = self.below(256) as u8;
        let bytes = match self.below(12) {
            0..3 => {
                let hold = [0, 3, 9, 90, 90, 90, 1][self.below(7)];
                let capabilities =
                    [&[][..], &[6, 0], &[2, 0, 6, 0], &[65, 4, 0, 0, 0, 7], &[6, 0]][self.below(5)];
                open_with(asn, hold, [10, 0, 0, self.below(4) as u8], capabilities)
            }
            3..7 => keepalive(),
            7..9 => update(65_002, [20, self.below(8) as u8, number]),
            9 => message(REFRESH, &[0, 1, 0, 1]),
            10 => message(NOTIFICATION, &[6, number]),
            _ => (0..self.below(60)).map(|_| self.rng.up_to(255) as u8).collect(),
        };
        match self.below(10) {
            0 => {
                let cut = self.below(bytes.len() + 1);
                bytes[..cut].to_vec()
            }
            1 => {
                let mut bytes = bytes;
                if !bytes.is_empty() {
                    let at = self.below(bytes.len());
                    bytes[at] = number;
                }
                bytes
            }
            _ => bytes,
        }
    }

    fn configure(&mut self) {
        let mut peers: Vec<PeerConfig> = Vec::new();
        for host in 1..5 {
            if self.below(4) > 0 {
                let passive = self.below(3) == 0;
                let hold = [90, 90, 9, 0][self.below(4)];
                let timers = Timers { hold, connect_retry: 5, send_hold: 20, ..Timers::default() };
                peers.push(neighbor(host, Settings { passive, timers, ..settings() }));
            }
        }
        let mut ranges: Vec<DynamicRange> = Vec::new();
        if self.below(4) > 0 {
            ranges.push(range("10.1.0.0/16", 2, 1));
        }
        if self.below(4) > 0 {
            ranges.push(range("10.2.0.0/16", 1, 2));
        }
        let asn = if self.below(10) == 0 { 65_009 } else { 65_001 };
        let config = Config { local: local(0, asn), peers: &peers, ranges: &ranges, policies: &[] };
        self.speaker.configure(self.now, &config).unwrap();
        for peer in peers {
            assert!(self.speaker.find_peer(peer.remote).is_some(), "a configured neighbor has a slot");
        }
    }

    fn act(&mut self) {
        while let Some(action) = self.speaker.poll_action() {
            match action {
                Action::Connect { conn, .. } => {
                    assert!(!self.open.contains(&conn), "dialled twice");
                    self.conns.push(conn);
                    self.open.push(conn);
                }
                Action::Close { conn } => {
                    let at = self.open.iter().position(|&open| open == conn);
                    self.open.swap_remove(at.expect("closed once"));
                }
            }
        }
    }

    /// A neighbor with so many routes that its purge takes many calls.
    fn fill(&mut self) {
        let remote = SocketAddr::new(address(1), 9);
        let ends = Ends::new(remote, SocketAddr::new(address(0), 179));
        let Ok(conn) = self.speaker.accept(self.now, ends) else { return };
        self.conns.push(conn);
        self.open.push(conn);
        self.speaker.receive(self.now, conn, &open_with(65_002, 90, [10, 0, 0, 2], &[]));
        self.speaker.receive(self.now, conn, &keepalive());
        for number in 0..2_500u16 {
            let prefix = [40, (number >> 8) as u8, number as u8];
            self.speaker.receive(self.now, conn, &update(65_002, prefix));
        }
    }

    fn step(&mut self) {
        let peer = PeerId(self.below(10) as u16);
        match self.below(30) {
            0..4 => {
                let remote = SocketAddr::new(self.remote(), 9);
                if let Ok(conn) =
                    self.speaker.accept(self.now, Ends::new(remote, SocketAddr::new(address(0), 179)))
                {
                    self.conns.push(conn);
                    self.open.push(conn);
                }
            }
            4..8 => {
                let conn = self.conn();
                let ends = Ends::new(SocketAddr::new(self.remote(), 179), SocketAddr::new(address(0), 9));
                self.speaker.connected(self.now, conn, ends);
            }
            8..18 => {
                let (conn, bytes) = (self.conn(), self.bytes());
                self.speaker.receive(self.now, conn, &bytes);
            }
            18..22 => {
                let mut out = [0; 4096];
                let conn = self.conn();
                let len = self.speaker.transmit(self.now, conn, &mut out);
                assert!(len <= out.len());
            }
            22 => {
                let conn = self.conn();
                // Where the speaker has given it up already, its Close is still to come.
                let alive = self.speaker.find(conn).is_some();
                self.speaker.closed(self.now, conn, CloseCause::Reset);
                self.open.retain(|&open| open != conn || !alive);
            }
            23 => {
                let _ = match self.below(6) {
                    0 => self.speaker.shutdown(self.now, peer, "x"),
                    1 | 2 => self.speaker.enable(self.now, peer),
                    3 => self.speaker.clear(self.now, peer, Clear::Hard),
                    4 => self.speaker.clear(self.now, peer, Clear::SoftIn),
                    _ => self.speaker.clear(self.now, peer, Clear::SoftOut),
                };
            }
            24 if self.below(3) == 0 => self.configure(),
            25 => {
                let prefix = std::format!("30.0.{}.0/24", self.below(4));
                if self.below(2) == 0 {
                    let _ = self.speaker.originate(self.now, &route(&prefix));
                } else {
                    self.speaker.withdraw(prefix.parse().unwrap());
                }
            }
            26 => {
                self.speaker.work(self.now, 1);
            }
            27 => {
                let far = [1, 1_000, 10_000, 100_000][self.below(4)];
                self.now = self.now + Millis(self.rng.up_to(far));
                self.speaker.timeout(self.now);
            }
            28 => self.act(),
            _ => while self.speaker.poll_event().is_some() {},
        }
    }

    fn check(&self) {
        let speaker = &self.speaker;
        speaker.check_connections().unwrap();
        speaker.check_timers(self.now).unwrap();
        for tag in [1, 2] {
            let of_tag = speaker.peers().filter(|peer| peer.dynamic && peer.tag == tag);
            let open = of_tag.filter(|peer| peer.closed.is_none()).count();
            assert!(open <= 3 - tag as usize, "{open} of tag {tag}");
        }
    }

    /// Time stands still until the speaker has nothing more to do; then it asks for no time that is over.
    fn settle(&mut self) {
        for _ in 0..1_000 {
            self.speaker.timeout(self.now);
            let more = self.speaker.work(self.now, 3);
            self.act();
            self.check();
            if !more && self.speaker.poll_timeout().is_none_or(|next| next.at > self.now) {
                self.speaker.check(self.now).unwrap();
                return;
            }
        }
        panic!("a busy loop: {:?} at {:?}", self.speaker.poll_timeout(), self.now);
    }

    fn end(&mut self) {
        self.settle();
        self.speaker.stop(self.now, "bye");
        self.settle();
        let mut out = [0; 4096];
        for conn in self.open.clone() {
            if self.below(2) == 0 {
                self.speaker.transmit(self.now, conn, &mut out);
            }
        }
        self.settle();
        self.now = self.now + Millis::from_secs(5);
        self.settle();
        assert!(self.speaker.is_quiet() && self.open.is_empty());
        assert_eq!(self.speaker.large_leases, 0);
        for row in self.speaker.tables() {
            use crate::limits::Table;
            if matches!(row.table, Table::Paths(_)) {
                assert!(row.used <= 4, "only what is originated here is left: {row:?}");
            }
        }
    }
}

#[test]
fn anything_in_any_order() {
    let (mut established, mut purging) = (0, 0);
    for seed in 0..800 {
        let mut chaos = Chaos::new(seed);
        chaos.configure();
        if seed % 2 == 0 {
            chaos.fill();
        }
        for _ in 0..1_000 {
            chaos.step();
            chaos.check();
            if chaos.below(40) == 0 {
                chaos.settle();
            }
            purging += chaos.speaker.peers().filter(|peer| peer.purging).count();
            let up = chaos.speaker.peers().filter(|peer| peer.state == State::Established).count();
            chaos.established = chaos.established.max(up as u32);
        }
        established += chaos.established;
        chaos.end();
    }
    assert!(established > 600 && purging > 5_000, "{established}, {purging}: it never gets far");
}
