use std::net::{IpAddr, Ipv4Addr};
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use crier_core::config::{InterfaceName, PolicyRef};
use crier_core::speaker::{Clear, CloseCause, ConnId, Ends, LocalRoute, PeerId};
use crier_core::{Instant, Limits, Millis};

use super::files::former;
use super::*;
use crate::config::{HostFacts, Model};

/// Everything that a configuration for the core can hold.
const CONFIG: &str = r#"
[router]
asn = 65000
router-id = "10.0.0.1"
[[group]]
name = "nodes"
remote-asn = "any"
dynamic = ["192.0.2.0/24", "2001:db8::/64"]
dynamic-limit = 7
import = "most"
export = "accept-all"
[[neighbor]]
address = "198.51.100.1"
remote-asn = 65001
local-interface = "eth0"
import = "most"
graceful-restart = { restart-time = 120 }
ttl-security = 1
[[policy]]
name = "most"
[[policy.rule]]
prefix = ["172.20.0.0/16 ge 24 le 24", "2001:db8::/32"]
family = "ipv4-unicast"
community = ["65000:*", "no-export"]
large-community = "65000:1:*"
as-path = ["65001", "65001 * 65003"]
as-path-length = "ge 1 le 5"
next-hop = "192.0.2.0/24"
origin = ["igp", "incomplete"]
set = { local-pref = 200, med = 10, origin = "egp", next-hop = "self", prepend = 2, remove-communities = ["65000:1"], add-communities = ["65000:2"], remove-large-communities = ["1:*:*"], add-large-communities = ["1:2:3"] }
action = "next"
[[policy.rule]]
set = { communities = ["65000:3"], large-communities = ["4:5:6"], next-hop = "192.0.2.9" }
action = "accept"
[[policy.rule]]
action = "reject"
"#;

fn model() -> Model {
    let model = crate::config::parse(CONFIG, "crier.toml", &HostFacts { addresses: &[] });
    model.unwrap_or_else(|errors| panic!("{errors:?}"))
}

fn with_inputs(model: &Model, use_them: impl FnOnce(&[Input<'_>])) {
    let now = Instant::from_millis(1_000_000);
    let conn = ConnId { index: 3, generation: 70_000 };
    let ends = Ends {
        ipv4: Some(Ipv4Addr::new(192, 0, 2, 1)),
        ipv6: Some("2001:db8::1".parse().unwrap()),
        link_local: Some("fe80::1".parse().unwrap()),
        ..Ends::new("[2001:db8::2]:179".parse().unwrap(), "192.0.2.1:40000".parse().unwrap())
    };
    let route = LocalRoute {
        prefix: "10.0.0.0/8".parse().unwrap(),
        next_hop: Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 7))),
        med: Some(1),
        local_pref: Some(2),
        communities: &[3, 4],
        large_communities: &[[5, 6, 7]],
    };
    let bytes: Vec<u8> = (0..=255).collect();
    let (peer, message) = (PeerId(300), "a word");
    model.with_core_config(|config| {
        use_them(&[
            Input::Configure { now, config: *config },
            Input::Originate { now, route },
            Input::Withdraw { prefix: "2001:db8::/32".parse().unwrap() },
            Input::Clear { now, peer, how: Clear::SoftOut },
            Input::Shutdown { now, peer, message },
            Input::Enable { now, peer },
            Input::Drain { now, wait: Millis(30_000) },
            Input::Undrain,
            Input::Stop { now, message },
            Input::StopPreserving { now, message },
            Input::Accept { now, ends },
            Input::Connected { now, conn, ends },
            Input::Closed { now, conn, cause: CloseCause::LocalError },
            Input::Receive { now, conn, bytes: &bytes },
            Input::Timeout { now },
            Input::Work { now, budget: 4096 },
            Input::Transmit { now, conn, room: 65_536 },
            Input::PollAction,
            Input::PollEvent,
        ]);
    });
}

fn start() -> Start<'static> {
    let now = Instant::from_millis(7);
    Start {
        crier: "0.1.0",
        limits: Limits::default(),
        events: 16,
        seed: u64::MAX,
        now,
        unix_ms: 1 << 41,
        running: false,
    }
}

/// A file of this test's own.
fn file(name: &str) -> PathBuf {
    std::env::temp_dir().join(format!("crier-record-{}-{name}", std::process::id()))
}

/// What a recorder that is told of `inputs` writes.
fn recorded(name: &str, most: u64, inputs: &[Input<'_>]) -> Vec<u8> {
    let path = file(name);
    let (recording, mut recorder) = Recording::start(&path, most, &start()).unwrap();
    let speaker = crate::memory::speaker(&Limits::default(), false, 1, Instant::EPOCH).unwrap();
    for input in inputs {
        recorder.input(&speaker, input);
    }
    recorder.output(&Output::More(true));
    recording.finish();
    assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    bytes
}

#[test]
fn every_input_comes_back_as_it_was() {
    with_inputs(&model(), |inputs| {
        let bytes = recorded("inputs", MOST, inputs);
        let mut records = Reader::new(&bytes).unwrap().map(Result::unwrap);
        assert_eq!(records.next(), Some(Record::Start(start())));
        for input in inputs {
            let Some(Record::Input(read)) = records.next() else { panic!("no {input:?}") };
            read.with_input(|read| assert_eq!(format!("{read:?}"), format!("{input:?}")));
        }
        let mut digest = Digest::default();
        add_output(&mut digest, &Output::More(true));
        assert_eq!(records.next(), Some(Record::Check(digest.short())));
        assert_eq!(records.next(), None);
    });
}

/// Every part of a configuration is in the test above, or it would prove little.
#[test]
fn the_configuration_of_these_tests_is_rich() {
    let model = model();
    assert!(!model.ranges.is_empty() && model.peers[0].settings.import == PolicyRef::Named(0));
    assert_eq!(model.peers[0].settings.local_interface, InterfaceName::new("eth0"));
    let rules = &model.policies[0].rules;
    assert_eq!((rules[0].matches.len(), rules[0].sets.len(), rules[1].sets.len()), (8, 9, 3));
}

#[test]
fn what_is_cut_off_is_said_and_what_came_before_is_good() {
    with_inputs(&model(), |inputs| {
        let bytes = recorded("cut", MOST, inputs);
        let whole: Vec<_> = Reader::new(&bytes).unwrap().collect();
        for len in 12..bytes.len() {
            let read: Vec<_> = Reader::new(&bytes[..len]).unwrap().collect();
            let good = read.iter().take_while(|record| record.is_ok()).count();
            assert_eq!(read[..good], whole[..good]);
            match &read[good..] {
                [] => assert!(len == 12 || good > 0),
                [Err(ReadError::Truncated { offset })] => assert!(*offset < len),
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(Reader::new(&bytes[..11]).err(), Some(ReadError::NotARecording));
        assert_eq!(Reader::new(b"").err(), Some(ReadError::NotARecording));
    });
}

#[test]
fn what_is_damaged_is_said_with_its_place() {
    with_inputs(&model(), |inputs| {
        let bytes = recorded("damaged", MOST, inputs);
        for at in 0..bytes.len() {
            let mut other = bytes.clone();
            other[at] ^= 0x10;
            match Reader::new(&other) {
                Err(ReadError::NotARecording) => assert!(at < 8),
                Err(ReadError::Version(_)) => assert!((8..12).contains(&at)),
                Ok(reader) => {
                    let last = reader.last().unwrap();
                    let found = matches!(
                        last,
                        Err(ReadError::Damaged { offset } | ReadError::Truncated { offset }) if offset <= at
                    );
                    assert!(found, "byte {at}: {last:?}");
                }
                Err(other) => panic!("{other}"),
            }
        }
    });
}

/// A run that goes on for much longer than two segments hold.
fn long(name: &str, most: u64, calls: usize) -> [Vec<u8>; 2] {
    let path = file(name);
    let limits = Limits { peers: 2, connections: 4, prefixes: 100, paths: 200, ..Limits::default() };
    let start = Start { limits, ..start() };
    let mut speaker = crate::memory::speaker(&limits, false, start.seed, start.now).unwrap();
    let (recording, recorder) = Recording::start(&path, most, &start).unwrap();
    speaker.set_tap(Some(Box::leak(Box::new(recorder))));
    let config = model();
    for call in 0..calls {
        let prefix = format!("10.{}.0.0/16", call % 100).parse().unwrap();
        let route = LocalRoute {
            prefix,
            next_hop: None,
            med: Some(call as u32),
            local_pref: None,
            communities: &[1; 200],
            large_communities: &[],
        };
        speaker.originate(Instant::from_millis(7 + call as u64), &route).unwrap();
        if call % 1000 == 0 {
            let now = Instant::from_millis(7 + call as u64);
            config.with_core_config(|config| speaker.configure(now, config)).unwrap_err();
            assert!(recording.flush());
        }
    }
    speaker.set_tap(None);
    recording.finish();
    [former(&path), path].map(|path| {
        let bytes = std::fs::read(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        bytes
    })
}

/// What is in a file is one run: calls one behind the other, from its own start.
#[test]
fn a_long_run_leaves_two_segments_of_bounded_size() {
    let segments = long("long", 9 << 20, 30_000);
    let mut last = 0;
    for bytes in &segments {
        assert!(bytes.len() <= (9 << 20) / 2, "{}", bytes.len());
        let mut records = Reader::new(bytes).unwrap().map(Result::unwrap);
        let Some(Record::Start(begin)) = records.next() else { panic!("no start") };
        assert!(
            begin.running
                && begin.now.as_millis() >= last
                && begin.unix_ms - begin.now.as_millis() == (1 << 41) - 7
        );
        let Some(Record::State(state)) = records.next() else { panic!("no state") };
        let memory = crate::memory::reserve(&begin.limits, crate::memory::EVENTS, false).unwrap();
        let seed = Restore { memory, limits: begin.limits, seed: begin.seed };
        let mut speaker = restore(seed, state).unwrap();
        let mut answers = Digest::default();
        let mut calls = 0;
        for record in records {
            match record {
                Record::Input(input) => input.with_input(|input| {
                    calls += 1;
                    last = input.now().unwrap().as_millis();
                    add_output(&mut answers, &speaker.feed(input, &mut []));
                }),
                Record::Check(check) => assert_eq!(check, answers.short(), "call {calls}"),
                other => panic!("{other:?}"),
            }
        }
        assert!(calls > 100);
    }
    assert_eq!(last, 7 + 29_999, "nothing is missing at the end");
}

/// A disk that takes nothing neither stops the loop nor fills memory. When it does again, a new segment begins.
#[test]
fn a_disk_that_cannot_follow_leaves_a_mark_and_a_new_segment() {
    let limits = Limits { peers: 2, connections: 4, prefixes: 100, paths: 200, ..Limits::default() };
    let speaker = crate::memory::speaker(&limits, false, 1, Instant::EPOCH).unwrap();
    let shared = ring::Shared::new(&limits);
    let bytes = vec![0; 100_000];
    let conn = ConnId { index: 0, generation: 0 };
    let input = Input::Receive { now: Instant::EPOCH, conn, bytes: &bytes };
    let put = || shared.put_input(&input, &speaker, || Start { running: true, ..start() });
    assert!((0..1000).all(|_| !put()));
    let mut back = ring::Buffer::new(&limits);
    assert_eq!(shared.take(&mut back), ring::Taken { last: false, gaps: 1 });
    let [(false, lost), (false, []), (false, [])] = back.blocks() else { panic!("a segment begins") };
    let mut seen = records(lost);
    assert_eq!(seen.pop(), Some(Record::Gap));
    assert_eq!(seen.len(), ring::GATHERED / 100_000);
    // What was lost is known to be: nothing but a new beginning comes after it.
    back.clear();
    assert!(put() && !put());
    shared.take(&mut back);
    let [(false, []), (true, state), (false, rest)] = back.blocks() else { panic!("no segment begins") };
    assert!(state.len() > 1000);
    assert_eq!(records(rest).len(), 2);
}

fn records(mut bytes: &[u8]) -> Vec<Record<'_>> {
    let mut seen = Vec::new();
    while !bytes.is_empty() {
        let (record, rest) = postcard::take_from_bytes(bytes).unwrap();
        seen.push(record);
        bytes = rest;
    }
    seen
}

/// What panicked is in the file by the time that the panic goes on.
#[test]
fn a_panic_waits_for_the_file() {
    let path = file("panic");
    let (recording, mut recorder) = Recording::start(&path, MOST, &start()).unwrap();
    recording.survive_panics();
    let speaker = crate::memory::speaker(&Limits::default(), false, 1, Instant::EPOCH).unwrap();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        recorder.input(&speaker, &Input::Undrain);
        std::panic::panic_any("a test panics");
    }));
    assert!(panicked.is_err());
    let bytes = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    assert_eq!(Reader::new(&bytes).unwrap().last(), Some(Ok(Record::Input(RecordedInput::Undrain))));
}
