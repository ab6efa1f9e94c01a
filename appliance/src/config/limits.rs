//! `[limits]`: sizes of the tables.

use std::ops::RangeInclusive;

use crier_core::Limits;

use super::reader::{At, Place, Section, Value};
use super::scalar;

/// Most neighbors: the core numbers them with 15 bits.
const MAX_PEERS: u16 = 32_767;

/// Most sets of attributes: like prefixes they are found through an index whose slot numbers take 22 bits.
const MAX_ATTRIBUTE_SETS: u32 = 4_000_000;

/// At least the attributes of one message.
const ATTRIBUTE_BYTES: RangeInclusive<u32> = 4096..=Limits::MAX_ATTRIBUTE_BYTES;

const POLICY_BYTES: RangeInclusive<u32> = 1024..=(64 << 20);

/// `[limits]`, and where those stand that other tables are compared with.
#[derive(Debug)]
pub(super) struct LimitsRead {
    pub(super) limits: Limits,
    pub(super) instances: u16,
    pub(super) prefault: bool,
    pub(super) peers_at: Option<Place>,
    pub(super) connections_at: Option<Place>,
    pub(super) policy_bytes_at: Option<Place>,
}

/// Room that connections have beyond one for each neighbor, by default.
const SPARE_CONNECTIONS: u16 = 80;

pub(super) fn read_limits(root: &mut Section<'_, '_>) -> LimitsRead {
    let default = Limits::default();
    let mut read = LimitsRead {
        limits: default,
        instances: 4,
        prefault: false,
        peers_at: None,
        connections_at: None,
        policy_bytes_at: None,
    };
    let Some(mut section) = root.get("limits").as_ref().and_then(Value::table) else { return read };
    let placed = |value: Value<'_, '_>, most: u16| Some(value.at(value.integer(1..=most)?));
    let peers = section.get("peers").and_then(|value| placed(value, MAX_PEERS));
    let connections = section.get("connections").and_then(|value| placed(value, u16::MAX));
    let prefixes = section.get("prefixes").and_then(|value| value.integer(1..=Limits::MAX_PREFIXES));
    let paths = section.get("paths").and_then(|value| value.integer(1..=Limits::MAX_PATHS));
    let sets = section.get("attribute-sets").and_then(|value| value.integer(1..=MAX_ATTRIBUTE_SETS));
    let bytes = section.get("attribute-bytes").and_then(|value| scalar::size(&value, ATTRIBUTE_BYTES));
    let policy =
        section.get("policy-bytes").and_then(|value| Some(value.at(scalar::size(&value, POLICY_BYTES)?)));
    let value_of = |found: &Option<At<u16>>, default| found.as_ref().map_or(default, |at| at.value);
    let peers_limit = value_of(&peers, default.peers);
    let prefixes = prefixes.unwrap_or(default.prefixes);
    read.limits = Limits {
        peers: peers_limit,
        // What is not set grows with what is, so that a larger table is not held back by another's small default.
        connections: value_of(
            &connections,
            default.connections.max(peers_limit.saturating_add(SPARE_CONNECTIONS)),
        ),
        prefixes,
        paths: paths.unwrap_or(default.paths.max(prefixes)),
        attribute_sets: sets.unwrap_or(default.attribute_sets),
        attribute_bytes: bytes.unwrap_or(default.attribute_bytes),
        policy_bytes: policy.as_ref().map_or(default.policy_bytes, |at| at.value),
    };
    read.peers_at = peers.map(|at| at.place);
    read.policy_bytes_at = policy.map(|at| at.place);
    read.connections_at = connections.map(|at| at.place);
    read.instances =
        section.get("instances").and_then(|value| value.integer(1..=64)).unwrap_or(read.instances);
    read.prefault = section.get("prefault").and_then(|value| value.boolean()).unwrap_or(false);
    section.finish();
    read
}
