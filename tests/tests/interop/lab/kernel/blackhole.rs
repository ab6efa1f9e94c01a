//! What a neighbor asks to have dropped is dropped (RFC 7999), and only that.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr, UdpSocket};

use crier_core::Family;
use crier_tests::lab::{Bird, Crier, Daemon, ExaBgp, Kind, Lab, Namespace, OrFail as _, Plan, await_until};
use serde_json::Value;

use super::restart::Monitor;
use super::{KERNEL, forward, objects, shown};

/// For each family a host that is dropped, another one of its network, and the network.
const NAMES: [[&str; 3]; 2] = [
    ["198.51.100.1", "198.51.100.9", "198.51.100.0/24"],
    ["2001:db8:9::1", "2001:db8:9::9", "2001:db8:9::/48"],
];

/// A router, who asks, and who sends to whom that is about, which is the same host.
struct Scene {
    router: Namespace,
    victim: Namespace,
    sender: Namespace,
}

impl Scene {
    fn new(lab: &Lab) -> Self {
        let [router, victim, sender] = ["r", "v", "s"].map(|name| lab.node(name));
        router.link(&["192.0.2.1/24", "2001:db8:1::1/64"], &victim, &["192.0.2.2/24", "2001:db8:1::2/64"]);
        router.link(&["198.18.0.1/24", "2001:db8:2::1/64"], &sender, &["198.18.0.2/24", "2001:db8:2::2/64"]);
        for node in [&router, &victim] {
            forward(node);
        }
        victim.loopback(&["198.51.100.1/32", "198.51.100.9/32", "2001:db8:9::1/128", "2001:db8:9::9/128"]);
        sender.run("ip", &["route", "add", "default", "via", "198.18.0.1"]);
        sender.run("ip", &["route", "add", "default", "via", "2001:db8:2::1"]);
        Self { router, victim, sender }
    }

    fn configuration(&self) -> String {
        let plan = Plan::new(65000, [10, 0, 0, 1])
            .neighbor("192.0.2.1", "192.0.2.2", 65001)
            .with(|victim| victim.extra = "blackhole = true".to_owned())
            .neighbor("198.18.0.1", "198.18.0.2", 65002);
        Crier::configuration(&plan) + KERNEL
    }

    fn exabgp(&self) -> ExaBgp {
        ExaBgp::start(
            &self.victim,
            &Plan::new(65001, [10, 0, 0, 2]).neighbor("192.0.2.2", "192.0.2.1", 65000),
        )
    }

    fn bird(&self) -> Bird<'_> {
        Bird::start(
            &self.sender,
            &Plan::new(65002, [10, 0, 0, 3]).neighbor("198.18.0.2", "198.18.0.1", 65000),
        )
    }

    /// What crier has in the kernel: prefix, and whether packets are dropped.
    fn table(&self) -> BTreeMap<String, bool> {
        let ours = shown(&self.router, &["proto", "bgp"]);
        let row = |route: &Value| {
            (route["dst"].as_str().unwrap_or_default().to_owned(), route["type"] == "blackhole")
        };
        ours.iter().map(row).collect()
    }

    #[track_caller]
    fn await_table(&self, what: &str, wanted: &[(&str, bool)]) {
        let wanted = wanted.iter().map(|(prefix, drops)| ((*prefix).to_owned(), *drops)).collect();
        await_until(what, || self.table(), |table| *table == wanted);
    }

    /// Whether a datagram to the first host arrives before one that is sent to the second one after it.
    fn arrives(&self, [first, second, _]: [&str; 3]) -> bool {
        let target = |host: &str| SocketAddr::new(host.parse::<IpAddr>().or_fail(host), 4790);
        let listen = |host| self.victim.enter(|| UdpSocket::bind(target(host))).or_fail("listening");
        let (first_in, second_in) = (listen(first), listen(second));
        let any = if target(first).is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
        let out = self.sender.enter(|| UdpSocket::bind(any)).or_fail("sending");
        let mut room = [0; 8];
        second_in.set_nonblocking(true).or_fail("waiting");
        await_until(
            "the second arrives",
            || {
                for host in [first, second] {
                    out.send_to(b"x", target(host)).or_fail("sending");
                }
                second_in.recv(&mut room).is_ok()
            },
            |arrived| *arrived,
        );
        first_in.set_nonblocking(true).or_fail("looking");
        first_in.recv(&mut room).is_ok()
    }

    /// What the third neighbor has been told.
    fn told(bird: &Bird<'_>) -> Vec<String> {
        let learned = Family::ALL.map(|family| bird.learned("198.18.0.1", family));
        learned.into_iter().flat_map(|routes| routes.into_keys().collect::<Vec<_>>()).collect()
    }
}

/// Asks for a host and for its network, of which only the host counts.
fn ask(exabgp: &ExaBgp) {
    for [host, _, net] in NAMES {
        let (length, hop) = if host.contains(':') { (128, "2001:db8:1::2") } else { (32, "192.0.2.2") };
        for prefix in [net.to_owned(), format!("{host}/{length}")] {
            exabgp.command(&format!("announce route {prefix} next-hop {hop} community [65535:666]"));
        }
    }
}

fn dropped_until_withdrawn(by_objects: bool) {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::ExaBgp, Kind::Bird]) else { return };
    let scene = Scene::new(&lab);
    let mut configuration = scene.configuration();
    if !by_objects {
        // Only the record tells the next process what is crier's.
        let state_dir = format!("[router]\nstate-dir = \"{}\"\n", lab.dir().display());
        configuration = configuration.replace("[router]\n", &state_dir) + "next-hop-ids = 0\n";
    }
    let mut crier = Crier::start_with(&scene.router, &configuration);
    let (exabgp, bird) = (scene.exabgp(), scene.bird());
    crier.await_established("192.0.2.2");
    crier.await_established("198.18.0.2");
    ask(&exabgp);
    let [[host4, _, net4], [host6, _, net6]] = NAMES;
    let wanted = [(net4, false), (host4, true), (host6, true), (net6, false)];
    scene.await_table("hosts are dropped", &wanted);
    await_until("the third neighbor knows the networks", || Scene::told(&bird), |told| *told == [net4, net6]);
    assert_eq!(NAMES.map(|names| scene.arrives(names)), [false, false]);
    let shown = scene.router.run("ip", &["-4", "route", "show", host4]);
    assert!(shown.starts_with("blackhole 198.51.100.1 ") && shown.contains("proto bgp metric 20"), "{shown}");
    let drops = |crier: &Crier<'_>| {
        let routes = crier.routes(&["available"]);
        routes.iter().filter(|route| route["blackhole"] == true && route["installed"] == true).count()
    };
    await_until("crier says so", || drops(&crier), |count| *count == 2);
    let why = crier.command(&["why", &format!("{host6}/128")]);
    assert!(why.contains("installed: blackhole") && why.contains("asks for (RFC 7999)"), "{why}");

    // Killed and started again: they stay, and not a word is said of them.
    let before = (scene.table(), objects(&scene.router));
    let monitor = Monitor::start(&scene.router);
    crier.process().kill();
    drop(crier);
    assert_eq!((NAMES.map(|names| scene.arrives(names)), scene.table()), ([false, false], before.0.clone()));
    let mut crier = Crier::start_with(&scene.router, &configuration);
    crier.await_established("192.0.2.2");
    crier.await_established("198.18.0.2");
    await_until("they are crier's again", || drops(&crier), |count| *count == 2);
    let settled = || crier.json(&["status"])["kernel"]["adopted"].as_u64();
    await_until("and all the others", settled, |left| *left == Some(0));
    assert_eq!(monitor.heard(), Vec::<String>::new());
    assert_eq!((scene.table(), objects(&scene.router)), before);

    // Withdrawn, they go, and the networks take their packets.
    for [host, ..] in NAMES {
        let length = if host.contains(':') { 128 } else { 32 };
        let hop = if host.contains(':') { "2001:db8:1::2" } else { "192.0.2.2" };
        exabgp.command(&format!("withdraw route {host}/{length} next-hop {hop}"));
    }
    scene.await_table("they are dropped no more", &[(net4, false), (net6, false)]);
    assert_eq!(NAMES.map(|names| scene.arrives(names)), [true, true]);

    // Of a neighbor that may not ask, the same hosts are forwarded.
    ask(&exabgp);
    scene.await_table("dropped again", &wanted);
    crier.reload(&configuration.replace("blackhole = true", "blackhole = false")).or_fail("reloading");
    // ExaBGP cannot refresh.
    crier.command(&["clear", "192.0.2.2"]);
    scene.await_table("forwarded", &wanted.map(|(prefix, _)| (prefix, false)));
    assert_eq!(NAMES.map(|names| scene.arrives(names)), [true, true]);
    crier.process().signal("INT");
    await_until("it has ended", || crier.process().has_ended(), |ended| *ended);
    assert_eq!((scene.table(), objects(&scene.router)), (BTreeMap::new(), vec![]));
}

#[test]
fn hosts_are_dropped_by_an_object() {
    dropped_until_withdrawn(true);
}

#[test]
fn hosts_are_dropped_by_the_route_itself() {
    dropped_until_withdrawn(false);
}
