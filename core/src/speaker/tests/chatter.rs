//! What a neighbor, or anybody, can cause any number of is counted in full and reported now and then.

extern crate std;

use core::net::IpAddr;

use super::raw_peer::{ASN, Lab, keepalive, message, open_with, range};
use super::world::{address, small};
use crate::speaker::Refusal;
use crate::{EventKind, Family};

const REFRESH: u8 = 5;
const UPDATE: u8 = 2;

fn is_refresh(kind: &EventKind) -> bool {
    matches!(kind, EventKind::RefreshReceived(Family::Ipv4Unicast))
}

#[test]
fn refreshes_are_answered_each_and_reported_once_a_second() {
    let mut lab = Lab::passive();
    let conn = lab.establish(90);
    for _ in 0..100 {
        lab.send(conn, &message(REFRESH, &[0, 1, 0, 1]));
        lab.read(conn);
    }
    assert_eq!(lab.count(is_refresh), 1);
    assert_eq!(lab.view().counters.received[4], 100);
    lab.seconds(1);
    lab.send(conn, &message(REFRESH, &[0, 1, 0, 1]));
    assert_eq!(lab.count(is_refresh), 2);
}

#[test]
fn an_end_of_rib_is_reported_once_a_session() {
    let mut lab = Lab::passive();
    let conn = lab.establish(90);
    for _ in 0..100 {
        lab.send(conn, &message(UPDATE, &[0; 4]));
        lab.send(conn, &keepalive());
    }
    let is_end = |kind: &EventKind| matches!(kind, EventKind::EndOfRibReceived(_));
    assert_eq!(lab.count(is_end), 1);
    lab.hang_up(conn);
    let conn = lab.establish(90);
    lab.send(conn, &message(UPDATE, &[0; 4]));
    assert_eq!(lab.count(is_end), 2);
}

fn turned_away(lab: &Lab, why: Refusal) -> u64 {
    lab.speaker.turned_away().find(|(reason, _)| *reason == why).unwrap().1
}

#[test]
fn who_is_turned_away_is_counted_by_why() {
    let mut lab = Lab::passive();
    lab.establish(90);
    for _ in 0..100 {
        assert_eq!(lab.accept(address(1)), Err(Refusal::Busy));
        assert_eq!(lab.accept("192.0.2.99".parse().unwrap()), Err(Refusal::NotConfigured));
    }
    assert_eq!((turned_away(&lab, Refusal::Busy), turned_away(&lab, Refusal::NotConfigured)), (100, 100));
    assert_eq!(turned_away(&lab, Refusal::DynamicLimit), 0);
    // Strangers make no events, and a neighbor one a second.
    assert_eq!(lab.count(|kind| matches!(kind, EventKind::ConnectionRefused(_))), 1);
}

#[test]
fn strangers_at_fault_are_one_event_a_second() {
    let mut lab = Lab::new(small(), 1);
    lab.configure(&[], &[range("10.1.0.0/16", 5, 1)]);
    let come = |lab: &mut Lab, number: u8| {
        let from = IpAddr::from([10, 1, 0, number]);
        let conn = lab.accept(from).unwrap();
        lab.send(conn, &open_with(ASN as u16, 90, [10, 1, 0, number], &[]));
        lab.ends_with(conn, 2, 2);
    };
    (1..50).for_each(|number| come(&mut lab, number));
    let is_sent = |kind: &EventKind| matches!(kind, EventKind::NotificationSent(_));
    assert_eq!(lab.count(is_sent), 1);
    lab.seconds(1);
    come(&mut lab, 50);
    assert_eq!(lab.count(is_sent), 2);
}
