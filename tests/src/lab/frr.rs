//! FRRouting: zebra and bgpd, asked through vtysh.

use std::fmt::Write as _;
use std::net::IpAddr;

use crier_core::Family;
use serde_json::Value;

use super::daemon::{Daemon, Route, Routes, as_numbers, communities, community_halves};
use super::plan::{Neighbor, Plan};
use super::{Namespace, OrFail, Process};

/// A running FRRouting.
pub struct Frr<'n> {
    node: &'n Namespace,
    // Dropped in this order: bgpd before the zebra it talks to.
    _bgpd: Process,
    _zebra: Process,
}

impl std::fmt::Debug for Frr<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FRR")
    }
}

impl<'n> Frr<'n> {
    /// Starts it as `plan` says.
    pub fn start(node: &'n Namespace, plan: &Plan) -> Self {
        Self::start_with(node, &configuration(plan))
    }

    /// Starts it with this configuration of bgpd. It runs as its own user, which
    /// gets the directory of its node.
    pub fn start_with(node: &'n Namespace, bgpd: &str) -> Self {
        Self::launch(node, bgpd, &[])
    }

    /// Starts it as `plan` says, to listen on this address only.
    pub fn start_at(node: &'n Namespace, plan: &Plan, address: &str) -> Self {
        Self::launch(node, &configuration(plan), &["-l", address])
    }

    fn launch(node: &'n Namespace, bgpd: &str, options: &[&str]) -> Self {
        let sockets = node.dir().to_string_lossy().into_owned();
        let zserv = format!("{sockets}/zserv.api");
        let zebra_conf = node.write("zebra.conf", "log stdout\n").to_string_lossy().into_owned();
        let bgpd_conf = node.write("bgpd.conf", bgpd).to_string_lossy().into_owned();
        node.write("vtysh.conf", "");
        node.run("chown", &["frr:frr", "."]);
        let daemon = |name: &str, conf: &str, more: &[&str]| {
            let pid_file = format!("{sockets}/{name}.pid");
            let common = ["-f", conf, "-i", &pid_file, "-z", &zserv, "--vty_socket", &sockets];
            let local = ["-A", "127.0.0.1"];
            node.spawn(name, &[common.as_slice(), &local, more].concat(), &[])
        };
        let mut zebra = daemon("zebra", &zebra_conf, &[]);
        zebra.await_ready(|| node.dir().join("zserv.api").exists());
        let mut bgpd = daemon("bgpd", &bgpd_conf, options);
        bgpd.await_ready(|| vtysh(node, &["show bgp summary json"]).is_ok());
        Self { node, _bgpd: bgpd, _zebra: zebra }
    }

    /// Runs vtysh commands, `configure terminal` and what follows it included.
    #[track_caller]
    pub fn vtysh(&self, commands: &[&str]) -> String {
        vtysh(self.node, commands).or_fail("asking FRR")
    }

    /// What a `show … json` command prints.
    pub fn show(&self, command: &str) -> Value {
        vtysh(self.node, &[command])
            .ok()
            .and_then(|text| serde_json::from_str(&text).ok())
            .unwrap_or_default()
    }

    /// Everything about one neighbor.
    pub fn neighbor(&self, neighbor: &str) -> Value {
        self.show(&format!("show bgp neighbors {neighbor} json"))[neighbor].take()
    }
}

fn vtysh(node: &Namespace, commands: &[&str]) -> Result<String, String> {
    let dir = node.dir().to_string_lossy();
    let mut args = vec!["--vty_socket", &dir, "--config_dir", &dir];
    args.extend(commands.iter().flat_map(|command| ["-c", command]));
    node.try_run("vtysh", &args)
}

impl Daemon for Frr<'_> {
    fn established(&self, neighbor: &str) -> bool {
        self.neighbor(neighbor)["bgpState"] == "Established"
    }

    fn learned(&self, neighbor: &str, family: Family) -> Routes {
        let table = self.show(&format!("show bgp {} unicast json detail", address_family(family)));
        let destinations = table["routes"].as_object().into_iter().flatten();
        let from_neighbor = destinations.filter_map(|(prefix, destination)| {
            // Version 8 lists the paths themselves, later ones an object that has them.
            let paths = destination.as_array().or_else(|| destination["paths"].as_array())?;
            let path = paths.iter().find(|path| path["peer"]["peerId"] == neighbor)?;
            Some((prefix.clone(), route(path)))
        });
        from_neighbor.collect()
    }
}

fn route(path: &Value) -> Route {
    let number = |value: &Value| value.as_u64().and_then(|n| u32::try_from(n).ok());
    let next_hops = path["nexthops"].as_array().into_iter().flatten();
    let global = next_hops.filter(|hop| hop["scope"] != "link-local").find_map(|hop| hop["ip"].as_str());
    let words = |value: &Value| -> Vec<String> {
        value["string"].as_str().unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    };
    let mut large_communities = words(&path["largeCommunity"]);
    large_communities.sort();
    Route {
        next_hop: global.unwrap_or_default().to_owned(),
        as_path: as_numbers(path["aspath"]["string"].as_str().unwrap_or_default()),
        med: number(&path["metric"]),
        local_pref: number(&path["locPrf"]).or_else(|| number(&path["locPref"])),
        communities: communities(words(&path["community"]).iter().map(|text| community_halves(text))),
        large_communities,
    }
}

fn address_family(family: Family) -> &'static str {
    match family {
        Family::Ipv4Unicast => "ipv4",
        Family::Ipv6Unicast => "ipv6",
    }
}

/// bgpd's configuration for a plan.
fn configuration(plan: &Plan) -> String {
    let mut text = String::from("frr defaults traditional\nlog stdout\n");
    let out = &mut text;
    let body = |out: &mut String| -> std::fmt::Result {
        writeln!(out, "router bgp {}\n bgp router-id {}", plan.asn, plan.router_id)?;
        writeln!(
            out,
            " no bgp ebgp-requires-policy\n no bgp default ipv4-unicast\n no bgp network import-check"
        )?;
        for neighbor in &plan.neighbors {
            session(out, neighbor)?;
        }
        for family in Family::ALL {
            let ipv6 = family == Family::Ipv6Unicast;
            writeln!(out, " address-family {} unicast", address_family(family))?;
            for Neighbor { remote, .. } in &plan.neighbors {
                writeln!(
                    out,
                    "  neighbor {remote} activate\n  neighbor {remote} soft-reconfiguration inbound"
                )?;
                writeln!(out, "  neighbor {remote} route-map out out")?;
            }
            for route in plan.announces.iter().filter(|route| route.is_ipv6() == ipv6) {
                writeln!(out, "  network {}", route.prefix)?;
            }
            writeln!(out, " exit-address-family")?;
        }
        writeln!(out, "exit")?;
        for (index, route) in plan.announces.iter().enumerate() {
            let ip = if route.is_ipv6() { "ipv6" } else { "ip" };
            writeln!(out, "{ip} prefix-list announce-{index} seq 5 permit {}", route.prefix)?;
            writeln!(out, "route-map out permit {}", index + 1)?;
            writeln!(out, " match {ip} address prefix-list announce-{index}")?;
            match route.next_hop {
                Some(IpAddr::V4(hop)) => writeln!(out, " set ip next-hop {hop}")?,
                Some(IpAddr::V6(hop)) => writeln!(out, " set ipv6 next-hop global {hop}")?,
                None => {}
            }
            if let Some(med) = route.med {
                writeln!(out, " set metric {med}")?;
            }
            if !route.communities.is_empty() {
                writeln!(out, " set community {}", route.communities.join(" "))?;
            }
            if !route.large_communities.is_empty() {
                writeln!(out, " set large-community {}", route.large_communities.join(" "))?;
            }
            writeln!(out, "exit")?;
        }
        writeln!(out, "route-map out permit 60000\nexit")
    };
    body(out).or_fail("writing a configuration");
    text
}

fn session(out: &mut String, neighbor: &Neighbor) -> std::fmt::Result {
    let Neighbor { local, remote, remote_asn, hold, .. } = neighbor;
    writeln!(out, " neighbor {remote} remote-as {remote_asn}\n neighbor {remote} update-source {local}")?;
    writeln!(out, " neighbor {remote} timers {} {hold}\n neighbor {remote} timers connect 1", hold / 3)?;
    if neighbor.passive {
        writeln!(out, " neighbor {remote} passive")?;
    }
    for line in neighbor.extra.lines() {
        writeln!(out, " neighbor {remote} {line}")?;
    }
    Ok(())
}
