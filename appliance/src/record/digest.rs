//! A checksum that runs: over blocks of a file, and over everything that a speaker answered.
//!
//! Folded multiplication, 16 bytes at a time: it must cost nothing beside what it looks at. It finds accidents, not forgers.
//! Equal on every machine, and part of the format: it never changes within a version of that.

use postcard::ser_flavors::Flavor;

const MIX: u64 = 0x9E37_79B9_7F4A_7C15;

/// A running checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest(u64);

impl Default for Digest {
    fn default() -> Self {
        // Not MIX: the two halves of a word would be alike.
        Self(0xD6E8_FEB8_6659_FD93)
    }
}

const fn fold(a: u64, b: u64) -> u64 {
    let product = (a as u128) * (b as u128);
    (product as u64) ^ ((product >> 64) as u64)
}

impl Digest {
    /// Takes in `bytes`, their number included.
    pub fn add(&mut self, bytes: &[u8]) {
        let (chunks, tail) = bytes.as_chunks::<16>();
        for chunk in chunks {
            self.mix(u128::from_le_bytes(*chunk));
        }
        let mut last = [0; 16];
        for (to, from) in last.iter_mut().zip(tail) {
            *to = *from;
        }
        self.mix(u128::from_le_bytes(last));
        self.mix(bytes.len() as u128);
    }

    fn mix(&mut self, word: u128) {
        self.0 = fold(self.0 ^ word as u64, MIX ^ (word >> 64) as u64) ^ self.0.rotate_left(23);
    }

    /// The checksum so far.
    pub const fn value(self) -> u64 {
        self.0
    }

    /// Half of it, as records have it.
    pub const fn short(self) -> [u8; 4] {
        ((self.0 ^ (self.0 >> 32)) as u32).to_le_bytes()
    }
}

/// What is serialised is taken in, piece by piece.
#[derive(Debug)]
pub(super) struct Into<'a>(pub(super) &'a mut Digest);

impl Flavor for Into<'_> {
    type Output = ();

    fn try_push(&mut self, byte: u8) -> postcard::Result<()> {
        self.0.add(&[byte]);
        Ok(())
    }

    fn try_extend(&mut self, bytes: &[u8]) -> postcard::Result<()> {
        self.0.add(bytes);
        Ok(())
    }

    fn finalize(self) -> postcard::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(pieces: &[&[u8]]) -> Digest {
        let mut digest = Digest::default();
        pieces.iter().for_each(|piece| digest.add(piece));
        digest
    }

    #[test]
    fn every_byte_its_place_and_the_length_count() {
        let long = [7; 40];
        let mut seen = vec![of(&[&long])];
        for at in 0..long.len() {
            let mut other = long;
            other[at] ^= 1;
            seen.push(of(&[&other]));
        }
        seen.extend([
            of(&[&[]]),
            of(&[&[0]]),
            of(&[&[0, 0]]),
            of(&[&[0], &[0]]),
            of(&[&[0; 16]]),
            of(&[&[0; 17]]),
        ]);
        let all = seen.len();
        seen.sort_by_key(|digest| digest.short());
        seen.dedup_by_key(|digest| digest.short());
        assert_eq!(seen.len(), all);
    }

    /// It is part of the format.
    #[test]
    fn it_never_changes() {
        assert_eq!(of(&[b"crier records what it is told"]).value(), 7_047_302_703_325_186_376);
    }
}
