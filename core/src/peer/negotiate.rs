//! Negotiation: what two OPENs agree on, or why they do not.

use core::net::Ipv4Addr;

use crate::attrs::tlv::Writer;
use crate::config::RemoteAs;
use crate::family::{Family, FamilySet};
use crate::view::Negotiated;
use crate::wire::capability::{self, Capabilities};
use crate::wire::notification::{ErrorCode, Notification, codes};
use crate::wire::open::{AS_TRANS, Open, OpenParams};

/// What was agreed, and with whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Agreed {
    /// What holds for the session.
    pub negotiated: Negotiated,
    /// The neighbor's AS number.
    pub asn: u32,
    /// The neighbor's BGP identifier.
    pub router_id: Ipv4Addr,
}

/// Judges the neighbor's OPEN against ours. `keepalive` is the configured interval in seconds.
///
/// # Errors
/// The NOTIFICATION that ends the connection: AS number, identifier or families cannot be agreed on.
pub fn negotiate(
    ours: &OpenParams,
    keepalive: u16,
    expected: RemoteAs,
    open: &Open,
) -> Result<Agreed, Notification> {
    let asn = peer_as(ours.asn, expected, open)?;
    // Within an AS identifiers are unique (RFC 6286, 2.2); between them they need not be.
    if asn == ours.asn && open.router_id == ours.router_id {
        return Err(Notification::new(codes::open::BAD_BGP_IDENTIFIER));
    }
    let theirs = &open.capabilities;
    let hold = if mutant!(HoldMaximum) { ours.hold.max(open.hold) } else { ours.hold.min(open.hold) };
    let families = common_families(ours.families, theirs)?;
    let ipv4 = families.contains(Family::Ipv4Unicast);
    let negotiated = Negotiated {
        hold,
        keepalive: keepalive_interval(keepalive, hold),
        families,
        as4: theirs.four_octet_as.is_some(),
        refresh: theirs.route_refresh,
        extended_next_hop: ipv4 && ours.extended_next_hop && theirs.extended_next_hop,
        extended_messages: ours.extended_messages && theirs.extended_messages,
        graceful_restart: theirs.graceful_restart,
    };
    Ok(Agreed { negotiated, asn, router_id: open.router_id })
}

/// The neighbor's AS number, if it may have it and is expected to. Data of a refusal is the number in four octets.
fn peer_as(ours: u32, expected: RemoteAs, open: &Open) -> Result<u32, Notification> {
    let asn = open.asn();
    // The field holds the number itself where it fits, and a speaker that can do four octets may always put AS_TRANS.
    let field_agrees = open.asn == AS_TRANS || u32::from(open.asn) == asn;
    // 0 is nobody's (RFC 7607), AS_TRANS nobody's own (RFC 6793, 9).
    let possible = asn != 0 && asn != u32::from(AS_TRANS);
    let wanted = match expected {
        RemoteAs::Asn(number) => asn == number,
        RemoteAs::External => asn != ours,
        RemoteAs::Internal => asn == ours,
        RemoteAs::Any => true,
    };
    if field_agrees && possible && wanted {
        Ok(asn)
    } else {
        Err(Notification::with_data(codes::open::BAD_PEER_AS, &asn.to_be_bytes()))
    }
}

/// A third of the hold time or less (RFC 4271, 4.4), at least a second, and nothing where nothing is held.
fn keepalive_interval(configured: u16, hold: u16) -> u16 {
    let most = if mutant!(KeepaliveTwoThirds) { hold / 3 * 2 } else { hold / 3 };
    if hold == 0 { 0 } else { configured.min(most).max(1) }
}

/// Families that both named. A session without any could carry nothing but would look healthy: it is refused, and the
/// neighbor is told which capabilities were wanted (RFC 5492, 3 and 5).
fn common_families(ours: FamilySet, theirs: &Capabilities) -> Result<FamilySet, Notification> {
    // A speaker that names no family at all speaks IPv4 unicast (RFC 4760, 8).
    let named =
        if theirs.multiprotocol { theirs.families } else { FamilySet::EMPTY.with(Family::Ipv4Unicast) };
    let mut common = ours.intersection(named);
    if mutant!(FamilyLost) && common.contains(Family::Ipv4Unicast) {
        common = FamilySet::EMPTY.with(Family::Ipv4Unicast);
    }
    if common.is_empty() {
        let wrong = mutant!(OpenWrongReason);
        let error = if wrong { codes::open::UNSPECIFIC } else { codes::open::UNSUPPORTED_CAPABILITY };
        Err(missing_capability(error, ours))
    } else {
        Ok(common)
    }
}

#[cold]
fn missing_capability(error: ErrorCode, families: FamilySet) -> Notification {
    let mut buf = [0; 6 * Family::ALL.len()];
    let mut wanted = Writer::new(&mut buf);
    match capability::put_multiprotocol(&mut wanted, families) {
        Ok(()) => Notification::with_data(error, wanted.written()),
        Err(_) => Notification::new(error),
    }
}

#[cfg(test)]
mod tests;
