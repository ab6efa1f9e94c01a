//! From the wire to the table: what a router accepts from a neighbor, and with which attributes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crier_core::Family;
use crier_core::config::PolicyRef;
use crier_core::view::Reason;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::{CLUSTER_LIST, GRACEFUL_SHUTDOWN, NO_ADVERTISE, ORIGINATOR_ID, Router, Session, as_path};
use crate::sim::Route;

/// Longest AS_PATH that crier takes, in AS numbers.
const LONGEST_AS_PATH: usize = 1024;
/// The Transitive flag of an attribute (RFC 4271, 4.3).
const TRANSITIVE: u8 = 0x40;

/// What becomes of a route that a neighbor announces: its attributes in the table, or why it is refused.
///
/// # Errors
/// Why it is refused. A session that does not exist refuses everything.
pub fn import(router: &Router, session: usize, prefix: IpNet, route: &Route) -> Result<Route, Reason> {
    let number = session;
    let session = router.sessions.get(number).ok_or(Reason::NotEstablished)?;
    if !session.families.contains(Family::of(&prefix)) {
        return Err(Reason::Family);
    }
    well_formed(router, session, prefix, route)?;
    acceptable(router, session, route)?;
    if is_martian(prefix) {
        return Err(Reason::Martian);
    }
    let received = without_what_ends_here(router, session, route);
    let external = !router.is_internal(session);
    if external && session.settings.import == PolicyRef::Unset {
        return Err(Reason::NoPolicy); // RFC 8212
    }
    // `next-hop = "self"` means nothing on the way in.
    let judged = router.judge(session.settings.import, prefix, &received, None).ok_or(Reason::Policy)?;
    let mut accepted = judged.route;
    if accepted.next_hop.is_unspecified() {
        return Err(Reason::NextHop);
    }
    // RFC 8326, 4.2: whoever is about to go is the last choice, whatever the policy prefers or removes.
    let going = [&received, &accepted].iter().any(|route| route.communities.contains(&GRACEFUL_SHUTDOWN));
    if external && going {
        accepted.local_pref = Some(0);
    }
    // RFC 7999, 3.2: what one neighbor asks to have dropped concerns no other.
    if router.drops(prefix, number, &accepted) {
        accepted.communities.insert(NO_ADVERTISE);
    }
    Ok(accepted)
}

/// What makes an UPDATE a withdrawal (RFC 7606).
fn well_formed(router: &Router, session: &Session, prefix: IpNet, route: &Route) -> Result<(), Reason> {
    let loopbacks = session.remote.is_loopback() && session.local.is_loopback();
    // Other lengths of a next hop than the family's end the session, where they were not agreed on (RFC 7606, 7.11).
    let fits = prefix.addr().is_ipv4() && session.extended_next_hop
        || route.next_hop.is_ipv4() == prefix.addr().is_ipv4();
    if !fits || !is_host(route.next_hop, loopbacks) {
        return Err(Reason::NextHop);
    }
    if as_path::numbers(&route.as_path).contains(&0) {
        return Err(Reason::AsZero); // RFC 7607
    }
    if router.is_internal(session) && route.local_pref.is_none() {
        return Err(Reason::Malformed); // RFC 4271, 5.1.5
    }
    Ok(())
}

/// What speaks against a well-formed route.
fn acceptable(router: &Router, session: &Session, route: &Route) -> Result<(), Reason> {
    let internal = router.is_internal(session);
    let numbers = as_path::numbers(&route.as_path);
    if numbers.contains(&router.asn) {
        return Err(Reason::OwnAs);
    }
    if internal && is_reflected_to(router.router_id, route) {
        return Err(Reason::ReflectionLoop);
    }
    if numbers.len() > LONGEST_AS_PATH {
        return Err(Reason::AsPathTooLong);
    }
    let enforced = !internal && session.settings.enforce_first_as;
    if enforced && as_path::first(&route.as_path) != Some(session.remote_asn) {
        return Err(Reason::FirstAs);
    }
    if router.own_addresses.contains(&route.next_hop) {
        return Err(Reason::OwnNextHop);
    }
    Ok(())
}

/// Whether a reflected route has been here before (RFC 4456, 8).
fn is_reflected_to(router_id: Ipv4Addr, route: &Route) -> bool {
    [ORIGINATOR_ID, CLUSTER_LIST].iter().any(|code| {
        let value = route.others.get(code).map_or(&[][..], |(_, value)| value);
        value.chunks(4).any(|id| id == router_id.octets())
    })
}

/// The route without attributes that mean nothing from this neighbor.
fn without_what_ends_here(router: &Router, session: &Session, route: &Route) -> Route {
    let internal = router.is_internal(session);
    let mut kept = route.clone();
    if !internal {
        kept.local_pref = None; // RFC 4271, 5.1.5
    }
    kept.others.retain(|code, (flags, _)| match *code {
        ORIGINATOR_ID | CLUSTER_LIST => internal, // RFC 7606, 7.9 and 7.10
        _ => *flags & TRANSITIVE != 0,            // RFC 4271, 5
    });
    kept
}

/// Whether an address can be a next hop: a host's, and of a loopback only between loopbacks (RFC 4271, 6.3).
fn is_host(address: IpAddr, loopbacks: bool) -> bool {
    if address.is_loopback() {
        return loopbacks;
    }
    match address {
        IpAddr::V4(v4) => (1..224).contains(&v4.octets()[0]),
        IpAddr::V6(v6) => !v6.is_unspecified() && !v6.is_multicast(),
    }
}

/// Whether a prefix lies where nothing is routed: this network (but for the default route), loopback, multicast,
/// reserved, link-local (RFC 6890).
fn is_martian(prefix: IpNet) -> bool {
    let v4 = |a, len| IpNet::from(Ipv4Net::new_assert(Ipv4Addr::new(a, 0, 0, 0), len));
    let v6 = |a, h, len| IpNet::from(Ipv6Net::new_assert(Ipv6Addr::new(a, 0, 0, 0, 0, 0, 0, h), len));
    [
        v4(0, 8),
        v4(127, 8),
        v4(224, 4),
        v4(240, 4),
        v6(0, 0, 128),
        v6(0, 1, 128),
        v6(0xFF00, 0, 8),
        v6(0xFE80, 0, 10),
    ]
    .iter()
    .any(|net| net.contains(&prefix))
}
