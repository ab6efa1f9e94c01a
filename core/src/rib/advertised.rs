//! One bit for each pair of a neighbor and a destination: the neighbor was told of it. So withdrawals are exact.

/// Bits over a borrowed array, a row for each neighbor.
#[derive(Debug)]
pub(crate) struct Advertised<'m> {
    words: &'m mut [u64],
    /// Words in a row.
    stride: usize,
}

impl<'m> Advertised<'m> {
    /// Words in a row of `columns` bits.
    pub(crate) const fn stride(columns: u32) -> usize {
        (columns as usize).div_ceil(64)
    }

    /// Rows of `columns` bits; column numbers start at 1 and `columns` counts 0 too.
    pub(crate) fn new(words: &'m mut [u64], columns: u32) -> Self {
        Self { words, stride: Self::stride(columns) }
    }

    #[inline]
    fn word(&self, row: u16, column: u32) -> usize {
        usize::from(row) * self.stride + (column / 64) as usize
    }

    #[inline]
    pub(crate) fn get(&self, row: u16, column: u32) -> bool {
        self.words[self.word(row, column)] >> (column % 64) & 1 != 0
    }

    /// Sets the bit; whether it was clear.
    #[inline]
    pub(crate) fn set(&mut self, row: u16, column: u32) -> bool {
        let word = self.word(row, column);
        let bit = 1 << (column % 64);
        let was_clear = self.words[word] & bit == 0;
        self.words[word] |= bit;
        was_clear
    }

    /// Clears the bit; whether it was set.
    #[inline]
    pub(crate) fn clear(&mut self, row: u16, column: u32) -> bool {
        let word = self.word(row, column);
        let bit = 1 << (column % 64);
        let was_set = self.words[word] & bit != 0;
        self.words[word] &= !bit;
        was_set
    }

    /// The number of the last row.
    pub(crate) fn last_row(&self) -> u16 {
        (self.words.len() / self.stride).saturating_sub(1) as u16
    }

    /// Clears every bit of a row.
    pub(crate) fn clear_row(&mut self, row: u16) {
        let start = usize::from(row) * self.stride;
        self.words[start..start + self.stride].fill(0);
    }

    /// The first set bit of a row at or after `column`, looking at up to `words` words; else where to go on, `None` past
    /// the end.
    pub(crate) fn next_set(&self, row: u16, column: u32, words: u32) -> (Option<u32>, Option<u32>) {
        let start = (column / 64) as usize;
        let mut mask = u64::MAX << (column % 64);
        for word in (start..self.stride).take(words as usize) {
            let bits = self.words[usize::from(row) * self.stride + word] & mask;
            if bits != 0 {
                let found = word as u32 * 64 + bits.trailing_zeros();
                return (Some(found), Some(found + 1));
            }
            mask = u64::MAX;
        }
        let after = start + words as usize;
        (None, if after < self.stride { Some(after as u32 * 64) } else { None })
    }
}

#[cfg(feature = "serde")]
impl Advertised<'_> {
    /// The array, as bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        zerocopy::IntoBytes::as_bytes(&*self.words)
    }

    /// The same, to be filled.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        zerocopy::IntoBytes::as_mut_bytes(&mut *self.words)
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec;
    use std::vec::Vec;

    #[test]
    fn rows_do_not_touch() {
        let mut words = vec![0; 3 * Advertised::stride(130)];
        let mut bits = Advertised::new(&mut words, 130);
        for column in [1, 63, 64, 129] {
            assert!(bits.set(1, column));
            assert!(!bits.set(1, column));
        }
        assert!(!bits.get(0, 64) && !bits.get(2, 1) && bits.get(1, 64));
        let mut found = Vec::new();
        let mut at = Some(0);
        while let Some(column) = at {
            let (bit, next) = bits.next_set(1, column, 1);
            found.extend(bit);
            at = next;
        }
        assert_eq!(found, [1, 63, 64, 129]);
        assert!(bits.clear(1, 64) && !bits.clear(1, 64));
    }
}
