//! What is accepted from a neighbor, and what becomes of the rest.

extern crate std;

use core::net::IpAddr;
use std::vec;
use std::vec::Vec;

use super::raw::{
    Raw, Spec, announce, as_path, attribute, basic, communities, configs, lab, lab_with, local_pref, message,
    mp_reach, pump_all, spec, withdraw,
};
use super::world::{World, route, settings, small, speaker};
use crate::config::{MaxPrefixAction, MaxPrefixes, PolicyRef, Settings};
use crate::policy::{CommunityPattern, Match, Policy, Rule, RuleAction, Set};
use crate::time::Millis;
use crate::view::{Admin, Reason};
use crate::{EventKind, Limits, PeerId};

const OWN: u32 = 65_000;
const FAR: [u8; 4] = [198, 51, 100, 7];

/// Reasons of the records of a neighbor, with their prefixes.
fn refused(world: &World, raw: &Raw) -> Vec<(std::string::String, Reason)> {
    use std::string::ToString;
    let speaker = &world.hosts[0];
    let records = (0..speaker.refused_slots()).filter_map(|slot| speaker.refused(slot));
    let mut all: Vec<_> =
        records.filter(|r| r.peer == raw.peer).map(|r| (r.prefix.to_string(), r.reason)).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all
}

/// Received, whether that is exact, and accepted, of IPv4.
fn counts(world: &World, raw: &Raw) -> (u32, bool, u32) {
    let counts = world.hosts[0].peer(raw.peer).unwrap().families[0].unwrap();
    (counts.received, counts.received_exact, counts.accepted)
}

fn preference(world: &World, prefix: &str) -> u32 {
    let speaker = &world.hosts[0];
    let slot = speaker.find_destination(prefix.parse().unwrap()).unwrap();
    let destination = speaker.destination(crate::Family::Ipv4Unicast, slot).unwrap();
    let best = destination.paths().find(|path| path.best).unwrap();
    best.attrs.key.preference()
}

#[test]
fn paths_that_cannot_be_are_refused_and_say_why() {
    let (mut world, mut raws) = lab(&[spec(65_001)]);
    let raw = &mut raws[0];
    let cases: [(&str, Vec<u8>, Reason); 5] = [
        ("192.0.2.0/24", basic(&[65_001, OWN], FAR), Reason::OwnAs),
        ("192.0.2.0/24", basic(&[65_001], [10, 0, 0, 1]), Reason::OwnNextHop),
        ("192.0.2.0/24", basic(&[65_002, 65_001], FAR), Reason::FirstAs),
        ("127.1.0.0/16", basic(&[65_001], FAR), Reason::Martian),
        ("192.0.2.0/24", [basic(&[65_001], FAR), attribute(0x40, 4, &[0; 4])].concat(), Reason::Malformed),
    ];
    for (prefix, attributes, reason) in cases {
        if reason != Reason::Martian {
            raw.say(&mut world, &announce(&basic(&[65_001], FAR), &[prefix]));
            assert_eq!((world.prefixes(0), counts(&world, raw)), (vec![prefix.into()], (1, true, 1)));
        }
        // What was there before goes with it.
        raw.say(&mut world, &announce(&attributes, &[prefix]));
        assert_eq!(refused(&world, raw), [(prefix.into(), reason)]);
        assert_eq!((world.prefixes(0).len(), counts(&world, raw)), (0, (1, true, 0)));
        world.hosts[0].check(world.now).unwrap();
        raw.say(&mut world, &withdraw(&[prefix]));
        assert_eq!((refused(&world, raw).len(), counts(&world, raw)), (0, (0, true, 0)));
    }
    assert_eq!(raw.notification, None);
}

#[test]
fn own_next_hop_is_known_for_ipv6_too() {
    let (mut world, mut raws) = lab(&[spec(65_001)]);
    let own = [0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let reach = mp_reach(&own, &["2001:db8::/48"]);
    let attributes = [reach, attribute(0x40, 1, &[0]), as_path(&[65_001])].concat();
    raws[0].say(&mut world, &announce(&attributes, &[]));
    assert_eq!(refused(&world, &raws[0]), [("2001:db8::/48".into(), Reason::OwnNextHop)]);
}

/// An address turns out to be an own one after a route with it as the next hop: whoever may have announced it is asked
/// again (decision 008).
#[test]
fn what_was_accepted_before_the_address_was_known_is_asked_for_again() {
    let own = [0xFD, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
    let routes = |next_hop: [u8; 16]| {
        let reach = mp_reach(&next_hop, &["2001:db8::/48"]);
        announce(&[reach, attribute(0x40, 1, &[0]), as_path(&[65_001])].concat(), &[])
    };
    for (next_hop, asked) in [([0x20; 16], false), (own, true)] {
        let specs = [Spec { other_addresses: false, ..spec(65_001) }, spec(65_002), spec(65_003)];
        let mut world = World::new(vec![speaker(small(), 7)]);
        world.apply(0, OWN, &configs(&specs), &[]);
        let mut first = Raw::connect(&mut world, 0, 0, &specs[0]);
        first.say(&mut world, &routes(next_hop));
        assert_eq!(world.prefixes(0), ["2001:db8::/48"]);
        let mut second = Raw::connect(&mut world, 0, 1, &specs[1]);
        first.pump(&mut world, 0);
        assert_eq!(first.refreshes.len(), if asked { 2 } else { 0 });
        first.say(&mut world, &routes(next_hop));
        second.pump(&mut world, 0);
        assert_eq!(world.prefixes(0).is_empty(), asked);
        assert_eq!(refused(&world, &first).len(), usize::from(asked));
        // Once it is known, nobody is asked any more; nor is who has announced nothing.
        Raw::connect(&mut world, 0, 2, &specs[2]);
        first.pump(&mut world, 0);
        second.pump(&mut world, 0);
        assert_eq!((first.refreshes.len(), second.refreshes.len()), (if asked { 2 } else { 0 }, 0));
    }
}

/// The driver knows all addresses, before there is any session, and when one goes.
#[test]
fn own_addresses_that_the_driver_tells_are_no_next_hops() {
    let specs = [spec(65_001)];
    let mut world = World::new(vec![speaker(small(), 7)]);
    world.apply(0, OWN, &configs(&specs), &[]);
    let own: IpAddr = "192.0.2.77".parse().unwrap();
    let update = announce(&basic(&[65_001], [192, 0, 2, 77]), &["198.51.100.0/24"]);
    world.hosts[0].set_own_addresses(&[own, own]);
    let mut raw = Raw::connect(&mut world, 0, 0, &specs[0]);
    raw.say(&mut world, &update);
    assert_eq!(refused(&world, &raw), [("198.51.100.0/24".into(), Reason::OwnNextHop)]);
    world.hosts[0].set_own_addresses(&[]);
    raw.say(&mut world, &update);
    assert_eq!((world.prefixes(0).len(), refused(&world, &raw).len(), raw.refreshes.len()), (1, 0, 0));
    // It is back: whoever announced it is asked again, and once more it is refused.
    world.hosts[0].set_own_addresses(&[own]);
    raw.pump(&mut world, 0);
    assert_eq!(raw.refreshes.len(), 2);
    raw.say(&mut world, &update);
    assert_eq!((world.prefixes(0).len(), refused(&world, &raw).len()), (0, 1));
}

#[test]
fn an_external_neighbor_without_policy_gives_and_gets_nothing() {
    let unset = Settings { import: PolicyRef::Unset, export: PolicyRef::Unset, ..spec(1).settings };
    let specs = [65_001, OWN].map(|asn| Spec { settings: unset, ..spec(asn) });
    let (mut world, mut raws) = lab(&specs);
    world.hosts[0].originate(world.now, &route("172.20.0.0/16")).unwrap();
    raws[0].say(&mut world, &announce(&basic(&[65_001], FAR), &["192.0.2.0/24"]));
    let internal = [basic(&[], FAR), local_pref(100)].concat();
    raws[1].say(&mut world, &announce(&internal, &["203.0.113.0/24"]));
    pump_all(&mut world, &mut raws);
    assert_eq!(refused(&world, &raws[0]), [("192.0.2.0/24".into(), Reason::NoPolicy)]);
    assert_eq!(world.prefixes(0), ["172.20.0.0/16", "203.0.113.0/24"]);
    assert!(raws[0].table.is_empty());
    assert_eq!(raws[1].prefixes(), ["172.20.0.0/16"]);
}

#[test]
fn a_policy_decides_and_changes_and_graceful_shutdown_comes_after_it() {
    let wanted = [CommunityPattern::exact(65_001 << 16 | 1)];
    let rules = [Rule {
        matches: &[Match::Community(&wanted)],
        sets: &[Set::LocalPref(300)],
        action: RuleAction::Accept,
    }];
    let policies = [Policy { name: "in", rules: &rules }];
    let by_policy = Settings { import: PolicyRef::Named(0), ..spec(1).settings };
    let specs = [65_001, OWN].map(|asn| Spec { settings: by_policy, ..spec(asn) });
    let (mut world, mut raws) = lab_with(&specs, &policies, small());
    let tag = 65_001 << 16 | 1;
    for (prefix, set) in
        [("192.0.2.0/24", &[tag][..]), ("203.0.113.0/24", &[tag, 0xFFFF_0000]), ("198.51.100.0/24", &[7])]
    {
        let attributes = [basic(&[65_001], FAR), communities(set)].concat();
        raws[0].say(&mut world, &announce(&attributes, &[prefix]));
    }
    assert_eq!(refused(&world, &raws[0]), [("198.51.100.0/24".into(), Reason::Policy)]);
    assert_eq!(preference(&world, "192.0.2.0/24"), 300);
    assert_eq!(preference(&world, "203.0.113.0/24"), 0);
    let inside = [basic(&[7], FAR), local_pref(50), communities(&[tag, 0xFFFF_0000])].concat();
    raws[1].say(&mut world, &announce(&inside, &["192.0.3.0/24"]));
    assert_eq!(preference(&world, "192.0.3.0/24"), 300, "RFC 8326 asks this of external sessions");
    pump_all(&mut world, &mut raws);
}

#[test]
fn the_rule_that_decided_is_known_and_graceful_shutdown_survives_a_policy_that_removes_it() {
    let rules = [
        Rule { matches: &[Match::AsPath(&["64999"])], sets: &[], action: RuleAction::Reject },
        Rule {
            matches: &[Match::AsPath(&["65001"])],
            sets: &[Set::SetCommunities(&[7]), Set::LocalPref(250)],
            action: RuleAction::Accept,
        },
    ];
    let policies = [Policy { name: "in", rules: &rules }];
    let by_policy = Settings { import: PolicyRef::Named(0), enforce_first_as: false, ..spec(1).settings };
    let (mut world, mut raws) = lab_with(&[Spec { settings: by_policy, ..spec(65_001) }], &policies, small());
    for (prefix, path) in [
        ("192.0.2.0/24", &[65_001][..]),
        ("198.51.100.0/24", &[65_001, 64_999]),
        ("203.0.113.0/24", &[65_002]),
    ] {
        let attributes = [basic(path, FAR), communities(&[0xFFFF_0000])].concat();
        raws[0].say(&mut world, &announce(&attributes, &[prefix]));
    }
    assert_eq!(preference(&world, "192.0.2.0/24"), 0);
    let speaker = &world.hosts[0];
    let slot = speaker.find_destination("192.0.2.0/24".parse().unwrap()).unwrap();
    let accepted = speaker.destination(crate::Family::Ipv4Unicast, slot).unwrap();
    assert_eq!(accepted.paths().next().unwrap().rule, Some(1));
    let refused = (0..speaker.refused_slots()).filter_map(|slot| speaker.refused(slot));
    let rules: std::vec::Vec<_> = refused.map(|refused| (refused.reason, refused.rule)).collect();
    assert_eq!(rules, [(Reason::Policy, Some(0)), (Reason::Policy, None)]);
}

fn limited(action: MaxPrefixAction) -> (World, Vec<Raw>) {
    let max_prefixes = MaxPrefixes { limit: 2, action };
    lab(&[Spec { settings: Settings { max_prefixes, ..settings() }, ..spec(65_001) }])
}

#[test]
fn each_action_of_the_prefix_limit_does_what_it_says() {
    use MaxPrefixAction::{Close, Refuse, Restart, Warn};
    let four = ["192.0.0.0/24", "192.0.1.0/24", "192.0.2.0/24", "192.0.3.0/24"];
    for action in [Close, Restart, Refuse, Warn] {
        let (mut world, mut raws) = limited(action);
        let raw = &mut raws[0];
        raw.say(&mut world, &announce(&basic(&[65_001], FAR), &four[..2]));
        // Replacing what is there exceeds nothing.
        raw.say(&mut world, &announce(&basic(&[65_001, 2], FAR), &four[..2]));
        assert_eq!((counts(&world, raw), raw.notification), ((2, true, 2), None));
        raw.say(&mut world, &announce(&basic(&[65_001], FAR), &four));
        world.hosts[0].check(world.now).unwrap();
        assert_eq!(world.count(0, |kind| matches!(kind, EventKind::MaxPrefixes { limit: 2, .. })), 1);
        let view = world.hosts[0].peer(PeerId(1)).unwrap();
        match action {
            Close | Restart => {
                assert_eq!(raw.notification, Some((6, 1)));
                assert!(world.prefixes(0).is_empty());
                assert_eq!(view.admin, if action == Close { Admin::Limit } else { Admin::Up });
            }
            Refuse => {
                assert_eq!(counts(&world, raw), (4, true, 2));
                let reasons = [four[2], four[3]].map(|prefix| (prefix.into(), Reason::MaxPrefixes));
                assert_eq!(refused(&world, raw), reasons);
                // Where one goes, another may come.
                raw.say(&mut world, &withdraw(&four[..1]));
                raw.say(&mut world, &announce(&basic(&[65_001], FAR), &four[2..3]));
                assert_eq!(counts(&world, raw), (3, true, 2));
            }
            Warn => assert_eq!(counts(&world, raw), (4, true, 4)),
        }
    }
}

#[test]
fn what_a_limit_has_refused_is_asked_for_again_when_there_is_room() {
    let (mut world, mut raws) = limited(MaxPrefixAction::Refuse);
    let raw = &mut raws[0];
    let three = ["192.0.0.0/24", "192.0.1.0/24", "192.0.2.0/24"];
    raw.say(&mut world, &announce(&basic(&[65_001], FAR), &three));
    world.run(Millis::from_secs(70));
    raw.say(&mut world, &[]);
    let incomplete = |world: &World| world.hosts[0].peer(PeerId(1)).unwrap().incomplete;
    assert_eq!((counts(&world, raw), raw.refreshes.len(), incomplete(&world)), ((3, true, 2), 0, false));
    raw.say(&mut world, &withdraw(&three[..1]));
    assert!(incomplete(&world));
    world.hosts[0].check(world.now).unwrap();
    world.run(Millis::from_secs(2));
    raw.say(&mut world, &[]);
    assert_eq!((raw.refreshes.len(), incomplete(&world)), (2, false));
    raw.say(&mut world, &announce(&basic(&[65_001], FAR), &three[1..]));
    assert_eq!((counts(&world, raw), incomplete(&world)), ((2, true, 2), false));
}

#[test]
fn what_is_received_is_exact_until_the_neighbors_share_of_records_is_full() {
    let (mut world, mut raws) = lab_with(
        &[Spec { settings: Settings { import: PolicyRef::RejectAll, ..settings() }, ..spec(65_001) }],
        &[],
        Limits { paths: 8, ..small() },
    );
    let prefixes: Vec<_> = (0..898).map(|n| std::format!("10.{}.{}.0/24", n / 256, n % 256)).collect();
    let names: Vec<&str> = prefixes.iter().map(|prefix| &prefix[..]).collect();
    for chunk in names[..897].chunks(500) {
        raws[0].say(&mut world, &announce(&basic(&[65_001], FAR), chunk));
    }
    assert_eq!(counts(&world, &raws[0]), (897, true, 0));
    raws[0].say(&mut world, &announce(&basic(&[65_001], FAR), &names[880..]));
    assert_eq!(counts(&world, &raws[0]), (897, false, 0));
    raws[0].say(&mut world, &withdraw(&names[880..]));
    assert_eq!(counts(&world, &raws[0]), (880, false, 0));
    world.hosts[0].check(world.now).unwrap();
}

/// An UPDATE that names a prefix among the withdrawn and the announced announces it (RFC 4271, 4.3).
#[test]
fn announcing_beats_withdrawing() {
    let (mut world, mut raws) = lab(&[spec(65_001)]);
    let attributes = basic(&[65_001], FAR);
    let len = (attributes.len() as u16).to_be_bytes();
    let body = [&[0, 4, 24, 192, 0, 2][..], &len, &attributes, &[24, 192, 0, 2]].concat();
    raws[0].say(&mut world, &message(2, &body));
    assert_eq!(world.prefixes(0), ["192.0.2.0/24"]);
}
