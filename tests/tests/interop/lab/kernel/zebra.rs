//! FRR in the same table: neither touches what is the other's.

use crier_tests::lab::{Crier, Daemon as _, Frr, Kind, Lab, Plan, await_until};

use super::feed::{self, Feed};
use super::{await_table, shown, table};

#[test]
fn frr_beside_crier() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Frr]) else { return };
    let (router, feeder, far) = (lab.node("r"), lab.node("feeder"), lab.node("far"));
    let configuration = feed::link(&router, &feeder);
    router.link(&["192.0.2.1/24", "2001:db8:2::1/64"], &far, &["192.0.2.2/24", "2001:db8:2::2/64"]);
    // Only FRR listens on its link, and crier on its own.
    let configuration = configuration.replace("[router]\n", "[router]\nlisten = [\"198.18.0.1:179\"]\n");
    let plan = Plan::new(65002, [10, 0, 0, 2]).neighbor("192.0.2.2", "192.0.2.1", 65001);
    let plan = plan.announce("10.70.0.0/16").announce("10.71.0.0/16");
    let _far = Crier::start(&far, &plan.announce_via("2001:db8:70::/48", "2001:db8:2::2"));
    let plan = Plan::new(65001, [10, 0, 0, 1]).neighbor("192.0.2.1", "192.0.2.2", 65002);
    let frr = Frr::start_at(&router, &plan, "192.0.2.1");
    let theirs = || {
        let mut routes: Vec<String> = shown(&router, &["proto", "bgp", "metric", "20"])
            .iter()
            .chain(&shown(&router, &["proto", "static"]))
            .filter(|route| route["nhid"].as_u64().is_none_or(|id| id < 2_000_000_000))
            .map(|route| format!("{} {}", route["dst"], super::hops(route).join(" ")))
            .collect();
        routes.sort();
        routes
    };
    let three = |routes: &Vec<String>| routes.len() == 3;
    let before = await_until("FRR has its routes in the kernel", theirs, three);

    // Of the two prefixes that both have, the first is FRR's.
    let mut crier = Crier::start_with(&router, &configuration);
    let feed = Feed::connect(&feeder);
    feed.announce("198.18.0.2", &["10.70.0.0/16", "10.80.0.0/16", "10.81.0.0/16"]);
    feed.announce("2001:db8:2::9", &["2001:db8:70::/48", "2001:db8:80::/48"]);
    let ours = || {
        let routes = shown(&router, &["proto", "bgp", "metric", "20"]);
        let ours = routes.iter().filter(|route| route["nhid"].as_u64().is_some_and(|id| id >= 2_000_000_000));
        let mut prefixes: Vec<String> =
            ours.map(|route| route["dst"].as_str().unwrap_or_default().to_owned()).collect();
        prefixes.sort();
        prefixes
    };
    let alone = ["10.80.0.0/16", "10.81.0.0/16", "2001:db8:80::/48"];
    await_until("crier has its own", ours, |ours| *ours == alone);
    let _ = (&before, &frr, table(&router), &mut crier, await_table);
}
