//! A neighbor announces the prefix of a link of the router: the link stays what it is.

use crier_tests::lab::{Crier, Kind, Lab, await_until};

use super::feed::{self, Feed};
use super::{Table, await_table};

const NEAR: [&str; 2] = ["192.0.9.0/24", "2001:db8:99::/64"];
const BY_HAND: [&str; 2] = ["10.77.0.0/16", "2001:db8:77::/48"];

#[test]
fn a_link_and_what_is_routed_by_hand_are_not_taken_over() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let (router, feeder, a) = (lab.node("r"), lab.node("feeder"), lab.node("a"));
    let configuration = feed::link(&router, &feeder);
    router.link(&["192.0.2.1/24", "2001:db8:2::1/64"], &a, &["192.0.2.2/24", "2001:db8:2::2/64"]);
    let ip = |words: &str| drop(router.run("ip", &words.split(' ').collect::<Vec<_>>()));
    // As NetworkManager does, IPv6 ones have 256 anyhow.
    let addresses = |what: &str| {
        ip(&format!("address {what} 192.0.9.1/24 dev to-a metric 100"));
        ip(&format!("address {what} 2001:db8:99::1/64 dev to-a nodad"));
    };
    let by_hand = |what: &str| {
        ip(&format!("route {what} 10.77.0.0/16 via 192.0.2.9"));
        ip(&format!("route {what} 2001:db8:77::/48 via 2001:db8:2::9"));
    };
    addresses("add");
    by_hand("add");
    let crier = Crier::start_with(&router, &configuration);
    let feed = Feed::connect(&feeder);
    for (hop, at, last) in [("192.0.2.2", 0, "10.50.0.0/16"), ("2001:db8:2::2", 1, "2001:db8:50::/48")] {
        feed.announce(hop, &[NEAR[at], BY_HAND[at], last]);
    }
    let with = |more: &[&str]| -> Table {
        let hop = |prefix: &str| {
            if prefix.contains(':') { "2001:db8:2::2 to-a" } else { "192.0.2.2 to-a" }.to_owned()
        };
        let all = [&["10.50.0.0/16", "2001:db8:50::/48"], more].concat();
        all.into_iter().map(|prefix| (prefix.to_owned(), vec![hop(prefix)])).collect()
    };
    let reason = |prefix: &str| {
        let rows = crier.json(&["why", prefix]);
        rows.as_array().into_iter().flatten().any(|row| row["reason"] == "taken" && row["installed"] == false)
    };
    let shows = |prefixes: &[&str]| {
        for prefix in prefixes {
            await_until(&format!("{prefix} is taken"), || reason(prefix), |taken| *taken);
        }
    };
    await_table("the links stay", &router, &with(&[]));
    shows(&[NEAR, BY_HAND].concat());
    addresses("del");
    await_table("there is no link with these prefixes any more", &router, &with(&NEAR));
    by_hand("del");
    await_table("nor a route by hand", &router, &with(&[NEAR, BY_HAND].concat()));
    addresses("add");
    by_hand("add");
    await_table("they are back", &router, &with(&[]));
    shows(&[NEAR, BY_HAND].concat());
}
