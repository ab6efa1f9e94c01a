//! Capabilities: what a speaker says in its OPEN that it can do (RFC 5492).

use nom::Parser;
use nom::combinator::{consumed, eof};
use nom::multi::length_data;
use nom::number::complete::{be_u8, be_u16, be_u32};
use nom::sequence::terminated;

use crate::attrs::tlv::{NoRoom, Writer};
use crate::family::{Family, FamilySet};
use crate::view::GracefulRestart;
use crate::wire::notification::{Notification, codes};
use crate::wire::open::OpenParams;

/// Capability codes (the IANA registry "Capability Codes").
pub mod code {
    /// RFC 4760, 8.
    pub const MULTIPROTOCOL: u8 = 1;
    /// RFC 2918, 2.
    pub const ROUTE_REFRESH: u8 = 2;
    /// RFC 8950, 4.
    pub const EXTENDED_NEXT_HOP: u8 = 5;
    /// RFC 8654, 3.
    pub const EXTENDED_MESSAGES: u8 = 6;
    /// RFC 4724, 3.
    pub const GRACEFUL_RESTART: u8 = 64;
    /// RFC 6793, 3.
    pub const FOUR_OCTET_AS: u8 = 65;
    /// RFC 7313, 3.1.
    pub const ENHANCED_REFRESH: u8 = 70;
}

/// Bytes of capabilities that are kept to be shown.
pub const MAX_KEPT: usize = 96;

/// Most seconds that a restart time can say: it has 12 bits (RFC 4724, 3).
pub const MAX_RESTART_TIME: u16 = 0x0FFF;

/// What a speaker can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// It named families, known ones or not. One that names none speaks IPv4 unicast (RFC 4760, 8).
    pub multiprotocol: bool,
    /// The families it named, of those that crier knows.
    pub families: FamilySet,
    /// Route refresh (RFC 2918).
    pub route_refresh: bool,
    /// Enhanced route refresh (RFC 7313).
    pub enhanced_refresh: bool,
    /// Extended next hops (RFC 8950): of IPv6 for IPv4 unicast. Other combinations mean nothing to crier.
    pub extended_next_hop: bool,
    /// Extended messages (RFC 8654).
    pub extended_messages: bool,
    /// Graceful restart (RFC 4724).
    pub graceful_restart: Option<GracefulRestart>,
    /// Its AS number, if it does four-octet AS numbers (RFC 6793).
    pub four_octet_as: Option<u32>,
    /// All of them as type, length, value in the order received, for people. One that does not fit is left out.
    pub kept: heapless::Vec<u8, MAX_KEPT>,
}

impl Capabilities {
    /// Adds the capabilities in `list`, the value of one optional parameter.
    ///
    /// One that comes twice is as one (RFC 5492, 4): families and kinds of next hops add up, of graceful restart the last counts (RFC 4724,
    /// 3).
    ///
    /// # Errors
    /// OPEN Message Error / Unspecific with the capability at fault where a length does not fit (RFC 4271, 6.2), and
    /// Bad Peer AS where two four-octet AS numbers contradict each other.
    pub fn add(&mut self, list: &[u8]) -> Result<(), Notification> {
        let mut rest = list;
        while !rest.is_empty() {
            let (after, tlv) = tlv(rest).map_err(|_| malformed(rest))?;
            self.add_one(tlv)?;
            rest = after;
        }
        Ok(())
    }

    fn add_one(&mut self, tlv: Tlv<'_>) -> Result<(), Notification> {
        match read(tlv).map_err(|_| malformed(tlv.raw))? {
            Capability::Multiprotocol(family) => {
                self.multiprotocol = true;
                self.families = family.map_or(self.families, |family| self.families.with(family));
            }
            Capability::RouteRefresh => self.route_refresh = true,
            Capability::EnhancedRefresh => self.enhanced_refresh = true,
            Capability::ExtendedNextHop(ours) => self.extended_next_hop |= ours,
            Capability::ExtendedMessages => self.extended_messages = true,
            Capability::GracefulRestart(restart) => self.graceful_restart = Some(restart),
            Capability::FourOctetAs(asn) => {
                if self.four_octet_as.replace(asn).is_some_and(|before| before != asn) {
                    return Err(Notification::with_data(codes::open::BAD_PEER_AS, &asn.to_be_bytes()));
                }
            }
            Capability::Unknown => {}
        }
        // All or nothing: `extend_from_slice` leaves a full vector as it is.
        let _left_out = self.kept.extend_from_slice(tlv.raw);
        Ok(())
    }
}

/// One capability as it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// Capability code.
    pub code: u8,
    /// Value.
    pub value: &'a [u8],
    /// Code, length and value.
    pub raw: &'a [u8],
}

/// The capabilities in `bytes`, such as [`Capabilities::kept`], up to the first that is cut.
pub fn iter(bytes: &[u8]) -> impl Iterator<Item = Tlv<'_>> {
    let mut rest = bytes;
    core::iter::from_fn(move || {
        let (after, tlv) = tlv(rest).ok()?;
        rest = after;
        Some(tlv)
    })
}

/// A capability's name for people, if it has one.
pub const fn name(code: u8) -> Option<&'static str> {
    Some(match code {
        code::MULTIPROTOCOL => "multiprotocol",
        code::ROUTE_REFRESH => "route-refresh",
        3 => "outbound-route-filtering",
        code::EXTENDED_NEXT_HOP => "extended-next-hop",
        code::EXTENDED_MESSAGES => "extended-messages",
        7 => "bgpsec",
        8 => "multiple-labels",
        9 => "role",
        code::GRACEFUL_RESTART => "graceful-restart",
        code::FOUR_OCTET_AS => "four-octet-as",
        67 => "dynamic",
        69 => "add-path",
        code::ENHANCED_REFRESH => "enhanced-route-refresh",
        71 => "long-lived-graceful-restart",
        73 => "fqdn",
        75 => "software-version",
        76 => "paths-limit",
        128 => "route-refresh-cisco",
        _ => return None,
    })
}

/// What one capability says.
enum Capability {
    /// A family; `None` for one that crier does not know.
    Multiprotocol(Option<Family>),
    RouteRefresh,
    EnhancedRefresh,
    /// Whether IPv6 next hops for IPv4 unicast are among those it names.
    ExtendedNextHop(bool),
    ExtendedMessages,
    GracefulRestart(GracefulRestart),
    FourOctetAs(u32),
    Unknown,
}

type Parsed<'a, T> = nom::IResult<&'a [u8], T, ()>;

fn tlv(input: &[u8]) -> Parsed<'_, Tlv<'_>> {
    consumed((be_u8, length_data(be_u8)))
        .map(|(raw, (code, value))| Tlv { code, value, raw })
        .parse_complete(input)
}

/// Reads the value, all of it.
fn read(tlv: Tlv<'_>) -> Result<Capability, nom::Err<()>> {
    let value = tlv.value;
    let flag = |capability| eof(value).map(|_| capability);
    match tlv.code {
        code::MULTIPROTOCOL => {
            let (_, (afi, _reserved, safi)) =
                terminated((be_u16, be_u8, be_u8), eof).parse_complete(value)?;
            Ok(Capability::Multiprotocol(Family::from_afi_safi(afi, safi)))
        }
        code::ROUTE_REFRESH => flag(Capability::RouteRefresh),
        code::ENHANCED_REFRESH => flag(Capability::EnhancedRefresh),
        code::EXTENDED_NEXT_HOP => extended_next_hop(value).map(Capability::ExtendedNextHop),
        code::EXTENDED_MESSAGES => flag(Capability::ExtendedMessages),
        code::GRACEFUL_RESTART => graceful_restart(value).map(Capability::GracefulRestart),
        code::FOUR_OCTET_AS => {
            let (_, asn) = terminated(be_u32, eof).parse_complete(value)?;
            Ok(Capability::FourOctetAs(asn))
        }
        _ => Ok(Capability::Unknown),
    }
}

/// IPv6 next hops for IPv4 unicast: family of the prefixes, and of their next hops.
const IPV4_VIA_IPV6: (u16, u16, u16) = (1, 1, 2);

/// Whether [`IPV4_VIA_IPV6`] is among the kinds of next hops named. Two octets each, the SAFI too (RFC 8950, 4).
fn extended_next_hop(value: &[u8]) -> Result<bool, nom::Err<()>> {
    let mut rest = value;
    let mut named = false;
    while !rest.is_empty() {
        let (after, kind) = (be_u16, be_u16, be_u16).parse_complete(rest)?;
        named |= kind == IPV4_VIA_IPV6;
        rest = after;
    }
    Ok(named)
}

const RESTART_STATE: u16 = 0x8000;
const RESTART_NOTIFICATION: u16 = 0x4000;
const FORWARDING_STATE: u8 = 0x80;

fn graceful_restart(value: &[u8]) -> Result<GracefulRestart, nom::Err<()>> {
    let (mut rest, head) = be_u16(value)?;
    let mut restart = GracefulRestart {
        restarting: head & RESTART_STATE != 0,
        notification: head & RESTART_NOTIFICATION != 0,
        time: head & MAX_RESTART_TIME,
        ..GracefulRestart::default()
    };
    while !rest.is_empty() {
        let (after, (afi, safi, flags)) = (be_u16, be_u8, be_u8).parse_complete(rest)?;
        if let Some(family) = Family::from_afi_safi(afi, safi) {
            restart.families = restart.families.with(family);
            if flags & FORWARDING_STATE != 0 {
                restart.forwarding = restart.forwarding.with(family);
            }
        }
        rest = after;
    }
    Ok(restart)
}

#[cold]
fn malformed(capability: &[u8]) -> Notification {
    Notification::with_data(codes::open::UNSPECIFIC, capability)
}

/// Appends the capabilities that `ours` stands for.
pub(crate) fn put_all(writer: &mut Writer<'_>, ours: &OpenParams) -> Result<(), NoRoom> {
    put_multiprotocol(writer, ours.families)?;
    writer.put(&[code::ROUTE_REFRESH, 0])?;
    if ours.extended_next_hop {
        let (afi, safi, next_hop) = IPV4_VIA_IPV6;
        writer.put(&[code::EXTENDED_NEXT_HOP, 6])?;
        [afi, safi, next_hop].into_iter().try_for_each(|field| writer.put(&field.to_be_bytes()))?;
    }
    if ours.extended_messages {
        writer.put(&[code::EXTENDED_MESSAGES, 0])?;
    }
    if !mutant!(OpenWithoutRestart) {
        put_graceful_restart(writer, ours)?;
    }
    writer.put(&[code::FOUR_OCTET_AS, 4])?;
    writer.put(&ours.asn.to_be_bytes())
}

/// Appends a multiprotocol capability for each family.
pub(crate) fn put_multiprotocol(writer: &mut Writer<'_>, families: FamilySet) -> Result<(), NoRoom> {
    families.iter().try_for_each(|family| {
        let (afi, safi) = family.afi_safi();
        let [high, low] = afi.to_be_bytes();
        writer.put(&[code::MULTIPROTOCOL, 4, high, low, 0, safi])
    })
}

/// Appends the graceful restart capability. It is there even for a helper, with no family and no time: so the neighbor
/// knows that End-of-RIB will come (RFC 4724, 3).
fn put_graceful_restart(writer: &mut Writer<'_>, ours: &OpenParams) -> Result<(), NoRoom> {
    let time = ours.restart.unwrap_or(0).min(MAX_RESTART_TIME);
    let head = time | if ours.restarting { RESTART_STATE } else { 0 };
    writer.put(&[code::GRACEFUL_RESTART])?;
    let at = writer.len();
    writer.put(&[0])?;
    writer.put(&head.to_be_bytes())?;
    if ours.restart.is_some() {
        for family in ours.families.iter() {
            let (afi, safi) = family.afi_safi();
            let flags = if ours.forwarding.contains(family) { FORWARDING_STATE } else { 0 };
            writer.put(&afi.to_be_bytes())?;
            writer.put(&[safi, flags])?;
        }
    }
    patch_len(writer, at)
}

/// Writes into the octet at `at` how many bytes follow it.
pub(crate) fn patch_len(writer: &mut Writer<'_>, at: usize) -> Result<(), NoRoom> {
    let len = writer.len().checked_sub(at).and_then(|len| len.checked_sub(1)).ok_or(NoRoom)?;
    writer.patch(at, &[u8::try_from(len).map_err(|_| NoRoom)?])
}

#[cfg(test)]
mod tests;
