//! Neighbors: the session state machine and what surrounds it.

pub mod backoff;
pub mod collision;
pub mod fsm;
pub mod jitter;
pub mod negotiate;

use core::fmt;

/// States of a session (RFC 4271, 8.2.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum State {
    /// Not trying.
    #[default]
    Idle,
    /// Dialling.
    Connect,
    /// Waiting for the neighbor, or to dial again.
    Active,
    /// OPEN sent.
    OpenSent,
    /// OPEN accepted, KEEPALIVE awaited.
    OpenConfirm,
    /// Exchanging routes.
    Established,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Idle => "Idle",
            Self::Connect => "Connect",
            Self::Active => "Active",
            Self::OpenSent => "OpenSent",
            Self::OpenConfirm => "OpenConfirm",
            Self::Established => "Established",
        })
    }
}
