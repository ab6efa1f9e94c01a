//! What the kernel has for each destination, by the slot that the speaker has it in.

use crier_core::Family;

use super::sets::SetId;

/// How it stands with a destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    /// The kernel has been told everything.
    #[default]
    Idle,
    /// It has been told something and has not answered.
    InFlight,
    /// It refused; it is told again after a while.
    Refused,
    /// Its answer was lost: a dump will tell whether the route is there.
    Unsure,
    /// There are as many routes as there may be.
    NoRoom,
    /// The host has a route of its own for the prefix, which is used instead.
    Taken,
    /// The route is to go, together with others that lead to the same neighbor, which has died.
    Going,
}

/// One destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    /// Where the kernel's route leads, as far as known; 0: there is none.
    pub(super) set: SetId,
    /// The dump that the route was seen in last, or since which it was made.
    pub(super) seen: u16,
    pub(super) stage: Stage,
    /// Why it was refused: the number of the error.
    pub(super) errno: u8,
    /// It has changed while a request was under way.
    pub(super) again: bool,
    /// The request under way is for a route where there was none: it counts among those that there may be.
    pub(super) arriving: bool,
    pub(super) doubt: Doubt,
}

/// How sure it is that the kernel has, or has not, the route of a destination.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Quite.
    #[default]
    None,
    /// Something says that it has gone: the kernel of its own accord, which may be late, or a dump of IPv6 routes, which leaves some
    /// out when others change meanwhile. The next dump decides.
    Gone,
    /// It was taken for gone, and is asked for anew. Should that be refused because one is there, it is still ours.
    PutBack,
    /// So it was. Should it be taken for gone again, what is there is somebody else's.
    StillThere,
    /// It is there and leads somewhere that cannot be said in next hops: somebody has changed it. It is asked for anew.
    Changed,
}

/// All of them, and which are to be looked at once more.
#[derive(Debug)]
pub(super) struct Cells {
    families: [Vec<Cell>; 2],
    marked: [Vec<u64>; 2],
    /// Marked ones, and where the search for the next goes on.
    count: [u32; 2],
    cursor: [u32; 2],
}

impl Cells {
    /// Cells for so many slots of each family. Memory becomes resident when it is used.
    pub(super) fn new(slots: u32) -> Self {
        let cells = || vec![Cell::default(); slots as usize];
        let marks = || vec![0; (slots as usize).div_ceil(64)];
        Self { families: [cells(), cells()], marked: [marks(), marks()], count: [0; 2], cursor: [0; 2] }
    }

    /// Bytes that [`Cells::new`] allocates for so many slots.
    pub(super) fn bytes(slots: u32) -> u64 {
        let (cells, marks) = (size_of::<Cell>() as u64, size_of::<u64>() as u64);
        2 * (u64::from(slots) * cells + u64::from(slots).div_ceil(64) * marks)
    }

    pub(super) fn get(&self, family: Family, slot: u32) -> Cell {
        self.families[family.index()].get(slot as usize).copied().unwrap_or_default()
    }

    /// The cell to be changed; `None` for a slot that there is not.
    pub(super) fn get_mut(&mut self, family: Family, slot: u32) -> Option<&mut Cell> {
        self.families[family.index()].get_mut(slot as usize)
    }

    /// Slots of each family.
    pub(super) fn len(&self) -> u32 {
        self.families[0].len() as u32
    }

    /// Notes that a destination is to be looked at once more.
    pub(super) fn mark(&mut self, family: Family, slot: u32) {
        let at = family.index();
        if let Some(word) = self.marked[at].get_mut(slot as usize / 64) {
            self.count[at] += u32::from(*word >> (slot % 64) & 1 == 0);
            *word |= 1 << (slot % 64);
        }
    }

    /// Notes every destination whose cell is such.
    pub(super) fn mark_where(&mut self, such: impl Fn(Cell) -> bool) {
        for family in Family::ALL {
            for slot in 0..self.len() {
                if such(self.get(family, slot)) {
                    self.mark(family, slot);
                }
            }
        }
    }

    /// All of them.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Cell> {
        self.families.iter().flatten()
    }

    /// Changes those that are such.
    pub(super) fn change_where(&mut self, such: impl Fn(&Cell) -> bool, change: impl Fn(&mut Cell)) {
        self.families.iter_mut().flatten().filter(|cell| such(cell)).for_each(change);
    }

    /// One that was noted.
    pub(super) fn next_marked(&mut self, family: Family) -> Option<u32> {
        let at = family.index();
        while self.count[at] > 0 {
            let place = self.cursor[at] as usize;
            let Some(word) = self.marked[at].get_mut(place) else {
                self.cursor[at] = 0;
                continue;
            };
            if *word == 0 {
                self.cursor[at] += 1;
                continue;
            }
            let bit = word.trailing_zeros();
            *word &= *word - 1;
            self.count[at] -= 1;
            return Some(self.cursor[at] * 64 + bit);
        }
        None
    }

    /// Whether there is one.
    pub(super) fn has_marked(&self) -> bool {
        self.count != [0; 2]
    }
}
