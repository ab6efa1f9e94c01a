//! Paths, and why they are what they are.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::Word;

/// A path. Every form of `crier routes` has these keys. Of a refused path only neighbor, prefix and reason are kept: what
/// else it had is null there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteRow {
    /// The prefix.
    pub prefix: IpNet,
    /// Its family.
    pub family: Word,
    /// The next hop; 0.0.0.0 or :: for a route originated here without one.
    pub next_hop: Option<IpAddr>,
    /// The neighbor it came from, null for what is originated here; in `advertised`, the neighbor it was announced to.
    pub peer: Option<IpAddr>,
    /// It is the best path.
    pub best: bool,
    /// It forwards.
    pub multipath: bool,
    /// It takes part in the decision.
    pub valid: bool,
    /// It is kept over a restart of its neighbor.
    pub stale: bool,
    /// `igp`, `egp` or `incomplete`.
    pub origin: Option<Word>,
    /// AS numbers joined by a space, a set as `{1,2}`.
    pub as_path: Option<String>,
    /// LOCAL_PREF as used: 100 where there is none.
    pub local_pref: Option<u32>,
    /// MULTI_EXIT_DISC.
    pub med: Option<u32>,
    /// Communities.
    pub communities: Vec<Word>,
    /// Large communities.
    pub large_communities: Vec<String>,
    /// Seconds since it arrived.
    pub age_s: Option<u64>,
    /// The kernel has it.
    pub installed: bool,
    /// The BGP instance.
    pub instance: String,
    /// It forwards by dropping: its neighbor has asked for that (RFC 7999).
    pub blackhole: bool,
    /// Why it was refused, or `unreachable` for one that was accepted; null for any other.
    pub reason: Option<Word>,
}

/// A step of `crier why`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "kebab-case")]
pub enum WhyRow {
    /// A path that takes part, and the step of the decision that chose or beat it.
    Path {
        /// The path.
        #[serde(flatten)]
        route: Box<RouteRow>,
        /// The step's code.
        step: Word,
        /// The step in words.
        why: String,
    },
    /// A path that was refused.
    Refused {
        /// The prefix.
        prefix: IpNet,
        /// The neighbor.
        peer: Option<IpAddr>,
        /// The code.
        reason: Option<Word>,
        /// In words.
        why: String,
    },
    /// Whether the kernel has a route.
    Kernel {
        /// The prefix.
        prefix: IpNet,
        /// It has one, as far as known.
        installed: bool,
        /// The table that crier's routes are in.
        table: u32,
        /// The protocol that they are marked with.
        protocol: u8,
        /// Their metric.
        metric: u32,
        /// Where the route leads.
        next_hops: Vec<HopRow>,
        /// It drops packets, and has no next hops.
        blackhole: bool,
        /// The next-hop object or group that it names; null where it names its next hops itself.
        next_hop_id: Option<u32>,
        /// Why it is not there as wanted: `refused`, `no-room`, `taken`, `asked`, `install`, `starting`, `local`,
        /// `pending`, `no-best-path` or `unreachable`; null if it is.
        reason: Option<Word>,
        /// In words.
        why: String,
    },
    /// What a neighbor is told of the best path.
    Announcement {
        /// The prefix.
        prefix: IpNet,
        /// The neighbor.
        peer: IpAddr,
        /// Whether it has been told.
        announced: bool,
        /// Why it is not to be told.
        reason: Option<Word>,
        /// The export policy that decided.
        policy: Option<String>,
        /// The rule of it, from 1; null: no rule matched.
        rule: Option<u32>,
        /// In words.
        why: String,
    },
}

/// A next hop of a kernel's route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HopRow {
    /// The router; null where the destination is on the link.
    pub gateway: Option<IpAddr>,
    /// The interface's name, or its number where it is gone.
    pub interface: Word,
}

impl std::fmt::Display for HopRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.gateway {
            Some(gateway) => write!(f, "via {gateway} on {}", self.interface),
            None => write!(f, "on {}", self.interface),
        }
    }
}
