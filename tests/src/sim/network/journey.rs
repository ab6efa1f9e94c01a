//! Where packets end.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::operate::address;
use super::{Error, Simulation};
use crate::sim::World;
use crate::sim::host::Host;
use crate::sim::kernel::paths::{self, BlackHole};
use crate::sim::kernel::{DataPlane, Fib};
use crate::sim::referee::origins;

/// Where packets to one address end, over all ways that their flows may take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Journey {
    /// Hosts that they arrive at: which have the address, or originate a prefix with it.
    pub delivered: BTreeSet<String>,
    /// Where some of them are lost.
    pub lost: BTreeSet<Lost>,
    /// Ways round in circles, each from the first host of the circle to the same one again.
    pub loops: BTreeSet<Vec<String>>,
}

/// Where packets are lost.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lost {
    /// At which host.
    pub at: String,
    /// The next hop that it sends them to, which does not get them; `None`: it has no route.
    pub next_hop: Option<IpAddr>,
}

impl Journey {
    /// Whether every packet arrives.
    pub fn arrives(&self) -> bool {
        !self.delivered.is_empty() && self.lost.is_empty() && self.loops.is_empty()
    }
}

impl Simulation {
    /// Follows packets from a host to an address through every forwarding table, as things are at present: over a link that
    /// is cut nothing goes.
    ///
    /// # Errors
    /// There is no such host, or the address is none.
    pub fn trace(&self, from: &str, to: &str) -> Result<Journey, Error> {
        let (from, to) = (self.host(from)?, address(to)?);
        let hosts = self.world.hosts().iter().enumerate();
        let ends: BTreeSet<usize> =
            hosts.filter(|(_, host)| host.powered && is_end(host, to)).map(|(number, _)| number).collect();
        let trace = paths::trace(&Present(&self.world), from, to, &ends);
        let name = |host: usize| self.world.name(host);
        Ok(Journey {
            delivered: trace.delivered.into_iter().map(name).collect(),
            lost: trace
                .black_holes
                .into_iter()
                .map(|hole| match hole {
                    BlackHole::NoRoute(host) => Lost { at: name(host), next_hop: None },
                    BlackHole::DeadNextHop(host, next) => Lost { at: name(host), next_hop: Some(next) },
                })
                .collect(),
            loops: trace.loops.into_iter().map(|circle| circle.into_iter().map(name).collect()).collect(),
        })
    }
}

/// Whether a host originates a prefix with this address, and knows no longer one from a neighbor.
fn is_end(host: &Host, to: IpAddr) -> bool {
    let own =
        origins(host).into_keys().filter(|prefix| prefix.contains(&to)).map(|prefix| prefix.prefix_len());
    let learned = host.fib().learned().map(|route| route.prefix).filter(|prefix| prefix.contains(&to));
    own.max() > learned.map(|prefix| prefix.prefix_len()).max()
}

/// Forwarding as it is while troubles are in force.
struct Present<'a>(&'a World);

impl DataPlane for Present<'_> {
    fn hosts(&self) -> usize {
        self.0.hosts().len()
    }

    fn fib(&self, host: usize) -> Option<&Fib> {
        self.0.fib(host)
    }

    fn neighbor(&self, host: usize, interface: usize, next_hop: IpAddr) -> Option<usize> {
        let here = self.0.hosts().get(host)?.interfaces.get(interface)?;
        self.0.links.get(here.link)?.carries(here.end).then_some(())?;
        self.0.neighbor(host, interface, next_hop)
    }
}
