//! A crier at the top of the rack that balances a shared service address over three nodes.

use crier_tests::lab::{Crier, Daemon, Kind, Lab, Plan, await_until, start};

#[test]
fn a_service_address_of_three_nodes() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Frr, Kind::Bird, Kind::Gobgp]) else { return };
    let (tor, one, two, three) = (lab.node("tor"), lab.node("one"), lab.node("two"), lab.node("three"));
    tor.link(&["172.16.1.1/24"], &one, &["172.16.1.2/24"]);
    tor.link(&["172.16.2.1/24"], &two, &["172.16.2.2/24"]);
    tor.link(&["172.16.3.1/24"], &three, &["172.16.3.2/24"]);
    let plan = (1..=3).fold(Plan::new(65000, [10, 0, 0, 1]), |plan, id| {
        plan.neighbor(&format!("172.16.{id}.1"), &format!("172.16.{id}.2"), 65000 + id)
    });
    let text = Crier::configuration(&plan) + "\n[multipath]\nmaximum-paths = 64\nas-path-relax = true\n";
    let crier = Crier::start_with(&tor, &text);
    let node = |id: u8| {
        let (own, tor) = (format!("172.16.{id}.2"), format!("172.16.{id}.1"));
        Plan::new(65000 + u32::from(id), [10, 0, 1, id])
            .neighbor(&own, &tor, 65000)
            .announce("172.20.0.10/32")
    };
    let frr = start(Kind::Frr, &one, &node(1));
    let bird = start(Kind::Bird, &two, &node(2));
    let _gobgp = start(Kind::Gobgp, &three, &node(3));
    let shared = || {
        let paths = crier.routes(&["available", "172.20.0.10/32"]);
        let balanced = paths.iter().filter(|path| path["multipath"] == true);
        let mut hops: Vec<String> =
            balanced.map(|path| path["next_hop"].as_str().unwrap().to_owned()).collect();
        hops.sort();
        (hops, paths.iter().filter(|path| path["best"] == true).count())
    };
    let all = ["172.16.1.2", "172.16.2.2", "172.16.3.2"];
    await_until("three paths share the address", shared, |(hops, best)| *hops == all && *best == 1);
    // A node takes no path through itself, and hears of one best path only.
    let heard = |daemon: &dyn Daemon, tor: &str| daemon.learned(tor, crier_core::Family::Ipv4Unicast);
    assert!(heard(&*frr, "172.16.1.1").len() + heard(&*bird, "172.16.2.1").len() <= 2);
    drop(bird);
    let left = ["172.16.1.2", "172.16.3.2"];
    await_until("the dead node's path has gone", shared, |(hops, best)| *hops == left && *best == 1);
}
