//! A routing table that never was but looks like one: drawn from a seed, encoded as UPDATEs.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use crate::wire::HEADER;
use crate::wire::update::{Attributes, Prefix, each_prefix, prefix_fields, push_prefix, withdraw};

/// Lengths of prefixes and their share in a hundred, about as in the global table.
const LENGTHS: [(u8, u32); 9] =
    [(24, 60), (23, 10), (22, 11), (21, 6), (20, 5), (19, 3), (18, 2), (17, 1), (16, 2)];
/// Prefixes in an UPDATE: how many of a hundred UPDATEs have from how many to how many. The mean is 4.75, the median 1 or 2.
const BATCHES: [(u32, u32, u32); 5] = [(50, 1, 1), (20, 2, 3), (15, 4, 8), (10, 9, 20), (5, 16, 40)];

/// Bytes of prefixes in a withdrawal after which it takes no more.
const MOST_NLRI: usize = 4_000;

/// A table of distinct prefixes, ready to be sent.
#[derive(Debug)]
pub struct Table {
    /// UPDATE messages, one after the other.
    pub bytes: Vec<u8>,
    /// Distinct prefixes in them.
    pub prefixes: u32,
    /// UPDATE messages.
    pub updates: u32,
    /// Sum over a number for each prefix, whatever their order.
    pub checksum: u64,
}

impl Table {
    /// Draws `prefixes` prefixes. AS_PATHs begin with `asn`; every next hop is `next_hop`.
    pub fn generate(seed: u64, prefixes: u32, asn: u32, next_hop: Ipv4Addr) -> Self {
        let mut random = Random(seed);
        let mut taken = HashSet::with_capacity(prefixes as usize);
        let mut table = Self { bytes: Vec::new(), prefixes: 0, updates: 0, checksum: 0 };
        let mut nlri = Vec::new();
        while table.prefixes < prefixes {
            nlri.clear();
            let wanted = batch(&mut random).min(prefixes - table.prefixes);
            for prefix in draw_block(&mut random, &mut taken, wanted) {
                push_prefix(&mut nlri, prefix);
                table.prefixes += 1;
                table.checksum = table.checksum.wrapping_add(mark(prefix));
            }
            if !nlri.is_empty() {
                table.bytes.extend(attributes(&mut random, asn, next_hop).announce(&nlri));
                table.updates += 1;
            }
        }
        table
    }
}

impl Table {
    /// The prefixes, in the order in which they are announced.
    pub(super) fn each_prefix(&self, mut each: impl FnMut(Prefix)) {
        let mut rest = &self.bytes[..];
        while let Some([.., high, low, _]) = rest.first_chunk::<HEADER>() {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let Some((message, after)) = rest.split_at_checked(length) else { return };
            let fields = message.get(HEADER..).and_then(prefix_fields);
            fields.and_then(|(_, announced)| each_prefix(announced, &mut each));
            rest = after;
        }
    }

    /// UPDATE messages that withdraw all of it, each with as many prefixes as fit.
    pub(super) fn withdrawals(&self) -> Vec<u8> {
        let (mut messages, mut nlri) = (Vec::new(), Vec::new());
        self.each_prefix(|prefix| {
            push_prefix(&mut nlri, prefix);
            if nlri.len() > MOST_NLRI {
                messages.extend(withdraw(&nlri));
                nlri.clear();
            }
        });
        messages.extend(withdraw(&nlri));
        messages
    }
}

/// A number for a prefix; their sum says whether two tables hold the same prefixes, whatever the order.
pub(super) fn mark((address, length): Prefix) -> u64 {
    let mut random = Random(u64::from(address) << 8 | u64::from(length));
    random.next()
}

/// Up to `wanted` neighboring prefixes of one length, as one origin has them.
fn draw_block(random: &mut Random, taken: &mut HashSet<Prefix>, wanted: u32) -> Vec<Prefix> {
    let percent = random.below(100);
    let length = pick(LENGTHS.iter().map(|(length, share)| (*share, *length)), percent).unwrap_or(24);
    let shift = 32 - u32::from(length);
    let first = random.next() as u32 >> shift;
    let block = (0..wanted).map(|n| (first.wrapping_add(n) << shift, length));
    block.filter(|prefix| is_global(*prefix) && taken.insert(*prefix)).collect()
}

/// Whether nobody would refuse the prefix as a martian.
fn is_global((address, length): Prefix) -> bool {
    let [first, second, ..] = address.to_be_bytes();
    let private =
        first == 10 || first == 127 || (first, second) == (192, 168) || (first, second) == (169, 254);
    let private =
        private || first == 172 && (16..32).contains(&second) || first == 100 && (64..128).contains(&second);
    (1..224).contains(&first) && !private && !(length <= 16 && first == 192)
}

fn batch(random: &mut Random) -> u32 {
    let percent = random.below(100);
    let (low, high) =
        pick(BATCHES.iter().map(|(share, low, high)| (*share, (*low, *high))), percent).unwrap_or((1, 1));
    low + random.below(high - low + 1)
}

/// A path of three to six AS numbers, MED on every fourth set, communities on seven of ten: nearly every set is distinct.
fn attributes(random: &mut Random, asn: u32, next_hop: Ipv4Addr) -> Attributes {
    let hops = 2 + random.below(4);
    // Transit networks are few and on most paths, origins are many.
    let transit = (1..hops).map(|_| 1 + random.below(40) * random.below(40));
    let mut path = vec![asn];
    path.extend(transit.collect::<Vec<_>>());
    path.push(origin(random));
    let mut attributes = Attributes::new(&path, next_hop);
    if random.below(4) == 0 {
        attributes.push(0x80, 4, &random.below(1_000).to_be_bytes());
    }
    if random.below(10) < 7 {
        let tags = (0..1 + random.below(9)).map(|_| random.below(60_000) << 16 | random.below(5_000));
        let tags: Vec<u8> = tags.flat_map(u32::to_be_bytes).collect();
        attributes.push(0xc0, 8, &tags);
    }
    attributes
}

/// An AS number at the end of a path: public ones of two or of four octets, never one of the benchmark's own.
fn origin(random: &mut Random) -> u32 {
    if random.below(3) == 0 { 131_072 + random.below(300_000) } else { 24_000 + random.below(40_000) }
}

/// The choice whose share of a hundred `percent` falls into.
fn pick<T>(choices: impl Iterator<Item = (u32, T)>, percent: u32) -> Option<T> {
    let mut sum = 0;
    for (share, value) in choices {
        sum += share;
        if percent < sum {
            return Some(value);
        }
    }
    None
}

/// SplitMix64: small, seeded, the same everywhere.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: u32) -> u32 {
        (((self.next() >> 32) * u64::from(bound)) >> 32) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::UPDATE;

    #[test]
    fn a_table_is_what_it_says() {
        let table = Table::generate(1, 50_000, 65001, Ipv4Addr::new(127, 0, 0, 2));
        let (mut seen, mut sum, mut updates) = (HashSet::new(), 0_u64, 0);
        let mut rest = &table.bytes[..];
        while !rest.is_empty() {
            let length = usize::from(u16::from_be_bytes([rest[16], rest[17]]));
            assert!(length <= 4096);
            assert_eq!(rest[18], UPDATE);
            let (withdrawn, announced) = prefix_fields(&rest[HEADER..length]).unwrap();
            assert!(withdrawn.is_empty());
            each_prefix(announced, |prefix| {
                assert!(seen.insert(prefix), "{prefix:?} twice");
                sum = sum.wrapping_add(mark(prefix));
            });
            updates += 1;
            rest = &rest[length..];
        }
        assert_eq!((seen.len(), updates, sum), (50_000, table.updates, table.checksum));
        let mean = f64::from(table.prefixes) / f64::from(updates);
        assert!((4.3..5.2).contains(&mean), "{mean} prefixes in an UPDATE");
    }

    #[test]
    fn a_seed_gives_the_same_table_again() {
        let draw = |seed| Table::generate(seed, 1_000, 65001, Ipv4Addr::new(127, 0, 0, 2)).bytes;
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }
}
