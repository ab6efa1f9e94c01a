//! Signed sessions (TCP MD5, RFC 2385): with the others, from ranges, with keys that change, and without a key that is right.

use std::path::PathBuf;

use crier_tests::lab::{Crier, Daemon, Kind, Lab, Namespace, Neighbor, Plan, await_until, start};
use crier_tests::raw_peer::RawPeer;
use serde_json::Value;

/// A key's file.
fn key(node: &Namespace, name: &str, key: &str) -> PathBuf {
    node.write(name, &format!("{key}\n"))
}

/// Signs a session of crier's with the key in this file.
fn signed(file: &std::path::Path) -> impl Fn(&mut Neighbor) {
    let line = format!("password-file = \"{}\"\n", file.display());
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
        let file = key(&a, "tor.md5", "Sesame, open!");
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
        let crier = Crier::start(&a, &plan.announce("172.20.1.0/24"));
        let plan = Plan::new(65002, [10, 0, 0, 2])
            .neighbor("192.0.2.2", "192.0.2.1", 65001)
            .with(theirs)
            .neighbor("2001:db8::2", "2001:db8::1", 65001)
            .with(theirs);
        let other = start(kind, &b, &plan.announce("172.20.2.0/24"));
        for (here, there) in [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")] {
            crier.await_established(there);
            other.await_established(here);
            let shown = session(&crier, there);
            assert_eq!(shown["authentication"]["method"], "tcp-md5", "{shown}");
            assert_eq!(shown["authentication"]["problem"], Value::Null, "{shown}");
        }
        crier.await_prefixes("192.0.2.2", &["172.20.2.0/24"]);
        other.await_prefixes("192.0.2.1", &["172.20.1.0/24"]);
        let all = crier.command(&["peers", "192.0.2.2"]) + &crier.command(&["events"]);
        assert!(all.contains("tor.md5") && !all.contains("Sesame"), "{all}");
    }
}

#[test]
fn signed_sessions_with_frr() {
    with(Kind::Frr, "password Sesame, open!\n");
}

#[test]
fn signed_sessions_with_bird() {
    with(Kind::Bird, "password \"Sesame, open!\";");
}

#[test]
fn signed_sessions_with_gobgp() {
    with(Kind::Gobgp, "auth-password = \"Sesame, open!\"\n");
}

/// A group for everybody of two ranges, signed with the key in this file.
fn group(file: &std::path::Path) -> String {
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
    let with = |key: &'static str| move |neighbor: &mut Neighbor| neighbor.extra = format!("password \"{key}\";");
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
    let mut open = RawPeer::connect_from(&node, "192.0.2.3", "192.0.2.1");
    assert_eq!(open.receive().0, crier_tests::wire::OPEN);
    assert!(RawPeer::try_connect_from(&node, "192.0.2.4", "192.0.2.1").is_err());
    // Who stays down is suspected: somebody does not sign.
    let suspicion = || session(&crier, "192.0.2.4")["suspicion"].take();
    let suspicion = await_until("the kernel counts", suspicion, Value::is_string);
    assert!(suspicion.as_str().unwrap().contains("seems to have no key"), "{suspicion}");
}
