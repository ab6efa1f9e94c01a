//! The core of crier: a BGP speaker that does no I/O and knows no clock.
//!
//! Everything enters as a method call on [`Speaker`] with the time as an argument, and everything leaves by being asked
//! for. The core allocates nothing: it lives in slices that the program lends it ([`speaker::Memory`]), laid out by one
//! function of the [`Limits`]. The same calls in the same order give the same bytes, on every machine.
//!
//! # Driving it
//!
//! One turn of a driver, whatever its sockets are:
//!
//! 1. hand in what happened: [`Speaker::accept`], [`Speaker::connected`], [`Speaker::closed`], [`Speaker::receive`];
//! 2. [`Speaker::timeout`], if [`Speaker::poll_timeout`] is due; what waits in sockets comes before that, so that a
//!    KEEPALIVE that arrived in time counts even if the driver was late;
//! 3. [`Speaker::work`] under a budget: long jobs go on, and nobody's keepalive is late because of them;
//! 4. do what [`Speaker::poll_action`] asks: dial, close. A connection that ends with a NOTIFICATION is first transmitted
//!    that; the close is asked for afterwards, when nothing more is to be said and the handle is dead already. What the
//!    socket has not taken by then is the driver's to send, or to give up;
//! 5. for each connection that can take bytes and for which [`Speaker::wants_transmit`]: [`Speaker::transmit`]. It is
//!    called again only when the socket has taken everything. Then step 4 once more. Work is bounded, so a call may write
//!    nothing and the connection still want another one;
//! 6. read [`Speaker::poll_event`];
//! 7. wait for sockets, or until [`Speaker::poll_timeout`]; not at all if there is work left or something to transmit
//!    that a socket could take.
//!
//! Calls of the first kind never fail and never block, and late ones for a connection that is gone are ignored. Only what
//! an operator asks for returns a `Result`.
//!
//! # Example
//!
//! A speaker in static-sized memory, configured to dial one neighbor:
//!
//! ```
//! use core::net::Ipv4Addr;
//! use crier_core::config::{Config, LocalConfig, PeerConfig, PolicyRef, Settings};
//! use crier_core::speaker::{Action, ConnSlot, Memory, PeerSlot};
//! use crier_core::{Event, Instant, Limits, Speaker};
//!
//! let limits = Limits { peers: 2, connections: 4, prefixes: 100, paths: 200, ..Limits::default() };
//! let mut region = vec![[0u64; 8]; limits.region_bytes() as usize / 64];
//! let (mut peers, mut connections, mut events) = (<[PeerSlot; 3]>::default(), <[ConnSlot; 4]>::default(), <[Event; 8]>::default());
//! let memory = Memory {
//!     region: zerocopy::IntoBytes::as_mut_bytes(region.as_mut_slice()),
//!     peers: &mut peers,
//!     connections: &mut connections,
//!     events: &mut events,
//! };
//! let now = Instant::EPOCH;
//! let mut speaker = Speaker::new(memory, &limits, 42, now).unwrap();
//!
//! let neighbor = PeerConfig {
//!     remote: "192.0.2.1".parse().unwrap(),
//!     port: 179,
//!     settings: Settings {
//!         import: PolicyRef::AcceptAll,
//!         export: PolicyRef::AcceptAll,
//!         ..Settings::default()
//!     },
//! };
//! let local = LocalConfig {
//!     asn: 65000,
//!     router_id: Ipv4Addr::new(192, 0, 2, 2),
//!     maximum_paths: 4,
//!     as_path_relax: true,
//! };
//! let config = Config { local, peers: &[neighbor], ranges: &[], policies: &[] };
//! assert_eq!(speaker.configure(now, &config).unwrap().added, 1);
//!
//! // The speaker asks for a connection; a driver with sockets would now dial.
//! assert!(matches!(speaker.poll_action(), Some(Action::Connect { .. })));
//! ```
#![no_std]
#![forbid(unsafe_code)]

/// Whether a fault is planted here, for the simulator's judge to find. Nothing is left of it in a build without
/// `--cfg mutants`.
#[cfg(mutants)]
macro_rules! mutant {
    ($name:ident) => {
        $crate::mutant::is_active($crate::mutant::Mutant::$name)
    };
}
#[cfg(not(mutants))]
macro_rules! mutant {
    ($name:ident) => {
        false
    };
}

pub mod attrs;
#[cfg(any(test, feature = "check"))]
mod check;
pub mod config;
mod decision;
pub mod event;
pub mod family;
mod hash;
pub mod input;
pub mod limits;
pub mod martian;
mod memory;
#[cfg(mutants)]
pub mod mutant;
pub mod peer;
pub mod policy;
mod rib;
pub mod rng;
#[cfg(feature = "serde")]
mod scalars;
pub mod speaker;
pub mod time;
pub mod view;
pub mod wire;

pub use config::Config;
pub use event::{Event, EventKind};
pub use family::{Family, FamilySet};
pub use input::{Input, Output, Tap};
pub use limits::Limits;
pub use speaker::{Action, ConnId, PeerId, Speaker};
pub use time::{Instant, Millis};
pub use view::PeerView;
