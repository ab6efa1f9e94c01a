//! Nodes that talk to each other, and nodes that talk to two routers.

use super::Lab;
use super::parts::{graceful, ip, net, node, open, speaker, timers, upstream};
use crate::sim::scenario::build::{Builder, net_v4};

/// A load balancer between a mesh of nodes, each with a block of pod addresses, and the router of the outside. It
/// talks to one node, which speaks for all.
pub(super) fn load_balancer() -> Lab {
    let mut builder = Builder::default();
    let mut document = speaker(65002, "172.1.0.2");
    for (address, asn) in [("192.168.57.101", 64512), ("192.168.20.55", 64001)] {
        document.neighbor(ip(address), |table| {
            table.set("remote-asn", asn);
            open(table);
        });
    }
    document.network("123.123.123.15/32");
    let balancer = builder.host("loxilb", Some(document));
    builder.hosts[balancer].addresses.push(ip("172.1.0.2"));
    let blocks = ["10.233.71.0/26", "10.233.74.64/26", "10.233.75.0/26", "10.233.102.128/26"];
    let mut inside = vec![(balancer, vec![net("192.168.57.4/24")])];
    let services = (15..=20).map(|last| net_v4([123, 123, 123, last].into(), 32));
    let mut pools = vec![services.collect()];
    for (number, block) in (101_u32..).zip(blocks) {
        let own = format!("192.168.57.{number}");
        let mut document = speaker(64512, &own);
        for other in (101_u32..=104).filter(|other| *other != number) {
            document.neighbor(ip(&format!("192.168.57.{other}")), |table| {
                table.text("remote-asn", "internal");
                graceful(table, 120);
            });
        }
        if number == 101 {
            document.neighbor(ip("192.168.57.4"), |table| {
                table.set("remote-asn", 65002);
                open(table);
            });
        }
        document.network(block);
        let host = builder.host(format!("node{}", number - 100), Some(document));
        inside.push((host, vec![net(&format!("{own}/24"))]));
        pools.push(vec![net(block)]);
    }
    let lan = builder.wire(inside);
    for host in 1..builder.hosts.len() {
        builder.default_route(host, lan, balancer);
    }
    let mut document = speaker(64001, "192.168.20.55");
    document.neighbor(ip("192.168.20.4"), |table| {
        table.set("remote-asn", 65002);
        open(table);
    });
    document.network("198.51.100.0/24");
    let outside = builder.host("edge", Some(document));
    pools.push(vec![net("198.51.100.0/24"), net("203.0.113.0/24")]);
    builder.wire(vec![(balancer, vec![net("192.168.20.4/24")]), (outside, vec![net("192.168.20.55/24")])]);
    Lab { builder, pools }
}

/// Nodes with a leg to each of two routers, over IPv6; both families in the sessions. One of the legs has no IPv4 addresses:
/// what is IPv4 goes there with IPv6 next hops (RFC 8950). One router accepts any node of
/// its range, the other one names them.
pub(super) fn two_routers_over_ipv6() -> Lab {
    let mut builder = Builder::default();
    let mut pools = Vec::new();
    let routers = [10_u32, 11].map(|side| {
        let mut document = speaker(65000, &format!("10.0.{side}.1"));
        document.multipath(8, true);
        document.group("nodes", |group| {
            group.set("remote-asn", 65001);
            open(group);
            timers(group, 9, 5);
            graceful(group, 15);
            if side == 10 {
                group.texts("dynamic", ["fd00:10::/64"]).set("dynamic-limit", 8);
            }
        });
        if side == 11 {
            for number in [2, 3, 4] {
                document.neighbor(ip(&format!("fd00:11::{number}")), |table| {
                    table.text("group", "nodes");
                });
            }
        }
        document.network(format_args!("2001:db8:{side}::/48"));
        document.network(format_args!("198.18.{side}.0/24"));
        pools.push(vec![net(&format!("2001:db8:{side}:1::/64")), net(&format!("198.18.{side}.0/25"))]);
        builder.host(format!("tor{}", side - 9), Some(document))
    });
    let leg = |side: u32, last: u32| {
        let v4 = (side == 10).then(|| net(&format!("10.0.{side}.{last}/24")));
        v4.into_iter().chain([net(&format!("fd00:{side}::{last}/64"))]).collect()
    };
    let mut legs = [(10, routers[0]), (11, routers[1])].map(|(side, router)| vec![(router, leg(side, 1))]);
    for number in [2_u32, 3, 4] {
        let mut document = node(65001, &format!("10.0.10.{number}"), &format!("10.244.{number}.0/24"));
        document.network(format_args!("fd00:244:{number}::/64"));
        for service in ["172.20.0.1/32", "2001:db8:5::1/128"] {
            document.network(service).texts("communities", ["65000:1"]);
        }
        for side in [10, 11] {
            document.neighbor(ip(&format!("fd00:{side}::1")), |table| {
                upstream(table, 65000);
                timers(table, 9, 5);
                graceful(table, 15);
            });
        }
        let host = builder.host(format!("node{}", number - 1), Some(document));
        for (side, ends) in [10, 11].into_iter().zip(&mut legs) {
            ends.push((host, leg(side, number)));
        }
        pools.push(vec![
            net("172.20.0.1/32"),
            net("172.20.0.2/32"),
            net("2001:db8:5::2/128"),
            net(&format!("fd00:244:{number}::/64")),
        ]);
    }
    let [first, second] = legs.map(|ends| builder.wire(ends));
    for host in 2..builder.hosts.len() {
        let side = if host.is_multiple_of(2) { first } else { second };
        builder.default_route(host, side, routers[usize::from(side == second)]);
    }
    Lab { builder, pools }
}
