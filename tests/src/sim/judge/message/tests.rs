use std::net::Ipv4Addr;

use super::*;
use crate::wire::{self, message};

fn only(bytes: &[u8]) -> Result<Message, String> {
    let mut stream = Stream::default();
    stream.push(bytes);
    let (kind, body) = stream.message(LONGEST)?.ok_or("incomplete")?;
    decode(kind, body)
}

fn open_with(capabilities: Vec<(u8, Vec<u8>)>) -> Result<Message, String> {
    only(&wire::Open { capabilities, ..wire::Open::new(65_001, [10, 0, 0, 1]) }.encode())
}

#[test]
fn pieces_make_messages() {
    let bytes = [
        wire::Open::new(70_000, [10, 0, 0, 1]).encode(),
        message(KEEPALIVE, &[]),
        message(REFRESH, &[0, 2, 0, 1]),
        message(NOTIFICATION, &[6, 2, 9]),
    ]
    .concat();
    for size in [1, 7, 19, 20, 1_000] {
        let (mut stream, mut found) = (Stream::default(), Vec::new());
        for piece in bytes.chunks(size) {
            stream.push(piece);
            while let Some((kind, body)) = stream.message(LONGEST).unwrap() {
                found.push(decode(kind, body).unwrap());
            }
        }
        let [Message::Open(open), Message::Keepalive, refresh, notification] = found.as_slice() else {
            panic!("{found:?}")
        };
        assert_eq!((open.asn, open.hold, open.router_id), (70_000, 180, Ipv4Addr::new(10, 0, 0, 1)));
        assert_eq!(open.families(), BTreeSet::from(Family::ALL));
        assert!(open.has(2) && open.has(65) && !open.has(6));
        assert_eq!(*refresh, Message::Refresh { family: Family::Ipv6Unicast, subtype: 0 });
        assert_eq!(*notification, Message::Notification { code: 6, subcode: 2, data: vec![9] });
    }
}

#[test]
fn a_speaker_that_names_no_family_means_ipv4() {
    let Ok(Message::Open(open)) = open_with(vec![(2, Vec::new())]) else { panic!("no OPEN") };
    assert_eq!(open.families(), BTreeSet::from([Family::Ipv4Unicast]));
}

#[test]
fn headers_are_strict() {
    for (at, value) in [(0, 0), (15, 0xFE), (16, 0xFF), (17, 18), (18, 0), (18, 6), (17, 20)] {
        let mut bytes = message(KEEPALIVE, &[]);
        bytes[at] = value;
        bytes.push(0);
        assert!(only(&bytes).is_err(), "{at} {value}");
    }
}

#[test]
fn lengths_are_those_agreed_on() {
    let mut stream = Stream::default();
    stream.push(&message(UPDATE, &[0; LONGEST - 19 + 1]));
    assert!(stream.clone().message(LONGEST).is_err());
    assert!(stream.message(LONGEST_EXTENDED).unwrap().is_some());
    let mut stream = Stream::default();
    stream.push(&message(UPDATE, &[0; LONGEST - 19]));
    assert!(stream.message(LONGEST).unwrap().is_some());
    // RFC 8654, 4.
    assert!(decode(OPEN, &[0; LONGEST - 19 + 1]).is_err());
}

#[test]
fn opens_are_strict() {
    let good = wire::Open::new(65_001, [10, 0, 0, 1]).encode();
    assert!(only(&good).is_ok());
    // Version, AS number, hold time, identifier, length of the parameters, type and length of the first.
    for (at, value) in [(19, 3), (20, 1), (23, 2), (28, 0), (28, 9), (29, 1), (30, 0)] {
        let mut bytes = good.clone();
        bytes[at] = value;
        if at == 23 {
            bytes[22] = 0;
        }
        assert!(only(&bytes).is_err(), "{at} {value}");
    }
    let mut nobody = good;
    nobody[24..28].fill(0);
    assert!(only(&nobody).is_err());
}

#[test]
fn capabilities_are_strict() {
    let wrong =
        [(1, vec![0, 1, 0]), (2, vec![0]), (5, vec![0; 5]), (6, vec![0]), (64, vec![0, 0, 1]), (65, vec![1])];
    for capability in wrong.into_iter().chain([(65, vec![0; 4]), (65, vec![0, 0, 0, 9])]) {
        assert!(open_with(vec![capability.clone()]).is_err(), "{capability:?}");
    }
    assert!(
        open_with(vec![(64, vec![0, 120, 0, 1, 1, 0x80]), (5, vec![0; 12]), (200, vec![1, 2, 3])]).is_ok()
    );
}

#[test]
fn the_rest_is_strict_too() {
    for (kind, body) in [
        (KEEPALIVE, &[0][..]),
        (NOTIFICATION, &[6]),
        (NOTIFICATION, &[0, 0]),
        (NOTIFICATION, &[9, 0]),
        (REFRESH, &[0, 1, 0]),
        (REFRESH, &[0, 1, 0, 1, 0]),
        (REFRESH, &[0, 1, 3, 1]),
        (REFRESH, &[0, 25, 0, 70]),
        (0, &[]),
        (6, &[]),
    ] {
        assert!(decode(kind, body).is_err(), "{kind} {body:?}");
    }
}
