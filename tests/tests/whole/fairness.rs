//! What one neighbor does, or does not do, is nobody else's trouble.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crier_core::EventKind;
use crier_core::config::Settings;
use crier_tests::raw_peer::RawPeer;
use crier_tests::rig::{self, Rig, neighbor, quick};
use crier_tests::wire::update::Attributes;
use crier_tests::wire::{KEEPALIVE, Open, UPDATE, message};

use crate::timing::{hasty, small};

fn address(n: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 0, n).into()
}

fn session(rig: &Rig, n: u8) -> RawPeer {
    let mut peer = RawPeer::dial(address(n), rig.address());
    peer.establish(&Open::new(65000 + u32::from(n), [10, 0, 0, n]));
    peer
}

/// A rig whose third neighbor has the shortest hold time, and the sessions to all three.
fn three(write_buffers: u16) -> (Rig, [RawPeer; 3]) {
    let rig = Rig::start(small(), write_buffers, SocketAddr::new(rig::SPEAKER, 0));
    let passive = Settings { passive: true, ..quick() };
    let peers = [(2, passive), (3, passive), (4, hasty())];
    let peers = peers.map(|(n, settings)| neighbor(SocketAddr::new(address(n), 179), settings));
    rig::configure(&rig, peers.to_vec(), Vec::new(), &[]);
    let sessions = [session(&rig, 2), session(&rig, 3), session(&rig, 4)];
    (rig, sessions)
}

/// Round `n` of announcements by neighbor 2: a few hundred prefixes in a set that is new.
fn announce(n: u32) -> Vec<u8> {
    let nlri: Vec<u8> = (0..250).flat_map(|low| [24, 20, 0, low]).collect();
    Attributes::new(&[65002, 1_000 + n], Ipv4Addr::new(127, 0, 0, 2)).announce(&nlri)
}

/// Neighbor 4 exchanges `count` keepalives, each of them within its hold time or the session ends.
fn keep_alive(peer: &mut RawPeer, count: u32) {
    for _ in 0..count {
        peer.send(&message(KEEPALIVE, &[]));
        peer.receive_until(|kind, _| kind == KEEPALIVE);
    }
}

#[test]
fn who_does_not_read_delays_nobody() {
    // Without a pool: what the silent one holds up is its own buffer.
    let (rig, [feeder, _silent, mut other]) = three(0);
    feeder.read_on();
    let sent = || rig.peer(address(3), |peer| peer.counters.bytes_sent);
    let mut before = 0;
    for n in 0.. {
        feeder.send(&announce(n));
        let seen = other.receive_until(|kind, _| kind == UPDATE);
        assert!(!seen.is_empty());
        if n % 500 == 499 && std::mem::replace(&mut before, sent()) == sent() {
            break;
        }
        assert!(n < 100_000, "it was sent everything and read nothing");
    }
    keep_alive(&mut other, 1);
    let turns = rig.turns();
    keep_alive(&mut other, 4);
    let turns = rig.turns() - turns;
    assert!(turns <= 4 * 4, "{turns} turns while somebody does not read");
    assert_eq!(rig.count(|event| matches!(event.kind, EventKind::Down(_))), 0);
}

#[test]
fn who_floods_delays_nobody() {
    let (rig, [feeder, flooder, mut other]) = three(4);
    feeder.read_on();
    flooder.read_on();
    let over = AtomicBool::new(false);
    let flood = message(KEEPALIVE, &[]).repeat(10_000);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::SeqCst) {
                flooder.send(&flood);
            }
        });
        for n in 0..3 {
            feeder.send(&announce(n));
            other.receive_until(|kind, _| kind == UPDATE);
            keep_alive(&mut other, 1);
        }
        over.store(true, Ordering::SeqCst);
    });
    assert_eq!(rig.count(|event| matches!(event.kind, EventKind::Down(_))), 0);
    assert!(rig.peer(address(3), |peer| peer.counters.received[3]) > 10_000);
}
