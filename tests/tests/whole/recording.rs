//! Real runs over TCP, recorded and run again: same bytes, same routes.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;

use crier::record::MOST;
use crier_core::config::{Config, DynamicRange, PolicyRef, Settings};
use crier_core::policy::{CommunityPattern, Match, Policy, PrefixRange, Rule, RuleAction, Set};
use crier_core::speaker::{Clear, LocalRoute};
use crier_core::{Limits, Millis};
use crier_tests::raw_peer::RawPeer;
use crier_tests::rig::{self, Rig, neighbor, quick};
use crier_tests::sim::replay::{End, ReplayError, Replayed, main_like, replay};
use crier_tests::wire::update::{Attributes, withdraw};
use crier_tests::wire::{KEEPALIVE, NOTIFICATION, Open, ROUTE_REFRESH, UPDATE, message};

use crate::timing::small;

/// A file that is gone when the test is over.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("crier-recording-{}-{name}", std::process::id())))
    }

    fn read(&self) -> Vec<u8> {
        std::fs::read(&self.0).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn stranger(n: u8) -> IpAddr {
    Ipv4Addr::new(127, 1, 0, n).into()
}

fn update(n: u8, third: u8) -> Vec<u8> {
    Attributes::new(&[65100 + u32::from(n), 65200], Ipv4Addr::new(127, 1, 0, n))
        .with(0xc0, 8, &[0xfd, 0xe8, 0, third])
        .announce(&[24, 20, 0, third, 24, 20, n, third])
}

const SHARED: [u8; 4] = [24, 20, 0, 9];

/// A run with everything in it that a loop does: sessions both ways, policies, refreshes, operators, ends of all kinds. The
/// recording of it, and the routes at its end.
fn eventful(file: &Scratch, most: u64) -> (Vec<u8>, Vec<crier::control::rows::RouteRow>) {
    let listener = TcpListener::bind(("127.0.0.2", 0)).unwrap();
    let limits = Limits { peers: 10, connections: 20, ..small() };
    let (rig, recorded) = Rig::recorded(limits, 1, SocketAddr::new(rig::SPEAKER, 0), &file.0, most);
    let dialled = neighbor(listener.local_addr().unwrap(), quick());
    let range = DynamicRange {
        net: "127.1.0.0/16".parse().unwrap(),
        limit: 6,
        settings: Settings { tag: 1, import: PolicyRef::Named(0), ..quick() },
    };
    let configured = rig.speaker(move |speaker, now| {
        let ranges = [PrefixRange::parse("20.0.0.0/8 le 24").unwrap()];
        let patterns = [CommunityPattern { high: Some(65000), low: None }];
        let rules = [
            Rule {
                matches: &[Match::Prefix(&ranges), Match::Community(&patterns)],
                sets: &[Set::LocalPref(200), Set::AddCommunities(&[7])],
                action: RuleAction::Accept,
            },
            Rule { matches: &[], sets: &[], action: RuleAction::Reject },
        ];
        let policies = [Policy { name: "p", rules: &rules }];
        let config = Config { local: rig::local(), peers: &[dialled], ranges: &[range], policies: &policies };
        speaker.configure(now, &config)
    });
    configured.unwrap();
    rig.speaker(|speaker, now| {
        for third in 0..20 {
            let route = LocalRoute {
                prefix: format!("10.0.{third}.0/24").parse().unwrap(),
                next_hop: None,
                med: Some(third),
                local_pref: None,
                communities: &[1, 2],
                large_communities: &[[1, 2, 3]],
            };
            speaker.originate(now, &route).unwrap();
        }
        assert!(speaker.withdraw("10.0.7.0/24".parse().unwrap()));
    });
    let mut dialled = RawPeer::accept(&listener);
    dialled.establish(&Open::new(65002, [10, 0, 0, 2]));
    let mut strangers: Vec<RawPeer> = (1..=4)
        .map(|n| {
            let mut peer = RawPeer::dial(stranger(n), rig.address());
            peer.establish(&Open::new(65100 + u32::from(n), [10, 1, 0, n]));
            peer
        })
        .collect();
    recorded.flush();
    for (n, peer) in (1..).zip(&strangers) {
        (0..50).for_each(|third| peer.send(&update(n, third)));
        peer.send(&withdraw(&SHARED));
    }
    // What the last one says comes through, so all before it was there.
    dialled.receive_until(|kind, body| kind == UPDATE && body.ends_with(&[24, 20, 4, 49]));
    dialled.send(&message(ROUTE_REFRESH, &[0, 1, 0, 1]));
    dialled.receive_until(|kind, _| kind == UPDATE);
    recorded.flush();
    let first = stranger(1);
    rig.speaker(move |speaker, now| {
        let peer = speaker.find_peer(first).unwrap();
        speaker.clear(now, peer, Clear::SoftIn).unwrap();
        speaker.clear(now, peer, Clear::SoftOut).unwrap();
        speaker.drain(now, Millis(60_000));
        speaker.undrain();
    });
    strangers[0].receive_until(|kind, _| kind == ROUTE_REFRESH);
    // One is reset, one breaks the protocol, one is shut down.
    strangers.remove(3).reset();
    let mut broken = strangers.remove(2);
    broken.send(&[0; 19]);
    assert_eq!(broken.await_notification().code, 1);
    let second = stranger(2);
    rig.speaker(move |speaker, now| {
        let peer = speaker.find_peer(second).unwrap();
        speaker.shutdown(now, peer, "enough").unwrap();
    });
    strangers[1].receive_until(|kind, body| kind == NOTIFICATION && body.ends_with(b"enough"));
    dialled.send(&message(KEEPALIVE, &[]));
    dialled.receive_until(|kind, body| kind == UPDATE && !body.starts_with(&[0, 0]));
    let rib = recorded.end(&rig);
    (file.read(), rib)
}

#[test]
fn an_eventful_run_replays_to_the_same_bytes_and_routes() {
    let file = Scratch::new("eventful");
    let (bytes, rib) = eventful(&file, MOST);
    let replayed = replay(&bytes).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(replayed.end, End::Whole);
    assert!(rib.len() > 60 && replayed.sent.len() >= 5 && replayed.checks > 50, "{}", rib.len());
    assert_eq!(without_age(replayed.rib()), without_age(rib));
    // Twice the same.
    assert_eq!(replay(&bytes).unwrap().digest, replayed.digest);
    let (code, text) = main_like(&file.0);
    assert_eq!(code, 0, "{text}");
    assert!(text.lines().next().unwrap().contains("replay to the same bytes, to its end; hash "), "{text}");
    assert!(text.contains("session down"), "{text}");
}

/// Ages are rounded at another instant than that of the last call.
fn without_age(mut rows: Vec<crier::control::rows::RouteRow>) -> Vec<crier::control::rows::RouteRow> {
    rows.iter_mut().for_each(|row| row.age_s = None);
    rows
}

/// With room for next to nothing, a segment begins whenever one has been written; each can be run again by itself.
#[test]
fn a_segment_goes_on_from_the_state_it_begins_with() {
    let file = Scratch::new("segments");
    let (bytes, rib) = eventful(&file, 0);
    let former = Scratch(file.0.with_extension("1"));
    for bytes in [former.read(), bytes.clone()] {
        let replayed = replay(&bytes).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(replayed.end, End::Whole);
        assert!(replayed.calls > 0);
    }
    assert_eq!(without_age(replay(&bytes).unwrap().rib()), without_age(rib));
}

/// A recording that is good, but of another speaker: the first difference is found, and said where.
#[test]
fn a_speaker_that_answers_otherwise_is_caught() {
    let file = Scratch::new("other");
    let (bytes, _) = eventful(&file, MOST);
    let changed = with_another_bit(&bytes);
    match replay(&changed) {
        Err(ReplayError::Differs(difference)) => {
            assert!(difference.call > 1 && difference.offset > 12, "{difference:?}");
        }
        Err(other) => panic!("{other}"),
        Ok(replayed) => panic!("{} calls gave the same", replayed.calls),
    }
    std::fs::write(&file.0, &changed).unwrap();
    assert_eq!(main_like(&file.0).0, 1);
}

#[test]
fn what_is_cut_off_replays_as_far_as_it_goes() {
    let file = Scratch::new("cut");
    let (bytes, _) = eventful(&file, MOST);
    let whole = replay(&bytes).unwrap();
    let cut: Replayed = replay(&bytes[..bytes.len() - 1]).unwrap();
    assert!(matches!(cut.end, End::Damage(_)) && cut.calls > 0 && cut.calls < whole.calls);
}

/// The same recording where a neighbor once said something else; the file is whole nevertheless.
fn with_another_bit(bytes: &[u8]) -> Vec<u8> {
    let mut changed = bytes.to_vec();
    // An AS number in some path: 65200.
    let at = bytes.windows(4).position(|window| window == 65_200_u32.to_be_bytes()).unwrap();
    changed[at + 3] = 99;
    let mut offset = 12;
    while let Some(header) = changed.get(offset..offset + 8) {
        let len = u32::from_le_bytes(header[..4].try_into().unwrap()) as usize;
        let mut digest = crier::record::Digest::default();
        digest.add(&changed[offset + 8..offset + 8 + len]);
        changed[offset + 4..offset + 8].copy_from_slice(&digest.short());
        offset += 8 + len;
    }
    changed
}

/// A session with FRR, kept from the lab that makes one (`lab/recording.rs`); made anew, where a change of the core is meant
/// to change what it sends, with
/// `CRIER_KEEP_RECORDING=$PWD/tests/data/frr.crier-record cargo test -p crier-tests --test interop recording`.
#[test]
fn a_session_with_frr_replays() {
    let replayed =
        replay(include_bytes!("../../data/frr.crier-record")).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(replayed.end, End::Whole);
    let rib = replayed.rib();
    let learned: Vec<_> = rib.iter().filter(|row| row.peer.is_some()).collect();
    let prefixes: Vec<_> = learned.iter().map(|row| row.prefix.to_string()).collect();
    assert_eq!(prefixes, ["172.20.2.0/24", "172.20.21.0/24", "2001:db8:2::/48"]);
    assert!(learned.iter().all(|row| row.best && row.as_path.as_deref() == Some("65002")));
    assert_eq!(rib.len(), 5);
    let frr = replayed.speaker.find_peer("192.0.2.2".parse().unwrap()).unwrap();
    let frr = replayed.speaker.peer(frr).unwrap();
    assert_eq!(frr.flaps, 2, "one reset from each side");
    assert!(frr.counters.received[4] + frr.counters.sent[4] >= 2, "refreshes");
}
