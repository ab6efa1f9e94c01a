//! The ways to next hops that routes of others are.

use std::net::Ipv4Addr;

use crier_core::Millis;
use ipnet::IpNet;

use super::super::super::Pending;
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
    let direct = Hop { gateway: None, interface: INTERFACE, onlink: false };
    let prefix = "192.0.2.0/24".parse().unwrap();
    ways.route_gone(&Foreign { prefix, metric: 0, protocol: 2, hops: hops_of([direct]), seen: 0 });
    for id in 0..FOREIGN as u32 {
        let prefix = IpNet::new(Ipv4Addr::from_bits(0x0a00_0000 + id).into(), 32).unwrap();
        // Links' as well: none of them makes room for another.
        ways.route(Foreign { prefix, metric: 0, protocol: 2, hops: hops_of([direct]), seen: 0 });
    }
    bench.settle();
    assert_eq!(bench.fake.gateways(A), None);
    bench.hear(&Message::Overrun);
    bench.pass(Millis(200));
    assert_eq!((bench.fake.gateways(A), bench.bridge.standing().lost), (Some(vec![11]), 1));
}

/// A daemon has more routes than there is room for, and they are dumped before that of a link.
#[test]
fn a_link_is_not_lost_among_routes_of_daemons() {
    let mut bench = bench(Settings::default(), &[11]);
    let direct = Hop { gateway: None, interface: INTERFACE, onlink: false };
    let behind = Hop { gateway: Some("192.0.2.12".parse().unwrap()), ..direct };
    let prefix = "192.0.2.0/24".parse().unwrap();
    let link = Foreign { prefix, metric: 0, protocol: 2, hops: hops_of([direct]), seen: 1 };
    let ways = &mut bench.bridge.ways;
    ways.route_gone(&link);
    for id in 0..FOREIGN as u32 {
        let prefix = IpNet::new(Ipv4Addr::from_bits(0x0a00_0000 + id).into(), 32).unwrap();
        ways.route(Foreign { prefix, protocol: 188, hops: hops_of([behind]), ..link });
    }
    assert_eq!(ways.lost, 0);
    ways.route(link);
    bench.announce(11, &[A]);
    bench.settle();
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

/// A route of the host's own on its link, which the kernel says there is, or is no more.
fn link_route(bench: &mut super::fake::Bench, prefix: &str, there: bool) {
    let direct = Hop { gateway: None, interface: INTERFACE, onlink: false };
    let prefix = prefix.parse().unwrap();
    let route = Foreign { prefix, metric: 100, protocol: 2, hops: hops_of([direct]), seen: u32::MAX };
    if there { bench.bridge.ways.route(route) } else { bench.bridge.ways.route_gone(&route) }
}

/// A neighbor that announces the prefix of a link of ours does not take it over.
#[test]
fn what_the_host_has_of_its_own_is_not_installed() {
    let pending = |bench: &super::fake::Bench, prefix: &str| {
        bench.bridge.route(super::V4, super::slot(bench, prefix)).pending
    };
    let mut bench = bench(Settings::default(), &[11]);
    link_route(&mut bench, A, true);
    bench.announce(11, &[A, B]);
    bench.settle();
    assert_eq!((bench.fake.gateways(A), bench.fake.gateways(B)), (None, Some(vec![11])));
    assert_eq!((pending(&bench, A), pending(&bench, B)), (Pending::Taken, Pending::Nothing));
    // What goes makes room, what comes takes it.
    link_route(&mut bench, A, false);
    link_route(&mut bench, B, true);
    bench.settle();
    assert_eq!((bench.fake.gateways(A), bench.fake.gateways(B)), (Some(vec![11]), None));
    assert_eq!((pending(&bench, A), pending(&bench, B)), (Pending::Nothing, Pending::Taken));
    assert_eq!((bench.bridge.standing().routes, bench.bridge.standing().refused), (1, 0));
    bench.withdraw(11, &[B]);
    bench.settle();
    assert_eq!(bench.speaker.find_destination(B.parse().unwrap()), None);
}

#[test]
fn in_a_table_of_its_own_nothing_is_taken() {
    let mut bench = bench(Settings { table: 100, ..Settings::default() }, &[11]);
    link_route(&mut bench, A, true);
    bench.announce(11, &[A]);
    bench.settle();
    assert_eq!(bench.fake.gateways(A), Some(vec![11]));
}

/// The session to a neighbor behind a gateway ends: the gateway forwards on.
#[test]
fn a_neighbor_behind_a_gateway_takes_no_other_routes_along() {
    let mut bench = bench(Settings::default(), &[11, 12, 13]);
    let router = Hop { gateway: Some("192.0.2.11".parse().unwrap()), interface: INTERFACE, onlink: false };
    let prefix = "192.0.2.13/32".parse().unwrap();
    bench.bridge.ways.route(Foreign { prefix, metric: 0, protocol: 4, hops: hops_of([router]), seen: 1 });
    for peer in [11, 12, 13] {
        bench.announce(peer, &[A]);
    }
    bench.announce(13, &[B]);
    bench.settle();
    let both = Some(vec![11, 12]);
    assert_eq!((bench.fake.gateways(A), bench.fake.gateways(B)), (both.clone(), Some(vec![11])));
    bench.disconnect(13);
    assert_eq!(bench.fake.gateways(A), both);
    bench.settle();
    assert_eq!((bench.fake.gateways(A), bench.fake.gateways(B)), (both, None));
}

/// The session to a router ends behind which the next hop of somebody else lies.
#[test]
fn a_neighbor_that_is_a_gateway_for_others_forwards_on() {
    let mut bench = bench(Settings::default(), &[11, 12, 13]);
    let router = Hop { gateway: Some("192.0.2.11".parse().unwrap()), interface: INTERFACE, onlink: false };
    let prefix = "192.0.2.13/32".parse().unwrap();
    bench.bridge.ways.route(Foreign { prefix, metric: 0, protocol: 4, hops: hops_of([router]), seen: 1 });
    bench.announce(12, &[A]);
    bench.announce(13, &[A]);
    bench.announce(11, &[B]);
    bench.settle();
    let both = Some(vec![11, 12]);
    assert_eq!((bench.fake.gateways(A), bench.fake.gateways(B)), (both.clone(), Some(vec![11])));
    bench.disconnect(11);
    assert_eq!(bench.fake.gateways(A), both);
    bench.settle();
    assert_eq!((bench.fake.gateways(A), bench.fake.gateways(B)), (both, None));
}

/// A neighbor that has to be on a link loses that link: what covers its address leads elsewhere.
#[test]
fn a_neighbor_on_a_link_is_not_looked_for_behind_routers() {
    let mut bench = bench(Settings::default(), &[11, 13]);
    let router = Hop { gateway: Some("192.0.2.12".parse().unwrap()), interface: INTERFACE, onlink: false };
    bench.announce(11, &[A]);
    bench.announce(13, &[B]);
    bench.settle();
    let direct = Hop { gateway: None, ..router };
    let ways = &mut bench.bridge.ways;
    for (prefix, protocol, hop, there) in
        [("192.0.0.0/16", 4, router, true), ("192.0.2.0/24", 2, direct, false)]
    {
        let prefix = prefix.parse().unwrap();
        let route = Foreign { prefix, metric: 0, protocol, hops: hops_of([hop]), seen: 1 };
        if there { ways.route(route) } else { ways.route_gone(&route) }
    }
    bench.settle();
    assert_eq!((bench.fake.gateways(A), bench.fake.gateways(B)), (None, Some(vec![12])));
}
