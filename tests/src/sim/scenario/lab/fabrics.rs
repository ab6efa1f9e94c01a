//! Two racks and what joins them.

use super::Lab;
use super::parts::{graceful, ip, net, node, open, speaker, timers, upstream};
use crate::sim::scenario::build::Builder;
use crate::sim::scenario::text::Document;

/// A router above two racks. Each rack is an AS; its nodes talk to the loopback of the switch on top of it, each over a
/// wire of its own, and reach everything through it.
pub(super) fn two_racks_one_router() -> Lab {
    let mut builder = Builder::default();
    let mut document = speaker(65000, "10.0.0.100");
    for (address, asn) in [("10.0.100.2", 65010), ("10.0.101.2", 65011)] {
        document.neighbor(ip(address), |table| {
            table.set("remote-asn", asn);
            open(table);
            timers(table, 9, 10);
        });
    }
    document.network("0.0.0.0/0");
    let router = builder.host("router0", Some(document));
    builder.hosts[router].addresses.push(ip("10.0.0.100"));
    let mut pools = vec![vec![net("203.0.113.0/24")]];
    for (rack, asn) in [(0, 65010_u32), (1, 65011)] {
        let loopback = format!("10.0.0.{}", rack + 1);
        let nodes = [2 * rack + 1, 2 * rack + 2];
        let mut document = speaker(asn, &loopback);
        document.multipath(2, true);
        document.neighbor(ip(&format!("10.0.10{rack}.1")), |table| {
            table.set("remote-asn", 65000);
            open(table);
            timers(table, 9, 10);
        });
        document.group("servers", |group| {
            group.text("remote-asn", "internal").text("local-address", &loopback);
            timers(group, 90, 10);
        });
        document.network(format_args!("{loopback}/32"));
        for subnet in nodes {
            document.neighbor(ip(&format!("10.0.{subnet}.2")), |table| {
                table.text("group", "servers");
            });
            document.network(format_args!("10.0.{subnet}.0/24"));
        }
        let tor = builder.host(format!("tor{rack}"), Some(document));
        builder.hosts[tor].addresses.push(ip(&loopback));
        builder.wire(vec![
            (router, vec![net(&format!("10.0.10{rack}.1/24"))]),
            (tor, vec![net(&format!("10.0.10{rack}.2/24"))]),
        ]);
        pools.push(Vec::new());
        for subnet in nodes {
            let own = format!("10.0.{subnet}.2");
            let pods = format!("10.1.{}.0/24", subnet - 1);
            let mut document = node(asn, &own, &pods);
            document.neighbor(ip(&loopback), |table| upstream(table, asn));
            let host = builder.host(format!("srv{subnet}"), Some(document));
            builder.hosts[host].installs = false;
            let wire = builder.wire(vec![
                (tor, vec![net(&format!("10.0.{subnet}.1/24"))]),
                (host, vec![net(&format!("{own}/24"))]),
            ]);
            builder.default_route(host, wire, tor);
            pools.push(vec![net(&pods)]);
        }
    }
    Lab { builder, pools }
}

/// Two leaves under two spines. A rack's nodes share a subnet and their leaf's AS; leaves share load over the spines.
pub(super) fn two_leaves_two_spines() -> Lab {
    let mut builder = Builder::default();
    let mut pools = Vec::new();
    let spines = [0_u32, 1].map(|spine| {
        let mut document = speaker(65_100 + spine, &format!("10.255.1.{spine}"));
        for (leaf, asn) in [(0_u32, 65_005), (1, 65_008)] {
            fabric_neighbor(&mut document, &format!("10.1.{}{leaf}.2", spine + 1), asn);
        }
        pools.push(Vec::new());
        builder.host(format!("spine{spine}"), Some(document))
    });
    for (leaf, asn, subnet) in [(0_u32, 65_005_u32, "10.1.5"), (1, 65_008, "10.1.8")] {
        let gateway = format!("{subnet}.1");
        let mut document = speaker(asn, &gateway);
        document.multipath(2, true);
        for spine in [0_u32, 1] {
            fabric_neighbor(&mut document, &format!("10.1.{}{leaf}.1", spine + 1), 65_100 + spine);
        }
        document.network(format_args!("{subnet}.0/24"));
        for last in [10, 11] {
            document.neighbor(ip(&format!("{subnet}.{last}")), |table| {
                table.text("remote-asn", "internal");
                timers(table, 90, 10);
                graceful(table, 60);
            });
        }
        let host = builder.host(format!("leaf{leaf}"), Some(document));
        pools.push(Vec::new());
        for (spine, upper) in (1..).zip(spines) {
            builder.wire(vec![
                (upper, vec![net(&format!("10.1.{spine}{leaf}.1/24"))]),
                (host, vec![net(&format!("10.1.{spine}{leaf}.2/24"))]),
            ]);
        }
        let mut ends = vec![(host, vec![net(&format!("{gateway}/24"))])];
        let mut nodes = Vec::new();
        for last in [0_u32, 1] {
            let own = format!("{subnet}.{}", 10 + last);
            let pods = format!("10.98.{}.0/24", 2 * leaf + last);
            let mut document = node(asn, &own, &pods);
            document.neighbor(ip(&gateway), |table| {
                upstream(table, asn);
                timers(table, 90, 10);
                graceful(table, 60);
            });
            let server = builder.host(format!("server{}", 2 * leaf + last + 1), Some(document));
            builder.hosts[server].installs = false;
            ends.push((server, vec![net(&format!("{own}/24"))]));
            nodes.push(server);
            pools.push(vec![net(&pods)]);
        }
        let lan = builder.wire(ends);
        for server in nodes {
            builder.default_route(server, lan, host);
        }
    }
    Lab { builder, pools }
}

fn fabric_neighbor(document: &mut Document, address: &str, asn: u32) {
    document.neighbor(ip(address), |table| {
        table.set("remote-asn", asn);
        open(table);
        timers(table, 9, 5);
    });
}
