//! What the bridge's memory comes to: everything that it ever allocates, it does when it is opened.

use std::collections::HashMap;

use crier_core::Limits;
use ipnet::IpNet;

use super::Settings;
use super::bridge::{About, FOREIGN, HOPS, INTERFACES, Left, NEXT_HOPS, Plain, SETS, UNDER_WAY};
use super::cells::Cells;
use super::down::Down;
use super::resolve::Ways;
use super::sets::{HopId, HopSlot, MOST_HOPS, SetId, SetSlot};
use super::socket::BATCH;
use crate::netlink::{DATAGRAM, Hop};

/// A part of the bridge's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// What it is called beside the core's tables.
    pub name: &'static str,
    /// Entries there are.
    pub capacity: u64,
    /// Bytes reserved.
    pub bytes: u64,
}

/// Name of the part that holds routes.
pub const ROUTES: &str = "kernel-routes";
const NEXT_HOP_SETS: &str = "kernel-next-hops";
const OTHERS: &str = "kernel-others";
const BUFFERS: &str = "kernel-buffers";

/// What [`Kernel::open`](super::Kernel::open) allocates, part by part: routes with what may be taken over of them; next hops and
/// their sets; routes of others and interfaces; buffers.
pub fn plan(settings: &Settings, limits: &Limits) -> [Share; 4] {
    let adopted = map_bytes::<IpNet, Left>(settings.max_routes.into());
    let (others, followed) = Ways::bytes(FOREIGN, INTERFACES, NEXT_HOPS, limits.peers.into());
    let down = Down::bytes(limits.peers.into()) as u64;
    let requests = UNDER_WAY * size_of::<(u32, About)>();
    [
        Share {
            name: ROUTES,
            capacity: settings.max_routes.into(),
            bytes: Cells::bytes(limits.slots() + 1) + adopted,
        },
        Share { name: NEXT_HOP_SETS, capacity: HOPS.into(), bytes: sets() + followed + down },
        Share { name: OTHERS, capacity: (FOREIGN + INTERFACES) as u64, bytes: others },
        Share { name: BUFFERS, capacity: UNDER_WAY as u64, bytes: (BATCH + DATAGRAM + requests) as u64 },
    ]
}

/// Bytes of all of them together.
pub fn bytes(settings: &Settings, limits: &Limits) -> u64 {
    plan(settings, limits).iter().map(|share| share.bytes).sum()
}

/// Bytes of next hops and of sets of them, of which number 0 is none.
fn sets() -> u64 {
    let (hops, sets) = (usize::from(HOPS), SETS as usize + 1);
    let slots = hops * size_of::<HopSlot>() + sets * size_of::<SetSlot>();
    let members = sets * MOST_HOPS * size_of::<HopId>();
    (slots + members) as u64 + map_bytes::<Hop, HopId>(HOPS.into()) + map_bytes::<u64, SetId>(SETS.into())
}

/// A hash map for so many entries at most that never allocates again. It has room for twice as many: where removals have left
/// their traces it tidies up in its place only while half of its room is free, and grows otherwise.
pub(super) fn map<K, V>(entries: usize) -> HashMap<K, V, Plain> {
    HashMap::with_capacity_and_hasher(2 * entries, Plain::default())
}

/// Bytes that [`map`] allocates: in the standard library's hash map a power of two of places, of which an eighth stays empty, a byte
/// for each beside it, and as many bytes more as are compared at once.
pub(super) fn map_bytes<K, V>(entries: u64) -> u64 {
    const GROUP: u64 = if cfg!(target_feature = "sse2") { 16 } else { 8 };
    let places = match 2 * entries {
        0 => return 0,
        1..4 => 4,
        4..8 => 8,
        8..15 => 16,
        room => (room * 8 / 7).next_power_of_two(),
    };
    (places * size_of::<(K, V)>() as u64).next_multiple_of(GROUP) + places + GROUP
}
