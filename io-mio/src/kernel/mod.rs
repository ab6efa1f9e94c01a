//! The bridge between a speaker and the kernel's routes: what forwards goes in, what the kernel knows comes out.
//!
//! [`Bridge`] decides and does no I/O: it is told what the kernel says, and says what the kernel is to be asked. [`Kernel`] is
//! the same on a [`Wire`]: netlink sockets, unless somebody brings a kernel of their own.
//!
//! # What is ours
//!
//! Routes with our table, protocol and metric that this process has made, or that lead to one of our numbers; and what an earlier
//! one has made and left a record of, by whatever keys.
//! Nothing else is ever changed or removed: a route that somebody else has in our place is in the way, and stays.
//!
//! # What the kernel is told
//!
//! The least. A request is made only where what is wanted differs from what the kernel has as far as known, one at a time for
//! each destination, and a bounded number together. Routes lead to next-hop objects and groups (`sets.rs`), so that a
//! next hop that dies leaves every group at one message for each, however many routes lead there.
//!
//! # How far it is trusted
//!
//! Not at all. What it refuses is asked for again, and shown meanwhile. IPv4 routes vanish without a word when a link, an address or
//! a next-hop object goes; notifications are lost when their socket is full. So on such events, and now and then, everything
//! is dumped and compared, and what is missing is put back.

mod ask;
mod bridge;
mod cells;
mod down;
mod former;
mod hear;
mod look;
mod lost;
mod nowhere;
mod plan;
mod resolve;
mod sets;
mod show;
mod socket;
mod survey;
mod taken;
mod takeover;
mod together;
mod wire;

pub use bridge::{Bridge, ForeignRoute, Origin, Request, Standing};
pub use look::{Found, look};
pub use plan::{ROUTES, Share, bytes, plan};
pub use show::{Pending, RouteView};
pub use socket::{Kernel, Leave};
pub use wire::{Line, RECEIVE_BUFFER, Sockets, Wire};

use std::ops::Range;

/// What the bridge is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Best and multipath routes go into the kernel.
    pub install: bool,
    /// The table that they go into: 254 is the main one.
    pub table: u32,
    /// The protocol that they are marked with: 186 is `bgp`.
    pub protocol: u8,
    /// Their metric.
    pub metric: u32,
    /// Most of them, both families together.
    pub max_routes: u32,
    /// The numbers of next-hop objects; `None`: routes name their next hops themselves.
    pub objects: Option<Range<u32>>,
    /// What earlier processes have left a record of: it is ours.
    pub left: Vec<Claim>,
}

/// What routes are known by that a process has installed. Another process is told of it by a record ([`Bridge::claims`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Their table.
    pub table: u32,
    /// Their protocol.
    pub protocol: u8,
    /// Their metric.
    pub metric: u32,
    /// The numbers of the objects that they lead to; `None`: they name their next hops themselves, and lead to no object.
    pub objects: Option<Range<u32>>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            install: true,
            table: 254,
            protocol: 186,
            metric: 20,
            max_routes: 20_000,
            objects: Some(2_000_000_000..2_000_008_192),
            left: Vec::new(),
        }
    }
}
