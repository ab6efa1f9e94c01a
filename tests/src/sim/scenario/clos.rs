//! A fabric of two tiers in the manner of RFC 7938: one AS for all spines, one for each leaf, one for each host.
//!
//! Hosts have one leaf or two. Each announces its pods, and virtual addresses that others announce as well.

use std::net::{Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::build::{Builder, Version, net_v4, net_v6};
use super::draw::Draw;
use super::faults::{FaultClass, FaultSource};
use super::sessions::sessions;
use super::text::{Document, Policy, Table};
use super::work::{WorkClass, WorkSource};
use crate::sim::{Micros, Plan};

/// The spines' AS. All have the same, so that no path goes down and up again.
const SPINES: u32 = 64_512;

/// Hosts' numbers do not fit two octets.
const HOSTS: u32 = 4_200_000_000;

/// How many addresses hosts share.
const SHARED: u8 = 8;

/// How large a fabric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Switches of the upper tier.
    pub spines: u8,
    /// Switches of the lower tier.
    pub leaves: u8,
    /// Hosts below them.
    pub hosts: u8,
}

impl Size {
    /// Four spines, sixteen leaves, 64 hosts.
    pub const FULL: Self = Self { spines: 4, leaves: 16, hosts: 64 };
}

/// The fabric of a seed, with failing links, switches and hosts, and services that come and go. It is disturbed for
/// five minutes, or for so many hours.
pub fn plan(seed: u64, size: Size, hours: Option<u64>) -> Plan {
    let mut draw = Draw::new(seed, 0xC105);
    let builder = fabric(&mut draw, size);
    let heal_at = Micros::secs(hours.map_or(300, |hours| hours.saturating_mul(3600).max(120)));
    let events = heal_at.as_secs() / 15;
    let sessions = sessions(&builder);
    let classes: Vec<FaultClass> = FaultClass::ALL.into_iter().filter(|_| draw.chance(60)).collect();
    let source =
        FaultSource { builder: &builder, sessions: &sessions, classes: &classes, longest: Micros::secs(30) };
    let calm = Micros::secs(30);
    let faults = source.draw(&mut draw, events, calm, heal_at);
    let pools: Vec<Vec<IpNet>> = pools(size);
    let source = WorkSource {
        builder: &builder,
        sessions: &sessions,
        classes: &[
            WorkClass::Churn,
            WorkClass::Churn,
            WorkClass::Clear,
            WorkClass::Shutdown,
            WorkClass::Drain,
        ],
        pools: &pools,
        communities: &[],
        med: false,
        rewrite: &|_, document| document.clone(),
    };
    let work = source.draw(&mut draw, events, calm, heal_at);
    Plan {
        faults,
        work,
        heal_at,
        converge_within: Micros::secs(600),
        watch: Micros::secs(60),
        ..builder.plan(seed)
    }
}

/// For each of the fabric's machines what it may originate: spines and leaves nothing.
fn pools(size: Size) -> Vec<Vec<IpNet>> {
    let switches = usize::from(size.spines) + usize::from(size.leaves);
    let mut pools = vec![Vec::new(); switches];
    pools.extend((0..size.hosts).map(|host| {
        let shared = (1..=SHARED).flat_map(services);
        own(host).into_iter().chain(shared).collect()
    }));
    pools
}

/// What belongs to one host alone: pods of both versions.
fn own(host: u8) -> [IpNet; 2] {
    [
        net_v4(Ipv4Addr::new(172, 16, host, 0), 24),
        net_v6(Ipv6Addr::new(0x2001, 0xDB8, 0x16, u16::from(host), 0, 0, 0, 0), 64),
    ]
}

/// A service's addresses.
fn services(number: u8) -> [IpNet; 2] {
    [
        net_v4(Ipv4Addr::new(198, 18, 0, number), 32),
        net_v6(Ipv6Addr::new(0x2001, 0xDB8, 0x18, 0, 0, 0, 0, u16::from(number)), 128),
    ]
}

fn fabric(draw: &mut Draw, size: Size) -> Builder {
    let mut builder = Builder::default();
    let id = |tier: u8, number: u8| Ipv4Addr::new(192, 0, tier, number + 1);
    let spines: Vec<usize> = (0..size.spines)
        .map(|number| {
            let mut document = machine(SPINES, id(1, number));
            document.multipath(64, true);
            builder.host(format!("spine{}", number + 1), Some(document))
        })
        .collect();
    let leaves: Vec<(usize, u32)> = (0..size.leaves)
        .map(|number| {
            let asn = SPINES + 1 + u32::from(number);
            let mut document = machine(asn, id(2, number));
            document.multipath(64, true);
            document.policies.push(from_hosts(asn));
            (builder.host(format!("leaf{}", number + 1), Some(document)), asn)
        })
        .collect();
    for &(leaf, asn) in &leaves {
        for &spine in &spines {
            connect(&mut builder, (spine, SPINES, "accept-all"), (leaf, asn, "accept-all"), "accept-all");
        }
    }
    for number in 0..size.hosts {
        let asn = HOSTS + u32::from(number);
        let mut document = machine(asn, id(3, number));
        document.multipath(16, true);
        // A host is nobody's way to anywhere else.
        document.policies.push(Policy::new("own").rule("accept", |rule| {
            rule.text("as-path", "empty");
        }));
        for prefix in own(number) {
            document.network(prefix);
        }
        for service in 1..=SHARED {
            if draw.chance(30) {
                for prefix in services(service) {
                    document.network(prefix);
                }
            }
        }
        let host = builder.host(format!("host{}", number + 1), Some(document));
        let first = usize::from(number) % leaves.len().max(1);
        let dual = leaves.len() > 1 && draw.chance(60);
        for at in [Some(first), dual.then(|| (first + 1) % leaves.len())].into_iter().flatten() {
            let (leaf, leaf_asn) = leaves[at];
            connect(&mut builder, (leaf, leaf_asn, "hosts"), (host, asn, "accept-all"), "own");
        }
    }
    builder
}

/// A speaker with tables for the whole fabric.
fn machine(asn: u32, id: Ipv4Addr) -> Document {
    let mut document = Document::new(asn, id);
    let sizes = [
        ("peers", "64"),
        ("connections", "96"),
        ("prefixes", "1000"),
        ("paths", "8000"),
        ("attribute-sets", "2000"),
        ("attribute-bytes", "\"256KiB\""),
        ("policy-bytes", "\"16KiB\""),
    ];
    for (key, value) in sizes {
        document.limits.set(key, value);
    }
    document
}

/// What a leaf takes from hosts: pods and host routes of services, marked with where they came in.
fn from_hosts(asn: u32) -> Policy {
    let accept = |prefixes: [&'static str; 2], mark: u32| {
        move |rule: &mut Table| {
            let mut set = Table::default();
            set.texts("add-communities", [format!("{asn}:{mark}")]);
            rule.texts("prefix", prefixes).set("set", set.inline());
        }
    };
    Policy::new("hosts")
        .rule("accept", accept(["172.16.0.0/16 ge 24 le 24", "2001:db8:16::/48 ge 64 le 64"], 1))
        .rule("accept", accept(["198.18.0.0/24 ge 32", "2001:db8:18::/48 ge 128"], 2))
}

/// Joins two machines by a link and a session over it: each with its AS number and its import policy; `export` is
/// what the lower one tells.
fn connect(builder: &mut Builder, upper: (usize, u32, &str), lower: (usize, u32, &str), export: &str) {
    let link = builder.link(&[upper.0, lower.0]);
    for (of, to, export) in [(upper, lower, "accept-all"), (lower, upper, export)] {
        let Some(address) = builder.address(link, to.0, Version::V4) else { continue };
        let Some(document) = builder.document(of.0) else { continue };
        document.neighbor(address, |table| {
            table.set("remote-asn", to.1).text("import", of.2).text("export", export);
            table.set("timers.hold", 9).set("timers.connect-retry", 5);
            table.set("graceful-restart.restart-time", 30);
        });
    }
}
