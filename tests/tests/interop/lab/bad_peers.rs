//! Neighbors that are silent, wrong or broken: each gets the answer that RFC 4271 has for it, crier shows what it was, and the
//! session beside it does not notice.

use crier_tests::lab::{Crier, Daemon, Kind, Lab, Namespace, Plan, await_until, start};
use crier_tests::raw_peer::{Notification, RawPeer};
use crier_tests::wire::{KEEPALIVE, NOTIFICATION, OPEN, Open, message};
use serde_json::Value;

/// crier with a scripted neighbor 192.0.2.2 and a well-behaved BIRD at 198.51.100.2.
fn beside_bird(hold: u16, script: impl FnOnce(&Crier<'_>, &Namespace)) {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Bird]) else { return };
    let (tor, bad, good) = (lab.node("tor"), lab.node("bad"), lab.node("good"));
    tor.link(&["192.0.2.1/24"], &bad, &["192.0.2.2/24"]);
    tor.link(&["198.51.100.1/24"], &good, &["198.51.100.2/24"]);
    let plan = Plan::new(65001, [10, 0, 0, 1])
        .neighbor("198.51.100.1", "198.51.100.2", 65003)
        .neighbor("192.0.2.1", "192.0.2.2", 65002)
        .with(|bad| (bad.passive, bad.hold) = (true, hold));
    let crier = Crier::start(&tor, &plan);
    let plan = Plan::new(65003, [10, 0, 0, 3]).neighbor("198.51.100.2", "198.51.100.1", 65001);
    // Only one of the two dials, so that no collision costs a session.
    let plan = plan.with(|tor| tor.passive = true).announce("172.20.3.0/24");
    let bird = start(Kind::Bird, &good, &plan);
    crier.await_prefixes("198.51.100.2", &["172.20.3.0/24"]);
    script(&crier, &bad);
    assert!(bird.established("198.51.100.1"));
    let good = crier.peer("198.51.100.2");
    assert_eq!((&good["state"], &good["flaps"]), (&Value::from("Established"), &Value::from(0)));
}

/// The answer to `script` must be this NOTIFICATION, and crier must show it as sent.
fn answers(hold: u16, code: u8, subcode: u8, script: impl FnOnce(&mut RawPeer)) {
    beside_bird(hold, |crier, bad| {
        let mut peer = RawPeer::connect(bad, "192.0.2.1");
        script(&mut peer);
        let Notification { code: got, subcode: got_sub, .. } = peer.await_notification();
        assert_eq!((got, got_sub), (code, subcode));
        let error = await_until(
            "the error is shown",
            || crier.peer("192.0.2.2")["last_error"].take(),
            |e| !e.is_null(),
        );
        assert_eq!(
            (&error["code"], &error["subcode"]),
            (&Value::from(code), &Value::from(subcode)),
            "{error}"
        );
        assert_eq!(error["direction"], "sent");
        assert_ne!(crier.peer("192.0.2.2")["state"], "Established");
    });
}

fn open() -> Open {
    Open { hold: 3, ..Open::new(65002, [10, 0, 0, 2]) }
}

#[test]
fn silence_after_open() {
    // OpenConfirm has the hold timer too (RFC 4271, 8.2.2).
    answers(3, 4, 0, |peer| {
        peer.send(&open().encode());
        assert_eq!(peer.receive().0, OPEN);
    });
}

#[test]
fn silence_after_establishment() {
    answers(3, 4, 0, |peer| {
        peer.establish(&open());
    });
}

#[test]
fn half_a_message_and_silence() {
    answers(3, 4, 0, |peer| {
        peer.establish(&open());
        peer.send(&message(KEEPALIVE, &[])[..11]);
    });
}

#[test]
fn wrong_as_number() {
    answers(30, 2, 2, |peer| peer.send(&Open::new(65099, [10, 0, 0, 2]).encode()));
}

#[test]
fn wrong_version() {
    answers(30, 2, 1, |peer| {
        let mut bytes = open().encode();
        bytes[19] = 3;
        peer.send(&bytes);
    });
}

#[test]
fn garbage_instead_of_open() {
    answers(30, 1, 1, |peer| peer.send(b"GET / HTTP/1.1\r\nHost: crier\r\n\r\n"));
}

#[test]
fn length_that_no_message_has() {
    answers(30, 1, 2, |peer| {
        peer.establish(&Open::new(65002, [10, 0, 0, 2]));
        let mut bytes = message(KEEPALIVE, &[]);
        bytes[17] = 18;
        peer.send(&bytes);
    });
}

#[test]
fn unknown_message_type() {
    answers(30, 1, 3, |peer| {
        peer.establish(&Open::new(65002, [10, 0, 0, 2]));
        peer.send(&message(77, &[]));
    });
}

#[test]
fn half_a_message_and_end() {
    beside_bird(30, |crier, bad| {
        let mut peer = RawPeer::connect(bad, "192.0.2.1");
        peer.establish(&Open::new(65002, [10, 0, 0, 2]));
        crier.await_established("192.0.2.2");
        peer.send(&message(KEEPALIVE, &[])[..11]);
        peer.finish();
        peer.await_close();
        await_until(
            "the session is down",
            || crier.peer("192.0.2.2")["state"].take(),
            |s| s != "Established",
        );
        // Nothing is left of the half: the next session comes up.
        let mut peer = RawPeer::connect(bad, "192.0.2.1");
        peer.establish(&Open::new(65002, [10, 0, 0, 2]));
        crier.await_established("192.0.2.2");
    });
}

#[test]
fn notification_received_is_shown() {
    beside_bird(30, |crier, bad| {
        let mut peer = RawPeer::connect(bad, "192.0.2.1");
        peer.establish(&Open::new(65002, [10, 0, 0, 2]));
        crier.await_established("192.0.2.2");
        // Cease / Administrative Shutdown with a text (RFC 9003) that must not reach a terminal as it is.
        let text = b"rack \x1b[31m7";
        let body = [&[6, 2, text.len() as u8], text.as_slice()].concat();
        peer.send(&message(NOTIFICATION, &body));
        peer.await_close();
        let error = await_until(
            "the error is shown",
            || crier.peer("192.0.2.2")["last_error"].take(),
            |e| !e.is_null(),
        );
        assert_eq!((&error["code"], &error["subcode"]), (&Value::from(6), &Value::from(2)), "{error}");
        assert_eq!(error["direction"], "received");
        let shown = crier.command(&["peers", "192.0.2.2"]);
        assert!(shown.contains("rack") && !shown.contains('\x1b'), "{shown:?}");
    });
}
