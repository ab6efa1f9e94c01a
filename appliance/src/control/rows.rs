//! Rows of answers. Order and names of the keys are what users script against: they only grow, at the end.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::authentication::AuthenticationRow;

/// Text that is constant in the daemon and owned in a client.
pub type Word = Cow<'static, str>;

/// A neighbor.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeerRow {
    /// Its address.
    pub address: IpAddr,
    /// Port dialled; null for an accepted session.
    pub port: Option<u16>,
    /// Own AS number.
    pub local_asn: u32,
    /// Its AS number, as it said or as configured.
    pub remote_asn: Option<u32>,
    /// Its peer group.
    pub group: Option<String>,
    /// Accepted from a dynamic range.
    pub dynamic: bool,
    /// State of its session.
    pub state: Word,
    /// Seconds since it is Established, else 0.
    pub uptime_s: u64,
    /// Its BGP identifier while Established.
    pub router_id: Option<Ipv4Addr>,
    /// Families agreed on, while Established.
    pub families: Vec<FamilyRow>,
    /// The last NOTIFICATION either way.
    pub last_error: Option<ErrorRow>,
    /// Times an Established session ended.
    pub flaps: u32,
    /// Own address of the session.
    pub local_address: Option<IpAddr>,
    /// The BGP instance.
    pub instance: String,
    /// What the configuration says about it.
    pub description: String,
    /// `up`, `down`, `drain` or `limit`.
    pub admin: Word,
    /// Why it is held down although no operator shut it down: its key is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<String>,
}

/// Prefixes of one family.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FamilyRow {
    /// Its name.
    pub family: Word,
    /// Prefixes announced by the neighbor and not withdrawn.
    pub received: u32,
    /// Of those, accepted.
    pub accepted: u32,
    /// Prefixes announced to the neighbor and not withdrawn.
    pub advertised: u32,
    /// Present, and false, where refused prefixes had no room to be known one by one.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub received_exact: bool,
}

/// A NOTIFICATION.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorRow {
    /// Error code.
    pub code: u8,
    /// Error subcode.
    pub subcode: u8,
    /// In words, with the shutdown communication; escaped.
    pub text: String,
    /// `sent` or `received`.
    pub direction: Word,
    /// Seconds ago.
    pub age_s: u64,
}

/// Everything about one neighbor: the keys of [`PeerRow`], then these.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SessionRow {
    /// What `crier peers` shows.
    #[serde(flatten)]
    pub peer: PeerRow,
    /// A dead session's paths are still being removed.
    pub purging: bool,
    /// Paths were refused for want of room and not asked for again yet.
    pub incomplete: bool,
    /// Seconds since a dynamic neighbor's session closed.
    pub closed_s: Option<u64>,
    /// What is configured.
    pub configured: Option<ConfiguredRow>,
    /// What was agreed, while Established.
    pub negotiated: Option<NegotiatedRow>,
    /// Capabilities offered to it.
    pub capabilities_sent: Vec<String>,
    /// Capabilities it offered, while Established.
    pub capabilities_received: Vec<String>,
    /// Families whose End-of-RIB arrived.
    pub end_of_rib_received: Vec<Word>,
    /// Families whose End-of-RIB was sent.
    pub end_of_rib_sent: Vec<Word>,
    /// Data of the last NOTIFICATION, as hexadecimal digits.
    pub last_error_data: Option<String>,
    /// Messages received.
    pub received: MessagesRow,
    /// Messages sent.
    pub sent: MessagesRow,
    /// UPDATEs that counted as withdrawals because of a fault (RFC 7606).
    pub treated_as_withdraw: u64,
    /// Attributes discarded because of a fault (RFC 7606).
    pub attributes_discarded: u64,
    /// Connection attempts that failed.
    pub connect_failures: u64,
    /// Paths refused for want of room.
    pub refused_full: u64,
    /// How its segments are signed; null where they are not.
    pub authentication: Option<AuthenticationRow>,
    /// What the kernel's counters of dropped segments suggest, while the session is not Established.
    pub suspicion: Option<String>,
}

/// A neighbor's settings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConfiguredRow {
    /// A number, `external`, `internal` or `any`.
    pub remote_asn: String,
    /// Families offered.
    pub families: Vec<Word>,
    /// Hold time offered, in seconds.
    pub hold_s: u16,
    /// Keepalive interval, in seconds.
    pub keepalive_s: u16,
    /// Time between attempts to connect, in seconds.
    pub connect_retry_s: u16,
    /// Send hold time, in seconds (RFC 9687).
    pub send_hold_s: u16,
    /// Import policy; null where none is configured.
    pub import: Option<String>,
    /// Export policy; null where none is configured.
    pub export: Option<String>,
    /// Limit of accepted prefixes for each family.
    pub max_prefixes: u32,
    /// What happens past it.
    pub max_prefixes_action: Word,
    /// Never dialled.
    pub passive: bool,
    /// Own address is announced as next hop.
    pub next_hop_self: bool,
    /// It may ask for packets to be dropped (RFC 7999).
    pub blackhole: bool,
    /// `default`, `multihop N` or `security N`.
    pub ttl: String,
}

/// What two speakers agreed on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NegotiatedRow {
    /// Hold time, in seconds; 0: none.
    pub hold_s: u16,
    /// Keepalive interval, in seconds.
    pub keepalive_s: u16,
    /// Families.
    pub families: Vec<Word>,
    /// Four-octet AS numbers (RFC 6793).
    pub four_octet_as: bool,
    /// Route refresh (RFC 2918).
    pub route_refresh: bool,
    /// IPv6 next hops for IPv4 prefixes (RFC 8950).
    pub extended_next_hop: bool,
    /// Extended messages (RFC 8654).
    pub extended_messages: bool,
    /// Its restart time in seconds, where it can restart gracefully (RFC 4724).
    pub graceful_restart_s: Option<u16>,
}

/// Messages one way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessagesRow {
    /// OPEN.
    pub open: u64,
    /// UPDATE.
    pub update: u64,
    /// NOTIFICATION.
    pub notification: u64,
    /// KEEPALIVE.
    pub keepalive: u64,
    /// ROUTE-REFRESH.
    pub route_refresh: u64,
    /// Bytes of all.
    pub bytes: u64,
}

/// A path. Every form of `crier routes` has these keys. Of a refused path only neighbor, prefix and reason are kept: what
/// else it had is null there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteRow {
    /// The prefix.
    pub prefix: IpNet,
    /// Its family.
    pub family: Word,
    /// The next hop; 0.0.0.0 or :: for a route originated here without one.
    pub next_hop: Option<IpAddr>,
    /// The neighbor it came from, null for what is originated here; in `advertised`, the neighbor it was announced to.
    pub peer: Option<IpAddr>,
    /// It is the best path.
    pub best: bool,
    /// It forwards.
    pub multipath: bool,
    /// It takes part in the decision.
    pub valid: bool,
    /// It is kept over a restart of its neighbor.
    pub stale: bool,
    /// `igp`, `egp` or `incomplete`.
    pub origin: Option<Word>,
    /// AS numbers joined by a space, a set as `{1,2}`.
    pub as_path: Option<String>,
    /// LOCAL_PREF as used: 100 where there is none.
    pub local_pref: Option<u32>,
    /// MULTI_EXIT_DISC.
    pub med: Option<u32>,
    /// Communities.
    pub communities: Vec<Word>,
    /// Large communities.
    pub large_communities: Vec<String>,
    /// Seconds since it arrived.
    pub age_s: Option<u64>,
    /// The kernel has it.
    pub installed: bool,
    /// The BGP instance.
    pub instance: String,
    /// It forwards by dropping: its neighbor has asked for that (RFC 7999).
    pub blackhole: bool,
    /// Why it was refused, or `unreachable` for one that was accepted; null for any other.
    pub reason: Option<Word>,
}

/// A step of `crier why`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "about", rename_all = "kebab-case")]
pub enum WhyRow {
    /// A path that takes part, and the step of the decision that chose or beat it.
    Path {
        /// The path.
        #[serde(flatten)]
        route: Box<RouteRow>,
        /// The step's code.
        step: Word,
        /// The step in words.
        why: String,
    },
    /// A path that was refused.
    Refused {
        /// The prefix.
        prefix: IpNet,
        /// The neighbor.
        peer: Option<IpAddr>,
        /// The code.
        reason: Option<Word>,
        /// In words.
        why: String,
    },
    /// Whether the kernel has a route.
    Kernel {
        /// The prefix.
        prefix: IpNet,
        /// It has one, as far as known.
        installed: bool,
        /// The table that crier's routes are in.
        table: u32,
        /// The protocol that they are marked with.
        protocol: u8,
        /// Their metric.
        metric: u32,
        /// Where the route leads.
        next_hops: Vec<HopRow>,
        /// It drops packets, and has no next hops.
        blackhole: bool,
        /// The next-hop object or group that it names; null where it names its next hops itself.
        next_hop_id: Option<u32>,
        /// Why it is not there as wanted: `refused`, `no-room`, `taken`, `asked`, `install`, `starting`, `local`,
        /// `pending`, `no-best-path` or `unreachable`; null if it is.
        reason: Option<Word>,
        /// In words.
        why: String,
    },
    /// What a neighbor is told of the best path.
    Announcement {
        /// The prefix.
        prefix: IpNet,
        /// The neighbor.
        peer: IpAddr,
        /// Whether it has been told.
        announced: bool,
        /// Why it is not to be told.
        reason: Option<Word>,
        /// The export policy that decided.
        policy: Option<String>,
        /// The rule of it, from 1; null: no rule matched.
        rule: Option<u32>,
        /// In words.
        why: String,
    },
}

/// A next hop of a kernel's route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HopRow {
    /// The router; null where the destination is on the link.
    pub gateway: Option<IpAddr>,
    /// The interface's name, or its number where it is gone.
    pub interface: Word,
}

impl std::fmt::Display for HopRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.gateway {
            Some(gateway) => write!(f, "via {gateway} on {}", self.interface),
            None => write!(f, "on {}", self.interface),
        }
    }
}

/// A policy in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PolicyRow {
    /// Its name; null for what holds where none is configured.
    pub name: Option<String>,
    /// Its rules, in their order.
    pub rules: Vec<String>,
    /// Neighbors whose announcements it decides.
    pub import: Vec<IpAddr>,
    /// Neighbors for which it decides what they are told.
    pub export: Vec<IpAddr>,
    /// The BGP instance.
    pub instance: String,
}

/// `crier status`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StatusRow {
    /// The daemon's version.
    pub version: Word,
    /// Seconds since it started.
    pub uptime_s: u64,
    /// Resident memory, in bytes; null where the system does not tell.
    pub rss_bytes: Option<u64>,
    /// Tables.
    pub limits: Vec<LimitRow>,
    /// Incoming connections that were turned away since the start, by why; only reasons that there were.
    #[serde(default)]
    pub turned_away: BTreeMap<Word, u64>,
    /// BGP instances.
    pub instances: Vec<InstanceRow>,
    /// Where routes come from that are originated here.
    pub sources: Vec<SourceRow>,
    /// The bridge to the kernel's routes; null without `[kernel]`.
    pub kernel: Option<KernelRow>,
}

/// The bridge to the kernel's routes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KernelRow {
    /// Routes are installed.
    pub install: bool,
    /// The table they go into.
    pub table: u32,
    /// The protocol they are marked with.
    pub protocol: u8,
    /// Their metric.
    pub metric: u32,
    /// Most of them.
    pub max_routes: u32,
    /// First number of next-hop objects; 0: there are none.
    pub next_hop_ids: u32,
    /// Routes that are installed.
    pub routes: u32,
    /// Those that the kernel refused and that are tried again.
    pub refused: u32,
    /// Those past `max-routes`.
    pub no_room: u32,
    /// Routes of an earlier process that nobody has wanted as yet.
    pub adopted: u32,
    /// Routes with our table, protocol and metric that are somebody else's.
    pub others: u32,
    /// Requests made.
    pub requests: u64,
    /// Of those, refused.
    pub refusals: u64,
    /// The last error of those, in words.
    pub last_error: Option<String>,
    /// Times that the kernel's tables were read and compared.
    pub surveys: u64,
    /// Routes that had vanished and were put back.
    pub put_back: u64,
    /// Times that the kernel lost what it had to say.
    pub overruns: u64,
    /// Routes of others, interfaces and next hops for which there was no room.
    pub lost: u64,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitRow {
    /// Its name.
    pub table: Word,
    /// Entries in use.
    pub used: u64,
    /// Most entries ever in use.
    pub high_water: u64,
    /// Entries there are.
    pub capacity: u64,
    /// Bytes reserved.
    pub bytes: u64,
    /// Entries refused for want of room.
    pub refused: u64,
}

/// A BGP instance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceRow {
    /// Its name.
    pub name: String,
    /// Own AS number.
    pub asn: u32,
    /// BGP identifier.
    pub router_id: Ipv4Addr,
    /// Neighbors.
    pub peers: u32,
    /// Of those, Established.
    pub established: u32,
    /// It is being drained.
    pub draining: bool,
}

/// A source of what is originated here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceRow {
    /// `config`, `control` or, with `[kernel]`, `kernel`.
    pub name: Word,
    /// Routes it wants originated; of the kernel's, those that pass their policies.
    pub routes: u32,
    /// Seconds since it last changed.
    pub age_s: u64,
    /// Routes of it that were refused.
    pub refused: u32,
    /// Whether it survives a restart of the daemon.
    pub kept: bool,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventRow {
    /// When, as RFC 3339 has it.
    pub time: String,
    /// Its number; a gap means that events were lost.
    pub number: u64,
    /// `info` or `warn`.
    pub level: Word,
    /// What, as a code.
    pub event: Word,
    /// The neighbor.
    pub peer: Option<IpAddr>,
    /// In words.
    pub text: String,
    /// The BGP instance.
    pub instance: String,
}

/// What a command did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MessageRow {
    /// In words.
    pub message: String,
}

/// The last line of an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// All rows were sent, or what was asked is done.
    Done(bool),
    /// It was refused or failed, and what to do.
    Error(String),
}

const fn yes() -> bool {
    true
}

const fn is_true(value: &bool) -> bool {
    *value
}
