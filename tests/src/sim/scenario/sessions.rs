//! Who talks to whom, read off the configurations.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::build::Builder;

/// A neighbor that a speaker has configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The host whose configuration names it.
    pub host: usize,
    /// The name: its address.
    pub address: IpAddr,
    /// The host that has this address.
    pub peer: usize,
}

/// Every configured neighbor of every speaker, in the order of the configurations.
pub fn sessions(builder: &Builder) -> Vec<Session> {
    let mut owners = BTreeMap::new();
    for host in 0..builder.hosts.len() {
        owners.extend(builder.addresses(host).into_iter().map(|address| (address, host)));
    }
    let mut found = Vec::new();
    for (host, document) in builder.documents.iter().enumerate() {
        let neighbors = document.iter().flat_map(|document| &document.neighbors);
        let addresses = neighbors.filter_map(|neighbor| neighbor.get("address"));
        for address in addresses.filter_map(|text| text.trim_matches('"').parse().ok()) {
            if let Some(&peer) = owners.get(&address) {
                found.push(Session { host, address, peer });
            }
        }
    }
    found
}
