//! Bounds: as many routes as there may be, and a kernel that says more than can be heard.

use std::fmt::Write as _;

use crier_tests::lab::{Crier, Kind, Lab, OrFail as _, await_until};

use super::feed::{self, Feed};
use super::{Table, await_table, table};

fn prefixes(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|id| format!("10.{id}.0.0/16")).collect()
}

fn texts(prefixes: &[String]) -> Vec<&str> {
    prefixes.iter().map(String::as_str).collect()
}

#[test]
fn others_move_up_where_there_is_no_room() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let (router, feeder) = (lab.node("r"), lab.node("feeder"));
    let crier = Crier::start_with(&router, &(feed::link(&router, &feeder) + "max-routes = 5\n"));
    let feed = Feed::connect(&feeder);
    let all = prefixes(20..30);
    feed.announce("198.18.0.2", &texts(&all));
    let count = || table(&router).len();
    await_until("ten are known", || crier.routes(&["best"]).len(), |known| *known == 10);
    await_until("five are in", count, |count| *count == 5);
    // What `crier routes` calls installed, and how many wait by what `crier status` says.
    let shown = || {
        let rows = crier.routes(&["best"]);
        let installed = rows.iter().filter(|row| row["installed"] == true);
        let mut prefixes: Vec<String> =
            installed.map(|row| row["prefix"].as_str().unwrap_or_default().to_owned()).collect();
        prefixes.sort();
        (prefixes, crier.json(&["status"])["kernel"]["no_room"].as_u64())
    };
    let known = || table(&router).into_keys().collect::<Vec<_>>();
    await_until("crier shows which", shown, |shown| *shown == (known(), Some(5)));
    let waiting = all.iter().find(|prefix| !known().contains(prefix)).or_fail("one that waits");
    assert!(crier.command(&["why", waiting]).contains("max-routes"));
    // Two that are in go; two that were waiting are in their place.
    let gone: Vec<String> = known().into_iter().take(2).collect();
    feed.withdraw(&texts(&gone));
    let moved = |known: &Vec<String>| known.len() == 5 && !known.iter().any(|prefix| gone.contains(prefix));
    await_until("others have moved up", known, moved);
    await_until("crier shows which", shown, |shown| *shown == (known(), Some(3)));
    feed.withdraw(&texts(&all[..8]));
    let left = Table::from_iter(
        all[8..].iter().map(|prefix| (prefix.clone(), vec!["198.18.0.2 to-feeder".to_owned()])),
    );
    await_table("all that is left is in", &router, &left);
}

/// 30,000 notifications do not fit what may be waiting: those after that are lost, and what they would have told is found by
/// looking.
#[test]
fn notifications_that_are_lost() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let (router, feeder) = (lab.node("r"), lab.node("feeder"));
    let (a, b) = (lab.node("a"), lab.node("b"));
    let configuration = feed::link(&router, &feeder);
    router.link(&["192.0.2.1/24"], &a, &["192.0.2.2/24"]);
    router.link(&["192.0.3.1/24"], &b, &["192.0.3.2/24"]);
    router.run("ip", &["route", "add", "203.0.113.0/24", "via", "192.0.2.2"]);
    let mut crier = Crier::start_with(&router, &configuration);
    let feed = Feed::connect(&feeder);
    let all = prefixes(20..30);
    feed.announce("203.0.113.9", &texts(&all));
    let wanted =
        |hop: &str| Table::from_iter(all.iter().map(|prefix| (prefix.clone(), vec![hop.to_owned()])));
    await_table("all are there", &router, &wanted("192.0.2.2 to-a"));
    crier.process().signal("STOP");
    let mut batch = String::new();
    for id in 0..15_000 {
        writeln!(batch, "route add blackhole 172.{}.{}.{}/32", 16 + (id >> 16), id >> 8 & 255, id & 255)
            .unwrap();
    }
    batch += &batch.replace("route add", "route del");
    // What matters comes last, and nobody hears of it.
    batch += "route del 10.20.0.0/16\nroute del 10.21.0.0/16\n";
    batch += "route replace 203.0.113.0/24 via 192.0.3.2\n";
    let path = router.write("batch", &batch);
    router.run("ip", &["-batch", &path.to_string_lossy()]);
    crier.process().signal("CONT");
    await_table("all are as they should be", &router, &wanted("192.0.3.2 to-b"));
    assert!(crier.json(&["status"])["kernel"]["overruns"].as_u64() > Some(0));
    crier.process().assert_running();
}
