//! Whether a table's counts and chains agree with each other: what random tests ask after every step.

extern crate std;

use std::collections::BTreeMap;
use std::vec;
use std::vec::Vec;

use super::{FamilyTable, word};
use crate::decision;
use crate::rib::Shared;
use crate::rib::changes::Marker;
use crate::rib::selection::is_valid;
use crate::rib::stored::StoredFamily;

/// What was counted by walking a whole table.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Paths by neighbor.
    pub(crate) paths: BTreeMap<u16, u32>,
    /// Destinations that a neighbor was told of.
    pub(crate) told: BTreeMap<u16, u32>,
    /// Consumers that stand at each marker.
    pub(crate) markers: BTreeMap<Marker, u32>,
}

impl<F: StoredFamily> FamilyTable<'_, F> {
    /// Panics where the table contradicts itself; else tells what is in it. `rows`: neighbors, and the speaker itself.
    pub(crate) fn check(&self, shared: &Shared<'_>, rows: u16) -> Found {
        let mut found = Found::default();
        let (mut learned, mut local, mut lingering) = (0, 0, 0);
        let (order, markers) = self.changes.check();
        found.markers = markers;
        let mut seen = vec![false; self.paths.len()];
        for slot in 1..self.slots() {
            assert_eq!(self.is_used(slot), order.contains(&slot), "slot {slot} and the list");
            if !self.is_used(slot) {
                assert!((0..rows).all(|row| !self.advertised.get(row, slot)), "free slot {slot} is held");
                continue;
            }
            assert_eq!(self.find(self.net(slot)), Some(slot));
            let word = self.changes.node(slot).word;
            let holders: Vec<u16> = (0..rows).filter(|&row| self.advertised.get(row, slot)).collect();
            assert_eq!(holders.len() as u32, word / word::HOLDER, "holders of slot {slot}");
            for row in holders {
                *found.told.entry(row).or_default() += 1;
            }
            let chain: Vec<u32> = self.chain(slot).collect();
            for &path in &chain {
                assert!(!core::mem::replace(&mut seen[path as usize], true), "path {path} is in two chains");
                *found.paths.entry(self.path(path).peer).or_default() += 1;
            }
            let has_local = chain.iter().any(|&path| self.path(path).peer == 0);
            assert_eq!(has_local, word & word::LOCAL != 0);
            assert_eq!(chain.is_empty(), word & word::LINGERING != 0);
            assert!(!chain.is_empty() || word >= word::HOLDER, "slot {slot} lingers for nobody");
            lingering += u32::from(chain.is_empty());
            local += u32::from(has_local);
            learned += u32::from(!chain.is_empty() && !has_local);
            // Where a session has just died, the best is found at the next touch.
            if chain.iter().all(|&path| is_valid(self.path(path), shared.facts)) && !chain.is_empty() {
                let best = decision::select(|| self.candidates(shared, slot));
                assert_eq!(best, Some(chain[0]), "the best path of slot {slot} stands first");
            }
        }
        assert_eq!((self.counts.learned, self.counts.local), (learned, local));
        assert_eq!(self.counts.lingering, lingering);
        let paths: u32 = found.paths.iter().filter(|(peer, _)| **peer != 0).map(|(_, count)| count).sum();
        assert_eq!(self.counts.paths, paths);
        self.check_free(order.len(), &seen);
        found
    }

    /// Everything that was ever used is in use or free, once.
    fn check_free(&self, used: usize, paths: &[bool]) {
        let (mut slot, mut last, mut free) = (self.free.0, 0, 0);
        while slot != 0 {
            assert!(!self.is_used(slot));
            (last, slot, free) = (slot, self.head(slot), free + 1);
        }
        assert_eq!(last, self.free.1, "the end of the free slots");
        assert_eq!(free + used, self.fresh as usize - 1, "free and used slots");
        let (mut path, mut free) = (self.free_path, 0);
        while path != 0 {
            assert!(!paths[path as usize], "path {path} is free and used");
            (path, free) = (self.paths[path as usize].next, free + 1);
        }
        let used = paths.iter().filter(|used| **used).count();
        assert_eq!(free + used, self.fresh_path as usize - 1, "free and used paths");
    }
}
