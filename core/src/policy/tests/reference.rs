//! A second evaluator, written from the documentation alone and with everything decoded: text, sets and recursion
//! instead of compiled bytes.

use core::net::IpAddr;
use std::collections::BTreeSet;
use std::string::String;

use super::std;
use super::*;
use crate::attrs::tlv;

/// A place in a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hop {
    pub(super) set: bool,
    pub(super) asns: Vec<u32>,
}

/// A route with everything decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Plain {
    pub(super) prefix: ipnet::IpNet,
    pub(super) next_hop: Vec<u8>,
    pub(super) local_pref: Option<u32>,
    pub(super) med: Option<u32>,
    pub(super) origin: u8,
    pub(super) path: Vec<Hop>,
    pub(super) communities: BTreeSet<u32>,
    pub(super) large: BTreeSet<[u32; 3]>,
}

impl Plain {
    pub(super) fn encode(&self) -> Route {
        let mut route = Route::new(&std::format!("{}", self.prefix)).next_hop(&self.next_hop);
        for run in self.path.chunk_by(|a, b| !a.set && !b.set) {
            let asns: Vec<u32> = run.iter().flat_map(|hop| hop.asns.clone()).collect();
            route = route.segment(if run[0].set { 1 } else { 2 }, &asns);
        }
        let communities: Vec<u32> = self.communities.iter().copied().collect();
        let large: Vec<[u32; 3]> = self.large.iter().copied().collect();
        route.communities(&communities).large(&large).key(|key| {
            key.set_local_pref(self.local_pref);
            key.set_med(self.med);
            key.origin = self.origin;
        })
    }

    /// Decodes, and holds the key and the canonical form against what the attributes say.
    pub(super) fn decode(prefix: ipnet::IpNet, key: &Key, bytes: &[u8]) -> Self {
        let (next_hop, attributes) = bytes.split_at(usize::from(key.next_hop_len));
        let codes: Vec<u8> = tlv::iter(attributes).map(|tlv| tlv.code).collect();
        assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
        assert_eq!(tlv::iter(attributes).map(|tlv| tlv.raw.len()).sum::<usize>(), attributes.len());
        assert_eq!(tlv::find(attributes, 200), Some(&b"opaque"[..]));
        let words = |code| -> Vec<u32> {
            let value = tlv::find(attributes, code).unwrap_or_default();
            value.as_chunks().0.iter().map(|c| u32::from_be_bytes(*c)).collect()
        };
        let mut path = vec![];
        let mut rest = tlv::find(attributes, code::AS_PATH).unwrap();
        while let [kind, count, after @ ..] = rest {
            let (asns, after) = after.split_at(4 * usize::from(*count));
            let asns = asns.as_chunks().0.iter().map(|c| u32::from_be_bytes(*c));
            match kind {
                1 => path.push(Hop { set: true, asns: asns.collect() }),
                _ => path.extend(asns.map(|asn| Hop { set: false, asns: vec![asn] })),
            }
            rest = after;
        }
        assert_eq!(usize::from(key.path_len), path.len());
        // What is put in front hides nobody's neighbor.
        let received = path.iter().find(|hop| hop.set || hop.asns != [OWN_ASN]);
        assert_eq!(key.neighbor_as, received.filter(|hop| !hop.set).map_or(0, |hop| hop.asns[0]));
        let communities = words(code::COMMUNITIES);
        assert!(communities.is_sorted_by(|a, b| a < b), "{communities:?}");
        assert_eq!(key.communities, communities.iter().fold(0, |bits, &c| bits | Key::community_bit(c)));
        let large = words(code::LARGE_COMMUNITIES);
        let large: Vec<[u32; 3]> = large.chunks(3).map(|c| [c[0], c[1], c[2]]).collect();
        assert!(large.is_sorted_by(|a, b| a < b), "{large:?}");
        Self {
            prefix,
            next_hop: next_hop.to_vec(),
            local_pref: (key.flags & Key::HAS_LOCAL_PREF != 0).then_some(key.local_pref),
            med: key.med(),
            origin: key.origin,
            path,
            communities: communities.into_iter().collect(),
            large: large.into_iter().collect(),
        }
    }

    fn is_v4(&self) -> bool {
        self.prefix.addr().is_ipv4()
    }

    fn change(&mut self, sets: &[Set<'_>]) {
        let rank = |set: &Set<'_>| match set {
            Set::SetCommunities(_) | Set::SetLargeCommunities(_) => 0,
            Set::RemoveCommunities(_) | Set::RemoveLargeCommunities(_) => 1,
            _ => 2,
        };
        let mut sets = sets.to_vec();
        sets.sort_by_key(rank);
        for set in sets {
            match set {
                Set::LocalPref(value) => self.local_pref = Some(value),
                Set::Med(value) => self.med = value,
                Set::Origin(origin) => self.origin = origin as u8,
                Set::NextHop(IpAddr::V4(a)) if self.is_v4() => self.next_hop = a.octets().to_vec(),
                Set::NextHop(IpAddr::V6(a)) if !self.is_v4() => self.next_hop = a.octets().to_vec(),
                Set::NextHop(_) => {}
                Set::NextHopSelf => self.next_hop = OWN_NEXT_HOP.to_vec(),
                Set::Prepend(count) => {
                    let own = vec![Hop { set: false, asns: vec![OWN_ASN] }; usize::from(count)];
                    self.path.splice(0..0, own);
                }
                Set::SetCommunities(values) => self.communities = values.iter().copied().collect(),
                Set::RemoveCommunities(patterns) => {
                    self.communities.retain(|c| !community_fits(*c, patterns))
                }
                Set::AddCommunities(values) => self.communities.extend(values),
                Set::SetLargeCommunities(values) => self.large = values.iter().copied().collect(),
                Set::RemoveLargeCommunities(patterns) => self.large.retain(|c| !large_fits(*c, patterns)),
                Set::AddLargeCommunities(values) => self.large.extend(values),
            }
        }
    }

    fn matches(&self, one: &Match<'_>) -> bool {
        match one {
            Match::Prefix(ranges) => ranges.iter().any(|range| {
                let len = self.prefix.prefix_len();
                Family::of(&self.prefix) == range.family()
                    && (range.min()..=range.max()).contains(&len)
                    && bits(self.prefix).starts_with(&bits(range.net()))
            }),
            Match::Family(families) => {
                families.iter().any(|family| (*family == Family::Ipv4Unicast) == self.is_v4())
            }
            Match::Community(patterns) => self.communities.iter().any(|c| community_fits(*c, patterns)),
            Match::LargeCommunity(patterns) => self.large.iter().any(|c| large_fits(*c, patterns)),
            Match::AsPath(patterns) => patterns.iter().any(|pattern| {
                let words: Vec<&str> = pattern.split(' ').filter(|word| !word.is_empty()).collect();
                match words[..] {
                    ["empty"] => self.path.is_empty(),
                    [word] if word != "*" && word != "." => self.path.iter().any(|hop| word_fits(word, hop)),
                    _ => path_fits(&words, &self.path),
                }
            }),
            Match::AsPathLength(ranges) => ranges.iter().any(|range| {
                (usize::from(range.min())..=usize::from(range.max())).contains(&self.path.len())
            }),
            Match::NextHop(nets) => {
                let address = match self.next_hop.len() {
                    4 => IpAddr::from(<[u8; 4]>::try_from(&self.next_hop[..]).unwrap()),
                    0 if self.is_v4() => IpAddr::from([0; 4]),
                    0 => IpAddr::from([0; 16]),
                    _ => IpAddr::from(<[u8; 16]>::try_from(&self.next_hop[..16]).unwrap()),
                };
                nets.iter().any(|net| net.contains(&address))
            }
            Match::Origin(origins) => origins.iter().any(|origin| *origin as u8 == self.origin),
        }
    }
}

/// Verdict and changed route, as the documentation says.
pub(super) fn run(rules: &[Rule<'_>], route: &Plain) -> (bool, Option<u16>, Plain) {
    let mut changed = route.clone();
    for (number, rule) in rules.iter().enumerate() {
        if rule.matches.iter().all(|one| changed.matches(one)) {
            match rule.action {
                RuleAction::Reject => return (false, Some(number as u16), changed),
                RuleAction::Next => changed.change(rule.sets),
                RuleAction::Accept => {
                    changed.change(rule.sets);
                    return (true, Some(number as u16), changed);
                }
            }
        }
    }
    (false, None, changed)
}

fn bits(net: ipnet::IpNet) -> String {
    let all = match net.network() {
        IpAddr::V4(a) => std::format!("{:032b}", a.to_bits()),
        IpAddr::V6(a) => std::format!("{:0128b}", a.to_bits()),
    };
    all[..usize::from(net.prefix_len())].into()
}

fn community_fits(community: u32, patterns: &[CommunityPattern]) -> bool {
    let (high, low) = ((community / 65536) as u16, (community % 65536) as u16);
    patterns.iter().any(|p| p.high.is_none_or(|h| h == high) && p.low.is_none_or(|l| l == low))
}

fn large_fits(community: [u32; 3], patterns: &[LargeCommunityPattern]) -> bool {
    patterns.iter().any(|p| (0..3).all(|i| p.0[i].is_none_or(|part| part == community[i])))
}

fn word_fits(word: &str, hop: &Hop) -> bool {
    let (first, last) = match word.split_once('-') {
        Some((first, last)) => (first.parse().unwrap(), last.parse().unwrap()),
        None if word == "." => (0, u32::MAX),
        None => (word.parse().unwrap(), word.parse().unwrap()),
    };
    hop.asns.iter().any(|&asn| first <= asn && asn <= last)
}

fn path_fits(words: &[&str], path: &[Hop]) -> bool {
    match words {
        [] => path.is_empty(),
        ["*", rest @ ..] => (0..=path.len()).any(|skipped| path_fits(rest, &path[skipped..])),
        [word, rest @ ..] => {
            path.first().is_some_and(|hop| word_fits(word, hop)) && path_fits(rest, &path[1..])
        }
    }
}
