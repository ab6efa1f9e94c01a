//! What an operator does: drain, shut down, announce under a lease, limit.

use std::net::Ipv4Addr;

use crier_tests::lab::{Bird, Crier, Daemon, Frr, Kind, Lab, Plan, await_until};
use crier_tests::raw_peer::RawPeer;
use crier_tests::wire::Open;
use crier_tests::wire::update::Attributes;

#[test]
fn drain_announces_graceful_shutdown_then_withdraws() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Bird, Kind::Frr]) else { return };
    let (tor, outside, inside) = (lab.node("tor"), lab.node("outside"), lab.node("inside"));
    tor.link(&["192.0.2.1/24"], &outside, &["192.0.2.2/24"]);
    tor.link(&["198.51.100.1/24"], &inside, &["198.51.100.2/24"]);
    let plan = Plan::new(65001, [10, 0, 0, 1]).neighbor("192.0.2.1", "192.0.2.2", 65002).neighbor(
        "198.51.100.1",
        "198.51.100.2",
        65001,
    );
    let crier = Crier::start(&tor, &plan.announce("172.20.1.0/24"));
    let plan = Plan::new(65002, [10, 0, 0, 2]).neighbor("192.0.2.2", "192.0.2.1", 65001);
    let bird = Bird::start(&outside, &plan);
    let plan = Plan::new(65001, [10, 0, 0, 3]).neighbor("198.51.100.2", "198.51.100.1", 65001);
    let frr = Frr::start(&inside, &plan);
    bird.await_prefixes("192.0.2.1", &["172.20.1.0/24"]);
    let routes = frr.await_prefixes("198.51.100.1", &["172.20.1.0/24"]);
    assert_eq!(routes["172.20.1.0/24"].local_pref, Some(100));
    crier.command(&["drain"]);
    let ipv4 = crier_core::Family::Ipv4Unicast;
    let tags = |daemon: &dyn Daemon, tor: &str| daemon.learned(tor, ipv4).remove("172.20.1.0/24");
    let marked = |route: &Option<crier_tests::lab::Route>| {
        route.as_ref().is_some_and(|route| route.communities == ["graceful-shutdown"])
    };
    await_until("BIRD sees it drain", || tags(&bird, "192.0.2.1"), marked);
    let route = await_until("FRR sees it drain", || tags(&frr, "198.51.100.1"), marked);
    assert_eq!(route.and_then(|route| route.local_pref), Some(0));
    // Asked again with no time left to wait, it withdraws at once; the sessions stay.
    crier.command(&["drain", "--wait", "0s"]);
    bird.await_prefixes("192.0.2.1", &[]);
    frr.await_prefixes("198.51.100.1", &[]);
    assert_eq!(crier.peer("192.0.2.2")["admin"], "drain");
    crier.command(&["drain"]);
    crier.command(&["undrain"]);
    let plain = |route: &Option<crier_tests::lab::Route>| {
        route.as_ref().is_some_and(|route| route.communities.is_empty())
    };
    await_until("BIRD sees it back", || tags(&bird, "192.0.2.1"), plain);
    let route = await_until("FRR sees it back", || tags(&frr, "198.51.100.1"), plain);
    assert_eq!(route.and_then(|route| route.local_pref), Some(100));
    assert_eq!(crier.peer("192.0.2.2")["flaps"], 0);
}

#[test]
fn a_shutdown_message_is_seen_by_frr_and_bird() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Bird, Kind::Frr]) else { return };
    let (tor, one, two) = (lab.node("tor"), lab.node("one"), lab.node("two"));
    tor.link(&["192.0.2.1/24"], &one, &["192.0.2.2/24"]);
    tor.link(&["198.51.100.1/24"], &two, &["198.51.100.2/24"]);
    let plan = Plan::new(65001, [10, 0, 0, 1]).neighbor("192.0.2.1", "192.0.2.2", 65002).neighbor(
        "198.51.100.1",
        "198.51.100.2",
        65003,
    );
    let crier = Crier::start(&tor, &plan.announce("172.20.1.0/24"));
    let plan = Plan::new(65002, [10, 0, 0, 2]).neighbor("192.0.2.2", "192.0.2.1", 65001);
    let bird = Bird::start(&one, &plan);
    let plan = Plan::new(65003, [10, 0, 0, 3]).neighbor("198.51.100.2", "198.51.100.1", 65001);
    let frr = Frr::start(&two, &plan);
    bird.await_prefixes("192.0.2.1", &["172.20.1.0/24"]);
    frr.await_prefixes("198.51.100.1", &["172.20.1.0/24"]);

    let text = "rack 3 moves tonight";
    crier.command(&["shutdown", "192.0.2.2", "--message", text]);
    crier.command(&["shutdown", "198.51.100.2", "--message", text]);
    bird.await_prefixes("192.0.2.1", &[]);
    frr.await_prefixes("198.51.100.1", &[]);
    let told = || bird.process().log().contains(text) || bird.neighbor("192.0.2.1").contains(text);
    await_until("BIRD shows the message", told, |told| *told);
    let shown = || frr.neighbor("198.51.100.1").to_string();
    await_until("FRR shows the message", shown, |shown| shown.contains(text));
    let peer = crier.peer("192.0.2.2");
    assert_eq!((&peer["admin"], &peer["state"]), (&"down".into(), &"Idle".into()), "{peer}");
    crier.command(&["enable", "192.0.2.2"]);
    bird.await_prefixes("192.0.2.1", &["172.20.1.0/24"]);
    assert_eq!(crier.peer("198.51.100.2")["admin"], "down");
}

#[test]
fn announcements_by_command_and_a_lease_that_ends() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Bird]) else { return };
    let (tor, one) = (lab.node("tor"), lab.node("one"));
    tor.link(&["192.0.2.1/24", "2001:db8::1/64"], &one, &["192.0.2.2/24", "2001:db8::2/64"]);
    let plan = Plan::new(65001, [10, 0, 0, 1]).neighbor("192.0.2.1", "192.0.2.2", 65002);
    let crier = Crier::start(&tor, &plan);
    let plan = Plan::new(65002, [10, 0, 0, 2]).neighbor("192.0.2.2", "192.0.2.1", 65001);
    let bird = Bird::start(&one, &plan);
    bird.await_established("192.0.2.1");
    crier.command(&["announce", "172.20.1.0/24", "med=5", "community=65001:7"]);
    crier.command(&["announce", "172.20.2.0/24", "next-hop=192.0.2.7", "--owner", "checker"]);
    crier.command(&["announce", "172.20.3.0/24", "--ttl", "2s", "--owner", "checker"]);
    let routes = bird.await_prefixes("192.0.2.1", &["172.20.1.0/24", "172.20.2.0/24", "172.20.3.0/24"]);
    assert_eq!(routes["172.20.1.0/24"].med, Some(5));
    assert_eq!(routes["172.20.1.0/24"].communities, ["65001:7"]);
    assert_eq!(routes["172.20.2.0/24"].next_hop, "192.0.2.7");
    // The lease ends by itself, the others do not.
    bird.await_prefixes("192.0.2.1", &["172.20.1.0/24", "172.20.2.0/24"]);
    crier.command(&["withdraw", "172.20.1.0/24"]);
    bird.await_prefixes("192.0.2.1", &["172.20.2.0/24"]);
    assert!(crier.try_command(&["announce", "224.0.0.0/24"]).is_err(), "a martian was announced");
}

#[test]
fn too_many_prefixes_close_the_session() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let (tor, one) = (lab.node("tor"), lab.node("one"));
    tor.link(&["192.0.2.1/24"], &one, &["192.0.2.2/24"]);
    let plan = Plan::new(65001, [10, 0, 0, 1]).neighbor("192.0.2.1", "192.0.2.2", 65002).with(|one| {
        one.passive = true;
        one.extra = "max-prefixes = { limit = 3, action = \"close\" }\n".to_owned();
    });
    let crier = Crier::start(&tor, &plan);
    let mut peer = RawPeer::connect(&one, "192.0.2.1");
    peer.establish(&Open::new(65002, [10, 0, 0, 2]));
    let route = Attributes::new(&[65002], Ipv4Addr::new(192, 0, 2, 2));
    peer.send(&route.announce(&[24, 172, 20, 1, 24, 172, 20, 2, 24, 172, 20, 3]));
    crier.await_prefixes("192.0.2.2", &["172.20.1.0/24", "172.20.2.0/24", "172.20.3.0/24"]);
    // One of them again is no fourth.
    peer.send(&route.announce(&[24, 172, 20, 1]));
    peer.send(&route.announce(&[24, 172, 20, 4]));
    let notification = peer.await_notification();
    // Cease / Maximum Number of Prefixes Reached (RFC 4486).
    assert_eq!((notification.code, notification.subcode), (6, 1));
    crier.await_prefixes("192.0.2.2", &[]);
    assert_eq!(crier.peer("192.0.2.2")["admin"], "limit");
    // It stays down until enabled.
    RawPeer::connect(&one, "192.0.2.1").await_close();
    crier.command(&["enable", "192.0.2.2"]);
    RawPeer::connect(&one, "192.0.2.1").establish(&Open::new(65002, [10, 0, 0, 2]));
}
