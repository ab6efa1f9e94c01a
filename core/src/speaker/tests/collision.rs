//! Two speakers that dial each other, and a network that delays and cuts bytes at random.

extern crate std;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::vec;
use std::vec::Vec;

use super::raw_peer::{KEEPALIVE, Lab, NOTIFICATION, OPEN, keepalive, message, open};
use super::world::{address, local, neighbor, settings, small, speaker};
use crate::config::Config;
use crate::peer::State;
use crate::rng::Rng;
use crate::speaker::{Action, CloseCause, ConnId, Ends, Speaker};
use crate::time::{Instant, Millis};
use crate::{Event, EventKind, PeerId};

/// What is on its way to an end of a wire.
#[derive(Debug)]
enum Item {
    Byte(u8),
    Eof,
}

/// A TCP connection; side 0 dialled.
#[derive(Debug)]
struct Wire {
    hosts: [usize; 2],
    conns: [Option<ConnId>; 2],
    to: [VecDeque<Item>; 2],
    /// The dial has yet to reach the listener; and the answer the dialler.
    dialling: bool,
    answer: Option<bool>,
}

struct Net {
    now: Instant,
    hosts: [Speaker<'static>; 2],
    wires: Vec<Wire>,
    events: Vec<(usize, Event)>,
    rng: Rng,
}

impl Net {
    fn new(seed: u64, asns: [u32; 2]) -> Self {
        let mut net = Self {
            now: Instant::from_millis(1),
            hosts: [speaker(small(), seed), speaker(small(), seed + 1)],
            wires: Vec::new(),
            events: Vec::new(),
            rng: Rng::new(seed),
        };
        for (host, &asn) in asns.iter().enumerate() {
            let peers = [neighbor(1 - host, settings())];
            let config = Config { local: local(host, asn), peers: &peers, ranges: &[], policies: &[] };
            net.hosts[host].configure(net.now, &config).unwrap();
        }
        net
    }

    fn below(&mut self, bound: usize) -> usize {
        self.rng.up_to(bound as u64 - 1) as usize
    }

    /// One random step of the whole; false if there was nothing to do at the place looked at.
    fn step(&mut self) -> bool {
        match self.below(4) {
            0 => self.host_step(),
            1 => self.transmit_step(),
            _ => self.wire_step(),
        }
    }

    fn host_step(&mut self) -> bool {
        let host = self.below(2);
        let speaker = &mut self.hosts[host];
        speaker.timeout(self.now);
        let more = speaker.work(self.now, 1);
        while let Some(event) = speaker.poll_event() {
            self.events.push((host, event));
        }
        match speaker.poll_action() {
            Some(Action::Connect { conn, .. }) => self.wires.push(Wire {
                hosts: [host, 1 - host],
                conns: [Some(conn), None],
                to: Default::default(),
                dialling: true,
                answer: None,
            }),
            Some(Action::Close { conn }) => {
                for wire in &mut self.wires {
                    for side in 0..2 {
                        if wire.hosts[side] == host && wire.conns[side] == Some(conn) {
                            wire.conns[side] = None;
                            wire.to[1 - side].push_back(Item::Eof);
                        }
                    }
                }
            }
            None => return more,
        }
        true
    }

    fn transmit_step(&mut self) -> bool {
        if self.wires.is_empty() {
            return false;
        }
        let (at, side) = (self.below(self.wires.len()), self.below(2));
        let wire = &mut self.wires[at];
        let Some(conn) = wire.conns[side] else { return false };
        let speaker = &mut self.hosts[wire.hosts[side]];
        if !speaker.wants_transmit(conn) {
            return false;
        }
        let mut out = vec![0; 4096];
        let len = speaker.transmit(self.now, conn, &mut out);
        wire.to[1 - side].extend(out[..len].iter().map(|&byte| Item::Byte(byte)));
        true
    }

    fn wire_step(&mut self) -> bool {
        if self.wires.is_empty() {
            return false;
        }
        let (at, side) = (self.below(self.wires.len()), self.below(2));
        let most = [1, 1, 7, 19, 4096][self.below(5)];
        let wire = &mut self.wires[at];
        let host = wire.hosts[side];
        let port = 40_000 + at as u16;
        let dialler = SocketAddr::new(address(wire.hosts[0]), port);
        let listener = SocketAddr::new(address(wire.hosts[1]), 179);
        if wire.dialling && side == 1 {
            wire.dialling = false;
            let result = self.hosts[host].accept(self.now, Ends::new(dialler, listener));
            wire.answer = Some(result.is_ok());
            match result {
                Ok(conn) => {
                    wire.conns[1] = Some(conn);
                    if wire.conns[0].is_none() {
                        wire.to[1].push_back(Item::Eof);
                    }
                }
                Err(_) => wire.to[0].push_back(Item::Eof),
            }
            return true;
        }
        let Some(conn) = wire.conns[side] else {
            let was_something = !wire.to[side].is_empty();
            wire.to[side].clear();
            return was_something;
        };
        if side == 0 {
            if wire.dialling {
                return false;
            }
            // The kernel accepts even what the speaker then refuses: the dialler sees a connection that ends.
            if wire.answer.take().is_some() {
                self.hosts[host].connected(self.now, conn, Ends::new(listener, dialler));
                return true;
            }
        }
        let mut bytes = Vec::new();
        while bytes.len() < most {
            match wire.to[side].front() {
                Some(&Item::Byte(byte)) => bytes.push(byte),
                Some(Item::Eof) if bytes.is_empty() => {
                    wire.to[side].clear();
                    wire.conns[side] = None;
                    wire.to[1 - side].push_back(Item::Eof);
                    self.hosts[host].closed(self.now, conn, CloseCause::Eof);
                    return true;
                }
                _ => break,
            }
            wire.to[side].pop_front();
        }
        self.hosts[host].receive(self.now, conn, &bytes);
        !bytes.is_empty()
    }

    /// Until nothing is left to do. Time stands still.
    fn settle(&mut self) {
        let (mut idle, mut steps) = (0, 0);
        while idle < 60 * (1 + self.wires.len()) {
            idle = if self.step() { 0 } else { idle + 1 };
            steps += 1;
            assert!(steps < 1_000_000, "it never settles");
        }
    }

    fn open_wires(&self) -> usize {
        self.wires.iter().filter(|wire| wire.conns.iter().all(Option::is_some)).count()
    }

    fn down(&self) -> usize {
        self.events.iter().filter(|(_, event)| matches!(event.kind, EventKind::Down(_))).count()
    }

    fn assert_one_session(&self, seed: u64) {
        let state = |host: usize| self.hosts[host].peer(PeerId(1)).unwrap().state;
        assert_eq!([state(0), state(1)], [State::Established; 2], "seed {seed}: {:?}", self.events);
        assert_eq!(self.open_wires(), 1, "seed {seed}");
        for host in 0..2 {
            assert_eq!(self.hosts[host].open_connections(), 1, "seed {seed}: a slot leaks");
        }
        let wire = self.wires.iter().find(|wire| wire.conns.iter().all(Option::is_some)).unwrap();
        let conns = wire.hosts.map(|host| {
            let slot = &self.hosts[host].peers[1];
            self.hosts[host].handle(slot.session.unwrap())
        });
        assert_eq!(wire.conns, conns.map(Some), "seed {seed}: both ends mean the same connection");
        assert!(wire.hosts.iter().all(|&host| self.hosts[host].large_leases.count_ones() == 1));
    }
}

#[test]
fn simultaneous_opens_end_with_one_session() {
    let mut both_dialled = 0;
    for seed in 0..3_000 {
        let asns = [[65_001, 65_002], [65_001, 65_001]][seed as usize % 2];
        let mut net = Net::new(seed, asns);
        net.settle();
        both_dialled += u32::from(net.wires.len() > 1);
        net.assert_one_session(seed);
        // Nobody had to try twice.
        assert!(net.wires.len() <= 2, "seed {seed}");
        net.now = net.now + Millis::from_secs(5);
        net.settle();
        net.assert_one_session(seed);
    }
    assert!(both_dialled > 2_000, "{both_dialled}");
}

#[test]
fn routes_survive_a_collision() {
    for seed in 0..300 {
        let mut net = Net::new(seed, [65_001, 65_002]);
        for host in 0..2 {
            let prefix = std::format!("10.{host}.0.0/16");
            net.hosts[host].originate(net.now, &super::world::route(&prefix)).unwrap();
        }
        net.settle();
        net.assert_one_session(seed);
        for host in 0..2 {
            let counts = net.hosts[host].peer(PeerId(1)).unwrap().families[0].unwrap();
            assert_eq!((counts.accepted, counts.advertised), (1, 1), "seed {seed} {}", net.down());
        }
    }
}

/// A session over the connection that the speaker dialled, and the OPEN of a neighbor with the higher identifier on the one
/// that was accepted before the session came up.
fn established_with_a_second() -> (Lab, ConnId, ConnId) {
    let mut lab = Lab::with(settings());
    let ours = lab.connected();
    let theirs = lab.accept(address(1)).unwrap();
    lab.send(ours, &open(90));
    lab.send(ours, &keepalive());
    assert_eq!((lab.state(), lab.kinds(theirs)), (State::Established, vec![OPEN]));
    lab.read(ours);
    lab.send(theirs, &open(90));
    // Nothing is closed: the neighbor, which has an OPEN on both, decides.
    assert_eq!((lab.kinds(ours), lab.kinds(theirs)), (vec![], vec![KEEPALIVE]));
    (lab, ours, theirs)
}

#[test]
fn a_neighbor_that_keeps_its_established_session_keeps_ours() {
    let (mut lab, ours, theirs) = established_with_a_second();
    lab.send(theirs, &message(NOTIFICATION, &[6, 7]));
    assert_eq!(lab.closed, [theirs]);
    lab.keep_up(ours, 100);
    assert_eq!((lab.state(), lab.view().flaps), (State::Established, 0));
}

#[test]
fn a_neighbor_that_keeps_the_connection_of_the_higher_identifier_moves_the_session() {
    for cease_first in [true, false] {
        let (mut lab, ours, theirs) = established_with_a_second();
        if cease_first {
            lab.send(ours, &message(NOTIFICATION, &[6, 7]));
            lab.send(theirs, &keepalive());
        } else {
            lab.send(theirs, &keepalive());
            lab.ends_with(ours, 6, 7);
        }
        assert_eq!(lab.closed, [ours]);
        lab.keep_up(theirs, 100);
        assert_eq!((lab.state(), lab.view().flaps), (State::Established, 1));
        assert_eq!(lab.dials.len(), 1, "nobody had to try again");
    }
}
