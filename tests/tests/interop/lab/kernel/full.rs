//! Bounds: as many routes as there may be, and a kernel that says more than can be heard.

use std::fmt::Write as _;

use crier_tests::lab::{Crier, Kind, Lab, Namespace, OrFail as _, await_until, skip};

use super::feed::{self, Feed};
use super::memory::MemoryGroup;
use super::traffic::Traffic;
use super::{Table, await_table, forward, table};

/// Routes of each family that no longer fit into [`LITTLE`] bytes, but into [`PLENTY`].
const MANY: u32 = 1000;
const LITTLE: usize = 64 << 10;
const PLENTY: usize = 1 << 30;

fn many(prefix: impl Fn(u32) -> String) -> Vec<String> {
    (0..MANY).map(prefix).collect()
}

fn prefixes(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|id| format!("10.{id}.0.0/16")).collect()
}

fn prefixes_v6(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|id| format!("2001:db8:{id}::/48")).collect()
}

fn texts(prefixes: &[String]) -> Vec<&str> {
    prefixes.iter().map(String::as_str).collect()
}

/// A router, the neighbor that announces and is where packets go to, and where they come from.
struct Bed {
    router: Namespace,
    feeder: Namespace,
    source: Namespace,
    configuration: String,
}

/// The neighbor's addresses.
const HOPS: [&str; 2] = ["198.18.0.2", "2001:db8:18::2"];

impl Bed {
    fn new(lab: &Lab) -> Self {
        let (router, feeder, source) = (lab.node("r"), lab.node("feeder"), lab.node("source"));
        let configuration = feed::link(&router, &feeder);
        router.run("ip", &["address", "add", "2001:db8:18::1/64", "dev", "to-feeder"]);
        feeder.run("ip", &["address", "add", "2001:db8:18::2/64", "dev", "to-r"]);
        let (here, there) = (["198.19.0.1/30", "2001:db8:19::1/64"], ["198.19.0.2/30", "2001:db8:19::2/64"]);
        router.link(&here, &source, &there);
        source.run("ip", &["route", "add", "default", "via", "198.19.0.1"]);
        source.run("ip", &["route", "add", "default", "via", "2001:db8:19::1"]);
        forward(&router);
        forward(&feeder);
        Self { router, feeder, source, configuration }
    }
}

/// Something in the prefix.
fn inside(prefix: &str) -> String {
    prefix.replace(".0/16", ".1").replace("::/48", "::1")
}

#[test]
fn others_move_up_where_there_is_no_room() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let Bed { router, feeder, source, configuration } = Bed::new(&lab);
    let crier = Crier::start_with(&router, &(configuration + "max-routes = 5\n"));
    let feed = Feed::connect(&feeder);
    for (hop, all) in HOPS.into_iter().zip([prefixes(20..30), prefixes_v6(20..30)]) {
        feed.announce(hop, &texts(&all));
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
        // Whoever goes and comes, the one that is in forwards.
        let stays = known().pop().or_fail("one that stays");
        feeder.loopback(&[&inside(&stays)]);
        let traffic = Traffic::start(&source, &feeder, &inside(&stays));
        let begin = traffic.arrived_so_far();
        // Two that are in go; two that were waiting are in their place.
        let gone: Vec<String> = known().into_iter().take(2).collect();
        feed.withdraw(&texts(&gone));
        let moved =
            |known: &Vec<String>| known.len() == 5 && !known.iter().any(|prefix| gone.contains(prefix));
        await_until("others have moved up", known, moved);
        await_until("crier shows which", shown, |shown| *shown == (known(), Some(3)));
        let others: Vec<String> = all.into_iter().filter(|prefix| *prefix != stays).collect();
        feed.withdraw(&texts(&others));
        let left = Table::from([(stays.clone(), vec![format!("{hop} to-feeder")])]);
        await_table("all that is left is in", &router, &left);
        traffic.await_arrivals(300);
        let account = traffic.stop();
        assert_eq!(account.lost(begin, account.sent()), 0, "of {}", account.sent() - begin);
        feed.withdraw(&[&stays]);
        await_table("nothing is left", &router, &Table::new());
    }
}

/// 30,000 notifications do not fit what may be waiting: those after that are lost, and what they would have told is found by
/// looking.
#[test]
fn notifications_that_are_lost() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let (router, feeder) = (lab.node("r"), lab.node("feeder"));
    let (a, b) = (lab.node("a"), lab.node("b"));
    let configuration = feed::link(&router, &feeder);
    router.link(&["192.0.2.1/24", "2001:db8:2::1/64"], &a, &["192.0.2.2/24", "2001:db8:2::2/64"]);
    router.link(&["192.0.3.1/24", "2001:db8:3::1/64"], &b, &["192.0.3.2/24", "2001:db8:3::2/64"]);
    router.run("ip", &["route", "add", "203.0.113.0/24", "via", "192.0.2.2"]);
    router.run("ip", &["route", "add", "2001:db8:ffff::/48", "via", "2001:db8:2::2"]);
    let mut crier = Crier::start_with(&router, &configuration);
    let feed = Feed::connect(&feeder);
    let (v4, v6) = (prefixes(20..30), prefixes_v6(20..30));
    feed.announce("203.0.113.9", &texts(&v4));
    feed.announce("2001:db8:ffff::9", &texts(&v6));
    let wanted = |hops: [&str; 2]| {
        let over = |prefixes: &[String], hop: &str| {
            prefixes.iter().map(|prefix| (prefix.clone(), vec![hop.to_owned()])).collect::<Vec<_>>()
        };
        Table::from_iter([over(&v4, hops[0]), over(&v6, hops[1])].concat())
    };
    await_table("all are there", &router, &wanted(["192.0.2.2 to-a", "2001:db8:2::2 to-a"]));
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
    batch += "route del 2001:db8:20::/48\nroute del 2001:db8:21::/48\n";
    batch += "route replace 2001:db8:ffff::/48 via 2001:db8:3::2\n";
    let path = router.write("batch", &batch);
    router.run("ip", &["-batch", &path.to_string_lossy()]);
    crier.process().signal("CONT");
    await_table("all are as they should be", &router, &wanted(["192.0.3.2 to-b", "2001:db8:3::2 to-b"]));
    assert!(crier.json(&["status"])["kernel"]["overruns"].as_u64() > Some(0));
    crier.process().assert_running();
}

/// The memory of the process that asks pays for a route: past its group's limit the kernel refuses.
#[test]
fn a_kernel_that_has_no_memory_left() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let Some(group) = MemoryGroup::new(&lab) else {
        return skip("the system limits no memory by groups (cgroup version 1)");
    };
    let Bed { router, feeder, source, configuration } = Bed::new(&lab);
    let mut crier = Crier::start_with(&router, &(configuration + "[limits]\nprefault = true\n"));
    let feed = Feed::connect(&feeder);
    let first = [prefixes(20..21), prefixes_v6(20..21)].concat();
    for (hop, prefix) in HOPS.into_iter().zip(&first) {
        feed.announce(hop, &[prefix]);
        feeder.loopback(&[&inside(prefix)]);
    }
    let count = || table(&router).len();
    await_until("the first are in", count, |count| *count == 2);
    let traffic: Vec<Traffic> =
        first.iter().map(|prefix| Traffic::start(&source, &feeder, &inside(prefix))).collect();
    let begin: Vec<usize> = traffic.iter().map(Traffic::arrived_so_far).collect();
    group.limit(crier.process(), LITTLE);
    let many = [
        many(|id| format!("10.{}.{}.0/24", 100 + (id >> 8), id & 255)),
        many(|id| format!("2001:db8:{:x}::/48", 0x1000 + id)),
    ];
    for (hop, prefixes) in HOPS.into_iter().zip(&many) {
        texts(prefixes).chunks(400).for_each(|some| feed.announce(hop, some));
    }
    await_until("the kernel refuses", || group.failures(), |count| *count > 100);
    traffic.iter().for_each(|traffic| traffic.await_arrivals(500));
    let some = count();
    group.limit(crier.process(), PLENTY);
    await_until("all are in", count, |count| *count == 2 + 2 * usize::try_from(MANY).unwrap());
    let kernel = crier.json(&["status"])["kernel"].take();
    println!("{some} were in before, {kernel}");
    assert!(
        some < 2 + 2 * usize::try_from(MANY).unwrap() && kernel["refusals"].as_u64() > Some(0),
        "{kernel}"
    );
    traffic.iter().for_each(|traffic| traffic.await_arrivals(300));
    for (traffic, begin) in traffic.into_iter().zip(begin) {
        let account = traffic.stop();
        assert_eq!(account.lost(begin, account.sent()), 0, "of {}", account.sent() - begin);
    }
    crier.process().assert_running();
}
