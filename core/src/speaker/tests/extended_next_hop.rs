//! IPv4 prefixes with IPv6 next hops (RFC 8950): who is offered them, who gets them, and what is taken.

extern crate std;

use std::vec;
use std::vec::Vec;

use super::raw::{
    Raw, Spec, announce, as_path, attribute, basic, lab, lab_with, local_pref, message, mp_reach, pump_all,
    spec,
};
use super::raw_peer::{Lab, OPEN};
use super::world::{World, address, neighbor, route, settings, small};
use crate::attrs::tlv::code;
use crate::config::{PolicyRef, Settings};
use crate::policy::{Policy, Rule, RuleAction, Set};
use crate::speaker::Ends;
use crate::view::Reason;
use crate::{Family, FamilySet};

const OWN: u32 = 65_000;
const CAPABILITY: [u8; 8] = [5, 6, 0, 1, 0, 1, 0, 2];
const OWN_GLOBAL: [u8; 16] = [0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const OWN_LINK_LOCAL: [u8; 16] = [0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const FAR: [u8; 16] = [0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
const FAR_LINK_LOCAL: [u8; 16] = [0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];
const NET: &str = "203.0.113.0/24";

/// A neighbor over IPv6 that takes them; the speaker has no IPv4 address on the session.
fn taker(asn: u32) -> Spec {
    Spec { over_ipv6: true, other_addresses: false, extended_next_hop: true, ..spec(asn) }
}

/// One that does not take them.
fn other(asn: u32) -> Spec {
    Spec { extended_next_hop: false, ..taker(asn) }
}

/// An UPDATE of IPv4 prefixes with this IPv6 next hop.
fn update(next_hop: &[u8], path: &[u32], prefixes: &[&str]) -> Vec<u8> {
    announce(&[mp_reach(next_hop, prefixes), attribute(0x40, 1, &[0]), as_path(path)].concat(), &[])
}

fn reason(world: &World, raw: &Raw) -> Reason {
    let speaker = &world.hosts[0];
    let slot = speaker.find_destination(NET.parse().unwrap()).unwrap();
    let mut scratch = vec![0; 30_000];
    speaker.advertised(raw.peer, Family::Ipv4Unicast, slot, &mut scratch).unwrap().reason
}

fn agreed(world: &World, raw: &Raw) -> bool {
    world.hosts[0].peer(raw.peer).unwrap().negotiated.unwrap().extended_next_hop
}

#[test]
fn they_are_offered_over_ipv6_where_ipv4_is_spoken() {
    let v6_only = FamilySet::EMPTY.with(Family::Ipv6Unicast);
    let local = "[fd00::1]:179".parse().unwrap();
    for (remote, families, offered) in [
        (address(1), settings().families, false),
        ("fd00::2".parse().unwrap(), settings().families, true),
        ("fd00::2".parse().unwrap(), v6_only, false),
        ("::ffff:10.0.0.2".parse().unwrap(), settings().families, false),
    ] {
        let mut lab = Lab::new(small(), 1);
        let mut peer = neighbor(1, Settings { passive: true, families, ..settings() });
        peer.remote = remote;
        lab.configure(&[peer], &[]);
        let conn = lab.speaker.accept(lab.now, Ends::new((remote, 50_000).into(), local)).unwrap();
        let (kind, body) = lab.read(conn).remove(0);
        assert_eq!(kind, OPEN);
        let found = body[10..].windows(CAPABILITY.len()).any(|window| window == CAPABILITY);
        assert_eq!(found, offered, "{remote} {families:?}");
    }
}

#[test]
fn own_routes_go_with_the_sessions_own_address() {
    let shares = Spec { other_addresses: true, ..taker(65_003) };
    let over_ipv4 = Spec { over_ipv6: false, ..taker(65_004) };
    let (mut world, mut raws) = lab(&[taker(65_001), other(65_002), shares, over_ipv4]);
    for prefix in [NET, "203.0.112.0/24", "2001:db8::/32"] {
        world.hosts[0].originate(world.now, &route(prefix)).unwrap();
    }
    pump_all(&mut world, &mut raws);
    let agreed: Vec<bool> = raws.iter().map(|raw| agreed(&world, raw)).collect();
    assert_eq!(agreed, [true, false, true, false]);
    let told = raws[0].told(NET).unwrap();
    assert_eq!(told.next_hop, OWN_GLOBAL);
    assert!(told.get(code::NEXT_HOP).is_none());
    // End-of-RIB of each family, and then one UPDATE for both prefixes that are alike.
    let sizes: Vec<_> = raws[0].updates.iter().map(|(_, announced, _)| *announced).collect();
    assert_eq!(sizes, [0, 0, 2, 1]);
    assert_eq!(raws[1].prefixes(), ["2001:db8::/32"]);
    assert_eq!(reason(&world, &raws[1]), Reason::NoNextHop);
    // An IPv4 address that there is goes first: every neighbor understands it.
    assert_eq!(raws[2].told(NET).unwrap().next_hop, [10, 0, 0, 1]);
    assert_eq!(raws[3].told(NET).unwrap().next_hop, [10, 0, 0, 1]);
    // Withdrawals stay where RFC 4271 has them.
    world.hosts[0].withdraw(NET.parse().unwrap());
    raws[0].updates.clear();
    pump_all(&mut world, &mut raws);
    assert_eq!(raws[0].updates, [(19 + 4 + 4, 0, 1)]);
}

#[test]
fn a_neighbor_on_the_same_link_is_told_the_link_local_address_too() {
    let mut world = World::new(vec![super::world::speaker(small(), 7)]);
    world.apply(0, OWN, &super::raw::configs(&[taker(65_001)]), &[]);
    let mut raw = Raw::connect_with(&mut world, 0, 0, &taker(65_001), |ends| {
        ends.link_local = Some(OWN_LINK_LOCAL.into());
    });
    world.hosts[0].originate(world.now, &route(NET)).unwrap();
    raw.pump(&mut world, 0);
    assert_eq!(raw.told(NET).unwrap().next_hop, [OWN_GLOBAL, OWN_LINK_LOCAL].concat());
}

#[test]
fn learned_ones_are_passed_on_to_those_who_take_them() {
    let own = |spec: Spec| Spec { settings: Settings { next_hop_self: true, ..spec.settings }, ..spec };
    let specs = [
        taker(65_001),
        taker(OWN),
        other(OWN),
        spec(OWN),
        own(taker(OWN)),
        own(spec(OWN)),
        taker(65_002),
        spec(65_003),
    ];
    let (mut world, mut raws) = lab(&specs);
    raws[0].say(&mut world, &update(&[FAR, FAR_LINK_LOCAL].concat(), &[65_001], &[NET]));
    assert_eq!(world.routes(0), [(NET.into(), Some(FAR.into()))]);
    pump_all(&mut world, &mut raws);
    let own_ipv4 = vec![10, 0, 0, 1];
    let wanted = [
        None,
        Some(FAR.to_vec()), // unchanged, without the address of a link that it may not share
        None,
        None, // not even its IPv4 address: nobody asked for that (RFC 4271, 5.1.3)
        Some(OWN_GLOBAL.to_vec()),
        Some(own_ipv4.clone()),
        Some(OWN_GLOBAL.to_vec()),
        Some(own_ipv4),
    ];
    for (at, (raw, wanted)) in raws.iter().zip(&wanted).enumerate() {
        assert_eq!(raw.told(NET).map(|told| &told.next_hop), wanted.as_ref(), "{at}");
    }
    assert_eq!(reason(&world, &raws[2]), Reason::NoNextHop);
    assert_eq!(reason(&world, &raws[3]), Reason::NoNextHop);
    // With an IPv4 next hop it goes to all, and from there back, as a withdrawal.
    raws[0].say(&mut world, &announce(&basic(&[65_001], [198, 51, 100, 7]), &[NET]));
    pump_all(&mut world, &mut raws);
    assert_eq!(raws[3].told(NET).unwrap().next_hop, [198, 51, 100, 7]);
    raws[0].say(&mut world, &update(&FAR, &[65_001], &[NET]));
    pump_all(&mut world, &mut raws);
    assert_eq!((raws[2].told(NET), raws[3].told(NET)), (None, None));
    assert_eq!(raws[1].told(NET).unwrap().next_hop, FAR);
}

#[test]
fn a_policy_sets_them_as_it_sets_others() {
    let ipv4 = [Set::NextHop([192, 0, 2, 1].into()), Set::NextHop(FAR.into())];
    let rules = [Rule { matches: &[], sets: &ipv4, action: RuleAction::Accept }];
    let own = [Rule { matches: &[], sets: &[Set::NextHopSelf], action: RuleAction::Accept }];
    let policies = [Policy { name: "to", rules: &rules }, Policy { name: "self", rules: &own }];
    let sink = |spec: Spec, policy| Spec {
        settings: Settings { export: PolicyRef::Named(policy), ..spec.settings },
        ..spec
    };
    let specs = [taker(65_001), sink(other(OWN), 0), sink(taker(OWN), 1), sink(other(OWN), 1)];
    let (mut world, mut raws) = lab_with(&specs, &policies, small());
    raws[0].say(&mut world, &update(&FAR, &[65_001], &[NET]));
    pump_all(&mut world, &mut raws);
    assert_eq!(raws[1].told(NET).unwrap().next_hop, [192, 0, 2, 1], "the one of the prefix's family");
    assert_eq!(raws[2].told(NET).unwrap().next_hop, OWN_GLOBAL);
    assert_eq!((raws[3].told(NET), reason(&world, &raws[3])), (None, Reason::NoNextHop));
}

#[test]
fn what_cannot_be_a_next_hop_is_refused_and_what_was_not_agreed_on_ends_the_session() {
    let (mut world, mut raws) = lab(&[taker(65_001), other(65_002), taker(OWN)]);
    let mut multicast = FAR;
    multicast[0] = 0xFF;
    for (next_hop, reason) in
        [(OWN_GLOBAL, Reason::OwnNextHop), ([0; 16], Reason::NextHop), (multicast, Reason::NextHop)]
    {
        raws[0].say(&mut world, &update(&FAR, &[65_001], &[NET]));
        assert_eq!(world.prefixes(0), [NET]);
        raws[0].say(&mut world, &update(&next_hop, &[65_001], &[NET]));
        assert!(world.prefixes(0).is_empty());
        let speaker = &world.hosts[0];
        let records = (0..speaker.refused_slots()).filter_map(|slot| speaker.refused(slot));
        let records: Vec<_> = records.map(|record| (record.peer, record.reason)).collect();
        assert_eq!(records, [(raws[0].peer, reason)]);
    }
    assert_eq!(raws[0].notification, None);
    // RFC 7606, 7.11: a next hop of an unexpected length.
    raws[1].say(&mut world, &update(&FAR, &[65_002], &[NET]));
    assert_eq!(raws[1].notification, Some((3, 9)));
    assert!(world.prefixes(0).is_empty());
    // Both ways to withdraw are understood, whatever the announcement was.
    let unreach = attribute(0x80, 15, &[0, 1, 1, 24, 203, 0, 113]);
    let inside = [local_pref(100), mp_reach(&FAR, &[NET]), attribute(0x40, 1, &[0]), as_path(&[])].concat();
    raws[2].say(&mut world, &announce(&inside, &[]));
    assert_eq!(world.prefixes(0), [NET]);
    raws[2].say(&mut world, &announce(&unreach, &[]));
    assert!(world.prefixes(0).is_empty());
    raws[2].say(&mut world, &announce(&inside, &[]));
    raws[2].say(&mut world, &message(2, &[0, 4, 24, 203, 0, 113, 0, 0]));
    assert!(world.prefixes(0).is_empty());
}
