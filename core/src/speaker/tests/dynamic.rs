//! Neighbors that nobody configured one by one, and floods of strangers.

extern crate std;

use std::net::{IpAddr, Ipv4Addr};
use std::vec::Vec;

use super::raw_peer::{ASN, KEEPALIVE, Lab, OPEN, THEIRS, keepalive, open_with, range};
use super::world::{address, neighbor, settings, small};
use crate::config::Settings;
use crate::limits::Table;
use crate::peer::State;
use crate::speaker::{ConnId, Refusal};
use crate::{EventKind, Limits, PeerId};

fn node(number: u8) -> IpAddr {
    IpAddr::V4(Ipv4Addr::new(10, 1, 0, number))
}

fn open_of(number: u8) -> Vec<u8> {
    open_with(THEIRS, 90, [10, 1, 0, number], &[])
}

/// A neighbor from a range comes up.
fn join(lab: &mut Lab, number: u8) -> ConnId {
    let conn = lab.accept(node(number)).unwrap();
    lab.send(conn, &open_of(number));
    lab.send(conn, &keepalive());
    let view = lab.speaker.peer(lab.speaker.find_peer(node(number)).unwrap()).unwrap();
    assert_eq!(view.state, State::Established);
    assert!(view.dynamic && view.port.is_none() && view.closed.is_none());
    lab.read(conn);
    conn
}

fn listed(lab: &Lab) -> Vec<IpAddr> {
    lab.speaker.peers().map(|view| view.remote).collect()
}

fn lab_with_range(limit: u16) -> Lab {
    let mut lab = Lab::new(small(), 1);
    lab.configure(&[], &[range("10.1.0.0/16", limit, 1)]);
    lab.settle();
    lab
}

#[test]
fn the_longest_range_decides() {
    let mut lab = Lab::new(small(), 1);
    lab.configure(&[], &[range("10.0.0.0/8", 2, 1), range("10.1.0.5/32", 1, 3), range("10.1.0.0/16", 2, 2)]);
    for (number, tag) in [(5, 3), (6, 2)] {
        join(&mut lab, number);
        let peer = lab.speaker.find_peer(node(number)).unwrap();
        assert_eq!(lab.speaker.peer(peer).unwrap().tag, tag);
    }
    assert_eq!(lab.accept("11.0.0.1".parse().unwrap()), Err(Refusal::NotConfigured));
}

#[test]
fn ranges_of_one_group_share_its_limit() {
    let mut lab = Lab::new(small(), 1);
    lab.configure(
        &[],
        &[range("10.1.0.0/25", 3, 1), range("10.1.0.128/25", 3, 1), range("10.2.0.0/16", 1, 2)],
    );
    let first = join(&mut lab, 1);
    join(&mut lab, 2);
    join(&mut lab, 200);
    assert_eq!(lab.accept(node(201)), Err(Refusal::DynamicLimit));
    assert!(lab.accept("10.2.0.1".parse().unwrap()).is_ok());
    // One that has closed leaves its place to another, and finds it taken when it comes back.
    lab.hang_up(first);
    join(&mut lab, 201);
    assert_eq!(lab.accept(node(1)), Err(Refusal::DynamicLimit));
}

#[test]
fn of_two_that_wait_for_the_last_place_one_gets_it() {
    let mut lab = lab_with_range(1);
    let one = join(&mut lab, 1);
    lab.hang_up(one);
    // One of them was there before.
    let (one, two) = (lab.accept(node(1)).unwrap(), lab.accept(node(2)).unwrap());
    lab.send(two, &open_of(2));
    assert_eq!(lab.kinds(two), [OPEN, KEEPALIVE]);
    lab.send(one, &open_of(1));
    assert_eq!(lab.read(one).pop().unwrap().1, [6, 5]);
}

#[test]
fn a_source_has_eight_connections_without_an_open_for_ten_seconds() {
    let mut lab = lab_with_range(5);
    let conns: Vec<ConnId> = (0..8).map(|_| lab.accept(node(1)).unwrap()).collect();
    assert_eq!(lab.accept(node(1)), Err(Refusal::TooManyFromSource));
    assert!(lab.accept(node(2)).is_ok());
    assert!(listed(&lab).is_empty());
    lab.seconds(9);
    // The first that says who it is gets the place; the others may not have another.
    lab.send(conns[3], &open_of(1));
    lab.send(conns[4], &open_of(1));
    assert_eq!(lab.kinds(conns[4]), [OPEN, 3]);
    assert_eq!(listed(&lab), [node(1)]);
    lab.seconds(1);
    for &conn in &conns {
        let last = lab.read(conn).pop();
        match last {
            Some((3, body)) => assert_eq!(body, [4, 0]),
            Some((kind, _)) => assert_eq!((kind, conn), (KEEPALIVE, conns[3])),
            None => assert_eq!(conn, conns[4]),
        }
    }
    assert_eq!(lab.closed.len(), 7);
    lab.seconds(5);
    assert_eq!(lab.speaker.open_connections(), 1);
}

#[test]
fn closed_neighbors_are_listed_ten_minutes_and_come_back_to_their_slot() {
    let mut lab = lab_with_range(5);
    join(&mut lab, 7);
    let conn = join(&mut lab, 8);
    let peer = lab.speaker.find_peer(node(8)).unwrap();
    lab.hang_up(conn);
    for flaps in 1..7 {
        // No rest is due, however often it fails.
        let conn = join(&mut lab, 8);
        assert_eq!(lab.speaker.find_peer(node(8)), Some(peer));
        let view = lab.speaker.peer(peer).unwrap();
        assert_eq!(view.flaps, flaps);
        lab.hang_up(conn);
        assert_eq!(lab.speaker.peer(peer).unwrap().closed, Some(lab.now));
    }
    lab.seconds(599);
    assert_eq!(listed(&lab).len(), 2);
    lab.seconds(1);
    assert!(!listed(&lab).contains(&node(8)));
}

#[test]
fn a_neighbor_that_comes_back_late_is_not_forgotten_under_way() {
    let mut lab = lab_with_range(5);
    let conn = join(&mut lab, 1);
    lab.hang_up(conn);
    lab.seconds(595);
    let conn = lab.accept(node(1)).unwrap();
    lab.seconds(6);
    lab.send(conn, &open_of(1));
    lab.send(conn, &keepalive());
    assert_eq!(lab.speaker.peers().next().unwrap().state, State::Established);
    lab.keep_up(conn, 700);
    assert_eq!(listed(&lab), [node(1)]);
}

#[test]
fn the_oldest_closed_one_makes_room() {
    let mut lab = lab_with_range(20);
    for number in 1..=20 {
        let conn = join(&mut lab, number);
        lab.hang_up(conn);
        lab.seconds(1);
    }
    assert_eq!(listed(&lab).len(), 20);
    join(&mut lab, 21);
    assert!(!listed(&lab).contains(&node(1)) && listed(&lab).contains(&node(2)));
    // A configured neighbor takes one too.
    lab.configure(&[neighbor(1, settings())], &[range("10.1.0.0/16", 19, 1)]);
    assert!(listed(&lab).contains(&address(1)) && !listed(&lab).contains(&node(2)));
}

#[test]
fn one_that_is_shut_down_stays_down() {
    let mut lab = lab_with_range(5);
    let conn = join(&mut lab, 1);
    let peer = lab.speaker.find_peer(node(1)).unwrap();
    lab.speaker.shutdown(lab.now, peer, "").unwrap();
    lab.read(conn);
    lab.seconds(3_600);
    assert_eq!(lab.accept(node(1)), Err(Refusal::AdministrativelyDown));
    lab.speaker.enable(lab.now, peer).unwrap();
    lab.settle();
    assert!(lab.dials.is_empty());
    join(&mut lab, 1);
}

#[test]
fn floods_leave_configured_neighbors_able_to_connect() {
    let limits = Limits { connections: 12, ..small() };
    let mut lab = Lab::new(limits, 1);
    let passive = Settings { passive: true, ..settings() };
    let peers = [neighbor(1, settings()), neighbor(2, passive), neighbor(3, passive)];
    lab.configure(&peers, &[range("10.1.0.0/16", 10, 1)]);
    lab.settle();
    assert_eq!(lab.dials.len(), 1);
    for second in 0..60 {
        for number in 0..=255 {
            let _ = lab.accept(node(number));
        }
        let kept = 12 - lab.speaker.open_connections();
        assert!(kept >= 2, "second {second}: {kept} left");
        lab.seconds(1);
    }
    let conn = lab.accept(address(2)).unwrap();
    lab.send(conn, &super::raw_peer::open(90));
    lab.send(conn, &keepalive());
    assert_eq!(lab.speaker.peer(PeerId(2)).unwrap().state, State::Established);
    assert!(lab.accept(address(3)).is_ok());
    lab.refused();
    lab.seconds(600);
    assert!(lab.dials.len() > 4);
    let row = lab.speaker.tables().find(|row| row.table == Table::Connections).unwrap();
    assert!(row.refused > 0);
}

#[test]
fn a_stranger_with_a_wrong_as_leaves_an_event_with_its_address() {
    let mut lab = lab_with_range(5);
    let conn = lab.accept(node(1)).unwrap();
    lab.send(conn, &open_with(ASN as u16, 90, [10, 1, 0, 1], &[]));
    lab.ends_with(conn, 2, 2);
    assert!(listed(&lab).is_empty());
    let sent = lab.events.iter().find(|event| matches!(event.kind, EventKind::NotificationSent(_)));
    assert_eq!(sent.unwrap().remote, Some(node(1)));
    assert_eq!(lab.count(|kind| matches!(kind, EventKind::State { .. })), 0);
}

#[test]
fn a_dynamic_neighbor_that_is_configured_is_kept() {
    let mut lab = lab_with_range(5);
    let conn = join(&mut lab, 1);
    lab.hang_up(conn);
    let mut fixed = neighbor(1, settings());
    fixed.remote = node(1);
    lab.configure(&[fixed], &[range("10.1.0.0/16", 5, 1)]);
    lab.settle();
    assert_eq!(lab.dials.last().unwrap().2.ip(), node(1));
    lab.seconds(3_600);
    assert_eq!(listed(&lab), [node(1)]);
    assert!(lab.dials.len() > 20);
}

#[test]
fn connections_without_an_open_follow_the_ranges_or_end() {
    let (kept, other) = (range("10.1.0.0/16", 5, 1), range("10.2.0.0/16", 5, 2));
    let changed = crate::config::DynamicRange { settings: Settings { tag: 9, ..kept.settings }, ..kept };
    for (ranges, stays) in
        [(&[other, kept][..], true), (&[kept], true), (&[other], false), (&[], false), (&[changed], false)]
    {
        let mut lab = Lab::new(small(), 1);
        lab.configure(&[], &[kept, other]);
        let conn = lab.accept(node(1)).unwrap();
        lab.configure(&[], ranges);
        lab.settle();
        if stays {
            lab.send(conn, &open_of(1));
            assert_eq!(lab.kinds(conn), [OPEN, KEEPALIVE]);
            assert_eq!(lab.speaker.peers().next().unwrap().tag, 1);
        } else {
            lab.ends_with(conn, 6, 6);
        }
    }
}

#[test]
fn a_dynamic_neighbor_whose_range_is_gone_is_closed() {
    let mut lab = lab_with_range(5);
    let conn = join(&mut lab, 1);
    let applied = lab.configure(&[], &[range("10.2.0.0/16", 5, 1)]);
    assert_eq!(applied.removed, 1);
    lab.ends_with(conn, 6, 3);
    assert!(listed(&lab).is_empty());
}
