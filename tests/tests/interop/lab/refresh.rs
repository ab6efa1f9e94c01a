//! Route refresh (RFC 2918), asked for and answered.

use crier_tests::lab::{Bird, Crier, Daemon, Frr, Kind, Lab, Plan, await_until};
use crier_tests::raw_peer::RawPeer;
use crier_tests::wire::update::{each_prefix, prefix_fields};
use crier_tests::wire::{Open, ROUTE_REFRESH, UPDATE, message};

#[test]
fn a_refresh_is_asked_for_and_answered() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let (a, b) = (lab.node("a"), lab.node("b"));
    a.link(&["192.0.2.1/24"], &b, &["192.0.2.2/24"]);
    let plan =
        Plan::new(65001, [10, 0, 0, 1]).neighbor("192.0.2.1", "192.0.2.2", 65002).announce("172.20.1.0/24");
    // Nothing else wakes crier meanwhile: no keepalive is due in the time that a test waits.
    let crier = Crier::start(&a, &plan.with(|peer| (peer.passive, peer.hold) = (true, 900)));
    let mut peer = RawPeer::connect(&b, "192.0.2.1");
    peer.establish(&Open { hold: 900, ..Open::new(65002, [10, 0, 0, 2]) });
    let announces = |kind: u8, body: &[u8]| {
        let nlri = prefix_fields(body).map_or(&[][..], |(_, announced)| announced);
        let mut found = false;
        each_prefix(nlri, |prefix| found |= prefix == (0xac14_0100, 24));
        kind == UPDATE && found
    };
    peer.receive_until(announces);
    // What was announced comes again.
    peer.send(&message(ROUTE_REFRESH, &[0, 1, 0, 1]));
    peer.receive_until(announces);
    crier.command(&["clear", "192.0.2.2", "--soft", "out"]);
    peer.receive_until(announces);
    // And crier asks: one message for each family.
    crier.command(&["clear", "192.0.2.2", "--soft", "in"]);
    let mut asked = [peer.receive_until(refresh), peer.receive_until(refresh)];
    asked.sort();
    assert_eq!(asked, [vec![0, 1, 0, 1], vec![0, 2, 0, 1]]);
    assert_eq!(crier.peer("192.0.2.2")["flaps"], 0);
}

fn refresh(kind: u8, _: &[u8]) -> bool {
    kind == ROUTE_REFRESH
}

#[test]
fn frr_and_bird_refresh() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Frr, Kind::Bird]) else { return };
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
    let frr = Frr::start(&one, &plan.announce("172.20.2.0/24"));
    let plan = Plan::new(65003, [10, 0, 0, 3]).neighbor("198.51.100.2", "198.51.100.1", 65001);
    let bird = Bird::start(&two, &plan.announce("172.20.3.0/24"));
    crier.await_prefixes("192.0.2.2", &["172.20.2.0/24"]);
    crier.await_prefixes("198.51.100.2", &["172.20.3.0/24"]);
    frr.await_prefixes("192.0.2.1", &["172.20.1.0/24", "172.20.3.0/24"]);
    bird.await_prefixes("198.51.100.1", &["172.20.1.0/24", "172.20.2.0/24"]);

    // crier asks FRR, which counts what it is asked.
    let counter = |name: &str| frr.neighbor("192.0.2.1")["messageStats"][name].as_u64();
    assert_eq!(counter("routeRefreshRecv"), Some(0));
    crier.command(&["clear", "192.0.2.2", "--soft", "in"]);
    await_until("FRR is asked for both families", || counter("routeRefreshRecv"), |count| *count == Some(2));
    // FRR asks crier; the UPDATEs that answer are counted too.
    let before = counter("updatesRecv");
    frr.vtysh(&[
        "configure terminal",
        "router bgp 65002",
        "address-family ipv4 unicast",
        "no neighbor 192.0.2.1 soft-reconfiguration inbound",
    ]);
    frr.vtysh(&["clear bgp ipv4 unicast 192.0.2.1 soft in"]);
    await_until("crier answers FRR", || counter("updatesRecv"), |count| *count > before);
    frr.await_prefixes("192.0.2.1", &["172.20.1.0/24", "172.20.3.0/24"]);
    // BIRD asks, and counts what it gets.
    let imported = || {
        let shown = bird.neighbor("198.51.100.1");
        let line = shown.lines().find(|line| line.contains("Import updates:")).unwrap_or_default();
        line.split_whitespace().nth(2).and_then(|count| count.parse::<u32>().ok())
    };
    let before = imported();
    bird.ask(&format!("reload in {}", Bird::protocol("198.51.100.1")));
    await_until("crier answers BIRD", imported, |count| *count >= before.map(|count| count + 2));
    for neighbor in ["192.0.2.2", "198.51.100.2"] {
        assert_eq!(crier.peer(neighbor)["flaps"], 0);
    }
}
