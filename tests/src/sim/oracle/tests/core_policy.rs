//! Random policies and routes, through this evaluator and through the core's: two independent readings of one document.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crier::config::{HostFacts, MatchModel, Model, PolicyModel, RuleModel, SetModel};
use crier_core::Family;
use crier_core::attrs::edit::Written;
use crier_core::attrs::tlv::{self, Writer, code, flag};
use crier_core::attrs::{AttrsView, Key};
use crier_core::policy::{
    CommunityPattern, LargeCommunityPattern, LengthRange, Origin, Policies, PrefixRange, RouteInput,
    RuleAction, compile,
};
use ipnet::IpNet;

use super::super::as_path::{first, places};
use super::super::evaluate;
use super::world::{ip, net, route};
use crate::sim::Route;
use crate::sim::route::Segment;

const ASN: u32 = 65_000;

/// Chance, the same in every run (splitmix64).
pub(super) struct Chance(pub(super) u64);

impl Chance {
    pub(super) fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ x >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ x >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((x ^ x >> 31) >> 33) as usize % n
    }

    pub(super) fn pick<T: Clone>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())].clone()
    }

    /// Up to `most` items.
    pub(super) fn some<T>(&mut self, most: usize, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        (0..self.below(most + 1)).map(|_| item(self)).collect()
    }

    pub(super) fn maybe<T>(&mut self, value: T) -> Option<T> {
        (self.below(2) == 0).then_some(value)
    }

    pub(super) fn prefix(&mut self) -> IpNet {
        net(self.pick(&[
            "0.0.0.0/0",
            "10.0.0.0/8",
            "10.16.0.0/12",
            "10.17.0.0/16",
            "10.17.5.0/24",
            "10.17.5.9/32",
            "172.16.0.0/12",
            "::/0",
            "2001:db8::/32",
            "2001:db8:1::/48",
            "2001:db8:1::7/128",
        ]))
    }

    fn range(&mut self) -> PrefixRange {
        let prefix = self.prefix();
        let (len, bits) = (usize::from(prefix.prefix_len()), usize::from(prefix.max_prefix_len()));
        let ge = len + self.below(bits - len + 1);
        let le = ge + self.below(bits - ge + 1);
        let bound = |chance: &mut Self, bound: usize| chance.maybe(bound as u8);
        let (ge, le) = (bound(self, ge), bound(self, le));
        PrefixRange::new(prefix, ge, le).unwrap()
    }

    pub(super) fn community(&mut self) -> u32 {
        self.pick(&[0x1_0001, 0x1_0002, 0x2_0001, 0xFFFF_FF01, 0xFFFF_0000, 0xFFFF_029A])
    }

    fn pattern(&mut self) -> CommunityPattern {
        CommunityPattern { high: self.pick(&[None, Some(1), Some(0xFFFF)]), low: self.pick(&[None, Some(1)]) }
    }

    pub(super) fn large(&mut self) -> [u32; 3] {
        [1, self.pick(&[1, 2]), self.pick(&[1, 2])]
    }

    fn large_pattern(&mut self) -> LargeCommunityPattern {
        LargeCommunityPattern([
            self.pick(&[None, Some(1)]),
            self.pick(&[None, Some(2)]),
            self.pick(&[None, Some(1)]),
        ])
    }

    fn path_pattern(&mut self) -> String {
        let words = ["*", "*", ".", "1", "2", "2-3", "65000"];
        match self.below(8) {
            0 => "empty".to_owned(),
            _ => (0..1 + self.below(5)).map(|_| self.pick(&words)).collect::<Vec<_>>().join(" "),
        }
    }

    fn one_match(&mut self) -> MatchModel {
        match self.below(9) {
            0 | 1 => MatchModel::Prefix(self.some(3, Self::range)),
            2 => MatchModel::Family(self.some(2, |chance| chance.pick(&Family::ALL))),
            3 => MatchModel::Community(self.some(2, Self::pattern)),
            4 => MatchModel::LargeCommunity(self.some(2, Self::large_pattern)),
            5 => MatchModel::AsPath(self.some(2, Self::path_pattern)),
            6 => MatchModel::AsPathLength(self.some(2, |chance| {
                let min = chance.below(4) as u16;
                LengthRange::new(min, min + chance.below(3) as u16).unwrap()
            })),
            7 => MatchModel::NextHop(self.some(2, |chance| {
                net(chance.pick(&["192.0.2.0/24", "0.0.0.0/32", "198.51.100.1/32", "::/0", "2001:db8::/64"]))
            })),
            _ => MatchModel::Origin(self.some(2, |chance| chance.pick(&Origin::ALL))),
        }
    }

    /// Sets in any order, none of them twice.
    fn sets(&mut self) -> Vec<SetModel> {
        let next_hops = [
            vec![SetModel::NextHopSelf],
            vec![SetModel::NextHop(ip("192.0.2.9"))],
            vec![SetModel::NextHop(ip("2001:db8::9")), SetModel::NextHop(ip("192.0.2.9"))],
        ];
        let mut all = self.pick(&next_hops);
        let value = self.below(500) as u32;
        all.extend([
            SetModel::LocalPref(value),
            SetModel::Med(self.maybe(value)),
            SetModel::Origin(self.pick(&Origin::ALL)),
            SetModel::Prepend(self.pick(&[1, 2, 32])),
            SetModel::SetCommunities(self.some(2, Self::community)),
            SetModel::RemoveCommunities(self.some(2, Self::pattern)),
            SetModel::AddCommunities(self.some(3, Self::community)),
            SetModel::SetLargeCommunities(self.some(2, Self::large)),
            SetModel::RemoveLargeCommunities(self.some(2, Self::large_pattern)),
            SetModel::AddLargeCommunities(self.some(2, Self::large)),
        ]);
        let mut sets = Vec::new();
        for set in all {
            if self.below(4) == 0 {
                sets.insert(self.below(sets.len() + 1), set);
            }
        }
        sets
    }

    pub(super) fn policy(&mut self) -> PolicyModel {
        let rules = self.some(7, |chance| RuleModel {
            matches: chance.some(2, Self::one_match),
            sets: chance.sets(),
            action: chance.pick(&[
                RuleAction::Accept,
                RuleAction::Reject,
                RuleAction::Next,
                RuleAction::Next,
            ]),
        });
        PolicyModel { name: "p".to_owned(), rules }
    }

    /// A prefix and its route, with a path whose sequences do not adjoin.
    fn route(&mut self) -> (IpNet, Route) {
        let prefix = self.prefix();
        let next_hop = match prefix {
            IpNet::V4(_) => self.pick(&["192.0.2.1", "198.51.100.1", "0.0.0.0"]),
            IpNet::V6(_) => self.pick(&["2001:db8::1", "2001:db8:9::1", "::"]),
        };
        let mut as_path: Vec<Segment> = Vec::new();
        for _ in 0..self.below(4) {
            let numbers: Vec<u32> = (0..1 + self.below(3)).map(|_| self.pick(&[1, 2, 3])).collect();
            match as_path.last() {
                Some(Segment::Sequence(_)) => as_path.push(Segment::Set(numbers.into_iter().collect())),
                _ => as_path.push(Segment::Sequence(numbers)),
            }
        }
        let has_link_local = prefix.addr().is_ipv6() && next_hop != "::" && self.below(2) == 0;
        let route = Route {
            origin: self.below(3) as u8,
            as_path,
            link_local: has_link_local.then(|| "fe80::7".parse().unwrap()),
            med: self.maybe(8),
            local_pref: self.maybe(7),
            communities: self.some(3, Self::community).into_iter().collect(),
            large_communities: self.some(2, Self::large).into_iter().collect(),
            others: [(200, (0xC0, b"opaque".to_vec()))].into(),
            ..route(&[], next_hop)
        };
        (prefix, route)
    }
}

/// The octets of a next hop as the core has them.
fn hop_bytes(address: IpAddr, link_local: Option<std::net::Ipv6Addr>) -> Vec<u8> {
    let link_local = link_local.map_or(Vec::new(), |address| address.octets().to_vec());
    match address {
        address if address.is_unspecified() => Vec::new(),
        IpAddr::V4(v4) => v4.octets().to_vec(),
        IpAddr::V6(v6) => [v6.octets().to_vec(), link_local].concat(),
    }
}

/// The core's form of a route.
fn encode(route: &Route) -> (Key, Vec<u8>) {
    let mut key = Key { origin: route.origin, ..Key::default() };
    key.set_local_pref(route.local_pref);
    key.set_med(route.med);
    key.path_len = places(&route.as_path).len() as u16;
    key.neighbor_as = first(&route.as_path).unwrap_or(0);
    key.communities =
        route.communities.iter().fold(0, |bits, community| bits | Key::community_bit(*community));
    let next_hop = hop_bytes(route.next_hop, route.link_local);
    key.next_hop_len = next_hop.len() as u8;
    let mut buf = vec![0; 4096];
    let mut out = Writer::new(&mut buf);
    out.put(&next_hop).unwrap();
    let mut path = Vec::new();
    for segment in &route.as_path {
        let (kind, numbers): (u8, Vec<u32>) = match segment {
            Segment::Set(numbers) => (1, numbers.iter().copied().collect()),
            Segment::Sequence(numbers) => (2, numbers.clone()),
        };
        path.extend([kind, numbers.len() as u8]);
        path.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    }
    out.put_attribute(flag::TRANSITIVE, code::AS_PATH, &path).unwrap();
    let lists = [
        (code::COMMUNITIES, route.communities.iter().flat_map(|c| c.to_be_bytes()).collect::<Vec<u8>>()),
        (
            code::LARGE_COMMUNITIES,
            route.large_communities.iter().flatten().flat_map(|c| c.to_be_bytes()).collect(),
        ),
    ];
    for (code, value) in lists.iter().filter(|(_, value)| !value.is_empty()) {
        out.put_attribute(0xC0, *code, value).unwrap();
    }
    for (code, (flags, value)) in &route.others {
        out.put_attribute(*flags, *code, value).unwrap();
    }
    let len = out.len();
    buf.truncate(len);
    (key, buf)
}

/// A route from the core's form.
pub(super) fn decode(prefix: IpNet, key: &Key, bytes: &[u8]) -> Route {
    let view = AttrsView { key, bytes };
    let words = |code| -> Vec<u32> {
        let value = tlv::find(view.attributes(), code).unwrap_or_default();
        value.as_chunks().0.iter().map(|word| u32::from_be_bytes(*word)).collect()
    };
    let mut as_path: Vec<Segment> = Vec::new();
    let mut rest = tlv::find(view.attributes(), code::AS_PATH).unwrap();
    while let [kind, count, after @ ..] = rest {
        let (numbers, after) = after.split_at(4 * usize::from(*count));
        let numbers = numbers.as_chunks().0.iter().map(|number| u32::from_be_bytes(*number));
        match (kind, as_path.last_mut()) {
            (1, _) => as_path.push(Segment::Set(numbers.collect())),
            (_, Some(Segment::Sequence(before))) => before.extend(numbers),
            (_, _) => as_path.push(Segment::Sequence(numbers.collect())),
        }
        rest = after;
    }
    let named = [code::AS_PATH, code::COMMUNITIES, code::LARGE_COMMUNITIES];
    let others = tlv::iter(view.attributes()).filter(|attribute| !named.contains(&attribute.code));
    Route {
        origin: key.origin,
        as_path,
        next_hop: view.next_hop().unwrap_or(super::super::unspecified(prefix)),
        link_local: view.next_hop_bytes().get(16..32).map(|ip| <[u8; 16]>::try_from(ip).unwrap().into()),
        med: key.med(),
        local_pref: (key.flags & Key::HAS_LOCAL_PREF != 0).then_some(key.local_pref),
        communities: words(code::COMMUNITIES).into_iter().collect(),
        large_communities: words(code::LARGE_COMMUNITIES).as_chunks().0.iter().copied().collect(),
        others: others
            .map(|attribute| (attribute.code, (attribute.flags, attribute.value.to_vec())))
            .collect(),
    }
}

/// What the core's compiled policy makes of a route.
fn by_the_core(policies: &Policies<'_>, prefix: IpNet, route: &Route, own: Option<&[u8]>) -> Option<Route> {
    let (key, bytes) = encode(route);
    let attrs = AttrsView { key: &key, bytes: &bytes };
    let addr = match prefix.network() {
        IpAddr::V4(v4) => v4.to_bits().into(),
        IpAddr::V6(v6) => v6.to_bits(),
    };
    let (family, len) = (Family::of(&prefix), prefix.prefix_len());
    let input = RouteInput { family, addr, len, attrs, own_asn: ASN, own_next_hop: own };
    let verdict = policies.evaluate(0, &input);
    if !verdict.accept {
        return None;
    }
    let mut out = vec![0; 8192];
    let Written { key, len, .. } = policies.apply(0, verdict.applied, ASN, own, attrs, &mut out).unwrap();
    Some(decode(prefix, &key, &out[..len]))
}

#[test]
fn the_core_judges_as_this_evaluator_does() {
    let mut chance = Chance(3);
    let facts = HostFacts { addresses: &[] };
    let empty: Model =
        crier::config::parse("[router]\nasn = 65000\nrouter-id = \"192.0.2.1\"\n", "test", &facts).unwrap();
    let (mut accepted, mut changed, mut seen) = (0, 0, BTreeSet::new());
    for _ in 0..2000 {
        let model = Model { policies: vec![chance.policy()], ..empty.clone() };
        let policy = &model.policies[0];
        let mut area = vec![0; 1 << 16];
        let len = model.with_core_config(|config| compile(config.policies, &mut area).unwrap());
        let compiled = Policies::new(&area[..len]);
        for _ in 0..20 {
            let (prefix, route) = chance.route();
            let own = match prefix {
                IpNet::V4(_) => (ip("198.51.100.1"), None),
                IpNet::V6(_) => (ip("2001:db8:5::1"), Some("fe80::5".parse().unwrap())),
            };
            let own = chance.maybe(own);
            let bytes = own.map(|(address, link_local)| hop_bytes(address, link_local));
            let expected = evaluate(policy, prefix, &route, ASN, own).map(|judged| judged.route);
            let found = by_the_core(&compiled, prefix, &route, bytes.as_deref());
            assert_eq!(found, expected, "{prefix} {route:#?}\n{policy:#?}");
            accepted += usize::from(found.is_some());
            changed += usize::from(found.is_some_and(|found| found != route));
            seen.insert(prefix);
        }
    }
    // The world is small enough for all of it to happen.
    assert!(accepted > 4000 && changed > 1000 && seen.len() == 11, "{accepted} {changed} {seen:?}");
}
