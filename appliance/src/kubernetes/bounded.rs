//! Numbers with the bounds that the resources' schemas give them.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};

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

    /// The number as a type that its bounds are within; `None` if they are not.
    pub fn narrow<N: TryFrom<u32>>(self) -> Option<N> {
        N::try_from(self.0).ok()
    }
}

impl<const MIN: u32, const MAX: u32> fmt::Display for Within<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de, const MIN: u32, const MAX: u32> Deserialize<'de> for Within<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Number::<MIN, MAX>)
    }
}

/// Takes a number, or text that is one: people put AS numbers in quotes.
struct Number<const MIN: u32, const MAX: u32>;

impl<const MIN: u32, const MAX: u32> Visitor<'_> for Number<MIN, MAX> {
    type Value = Within<MIN, MAX>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a number from {MIN} to {MAX}")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
        let within = u32::try_from(number).ok().and_then(Within::new);
        within.ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
        let within = u32::try_from(number).ok().and_then(Within::new);
        within.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        let within = text.trim().parse().ok().and_then(Within::new);
        within.ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
    }
}
