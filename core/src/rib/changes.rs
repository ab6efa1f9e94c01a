//! The order of changes: one list of a family's destinations, by the last change of their best path.
//!
//! A change moves its destination to the tail. A consumer (a neighbor's Adj-RIB-Out) stands at a *marker*, a node of the
//! same list: everything behind the marker has changed since the consumer was last there. Consumers at the same place
//! share one marker and are counted in it, so that two hundred neighbors that have caught up cost one node to step over.
//! Markers never point at destinations; a destination may be moved or freed without telling anybody.
//!
//! Node 0 closes the ring: its `next` is the oldest change, its `prev` the tail. Zeroed memory is an empty list.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// A destination or a marker. Destinations have the numbers `1..=slots`, markers those above.
#[derive(Clone, Copy, Debug, Default, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct Node {
    prev: u32,
    next: u32,
    /// A destination's first path; a marker's count of consumers.
    pub(crate) head: u32,
    /// A destination's bits (see `rib::table`).
    pub(crate) word: u32,
}

/// The list over a borrowed array of nodes.
#[derive(Debug)]
pub(crate) struct Changes<'m> {
    nodes: &'m mut [Node],
    /// Destinations have numbers up to this.
    slots: u32,
    /// First unused marker in a chain through `next`, 0 for none.
    free_marker: u32,
    /// Markers above this were never used.
    fresh_marker: u32,
}

/// Where a consumer stands. 0: it is no consumer.
pub(crate) type Marker = u32;

impl<'m> Changes<'m> {
    /// Nodes needed for `slots` destinations and `consumers` consumers: each may need a marker of its own, and one more
    /// is taken before the former one is given back.
    pub(crate) const fn nodes(slots: u32, consumers: u32) -> u32 {
        1 + slots + consumers + 1
    }

    pub(crate) fn new(nodes: &'m mut [Node], slots: u32) -> Self {
        Self { nodes, slots, free_marker: 0, fresh_marker: slots }
    }

    /// The destination's node.
    #[inline]
    pub(crate) fn node(&self, slot: u32) -> &Node {
        &self.nodes[slot as usize]
    }

    /// The destination's node, to change its own fields.
    #[inline]
    pub(crate) fn node_mut(&mut self, slot: u32) -> &mut Node {
        &mut self.nodes[slot as usize]
    }

    /// Whether this is the number of a marker.
    #[inline]
    const fn is_marker(&self, node: u32) -> bool {
        node > self.slots
    }

    fn insert_before(&mut self, node: u32, next: u32) {
        let prev = self.nodes[next as usize].prev;
        let links = &mut self.nodes[node as usize];
        links.prev = prev;
        links.next = next;
        self.nodes[prev as usize].next = node;
        self.nodes[next as usize].prev = node;
    }

    /// Takes a node out of the list.
    pub(crate) fn unlink(&mut self, node: u32) {
        let Node { prev, next, .. } = self.nodes[node as usize];
        self.nodes[prev as usize].next = next;
        self.nodes[next as usize].prev = prev;
        let links = &mut self.nodes[node as usize];
        links.prev = 0;
        links.next = 0;
    }

    /// Puts a destination that is not in the list at its tail.
    pub(crate) fn append(&mut self, slot: u32) {
        self.insert_before(slot, 0);
    }

    /// Moves a destination to the tail: its best path changed.
    #[inline]
    pub(crate) fn touch(&mut self, slot: u32) {
        // Only the very last node may stay: where a marker follows, that consumer has passed the destination.
        if self.nodes[0].prev != slot && !(mutant!(TailSkipped) && self.next_changed(slot) == 0) {
            self.unlink(slot);
            self.append(slot);
        }
    }

    /// A marker before `next` with one consumer more: the one that stands there, or a new one.
    fn stand_before(&mut self, next: u32) -> Marker {
        for neighbor in [self.nodes[next as usize].prev, next] {
            if self.is_marker(neighbor) {
                self.nodes[neighbor as usize].head += 1;
                return neighbor;
            }
        }
        let marker = if self.free_marker != 0 {
            let marker = self.free_marker;
            self.free_marker = self.nodes[marker as usize].next;
            marker
        } else {
            self.fresh_marker += 1;
            self.fresh_marker
        };
        self.nodes[marker as usize].head = 1;
        self.insert_before(marker, next);
        marker
    }

    /// A new consumer, to which everything is news.
    pub(crate) fn join_at_head(&mut self) -> Marker {
        let first = self.nodes[0].next;
        self.stand_before(first)
    }

    /// A consumer leaves its place.
    pub(crate) fn leave(&mut self, marker: Marker) {
        if marker == 0 {
            return;
        }
        let node = &mut self.nodes[marker as usize];
        node.head -= 1;
        if node.head == 0 {
            self.unlink(marker);
            self.nodes[marker as usize].next = self.free_marker;
            self.free_marker = marker;
        }
    }

    /// Moves a consumer to just before `next`, which is 0 for the tail.
    pub(crate) fn advance(&mut self, marker: &mut Marker, next: u32) {
        let to = self.stand_before(next);
        self.leave(*marker);
        *marker = to;
    }

    /// Whether nothing has changed since the consumer at `marker` was here. Two markers are never neighbours for long,
    /// but a loop costs nothing.
    #[inline]
    pub(crate) fn at_tail(&self, marker: Marker) -> bool {
        self.next_changed(marker) == 0
    }

    /// The first destination behind a marker or destination, 0 at the tail.
    #[inline]
    pub(crate) fn next_changed(&self, node: u32) -> u32 {
        let mut next = self.nodes[node as usize].next;
        while self.is_marker(next) {
            next = self.nodes[next as usize].next;
        }
        next
    }

    /// The marker that is farthest behind, 0 if there is none.
    pub(crate) fn oldest_marker(&self) -> Marker {
        let mut node = self.nodes[0].next;
        while node != 0 && !self.is_marker(node) {
            node = self.nodes[node as usize].next;
        }
        node
    }
}

#[cfg(any(test, feature = "check"))]
mod check;
#[cfg(feature = "serde")]
impl Changes<'_> {
    /// The array, as bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        zerocopy::IntoBytes::as_bytes(&*self.nodes)
    }

    /// The same, to be filled.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        zerocopy::IntoBytes::as_mut_bytes(&mut *self.nodes)
    }
}

#[cfg(feature = "serde")]
crate::scalars::scalars! {
    /// Which markers are free.
    ChangesScalars of (impl Changes<'_>),
    keeps { free_marker: u32, fresh_marker: u32 }
    lives_in { nodes, slots }
}

#[cfg(test)]
mod tests;
