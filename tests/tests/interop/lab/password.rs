//! Signed sessions (TCP MD5, RFC 2385): with the others, from ranges, with keys that change, and without a key that is right.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crier_tests::lab::{Crier, Daemon, Kind, Lab, Namespace, Neighbor, OrFail, Plan, await_until, start};
use crier_tests::raw_peer::RawPeer;
use crier_tests::wire::{OPEN, Open};
use serde_json::Value;
use socket2::{Domain, Socket, Type};

/// A key's file.
fn key(node: &Namespace, name: &str, key: &str) -> PathBuf {
    node.write(name, &format!("{key}\n"))
}

/// Signs a session of crier's with the key in this file.
fn signed(file: &Path) -> impl Fn(&mut Neighbor) {
    let line = line(file);
    move |neighbor| neighbor.extra = line.clone()
}

/// Everything about a session.
fn session(crier: &Crier<'_>, neighbor: &str) -> Value {
    crier.json(&["peers", neighbor])[0].take()
}

/// Both families with another speaker, whose own line for a key is `line`; whoever does not wait dials.
fn with(kind: Kind, line: &'static str) {
    let Some(lab) = Lab::new(&[Kind::Crier, kind]) else { return };
    for crier_waits in [false, true] {
        let suffix = u8::from(crier_waits);
        let (a, b) = (lab.node(&format!("a{suffix}")), lab.node(&format!("b{suffix}")));
        a.link(&["192.0.2.1/24", "2001:db8::1/64"], &b, &["192.0.2.2/24", "2001:db8::2/64"]);
        let file = key(&a, "tor.md5", "Sesame,open!");
        let ours = |neighbor: &mut Neighbor| {
            signed(&file)(neighbor);
            neighbor.passive = crier_waits;
        };
        let theirs = |neighbor: &mut Neighbor| {
            neighbor.extra = line.to_owned();
            neighbor.passive = !crier_waits;
        };
        let plan = Plan::new(65001, [10, 0, 0, 1])
            .neighbor("192.0.2.1", "192.0.2.2", 65002)
            .with(ours)
            .neighbor("2001:db8::1", "2001:db8::2", 65002)
            .with(ours);
        let text = Crier::configuration(&plan.announce("172.20.1.0/24"));
        let recording = a.dir().join("recording");
        let mut crier = Crier::start_recorded(&a, &text, &recording);
        let plan = Plan::new(65002, [10, 0, 0, 2])
            .neighbor("192.0.2.2", "192.0.2.1", 65001)
            .with(theirs)
            .neighbor("2001:db8::2", "2001:db8::1", 65001)
            .with(theirs);
        let other = start(kind, &b, &plan);
        for (here, there) in [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")] {
            crier.await_established(there);
            other.await_established(here);
            let shown = session(&crier, there);
            assert_eq!(shown["authentication"]["method"], "tcp-md5", "{shown}");
            assert_eq!(shown["authentication"]["problem"], Value::Null, "{shown}");
        }
        other.await_prefixes("192.0.2.1", &["172.20.1.0/24"]);
        let all = crier.command(&["peers", "192.0.2.2"]) + &crier.command(&["events"]);
        assert!(all.contains("tor.md5"), "{all}");
        let recorded = std::fs::read(&recording).or_fail("reading a recording");
        let log = crier.process().log();
        for bytes in [all.as_bytes(), log.as_bytes(), &recorded] {
            assert!(!bytes.is_empty() && !bytes.windows(6).any(|six| six == b"Sesame"), "a key is told");
        }
    }
}

#[test]
fn signed_sessions_with_frr() {
    with(Kind::Frr, "password Sesame,open!\n");
}

#[test]
fn signed_sessions_with_bird() {
    with(Kind::Bird, "password \"Sesame,open!\";");
}

#[test]
fn signed_sessions_with_gobgp() {
    with(Kind::Gobgp, "auth-password = \"Sesame,open!\"\n");
}

/// A group for everybody of two ranges, signed with the key in this file.
fn group(file: &Path) -> String {
    format!(
        "\n[[group]]\nname = \"nodes\"\nremote-asn = \"external\"\ndynamic = [\"192.0.2.0/24\", \"2001:db8::/64\"]\n\
         dynamic-limit = 9\nimport = \"accept-all\"\nexport = \"accept-all\"\npassword-file = \"{}\"\n",
        file.display()
    )
}

#[test]
fn a_range_is_signed_but_for_a_neighbor_in_it_that_is_not() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Bird]) else { return };
    let (tor, node) = (lab.node("tor"), lab.node("node"));
    tor.link(
        &["192.0.2.1/24", "2001:db8::1/64"],
        &node,
        &["192.0.2.2/24", "192.0.2.3/24", "192.0.2.4/24", "2001:db8::2/64"],
    );
    let (range, own) = (key(&tor, "range.md5", "range"), key(&tor, "own.md5", "own"));
    let plan = Plan::new(65000, [10, 0, 0, 1])
        .neighbor("192.0.2.1", "192.0.2.3", 65002)
        .with(|open| open.passive = true)
        .neighbor("192.0.2.1", "192.0.2.4", 65002)
        .with(|neighbor| {
            signed(&own)(neighbor);
            neighbor.passive = true;
        });
    let crier = Crier::start_with(&tor, &(Crier::configuration(&plan) + &group(&range)));
    let with =
        |key: &'static str| move |neighbor: &mut Neighbor| neighbor.extra = format!("password \"{key}\";");
    // One daemon to each address of crier's: BIRD knows a neighbor by that alone.
    let plan = Plan::new(65002, [10, 0, 0, 2])
        .neighbor("192.0.2.2", "192.0.2.1", 65000)
        .with(with("range"))
        .neighbor("2001:db8::2", "2001:db8::1", 65000)
        .with(with("range"));
    let bird = start(Kind::Bird, &node, &plan.announce("172.20.2.0/24"));
    for (here, there) in [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")] {
        crier.await_established(there);
        bird.await_established(here);
        assert_eq!(crier.peer(there)["dynamic"], true);
    }
    // The kernel lets the one through that needs no key, and has no answer for who does not sign.
    let port = |address: &str| SocketAddr::new(address.parse().unwrap(), 179);
    let mut open = node.enter(|| RawPeer::dial("192.0.2.3".parse().unwrap(), port("192.0.2.1")));
    assert_eq!(open.receive().0, OPEN);
    let unsigned = node.enter(|| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.bind(&SocketAddr::new("192.0.2.4".parse().unwrap(), 0).into()).unwrap();
        socket.set_nonblocking(true).unwrap();
        assert!(socket.connect(&port("192.0.2.1").into()).is_err());
        socket
    });
    // Who stays down is suspected: somebody does not sign.
    await_suspicion(&crier, "192.0.2.4", "seems to have no key");
    assert!(unsigned.peer_addr().is_err());
    assert_eq!(session(&crier, "192.0.2.4")["suspicion"].as_str().unwrap().find("have a key"), None);
}

/// Waits until crier suspects this of a neighbor.
fn await_suspicion(crier: &Crier<'_>, neighbor: &str, what: &str) {
    let suspicion = || session(crier, neighbor)["suspicion"].take();
    await_until(what, suspicion, |text| text.as_str().is_some_and(|text| text.contains(what)));
}

/// A crier of each end of one link, each with this line for the other, and what both announce. The second may be passive: where both
/// dial, their connections may collide after one end has had its session, which is a flap.
fn pair<'n>(
    (a, ours): (&'n Namespace, &str),
    (b, theirs): (&'n Namespace, &str),
    passive: bool,
) -> ((Crier<'n>, Plan), (Crier<'n>, Plan)) {
    a.link(&["192.0.2.1/24", "2001:db8::1/64"], b, &["192.0.2.2/24", "2001:db8::2/64"]);
    let plan = |asn: u32, other: u32, id: u8, line: &str| {
        let them = 3 - id;
        let with = |neighbor: &mut Neighbor| {
            (neighbor.hold, neighbor.extra) = (180, line.to_owned());
            neighbor.passive = passive && id == 2;
        };
        Plan::new(asn, [10, 0, 0, id])
            .neighbor(&format!("192.0.2.{id}"), &format!("192.0.2.{them}"), other)
            .with(with)
            .neighbor(&format!("2001:db8::{id}"), &format!("2001:db8::{them}"), other)
            .with(with)
    };
    let (one, two) = (plan(65001, 65002, 1, ours), plan(65002, 65001, 2, theirs));
    ((Crier::start(a, &one), one), (Crier::start(b, &two), two))
}

fn line(file: &Path) -> String {
    format!("password-file = \"{}\"\n", file.display())
}

/// One of the kernel's counters of dropped segments in a node.
fn dropped(node: &Namespace, counter: &str) -> u64 {
    let text = node.run("cat", &["/proc/net/netstat"]);
    let mut lines = text.lines().filter_map(|line| line.strip_prefix("TcpExt:"));
    let names = lines.next().unwrap_or_default().split_whitespace();
    let values = lines.next().unwrap_or_default().split_whitespace();
    let found = names.zip(values).find(|(name, _)| *name == counter);
    found.and_then(|(_, value)| value.parse().ok()).or_fail(counter)
}

#[test]
fn keys_come_change_and_go_while_sessions_stay() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let (a, b) = (lab.node("a"), lab.node("b"));
    let ((one, one_plan), (two, two_plan)) = pair((&a, ""), (&b, ""), true);
    for there in ["192.0.2.2", "2001:db8::2"] {
        one.await_established(there);
    }
    let files = (key(&a, "key", "first"), key(&b, "key", "first"));
    let signed = |plan: &Plan, file: &Path, routes: usize| {
        let mut plan = plan.clone();
        for neighbor in &mut plan.neighbors {
            neighbor.extra = line(file);
        }
        (1..=routes).fold(plan, |plan, n| plan.announce(&format!("172.20.{n}.0/24")))
    };
    let prefixes = ["172.20.1.0/24", "172.20.2.0/24", "172.20.3.0/24"];
    // From no key to one, to another, and to none again; what is announced with the change has to get through. That the connections
    // have changed, and not only those to come, the kernel shows of the end that has yet to follow: it drops.
    for (step, (text, drops)) in
        [("first", "TCPMD5Unexpected"), ("second", "TCPMD5Failure")].into_iter().enumerate()
    {
        key(&a, "key", text);
        key(&b, "key", text);
        let before = dropped(&b, drops);
        one.reload(&Crier::configuration(&signed(&one_plan, &files.0, step + 1))).unwrap();
        await_until(drops, || dropped(&b, drops), |now| *now > before);
        two.reload(&Crier::configuration(&signed(&two_plan, &files.1, 0))).unwrap();
        for here in ["192.0.2.1", "2001:db8::1"] {
            two.await_prefixes(here, &prefixes[..=step]);
        }
    }
    let plan = (1..=3).fold(one_plan, |plan, n| plan.announce(&format!("172.20.{n}.0/24")));
    let before = dropped(&b, "TCPMD5NotFound");
    one.reload(&Crier::configuration(&plan)).unwrap();
    await_until("an unsigned segment is dropped", || dropped(&b, "TCPMD5NotFound"), |now| *now > before);
    two.reload(&Crier::configuration(&two_plan)).unwrap();
    for (here, there) in [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")] {
        two.await_prefixes(here, &prefixes);
        assert_eq!((one.peer(there)["flaps"].take(), two.peer(here)["flaps"].take()), (0.into(), 0.into()));
        assert_eq!(session(&one, there)["authentication"], Value::Null);
    }
}

#[test]
fn a_neighbor_with_another_key_or_none_is_suspected() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let (a, b) = (lab.node("a"), lab.node("b"));
    let files = (key(&a, "key", "one"), key(&b, "key", "another"));
    let ((one, _), (two, plan)) = pair((&a, &line(&files.0)), (&b, &line(&files.1)), false);
    await_suspicion(&one, "192.0.2.2", "seems to have another key");
    await_suspicion(&two, "2001:db8::1", "seems to have another key");
    assert!(one.command(&["peers", "192.0.2.2"]).contains("seems to have another key"));
    // The other end gives up signing: each has its own view of that.
    let mut bare = plan.clone();
    for neighbor in &mut bare.neighbors {
        neighbor.extra.clear();
    }
    two.reload(&Crier::configuration(&bare)).unwrap();
    await_suspicion(&two, "192.0.2.1", "seems to have a key, and here it has none");
    // And takes the right key: nothing is left of it.
    key(&b, "key", "one");
    two.reload(&Crier::configuration(&plan)).unwrap();
    for there in ["192.0.2.2", "2001:db8::2"] {
        one.await_established(there);
        assert_eq!(session(&one, there)["suspicion"], Value::Null);
    }
}

#[test]
fn without_its_key_a_neighbor_is_held_down_and_the_others_are_not() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let (tor, node) = (lab.node("tor"), lab.node("node"));
    tor.link(&["192.0.2.1/24"], &node, &["192.0.2.2/24", "192.0.2.3/24", "192.0.2.4/24"]);
    let file = tor.dir().join("missing.md5");
    let waits = |neighbor: &mut Neighbor| neighbor.passive = true;
    let plan = Plan::new(65000, [10, 0, 0, 1])
        .neighbor("192.0.2.1", "192.0.2.3", 65002)
        .with(waits)
        .neighbor("192.0.2.1", "192.0.2.2", 65001)
        .with(|neighbor| (neighbor.passive, neighbor.extra) = (true, line(&file)));
    let text = Crier::configuration(&plan) + &group(&file);
    let mut crier = Crier::start_with(&tor, &text);
    let dial = |from: &str| {
        let to = SocketAddr::new("192.0.2.1".parse().unwrap(), 179);
        node.enter(|| RawPeer::dial(from.parse().unwrap(), to))
    };
    // One has no key and needs none; one is held down; one is of a range that nobody is heard from.
    let mut open = dial("192.0.2.3");
    open.establish(&Open::new(65002, [10, 0, 0, 3]));
    crier.await_established("192.0.2.3");
    for from in ["192.0.2.2", "192.0.2.4"] {
        dial(from).await_close();
    }
    let held = crier.peer("192.0.2.2");
    assert_eq!((&held["admin"], &held["state"]), (&"down".into(), &"Idle".into()), "{held}");
    assert!(held["held"].as_str().unwrap().contains("missing.md5 cannot be read"), "{held}");
    assert!(crier.command(&["peers"]).contains("No key"));
    assert!(crier.command(&["peers", "192.0.2.2"]).contains("held down until a reload finds the key"));
    assert!(crier.refused(&["enable", "192.0.2.2"]).1.contains("missing.md5 cannot be read"));
    let log = crier.process().log();
    for said in ["192.0.2.2 is held down", "nobody from 192.0.2.0/24 is accepted"] {
        assert!(log.contains(said), "{log}");
    }
    let path = crier.configuration_path().to_string_lossy().into_owned();
    let checked = tor.run(&crier_tests::lab::crier_binary(), &["check", "-c", &path]);
    assert!(checked.contains("192.0.2.2 is held down") && checked.ends_with(": ok\n"), "{checked}");

    // The key is found: both may come, and must sign.
    let theirs = key(&node, "theirs.md5", "Sesame");
    key(&tor, "missing.md5", "Sesame");
    let answer = crier.reload(&text).unwrap();
    assert!(!answer.contains("warning"), "{answer}");
    let others =
        Plan::new(65001, [10, 0, 1, 1]).neighbor("192.0.2.2", "192.0.2.1", 65000).with(signed(&theirs));
    let other = Crier::start(&node, &others.announce("172.20.2.0/24"));
    crier.await_prefixes("192.0.2.2", &["172.20.2.0/24"]);
    assert_eq!(crier.peer("192.0.2.2")["held"], Value::Null);

    // It is lost again: the key that was stays, and whoever asks is told.
    key(&tor, "missing.md5", "");
    let answer = crier.reload(&text).unwrap();
    assert!(answer.contains("missing.md5 is empty: 192.0.2.2 keeps the key that it had"), "{answer}");
    other.command(&["announce", "172.20.3.0/24"]);
    crier.await_prefixes("192.0.2.2", &["172.20.2.0/24", "172.20.3.0/24"]);
    let shown = session(&crier, "192.0.2.2");
    assert_eq!((&shown["flaps"], &shown["state"]), (&0.into(), &"Established".into()), "{shown}");
    assert!(shown["authentication"]["problem"].as_str().unwrap().contains("former key stays"), "{shown}");
    assert_eq!(crier.peer("192.0.2.3")["flaps"], 0);

    // A session that was not signed does not go on when it has to be, and nobody knows with what.
    let missing = tor.dir().join("never.md5");
    let mut plan = plan;
    plan.neighbors[0].extra = line(&missing);
    crier.reload(&(Crier::configuration(&plan) + &group(&file))).unwrap();
    open.await_close();
    assert_eq!(crier.peer("192.0.2.3")["admin"], "down");
}
