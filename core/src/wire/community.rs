//! Communities: marks on routes (RFC 1997, RFC 4360, RFC 8092), on the wire and as text.

#[cfg(test)]
mod tests;

use core::fmt;
use core::net::Ipv4Addr;
use core::str::FromStr;

use nom::bytes::complete::tag;
use nom::character::complete::{u16, u32};
use nom::combinator::all_consuming;
use nom::sequence::{preceded, separated_pair};
use nom::{IResult, Parser};

/// Names of well-known communities (the IANA registry "BGP Well-known Communities").
const NAMES: [(u32, &str); 15] = [
    (0xFFFF_0000, "graceful-shutdown"),
    (0xFFFF_0001, "accept-own"),
    (0xFFFF_0002, "route-filter-translated-v4"),
    (0xFFFF_0003, "route-filter-v4"),
    (0xFFFF_0004, "route-filter-translated-v6"),
    (0xFFFF_0005, "route-filter-v6"),
    (0xFFFF_0006, "llgr-stale"),
    (0xFFFF_0007, "no-llgr"),
    (0xFFFF_0008, "accept-own-nexthop"),
    (0xFFFF_0009, "standby-pe"),
    (0xFFFF_029A, "blackhole"),
    (0xFFFF_FF01, "no-export"),
    (0xFFFF_FF02, "no-advertise"),
    (0xFFFF_FF03, "no-export-subconfed"),
    (0xFFFF_FF04, "no-peer"),
];

/// A community (RFC 1997). As text `65000:1`, or by its name if it is well known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Community(pub u32);

impl Community {
    /// The communities in an attribute's value; octets left over are ignored.
    pub fn iter(value: &[u8]) -> impl Iterator<Item = Self> + Clone + '_ {
        let (chunks, _) = value.as_chunks::<4>();
        chunks.iter().map(|&octets| Self(u32::from_be_bytes(octets)))
    }

    /// Its name, if it is well known.
    pub fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|&&(number, _)| number == self.0).map(|&(_, name)| name)
    }
}

impl fmt::Display for Community {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{}:{}", self.0 >> 16, self.0 & 0xFFFF),
        }
    }
}

impl FromStr for Community {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        if let Some(&(number, _)) = NAMES.iter().find(|&&(_, name)| name == text) {
            return Ok(Self(number));
        }
        let parsed: IResult<&str, _> = all_consuming(separated_pair(u16, tag(":"), u16)).parse(text);
        match parsed {
            Ok((_, (high, low))) => Ok(Self(u32::from(high) << 16 | u32::from(low))),
            Err(_) => Err(ParseError::Community),
        }
    }
}

/// A large community (RFC 8092). As text `65000:1:2`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LargeCommunity {
    /// Global Administrator: an AS number.
    pub global: u32,
    /// Local Data Part 1.
    pub local1: u32,
    /// Local Data Part 2.
    pub local2: u32,
}

impl LargeCommunity {
    /// The communities in an attribute's value; octets left over are ignored.
    pub fn iter(value: &[u8]) -> impl Iterator<Item = Self> + Clone + '_ {
        let (chunks, _) = value.as_chunks::<12>();
        chunks.iter().map(|&[a, b, c, d, e, f, g, h, i, j, k, l]| Self {
            global: u32::from_be_bytes([a, b, c, d]),
            local1: u32::from_be_bytes([e, f, g, h]),
            local2: u32::from_be_bytes([i, j, k, l]),
        })
    }

    /// Its octets in an attribute's value.
    pub fn to_bytes(self) -> [u8; 12] {
        let [a, b, c, d] = self.global.to_be_bytes();
        let [e, f, g, h] = self.local1.to_be_bytes();
        let [i, j, k, l] = self.local2.to_be_bytes();
        [a, b, c, d, e, f, g, h, i, j, k, l]
    }
}

impl fmt::Display for LargeCommunity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.global, self.local1, self.local2)
    }
}

impl FromStr for LargeCommunity {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let parts = (u32, preceded(tag(":"), u32), preceded(tag(":"), u32));
        let parsed: IResult<&str, _> = all_consuming(parts).parse(text);
        match parsed {
            Ok((_, (global, local1, local2))) => Ok(Self { global, local1, local2 }),
            Err(_) => Err(ParseError::Large),
        }
    }
}

/// An extended community (RFC 4360). As text `rt:65000:1` or `soo:192.0.2.1:1` for route targets and sites of origin,
/// else its octets as one number in hexadecimal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExtendedCommunity(pub [u8; 8]);

impl ExtendedCommunity {
    /// The communities in an attribute's value; octets left over are ignored.
    pub fn iter(value: &[u8]) -> impl Iterator<Item = Self> + Clone + '_ {
        let (chunks, _) = value.as_chunks::<8>();
        chunks.iter().map(|&octets| Self(octets))
    }
}

impl fmt::Display for ExtendedCommunity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [kind, sub, a, b, c, d, e, g] = self.0;
        let name = match sub {
            2 => "rt",  // RFC 4360, 4
            3 => "soo", // RFC 4360, 5
            _ => return write!(f, "{:#018x}", u64::from_be_bytes(self.0)),
        };
        match kind {
            // Two-octet AS, IPv4 address, four-octet AS (RFC 4360, 3.1 and 3.2; RFC 5668).
            0 => write!(f, "{name}:{}:{}", u16::from_be_bytes([a, b]), u32::from_be_bytes([c, d, e, g])),
            1 => write!(f, "{name}:{}:{}", Ipv4Addr::new(a, b, c, d), u16::from_be_bytes([e, g])),
            2 => write!(f, "{name}:{}:{}", u32::from_be_bytes([a, b, c, d]), u16::from_be_bytes([e, g])),
            _ => write!(f, "{:#018x}", u64::from_be_bytes(self.0)),
        }
    }
}

/// The text is no community of the kind asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// Not a [`Community`].
    Community,
    /// Not a [`LargeCommunity`].
    Large,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Community => {
                f.write_str("expected two numbers from 0 to 65535 such as 65000:1, or a name: ")?;
                for (position, (_, name)) in NAMES.iter().enumerate() {
                    write!(f, "{}{name}", if position == 0 { "" } else { ", " })?;
                }
                Ok(())
            }
            Self::Large => f.write_str("expected three numbers from 0 to 4294967295 such as 65000:1:2"),
        }
    }
}

impl core::error::Error for ParseError {}
