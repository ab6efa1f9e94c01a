//! What a neighbor asks to have dropped (RFC 7999): from whom, for what, and who hears of it.

extern crate std;

use std::format;
use std::string::String;
use std::vec::Vec;

use super::raw::{
    Raw, Spec, announce, as_path, attribute, basic, communities, configs, lab, lab_with, local_pref,
    mp_reach, pump_all, spec, withdraw,
};
use super::world::{World, route, small};
use crate::Family;
use crate::attrs::tlv::{self, code};
use crate::config::{PolicyRef, Settings};
use crate::policy::{CommunityPattern, Match, Policy, Rule, RuleAction, Set};
use crate::speaker::Follow;
use crate::view::{PathView, Reason};
use crate::wire::community::Community;

const OWN: u32 = 65_000;
const FAR: [u8; 4] = [198, 51, 100, 7];
const BLACKHOLE: u32 = 0xFFFF_029A;
const HOST: &str = "203.0.113.1/32";
const HOST6: &str = "2001:db8::1/128";

/// A neighbor that may ask for packets to be dropped.
fn trusted(asn: u32) -> Spec {
    Spec { settings: Settings { blackhole: true, ..spec(asn).settings }, ..spec(asn) }
}

/// What one asks for with these communities for the host at [`HOST`].
fn asks(asn: u32, marks: &[u32]) -> Vec<u8> {
    [basic(&[asn], FAR), communities(marks)].concat()
}

fn each<T>(world: &World, prefix: &str, see: impl Fn(PathView<'_>) -> T) -> Vec<T> {
    let prefix = prefix.parse().unwrap();
    let speaker = &world.hosts[0];
    let found =
        speaker.find_destination(prefix).and_then(|slot| speaker.destination(Family::of(&prefix), slot));
    found.into_iter().flat_map(|destination| destination.paths().map(&see).collect::<Vec<_>>()).collect()
}

/// Neighbors with a path for a prefix, best first, and "forwards" or "drops" for those that take part in forwarding.
fn paths(world: &World, prefix: &str) -> Vec<(u16, &'static str)> {
    each(world, prefix, |path| {
        let does = if path.blackhole { "drops" } else { "forwards" };
        (path.peer.0, if path.multipath { does } else { "rests" })
    })
}

/// The communities of each path for a prefix, as text.
fn marks(world: &World, prefix: &str) -> Vec<String> {
    each(world, prefix, |path| {
        let value = tlv::find(path.attrs.attributes(), code::COMMUNITIES).unwrap_or_default();
        Community::iter(value).map(|one| format!("{one} ")).collect()
    })
}

#[test]
fn only_a_host_of_a_neighbor_that_may_ask_is_dropped() {
    let (mut world, mut raws) = lab(&[trusted(65_001), spec(65_002)]);
    let prefixes = [HOST, "203.0.113.0/31", "203.0.113.0/24", "0.0.0.0/0"];
    // All in one UPDATE: what they share differs in the table.
    raws[0].say(&mut world, &announce(&asks(65_001, &[7, BLACKHOLE]), &prefixes));
    assert_eq!(paths(&world, HOST), [(1, "drops")]);
    assert_eq!(marks(&world, HOST), ["0:7 blackhole no-advertise "]);
    for prefix in &prefixes[1..] {
        assert_eq!(paths(&world, prefix), [(1, "forwards")], "{prefix}");
        assert_eq!(marks(&world, prefix), ["0:7 blackhole "]);
    }
    let reach = mp_reach(&[0x20; 16], &[HOST6, "2001:db8::/127"]);
    let v6 = [reach, attribute(0x40, 1, &[0]), as_path(&[65_001]), communities(&[BLACKHOLE])].concat();
    raws[0].say(&mut world, &announce(&v6, &[]));
    assert_eq!(paths(&world, HOST6), [(1, "drops")]);
    assert_eq!(paths(&world, "2001:db8::/127"), [(1, "forwards")]);
    // From somebody else the community means nothing, and nothing is added.
    raws[0].say(&mut world, &withdraw(&[HOST]));
    raws[1].say(&mut world, &announce(&asks(65_002, &[BLACKHOLE]), &[HOST]));
    assert_eq!(
        (paths(&world, HOST), marks(&world, HOST)),
        ([(2, "forwards")].into(), ["blackhole ".into()].into())
    );
    world.hosts[0].check(world.now).unwrap();
}

#[test]
fn nobody_else_hears_of_it() {
    let (mut world, mut raws) = lab(&[trusted(65_001), spec(65_002), spec(OWN)]);
    let prefixes = [HOST, "203.0.113.0/24"];
    raws[0].say(&mut world, &announce(&asks(65_001, &[BLACKHOLE]), &prefixes));
    pump_all(&mut world, &mut raws);
    for raw in &raws[1..] {
        assert_eq!(raw.prefixes(), ["203.0.113.0/24"]);
        let slot = world.hosts[0].find_destination(HOST.parse().unwrap()).unwrap();
        let mut scratch = [0; 12_288];
        let told = world.hosts[0].advertised(raw.peer, Family::Ipv4Unicast, slot, &mut scratch).unwrap();
        assert_eq!((told.announced, told.reason), (false, Reason::NoAdvertise));
    }
    // Asked for no more, it is an ordinary route; asked for once more, it is taken back from those who heard of it.
    raws[0].say(&mut world, &announce(&basic(&[65_001], FAR), &[HOST]));
    pump_all(&mut world, &mut raws);
    assert_eq!((paths(&world, HOST), raws[1].prefixes().len()), ([(1, "forwards")].into(), 2));
    raws[0].say(&mut world, &announce(&asks(65_001, &[BLACKHOLE]), &[HOST]));
    pump_all(&mut world, &mut raws);
    assert_eq!((paths(&world, HOST), raws[1].prefixes().len()), ([(1, "drops")].into(), 1));
    world.hosts[0].check(world.now).unwrap();
}

#[test]
fn the_import_policy_has_the_last_word() {
    let pattern = [CommunityPattern::exact(BLACKHOLE)];
    let (asked, not_asked) = ([CommunityPattern::exact(1)], [CommunityPattern::exact(2)]);
    let (asked, not_asked) = ([Match::Community(&asked)], [Match::Community(&not_asked)]);
    let rules = [
        Rule {
            matches: &asked,
            sets: &[Set::AddCommunities(&[BLACKHOLE]), Set::LocalPref(300)],
            action: RuleAction::Accept,
        },
        Rule { matches: &not_asked, sets: &[Set::RemoveCommunities(&pattern)], action: RuleAction::Accept },
    ];
    let policies = [Policy { name: "in", rules: &rules }];
    let settings = Settings { import: PolicyRef::Named(0), blackhole: true, ..spec(1).settings };
    let (mut world, mut raws) = lab_with(&[Spec { settings, ..spec(65_001) }], &policies, small());
    for (marked, does) in [
        (&[1][..], Some(("drops", "0:1 blackhole no-advertise "))),
        (&[2, BLACKHOLE], Some(("forwards", "0:2 "))),
        (&[BLACKHOLE], None),
        (&[1, BLACKHOLE, 0xFFFF_FF02], Some(("drops", "0:1 blackhole no-advertise "))),
    ] {
        raws[0].say(&mut world, &announce(&asks(65_001, marked), &[HOST]));
        let found = paths(&world, HOST).first().map(|(_, does)| *does);
        assert_eq!(found, does.map(|(does, _)| does), "{marked:?}");
        assert_eq!(marks(&world, HOST).first().map(String::as_str), does.map(|(_, marks)| marks));
    }
    assert_eq!(each(&world, HOST, |path| (path.attrs.key.preference(), path.rule)), [(300, Some(0))]);
}

/// The best path decides, by the same steps as ever; only its like forwards with it.
#[test]
fn of_paths_that_drop_and_paths_that_forward_the_best_decides() {
    let (mut world, mut raws) = lab(&[spec(65_001), trusted(65_002), trusted(65_003), spec(65_004)]);
    let mut say = |world: &mut World, at: usize, path: &[u32], marks: &[u32]| {
        let attributes = [basic(path, FAR), communities(marks)].concat();
        raws[at].say(world, &announce(&attributes, &[HOST]));
    };
    say(&mut world, 1, &[65_002], &[BLACKHOLE]);
    say(&mut world, 2, &[65_003], &[BLACKHOLE]);
    assert_eq!(paths(&world, HOST), [(2, "drops"), (3, "drops")]);
    // As good, and with the lower identifier the best.
    say(&mut world, 0, &[65_001], &[BLACKHOLE]);
    say(&mut world, 3, &[65_004], &[7]);
    let sorted = |world: &World| {
        let mut all = paths(world, HOST);
        all[1..].sort_unstable();
        all
    };
    assert_eq!(sorted(&world), [(1, "forwards"), (2, "rests"), (3, "rests"), (4, "forwards")]);
    // A longer AS_PATH loses.
    say(&mut world, 0, &[65_001, 9], &[7]);
    assert_eq!(sorted(&world), [(2, "drops"), (1, "rests"), (3, "drops"), (4, "rests")]);
    world.hosts[0].check(world.now).unwrap();
}

/// Its next hop leads nowhere by intent, but must be reachable as any other's (RFC 4271, 9.1.2.1); what is originated here
/// is never dropped.
#[test]
fn the_other_rules_hold_for_it_too() {
    let (mut world, mut raws) = lab(&[trusted(65_001), trusted(OWN)]);
    world.hosts[0].follow_kernel(world.now, Follow { forwarding: true, next_hops: true });
    world.hosts[0].next_hop(world.now, FAR.into(), Some(0));
    raws[0].say(&mut world, &announce(&asks(65_001, &[BLACKHOLE]), &[HOST]));
    world.hosts[0].next_hop(world.now, FAR.into(), Some(0));
    world.settle();
    assert_eq!(paths(&world, HOST), [(1, "drops")]);
    world.hosts[0].next_hop(world.now, FAR.into(), None);
    world.settle();
    assert_eq!(paths(&world, HOST), [(1, "rests")]);
    world.hosts[0].next_hop(world.now, FAR.into(), Some(0));
    world.settle();
    world.hosts[0].originate(world.now, &route(HOST)).unwrap();
    assert_eq!(paths(&world, HOST), [(0, "forwards"), (1, "rests")]);
    // An internal neighbor may ask, too.
    let inside = [basic(&[], FAR), local_pref(100), communities(&[BLACKHOLE])].concat();
    raws[1].say(&mut world, &announce(&inside, &["203.0.113.9/32"]));
    world.hosts[0].next_hop(world.now, FAR.into(), Some(0));
    world.settle();
    assert_eq!(paths(&world, "203.0.113.9/32"), [(2, "drops")]);
}

/// Who may ask can change while a session is up: its routes are asked for again, as with a new import policy.
#[test]
fn a_change_of_who_may_ask_asks_for_the_routes_again() {
    let (mut world, mut raws) = lab(&[spec(65_001)]);
    let ask = announce(&asks(65_001, &[BLACKHOLE]), &[HOST]);
    raws[0].say(&mut world, &ask);
    let asked = raws[0].refreshes.len();
    for (specs, does, refreshes) in
        [([trusted(65_001)], "drops", 2), ([trusted(65_001)], "drops", 2), ([spec(65_001)], "forwards", 4)]
    {
        world.apply(0, OWN, &configs(&specs), &[]);
        let raw: &mut Raw = &mut raws[0];
        raw.pump(&mut world, 0);
        assert_eq!((raw.refreshes.len() - asked, raw.notification), (refreshes, None));
        raw.say(&mut world, &ask);
        assert_eq!(paths(&world, HOST), [(1, does)]);
    }
}
