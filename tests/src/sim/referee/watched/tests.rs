use std::net::SocketAddr;

use crier_core::Family;
use crier_core::config::{Settings, Timers};
use crier_core::view::Reason;
use ipnet::IpNet;

use super::*;
use crate::sim::Route;
use crate::sim::judge::{Expected, Offer};
use crate::wire::{self, KEEPALIVE, NOTIFICATION, message};

/// A speaker without routes.
struct Nothing;

impl Expected for Nothing {
    fn export(&mut self, _: IpNet) -> Result<Route, Reason> {
        Err(Reason::NoBestPath)
    }

    fn prefixes(&mut self, _: Family) -> Vec<IpNet> {
        Vec::new()
    }

    fn settled(&mut self) -> bool {
        true
    }
}

const HOLD_EXPIRED: [u8; 2] = [4, 0];
const SEND_HOLD_EXPIRED: [u8; 2] = [8, 0];

fn open(asn: u32, id: u8, hold: u16) -> Vec<u8> {
    let mut open = wire::Open { hold, ..wire::Open::new(asn, [10, 0, 0, id]) };
    open.capabilities.push((64, vec![0, 0]));
    open.encode()
}

impl Watched {
    fn says(&mut self, clock: Micros, bytes: &[u8]) -> Result<(), Broken> {
        self.judge.sent(bytes, &mut Nothing)?;
        self.check_expiry(clock)
    }

    fn hears(&mut self, clock: Micros, bytes: &[u8]) {
        self.received(Micros::ZERO, clock, bytes);
    }
}

/// A connection that opens when the clock shows 100 s.
fn opened() -> Watched {
    let timers = Timers { hold: 90, ..Timers::default() };
    let settings = Settings { timers, ..Settings::default() };
    let offer = Offer { asn: 65_001, router_id: [10, 0, 0, 1].into(), settings, over_ipv6: false };
    let [local, remote] = [1, 2].map(|id| SocketAddr::from(([192, 0, 2, id], 179)));
    let judge = SessionJudge::new("a to b".to_owned(), offer);
    let id = ConnId { index: 0, generation: 1 };
    let mut watched =
        Watched::new(id, Ends::new(remote, local), judge, "a to b".to_owned(), Micros::secs(100));
    watched.says(Micros::secs(100), &open(65_001, 1, 90)).unwrap();
    watched
}

/// One that is Established at that moment, with a neighbor that offers this hold time.
fn established(hold: u16) -> Watched {
    let mut watched = opened();
    let now = Micros::secs(100);
    watched.hears(now, &open(65_002, 2, hold));
    watched.says(now, &message(KEEPALIVE, &[])).unwrap();
    watched.hears(now, &message(KEEPALIVE, &[]));
    watched
}

fn ends(mut watched: Watched, clock: Micros, why: [u8; 2]) -> Result<(), Broken> {
    watched.says(clock, &message(NOTIFICATION, &why))
}

#[track_caller]
fn refused(result: Result<(), Broken>) {
    assert_eq!(result.map_err(|broken| broken.rule), Err(Rule::Messages));
}

#[test]
fn a_neighbor_is_given_up_after_the_agreed_hold_time_and_no_earlier() {
    let last = Micros::secs(130);
    ends(established(30), last, HOLD_EXPIRED).unwrap();
    let early = ends(established(30), last - Micros::millis(2), HOLD_EXPIRED);
    assert!(early.clone().unwrap_err().text.contains("after 29.998"), "{early:?}");
    refused(early);
    refused(ends(established(0), Micros::secs(1_000), HOLD_EXPIRED));
}

#[test]
fn whole_messages_keep_a_neighbor_alive() {
    let keepalive = message(KEEPALIVE, &[]);
    let mut watched = established(30);
    watched.hears(Micros::secs(120), &keepalive);
    refused(ends(watched, Micros::secs(149), HOLD_EXPIRED));
    let mut watched = established(30);
    watched.hears(Micros::secs(120), &keepalive[..18]);
    ends(watched, Micros::secs(130), HOLD_EXPIRED).unwrap();
}

#[test]
fn what_comes_after_the_silence_does_not_unsay_it() {
    let mut watched = established(30);
    watched.hears(Micros::secs(131), &message(KEEPALIVE, &[]));
    ends(watched, Micros::secs(132), HOLD_EXPIRED).unwrap();
}

#[test]
fn a_connection_without_an_open_or_a_keepalive_is_given_up_too() {
    refused(ends(opened(), Micros::secs(109), HOLD_EXPIRED));
    ends(opened(), Micros::secs(110), HOLD_EXPIRED).unwrap();
    for (hold, patience) in [(30, 30), (0, 240)] {
        let met = || {
            let mut watched = opened();
            watched.hears(Micros::secs(101), &open(65_002, 2, hold));
            watched
        };
        refused(ends(met(), Micros::secs(100 + patience), HOLD_EXPIRED));
        ends(met(), Micros::secs(101 + patience), HOLD_EXPIRED).unwrap();
    }
}

#[test]
fn a_neighbor_that_takes_nothing_is_given_up_after_the_send_hold_time() {
    let limited = |seconds: &[u16]| {
        let mut watched = established(90);
        seconds.iter().for_each(|seconds| watched.limit_send_hold(*seconds));
        watched
    };
    ends(limited(&[120]), Micros::secs(220), SEND_HOLD_EXPIRED).unwrap();
    refused(ends(limited(&[120]), Micros::secs(219), SEND_HOLD_EXPIRED));
    refused(ends(limited(&[0]), Micros::secs(1_000), SEND_HOLD_EXPIRED));
    // The least that was ever in force: it may have been changed since.
    ends(limited(&[480, 120, 0]), Micros::secs(220), SEND_HOLD_EXPIRED).unwrap();
}
