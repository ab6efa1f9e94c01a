//! The core alone, over wires that are arrays: one speaker, three neighbors whose bytes are written by hand.

use std::net::{Ipv4Addr, SocketAddr};

use crier_core::config::{Config, Settings};
use crier_core::speaker::{Action, Clear, CloseCause, Ends};
use crier_core::{ConnId, Instant, Limits, Millis, Speaker};
use crier_tests::allocation::{seal, unseal};
use crier_tests::rig::{self, neighbor, quick};
use crier_tests::wire::{KEEPALIVE, Open, ROUTE_REFRESH, message};

use crate::feed::Feed;

const LIMITS: Limits = Limits {
    peers: 4,
    connections: 8,
    prefixes: 5_000,
    paths: 8_000,
    attribute_sets: 1_000,
    attribute_bytes: 60_000,
    policy_bytes: 8_192,
};

const FEEDS: [Feed; 3] = [
    Feed { asn: 65001, address: Ipv4Addr::new(192, 0, 2, 2) },
    Feed { asn: 65002, address: Ipv4Addr::new(192, 0, 2, 3) },
    Feed { asn: 65003, address: Ipv4Addr::new(192, 0, 2, 4) },
];

struct World {
    speaker: Speaker<'static>,
    now: Instant,
    out: Box<[u8]>,
    sent: u64,
}

impl World {
    /// Turns until nothing is left to do or to say; bytes are counted and forgotten.
    fn settle(&mut self, conns: &[Option<ConnId>]) {
        loop {
            self.now = self.now + Millis(1);
            let now = self.now;
            self.speaker.timeout(now);
            let mut busy = self.speaker.work(now, 512);
            while let Some(action) = self.speaker.poll_action() {
                if let Action::Connect { conn, .. } = action {
                    self.speaker.closed(now, conn, CloseCause::Refused);
                }
            }
            for &conn in conns.iter().flatten() {
                while self.speaker.wants_transmit(conn) {
                    self.sent += self.speaker.transmit(now, conn, &mut self.out) as u64;
                    busy = true;
                }
            }
            while self.speaker.poll_event().is_some() {}
            if !busy {
                return;
            }
        }
    }

    fn receive(&mut self, conn: Option<ConnId>, bytes: &[u8]) {
        let Some(conn) = conn else { return };
        // Pieces of an odd length: messages are carried from one to the next.
        for piece in bytes.chunks(1_447) {
            self.speaker.receive(self.now, conn, piece);
        }
    }

    fn connect(&mut self, feed: Feed, hello: &[u8]) -> Option<ConnId> {
        let remote = SocketAddr::new(feed.address.into(), 40_000);
        let ends = Ends::new(remote, SocketAddr::from(([192, 0, 2, 1], 179)));
        let conn = self.speaker.accept(self.now, ends).ok();
        self.receive(conn, hello);
        conn
    }
}

fn hello(feed: Feed) -> Vec<u8> {
    let [.., last] = feed.address.octets();
    [Open::new(feed.asn, [10, 0, 0, last]).encode(), message(KEEPALIVE, &[])].concat()
}

#[test]
fn the_core_allocates_nothing() {
    let now = Instant::from_millis(1);
    let speaker = rig::speaker(&LIMITS, now);
    let mut world = World { speaker, now, out: vec![0; 65_536].into_boxed_slice(), sent: 0 };
    let settings = Settings { passive: true, local_address: None, ..quick() };
    let peers = FEEDS.map(|feed| neighbor(SocketAddr::new(feed.address.into(), 179), settings));
    let config = Config { local: rig::local(), peers: &peers, ranges: &[], policies: &[] };
    // What the neighbors say is made before the seal.
    let hellos = FEEDS.map(hello);
    let [one, two, _] = FEEDS;
    let rounds: Vec<_> = (0..6).map(|round| [one.churn(round, 3_000).0, two.churn(round, 3_000).0]).collect();
    let nothing = Feed::nothing(9_000).0;
    let crowds = [one.crowd(9_000).0, one.singles(1_500).0, one.large(200).0, two.crowd(4_900).0];
    let refresh = message(ROUTE_REFRESH, &[0, 1, 0, 1]);

    seal();
    world.speaker.configure(now, &config).unwrap();
    let mut conns = [None; 3];
    for _ in 0..2 {
        for ((conn, feed), hello) in conns.iter_mut().zip(FEEDS).zip(&hellos) {
            *conn = world.connect(feed, hello);
            assert!(conn.is_some());
        }
        world.settle(&conns);
        for round in &rounds {
            for (conn, bytes) in conns.iter().zip(round) {
                world.receive(*conn, bytes);
                world.settle(&conns);
            }
            world.receive(conns[2], &refresh);
            world.settle(&conns);
            world.receive(conns[0], &nothing);
            world.settle(&conns);
        }
        for crowd in &crowds {
            world.receive(conns[0], crowd);
            world.receive(conns[1], crowd);
            world.settle(&conns);
            world.receive(conns[0], &nothing);
            world.receive(conns[1], &nothing);
            world.settle(&conns);
        }
        // One dies, one is reset, one breaks the protocol.
        world.speaker.closed(world.now, conns[0].unwrap(), CloseCause::Reset);
        let reset = world.speaker.find_peer(two.address.into()).unwrap();
        world.speaker.clear(world.now, reset, Clear::Hard).unwrap();
        world.receive(conns[2], &[0; 19]);
        world.settle(&conns);
        for feed in FEEDS {
            let peer = world.speaker.find_peer(feed.address.into()).unwrap();
            world.speaker.enable(world.now, peer).unwrap();
        }
        world.settle(&conns);
    }
    let refused: u64 = world.speaker.tables().map(|row| row.refused).sum();
    world.speaker.stop(world.now, "farewell");
    world.settle(&conns);
    assert_eq!(unseal(), 0);
    assert!(refused > 10_000, "{refused} refused");
    assert!(world.sent > 500_000, "{} bytes sent", world.sent);
}
