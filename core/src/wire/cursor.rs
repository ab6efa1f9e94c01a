//! The one way in which bytes from outside are read: a bounded cursor.
//!
//! Every read says how much it wants and gets that or nothing. Whoever has to read a part with a length of its own
//! takes that part out with [`Cursor::take`] and reads from it alone, so that no inner length can reach past an outer
//! one and nobody computes with what remains.

/// What is left to read of a message or of a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    /// Reads `bytes` from their start.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether everything was read.
    pub const fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What is left, for comparing and copying; read on only through the cursor.
    pub const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next octet.
    #[inline]
    pub fn u8(&mut self) -> Option<u8> {
        let (&first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(first)
    }

    /// The next two octets, in network order.
    #[inline]
    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    /// The next four octets, in network order.
    #[inline]
    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    /// The next `N` octets.
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (&array, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(array)
    }

    /// The next `n` octets as they stand. Nothing is read if there are fewer.
    #[inline]
    pub fn bytes(&mut self, n: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(n)?;
        self.rest = rest;
        Some(bytes)
    }

    /// A cursor over the next `n` octets and no more. Nothing is read if there are fewer.
    #[inline]
    pub fn take(&mut self, n: usize) -> Option<Self> {
        self.bytes(n).map(Self::new)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_read_in_network_order() {
        let mut cursor = Cursor::new(&[1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert_eq!(cursor.u8(), Some(1));
        assert_eq!(cursor.u16(), Some(0x0203));
        assert_eq!(cursor.u32(), Some(0x0405_0607));
        assert_eq!(cursor.array(), Some([8, 9]));
        assert!(cursor.is_empty());
        assert_eq!(cursor.u8(), None);
    }

    #[test]
    fn a_read_past_the_end_reads_nothing() {
        let mut cursor = Cursor::new(&[1, 2, 3]);
        assert_eq!(cursor.u32(), None);
        assert_eq!(cursor.bytes(4), None);
        assert_eq!(cursor.take(usize::MAX), None);
        assert_eq!(cursor.rest(), [1, 2, 3]);
        assert_eq!(cursor.bytes(3), Some(&[1, 2, 3][..]));
        assert_eq!(cursor.bytes(0), Some(&[][..]));
    }

    #[test]
    fn a_part_ends_where_its_length_says() {
        let mut outer = Cursor::new(&[1, 2, 3, 4]);
        let mut inner = outer.take(2).unwrap();
        assert_eq!(inner.u16(), Some(0x0102));
        assert_eq!(inner.u8(), None);
        assert_eq!(outer.u16(), Some(0x0304));
    }
}
