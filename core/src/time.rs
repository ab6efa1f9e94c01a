//! The core's idea of time: milliseconds since an epoch that the driver picks.
//!
//! The core never reads a clock. Every call that can arm or expire a timer takes the present as an argument.

use core::ops::Add;

/// A point in time, in milliseconds since the driver's epoch. Monotonic: a driver never hands in an earlier one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Instant(u64);

impl Instant {
    /// The driver's epoch itself.
    pub const EPOCH: Self = Self(0);

    /// The instant `ms` milliseconds after the epoch.
    pub const fn from_millis(ms: u64) -> Self {
        Self(ms)
    }

    /// Milliseconds since the epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Whole seconds since the epoch, as the 32 bits that a path keeps of it (136 years).
    pub const fn as_secs32(self) -> u32 {
        let secs = self.0 / 1000;
        if secs > u32::MAX as u64 { u32::MAX } else { secs as u32 }
    }

    /// Time since `earlier`, zero if that lies in the future.
    pub const fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
}

/// A span of time in milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Millis(pub u64);

impl Millis {
    /// A span of whole seconds.
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// Whole seconds of this span.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1000
    }
}

impl Add<Millis> for Instant {
    type Output = Self;

    fn add(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}
