//! What a policy sets is set: a route that passes twice is as one that passed once, but for what counts up.

use crier_core::attrs::edit::{Written, build_local};
use crier_core::attrs::tlv::{code, find};
use crier_core::attrs::{AttrsView, Key};
use crier_core::family::Family;
use crier_core::policy::{
    CommunityPattern, LargeCommunityPattern, Origin, Policies, Policy, RouteInput, Rule, RuleAction, Set,
    compile,
};
use crier_core::speaker::LocalRoute;
use crier_core::wire::as_path::AsPath;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::law;

const OWN: u32 = 65_000;

/// The sets of a rule, as far as they do not count up.
#[derive(Clone, Debug)]
struct Sets {
    local_pref: Option<u32>,
    med: Option<Option<u32>>,
    origin: Option<u8>,
    next_hop: Option<[u8; 4]>,
    set: Option<Vec<u32>>,
    remove: Vec<(Option<u16>, Option<u16>)>,
    add: Vec<u32>,
    set_large: Option<Vec<[u32; 3]>>,
    remove_large: Vec<[Option<u32>; 3]>,
    add_large: Vec<[u32; 3]>,
}

fn community() -> impl Strategy<Value = u32> {
    prop_oneof![
        (1..3_u32, 1..4_u32).prop_map(|(high, low)| high << 16 | low),
        Just(0xFFFF_FF01),
        Just(0xFFFF_029A)
    ]
}

fn large() -> impl Strategy<Value = [u32; 3]> {
    [1..3_u32, 1..3_u32, 1..3_u32]
}

fn sets() -> impl Strategy<Value = Sets> {
    let pattern = (option::of(1..3_u16), option::of(1..4_u16));
    let large_pattern = [option::of(1..3_u32), option::of(1..3_u32), option::of(1..3_u32)];
    let plain = (
        option::of(any::<u32>()),
        option::of(option::of(any::<u32>())),
        option::of(0..3_u8),
        option::of(any::<[u8; 4]>()),
    );
    let lists = (option::of(vec(community(), 0..5)), vec(pattern, 0..3), vec(community(), 0..5));
    let large_lists = (option::of(vec(large(), 0..5)), vec(large_pattern, 0..3), vec(large(), 0..5));
    (plain, lists, large_lists).prop_map(
        |((local_pref, med, origin, next_hop), (set, remove, add), (set_large, remove_large, add_large))| {
            Sets { local_pref, med, origin, next_hop, set, remove, add, set_large, remove_large, add_large }
        },
    )
}

/// Applies a policy of one rule so many times; the last result.
fn apply(sets: &[Set<'_>], attrs: (Key, &[u8]), times: usize) -> (Key, Vec<u8>) {
    let rules = [Rule { matches: &[], sets, action: RuleAction::Accept }];
    let mut compiled = [0; 2_048];
    let len = compile(&[Policy { name: "p", rules: &rules }], &mut compiled).unwrap();
    let policies = Policies::new(&compiled[..len]);
    let (mut key, mut bytes) = (attrs.0, attrs.1.to_vec());
    for _ in 0..times {
        let attrs = AttrsView { key: &key, bytes: &bytes };
        let route = RouteInput {
            family: Family::Ipv4Unicast,
            addr: 0,
            len: 0,
            attrs,
            own_asn: OWN,
            own_next_hop: None,
        };
        let verdict = policies.evaluate(0, &route);
        assert!(verdict.accept);
        let mut out = vec![0; 8_192];
        let Written { key: after, len, .. } =
            policies.apply(0, verdict.applied, OWN, None, attrs, &mut out).unwrap();
        out.truncate(len);
        (key, bytes) = (after, out);
    }
    (key, bytes)
}

fn with_sets<T>(sets: &Sets, prepend: u8, run: impl FnOnce(&[Set<'_>]) -> T) -> T {
    let patterns: Vec<_> = sets.remove.iter().map(|&(high, low)| CommunityPattern { high, low }).collect();
    let large: Vec<_> = sets.remove_large.iter().map(|parts| LargeCommunityPattern(*parts)).collect();
    let mut list = vec![Set::Prepend(prepend)];
    list.extend(sets.local_pref.map(Set::LocalPref));
    list.extend(sets.med.map(Set::Med));
    list.extend(sets.origin.map(|origin| Set::Origin(Origin::ALL[usize::from(origin)])));
    list.extend(sets.next_hop.map(|octets| Set::NextHop(octets.into())));
    list.extend(sets.set.as_deref().map(Set::SetCommunities));
    list.push(Set::RemoveCommunities(&patterns));
    list.push(Set::AddCommunities(&sets.add));
    list.extend(sets.set_large.as_deref().map(Set::SetLargeCommunities));
    list.push(Set::RemoveLargeCommunities(&large));
    list.push(Set::AddLargeCommunities(&sets.add_large));
    run(&list)
}

/// A route's attributes.
fn attributes(communities: &[u32], large: &[[u32; 3]]) -> (Key, Vec<u8>) {
    let route = LocalRoute {
        prefix: "10.0.0.0/8".parse().unwrap(),
        next_hop: Some([192, 0, 2, 1].into()),
        med: Some(3),
        local_pref: None,
        communities,
        large_communities: large,
    };
    let mut out = vec![0; 2_048];
    let (key, len) = build_local(&route, &mut out).unwrap();
    out.truncate(len);
    (key, out)
}

proptest! {
    #![proptest_config(law(400))]

    #[test]
    fn twice_is_as_once(sets in sets(), communities in vec(community(), 0..6), large in vec(large(), 0..6)) {
        let (key, bytes) = attributes(&communities, &large);
        with_sets(&sets, 0, |list| {
            let once = apply(list, (key, &bytes), 1);
            prop_assert_eq!(&apply(list, (key, &bytes), 2), &once);
            let (key, bytes) = &once;
            prop_assert_eq!(key.preference(), sets.local_pref.unwrap_or(100));
            prop_assert_eq!(key.med(), sets.med.unwrap_or(Some(3)));
            let attrs = AttrsView { key, bytes };
            prop_assert_eq!(attrs.next_hop_bytes(), sets.next_hop.unwrap_or([192, 0, 2, 1]));
            // The bits in the key say what is among the bytes.
            let found = find(attrs.attributes(), code::COMMUNITIES).unwrap_or_default();
            let (found, _) = found.as_chunks::<4>();
            let bits = found.iter().fold(0, |bits, one| bits | Key::community_bit(u32::from_be_bytes(*one)));
            prop_assert_eq!(key.communities, bits);
            for added in &sets.add {
                prop_assert!(found.contains(&added.to_be_bytes()));
            }
            Ok(())
        })?;
    }

    #[test]
    fn prepending_counts_up(sets in sets(), times in 0..40_u8, rounds in 1..9_usize) {
        let (key, bytes) = attributes(&[], &[]);
        with_sets(&sets, times, |list| {
            let (key, bytes) = apply(list, (key, &bytes), rounds);
            let attrs = AttrsView { key: &key, bytes: &bytes };
            let path = AsPath::of(attrs.attributes());
            prop_assert_eq!(usize::from(key.path_len), usize::from(times) * rounds);
            prop_assert_eq!(path.length(), key.path_len);
            prop_assert!(path.numbers().all(|number| number == OWN));
            Ok(())
        })?;
    }
}
