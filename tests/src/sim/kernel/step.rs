//! Whether a forwarding table holds what a speaker wants to have forwarded, no more and no less.

use crier_core::view::DestinationView;
use crier_core::{Family, Speaker};

use super::{Fib, NextHop};

/// Whether the speaker's routes in the table are what the speaker wants: by looking, not by what its bridge believes.
///
/// # Errors
/// The first difference.
pub fn in_step(speaker: &Speaker<'_>, fib: &Fib) -> Result<(), String> {
    let mut count = 0;
    for destination in destinations(speaker) {
        let wanted = wanted(speaker, &destination, fib);
        if wanted.is_empty() {
            continue;
        }
        count += 1;
        let prefix = destination.prefix;
        let has = fib.learned_at(prefix).map(|lead| fib.next_hops(lead)).unwrap_or_default();
        if wanted != has {
            return Err(format!("{prefix}: the kernel forwards to {has:?}, wanted is {wanted:?}"));
        }
    }
    if count == fib.learned_len() {
        return Ok(());
    }
    let unwanted = fib.learned().find(|route| {
        let slot = speaker.find_destination(route.prefix);
        let found = slot.and_then(|slot| speaker.destination(Family::of(&route.prefix), slot));
        found.is_none_or(|destination| self::wanted(speaker, &destination, fib).is_empty())
    });
    let what = unwanted.map_or_else(String::new, |route| format!(", {} among them", route.prefix));
    Err(format!("the kernel has {} routes, wanted are {count}{what}", fib.learned_len()))
}

/// Every destination of a speaker that has paths.
fn destinations<'a>(speaker: &'a Speaker<'_>) -> impl Iterator<Item = DestinationView<'a>> {
    Family::ALL.into_iter().flat_map(move |family| {
        (1..speaker.destination_slots(family)).filter_map(move |slot| speaker.destination(family, slot))
    })
}

/// The ways to the next hops of those paths of a destination that forward, ascending: nowhere if it drops, none for a route
/// originated here, none where the host has a route of its own, and none without a path that takes part in the decision.
fn wanted(speaker: &Speaker<'_>, of: &DestinationView<'_>, fib: &Fib) -> Vec<NextHop> {
    let mut wanted = Vec::new();
    if fib.is_taken(of.prefix) {
        return wanted;
    }
    let is_near = |address| speaker.peers().any(|peer| peer.remote == address && peer.shares_link);
    for path in of.paths().filter(|path| path.multipath) {
        if path.remote.is_none() {
            // It is originated here, and so the best one: nothing forwards beside it.
            return Vec::new();
        }
        if path.blackhole {
            return vec![NextHop::nowhere(of.prefix)];
        }
        let next_hop = path.attrs.next_hop();
        wanted.extend(next_hop.into_iter().flat_map(|next_hop| fib.gateways(next_hop, is_near(next_hop))));
    }
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}
