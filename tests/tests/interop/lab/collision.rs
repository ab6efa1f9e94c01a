//! Connection collision (RFC 4271, 6.8): both ends dial at once, one session remains, and both know which.

use crier_tests::lab::{Crier, Daemon, Kind, Lab, Plan, await_until, start};
use crier_tests::raw_peer::{Notification, RawPeer};
use crier_tests::wire::{KEEPALIVE, OPEN, Open, message};

/// Both connections stand in OpenConfirm or before; the one dialled by the speaker with the higher identifier stays.
fn collide(peer_id: [u8; 4], criers_stays: bool) {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let (a, b) = (lab.node("a"), lab.node("b"));
    a.link(&["192.0.2.1/24"], &b, &["192.0.2.2/24"]);
    let listener = RawPeer::listen(&b, "192.0.2.2");
    let plan = Plan::new(65001, [10, 0, 0, 5]).neighbor("192.0.2.1", "192.0.2.2", 65002);
    let crier = Crier::start(&a, &plan);
    let mut theirs = RawPeer::accept(&listener);
    assert_eq!(theirs.receive().0, OPEN);
    let mut ours = RawPeer::connect(&b, "192.0.2.1");
    let open = Open::new(65002, peer_id).encode();
    // Ours first, up to OpenConfirm; the OPEN on theirs is what reveals the collision.
    ours.send(&open);
    assert_eq!(ours.receive().0, OPEN);
    theirs.send(&open);
    let (stays, goes) = if criers_stays { (&mut theirs, &mut ours) } else { (&mut ours, &mut theirs) };
    let Notification { code, subcode, .. } = goes.await_notification();
    assert_eq!((code, subcode), (6, 7), "Cease / Connection Collision Resolution");
    stays.send(&message(KEEPALIVE, &[]));
    stays.receive_until(|kind, _| kind == KEEPALIVE);
    crier.await_established("192.0.2.2");
    assert_eq!(crier.peer("192.0.2.2")["flaps"], 0);
}

#[test]
fn the_connection_of_the_higher_identifier_stays() {
    collide([10, 0, 0, 9], false);
}

#[test]
fn the_connection_of_the_lower_identifier_goes() {
    collide([10, 0, 0, 2], true);
}

#[test]
fn simultaneous_opens_with_bird_again_and_again() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Bird]) else { return };
    let (a, b) = (lab.node("a"), lab.node("b"));
    a.link(&["192.0.2.1/24"], &b, &["192.0.2.2/24"]);
    let plan = Plan::new(65001, [10, 0, 0, 1]).neighbor("192.0.2.1", "192.0.2.2", 65002);
    let mut crier = Crier::start(&a, &plan.announce("172.20.1.0/24"));
    let plan = Plan::new(65002, [10, 0, 0, 2]).neighbor("192.0.2.2", "192.0.2.1", 65001);
    let bird = start(Kind::Bird, &b, &plan.announce("172.20.2.0/24"));
    for _ in 0..5 {
        crier.await_prefixes("192.0.2.2", &["172.20.2.0/24"]);
        bird.await_prefixes("192.0.2.1", &["172.20.1.0/24"]);
        let flaps = crier.peer("192.0.2.2")["flaps"].clone();
        // Both have been dialling since: each clear lets them meet again.
        crier.command(&["clear", "192.0.2.2"]);
        await_until("the session went down", || crier.peer("192.0.2.2")["flaps"].take(), |now| *now != flaps);
    }
    crier.await_prefixes("192.0.2.2", &["172.20.2.0/24"]);
    // Nothing else ended a session or a connection. One that came up first may have had to give way, and a BIRD that has
    // just been cleared says Cease to a connection that comes too early.
    let log = crier.process().log();
    let expected = ["Cease", "Cease / Administrative Reset", "Cease / Connection Collision Resolution"];
    for line in log.lines() {
        let notification =
            line.split_once("NOTIFICATION received: ").or(line.split_once("NOTIFICATION sent: "));
        assert!(notification.is_none_or(|(_, what)| expected.contains(&what)), "{line}");
    }
}
