//! crier killed and started again: nobody behind it notices.

use crier_tests::lab::{Crier, Daemon, Kind, Lab, Namespace, Process, await_until};

use serde_json::Value;

use super::traffic::Traffic;
use super::{Star, Table, await_table, forward, hops, objects, shown, table};

/// A router, nodes that lead to a host behind all of them, and a host on the other side.
pub(super) struct Crossing {
    pub(super) star: Star,
    pub(super) source: Namespace,
    pub(super) sink: Namespace,
}

/// The host behind the nodes.
pub(super) const SINK: [&str; 2] = ["10.9.0.1", "2001:db8:9::1"];

impl Crossing {
    pub(super) fn new(lab: &Lab, count: u8) -> Self {
        let star = Star::new(lab, count);
        let (source, sink) = (lab.node("source"), lab.node("sink"));
        star.router.link(&["10.8.0.1/24", "2001:db8:8::1/64"], &source, &["10.8.0.2/24", "2001:db8:8::2/64"]);
        for node in star.nodes.iter().chain([&star.router, &sink]) {
            forward(node);
        }
        sink.loopback(&["10.9.0.1/32", "2001:db8:9::1/128"]);
        source.run("ip", &["route", "add", "default", "via", "10.8.0.1"]);
        source.run("ip", &["route", "add", "default", "via", "2001:db8:8::1"]);
        for (at, node) in star.nodes.iter().enumerate() {
            let id = at + 1;
            let (here, there) = (
                [format!("10.19.{id}.1/24"), format!("2001:db8:a{id}::1/64")],
                [format!("10.19.{id}.2/24"), format!("2001:db8:a{id}::2/64")],
            );
            node.link(&here.each_ref().map(String::as_str), &sink, &there.each_ref().map(String::as_str));
            node.run("ip", &["route", "add", "10.9.0.0/24", "via", &format!("10.19.{id}.2")]);
            node.run("ip", &["route", "add", "2001:db8:9::/48", "via", &format!("2001:db8:a{id}::2")]);
        }
        Self { star, source, sink }
    }

    /// What the nodes announce.
    pub(super) fn prefixes(_: usize) -> Vec<String> {
        vec!["10.9.0.0/24".to_owned(), "2001:db8:9::/48".to_owned()]
    }

    /// The router's table with these nodes.
    pub(super) fn table(&self, nodes: &[usize]) -> Table {
        Table::from([self.star.over("10.9.0.0/24", nodes), self.star.over("2001:db8:9::/48", nodes)])
    }

    /// Begins to send to the host behind, by IPv4 and by IPv6.
    pub(super) fn traffic(&self) -> [Traffic; 2] {
        SINK.map(|address| Traffic::start(&self.source, &self.sink, address))
    }
}

/// `ip monitor`, from when it hears until when it has heard everything.
pub(super) struct Monitor<'n> {
    node: &'n Namespace,
    process: Process,
}

impl<'n> Monitor<'n> {
    pub(super) fn start(node: &'n Namespace) -> Self {
        let process = node.spawn("ip", &["-o", "monitor", "route", "nexthop"], &[]);
        let monitor = Self { node, process };
        monitor.mark("100.127.255.0/24");
        monitor
    }

    /// Makes a route that is nobody's, of a prefix that nobody announces, and waits until it has been heard of.
    fn mark(&self, prefix: &str) {
        let said = || {
            self.node.run("ip", &["route", "add", "blackhole", prefix]);
            self.node.run("ip", &["route", "del", "blackhole", prefix]);
            self.process.log().contains(prefix)
        };
        await_until("the monitor hears", said, |said| *said);
    }

    /// What it heard of BGP's routes and objects.
    pub(super) fn heard(self) -> Vec<String> {
        self.mark("100.127.254.0/24");
        let log = self.process.log();
        log.lines().filter(|line| line.contains("proto bgp")).map(str::to_owned).collect()
    }
}

/// With these keys of `[kernel]`.
fn killed_and_started_again(count: u8, keys: &str) {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let crossing = Crossing::new(&lab, count);
    let router = &crossing.star.router;
    let state = format!("[router]\nstate-dir = \"{}\"\n", router.dir().display());
    let configuration = crossing.star.configuration().replace("[router]\n", &state) + keys;
    let nodes: Vec<usize> = (1..=usize::from(count)).collect();
    let wanted = crossing.table(&nodes);
    let mut crier = Crier::start_with(router, &configuration);
    let _nodes = crossing.star.start_nodes(Crossing::prefixes);
    await_table("the way is there", router, &wanted);
    let traffic = crossing.traffic();
    let monitor = Monitor::start(router);
    let begin = traffic.each_ref().map(Traffic::arrived_so_far);
    crier.process().kill();
    drop(crier);
    traffic.iter().for_each(|traffic| traffic.await_arrivals(500));
    assert_eq!(table(router), wanted);
    let crier = Crier::start_with(router, &configuration);
    for id in nodes {
        crier.await_prefixes(&format!("192.0.{id}.2"), &["10.9.0.0/24", "2001:db8:9::/48"]);
    }
    let shared = || crier.routes(&["available"]).iter().filter(|path| path["multipath"] == true).count();
    await_until("it has converged", shared, |paths| *paths == 2 * usize::from(count));
    traffic.iter().for_each(|traffic| traffic.await_arrivals(500));
    await_table("the same as before", router, &wanted);
    for (traffic, begin) in traffic.into_iter().zip(begin) {
        let account = traffic.stop();
        assert!(account.sent() > begin + 1000);
        assert_eq!(account.lost(begin, account.sent()), 0, "of {}", account.sent() - begin);
    }
    assert_eq!(monitor.heard(), Vec::<String>::new());
}

#[test]
fn killed_with_one_next_hop() {
    killed_and_started_again(1, "");
}

#[test]
fn killed_with_three_next_hops() {
    killed_and_started_again(3, "");
}

/// What is its own it knows by its record.
#[test]
fn killed_without_objects() {
    killed_and_started_again(3, "next-hop-ids = 0\n");
}

/// Killed with these keys of `[kernel]`, started with others: what the first has left forwards until the second's routes are in.
fn killed_and_started_with_others(count: u8, before: &str, after: &str, is_new: impl Fn(&Value) -> bool) {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let crossing = Crossing::new(&lab, count);
    let router = &crossing.star.router;
    // Somebody else's, with an object of their own: one of them has the second crier's keys.
    let foreign = [
        ("10.77.0.0/24", "254", "bgp", "20"),
        ("10.78.0.0/24", "254", "bgp", "77"),
        ("10.79.0.0/24", "254", "200", "20"),
        ("10.80.0.0/24", "100", "bgp", "20"),
    ];
    router.run("ip", &["nexthop", "add", "id", "7", "via", "10.8.0.2", "dev", "to-source"]);
    for (prefix, table, protocol, metric) in foreign {
        let keys = ["table", table, "proto", protocol, "metric", metric];
        router.run("ip", &[&["route", "add", prefix, "nhid", "7"][..], &keys].concat());
    }
    // Both tables forward.
    for family in ["-4", "-6"] {
        router.run("ip", &[family, "rule", "add", "priority", "100", "lookup", "100"]);
    }
    let state = format!("[router]\nstate-dir = \"{}\"\n", router.dir().display());
    let configuration = crossing.star.configuration().replace("[router]\n", &state);
    // To the host behind, both families, in any table.
    let routes = || {
        let all = shown(router, &["table", "all"]).into_iter();
        let behind =
            |route: &Value| ["10.9.0.0/24", "2001:db8:9::/48"].iter().any(|dst| route["dst"] == *dst);
        all.filter(behind).collect::<Vec<_>>()
    };
    let mut crier = Crier::start_with(router, &(configuration.clone() + before));
    let _nodes = crossing.star.start_nodes(Crossing::prefixes);
    let all = |route: &Value| hops(route).len() == usize::from(count);
    await_until("the way is there", routes, |routes| routes.len() == 2 && routes.iter().all(all));
    let traffic = crossing.traffic();
    let begin = traffic.each_ref().map(Traffic::arrived_so_far);
    crier.process().kill();
    drop(crier);
    traffic.iter().for_each(|traffic| traffic.await_arrivals(500));
    let mut crier = Crier::start_with(router, &(configuration + after));
    let is_done =
        |routes: &Vec<Value>| routes.len() == 2 && routes.iter().all(|route| all(route) && is_new(route));
    await_until("only the new routes are there", routes, is_done);
    traffic.iter().for_each(|traffic| traffic.await_arrivals(500));
    for (traffic, begin) in traffic.into_iter().zip(begin) {
        let account = traffic.stop();
        assert_eq!(account.lost(begin, account.sent()), 0, "of {}", account.sent() - begin);
    }
    // Objects with numbers that are no more crier's go as well, and then the record is of the new ones alone.
    let status = crier.json(&["status"])["kernel"].take();
    let first = status["next_hop_ids"].as_u64().unwrap_or_default();
    let is_own = |id: &u64| *id == 7 || (first..first + 8192).contains(id) && first != 0;
    await_until("former objects are gone", || objects(router), |ids| ids.iter().all(is_own));
    let record = router.dir().join("kernel.json");
    let claims = || std::fs::read_to_string(&record).unwrap_or_default().matches("metric").count();
    await_until("the record is of the new ones", claims, |claims| *claims == 1);
    assert_eq!((&status["others"], &status["refused"]), (&1.into(), &0.into()), "{status}");
    for (prefix, ..) in foreign {
        let there = router.run("ip", &["route", "show", "table", "all", prefix]);
        assert!(there.contains("nhid 7"), "{there}");
    }
    // Nothing of crier's is left when it ends.
    crier.process().signal("INT");
    await_until("crier has ended", || crier.process().has_ended(), |ended| *ended);
    assert_eq!((routes(), objects(router)), (vec![], vec![7]));
    assert!(!record.exists());
}

fn number(route: &Value) -> u64 {
    route["nhid"].as_u64().unwrap_or_default()
}

#[test]
fn killed_and_started_with_other_numbers() {
    let is_new = |route: &Value| (1_000_000..1_008_192).contains(&number(route));
    killed_and_started_with_others(3, "", "next-hop-ids = 1000000\n", is_new);
}

#[test]
fn killed_and_started_without_numbers() {
    killed_and_started_with_others(3, "", "next-hop-ids = 0\n", |route| number(route) == 0);
}

#[test]
fn killed_and_started_with_numbers() {
    killed_and_started_with_others(3, "next-hop-ids = 0\n", "", |route| number(route) >= 2_000_000_000);
}

#[test]
fn killed_and_started_with_another_metric() {
    killed_and_started_with_others(3, "", "metric = 77\n", |route| route["metric"] == 77);
}

#[test]
fn killed_and_started_with_another_protocol() {
    killed_and_started_with_others(3, "", "protocol = 200\n", |route| route["protocol"] == "200");
}

#[test]
fn killed_and_started_with_another_table() {
    killed_and_started_with_others(3, "", "table = 100\n", |route| route["table"] == "100");
}
