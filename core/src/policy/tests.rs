extern crate std;

mod limits;
mod matches;
mod patterns;
mod random;
mod ranges;
mod reference;
mod sets;
mod unreachable;

use std::vec;
use std::vec::Vec;

use super::*;
use crate::attrs::edit::Written;
use crate::attrs::tlv::{Writer, code, flag};
use crate::attrs::{AttrsView, Key};
use crate::family::Family;

/// An attribute set built attribute by attribute, and the prefix that has it.
#[derive(Clone)]
pub(super) struct Route {
    family: Family,
    addr: u128,
    len: u8,
    key: Key,
    next_hop: Vec<u8>,
    path: Vec<u8>,
    communities: Vec<u32>,
    large: Vec<[u32; 3]>,
}

impl Route {
    fn new(prefix: &str) -> Self {
        let net: ipnet::IpNet = prefix.parse().unwrap();
        let (addr, next_hop) = match net.network() {
            core::net::IpAddr::V4(a) => (u128::from(a.to_bits()), vec![192, 0, 2, 1]),
            core::net::IpAddr::V6(a) => (a.to_bits(), vec![0x20; 16]),
        };
        Self {
            family: Family::of(&net),
            addr,
            len: net.prefix_len(),
            key: Key::default(),
            next_hop,
            path: vec![],
            communities: vec![],
            large: vec![],
        }
    }

    /// Appends a segment to the AS_PATH: 1 set, 2 sequence.
    fn segment(mut self, kind: u8, asns: &[u32]) -> Self {
        if kind == 2 && self.path.is_empty() {
            self.key.neighbor_as = asns[0];
        }
        self.key.path_len += if kind == 2 { asns.len() as u16 } else { 1 };
        self.path.extend([kind, asns.len() as u8]);
        self.path.extend(asns.iter().flat_map(|asn| asn.to_be_bytes()));
        self
    }

    fn path(self, asns: &[u32]) -> Self {
        self.segment(2, asns)
    }

    fn communities(mut self, communities: &[u32]) -> Self {
        self.communities = communities.to_vec();
        self.key.communities = communities.iter().fold(0, |bits, &c| bits | Key::community_bit(c));
        self
    }

    fn large(mut self, communities: &[[u32; 3]]) -> Self {
        self.large = communities.to_vec();
        self
    }

    fn next_hop(mut self, bytes: &[u8]) -> Self {
        self.next_hop = bytes.to_vec();
        self
    }

    fn key(mut self, change: impl FnOnce(&mut Key)) -> Self {
        change(&mut self.key);
        self
    }

    /// The set in canonical form, with an unknown attribute of type 200 at its end.
    fn encode(&self) -> (Key, Vec<u8>) {
        let mut buf = vec![0; 1 << 17];
        let mut out = Writer::new(&mut buf);
        out.put(&self.next_hop).unwrap();
        out.put_attribute(flag::TRANSITIVE, code::AS_PATH, &self.path).unwrap();
        let communities: Vec<u8> = self.communities.iter().flat_map(|c| c.to_be_bytes()).collect();
        if !communities.is_empty() {
            out.put_attribute(0xC0, code::COMMUNITIES, &communities).unwrap();
        }
        let large: Vec<u8> = self.large.iter().flatten().flat_map(|c| c.to_be_bytes()).collect();
        if !large.is_empty() {
            out.put_attribute(0xC0, code::LARGE_COMMUNITIES, &large).unwrap();
        }
        out.put_attribute(0xE0, 200, b"opaque").unwrap();
        let len = out.len();
        buf.truncate(len);
        (Key { next_hop_len: self.next_hop.len() as u8, ..self.key }, buf)
    }
}

const OWN_ASN: u32 = 65000;
const OWN_NEXT_HOP: [u8; 4] = [198, 51, 100, 1];

fn compiled(policies: &[Policy<'_>]) -> Vec<u8> {
    let mut out = vec![0xAA; 1 << 16];
    let len = compile(policies, &mut out).unwrap();
    out.truncate(len);
    out
}

fn evaluate(policies: &Policies<'_>, route: &Route) -> Verdict {
    let (key, bytes) = route.encode();
    policies.evaluate(
        0,
        &RouteInput {
            family: route.family,
            addr: route.addr,
            len: route.len,
            attrs: AttrsView { key: &key, bytes: &bytes },
            own_asn: OWN_ASN,
            own_next_hop: Some(&OWN_NEXT_HOP),
        },
    )
}

fn apply(policies: &Policies<'_>, applied: Applied, route: &Route) -> (Key, Vec<u8>) {
    let (key, bytes) = route.encode();
    let attrs = AttrsView { key: &key, bytes: &bytes };
    let mut out = vec![0x55; 1 << 17];
    let Written { key, len, .. } =
        policies.apply(0, applied, OWN_ASN, Some(&OWN_NEXT_HOP), attrs, &mut out).unwrap();
    out.truncate(len);
    (key, out)
}

/// Verdict of a policy with these rules.
fn judge(rules: &[Rule<'_>], route: &Route) -> Verdict {
    let bytes = compiled(&[Policy { name: "p", rules }]);
    evaluate(&Policies::new(&bytes), route)
}

/// Whether a rule with this match accepts.
fn holds(one: Match<'_>, route: &Route) -> bool {
    judge(&[accept(&[one])], route).accept
}

/// What an accepting rule with these sets makes of a route.
fn change(sets: &[Set<'_>], route: &Route) -> (Key, Vec<u8>) {
    let bytes =
        compiled(&[Policy { name: "p", rules: &[Rule { matches: &[], sets, action: RuleAction::Accept }] }]);
    let policies = Policies::new(&bytes);
    let verdict = evaluate(&policies, route);
    assert!(verdict.accept);
    apply(&policies, verdict.applied, route)
}

fn accept<'a>(matches: &'a [Match<'a>]) -> Rule<'a> {
    Rule { matches, sets: &[], action: RuleAction::Accept }
}

fn reject<'a>(matches: &'a [Match<'a>]) -> Rule<'a> {
    Rule { matches, sets: &[], action: RuleAction::Reject }
}

fn next<'a>(matches: &'a [Match<'a>], sets: &'a [Set<'a>]) -> Rule<'a> {
    Rule { matches, sets, action: RuleAction::Next }
}

fn range(text: &str) -> PrefixRange {
    PrefixRange::parse(text).unwrap()
}
