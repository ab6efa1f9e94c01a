//! What the kernel's tables are told, and what they know of next hops.

extern crate std;

use core::net::IpAddr;
use std::collections::BTreeSet;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use super::raw::{
    Raw, Spec, announce, as_path, attribute, basic, configs, lab, local_pref, mp_reach, pump_all, spec,
    withdraw,
};
use super::world::{World, small, speaker};
use crate::Family;
use crate::config::{Config, LocalConfig};
use crate::speaker::Follow;

const OWN: u32 = 65_000;
const V4: Family = Family::Ipv4Unicast;
const ALL: Follow = Follow { forwarding: true, next_hops: true };
const ROUTES: Follow = Follow { forwarding: true, next_hops: false };

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// Three external neighbors and an internal one, and a speaker that follows the kernel.
fn followed(follow: Follow) -> (World, Vec<Raw>) {
    let (mut world, raws) = lab(&[spec(65_001), spec(65_002), spec(65_003), spec(OWN)]);
    world.hosts[0].follow_kernel(world.now, follow);
    (world, raws)
}

/// The prefixes that are polled, each once.
fn polled(world: &mut World) -> Vec<String> {
    let mut found = BTreeSet::new();
    for family in Family::ALL {
        while let Some(slot) = world.hosts[0].poll_forwarding(family) {
            assert!(found.insert(world.hosts[0].prefix_in(family, slot).unwrap().to_string()));
        }
    }
    found.into_iter().collect()
}

/// Next hops that forward a prefix.
fn forwards(world: &World, prefix: &str) -> Vec<String> {
    let slot = world.hosts[0].find_destination(prefix.parse().unwrap()).unwrap();
    let Some(view) = world.hosts[0].destination(Family::of(&prefix.parse().unwrap()), slot) else {
        return Vec::new();
    };
    view.paths()
        .filter(|path| path.multipath)
        .map(|path| path.attrs.next_hop().unwrap().to_string())
        .collect()
}

#[test]
fn each_change_is_told_once_however_many_there_were() {
    let (mut world, mut raws) = followed(ROUTES);
    let [one, two, ..] = &mut raws[..] else { panic!("no neighbors") };
    one.say(&mut world, &announce(&basic(&[65_001], [10, 0, 0, 100]), &["192.0.2.0/24", "198.51.100.0/24"]));
    one.say(&mut world, &announce(&basic(&[65_001, 7], [10, 0, 0, 100]), &["192.0.2.0/24"]));
    let reach = mp_reach(&[0x20; 16], &["2001:db8::/48"]);
    one.say(&mut world, &announce(&[reach, attribute(0x40, 1, &[0]), as_path(&[65_001])].concat(), &[]));
    assert_eq!(polled(&mut world), ["192.0.2.0/24", "198.51.100.0/24", "2001:db8::/48"]);
    // A path that loses may forward too; the same again is no change.
    two.say(&mut world, &announce(&basic(&[65_002, 1, 2], [10, 0, 0, 101]), &["192.0.2.0/24"]));
    one.say(&mut world, &announce(&basic(&[65_001, 7], [10, 0, 0, 100]), &["192.0.2.0/24"]));
    assert_eq!(polled(&mut world), ["192.0.2.0/24"]);
    assert_eq!(polled(&mut world), [""; 0]);
    // Gone before anybody looked, and nobody had a route: there is nothing to tell.
    one.say(&mut world, &announce(&basic(&[65_001], [10, 0, 0, 100]), &["203.0.113.0/24"]));
    one.say(&mut world, &withdraw(&["203.0.113.0/24", "192.0.2.0/24"]));
    assert_eq!(polled(&mut world), ["192.0.2.0/24"]);
    world.hosts[0].check(world.now).unwrap();
}

#[test]
fn a_destination_with_a_route_keeps_its_slot_until_the_route_is_gone() {
    let (mut world, mut raws) = followed(ROUTES);
    let attributes = basic(&[65_001], [10, 0, 0, 100]);
    raws[0].say(&mut world, &announce(&attributes, &["192.0.2.0/24"]));
    pump_all(&mut world, &mut raws);
    let slot = world.hosts[0].poll_forwarding(V4).unwrap();
    world.hosts[0].set_installed(V4, slot, true);
    raws[0].say(&mut world, &withdraw(&["192.0.2.0/24"]));
    pump_all(&mut world, &mut raws);
    world.hosts[0].check(world.now).unwrap();
    assert_eq!(world.hosts[0].poll_forwarding(V4), Some(slot));
    let host = &world.hosts[0];
    assert!(host.destination(V4, slot).is_none() && host.is_installed(V4, slot));
    assert_eq!(host.prefix_in(V4, slot).unwrap().to_string(), "192.0.2.0/24");
    world.hosts[0].set_installed(V4, slot, false);
    assert_eq!((world.hosts[0].prefix_in(V4, slot), world.hosts[0].is_installed(V4, slot)), (None, false));
    // About a slot that nobody has nothing can be said.
    world.hosts[0].set_installed(V4, slot, true);
    world.hosts[0].set_installed(V4, 0, true);
    world.hosts[0].set_installed(V4, u32::MAX, true);
    assert!(!world.hosts[0].is_installed(V4, slot));
    world.hosts[0].check(world.now).unwrap();
}

#[test]
fn whoever_begins_to_follow_hears_of_everything() {
    let (mut world, mut raws) = followed(Follow::default());
    raws[0].say(&mut world, &announce(&basic(&[65_001], [10, 0, 0, 100]), &["192.0.2.0/24"]));
    assert_eq!(polled(&mut world), [""; 0]);
    world.hosts[0].follow_kernel(world.now, ROUTES);
    assert_eq!(polled(&mut world), ["192.0.2.0/24"]);
    // More paths may forward from now on, or fewer.
    let local = LocalConfig { maximum_paths: 4, ..super::world::local(0, OWN) };
    let peers = configs(&[spec(65_001), spec(65_002), spec(65_003), spec(OWN)]);
    let config = Config { local, peers: &peers, ranges: &[], policies: &[] };
    world.hosts[0].configure(world.now, &config).unwrap();
    assert_eq!(polled(&mut world), ["192.0.2.0/24"]);
    world.hosts[0].follow_kernel(world.now, Follow::default());
    raws[0].say(&mut world, &withdraw(&["192.0.2.0/24"]));
    assert_eq!(polled(&mut world), [""; 0]);
}

#[test]
fn the_end_of_a_session_is_told_path_by_path() {
    let (mut world, mut raws) = followed(ROUTES);
    let prefixes = ["192.0.2.0/24", "198.51.100.0/24"];
    raws[0].say(&mut world, &announce(&basic(&[65_001], [10, 0, 0, 100]), &prefixes));
    raws[1].say(&mut world, &announce(&basic(&[65_002], [10, 0, 0, 101]), &prefixes[..1]));
    assert_eq!(polled(&mut world), prefixes);
    let conn = raws[0].conn;
    world.hosts[0].closed(world.now, conn, crate::speaker::CloseCause::Reset);
    world.settle();
    // The second one stays until the others have heard that it is gone.
    assert_eq!(polled(&mut world), prefixes);
    assert_eq!(forwards(&world, prefixes[0]), ["10.0.0.101"]);
    assert_eq!(forwards(&world, prefixes[1]), [""; 0]);
}

#[test]
fn routes_wait_until_their_next_hop_is_known() {
    let (mut world, mut raws) = followed(ALL);
    raws[0].say(&mut world, &announce(&basic(&[65_001], [198, 51, 100, 7]), &["192.0.2.0/24"]));
    pump_all(&mut world, &mut raws);
    assert_eq!((forwards(&world, "192.0.2.0/24").len(), raws[1].told("192.0.2.0/24")), (0, None));
    assert_eq!(world.hosts[0].poll_next_hop(), Some(ip("198.51.100.7")));
    assert_eq!(world.hosts[0].poll_next_hop(), None);
    polled(&mut world);
    world.hosts[0].next_hop(world.now, ip("198.51.100.7"), Some(10));
    world.settle();
    pump_all(&mut world, &mut raws);
    assert!(raws[1].told("192.0.2.0/24").is_some());
    assert_eq!(
        (polled(&mut world), forwards(&world, "192.0.2.0/24").len()),
        (vec!["192.0.2.0/24".to_string()], 1)
    );
    // Out of reach: whoever was told is told of the end, and the path stays for better times.
    world.hosts[0].next_hop(world.now, ip("198.51.100.7"), None);
    world.settle();
    pump_all(&mut world, &mut raws);
    assert_eq!((raws[1].told("192.0.2.0/24"), forwards(&world, "192.0.2.0/24").len()), (None, 0));
    assert_eq!(polled(&mut world), ["192.0.2.0/24"]);
    assert_eq!(world.hosts[0].next_hops().collect::<Vec<_>>(), [(ip("198.51.100.7"), None)]);
    world.hosts[0].next_hop(world.now, ip("198.51.100.7"), Some(0));
    world.settle();
    pump_all(&mut world, &mut raws);
    assert!(raws[1].told("192.0.2.0/24").is_some());
    world.hosts[0].check(world.now).unwrap();
}

/// RFC 4271, 9.1.2.2 e, and 9.1.2.1: without a way to the next hop a better path does not count.
#[test]
fn the_interior_cost_decides_and_is_followed() {
    let specs: [Spec; 3] = [spec(OWN), spec(OWN), spec(65_009)];
    let mut world = World::new(vec![speaker(small(), 7)]);
    world.hosts[0].follow_kernel(world.now, ALL);
    world.apply(0, OWN, &configs(&specs), &[]);
    let mut raws: Vec<Raw> = (0..3).map(|at| Raw::connect(&mut world, 0, at, &specs[at])).collect();
    for (raw, hop) in raws.iter_mut().zip([1u8, 2]) {
        let attributes = [basic(&[65_009], [198, 51, 100, hop]), local_pref(100)].concat();
        raw.say(&mut world, &announce(&attributes, &["192.0.2.0/24", "203.0.113.0/24"]));
    }
    let tell = |world: &mut World, costs: [Option<u32>; 2]| {
        for (hop, cost) in [ip("198.51.100.1"), ip("198.51.100.2")].into_iter().zip(costs) {
            world.hosts[0].next_hop(world.now, hop, cost);
        }
        world.settle();
        world.hosts[0].check(world.now).unwrap();
        let found = ["192.0.2.0/24", "203.0.113.0/24"].map(|prefix| forwards(world, prefix).join(" "));
        assert_eq!(found[0], found[1]);
        found[0].clone()
    };
    assert_eq!(tell(&mut world, [Some(20), Some(10)]), "198.51.100.2");
    assert_eq!(tell(&mut world, [Some(20), Some(30)]), "198.51.100.1");
    assert_eq!(tell(&mut world, [None, Some(30)]), "198.51.100.2");
    assert_eq!(tell(&mut world, [None, None]), "");
    assert_eq!(tell(&mut world, [Some(5), None]), "198.51.100.1");
    assert_eq!(tell(&mut world, [Some(5), Some(4)]), "198.51.100.2");
    // Nobody knows any more: all next hops are alike again, and both forward.
    world.hosts[0].follow_kernel(world.now, ROUTES);
    world.settle();
    world.hosts[0].check(world.now).unwrap();
    assert_eq!(forwards(&world, "192.0.2.0/24"), ["198.51.100.1", "198.51.100.2"]);
}

/// The walk over destinations is cut by the budget, and changes meanwhile begin it anew.
#[test]
fn changes_during_the_walk_are_not_lost() {
    let (mut world, mut raws) = followed(ALL);
    let prefixes: Vec<String> = (0..60).map(|n| std::format!("20.0.{n}.0/24")).collect();
    let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
    for (at, raw) in raws[..2].iter_mut().enumerate() {
        let hop = [198, 51, 100, at as u8];
        raw.say(&mut world, &announce(&basic(&[65_001 + at as u32], hop), &prefixes));
    }
    let now = world.now;
    let host = &mut world.hosts[0];
    host.next_hop(now, ip("198.51.100.0"), Some(1));
    assert!(host.work(now, 10));
    host.next_hop(now, ip("198.51.100.1"), Some(1));
    assert!(host.work(now, 10));
    host.next_hop(now, ip("198.51.100.0"), None);
    while host.work(now, 7) {}
    host.check(now).unwrap();
    for prefix in prefixes {
        assert_eq!(forwards(&world, prefix), ["198.51.100.1"], "{prefix}");
    }
}
