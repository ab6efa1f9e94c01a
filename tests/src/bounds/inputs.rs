//! Messages that make the most work of their bytes.

use super::world::{LONGEST, attributes};
use crate::wire::HEADER;
use crate::wire::update::{Attributes, push_prefix, withdraw};

/// Bytes of an UPDATE beside its header and attributes: two lengths.
const LENGTHS: usize = 4;

/// `count` prefixes of two octets, all of which may be announced; three bytes each.
fn prefixes(count: usize) -> Vec<u8> {
    let usable = (1..224_u32).filter(|first| ![10, 127, 192, 198].contains(first));
    let all = usable.flat_map(|first| (0..256).map(move |second| (first << 24) | (second << 16)));
    let mut bytes = Vec::with_capacity(LONGEST);
    all.take(count).for_each(|address| push_prefix(&mut bytes, (address, 16)));
    bytes
}

/// As many prefixes as one message holds.
pub(super) fn most_prefixes() -> Vec<u8> {
    prefixes((LONGEST - HEADER - LENGTHS - 64) / 3)
}

/// They are announced.
pub(super) fn announced(n: u16, path: &[u32]) -> Vec<u8> {
    attributes(n, path).announce(&most_prefixes())
}

/// They are withdrawn.
pub(super) fn withdrawn() -> Vec<u8> {
    withdraw(&most_prefixes())
}

/// One prefix with an AS_PATH of as many segments of 255 as there is room for.
pub(super) fn longest_path(n: u16) -> Vec<u8> {
    let mut path = Vec::with_capacity(LONGEST);
    while path.len() + 2 + 255 * 4 < LONGEST - 128 {
        path.extend([2, 255]);
        (0..255_u32).for_each(|number| path.extend((100_000 + number).to_be_bytes()));
    }
    Attributes::default()
        .with(0x40, 1, &[0])
        .with(0x40, 2, &path)
        .with(0x40, 3, &super::world::address(n).octets())
        .announce(&prefixes(1))
}

/// One prefix with an AS_PATH of 1024 numbers, the longest that is accepted, in sets of one.
pub(super) fn longest_accepted_path(n: u16) -> Vec<u8> {
    let mut path = vec![2, 1];
    path.extend(super::world::asn(n).to_be_bytes());
    for number in 1..1024_u32 {
        path.extend([1, 1]);
        path.extend((200_000 + number).to_be_bytes());
    }
    Attributes::default()
        .with(0x40, 1, &[0])
        .with(0x40, 2, &path)
        .with(0x40, 3, &super::world::address(n).octets())
        .announce(&prefixes(1))
}

/// One prefix with as many attributes as there is room for: unknown ones without a value, most of them repetitions.
pub(super) fn most_attributes(n: u16) -> Vec<u8> {
    let mut attributes = attributes(n, &[]);
    let room = LONGEST - HEADER - LENGTHS - 64;
    (0..room / 3).for_each(|at| attributes.push(0xc0, 64 + (at % 128) as u8, &[]));
    attributes.announce(&prefixes(1))
}

/// One prefix with as many communities as there is room for, none of them twice, in falling order.
pub(super) fn most_communities(n: u16) -> Vec<u8> {
    let count = (LONGEST - HEADER - LENGTHS - 64) / 4;
    let value: Vec<u8> =
        (0..count as u32).rev().flat_map(|number| (0x1000_0000 + number).to_be_bytes()).collect();
    attributes(n, &[]).with(0xc0, 8, &value).announce(&prefixes(1))
}

/// Each prefix in an UPDATE of its own, with attributes that no other has.
pub(super) fn one_by_one(n: u16, count: usize) -> Vec<Vec<u8>> {
    let all = prefixes(count);
    let update = |(at, prefix): (usize, &[u8])| attributes(n, &[300_000 + at as u32]).announce(prefix);
    all.chunks(3).enumerate().map(update).collect()
}

/// As many of these messages as one read takes.
pub(super) fn repeated(message: &[u8]) -> Vec<u8> {
    message.repeat(LONGEST / message.len())
}
