//! Draws from one stream of numbers: everything by chance in a plan comes from here.

use crier_core::rng::Rng;

use crate::sim::Micros;

/// A stream of draws. No fractions: chances are in percent.
#[derive(Clone, Debug)]
pub struct Draw {
    rng: Rng,
}

impl Draw {
    /// The stream that belongs to `seed` and `purpose`; streams of different purposes have nothing to do with each
    /// other.
    pub const fn new(seed: u64, purpose: u64) -> Self {
        let mut purposes = Rng::new(purpose);
        Self { rng: Rng::new(seed ^ purposes.next_u64()) }
    }

    /// A number from `least` to `most`, both possible.
    pub const fn between(&mut self, least: u64, most: u64) -> u64 {
        least.saturating_add(self.rng.up_to(most.saturating_sub(least)))
    }

    /// A position in something that has `len` of them; 0 if that is none.
    pub const fn index(&mut self, len: usize) -> usize {
        self.rng.up_to((len as u64).saturating_sub(1)) as usize
    }

    /// Whether something happens that happens in so many of a hundred cases.
    pub const fn chance(&mut self, percent: u64) -> bool {
        self.rng.up_to(99) < percent
    }

    /// One of several.
    pub fn one<T: Copy, const N: usize>(&mut self, of: [T; N]) -> T {
        const { assert!(N > 0) };
        of[self.index(N)]
    }

    /// One of what is there, if anything is.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.index(of.len()))
    }

    /// A time between two others, on the microsecond.
    pub const fn time(&mut self, least: Micros, most: Micros) -> Micros {
        Micros(self.between(least.0, most.0))
    }

    /// Puts things into an order by chance.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            things.swap(last, self.index(last + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_hangs_on_seed_and_purpose() {
        let numbers = |seed, purpose| {
            let mut draw = Draw::new(seed, purpose);
            [(); 8].map(|()| draw.between(0, u64::MAX))
        };
        assert_eq!(numbers(1, 2), numbers(1, 2));
        assert_ne!(numbers(1, 2), numbers(2, 2));
        assert_ne!(numbers(1, 2), numbers(1, 3));
        assert_ne!(numbers(1, 2), numbers(2, 1));
    }

    #[test]
    fn draws_stay_in_their_range_and_reach_its_ends() {
        let mut draw = Draw::new(3, 0);
        let drawn: Vec<u64> = (0..200).map(|_| draw.between(5, 8)).collect();
        assert_eq!(drawn.iter().min(), Some(&5));
        assert_eq!(drawn.iter().max(), Some(&8));
        assert!((0..100).all(|_| !draw.chance(0) && draw.chance(100)));
        assert_eq!(draw.pick::<u8>(&[]), None);
        assert!((0..100).all(|_| draw.index(3) < 3));
        let mut things: Vec<u32> = (0..20).collect();
        draw.shuffle(&mut things);
        assert!(!things.is_sorted());
        things.sort_unstable();
        assert_eq!(things, (0..20).collect::<Vec<u32>>());
    }
}
