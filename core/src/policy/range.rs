//! Ranges in the text of a policy: `172.20.0.0/16 ge 24 le 24` for prefixes, `ge 2 le 5` for path lengths.

use core::fmt;

use ipnet::IpNet;
use nom::branch::alt;
use nom::bytes::complete::tag;
use nom::character::complete::{multispace0, multispace1, u16 as number};
use nom::combinator::{all_consuming, opt};
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use crate::family::Family;

/// Prefixes that lie in a network and whose length is in a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PrefixRange {
    net: IpNet,
    min: u8,
    max: u8,
}

impl PrefixRange {
    /// Exactly this prefix.
    pub fn exact(net: IpNet) -> Self {
        Self { net: net.trunc(), min: net.prefix_len(), max: net.prefix_len() }
    }

    /// The prefixes within `net` whose length is at least `ge` and at most `le`. With neither it is `net` alone; with
    /// only `ge` up to host routes; with only `le` from `net` itself.
    pub fn new(net: IpNet, ge: Option<u8>, le: Option<u8>) -> Result<Self, PrefixRangeError> {
        let (len, bits) = (net.prefix_len(), net.max_prefix_len());
        if net.trunc() != net {
            return Err(PrefixRangeError::HostBits { meant: net.trunc() });
        }
        let (min, max) = match (ge, le) {
            (None, None) => (len, len),
            (Some(ge), None) => (ge, bits),
            (None, Some(le)) => (len, le),
            (Some(ge), Some(le)) => (ge, le),
        };
        if min < len {
            return Err(PrefixRangeError::Shorter { key: "ge", found: min, len });
        }
        if max < len {
            return Err(PrefixRangeError::Shorter { key: "le", found: max, len });
        }
        if min > bits {
            return Err(PrefixRangeError::Longer { key: "ge", found: min, bits });
        }
        if max > bits {
            return Err(PrefixRangeError::Longer { key: "le", found: max, bits });
        }
        if min > max {
            return Err(PrefixRangeError::Empty { ge: min, le: max });
        }
        Ok(Self { net, min, max })
    }

    /// Reads `PREFIX`, `PREFIX ge N`, `PREFIX le M` or `PREFIX ge N le M`.
    pub fn parse(text: &str) -> Result<Self, PrefixRangeError> {
        let text = text.trim();
        let (prefix, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
        let net = prefix.parse::<IpNet>().map_err(|_| PrefixRangeError::Prefix)?;
        let (ge, le) = bounds(rest).ok_or(PrefixRangeError::Syntax)?;
        let narrow = |bound: u16, key| {
            let bits = net.max_prefix_len();
            u8::try_from(bound).map_err(|_| PrefixRangeError::Longer { key, found: u8::MAX, bits })
        };
        let ge = ge.map(|ge| narrow(ge, "ge")).transpose()?;
        let le = le.map(|le| narrow(le, "le")).transpose()?;
        Self::new(net, ge, le)
    }

    /// The network in which the prefixes lie.
    pub const fn net(&self) -> IpNet {
        self.net
    }

    /// Length of the shortest prefix meant.
    pub const fn min(&self) -> u8 {
        self.min
    }

    /// Length of the longest prefix meant.
    pub const fn max(&self) -> u8 {
        self.max
    }

    /// The family of the prefixes.
    pub const fn family(&self) -> Family {
        Family::of(&self.net)
    }

    /// Whether every prefix of the family is meant.
    pub(super) fn is_everything(&self) -> bool {
        self.net.prefix_len() == 0 && self.min == 0 && self.max == self.net.max_prefix_len()
    }

    /// Whether every prefix that is meant here is meant by `other`.
    pub(super) fn within(&self, other: &Self) -> bool {
        other.net.contains(&self.net) && other.min <= self.min && self.max <= other.max
    }

    /// Whether some prefix is meant here and by `other`.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        (other.net.contains(&self.net) || self.net.contains(&other.net))
            && self.min.max(other.min).max(self.net.prefix_len()).max(other.net.prefix_len())
                <= self.max.min(other.max)
    }
}

impl fmt::Display for PrefixRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (len, bits) = (self.net.prefix_len(), self.net.max_prefix_len());
        write!(f, "{}", self.net)?;
        if (self.min, self.max) == (len, len) {
            return Ok(());
        }
        if self.min != len {
            write!(f, " ge {}", self.min)?;
        }
        if self.max != bits || self.min == len {
            write!(f, " le {}", self.max)?;
        }
        Ok(())
    }
}

/// Why a text is no range of prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrefixRangeError {
    /// It does not begin with a prefix.
    Prefix,
    /// What follows the prefix is not `ge N`, `le N` or `ge N le M`.
    Syntax,
    /// The prefix has bits set past its length.
    HostBits {
        /// The prefix without them.
        meant: IpNet,
    },
    /// A bound is shorter than the prefix itself.
    Shorter {
        /// `ge` or `le`.
        key: &'static str,
        /// The bound.
        found: u8,
        /// Length of the prefix.
        len: u8,
    },
    /// A bound is longer than an address.
    Longer {
        /// `ge` or `le`.
        key: &'static str,
        /// The bound, 255 for more.
        found: u8,
        /// Bits of an address.
        bits: u8,
    },
    /// The lower bound exceeds the upper one.
    Empty {
        /// Lower bound.
        ge: u8,
        /// Upper bound.
        le: u8,
    },
}

impl fmt::Display for PrefixRangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix => f.write_str("expected a prefix such as 10.0.0.0/8 or 2001:db8::/32"),
            Self::Syntax => {
                f.write_str("expected `PREFIX`, `PREFIX ge N`, `PREFIX le N` or `PREFIX ge N le M`")
            }
            Self::HostBits { meant } => {
                write!(f, "the prefix has bits set past its length; {meant} is meant?")
            }
            Self::Shorter { key, found, len } => {
                write!(f, "{key} {found} is shorter than the prefix, /{len}")
            }
            Self::Longer { key, bits, .. } => write!(f, "{key} must be at most {bits}"),
            Self::Empty { ge, le } => write!(f, "no prefix has ge {ge} and le {le}"),
        }
    }
}

impl core::error::Error for PrefixRangeError {}

/// A range of AS_PATH lengths, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LengthRange {
    min: u16,
    max: u16,
}

impl fmt::Display for LengthRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.min, self.max) {
            (min, max) if min == max => write!(f, "{min}"),
            (0, max) => write!(f, "le {max}"),
            (min, u16::MAX) => write!(f, "ge {min}"),
            (min, max) => write!(f, "ge {min} le {max}"),
        }
    }
}

impl LengthRange {
    /// Every length.
    pub const ALL: Self = Self { min: 0, max: u16::MAX };

    /// Lengths from `min` to `max`; `None` if there are none.
    pub const fn new(min: u16, max: u16) -> Option<Self> {
        if min <= max { Some(Self { min, max }) } else { None }
    }

    /// Exactly this length.
    pub const fn exact(length: u16) -> Self {
        Self { min: length, max: length }
    }

    /// Reads `N`, `ge N`, `le M` or `ge N le M`.
    pub fn parse(text: &str) -> Result<Self, RangeError> {
        let text = text.trim();
        if let Ok(length) = text.parse() {
            return Ok(Self::exact(length));
        }
        let (ge, le) = bounds(text).filter(|bounds| *bounds != (None, None)).ok_or(RangeError::Syntax)?;
        let (min, max) = (ge.unwrap_or(0), le.unwrap_or(u16::MAX));
        Self::new(min, max).ok_or(RangeError::Empty { ge: min, le: max })
    }

    /// Shortest length.
    pub const fn min(&self) -> u16 {
        self.min
    }

    /// Longest length.
    pub const fn max(&self) -> u16 {
        self.max
    }

    /// Whether every length meant here is meant by `other`.
    pub(super) const fn within(&self, other: &Self) -> bool {
        other.min <= self.min && self.max <= other.max
    }
}

/// Why a text is no range of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeError {
    /// It is not `N`, `ge N`, `le N` or `ge N le M` with numbers up to 65535.
    Syntax,
    /// The lower bound exceeds the upper one.
    Empty {
        /// Lower bound.
        ge: u16,
        /// Upper bound.
        le: u16,
    },
}

impl fmt::Display for RangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Syntax => f.write_str("expected `N`, `ge N`, `le N` or `ge N le M`, numbers up to 65535"),
            Self::Empty { ge, le } => write!(f, "no number has ge {ge} and le {le}"),
        }
    }
}

impl core::error::Error for RangeError {}

/// `ge N`, `le M`, both in either order, or nothing.
fn bounds(text: &str) -> Option<(Option<u16>, Option<u16>)> {
    let bound = |key: &'static str| preceded((tag(key), multispace1), number);
    let spaced = |key: &'static str| preceded(multispace1, bound(key));
    let ge_first = (bound("ge"), opt(spaced("le"))).map(|(ge, le)| (Some(ge), le));
    let le_first = (bound("le"), opt(spaced("ge"))).map(|(le, ge)| (ge, Some(le)));
    let both = alt((ge_first, le_first));
    let parsed: IResult<&str, _> =
        all_consuming(preceded(multispace0, terminated(opt(both), multispace0))).parse(text);
    parsed.ok().map(|(_, bounds)| bounds.unwrap_or_default())
}
