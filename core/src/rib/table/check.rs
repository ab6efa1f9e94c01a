//! Whether a table's counts and chains agree with each other.

extern crate std;

use std::collections::{BTreeMap, BTreeSet};
use std::vec;
use std::vec::Vec;

use super::{FamilyTable, word};
use crate::check::{Checked, agree, ensure};
use crate::decision;
use crate::rib::Shared;
use crate::rib::changes::Marker;
use crate::rib::selection::{is_alive, is_valid};
use crate::rib::stored::StoredFamily;

/// What was counted by walking a whole table.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Paths by neighbor.
    pub(crate) paths: BTreeMap<u16, u32>,
    /// Neighbors with paths that no living session has.
    pub(crate) dead: BTreeSet<u16>,
    /// Destinations that a neighbor was told of.
    pub(crate) told: BTreeMap<u16, u32>,
    /// Consumers that stand at each marker.
    pub(crate) markers: BTreeMap<Marker, u32>,
    /// Destinations with learned paths, with one originated here, and without any.
    kinds: [u32; 3],
}

impl<F: StoredFamily> FamilyTable<'_, F> {
    /// What is in the table. `rows`: neighbors, and the speaker itself.
    pub(crate) fn check(&self, shared: &Shared<'_>, rows: u16) -> Checked<Found> {
        let (listed, markers) = self.changes.check()?;
        let mut found = Found { markers, ..Found::default() };
        let mut seen = vec![false; self.paths.len()];
        for slot in 1..self.slots() {
            agree!(self.is_used(slot), listed[slot as usize], "slot {slot} in the list of changes");
            if self.is_used(slot) {
                self.check_slot(shared, rows, slot, &mut seen, &mut found)?;
            } else {
                ensure!((0..rows).all(|row| !self.advertised.get(row, slot)), "free slot {slot} is held");
            }
        }
        let counts = &self.counts;
        agree!([counts.learned, counts.local, counts.lingering], found.kinds, "learned, local, lingering");
        let paths: u32 = found.paths.iter().filter(|(peer, _)| **peer != 0).map(|(_, count)| count).sum();
        agree!(counts.paths, paths, "learned paths");
        let used = listed.iter().filter(|listed| **listed).count();
        ensure!(used <= self.capacity.slots() as usize, "more destinations than slots");
        self.index.check(used)?;
        self.check_free(used, &seen)?;
        Ok(found)
    }

    /// One destination: it is found, who was told of it is counted, and its best path stands first.
    fn check_slot(
        &self,
        shared: &Shared<'_>,
        rows: u16,
        slot: u32,
        seen: &mut [bool],
        found: &mut Found,
    ) -> Checked {
        agree!(Some(slot), self.find(self.net(slot)), "the slot of a prefix");
        let word = self.changes.node(slot).word;
        let holders: Vec<u16> = (0..rows).filter(|&row| self.advertised.get(row, slot)).collect();
        agree!(word / word::HOLDER, holders.len() as u32, "holders of slot {slot}");
        for row in holders {
            *found.told.entry(row).or_default() += 1;
        }
        let mut chain = Vec::new();
        for path in self.chain(slot) {
            ensure!(!core::mem::replace(&mut seen[path as usize], true), "path {path} is in two chains");
            let stored = self.path(path);
            *found.paths.entry(stored.peer).or_default() += 1;
            if !is_alive(stored, shared.facts) {
                found.dead.insert(stored.peer);
            }
            chain.push(path);
        }
        let has_local = chain.iter().any(|&path| self.path(path).peer == 0);
        agree!(word & word::LOCAL != 0, has_local, "an own path of slot {slot}");
        agree!(word & word::LINGERING != 0, chain.is_empty(), "no path of slot {slot}");
        ensure!(!chain.is_empty() || word >= word::HOLDER, "slot {slot} lingers for nobody");
        let has_learned = chain.len() > usize::from(has_local);
        for (kind, counts) in found.kinds.iter_mut().zip([has_learned, has_local, chain.is_empty()]) {
            *kind += u32::from(counts);
        }
        // Where a session has just died, or a next hop changed, the best is found when the job comes by.
        let settled = shared.attrs.hops.is_settled();
        if settled && chain.iter().all(|&path| is_valid(self.path(path), shared)) {
            let best = decision::select(|| self.candidates(shared, slot));
            agree!(chain.first().copied(), best, "the best path of slot {slot}");
        }
        Ok(())
    }

    /// Everything that was ever used is in use or free, once.
    fn check_free(&self, used: usize, paths: &[bool]) -> Checked {
        let (mut slot, mut last, mut free) = (self.free.0, 0, 0);
        while slot != 0 {
            ensure!(!self.is_used(slot), "slot {slot} is free and used");
            (last, slot, free) = (slot, self.head(slot), free + 1);
            ensure!(free < self.fresh, "the free slots end in a ring");
        }
        agree!(self.free.1, last, "the end of the free slots");
        agree!(self.fresh as usize - 1, free as usize + used, "free and used slots");
        let (mut path, mut free) = (self.free_path, 0);
        while path != 0 {
            ensure!(!paths[path as usize], "path {path} is free and used");
            (path, free) = (self.paths[path as usize].next, free + 1);
            ensure!(free < self.fresh_path, "the free paths end in a ring");
        }
        let used = paths.iter().filter(|used| **used).count();
        agree!(self.fresh_path as usize - 1, free as usize + used, "free and used paths");
        Ok(())
    }
}
