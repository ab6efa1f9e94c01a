//! Packets while something breaks: lost until it is noticed, and none after that.

use crier_tests::lab::{Crier, Daemon as _, Kind, Lab, Namespace, OrFail as _, await_until};
use serde_json::Value;

use super::feed::Feed;
use super::restart::Crossing;
use super::traffic::Traffic;
use super::{Star, await_table, objects, set, table};

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

    // A link dies at its far end, where addresses outlive it, and comes back.
    set(&crossing.star.nodes[2], "ipv6/conf/all/keep_addr_on_down", "1");
    let down = so_far();
    crossing.star.nodes[2].set_link(router, false);
    await_table("one way is left", router, &crossing.table(&[1]));
    let noticed = now();
    traffic.iter().for_each(|traffic| traffic.await_arrivals(500));
    assert!(crier.established("192.0.1.2"));
    let up = so_far();
    crossing.star.nodes[2].set_link(router, true);
    await_table("two ways are there again", router, &crossing.table(&[1, 3]));
    traffic.iter().for_each(Traffic::settle);
    let settled = so_far();
    traffic.iter().for_each(|traffic| traffic.await_arrivals(500));

    for (at, traffic) in traffic.into_iter().enumerate() {
        let account = traffic.stop();
        println!(
            "lost by the death of a process: {} of {}, by that of a link: {} of {}, after that: {} of {}, by its return: {} of {}",
            account.lost(begin[at], after_death[at]),
            after_death[at] - begin[at],
            account.lost(down[at], noticed[at]),
            noticed[at] - down[at],
            account.lost(noticed[at], up[at]),
            up[at] - noticed[at],
            account.lost(up[at], settled[at]),
            settled[at] - up[at],
        );
        assert_eq!(account.lost(begin[at], down[at]), 0);
        assert_eq!(account.lost(noticed[at], up[at]), 0);
        assert_eq!(account.lost(settled[at], account.sent()), 0);
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
    let routes = || {
        router.run("ip", &["route", "del", "10.9.0.0/24"]);
        router.run("ip", &["-6", "route", "del", "2001:db8:9::/48"]);
    };
    // The kernel takes their routes along, and says so of IPv6 ones only.
    let next_hops = || objects(router).iter().for_each(|id| delete_object(router, *id));
    let mut quiet = so_far();
    let mut accounts = Vec::new();
    for (what, delete) in [("routes", &routes as &dyn Fn()), ("next hops", &next_hops)] {
        traffic.iter().for_each(|traffic| traffic.await_arrivals(500));
        let deleted = so_far();
        delete();
        await_table(&format!("deleted {what} are back"), router, &wanted);
        let back = now();
        accounts.push((what, quiet, deleted, back));
        quiet = back;
    }
    traffic.iter().for_each(|traffic| traffic.await_arrivals(500));
    for (at, traffic) in traffic.into_iter().enumerate() {
        let account = traffic.stop();
        for (what, quiet, deleted, back) in &accounts {
            let (lost, of) = (account.lost(deleted[at], back[at]), back[at] - deleted[at]);
            println!("lost until deleted {what} were back: {lost} of {of}");
            assert_eq!(account.lost(quiet[at], deleted[at]), 0);
        }
        assert_eq!(account.lost(quiet[at], account.sent()), 0);
    }
}

/// The kernel takes a next hop that somebody deletes out of its groups: what is left of them forwards on.
#[test]
fn somebody_deletes_one_next_hop_of_three() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let crossing = Crossing::new(&lab, 3);
    let router = &crossing.star.router;
    let _crier = Crier::start_with(router, &crossing.star.configuration());
    let _nodes = crossing.star.start_nodes(Crossing::prefixes);
    await_table("three ways are there", router, &crossing.table(&[1, 2, 3]));
    let traffic = crossing.traffic();
    let begin = traffic.each_ref().map(Traffic::arrived_so_far);
    for gateway in ["192.0.2.2", "2001:db8:2::2"] {
        let shown = router.run("ip", &["nexthop", "show"]);
        let line = shown.lines().find(|line| line.contains(&format!(" via {gateway} "))).or_fail(gateway);
        let id = line.split(' ').nth(1).and_then(|id| id.parse().ok()).or_fail(line);
        delete_object(router, id);
        await_table("three ways are there again", router, &crossing.table(&[1, 2, 3]));
    }
    traffic.iter().for_each(|traffic| traffic.await_arrivals(500));
    for (traffic, begin) in traffic.into_iter().zip(begin) {
        let account = traffic.stop();
        assert!(account.sent() > begin + 500);
        assert_eq!(account.lost(begin, account.sent()), 0, "of {}", account.sent() - begin);
    }
}

fn delete_object(router: &Namespace, id: u64) {
    router.run("ip", &["nexthop", "del", "id", &id.to_string()]);
}

/// Neighbors that announce ten thousand routes of each family together, and the first one five thousand more.
struct Many<'n> {
    crier: Crier<'n>,
    feeds: [Feed; 2],
}

impl<'n> Many<'n> {
    fn new(star: &'n Star) -> Self {
        let limits = "[limits]\npeers = 2\nconnections = 8\nprefixes = 40000\npaths = 80000\n";
        let crier =
            Crier::start_with(&star.router, &(star.configuration() + "max-routes = 60000\n\n" + limits));
        let feeds = [1, 2].map(|id: usize| {
            let (from, to) = (format!("192.0.{id}.2"), format!("192.0.{id}.1"));
            Feed::dial(&star.nodes[id - 1], &from, &to, 65000 + id as u32)
        });
        let v4: Vec<_> = (0..15_000).map(|id: u32| format!("10.{}.{}.0/24", id >> 8, id & 255)).collect();
        let v6: Vec<_> = (0x1000..0x1000 + 15_000).map(|id: u32| format!("2001:db8:{id:x}::/48")).collect();
        let announce = |feed: &Feed, hop: &str, prefixes: &[String]| {
            for part in prefixes.chunks(400) {
                feed.announce(hop, &part.iter().map(String::as_str).collect::<Vec<_>>());
            }
        };
        for (feed, id, count) in [(&feeds[0], 1, 15_000), (&feeds[1], 2, 10_000)] {
            announce(feed, &format!("192.0.{id}.2"), &v4[..count]);
            announce(feed, &format!("2001:db8:{id}::2"), &v6[..count]);
        }
        let many = Self { crier, feeds };
        many.await_routes("all are there", 30_000);
        // The last of them may have changed their next hops since.
        let ways = |of: &str| table(&star.router).get(of).map(Vec::len);
        await_until(
            "over both",
            || (ways("10.39.15.0/24"), ways("2001:db8:370f::/48")),
            |ways| *ways == (Some(2), Some(2)),
        );
        many
    }

    fn kernel(&self) -> Value {
        self.crier.json(&["status"])["kernel"].take()
    }

    fn requests(&self) -> u64 {
        self.kernel()["requests"].as_u64().or_fail("counting requests")
    }

    fn await_routes(&self, what: &str, count: u64) {
        await_until(what, || self.kernel(), |kernel| kernel["routes"] == count);
    }
}

/// When the first one dies, the kernel is told a few times, and has what is left.
#[test]
fn a_next_hop_of_many_routes_dies() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let star = Star::new(&lab, 2);
    let many = Many::new(&star);
    let before = many.requests();
    many.feeds[0].end();
    many.await_routes("what is left", 20_000);
    let requests = many.requests() - before;
    println!("{requests} requests for 30,000 routes");
    assert!(requests <= 12, "{requests}");
    let left = table(&star.router);
    assert_eq!(left.len(), 20_000);
    assert!(left.values().all(|hops| hops.len() == 1 && hops[0].contains("to-n2")));
}

/// When its link fails at either end, the session is not over: groups lose the next hop at one message each, and what led there
/// alone the kernel removes, or is asked to.
#[test]
fn the_link_of_many_routes_fails() {
    for (name, far) in [("the router's end", false), ("the far end", true)] {
        let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
        let star = Star::new(&lab, 2);
        let many = Many::new(&star);
        let before = many.requests();
        match far {
            true => star.nodes[0].set_link(&star.router, false),
            false => star.router.set_link(&star.nodes[0], false),
        }
        many.await_routes("what is left", 20_000);
        let requests = many.requests() - before;
        println!("{name}: {requests} requests for 30,000 routes");
        // One at most for each that has no other way.
        assert!(requests <= 10_000 + 12, "{requests}");
        let left = table(&star.router);
        assert_eq!(left.len(), 20_000);
        assert!(left.values().all(|hops| hops.len() == 1 && hops[0].contains("to-n2")));
    }
}
