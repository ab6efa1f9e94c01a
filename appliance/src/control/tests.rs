//! Requests to a daemon with real speakers: two of them, connected by memory.

mod kernel;
mod pair;

use std::io::Write;

use crier_core::config::PolicyRef;
use crier_core::{Event, EventKind, Instant, Speaker};
use serde_json::Value;

use super::{Answer, Fill, KernelView, Stream};
use crate::daemon::{Daemon, Now};
use pair::{Pair, now, single};

/// A client that takes so many bytes at once.
struct Slow {
    step: usize,
    got: Vec<u8>,
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = bytes.len().min(self.step);
        self.got.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn pull(
    stream: &mut Stream,
    daemon: &Daemon,
    speaker: &Speaker<'_>,
    now: Now,
    step: usize,
) -> (Vec<u8>, Fill) {
    pull_with(stream, daemon, speaker, None, now, step)
}

fn pull_with(
    stream: &mut Stream,
    daemon: &Daemon,
    speaker: &Speaker<'_>,
    kernel: Option<&dyn KernelView>,
    now: Now,
    step: usize,
) -> (Vec<u8>, Fill) {
    let mut client = Slow { step, got: Vec::new() };
    for _ in 0..1_000_000 {
        match stream.fill(daemon, speaker, kernel, now, &mut client) {
            Fill::More => {}
            end => return (client.got, end),
        }
    }
    panic!("the answer never ends");
}

/// The rows of an answer, and its last line.
fn ask(daemon: &mut Daemon, speaker: &mut Speaker<'_>, now: Now, request: &str) -> (Vec<Value>, Value) {
    ask_with(daemon, speaker, None, now, request)
}

fn ask_with(
    daemon: &mut Daemon,
    speaker: &mut Speaker<'_>,
    kernel: Option<&dyn KernelView>,
    now: Now,
    request: &str,
) -> (Vec<Value>, Value) {
    let line = format!("{{\"version\":1,{request}}}");
    let Answer::Stream(mut stream) = daemon.request(speaker, now, line.as_bytes()) else {
        panic!("a reload")
    };
    let (text, end) = pull_with(&mut stream, daemon, speaker, kernel, now, usize::MAX);
    assert_eq!(end, Fill::Done);
    let text = String::from_utf8(text).unwrap();
    let mut lines: Vec<Value> = text
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let end = lines.pop().unwrap();
    (lines, end)
}

fn done(answer: (Vec<Value>, Value)) -> Vec<Value> {
    assert_eq!(answer.1, serde_json::json!({"done": true}));
    answer.0
}

fn error(answer: (Vec<Value>, Value)) -> String {
    assert!(answer.0.is_empty());
    answer.1["error"].as_str().unwrap().to_owned()
}

#[test]
fn what_is_announced_is_a_route_until_its_lease_ends() {
    let (mut speaker, mut daemon) = single();
    let rows = done(ask(
        &mut daemon,
        &mut speaker,
        now(0),
        r#""command":"announce","prefix":"192.0.2.1/32","attributes":{"med":7,"communities":[4294967041]},"ttl_ms":5000"#,
    ));
    let message = rows[0]["message"].as_str().unwrap();
    assert!(message.contains("5 s") && message.contains("until the daemon ends"), "{message}");
    let routes = done(ask(&mut daemon, &mut speaker, now(3000), r#""command":"routes""#));
    assert_eq!(routes.len(), 1);
    let expected = serde_json::json!({
        "prefix": "192.0.2.1/32", "family": "ipv4-unicast", "next_hop": "0.0.0.0", "peer": null, "best": true,
        "multipath": true, "valid": true, "stale": false, "origin": "igp", "as_path": "", "local_pref": 100, "med": 7,
        "communities": ["no-export"], "large_communities": [], "age_s": 3, "installed": false, "instance": "default",
        "blackhole": false, "reason": null
    });
    assert_eq!(routes[0], expected);
    assert!(
        done(ask(&mut daemon, &mut speaker, now(3000), r#""command":"routes","form":"received""#)).is_empty()
    );

    assert_eq!(daemon.deadline(), Some(Instant::from_millis(5000)));
    daemon.timeout(&mut speaker, now(5000));
    assert_eq!(daemon.deadline(), None);
    assert!(done(ask(&mut daemon, &mut speaker, now(5000), r#""command":"routes""#)).is_empty());
}

#[test]
fn refusals_are_one_line_and_change_nothing() {
    let (mut speaker, mut daemon) = single();
    for (request, says) in [
        (r#""command":"announce","prefix":"127.0.0.0/8""#, "must not be announced"),
        (r#""command":"announce","prefix":"10.0.0.0/8","attributes":{"next_hop":"::1"}"#, "another family"),
        (r#""command":"withdraw","prefix":"10.0.0.0/8""#, "not announced"),
        (r#""command":"clear","peer":"192.0.2.99""#, "no neighbor 192.0.2.99"),
        (r#""command":"enable","peer":"192.0.2.99""#, "no neighbor 192.0.2.99"),
        (r#""command":"peers","peer":"192.0.2.99""#, "no neighbor 192.0.2.99"),
        (r#""command":"clear","peer":"10.0.0.2","soft":"in""#, "not Established"),
        (r#""command":"undrain""#, "nothing is being drained"),
        (r#""command":"why","prefix":"10.0.0.0/8""#, "no neighbor announces it"),
        (r#""command":"peers","instance":"blue""#, "no instance \"blue\""),
        (r#""command":"teleport""#, "teleport"),
    ] {
        let error = error(ask(&mut daemon, &mut speaker, now(0), request));
        assert!(error.contains(says), "{request}: {error}");
    }
    assert!(done(ask(&mut daemon, &mut speaker, now(0), r#""command":"routes""#)).is_empty());
}

#[test]
fn a_session_and_its_routes_are_seen_from_both_sides() {
    let mut pair = Pair::new(PolicyRef::AcceptAll);
    for prefix in ["10.1.0.0/16", "2001:db8::/32"] {
        done(pair.ask(0, &format!(r#""command":"announce","prefix":"{prefix}""#)));
    }
    pair.settle();

    let peers = done(pair.ask(1, r#""command":"peers""#));
    assert_eq!(peers[0]["state"], "Established");
    assert_eq!(peers[0]["families"][0]["received"], 1);
    let session = done(pair.ask(1, r#""command":"peers","peer":"10.0.0.1""#));
    assert_eq!(session[0]["negotiated"]["hold_s"], 90);
    assert_eq!(session[0]["capabilities_received"][0], "multiprotocol ipv4-unicast");

    let routes = done(pair.ask(1, r#""command":"routes","form":"received","family":"ipv4-unicast""#));
    assert_eq!(routes.len(), 1);
    assert_eq!((&routes[0]["as_path"], &routes[0]["peer"]), (&"65000".into(), &"10.0.0.1".into()));
    assert_eq!(routes[0]["next_hop"], "10.0.0.1");

    let sent = done(pair.ask(0, r#""command":"routes","form":"advertised""#));
    assert_eq!(sent.len(), 1, "an IPv4 session has no IPv6 next hop to give");
    assert_eq!((&sent[0]["peer"], &sent[0]["as_path"]), (&"10.0.0.2".into(), &"65000".into()));
    assert_eq!(sent[0]["next_hop"], "10.0.0.1");
    assert!(done(pair.ask(1, r#""command":"routes","form":"advertised""#)).is_empty(), "split horizon");

    let why = done(pair.ask(1, r#""command":"why","prefix":"10.1.2.3""#));
    assert_eq!((&why[0]["about"], &why[0]["step"]), (&"path".into(), &"only".into()));
    assert_eq!((&why[1]["about"], &why[1]["reason"]), (&"announcement".into(), &"split-horizon".into()));
    let why = done(pair.ask(0, r#""command":"why","prefix":"10.1.0.0/16","peer":"10.0.0.2""#));
    assert_eq!(why[1]["why"], "announced: export policy \"accept-all\"");
    let why = done(pair.ask(0, r#""command":"why","prefix":"2001:db8::1""#));
    assert_eq!((&why[1]["announced"], &why[1]["reason"]), (&false.into(), &"no-next-hop".into()));
}

#[test]
fn what_a_policy_refuses_is_received_with_its_reason() {
    let mut pair = Pair::new(PolicyRef::RejectAll);
    done(pair.ask(0, r#""command":"announce","prefix":"10.1.0.0/16""#));
    pair.settle();
    assert!(done(pair.ask(1, r#""command":"routes""#)).is_empty());
    let received = done(pair.ask(1, r#""command":"routes","form":"received""#));
    assert_eq!((&received[0]["reason"], &received[0]["peer"]), (&"policy".into(), &"10.0.0.1".into()));
    assert!(done(pair.ask(1, r#""command":"routes","form":"received","family":"ipv6-unicast""#)).is_empty());
    let why = done(pair.ask(1, r#""command":"why","prefix":"10.1.0.0/16""#));
    assert_eq!(why[0]["why"], "import policy \"reject-all\" rejects it");
    let policies = done(pair.ask(1, r#""command":"policies""#));
    let names: Vec<_> = policies.iter().map(|policy| policy["name"].as_str()).collect();
    assert_eq!(names, [Some("accept-all"), Some("reject-all")]);
    assert_eq!(policies[1]["import"][0], "10.0.0.1");
}

#[test]
fn a_neighbor_that_is_shut_stays_so_over_a_restart() {
    let directory = std::env::temp_dir().join(format!("crier-control-{}", std::process::id()));
    std::fs::create_dir_all(&directory).unwrap();
    let (mut speaker, mut daemon) = single();
    daemon.restore(now(0), &directory);
    done(ask(&mut daemon, &mut speaker, now(0), r#""command":"announce","prefix":"10.9.0.0/16""#));
    let said = done(ask(
        &mut daemon,
        &mut speaker,
        now(0),
        r#""command":"shutdown","peer":"10.0.0.2","message":"x""#,
    ));
    assert!(said[0]["message"].as_str().unwrap().contains("over a restart"), "{said:?}");

    let (mut speaker, mut daemon) = single();
    daemon.restore(now(0), &directory);
    let words = pair::words(0, PolicyRef::AcceptAll);
    daemon.configured(&mut speaker, now(0), words, []);
    assert_eq!(
        done(ask(&mut daemon, &mut speaker, now(0), r#""command":"routes""#))[0]["prefix"],
        "10.9.0.0/16"
    );
    assert_eq!(done(ask(&mut daemon, &mut speaker, now(0), r#""command":"peers""#))[0]["admin"], "down");
    done(ask(&mut daemon, &mut speaker, now(0), r#""command":"enable","peer":"10.0.0.2""#));
    assert_eq!(done(ask(&mut daemon, &mut speaker, now(0), r#""command":"peers""#))[0]["admin"], "up");
    assert!(!std::fs::read_to_string(directory.join("control.json")).unwrap().contains("10.0.0.2"));
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn an_answer_is_the_same_however_slowly_it_is_taken() {
    let (mut speaker, mut daemon) = single();
    for number in 0..200_u32 {
        let request = format!(r#""command":"announce","prefix":"10.0.{number}.0/24""#);
        done(ask(&mut daemon, &mut speaker, now(0), &request));
    }
    let mut answers = Vec::new();
    for step in [7, 1000, usize::MAX] {
        let line = br#"{"version":1,"command":"routes"}"#;
        let Answer::Stream(mut stream) = daemon.request(&mut speaker, now(0), line) else {
            panic!("a reload")
        };
        let (text, _) = pull(&mut stream, &daemon, &speaker, now(0), step);
        // Empty lines tell of pauses, and depend on them.
        answers.push(String::from_utf8(text).unwrap().replace("\n\n", "\n"));
    }
    assert_eq!(answers[0].lines().count(), 201);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
}

#[test]
fn an_answer_is_never_in_memory_as_a_whole() {
    let (mut speaker, mut daemon) = single();
    for number in 0..250_u32 {
        let request = format!(r#""command":"announce","prefix":"10.0.{number}.0/24""#);
        done(ask(&mut daemon, &mut speaker, now(0), &request));
    }
    let line = br#"{"version":1,"command":"routes"}"#;
    let Answer::Stream(mut stream) = daemon.request(&mut speaker, now(0), line) else { panic!("a reload") };
    let mut client = Slow { step: usize::MAX, got: Vec::new() };
    assert_eq!(stream.fill(&daemon, &speaker, None, now(0), &mut client), Fill::More);
    assert!((60 << 10..64 << 10).contains(&client.got.len()), "{}", client.got.len());
}

#[test]
fn events_can_be_followed() {
    let (mut speaker, mut daemon) = single();
    let lost = |count| Event { kind: EventKind::Lost(count), ..Event::default() };
    daemon.event(now(0), &lost(1));
    let line = br#"{"version":1,"command":"events","follow":true}"#;
    let Answer::Stream(mut stream) = daemon.request(&mut speaker, now(0), line) else { panic!("a reload") };
    let (text, end) = pull(&mut stream, &daemon, &speaker, now(0), 64);
    assert_eq!((text.iter().filter(|byte| **byte == b'\n').count(), end), (1, Fill::Pending));
    daemon.event(now(5), &lost(2));
    let (text, end) = pull(&mut stream, &daemon, &speaker, now(5), 64);
    let row: Value = serde_json::from_slice(&text).unwrap();
    assert_eq!((&row["number"], &row["event"], end), (&1.into(), &"lost".into(), Fill::Pending));
    assert_eq!(done(ask(&mut daemon, &mut speaker, now(5), r#""command":"events""#)).len(), 2);
}

#[test]
fn status_has_the_pinned_keys() {
    let (mut speaker, mut daemon) = single();
    let rows = done(ask(&mut daemon, &mut speaker, now(9000), r#""command":"status""#));
    assert_eq!(rows[0]["uptime_s"], 9);
    assert!(rows[0]["rss_bytes"].as_u64().unwrap() > 0);
    let limits = rows[0]["limits"].as_array().unwrap();
    let prefixes = limits.iter().find(|limit| limit["table"] == "prefixes").unwrap();
    assert_eq!(prefixes["capacity"], 400);
    assert!(["used", "high_water", "bytes", "refused"].iter().all(|key| prefixes[key].is_u64()));
    assert_eq!(rows[0]["instances"][0]["draining"], false);
    assert!(rows[0]["kernel"].is_null() && rows[0].get("kernel").is_some());
    done(ask(&mut daemon, &mut speaker, now(9000), r#""command":"drain","wait_ms":1000"#));
    let rows = done(ask(&mut daemon, &mut speaker, now(9000), r#""command":"status""#));
    assert_eq!(rows[0]["instances"][0]["draining"], true);
}

#[test]
fn reload_is_left_to_who_has_the_configuration() {
    let (mut speaker, mut daemon) = single();
    let answer = daemon.request(&mut speaker, now(0), br#"{"version":1,"command":"reload"}"#);
    assert!(matches!(answer, Answer::Reload));
}
