//! crier and the kernel's routes, with real packets where it matters that none is lost.

use std::collections::BTreeMap;

use crier_tests::lab::{Crier, Lab, Namespace, OrFail as _, Plan, await_until};
use serde_json::Value;

mod addresses;
mod beside;
mod blackhole;
mod dying;
mod extended_next_hop;
mod failover;
mod feed;
mod full;
mod hosts_own;
mod memory;
mod privileges;
mod resolution;
mod restart;
mod routes;
mod traffic;
mod vanished;
mod zebra;

/// Where routes lead, by their prefixes: `192.0.2.2 to-a` for each next hop, in order.
type Table = BTreeMap<String, Vec<String>>;

/// What of crier's configuration turns its routes into the kernel's, over as many next hops as there are.
const KERNEL: &str = "\n[multipath]\nmaximum-paths = 64\nas-path-relax = true\n\n[kernel]\n";

/// Routes in the main table of a node, as `ip` shows them, both families together.
fn shown(node: &Namespace, words: &[&str]) -> Vec<Value> {
    let family = |version| {
        let text = node.run("ip", &[&[version, "-j", "route", "show"], words].concat());
        let routes: Value = serde_json::from_str(&text).or_fail(format_args!("reading {text}"));
        routes.as_array().cloned().unwrap_or_default()
    };
    [family("-4"), family("-6")].concat()
}

/// What crier has put there.
fn table(node: &Namespace) -> Table {
    let ours = shown(node, &["proto", "bgp"]).into_iter().filter(|route| route["metric"] == 20);
    ours.map(|route| (route["dst"].as_str().unwrap_or_default().to_owned(), hops(&route))).collect()
}

fn hops(route: &Value) -> Vec<String> {
    let hop = |hop: &Value| {
        let gateway = hop["gateway"].as_str().or_else(|| hop["via"]["host"].as_str());
        format!("{} {}", gateway.unwrap_or("link"), hop["dev"].as_str().unwrap_or_default())
    };
    let mut hops: Vec<String> = match route["nexthops"].as_array() {
        Some(several) => several.iter().map(hop).collect(),
        None => vec![hop(route)],
    };
    hops.sort();
    hops
}

/// Waits until crier's routes are exactly these.
#[track_caller]
fn await_table(what: &str, node: &Namespace, wanted: &Table) {
    await_until(what, || table(node), |table| table == wanted);
}

/// Numbers of the next-hop objects and groups of a node.
fn objects(node: &Namespace) -> Vec<u64> {
    let text = node.run("ip", &["-j", "nexthop", "show"]);
    let objects: Value = serde_json::from_str(&text).unwrap_or_default();
    objects.as_array().into_iter().flatten().filter_map(|object| object["id"].as_u64()).collect()
}

fn set(node: &Namespace, key: &str, value: &str) {
    node.run("sh", &["-c", &format!("echo {value} > /proc/sys/net/{key}")]);
}

/// Makes a router of a node, that shares its load by ports as well.
fn forward(node: &Namespace) {
    for (key, value) in [
        ("ipv4/ip_forward", "1"),
        ("ipv4/conf/all/rp_filter", "0"),
        ("ipv4/fib_multipath_hash_policy", "1"),
        ("ipv6/conf/all/forwarding", "1"),
        ("ipv6/fib_multipath_hash_policy", "1"),
    ] {
        set(node, key, value);
    }
}

/// A router with nodes around it, each with a crier of its own that announces.
struct Star {
    router: Namespace,
    nodes: Vec<Namespace>,
}

impl Star {
    fn new(lab: &Lab, count: u8) -> Self {
        let router = lab.node("r");
        let node = |id: u8| {
            let node = lab.node(&format!("n{id}"));
            router.link(
                &[&format!("192.0.{id}.1/24"), &format!("2001:db8:{id}::1/64")],
                &node,
                &[&format!("192.0.{id}.2/24"), &format!("2001:db8:{id}::2/64")],
            );
            node
        };
        let nodes = (1..=count).map(node).collect();
        Self { router, nodes }
    }

    /// The configuration of the router.
    fn configuration(&self) -> String {
        let plan = (1..=self.nodes.len()).fold(Plan::new(65000, [10, 0, 0, 1]), |plan, id| {
            plan.neighbor(&format!("192.0.{id}.1"), &format!("192.0.{id}.2"), 65000 + id as u32)
        });
        Crier::configuration(&plan) + KERNEL
    }

    /// The crier of each node, announcing what `prefixes` says for it, IPv6 ones by its own address.
    fn start_nodes(&self, prefixes: impl Fn(usize) -> Vec<String>) -> Vec<Crier<'_>> {
        let start = |(at, node)| {
            let id = at + 1;
            let plan = Plan::new(65000 + id as u32, [10, 0, 1, id as u8]).neighbor(
                &format!("192.0.{id}.2"),
                &format!("192.0.{id}.1"),
                65000,
            );
            let plan = prefixes(id).iter().fold(plan, |plan, prefix| match prefix.contains(':') {
                true => plan.announce_via(prefix, &format!("2001:db8:{id}::2")),
                false => plan.announce(prefix),
            });
            Crier::start(node, &plan)
        };
        self.nodes.iter().enumerate().map(start).collect()
    }

    /// Where a route of this prefix over these nodes leads.
    fn over(&self, prefix: &str, nodes: &[usize]) -> (String, Vec<String>) {
        let hop = |id: &usize| match prefix.contains(':') {
            true => format!("2001:db8:{id}::2 to-n{id}"),
            false => format!("192.0.{id}.2 to-n{id}"),
        };
        (prefix.to_owned(), nodes.iter().map(hop).collect())
    }
}
