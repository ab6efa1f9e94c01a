//! Limits: how large every table is, and what that costs.

/// Sizes of the speaker's tables; see `crier check` for what they cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Limits {
    /// Neighbors, configured and dynamic.
    pub peers: u16,
    /// Connections, those without a neighbor yet included.
    pub connections: u16,
    /// Learned destinations for each family, those that are originated here too among them, at most
    /// [`Limits::MAX_PREFIXES`].
    pub prefixes: u32,
    /// Learned paths for each family.
    pub paths: u32,
    /// Distinct attribute sets of learned paths.
    pub attribute_sets: u32,
    /// Bytes of attributes of learned paths.
    pub attribute_bytes: u32,
    /// Bytes of one compiled configuration of policies; there are two, live and next.
    pub policy_bytes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            peers: 320,
            connections: 400,
            prefixes: 20_000,
            paths: 80_000,
            attribute_sets: 10_000,
            attribute_bytes: 2 << 20,
            policy_bytes: 256 << 10,
        }
    }
}

impl Limits {
    /// Most prefixes for each family: slot numbers take 22 bits of the index.
    pub const MAX_PREFIXES: u32 = 3_000_000;
    /// Most paths for each family.
    pub const MAX_PATHS: u32 = 30_000_000;
    /// Most bytes of attributes: offsets into them take 32 bits.
    pub const MAX_ATTRIBUTE_BYTES: u32 = 3 << 30;
    /// Most routes originated here, for each family: a reserve that learned routes cannot take.
    pub const LOCAL_ROUTES: u32 = crate::memory::LOCAL_ROUTES;

    /// Slots of each family's table: learned destinations, those that linger, and those originated here.
    pub const fn slots(&self) -> u32 {
        crate::memory::Sizes::of(self).slots()
    }

    /// Bytes of the region that a speaker of this size lives in ([`Memory::region`](crate::speaker::Memory)).
    pub fn region_bytes(&self) -> u64 {
        crate::memory::Sizes::of(self).region()
    }

    /// The plan: every table with its entries and its bytes, the latter with `events` entries for events.
    pub fn plan(&self, events: usize) -> impl Iterator<Item = TableUse> {
        let sizes = crate::memory::Sizes::of(self);
        let (peers, connections) = (usize::from(self.peers) + 1, usize::from(self.connections));
        Table::ALL.into_iter().map(move |table| {
            let (capacity, bytes) = sizes.table(table);
            let (capacity, bytes) = match table {
                Table::Peers => (capacity, bytes + (peers * size_of::<crate::speaker::PeerSlot>()) as u64),
                Table::Connections => {
                    (capacity, bytes + (connections * size_of::<crate::speaker::ConnSlot>()) as u64)
                }
                Table::Events => (events as u64, (events * size_of::<crate::Event>()) as u64),
                _ => (capacity, bytes),
            };
            TableUse { table, used: 0, high_water: 0, capacity, bytes, refused: 0 }
        })
    }
}

/// A table with a capacity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Table {
    /// Neighbors.
    Peers,
    /// Connections.
    Connections,
    /// Destinations of a family.
    Prefixes(crate::Family),
    /// Withdrawn destinations of a family that some neighbor has yet to hear of.
    Lingering(crate::Family),
    /// Paths of a family.
    Paths(crate::Family),
    /// Attribute sets.
    AttributeSets,
    /// Bytes of attribute sets.
    AttributeBytes,
    /// Records of refused paths.
    RefusedPaths,
    /// Bytes of compiled policies.
    PolicyBytes,
    /// Routes originated here.
    LocalRoutes,
    /// Bits of what was advertised.
    Advertised,
    /// Carried, unfinished messages.
    Buffers,
    /// Events not read yet.
    Events,
}

impl Table {
    /// Every table, in the order in which a plan lists them.
    pub const ALL: [Self; 16] = {
        use crate::Family::{Ipv4Unicast, Ipv6Unicast};
        [
            Self::Peers,
            Self::Connections,
            Self::Prefixes(Ipv4Unicast),
            Self::Prefixes(Ipv6Unicast),
            Self::Lingering(Ipv4Unicast),
            Self::Lingering(Ipv6Unicast),
            Self::Paths(Ipv4Unicast),
            Self::Paths(Ipv6Unicast),
            Self::AttributeSets,
            Self::AttributeBytes,
            Self::RefusedPaths,
            Self::LocalRoutes,
            Self::Advertised,
            Self::PolicyBytes,
            Self::Buffers,
            Self::Events,
        ]
    };

    /// The table's name in output.
    pub const fn name(self) -> &'static str {
        use crate::Family::{Ipv4Unicast, Ipv6Unicast};
        match self {
            Self::Peers => "peers",
            Self::Connections => "connections",
            Self::Prefixes(Ipv4Unicast) => "prefixes",
            Self::Prefixes(Ipv6Unicast) => "prefixes-ipv6",
            Self::Lingering(Ipv4Unicast) => "lingering",
            Self::Lingering(Ipv6Unicast) => "lingering-ipv6",
            Self::Paths(Ipv4Unicast) => "paths",
            Self::Paths(Ipv6Unicast) => "paths-ipv6",
            Self::AttributeSets => "attribute-sets",
            Self::AttributeBytes => "attribute-bytes",
            Self::RefusedPaths => "refused-paths",
            Self::PolicyBytes => "policy-bytes",
            Self::LocalRoutes => "local-routes",
            Self::Advertised => "advertised",
            Self::Buffers => "buffers",
            Self::Events => "events",
        }
    }
}

/// Use of one table: a row of the plan and of `crier status`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableUse {
    /// Which table.
    pub table: Table,
    /// Entries in use now.
    pub used: u64,
    /// Most entries ever in use.
    pub high_water: u64,
    /// Entries there are.
    pub capacity: u64,
    /// Bytes reserved for it.
    pub bytes: u64,
    /// Entries refused for want of room.
    pub refused: u64,
}
