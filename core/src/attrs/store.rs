//! Attribute sets, each stored once and counted: the paths of a million prefixes name them by a number.
//!
//! Headers have a fixed size; the byte strings lie one behind another in an arena that is filled upwards. A released
//! string leaves a gap, and a resumable job slides the living ones down. Headers know where their string lies, so
//! sliding tells nobody, and no pattern of sizes can fragment the arena: its whole capacity is always usable.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use super::{AttrsView, Key};
use crate::hash::Hasher;
use crate::rib::index::Index;
use crate::rib::next_hops::{HopId, NextHops};

/// An attribute set's fixed part.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct Header {
    /// Paths and others that hold the set; 0: the header is free.
    refs: u32,
    /// Where the block lies in the arena; of a free header the next free one.
    offset: u32,
    /// Part of the hash: spares most comparisons, and finds the index cell at release.
    hash: [u32; 2],
    /// Its next hop, 0 for none.
    hop: HopId,
    len: u16,
    /// 1 if it counts among the learned sets, 0 if only routes originated here hold it.
    learned: u16,
    key: Key,
}

const _: () = assert!(size_of::<Header>() == 48);

/// In the arena each string follows the number of its set (4 bytes, 0 once released) and its length (2 bytes).
const BLOCK_HEADER: usize = 6;

/// Below this many dead bytes the arena is left alone.
const SLACK: usize = 64 << 10;

/// Number of an attribute set; 0 is none.
pub(crate) type SetId = u32;

/// There is no room for another set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Who a set is stored for: routes originated here have room of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    Learned,
    Local,
}

/// Limits on learned sets and their bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Capacity {
    pub(crate) sets: u32,
    pub(crate) bytes: u32,
}

/// The store.
#[derive(Debug)]
pub(crate) struct AttrStore<'m> {
    headers: &'m mut [Header],
    index: Index<'m>,
    /// Next hops of the sets.
    pub(crate) hops: NextHops<'m>,
    arena: &'m mut [u8],
    hasher: Hasher,
    capacity: Capacity,
    /// First free header, 0 for none; headers from `fresh` on were never used.
    free: u32,
    fresh: u32,
    /// Where the next block goes, and bytes of blocks that are alive.
    end: usize,
    live: usize,
    /// While blocks are slid down: everything below `to` is in place, everything from `from` on is to be looked at.
    sliding: Option<Sliding>,
    /// Learned sets and bytes now, and at most.
    pub(crate) sets: u32,
    pub(crate) bytes: u32,
    pub(crate) sets_high: u32,
    pub(crate) bytes_high: u32,
    /// Learned sets refused for want of a number, and for want of bytes.
    pub(crate) refused_sets: u64,
    pub(crate) refused_bytes: u64,
}

#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
struct Sliding {
    to: usize,
    from: usize,
}

impl<'m> AttrStore<'m> {
    /// Bytes of arena that promise `bytes` of learned strings with their block headers and `local` more: an eighth on top
    /// means that a full arena always has that much to gain from sliding.
    pub(crate) const fn arena_bytes(bytes: u32, local: u32) -> usize {
        let wanted = bytes as usize + local as usize;
        wanted + wanted / 8
    }

    pub(crate) fn new(
        headers: &'m mut [Header],
        cells: &'m mut [u32],
        hops: NextHops<'m>,
        arena: &'m mut [u8],
        capacity: Capacity,
        hasher: Hasher,
    ) -> Self {
        Self {
            headers,
            index: Index::new(cells),
            hops,
            arena,
            hasher,
            capacity,
            free: 0,
            fresh: 1,
            end: 0,
            live: 0,
            sliding: None,
            sets: 0,
            bytes: 0,
            sets_high: 0,
            bytes_high: 0,
            refused_sets: 0,
            refused_bytes: 0,
        }
    }

    /// The key of a set.
    #[inline]
    pub(crate) fn key(&self, id: SetId) -> &Key {
        &self.headers[id as usize].key
    }

    /// The next hop of a set.
    #[inline]
    pub(crate) fn hop(&self, id: SetId) -> HopId {
        self.headers[id as usize].hop
    }

    /// The set itself.
    #[inline]
    pub(crate) fn view(&self, id: SetId) -> AttrsView<'_> {
        let header = &self.headers[id as usize];
        let start = header.offset as usize + BLOCK_HEADER;
        AttrsView { key: &header.key, bytes: &self.arena[start..start + usize::from(header.len)] }
    }

    /// The number of the set with this key and byte string, stored if it is new, with one hold more on it.
    #[inline]
    pub(crate) fn intern(&mut self, key: &Key, bytes: &[u8], owner: Owner) -> Result<SetId, Full> {
        let hash = self.hash(key, bytes);
        let parts = [hash as u32, (hash >> 32) as u32];
        let (headers, arena) = (&self.headers, &self.arena);
        let found = self.index.find(hash, |id| {
            let header = &headers[id as usize];
            let start = header.offset as usize + BLOCK_HEADER;
            header.hash == parts
                && header.key == *key
                && usize::from(header.len) == bytes.len()
                && arena[start..start + bytes.len()] == *bytes
        });
        if let Some(id) = found {
            if owner == Owner::Learned && self.headers[id as usize].learned == 0 {
                self.count_learned(bytes.len())?;
                self.headers[id as usize].learned = 1;
            }
            self.headers[id as usize].refs += 1;
            return Ok(id);
        }
        self.store(key, bytes, hash, owner)
    }

    /// Whether a learned set has this next hop. It walks all sets.
    pub(crate) fn is_learned_next_hop(&self, address: core::net::IpAddr) -> bool {
        let used = self.headers.get(1..self.fresh as usize).unwrap_or(&[]);
        (1..).zip(used).any(|(id, header)| {
            header.refs > 0 && header.learned != 0 && self.view(id).next_hop() == Some(address)
        })
    }

    fn hash(&self, key: &Key, bytes: &[u8]) -> u64 {
        let fixed = self.hasher.bytes(key.as_bytes());
        self.hasher.words(fixed, self.hasher.bytes(bytes))
    }

    fn store(&mut self, key: &Key, bytes: &[u8], hash: u64, owner: Owner) -> Result<SetId, Full> {
        let len = u16::try_from(bytes.len()).map_err(|_| Full)?;
        let id = if self.free != 0 { self.free } else { self.fresh };
        if id as usize >= self.headers.len() {
            self.refused_sets += u64::from(owner == Owner::Learned);
            return Err(Full);
        }
        if !self.make_room(BLOCK_HEADER + bytes.len()) {
            // Routes originated here took more than their reserve.
            self.refused_bytes += u64::from(owner == Owner::Learned);
            return Err(Full);
        }
        if owner == Owner::Learned {
            self.count_learned(bytes.len())?;
        }
        let next_hop = AttrsView { key, bytes }.next_hop();
        let hop = next_hop.map_or(Some(0), |next_hop| self.hops.acquire(next_hop));
        let Some(hop) = hop.filter(|_| self.index.insert(hash, id)) else {
            self.hops.release(hop.unwrap_or(0));
            if owner == Owner::Learned {
                self.uncount_learned(bytes.len());
            }
            return Err(Full);
        };
        if id == self.free {
            self.free = self.headers[id as usize].offset;
        } else {
            self.fresh += 1;
        }
        let offset = self.end;
        self.write_block(offset, id, bytes);
        self.end += BLOCK_HEADER + bytes.len();
        self.live += BLOCK_HEADER + bytes.len();
        self.headers[id as usize] = Header {
            refs: 1,
            offset: offset as u32,
            hash: [hash as u32, (hash >> 32) as u32],
            hop,
            len,
            learned: u16::from(owner == Owner::Learned),
            key: *key,
        };
        Ok(id)
    }

    fn write_block(&mut self, offset: usize, id: SetId, bytes: &[u8]) {
        let block = &mut self.arena[offset..offset + BLOCK_HEADER + bytes.len()];
        block[..4].copy_from_slice(&id.to_le_bytes());
        block[4..6].copy_from_slice(&(bytes.len() as u16).to_le_bytes());
        block[BLOCK_HEADER..].copy_from_slice(bytes);
    }

    fn count_learned(&mut self, len: usize) -> Result<(), Full> {
        let size = (BLOCK_HEADER + len) as u32;
        if self.sets >= self.capacity.sets {
            self.refused_sets += 1;
            return Err(Full);
        }
        if self.capacity.bytes.saturating_sub(self.bytes) < size {
            self.refused_bytes += 1;
            return Err(Full);
        }
        self.sets += 1;
        self.bytes += size;
        self.sets_high = self.sets_high.max(self.sets);
        self.bytes_high = self.bytes_high.max(self.bytes);
        Ok(())
    }

    fn uncount_learned(&mut self, len: usize) {
        self.sets -= 1;
        self.bytes -= (BLOCK_HEADER + len) as u32;
    }

    /// One hold more on a set.
    #[inline]
    pub(crate) fn acquire(&mut self, id: SetId) {
        self.headers[id as usize].refs += 1;
    }

    /// One hold less; the last one frees the set.
    #[inline]
    pub(crate) fn release(&mut self, id: SetId) {
        let header = &mut self.headers[id as usize];
        header.refs -= 1;
        if header.refs == 0 {
            self.free(id);
        }
    }

    fn free(&mut self, id: SetId) {
        let header = self.headers[id as usize];
        let hash = u64::from(header.hash[1]) << 32 | u64::from(header.hash[0]);
        let removed = self.index.remove(hash, id);
        debug_assert!(removed);
        let start = header.offset as usize;
        self.arena[start..start + 4].copy_from_slice(&[0; 4]);
        self.live -= BLOCK_HEADER + usize::from(header.len);
        self.hops.release(header.hop);
        if header.learned != 0 {
            self.uncount_learned(usize::from(header.len));
        }
        self.headers[id as usize] = Header { offset: self.free, ..Header::default() };
        self.free = id;
        if self.live == 0 {
            self.end = 0;
            self.sliding = None;
        }
    }

    /// Whether enough of the arena is dead for [`AttrStore::slide`] to be worth its time.
    pub(crate) fn wants_sliding(&self) -> bool {
        let dead = self.end - self.live;
        // Well before the end is reached, too: so that it is not all slid at once.
        let nearly_full = self.arena.len() - self.end < self.arena.len() / 8 && dead > self.arena.len() / 16;
        self.sliding.is_some() || dead > self.live.max(SLACK) || nearly_full
    }

    /// Slides up to `blocks` living blocks down; true if there is more to do.
    pub(crate) fn slide(&mut self, blocks: u32) -> bool {
        if !self.wants_sliding() {
            return false;
        }
        let mut at = self.sliding.unwrap_or(Sliding { to: 0, from: 0 });
        for _ in 0..blocks {
            if at.from >= self.end {
                self.end = at.to;
                self.sliding = None;
                return false;
            }
            at = self.slide_one(at);
        }
        self.sliding = Some(at);
        true
    }

    fn slide_one(&mut self, at: Sliding) -> Sliding {
        let head = &self.arena[at.from..at.from + BLOCK_HEADER];
        let id = u32::from_le_bytes([head[0], head[1], head[2], head[3]]);
        let size = BLOCK_HEADER + usize::from(u16::from_le_bytes([head[4], head[5]]));
        let from = at.from + size;
        if id == 0 {
            return Sliding { to: at.to, from };
        }
        self.arena.copy_within(at.from..from, at.to);
        self.headers[id as usize].offset = at.to as u32;
        Sliding { to: at.to + size, from }
    }

    /// Whether a block of `size` bytes fits at the end, after sliding everything at once if it must be. That is rare:
    /// by then at least a ninth of the arena is dead, so its cost is spread over as many bytes stored.
    fn make_room(&mut self, size: usize) -> bool {
        if self.arena.len() - self.end >= size {
            return true;
        }
        if self.arena.len() - self.live < size {
            return false;
        }
        let at = self.sliding.take().unwrap_or(Sliding { to: 0, from: 0 });
        self.sliding = Some(at);
        while self.slide(u32::MAX) {}
        if self.arena.len() - self.end < size {
            // What was released below the point where sliding had come to is still in the way.
            self.sliding = Some(Sliding { to: 0, from: 0 });
            while self.slide(u32::MAX) {}
        }
        self.arena.len() - self.end >= size
    }
}

#[cfg(any(test, feature = "check"))]
mod check;
#[cfg(feature = "serde")]
crate::scalars::scalars! {
    /// What is counted, and what is free.
    AttrStoreScalars of (impl AttrStore<'_>),
    keeps {
        free: u32, fresh: u32, end: usize, live: usize, sliding: Option<Sliding>, sets: u32, bytes: u32, sets_high: u32,
        bytes_high: u32, refused_sets: u64, refused_bytes: u64,
    }
    lives_in { headers, index, hops, arena, hasher, capacity }
}

#[cfg(feature = "serde")]
impl AttrStore<'_> {
    /// Every array, as bytes.
    pub(crate) fn arrays(&self) -> [&[u8]; 5] {
        let [hops, cells] = self.hops.arrays();
        [self.headers.as_bytes(), self.index.bytes(), self.arena, hops, cells]
    }

    /// The same, to be filled.
    pub(crate) fn arrays_mut(&mut self) -> [&mut [u8]; 5] {
        let [hops, cells] = self.hops.arrays_mut();
        [self.headers.as_mut_bytes(), self.index.bytes_mut(), self.arena, hops, cells]
    }
}

#[cfg(test)]
mod tests;
