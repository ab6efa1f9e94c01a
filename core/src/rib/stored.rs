//! Addresses as tables store them: four-byte alignment, so that no table has padding.

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::family::{AddressFamily, Net, V4, V6};
use crate::hash::Hasher;

/// A family whose addresses can be stored.
pub(crate) trait StoredFamily: AddressFamily {
    /// An address in a table.
    type Stored: Copy + core::fmt::Debug + PartialEq + FromBytes + IntoBytes + KnownLayout + Immutable;

    fn store(addr: Self::Addr) -> Self::Stored;
    fn load(stored: Self::Stored) -> Self::Addr;

    /// The hash that a prefix is found by.
    #[inline]
    fn hash(hasher: Hasher, net: Net<Self>) -> u64 {
        let wide: u128 = net.addr.into();
        hasher.words(wide as u64, (wide >> 64) as u64 ^ u64::from(net.len) << 56 ^ u64::from(net.len))
    }
}

impl StoredFamily for V4 {
    type Stored = u32;

    #[inline]
    fn store(addr: u32) -> u32 {
        addr
    }

    #[inline]
    fn load(stored: u32) -> u32 {
        stored
    }

    #[inline]
    fn hash(hasher: Hasher, net: Net<Self>) -> u64 {
        hasher.words(u64::from(net.addr), u64::from(net.len))
    }
}

impl StoredFamily for V6 {
    type Stored = [u32; 4];

    #[inline]
    fn store(addr: u128) -> [u32; 4] {
        [(addr >> 96) as u32, (addr >> 64) as u32, (addr >> 32) as u32, addr as u32]
    }

    #[inline]
    fn load(stored: [u32; 4]) -> u128 {
        stored.iter().fold(0, |addr, &word| addr << 32 | u128::from(word))
    }
}
