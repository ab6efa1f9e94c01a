//! Random policies and routes over a small world, so that matches happen, against the reference evaluator.

use std::boxed::Box;
use std::collections::BTreeSet;
use std::string::String;

use super::reference::{Hop, Plain, run};
use super::std;
use super::*;

/// A small generator (xorshift64*); the seed makes every run the same.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % n
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    /// Up to `most` items. Leaked: policies borrow what they are made of, and the test ends soon.
    fn some<T: 'static>(&mut self, most: usize, mut item: impl FnMut(&mut Self) -> T) -> &'static [T] {
        let count = self.below(most + 1);
        Box::leak((0..count).map(|_| item(self)).collect())
    }

    fn net(&mut self) -> ipnet::IpNet {
        let spread = self.below(8) as u32;
        if self.below(3) == 0 {
            let len = self.pick(&[0, 1, 32, 34, 35, 48, 128]);
            let addr = (0x2001_0db8_u128 << 96) | (u128::from(spread) << 92);
            ipnet::Ipv6Net::new_assert(addr.into(), len).trunc().into()
        } else {
            let len = self.pick(&[0, 1, 8, 9, 10, 11, 12, 16, 31, 32]);
            ipnet::Ipv4Net::new_assert((0x0A00_0000 | spread << 20).into(), len).trunc().into()
        }
    }

    fn range(&mut self) -> PrefixRange {
        let net = self.net();
        let (len, bits) = (net.prefix_len(), net.max_prefix_len());
        let min = len + self.below(usize::from(bits - len) + 1).min(self.below(12)) as u8;
        let max = if self.below(3) == 0 { bits } else { min + self.below(usize::from(bits - min) + 1) as u8 };
        PrefixRange::new(net, Some(min), Some(max)).unwrap()
    }

    fn community(&mut self) -> u32 {
        self.pick(&[0x0001_0001, 0x0001_0002, 0x0002_0001, 0xFFFF_FF01, 0xFFFF_0000])
    }

    fn community_pattern(&mut self) -> CommunityPattern {
        CommunityPattern {
            high: self.pick(&[None, Some(1), Some(2)]),
            low: self.pick(&[None, Some(1), Some(2)]),
        }
    }

    fn large(&mut self) -> [u32; 3] {
        [1, 1 + self.below(2) as u32, 1 + self.below(2) as u32]
    }

    fn large_pattern(&mut self) -> LargeCommunityPattern {
        LargeCommunityPattern([1, 2, 2].map(|n| (self.below(2) == 0).then(|| 1 + self.below(n) as u32)))
    }

    fn pattern(&mut self) -> &'static str {
        if self.below(8) == 0 {
            return "empty";
        }
        let words: String = (0..1 + self.below(4))
            .map(|_| std::format!("{} ", self.pick(&["*", "*", ".", "1", "2", "3", "1-2", "65000"])))
            .collect();
        Box::leak(words.into_boxed_str())
    }

    fn lengths(&mut self) -> LengthRange {
        let min = self.below(4) as u16;
        LengthRange::new(min, min + self.below(3) as u16).unwrap()
    }

    fn one_match(&mut self) -> Match<'static> {
        match self.below(9) {
            0 | 1 => Match::Prefix(self.some(4, Self::range)),
            2 => Match::Family(self.some(2, |random| random.pick(&Family::ALL))),
            3 => Match::Community(self.some(2, Self::community_pattern)),
            4 => Match::LargeCommunity(self.some(2, Self::large_pattern)),
            5 => Match::AsPath(self.some(2, Self::pattern)),
            6 => Match::AsPathLength(self.some(2, Self::lengths)),
            7 => Match::NextHop(self.some(2, |random| {
                random
                    .pick(&["192.0.2.0/24", "0.0.0.0/32", "198.51.100.1/32", "::/0", "2001:db8::/64"])
                    .parse()
                    .unwrap()
            })),
            _ => Match::Origin(self.some(3, |random| random.pick(&Origin::ALL))),
        }
    }

    fn sets(&mut self) -> &'static [Set<'static>] {
        let mut sets = vec![];
        let value = self.below(1000);
        let mut chance = |set| {
            if self.below(5) == 0 {
                sets.push(set);
            }
        };
        chance(Set::LocalPref(value as u32));
        chance(Set::Med(value.is_multiple_of(2).then_some(value as u32)));
        chance(Set::Origin(Origin::ALL[value % 3]));
        chance(Set::Prepend([0, 1, 2, 255][value % 4]));
        chance(match value % 3 {
            0 => Set::NextHopSelf,
            1 => Set::NextHop("192.0.2.9".parse().unwrap()),
            _ => Set::NextHop("2001:db8::9".parse().unwrap()),
        });
        for set in [
            Set::SetCommunities(self.some(2, Self::community)),
            Set::RemoveCommunities(self.some(2, Self::community_pattern)),
            Set::AddCommunities(self.some(3, Self::community)),
            Set::SetLargeCommunities(self.some(2, Self::large)),
            Set::RemoveLargeCommunities(self.some(2, Self::large_pattern)),
            Set::AddLargeCommunities(self.some(3, Self::large)),
        ] {
            if self.below(5) == 0 {
                let at = self.below(sets.len() + 1);
                sets.insert(at, set);
            }
        }
        Box::leak(sets.into_boxed_slice())
    }

    fn rule(&mut self) -> Rule<'static> {
        let action = self.pick(&[RuleAction::Accept, RuleAction::Reject, RuleAction::Next, RuleAction::Next]);
        Rule { matches: self.some(2, Self::one_match), sets: self.sets(), action }
    }

    fn route(&mut self) -> Plain {
        let prefix = self.net();
        let next_hop = match (prefix, self.below(4)) {
            (_, 0) => vec![],
            (ipnet::IpNet::V4(_), last) => vec![192, 0, 2, last as u8],
            (ipnet::IpNet::V6(_), 1) => [vec![0x20; 16], vec![0xFE; 16]].concat(),
            (ipnet::IpNet::V6(_), last) => {
                [vec![0x20, 1, 0x0d, 0xb8], vec![0; 11], vec![last as u8]].concat()
            }
        };
        let path = (0..self.below(5))
            .map(|_| {
                let set = self.below(6) == 0;
                let asns = (0..if set { 2 } else { 1 }).map(|_| 1 + self.below(3) as u32).collect();
                Hop { set, asns }
            })
            .collect();
        Plain {
            prefix,
            next_hop,
            local_pref: (self.below(2) == 0).then_some(7),
            med: (self.below(2) == 0).then_some(8),
            origin: self.below(3) as u8,
            path,
            communities: self.some(3, Self::community).iter().copied().collect::<BTreeSet<_>>(),
            large: self.some(2, Self::large).iter().copied().collect::<BTreeSet<_>>(),
        }
    }
}

#[test]
fn every_verdict_and_every_change_is_the_reference_one() {
    let mut random = Random(0x5EED);
    let (mut accepted, mut changed, mut named) = (0, 0, 0);
    for _ in 0..3000 {
        let rules = random.some(7, Random::rule);
        let policy = Policy { name: "p", rules };
        let area = compiled(&[policy]);
        let policies = Policies::new(&area);
        let dead: BTreeSet<u16> = unreachable_rules(&policy).map(|found| found.rule as u16).collect();
        named += dead.len();
        for _ in 0..25 {
            let plain = random.route();
            let route = plain.encode();
            let verdict = evaluate(&policies, &route);
            let (accept, rule, expected) = run(rules, &plain);
            assert_eq!((verdict.accept, verdict.rule), (accept, rule), "{rules:#?}\n{plain:#?}");
            assert!(
                rule.is_none_or(|rule| !dead.contains(&rule)),
                "{dead:?} {rule:?}\n{rules:#?}\n{plain:#?}"
            );
            let on_the_way: Vec<u16> = policies.applied_rules(0, verdict.applied).collect();
            assert!(on_the_way.iter().all(|rule| !dead.contains(rule)), "{dead:?}\n{rules:#?}\n{plain:#?}");
            if accept {
                accepted += 1;
                changed += usize::from(!verdict.applied.is_empty());
                let (key, bytes) = apply(&policies, verdict.applied, &route);
                assert_eq!(Plain::decode(plain.prefix, &key, &bytes), expected, "{rules:#?}\n{plain:#?}");
            }
        }
    }
    // The world is small enough for all of it to happen.
    assert!(accepted > 5000 && changed > 1000 && named > 500, "{accepted} {changed} {named}");
}

#[test]
fn a_verdict_that_does_not_depend_on_the_prefix_is_the_same_for_all() {
    let mut random = Random(0xF00D);
    let mut independent = 0;
    for _ in 0..3000 {
        let rules = random.some(4, Random::rule);
        let area = compiled(&[Policy { name: "p", rules }]);
        let policies = Policies::new(&area);
        if policies.depends_on_prefix(0) {
            continue;
        }
        independent += 1;
        let plain = random.route();
        let first = evaluate(&policies, &plain.encode());
        for _ in 0..10 {
            let prefix = random.net();
            if Family::of(&prefix) == Family::of(&plain.prefix) {
                assert_eq!(
                    evaluate(&policies, &Plain { prefix, ..plain.clone() }.encode()),
                    first,
                    "{rules:#?}"
                );
            }
        }
    }
    assert!(independent > 500, "{independent}");
}

#[test]
fn long_prefix_lists_are_searched_as_if_one_by_one() {
    let mut random = Random(0xBEEF);
    for _ in 0..200 {
        let ranges: Vec<PrefixRange> = (0..random.below(60)).map(|_| random.range()).collect();
        let matches = [Match::Prefix(&ranges)];
        let rules = [accept(&matches)];
        let area = compiled(&[Policy { name: "p", rules: &rules }]);
        for _ in 0..50 {
            let plain = random.route();
            let verdict = evaluate(&Policies::new(&area), &plain.encode());
            assert_eq!(verdict.accept, run(&rules, &plain).0, "{ranges:?} {}", plain.prefix);
        }
    }
}
