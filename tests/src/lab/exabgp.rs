//! ExaBGP: what it announces stands in its configuration or comes through a FIFO; what it receives it writes down, one JSON
//! object a line.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use crier_core::Family;
use serde_json::Value;

use super::daemon::{Daemon, Route, Routes, communities, community_halves};
use super::plan::{Announce, Neighbor, Plan};
use super::process::read_lossy;
use super::{Namespace, OrFail, Process};

/// Its helper: keeps what is received, hands on what is commanded. The FIFO is opened for both directions, so that it
/// never ends.
const HELPER: &str =
    "#!/bin/sh\ncd \"${0%/*}\" || exit\nexec 3<&0\ncat <&3 >received.json &\nexec cat 0<>commands\n";
/// Where [`HELPER`] writes.
const RECEIVED: &str = "received.json";

/// A running ExaBGP.
pub struct ExaBgp {
    dir: PathBuf,
    process: Process,
}

impl std::fmt::Debug for ExaBgp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ExaBGP")
    }
}

impl ExaBgp {
    /// Starts it as `plan` says. It only dials: neighbors must listen.
    pub fn start(node: &Namespace, plan: &Plan) -> Self {
        Self::start_with(node, &configuration(node, plan))
    }

    /// Starts it with this configuration.
    pub fn start_with(node: &Namespace, configuration: &str) -> Self {
        node.write("helper.sh", HELPER);
        node.run("mkfifo", &["commands"]);
        let conf = node.write("exabgp.conf", configuration).to_string_lossy().into_owned();
        let env = [
            ("exabgp.daemon.user", "root"),
            ("exabgp.daemon.drop", "false"),
            ("exabgp.api.ack", "false"),
            ("exabgp.api.cli", "false"),
            ("exabgp.log.destination", "stdout"),
            ("exabgp.log.level", "INFO"),
        ];
        let mut process = node.spawn("exabgp", &[&conf], &env);
        let received = node.dir().join(RECEIVED);
        process.await_ready(|| received.exists());
        Self { dir: node.dir().to_owned(), process }
    }

    /// Gives it a command: `announce route 10.1.0.0/24 next-hop self` and the like.
    pub fn command(&self, command: &str) {
        fs::write(self.dir.join("commands"), format!("{command}\n")).or_fail("commanding ExaBGP");
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Everything it reported, in order.
    pub fn reports(&self) -> Vec<Value> {
        let text = read_lossy(&self.dir.join(RECEIVED));
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    fn reports_of(&self, neighbor: &str) -> impl Iterator<Item = Value> {
        let neighbor = neighbor.to_string();
        let of_neighbor = move |report: &Value| report["neighbor"]["address"]["peer"] == neighbor.as_str();
        self.reports().into_iter().filter(of_neighbor)
    }
}

impl Daemon for ExaBgp {
    fn established(&self, neighbor: &str) -> bool {
        let state = self.reports_of(neighbor).filter(|report| report["type"] == "state").last();
        state.is_some_and(|report| report["neighbor"]["state"] == "up")
    }

    fn learned(&self, neighbor: &str, family: Family) -> Routes {
        let family = if family == Family::Ipv4Unicast { "ipv4 unicast" } else { "ipv6 unicast" };
        let mut routes = Routes::new();
        for report in self.reports_of(neighbor) {
            if report["type"] == "state" && report["neighbor"]["state"] == "down" {
                routes.clear();
            }
            let update = &report["neighbor"]["message"]["update"];
            for prefix in update["withdraw"][family].as_array().into_iter().flatten() {
                routes.remove(prefix["nlri"].as_str().unwrap_or_default());
            }
            for (next_hop, prefixes) in update["announce"][family].as_object().into_iter().flatten() {
                for prefix in prefixes.as_array().into_iter().flatten() {
                    let prefix = prefix["nlri"].as_str().unwrap_or_default().to_owned();
                    // A link-local next hop comes as a second entry.
                    if !next_hop.starts_with("fe80:") {
                        routes.insert(prefix, route(next_hop, &update["attribute"]));
                    }
                }
            }
        }
        routes
    }
}

fn route(next_hop: &str, attributes: &Value) -> Route {
    let number = |value: &Value| value.as_u64().and_then(|n| u32::try_from(n).ok());
    let rows = |key: &str| -> Vec<Vec<u64>> {
        let rows = attributes[key].as_array().into_iter().flatten();
        rows.map(|row| row.as_array().into_iter().flatten().filter_map(Value::as_u64).collect()).collect()
    };
    let pairs = rows("community").into_iter().filter_map(|row| Some((*row.first()?, *row.get(1)?)));
    let join = |row: &Vec<u64>| row.iter().map(u64::to_string).collect::<Vec<_>>().join(":");
    let mut large_communities: Vec<String> = rows("large-community").iter().map(join).collect();
    large_communities.sort();
    Route {
        next_hop: next_hop.to_owned(),
        as_path: attributes["as-path"].as_array().into_iter().flatten().filter_map(number).collect(),
        med: number(&attributes["med"]),
        local_pref: number(&attributes["local-preference"]),
        communities: communities(pairs),
        large_communities,
    }
}

/// ExaBGP's configuration for a plan.
fn configuration(node: &Namespace, plan: &Plan) -> String {
    let helper = node.dir().join("helper.sh");
    let mut text = format!("process helper {{\n  run /bin/sh {};\n  encoder json;\n}}\n", helper.display());
    let mut body = || plan.neighbors.iter().try_for_each(|neighbor| session(&mut text, plan, neighbor));
    body().or_fail("writing a configuration");
    text
}

fn session(out: &mut String, plan: &Plan, neighbor: &Neighbor) -> std::fmt::Result {
    let Neighbor { local, remote, remote_asn, hold, extra, .. } = neighbor;
    writeln!(out, "neighbor {remote} {{\n  local-address {local};\n  router-id {};", plan.router_id)?;
    writeln!(out, "  local-as {};\n  peer-as {remote_asn};\n  hold-time {hold};", plan.asn)?;
    writeln!(out, "  family {{ ipv4 unicast; ipv6 unicast; }}")?;
    writeln!(
        out,
        "  api {{ processes [ helper ]; neighbor-changes; receive {{ parsed; update; notification; refresh; }} }}"
    )?;
    for line in extra.lines() {
        writeln!(out, "  {line}")?;
    }
    writeln!(out, "  static {{")?;
    for route in &plan.announces {
        writeln!(out, "    route {} {};", route.prefix, words(route))?;
    }
    writeln!(out, "  }}\n}}")
}

fn words(route: &Announce) -> String {
    let mut words = match route.next_hop {
        Some(hop) => format!("next-hop {hop}"),
        None => "next-hop self".to_owned(),
    };
    if let Some(med) = route.med {
        words.push_str(&format!(" med {med}"));
    }
    if !route.communities.is_empty() {
        let pairs: Vec<_> = route.communities.iter().map(|text| community_halves(text)).collect();
        let pairs: Vec<_> = pairs.iter().map(|(high, low)| format!("{high}:{low}")).collect();
        words.push_str(&format!(" community [ {} ]", pairs.join(" ")));
    }
    if !route.large_communities.is_empty() {
        words.push_str(&format!(" large-community [ {} ]", route.large_communities.join(" ")));
    }
    words
}
