//! What each kind of neighbor is announced: the bytes it reads.

extern crate std;

use std::vec;
use std::vec::Vec;

use super::raw::{
    Spec, announce, as_path, attribute, basic, communities, lab, lab_with, local_pref, mp_reach, pump_all,
    spec,
};
use super::world::{route, small};
use crate::Family;
use crate::attrs::tlv::code;
use crate::config::{PolicyRef, Settings, Ttl};
use crate::policy::{Policy, Rule, RuleAction, Set};
use crate::speaker::LocalRoute;
use crate::time::Millis;
use crate::view::Reason;

const OWN: u32 = 65_000;
const FAR: [u8; 4] = [198, 51, 100, 7];

/// AS_PATH's value as one AS_SEQUENCE.
fn sequence(path: &[u32]) -> Vec<u8> {
    as_path(path)[3..].to_vec()
}

fn with(settings: Settings, spec: Spec) -> Spec {
    Spec { settings, ..spec }
}

fn reason(world: &super::world::World, raw: &super::raw::Raw, prefix: &str) -> Reason {
    let speaker = &world.hosts[0];
    let net = prefix.parse().unwrap();
    let slot = speaker.find_destination(net).unwrap();
    let mut scratch = vec![0; 30_000];
    speaker.advertised(raw.peer, Family::of(&net), slot, &mut scratch).unwrap().reason
}

#[test]
fn what_an_external_neighbor_announced_goes_to_all_others() {
    let (mut world, mut raws) = lab(&[spec(65_001), spec(65_002), spec(OWN), spec(OWN)]);
    let attributes = [basic(&[65_001, 7], FAR), attribute(0x80, 4, &[0, 0, 0, 9])].concat();
    raws[0].say(&mut world, &announce(&attributes, &["203.0.113.0/24"]));
    pump_all(&mut world, &mut raws);
    assert!(raws[0].table.is_empty(), "split horizon");
    let told = raws[1].told("203.0.113.0/24").unwrap();
    assert_eq!(told.get(code::AS_PATH).unwrap(), sequence(&[OWN, 65_001, 7]));
    assert_eq!(told.next_hop, [10, 0, 0, 1]);
    assert_eq!((told.number(code::MULTI_EXIT_DISC), told.number(code::LOCAL_PREF)), (None, None));
    for raw in &raws[2..] {
        let told = raw.told("203.0.113.0/24").unwrap();
        assert_eq!(told.get(code::AS_PATH).unwrap(), sequence(&[65_001, 7]));
        assert_eq!(told.next_hop, FAR, "unchanged");
        assert_eq!((told.number(code::MULTI_EXIT_DISC), told.number(code::LOCAL_PREF)), (Some(9), Some(100)));
    }
    assert_eq!(reason(&world, &raws[0], "203.0.113.0/24"), Reason::SplitHorizon);
}

#[test]
fn what_an_internal_neighbor_announced_goes_to_external_ones_only() {
    let (mut world, mut raws) = lab(&[spec(OWN), spec(OWN), spec(65_002)]);
    let reflected = [attribute(0x80, 9, &[9, 9, 9, 9]), attribute(0x80, 10, &[8, 8, 8, 8])].concat();
    let attributes = [basic(&[7], FAR), local_pref(300), reflected].concat();
    raws[0].say(&mut world, &announce(&attributes, &["203.0.113.0/24"]));
    pump_all(&mut world, &mut raws);
    assert!(raws[0].table.is_empty() && raws[1].table.is_empty());
    assert_eq!(reason(&world, &raws[1], "203.0.113.0/24"), Reason::InternalToInternal);
    let told = raws[2].told("203.0.113.0/24").unwrap();
    let codes: Vec<u8> = told.attributes.keys().copied().collect();
    assert_eq!(codes, [1, 2, 3], "no LOCAL_PREF, no ORIGINATOR_ID, no CLUSTER_LIST");
    assert_eq!(told.get(code::AS_PATH).unwrap(), sequence(&[OWN, 7]));
}

#[test]
fn well_known_communities_bind_those_who_receive_a_route() {
    let (mut world, mut raws) = lab(&[spec(65_001), spec(65_002), spec(OWN)]);
    let cases = [
        ("203.0.113.0/24", 0xFFFF_FF01, Reason::NoExport, Reason::None),
        ("198.51.100.0/24", 0xFFFF_FF02, Reason::NoAdvertise, Reason::NoAdvertise),
        ("192.0.2.0/24", 0xFFFF_FF03, Reason::NoExport, Reason::None),
    ];
    for (prefix, community, external, internal) in cases {
        let attributes = [basic(&[65_001], FAR), communities(&[community])].concat();
        raws[0].say(&mut world, &announce(&attributes, &[prefix]));
        pump_all(&mut world, &mut raws);
        assert_eq!(reason(&world, &raws[1], prefix), external);
        assert_eq!(reason(&world, &raws[2], prefix), internal);
        assert_eq!(raws[1].told(prefix).is_some(), external == Reason::None);
        assert_eq!(raws[2].told(prefix).is_some(), internal == Reason::None);
    }
    // What is originated here is announced with them.
    let local = LocalRoute { communities: &[0xFFFF_FF01], med: Some(4), ..route("172.20.0.0/16") };
    world.hosts[0].originate(world.now, &local).unwrap();
    pump_all(&mut world, &mut raws);
    for raw in &raws {
        let told = raw.told("172.20.0.0/16").unwrap();
        assert_eq!(told.get(code::COMMUNITIES).unwrap(), [0xFF, 0xFF, 0xFF, 1]);
        assert_eq!(told.number(code::MULTI_EXIT_DISC), Some(4), "a local route's MED is its own");
        assert_eq!(told.next_hop, [10, 0, 0, 1]);
    }
}

#[test]
fn a_policy_may_set_a_med_even_to_the_value_that_was_there() {
    let rules =
        [Rule { matches: &[], sets: &[Set::Med(Some(9)), Set::Prepend(2)], action: RuleAction::Accept }];
    let policies = [Policy { name: "med", rules: &rules }];
    let sink = with(Settings { export: PolicyRef::Named(0), ..spec(65_002).settings }, spec(65_002));
    let (mut world, mut raws) = lab_with(&[spec(65_001), sink], &policies, small());
    let attributes = [basic(&[65_001], FAR), attribute(0x80, 4, &[0, 0, 0, 9])].concat();
    raws[0].say(&mut world, &announce(&attributes, &["203.0.113.0/24"]));
    pump_all(&mut world, &mut raws);
    let told = raws[1].told("203.0.113.0/24").unwrap();
    assert_eq!(told.number(code::MULTI_EXIT_DISC), Some(9));
    assert_eq!(told.get(code::AS_PATH).unwrap(), sequence(&[OWN, OWN, OWN, 65_001]));
}

/// What a policy sets is chosen here, even where it is what was there (decision 004), and while draining.
#[test]
fn a_policy_may_set_the_next_hop_to_the_one_that_was_there() {
    let rules = [Rule { matches: &[], sets: &[Set::NextHop(FAR.into())], action: RuleAction::Accept }];
    let policies = [Policy { name: "far", rules: &rules }];
    let sink = |asn| with(Settings { export: PolicyRef::Named(0), ..spec(asn).settings }, spec(asn));
    let own = with(Settings { next_hop_self: true, ..sink(OWN).settings }, spec(OWN));
    let (mut world, mut raws) = lab_with(&[spec(65_001), sink(65_002), own], &policies, small());
    raws[0].say(&mut world, &announce(&basic(&[65_001], FAR), &["203.0.113.0/24"]));
    for draining in [false, true] {
        if draining {
            world.hosts[0].drain(world.now, Millis::from_secs(5));
        }
        pump_all(&mut world, &mut raws);
        for raw in &raws[1..] {
            let told = raw.told("203.0.113.0/24").unwrap();
            assert_eq!(
                (told.next_hop.as_slice(), told.get(code::COMMUNITIES).is_some()),
                (&FAR[..], draining)
            );
        }
    }
}

#[test]
fn next_hop_is_own_or_kept_and_never_the_neighbors() {
    let own = with(Settings { next_hop_self: true, ..spec(OWN).settings }, spec(OWN));
    let (mut world, mut raws) = lab(&[spec(65_001), spec(OWN), own]);
    // The internal neighbor at place 1 is 10.0.0.101.
    raws[0].say(&mut world, &announce(&basic(&[65_001], [10, 0, 0, 101]), &["203.0.113.0/24"]));
    raws[0].say(&mut world, &announce(&basic(&[65_001], FAR), &["192.0.2.0/24"]));
    let fixed = LocalRoute { next_hop: Some("10.0.0.100".parse().unwrap()), ..route("172.20.0.0/16") };
    world.hosts[0].originate(world.now, &fixed).unwrap();
    pump_all(&mut world, &mut raws);
    let next_hop = |raw: usize, prefix| raws[raw].told(prefix).unwrap().next_hop.clone();
    assert_eq!(next_hop(1, "203.0.113.0/24"), [10, 0, 0, 1]);
    assert_eq!(next_hop(1, "192.0.2.0/24"), FAR);
    assert_eq!(next_hop(2, "192.0.2.0/24"), [10, 0, 0, 1]);
    assert_eq!(next_hop(0, "172.20.0.0/16"), [10, 0, 0, 1], "its own address is not for it");
    assert_eq!(next_hop(1, "172.20.0.0/16"), [10, 0, 0, 100]);
}

#[test]
fn ipv6_next_hops_are_global_and_on_a_shared_link_link_local_too() {
    let over6 = |asn| Spec { over_ipv6: true, ..spec(asn) };
    let (mut world, mut raws) = lab(&[over6(65_001), over6(65_002), over6(OWN), spec(65_003)]);
    let global = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    let link_local = [0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
    let own = [0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let own_link_local = [0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let reach = mp_reach(&[global, link_local].concat(), &["2001:db8:1::/48"]);
    let attributes = [reach, attribute(0x40, 1, &[0]), as_path(&[65_001])].concat();
    raws[0].say(&mut world, &announce(&attributes, &[]));
    pump_all(&mut world, &mut raws);
    let next_hop = |raw: usize| raws[raw].told("2001:db8:1::/48").unwrap().next_hop.clone();
    assert_eq!(next_hop(1), [own, own_link_local].concat());
    // RFC 2545, 3: the link-local one means nothing to a neighbor that does not share the link.
    assert_eq!(next_hop(2), global);
    assert_eq!(next_hop(3), own, "an IPv4 session shares no link that is known");
}

#[test]
fn a_link_local_next_hop_goes_to_neighbors_one_hop_away_only() {
    let over6 =
        |ttl| Spec { over_ipv6: true, ..with(Settings { ttl, ..spec(65_001).settings }, spec(65_001)) };
    let ttls = [
        (Ttl::Default, 32),
        (Ttl::Security(1), 32),
        (Ttl::Multihop(1), 32),
        (Ttl::Security(2), 16),
        (Ttl::Multihop(2), 16),
    ];
    let (mut world, mut raws) = lab(&ttls.map(|(ttl, _)| over6(ttl)));
    world.hosts[0].originate(world.now, &route("2001:db8::/32")).unwrap();
    pump_all(&mut world, &mut raws);
    for (raw, (ttl, len)) in raws.iter().zip(ttls) {
        assert_eq!(raw.told("2001:db8::/32").unwrap().next_hop.len(), len, "{ttl:?}");
    }
    let shares_link: Vec<bool> = world.hosts[0].peers().map(|peer| peer.shares_link).collect();
    assert_eq!(shares_link, ttls.map(|(_, len)| len == 32));
}

#[test]
fn a_family_without_a_next_hop_on_the_session_is_not_announced() {
    let bare = Spec { other_addresses: false, ..spec(65_001) };
    let bare6 = Spec { over_ipv6: true, ..bare };
    let rich6 = Spec { over_ipv6: true, ..spec(65_001) };
    let (mut world, mut raws) = lab(&[bare, bare6, rich6]);
    for prefix in ["172.20.0.0/16", "2001:db8::/32"] {
        world.hosts[0].originate(world.now, &route(prefix)).unwrap();
    }
    pump_all(&mut world, &mut raws);
    assert_eq!(raws[0].prefixes(), ["172.20.0.0/16"]);
    assert_eq!(reason(&world, &raws[0], "2001:db8::/32"), Reason::NoNextHop);
    assert_eq!(raws[1].prefixes(), ["2001:db8::/32"]);
    assert_eq!(reason(&world, &raws[1], "172.20.0.0/16"), Reason::NoNextHop);
    assert_eq!(raws[2].told("172.20.0.0/16").unwrap().next_hop, [10, 0, 0, 1]);
}

#[test]
fn neighbors_with_two_octet_numbers_get_both_forms() {
    let old = Spec { as4: false, ..spec(65_002) };
    let (mut world, mut raws) = lab(&[spec(4_200_000_000), old, spec(65_003)]);
    let aggregator = [&4_200_000_001u32.to_be_bytes()[..], &[192, 0, 2, 9]].concat();
    let attributes = [basic(&[4_200_000_000, 7], FAR), attribute(0xC0, 7, &aggregator)].concat();
    raws[0].say(&mut world, &announce(&attributes, &["203.0.113.0/24"]));
    pump_all(&mut world, &mut raws);
    let told = raws[1].told("203.0.113.0/24").unwrap();
    assert_eq!(told.get(code::AS_PATH).unwrap(), [2, 3, 0xFD, 0xE8, 0x5B, 0xA0, 0, 7]);
    assert_eq!(told.get(code::AS4_PATH).unwrap(), sequence(&[OWN, 4_200_000_000, 7]));
    assert_eq!(told.get(code::AGGREGATOR).unwrap(), [0x5B, 0xA0, 192, 0, 2, 9]);
    assert_eq!(told.get(code::AS4_AGGREGATOR).unwrap(), aggregator);
    let told = raws[2].told("203.0.113.0/24").unwrap();
    assert_eq!(told.get(code::AS_PATH).unwrap(), sequence(&[OWN, 4_200_000_000, 7]));
    assert_eq!(told.get(code::AGGREGATOR).unwrap(), aggregator);
    assert!(told.get(code::AS4_PATH).is_none() && told.get(code::AS4_AGGREGATOR).is_none());
}

#[test]
fn extended_communities_of_the_as_stay_in_it() {
    let (mut world, mut raws) = lab(&[spec(65_001), spec(65_002), spec(OWN)]);
    let (goes, stays) = ([0x00, 2, 0, 1, 0, 0, 0, 1], [0x40, 4, 0, 1, 0, 0, 0, 1]);
    let attributes = [basic(&[65_001], FAR), attribute(0xC0, 16, &[stays, goes].concat())].concat();
    raws[0].say(&mut world, &announce(&attributes, &["203.0.113.0/24"]));
    pump_all(&mut world, &mut raws);
    let told = |raw: usize| raws[raw].told("203.0.113.0/24").unwrap().attributes[&16].clone();
    assert_eq!(told(1), (0xC0, goes.to_vec()), "another AS");
    assert_eq!(told(2), (0xC0, [stays, goes].concat()), "the own AS");
}

#[test]
fn unknown_transitive_attributes_go_on_byte_for_byte_and_partial() {
    let (mut world, mut raws) = lab(&[spec(65_001), spec(65_002), spec(OWN)]);
    let long: Vec<u8> = (0..=255).chain(0..100).collect();
    let attributes = [
        basic(&[65_001], FAR),
        attribute(0xC0, 99, &[1, 2, 3]),
        attribute(0x80, 100, &[4]),
        attribute(0xE0, 200, &long),
    ];
    raws[0].say(&mut world, &announce(&attributes.concat(), &["203.0.113.0/24"]));
    pump_all(&mut world, &mut raws);
    for raw in &raws[1..] {
        let told = raw.told("203.0.113.0/24").unwrap();
        assert_eq!(told.attributes[&99], (0xE0, vec![1, 2, 3]));
        assert_eq!(told.attributes[&200], (0xE0, long.clone()));
        assert!(!told.attributes.contains_key(&100), "a non-transitive one ends here");
    }
}
