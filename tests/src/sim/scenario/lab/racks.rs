//! One router and its nodes.

use super::Lab;
use super::parts::{graceful, ip, net, node, open, speaker, timers, upstream};
use crate::sim::scenario::build::{Builder, Version, net_v4};

/// A router that accepts the nodes of its subnet without naming them, tells them about each other and puts itself in
/// between. Every node has pods of its own; a virtual address of a service is on several.
pub(super) fn dynamic(nodes: u8, hold: u64) -> Lab {
    let mut builder = Builder::default();
    let mut document = speaker(65000, "192.168.10.1");
    document.multipath(64, false);
    document.group("k8s-nodes", |group| {
        group.set("remote-asn", 65001).texts("dynamic", ["192.168.10.0/24"]).set("dynamic-limit", 20);
        group.set("next-hop-self", true);
        open(group);
        timers(group, hold, 5);
        graceful(group, 120);
    });
    document.network("10.10.1.0/24");
    let router = builder.host("frr", Some(document));
    let mut ends = vec![(router, vec![net("192.168.10.1/24")])];
    let mut pools = vec![vec![net("10.10.2.0/24")]];
    for number in 0..nodes {
        let own = format!("192.168.10.{}", 10 + number);
        let mut document = node(65001, &own, &format!("10.244.{number}.0/24"));
        document.neighbor(ip("192.168.10.1"), |table| {
            upstream(table, 65000);
            table.texts("families", ["ipv4-unicast"]);
            timers(table, hold, 5);
            graceful(table, 120);
        });
        if number % 2 == 0 {
            document.network("172.20.0.1/32");
        }
        let name = if number == 0 { "cp-1".to_owned() } else { format!("worker-{number}") };
        let host = builder.host(name, Some(document));
        ends.push((host, vec![net(&format!("{own}/24"))]));
        let services = (1..=6).map(|last| net_v4([172, 20, 0, last].into(), 32));
        pools.push(services.chain([net(&format!("10.244.{number}.0/24"))]).collect());
    }
    let lan = builder.wire(ends);
    for host in 1..builder.hosts.len() {
        builder.default_route(host, lan, router);
    }
    Lab { builder, pools }
}

/// A router that names its nodes, which are in two subnets; fast timers, sessions that might be two hops long, and a
/// service on every node.
pub(super) fn static_neighbors() -> Lab {
    let mut builder = Builder::default();
    let nodes = [
        ("control", "192.168.60.100", "192.168.60.200", "172.20.0.0/24"),
        ("worker01", "192.168.60.101", "192.168.60.200", "172.20.1.0/24"),
        ("worker02", "192.168.160.100", "192.168.160.200", "172.20.2.0/24"),
    ];
    let mut document = speaker(65000, "192.168.60.200");
    document.multipath(4, true);
    document.group("cilium", |group| {
        group.text("remote-asn", "external").set("multihop", 2);
        open(group);
        timers(group, 9, 5);
        graceful(group, 120);
    });
    for (_, address, ..) in nodes {
        document.neighbor(ip(address), |table| {
            table.text("group", "cilium");
        });
    }
    document.network("10.10.1.0/24");
    let router = builder.host("router", Some(document));
    let near = net("192.168.60.200/24");
    let far = net("192.168.160.200/24");
    let mut ends = [vec![(router, vec![near])], vec![(router, vec![far])]];
    let mut pools = vec![vec![net("10.10.1.0/24"), net("10.10.2.0/24")]];
    for (name, own, gateway, pods) in nodes {
        let mut document = node(65001, own, pods);
        document.neighbor(ip(gateway), |table| {
            upstream(table, 65000);
            table.texts("families", ["ipv4-unicast"]).set("multihop", 2);
            timers(table, 9, 5);
            graceful(table, 15);
        });
        document.network("172.16.1.1/32");
        let host = builder.host(name, Some(document));
        builder.hosts[host].installs = false;
        let [here, there] = &mut ends;
        let subnet = if far.contains(&ip(own)) { there } else { here };
        subnet.push((host, vec![net(&format!("{own}/24"))]));
        let services = (1..=4).map(|last| net_v4([172, 16, 1, last].into(), 32));
        pools.push(services.chain([net(pods)]).collect());
    }
    let lans = ends.map(|ends| builder.wire(ends));
    for host in 1..builder.hosts.len() {
        for lan in lans {
            if builder.address(lan, host, Version::V4).is_some() {
                builder.default_route(host, lan, router);
            }
        }
    }
    Lab { builder, pools }
}
