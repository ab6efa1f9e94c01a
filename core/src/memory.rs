//! The one function of the limits: what lies where in a speaker's memory, and how many bytes that takes.

use zerocopy::{FromBytes, IntoBytes, KnownLayout};

use crate::attrs::store::{AttrStore, Capacity as SetCapacity, Header};
use crate::decision::PeerFacts;
use crate::family::{V4, V6};
use crate::hash::Hasher;
use crate::limits::{Limits, Table};
use crate::rib::advertised::Advertised;
use crate::rib::capacity::Capacity;
use crate::rib::changes::{Changes, Node};
use crate::rib::next_hops::{NextHop, NextHops};
use crate::rib::refused::{Record, RefusedPaths};
use crate::rib::stored::StoredFamily;
use crate::rib::table::{Arrays, FamilyTable, Path};
use crate::rib::{Rib, Shared, index};

/// Routes that may be originated here, for each family, besides the learned ones.
pub(crate) const LOCAL_ROUTES: u32 = 1024;
/// Bytes of attributes reserved for each of them.
const LOCAL_ATTRIBUTE_BYTES: u32 = 64;
/// Bytes of an unfinished message carried for each connection (RFC 4271, 4.1).
pub(crate) const CARRY: usize = 4096;
/// The same with extended messages (RFC 8654), for the few that may have them at a time.
pub(crate) const LARGE_CARRY: usize = 65_536;
/// How many may.
pub(crate) const LARGE_CARRIES: u16 = 16;
/// Destinations that are sorted together where changes come in an order that packs badly.
pub(crate) const WINDOW: usize = 4096;
/// Room to build one attribute set in.
pub(crate) const SCRATCH: usize = 65_536;
/// Such rooms: as received, after import, and two for export.
const SCRATCHES: usize = 4;
/// Every array begins on a cache line.
const LINE: usize = 64;

/// Working space that nothing outlives.
#[derive(Debug)]
pub(crate) struct Scratch<'m> {
    pub(crate) parsed: &'m mut [u8],
    pub(crate) imported: &'m mut [u8],
    pub(crate) edited: &'m mut [u8],
    pub(crate) encoded: &'m mut [u8],
    pub(crate) window: &'m mut [u64],
}

/// A region, laid out.
#[derive(Debug)]
pub(crate) struct Laid<'m> {
    pub(crate) rib: Rib<'m>,
    pub(crate) policies: [&'m mut [u8]; 2],
    pub(crate) carries: &'m mut [u8],
    pub(crate) large_carries: &'m mut [u8],
    pub(crate) scratch: Scratch<'m>,
}

/// Numbers of entries that follow from the limits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sizes {
    limits: Limits,
    family: Capacity,
}

const fn lines(bytes: usize) -> usize {
    bytes.div_ceil(LINE) * LINE
}

const fn array<T>(count: usize) -> u64 {
    lines(count * size_of::<T>()) as u64
}

impl Sizes {
    pub(crate) const fn of(limits: &Limits) -> Self {
        let family = Capacity { prefixes: limits.prefixes, paths: limits.paths, local: LOCAL_ROUTES };
        Self { limits: *limits, family }
    }

    /// Slots of each family.
    pub(crate) const fn slots(&self) -> u32 {
        self.family.slots()
    }

    /// Neighbors, and the speaker itself, which stands for the kernel.
    const fn rows(&self) -> usize {
        self.limits.peers as usize + 1
    }

    const fn nodes(&self) -> usize {
        Changes::nodes(self.family.slots(), self.limits.peers as u32) as usize
    }

    const fn cells(&self) -> usize {
        index::cells(self.family.slots()) as usize
    }

    const fn paths(&self) -> usize {
        (self.limits.paths + LOCAL_ROUTES) as usize + 1
    }

    /// A row for each of those, and one for what has changed for the kernel.
    const fn advertised(&self) -> usize {
        Advertised::stride(self.family.slots() + 1) * (self.rows() + 1)
    }

    const fn sets(&self) -> u32 {
        self.limits.attribute_sets + 2 * LOCAL_ROUTES
    }

    const fn arena(&self) -> usize {
        AttrStore::arena_bytes(self.limits.attribute_bytes, 2 * LOCAL_ROUTES * LOCAL_ATTRIBUTE_BYTES)
    }

    /// Records of refused paths: an eighth of the paths, so that a wrong policy shows in full on a usual table.
    pub(crate) const fn refused(&self) -> u32 {
        let eighth = self.limits.paths / 8;
        if eighth < 1024 { 1024 } else { eighth }
    }

    const fn large_carries(&self) -> usize {
        let most = self.limits.connections;
        LARGE_CARRY * (if most < LARGE_CARRIES { most } else { LARGE_CARRIES }) as usize
    }

    const fn prefix_bytes(&self, addr: usize) -> u64 {
        let slots = self.family.slots() as usize + 1;
        (lines(slots * addr) as u64) + array::<Node>(self.nodes()) + array::<u32>(self.cells())
    }

    /// Entries and bytes of a table that lies in the region.
    pub(crate) const fn table(&self, table: Table) -> (u64, u64) {
        use crate::family::Family::{Ipv4Unicast, Ipv6Unicast};
        let limits = &self.limits;
        match table {
            Table::Prefixes(Ipv4Unicast) => (limits.prefixes as u64, self.prefix_bytes(4)),
            Table::Prefixes(Ipv6Unicast) => (limits.prefixes as u64, self.prefix_bytes(16)),
            Table::Lingering(_) => (self.family.lingering() as u64, 0),
            Table::LocalRoutes => (2 * LOCAL_ROUTES as u64, 0),
            Table::Paths(_) => (limits.paths as u64, array::<Path>(self.paths())),
            Table::AttributeSets => {
                let cells = array::<u32>(index::cells(self.sets()) as usize);
                let entries = self.sets() as usize + 1;
                let bytes = array::<Header>(entries) + array::<NextHop>(entries) + 2 * cells;
                (limits.attribute_sets as u64, bytes)
            }
            Table::AttributeBytes => (limits.attribute_bytes as u64, lines(self.arena()) as u64),
            Table::RefusedPaths => {
                let cells = array::<u32>(index::cells(self.refused()) as usize);
                (self.refused() as u64, array::<Record>(self.refused() as usize + 1) + cells)
            }
            Table::Advertised => {
                let bits = self.family.slots() as u64 * limits.peers as u64;
                (2 * bits, 2 * array::<u64>(self.advertised()))
            }
            Table::PolicyBytes => {
                (limits.policy_bytes as u64, 2 * lines(limits.policy_bytes as usize) as u64)
            }
            Table::Buffers => {
                let carries = lines(limits.connections as usize * CARRY) + lines(self.large_carries());
                let scratch = SCRATCHES * lines(SCRATCH) + lines(WINDOW * 8);
                (limits.connections as u64, (carries + scratch) as u64)
            }
            Table::Peers => (limits.peers as u64, array::<PeerFacts>(self.rows())),
            Table::Connections => (limits.connections as u64, 0),
            Table::Events => (0, 0),
        }
    }

    /// Bytes of the region.
    pub(crate) fn region(&self) -> u64 {
        Table::ALL.into_iter().map(|table| self.table(table).1).sum()
    }

    /// Lays a region out. `None` if it is too small or not aligned.
    pub(crate) fn lay<'m>(&self, region: &'m mut [u8], hasher: Hasher) -> Option<Laid<'m>> {
        let mut rest = region;
        let rest = &mut rest;
        let limits = &self.limits;
        let capacity = SetCapacity { sets: limits.attribute_sets, bytes: limits.attribute_bytes };
        let hops = NextHops::new(
            carve(rest, self.sets() as usize + 1)?,
            carve(rest, index::cells(self.sets()) as usize)?,
            hasher,
        );
        let attrs = AttrStore::new(
            carve(rest, self.sets() as usize + 1)?,
            carve(rest, index::cells(self.sets()) as usize)?,
            hops,
            carve(rest, self.arena())?,
            capacity,
            hasher,
        );
        let facts = carve(rest, self.rows())?;
        let v4 = FamilyTable::<V4>::new(self.family_arrays(rest)?, self.family, hasher);
        let v6 = FamilyTable::<V6>::new(self.family_arrays(rest)?, self.family, hasher);
        let refused = RefusedPaths::new(
            carve(rest, self.refused() as usize + 1)?,
            carve(rest, index::cells(self.refused()) as usize)?,
            hasher,
        );
        Some(Laid {
            rib: Rib { shared: Shared { attrs, facts }, v4, v6, refused },
            policies: [
                carve(rest, limits.policy_bytes as usize)?,
                carve(rest, limits.policy_bytes as usize)?,
            ],
            carries: carve(rest, usize::from(limits.connections) * CARRY)?,
            large_carries: carve(rest, self.large_carries())?,
            scratch: Scratch {
                parsed: carve(rest, SCRATCH)?,
                imported: carve(rest, SCRATCH)?,
                edited: carve(rest, SCRATCH)?,
                encoded: carve(rest, SCRATCH)?,
                window: carve(rest, WINDOW)?,
            },
        })
    }

    fn family_arrays<'m, F: StoredFamily>(&self, rest: &mut &'m mut [u8]) -> Option<Arrays<'m, F>> {
        Some(Arrays {
            addrs: carve(rest, self.family.slots() as usize + 1)?,
            nodes: carve(rest, self.nodes())?,
            cells: carve(rest, self.cells())?,
            paths: carve(rest, self.paths())?,
            advertised: carve(rest, self.advertised())?,
        })
    }
}

/// Takes an array of `count` entries off the front of the region.
fn carve<'m, T: FromBytes + IntoBytes + KnownLayout>(
    rest: &mut &'m mut [u8],
    count: usize,
) -> Option<&'m mut [T]> {
    let (taken, after) = core::mem::take(rest).split_at_mut_checked(lines(count * size_of::<T>()))?;
    *rest = after;
    <[T]>::mut_from_prefix_with_elems(taken, count).ok().map(|(array, _)| array)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec;

    /// The plan and the layout are one: the region that the plan names suffices, and a line less does not.
    #[test]
    fn the_plan_is_exact() {
        for limits in
            [Limits::default(), Limits { peers: 1, connections: 1, prefixes: 1, ..Limits::default() }]
        {
            let sizes = Sizes::of(&limits);
            let bytes = sizes.region() as usize;
            let mut memory = vec![[0u64; 8]; bytes / LINE];
            assert!(sizes.lay(memory.as_mut_bytes(), Hasher::new(1)).is_some());
            let short = &mut memory.as_mut_bytes()[..bytes - LINE];
            assert!(sizes.lay(short, Hasher::new(1)).is_none());
        }
    }
}
