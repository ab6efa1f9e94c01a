//! Neighbors that nobody configured one by one: ranges with a cap.

use crier_tests::lab::{Crier, Daemon, Kind, Lab, Plan, await_until, start};
use crier_tests::raw_peer::RawPeer;
use crier_tests::wire::Open;

#[test]
fn a_range_takes_neighbors_up_to_its_cap() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Bird, Kind::Gobgp]) else { return };
    let (tor, one, two, three) = (lab.node("tor"), lab.node("one"), lab.node("two"), lab.node("three"));
    tor.link(&["172.16.1.1/24"], &one, &["172.16.1.2/24"]);
    tor.link(&["172.16.2.1/24"], &two, &["172.16.2.2/24"]);
    tor.link(&["172.16.3.1/24"], &three, &["172.16.3.2/24"]);
    let text = Crier::configuration(&Plan::new(65000, [10, 0, 0, 1]))
        + "\n[[group]]\nname = \"nodes\"\nremote-asn = \"external\"\ndynamic = [\"172.16.0.0/16\"]\ndynamic-limit = 2\n\
           families = [\"ipv4-unicast\", \"ipv6-unicast\"]\nimport = \"accept-all\"\nexport = \"accept-all\"\n";
    let crier = Crier::start_with(&tor, &text);
    let node = |id: u8, asn| {
        let (own, tor) = (format!("172.16.{id}.2"), format!("172.16.{id}.1"));
        Plan::new(asn, [10, 0, 1, id]).neighbor(&own, &tor, 65000).announce(&format!("172.20.{id}.0/24"))
    };
    let bird = start(Kind::Bird, &one, &node(1, 65001));
    let _gobgp = start(Kind::Gobgp, &two, &node(2, 4_200_000_002));
    crier.await_prefixes("172.16.1.2", &["172.20.1.0/24"]);
    crier.await_prefixes("172.16.2.2", &["172.20.2.0/24"]);
    bird.await_prefixes("172.16.1.1", &["172.20.2.0/24"]);
    let peer = crier.peer("172.16.2.2");
    assert_eq!((&peer["dynamic"], &peer["group"]), (&true.into(), &"nodes".into()), "{peer}");
    assert_eq!(peer["remote_asn"], 4_200_000_002_u32);
    assert!(peer["port"].is_null(), "{peer}");

    // The third is turned away, and gets in once one of the others has gone.
    RawPeer::connect(&three, "172.16.3.1").await_close();
    assert!(crier.peer("172.16.3.2").is_null());
    assert!(crier.established("172.16.1.2"));
    drop(bird);
    await_until(
        "the first has gone",
        || crier.peer("172.16.1.2")["state"].take(),
        |state| state != "Established",
    );
    let open = Open::new(65003, [10, 0, 1, 3]);
    let admitted = || {
        let mut peer = RawPeer::connect(&three, "172.16.3.1");
        peer.send(&open.encode());
        peer.try_receive().is_ok().then_some(peer)
    };
    let peer = await_until("the third gets in", admitted, Option::is_some);
    drop(peer);
}

#[test]
fn a_neighbor_of_another_as_than_the_range_allows_is_refused() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let (tor, node) = (lab.node("tor"), lab.node("node"));
    tor.link(&["172.16.1.1/24"], &node, &["172.16.1.2/24"]);
    let text = Crier::configuration(&Plan::new(65000, [10, 0, 0, 1]))
        + "\n[[group]]\nname = \"nodes\"\nremote-asn = \"external\"\ndynamic = [\"172.16.0.0/16\"]\ndynamic-limit = 2\n";
    let _crier = Crier::start_with(&tor, &text);
    let mut peer = RawPeer::connect(&node, "172.16.1.1");
    peer.send(&Open::new(65000, [10, 0, 1, 1]).encode());
    let notification = peer.await_notification();
    assert_eq!((notification.code, notification.subcode), (2, 2));
}
