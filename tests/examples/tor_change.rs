//! Does this change of the top-of-rack switch's configuration lose a pod CIDR?
//!
//! Builds a rack of a switch and its nodes from their `crier.toml` files, lets it settle, reloads the switch with its
//! changed file, lets it settle again, restarts the switch, and compares what every speaker has and where its packets end. Each loss
//! is explained.
//!
//! ```text
//! cargo run --release -p crier-tests --example tor_change -- --tor tor.toml --changed new.toml --nodes nodes/
//! ```
//!
//! Ends with status 0 if nothing is lost, 1 if something is, 2 if the question cannot be answered.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use crier::config::{self, HostFacts};
use crier_tests::sim::network::{Error, WhyRow};
use crier_tests::sim::plan::Tolerated;
use crier_tests::sim::{Network, Simulation, Trouble};
use ipnet::IpNet;

/// What the switch is called.
const TOR: &str = "tor";

/// Says whether a change of the top-of-rack switch's configuration loses a prefix of its nodes.
///
/// All are on one link. A node's address there is the local-address of its first neighbor, or its router-id; the switch
/// has the addresses that nodes name as neighbors.
#[derive(Parser, Debug)]
struct Arguments {
    /// The switch's crier.toml as it is
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tor-change/tor.toml"))]
    tor: PathBuf,
    /// The switch's crier.toml as it is to be
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tor-change/tor-changed.toml"))]
    changed: PathBuf,
    /// A directory with the nodes' files: node1.toml is of a node called node1
    #[arg(long, value_name = "DIRECTORY", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tor-change/nodes"))]
    nodes: PathBuf,
    /// Length of the link's IPv4 prefix
    #[arg(long, value_name = "BITS", default_value_t = 24)]
    length: u8,
    /// Decides the order in which things happen
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
}

fn main() -> ExitCode {
    match compare(&Arguments::parse()) {
        Ok(report) => {
            report.lines.iter().for_each(|line| println!("{line}"));
            ExitCode::from(u8::from(report.lost > 0))
        }
        Err(error) => {
            eprintln!("tor_change: {error}");
            ExitCode::from(2)
        }
    }
}

/// What a change comes to.
struct Report {
    lines: Vec<String>,
    /// Prefixes that a speaker had and has no longer, or whose packets no longer arrive.
    lost: usize,
}

/// What a speaker has for a prefix.
#[derive(PartialEq, Eq)]
struct Held {
    /// Neighbors that its best path, and those that are as good, came from.
    from: BTreeSet<IpAddr>,
    /// Whether its packets arrive.
    arrives: bool,
}

/// By speaker and prefix.
type Tables = BTreeMap<(String, IpNet), Held>;

fn compare(arguments: &Arguments) -> Result<Report, String> {
    let mut report = Report { lines: Vec::new(), lost: 0 };
    let mut sim = rack(arguments)?;
    let before = settled(&mut sim).map_err(because("before the change"))?;
    sim.reload(TOR, arguments.changed.as_path()).map_err(because("the change"))?;
    let after = settled(&mut sim).map_err(because("after the change"))?;
    report.add(&sim, "", &before, &after).map_err(because("after the change"))?;
    // Some of a change shows only when sessions start again: a limit that is passed already, for one.
    restart(&mut sim).map_err(because("restarting"))?;
    let later = settled(&mut sim).map_err(because("after a restart"))?;
    report.add(&sim, " after a restart", &after, &later).map_err(because("after a restart"))?;
    let unchanged = before.iter().filter(|(place, held)| later.get(*place) == Some(*held)).count();
    let lost = if report.lost == 0 { "nothing is lost".to_owned() } else { format!("{} lost", report.lost) };
    report.lines.push(format!("{lost}, {unchanged} of {} routes as before", before.len()));
    Ok(report)
}

/// What every speaker has once nothing changes any more.
fn settled(sim: &mut Simulation) -> Result<Tables, Error> {
    sim.settle()?;
    tables(sim)
}

/// The switch's daemon ends and starts again.
fn restart(sim: &mut Simulation) -> Result<(), Error> {
    let killed = sim.fault(Trouble::Kill { host: TOR })?;
    sim.run_for(Duration::from_secs(1))?;
    sim.mend(killed);
    Ok(())
}

fn because<E: Display>(when: &str) -> impl Fn(E) -> String {
    move |error| format!("{when}: {error}")
}

/// The switch and its nodes on one link.
fn rack(arguments: &Arguments) -> Result<Simulation, String> {
    let mut network = Network::new(arguments.seed).router(TOR, arguments.tor.as_path());
    let mut ends = Vec::new();
    let mut own = BTreeSet::new();
    let mut neighbors = BTreeSet::new();
    for (name, path) in node_files(&arguments.nodes)? {
        let model = config::load(&path, &HostFacts { addresses: &[] }).map_err(|errors| {
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            errors.join("\n")
        })?;
        let chosen = model.peers.first().and_then(|peer| peer.settings.local_address);
        let address = chosen.unwrap_or(IpAddr::V4(model.local.router_id));
        own.insert(address);
        neighbors.extend(model.peers.iter().map(|peer| peer.remote));
        ends.push((name.clone(), on_link(address, arguments.length)));
        network = network.router(&name, path);
    }
    let of_tor =
        neighbors.difference(&own).map(|&address| (TOR.to_owned(), on_link(address, arguments.length)));
    ends.extend(of_tor);
    let ends: Vec<(&str, &str)> = ends.iter().map(|(name, net)| (name.as_str(), net.as_str())).collect();
    // A limit that a node exceeds is an answer.
    let tolerated = Tolerated { refusals: true, ..Tolerated::default() };
    network.link("rack", &ends).tolerate(tolerated).start().map_err(|error| error.to_string())
}

/// Names and files of the nodes, in the order of their names.
fn node_files(directory: &Path) -> Result<Vec<(String, PathBuf)>, String> {
    let unreadable = |error| format!("{}: cannot be read: {error}", directory.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|extension| extension == "toml")
            && let Some(name) = path.file_stem().and_then(|name| name.to_str())
        {
            files.push((name.to_owned(), path.clone()));
        }
    }
    files.sort();
    if files.is_empty() { Err(format!("{}: no *.toml there", directory.display())) } else { Ok(files) }
}

fn on_link(address: IpAddr, length: u8) -> String {
    format!("{address}/{}", if address.is_ipv4() { length } else { 64 })
}

/// What every speaker has from others.
fn tables(sim: &Simulation) -> Result<Tables, Error> {
    let mut tables = Tables::new();
    for host in sim.hosts() {
        for row in sim.routes(host)?.into_iter().filter(|row| row.multipath) {
            let Some(peer) = row.peer else { continue };
            let arrives = sim.trace(host, &row.prefix.network().to_string())?.arrives();
            let held = tables.entry((host.to_owned(), row.prefix));
            held.or_insert(Held { from: BTreeSet::new(), arrives }).from.insert(peer);
        }
    }
    Ok(tables)
}

impl Report {
    /// Adds what has become different.
    fn add(&mut self, sim: &Simulation, when: &str, before: &Tables, after: &Tables) -> Result<(), Error> {
        let nobody = Held { from: BTreeSet::new(), arrives: false };
        let everything: BTreeSet<_> = before.keys().chain(after.keys()).collect();
        for place in everything {
            let (host, prefix) = place;
            let was = before.get(place).unwrap_or(&nobody);
            let is = after.get(place).unwrap_or(&nobody);
            let (what, details) = if was.arrives && !is.arrives {
                self.lost += 1;
                ("lost", reasons(sim, host, *prefix, was)?)
            } else if is.arrives && !was.arrives {
                ("gained", format!("from {}", list(&is.from)))
            } else if was.from != is.from {
                ("changed", format!("from {}, before from {}", list(&is.from), list(&was.from)))
            } else {
                continue;
            };
            self.lines.push(format!("{what:<7} {prefix} on {host}{when}: {details}"));
        }
        Ok(())
    }
}

fn list(addresses: &BTreeSet<IpAddr>) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Why a speaker no longer has what these neighbors announced.
fn reasons(sim: &Simulation, host: &str, prefix: IpNet, was: &Held) -> Result<String, Error> {
    let reasons: Result<Vec<String>, Error> =
        was.from.iter().map(|&neighbor| reason(sim, host, prefix, neighbor)).collect();
    Ok(reasons?.join("; "))
}

fn reason(sim: &Simulation, host: &str, prefix: IpNet, neighbor: IpAddr) -> Result<String, Error> {
    let name = sim.owner(neighbor).unwrap_or("nobody");
    let session = sim.peers(host)?.into_iter().find(|peer| peer.address == neighbor);
    let Some(session) = session else { return Ok(format!("{name} is no neighbor any more")) };
    if session.state != "Established" {
        let error = session.last_error.map(|error| format!(": {} {}", error.direction, error.text));
        return Ok(format!("the session with {name} is {}{}", session.state, error.unwrap_or_default()));
    }
    for step in told(sim.why(host, &prefix.to_string()))? {
        if let WhyRow::Refused { peer: Some(peer), why, .. } = step
            && peer == neighbor
        {
            return Ok(format!("from {name}: {why}"));
        }
    }
    for step in told(sim.why(name, &prefix.to_string()))? {
        if let WhyRow::Announcement { peer, announced: false, why, .. } = step
            && Some(peer) == session.local_address
        {
            return Ok(format!("{name} says: {why}"));
        }
    }
    Ok(format!("{name} has it no longer"))
}

/// What a speaker says; nothing if it has never heard of the prefix.
fn told(answer: Result<Vec<WhyRow>, Error>) -> Result<Vec<WhyRow>, Error> {
    match answer {
        Err(Error::Refused { .. }) => Ok(Vec::new()),
        answer => answer,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RACK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tor-change");

    fn change(file: &str) -> Report {
        let path = |name: &str| Path::new(RACK).join(name);
        let (tor, changed, nodes) = (path("tor.toml"), path(file), path("nodes"));
        compare(&Arguments { tor, changed, nodes, length: 24, seed: 1 }).unwrap()
    }

    #[test]
    fn a_policy_that_lets_no_pod_cidr_in_is_found() {
        let report = change("tor-changed.toml");
        // Four on the switch, and on each node those of the others.
        assert_eq!(report.lost, 4 + 3 + 2 + 3, "{:#?}", report.lines);
        let reason = "from node2: import policy \"pods-and-vips\" rejects it: no rule matches";
        assert!(
            report.lines.contains(&format!("lost    172.20.2.0/24 on tor: {reason}")),
            "{:#?}",
            report.lines
        );
        assert!(report.lines.contains(&"lost    172.20.2.0/24 on node1: tor has it no longer".to_owned()));
        assert!(!report.lines.iter().any(|line| line.contains("172.16.1.10")), "{:#?}", report.lines);
    }

    #[test]
    fn a_limit_that_closes_a_session_is_found() {
        let report = change("tor-limit.toml");
        // What the node has to tell, on three machines, and two routes that it had itself.
        assert_eq!(report.lost, 2 * 4, "{:#?}", report.lines);
        let lost = report
            .lines
            .iter()
            .find(|line| line.starts_with("lost    172.20.2.0/24 on tor after a restart: "));
        assert!(lost.is_some_and(|line| line.contains("the session with node2 is Idle: sent ")), "{lost:?}");
        // The service has another node.
        let changed = "changed 172.16.1.10/32 on tor after a restart: from 192.168.10.11, before from 192.168.10.11, \
             192.168.10.12";
        assert!(report.lines.contains(&changed.to_owned()), "{:#?}", report.lines);
    }

    #[test]
    fn a_harmless_change_passes() {
        let report = change("tor-harmless.toml");
        assert_eq!((report.lost, report.lines.len()), (0, 1), "{:#?}", report.lines);
        assert!(report.lines[0].starts_with("nothing is lost, "), "{:#?}", report.lines);
    }
}
