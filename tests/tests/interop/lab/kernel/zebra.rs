//! FRR in the same table: neither touches what is the other's.

use crier_tests::lab::{Crier, Frr, Kind, Lab, Namespace, Plan, await_until};
use serde_json::Value;

use super::feed::{self, Feed};
use super::traffic::Traffic;
use super::{forward, hops, shown, table};

/// The first number of crier's objects.
const OURS: u64 = 2_000_000_000;

fn is_ours(route: &Value) -> bool {
    route["nhid"].as_u64().is_some_and(|id| id >= OURS)
}

/// Routes by BGP, crier's or all others, as text.
fn routes(node: &Namespace, ours: bool) -> Vec<String> {
    let all = shown(node, &["proto", "bgp"]);
    let some = all.iter().filter(|route| is_ours(route) == ours);
    let mut texts: Vec<String> = some
        .map(|route| {
            let dst = route["dst"].as_str().unwrap_or_default();
            format!("{dst} {} metric {}", hops(route).join(" "), route["metric"])
        })
        .collect();
    texts.sort();
    texts
}

#[test]
fn frr_beside_crier() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Frr]) else { return };
    let (router, feeder, far) = (lab.node("r"), lab.node("feeder"), lab.node("far"));
    // Each listens on its own link only.
    let configuration =
        feed::link(&router, &feeder).replace("[router]\n", "[router]\nlisten = [\"198.18.0.1:179\"]\n");
    router.link(&["192.0.2.1/24", "2001:db8:2::1/64"], &far, &["192.0.2.2/24", "2001:db8:2::2/64"]);
    let plan = Plan::new(65002, [10, 0, 0, 2]).neighbor("192.0.2.2", "192.0.2.1", 65001);
    let plan = plan.announce_via("10.70.0.0/16", "192.0.2.2").announce("10.71.0.0/16");
    let theirs = Crier::start(&far, &plan.announce_via("2001:db8:70::/48", "2001:db8:2::2"));
    let plan = Plan::new(65001, [10, 0, 0, 1]).neighbor("192.0.2.1", "192.0.2.2", 65002);
    let frr = Frr::start_at(&router, &plan, "192.0.2.1");
    let of_frr = || routes(&router, false);
    let before = await_until("FRR has its routes in the kernel", of_frr, |routes| routes.len() >= 3);

    // Of the prefixes that both have, the route that is there stays.
    let mut crier = Crier::start_with(&router, &configuration);
    let feed = Feed::connect(&feeder);
    feed.announce("198.18.0.2", &["10.70.0.0/16", "10.80.0.0/16", "10.81.0.0/16"]);
    feed.announce("2001:db8:2::9", &["2001:db8:70::/48", "2001:db8:80::/48"]);
    let ours = || routes(&router, true);
    let own = |prefixes: &[&str]| {
        let text = |prefix: &&str| match prefix.contains(':') {
            true => format!("{prefix} 2001:db8:2::9 to-far metric 20"),
            false => format!("{prefix} 198.18.0.2 to-feeder metric 20"),
        };
        prefixes.iter().map(text).collect::<Vec<_>>()
    };
    let alone = own(&["10.80.0.0/16", "10.81.0.0/16", "2001:db8:80::/48"]);
    await_until("crier has its own", ours, |ours| *ours == alone);
    assert_eq!(of_frr(), before);
    // It says what stands in the way.
    let status = crier.json(&["status"])["kernel"].take();
    assert_eq!((&status["routes"], &status["refused"]), (&3.into(), &2.into()), "{status}");
    assert!(crier.command(&["why", "10.70.0.0/16"]).contains("somebody else's route is there"));
    // A change of what both have, and of what only crier has.
    feed.withdraw(&["10.70.0.0/16", "10.81.0.0/16"]);
    feed.withdraw(&["2001:db8:70::/48"]);
    await_until("crier's has gone", ours, |ours| *ours == own(&["10.80.0.0/16", "2001:db8:80::/48"]));
    assert_eq!(of_frr(), before);
    feed.announce("198.18.0.2", &["10.70.0.0/16", "10.81.0.0/16"]);
    await_until("crier's is back", ours, |ours| *ours == alone);
    assert_eq!(of_frr(), before);

    // What FRR no longer has is crier's to have.
    theirs.command(&["withdraw", "10.70.0.0/16"]);
    let with_theirs = own(&["10.70.0.0/16", "10.80.0.0/16", "10.81.0.0/16", "2001:db8:80::/48"]);
    await_until("crier's takes its place", ours, |ours| *ours == with_theirs);
    let less: Vec<String> = before.iter().filter(|text| !text.starts_with("10.70.")).cloned().collect();
    assert_eq!(of_frr(), less);

    // crier ends and takes its own along; FRR ends and leaves crier's alone.
    crier.process().signal("INT");
    await_until("crier has ended", || crier.process().has_ended(), |ended| *ended);
    assert_eq!((ours(), of_frr()), (vec![], less));
    drop(crier);
    let crier = Crier::start_with(&router, &configuration);
    let feed = Feed::connect(&feeder);
    feed.announce("198.18.0.2", &["10.80.0.0/16", "10.81.0.0/16"]);
    feed.announce("2001:db8:2::9", &["2001:db8:80::/48"]);
    await_until("crier has its own again", ours, |ours| *ours == alone);
    drop(frr);
    await_until("FRR's have gone", of_frr, Vec::is_empty);
    assert_eq!(ours(), alone);
    // And one that starts later.
    let frr = Frr::start_at(&router, &plan, "192.0.2.1");
    await_until("FRR has its routes again", of_frr, |routes| routes.len() >= 2);
    let put_back = crier.json(&["status"])["kernel"]["put_back"].take();
    println!("crier's routes once zebra has started beside it: {:?}, put back: {put_back}", ours());
    await_until("crier's are there", ours, |ours| *ours == alone);
    drop(frr);
}

/// When zebra starts, it takes routes with its daemons' protocols for what a former zebra has left, unless they lead to next-hop
/// objects that are not its own, and deletes them. Another protocol is none of its business.
#[test]
fn frr_that_starts_later() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Frr]) else { return };
    let (router, feeder, far) = (lab.node("r"), lab.node("feeder"), lab.node("far"));
    let configuration =
        feed::link(&router, &feeder).replace("[router]\n", "[router]\nlisten = [\"198.18.0.1:179\"]\n");
    router.link(&["192.0.2.1/24", "2001:db8:2::1/64"], &far, &["192.0.2.2/24", "2001:db8:2::2/64"]);
    // Packets for crier's routes, one family by either neighbor.
    let source = lab.node("source");
    router.link(&["10.8.0.1/24", "2001:db8:8::1/64"], &source, &["10.8.0.2/24", "2001:db8:8::2/64"]);
    for gateway in ["10.8.0.1", "2001:db8:8::1"] {
        source.run("ip", &["route", "add", "default", "via", gateway]);
    }
    [&router, &feeder, &far].into_iter().for_each(forward);
    feeder.loopback(&["10.80.0.1/32"]);
    far.loopback(&["2001:db8:80::1/128"]);
    let plan = Plan::new(65002, [10, 0, 0, 2]).neighbor("192.0.2.2", "192.0.2.1", 65001);
    let plan = plan.announce("10.70.0.0/16").announce_via("2001:db8:70::/48", "2001:db8:2::2");
    let _far = Crier::start(&far, &plan);
    let plan = Plan::new(65001, [10, 0, 0, 1]).neighbor("192.0.2.1", "192.0.2.2", 65002);
    let prefixes = ["10.80.0.0/16", "10.81.0.0/16", "2001:db8:80::/48"];
    for (keys, protocol) in [("", "186"), ("next-hop-ids = 0\nprotocol = 200\n", "200")] {
        let crier = Crier::start_with(&router, &(configuration.clone() + keys));
        let feed = Feed::connect(&feeder);
        feed.announce("198.18.0.2", &["10.80.0.0/16", "10.81.0.0/16"]);
        feed.announce("2001:db8:2::2", &["2001:db8:80::/48"]);
        let ours = || {
            let routes = shown(&router, &["proto", protocol]);
            routes
                .iter()
                .filter(|route| route["dst"].as_str().is_some_and(|prefix| prefixes.contains(&prefix)))
                .map(|route| format!("{} {}", route["dst"], hops(route).join(" ")))
                .collect::<Vec<_>>()
        };
        let before = await_until("crier has its routes", ours, |routes| routes.len() == prefixes.len());
        let requests = || crier.json(&["status"])["kernel"]["requests"].as_u64();
        let asked = requests();
        let theirs = || {
            let table = table(&router);
            ["10.70.0.0/16", "2001:db8:70::/48"].map(|prefix| table.contains_key(prefix))
        };
        await_until("FRR has no route yet", theirs, |there| *there == [false; 2]);
        let traffic = [(&feeder, "10.80.0.1"), (&far, "2001:db8:80::1")]
            .map(|(to, address)| Traffic::start(&source, to, address));
        let begin = traffic.each_ref().map(Traffic::arrived_so_far);
        let frr = Frr::start_at(&router, &plan, "192.0.2.1");
        await_until("FRR has its routes", theirs, |there| *there == [true; 2]);
        assert_eq!((ours(), requests()), (before, asked), "{keys}");
        drop(frr);
        await_until("FRR's routes have gone", theirs, |there| *there == [false; 2]);
        traffic.iter().for_each(|traffic| traffic.await_arrivals(300));
        for (traffic, begin) in traffic.into_iter().zip(begin) {
            let account = traffic.stop();
            assert_eq!(account.lost(begin, account.sent()), 0, "of {}", account.sent() - begin);
        }
        drop(crier);
        for prefix in prefixes {
            router.run("ip", &["route", "del", prefix]);
        }
    }
}
