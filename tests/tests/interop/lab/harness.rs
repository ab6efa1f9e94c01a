//! The labs themselves, proven without crier: real speakers among each other.

use std::fs;
use std::net::Ipv4Addr;

use crier_tests::lab::{Kind, Lab, Plan, await_until, start};
use crier_tests::raw_peer::RawPeer;
use crier_tests::wire::Open;
use crier_tests::wire::update::{Attributes, withdraw};

use super::exchange::{Relation, Transport, exchange};

#[test]
fn frr_and_bird() {
    exchange(Kind::Frr, Kind::Bird, Transport::Ipv6, Relation::External);
}

#[test]
fn gobgp_and_frr() {
    exchange(Kind::Gobgp, Kind::Frr, Transport::Ipv4, Relation::Internal);
}

#[test]
fn exabgp_and_bird() {
    exchange(Kind::ExaBgp, Kind::Bird, Transport::Ipv4, Relation::External);
}

#[test]
fn a_lab_leaves_nothing_behind() {
    let Some(lab) = Lab::new(&[]) else { return };
    let dir = lab.dir().to_owned();
    let tag = format!("{}-", dir.file_name().unwrap().to_string_lossy());
    let mut pids = Vec::new();
    let unwound = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        let (a, b) = (lab.node("a"), lab.node("b"));
        a.link(&["192.0.2.1/24"], &b, &["192.0.2.2/24"]);
        let direct = a.spawn("sleep", &["600"], &[]);
        pids.push(direct.pid());
        // A child of a child, which nobody holds a handle of.
        let text = b.run("sh", &["-c", "sleep 600 >/dev/null 2>&1 & echo $!"]);
        pids.push(text.trim().parse().unwrap());
        assert!(pids.iter().all(|pid| is_running(*pid)));
        std::panic::resume_unwind(Box::new("a failing test"));
    }));
    assert!(unwound.is_err());
    drop(lab);
    await_until("no process is left", || pids.iter().any(|pid| is_running(*pid)), |running| !running);
    let namespaces = fs::read_dir("/run/netns").unwrap().flatten();
    let left: Vec<_> = namespaces.filter(|e| e.file_name().to_string_lossy().starts_with(&tag)).collect();
    assert!(left.is_empty(), "{left:?}");
    assert!(!dir.exists());
}

/// Whether a process exists and is more than a zombie.
fn is_running(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
}

#[test]
fn a_scripted_peer_talks_to_bird() {
    let Some(lab) = Lab::new(&[Kind::Bird]) else { return };
    let (a, b) = (lab.node("a"), lab.node("b"));
    a.link(&["192.0.2.1/24"], &b, &["192.0.2.2/24"]);
    let plan = Plan::new(65001, [10, 0, 0, 1]).neighbor("192.0.2.1", "192.0.2.2", 65002);
    let bird = start(Kind::Bird, &a, &plan.with(|bird| bird.passive = true));
    let mut peer = RawPeer::connect(&b, "192.0.2.1");
    peer.establish(&Open::new(65002, [10, 0, 0, 2]));
    let route = Attributes::new(&[65002, 65003], Ipv4Addr::new(192, 0, 2, 2));
    peer.send(&route.announce(&[24, 172, 20, 9]));
    let routes = bird.await_prefixes("192.0.2.2", &["172.20.9.0/24"]);
    assert_eq!(routes["172.20.9.0/24"].as_path, [65002, 65003]);
    peer.send(&withdraw(&[24, 172, 20, 9]));
    bird.await_prefixes("192.0.2.2", &[]);
    // A header without its marker (RFC 4271, 6.1): Message Header Error / Connection Not Synchronized.
    peer.send(&[0; 19]);
    let notification = peer.await_notification();
    assert_eq!((notification.code, notification.subcode), (1, 1));
}
