//! A route as the simulator's judges see it: plain values, decoded and compared by code that the core has no part in.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv6Addr};

/// A segment of AS_PATH (RFC 4271, 4.3).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Segment {
    /// AS_SEQUENCE.
    Sequence(Vec<u32>),
    /// AS_SET.
    Set(BTreeSet<u32>),
}

/// The path attributes of a route.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// ORIGIN: 0 IGP, 1 EGP, 2 INCOMPLETE.
    pub origin: u8,
    /// AS_PATH; adjoining sequences are one.
    pub as_path: Vec<Segment>,
    /// Next hop, the global one of two. Unspecified: the route is originated here.
    pub next_hop: IpAddr,
    /// The link-local next hop beside it (RFC 2545, 3).
    pub link_local: Option<Ipv6Addr>,
    /// MULTI_EXIT_DISC.
    pub med: Option<u32>,
    /// LOCAL_PREF.
    pub local_pref: Option<u32>,
    /// Communities (RFC 1997).
    pub communities: BTreeSet<u32>,
    /// Large communities (RFC 8092).
    pub large_communities: BTreeSet<[u32; 3]>,
    /// Every other attribute: by type code, flags (without Partial and Extended Length) and value.
    pub others: BTreeMap<u8, (u8, Vec<u8>)>,
}
