//! Scenarios: plans drawn from seeds.
//!
//! A seed gives the same plan for ever: which hosts there are, the `crier.toml` of each, and everything that goes
//! wrong or is done. What chance there is while a plan runs belongs to the world.

pub mod build;
pub mod clos;
pub mod cluster;
mod describe;
pub mod draw;
pub mod faults;
pub mod lab;
pub mod parts;
pub mod random;
pub mod sessions;
#[cfg(test)]
mod tests;
pub mod text;
pub mod work;

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use clap::ValueEnum;

use super::Plan;

pub use parts::{Part, without};

/// A family of plans.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, ValueEnum)]
pub enum Scenario {
    /// One of the labs that people learn with.
    Lab,
    /// Four spines, sixteen leaves, 64 hosts.
    Clos,
    /// A thousand nodes under four switches, restarting in turn.
    Cluster,
    /// Anything: topology, configurations, faults and work all drawn.
    Random,
}

impl Scenario {
    /// Every scenario.
    pub const ALL: [Self; 4] = [Self::Lab, Self::Clos, Self::Cluster, Self::Random];

    /// Its name on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lab => "lab",
            Self::Clos => "clos",
            Self::Cluster => "cluster",
            Self::Random => "random",
        }
    }

    /// Seconds of real time that a virtual hour takes, about: a release build on a machine with nothing else to do.
    const fn pace(self) -> u64 {
        match self {
            Self::Lab | Self::Random => 1,
            Self::Clos => 30,
            Self::Cluster => 450,
        }
    }

    /// Most virtual hours that can be asked for: what takes about a real hour, and a thousand at most, for a plan is drawn
    /// before it begins.
    pub const fn most_hours(self) -> u64 {
        let hours = 3_600 / self.pace();
        if hours < 1_000 { hours } else { 1_000 }
    }

    /// Real time after which a run of so many virtual hours is given up, unless somebody says another one: eight times what
    /// it takes, and two minutes, for machines are busy. Without `hours`, what the scenario takes by itself.
    pub const fn patience(self, hours: Option<u64>) -> Duration {
        // A scenario takes a quarter of an hour or less by itself.
        let quarters = match hours {
            Some(hours) => hours.saturating_mul(4),
            None => 1,
        };
        Duration::from_secs(self.pace().saturating_mul(quarters).saturating_mul(2).saturating_add(120))
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Scenario {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|scenario| scenario.name() == text);
        found.ok_or_else(|| format!("found {text:?}, allowed lab, clos, cluster or random"))
    }
}

/// The plan of a seed. `hours`: how long it is disturbed before everything heals; each scenario has its own idea
/// without.
pub fn plan(scenario: Scenario, seed: u64, hours: Option<u64>) -> Plan {
    match scenario {
        Scenario::Lab => lab::plan(seed, hours),
        Scenario::Clos => clos::plan(seed, clos::Size::FULL, hours),
        Scenario::Cluster => cluster::plan(seed, cluster::NODES, hours),
        Scenario::Random => random::plan(seed, hours),
    }
}
