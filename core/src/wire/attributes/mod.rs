//! Path attributes as received: checked as RFC 4271, 6.3 and RFC 7606 say, and brought into canonical form.

pub mod aggregator;
mod canonical;
mod mp;
mod reader;
pub mod table;

#[cfg(test)]
mod tests;

use super::notification::Notification;
use crate::attrs::Key;
use crate::attrs::tlv;
use crate::family::{Family, FamilySet};
use crate::view::Reason;
use reader::{Reader, Reset};

/// What there is to know about a session to read its UPDATEs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// AS numbers have four octets (RFC 6793).
    pub as4: bool,
    /// The neighbor is in the own AS.
    pub internal: bool,
    /// Families agreed on.
    pub families: FamilySet,
    /// IPv4 prefixes may have IPv6 next hops (RFC 8950).
    pub extended_next_hop: bool,
    /// Own AS number.
    pub local_asn: u32,
    /// The neighbor's AS number, as it said.
    pub remote_asn: u32,
    /// Own BGP identifier, which is the cluster's too (RFC 4456, 7).
    pub router_id: u32,
    /// Refuse routes from an external neighbor whose AS_PATH does not begin with its AS (RFC 4271, 6.3).
    pub enforce_first_as: bool,
    /// A loopback address may be a next hop: both ends of the session are such addresses.
    pub allow_loopback_next_hop: bool,
    /// Most AS numbers in an AS_PATH, all segments counted.
    pub max_as_path: u16,
}

impl Context {
    /// For reading what crier itself has encoded for a neighbor with four-octet AS numbers: no path is a loop.
    pub(crate) fn for_display(internal: bool) -> Self {
        let families = Family::ALL.into_iter().fold(FamilySet::EMPTY, FamilySet::with);
        Self {
            as4: true,
            internal,
            families,
            extended_next_hop: true,
            local_asn: 0,
            remote_asn: 0,
            router_id: 0,
            enforce_first_as: false,
            allow_loopback_next_hop: true,
            max_as_path: u16::MAX,
        }
    }
}

/// MP_REACH_NLRI of a family agreed on (RFC 4760, 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MpReach<'a> {
    /// Its family.
    pub family: Family,
    /// The next hop, canonical: 4 bytes, 16, or 32 for an IPv6 global address followed by a link-local one. An IPv4
    /// prefix has an IPv6 one only where that was agreed on (RFC 8950).
    pub next_hop: &'a [u8],
    /// Prefixes of the family, checked.
    pub nlri: &'a [u8],
}

/// MP_UNREACH_NLRI of a family agreed on (RFC 4760, 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MpUnreach<'a> {
    /// Its family.
    pub family: Family,
    /// Prefixes of the family, checked.
    pub nlri: &'a [u8],
}

/// Something wrong with an attribute that does not end the session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Type code of the attribute; 0 where it is none in particular.
    pub attribute: u8,
    /// What is wrong, for an event.
    pub reason: &'static str,
    /// What the routes are refused for; [`Reason::None`] where only the attribute is discarded.
    pub refuse: Reason,
}

/// The attributes of an UPDATE.
///
/// With `withdraw` everything that the UPDATE announces is to be withdrawn. Else, with `refuse`, it is to be refused,
/// which removes what the neighbor announced before and leaves a record. What it withdraws is withdrawn in any case.
#[derive(Clone, Copy, Debug)]
pub struct Parsed<'a> {
    /// The fixed part of the set. Its next hop's length is 0: the caller puts the next hop in front.
    pub key: Key,
    /// Bytes of canonical attributes written, without a next hop; 0 where nothing is announced, or is to be withdrawn or
    /// refused.
    pub len: usize,
    /// NEXT_HOP. Always there when the UPDATE has prefixes of its own and `withdraw` is `None`; ignored when it has not.
    pub next_hop: Option<[u8; 4]>,
    /// MP_REACH_NLRI.
    pub mp_reach: Option<MpReach<'a>>,
    /// MP_UNREACH_NLRI.
    pub mp_unreach: Option<MpUnreach<'a>>,
    /// The first reason why the UPDATE is treated as a withdrawal (RFC 7606, 2).
    pub withdraw: Option<Fault>,
    /// Why well-formed routes are refused, or [`Reason::None`].
    pub refuse: Reason,
    /// The last attribute that was discarded (RFC 7606, 2).
    pub discarded: Option<Fault>,
    /// How many were.
    pub discarded_count: u32,
    /// There are no attributes: with no prefixes either, End-of-RIB for IPv4 (RFC 4724, 2).
    pub empty: bool,
    /// MP_UNREACH_NLRI is the only attribute.
    pub only_unreach: bool,
}

impl Parsed<'_> {
    /// The family whose End-of-RIB these attributes are in an UPDATE without prefixes of its own (RFC 4724, 2).
    pub fn end_of_rib(&self) -> Option<Family> {
        if self.empty {
            return Some(Family::Ipv4Unicast);
        }
        self.mp_unreach
            .filter(|unreach| self.only_unreach && unreach.nlri.is_empty())
            .map(|unreach| unreach.family)
    }
}

/// Reads the Path Attributes field of an UPDATE and writes what is kept of it to `out`, in canonical form: sorted, each
/// type once (see [`crate::attrs`]).
///
/// `has_nlri`: the UPDATE announces prefixes of its own, outside of MP_REACH_NLRI. Whatever the attributes hold, those
/// prefixes were found before and stay known. If `out` is too small, what is announced is treated as a withdrawal.
///
/// # Errors
/// What ends the session even so (RFC 7606, 3 and 5): an unknown well-known attribute, an incorrect or repeated
/// MP_REACH_NLRI or MP_UNREACH_NLRI, or a fault while no announced prefix was found that could be withdrawn.
pub fn parse<'a>(
    ctx: &Context,
    attributes: &'a [u8],
    has_nlri: bool,
    out: &mut [u8],
) -> Result<Parsed<'a>, Notification> {
    read(ctx, attributes, has_nlri, out).map_err(|reset| Notification::with_data(reset.error, reset.data))
}

fn read<'a>(
    ctx: &Context,
    attributes: &'a [u8],
    has_nlri: bool,
    out: &mut [u8],
) -> Result<Parsed<'a>, Reset<'a>> {
    let mut reader = Reader::new(ctx, has_nlri);
    let mut rest = attributes;
    while !rest.is_empty() {
        let Some((attribute, after)) = tlv::split_first(rest) else {
            reader.overrun(rest);
            break;
        };
        reader.read(attribute)?;
        rest = after;
    }
    reader.finish(out)
}
