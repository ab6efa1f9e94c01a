//! Patterns over communities: every part a number or anything.

use core::fmt;

/// Which communities (RFC 1997) are meant: `65000:99`, `65000:*`, `*:*`. A part that is `None` is any number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct CommunityPattern {
    /// The part before the colon, an AS number by convention.
    pub high: Option<u16>,
    /// The part after it.
    pub low: Option<u16>,
}

impl CommunityPattern {
    /// Every community.
    pub const ALL: Self = Self { high: None, low: None };

    /// This community alone.
    pub const fn exact(community: u32) -> Self {
        Self { high: Some((community >> 16) as u16), low: Some(community as u16) }
    }

    /// Whether every community that fits this pattern fits `other`.
    pub(super) fn within(&self, other: &Self) -> bool {
        part_within(self.high, other.high) && part_within(self.low, other.low)
    }

    /// Value and mask as they stand in compiled policies.
    pub(super) fn compiled(&self) -> [[u8; 4]; 2] {
        let (high, high_mask) = value_and_mask(self.high.map(u32::from));
        let (low, low_mask) = value_and_mask(self.low.map(u32::from));
        [((high << 16) | low).to_be_bytes(), ((high_mask << 16) | (low_mask & 0xFFFF)).to_be_bytes()]
    }
}

impl fmt::Display for CommunityPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        part(f, self.high)?;
        f.write_str(":")?;
        part(f, self.low)
    }
}

/// Which large communities (RFC 8092) are meant: `65000:1:2`, `65000:*:*`. A part that is `None` is any number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LargeCommunityPattern(pub [Option<u32>; 3]);

impl LargeCommunityPattern {
    /// Every large community.
    pub const ALL: Self = Self([None; 3]);

    /// This large community alone.
    pub const fn exact([global, first, second]: [u32; 3]) -> Self {
        Self([Some(global), Some(first), Some(second)])
    }

    /// Whether every large community that fits this pattern fits `other`.
    pub(super) fn within(&self, other: &Self) -> bool {
        self.0.iter().zip(&other.0).all(|(mine, theirs)| part_within(*mine, *theirs))
    }

    /// Value and mask as they stand in compiled policies.
    pub(super) fn compiled(&self) -> [[u8; 12]; 2] {
        let parts = self.0.map(value_and_mask);
        [large_bytes(parts.map(|(value, _)| value)), large_bytes(parts.map(|(_, mask)| mask))]
    }
}

impl fmt::Display for LargeCommunityPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [global, first, second] = self.0;
        part(f, global)?;
        f.write_str(":")?;
        part(f, first)?;
        f.write_str(":")?;
        part(f, second)
    }
}

fn part<T: fmt::Display>(f: &mut fmt::Formatter<'_>, part: Option<T>) -> fmt::Result {
    match part {
        Some(number) => write!(f, "{number}"),
        None => f.write_str("*"),
    }
}

fn part_within<T: PartialEq>(mine: Option<T>, theirs: Option<T>) -> bool {
    theirs.is_none() || mine == theirs
}

const fn value_and_mask(part: Option<u32>) -> (u32, u32) {
    match part {
        Some(value) => (value, u32::MAX),
        None => (0, 0),
    }
}

/// A large community as on the wire (RFC 8092, 3).
pub(crate) fn large_bytes(community: [u32; 3]) -> [u8; 12] {
    let mut bytes = [0; 12];
    for (to, part) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(community) {
        *to = part.to_be_bytes();
    }
    bytes
}
