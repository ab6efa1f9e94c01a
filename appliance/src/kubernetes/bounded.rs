//! Numbers with the bounds that the resources' schemas give them.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected};

/// A number from `MIN` to `MAX`, both allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Within<const MIN: u32, const MAX: u32>(u32);

/// An AS number that a session may have.
pub type Asn = Within<1, { u32::MAX }>;

/// A TCP port.
pub type Port = Within<1, 65_535>;

impl<const MIN: u32, const MAX: u32> Within<MIN, MAX> {
    /// The number, if it is within the bounds.
    pub const fn new(number: u32) -> Option<Self> {
        if number >= MIN && number <= MAX { Some(Self(number)) } else { None }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

impl<const MIN: u32, const MAX: u32> fmt::Display for Within<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Within<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let number = i64::deserialize(deserializer)?;
        u32::try_from(number).ok().and_then(Self::new).ok_or_else(|| {
            D::Error::invalid_value(
                Unexpected::Signed(number),
                &format_args!("{MIN} to {MAX}").to_string().as_str(),
            )
        })
    }
}
