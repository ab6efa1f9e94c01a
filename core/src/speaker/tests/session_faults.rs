//! Faults and the last word: when it is said, and when nobody hears it. What is answered to which bytes is told in
//! core/tests/conduct.

extern crate std;

use super::raw_peer::{KEEPALIVE, Lab, NOTIFICATION, OPEN, keepalive, message, open};
use super::world::address;
use crate::EventKind;
use crate::peer::State;
use crate::view::Direction;

/// A passive speaker and a connection in this state, of which everything has been read.
fn in_state(state: State) -> (Lab, crate::ConnId) {
    let mut lab = Lab::passive();
    let conn = match state {
        State::OpenSent => {
            let conn = lab.accept(address(1)).unwrap();
            lab.read(conn);
            conn
        }
        State::OpenConfirm => lab.open_confirm(90),
        _ => lab.establish(90),
    };
    assert_eq!(lab.state(), state);
    (lab, conn)
}

const STATES: [State; 3] = [State::OpenSent, State::OpenConfirm, State::Established];

#[test]
fn a_fault_comes_after_our_open_even_if_that_was_not_taken_yet() {
    let mut lab = Lab::passive();
    let conn = lab.accept(address(1)).unwrap();
    lab.send(conn, &keepalive());
    assert_eq!(lab.ends_with(conn, 5, 1).0, [OPEN]);
    // A KEEPALIVE that was due is not said any more.
    let mut lab = Lab::passive();
    let conn = lab.accept(address(1)).unwrap();
    lab.send(conn, &open(90));
    lab.send(conn, &open(90));
    assert_eq!(lab.ends_with(conn, 5, 2).0, [OPEN]);
}

#[test]
fn half_a_message_waits_and_then_the_hold_timer_ends_it() {
    for state in STATES {
        let (mut lab, conn) = in_state(state);
        lab.send(conn, &open(90)[..28]);
        assert_eq!(lab.state(), state);
        let table = lab.speaker.tables().find(|row| row.table == crate::limits::Table::Buffers).unwrap();
        assert_eq!(table.used, 1);
        lab.seconds(if state == State::OpenSent { 10 } else { 90 });
        lab.ends_with(conn, 4, 0);
    }
}

#[test]
fn a_notification_ends_the_session_without_an_answer() {
    for state in STATES {
        for piece in [1, 100] {
            let (mut lab, conn) = in_state(state);
            let mut bytes = message(NOTIFICATION, b"\x06\x02\x05night");
            bytes.extend(keepalive());
            for piece in bytes.chunks(piece) {
                lab.send(conn, piece);
            }
            assert!(lab.read(conn).is_empty());
            assert_eq!(lab.closed, [conn]);
            let error = lab.view().last_error.unwrap();
            assert_eq!(error.direction, Direction::Received);
            assert_eq!(std::format!("{}", error.notification), "Cease / Administrative Shutdown: \"night\"");
            assert_eq!(error.at, lab.now);
            assert_eq!(lab.count(|kind| matches!(kind, EventKind::NotificationReceived(_))), 1);
        }
    }
}

#[test]
fn the_last_word_is_dropped_if_nobody_takes_it() {
    let (mut lab, conn) = in_state(State::Established);
    lab.send(conn, &open(90));
    assert!(lab.speaker.wants_transmit(conn));
    lab.seconds(4);
    assert!(!lab.closed.contains(&conn));
    // The session itself is over, and the next one is welcome.
    let next = lab.accept(address(1)).unwrap();
    lab.send(next, &open(90));
    assert_eq!(lab.kinds(next), [OPEN, KEEPALIVE]);
    lab.seconds(1);
    assert_eq!(lab.closed, [conn]);
    assert_eq!(lab.state(), State::OpenConfirm);
}
