//! What a running session hears of reloads and of draining, and of both only what differs.

extern crate std;

use super::raw::{
    Raw, Spec, announce, basic, communities, configs, lab_with, local_pref, message, pump_all, spec,
};
use super::world::{World, route, settings, small, speaker};
use crate::attrs::tlv::code;
use crate::config::{PolicyRef, Settings};
use crate::policy::{Match, Policy, PrefixRange, Rule, RuleAction, Set};
use crate::speaker::{Applied, Clear, CommandError};
use crate::time::Millis;
use crate::view::Admin;
use crate::{EventKind, Family};
use std::vec;

const OWN: u32 = 65_000;
const FAR: [u8; 4] = [198, 51, 100, 7];

fn by_policy(asn: u32) -> Spec {
    let settings = Settings { import: PolicyRef::Named(1), export: PolicyRef::Named(0), ..settings() };
    Spec { settings, ..spec(asn) }
}

/// Two policies: one for export, of what is in a range, and one for import.
fn reload(world: &mut World, specs: &[Spec], range: &str, preference: u32) -> Applied {
    let range = [PrefixRange::parse(range).unwrap()];
    let export = [Rule { matches: &[Match::Prefix(&range)], sets: &[], action: RuleAction::Accept }];
    let import = [Rule { matches: &[], sets: &[Set::LocalPref(preference)], action: RuleAction::Accept }];
    let policies = [Policy { name: "out", rules: &export }, Policy { name: "in", rules: &import }];
    world.apply(0, OWN, &configs(specs), &policies)
}

fn start(specs: &[Spec]) -> (World, std::vec::Vec<Raw>) {
    let mut world = World::new(std::vec![super::world::speaker(small(), 7)]);
    reload(&mut world, specs, "172.20.0.0/16 ge 16 le 24", 200);
    let raws = specs.iter().enumerate().map(|(at, spec)| Raw::connect(&mut world, 0, at, spec)).collect();
    (world, raws)
}

#[test]
fn a_reload_announces_and_withdraws_exactly_what_changed() {
    let specs = [by_policy(65_001), Spec { refresh: false, ..by_policy(65_002) }, spec(65_003)];
    let (mut world, mut raws) = start(&specs);
    for prefix in ["172.20.1.0/24", "172.20.2.0/24", "172.21.1.0/24"] {
        world.hosts[0].originate(world.now, &route(prefix)).unwrap();
    }
    pump_all(&mut world, &mut raws);
    assert_eq!(raws[0].prefixes(), ["172.20.1.0/24", "172.20.2.0/24"]);
    let quiet = [raws[0].updates.len(), raws[1].updates.len(), raws[2].updates.len()];
    // The same again says nothing to anybody.
    let applied = reload(&mut world, &specs, "172.20.0.0/16 ge 16 le 24", 200);
    pump_all(&mut world, &mut raws);
    assert_eq!(applied, Applied::default());
    assert_eq!([raws[0].updates.len(), raws[1].updates.len(), raws[2].updates.len()], quiet);
    // Another export policy: those under it hear the difference, and nobody is asked for anything.
    let applied = reload(&mut world, &specs, "172.16.0.0/12 ge 16 le 23", 200);
    pump_all(&mut world, &mut raws);
    assert_eq!((applied, raws[0].prefixes().len()), (Applied::default(), 0));
    reload(&mut world, &specs, "172.21.0.0/16 ge 16 le 24", 200);
    pump_all(&mut world, &mut raws);
    assert_eq!((raws[0].prefixes(), raws[1].prefixes().len()), (std::vec!["172.21.1.0/24".into()], 1));
    assert_eq!(raws[2].updates.len(), quiet[2]);
    assert!(raws.iter().all(|raw| raw.refreshes.is_empty()));
    // Another import policy: whoever can is asked again.
    let applied = reload(&mut world, &specs, "172.21.0.0/16 ge 16 le 24", 300);
    assert_eq!(applied, Applied { refreshed: 1, restart_needed: 1, ..Applied::default() });
    pump_all(&mut world, &mut raws);
    assert_eq!(raws[0].refreshes, Family::ALL);
    assert!(raws[1].refreshes.is_empty() && raws[2].refreshes.is_empty());
    assert_eq!(world.count(0, |kind| matches!(kind, EventKind::Down(_))), 0);
}

#[test]
fn a_refresh_is_answered_once_however_often_it_is_asked_for() {
    let (mut world, mut raws) =
        lab_with(&[spec(65_001), Spec { refresh: false, ..spec(65_002) }], &[], small());
    for prefix in ["172.20.1.0/24", "172.20.2.0/24", "2001:db8::/32"] {
        world.hosts[0].originate(world.now, &route(prefix)).unwrap();
    }
    pump_all(&mut world, &mut raws);
    assert_eq!(raws[0].end_of_rib, Family::ALL);
    let before = raws[0].updates.len();
    for _ in 0..5 {
        raws[0].send(&mut world, 0, &message(5, &[0, 1, 0, 1]));
    }
    pump_all(&mut world, &mut raws);
    assert_eq!(raws[0].updates[before..].iter().map(|update| update.1).sum::<usize>(), 2);
    // By the operator's wish, both families.
    let before = raws[0].updates.len();
    world.hosts[0].clear(world.now, raws[0].peer, Clear::SoftOut).unwrap();
    pump_all(&mut world, &mut raws);
    assert_eq!(raws[0].updates[before..].iter().map(|update| update.1).sum::<usize>(), 3);
    assert_eq!(raws[0].end_of_rib, Family::ALL, "End-of-RIB is for the first time");
    world.hosts[0].clear(world.now, raws[0].peer, Clear::SoftIn).unwrap();
    pump_all(&mut world, &mut raws);
    assert_eq!(raws[0].refreshes, Family::ALL);
    let refused = world.hosts[0].clear(world.now, raws[1].peer, Clear::SoftIn);
    assert_eq!(refused, Err(CommandError::NoRouteRefresh));
}

#[test]
fn end_of_rib_comes_after_the_routes() {
    let specs = [spec(65_001)];
    let mut world = World::new(vec![speaker(small(), 7)]);
    world.apply(0, OWN, &configs(&specs), &[]);
    for prefix in ["172.20.1.0/24", "172.20.2.0/24", "2001:db8::/32"] {
        world.hosts[0].originate(world.now, &route(prefix)).unwrap();
    }
    let raw = Raw::connect(&mut world, 0, 0, &specs[0]);
    assert_eq!((raw.end_of_rib, raw.known), (Family::ALL.to_vec(), vec![2, 3]));
}

#[test]
fn nothing_is_announced_where_nothing_changes() {
    let (mut world, mut raws) = lab_with(&[spec(65_001)], &[], small());
    world.hosts[0].originate(world.now, &route("172.20.1.0/24")).unwrap();
    pump_all(&mut world, &mut raws);
    let before = (raws[0].updates.len(), raws[0].keepalives);
    for _ in 0..6 {
        world.run(Millis::from_secs(31));
        raws[0].say(&mut world, &message(4, &[]));
    }
    assert_eq!(raws[0].updates.len(), before.0);
    assert!(raws[0].keepalives >= before.1 + 5, "the session lives");
}

#[test]
fn draining_warns_then_withdraws_and_can_be_undone() {
    let (mut world, mut raws) = lab_with(&[spec(65_001), spec(65_002), spec(OWN)], &[], small());
    let attributes = [basic(&[65_001], FAR), communities(&[7])].concat();
    raws[0].say(&mut world, &announce(&attributes, &["192.0.2.0/24"]));
    world.hosts[0].originate(world.now, &route("172.20.0.0/16")).unwrap();
    pump_all(&mut world, &mut raws);
    let before = (raws[1].table.clone(), raws[2].table.clone());
    world.hosts[0].drain(world.now, Millis::from_secs(20));
    pump_all(&mut world, &mut raws);
    for raw in &raws[1..] {
        let told = raw.told("192.0.2.0/24").unwrap();
        assert_eq!(told.get(code::COMMUNITIES), Some(&[0, 0, 0, 7, 0xFF, 0xFF, 0, 0][..]));
        let told = raw.told("172.20.0.0/16").unwrap();
        assert_eq!(told.get(code::COMMUNITIES), Some(&[0xFF, 0xFF, 0, 0][..]));
    }
    assert_eq!(raws[1].told("192.0.2.0/24").unwrap().number(code::LOCAL_PREF), None);
    assert_eq!(raws[2].told("192.0.2.0/24").unwrap().number(code::LOCAL_PREF), Some(0));
    // What comes while draining is announced in the same way.
    let inside = [basic(&[7], FAR), local_pref(300)].concat();
    raws[2].say(&mut world, &announce(&inside, &["203.0.113.0/24"]));
    pump_all(&mut world, &mut raws);
    assert_eq!(raws[1].told("203.0.113.0/24").unwrap().get(code::COMMUNITIES), Some(&[0xFF, 0xFF, 0, 0][..]));
    world.run(Millis::from_secs(20));
    pump_all(&mut world, &mut raws);
    assert!(raws.iter().all(|raw| raw.table.is_empty()));
    assert!(world.hosts[0].peers().all(|peer| peer.admin == Admin::Drain));
    // Asking again brings nothing back.
    world.hosts[0].drain(world.now, Millis::from_secs(20));
    pump_all(&mut world, &mut raws);
    assert!(raws.iter().all(|raw| raw.table.is_empty()));
    world.hosts[0].undrain();
    assert!(world.hosts[0].peers().all(|peer| peer.admin == Admin::Up));
    pump_all(&mut world, &mut raws);
    raws[1].table.remove(&"203.0.113.0/24".parse().unwrap());
    assert_eq!((raws[1].table.clone(), raws[2].table.clone()), before);
}
