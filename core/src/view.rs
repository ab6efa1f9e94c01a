//! Read-only views for people, metrics and tests.

use core::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use crate::attrs::AttrsView;
use crate::family::{Family, FamilySet};
use crate::peer::State;
use crate::rib::selection::Forwarding;
use crate::speaker::PeerId;
use crate::time::Instant;
use crate::wire::notification::Notification;

/// Whether a neighbor is meant to be up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Admin {
    /// Yes.
    #[default]
    Up,
    /// No: `shutdown`.
    Down,
    /// Its announcements are being drained.
    Drain,
    /// No: it exceeded its limit of prefixes.
    Limit,
}

/// Which way a NOTIFICATION went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Direction {
    /// To the neighbor.
    Sent,
    /// From the neighbor.
    Received,
}

/// The last error of a session.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LastError {
    /// The NOTIFICATION.
    pub notification: Notification,
    /// Which way it went.
    pub direction: Direction,
    /// When.
    pub at: Instant,
}

/// Messages and bytes that a neighbor exchanged with us since it was configured.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Counters {
    /// Messages by type, received: OPEN, UPDATE, NOTIFICATION, KEEPALIVE, ROUTE-REFRESH.
    pub received: [u64; 5],
    /// Messages by type, sent.
    pub sent: [u64; 5],
    /// Bytes received.
    pub bytes_received: u64,
    /// Bytes sent.
    pub bytes_sent: u64,
    /// UPDATEs whose prefixes were withdrawn because of a fault (RFC 7606).
    pub treated_as_withdraw: u64,
    /// Attributes discarded because of a fault (RFC 7606).
    pub attributes_discarded: u64,
    /// Connection attempts that failed.
    pub connect_failures: u64,
    /// Paths refused for want of room.
    pub refused_full: u64,
}

/// Prefixes of one family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FamilyCounts {
    /// Announced by the neighbor and not withdrawn.
    pub received: u32,
    /// Whether `received` is exact: refused ones are known one by one only while their table has room.
    pub received_exact: bool,
    /// Of those, accepted.
    pub accepted: u32,
    /// Announced to the neighbor and not withdrawn.
    pub advertised: u32,
    /// End-of-RIB received.
    pub end_of_rib_received: bool,
    /// End-of-RIB sent.
    pub end_of_rib_sent: bool,
}

/// What two speakers agreed on in their OPENs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Negotiated {
    /// Hold time in seconds; 0: none.
    pub hold: u16,
    /// Keepalive interval in seconds.
    pub keepalive: u16,
    /// Families both offered.
    pub families: FamilySet,
    /// Four-octet AS numbers (RFC 6793).
    pub as4: bool,
    /// Route refresh (RFC 2918).
    pub refresh: bool,
    /// IPv4 prefixes may have IPv6 next hops (RFC 8950).
    pub extended_next_hop: bool,
    /// Extended messages (RFC 8654).
    pub extended_messages: bool,
    /// The neighbor's graceful restart capability: flags and time, and families it keeps forwarding for (RFC 4724).
    pub graceful_restart: Option<GracefulRestart>,
}

/// A graceful restart capability as received (RFC 4724, 3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct GracefulRestart {
    /// The neighbor has restarted.
    pub restarting: bool,
    /// It supports RFC 8538.
    pub notification: bool,
    /// Restart time, in seconds.
    pub time: u16,
    /// Families listed.
    pub families: FamilySet,
    /// Families whose forwarding state it kept.
    pub forwarding: FamilySet,
}

/// One neighbor.
#[derive(Clone, Copy, Debug)]
pub struct PeerView<'a> {
    /// Its slot.
    pub id: PeerId,
    /// The program's mark.
    pub tag: u32,
    /// Its address.
    pub remote: IpAddr,
    /// Port dialled; `None` for an accepted session.
    pub port: Option<u16>,
    /// Accepted from a dynamic range.
    pub dynamic: bool,
    /// It is in another AS, as far as known, and the session needs it to be on the same link.
    pub shares_link: bool,
    /// State of its session.
    pub state: State,
    /// Whether it is meant to be up.
    pub admin: Admin,
    /// A dead session's paths are still being removed.
    pub purging: bool,
    /// Paths were refused for want of room, in a table or in a limit of prefixes that has some now, and not asked for again
    /// yet.
    pub incomplete: bool,
    /// Since when the session is Established.
    pub established: Option<Instant>,
    /// When a dynamic neighbor's session closed.
    pub closed: Option<Instant>,
    /// Own address of the session.
    pub local_address: Option<IpAddr>,
    /// Own AS number.
    pub local_asn: u32,
    /// Its AS number, as it said or as configured.
    pub remote_asn: Option<u32>,
    /// Its BGP identifier, while Established.
    pub router_id: Option<Ipv4Addr>,
    /// What was agreed, while Established.
    pub negotiated: Option<Negotiated>,
    /// Prefixes by [`Family::index`], while Established and agreed.
    pub families: [Option<FamilyCounts>; 2],
    /// The last NOTIFICATION either way.
    pub last_error: Option<&'a LastError>,
    /// Times an Established session ended.
    pub flaps: u32,
    /// Counters.
    pub counters: &'a Counters,
    /// Capabilities that the neighbor sent, as TLVs, while Established (cut to what is kept).
    pub capabilities: &'a [u8],
}

/// The step of the decision process that put a path behind the best one, or that kept it out (RFC 4271, 9.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The only path.
    Only,
    /// It is the best path and this says nothing against it.
    Best,
    /// Its session is dead, or its next hop unreachable (9.1.2, first rule).
    Invalid,
    /// Routes originated here win.
    LocalOrigin,
    /// LOCAL_PREF (9.1.1).
    LocalPref,
    /// AS_PATH length (9.1.2.2 a).
    AsPathLength,
    /// ORIGIN (9.1.2.2 b).
    Origin,
    /// MULTI_EXIT_DISC within one neighbouring AS (9.1.2.2 c).
    Med,
    /// External before internal (9.1.2.2 d).
    External,
    /// Interior cost to the next hop (9.1.2.2 e).
    IgpCost,
    /// BGP identifier, or ORIGINATOR_ID (9.1.2.2 f; RFC 4456, 9).
    RouterId,
    /// CLUSTER_LIST length (RFC 4456, 9).
    ClusterListLength,
    /// Neighbor's address (9.1.2.2 g).
    PeerAddress,
}

/// A destination and its paths.
#[derive(Clone, Copy)]
pub struct DestinationView<'a> {
    /// The prefix.
    pub prefix: IpNet,
    /// Its slot.
    pub slot: u32,
    pub(crate) first: u32,
    pub(crate) source: &'a (dyn PathSource + 'a),
}

/// Where a destination's paths are read from: the speaker, without its lifetime.
pub(crate) trait PathSource {
    /// Which of the destination's paths forward.
    fn forwarding(&self, family: Family, slot: u32) -> Option<Forwarding>;

    /// A path of the destination, and the number of the next one.
    fn path_view(
        &self,
        family: Family,
        slot: u32,
        forwarding: Option<Forwarding>,
        path: u32,
    ) -> Option<(PathView<'_>, u32)>;
}

impl<'a> DestinationView<'a> {
    /// Its accepted paths, the best one first unless its session has just died.
    pub fn paths(&self) -> impl Iterator<Item = PathView<'a>> + use<'a> {
        let (source, family, slot) = (self.source, Family::of(&self.prefix), self.slot);
        let mut path = self.first;
        let forwarding = source.forwarding(family, slot);
        core::iter::from_fn(move || {
            let (view, next) = source.path_view(family, slot, forwarding, path)?;
            path = next;
            Some(view)
        })
    }
}

impl core::fmt::Debug for DestinationView<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("DestinationView").field("prefix", &self.prefix).field("slot", &self.slot).finish()
    }
}

/// An accepted path.
#[derive(Clone, Copy, Debug)]
pub struct PathView<'a> {
    /// The neighbor it came from; 0 for a route originated here.
    pub peer: PeerId,
    /// That neighbor's address.
    pub remote: Option<IpAddr>,
    /// Its attributes after import.
    pub attrs: AttrsView<'a>,
    /// It is the best path.
    pub best: bool,
    /// It forwards: it is the best path or as good for multipath.
    pub multipath: bool,
    /// It forwards by dropping: its neighbor may ask for that and has (RFC 7999).
    pub blackhole: bool,
    /// It takes part in the decision.
    pub valid: bool,
    /// Its next hop can be reached, as far as known (RFC 4271, 9.1.2.1).
    pub reachable: bool,
    /// It is kept over a restart of its neighbor (RFC 4724).
    pub stale: bool,
    /// When it arrived.
    pub since_secs: u32,
    /// Why it is not the best one.
    pub step: Step,
    /// Position of the rule of the import policy that accepted it; `None`: no rule did, or one past the 254th.
    pub rule: Option<u16>,
}

/// Why a path is not announced to a neighbor, or was not accepted from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// Accepted or announced.
    None = 0,
    /// There is no policy and the neighbor is external (RFC 8212).
    NoPolicy,
    /// A policy rejected it.
    Policy,
    /// Own AS is in AS_PATH (RFC 4271, 9.1.2).
    OwnAs,
    /// Own address is the next hop (RFC 4271, 5.1.3).
    OwnNextHop,
    /// AS_PATH does not begin with the neighbor's AS (RFC 4271, 6.3).
    FirstAs,
    /// AS_PATH is longer than crier takes.
    AsPathTooLong,
    /// AS 0 in a path (RFC 7607).
    AsZero,
    /// A prefix that must not be routed.
    Martian,
    /// A next hop that cannot be one.
    NextHop,
    /// Past the neighbor's limit of prefixes.
    MaxPrefixes,
    /// The table of destinations is full.
    PrefixesFull,
    /// The table of paths is full.
    PathsFull,
    /// The table of attribute sets, or their bytes, is full.
    AttributesFull,
    /// The UPDATE was malformed (RFC 7606).
    Malformed,
    /// Own ORIGINATOR_ID or CLUSTER_LIST entry (RFC 4456, 8).
    ReflectionLoop,
    /// It came from this neighbor.
    SplitHorizon,
    /// From an internal neighbor to an internal neighbor (RFC 4271, 9.2.1).
    InternalToInternal,
    /// NO_EXPORT or NO_EXPORT_SUBCONFED (RFC 1997).
    NoExport,
    /// NO_ADVERTISE (RFC 1997).
    NoAdvertise,
    /// No next hop of this family can be given to the neighbor.
    NoNextHop,
    /// The family was not agreed on.
    Family,
    /// Being drained.
    Drained,
    /// The neighbor is not Established.
    NotEstablished,
    /// It does not fit one message.
    TooLong,
    /// There is no best path.
    NoBestPath,
}

impl Reason {
    /// Every reason, by its number.
    pub const ALL: [Self; 26] = [
        Self::None,
        Self::NoPolicy,
        Self::Policy,
        Self::OwnAs,
        Self::OwnNextHop,
        Self::FirstAs,
        Self::AsPathTooLong,
        Self::AsZero,
        Self::Martian,
        Self::NextHop,
        Self::MaxPrefixes,
        Self::PrefixesFull,
        Self::PathsFull,
        Self::AttributesFull,
        Self::Malformed,
        Self::ReflectionLoop,
        Self::SplitHorizon,
        Self::InternalToInternal,
        Self::NoExport,
        Self::NoAdvertise,
        Self::NoNextHop,
        Self::Family,
        Self::Drained,
        Self::NotEstablished,
        Self::TooLong,
        Self::NoBestPath,
    ];
}

/// A rule's position in the one byte that a path has for it: 0 is none, and 255 stands for all that do not fit.
pub(crate) fn rule_number(position: Option<u16>) -> u8 {
    position.map_or(0, |position| u8::try_from(position.saturating_add(1)).unwrap_or(u8::MAX))
}

/// The position that such a byte stands for; `None` also where it did not fit.
pub(crate) fn rule_position(number: u8) -> Option<u16> {
    u16::from(number).checked_sub(1).filter(|_| number != u8::MAX)
}

/// Which policy and rule decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PolicyDecision {
    /// The policy.
    pub policy: crate::config::PolicyRef,
    /// Position of the rule that decided; `None`: no rule matched, which rejects.
    pub rule: Option<u16>,
}

/// What a neighbor is announced for a destination.
#[derive(Clone, Copy, Debug)]
pub struct AdvertisedView<'a> {
    /// The prefix.
    pub prefix: IpNet,
    /// Whether the neighbor was told of it (the last UPDATE about it announced it).
    pub announced: bool,
    /// Why the present best path is not for this neighbor, or [`Reason::None`].
    pub reason: Reason,
    /// The policy's part in that.
    pub decision: Option<PolicyDecision>,
    /// The neighbor the best path came from; 0 for a route originated here.
    pub source: PeerId,
    /// Attributes as announced, canonical, next hop in front, if any would be.
    pub attrs: Option<(crate::attrs::Key, &'a [u8])>,
}

/// A path that was received and refused.
#[derive(Clone, Copy, Debug)]
pub struct ReceivedView {
    /// The neighbor.
    pub peer: PeerId,
    /// The prefix.
    pub prefix: IpNet,
    /// Its family.
    pub family: Family,
    /// Why it was refused.
    pub reason: Reason,
    /// Position of the rule of the import policy that rejected it; `None`: no rule matched, or it was no rule.
    pub rule: Option<u16>,
}
