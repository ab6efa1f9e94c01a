//! Compiled lists of prefix ranges, searched in logarithmic time whatever their size.
//!
//! Entries are sorted by address, then length, and each names the nearest entry before it whose network contains its
//! own. Every network that contains a route's prefix is then found from one place: the last entry not behind the prefix
//! in that order, and what that names, and so on. (Of two prefixes one contains the other or they are apart. An entry
//! between a network that contains the route and the route itself begins inside that network, so lies within it.)

use super::form::Reader;
use super::range::PrefixRange;
use crate::attrs::list::sort_and_dedup;
use crate::family::{AddressFamily, Family, V4, V6};

/// Bytes of an IPv4 entry: address, length, shortest, longest, a zero, and the number of the entry around it (from 1).
pub(super) const V4_ENTRY: usize = 12;
/// Bytes of an IPv6 entry, likewise.
pub(super) const V6_ENTRY: usize = 24;

const V4_KEY: usize = 5;
const V6_KEY: usize = 17;

/// The entry of an IPv4 range, not linked yet; `None` for another family.
pub(super) fn v4_entry(range: &PrefixRange) -> Option<[u8; V4_ENTRY]> {
    let net = V4::net_of(&range.net())?;
    let [a, b, c, d] = net.addr.to_be_bytes();
    Some([a, b, c, d, net.len, range.min(), range.max(), 0, 0, 0, 0, 0])
}

/// The entry of an IPv6 range, not linked yet; `None` for another family.
pub(super) fn v6_entry(range: &PrefixRange) -> Option<[u8; V6_ENTRY]> {
    let net = V6::net_of(&range.net())?;
    let tail = u64::from_be_bytes([net.len, range.min(), range.max(), 0, 0, 0, 0, 0]);
    let mut entry = [0; V6_ENTRY];
    for (to, from) in entry.iter_mut().zip(net.addr.to_be_bytes().into_iter().chain(tail.to_be_bytes())) {
        *to = from;
    }
    Some(entry)
}

/// Sorts and links IPv4 entries; the distinct ones come first, and how many those are is returned.
pub(super) fn arrange_v4(entries: &mut [[u8; V4_ENTRY]]) -> usize {
    arrange::<V4, V4_KEY, V4_ENTRY>(entries)
}

/// Sorts and links IPv6 entries, likewise.
pub(super) fn arrange_v6(entries: &mut [[u8; V6_ENTRY]]) -> usize {
    arrange::<V6, V6_KEY, V6_ENTRY>(entries)
}

/// Whether a compiled list (the number of IPv4 entries, these, IPv6 entries) holds the prefix.
pub(super) fn contains(list: &[u8], family: Family, addr: u128, len: u8) -> bool {
    let mut reader = Reader(list);
    let v4 = reader.u32().and_then(|count| reader.take(usize::try_from(count).ok()?.checked_mul(V4_ENTRY)?));
    match (family, v4) {
        (Family::Ipv4Unicast, Some(entries)) => {
            let addr = addr as u32;
            let [a, b, c, d] = addr.to_be_bytes();
            search::<V4, V4_KEY, V4_ENTRY>(entries.as_chunks().0, addr, [a, b, c, d, len])
        }
        (Family::Ipv6Unicast, Some(_)) => {
            let mut key = [len; V6_KEY];
            for (to, from) in key.iter_mut().zip(addr.to_be_bytes()) {
                *to = from;
            }
            search::<V6, V6_KEY, V6_ENTRY>(reader.0.as_chunks().0, addr, key)
        }
        (_, None) => false,
    }
}

/// An entry taken apart.
struct Entry<F: AddressFamily> {
    addr: F::Addr,
    len: u8,
    min: u8,
    max: u8,
    around: u32,
}

impl<F: AddressFamily> Entry<F> {
    fn read<const K: usize>(bytes: &[u8]) -> Option<Self> {
        let (key, rest) = bytes.split_first_chunk::<K>()?;
        let &[min, max, _, a, b, c, d] = rest.first_chunk()?;
        let around = u32::from_be_bytes([a, b, c, d]);
        Some(Self { addr: F::addr_from_prefix_bytes(key), len: *key.last()?, min, max, around })
    }

    fn contains(&self, addr: F::Addr, len: u8) -> bool {
        self.len <= len && F::mask(addr, self.len) == self.addr
    }
}

fn search<F: AddressFamily, const K: usize, const E: usize>(
    entries: &[[u8; E]],
    addr: F::Addr,
    key: [u8; K],
) -> bool {
    let len = key.last().copied().unwrap_or(0);
    // Numbers count from 1, so that this is the number of the last entry not behind the key.
    let mut number = entries.partition_point(|entry| entry.first_chunk() <= Some(&key));
    while let Some(bytes) = number.checked_sub(1).and_then(|index| entries.get(index)) {
        let Some(entry) = Entry::<F>::read::<K>(bytes) else { return false };
        if entry.min <= len && len <= entry.max && entry.contains(addr, len) {
            return true;
        }
        // Downwards always, so that this ends.
        number = (entry.around as usize).min(number - 1);
    }
    false
}

fn arrange<F: AddressFamily, const K: usize, const E: usize>(entries: &mut [[u8; E]]) -> usize {
    let distinct = sort_and_dedup(entries);
    for index in 0..distinct {
        let (before, from) = entries.split_at_mut(index);
        let Some((bytes, entry)) =
            from.first_mut().and_then(|bytes| Entry::<F>::read::<K>(bytes).map(|entry| (bytes, entry)))
        else {
            break;
        };
        let mut around = index;
        while let Some(candidate) = around.checked_sub(1).and_then(|i| before.get(i)) {
            let Some(candidate) = Entry::<F>::read::<K>(candidate) else { break };
            if candidate.contains(entry.addr, entry.len) {
                break;
            }
            around = candidate.around as usize;
        }
        if let (Some(place), Ok(around)) = (bytes.last_chunk_mut(), u32::try_from(around)) {
            *place = around.to_be_bytes();
        }
    }
    distinct
}
