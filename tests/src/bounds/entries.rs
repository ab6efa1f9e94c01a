//! The worst input that is known for each way into the core.

use std::net::IpAddr;

use crier_core::config::{Config, PolicyRef, Settings};
use crier_core::policy::{Match, Policy, PrefixRange, Rule, RuleAction};
use crier_core::speaker::{Clear, CloseCause, LocalRoute};
use crier_core::{Family, Millis};

use super::inputs::{
    announced, longest_accepted_path, longest_path, most_attributes, most_communities, one_by_one, repeated,
    withdrawn,
};
use super::measured;
use super::world::{World, address, asn, peers, settings};
use crate::lab::OrFail as _;
use crate::rig;
use crate::wire::{KEEPALIVE, Open, ROUTE_REFRESH, UPDATE, message};

/// One call of the core with one input, and how many instructions it may take.
pub(super) struct Entry {
    /// What is called, and with what.
    pub(super) name: &'static str,
    /// Thousands of instructions, at most.
    pub(super) bound: u64,
    /// Makes the world, and the call by way of `measured`. `None`: the one before goes on and makes it.
    pub(super) run: Option<fn()>,
}

const fn entry(name: &'static str, bound: u64, run: fn()) -> Entry {
    Entry { name, bound, run: Some(run) }
}

const fn then(name: &'static str, bound: u64) -> Entry {
    Entry { name, bound, run: None }
}

/// All of them.
pub(super) const ENTRIES: &[Entry] = &[
    entry("receive: 21,815 new prefixes", 20_000, || hear(announced(0, &[]))),
    entry("receive: 21,815 prefixes withdrawn", 12_000, || known(withdrawn())),
    entry("receive: 21,815 prefixes with other attributes", 16_000, || known(announced(0, &[7]))),
    entry("receive: 21,815 prefixes past 20 rules", 210_000, past_rules),
    entry("receive: AS_PATH of 65,280 bytes", 280, || hear(longest_path(0))),
    entry("receive: AS_PATH of 1,024 numbers", 120, || hear(longest_accepted_path(0))),
    entry("receive: 21,816 attributes", 3_300, || hear(most_attributes(0))),
    entry("receive: 16,362 communities", 690, || hear(most_communities(0))),
    entry("receive: 2,849 ROUTE-REFRESHes", 1_600, || {
        known(repeated(&message(ROUTE_REFRESH, &[0, 1, 0, 1])))
    }),
    entry("receive: 2,849 empty UPDATEs", 3_900, || known(repeated(&message(UPDATE, &[0; 4])))),
    entry("receive: OPEN with 120 capabilities", 41, open_and_establish),
    then("receive: KEEPALIVE that establishes", 4),
    entry("transmit: sets of their own", 4_300, transmit_sets),
    entry("transmit: packed", 13_000, transmit_packed),
    entry("transmit: nothing of a full table is for this neighbor", 6_600, transmit_nothing),
    entry("peer, find_destination, destination, advertised", 420, operate),
    then("originate: a prefix that 320 neighbors announce", 10),
    then("withdraw: the same", 150),
    then("clear: everything is announced anew", 3),
    then("configure: other policies for 320 neighbors", 6_000),
    then("closed: a session with 21,815 paths", 450),
    then("timeout: 319 sessions expire", 110_000),
    then("work: 4,096 entries of dead neighbors", 1_100),
    entry("configure: 320 neighbors, new", 9_200, configure_and_stop),
    then("stop: 320 sessions", 1_300),
];

fn hear(bytes: Vec<u8>) {
    let mut world = World::new(1);
    measured(&mut || world.receive(0, &bytes));
}

/// One that has announced all prefixes says more.
fn known(bytes: Vec<u8>) {
    let mut world = World::new(2);
    world.receive(0, &announced(0, &[]));
    world.settle();
    measured(&mut || world.receive(0, &bytes));
}

/// Rules that match nothing, before one that accepts.
fn with_rules(count: usize, use_it: impl FnOnce(&[Policy<'_>])) {
    let ranges = [PrefixRange::parse("10.0.0.0/8 ge 24 le 24").or_fail("a range")];
    let matches = [Match::Prefix(&ranges)];
    let never = Rule { matches: &matches, sets: &[], action: RuleAction::Reject };
    let last = Rule { matches: &[], sets: &[], action: RuleAction::Accept };
    let mut rules = vec![never; count];
    rules.push(last);
    use_it(&[Policy { name: "rules", rules: &rules }]);
}

fn past_rules() {
    with_rules(20, |policies| {
        let settings = Settings { import: PolicyRef::Named(0), ..settings() };
        let mut world = World::with(1, settings, policies);
        let bytes = announced(0, &[]);
        measured(&mut || world.receive(0, &bytes));
    });
}

fn open_and_establish() {
    let mut world = World::new(2);
    let conn = world.conn(1);
    world.speaker.closed(world.now, conn, CloseCause::Reset);
    world.receive(0, &announced(0, &[]));
    world.settle();
    let conn = world.accept(1);
    world.settle();
    let mut open = Open::new(asn(1), address(1).octets());
    // Two bytes each: with the others as many as an OPEN has room for.
    open.capabilities.extend((0..116).map(|code| (100 + code, Vec::new())));
    let bytes = open.encode();
    measured(&mut || world.speaker.receive(world.now, conn, &bytes));
    world.quiet();
    let bytes = message(KEEPALIVE, &[]);
    measured(&mut || world.speaker.receive(world.now, conn, &bytes));
}

fn transmit_sets() {
    let mut world = World::new(2);
    one_by_one(0, 9_000).iter().for_each(|update| world.receive(0, update));
    world.quiet();
    measured(&mut || assert!(world.transmit(1) > 0));
}

fn transmit_packed() {
    let mut world = World::new(2);
    world.receive(0, &announced(0, &[]));
    world.quiet();
    measured(&mut || assert!(world.transmit(1) > 0));
}

fn transmit_nothing() {
    let mut world = World::new(1);
    world.receive(0, &announced(0, &[]));
    world.quiet();
    measured(&mut || assert_eq!(world.transmit(0), 0));
}

/// Every neighbor announces something, one of them everything.
fn crowd() -> World {
    let mut world = World::new(320);
    world.receive(0, &announced(0, &[]));
    for n in 1..320 {
        let one = one_by_one(n, 1).concat();
        world.receive(n, &one);
    }
    world.settle();
    world
}

fn local() -> LocalRoute<'static> {
    let prefix = "1.0.0.0/16".parse().or_fail("a prefix");
    LocalRoute {
        prefix,
        next_hop: None,
        med: None,
        local_pref: None,
        communities: &[],
        large_communities: &[],
    }
}

/// What an operator asks for, and what becomes of sessions, with as many neighbors as there may be by default.
fn operate() {
    let mut world = crowd();
    queries(&world);
    measured(&mut || assert!(world.speaker.originate(world.now, &local()).is_ok()));
    world.settle();
    measured(&mut || assert!(world.speaker.withdraw(local().prefix)));
    world.settle();
    let peer = world.peer(1);
    measured(&mut || assert!(world.speaker.clear(world.now, peer, Clear::SoftOut).is_ok()));
    world.settle();
    with_rules(1_000, |policies| {
        let settings = Settings { import: PolicyRef::Named(0), ..settings() };
        let peers = peers(320, settings);
        let config = Config { local: rig::local(), peers: &peers, ranges: &[], policies };
        measured(&mut || assert!(world.speaker.configure(world.now, &config).is_ok()));
    });
    let conn = world.conn(0);
    measured(&mut || world.speaker.closed(world.now, conn, CloseCause::Reset));
    world.now = world.now + Millis::from_secs(181);
    measured(&mut || world.speaker.timeout(world.now));
    measured(&mut || assert!(world.speaker.work(world.now, 4096)));
}

fn configure_and_stop() {
    let mut world = World::new(0);
    let peers = peers(320, settings());
    let config = Config { local: rig::local(), peers: &peers, ranges: &[], policies: &[] };
    measured(&mut || assert!(world.speaker.configure(world.now, &config).is_ok()));
    let mut world = World::new(320);
    measured(&mut || world.speaker.stop(world.now, "farewell"));
}

fn queries(world: &World) {
    let (peer, prefix) = (world.peer(319), local().prefix);
    let mut scratch = vec![0; 3 * super::world::LONGEST];
    let last: IpAddr = address(319).into();
    measured(&mut || {
        assert!(world.speaker.find_peer(last).and_then(|peer| world.speaker.peer(peer)).is_some());
        let slot = world.speaker.find_destination(prefix).unwrap_or_default();
        let paths = world.speaker.destination(Family::Ipv4Unicast, slot).map(|it| it.paths().count());
        assert_eq!(paths, Some(320));
        assert!(world.speaker.advertised(peer, Family::Ipv4Unicast, slot, &mut scratch).is_some());
    });
}
