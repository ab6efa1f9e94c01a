//! The oracle: what every table must hold once nothing changes any more, computed from topology and policies alone.
//!
//! It is written from the RFCs and crier's documentation, for clarity, and calls nothing that the core decides with: a plain
//! fix-point over plain values, which allocates as it likes. Policies and settings are those that crier's reader made of the
//! configuration: what that misreads, the oracle misreads with it. [`import`] and [`export`] are the rules between the wire and
//! the table, [`best`] and [`multipath`] are the decision process, [`solve`] finds a stable state, [`is_stable`] judges
//! one that was observed: policies may have several (RFC 4264), or none (RFC 3345).
//!
//! Prefixes do not depend on each other, so everything is computed for one after the other.
//!
//! What it knows nothing of: limits (a full table, `max-prefixes`, a message that is too short for the attributes),
//! route reflection, confederations, and neighbors with two-octet AS numbers.

mod as_path;
mod decision;
mod export;
mod import;
mod matching;
mod origins;
mod policy;
mod solve;
mod stable;

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crier::config::PolicyModel;
use crier_core::FamilySet;
use crier_core::config::{PolicyRef, Settings};
use ipnet::IpNet;

use super::Route;
use super::kernel::Way;

pub use decision::{best, cost, multipath};
pub use export::{export, last_resort};
pub use import::import;
pub use origins::origin;
pub use policy::{Judged, evaluate};
pub use solve::{Oscillation, solve};
pub use stable::{Observed, from_observed, is_stable};

/// NO_EXPORT (RFC 1997).
const NO_EXPORT: u32 = 0xFFFF_FF01;
/// NO_ADVERTISE (RFC 1997).
const NO_ADVERTISE: u32 = 0xFFFF_FF02;
/// NO_EXPORT_SUBCONFED (RFC 1997).
const NO_EXPORT_SUBCONFED: u32 = 0xFFFF_FF03;
/// BLACKHOLE (RFC 7999).
const BLACKHOLE: u32 = 0xFFFF_029A;
/// GRACEFUL_SHUTDOWN (RFC 8326).
const GRACEFUL_SHUTDOWN: u32 = 0xFFFF_0000;

/// ORIGINATOR_ID (RFC 4456), by type code.
const ORIGINATOR_ID: u8 = 9;
/// CLUSTER_LIST (RFC 4456), by type code.
const CLUSTER_LIST: u8 = 10;

/// A speaker, as far as its tables depend on it.
#[derive(Clone, Debug)]
pub struct Router {
    /// Its name, for people.
    pub name: String,
    /// Its AS number.
    pub asn: u32,
    /// Its BGP identifier.
    pub router_id: Ipv4Addr,
    /// Most paths that forward together.
    pub maximum_paths: u16,
    /// Whether paths of equal AS_PATH length but different content forward together.
    pub as_path_relax: bool,
    /// What [`PolicyRef::Named`] counts in.
    pub policies: Vec<PolicyModel>,
    /// What it originates, with the attributes that it has in its own table; see [`origin`].
    pub origins: BTreeMap<IpNet, Route>,
    /// The routes that it has without BGP: there its next hops must lie (RFC 4271, 9.1.2.1). `None`: it does not ask for the
    /// way.
    pub ways: Option<Vec<Way>>,
    /// Its Established sessions.
    pub sessions: Vec<Session>,
    /// Addresses that it knows for its own.
    pub own_addresses: BTreeSet<IpAddr>,
    /// It was drained: it announces nothing.
    pub drained: bool,
}

/// An Established session as one side has it.
#[derive(Clone, Debug)]
pub struct Session {
    /// Position of the other router.
    pub peer: usize,
    /// Position of this session in that router's list.
    pub back: usize,
    /// The neighbor's address.
    pub remote: IpAddr,
    /// Own address.
    pub local: IpAddr,
    /// Own IPv4 address for IPv4 routes, where the session is over IPv6.
    pub ipv4: Option<Ipv4Addr>,
    /// Own global IPv6 address for IPv6 routes, where the session is over IPv4.
    pub ipv6: Option<Ipv6Addr>,
    /// Own link-local address on the link.
    pub link_local: Option<Ipv6Addr>,
    /// The neighbor's AS number.
    pub remote_asn: u32,
    /// The neighbor's BGP identifier.
    pub remote_id: Ipv4Addr,
    /// Families agreed on.
    pub families: FamilySet,
    /// IPv6 next hops for IPv4 prefixes were agreed on (RFC 8950).
    pub extended_next_hop: bool,
    /// How to talk to the neighbor; `families` is not looked at here.
    pub settings: Settings,
}

/// A path in a router's table.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Path {
    /// The session that it came by; `None`: it is originated here.
    pub session: Option<usize>,
    /// Its attributes in the table.
    pub route: Route,
}

/// The tables of one router.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tables {
    /// For each session what the neighbor announces, as on the wire, refused or not.
    pub received: Vec<BTreeMap<IpNet, Route>>,
    /// Paths: the own one first, accepted ones by session.
    pub paths: BTreeMap<IpNet, Vec<Path>>,
    /// Position of the best path in `paths`.
    pub best: BTreeMap<IpNet, usize>,
}

impl Router {
    /// Whether a session is with a neighbor in the same AS.
    fn is_internal(&self, session: &Session) -> bool {
        session.remote_asn == self.asn
    }

    /// Whether packets are dropped by a route as it is in the table: its neighbor may ask for that, and has, for one host.
    fn drops(&self, prefix: IpNet, session: usize, route: &Route) -> bool {
        let may = self.sessions.get(session).is_some_and(|session| session.settings.blackhole);
        may && prefix.prefix_len() == prefix.max_prefix_len() && route.communities.contains(&BLACKHOLE)
    }

    /// What a policy makes of a route; `None`: it rejects it. What having no policy means to external neighbors
    /// (RFC 8212) is for the caller to say.
    fn judge(
        &self,
        which: PolicyRef,
        prefix: IpNet,
        route: &Route,
        own_next_hop: Option<NextHop>,
    ) -> Option<Judged> {
        let unchanged = || Judged { route: route.clone(), next_hop_set: false };
        match which {
            PolicyRef::Unset | PolicyRef::AcceptAll => Some(unchanged()),
            PolicyRef::RejectAll => None,
            PolicyRef::Named(number) => {
                let policy = self.policies.get(usize::from(number))?;
                evaluate(policy, prefix, route, self.asn, own_next_hop)
            }
        }
    }
}

/// A next hop: an address, and for IPv6 the link-local one that may go along (RFC 2545, 3).
pub type NextHop = (IpAddr, Option<Ipv6Addr>);

/// The unspecified address of a prefix's family: the next hop of a route that has none of its own.
fn unspecified(prefix: IpNet) -> IpAddr {
    match prefix {
        IpNet::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpNet::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}
