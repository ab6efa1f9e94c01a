//! Packets while something breaks: lost until it is noticed, and none after that.

use crier_tests::lab::{Crier, Daemon as _, Kind, Lab};

use super::await_table;
use super::restart::Crossing;
use super::traffic::Traffic;

#[test]
fn one_of_three_next_hops_dies() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let crossing = Crossing::new(&lab, 3);
    let router = &crossing.star.router;
    let crier = Crier::start_with(router, &crossing.star.configuration());
    let mut nodes = crossing.star.start_nodes(Crossing::prefixes);
    await_table("three ways are there", router, &crossing.table(&[1, 2, 3]));
    let traffic = crossing.traffic();
    let now = || traffic.each_ref().map(Traffic::sent);
    let so_far = || traffic.each_ref().map(Traffic::arrived_so_far);
    let begin = so_far();

    // Its crier dies, and the node goes on to forward.
    nodes[1].process().kill();
    await_table("two ways are left", router, &crossing.table(&[1, 3]));
    let after_death = now();
    traffic.iter().for_each(|traffic| traffic.await_arrivals(500));

    // A link dies at its far end.
    let down = so_far();
    crossing.star.nodes[2].set_link(router, false);
    await_table("one way is left", router, &crossing.table(&[1]));
    let noticed = now();
    traffic.iter().for_each(|traffic| traffic.await_arrivals(500));
    assert!(crier.established("192.0.1.2"));

    for (at, traffic) in traffic.into_iter().enumerate() {
        let account = traffic.stop();
        println!(
            "lost by the death of a process: {} of {}, by that of a link: {} of {}, after that: {} of {}",
            account.lost(begin[at], after_death[at]),
            after_death[at] - begin[at],
            account.lost(down[at], noticed[at]),
            noticed[at] - down[at],
            account.lost(noticed[at], account.sent()),
            account.sent() - noticed[at],
        );
        assert_eq!(account.lost(begin[at], down[at]), 0);
        assert_eq!(account.lost(noticed[at], account.sent()), 0);
    }
}

#[test]
fn somebody_deletes_the_way() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let crossing = Crossing::new(&lab, 1);
    let router = &crossing.star.router;
    let _crier = Crier::start_with(router, &crossing.star.configuration());
    let _nodes = crossing.star.start_nodes(Crossing::prefixes);
    let wanted = crossing.table(&[1]);
    await_table("the way is there", router, &wanted);
    let traffic = crossing.traffic();
    let now = || traffic.each_ref().map(Traffic::sent);
    let so_far = || traffic.each_ref().map(Traffic::arrived_so_far);
    let begin = so_far();
    traffic.iter().for_each(|traffic| traffic.await_arrivals(500));
    let deleted = so_far();
    router.run("ip", &["route", "del", "10.9.0.0/24"]);
    router.run("ip", &["-6", "route", "del", "2001:db8:9::/48"]);
    await_table("both are back", router, &wanted);
    let back = now();
    traffic.iter().for_each(|traffic| traffic.await_arrivals(500));
    for (at, traffic) in traffic.into_iter().enumerate() {
        let account = traffic.stop();
        let (lost, of) = (account.lost(deleted[at], back[at]), back[at] - deleted[at]);
        println!("lost until the route was back: {lost} of {of}");
        assert_eq!(account.lost(begin[at], deleted[at]), 0);
        assert_eq!(account.lost(back[at], account.sent()), 0);
    }
}
