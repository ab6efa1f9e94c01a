//! BIRD 2, asked through birdc.

use std::fmt::Write as _;

use crier_core::Family;

use super::daemon::{Daemon, Route, Routes, as_numbers, communities, community_halves};
use super::plan::{Announce, Neighbor, Plan};
use super::{Namespace, OrFail, Process};

/// A running BIRD.
pub struct Bird<'n> {
    node: &'n Namespace,
    socket: String,
    process: Process,
}

impl std::fmt::Debug for Bird<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("BIRD")
    }
}

impl<'n> Bird<'n> {
    /// Starts it as `plan` says. The sessions are `protocol bgp` of the names that [`Bird::protocol`] gives.
    pub fn start(node: &'n Namespace, plan: &Plan) -> Self {
        Self::start_with(node, &configuration(plan))
    }

    /// Starts it with this configuration.
    pub fn start_with(node: &'n Namespace, configuration: &str) -> Self {
        let conf = node.write("bird.conf", configuration).to_string_lossy().into_owned();
        let socket = node.dir().join("bird.ctl").to_string_lossy().into_owned();
        let mut process = node.spawn("bird", &["-f", "-c", &conf, "-s", &socket], &[]);
        process.await_ready(|| node.try_run("birdc", &["-s", &socket, "show", "status"]).is_ok());
        Self { node, socket, process }
    }

    /// Name of the session to a neighbor.
    pub fn protocol(neighbor: &str) -> String {
        format!("p_{}", neighbor.replace(['.', ':'], "_"))
    }

    /// What birdc answers to a command.
    #[track_caller]
    pub fn ask(&self, command: &str) -> String {
        self.try_ask(command).or_fail("asking BIRD")
    }

    /// `show protocols all` of a session.
    pub fn neighbor(&self, neighbor: &str) -> String {
        self.try_ask(&format!("show protocols all {}", Self::protocol(neighbor))).unwrap_or_default()
    }

    /// Its process.
    pub fn process(&self) -> &Process {
        &self.process
    }

    fn try_ask(&self, command: &str) -> Result<String, String> {
        let mut args = vec!["-s", &self.socket];
        args.extend(command.split_whitespace());
        self.node.try_run("birdc", &args)
    }
}

impl Daemon for Bird<'_> {
    fn established(&self, neighbor: &str) -> bool {
        self.neighbor(neighbor).lines().any(|line| line.trim() == "BGP state:          Established")
    }

    fn learned(&self, neighbor: &str, family: Family) -> Routes {
        let table = if family == Family::Ipv4Unicast { "master4" } else { "master6" };
        let command = format!("show route all table {table} protocol {}", Self::protocol(neighbor));
        parse_routes(&self.try_ask(&command).unwrap_or_default())
    }
}

/// Reads `show route all`: a line that begins with the prefix, then indented attributes.
fn parse_routes(text: &str) -> Routes {
    let mut routes = Routes::new();
    let mut prefix = String::new();
    for line in text.lines() {
        if !line.starts_with(['\t', ' ']) {
            let word = line.split_whitespace().next().unwrap_or_default();
            // The banner and the table's heading have no slash in their first word.
            if word.contains('/') {
                prefix = word.to_owned();
                routes.insert(prefix.clone(), Route::default());
            }
            continue;
        }
        let (Some(route), Some((key, value))) = (routes.get_mut(&prefix), line.trim().split_once(':')) else {
            continue;
        };
        set_attribute(route, key, value.trim());
    }
    routes
}

fn set_attribute(route: &mut Route, key: &str, value: &str) {
    // Tuples in parentheses: "(65001,99) (65001,100)".
    let tuples = || value.split(')').map(as_numbers).filter(|tuple| !tuple.is_empty());
    match key {
        "BGP.as_path" => route.as_path = as_numbers(value),
        "BGP.next_hop" => route.next_hop = value.split_whitespace().next().unwrap_or_default().to_owned(),
        "BGP.local_pref" => route.local_pref = value.parse().ok(),
        "BGP.med" => route.med = value.parse().ok(),
        "BGP.community" => {
            let pairs =
                tuples().filter_map(|tuple| Some((u64::from(*tuple.first()?), u64::from(*tuple.get(1)?))));
            route.communities = communities(pairs);
        }
        "BGP.large_community" => {
            route.large_communities = tuples()
                .map(|tuple| tuple.iter().map(u32::to_string).collect::<Vec<_>>().join(":"))
                .collect();
            route.large_communities.sort();
        }
        _ => {}
    }
}

/// BIRD's configuration for a plan.
fn configuration(plan: &Plan) -> String {
    let mut text = format!("log stderr all;\nrouter id {};\nprotocol device {{}}\n", plan.router_id);
    text.push_str("protocol direct { ipv4; ipv6; }\n");
    let body = |out: &mut String| -> std::fmt::Result {
        for (name, ipv6) in [("ipv4", false), ("ipv6", true)] {
            writeln!(out, "protocol static static_{name} {{\n  {name};")?;
            for route in plan.announces.iter().filter(|route| route.is_ipv6() == ipv6) {
                writeln!(out, "  route {} blackhole;", route.prefix)?;
            }
            writeln!(out, "}}")?;
        }
        // Set on the way out: next hop and MED of a static route are not the session's to keep.
        writeln!(out, "filter announced {{\n  if source !~ [ RTS_STATIC, RTS_BGP ] then reject;")?;
        for route in &plan.announces {
            writeln!(out, "  if net = {} then {{{} }}", route.prefix, attributes(route))?;
        }
        writeln!(out, "  accept;\n}}")?;
        plan.neighbors.iter().try_for_each(|neighbor| session(out, plan.asn, neighbor))
    };
    body(&mut text).or_fail("writing a configuration");
    text
}

fn attributes(route: &Announce) -> String {
    let mut set = String::new();
    if let Some(hop) = route.next_hop {
        set.push_str(&format!(" bgp_next_hop = {hop};"));
    }
    for community in &route.communities {
        let (high, low) = community_halves(community);
        set.push_str(&format!(" bgp_community.add(({high},{low}));"));
    }
    for community in &route.large_communities {
        set.push_str(&format!(" bgp_large_community.add(({}));", community.replace(':', ",")));
    }
    if let Some(med) = route.med {
        set.push_str(&format!(" bgp_med = {med};"));
    }
    set
}

fn session(out: &mut String, asn: u32, neighbor: &Neighbor) -> std::fmt::Result {
    let Neighbor { local, remote, remote_asn, hold, extra, .. } = neighbor;
    writeln!(out, "protocol bgp {} {{", Bird::protocol(&remote.to_string()))?;
    // Without numbers of four octets it takes none in its configuration, yet compares with the one in a neighbor's capability.
    let whom = if neighbor.four_octet_as { format!("as {remote_asn}") } else { "external".to_owned() };
    writeln!(out, "  local {local} as {asn};\n  neighbor {remote} {whom};")?;
    writeln!(out, "  hold time {hold};\n  keepalive time {};", hold / 3)?;
    writeln!(out, "  connect delay time 1;\n  connect retry time 1;\n  error wait time 1, 2;")?;
    if neighbor.is_internal(asn) {
        writeln!(out, "  direct;")?;
    }
    if neighbor.passive {
        writeln!(out, "  passive yes;")?;
    }
    if !neighbor.four_octet_as {
        writeln!(out, "  enable as4 no;")?;
    }
    for line in extra.lines() {
        writeln!(out, "  {line}")?;
    }
    writeln!(out, "  ipv4 {{ import all; export filter announced; }};")?;
    writeln!(out, "  ipv6 {{ import all; export filter announced; }};\n}}")
}
