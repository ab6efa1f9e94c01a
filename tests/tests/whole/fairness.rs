//! What one neighbor does, or does not do, is nobody else's trouble.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crier_core::config::{PolicyRef, Settings, Timers};
use crier_core::policy::{Match, Policy, PrefixRange, Rule, RuleAction};
use crier_core::{EventKind, Limits};
use crier_tests::lab::await_until;
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

/// Many times as many prefixes as the speaker looks through for a neighbor in one call.
const MANY: u32 = 250_000;

#[test]
fn what_is_not_for_a_neighbor_does_not_hold_up_what_is() {
    // Neither end has a timer that would wake the loop: it has to go on by itself.
    let timers = Timers { hold: 0, ..quick().timers };
    let settings = Settings { passive: true, timers, ..quick() };
    let limits = Limits { prefixes: MANY + 10, paths: MANY + 10, ..small() };
    let rig = Rig::start(limits, 4, SocketAddr::new(rig::SPEAKER, 0));
    let at = |n| SocketAddr::new(address(n), 179);
    let filtered = Settings { export: PolicyRef::Named(0), ..settings };
    rig::configure(
        &rig,
        vec![neighbor(at(2), settings), neighbor(at(3), filtered)],
        Vec::new(),
        not_twenty(),
    );
    let feeder = session(&rig, 2);
    feeder.read_on();
    let nlri = |from: u32, to: u32| {
        (from..to).flat_map(|n| [24, 20 + (n >> 16) as u8, (n >> 8) as u8, n as u8]).collect::<Vec<u8>>()
    };
    let attributes = Attributes::new(&[65002], Ipv4Addr::new(127, 0, 0, 2));
    let batches = (0..MANY).step_by(500).map(|from| attributes.announce(&nlri(from, from + 500)));
    feeder.send(&batches.collect::<Vec<_>>().concat());
    feeder.send(&attributes.announce(&[24, 30, 0, 0]));
    let accepted = || rig.peer(address(2), |peer| peer.families[0].map_or(0, |counts| counts.accepted));
    await_until("the table is there", accepted, |count| *count == MANY + 1);
    let mut other = session(&rig, 3);
    other.receive_until(|kind, body| kind == UPDATE && body.ends_with(&[24, 30, 0, 0]));
}

/// A policy that rejects what is in 20.0.0.0/6.
fn not_twenty() -> &'static [Policy<'static>] {
    static RANGE: LazyLock<[PrefixRange; 1]> =
        LazyLock::new(|| [PrefixRange::parse("20.0.0.0/6 le 24").unwrap()]);
    static MATCH: LazyLock<[Match<'static>; 1]> = LazyLock::new(|| [Match::Prefix(&*RANGE)]);
    static RULES: LazyLock<[Rule<'static>; 2]> = LazyLock::new(|| {
        [
            Rule { matches: &*MATCH, sets: &[], action: RuleAction::Reject },
            Rule { matches: &[], sets: &[], action: RuleAction::Accept },
        ]
    });
    static POLICIES: LazyLock<[Policy<'static>; 1]> =
        LazyLock::new(|| [Policy { name: "not-twenty", rules: &*RULES }]);
    &*POLICIES
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
