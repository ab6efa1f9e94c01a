//! The core of crier: a BGP speaker that does no I/O and knows no clock.
#![no_std]
#![forbid(unsafe_code)]

pub mod attrs;
pub mod config;
mod decision;
pub mod event;
pub mod family;
mod hash;
pub mod limits;
mod memory;
pub mod peer;
pub mod policy;
mod rib;
pub mod rng;
pub mod speaker;
pub mod time;
pub mod view;
pub mod wire;

pub use config::Config;
pub use event::{Event, EventKind};
pub use family::{Family, FamilySet};
pub use limits::Limits;
pub use speaker::{Action, ConnId, PeerId, Speaker};
pub use time::{Instant, Millis};
pub use view::PeerView;
