//! What counts before what: waiting bytes before timers, last words before the end.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::mpsc::{Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use crier_core::config::{Settings, Timers};
use crier_core::event::DownReason;
use crier_core::{EventKind, Limits};
use crier_tests::raw_peer::RawPeer;
use crier_tests::rig::{self, Rig, neighbor, quick};
use crier_tests::wire::{KEEPALIVE, NOTIFICATION, Open, message};

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
/// Hold time in seconds: the shortest there is.
const HOLD: u16 = 3;

pub(crate) fn small() -> Limits {
    Limits {
        peers: 8,
        connections: 24,
        prefixes: 2_000,
        paths: 4_000,
        attribute_sets: 1_000,
        ..Limits::default()
    }
}

/// A neighbor that dials in, with the shortest hold time.
pub(crate) fn hasty() -> Settings {
    let timers = Timers { hold: HOLD, keepalive: 1, connect_retry: 1, send_hold: 480 };
    Settings { passive: true, timers, ..quick() }
}

/// A rig with one neighbor, and its session.
fn one_session() -> (Rig, RawPeer) {
    let rig = Rig::start(small(), 4, SocketAddr::new(rig::SPEAKER, 0));
    rig::configure(&rig, vec![neighbor(SocketAddr::new(PEER, 179), hasty())], Vec::new(), &[]);
    let mut peer = RawPeer::dial(PEER, rig.address());
    peer.establish(&Open::new(65001, [10, 0, 0, 2]));
    (rig, peer)
}

/// Holds up the loop for longer than the hold time, as a stopped process is; says so once it is stopped.
fn stop_for_longer_than_the_hold_time(rig: &Rig, stopped: Sender<()>) {
    rig.call(move |_, _| {
        let _ = stopped.send(());
        let end = Instant::now() + Duration::from_secs(HOLD.into()) + Duration::from_millis(300);
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            thread::park_timeout(left);
        }
    });
}

#[test]
fn a_keepalive_that_waited_in_the_kernel_counts() {
    let (rig, mut peer) = one_session();
    thread::scope(|scope| {
        let (stopped, wait) = channel();
        scope.spawn(|| stop_for_longer_than_the_hold_time(&rig, stopped));
        wait.recv().unwrap();
        peer.send(&message(KEEPALIVE, &[]));
    });
    // Two more, so that there were turns in which the timer was looked at.
    for _ in 0..2 {
        peer.receive_until(|kind, _| kind == KEEPALIVE);
        peer.send(&message(KEEPALIVE, &[]));
    }
    assert_eq!(rig.count(|event| matches!(event.kind, EventKind::Down(_))), 0);
    // Without one it is over.
    stop_for_longer_than_the_hold_time(&rig, channel().0);
    assert_eq!(peer.await_notification().code, 4, "Hold Timer Expired");
}

#[test]
fn a_notification_right_before_a_reset_is_heard() {
    let (rig, peer) = one_session();
    let (go, wait) = channel();
    thread::scope(|scope| {
        let (stopped, is_stopped) = channel();
        // Both are there when the loop looks again.
        scope.spawn(|| {
            rig.call(move |_, _| {
                stopped.send(()).unwrap();
                wait.recv().unwrap()
            })
        });
        is_stopped.recv().unwrap();
        peer.send(&message(NOTIFICATION, &[6, 4]));
        peer.reset();
        go.send(()).unwrap();
    });
    let down = || rig.count(|event| matches!(event.kind, EventKind::Down(_)));
    crier_tests::lab::await_until("the session is down", down, |count| *count == 1);
    let heard = |event: &crier_core::Event| matches!(&event.kind, EventKind::NotificationReceived(heard) if (heard.code, heard.subcode) == (6, 4));
    assert_eq!(rig.count(heard), 1);
    assert_eq!(rig.count(|event| matches!(event.kind, EventKind::Down(DownReason::NotificationReceived))), 1);
}

#[test]
fn an_idle_session_costs_few_turns() {
    let (rig, mut peer) = one_session();
    peer.receive_until(|kind, _| kind == KEEPALIVE);
    let before = rig.turns();
    for _ in 0..4 {
        peer.send(&message(KEEPALIVE, &[]));
        peer.receive_until(|kind, _| kind == KEEPALIVE);
    }
    let turns = rig.turns() - before;
    // Each interval has a message in and one out; what the host was asked for makes a turn or two of its own.
    assert!(turns <= 4 * 4, "{turns} turns for four keepalives each way");
}
