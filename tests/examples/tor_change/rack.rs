//! A switch and its nodes on one link, from their files.

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crier::config::{self, HostFacts, Model, RouterIdSource};
use crier_tests::sim::plan::Tolerated;
use crier_tests::sim::{Network, Simulation};

use super::{Arguments, TOR};

/// A node, and what it says about the link.
struct Node {
    name: String,
    path: PathBuf,
    /// Its addresses on the link: one of each family that it has neighbors of.
    addresses: Vec<IpAddr>,
    /// Its neighbors.
    neighbors: Vec<IpAddr>,
}

/// Starts the rack.
pub(super) fn start(arguments: &Arguments) -> Result<Simulation, String> {
    let nodes: Result<Vec<Node>, String> = node_files(&arguments.nodes)?.into_iter().map(read).collect();
    let nodes = nodes?;
    let on_link = |address: IpAddr| {
        let length = if address.is_ipv4() { arguments.length } else { 64 };
        format!("{address}/{length}")
    };
    let mut ends: Vec<(&str, String)> =
        switch_addresses(&nodes)?.into_iter().map(|address| (TOR, on_link(address))).collect();
    let mut network = Network::new(arguments.seed).router(TOR, arguments.tor.as_path());
    for node in &nodes {
        ends.extend(node.addresses.iter().map(|&address| (node.name.as_str(), on_link(address))));
        network = network.router(&node.name, node.path.as_path());
    }
    let ends: Vec<(&str, &str)> = ends.iter().map(|(name, net)| (*name, net.as_str())).collect();
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

fn read((name, path): (String, PathBuf)) -> Result<Node, String> {
    let model = config::load(&path, &HostFacts { addresses: &[] }).map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        errors.join("\n")
    })?;
    let addresses: Result<Vec<IpAddr>, String> =
        [true, false].into_iter().filter_map(|ipv4| address(&name, &model, ipv4)).collect();
    let neighbors = model.peers.iter().map(|peer| peer.remote).collect();
    Ok(Node { addresses: addresses?, neighbors, name, path })
}

/// A node's address of a family: what the first neighbor of that family is talked to from. `None`: it has no such neighbor.
fn address(name: &str, model: &Model, ipv4: bool) -> Option<Result<IpAddr, String>> {
    let first = model.peers.iter().find(|peer| peer.remote.is_ipv4() == ipv4)?;
    let router_id = (ipv4 && model.router_id_source == RouterIdSource::Configured)
        .then_some(model.local.router_id.into());
    let or = if ipv4 { ", or the node a router-id that is its address" } else { "" };
    let address = first.settings.local_address.or(router_id);
    Some(address.ok_or_else(|| {
        format!(
            "{name}: its address on the link is not known: give the neighbor {} a local-address{or}",
            first.remote
        )
    }))
}

/// The addresses that the switch is to have: those that nodes name as neighbors, and that are no node's.
fn switch_addresses(nodes: &[Node]) -> Result<BTreeSet<IpAddr>, String> {
    let own: BTreeSet<IpAddr> = nodes.iter().flat_map(|node| node.addresses.iter().copied()).collect();
    let mut all = BTreeSet::new();
    for node in nodes {
        let named: Vec<IpAddr> =
            node.neighbors.iter().copied().filter(|address| !own.contains(address)).collect();
        let (v4, v6): (Vec<IpAddr>, Vec<IpAddr>) = named.iter().partition(|address| address.is_ipv4());
        let name = &node.name;
        if named.is_empty() {
            return Err(format!("{name}: it has no neighbor that could be the switch"));
        }
        for same in [v4, v6] {
            if let [first, second, ..] = same.as_slice() {
                return Err(format!(
                    "{name}: its neighbors {first} and {second} are no nodes, and here is one switch only: a rack with \
                     two is a few lines with the library (docs/simulation.md)"
                ));
            }
        }
        all.extend(named);
    }
    Ok(all)
}
