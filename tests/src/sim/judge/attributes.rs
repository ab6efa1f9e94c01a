//! Path attributes: from bytes to a [`Route`], strictly (RFC 4271, 4.3 and 5, and those that added to it).

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crier_core::Family;
use ipnet::IpNet;

use super::message::family;
use super::reader::Reader;
use super::update::prefixes;
use crate::sim::Route;
use crate::sim::route::Segment;

/// Flags (RFC 4271, 4.3).
const OPTIONAL: u8 = 0x80;
const TRANSITIVE: u8 = 0x40;
const PARTIAL: u8 = 0x20;
const EXTENDED_LENGTH: u8 = 0x10;

/// Attributes as they stand, each at most once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attributes {
    /// ORIGIN.
    pub origin: Option<u8>,
    /// AS_PATH.
    pub as_path: Option<Vec<Segment>>,
    /// NEXT_HOP.
    pub next_hop: Option<Ipv4Addr>,
    /// MULTI_EXIT_DISC.
    pub med: Option<u32>,
    /// LOCAL_PREF.
    pub local_pref: Option<u32>,
    /// COMMUNITIES.
    pub communities: BTreeSet<u32>,
    /// LARGE_COMMUNITIES.
    pub large_communities: BTreeSet<[u32; 3]>,
    /// MP_REACH_NLRI.
    pub reach: Option<MpReach>,
    /// MP_UNREACH_NLRI.
    pub unreach: Option<MpUnreach>,
    /// Every other one, as [`Route::others`] has them.
    pub others: BTreeMap<u8, (u8, Vec<u8>)>,
}

/// A next hop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NextHop {
    /// The address; the global one of two.
    pub address: IpAddr,
    /// The link-local one beside it (RFC 2545, 3).
    pub link_local: Option<Ipv6Addr>,
}

/// What is announced of a family (RFC 4760, 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MpReach {
    /// The family.
    pub family: Family,
    /// Its next hop.
    pub next_hop: NextHop,
    /// Its prefixes.
    pub prefixes: Vec<IpNet>,
}

/// What is withdrawn of a family (RFC 4760, 4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MpUnreach {
    /// The family.
    pub family: Family,
    /// Its prefixes.
    pub prefixes: Vec<IpNet>,
}

impl NextHop {
    /// A next hop that was announced.
    ///
    /// # Errors
    /// An address that nothing can be sent to, or a second one that is not link-local.
    pub fn new(address: IpAddr, link_local: Option<Ipv6Addr>) -> Result<Self, String> {
        let odd = |second: Ipv6Addr| !second.is_unicast_link_local();
        if address.is_unspecified() || address.is_multicast() || link_local.is_some_and(odd) {
            return Err(format!("next hop {address}, {link_local:?} beside it"));
        }
        Ok(Self { address, link_local })
    }

    /// The next hop in 4, 16 or 32 bytes.
    ///
    /// # Errors
    /// As [`NextHop::new`], and any other number of bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        match (bytes.len(), bytes.first_chunk(), bytes.first_chunk(), bytes.last_chunk::<16>()) {
            (4, Some(&octets), ..) => Self::new(IpAddr::V4(Ipv4Addr::from_octets(octets)), None),
            (16, _, Some(&octets), _) => Self::new(IpAddr::V6(Ipv6Addr::from_octets(octets)), None),
            (32, _, Some(&global), Some(&second)) => {
                Self::new(IpAddr::V6(Ipv6Addr::from_octets(global)), Some(Ipv6Addr::from_octets(second)))
            }
            (length, ..) => Err(format!("a next hop of {length} bytes")),
        }
    }
}

impl Attributes {
    /// Reads attributes one after another, those with AS numbers of four octets (RFC 6793).
    ///
    /// # Errors
    /// The first thing that a sender must not do.
    pub fn decode(bytes: &[u8]) -> Result<Self, String> {
        let mut reader = Reader::new(bytes, "path attributes");
        let (mut attributes, mut seen) = (Self::default(), BTreeSet::new());
        while !reader.is_empty() {
            let (flags, code) = (reader.u8()?, reader.u8()?);
            let length =
                if flags & EXTENDED_LENGTH == 0 { reader.u8()?.into() } else { reader.u16()?.into() };
            let value = reader.take(length)?;
            if matches!(code, 14 | 15) && !seen.is_empty() {
                return Err(format!("attribute {code} is not the first (RFC 7606, 5.1)"));
            }
            if !seen.insert(code) {
                return Err(format!("attribute {code} twice"));
            }
            let wrong = |what: String| format!("attribute {code}, flags {flags:#04x}: {what}");
            check_flags(flags, code).and_then(|()| attributes.add(flags, code, value)).map_err(wrong)?;
        }
        Ok(attributes)
    }

    /// The route that they make with this next hop.
    ///
    /// # Errors
    /// ORIGIN or AS_PATH is missing (RFC 4271, 5).
    pub fn route(self, next_hop: NextHop) -> Result<Route, String> {
        Ok(Route {
            origin: self.origin.ok_or("no ORIGIN")?,
            as_path: self.as_path.ok_or("no AS_PATH")?,
            next_hop: next_hop.address,
            link_local: next_hop.link_local,
            med: self.med,
            local_pref: self.local_pref,
            communities: self.communities,
            large_communities: self.large_communities,
            others: self.others,
        })
    }

    fn add(&mut self, flags: u8, code: u8, value: &[u8]) -> Result<(), String> {
        match code {
            1 => self.origin = Some(origin(value)?),
            2 => self.as_path = Some(as_path(value)?),
            3 => self.next_hop = Some(exactly(value).map(Ipv4Addr::from_octets)?),
            4 => self.med = Some(exactly(value).map(u32::from_be_bytes)?),
            5 => self.local_pref = Some(exactly(value).map(u32::from_be_bytes)?),
            8 => self.communities = several(value)?.into_iter().map(u32::from_be_bytes).collect(),
            14 => self.reach = Some(reach(value)?),
            15 => self.unreach = Some(unreach(value)?),
            32 => self.large_communities = several(value)?.into_iter().map(large_community).collect(),
            _ => {
                check_other(code, value)?;
                self.others.insert(code, (flags & !(PARTIAL | EXTENDED_LENGTH), value.to_vec()));
            }
        }
        Ok(())
    }
}

/// Whether an attribute's flags are what its definition says. Unused bits are zero. An unknown attribute can only be there
/// because it is passed on, which Partial tells (RFC 4271, 5).
fn check_flags(flags: u8, code: u8) -> Result<(), String> {
    let kept = flags & !EXTENDED_LENGTH;
    let right = match code {
        1..=3 | 5 | 6 => kept == TRANSITIVE,
        4 | 9 | 10 | 14 | 15 => kept == OPTIONAL,
        7 | 8 | 16 | 32 => kept & !PARTIAL == OPTIONAL | TRANSITIVE,
        // RFC 6793, 4.1: not between two speakers with four-octet AS numbers.
        17 | 18 => return Err("among four-octet AS numbers".to_owned()),
        _ => kept == OPTIONAL | TRANSITIVE | PARTIAL,
    };
    if right { Ok(()) } else { Err("flags".to_owned()) }
}

/// Lengths of attributes that are kept as bytes.
fn check_other(code: u8, value: &[u8]) -> Result<(), String> {
    let fits = match code {
        6 => value.is_empty(),
        7 => value.len() == 8,
        9 => value.len() == 4,
        10 => !value.is_empty() && value.len().is_multiple_of(4),
        16 => !value.is_empty() && value.len().is_multiple_of(8),
        _ => true,
    };
    if fits { Ok(()) } else { Err(format!("{} bytes", value.len())) }
}

fn exactly<const N: usize>(value: &[u8]) -> Result<[u8; N], String> {
    value.try_into().map_err(|_| format!("{} bytes", value.len()))
}

/// One or more values of the same length.
fn several<const N: usize>(value: &[u8]) -> Result<Vec<[u8; N]>, String> {
    match value.as_chunks() {
        (chunks @ [_, ..], []) => Ok(chunks.to_vec()),
        _ => Err(format!("{} bytes", value.len())),
    }
}

fn large_community(octets: [u8; 12]) -> [u32; 3] {
    let [a, b, c, d, e, f, g, h, i, j, k, l] = octets;
    [[a, b, c, d], [e, f, g, h], [i, j, k, l]].map(u32::from_be_bytes)
}

fn origin(value: &[u8]) -> Result<u8, String> {
    match value {
        &[origin @ 0..=2] => Ok(origin),
        _ => Err(format!("ORIGIN {value:?}")),
    }
}

/// AS_PATH. Confederations are not for anybody that the simulator has.
fn as_path(value: &[u8]) -> Result<Vec<Segment>, String> {
    let mut reader = Reader::new(value, "AS_PATH");
    let mut path = Vec::new();
    while !reader.is_empty() {
        let (kind, count) = (reader.u8()?, reader.u8()?);
        let numbers = (0..count).map(|_| reader.u32()).collect::<Result<Vec<_>, _>>()?;
        // RFC 7606, 7.2; RFC 7607, 2.
        if numbers.is_empty() || numbers.contains(&0) {
            return Err(format!("a segment of {numbers:?}"));
        }
        match (kind, path.last_mut()) {
            (1, _) => path.push(Segment::Set(numbers.into_iter().collect())),
            (2, Some(Segment::Sequence(before))) => before.extend(numbers),
            (2, _) => path.push(Segment::Sequence(numbers)),
            _ => return Err(format!("a segment of kind {kind}")),
        }
    }
    Ok(path)
}

fn named_family(reader: &mut Reader<'_>) -> Result<Family, String> {
    let (afi, safi) = (reader.u16()?, reader.u8()?);
    family(afi, safi).ok_or_else(|| format!("AFI {afi}, SAFI {safi}"))
}

fn reach(value: &[u8]) -> Result<MpReach, String> {
    let mut reader = Reader::new(value, "MP_REACH_NLRI");
    let family = named_family(&mut reader)?;
    let length = reader.u8()?;
    let next_hop = NextHop::from_bytes(reader.take(length.into())?)?;
    // Whether an IPv6 next hop of IPv4 prefixes was agreed on (RFC 8950) is for the session to say.
    if next_hop.address.is_ipv4() && family != Family::Ipv4Unicast {
        return Err(format!("next hop {} for {family}", next_hop.address));
    }
    if reader.u8()? != 0 {
        return Err("reserved octet is not zero".to_owned());
    }
    Ok(MpReach { family, next_hop, prefixes: prefixes(reader, family)? })
}

fn unreach(value: &[u8]) -> Result<MpUnreach, String> {
    let mut reader = Reader::new(value, "MP_UNREACH_NLRI");
    let family = named_family(&mut reader)?;
    Ok(MpUnreach { family, prefixes: prefixes(reader, family)? })
}

#[cfg(test)]
mod tests;
