//! From the best path to the wire: what a router announces to a neighbor.

use std::net::IpAddr;

use crier_core::Family;
use crier_core::config::{PolicyRef, Ttl};
use crier_core::view::Reason;
use ipnet::IpNet;

use super::as_path::prepended;
use super::{
    CLUSTER_LIST, GRACEFUL_SHUTDOWN, NO_ADVERTISE, NO_EXPORT, NO_EXPORT_SUBCONFED, NextHop, ORIGINATOR_ID,
    Path, Router, Session,
};
use crate::sim::Route;

/// LOCAL_PREF of a route that has none.
pub(super) const DEFAULT_LOCAL_PREF: u32 = 100;

/// What a neighbor is announced for a prefix with this best path, as it reads it, or why nothing.
///
/// # Errors
/// Why it is not announced. To a session that does not exist nothing is.
pub fn export(router: &Router, session: usize, prefix: IpNet, best: &Path) -> Result<Route, Reason> {
    let number = session;
    let session = router.sessions.get(number).ok_or(Reason::NotEstablished)?;
    if !session.families.contains(Family::of(&prefix)) {
        return Err(Reason::Family);
    }
    if router.drained {
        return Err(Reason::Drained);
    }
    let source = best.session.and_then(|source| router.sessions.get(source));
    if best.session == Some(number) {
        return Err(Reason::SplitHorizon);
    }
    let internal = router.is_internal(session);
    if let Some(source) = source {
        may_pass(internal, router.is_internal(source), &best.route)?;
    }
    if !internal && session.settings.export == PolicyRef::Unset {
        return Err(Reason::NoPolicy); // RFC 8212
    }
    let mut route = best.route.clone();
    // RFC 4271, 5.1.4: a MED goes no further than the AS that it was announced to. A policy may set one.
    if !internal && source.is_some() {
        route.med = None;
    }
    let own = own_next_hop(router, session, prefix);
    let judged = router.judge(session.settings.export, prefix, &route, own).ok_or(Reason::Policy)?;
    let chosen = judged.next_hop_set || source.is_none();
    let next_hop =
        next_hop(session, prefix, internal, chosen, &judged.route, own).ok_or(Reason::NoNextHop)?;
    Ok(outgoing(router, internal, judged.route, next_hop))
}

/// What a draining router announces in place of a route until it withdraws it: a last resort (RFC 8326, 4). Every neighbor
/// is shown the community, those inside the AS are given the lowest preference as well.
pub fn last_resort(router: &Router, session: usize, mut route: Route) -> Route {
    route.communities.insert(GRACEFUL_SHUTDOWN);
    if router.sessions.get(session).is_some_and(|session| router.is_internal(session)) {
        route.local_pref = Some(0);
    }
    route
}

/// Rules for routes that were learned, which no policy lifts. They bind who receives a route, not who originates it.
fn may_pass(to_internal: bool, from_internal: bool, route: &Route) -> Result<(), Reason> {
    if to_internal && from_internal {
        return Err(Reason::InternalToInternal); // RFC 4271, 9.2
    }
    if route.communities.contains(&NO_ADVERTISE) {
        return Err(Reason::NoAdvertise);
    }
    let confined = [NO_EXPORT, NO_EXPORT_SUBCONFED].iter().any(|c| route.communities.contains(c));
    if confined && !to_internal {
        return Err(Reason::NoExport);
    }
    Ok(())
}

/// Own address on a session as a next hop for a prefix of either family.
pub(super) fn own_next_hop(router: &Router, session: &Session, prefix: IpNet) -> Option<NextHop> {
    match (prefix, session.local) {
        (IpNet::V4(_), IpAddr::V4(_)) => Some((session.local, None)),
        (IpNet::V6(_), IpAddr::V4(_)) => session.ipv6.map(|address| (address.into(), None)),
        (IpNet::V4(_), IpAddr::V6(_)) if session.ipv4.is_some() => {
            session.ipv4.map(|address| (address.into(), None))
        }
        // RFC 8950, 4.
        (IpNet::V4(_), IpAddr::V6(_)) if !session.extended_next_hop => None,
        (_, IpAddr::V6(local)) => {
            let global = if local.is_unicast_link_local() { session.ipv6.unwrap_or(local) } else { local };
            // RFC 2545, 3: an external neighbor that is one hop away shares the link.
            let shares_link = !router.is_internal(session) && is_one_hop(session.settings.ttl);
            Some((global.into(), session.link_local.filter(|_| shares_link)))
        }
    }
}

fn is_one_hop(ttl: Ttl) -> bool {
    matches!(ttl, Ttl::Default | Ttl::Multihop(0 | 1) | Ttl::Security(0 | 1))
}

/// The next hop to announce (RFC 4271, 5.1.3 and decision 004): what the operator chose; else to internal neighbors
/// what the route has, if it has one; else the own address. Never the neighbor's.
fn next_hop(
    session: &Session,
    prefix: IpNet,
    internal: bool,
    chosen: bool,
    route: &Route,
    own: Option<NextHop>,
) -> Option<NextHop> {
    let kept = chosen || (internal && !session.settings.next_hop_self);
    if !kept || route.next_hop.is_unspecified() || route.next_hop == session.remote {
        return own;
    }
    // An IPv6 one of an IPv4 prefix is for those who take such (RFC 8950, 4).
    if prefix.addr().is_ipv4() && route.next_hop.is_ipv6() && !session.extended_next_hop {
        return None;
    }
    // A link-local address says nothing to an internal neighbor, who may be on another link. An external one gets the
    // one that `"self"` stands for.
    Some((route.next_hop, if internal { None } else { route.link_local }))
}

/// The attributes as an internal or an external neighbor gets them (RFC 4271, 5.1).
fn outgoing(router: &Router, internal: bool, route: Route, (next_hop, link_local): NextHop) -> Route {
    let mut out = Route { next_hop, link_local, ..route };
    if internal {
        out.local_pref = Some(out.local_pref.unwrap_or(DEFAULT_LOCAL_PREF));
    } else {
        out.local_pref = None;
        out.as_path = prepended(&out.as_path, router.asn, 1);
        out.others.retain(|code, _| ![ORIGINATOR_ID, CLUSTER_LIST].contains(code));
    }
    out
}
