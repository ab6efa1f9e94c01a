//! What enters and leaves a speaker: handles, actions, errors, memory.

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use ipnet::IpNet;

#[cfg(doc)]
use super::Speaker;
use super::{ConnSlot, PeerSlot};
use crate::config::{InterfaceName, Ttl};
use crate::event::Event;
#[cfg(doc)]
use crate::limits::Limits;
use crate::time::Instant;

/// A neighbor's slot; 0 is the speaker itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PeerId(pub u16);

/// A connection. The generation makes late events for an earlier user of the slot harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ConnId {
    /// Slot, less than [`Limits::connections`].
    pub index: u16,
    /// How often the slot was used before.
    pub generation: u32,
}

/// The two ends of a connection, and own addresses that serve as next hops on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Ends {
    /// The neighbor's address and port.
    pub remote: SocketAddr,
    /// Own address and port.
    pub local: SocketAddr,
    /// An IPv4 address of the interface that has the local address: next hop of IPv4 routes on an IPv6 session.
    pub ipv4: Option<Ipv4Addr>,
    /// A global IPv6 address of that interface: next hop of IPv6 routes on an IPv4 session.
    pub ipv6: Option<Ipv6Addr>,
    /// The link-local IPv6 address of that interface, announced beside the global one (RFC 2545, 3).
    pub link_local: Option<Ipv6Addr>,
}

impl Ends {
    /// Two ends without further addresses.
    pub const fn new(remote: SocketAddr, local: SocketAddr) -> Self {
        Self { remote, local, ipv4: None, ipv6: None, link_local: None }
    }
}

/// Why a connection ended, or never came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum CloseCause {
    /// The neighbor closed it.
    Eof,
    /// Reset by the neighbor.
    Reset,
    /// Nobody listens there.
    Refused,
    /// No answer in time.
    TimedOut,
    /// No route to the neighbor, or its network is down.
    Unreachable,
    /// Something of this host, an address or permission, forbids it.
    LocalError,
}

/// Why an incoming connection is refused at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Refusal {
    /// Neither a neighbor nor in a dynamic range.
    NotConfigured,
    /// The neighbor is shut down.
    AdministrativelyDown,
    /// The neighbor already has one that was accepted, or its former session is still being purged.
    Busy,
    /// The neighbor's last session failed and its idle hold time runs (RFC 4271, 8.2.2: refused in Idle).
    Resting,
    /// No connection slot is free.
    ConnectionsFull,
    /// The source address has eight connections without an OPEN.
    TooManyFromSource,
    /// The dynamic range has its limit of neighbors.
    DynamicLimit,
    /// The speaker stops.
    Stopping,
}

impl Refusal {
    /// Every reason.
    pub const ALL: [Self; 8] = [
        Self::NotConfigured,
        Self::AdministrativelyDown,
        Self::Busy,
        Self::Resting,
        Self::ConnectionsFull,
        Self::TooManyFromSource,
        Self::DynamicLimit,
        Self::Stopping,
    ];
}

/// What the driver is to do with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Action {
    /// Dial, and report with [`Speaker::connected`] or [`Speaker::closed`].
    Connect {
        /// The connection it will be.
        conn: ConnId,
        /// Where to.
        remote: SocketAddr,
        /// Source address, if one is configured.
        local: Option<IpAddr>,
        /// Interface to dial from, if one is configured.
        interface: Option<InterfaceName>,
        /// Time to live of its packets.
        ttl: Ttl,
        /// Whether the neighbor is in another AS, as far as configuration tells (for [`Ttl::Default`]).
        external: bool,
    },
    /// Close, once the socket has taken what was transmitted; the handle is dead already: nothing more is to be
    /// transmitted, and [`Speaker::closed`] is not to be called.
    Close {
        /// Which.
        conn: ConnId,
    },
}

/// The next instant at which the core wants [`Speaker::timeout`] to be called, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Deadline {
    /// When.
    pub at: Instant,
    /// Why.
    pub why: Wake,
}

/// Why the core wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Wake {
    /// A long job has more to do: call [`Speaker::work`] at once.
    Work,
    /// A timer of this neighbor.
    Peer(PeerId),
    /// A timer of this connection.
    Connection(u16),
    /// A timer of the speaker: draining, refusal reports.
    Speaker,
}

/// A route originated here.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct LocalRoute<'a> {
    /// The prefix.
    pub prefix: IpNet,
    /// Next hop; the session's own address if `None`.
    pub next_hop: Option<IpAddr>,
    /// MULTI_EXIT_DISC.
    pub med: Option<u32>,
    /// LOCAL_PREF.
    pub local_pref: Option<u32>,
    /// Communities (RFC 1997).
    pub communities: &'a [u32],
    /// Large communities (RFC 8092).
    pub large_communities: &'a [[u32; 3]],
}

/// Why an operator's call was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum CommandError {
    /// No such neighbor.
    NoSuchPeer,
    /// The session is not Established.
    NotEstablished,
    /// The neighbor cannot do route refresh; the session would have to restart.
    NoRouteRefresh,
    /// The table of local routes, or what it needs, is full.
    Full,
    /// A prefix that must not be announced (multicast, loopback, link-local).
    Martian,
    /// The next hop is of another family than the prefix.
    NextHopFamily,
    /// More attributes than fit one message.
    TooLong,
    /// The policy that it is to pass rejects it.
    Policy,
}

/// Why a configuration was refused. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum ConfigError {
    /// More neighbors and dynamic ones than [`Limits::peers`].
    TooManyPeers {
        /// Neighbors and dynamic limits together.
        wanted: u32,
        /// The limit.
        limit: u32,
    },
    /// More dynamic ranges than there is room for.
    TooManyRanges {
        /// The limit.
        limit: u32,
    },
    /// The compiled policies exceed [`Limits::policy_bytes`].
    PoliciesTooLarge {
        /// Bytes needed, as far as counted.
        wanted: u32,
        /// The limit.
        limit: u32,
    },
    /// A policy that is referred to does not exist.
    NoSuchPolicy(u16),
    /// Two neighbors have this address.
    DuplicatePeer(IpAddr),
    /// A policy is refused for another reason.
    Policy {
        /// Position of the policy.
        policy: u16,
        /// Position of the rule.
        rule: u16,
        /// What is wrong.
        reason: &'static str,
    },
}

/// What passes between a speaker and a forwarding table outside, such as the kernel's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Follow {
    /// Changes of what forwards are kept until they are polled.
    pub forwarding: bool,
    /// The driver knows which next hops can be reached, and at what cost. Until it says so a new one cannot.
    pub next_hops: bool,
}

/// What applying a configuration did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Applied {
    /// Neighbors added.
    pub added: u16,
    /// Neighbors removed.
    pub removed: u16,
    /// Neighbors whose session was restarted, because it cannot follow the change.
    pub restarted: u16,
    /// Neighbors asked for a route refresh because their import policy changed.
    pub refreshed: u16,
    /// Neighbors whose import policy changed but that cannot refresh: `clear` them to apply it.
    pub restart_needed: u16,
}

/// How `clear` resets a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Clear {
    /// Cease / Administrative Reset.
    Hard,
    /// Ask for a route refresh.
    SoftIn,
    /// Announce everything again.
    SoftOut,
}

/// Memory that a speaker lives in. All of it zero or default at the start.
#[derive(Debug)]
pub struct Memory<'m> {
    /// At least [`Limits::region_bytes`], aligned to 8 bytes.
    pub region: &'m mut [u8],
    /// [`Limits::peers`] + 1 slots.
    pub peers: &'m mut [PeerSlot],
    /// [`Limits::connections`] slots.
    pub connections: &'m mut [ConnSlot],
    /// Ring of events.
    pub events: &'m mut [Event],
}

/// Why a speaker could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartError {
    /// A slice of [`Memory`] is smaller than the limits need.
    MemoryTooSmall,
    /// A limit is out of range.
    LimitOutOfRange(&'static str),
}
