//! Does this change of the top-of-rack switch's configuration lose a pod CIDR?
//!
//! Builds a rack of a switch and its nodes from their `crier.toml` files, lets it settle, reloads the switch with its
//! changed file, lets it settle again, restarts the switch, and compares what every speaker has and where its packets end.
//! Each loss is explained. Before the change every node must have its session with the switch: without, there is no answer.
//!
//! ```text
//! cargo run --release -p crier-tests --example tor_change -- --tor tor.toml --changed new.toml --nodes nodes/
//! ```
//!
//! Ends with status 0 if nothing is lost, 1 if something is, 2 if the question cannot be answered.

mod rack;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use crier_tests::allocation::Watched;
use crier_tests::sim::network::{Error, Missing, WhyRow};
use crier_tests::sim::{Simulation, Trouble};
use ipnet::IpNet;

/// Without it the simulator could not see whether a speaker allocates.
#[global_allocator]
static ALLOCATOR: Watched = Watched;

/// What the switch is called.
const TOR: &str = "tor";

/// Says whether a change of the top-of-rack switch's configuration loses a prefix of its nodes.
///
/// All are on one link. A node's address there is the local-address of its first neighbor, or its router-id; the switch
/// has the address that the node names as neighbor.
#[derive(Parser, Debug)]
struct Arguments {
    /// The switch's crier.toml as it is
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tor_change/tor.toml"))]
    tor: PathBuf,
    /// The switch's crier.toml as it is to be
    #[arg(long, value_name = "FILE", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tor_change/tor-changed.toml"))]
    changed: PathBuf,
    /// A directory with the nodes' files: node1.toml is of a node called node1
    #[arg(long, value_name = "DIRECTORY", default_value = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/tor_change/nodes"))]
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
            ExitCode::from(u8::from(!report.is_harmless()))
        }
        Err(error) => {
            eprintln!("tor_change: {error}");
            ExitCode::from(2)
        }
    }
}

/// What a change comes to.
#[derive(Debug, Default)]
struct Report {
    lines: Vec<String>,
    /// Prefixes that a speaker had and has no longer, or whose packets no longer arrive.
    lost: usize,
    /// Sessions of nodes with the switch that are down: a node that announces nothing loses no prefix with it.
    down: usize,
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
    let mut report = Report::default();
    let mut sim = rack::start(arguments)?;
    let before = settled(&mut sim).map_err(because("before the change"))?;
    check_beginning(&sim, &before)?;
    let changed = arguments.changed.as_path();
    let mut after = None;
    match sim.reload(TOR, changed) {
        Ok(()) => {
            let reloaded = settled(&mut sim).map_err(because("after the change"))?;
            report.add(&sim, "", &before, &reloaded).map_err(because("after the change"))?;
            after = Some(reloaded);
        }
        Err(Error::RestartNeeded { why, .. }) => {
            report
                .lines
                .push(format!("no reload takes this change, so the switch is restarted with it: {why}"));
            sim.write_config(TOR, changed).map_err(because("the change"))?;
        }
        Err(error) => return Err(because("the change")(error)),
    }
    // Some of a change shows only when sessions start again: a limit that is passed already, for one.
    restart(&mut sim).map_err(because("restarting"))?;
    let later = settled(&mut sim).map_err(because("after a restart"))?;
    let earlier = after.as_ref().unwrap_or(&before);
    report.add(&sim, " after a restart", earlier, &later).map_err(because("after a restart"))?;
    for missing in missing(&sim) {
        report.down += 1;
        report.lines.push(format!("down    {missing}"));
    }
    let unchanged = before.iter().filter(|(place, held)| later.get(*place) == Some(*held)).count();
    report.lines.push(format!("{}, {unchanged} of {} routes as before", report.verdict(), before.len()));
    Ok(report)
}

/// What every speaker has once nothing changes any more.
fn settled(sim: &mut Simulation) -> Result<Tables, Error> {
    sim.settle()?;
    tables(sim)
}

/// Sessions of nodes with the switch that are not up. What else the switch has for neighbors is not here.
fn missing(sim: &Simulation) -> impl Iterator<Item = Missing> {
    sim.missing().into_iter().filter(|missing| missing.host != TOR && missing.name.as_deref() == Some(TOR))
}

/// Whether there is something that could be lost: who has no session and no route cannot lose one.
fn check_beginning(sim: &Simulation, before: &Tables) -> Result<(), String> {
    let missing: Vec<String> = missing(sim).map(|missing| format!("before the change {missing}")).collect();
    if !missing.is_empty() {
        return Err(missing.join("\n"));
    }
    if before.is_empty() {
        return Err(
            "before the change nobody has a route from a neighbor: there is nothing to compare".to_owned()
        );
    }
    Ok(())
}

/// The switch's daemon ends and starts again.
fn restart(sim: &mut Simulation) -> Result<(), Error> {
    let killed = sim.fault(Trouble::Kill { host: TOR })?;
    sim.run_for(Duration::from_secs(1))?;
    sim.mend(killed);
    Ok(())
}

fn because(when: &str) -> impl Fn(Error) -> String {
    move |error| match error {
        // The last events would say more than anybody wants to read here.
        Error::Broken { failure, .. } => format!("{when}: broken {failure}"),
        error => format!("{when}: {error}"),
    }
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
    fn is_harmless(&self) -> bool {
        (self.lost, self.down) == (0, 0)
    }

    fn verdict(&self) -> String {
        match (self.lost, self.down) {
            (0, 0) => "nothing is lost".to_owned(),
            (lost, 0) => format!("{lost} lost"),
            (lost, 1) => format!("{lost} lost, 1 session down"),
            (lost, down) => format!("{lost} lost, {down} sessions down"),
        }
    }

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
mod tests;
