//! Networks that people build by hand, by name: the simulator for those who want to know what their own network does.
//!
//! A [`Network`] is put together from `crier.toml` files and links; [`Network::start`] makes a [`Simulation`] of it, in
//! which time passes, things go wrong, operators work, and tables are looked at. Its rows are those of `crier routes
//! --json` and the other commands: they come from the same code.

mod build;
mod error;
mod journey;
mod missing;
mod operate;
mod simulation;
mod tables;
#[cfg(test)]
mod tests;
mod trouble;

use std::path::{Path, PathBuf};

use super::plan::{Quality, Tolerated};

pub use crier::control::rows::{PeerRow, RouteRow, WhyRow};
pub use error::Error;
pub use journey::{Journey, Lost};
pub use missing::Missing;
pub use simulation::Simulation;
pub use tables::Installed;
pub use trouble::{Trouble, TroubleId};

/// The configuration of a speaker: text, or a file that has it. Texts and paths turn into one by themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The text of a `crier.toml`; errors in it name the host.
    Text(String),
    /// The path of one; errors in it name the file.
    File(PathBuf),
}

impl From<&str> for Source {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Source {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<&Path> for Source {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

impl From<PathBuf> for Source {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

/// A network in the making. What is wrong with its parts, [`Network::start`] says, of all of them at once.
#[derive(Clone, Debug, Default)]
pub struct Network {
    seed: u64,
    hosts: Vec<Machine>,
    links: Vec<Cable>,
    /// Addresses beside those on links: whose, and which.
    addresses: Vec<(String, String)>,
    /// Static routes: whose, to where, by which next hop.
    routes: Vec<(String, String, String)>,
    tolerated: Tolerated,
}

/// A host: its name, and what its speaker reads.
#[derive(Clone, Debug)]
struct Machine {
    name: String,
    config: Option<Source>,
}

/// A link: its name, and the hosts on it with an address each and the length of its prefix.
#[derive(Clone, Debug)]
struct Cable {
    name: String,
    ends: Vec<(String, String)>,
    quality: Quality,
}

impl Network {
    /// A network without hosts. The seed decides all chance: when machines start, timers' jitter, which packets are lost.
    pub fn new(seed: u64) -> Self {
        Self { seed, ..Self::default() }
    }

    /// Adds a router: a host with a speaker that reads this configuration, and forwards along its best paths.
    #[must_use]
    pub fn router(mut self, name: &str, config: impl Into<Source>) -> Self {
        self.hosts.push(Machine { name: name.to_owned(), config: Some(config.into()) });
        self
    }

    /// Adds a host without a speaker: it only forwards packets, by its static routes.
    #[must_use]
    pub fn host(mut self, name: &str) -> Self {
        self.hosts.push(Machine { name: name.to_owned(), config: None });
        self
    }

    /// Adds a link between hosts: each with its address and the length of the link's prefix, `("tor", "192.168.10.1/24")`. A
    /// host that has several addresses on the link is named several times.
    #[must_use]
    pub fn link(mut self, name: &str, ends: &[(&str, &str)]) -> Self {
        let ends = ends.iter().map(|&(host, net)| (host.to_owned(), net.to_owned())).collect();
        self.links.push(Cable { name: name.to_owned(), ends, quality: Quality::default() });
        self
    }

    /// Adds a link that is worse than [`Quality::default`], which takes 100 µs and loses nothing.
    #[must_use]
    pub fn poor_link(self, name: &str, ends: &[(&str, &str)], quality: Quality) -> Self {
        let mut network = self.link(name, ends);
        network.links.iter_mut().rev().take(1).for_each(|link| link.quality = quality);
        network
    }

    /// Gives a host an address that is on no link: a loopback's.
    #[must_use]
    pub fn address(mut self, host: &str, address: &str) -> Self {
        self.addresses.push((host.to_owned(), address.to_owned()));
        self
    }

    /// Gives a host a static route. Speakers do not announce it; packets and sessions use it.
    #[must_use]
    pub fn route(mut self, host: &str, prefix: &str, next_hop: &str) -> Self {
        self.routes.push((host.to_owned(), prefix.to_owned(), next_hop.to_owned()));
        self
    }

    /// Says what the configurations may lead to by themselves, so that [`Simulation::settle`] does not object: say
    /// `black_holes` where packets may be lost although every table is right, `oscillation` where the policies may have no
    /// stable state, `refusals` where tables or limits of prefixes are too small.
    #[must_use]
    pub fn tolerate(mut self, tolerated: Tolerated) -> Self {
        self.tolerated = tolerated;
        self
    }
}
