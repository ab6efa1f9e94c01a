//! A link fails on a router that has a default route by another one: what is left is used at once.

use crier_tests::lab::{Crier, Daemon as _, Kind, Lab};

use super::feed::Feed;
use super::{Star, await_table};

#[test]
fn a_default_route_is_no_way_to_a_neighbor_whose_link_has_failed() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let (star, elsewhere) = (Star::new(&lab, 2), lab.node("mgmt"));
    let router = &star.router;
    router.link(
        &["198.18.9.1/30", "2001:db8:1809::1/64"],
        &elsewhere,
        &["198.18.9.2/30", "2001:db8:1809::2/64"],
    );
    for words in
        ["default via 198.18.9.2", "default via 2001:db8:1809::2", "192.0.0.0/16 via 198.18.9.2 metric 7"]
    {
        let words: Vec<&str> = words.split(' ').collect();
        router.run("ip", &[&["route", "add"], words.as_slice()].concat());
    }
    let crier = Crier::start_with(router, &star.configuration());
    let dial = |id: usize| {
        Feed::dial(&star.nodes[id - 1], &format!("192.0.{id}.2"), &format!("192.0.{id}.1"), 65000 + id as u32)
    };
    let feeds = [dial(1), dial(2)];
    for (feed, id) in feeds.iter().zip(1..) {
        feed.announce(&format!("192.0.{id}.2"), &["10.9.0.0/24"]);
        feed.announce(&format!("2001:db8:{id}::2"), &["2001:db8:9::/48"]);
    }
    feeds[0].announce("192.0.1.2", &["10.8.0.0/24"]);
    feeds[0].announce("2001:db8:1::2", &["2001:db8:8::/48"]);
    let both = || ["10.9.0.0/24", "2001:db8:9::/48"].map(|prefix| star.over(prefix, &[1, 2]));
    let first = ["10.8.0.0/24", "2001:db8:8::/48"].map(|prefix| star.over(prefix, &[1]));
    let all = both().into_iter().chain(first).collect();
    let second = ["10.9.0.0/24", "2001:db8:9::/48"].map(|prefix| star.over(prefix, &[2])).into();
    for _ in 0..2 {
        await_table("both are used", router, &all);
        star.nodes[0].set_link(router, false);
        await_table("the second is used alone", router, &second);
        assert!(crier.established("192.0.1.2"), "not for the hold timer");
        star.nodes[0].set_link(router, true);
        // The far end's address went with its link.
        star.nodes[0].run("ip", &["address", "replace", "2001:db8:1::2/64", "dev", "to-r"]);
    }
    await_table("both are used again", router, &all);
}
