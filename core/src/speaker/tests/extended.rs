//! Extended messages (RFC 8654), for which room is leased.

extern crate std;

use std::vec;
use std::vec::Vec;

use super::raw_peer::{Lab, UPDATE, keepalive, message, open, open_with};
use super::world::{address, neighbor, settings, small};
use crate::config::Settings;
use crate::peer::State;
use crate::speaker::ConnId;
use crate::{Limits, PeerId};

const EXTENDED: [u8; 2] = [6, 0];
const LEASES: usize = 16;

fn open_extended() -> Vec<u8> {
    open_with(65_002, 90, [10, 0, 0, 2], &EXTENDED)
}

/// The longest UPDATE there can be: as many /24 as fit, withdrawn.
fn longest_update() -> Vec<u8> {
    let count = (65_535 - 23) / 4;
    let mut body = ((count * 4) as u16).to_be_bytes().to_vec();
    for number in 0..count {
        body.extend([24, 99, (number >> 8) as u8, number as u8]);
    }
    body.extend([0, 0]);
    // One withdrawal of the shortest kind fills what is left.
    while body.len() + 19 < 65_535 {
        let len = u16::from_be_bytes([body[0], body[1]]) + 1;
        body[..2].copy_from_slice(&len.to_be_bytes());
        body.insert(2, 0);
    }
    let bytes = message(UPDATE, &body);
    assert_eq!(bytes.len(), 65_535);
    bytes
}

fn leases(lab: &Lab) -> usize {
    lab.speaker.large_leases.count_ones() as usize
}

fn offers_extended(lab: &mut Lab, conn: ConnId) -> bool {
    let (_, body) = lab.read(conn).remove(0);
    body[10..].windows(2).any(|pair| pair == EXTENDED)
}

#[test]
fn the_longest_message_comes_in_pieces() {
    let long = longest_update();
    for piece in [65_535, 65_534, 40_000, 4_096, 997, 18] {
        let mut lab = Lab::passive();
        let conn = lab.accept(address(1)).unwrap();
        // OPEN, KEEPALIVE and more in one stream.
        let mut bytes = open_extended();
        for message in [&keepalive()[..], &long, &long, &keepalive(), &long] {
            bytes.extend(message);
        }
        for piece in bytes.chunks(piece) {
            lab.speaker.receive(lab.now, conn, piece);
        }
        lab.settle();
        let view = lab.view();
        assert_eq!(view.state, State::Established, "{piece}: {:?}", view.last_error);
        assert!(view.negotiated.unwrap().extended_messages);
        assert_eq!(view.counters.received, [1, 3, 0, 2, 0]);
        // OPEN and KEEPALIVE stay short even now.
        let mut long_keepalive = vec![0xFF; 16];
        long_keepalive.extend([16, 1, 4]);
        lab.send(conn, &long_keepalive);
        lab.ends_with(conn, 1, 2);
        assert_eq!(leases(&lab), 0);
    }
}

#[test]
fn without_agreement_messages_are_short_and_the_lease_goes_back() {
    let mut lab = Lab::passive();
    let conn = lab.accept(address(1)).unwrap();
    assert!(offers_extended(&mut lab, conn));
    assert_eq!(leases(&lab), 1);
    lab.send(conn, &open(90));
    assert_eq!(leases(&lab), 0);
    lab.send(conn, &keepalive());
    lab.send(conn, &longest_update());
    lab.ends_with(conn, 1, 2);
}

#[test]
fn leases_run_out_and_come_back() {
    let mut lab = Lab::new(Limits { peers: 30, connections: 60, ..small() }, 1);
    let peers: Vec<_> =
        (1..=20).map(|host| neighbor(host, Settings { passive: true, ..settings() })).collect();
    lab.configure(&peers, &[]);
    let mut conns = Vec::new();
    for host in 1..=20 {
        let conn = lab.accept(address(host)).unwrap();
        assert_eq!(offers_extended(&mut lab, conn), host <= LEASES, "{host}");
        lab.send(conn, &open_extended());
        lab.send(conn, &keepalive());
        let view = lab.speaker.peer(PeerId(host as u16)).unwrap();
        assert_eq!(view.state, State::Established);
        assert_eq!(view.negotiated.unwrap().extended_messages, host <= LEASES, "{host}");
        conns.push(conn);
    }
    assert_eq!(leases(&lab), LEASES);
    // However a connection ends: closed by them, by us, by a timer, without a reader.
    lab.hang_up(conns[0]);
    lab.send(conns[1], &open(90));
    lab.read(conns[1]);
    lab.send(conns[2], &message(3, &[6, 2]));
    assert_eq!(leases(&lab), LEASES - 3);
    lab.seconds(100);
    assert_eq!(leases(&lab), 0);
    assert!(lab.speaker.is_quiet());
    let conn = lab.accept(address(20)).unwrap();
    assert!(offers_extended(&mut lab, conn));
}
