//! Timers of a session, and what a neighbor that failed has to wait for.

extern crate std;

use std::vec::Vec;

use super::raw_peer::{KEEPALIVE, Lab, OPEN, keepalive, open, update};
use super::world::{address, neighbor, route, settings};
use crate::config::{Settings, Timers};
use crate::peer::State;
use crate::speaker::{Clear, Refusal};
use crate::time::Millis;
use crate::{EventKind, PeerId};

#[test]
fn a_neighbor_that_says_nothing_is_given_up_in_open_sent() {
    let mut lab = Lab::with(settings());
    let conn = lab.connected();
    assert_eq!(lab.kinds(conn), [OPEN]);
    lab.run(Millis(239_999));
    assert_eq!(lab.state(), State::OpenSent);
    lab.run(Millis(1));
    assert_eq!(lab.ends_with(conn, 4, 0).0, []);

    let mut lab = Lab::passive();
    let conn = lab.accept(address(1)).unwrap();
    assert_eq!(lab.kinds(conn), [OPEN]);
    lab.run(Millis(9_999));
    assert_eq!(lab.state(), State::OpenSent);
    lab.run(Millis(1));
    assert_eq!(lab.ends_with(conn, 4, 0).0, []);
}

#[test]
fn the_hold_timer_runs_in_open_confirm_and_established() {
    for (offered, hold) in [(9, 9), (3, 3), (180, 90)] {
        let mut lab = Lab::passive();
        let conn = lab.open_confirm(offered);
        lab.run(Millis(hold * 1000 - 1));
        assert_eq!(lab.state(), State::OpenConfirm);
        lab.run(Millis(1));
        assert!(lab.ends_with(conn, 4, 0).0.is_empty());

        let mut lab = Lab::passive();
        let conn = lab.establish(offered);
        assert_eq!(u64::from(lab.view().negotiated.unwrap().hold), hold);
        lab.run(Millis(hold * 1000 - 1));
        lab.send(conn, &update(65_002, [10, 9, 8]));
        lab.run(Millis(hold * 1000 - 1));
        lab.send(conn, &keepalive());
        lab.run(Millis(hold * 1000 - 1));
        // Half a message is no sign of life, nor is a refresh.
        lab.send(conn, &[0xFF; 10]);
        assert_eq!(lab.state(), State::Established);
        lab.run(Millis(1));
        assert!(lab.ends_with(conn, 4, 0).0.is_empty());
    }
}

#[test]
fn without_a_hold_time_nothing_expires_but_half_a_handshake() {
    let mut lab = Lab::passive();
    let conn = lab.open_confirm(0);
    lab.seconds(239);
    assert_eq!(lab.state(), State::OpenConfirm);
    lab.send(conn, &keepalive());
    // End-of-RIB is taken; nothing else is ever said.
    assert!(!lab.kinds(conn).contains(&KEEPALIVE));
    lab.seconds(1_000_000);
    assert_eq!(lab.state(), State::Established);
    assert!(lab.kinds(conn).is_empty());

    let mut lab = Lab::passive();
    let conn = lab.open_confirm(0);
    lab.seconds(240);
    lab.ends_with(conn, 4, 0);
}

#[test]
fn keepalives_come_at_the_negotiated_interval_with_jitter() {
    for (hold, interval) in [(90, 30_000), (9, 3_000), (3, 1_000), (4, 1_000)] {
        let mut lab = Lab::passive();
        let conn = lab.establish(hold);
        let mut last = lab.now;
        let mut spans = Vec::new();
        while spans.len() < 200 {
            lab.run(Millis(10));
            lab.speaker.receive(lab.now, conn, &keepalive());
            let kinds = lab.kinds(conn);
            if kinds.contains(&KEEPALIVE) {
                assert_eq!(kinds, [KEEPALIVE]);
                spans.push(lab.now.since(last).0);
                last = lab.now;
            }
        }
        // The first span began with the session's OPEN; readings are 10 ms apart.
        let (least, most) = (*spans[1..].iter().min().unwrap(), *spans[1..].iter().max().unwrap());
        assert!(least >= interval * 3 / 4 - 10 && most <= interval + 10, "{interval}: {least} to {most}");
        assert!(most - least > interval / 5, "{interval}: {least} to {most}");
    }
}

#[test]
fn a_neighbor_that_takes_nothing_is_closed_and_an_idle_one_is_not() {
    let timers = Timers { send_hold: 100, ..Timers::default() };
    for hold in [0, 90] {
        let mut lab = Lab::with(Settings { passive: true, timers, ..settings() });
        let conn = lab.establish(hold);
        // Idle: there is nothing to take, or it is taken.
        lab.keep_up(conn, 1_000);
        assert_eq!(lab.state(), State::Established);
        lab.speaker.originate(lab.now, &route("192.0.2.0/24")).unwrap();
        let start = lab.now;
        while lab.state() == State::Established {
            lab.seconds(1);
            lab.speaker.receive(lab.now, conn, &keepalive());
            assert!(lab.now.since(start) <= Millis::from_secs(201));
        }
        assert!(lab.now.since(start) >= Millis::from_secs(100));
        lab.ends_with(conn, 8, 0);
    }
}

#[test]
fn changes_that_are_not_for_a_neighbor_do_not_make_it_stuck() {
    let timers = Timers { send_hold: 100, ..Timers::default() };
    let mut lab = Lab::with(Settings { passive: true, timers, ..settings() });
    let conn = lab.establish(0);
    for round in 0..1_000u16 {
        // Its own routes are not announced to it.
        lab.send(conn, &update(65_002, [10, (round >> 8) as u8, round as u8]));
        lab.seconds(1);
        // The change came before the timer looked.
        lab.send(conn, &update(65_002, [11, (round >> 8) as u8, round as u8]));
        assert!(lab.read(conn).is_empty());
    }
    assert_eq!(lab.state(), State::Established);
}

#[test]
fn without_a_send_hold_time_a_neighbor_may_take_its_time() {
    let timers = Timers { send_hold: 0, ..Timers::default() };
    let mut lab = Lab::with(Settings { passive: true, timers, ..settings() });
    let conn = lab.establish(0);
    lab.speaker.originate(lab.now, &route("192.0.2.0/24")).unwrap();
    lab.seconds(1_000_000);
    assert_eq!(lab.state(), State::Established);
    assert!(!lab.read(conn).is_empty());
}

/// Fails the present connection and says how long it takes until the next dial.
fn rest_after_failure(lab: &mut Lab) -> u64 {
    let conn = lab.connected();
    lab.send(conn, b"garbage that is long enough for a header");
    lab.ends_with(conn, 1, 1);
    let (from, dials) = (lab.now, lab.dials.len());
    while lab.dials.len() == dials {
        assert_eq!(lab.state(), State::Idle);
        if lab.now.since(from) < Millis(3_750) {
            assert_eq!(lab.accept(address(1)), Err(Refusal::Resting));
        }
        lab.run(Millis(10));
    }
    lab.now.since(from).0
}

fn assert_rests(lab: &mut Lab, wanted: &[u64]) {
    for &wanted in wanted {
        if wanted == 0 {
            let conn = lab.connected();
            let dials = lab.dials.len();
            lab.send(conn, b"garbage that is long enough for a header");
            lab.ends_with(conn, 1, 1);
            assert_eq!(lab.dials.len(), dials + 1, "at once");
        } else {
            let rest = rest_after_failure(lab);
            assert!((wanted * 750..=wanted * 1000 + 10).contains(&rest), "{rest} for {wanted} s");
        }
    }
}

#[test]
fn rests_after_failures_grow_until_something_clears_them() {
    let mut lab = Lab::with(settings());
    assert_rests(&mut lab, &[0, 5, 10, 20, 40, 60, 60]);
    // `enable` ends the rest that there is, and forgets the failures.
    let conn = lab.connected();
    lab.send(conn, b"garbage that is long enough for a header");
    lab.read(conn);
    let dials = lab.dials.len();
    lab.speaker.enable(lab.now, PeerId(1)).unwrap();
    lab.settle();
    assert_eq!(lab.dials.len(), dials + 1);
    assert_rests(&mut lab, &[0, 5, 10]);
    // So does a changed configuration.
    let conn = lab.connected();
    lab.send(conn, b"garbage that is long enough for a header");
    lab.read(conn);
    lab.configure(&[neighbor(1, Settings { tag: 7, ..settings() })], &[]);
    lab.settle();
    assert_eq!(lab.dials.len(), dials + 5);
    assert_rests(&mut lab, &[0, 5]);
    // An unchanged one does not.
    let conn = lab.connected();
    lab.send(conn, b"garbage that is long enough for a header");
    lab.read(conn);
    lab.configure(&[neighbor(1, Settings { tag: 7, ..settings() })], &[]);
    lab.settle();
    assert_eq!(lab.state(), State::Idle);
}

#[test]
fn who_calls_during_a_long_rest_is_let_in_after_five_seconds() {
    let mut lab = Lab::with(settings());
    assert_rests(&mut lab, &[0, 5, 10, 20]);
    for hold in [90, 0, 3] {
        let conn = lab.connected();
        lab.send(conn, b"garbage that is long enough for a header");
        lab.ends_with(conn, 1, 1);
        let dials = lab.dials.len();
        lab.run(Millis(4_990));
        assert_eq!(lab.accept(address(1)), Err(Refusal::Resting));
        lab.run(Millis(10));
        // One that comes to nothing ends no rest: nothing is dialled before that is over.
        let called = lab.accept(address(1)).unwrap();
        lab.hang_up(called);
        assert_eq!(lab.dials.len(), dials);
        let called = lab.establish(hold);
        assert_eq!(lab.dials.len(), dials);
        lab.seconds(2);
        lab.send(called, b"garbage that is long enough for a header");
        lab.ends_with(called, 1, 1);
        // It was no sound session: the next rest is no shorter.
        lab.run(Millis(29_999));
        assert_eq!(lab.dials.len(), dials);
        lab.seconds(31);
        assert_eq!(lab.dials.len(), dials + 1);
    }
}

#[test]
fn a_minute_established_clears_and_counts_once() {
    let mut lab = Lab::with(settings());
    assert_rests(&mut lab, &[0, 5, 10]);
    for (up, wanted) in [(59, 20), (60, 0), (5, 5), (70, 0)] {
        let conn = lab.connected();
        lab.send(conn, &open(90));
        lab.send(conn, &keepalive());
        lab.keep_up(conn, up);
        assert_eq!(lab.state(), State::Established);
        let (from, dials) = (lab.now, lab.dials.len());
        lab.hang_up(conn);
        while lab.dials.len() == dials {
            lab.run(Millis(10));
        }
        let rest = lab.now.since(from).0;
        assert!((wanted * 750..=wanted * 1000 + 10).contains(&rest), "{rest} after {up} s");
    }
    // The long session is history: failures without one grow again.
    assert_rests(&mut lab, &[5, 10, 20]);
}

#[test]
fn a_rest_that_is_over_refuses_nobody() {
    let mut lab = Lab::passive();
    let conn = lab.establish(90);
    // The neighbor hangs up and is back before the timers are looked at.
    lab.speaker.closed(lab.now, conn, crate::speaker::CloseCause::Eof);
    let ends = crate::speaker::Ends::new(
        std::net::SocketAddr::new(address(1), 1),
        std::net::SocketAddr::new(address(0), 179),
    );
    assert!(lab.speaker.accept(lab.now, ends).is_ok());
}

#[test]
fn a_refused_dial_is_repeated_after_connect_retry() {
    let mut lab = Lab::with(settings());
    for attempt in 1..50 {
        assert_eq!((lab.dials.len(), lab.state()), (attempt, State::Connect));
        lab.refused();
        assert_eq!(lab.state(), State::Active);
        assert_eq!(lab.view().counters.connect_failures, attempt as u64);
        lab.run(Millis(89_999));
        assert_eq!(lab.dials.len(), attempt);
        lab.run(Millis(30_001));
        if lab.dials.len() == attempt {
            panic!("not repeated after 120 s");
        }
    }
    // A dial that nobody answers is given up and repeated.
    let (_, silent, _) = *lab.dials.last().unwrap();
    let dials = lab.dials.len();
    lab.seconds(120);
    assert!(lab.closed.contains(&silent));
    assert_eq!(lab.dials.len(), dials + 1);
}

#[test]
fn a_connect_retry_of_nothing_is_a_second() {
    let timers = Timers { connect_retry: 0, ..Timers::default() };
    let mut lab = Lab::with(Settings { timers, ..settings() });
    lab.refused();
    assert_eq!(lab.dials.len(), 1);
    lab.seconds(1);
    assert_eq!(lab.dials.len(), 2);
}

#[test]
fn passive_neighbors_are_never_dialled() {
    let mut lab = Lab::passive();
    for hold in [0, 3, 90] {
        let conn = lab.establish(hold);
        lab.hang_up(conn);
        lab.seconds(2_000);
        assert_eq!(lab.state(), State::Active);
    }
    lab.speaker.clear(lab.now, PeerId(1), Clear::Hard).unwrap();
    lab.seconds(2_000);
    lab.speaker.shutdown(lab.now, PeerId(1), "").unwrap();
    lab.speaker.enable(lab.now, PeerId(1)).unwrap();
    lab.seconds(2_000);
    assert!(lab.dials.is_empty());
    // Until they are no longer passive; and the other way round.
    lab.configure(&[neighbor(1, settings())], &[]);
    lab.settle();
    assert_eq!(lab.dials.len(), 1);
    lab.refused();
    lab.configure(&[neighbor(1, Settings { passive: true, ..settings() })], &[]);
    lab.seconds(2_000);
    assert_eq!((lab.dials.len(), lab.state()), (1, State::Active));
}

#[test]
fn an_established_neighbor_is_not_dialled() {
    // The dial fails before or after the accepted connection is up, or hangs.
    for case in 0..3 {
        let mut lab = Lab::with(settings());
        assert_eq!(lab.dials.len(), 1);
        let (_, dial, _) = lab.dials[0];
        let conn = lab.accept(address(1)).unwrap();
        if case == 0 {
            lab.refused();
        }
        lab.send(conn, &open(90));
        if case == 1 {
            lab.refused();
        }
        lab.send(conn, &keepalive());
        assert_eq!(lab.state(), State::Established);
        lab.keep_up(conn, 1_000);
        assert_eq!((lab.dials.len(), lab.state()), (1, State::Established), "case {case}");
        assert_eq!(lab.closed.contains(&dial), case == 2);
        assert_eq!(lab.count(|kind| matches!(kind, EventKind::Down(_))), 0);
        lab.hang_up(conn);
        assert_eq!(lab.dials.len(), 2, "dialled again once it is gone");
    }
}
