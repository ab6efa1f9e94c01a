//! GoBGP, asked through its command line.

use std::fmt::Write as _;

use crier_core::Family;
use serde_json::Value;

use super::daemon::{Daemon, Route, Routes, communities};
use super::plan::{Announce, Neighbor, Plan};
use super::{Namespace, OrFail, Process};

/// Where its command line finds it; every namespace has its own loopback.
const API: &str = "127.0.0.1:50051";

/// A running GoBGP.
pub struct Gobgp<'n> {
    node: &'n Namespace,
    process: Process,
}

impl std::fmt::Debug for Gobgp<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("GoBGP")
    }
}

impl<'n> Gobgp<'n> {
    /// Starts it as `plan` says.
    pub fn start(node: &'n Namespace, plan: &Plan) -> Self {
        let gobgp = Self::start_with(node, &configuration(plan));
        for route in &plan.announces {
            gobgp.announce(route);
        }
        gobgp
    }

    /// Starts it with this configuration.
    pub fn start_with(node: &'n Namespace, configuration: &str) -> Self {
        let conf = node.write("gobgpd.toml", configuration).to_string_lossy().into_owned();
        let mut process = node.spawn("gobgpd", &["-f", &conf, "--api-hosts", API, "--pprof-disable"], &[]);
        process.await_ready(|| node.try_run("gobgp", &["global"]).is_ok());
        Self { node, process }
    }

    /// Originates a route.
    #[track_caller]
    pub fn announce(&self, route: &Announce) {
        // Its own choice of origin is "incomplete"; the other speakers say "igp", and crier's `[[network]]` too.
        let mut words = vec!["global", "rib", "add", &route.prefix, "origin", "igp"];
        let next_hop = route.next_hop.map(|hop| hop.to_string());
        if let Some(hop) = &next_hop {
            words.extend(["nexthop", hop]);
        }
        let communities = route.communities.join(",");
        if !communities.is_empty() {
            words.extend(["community", &communities]);
        }
        let large = route.large_communities.join(",");
        if !large.is_empty() {
            words.extend(["large-community", &large]);
        }
        let med = route.med.map(|med| med.to_string());
        if let Some(med) = &med {
            words.extend(["med", med]);
        }
        words.extend(["-a", if route.is_ipv6() { "ipv6" } else { "ipv4" }]);
        self.ask(&words);
    }

    /// Ends the origination of a prefix.
    #[track_caller]
    pub fn withdraw(&self, prefix: &str) {
        self.ask(&["global", "rib", "del", prefix, "-a", if prefix.contains(':') { "ipv6" } else { "ipv4" }]);
    }

    /// What its command line answers.
    #[track_caller]
    pub fn ask(&self, words: &[&str]) -> String {
        self.try_ask(words).or_fail("asking GoBGP")
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    fn try_ask(&self, words: &[&str]) -> Result<String, String> {
        self.node.try_run("gobgp", words)
    }

    fn show(&self, words: &[&str]) -> Value {
        let text = self.try_ask(&[words, &["-j"]].concat()).unwrap_or_default();
        serde_json::from_str(&text).unwrap_or_default()
    }
}

impl Daemon for Gobgp<'_> {
    fn established(&self, neighbor: &str) -> bool {
        // ESTABLISHED is 6 in its interface definition.
        self.show(&["neighbor", neighbor])["state"]["session_state"] == 6
    }

    fn learned(&self, neighbor: &str, family: Family) -> Routes {
        let family = if family == Family::Ipv4Unicast { "ipv4" } else { "ipv6" };
        let table = self.show(&["neighbor", neighbor, "adj-in", "-a", family]);
        let destinations = table.as_object().into_iter().flatten();
        destinations
            .filter_map(|(prefix, paths)| {
                // Of several entries, the last one that is not a withdrawal.
                let path = paths.as_array()?.iter().rfind(|path| path["isWithdraw"] != true)?;
                Some((prefix.clone(), route(path)))
            })
            .collect()
    }
}

fn route(path: &Value) -> Route {
    let mut route = Route::default();
    let number = |value: &Value| value.as_u64().and_then(|n| u32::try_from(n).ok());
    let array = |value: &Value| value.as_array().cloned().unwrap_or_default();
    for attribute in array(&path["attrs"]) {
        match attribute["type"].as_u64() {
            Some(2) => {
                let segments = array(&attribute["as_paths"]);
                route.as_path = segments
                    .iter()
                    .flat_map(|segment| array(&segment["asns"]))
                    .filter_map(|n| number(&n))
                    .collect();
            }
            Some(3 | 14) => attribute["nexthop"].as_str().unwrap_or_default().clone_into(&mut route.next_hop),
            Some(4) => route.med = number(&attribute["metric"]),
            Some(5) => route.local_pref = number(&attribute["value"]),
            Some(8) => {
                let values = array(&attribute["communities"]);
                route.communities =
                    communities(values.iter().filter_map(Value::as_u64).map(|n| (n >> 16, n & 0xffff)));
            }
            Some(32) => {
                let part = |value: &Value, key: &str| value[key].as_u64().unwrap_or_default();
                route.large_communities = array(&attribute["value"])
                    .iter()
                    .map(|c| {
                        format!("{}:{}:{}", part(c, "ASN"), part(c, "LocalData1"), part(c, "LocalData2"))
                    })
                    .collect();
                route.large_communities.sort();
            }
            _ => {}
        }
    }
    route
}

/// GoBGP's configuration for a plan.
fn configuration(plan: &Plan) -> String {
    let mut text = format!("[global.config]\n  as = {}\n  router-id = \"{}\"\n", plan.asn, plan.router_id);
    let body: std::fmt::Result = plan.neighbors.iter().try_for_each(|neighbor| session(&mut text, neighbor));
    body.or_fail("writing a configuration");
    text
}

fn session(out: &mut String, neighbor: &Neighbor) -> std::fmt::Result {
    let Neighbor { local, remote, remote_asn, hold, passive, extra, .. } = neighbor;
    writeln!(
        out,
        "[[neighbors]]\n[neighbors.config]\nneighbor-address = \"{remote}\"\npeer-as = {remote_asn}"
    )?;
    writeln!(
        out,
        "{extra}[neighbors.transport.config]\nlocal-address = \"{local}\"\npassive-mode = {passive}"
    )?;
    writeln!(out, "[neighbors.timers.config]\nhold-time = {hold}\nkeepalive-interval = {}", hold / 3)?;
    writeln!(out, "connect-retry = 5\nidle-hold-time-after-reset = 1")?;
    for family in Family::ALL {
        writeln!(out, "[[neighbors.afi-safis]]\n[neighbors.afi-safis.config]\nafi-safi-name = \"{family}\"")?;
    }
    Ok(())
}
