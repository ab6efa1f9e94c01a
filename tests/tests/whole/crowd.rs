//! Many at once: a hundred sessions that end together, a thousand strangers.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};

use crier_core::Limits;
use crier_core::config::{DynamicRange, Settings};
use crier_tests::raw_peer::RawPeer;
use crier_tests::rig::{self, Rig, neighbor, quick};
use crier_tests::wire::update::Attributes;
use crier_tests::wire::{NOTIFICATION, Open};

use crate::timing::small;

fn range(limit: u16) -> DynamicRange {
    let settings = Settings { tag: 1, ..quick() };
    DynamicRange { net: "127.1.0.0/16".parse().unwrap(), limit, settings }
}

fn stranger(n: u16) -> IpAddr {
    let [high, low] = n.to_be_bytes();
    Ipv4Addr::new(127, 1, high, low).into()
}

fn open(n: u16) -> Open {
    let [high, low] = n.to_be_bytes();
    Open::new(65100, [10, 1, high, low])
}

#[test]
fn a_hundred_neighbors_hear_why_before_the_end() {
    let limits = Limits { peers: 110, connections: 120, ..small() };
    let rig = Rig::start(limits, 2, SocketAddr::new(rig::SPEAKER, 0));
    rig::configure(&rig, Vec::new(), vec![range(100)], &[]);
    let mut peers: Vec<RawPeer> = (1..=100)
        .map(|n| {
            let mut peer = RawPeer::dial(stranger(n), rig.address());
            peer.establish(&open(n));
            peer
        })
        .collect();
    for (n, peer) in (0..).zip(&peers) {
        let update = Attributes::new(&[65100], Ipv4Addr::new(127, 1, 0, 1)).announce(&[24, 20, 0, n]);
        // The last of it may be unread when the speaker closes, which must not turn the end into a reset.
        peer.send(&update.repeat(3));
    }
    rig.stop();
    for peer in &mut peers {
        let body = peer.receive_until(|kind, _| kind == NOTIFICATION);
        assert_eq!(body.get(..2), Some(&[6, 2][..]), "Cease / Administrative Shutdown");
        assert_eq!(peer.try_receive().unwrap_err().kind(), ErrorKind::UnexpectedEof);
    }
}

#[test]
fn a_thousand_strangers_do_not_keep_a_configured_neighbor_out() {
    let listener = TcpListener::bind(("127.0.0.2", 0)).unwrap();
    let limits = Limits { peers: 8, connections: 24, ..small() };
    let rig = Rig::start(limits, 2, SocketAddr::new(rig::SPEAKER, 0));
    let inside = SocketAddr::from(([127, 0, 0, 3], 179));
    let passive = neighbor(inside, Settings { passive: true, ..quick() });
    let mut strangers = Vec::new();
    let dialled = neighbor(listener.local_addr().unwrap(), quick());
    rig::configure(&rig, vec![passive, dialled], vec![range(4)], &[]);
    let before = rig.turns();
    for n in 0..500 {
        // They connect and say nothing.
        strangers.push(RawPeer::try_dial(stranger(n), rig.address()).unwrap());
    }
    let mut dialling = RawPeer::dial(inside.ip(), rig.address());
    dialling.establish(&Open::new(65003, [10, 0, 0, 3]));
    for n in 500..1_000 {
        // These say who they are.
        let peer = RawPeer::try_dial(stranger(n), rig.address()).unwrap();
        peer.offer(&open(n));
        strangers.push(peer);
    }
    let mut dialled = RawPeer::accept(&listener);
    dialled.establish(&Open::new(65002, [10, 0, 0, 2]));
    let (sessions, dynamic) = rig.speaker(|speaker, _| {
        let up = speaker.peers().filter(|peer| peer.established.is_some());
        let dynamic = speaker.peers().filter(|peer| peer.dynamic).count();
        (up.count(), dynamic)
    });
    assert!(sessions >= 2 && dynamic <= 4, "{sessions} sessions, {dynamic} from the range");
    let turns = rig.turns() - before;
    assert!(turns < 8_000, "{turns} turns for a thousand connections");
}
