//! Routes originated by a speaker, as they sit in its own table.

use std::collections::BTreeMap;

use crier::config::Network;

use super::unspecified;
use crate::sim::Route;

/// A `[[network]]`, or what `announce` made one of, in the originator's table: ORIGIN IGP, an empty AS_PATH, and what it
/// has itself.
pub fn origin(network: &Network) -> Route {
    Route {
        origin: 0,
        as_path: Vec::new(),
        next_hop: network.next_hop.unwrap_or(unspecified(network.prefix)),
        link_local: None,
        med: network.med,
        local_pref: network.local_pref,
        communities: network.communities.iter().copied().collect(),
        large_communities: network.large_communities.iter().copied().collect(),
        others: BTreeMap::new(),
    }
}
