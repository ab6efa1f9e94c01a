//! How well UPDATEs are packed, and that none is longer than it may be.

extern crate std;

use std::string::String;
use std::vec::Vec;

use super::raw::{Raw, Spec, announce, attribute, basic, lab_with, pump_all, spec, withdraw};
use super::world::{World, small};
use crate::{Limits, PeerId};

const FAR: [u8; 4] = [198, 51, 100, 7];

fn limits() -> Limits {
    Limits { prefixes: 8_000, paths: 10_000, attribute_sets: 2_000, attribute_bytes: 200_000, ..small() }
}

fn prefix(number: usize) -> String {
    std::format!("10.{}.{}.0/24", number / 256, number % 256)
}

/// Prefixes announced for each UPDATE that announces any.
fn per_update(raw: &Raw) -> f64 {
    let with = |update: &&(usize, usize, usize)| update.1 > 0;
    let (updates, prefixes) =
        raw.updates.iter().filter(with).fold((0, 0), |(n, sum), update| (n + 1, sum + update.1));
    prefixes as f64 / f64::from(updates)
}

/// Feeds prefixes, each with one of several attribute sets, in this order, and only then lets the sink read.
fn dump(world: &mut World, source: &Raw, routes: &[(usize, u32)]) {
    let mut rest = routes;
    while let Some(&(_, set)) = rest.first() {
        let len = rest.iter().take_while(|(_, other)| *other == set).count();
        let names: Vec<String> = rest[..len].iter().map(|(number, _)| prefix(*number)).collect();
        let names: Vec<&str> = names.iter().map(|name| &name[..]).collect();
        let attributes = [basic(&[65_001], FAR), attribute(0xC0, 8, &set.to_be_bytes())].concat();
        source.send(world, 0, &announce(&attributes, &names));
        rest = &rest[len..];
    }
}

fn shuffled(count: usize, sets: u32) -> Vec<(usize, u32)> {
    let mut state = 88_172_645_463_325_252u64;
    let mut routes: Vec<(usize, u32)> = (0..count).map(|number| (number, 0)).collect();
    for at in (1..count).rev() {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        routes.swap(at, (state % (at as u64 + 1)) as usize);
        routes[at].1 = (state >> 40) as u32 % sets;
    }
    routes
}

#[test]
fn groups_of_five_arrive_as_groups_of_five() {
    let (mut world, mut raws) = lab_with(&[spec(65_001), spec(65_002)], &[], limits());
    let routes: Vec<(usize, u32)> = (0..5_000).map(|number| (number, number as u32 / 5)).collect();
    dump(&mut world, &raws[0], &routes);
    pump_all(&mut world, &mut raws);
    assert_eq!(raws[1].table.len(), 5_000);
    assert!(per_update(&raws[1]) >= 4.5, "{}", per_update(&raws[1]));
    let sent = world.hosts[0].peer(PeerId(2)).unwrap();
    assert_eq!(sent.counters.sent[1], raws[1].updates.len() as u64);
    assert_eq!(sent.families[0].unwrap().advertised, 5_000);
    // Withdrawn together, they go together.
    let before = raws[1].updates.len();
    let names: Vec<String> = (0..5_000).map(prefix).collect();
    for chunk in names.chunks(900) {
        let names: Vec<&str> = chunk.iter().map(|name| &name[..]).collect();
        raws[0].send(&mut world, 0, &withdraw(&names));
    }
    pump_all(&mut world, &mut raws);
    assert!(raws[1].table.is_empty());
    assert!(raws[1].updates.len() - before <= 6);
}

#[test]
fn what_comes_in_no_order_is_sorted_in_windows() {
    for room in [4096, 1 << 16] {
        let (mut world, mut raws) = lab_with(&[spec(65_001), spec(65_002)], &[], limits());
        world.room = room;
        dump(&mut world, &raws[0], &shuffled(5_000, 8));
        pump_all(&mut world, &mut raws);
        assert_eq!(raws[1].table.len(), 5_000);
        // The first buffer is streamed, and tells that the order is a bad one.
        let mut sent = 0;
        raws[1].updates.retain(|update| {
            sent += update.0;
            sent > room
        });
        let packed = per_update(&raws[1]);
        assert!(packed > if room == 4096 { 50.0 } else { 150.0 }, "{packed} with {room} bytes at once");
    }
}

#[test]
fn long_messages_only_where_they_were_agreed_on() {
    let long = Spec { extended: true, ..spec(65_002) };
    let specs = [Spec { extended: true, ..spec(65_001) }, spec(65_003), long];
    let (mut world, mut raws) = lab_with(&specs, &[], limits());
    let routes: Vec<(usize, u32)> = (0..3_000).map(|number| (number, 7)).collect();
    for chunk in routes.chunks(900) {
        dump(&mut world, &raws[0], chunk);
    }
    pump_all(&mut world, &mut raws);
    assert_eq!((raws[1].table.len(), raws[2].table.len()), (3_000, 3_000));
    assert!(raws[1].updates.iter().all(|update| update.0 <= 4096));
    assert!(raws[2].updates.iter().any(|update| update.0 > 10_000));
    // Attributes that fit no message of 4096 bytes: the neighbor that had the route loses it.
    let big: Vec<u8> = (0..1_200u32).flat_map(u32::to_be_bytes).collect();
    let attributes = [basic(&[65_001], FAR), attribute(0xC0, 8, &big)].concat();
    raws[0].say(&mut world, &announce(&attributes, &[&prefix(5)]));
    pump_all(&mut world, &mut raws);
    assert!(raws[1].told(&prefix(5)).is_none());
    assert_eq!(raws[2].told(&prefix(5)).unwrap().get(8), Some(&big[..]));
    assert_eq!(raws[1].table.len(), 2_999);
    // And has it back when it is short again.
    dump(&mut world, &raws[0], &[(5, 7)]);
    pump_all(&mut world, &mut raws);
    assert_eq!(raws[1].table.len(), 3_000);
}
