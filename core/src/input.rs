//! Everything that enters a speaker, as values: what to keep of a run in order to run it again.
//!
//! A speaker's outputs follow from its limits, its seed, the instant it was made at, and the calls made since, and from
//! nothing else. [`Input`] is such a call, [`Speaker::feed`](crate::Speaker::feed) makes it, and a [`Tap`] hears of each
//! one that a driver makes. Lengths of buffers and budgets of work are part of the calls, for they decide where work is cut.

use core::fmt;
use core::net::IpAddr;

use ipnet::IpNet;

use crate::Speaker;
use crate::config::{Config, PolicyRef};
use crate::family::Family;
use crate::speaker::{
    Action, Applied, Clear, CloseCause, CommandError, ConfigError, ConnId, Ends, Follow, LocalRoute, PeerId,
    Refusal,
};
use crate::time::{Instant, Millis};

/// A call that may change a speaker. Each is documented at the method of its name.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Input<'a> {
    /// [`Speaker::configure`].
    Configure {
        /// The present.
        now: Instant,
        /// The configuration, whole.
        config: Config<'a>,
    },
    /// [`Speaker::originate`].
    Originate {
        /// The present.
        now: Instant,
        /// The route.
        route: LocalRoute<'a>,
    },
    /// [`Speaker::withdraw`].
    Withdraw {
        /// The route's prefix.
        prefix: IpNet,
    },
    /// [`Speaker::clear`].
    Clear {
        /// The present.
        now: Instant,
        /// Whom.
        peer: PeerId,
        /// How.
        how: Clear,
    },
    /// [`Speaker::shutdown`].
    Shutdown {
        /// The present.
        now: Instant,
        /// Whom.
        peer: PeerId,
        /// What its operator is told.
        message: &'a str,
    },
    /// [`Speaker::enable`].
    Enable {
        /// The present.
        now: Instant,
        /// Whom.
        peer: PeerId,
    },
    /// [`Speaker::drain`].
    Drain {
        /// The present.
        now: Instant,
        /// How long routes are announced as leaving.
        wait: Millis,
    },
    /// [`Speaker::undrain`].
    Undrain,
    /// [`Speaker::stop`].
    Stop {
        /// The present.
        now: Instant,
        /// What operators of neighbors are told.
        message: &'a str,
    },
    /// [`Speaker::stop_preserving`].
    StopPreserving {
        /// The present.
        now: Instant,
        /// What operators of neighbors are told.
        message: &'a str,
    },
    /// [`Speaker::accept`].
    Accept {
        /// The present.
        now: Instant,
        /// The connection's ends.
        ends: Ends,
    },
    /// [`Speaker::connected`].
    Connected {
        /// The present.
        now: Instant,
        /// Which.
        conn: ConnId,
        /// Its ends.
        ends: Ends,
    },
    /// [`Speaker::closed`].
    Closed {
        /// The present.
        now: Instant,
        /// Which.
        conn: ConnId,
        /// Why.
        cause: CloseCause,
    },
    /// [`Speaker::receive`].
    Receive {
        /// The present.
        now: Instant,
        /// On which connection.
        conn: ConnId,
        /// What arrived.
        #[cfg_attr(feature = "serde", serde(serialize_with = "as_bytes"))]
        bytes: &'a [u8],
    },
    /// [`Speaker::timeout`].
    Timeout {
        /// The present.
        now: Instant,
    },
    /// [`Speaker::work`].
    Work {
        /// The present.
        now: Instant,
        /// Table entries to go through, about.
        budget: u32,
    },
    /// [`Speaker::transmit`].
    Transmit {
        /// The present.
        now: Instant,
        /// On which connection.
        conn: ConnId,
        /// Bytes of the buffer that it was given.
        room: u32,
    },
    /// [`Speaker::poll_action`].
    PollAction,
    /// [`Speaker::poll_event`].
    PollEvent,
    /// [`Speaker::set_own_addresses`].
    SetOwnAddresses {
        /// All of them.
        addresses: &'a [IpAddr],
    },
    /// [`Speaker::follow_kernel`].
    FollowKernel {
        /// The present.
        now: Instant,
        /// What.
        follow: Follow,
    },
    /// [`Speaker::poll_forwarding`].
    PollForwarding {
        /// Of which family.
        family: Family,
    },
    /// [`Speaker::set_installed`].
    SetInstalled {
        /// Of which family.
        family: Family,
        /// The destination's slot.
        slot: u32,
        /// Whether there is a route.
        installed: bool,
    },
    /// [`Speaker::redistribute`].
    Redistribute {
        /// The present.
        now: Instant,
        /// The route.
        route: LocalRoute<'a>,
        /// What it has to pass.
        policy: PolicyRef,
    },
    /// [`Speaker::poll_next_hop`].
    PollNextHop,
    /// [`Speaker::next_hop`].
    NextHop {
        /// The present.
        now: Instant,
        /// Which.
        address: IpAddr,
        /// Its interior cost, if it can be reached.
        cost: Option<u32>,
    },
}

impl Input<'_> {
    /// The present, for calls that tell it.
    pub const fn now(&self) -> Option<Instant> {
        match *self {
            Self::Configure { now, .. }
            | Self::Originate { now, .. }
            | Self::Clear { now, .. }
            | Self::Shutdown { now, .. }
            | Self::Enable { now, .. }
            | Self::Drain { now, .. }
            | Self::Stop { now, .. }
            | Self::StopPreserving { now, .. }
            | Self::Accept { now, .. }
            | Self::Connected { now, .. }
            | Self::Closed { now, .. }
            | Self::Receive { now, .. }
            | Self::Timeout { now }
            | Self::Work { now, .. }
            | Self::Transmit { now, .. }
            | Self::Redistribute { now, .. }
            | Self::FollowKernel { now, .. }
            | Self::NextHop { now, .. } => Some(now),
            Self::Withdraw { .. }
            | Self::Undrain
            | Self::PollAction
            | Self::PollEvent
            | Self::SetOwnAddresses { .. }
            | Self::PollForwarding { .. }
            | Self::SetInstalled { .. }
            | Self::PollNextHop => None,
        }
    }
}

/// What a call answered, as far as a driver acts on it. Events are for people and not part of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Output<'a> {
    /// Nothing.
    Nothing,
    /// The answer of [`Speaker::configure`].
    Applied(Result<Applied, ConfigError>),
    /// The answer to an operator.
    Done(Result<(), CommandError>),
    /// Whether there was a route to withdraw.
    Withdrawn(bool),
    /// The answer of [`Speaker::accept`].
    Accepted(Result<ConnId, Refusal>),
    /// Whether there is more work.
    More(bool),
    /// Bytes to send.
    Sent {
        /// On which connection.
        conn: ConnId,
        /// Whole messages; none at all is an answer too.
        #[cfg_attr(feature = "serde", serde(serialize_with = "as_bytes"))]
        bytes: &'a [u8],
    },
    /// What to do with a connection.
    Action(Option<Action>),
    /// A destination's slot.
    Slot(Option<u32>),
    /// A next hop.
    NextHop(Option<IpAddr>),
}

/// Somebody who hears of every call of a driver, and of every answer.
///
/// Calls that provably change nothing are passed over: for a connection that is gone, for a timer that is not due, for work
/// when there is none, for actions and events when there are none. Without them a run is the same.
pub trait Tap: fmt::Debug + Send {
    /// A call is about to be made of `speaker`, which is as all calls before have left it.
    fn input(&mut self, speaker: &Speaker<'_>, input: &Input<'_>);

    /// The call of which [`Tap::input`] told last has been answered.
    fn output(&mut self, output: &Output<'_>);
}

/// As one string of bytes: one by one they would cost more than all the rest.
#[cfg(feature = "serde")]
fn as_bytes<S: serde::Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}
