//! A dead session's routes go in steps, and no new session begins before they are gone.

extern crate std;

use std::net::SocketAddr;
use std::string::String;
use std::vec::Vec;

use super::raw::{Raw, announce, basic, configs, lab_with, message, open, pump_all, spec};
use super::world::{World, small, speaker};
use crate::config::{PeerConfig, Settings};
use crate::peer::State;
use crate::speaker::{Action, CloseCause, Ends};
use crate::{EventKind, Limits, PeerId};

const FAR: [u8; 4] = [198, 51, 100, 7];

fn limits() -> Limits {
    Limits { prefixes: 4_000, paths: 4_000, ..small() }
}

fn feed(world: &mut World, raw: &Raw, count: usize) {
    let names: Vec<String> =
        (0..count).map(|number| std::format!("10.{}.{}.0/24", number / 256, number % 256)).collect();
    for chunk in names.chunks(900) {
        let names: Vec<&str> = chunk.iter().map(|name| &name[..]).collect();
        raw.send(world, 0, &announce(&basic(&[65_001], FAR), &names));
    }
}

#[test]
fn a_dead_sessions_routes_count_for_nothing_before_they_are_gone() {
    let (mut world, mut raws) = lab_with(&[spec(65_001), spec(65_002)], &[], limits());
    feed(&mut world, &raws[0], 3_000);
    pump_all(&mut world, &mut raws);
    assert_eq!(raws[1].table.len(), 3_000);
    world.hosts[0].closed(world.now, raws[0].conn, CloseCause::Eof);
    assert!(world.hosts[0].peer(PeerId(1)).unwrap().purging);
    let slots = world.hosts[0].destination_slots(crate::Family::Ipv4Unicast);
    for slot in 1..slots {
        if let Some(destination) = world.hosts[0].destination(crate::Family::Ipv4Unicast, slot) {
            assert!(destination.paths().all(|path| !path.best && !path.valid && !path.multipath));
        }
    }
    let mut steps = 0;
    while world.hosts[0].work(world.now, 64) {
        steps += 1;
        world.hosts[0].check(world.now).unwrap();
    }
    assert!(steps > 20);
    assert_eq!(world.count(0, |kind| matches!(kind, EventKind::Purged)), 0);
    raws[1].pump(&mut world, 0);
    assert_eq!(world.count(0, |kind| matches!(kind, EventKind::Purged)), 1);
    assert!(raws[1].table.is_empty());
    world.hosts[0].check(world.now).unwrap();
    // Every slot serves again.
    let again = Raw::connect(&mut world, 0, 0, &spec(65_001));
    feed(&mut world, &again, 3_000);
    raws[1].pump(&mut world, 0);
    assert_eq!(raws[1].table.len(), 3_000);
    world.hosts[0].check(world.now).unwrap();
}

/// A second connection, opened while the first one's session was up, says OPEN just when that session has died.
#[test]
fn no_session_begins_on_what_is_left_of_the_last() {
    let mut world = World::new(std::vec![speaker(limits(), 7)]);
    let active: Vec<PeerConfig> = configs(&[spec(65_001)])
        .into_iter()
        .map(|peer| PeerConfig { settings: Settings { passive: false, ..peer.settings }, ..peer })
        .collect();
    world.apply(0, 65_000, &active, &[]);
    let Some(Action::Connect { conn: dial, remote, .. }) = world.hosts[0].poll_action() else { panic!() };
    let local = SocketAddr::new([10, 0, 0, 1].into(), 40_000);
    world.hosts[0].connected(world.now, dial, Ends::new(remote, local));
    let raw = Raw::connect(&mut world, 0, 0, &spec(65_001));
    feed(&mut world, &raw, 3_000);
    world.hosts[0].closed(world.now, raw.conn, CloseCause::Eof);
    assert!(world.hosts[0].peer(PeerId(1)).unwrap().purging);
    world.hosts[0].receive(world.now, dial, &open(&spec(65_001), 100));
    world.hosts[0].receive(world.now, dial, &message(4, &[]));
    world.hosts[0].check(world.now).unwrap();
    let view = world.hosts[0].peer(PeerId(1)).unwrap();
    assert!(view.purging && view.state != State::Established);
    world.settle();
    world.hosts[0].check(world.now).unwrap();
    assert!(world.prefixes(0).is_empty());
}
