//! `crier status`.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use super::Word;
use crate::control::confinement::ConfinementRow;

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
    /// What the process gave up; null where it was not asked to.
    pub confinement: Option<ConfinementRow>,
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
    /// Routes of an earlier process with another table, protocol or metric, which go when that is over.
    pub former: u32,
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
