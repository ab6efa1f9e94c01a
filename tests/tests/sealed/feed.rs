//! UPDATEs by the thousand: the same prefixes again and again, with ever new attributes.

use std::net::Ipv4Addr;

use crier_tests::wire::update::{Attributes, push_prefix, withdraw};

/// Prefixes in an UPDATE that announces few of them.
const GROUP: u32 = 8;
/// Prefixes in an UPDATE that announces as many as fit well.
const CROWD: u32 = 500;

/// A neighbor's announcements.
#[derive(Clone, Copy)]
pub(crate) struct Feed {
    /// Its AS number.
    pub(crate) asn: u32,
    /// Its address: next hop of all its routes.
    pub(crate) address: Ipv4Addr,
}

/// The /24 number `n`: from 20.0.0.0 on.
fn prefix(n: u32) -> (u32, u8) {
    ((20 << 24) + (n << 8), 24)
}

fn nlri(from: u32, to: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    (from..to).for_each(|n| push_prefix(&mut bytes, prefix(n)));
    bytes
}

impl Feed {
    /// Prefixes 0 to `count` in sets that no other `round` has; how many UPDATEs.
    pub(crate) fn churn(self, round: u32, count: u32) -> (Vec<u8>, u64) {
        self.sets(count, GROUP, |set| {
            let tags = [self.asn << 16 | round, set];
            self.base(&[64_000 + round, 200_000 + set]).with(0xc0, 8, &octets(&tags))
        })
    }

    /// Prefixes 0 to `count`, hundreds of them with the same attributes.
    pub(crate) fn crowd(self, count: u32) -> (Vec<u8>, u64) {
        self.sets(count, CROWD, |set| self.base(&[300_000 + set]))
    }

    /// Prefixes 0 to `count`, each with a small set of its own.
    pub(crate) fn singles(self, count: u32) -> (Vec<u8>, u64) {
        self.sets(count, 1, |set| self.base(&[400_000 + set]))
    }

    /// Prefixes 0 to `count`, each with a set of its own of more than 800 bytes.
    pub(crate) fn large(self, count: u32) -> (Vec<u8>, u64) {
        self.sets(count, 1, |set| {
            let tags: Vec<u32> = (0..200).map(|n| set << 8 | n).collect();
            self.base(&[500_000 + set]).with(0xc0, 8, &octets(&tags))
        })
    }

    /// Withdraws prefixes 0 to `count`.
    pub(crate) fn nothing(count: u32) -> (Vec<u8>, u64) {
        let mut bytes = Vec::new();
        let mut updates = 0;
        for from in (0..count).step_by(CROWD as usize) {
            bytes.extend(withdraw(&nlri(from, (from + CROWD).min(count))));
            updates += 1;
        }
        (bytes, updates)
    }

    /// A prefix that says that all before it has been seen.
    pub(crate) fn mark(self, n: u32) -> (Vec<u8>, Vec<u8>) {
        let mut nlri = Vec::new();
        push_prefix(&mut nlri, ((198 << 24) + (n << 8), 24));
        (self.base(&[]).announce(&nlri), nlri)
    }

    /// `count` IPv6 prefixes in one set.
    pub(crate) fn ipv6(self, round: u32, count: u16) -> Vec<u8> {
        let mut value = vec![0, 2, 1, 16];
        value.extend([0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0]);
        for n in 0..count {
            value.extend([48, 0x2a, 0, 0x12, 0x34]);
            value.extend(n.to_be_bytes());
        }
        self.base(&[64_000 + round]).with(0x80, 14, &value).announce(&[])
    }

    fn base(self, path: &[u32]) -> Attributes {
        Attributes::new(&[&[self.asn], path].concat(), self.address)
    }

    fn sets(self, count: u32, group: u32, attributes: impl Fn(u32) -> Attributes) -> (Vec<u8>, u64) {
        let mut bytes = Vec::new();
        let mut updates = 0;
        for (set, from) in (0..count).step_by(group as usize).enumerate() {
            let nlri = nlri(from, (from + group).min(count));
            bytes.extend(attributes(set as u32).announce(&nlri));
            updates += 1;
        }
        (bytes, updates)
    }
}

fn octets(numbers: &[u32]) -> Vec<u8> {
    numbers.iter().flat_map(|number| number.to_be_bytes()).collect()
}
