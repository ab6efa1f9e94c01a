//! Events on their way to whoever reads them: a ring that drops the oldest and says how many.

use crate::event::{Event, EventKind};

/// A ring over a borrowed array.
#[derive(Debug)]
pub(crate) struct EventRing<'m> {
    slots: &'m mut [Event],
    first: usize,
    len: usize,
    high_water: usize,
    lost: u64,
    /// Lost ones that the reader has not been told of.
    untold: u32,
}

impl<'m> EventRing<'m> {
    pub(crate) fn new(slots: &'m mut [Event]) -> Self {
        Self { slots, first: 0, len: 0, high_water: 0, lost: 0, untold: 0 }
    }

    pub(crate) fn push(&mut self, event: Event) {
        let capacity = self.slots.len();
        if self.len == capacity {
            self.lost += 1;
            self.untold = self.untold.saturating_add(1);
            if capacity == 0 {
                return;
            }
            self.first = (self.first + 1) % capacity;
            self.len -= 1;
        }
        self.slots[(self.first + self.len) % capacity] = event;
        self.len += 1;
        self.high_water = self.high_water.max(self.len);
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        if self.untold > 0 {
            let count = core::mem::take(&mut self.untold);
            let at = self.slots.get(self.first).map_or_else(Default::default, |event| event.at);
            return Some(Event { at, kind: EventKind::Lost(count), ..Event::default() });
        }
        if self.len == 0 {
            return None;
        }
        let event = core::mem::take(&mut self.slots[self.first]);
        self.first = (self.first + 1) % self.slots.len();
        self.len -= 1;
        Some(event)
    }

    /// Whether there is nothing to pop.
    pub(crate) fn is_empty(&self) -> bool {
        self.len == 0 && self.untold == 0
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn high_water(&self) -> usize {
        self.high_water
    }

    pub(crate) fn lost(&self) -> u64 {
        self.lost
    }

    pub(crate) fn capacity(&self) -> usize {
        self.slots.len()
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val::<[_]>(&*self.slots)
    }
}

#[cfg(feature = "serde")]
crate::scalars::scalars! {
    /// How many events wait, without their words.
    EventRingScalars of (impl EventRing<'_>),
    keeps { first: usize, len: usize, high_water: usize, lost: u64, untold: u32 }
    lives_in { slots }
}

#[cfg(feature = "serde")]
impl EventRing<'_> {
    /// Whether what was set from outside is possible.
    pub(crate) fn is_sound(&self) -> bool {
        self.len <= self.slots.len() && self.first < self.slots.len().max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Instant;

    #[test]
    fn the_oldest_are_dropped_and_counted() {
        let mut slots =
            [const { Event { at: Instant::EPOCH, remote: None, peer: None, kind: EventKind::None } }; 3];
        let mut ring = EventRing::new(&mut slots);
        for at in 1..=5 {
            ring.push(Event { at: Instant::from_millis(at), ..Event::default() });
        }
        assert!(matches!(ring.pop().map(|event| event.kind), Some(EventKind::Lost(2))));
        for at in 3..=5 {
            assert_eq!(ring.pop().map(|event| event.at.as_millis()), Some(at));
        }
        assert!(ring.pop().is_none());
        assert_eq!((ring.lost(), ring.high_water()), (2, 3));
    }
}
