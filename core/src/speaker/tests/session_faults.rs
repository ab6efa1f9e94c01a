//! Bytes that do not belong: wrong messages, garbage, OPENs that cannot be agreed on.

extern crate std;

use std::vec;
use std::vec::Vec;

use super::raw_peer::{
    ASN, KEEPALIVE, Lab, NOTIFICATION, OPEN, REFRESH, UPDATE, keepalive, message, open, open_with, update,
};
use super::world::{address, settings};
use crate::config::{RemoteAs, Settings};
use crate::peer::State;
use crate::view::Direction;
use crate::{EventKind, Family, FamilySet};

const ID: [u8; 4] = [10, 0, 0, 2];

fn refresh() -> Vec<u8> {
    message(REFRESH, &[0, 1, 0, 1])
}

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
fn messages_in_states_that_do_not_expect_them() {
    let u = update(65_002, [10, 1, 1]);
    let bad_open = open_with(65_002, 1, ID, &[]);
    let cases: &[(State, &[Vec<u8>], u8)] = &[
        (State::OpenSent, &[keepalive(), u.clone(), refresh()], 1),
        (State::OpenConfirm, &[open(90), bad_open.clone(), u, refresh()], 2),
        (State::Established, &[open(90), bad_open], 3),
    ];
    for (state, messages, subcode) in cases {
        for message in *messages {
            let (mut lab, conn) = in_state(*state);
            // What follows in the same bytes is not looked at.
            let mut bytes = message.clone();
            bytes.extend(open(90));
            bytes.extend(keepalive());
            lab.send(conn, &bytes);
            assert!(lab.ends_with(conn, 5, *subcode).0.is_empty());
        }
    }
}

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
fn headers_that_cannot_be() {
    let mut wrong_marker = keepalive();
    wrong_marker[7] = 0xFE;
    let header = |len: u16, kind: u8| {
        let [high, low] = len.to_be_bytes();
        let mut bytes = vec![0xFF; 16];
        bytes.extend([high, low, kind]);
        bytes
    };
    let cases: &[(Vec<u8>, u8, &[u8])] = &[
        (wrong_marker, 1, &[]),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n".to_vec(), 1, &[]),
        (header(18, KEEPALIVE), 2, &[0, 18]),
        (header(20, KEEPALIVE), 2, &[0, 20]),
        (header(0, OPEN), 2, &[0, 0]),
        (header(28, OPEN), 2, &[0, 28]),
        (header(4097, OPEN), 2, &[16, 1]),
        (header(4097, UPDATE), 2, &[16, 1]),
        (header(22, UPDATE), 2, &[0, 22]),
        (header(20, NOTIFICATION), 2, &[0, 20]),
        (header(19, 0), 3, &[0]),
        (header(19, 6), 3, &[6]),
        (header(19, 255), 3, &[255]),
    ];
    for state in STATES {
        for (bytes, subcode, data) in cases {
            for piece in [1, 5, 100] {
                let (mut lab, conn) = in_state(state);
                for piece in bytes.chunks(piece) {
                    lab.send(conn, piece);
                }
                assert_eq!(lab.ends_with(conn, 1, *subcode).1, *data, "{bytes:?} in {state}");
            }
        }
    }
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
fn opens_that_cannot_be_agreed_on() {
    let mp = |afi: u8, safi: u8| vec![1, 4, 0, afi, 0, safi];
    let four = |asn: u32| {
        let mut bytes = vec![65, 4];
        bytes.extend(asn.to_be_bytes());
        bytes
    };
    let mut version = open(90);
    version[19] = 3;
    let mut parameter = open_with(65_002, 90, ID, &[2, 0]);
    parameter[29] = 1;
    let mut too_long = open_with(65_002, 90, ID, &[2, 0]);
    too_long[28] += 1;
    let external = settings();
    let only = |asn| Settings { remote_as: RemoteAs::Asn(asn), ..settings() };
    let internal = Settings { remote_as: RemoteAs::Internal, ..settings() };
    let foreign = Settings { remote_as: RemoteAs::External, ..settings() };
    let v6 = Settings { families: FamilySet::EMPTY.with(Family::Ipv6Unicast), ..settings() };
    let cases: &[(Settings, Vec<u8>, u8, &[u8])] = &[
        (external, version, 1, &[0, 4]),
        (only(65_003), open(90), 2, &[0, 0, 0xFD, 0xEA]),
        (internal, open(90), 2, &[0, 0, 0xFD, 0xEA]),
        (foreign, open_with(ASN as u16, 90, ID, &[]), 2, &[0, 0, 0xFD, 0xE9]),
        (external, open_with(0, 90, ID, &[]), 2, &[0, 0, 0, 0]),
        (external, open_with(65_002, 90, ID, &four(7)), 2, &[0, 0, 0, 7]),
        (external, open_with(65_002, 90, [0; 4], &[]), 3, &[]),
        (internal, open_with(ASN as u16, 90, [10, 0, 0, 1], &[]), 3, &[]),
        (external, parameter, 4, &[1, 2, 2, 0]),
        (external, too_long, 0, &[]),
        (external, open_with(65_002, 90, ID, &[65, 3, 0, 0, 1]), 0, &[65, 3, 0, 0, 1]),
        (external, open(1), 6, &[]),
        (external, open(2), 6, &[]),
        (external, open_with(65_002, 90, ID, &mp(1, 4)), 7, &[1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1]),
        (v6, open(90), 7, &[1, 4, 0, 2, 0, 1]),
    ];
    for (settings, bytes, subcode, data) in cases {
        for piece in [1, 4096] {
            let mut lab = Lab::with(Settings { passive: true, ..*settings });
            let conn = lab.accept(address(1)).unwrap();
            for piece in bytes.chunks(piece) {
                lab.send(conn, piece);
            }
            let (before, found) = lab.ends_with(conn, 2, *subcode);
            assert_eq!((before, found.as_slice()), (vec![OPEN], *data), "{bytes:?}");
            assert_eq!(lab.count(|kind| matches!(kind, EventKind::Established { .. })), 0);
            assert!(lab.speaker.is_quiet());
        }
    }
    // The same identifier in another AS is nobody's fault (RFC 6286).
    let mut lab = Lab::passive();
    let conn = lab.accept(address(1)).unwrap();
    lab.send(conn, &open_with(65_002, 90, [10, 0, 0, 1], &[]));
    assert_eq!(lab.state(), State::OpenConfirm);
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
fn a_refresh_of_wrong_length_has_an_error_of_its_own() {
    let (mut lab, conn) = in_state(State::Established);
    let bytes = message(REFRESH, &[0, 1, 0]);
    lab.send(conn, &bytes);
    assert_eq!(lab.ends_with(conn, 7, 1).1, bytes);
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
