//! What a speaker wants to have forwarded: the next hops of each destination's best path and of those as good.

use std::net::IpAddr;

use crier_core::family::unspecified;
use crier_core::view::DestinationView;
use crier_core::{Family, PeerId, Speaker};

use crate::sim::kernel::Fib;

/// Every destination of a speaker that has paths.
pub(super) fn destinations<'a>(speaker: &'a Speaker<'_>) -> impl Iterator<Item = DestinationView<'a>> {
    Family::ALL.into_iter().flat_map(move |family| {
        (1..speaker.destination_slots(family)).filter_map(move |slot| speaker.destination(family, slot))
    })
}

/// Puts the next hops that a destination is forwarded to into `next_hops`, ascending: none for a route originated here,
/// and none without a path that takes part in the decision. For one that drops it is the unspecified address.
pub(super) fn next_hops(of: &DestinationView<'_>, next_hops: &mut Vec<IpAddr>) {
    next_hops.clear();
    for path in of.paths().filter(|path| path.multipath) {
        if path.peer == PeerId(0) {
            // It is originated here, and so the best one: nothing forwards beside it.
            next_hops.clear();
            return;
        }
        let drops = path.blackhole.then(|| unspecified(Family::of(&of.prefix)));
        next_hops.extend(drops.or_else(|| path.attrs.next_hop()));
    }
    next_hops.sort_unstable();
    next_hops.dedup();
}

/// Whether the speaker's routes in the table are what the speaker wants, no more and no less; if not, the first difference.
pub(super) fn compare(speaker: &Speaker<'_>, fib: &Fib) -> Result<(), String> {
    let mut wanted = Vec::new();
    let mut count = 0;
    for destination in destinations(speaker) {
        next_hops(&destination, &mut wanted);
        if wanted.is_empty() {
            continue;
        }
        count += 1;
        let has = fib.learned_at(destination.prefix).map(AsRef::as_ref).unwrap_or_default();
        if wanted != *has {
            let prefix = destination.prefix;
            return Err(format!("{prefix}: the kernel forwards to {has:?}, wanted is {wanted:?}"));
        }
    }
    if count == fib.learned_len() {
        return Ok(());
    }
    let unwanted = fib.learned().find(|route| {
        let slot = speaker.find_destination(route.prefix);
        let found = slot.and_then(|slot| speaker.destination(Family::of(&route.prefix), slot));
        found.iter().for_each(|destination| next_hops(destination, &mut wanted));
        found.is_none() || wanted.is_empty()
    });
    let what = unwanted.map_or_else(String::new, |route| format!(", {} among them", route.prefix));
    Err(format!("the kernel has {} routes, wanted are {count}{what}", fib.learned_len()))
}
