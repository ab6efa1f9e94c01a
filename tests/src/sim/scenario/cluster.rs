//! A cluster under four switches that accept nodes from ranges.
//!
//! A node announces its pods and the virtual addresses that it serves, and learns a default route, nothing else:
//! however many nodes there are, each has two prefixes in its tables. Nodes restart one after the other.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::build::{Builder, net_v4, net_v6};
use super::draw::Draw;
use super::text::{Document, Policy};
use super::work::in_order;
use crate::sim::plan::{Fault, FaultKind, Work, WorkKind};
use crate::sim::{Micros, Plan};

/// Nodes of the full cluster.
pub const NODES: u16 = 1000;

/// Switches above them.
const SWITCHES: u8 = 4;

/// The switches' AS.
const ABOVE: u32 = 65_000;

/// The nodes' AS.
const BELOW: u32 = 65_001;

/// Seconds of the hold time of every session.
pub const HOLD: u64 = 30;

/// Addresses of services; each is on every second node or so.
const SERVICES: u8 = 8;

/// A cluster of so many nodes, all of which restart in turn within ten minutes, or within so many hours. Nodes have a
/// session with each switch, or with two of them.
pub fn plan(seed: u64, nodes: u16, hours: Option<u64>) -> Plan {
    let mut draw = Draw::new(seed, 0xC1);
    let everywhere = draw.chance(30);
    let builder = machines(&mut draw, nodes, everywhere);
    let calm = Micros::secs(60);
    let heal_at = Micros::secs(hours.map_or(600, |hours| hours.saturating_mul(3600).max(600)));
    let step = (heal_at - calm - Micros::secs(30)).0 / u64::from(nodes.max(1));
    let mut faults = Vec::new();
    let mut order: Vec<u16> = (0..nodes).collect();
    if draw.chance(50) {
        draw.shuffle(&mut order);
    }
    for (turn, node) in (0_u64..).zip(&order) {
        let host = usize::from(SWITCHES) + usize::from(*node);
        let from = calm + Micros(step.saturating_mul(turn));
        let off = draw.time(Micros::secs(1), Micros::secs(8));
        let kind = if draw.chance(10) { FaultKind::Crash { host } } else { FaultKind::Kill { host } };
        faults.push(Fault { from, until: from + off, kind });
    }
    let mut work = Vec::new();
    for _ in 0..u64::from(nodes) / 10 {
        let host = usize::from(SWITCHES) + draw.index(usize::from(nodes));
        let at = draw.time(calm, heal_at);
        let prefix = service(draw.between(1, u64::from(SERVICES)) as u8);
        let goes = draw.chance(50);
        let document = builder.documents.get(host).and_then(Option::as_ref);
        match document.and_then(|document| document.without_network(prefix)) {
            // A service that is configured goes with a file that does not have it.
            Some(document) if goes => {
                work.push(Work { at, host, kind: WorkKind::Reload(document.to_string()) })
            }
            _ => {
                let announce = WorkKind::Announce { prefix, communities: Vec::new(), med: None };
                work.push(Work { at, host, kind: announce });
                if goes {
                    let at = draw.time(at, heal_at);
                    work.push(Work { at, host, kind: WorkKind::Withdraw(prefix) });
                }
            }
        }
    }
    Plan {
        faults,
        work: in_order(work),
        heal_at,
        converge_within: Micros::secs(300),
        watch: Micros::secs(60),
        ..builder.plan(seed)
    }
}

fn service(number: u8) -> IpNet {
    net_v4(Ipv4Addr::new(198, 18, 0, number), 32)
}

fn machines(draw: &mut Draw, nodes: u16, everywhere: bool) -> Builder {
    let mut builder = Builder::default();
    // Two switches for each half of the nodes, or all for all.
    let has = |node: u16, switch: u8| everywhere || node % 2 == u16::from(switch) / 2;
    for switch in 0..SWITCHES {
        let members = (0..nodes).filter(|node| has(*node, switch)).count();
        builder.host(format!("tor{}", switch + 1), Some(tor(switch, members)));
    }
    for number in 0..nodes {
        let mut document = Document::new(BELOW, Ipv4Addr::from_bits(0xC0A8_0000 + u32::from(number) + 1));
        small_tables(&mut document);
        document.policies.push(default_only());
        for switch in (0..SWITCHES).filter(|switch| has(number, *switch)) {
            document.neighbor(IpAddr::from(address(switch, None).0), |table| {
                table.set("remote-asn", ABOVE).text("import", "default").text("export", "accept-all");
                table.set("timers.hold", HOLD).set("timers.connect-retry", 5);
                table.set("graceful-restart.restart-time", 60);
            });
        }
        let [high, low] = number.to_be_bytes();
        document.network(net_v4(Ipv4Addr::new(172, 16 + high, low, 0), 24));
        document.network(net_v6(Ipv6Addr::new(0x2001, 0xDB8, 1, number, 0, 0, 0, 0), 64));
        for number in 1..=SERVICES {
            if draw.chance(50) {
                document.network(service(number));
            }
        }
        builder.host(format!("node{}", number + 1), Some(document));
    }
    for switch in 0..SWITCHES {
        let end = |host: usize, node: Option<u16>| {
            let (v4, v6) = address(switch, node);
            (host, vec![net_v4(v4, 16), net_v6(v6, 64)])
        };
        let below = (0..nodes).filter(|node| has(*node, switch));
        let below = below.map(|node| end(usize::from(SWITCHES) + usize::from(node), Some(node)));
        let ends = std::iter::once(end(usize::from(switch), None)).chain(below).collect();
        builder.wire(ends);
    }
    builder
}

/// The address of a switch, or of a node on the switch's link.
fn address(switch: u8, node: Option<u16>) -> (Ipv4Addr, Ipv6Addr) {
    let number = node.map_or(1, |node| node + 256);
    let [high, low] = number.to_be_bytes();
    let group = u16::from(switch) + 1;
    (Ipv4Addr::new(10, switch + 1, high, low), Ipv6Addr::new(0xFD00, group, 0, 0, 0, 0, 0, number))
}

fn tor(switch: u8, members: usize) -> Document {
    let mut document = Document::new(ABOVE, Ipv4Addr::new(192, 0, 2, switch + 1));
    let paths = members * (usize::from(SERVICES) + 4) + 100;
    let limits = &mut document.limits;
    limits.set("peers", members + 16).set("connections", members + 96);
    limits.set("prefixes", members + 200).set("paths", paths);
    limits.set("attribute-sets", members * 4 + 100).set("attribute-bytes", members * 512 + 65_536);
    limits.set("policy-bytes", "\"16KiB\"");
    document.multipath(64, false);
    document.policies.push(default_only());
    document.policies.push(Policy::new("nodes").rule("accept", |rule| {
        let ranges = ["172.16.0.0/12 ge 24 le 24", "198.18.0.0/24 ge 32", "2001:db8:1::/48 ge 64 le 64"];
        rule.texts("prefix", ranges);
    }));
    document.group("nodes", |group| {
        let (v4, v6) = address(switch, None);
        let ranges = [net_v4(v4, 16).trunc(), net_v6(v6, 64).trunc()];
        group.set("remote-asn", BELOW).texts("dynamic", ranges).set("dynamic-limit", members + 8);
        group.text("import", "nodes").text("export", "default");
        group.set("max-prefixes", 64).set("timers.hold", HOLD);
    });
    document.network("0.0.0.0/0");
    document.network("::/0");
    document
}

/// The default routes and nothing else: what switches tell, and what nodes believe.
fn default_only() -> Policy {
    Policy::new("default").rule("accept", |rule| {
        rule.texts("prefix", ["0.0.0.0/0", "::/0"]);
    })
}

/// Tables of a node, which learns next to nothing.
fn small_tables(document: &mut Document) {
    let sizes = [
        ("peers", "4"),
        ("connections", "8"),
        ("prefixes", "16"),
        ("paths", "32"),
        ("attribute-sets", "16"),
        ("attribute-bytes", "4096"),
        ("policy-bytes", "1024"),
    ];
    for (key, value) in sizes {
        document.limits.set(key, value);
    }
}
