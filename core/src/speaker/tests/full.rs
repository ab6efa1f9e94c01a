//! Full tables: what is refused, what is counted, and how it is made good.

extern crate std;

use std::string::String;
use std::vec::Vec;

use super::raw::{Raw, Spec, announce, attribute, basic, lab_with, pump_all, spec, withdraw};
use super::world::{World, route, small};
use crate::limits::Table;
use crate::time::Millis;
use crate::view::Reason;
use crate::{EventKind, Family, Limits, PeerId};

const FAR: [u8; 4] = [198, 51, 100, 7];
const V4: Family = Family::Ipv4Unicast;

fn prefix(number: usize) -> String {
    std::format!("10.{}.{}.0/24", number / 256, number % 256)
}

/// Says one UPDATE for each prefix, with an attribute set of its own.
fn announce_each(world: &mut World, raw: &mut Raw, numbers: core::ops::Range<usize>, med: u32) {
    for number in numbers {
        let med = (med + number as u32).to_be_bytes();
        let attributes = [basic(&[65_001], FAR), attribute(0x80, 4, &med)].concat();
        raw.say(world, &announce(&attributes, &[&prefix(number)]));
    }
}

fn row(world: &World, table: Table) -> (u64, u64) {
    let row = world.hosts[0].tables().find(|row| row.table == table).unwrap();
    (row.used, row.refused)
}

fn reasons(world: &World) -> Vec<Reason> {
    let speaker = &world.hosts[0];
    (0..speaker.refused_slots()).filter_map(|slot| speaker.refused(slot)).map(|r| r.reason).collect()
}

/// The table that is full first with these limits takes 20 and refuses the rest; once there is room the neighbor is asked
/// again and everything is there.
fn fills(limits: Limits, table: Table, reason: Reason) {
    let (mut world, mut raws) = lab_with(&[spec(65_001), spec(65_002)], &[], limits);
    announce_each(&mut world, &mut raws[0], 0..25, 0);
    pump_all(&mut world, &mut raws);
    assert_eq!(world.prefixes(0).len(), 20, "{table:?}");
    assert_eq!((row(&world, table).1, reasons(&world)), (5, [reason; 5].to_vec()), "{table:?}");
    assert_eq!(raws[1].table.len(), 20);
    let view = world.hosts[0].peer(PeerId(1)).unwrap();
    assert!(view.incomplete && view.counters.refused_full == 5);
    let counts = view.families[0].unwrap();
    assert_eq!((counts.received, counts.received_exact, counts.accepted), (25, true, 20));
    // Routes originated here have their reserve.
    world.hosts[0].originate(world.now, &route("172.20.0.0/16")).unwrap();
    pump_all(&mut world, &mut raws);
    assert!(raws[1].told("172.20.0.0/16").is_some());
    // 18 of 20 are not less than 90 %.
    let gone: Vec<String> = (0..2).map(prefix).collect();
    raws[0].say(&mut world, &withdraw(&[&gone[0], &gone[1]]));
    world.run(Millis::from_secs(31));
    keep_alive(&mut world, &mut raws);
    let full = |kind: &EventKind| matches!(kind, EventKind::TableFull { refused: 5, .. });
    assert_eq!((world.count(0, full), raws[0].refreshes.len()), (1, 0), "{table:?}");
    raws[0].say(&mut world, &withdraw(&[&prefix(2), &prefix(3), &prefix(4)]));
    world.run(Millis::from_secs(31));
    keep_alive(&mut world, &mut raws);
    assert_eq!(raws[0].refreshes, Family::ALL, "{table:?}");
    assert!(!world.hosts[0].peer(PeerId(1)).unwrap().incomplete);
    announce_each(&mut world, &mut raws[0], 5..25, 0);
    pump_all(&mut world, &mut raws);
    assert_eq!((world.prefixes(0).len(), raws[1].table.len(), reasons(&world).len()), (21, 21, 0));
}

fn keep_alive(world: &mut World, raws: &mut [Raw]) {
    for raw in raws.iter_mut() {
        raw.say(world, &super::raw::message(4, &[]));
    }
    pump_all(world, raws);
}

#[test]
fn every_table_refuses_counts_and_recovers() {
    let paths = Table::Paths(V4);
    fills(Limits { prefixes: 20, ..small() }, Table::Prefixes(V4), Reason::PrefixesFull);
    fills(Limits { paths: 20, ..small() }, paths, Reason::PathsFull);
    fills(Limits { attribute_sets: 20, ..small() }, Table::AttributeSets, Reason::AttributesFull);
    // Block header, next hop, AS_PATH of one number: 6 + 4 + 9 bytes.
    fills(Limits { attribute_bytes: 20 * 19, ..small() }, Table::AttributeBytes, Reason::AttributesFull);
}

/// Where a route is originated too, a learned one counts from the start: the limit holds when the former ends.
#[test]
fn learned_destinations_count_beside_local_routes() {
    let limits = Limits { prefixes: 20, ..small() };
    let (mut world, mut raws) = lab_with(&[spec(65_001), spec(65_002)], &[], limits);
    for number in 0..10 {
        world.hosts[0].originate(world.now, &route(&prefix(number))).unwrap();
    }
    announce_each(&mut world, &mut raws[0], 5..25, 0);
    announce_each(&mut world, &mut raws[0], 0..5, 0);
    pump_all(&mut world, &mut raws);
    assert_eq!((row(&world, Table::Prefixes(V4)), row(&world, Table::LocalRoutes).0), ((20, 5), 10));
    assert_eq!(reasons(&world), [Reason::PrefixesFull; 5]);
    // One more path for what is learned already takes no place.
    raws[1].say(&mut world, &announce(&basic(&[65_002], FAR), &[&prefix(0), &prefix(5), &prefix(24)]));
    assert_eq!(row(&world, Table::Prefixes(V4)), (20, 6));
    for number in 0..10 {
        assert!(world.hosts[0].withdraw(prefix(number).parse().unwrap()));
        pump_all(&mut world, &mut raws);
    }
    assert_eq!((row(&world, Table::Prefixes(V4)), row(&world, Table::LocalRoutes).0), ((20, 6), 0));
    assert_eq!(world.prefixes(0).len(), 20);
}

#[test]
fn a_replacement_that_is_refused_removes_what_it_would_have_replaced() {
    let limits = Limits { attribute_sets: 20, ..small() };
    let (mut world, mut raws) = lab_with(&[spec(65_001), spec(65_002)], &[], limits);
    announce_each(&mut world, &mut raws[0], 0..20, 0);
    pump_all(&mut world, &mut raws);
    assert_eq!(raws[1].table.len(), 20);
    announce_each(&mut world, &mut raws[0], 7..8, 1_000);
    pump_all(&mut world, &mut raws);
    assert_eq!((world.prefixes(0).len(), raws[1].table.len()), (19, 19));
    assert!(raws[1].told(&prefix(7)).is_none());
    assert_eq!(reasons(&world), [Reason::AttributesFull]);
    // The set that went left room for the next.
    announce_each(&mut world, &mut raws[0], 7..8, 1_000);
    pump_all(&mut world, &mut raws);
    assert_eq!((raws[1].table.len(), reasons(&world).len()), (20, 0));
}

#[test]
fn a_neighbor_that_cannot_refresh_is_restarted_to_recover_but_not_often() {
    let limits = Limits { prefixes: 20, ..small() };
    let plain = Spec { refresh: false, ..spec(65_001) };
    let (mut world, mut raws) = lab_with(&[plain], &[], limits);
    announce_each(&mut world, &mut raws[0], 0..21, 0);
    let gone: Vec<String> = (0..4).map(prefix).collect();
    raws[0].say(&mut world, &withdraw(&[&gone[0], &gone[1], &gone[2], &gone[3]]));
    world.run(Millis::from_secs(2));
    raws[0].pump(&mut world, 0);
    assert_eq!(raws[0].notification, Some((6, 4)));
    world.hosts[0].check(world.now).unwrap();
    let mut again = Raw::connect(&mut world, 0, 0, &plain);
    announce_each(&mut world, &mut again, 0..21, 0);
    again.say(&mut world, &withdraw(&[&gone[0], &gone[1], &gone[2], &gone[3]]));
    world.run(Millis::from_secs(20));
    again.pump(&mut world, 0);
    assert_eq!(again.notification, None, "a minute has not passed");
    assert!(world.hosts[0].peer(PeerId(1)).unwrap().incomplete);
}

#[test]
fn withdrawn_destinations_wait_for_a_deaf_neighbor_up_to_the_bound() {
    let limits = Limits { prefixes: 40, ..small() };
    let (mut world, mut raws) = lab_with(&[spec(65_001), spec(65_002), spec(65_003)], &[], limits);
    let all: Vec<String> = (0..30).map(prefix).collect();
    let names: Vec<&str> = all.iter().map(|prefix| &prefix[..]).collect();
    raws[0].say(&mut world, &announce(&basic(&[65_001], FAR), &names));
    pump_all(&mut world, &mut raws);
    // Neighbor 2 reads no more; 9 of at most 10 may linger for it.
    raws[0].say(&mut world, &withdraw(&names[..9]));
    raws[1].pump(&mut world, 0);
    world.hosts[0].check(world.now).unwrap();
    assert_eq!(row(&world, Table::Lingering(V4)).0, 9);
    assert_eq!(world.count(0, |kind| matches!(kind, EventKind::Down(_))), 0);
    raws[0].say(&mut world, &withdraw(&names[9..20]));
    world.run(Millis(4_999));
    assert_eq!(world.count(0, |kind| matches!(kind, EventKind::Down(_))), 0, "it had no time yet");
    raws[1].pump(&mut world, 0);
    // From when it was seen to take nothing.
    world.run(Millis::from_secs(6));
    raws[1].pump(&mut world, 0);
    raws[2].pump(&mut world, 0);
    assert_eq!(raws[2].notification, Some((6, 8)), "out of resources");
    assert_eq!((raws[0].notification, raws[1].notification), (None, None), "whoever listens stays");
    assert_eq!(row(&world, Table::Lingering(V4)).0, 0);
    assert_eq!(raws[1].table.len(), 10);
    world.hosts[0].check(world.now).unwrap();
}
