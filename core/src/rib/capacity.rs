//! How much one family's table may hold, and how much it holds.

/// Sizes and use of one family's tables.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Counts {
    /// Destinations with learned paths, whether there is one originated here besides or not.
    pub(crate) learned: u32,
    pub(crate) learned_high: u32,
    /// Destinations with a path originated here, likewise.
    pub(crate) local: u32,
    pub(crate) local_high: u32,
    pub(crate) lingering: u32,
    pub(crate) lingering_high: u32,
    /// Learned paths.
    pub(crate) paths: u32,
    pub(crate) paths_high: u32,
    pub(crate) refused_prefixes: u64,
    pub(crate) refused_paths: u64,
}

/// Limits of one family.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    pub(crate) prefixes: u32,
    pub(crate) paths: u32,
    pub(crate) local: u32,
}

impl Capacity {
    /// Withdrawn destinations that may wait for neighbors to hear of it.
    pub(crate) const fn lingering(self) -> u32 {
        self.prefixes.div_ceil(4)
    }

    /// Slots in all.
    pub(crate) const fn slots(self) -> u32 {
        self.prefixes + self.lingering() + self.local
    }
}
