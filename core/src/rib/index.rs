//! From a hash to the number of an entry in some table: open addressing, Robin Hood order.
//!
//! A cell is 32 bits: the entry's number (22), the cell's distance from its home (6) and four bits of the hash as a tag.
//! Because the distance is stored, deletion shifts cells back without looking at any entry, every probe is bounded, and
//! an all-zero array is an empty index. The entries themselves live elsewhere; callers compare them.

const NUMBER_BITS: u32 = 22;
const DISTANCE_SHIFT: u32 = NUMBER_BITS;
const TAG_SHIFT: u32 = 28;
const MAX_DISTANCE: u32 = 63;

/// Largest entry number that an index can hold.
pub(crate) const MAX_NUMBER: u32 = (1 << NUMBER_BITS) - 1;

/// Cells for `entries` entries: a load of at most 0.8, and never full.
pub(crate) const fn cells(entries: u32) -> u32 {
    entries + entries / 4 + 16
}

/// An index over a borrowed array of cells.
#[derive(Debug)]
pub(crate) struct Index<'m> {
    cells: &'m mut [u32],
}

const fn number(cell: u32) -> u32 {
    cell & MAX_NUMBER
}

const fn distance(cell: u32) -> u32 {
    cell >> DISTANCE_SHIFT & MAX_DISTANCE
}

/// One step farther from home, or nearer.
const ONE_FARTHER: u32 = 1 << DISTANCE_SHIFT;

impl<'m> Index<'m> {
    pub(crate) fn new(cells: &'m mut [u32]) -> Self {
        Self { cells }
    }

    #[inline]
    fn home(&self, hash: u64) -> usize {
        // The high half picks the place, scaled to the array instead of masked: any size will do.
        (((hash >> 32) * self.cells.len() as u64) >> 32) as usize
    }

    #[inline]
    fn after(&self, place: usize) -> usize {
        if place + 1 == self.cells.len() { 0 } else { place + 1 }
    }

    /// A cell with this hash's tag and distance, without a number.
    #[inline]
    const fn probe(hash: u64, distance: u32) -> u32 {
        (hash as u32 & 0xF) << TAG_SHIFT | distance << DISTANCE_SHIFT
    }

    /// The place of the entry with this hash for which `same` holds.
    #[inline]
    fn place(&self, hash: u64, mut same: impl FnMut(u32) -> bool) -> Option<usize> {
        let mut place = self.home(hash);
        for away in 0..=MAX_DISTANCE {
            let cell = self.cells[place];
            if cell == 0 || distance(cell) < away {
                return None;
            }
            if cell & !MAX_NUMBER == Self::probe(hash, away) && same(number(cell)) {
                return Some(place);
            }
            place = self.after(place);
        }
        None
    }

    /// The entry with this hash for which `same` holds.
    #[inline]
    pub(crate) fn find(&self, hash: u64, same: impl FnMut(u32) -> bool) -> Option<u32> {
        self.place(hash, same).map(|place| number(self.cells[place]))
    }

    /// Adds an entry that is not there. False, with nothing changed, if some cell would come to lie too far from home.
    pub(crate) fn insert(&mut self, hash: u64, entry: u32) -> bool {
        debug_assert!(entry != 0 && entry <= MAX_NUMBER);
        let mut place = self.home(hash);
        let mut away = 0;
        while self.cells[place] != 0 && distance(self.cells[place]) >= away {
            place = self.after(place);
            away += 1;
            if away > MAX_DISTANCE {
                return false;
            }
        }
        // Everything from here to the next empty cell moves one farther; first see that it may.
        let mut end = place;
        while self.cells[end] != 0 {
            if distance(self.cells[end]) == MAX_DISTANCE {
                return false;
            }
            end = self.after(end);
        }
        let mut carried = Self::probe(hash, away) | entry;
        loop {
            let displaced = core::mem::replace(&mut self.cells[place], carried);
            if displaced == 0 {
                return true;
            }
            carried = displaced + ONE_FARTHER;
            place = self.after(place);
        }
    }

    /// Removes the entry `entry` with this hash; false if it is not there.
    pub(crate) fn remove(&mut self, hash: u64, entry: u32) -> bool {
        let Some(mut place) = self.place(hash, |candidate| candidate == entry) else { return false };
        loop {
            let next = self.after(place);
            let cell = self.cells[next];
            if cell == 0 || distance(cell) == 0 {
                self.cells[place] = 0;
                return true;
            }
            self.cells[place] = cell - ONE_FARTHER;
            place = next;
        }
    }
}

#[cfg(any(test, feature = "check"))]
mod check;
#[cfg(feature = "serde")]
impl Index<'_> {
    /// The array, as bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        zerocopy::IntoBytes::as_bytes(&*self.cells)
    }

    /// The same, to be filled.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        zerocopy::IntoBytes::as_mut_bytes(&mut *self.cells)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::hash::Hasher;
    use std::collections::BTreeMap;
    use std::vec;

    /// Random inserts and removals against a map, at full load.
    #[test]
    fn agrees_with_a_map() {
        const ENTRIES: u32 = 500;
        let mut memory = vec![0; cells(ENTRIES) as usize];
        let mut index = Index::new(&mut memory);
        let hasher = Hasher::new(3);
        let mut model = BTreeMap::new();
        let mut free: std::vec::Vec<u32> = (1..=ENTRIES).collect();
        let mut state = 88_172_645_463_325_252u64;
        for _ in 0..200_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            let key = state % 900;
            let hash = hasher.words(key, 0);
            let found = index.find(hash, |entry| model.get(&key) == Some(&entry));
            assert_eq!(found, model.get(&key).copied());
            match found {
                Some(entry) => {
                    assert!(index.remove(hash, entry));
                    assert!(!index.remove(hash, entry));
                    model.remove(&key);
                    free.push(entry);
                }
                None => {
                    if let Some(entry) = free.pop() {
                        assert!(index.insert(hash, entry));
                        model.insert(key, entry);
                    }
                }
            }
        }
        assert!(model.len() > 300);
    }

    /// Entries that all share a home fill 64 cells; the next is refused and nothing is lost.
    #[test]
    fn refuses_what_lies_too_far() {
        let mut memory = [0; 200];
        let mut index = Index::new(&mut memory);
        for entry in 1..=64 {
            assert!(index.insert(5 << 32, entry));
        }
        assert!(!index.insert(5 << 32, 65));
        for entry in 1..=64 {
            assert_eq!(index.find(5 << 32, |e| e == entry), Some(entry));
        }
        assert!(index.remove(5 << 32, 1));
        assert!(index.insert(5 << 32, 65));
    }
}
