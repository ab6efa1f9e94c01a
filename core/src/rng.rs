//! Numbers that look random, the same for the same seed on every machine: SplitMix64 (Steele, Lea and Flood, 2014).
//!
//! Good enough to spread timers; no secret may ever depend on it. A recorded run replays only as long as the stream
//! stays what it is, so that the algorithm never changes.

/// A stream of numbers.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Rng {
    state: u64,
}

impl Rng {
    /// The stream that belongs to `seed`.
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number of the stream.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 to `last`, both possible, from one number of the stream.
    pub const fn up_to(&mut self, last: u64) -> u64 {
        // The high half of the product is the number scaled to the range; its bias is past notice for spans of time.
        ((self.next_u64() as u128 * (last as u128 + 1)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_fixed_for_ever() {
        let mut rng = Rng::new(1_234_567);
        for wanted in [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ] {
            assert_eq!(rng.next_u64(), wanted);
        }
        assert_eq!(Rng::new(0).next_u64(), 0xE220_A839_7B1D_CDAF);
    }

    #[test]
    fn a_range_is_used_from_end_to_end() {
        let mut rng = Rng::new(7);
        let mut seen = [false; 4];
        for _ in 0..100 {
            seen[usize::try_from(rng.up_to(3)).unwrap()] = true;
        }
        assert_eq!(seen, [true; 4]);
        assert_eq!(rng.up_to(0), 0);
        assert!(rng.up_to(u64::MAX) > 0);
    }
}
