//! What the kernel loses or somebody takes away, some of it without a word, is found and put back.

use crier_tests::lab::{Crier, Kind, Lab, Namespace, await_until};

use super::feed::{self, Feed};
use super::{Table, await_table, objects, set};

struct Bed {
    router: Namespace,
    feeder: Namespace,
    /// At the far end of what fails.
    _far: [Namespace; 2],
    configuration: String,
}

/// A router with two links besides the one that its routes are heard over.
fn bed(lab: &Lab) -> Bed {
    let (router, feeder) = (lab.node("r"), lab.node("feeder"));
    let configuration = feed::link(&router, &feeder);
    let far = [lab.node("a"), lab.node("b")];
    // As IPv4 does: addresses outlive their link.
    set(&router, "ipv6/conf/all/keep_addr_on_down", "1");
    router.link(&["192.0.2.1/24", "2001:db8:2::1/64"], &far[0], &["192.0.2.2/24", "2001:db8:2::2/64"]);
    router.link(&["192.0.3.1/24", "2001:db8:3::1/64"], &far[1], &["192.0.3.2/24", "2001:db8:3::2/64"]);
    Bed { router, feeder, _far: far, configuration }
}

const VIA_A: [&str; 2] = ["192.0.2.2", "2001:db8:2::2"];
const VIA_B: [&str; 2] = ["192.0.3.2", "2001:db8:3::2"];

fn announce(feed: &Feed) {
    feed.announce(VIA_A[0], &["10.50.0.0/16", "10.51.0.0/16"]);
    feed.announce(VIA_A[1], &["2001:db8:50::/48", "2001:db8:51::/48"]);
    feed.announce(VIA_B[0], &["10.60.0.0/16"]);
    feed.announce(VIA_B[1], &["2001:db8:60::/48"]);
}

fn wanted() -> Table {
    let over = |prefix: &str, hop: &str| (prefix.to_owned(), vec![hop.to_owned()]);
    Table::from([
        over("10.50.0.0/16", "192.0.2.2 to-a"),
        over("10.51.0.0/16", "192.0.2.2 to-a"),
        over("2001:db8:50::/48", "2001:db8:2::2 to-a"),
        over("2001:db8:51::/48", "2001:db8:2::2 to-a"),
        over("10.60.0.0/16", "192.0.3.2 to-b"),
        over("2001:db8:60::/48", "2001:db8:3::2 to-b"),
    ])
}

fn without(kept: impl Fn(&str) -> bool) -> Table {
    wanted().into_iter().filter(|(_, hops)| kept(&hops[0])).collect()
}

#[test]
fn links_and_addresses_that_go_and_come() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let Bed { router, feeder, _far: far, configuration } = bed(&lab);
    let _crier = Crier::start_with(&router, &configuration);
    let feed = Feed::connect(&feeder);
    announce(&feed);
    await_table("all are there", &router, &wanted());
    for (name, up) in [("the router's end", 0), ("the far end", 1)] {
        let change = |up_again: bool| match up {
            0 => router.set_link(&far[0], up_again),
            _ => far[0].set_link(&router, up_again),
        };
        change(false);
        await_table(&format!("{name} is down"), &router, &without(|hop| hop.ends_with("to-b")));
        change(true);
        await_table(&format!("{name} is up again"), &router, &wanted());
    }
    for (address, gateway) in [("192.0.2.1/24", VIA_A[0]), ("2001:db8:2::1/64", VIA_A[1])] {
        let change = |what: &str| drop(router.run("ip", &["address", what, address, "dev", "to-a"]));
        change("del");
        await_table(&format!("{address} has gone"), &router, &without(|hop| !hop.starts_with(gateway)));
        change("add");
        await_table(&format!("{address} is back"), &router, &wanted());
        // Too short for anybody to notice, but the kernel has removed its routes.
        change("del");
        change("add");
        await_table(&format!("{address} was gone for a moment"), &router, &wanted());
    }
    router.set_link(&far[0], false);
    router.set_link(&far[0], true);
    await_table("the link was down for a moment", &router, &wanted());
    router.run("ip", &["link", "del", "to-a"]);
    await_table("the link has gone for good", &router, &without(|hop| hop.ends_with("to-b")));
}

#[test]
fn routes_and_objects_that_somebody_deletes() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let Bed { router, feeder, _far, configuration } = bed(&lab);
    let _crier = Crier::start_with(&router, &configuration);
    let (feed, some) = (Feed::connect(&feeder), ["10.50.0.0/16", "2001:db8:50::/48"]);
    announce(&feed);
    await_table("all are there", &router, &wanted());
    let all = objects(&router);
    assert_eq!(all.len(), 4);
    for prefix in some {
        router.run("ip", &["route", "del", prefix]);
    }
    await_table("deleted routes are back", &router, &wanted());
    for id in &all {
        router.run("ip", &["nexthop", "del", "id", &id.to_string()]);
    }
    await_table("routes are back after their objects were deleted", &router, &wanted());
    router.run("ip", &["nexthop", "flush"]);
    await_table("and once more", &router, &wanted());
    await_until("with as many objects", || objects(&router).len(), |count| *count == 4);
    for prefix in some {
        router.run(
            "ip",
            &[
                "route",
                "replace",
                prefix,
                "via",
                if prefix.contains(':') { VIA_B[1] } else { VIA_B[0] },
                "proto",
                "bgp",
                "metric",
                "20",
            ],
        );
    }
    await_table("led astray by somebody, they are led back", &router, &wanted());
    for (kind, prefix) in ["unreachable", "prohibit"].into_iter().zip(some) {
        router.run("ip", &["route", "replace", kind, prefix, "proto", "bgp", "metric", "20"]);
    }
    await_table("led nowhere by somebody, they lead there again", &router, &wanted());
    for prefix in wanted().keys() {
        router.run("ip", &["route", "del", prefix]);
    }
    await_table("all of them are back", &router, &wanted());
}
