//! Sessions that are configured and not up.

use std::fmt;
use std::net::IpAddr;

use crier::config::{self, HostFacts};
use crier_core::config::PeerConfig;

use super::{PeerRow, Simulation};
use crate::sim::host::Host;

/// A session that a configuration asks for and that is not up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// The host whose configuration has the neighbor.
    pub host: String,
    /// The neighbor's address.
    pub neighbor: IpAddr,
    /// The host that has this address, if one has.
    pub name: Option<String>,
    /// What is in the way, and the last NOTIFICATION, as far as they are known; else the state of the session.
    pub why: String,
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { host, neighbor, name, why } = self;
        match name {
            Some(name) => write!(f, "{host} has no session with {name} ({neighbor}): {why}"),
            None => write!(f, "{host} has no session with {neighbor}: {why}"),
        }
    }
}

impl Simulation {
    /// Every `[[neighbor]]` that a host has no session with at present, by host and in the order of its configuration. Neighbors
    /// out of dynamic ranges are nobody's to miss: they miss the session themselves.
    ///
    /// [`Simulation::settle`] does not object to a session that the configurations themselves keep down, so whoever counts on
    /// every session asks for this.
    pub fn missing(&self) -> Vec<Missing> {
        let hosts = self.world.hosts().iter().enumerate();
        hosts
            .flat_map(|(number, host)| {
                // None while no daemon runs.
                let rows = self.peers(&host.plan.name).unwrap_or_default();
                let missing = configured(host).into_iter().filter_map(move |peer| {
                    let row = rows.iter().find(|row| row.address == peer.remote);
                    self.missing_with(number, &peer, row)
                });
                missing.collect::<Vec<_>>()
            })
            .collect()
    }

    fn missing_with(&self, number: usize, peer: &PeerConfig, row: Option<&PeerRow>) -> Option<Missing> {
        if row.is_some_and(|row| row.state == "Established") {
            return None;
        }
        let error = row.and_then(|row| row.last_error.as_ref());
        let error = error.map(|error| format!("last error: {} {}", error.direction, error.text));
        let why = match (self.world.obstacle(number, peer.remote, &peer.settings, true), error) {
            (Some(obstacle), Some(error)) => format!("{obstacle} ({error})"),
            (Some(why), None) | (None, Some(why)) => why,
            (None, None) => row.map_or_else(|| "not known".to_owned(), |row| format!("it is {}", row.state)),
        };
        let name = self.owner(peer.remote).map(str::to_owned);
        Some(Missing { host: self.world.name(number), neighbor: peer.remote, name, why })
    }
}

/// The neighbors that a host's daemon has, or would have if it ran.
fn configured(host: &Host) -> Vec<PeerConfig> {
    match (&host.daemon, &host.plan.config) {
        (Some(daemon), _) => daemon.model.peers.clone(),
        (None, Some(text)) => {
            let addresses = host.addresses();
            let model = config::parse(text, &host.plan.name, &HostFacts { addresses: &addresses });
            model.map(|model| model.peers).unwrap_or_default()
        }
        (None, None) => Vec::new(),
    }
}
