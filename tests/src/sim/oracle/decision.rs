//! The decision process (RFC 4271, 9.1.2.2): the best path, and those that forward with it.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use super::export::DEFAULT_LOCAL_PREF;
use super::{CLUSTER_LIST, ORIGINATOR_ID, Path, Router, as_path};

/// Position of the best of a prefix's paths. Their order does not matter.
pub fn best(router: &Router, paths: &[Path]) -> Option<usize> {
    // MED is compared within one neighboring AS only: first the best of each, then the best of those.
    let winners = top_rank(router, paths).into_values().filter_map(|group| {
        with_lowest_med(paths, group).into_iter().min_by_key(|at| tail(router, paths, *at))
    });
    winners.min_by_key(|at| tail(router, paths, *at))
}

/// Which of a prefix's paths forward: the best, and with it those that are as good up to the tie-break, as many as
/// `maximum_paths` allows. Unless `as_path_relax`, their AS_PATHs must be the same. Whether packets are forwarded or dropped
/// is for the best to say.
pub fn multipath(router: &Router, prefix: IpNet, paths: &[Path]) -> Vec<bool> {
    let mut forwards = vec![false; paths.len()];
    let Some(best) = best(router, paths) else { return forwards };
    let mut equal: Vec<usize> = top_rank(router, paths)
        .into_values()
        .flat_map(|group| with_lowest_med(paths, group))
        .filter(|at| is_internal(router, paths, *at) == is_internal(router, paths, best))
        .filter(|at| cost_of(router, paths, *at) == cost_of(router, paths, best))
        .filter(|at| router.as_path_relax || path_of(paths, *at) == path_of(paths, best))
        .filter(|at| drops(router, prefix, paths, *at) == drops(router, prefix, paths, best))
        .collect();
    equal.sort_by_key(|at| (*at != best, tail(router, paths, *at)));
    for at in equal.into_iter().take(usize::from(router.maximum_paths.max(1))) {
        if let Some(forward) = forwards.get_mut(at) {
            *forward = true;
        }
    }
    forwards
}

/// The AS in which a path's MED is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Neighbor {
    /// The one that the AS_PATH began with when it was received.
    As(u32),
    /// The own one: from an internal neighbor, with no AS to begin with (RFC 4271, 9.1.2.2 c).
    Own,
    /// Hidden in an AS_SET by an external neighbor: nobody's but this path's.
    Unknown(usize),
}

/// What the way to a path's next hop costs; `None`: there is none, as to this host itself, and the path takes no part in the decision (9.1.2.1). Of
/// what is originated here nobody asks.
pub fn cost(router: &Router, path: &Path) -> Option<u32> {
    let (Some(_), Some(ways)) = (path.session, &router.ways) else { return Some(0) };
    let next_hop = path.route.next_hop;
    if router.own_addresses.contains(&next_hop) {
        return None;
    }
    let leads_there = ways.iter().filter(|way| way.prefix.contains(&next_hop));
    let longest = leads_there.max_by_key(|way| way.prefix.prefix_len())?;
    let leads = longest.prefix.prefix_len() > 0 && (longest.on_link || !has_to_be_on_link(router, next_hop));
    leads.then_some(longest.cost)
}

/// Whether it is an external neighbor's address with whom a session needs a link in common.
fn has_to_be_on_link(router: &Router, address: IpAddr) -> bool {
    let mut neighbors = router.sessions.iter().filter(|session| session.remote == address);
    neighbors.any(|session| session.remote_asn != router.asn && session.settings.ttl.is_one_hop())
}

fn cost_of(router: &Router, paths: &[Path], at: usize) -> Option<u32> {
    cost(router, paths.get(at)?)
}

/// Paths that are the best by the steps before MED, by neighboring AS: originated here, LOCAL_PREF, length of AS_PATH
/// (9.1.2.2 a), ORIGIN (b).
fn top_rank(router: &Router, paths: &[Path]) -> BTreeMap<Neighbor, Vec<usize>> {
    let rank = |path: &Path| {
        let preference = path.route.local_pref.unwrap_or(DEFAULT_LOCAL_PREF);
        let length = as_path::places(&path.route.as_path).len();
        (path.session.is_some(), u32::MAX - preference, length, path.route.origin)
    };
    let top = paths.iter().filter(|path| cost(router, path).is_some()).map(rank).min();
    let mut groups: BTreeMap<Neighbor, Vec<usize>> = BTreeMap::new();
    let takes_part = |path: &Path| cost(router, path).is_some() && Some(rank(path)) == top;
    for (at, path) in paths.iter().enumerate().filter(|(_, path)| takes_part(path)) {
        // The AS it was received from: own numbers in front are the import policy's, for no received path has any.
        let neighbor = match as_path::first_after(router.asn, &path.route.as_path) {
            Some(asn) => Neighbor::As(asn),
            None if is_internal(router, paths, at) => Neighbor::Own,
            None => Neighbor::Unknown(at),
        };
        groups.entry(neighbor).or_default().push(at);
    }
    groups
}

/// Those of one neighboring AS that its MED prefers (9.1.2.2 c); a missing one is 0.
fn with_lowest_med(paths: &[Path], group: Vec<usize>) -> Vec<usize> {
    let med = |at: usize| paths.get(at).and_then(|path| path.route.med).unwrap_or(0);
    let lowest = group.iter().map(|at| med(*at)).min();
    group.into_iter().filter(|at| Some(med(*at)) == lowest).collect()
}

/// The steps after MED, smaller is better: external before internal (d), cost of the way to the next hop (e), BGP identifier or ORIGINATOR_ID (f), length of CLUSTER_LIST (RFC 4456, 9), address of the neighbor (g).
fn tail(router: &Router, paths: &[Path], at: usize) -> (bool, Option<u32>, Ipv4Addr, usize, Ipv6Addr) {
    let internal = is_internal(router, paths, at);
    let path = paths.get(at);
    let session = path.and_then(|path| router.sessions.get(path.session?));
    let value = |code| path.and_then(|path| path.route.others.get(&code)).map_or(&[][..], |(_, value)| value);
    let originator = value(ORIGINATOR_ID).first_chunk::<4>().map(|id| Ipv4Addr::from(*id));
    let identifier = originator.or(session.map(|session| session.remote_id)).unwrap_or(Ipv4Addr::UNSPECIFIED);
    let address = match session.map(|session| session.remote) {
        Some(IpAddr::V4(address)) => address.to_ipv6_mapped(),
        Some(IpAddr::V6(address)) => address,
        None => Ipv6Addr::UNSPECIFIED,
    };
    (internal, cost_of(router, paths, at), identifier, value(CLUSTER_LIST).len() / 4, address)
}

/// Whether a path came from an internal neighbor, or is originated here.
fn is_internal(router: &Router, paths: &[Path], at: usize) -> bool {
    let session = paths.get(at).and_then(|path| router.sessions.get(path.session?));
    session.is_none_or(|session| router.is_internal(session))
}

fn drops(router: &Router, prefix: IpNet, paths: &[Path], at: usize) -> bool {
    let path = paths.get(at).and_then(|path| Some((path.session?, &path.route)));
    path.is_some_and(|(session, route)| router.drops(prefix, session, route))
}

fn path_of(paths: &[Path], at: usize) -> Option<&[crate::sim::route::Segment]> {
    paths.get(at).map(|path| path.route.as_path.as_slice())
}
