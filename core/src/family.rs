//! Address families: the names that appear on the wire and in configuration, and the types that carry their addresses.

use core::fmt;
use core::hash::Hash;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// An address family that crier routes (RFC 4760: AFI and SAFI).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(u8)]
pub enum Family {
    /// AFI 1, SAFI 1.
    Ipv4Unicast = 0,
    /// AFI 2, SAFI 1.
    Ipv6Unicast = 1,
}

impl Family {
    /// Every family, in the order in which tables and outputs list them.
    pub const ALL: [Self; 2] = [Self::Ipv4Unicast, Self::Ipv6Unicast];

    /// The family's name in configuration and output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ipv4Unicast => "ipv4-unicast",
            Self::Ipv6Unicast => "ipv6-unicast",
        }
    }

    /// The address family identifier and the subsequent one, as on the wire.
    pub const fn afi_safi(self) -> (u16, u8) {
        match self {
            Self::Ipv4Unicast => (1, 1),
            Self::Ipv6Unicast => (2, 1),
        }
    }

    /// The family with these identifiers, if crier routes it.
    pub const fn from_afi_safi(afi: u16, safi: u8) -> Option<Self> {
        match (afi, safi) {
            (1, 1) => Some(Self::Ipv4Unicast),
            (2, 1) => Some(Self::Ipv6Unicast),
            _ => None,
        }
    }

    /// The family of a prefix.
    pub const fn of(prefix: &IpNet) -> Self {
        match prefix {
            IpNet::V4(_) => Self::Ipv4Unicast,
            IpNet::V6(_) => Self::Ipv6Unicast,
        }
    }

    /// Position in arrays that hold one item for each family.
    pub const fn index(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Family {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A set of families.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct FamilySet(u8);

impl FamilySet {
    /// No family.
    pub const EMPTY: Self = Self(0);

    /// This set with `family` in it.
    #[must_use]
    pub const fn with(self, family: Family) -> Self {
        Self(self.0 | 1 << family as u8)
    }

    /// Whether `family` is in the set.
    pub const fn contains(self, family: Family) -> bool {
        self.0 & 1 << family as u8 != 0
    }

    /// What is in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether no family is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The families in the set, in the order of [`Family::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Family> {
        Family::ALL.into_iter().filter(move |&family| self.contains(family))
    }
}

/// What differs between IPv4 and IPv6 in code that is written once for both.
pub trait AddressFamily: Copy + fmt::Debug + 'static {
    /// An address as an integer in host order.
    type Addr: Copy + Eq + Ord + Hash + fmt::Debug + Default + Into<u128>;
    /// Bits in an address.
    const BITS: u8;
    /// The family on the wire.
    const FAMILY: Family;

    /// The address whose leading bytes are `bytes`; the rest is zero, and what exceeds an address is ignored.
    fn addr_from_prefix_bytes(bytes: &[u8]) -> Self::Addr;
    /// The leading `len` bits of `addr`, the rest zero.
    fn mask(addr: Self::Addr, len: u8) -> Self::Addr;
    /// The address of `prefix` if it is of this family.
    fn net_of(prefix: &IpNet) -> Option<Net<Self>>;
    /// The prefix as a value for people.
    fn ipnet(net: Net<Self>) -> IpNet;
}

/// A prefix of one family; bits past `len` are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Net<F: AddressFamily> {
    /// The address, in host order.
    pub addr: F::Addr,
    /// Prefix length in bits, at most [`AddressFamily::BITS`].
    pub len: u8,
}

/// IPv4 unicast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct V4;

/// IPv6 unicast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct V6;

impl AddressFamily for V4 {
    type Addr = u32;
    const BITS: u8 = 32;
    const FAMILY: Family = Family::Ipv4Unicast;

    fn addr_from_prefix_bytes(bytes: &[u8]) -> u32 {
        let mut octets = [0; 4];
        for (to, from) in octets.iter_mut().zip(bytes) {
            *to = *from;
        }
        u32::from_be_bytes(octets)
    }

    fn mask(addr: u32, len: u8) -> u32 {
        addr & u32::MAX.checked_shl(32 - u32::from(len.min(32))).unwrap_or(0)
    }

    fn net_of(prefix: &IpNet) -> Option<Net<Self>> {
        match prefix {
            IpNet::V4(net) => Some(Net { addr: net.network().to_bits(), len: net.prefix_len() }),
            IpNet::V6(_) => None,
        }
    }

    fn ipnet(net: Net<Self>) -> IpNet {
        IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::from_bits(net.addr), net.len))
    }
}

impl AddressFamily for V6 {
    type Addr = u128;
    const BITS: u8 = 128;
    const FAMILY: Family = Family::Ipv6Unicast;

    fn addr_from_prefix_bytes(bytes: &[u8]) -> u128 {
        let mut octets = [0; 16];
        for (to, from) in octets.iter_mut().zip(bytes) {
            *to = *from;
        }
        u128::from_be_bytes(octets)
    }

    fn mask(addr: u128, len: u8) -> u128 {
        addr & u128::MAX.checked_shl(128 - u32::from(len.min(128))).unwrap_or(0)
    }

    fn net_of(prefix: &IpNet) -> Option<Net<Self>> {
        match prefix {
            IpNet::V6(net) => Some(Net { addr: net.network().to_bits(), len: net.prefix_len() }),
            IpNet::V4(_) => None,
        }
    }

    fn ipnet(net: Net<Self>) -> IpNet {
        IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::from_bits(net.addr), net.len))
    }
}

/// The unspecified address of a family: what a locally originated route shows as its next hop.
pub const fn unspecified(family: Family) -> IpAddr {
    match family {
        Family::Ipv4Unicast => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Family::Ipv6Unicast => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    }
}
