//! Neighbors, and everything about one.

use std::net::{IpAddr, Ipv4Addr};

use serde::{Deserialize, Serialize};

use super::Word;
use crate::control::authentication::AuthenticationRow;

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

const fn yes() -> bool {
    true
}

const fn is_true(value: &bool) -> bool {
    *value
}
