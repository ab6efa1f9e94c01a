//! Attribute sets: the path attributes that many prefixes share, in the one form in which the core keeps them.
//!
//! A set is a [`Key`] of fixed size, holding what decisions compare, and a byte string:
//!
//! 1. the next hop, [`Key::next_hop_len`] bytes (0 for a route originated here with no next hop of its own, 4, 16, or
//!    32 for an IPv6 global address followed by a link-local one);
//! 2. the remaining attributes in wire form ([`tlv`]), sorted by type code, each type once. The flags are canonical:
//!    0x40 for well-known ones, 0xC0 for optional transitive ones crier knows (plus Partial, 0x20, where it was
//!    received), 0x80 for optional non-transitive ones (ORIGINATOR_ID, CLUSTER_LIST); unknown transitive ones carry
//!    0xE0, for they go on with the partial bit (RFC 4271, 5). Extended Length (0x10) is set only where the value
//!    exceeds 255 bytes.
//!
//! ORIGIN, NEXT_HOP, MULTI_EXIT_DISC and LOCAL_PREF stand in the key and not among the bytes; MP_REACH_NLRI,
//! MP_UNREACH_NLRI, AS4_PATH and AS4_AGGREGATOR never do (the last two are merged on receipt). AS_PATH (type 2) is
//! always there, with four-byte AS numbers, even when empty. AGGREGATOR has a four-byte AS number.

pub mod edit;
pub mod list;
pub(crate) mod outgoing;
pub(crate) mod store;
pub mod tlv;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

/// What the decision process and policies compare, so that comparing two paths parses nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub struct Key {
    /// LOCAL_PREF where [`Key::HAS_LOCAL_PREF`] is set, else 0. [`Key::preference`] is the value to use.
    pub local_pref: u32,
    /// MULTI_EXIT_DISC where [`Key::HAS_MED`] is set, else 0, the best value (RFC 4271, 9.1.2.2).
    pub med: u32,
    /// First AS of the AS_PATH, as received, if that begins with an AS_SEQUENCE, else 0: the neighbouring AS that MED is
    /// compared in.
    pub neighbor_as: u32,
    /// ORIGINATOR_ID (RFC 4456), else 0.
    pub originator_id: u32,
    /// AS_PATH length as the decision counts it: an AS_SET is 1 (RFC 4271, 9.1.2.2).
    pub path_len: u16,
    /// ORIGIN: 0 IGP, 1 EGP, 2 INCOMPLETE.
    pub origin: u8,
    /// Bits named by the `HAS_…` constants and [`Key::DROPS`].
    pub flags: u8,
    /// Well-known communities that are present, by the constants named after them.
    pub communities: u8,
    /// Identifiers in CLUSTER_LIST (RFC 4456), 255 for more.
    pub cluster_len: u8,
    /// Bytes of next hop at the front of the byte string: 0, 4, 16 or 32.
    pub next_hop_len: u8,
    /// Always zero.
    pub reserved: u8,
}

impl Key {
    /// MULTI_EXIT_DISC is present.
    pub const HAS_MED: u8 = 1;
    /// LOCAL_PREF is present.
    pub const HAS_LOCAL_PREF: u8 = 2;
    /// Packets are to be dropped: a neighbor that may ask for that has (RFC 7999). No attribute says so.
    pub const DROPS: u8 = 4;

    /// NO_EXPORT, 65535:65281 (RFC 1997).
    pub const NO_EXPORT: u8 = 1;
    /// NO_ADVERTISE, 65535:65282 (RFC 1997).
    pub const NO_ADVERTISE: u8 = 2;
    /// NO_EXPORT_SUBCONFED, 65535:65283 (RFC 1997).
    pub const NO_EXPORT_SUBCONFED: u8 = 4;
    /// GRACEFUL_SHUTDOWN, 65535:0 (RFC 8326).
    pub const GRACEFUL_SHUTDOWN: u8 = 8;
    /// BLACKHOLE, 65535:666 (RFC 7999).
    pub const BLACKHOLE: u8 = 16;

    /// Degree of preference: LOCAL_PREF, or 100 where there is none.
    pub const fn preference(&self) -> u32 {
        if self.flags & Self::HAS_LOCAL_PREF != 0 { self.local_pref } else { 100 }
    }

    /// Whether packets are to be dropped: see [`Key::DROPS`].
    pub const fn drops(&self) -> bool {
        self.flags & Self::DROPS != 0
    }

    /// MULTI_EXIT_DISC if present.
    pub const fn med(&self) -> Option<u32> {
        if self.flags & Self::HAS_MED != 0 { Some(self.med) } else { None }
    }

    /// Sets MULTI_EXIT_DISC.
    pub const fn set_med(&mut self, med: Option<u32>) {
        match med {
            Some(value) => {
                self.med = value;
                self.flags |= Self::HAS_MED;
            }
            None => {
                self.med = 0;
                self.flags &= !Self::HAS_MED;
            }
        }
    }

    /// Sets LOCAL_PREF.
    pub const fn set_local_pref(&mut self, value: Option<u32>) {
        match value {
            Some(value) => {
                self.local_pref = value;
                self.flags |= Self::HAS_LOCAL_PREF;
            }
            None => {
                self.local_pref = 0;
                self.flags &= !Self::HAS_LOCAL_PREF;
            }
        }
    }

    /// The bit of [`Key::communities`] for a community, if it is one of those.
    pub const fn community_bit(community: u32) -> u8 {
        match community {
            0xFFFF_FF01 => Self::NO_EXPORT,
            0xFFFF_FF02 => Self::NO_ADVERTISE,
            0xFFFF_FF03 => Self::NO_EXPORT_SUBCONFED,
            0xFFFF_0000 => Self::GRACEFUL_SHUTDOWN,
            0xFFFF_029A => Self::BLACKHOLE,
            _ => 0,
        }
    }
}

/// An attribute set as seen by policies, encoders and people: the key and the byte string described above.
#[derive(Clone, Copy, Debug)]
pub struct AttrsView<'a> {
    /// The fixed part.
    pub key: &'a Key,
    /// Next hop and attributes.
    pub bytes: &'a [u8],
}

impl<'a> AttrsView<'a> {
    /// The next hop's bytes: none, 4, 16 or 32.
    pub fn next_hop_bytes(&self) -> &'a [u8] {
        self.bytes.get(..usize::from(self.key.next_hop_len)).unwrap_or(&[])
    }

    /// The attributes after the next hop, for [`tlv::iter`].
    pub fn attributes(&self) -> &'a [u8] {
        self.bytes.get(usize::from(self.key.next_hop_len)..).unwrap_or(&[])
    }

    /// The next hop as an address: the global one where there are two, `None` for a local route without one.
    pub fn next_hop(&self) -> Option<core::net::IpAddr> {
        let bytes = self.next_hop_bytes();
        if let Some(&octets) = bytes.first_chunk::<16>() {
            return Some(core::net::IpAddr::from(octets));
        }
        bytes.first_chunk::<4>().map(|&octets| core::net::IpAddr::from(octets))
    }
}
