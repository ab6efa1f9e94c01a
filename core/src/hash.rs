//! A seeded hash for the core's tables: folded multiplication, in the manner of wyhash.
//!
//! Its seed comes from the driver: random in production, so that no neighbor can choose prefixes or attributes that
//! share a chain; fixed in a simulation, so that a run can be repeated. Equal on every machine.

/// Multiplier with well-mixed bits (2^64 divided by the golden ratio, made odd).
const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// Hashes short keys and byte strings under a seed.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hasher {
    seed: u64,
}

/// Both halves of the product, folded: every input bit reaches every output bit.
const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128) * (b as u128);
    (product as u64) ^ ((product >> 64) as u64)
}

impl Hasher {
    pub(crate) const fn new(seed: u64) -> Self {
        Self { seed: fold(seed ^ MIX, 0xD6E8_FEB8_6659_FD93) | 1 }
    }

    /// Hash of two words.
    #[inline]
    pub(crate) const fn words(self, a: u64, b: u64) -> u64 {
        fold(fold(a ^ self.seed, b ^ MIX) ^ self.seed, MIX)
    }

    /// Hash of a byte string, its length included.
    #[inline]
    pub(crate) fn bytes(self, bytes: &[u8]) -> u64 {
        let mut state = self.seed ^ (bytes.len() as u64);
        let (chunks, tail) = bytes.as_chunks::<16>();
        for chunk in chunks {
            let word = u128::from_le_bytes(*chunk);
            state = fold(word as u64 ^ state, (word >> 64) as u64 ^ MIX);
        }
        let mut last = [0; 16];
        for (to, from) in last.iter_mut().zip(tail) {
            *to = *from;
        }
        let word = u128::from_le_bytes(last);
        fold(fold(word as u64 ^ state, (word >> 64) as u64 ^ MIX) ^ self.seed, MIX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_and_inputs_matter() {
        let (one, two) = (Hasher::new(1), Hasher::new(2));
        assert_ne!(one.words(1, 2), two.words(1, 2));
        assert_ne!(one.words(1, 2), one.words(2, 1));
        assert_ne!(one.bytes(&[0]), one.bytes(&[0, 0]));
        assert_eq!(one.bytes(b"seventeen bytes.."), one.bytes(b"seventeen bytes.."));
    }

    #[test]
    fn neighbouring_keys_spread() {
        let hasher = Hasher::new(7);
        let mut buckets = [0u32; 64];
        for key in 0..64_000u64 {
            buckets[(hasher.words(key << 8, 24) >> 58) as usize] += 1;
        }
        assert!(buckets.iter().all(|&n| (800..1200).contains(&n)), "{buckets:?}");
    }
}
