//! What stands in a recording.
//!
//! A file is [`MAGIC`], the version, and blocks. A block is its length (4 bytes, little-endian), half a [`Digest`] of what
//! follows (4 bytes), and records one behind the other, never one in two blocks. A record is an [`Entry`] as postcard has it:
//! a number for the kind, integers as LEB128, strings with their length in front. The first is [`Entry::Start`]. In a file that
//! does not begin with the run, the second is [`Entry::State`], whose end is that of its block.
//!
//! [`Digest`]: super::Digest

use std::net::IpAddr;

use crier_core::config::{Config, DynamicRange, LocalConfig, PeerConfig, PolicyRef};
use crier_core::speaker::{Clear, CloseCause, ConnId, Ends, Follow, LocalRoute, PeerId};
use crier_core::{Family, Input, Instant, Limits, Millis, Speaker};
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::config::{PolicyModel, with_core_policies};

/// How a recording begins.
pub(super) const MAGIC: [u8; 8] = *b"crierrec";
/// The version of the format, behind [`MAGIC`], little-endian.
pub(super) const VERSION: u32 = 4;
/// Bytes of what stands before the first block.
pub(super) const HEADER: usize = 12;
/// Bytes before the records of a block.
pub(super) const BLOCK_HEADER: usize = 8;

/// What a speaker was made from, and when the segment begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Start<'a> {
    /// The version of crier that recorded.
    pub crier: &'a str,
    /// The speaker's limits.
    pub limits: Limits,
    /// How many events its ring holds.
    pub events: u32,
    /// Its seed.
    pub seed: u64,
    /// When the segment begins, by its own clock; the first one when the speaker was made.
    pub now: Instant,
    /// The same by the time of day: milliseconds since 1970-01-01T00:00:00Z.
    pub unix_ms: u64,
    /// It was running already, and its state at this instant follows.
    pub running: bool,
}

/// A record, as it is written: [`Record`] variant by variant.
#[derive(Clone, Copy, Debug, Serialize)]
pub(super) enum Entry<'a> {
    /// The beginning: what the speaker was made from.
    Start(Start<'a>),
    /// A call is about to be made.
    Input(&'a Input<'a>),
    /// It was answered, and this is the checksum of all answers so far.
    Check([u8; 4]),
    /// What happened next is not known. Nothing follows.
    Gap,
    /// The speaker's state. It goes on to the end of its block.
    State(&'a Speaker<'a>),
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub enum Record<'a> {
    /// The beginning: what the speaker was made from.
    #[serde(borrow)]
    Start(Start<'a>),
    /// A call was made.
    Input(RecordedInput<'a>),
    /// It was answered, and this is the checksum of all answers so far.
    Check([u8; 4]),
    /// What happened next is not known. Nothing follows.
    Gap,
    /// The speaker's state, for [`Restore`](crier_core::speaker::Restore).
    State(&'a [u8]),
}

/// [`Config`], owned.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RecordedConfig {
    local: LocalConfig,
    peers: Vec<PeerConfig>,
    ranges: Vec<DynamicRange>,
    policies: Vec<PolicyModel>,
}

/// [`LocalRoute`], owned.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RecordedRoute {
    prefix: IpNet,
    next_hop: Option<IpAddr>,
    med: Option<u32>,
    local_pref: Option<u32>,
    communities: Vec<u32>,
    large_communities: Vec<[u32; 3]>,
}

/// [`Input`], variant by variant, with what a file cannot lend owned.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "each is what the variant of the same name of Input says")]
pub enum RecordedInput<'a> {
    Configure { now: Instant, config: RecordedConfig },
    Originate { now: Instant, route: RecordedRoute },
    Withdraw { prefix: IpNet },
    Clear { now: Instant, peer: PeerId, how: Clear },
    Shutdown { now: Instant, peer: PeerId, message: &'a str },
    Enable { now: Instant, peer: PeerId },
    Drain { now: Instant, wait: Millis },
    Undrain,
    Stop { now: Instant, message: &'a str },
    StopPreserving { now: Instant, message: &'a str },
    Accept { now: Instant, ends: Ends },
    Connected { now: Instant, conn: ConnId, ends: Ends },
    Closed { now: Instant, conn: ConnId, cause: CloseCause },
    Receive { now: Instant, conn: ConnId, bytes: &'a [u8] },
    Timeout { now: Instant },
    Work { now: Instant, budget: u32 },
    Transmit { now: Instant, conn: ConnId, room: u32 },
    PollAction,
    PollEvent,
    SetOwnAddresses { addresses: Vec<IpAddr> },
    FollowKernel { now: Instant, follow: Follow },
    PollForwarding { family: Family },
    SetInstalled { family: Family, slot: u32, installed: bool },
    Redistribute { now: Instant, route: RecordedRoute, policy: PolicyRef },
    PollNextHop,
    NextHop { now: Instant, address: IpAddr, cost: Option<u32> },
}

impl RecordedInput<'_> {
    /// Hands the call to `use_it` as the core takes it.
    pub fn with_input<R>(&self, use_it: impl FnOnce(&Input<'_>) -> R) -> R {
        let input = match *self {
            Self::Configure { now, ref config } => {
                return with_core_policies(&config.policies, |policies| {
                    let RecordedConfig { local, ref peers, ref ranges, .. } = *config;
                    use_it(&Input::Configure { now, config: Config { local, peers, ranges, policies } })
                });
            }
            Self::Originate { now, ref route } => Input::Originate { now, route: route.local_route() },
            Self::Withdraw { prefix } => Input::Withdraw { prefix },
            Self::Clear { now, peer, how } => Input::Clear { now, peer, how },
            Self::Shutdown { now, peer, message } => Input::Shutdown { now, peer, message },
            Self::Enable { now, peer } => Input::Enable { now, peer },
            Self::Drain { now, wait } => Input::Drain { now, wait },
            Self::Undrain => Input::Undrain,
            Self::Stop { now, message } => Input::Stop { now, message },
            Self::StopPreserving { now, message } => Input::StopPreserving { now, message },
            Self::Accept { now, ends } => Input::Accept { now, ends },
            Self::Connected { now, conn, ends } => Input::Connected { now, conn, ends },
            Self::Closed { now, conn, cause } => Input::Closed { now, conn, cause },
            Self::Receive { now, conn, bytes } => Input::Receive { now, conn, bytes },
            Self::Timeout { now } => Input::Timeout { now },
            Self::Work { now, budget } => Input::Work { now, budget },
            Self::Transmit { now, conn, room } => Input::Transmit { now, conn, room },
            Self::PollAction => Input::PollAction,
            Self::PollEvent => Input::PollEvent,
            Self::SetOwnAddresses { ref addresses } => Input::SetOwnAddresses { addresses },
            Self::FollowKernel { now, follow } => Input::FollowKernel { now, follow },
            Self::PollForwarding { family } => Input::PollForwarding { family },
            Self::SetInstalled { family, slot, installed } => Input::SetInstalled { family, slot, installed },
            Self::Redistribute { now, ref route, policy } => {
                Input::Redistribute { now, route: route.local_route(), policy }
            }
            Self::PollNextHop => Input::PollNextHop,
            Self::NextHop { now, address, cost } => Input::NextHop { now, address, cost },
        };
        use_it(&input)
    }
}

impl RecordedRoute {
    fn local_route(&self) -> LocalRoute<'_> {
        LocalRoute {
            prefix: self.prefix,
            next_hop: self.next_hop,
            med: self.med,
            local_pref: self.local_pref,
            communities: &self.communities,
            large_communities: &self.large_communities,
        }
    }
}
