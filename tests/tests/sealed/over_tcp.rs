//! The loop as it runs in the program: real sockets, a real speaker, one sealed thread.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::sync::LazyLock;
use std::thread;

use crier_core::config::{
    Config, DynamicRange, MaxPrefixAction, MaxPrefixes, PeerConfig, PolicyRef, Settings,
};
use crier_core::limits::Table;
use crier_core::policy::{CommunityPattern, Match, Policy, PrefixRange, Rule, RuleAction, Set};
use crier_core::speaker::Clear;
use crier_core::{EventKind, Family, Limits};
use crier_tests::allocation::{seal, unseal};
use crier_tests::lab::{await_until, fail};
use crier_tests::raw_peer::RawPeer;
use crier_tests::rig::{self, Recorded, Rig, neighbor, quick};
use crier_tests::sim::replay::{End, replay_file};
use crier_tests::wire::update::{each_prefix, prefix_fields};
use crier_tests::wire::{Open, ROUTE_REFRESH, UPDATE, message};

use crate::feed::Feed;

/// Two that announce: the first is dialled, the second dials in.
const A: Feed = Feed { asn: 65001, address: Ipv4Addr::new(127, 0, 0, 2) };
const B: Feed = Feed { asn: 65002, address: Ipv4Addr::new(127, 0, 0, 3) };
/// One that listens.
const C: Feed = Feed { asn: 65003, address: Ipv4Addr::new(127, 0, 0, 4) };
/// One that may announce a hundred prefixes.
const D: Feed = Feed { asn: 65004, address: Ipv4Addr::new(127, 0, 0, 5) };
/// One from a range.
const E: Feed = Feed { asn: 65005, address: Ipv4Addr::new(127, 1, 0, 1) };

const PREFIXES: u32 = 12_000;
const LIMITS: Limits = Limits {
    peers: 12,
    connections: 24,
    prefixes: 20_000,
    paths: 30_000,
    attribute_sets: 8_000,
    attribute_bytes: 600_000,
    policy_bytes: 65_536,
};

/// The loop, its neighbors, and the seal.
struct Scene {
    rig: Rig,
    recorded: Recorded,
    file: PathBuf,
    listener: TcpListener,
    a: RawPeer,
    b: RawPeer,
    c: RawPeer,
    marks: u32,
}

impl Scene {
    fn new() -> Self {
        let listener = TcpListener::bind((A.address, 0)).unwrap();
        // One buffer for all: whoever does not read leaves none to the others.
        let file = std::env::temp_dir().join(format!("crier-sealed-{}", std::process::id()));
        let (rig, recorded) = Rig::recorded(LIMITS, 1, SocketAddr::new(rig::SPEAKER, 0), &file, 0);
        rig::configure(&rig, peers(&listener, 0), ranges(), &[]);
        let (a, b, c) = (accept(&listener, A), dial(&rig, B), dial(&rig, C));
        a.read_on();
        b.read_on();
        let scene = Self { rig, recorded, file, listener, a, b, c, marks: 0 };
        scene.rig.call(|_, _| seal());
        scene
    }

    /// Opens the seal, looks at it, and closes it again.
    #[track_caller]
    fn intact(&self, phase: &str) {
        let broken = self.rig.call(|_, _| {
            let broken = unseal();
            seal();
            broken
        });
        assert_eq!(broken, 0, "allocations while sealed: {phase}");
    }

    /// A announces and B announces, C reads, until it has seen what came last from both.
    fn flow(&mut self, from_a: &[u8], from_b: &[u8]) {
        self.marks += 2;
        let (mark_a, seen_a) = A.mark(self.marks);
        let (mark_b, seen_b) = B.mark(self.marks + 1);
        let Self { a, b, c, .. } = self;
        thread::scope(|scope| {
            scope.spawn(|| {
                let (mut a, mut b) = (false, false);
                c.receive_until(|kind, body| {
                    let nlri = if kind == UPDATE { prefix_fields(body).unwrap().1 } else { &[] };
                    a |= holds(nlri, &seen_a);
                    b |= holds(nlri, &seen_b);
                    a && b
                })
            });
            scope.spawn(|| a.send(&[from_a, &mark_a].concat()));
            b.send(&[from_b, &mark_b].concat());
        });
    }

    /// C is told everything again; how many prefixes until `count` were.
    fn await_prefixes(&mut self, count: u32) {
        let mut seen = 0;
        self.c.receive_until(|kind, body| {
            if kind == UPDATE {
                seen += each_prefix(prefix_fields(body).unwrap().1, |_| {}).unwrap();
            }
            seen >= count
        });
    }

    /// A or B says this, and the speaker has taken it.
    #[track_caller]
    fn say(&self, who: Feed, (bytes, updates): (Vec<u8>, u64)) {
        let before = self.received(who);
        if who.asn == A.asn { &self.a } else { &self.b }.send(&bytes);
        self.await_updates(who, before, updates);
    }

    /// Waits until the speaker has taken `updates` more UPDATEs from this neighbor than `before`.
    #[track_caller]
    fn await_updates(&self, who: Feed, before: u64, updates: u64) {
        let look = || self.received(who);
        await_until("the speaker has read them all", look, |seen| *seen >= before + updates);
    }

    fn received(&self, who: Feed) -> u64 {
        self.rig.peer(who.address.into(), |peer| peer.counters.received[1])
    }

    fn accepted(&self, who: Feed, family: Family) -> u32 {
        self.rig.peer(who.address.into(), move |peer| {
            peer.families[family.index()].map_or(0, |counts| counts.accepted)
        })
    }

    fn refused(&self, table: Table) -> u64 {
        self.rig.speaker(move |speaker, _| {
            speaker.tables().find(|row| row.table == table).map_or(0, |row| row.refused)
        })
    }

    /// A sends this, and the table turns some of it away.
    fn overfill(&self, (bytes, updates): (Vec<u8>, u64), tables: &[Table]) {
        let before: Vec<u64> = tables.iter().map(|&table| self.refused(table)).collect();
        self.say(A, (bytes, updates));
        for (&table, before) in tables.iter().zip(before) {
            assert!(self.refused(table) > before, "{table:?} was never full");
        }
        self.intact("a full table");
        self.say(A, Feed::nothing(60_000));
    }

    /// Waits until a neighbor that lost its session may have another.
    fn revive(&self, who: Feed) {
        let address = IpAddr::from(who.address);
        let gone = |peer: &crier_core::PeerView<'_>| peer.established.is_none() && !peer.purging;
        await_until("the session is gone", || self.rig.peer(address, gone), |gone| *gone);
        self.rig.speaker(move |speaker, now| {
            let peer = speaker.find_peer(address).unwrap();
            speaker.enable(now, peer).unwrap();
        });
    }

    fn clear(&self, who: Feed, how: Clear) {
        let address = IpAddr::from(who.address);
        self.rig.speaker(move |speaker, now| {
            let peer = speaker.find_peer(address).unwrap();
            speaker.clear(now, peer, how).unwrap();
        });
    }
}

/// Whether these are among the prefixes, each a /24.
fn holds(nlri: &[u8], wanted: &[u8]) -> bool {
    nlri.windows(wanted.len()).any(|window| window == wanted)
}

fn open(who: Feed) -> Open {
    let [.., last] = who.address.octets();
    Open::new(who.asn, [10, 0, 1, last])
}

fn accept(listener: &TcpListener, who: Feed) -> RawPeer {
    let mut peer = RawPeer::accept(listener);
    peer.establish(&open(who));
    peer
}

fn dial(rig: &Rig, who: Feed) -> RawPeer {
    let mut peer = RawPeer::dial(who.address.into(), rig.address());
    peer.establish(&open(who));
    peer
}

fn peers(listener: &TcpListener, policy: u16) -> Vec<PeerConfig> {
    let settings = match policy {
        0 => quick(),
        n => Settings { import: PolicyRef::Named(n - 1), export: PolicyRef::Named(n % 2), ..quick() },
    };
    let passive = |who: Feed, settings| {
        neighbor(SocketAddr::new(who.address.into(), 179), Settings { passive: true, ..settings })
    };
    let few = MaxPrefixes { limit: 100, action: MaxPrefixAction::Restart };
    vec![
        neighbor(listener.local_addr().unwrap(), settings),
        passive(B, settings),
        passive(C, quick()),
        passive(D, Settings { max_prefixes: few, ..quick() }),
    ]
}

fn ranges() -> Vec<DynamicRange> {
    vec![DynamicRange {
        net: "127.1.0.0/16".parse().unwrap(),
        limit: 4,
        settings: Settings { tag: 9, ..quick() },
    }]
}

/// Two policies that change something and match by everything there is.
fn policies() -> &'static [Policy<'static>] {
    static RANGES: LazyLock<Vec<PrefixRange>> = LazyLock::new(|| {
        (0..200).map(|n| PrefixRange::parse(&format!("20.{n}.0.0/16 le 24")).unwrap()).collect()
    });
    const TAGS: &[CommunityPattern] =
        &[CommunityPattern { high: Some(65001), low: None }, CommunityPattern { high: None, low: Some(7) }];
    static RULES: LazyLock<[Vec<Rule<'static>>; 2]> = LazyLock::new(|| {
        let matches: &'static [Match<'static>] =
            Vec::leak(vec![Match::Prefix(&RANGES), Match::AsPath(&["65001 *", "* 200001"])]);
        let tagged: &'static [Match<'static>] = Vec::leak(vec![Match::Community(TAGS)]);
        let sets = &[Set::LocalPref(200), Set::Prepend(3), Set::AddCommunities(&[0x0001_0002])];
        let remove: &'static [Set<'static>] =
            Vec::leak(vec![Set::RemoveCommunities(TAGS), Set::Med(Some(9))]);
        let rule = |matches, sets, action| Rule { matches, sets, action };
        [
            vec![rule(matches, sets, RuleAction::Next), rule(&[], &[], RuleAction::Accept)],
            vec![rule(tagged, remove, RuleAction::Next), rule(&[], sets, RuleAction::Accept)],
        ]
    });
    static POLICIES: LazyLock<[Policy<'static>; 2]> = LazyLock::new(|| {
        let [first, second] = &*RULES;
        [Policy { name: "first", rules: first }, Policy { name: "second", rules: second }]
    });
    &*POLICIES
}

#[test]
fn the_loop_allocates_nothing_after_start_up() {
    let mut scene = Scene::new();
    churn(&mut scene);
    refresh(&mut scene);
    reload(&mut scene);
    deaths(&mut scene);
    deaf(&mut scene);
    full_tables(&scene);
    strangers(&scene);
    let broken = scene.rig.call(|context, _| {
        let now = context.now;
        // The end is part of the promise, up to the last message.
        context.speakers.iter_mut().for_each(|speaker| speaker.stop(now, "farewell"));
        unseal()
    });
    assert_eq!(broken, 0, "stopping");
    // All of this was recorded meanwhile, the speaker's state again and again, and is the same when it is run again.
    let Scene { rig, recorded, file, .. } = scene;
    let rib = recorded.end(&rig);
    let former = file.with_extension("1");
    let [before, last] = [&former, &file].map(|file| replay_file(file));
    [former, file].into_iter().for_each(|file| drop(std::fs::remove_file(file)));
    let [before, last] = [before, last].map(|replayed| replayed.unwrap_or_else(|error| fail(error)));
    assert_eq!((before.end, last.end, last.rib()), (End::Whole, End::Whole, rib));
    // How the calls are spread over the two depends on the moment in which one was full.
    assert!(before.calls + last.calls > 20, "{} and {} calls", before.calls, last.calls);
}

/// Tens of thousands of prefixes with ever new attributes, from two neighbors to a third.
fn churn(scene: &mut Scene) {
    for round in 0..4 {
        let (a, b) = (A.churn(round, PREFIXES).0, B.churn(round, PREFIXES).0);
        scene.flow(&[a, A.ipv6(round, 300)].concat(), &[b, B.ipv6(round, 300)].concat());
        let nothing = Feed::nothing(PREFIXES).0;
        scene.flow(&nothing, if round % 2 == 0 { &nothing } else { &[] });
    }
    let (a, b) = (A.churn(9, PREFIXES).0, B.churn(9, PREFIXES).0);
    scene.flow(&a, &b);
    assert_eq!(scene.accepted(A, Family::Ipv6Unicast), 300);
    assert!(scene.accepted(A, Family::Ipv4Unicast) >= PREFIXES);
    scene.intact("churn");
}

/// Asked by a neighbor, and by an operator in both directions.
fn refresh(scene: &mut Scene) {
    scene.c.send(&message(ROUTE_REFRESH, &[0, 1, 0, 1]));
    scene.await_prefixes(PREFIXES);
    scene.clear(C, Clear::SoftOut);
    scene.await_prefixes(PREFIXES);
    let asked = scene.rig.count(|event| matches!(event.kind, EventKind::RefreshSent(_)));
    scene.clear(A, Clear::SoftIn);
    await_until(
        "A is asked for a refresh",
        || scene.rig.count(|event| matches!(event.kind, EventKind::RefreshSent(_))),
        |count| *count == asked + 2,
    );
    scene.intact("refresh");
}

/// Policies change, in and out; the program's own part, making the configuration, is done by the test's thread.
fn reload(scene: &mut Scene) {
    for round in 0..3 {
        for policy in [1, 2, 0] {
            let peers = peers(&scene.listener, policy);
            let applied = rig::configure(&scene.rig, peers, ranges(), policies());
            assert_eq!(applied.refreshed, 2, "A and B are asked again");
            let (a, b) = (A.churn(20 + round, PREFIXES).0, B.churn(20 + round, PREFIXES).0);
            scene.flow(&a, &b);
        }
    }
    // Refused, and nothing changes.
    let peers = peers(&scene.listener, 7);
    let refused = scene.rig.speaker(move |speaker, now| {
        let config = Config { local: rig::local(), peers: &peers, ranges: &[], policies: policies() };
        speaker.configure(now, &config).is_err()
    });
    assert!(refused);
    scene.intact("reload");
}

/// Sessions end by the neighbor's death, an operator, a NOTIFICATION, the limit of prefixes; and come back.
fn deaths(scene: &mut Scene) {
    for _ in 0..3 {
        scene.a.stream().shutdown(std::net::Shutdown::Both).unwrap();
        scene.revive(A);
        scene.a = accept(&scene.listener, A);
        scene.a.read_on();
        // The speaker closes with what it sent still unread at the other end.
        scene.clear(B, Clear::Hard);
        scene.revive(B);
        scene.b = dial(&scene.rig, B);
        scene.b.read_on();
        let (a, b) = (A.churn(40, PREFIXES).0, B.churn(40, PREFIXES).0);
        scene.flow(&a, &b);
    }
    let mut d = dial(&scene.rig, D);
    d.send(&D.churn(1, 200).0);
    assert_eq!(d.await_notification().subcode, 1, "Cease / Maximum Number of Prefixes Reached");
    scene.revive(D);
    let mut d = dial(&scene.rig, D);
    d.send(&[0; 19]);
    assert_eq!((d.await_notification().code, scene.accepted(D, Family::Ipv4Unicast)), (1, 0));
    scene.intact("sessions that end and come back");
}

/// A neighbor stops reading while the others go on. It holds the only pooled buffer, so that they have their own.
fn deaf(scene: &mut Scene) {
    scene.say(B, Feed::nothing(PREFIXES));
    let sent = || scene.rig.peer(C.address.into(), |peer| peer.counters.bytes_sent);
    let blocked = |round: u32| {
        let before = sent();
        scene.say(A, A.churn(60 + round, PREFIXES));
        scene.say(A, Feed::nothing(PREFIXES));
        sent() == before
    };
    // First the kernel's buffers must be full.
    assert!((0..1_000).any(blocked), "it was sent everything and read nothing");
    for round in 0..3 {
        scene.say(A, A.churn(20 + round, PREFIXES));
        scene.say(B, B.churn(20 + round, PREFIXES));
        scene.say(A, Feed::nothing(PREFIXES));
    }
    let last = scene.accepted(B, Family::Ipv4Unicast);
    let told =
        || scene.rig.peer(A.address.into(), |peer| peer.families[0].map_or(0, |counts| counts.advertised));
    await_until("the others hear of everything", told, |told| *told == last);
    scene.c.stream().shutdown(std::net::Shutdown::Both).unwrap();
    scene.revive(C);
    scene.c = dial(&scene.rig, C);
    scene.c.read_on();
    scene.intact("a neighbor that does not read");
}

/// Every table, one after the other.
fn full_tables(scene: &Scene) {
    let v4 = Family::Ipv4Unicast;
    scene.say(B, Feed::nothing(PREFIXES));
    scene.overfill(A.crowd(60_000), &[Table::Prefixes(v4)]);
    scene.overfill(A.singles(12_000), &[Table::AttributeSets]);
    scene.overfill(A.large(2_000), &[Table::AttributeBytes]);
    scene.say(B, B.crowd(19_000));
    scene.overfill(A.crowd(19_000), &[Table::Paths(v4)]);
    scene.overfill(A.crowd(60_000), &[Table::RefusedPaths]);
    let full = |event: &crier_core::Event| matches!(event.kind, EventKind::TableFull { .. });
    await_until("full tables are reported", || scene.rig.count(full), |count| *count > 0);
    scene.intact("full tables");
}

/// Connections from a range, and from nowhere, more than there is room for.
fn strangers(scene: &Scene) {
    let crowd: Vec<_> = (1..=60)
        .map(|n| {
            let from = if n % 2 == 0 { Ipv4Addr::new(127, 1, 0, n) } else { Ipv4Addr::new(127, 9, 0, n) };
            RawPeer::try_dial(from.into(), scene.rig.address())
        })
        .collect();
    drop(crowd);
    let mut e = None;
    await_until(
        "a place is free again",
        || {
            let mut peer = RawPeer::dial(E.address.into(), scene.rig.address());
            let there = peer.try_receive().is_ok();
            e = Some(peer);
            there
        },
        |there| *there,
    );
    let Some(mut e) = e else { fail("no connection") };
    e.send(&open(E).encode());
    e.send(&message(4, &[]));
    e.receive_until(|kind, _| kind == 4);
    e.send(&E.crowd(100).0);
    scene.await_updates(E, 0, 1);
    scene.intact("strangers");
}
