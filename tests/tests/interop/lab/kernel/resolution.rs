//! Next hops that are on no link of the router: the way there is what the kernel's other routes say.

use std::fmt::Write as _;

use crier_tests::lab::{Bird, Crier, Daemon, Kind, Lab, Namespace, Plan};

use super::feed::{self, Feed};
use super::{Table, await_table};

fn over(list: &[(&str, &str)]) -> Table {
    list.iter().map(|(prefix, hop)| ((*prefix).to_owned(), vec![(*hop).to_owned()])).collect()
}

fn change(router: &Namespace, words: &str) {
    let words: Vec<&str> = words.split(' ').collect();
    router.run("ip", &[&["route"], words.as_slice()].concat());
}

#[test]
fn a_next_hop_behind_a_static_route() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Bird]) else { return };
    let (router, feeder, a, b) = (lab.node("r"), lab.node("feeder"), lab.node("a"), lab.node("b"));
    let mut configuration = feed::link(&router, &feeder);
    router.link(&["192.0.2.1/24", "2001:db8:2::1/64"], &a, &["192.0.2.2/24", "2001:db8:2::2/64"]);
    router.link(&["192.0.3.1/24", "2001:db8:3::1/64"], &b, &["192.0.3.2/24", "2001:db8:3::2/64"]);
    // Somebody who is told what can be reached.
    configuration = configuration.replace(
        super::KERNEL,
        &("\n[[neighbor]]\naddress = \"192.0.3.2\"\nremote-asn = 65002\nimport = \"accept-all\"\nexport = \"accept-all\"\n\
           timers = { hold = 30, keepalive = 10, connect-retry = 1 }\n"
            .to_owned()
            + super::KERNEL),
    );
    let _crier = Crier::start_with(&router, &configuration);
    let bird = Bird::start(&b, &Plan::new(65002, [10, 0, 0, 2]).neighbor("192.0.3.2", "192.0.3.1", 65000));
    let feed = Feed::connect(&feeder);
    feed.announce("203.0.113.9", &["10.50.0.0/16", "10.51.0.0/16"]);
    feed.announce("2001:db8:ffff::9", &["2001:db8:50::/48"]);
    feed.announce("192.0.2.2", &["10.60.0.0/16"]);
    // There is no way to most of them.
    let near = ("10.60.0.0/16", "192.0.2.2 to-a");
    let told = |prefixes: &[&str]| drop(bird.await_prefixes("192.0.3.1", prefixes));
    let alone = || {
        await_table("only what is near", &router, &over(&[near]));
        told(&["10.60.0.0/16"]);
    };
    let all = |v4: &str, v6: &str| {
        await_table(
            "all",
            &router,
            &over(&[near, ("10.50.0.0/16", v4), ("10.51.0.0/16", v4), ("2001:db8:50::/48", v6)]),
        );
        told(&["10.50.0.0/16", "10.51.0.0/16", "10.60.0.0/16", "2001:db8:50::/48"]);
    };
    alone();
    change(&router, "add 203.0.113.0/24 via 192.0.2.2");
    change(&router, "add 2001:db8:ffff::/48 via 2001:db8:2::2");
    all("192.0.2.2 to-a", "2001:db8:2::2 to-a");
    // A longer one leads elsewhere.
    change(&router, "add 203.0.113.9/32 via 192.0.3.2");
    change(&router, "add 2001:db8:ffff::9/128 via 2001:db8:3::2");
    all("192.0.3.2 to-b", "2001:db8:3::2 to-b");
    change(&router, "del 203.0.113.9/32");
    change(&router, "del 2001:db8:ffff::9/128");
    all("192.0.2.2 to-a", "2001:db8:2::2 to-a");
    change(&router, "replace 203.0.113.0/24 via 192.0.3.2");
    change(&router, "replace 2001:db8:ffff::/48 via 2001:db8:3::2");
    all("192.0.3.2 to-b", "2001:db8:3::2 to-b");
    // One of a lower metric wins.
    change(&router, "add 203.0.113.0/24 via 192.0.3.2 metric 50");
    change(&router, "del 203.0.113.0/24 via 192.0.3.2 metric 0");
    change(&router, "add 203.0.113.0/24 via 192.0.2.2 metric 40");
    all("192.0.2.2 to-a", "2001:db8:3::2 to-b");
    change(&router, "del 203.0.113.0/24 metric 40");
    change(&router, "del 203.0.113.0/24 metric 50");
    change(&router, "del 2001:db8:ffff::/48");
    alone();
    // A route that says that there is no way is none.
    change(&router, "add unreachable 203.0.113.0/24");
    change(&router, "add 192.0.0.0/8 via 192.0.3.2");
    alone();
    change(&router, "del unreachable 203.0.113.0/24");
    change(&router, "add 203.0.113.0/24 via 192.0.2.2");
    change(&router, "add 2001:db8:ffff::/48 via 2001:db8:2::2");
    all("192.0.2.2 to-a", "2001:db8:2::2 to-a");
}

/// A route over two links lends both to the next hops behind it, for as long as they work.
#[test]
fn a_next_hop_behind_a_route_over_two_ways() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let (router, feeder, a, b) = (lab.node("r"), lab.node("feeder"), lab.node("a"), lab.node("b"));
    let configuration = feed::link(&router, &feeder);
    router.link(&["192.0.2.1/24", "2001:db8:2::1/64"], &a, &["192.0.2.2/24", "2001:db8:2::2/64"]);
    router.link(&["192.0.3.1/24", "2001:db8:3::1/64"], &b, &["192.0.3.2/24", "2001:db8:3::2/64"]);
    change(&router, "add 203.0.113.0/24 nexthop via 192.0.2.2 nexthop via 192.0.3.2");
    change(&router, "add 2001:db8:ffff::/48 nexthop via 2001:db8:2::2 nexthop via 2001:db8:3::2");
    let _crier = Crier::start_with(&router, &configuration);
    let feed = Feed::connect(&feeder);
    feed.announce("203.0.113.9", &["10.50.0.0/16", "10.51.0.0/16"]);
    feed.announce("2001:db8:ffff::9", &["2001:db8:50::/48"]);
    let table = |v4: &[&str], v6: &[&str]| {
        let hops = |list: &[&str]| list.iter().map(|hop| (*hop).to_owned()).collect::<Vec<_>>();
        let each = [("10.50.0.0/16", v4), ("10.51.0.0/16", v4), ("2001:db8:50::/48", v6)];
        each.map(|(prefix, list)| (prefix.to_owned(), hops(list))).into()
    };
    let both = table(&["192.0.2.2 to-a", "192.0.3.2 to-b"], &["2001:db8:2::2 to-a", "2001:db8:3::2 to-b"]);
    await_table("both ways", &router, &both);
    router.set_link(&a, false);
    await_table("what is left", &router, &table(&["192.0.3.2 to-b"], &["2001:db8:3::2 to-b"]));
    change(&router, "replace 203.0.113.0/24 via 192.0.3.2");
    router.set_link(&a, true);
    change(&router, "replace 203.0.113.0/24 nexthop via 192.0.2.2 nexthop via 192.0.3.2");
    await_table(
        "both again",
        &router,
        &table(&["192.0.2.2 to-a", "192.0.3.2 to-b"], &["2001:db8:3::2 to-b"]),
    );
}

/// Of two routes within the AS the one whose next hop is nearer wins (RFC 4271, 9.1.2.2 e).
#[test]
fn the_nearer_next_hop_wins() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let (router, feeder, a) = (lab.node("r"), lab.node("feeder"), lab.node("a"));
    let mut configuration = feed::link(&router, &feeder);
    feeder.run("ip", &["address", "add", "198.18.0.6/30", "dev", "to-r"]);
    router.run("ip", &["address", "add", "198.18.0.5/30", "dev", "to-feeder"]);
    configuration = configuration.replace(super::KERNEL, "");
    let second = "\n[[neighbor]]\naddress = \"198.18.0.6\"\nremote-asn = 65000\npassive = true\nimport = \"accept-all\"\n\
                  export = \"accept-all\"\ntimers = { hold = 3600, keepalive = 1200, connect-retry = 1 }\n";
    write!(configuration, "{second}{}", super::KERNEL).unwrap();
    router.link(&["192.0.2.1/24"], &a, &["192.0.2.2/24"]);
    change(&router, "add 203.0.113.1/32 via 192.0.2.2 metric 30");
    change(&router, "add 203.0.113.2/32 via 192.0.2.3 metric 20");
    let _crier = Crier::start_with(&router, &configuration);
    let feeds = [Feed::connect(&feeder), Feed::dial(&feeder, "198.18.0.6", "198.18.0.5", 65000)];
    feeds[0].announce("203.0.113.1", &["10.50.0.0/16"]);
    feeds[1].announce("203.0.113.2", &["10.50.0.0/16"]);
    await_table("the second is nearer", &router, &over(&[("10.50.0.0/16", "192.0.2.3 to-a")]));
    change(&router, "add 203.0.113.1/32 via 192.0.2.2 metric 10");
    await_table("the first is nearer", &router, &over(&[("10.50.0.0/16", "192.0.2.2 to-a")]));
    change(&router, "del 203.0.113.1/32 metric 10");
    await_table("the second is nearer again", &router, &over(&[("10.50.0.0/16", "192.0.2.3 to-a")]));
}
