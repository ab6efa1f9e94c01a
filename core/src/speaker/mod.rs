//! The speaker: the one type through which a program drives the core.

use core::net::{IpAddr, SocketAddr};

use ipnet::IpNet;

use crate::config::{Config, Ttl};
use crate::event::Event;
use crate::family::Family;
use crate::limits::{Limits, TableUse};
use crate::time::{Instant, Millis};
use crate::view::{AdvertisedView, DestinationView, PeerView, ReceivedView};

/// A neighbor's slot; 0 is the speaker itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub u16);

/// A connection. The generation makes late events for an earlier user of the slot harmless.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ConnId {
    /// Slot, less than [`Limits::connections`].
    pub index: u16,
    /// How often the slot was used before.
    pub generation: u32,
}

/// Why a connection ended, or never came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
pub enum Refusal {
    /// Neither a neighbor nor in a dynamic range.
    NotConfigured,
    /// The neighbor is shut down.
    AdministrativelyDown,
    /// The neighbor already has one that was accepted, or its former session is still being purged.
    Busy,
    /// No connection slot is free.
    ConnectionsFull,
    /// The source address has eight connections without an OPEN.
    TooManyFromSource,
    /// The dynamic range has its limit of neighbors.
    DynamicLimit,
    /// The speaker stops.
    Stopping,
}

/// What the driver is to do with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Dial, and report with [`Speaker::connected`] or [`Speaker::closed`].
    Connect {
        /// The connection it will be.
        conn: ConnId,
        /// Where to.
        remote: SocketAddr,
        /// Source address, if one is configured.
        local: Option<IpAddr>,
        /// Time to live of its packets.
        ttl: Ttl,
        /// Whether the neighbor is in another AS, as far as configuration tells (for [`Ttl::Default`]).
        external: bool,
    },
    /// Close; the handle is dead already and [`Speaker::closed`] is not to be called.
    Close {
        /// Which.
        conn: ConnId,
    },
}

/// The next instant at which the core wants [`Speaker::timeout`] to be called, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// When.
    pub at: Instant,
    /// Why.
    pub why: Wake,
}

/// Why the core wants to be called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
}

/// Why a configuration was refused. Nothing changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// What applying a configuration did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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

/// A neighbor's place in [`Memory`].
#[derive(Debug, Default)]
pub struct PeerSlot {}

/// A connection's place in [`Memory`].
#[derive(Debug, Default)]
pub struct ConnSlot {}

/// Why a speaker could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StartError {
    /// A slice of [`Memory`] is smaller than the limits need.
    MemoryTooSmall,
    /// A limit is out of range.
    LimitOutOfRange(&'static str),
}

/// A BGP speaker.
#[derive(Debug)]
pub struct Speaker<'m> {
    memory: Memory<'m>,
}

#[expect(unused_variables, clippy::todo, clippy::needless_pass_by_ref_mut, reason = "skeleton")]
impl<'m> Speaker<'m> {
    /// A speaker with tables of the size of `limits` in `memory`, idle until configured. `seed` drives hashes and jitter.
    pub fn new(memory: Memory<'m>, limits: &Limits, seed: u64, now: Instant) -> Result<Self, StartError> {
        todo!()
    }

    // ---- operator: typed errors -------------------------------------------------------------------------------

    /// Makes `config` the configuration: compares it with what is, and changes only what differs.
    pub fn configure(&mut self, now: Instant, config: &Config<'_>) -> Result<Applied, ConfigError> {
        todo!()
    }

    /// Originates a route, or replaces the one originated for the same prefix.
    pub fn originate(&mut self, now: Instant, route: &LocalRoute<'_>) -> Result<(), CommandError> {
        todo!()
    }

    /// Withdraws a route originated here; false if there was none.
    pub fn withdraw(&mut self, now: Instant, prefix: IpNet) -> bool {
        todo!()
    }

    /// Resets a neighbor's session.
    pub fn clear(&mut self, now: Instant, peer: PeerId, how: Clear) -> Result<(), CommandError> {
        todo!()
    }

    /// Ends a neighbor's session with Cease / Administrative Shutdown and `message` (RFC 9003), and keeps it down.
    pub fn shutdown(&mut self, now: Instant, peer: PeerId, message: &str) -> Result<(), CommandError> {
        todo!()
    }

    /// Lets a neighbor that was shut down, or closed by its prefix limit, come back at once.
    pub fn enable(&mut self, now: Instant, peer: PeerId) -> Result<(), CommandError> {
        todo!()
    }

    /// Announces everything with GRACEFUL_SHUTDOWN (RFC 8326), and after `wait` withdraws it.
    pub fn drain(&mut self, now: Instant, wait: Millis) {
        todo!()
    }

    /// Ends draining and announces everything as before.
    pub fn undrain(&mut self, now: Instant) {
        todo!()
    }

    /// Ends every session with Cease / Administrative Shutdown; nothing is dialled or accepted any more.
    pub fn stop(&mut self, now: Instant, message: &str) {
        todo!()
    }

    /// The neighbor with this address.
    pub fn find_peer(&self, remote: IpAddr) -> Option<PeerId> {
        todo!()
    }

    // ---- inputs: never fail, never block, bounded work ----------------------------------------------------------

    /// A connection from `remote` to `local` was accepted by a listener.
    pub fn accept(&mut self, now: Instant, remote: SocketAddr, local: SocketAddr) -> Result<ConnId, Refusal> {
        todo!()
    }

    /// TTL that an accepted connection must be given, and whether its neighbor is external.
    pub fn ttl(&self, conn: ConnId) -> Option<(Ttl, bool)> {
        todo!()
    }

    /// A connection that [`Action::Connect`] asked for is open.
    pub fn connected(&mut self, now: Instant, conn: ConnId, remote: SocketAddr, local: SocketAddr) {
        todo!()
    }

    /// A connection ended, or could not be opened.
    pub fn closed(&mut self, now: Instant, conn: ConnId, cause: CloseCause) {
        todo!()
    }

    /// Bytes arrived, in order; all are taken.
    pub fn receive(&mut self, now: Instant, conn: ConnId, bytes: &[u8]) {
        todo!()
    }

    /// The instant of [`Speaker::poll_timeout`] was reached. Harmless if it was not.
    pub fn timeout(&mut self, now: Instant) {
        todo!()
    }

    /// Goes on with long jobs, for about `budget` table entries; true if there is more to do.
    pub fn work(&mut self, now: Instant, budget: u32) -> bool {
        todo!()
    }

    // ---- outputs: pulled, each at its own pace --------------------------------------------------------------------

    /// Whether [`Speaker::transmit`] would write something.
    pub fn wants_transmit(&self, conn: ConnId) -> bool {
        todo!()
    }

    /// Writes whole messages for this connection into `out` (at least 4096 bytes), and returns how many bytes. The
    /// driver calls it only once everything it got before was taken by the socket, or it loses the send hold timer.
    pub fn transmit(&mut self, now: Instant, conn: ConnId, out: &mut [u8]) -> usize {
        todo!()
    }

    /// The next thing to do with a connection.
    pub fn poll_action(&mut self) -> Option<Action> {
        todo!()
    }

    /// The next event for people.
    pub fn poll_event(&mut self) -> Option<Event> {
        todo!()
    }

    /// When to call [`Speaker::timeout`] next.
    pub fn poll_timeout(&self) -> Option<Deadline> {
        todo!()
    }

    // ---- read-only views -----------------------------------------------------------------------------------------------

    /// Every neighbor, in slot order; dynamic ones until ten minutes after they closed.
    pub fn peers(&self) -> impl Iterator<Item = PeerView<'_>> {
        core::iter::empty()
    }

    /// One neighbor.
    pub fn peer(&self, peer: PeerId) -> Option<PeerView<'_>> {
        todo!()
    }

    /// Slots that destinations of a family may stand in: walk `1..=slots` with [`Speaker::destination`].
    pub fn destination_slots(&self, family: Family) -> u32 {
        todo!()
    }

    /// The destination in a slot, if it has one with paths.
    pub fn destination(&self, family: Family, slot: u32) -> Option<DestinationView<'_>> {
        todo!()
    }

    /// The slot of a prefix.
    pub fn find_destination(&self, prefix: IpNet) -> Option<u32> {
        todo!()
    }

    /// What is announced to a neighbor for the destination in a slot, or why nothing is. `scratch` (4096 bytes or more)
    /// takes the attributes.
    pub fn advertised<'s>(
        &'s self,
        peer: PeerId,
        family: Family,
        slot: u32,
        scratch: &'s mut [u8],
    ) -> Option<AdvertisedView<'s>> {
        todo!()
    }

    /// Records of refused paths: walk `0..` until `None` is past the end; a free record gives an empty view.
    pub fn refused_slots(&self) -> u32 {
        todo!()
    }

    /// The record of a refused path in a slot.
    pub fn refused(&self, slot: u32) -> Option<ReceivedView> {
        todo!()
    }

    /// Use of every table.
    pub fn tables(&self) -> impl Iterator<Item = TableUse> {
        core::iter::empty()
    }
}
