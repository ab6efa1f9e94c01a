//! Prefixes as they stand in an UPDATE: a length in bits and as many octets as that takes (RFC 4271, 4.3).

use core::marker::PhantomData;

use crate::family::{AddressFamily, Net};

/// The prefixes in a field. Ends at the first one that [`Nlri::check`] would reject.
#[derive(Clone, Debug)]
pub struct Nlri<'a, F> {
    rest: &'a [u8],
    family: PhantomData<F>,
}

impl<'a, F: AddressFamily> Nlri<'a, F> {
    /// The prefixes in `bytes`.
    #[inline]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes, family: PhantomData }
    }

    /// Whether `bytes` are prefixes from end to end: no length over [`AddressFamily::BITS`], none past the end
    /// (RFC 7606, 5.3).
    #[inline]
    pub fn check(bytes: &[u8]) -> bool {
        let mut rest = bytes;
        while let Some((&len, after)) = rest.split_first() {
            match after.get(octets(len)..) {
                Some(after) if len <= F::BITS => rest = after,
                _ => return false,
            }
        }
        true
    }
}

impl<F: AddressFamily> Iterator for Nlri<'_, F> {
    type Item = Net<F>;

    #[inline]
    fn next(&mut self) -> Option<Net<F>> {
        let (&len, after) = self.rest.split_first()?;
        let Some((prefix, rest)) = after.split_at_checked(octets(len)).filter(|_| len <= F::BITS) else {
            self.rest = &[];
            return None;
        };
        // Whole addresses load at once; the mask takes off what belongs to the next prefix. Only the last few prefixes
        // of a field have less than that behind them.
        let addr = F::addr_from_prefix_bytes(after.get(..octets(F::BITS)).unwrap_or(prefix));
        self.rest = rest;
        Some(Net { addr: F::mask(addr, len), len })
    }
}

/// Writes `net` to the front of `out` and returns how many bytes that took; what follows them is unspecified.
#[inline]
pub fn encode<F: AddressFamily>(net: Net<F>, out: &mut [u8; 17]) -> usize {
    let address: u128 = net.addr.into();
    let [len, prefix @ ..] = out;
    *len = net.len;
    *prefix = (address << (128 - u32::from(F::BITS))).to_be_bytes();
    encoded_len(net.len)
}

/// Bytes that a prefix of `len` bits takes.
#[inline]
pub const fn encoded_len(len: u8) -> usize {
    1 + octets(len)
}

/// Octets that hold `len` bits.
#[inline]
const fn octets(len: u8) -> usize {
    (len as usize).div_ceil(8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::family::{V4, V6};

    fn v4(bytes: &[u8]) -> heapless::Vec<(u32, u8), 16> {
        Nlri::<V4>::new(bytes).map(|net| (net.addr, net.len)).collect()
    }

    #[test]
    fn every_ipv4_length_reads_and_masks() {
        for len in 0..=32u8 {
            let mut bytes = heapless::Vec::<u8, 16>::new();
            bytes.push(len).unwrap();
            bytes.extend(core::iter::repeat_n(0xff, octets(len)));
            let mask = u32::MAX.checked_shl(32 - u32::from(len)).unwrap_or(0);
            assert_eq!(v4(&bytes), [(mask, len)], "alone");
            bytes.extend([32, 192, 0, 2, 1]);
            assert_eq!(v4(&bytes), [(mask, len), (0xC000_0201, 32)], "with another behind it");
            assert!(Nlri::<V4>::check(&bytes));
        }
    }

    #[test]
    fn every_ipv6_length_reads_and_masks() {
        for len in 0..=128u8 {
            let mut bytes = heapless::Vec::<u8, 40>::new();
            bytes.push(len).unwrap();
            bytes.extend(core::iter::repeat_n(0xff, octets(len)));
            bytes.extend([16, 0x20, 0x01]);
            let mut nets = Nlri::<V6>::new(&bytes);
            let mask = u128::MAX.checked_shl(128 - u32::from(len)).unwrap_or(0);
            assert_eq!(nets.next(), Some(Net { addr: mask, len }));
            assert_eq!(nets.next(), Some(Net { addr: 0x2001 << 112, len: 16 }));
            assert_eq!(nets.next(), None);
        }
    }

    #[test]
    fn stops_for_good_at_a_bad_length() {
        let too_long = [8, 10, 33, 1, 2, 3, 4, 5, 8, 11];
        assert_eq!(v4(&too_long), [(0x0A00_0000, 8)]);
        assert!(!Nlri::<V4>::check(&too_long));
        let overrun = [8, 10, 24, 1, 2];
        let mut nets = Nlri::<V4>::new(&overrun);
        assert!(nets.next().is_some());
        assert_eq!(nets.next(), None);
        assert_eq!(nets.next(), None);
        assert!(!Nlri::<V4>::check(&overrun));
        assert!(!Nlri::<V6>::check(&[129, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
        assert!(!Nlri::<V4>::check(&[255]));
        assert!(Nlri::<V4>::check(&[]));
    }

    #[test]
    fn what_is_encoded_reads_back() {
        let mut out = [0xAA; 17];
        for len in 0..=32u8 {
            let net = Net::<V4> { addr: V4::mask(0xC633_6455, len), len };
            let written = encode(net, &mut out);
            assert_eq!(written, encoded_len(len));
            assert_eq!(Nlri::<V4>::new(&out[..written]).next(), Some(net));
        }
        for len in 0..=128u8 {
            let net = Net::<V6> { addr: V6::mask(0x2001_0db8_1234_5678_9abc_def0_1122_3344, len), len };
            let written = encode(net, &mut out);
            assert_eq!(written, encoded_len(len));
            assert_eq!(Nlri::<V6>::new(&out[..written]).next(), Some(net));
        }
    }
}
