//! The ways to next hops that routes of others are.

use std::net::Ipv4Addr;

use crier_core::Millis;
use ipnet::IpNet;

use super::super::super::resolve::{Foreign, hops_of};
use super::super::{FOREIGN, Settings};
use super::fake::INTERFACE;
use super::{A, B, bench};
use crate::netlink::Hop;
use crate::netlink::decode::Message;

/// Routes of others fill their table, go without a word while new ones come, and only a dump tells of either.
#[test]
fn what_there_was_no_room_for_is_looked_for_when_others_have_gone() {
    let mut bench = bench(Settings::default(), &[11]);
    bench.announce(11, &[A]);
    bench.settle();
    let ways = &mut bench.bridge.ways;
    ways.route_gone("192.0.2.0/24".parse().unwrap(), 0, 2);
    for id in 0..FOREIGN as u32 {
        let prefix = IpNet::new(Ipv4Addr::from_bits(0x0a00_0000 + id).into(), 32).unwrap();
        ways.route(Foreign { prefix, metric: 0, protocol: 4, hops: hops_of([]), seen: 0 });
    }
    bench.settle();
    assert_eq!(bench.fake.gateways(A), None);
    bench.hear(&Message::Overrun);
    bench.pass(Millis(200));
    assert_eq!((bench.fake.gateways(A), bench.bridge.standing().lost), (Some(vec![11]), 1));
}

/// A next hop loses its way over a router that other next hops still lie behind.
#[test]
fn a_way_that_goes_takes_nothing_from_others_over_the_same_router() {
    let mut bench = bench(Settings::default(), &[11, 12, 13]);
    let router = Hop { gateway: Some("192.0.2.11".parse().unwrap()), interface: INTERFACE, onlink: false };
    let behind = |hops| {
        let prefix = "192.0.2.13/32".parse().unwrap();
        Foreign { prefix, metric: 0, protocol: 4, hops, seen: 1 }
    };
    bench.bridge.ways.route(behind(hops_of([router])));
    bench.announce(11, &[A]);
    bench.announce(12, &[A]);
    bench.announce(13, &[B]);
    bench.settle();
    assert_eq!((bench.fake.gateways(A), bench.fake.gateways(B)), (Some(vec![11, 12]), Some(vec![11])));
    bench.bridge.ways.route(behind(hops_of([])));
    bench.settle();
    assert_eq!((bench.fake.gateways(A), bench.fake.gateways(B)), (Some(vec![11, 12]), None));
}
