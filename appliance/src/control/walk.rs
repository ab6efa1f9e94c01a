//! A place in the tables of destinations, from which a walk goes on after a pause.

use crier_core::Family;
use crier_core::family::FamilySet;

/// A walk over the slots of one family after the other.
#[derive(Clone, Copy, Debug)]
pub(super) struct Walk {
    families: FamilySet,
    /// Position in [`Family::ALL`].
    family: usize,
    /// The slot that is next; slots count from 1.
    slot: u32,
    /// How much of that slot is done.
    inner: u32,
    /// Whether there is only this slot.
    single: bool,
}

/// What became of a visit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Visit {
    /// The slot is done.
    Done,
    /// The walk pauses, and goes on with this slot, of which so much is done.
    Pause(u32),
}

impl Walk {
    /// Over every slot of these families.
    pub(super) const fn over(families: FamilySet) -> Self {
        Self { families, family: 0, slot: 1, inner: 0, single: false }
    }

    /// Over one slot.
    pub(super) fn only(family: Family, slot: u32) -> Self {
        Self { families: FamilySet::EMPTY.with(family), family: family.index(), slot, inner: 0, single: true }
    }

    /// Visits slots, from 1 to one less than `slots` of the family, while `budget` lasts; each visit takes 1 of it, and may
    /// take more. True at the end of the tables.
    pub(super) fn run(
        &mut self,
        budget: &mut u32,
        slots: impl Fn(Family) -> u32,
        mut visit: impl FnMut(Family, u32, u32, &mut u32) -> Visit,
    ) -> bool {
        while let Some(&family) = Family::ALL.get(self.family) {
            let end = if self.single { self.slot.saturating_add(1) } else { slots(family) };
            while self.families.contains(family) && self.slot < end {
                let Some(left) = budget.checked_sub(1) else { return false };
                *budget = left;
                if let Visit::Pause(inner) = visit(family, self.slot, self.inner, budget) {
                    self.inner = inner;
                    return false;
                }
                self.inner = 0;
                self.slot = self.slot.saturating_add(1);
                if self.single {
                    break;
                }
            }
            if self.single {
                self.family = Family::ALL.len();
            } else {
                self.family += 1;
                self.slot = 1;
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crier_core::Family::{Ipv4Unicast as V4, Ipv6Unicast as V6};

    const BOTH: FamilySet = FamilySet::EMPTY.with(V4).with(V6);

    fn slots(family: Family) -> u32 {
        if family == V4 { 4 } else { 3 }
    }

    #[test]
    fn every_slot_is_visited_once_however_small_the_budget() {
        for budget in 1..7 {
            let (mut walk, mut seen, mut turns) = (Walk::over(BOTH), Vec::new(), 0);
            let visit = |family, slot, _, _: &mut u32| {
                seen.push((family, slot));
                Visit::Done
            };
            let mut visit = visit;
            while !walk.run(&mut budget.clone(), slots, &mut visit) {
                turns += 1;
                assert!(turns < 10);
            }
            assert_eq!(seen, [(V4, 1), (V4, 2), (V4, 3), (V6, 1), (V6, 2)]);
        }
    }

    #[test]
    fn a_pause_goes_on_inside_the_slot() {
        let mut walk = Walk::over(FamilySet::EMPTY.with(V6));
        assert!(!walk.run(&mut 9, slots, |_, slot, _, _| if slot == 2 {
            Visit::Pause(7)
        } else {
            Visit::Done
        }));
        let mut seen = Vec::new();
        assert!(walk.run(&mut 9, slots, |family, slot, inner, _| {
            seen.push((family, slot, inner));
            Visit::Done
        }));
        assert_eq!(seen, [(V6, 2, 7)]);
    }

    #[test]
    fn one_slot_is_one_visit_and_an_end_stays_an_end() {
        let mut walk = Walk::only(V6, 2);
        let mut seen = Vec::new();
        for _ in 0..2 {
            assert!(walk.run(
                &mut 9,
                |_| 0,
                |family, slot, _, _| {
                    seen.push((family, slot));
                    Visit::Done
                }
            ));
        }
        assert_eq!(seen, [(V6, 2)]);
    }

    #[test]
    fn a_table_that_shrinks_ends_the_walk() {
        let mut walk = Walk::over(BOTH);
        assert!(!walk.run(&mut 3, slots, |_, _, _, _| Visit::Done));
        assert!(walk.run(&mut 9, |_| 0, |_, _, _, _| panic!("nothing is left")));
    }
}
