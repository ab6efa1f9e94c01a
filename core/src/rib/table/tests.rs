//! Random use of a tiny table by several neighbors, against a naive model made of maps.

extern crate std;

mod model;

use std::vec;
use std::vec::Vec;

use model::{Model, PEERS};

use super::*;
use crate::attrs::Key;
use crate::attrs::store::{AttrStore, Capacity as SetCapacity, Header, Owner};
use crate::decision::PeerFacts;
use crate::family::V4;
use crate::rib::changes::{Changes, Node};
use crate::rib::index;
use crate::rib::next_hops::{NextHop, NextHops};

const CAPACITY: Capacity = Capacity { prefixes: 24, paths: 48, local: 6 };

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }
}

/// Memory of a table and of what goes with it.
struct Arena {
    addrs: Vec<u32>,
    nodes: Vec<Node>,
    cells: Vec<u32>,
    paths: Vec<Path>,
    advertised: Vec<u64>,
    headers: Vec<Header>,
    set_cells: Vec<u32>,
    hops: Vec<NextHop>,
    hop_cells: Vec<u32>,
    bytes: Vec<u8>,
    facts: Vec<PeerFacts>,
}

impl Arena {
    fn new() -> Self {
        let slots = CAPACITY.slots();
        let rows = usize::from(PEERS) + 1;
        Self {
            addrs: vec![0; slots as usize + 1],
            nodes: vec![Node::default(); Changes::nodes(slots, PEERS.into()) as usize],
            cells: vec![0; index::cells(slots) as usize],
            paths: vec![Path::default(); (CAPACITY.paths + CAPACITY.local) as usize + 1],
            advertised: vec![0; Advertised::stride(slots + 1) * (rows + 1)],
            headers: vec![Header::default(); 101],
            set_cells: vec![0; index::cells(100) as usize],
            hops: vec![NextHop::default(); 101],
            hop_cells: vec![0; index::cells(100) as usize],
            bytes: vec![0; 4096],
            facts: vec![PeerFacts::default(); rows],
        }
    }

    fn table(&mut self, seed: u64) -> (FamilyTable<'_, V4>, Shared<'_>) {
        let hasher = Hasher::new(seed);
        let sets = SetCapacity { sets: 100, bytes: 4096 };
        let hops = NextHops::new(&mut self.hops, &mut self.hop_cells, hasher);
        let attrs =
            AttrStore::new(&mut self.headers, &mut self.set_cells, hops, &mut self.bytes, sets, hasher);
        let arrays = Arrays {
            addrs: &mut self.addrs,
            nodes: &mut self.nodes,
            cells: &mut self.cells,
            paths: &mut self.paths,
            advertised: &mut self.advertised,
        };
        (FamilyTable::new(arrays, CAPACITY, hasher), Shared { attrs, facts: &mut self.facts })
    }
}

/// A few attribute sets whose every step of the decision differs now and then.
fn key(random: &mut Random) -> Key {
    let mut key = Key {
        path_len: 1 + random.below(2) as u16,
        neighbor_as: random.below(3) as u32,
        origin: random.below(2) as u8,
        ..Key::default()
    };
    if random.below(4) == 0 {
        key.set_local_pref(Some(100 + random.below(2) as u32));
    }
    if random.below(2) == 0 {
        key.set_med(Some(random.below(3) as u32));
    }
    key
}

#[test]
fn agrees_with_a_naive_model() {
    let (mut full, mut lingered) = ([0; 2], 0);
    for seed in 1..=60 {
        let mut arena = Arena::new();
        let (mut table, mut shared) = arena.table(seed);
        let mut model = Model::new(CAPACITY);
        let mut random = Random(seed * 0x9E37_79B9);
        for peer in 1..=PEERS {
            model.raise(peer, &mut shared.facts[usize::from(peer)]);
            model.consumers.insert(peer, table.join());
        }
        for step in 0..3_000 {
            let net = Net::<V4> { addr: (random.below(40) as u32) << 8, len: 24 };
            let peer = random.below(u64::from(PEERS) + 1) as u16;
            match random.below(100) {
                0..45 if model.is_up(peer) => {
                    let key = key(&mut random);
                    let bytes = [random.below(2) as u8];
                    let attr = shared.attrs.intern(&key, &bytes, Owner::Learned).unwrap();
                    let new = NewPath { peer, attr, now_secs: step, rule: 0 };
                    let result = table.learn(&mut shared, net, new);
                    shared.attrs.release(attr);
                    assert_eq!(result, model.learn(net.addr, peer, key), "seed {seed} step {step}");
                    full[0] += u32::from(result == Err(Reason::PrefixesFull));
                    full[1] += u32::from(result == Err(Reason::PathsFull));
                }
                45..70 if model.is_up(peer) => {
                    assert_eq!(table.forget(&mut shared, net, peer), model.forget(net.addr, peer));
                }
                70..88 if peer != 0 && model.is_up(peer) => drain(&mut table, &shared, &mut model, peer),
                88..90 if peer != 0 && model.is_up(peer) => {
                    model.fall(peer, &mut shared.facts[usize::from(peer)]);
                    let marker = model.consumers.remove(&peer).unwrap();
                    table.changes.leave(marker);
                }
                90..95 if peer != 0 && !model.is_up(peer) => {
                    purge(&mut table, &mut shared, &mut model, peer, random.below(12) as u32);
                    if model.is_clean(peer) {
                        model.raise(peer, &mut shared.facts[usize::from(peer)]);
                        model.consumers.insert(peer, table.join());
                    }
                }
                _ => {}
            }
            compare(&table, &shared, &model);
            lingered = lingered.max(table.counts.lingering);
        }
        finish(&mut table, &mut shared, &mut model);
    }
    assert!(full.iter().all(|&times| times > 100), "{full:?}");
    assert!(lingered > 2);
}

/// Withdrawn destinations wait for a neighbor that hears nothing, more of them than may; local routes have their reserve.
#[test]
fn what_lingers_leaves_local_routes_their_reserve() {
    let mut arena = Arena::new();
    let (mut table, mut shared) = arena.table(1);
    let attr = shared.attrs.intern(&Key::default(), &[], Owner::Learned).unwrap();
    let mut nets = (0..).map(|number| Net::<V4> { addr: number << 8, len: 24 });
    let mut learn = |table: &mut FamilyTable<'_, V4>, shared: &mut Shared<'_>, peer| {
        let net = nets.next().unwrap();
        table.learn(shared, net, NewPath { peer, attr, now_secs: 0, rule: 0 }).map(|_| net)
    };
    for _ in 0..CAPACITY.prefixes {
        let net = learn(&mut table, &mut shared, 1).unwrap();
        table.hold(table.find(net).unwrap(), 2);
        assert!(table.forget(&mut shared, net, 1));
    }
    assert_eq!(table.counts.lingering, CAPACITY.prefixes);
    let learned = (0..99).take_while(|_| learn(&mut table, &mut shared, 1).is_ok()).count();
    assert_eq!(learned as u32, CAPACITY.lingering());
    let local = (0..99).take_while(|_| learn(&mut table, &mut shared, 0).is_ok()).count();
    assert_eq!(local as u32, CAPACITY.local);
}

/// One neighbor hears of every change, as an Adj-RIB-Out does.
fn drain(table: &mut FamilyTable<'_, V4>, shared: &Shared<'_>, model: &mut Model, peer: u16) {
    let mut marker = model.consumers[&peer];
    let mut slot = table.changes.next_changed(marker);
    while slot != 0 {
        let next = table.changes.next_changed(slot);
        let net = table.net(slot).addr;
        match table.best(shared, slot) {
            Some(best) => {
                let key = *shared.attrs.key(table.path(best).attr);
                let source = table.path(best).peer;
                let told = model.told.entry(peer).or_default();
                let new = told.insert(net, (source, key)).is_none();
                assert_eq!(table.hold(slot, peer), new);
                model.hold(net, peer);
            }
            None => {
                let had = model.told.entry(peer).or_default().remove(&net).is_some();
                assert_eq!(table.unhold(slot, peer), had);
                model.unhold(net, peer);
            }
        }
        slot = next;
    }
    table.changes.advance(&mut marker, 0);
    model.consumers.insert(peer, marker);
    // Whoever stands at the tail knows everything as it is, but for what the purge of a dead session has yet to touch.
    let told = model.told.get(&peer).cloned().unwrap_or_default();
    assert!(told == model.everything() || model.is_any_path_dead());
}

/// A dead session's paths and bits go, a few at a time.
fn purge(
    table: &mut FamilyTable<'_, V4>,
    shared: &mut Shared<'_>,
    model: &mut Model,
    peer: u16,
    budget: u32,
) {
    let mut left = budget;
    for slot in 1..table.slots() {
        if left == 0 {
            return;
        }
        let net = table.net(slot).addr;
        if table.forget_at(shared, slot, peer) {
            assert!(model.forget(net, peer));
            left = left.saturating_sub(1);
        }
        let net = table.net(slot).addr;
        if table.is_used(slot) && table.unhold(slot, peer) {
            model.unhold(net, peer);
            left = left.saturating_sub(1);
        }
    }
}

fn compare(table: &FamilyTable<'_, V4>, shared: &Shared<'_>, model: &Model) {
    let found = table.check(shared, PEERS + 1).unwrap();
    assert_eq!(shared.attrs.check().unwrap(), u64::from(found.paths.values().sum::<u32>()));
    assert_eq!(model.counts(), [table.counts.learned, table.counts.local, table.counts.lingering]);
    assert_eq!(model.paths(), table.counts.paths);
    for (net, slot) in model.slots() {
        assert_eq!(table.find(Net { addr: net, len: 24 }), Some(slot), "slots are handed out in turn");
        let best = table.best(shared, slot).map(|best| {
            let path = table.path(best);
            (path.peer, *shared.attrs.key(path.attr))
        });
        assert!(best == model.best(net) || model.has_dead_path(net));
    }
}

/// Everybody leaves, and nothing is left.
fn finish(table: &mut FamilyTable<'_, V4>, shared: &mut Shared<'_>, model: &mut Model) {
    for peer in 0..=PEERS {
        for net in model.nets() {
            assert_eq!(table.forget(shared, Net { addr: net, len: 24 }, peer), model.forget(net, peer));
        }
    }
    for peer in 1..=PEERS {
        if model.is_up(peer) {
            drain(table, shared, model, peer);
        } else {
            purge(table, shared, model, peer, u32::MAX);
        }
    }
    compare(table, shared, model);
    assert_eq!(model.counts(), [0; 3]);
    assert_eq!((shared.attrs.check().unwrap(), shared.attrs.sets, shared.attrs.bytes), (0, 0, 0));
}
