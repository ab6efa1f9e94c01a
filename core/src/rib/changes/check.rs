//! Whether the links of the list contradict each other.

extern crate std;

use std::collections::{BTreeMap, BTreeSet};
use std::vec;
use std::vec::Vec;

use super::{Changes, Marker};
use crate::check::{Checked, agree, ensure};

impl Changes<'_> {
    /// Which destinations are in the list, and how many consumers stand at each marker.
    pub(crate) fn check(&self) -> Checked<(Vec<bool>, BTreeMap<Marker, u32>)> {
        let (mut listed, mut markers) = (vec![false; self.slots as usize + 1], BTreeMap::new());
        let (mut before, mut node) = (0, self.nodes[0].next);
        while node != 0 {
            agree!(self.nodes[node as usize].prev, before, "the node before {node} in the list of changes");
            let new = if self.is_marker(node) {
                let consumers = self.nodes[node as usize].head;
                ensure!(consumers > 0, "marker {node} is in the list for nobody");
                markers.insert(node, consumers).is_none()
            } else {
                !core::mem::replace(&mut listed[node as usize], true)
            };
            ensure!(new, "node {node} is twice in the list of changes");
            (before, node) = (node, self.nodes[node as usize].next);
        }
        agree!(self.nodes[0].prev, before, "the tail of the list of changes");
        let (mut marker, mut free) = (self.free_marker, BTreeSet::new());
        while marker != 0 {
            ensure!(!markers.contains_key(&marker), "marker {marker} is free and in the list");
            ensure!(free.insert(marker), "the free markers end in a ring at {marker}");
            marker = self.nodes[marker as usize].next;
        }
        agree!(
            (self.fresh_marker - self.slots) as usize,
            free.len() + markers.len(),
            "free and used markers"
        );
        Ok((listed, markers))
    }
}
