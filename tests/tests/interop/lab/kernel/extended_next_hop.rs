//! IPv4 over a link that has IPv6 addresses only (RFC 8950): hosts behind both ends of it talk to each other.

use crier_core::Family;
use crier_tests::lab::{Bird, Crier, Daemon, Frr, Kind, Lab, Namespace, Plan, await_until};
use serde_json::Value;

use super::traffic::Traffic;
use super::{KERNEL, Table, await_table, forward};

const OURS: &str = "198.51.100.0/24";
const THEIRS: &str = "203.0.113.0/24";
const HERE: &str = "2001:db8:1::1";
const THERE: &str = "2001:db8:1::2";

/// A host, crier's router, IPv6, the other router, another host.
struct Row {
    near: Namespace,
    crier: Namespace,
    other: Namespace,
    far: Namespace,
}

impl Row {
    fn new(lab: &Lab) -> Self {
        let [near, crier, other, far] = ["near", "c", "o", "far"].map(|name| lab.node(name));
        near.link(&["198.51.100.10/24"], &crier, &["198.51.100.1/24"]);
        crier.link(&[&format!("{HERE}/64")], &other, &[&format!("{THERE}/64")]);
        other.link(&["203.0.113.1/24"], &far, &["203.0.113.10/24"]);
        near.run("ip", &["route", "add", "default", "via", "198.51.100.1"]);
        far.run("ip", &["route", "add", "default", "via", "203.0.113.1"]);
        forward(&crier);
        forward(&other);
        Self { near, crier, other, far }
    }

    /// What crier is to do, with a prefix of each family to announce.
    fn configuration() -> String {
        let plan = Plan::new(65001, [10, 0, 0, 1]).neighbor(HERE, THERE, 65002);
        Crier::configuration(&plan.announce(OURS).announce("2001:db8:98::/48")) + KERNEL
    }

    /// Both routers have both prefixes by IPv6 next hops, kernels too, and what hosts send arrives.
    fn assert_joined(&self, crier: &Crier<'_>, other: &dyn Daemon) {
        let told = crier.await_prefixes(THERE, &[THEIRS]);
        assert_eq!(told[THEIRS].next_hop, THERE);
        let wanted = |routes: &crier_tests::lab::Routes| routes.get(OURS).map(|route| route.next_hop.clone());
        await_until(
            "the other one has crier's prefix",
            || wanted(&other.learned(HERE, Family::Ipv4Unicast)),
            |next_hop| next_hop.as_deref() == Some(HERE),
        );
        await_table(
            "the route is the kernel's",
            &self.crier,
            &Table::from([(THEIRS.to_owned(), vec![format!("{THERE} to-o")])]),
        );
        let routes = self.crier.run("ip", &["-4", "route", "show", "proto", "bgp"]);
        assert!(routes.contains(&format!("via inet6 {THERE} dev to-o")), "{routes}");
        for (from, to, address) in
            [(&self.near, &self.far, "203.0.113.10"), (&self.far, &self.near, "198.51.100.10")]
        {
            Traffic::start(from, to, address).stop();
        }
        let session = crier.json(&["peers", THERE])[0].take();
        assert_eq!(session["negotiated"]["extended_next_hop"], true, "{session:#}");
        let offered = |key: &str| {
            let all = session[key].as_array().into_iter().flatten().filter_map(Value::as_str);
            all.filter(|word| *word == "extended-next-hop, ipv4-unicast via ipv6").count()
        };
        assert_eq!((offered("capabilities_sent"), offered("capabilities_received")), (1, 1), "{session:#}");
        assert!(crier.command(&["peers", THERE]).contains("IPv6 next hops for IPv4"));
        let advertised = crier.routes(&["advertised", "--peer", THERE]);
        let ours = advertised.iter().find(|route| route["prefix"] == OURS);
        assert!(ours.is_some_and(|route| route["next_hop"] == HERE), "{advertised:#?}");
    }
}

/// BIRD's configuration of the other router.
fn bird(extended: &str) -> String {
    format!(
        "log stderr all;\nrouter id 10.0.0.2;\nprotocol device {{}}\nprotocol direct {{ ipv4; }}\n\
         protocol kernel {{ ipv4 {{ import none; export where source = RTS_BGP; }}; }}\n\
         protocol bgp {} {{\n  local {THERE} as 65002;\n  neighbor {HERE} as 65001;\n  hold time 30;\n\
         \x20 connect delay time 1;\n  connect retry time 1;\n  error wait time 1, 2;\n\
         \x20 ipv4 {{ import all; export where source = RTS_DEVICE; {extended} }};\n\
         \x20 ipv6 {{ import all; export none; }};\n}}\n",
        Bird::protocol(HERE)
    )
}

/// FRR's plan of the other router.
fn frr(extra: &str) -> Plan {
    let plan = Plan::new(65002, [10, 0, 0, 2]).neighbor(THERE, HERE, 65001);
    plan.with(|neighbor| extra.clone_into(&mut neighbor.extra)).announce(THEIRS)
}

#[test]
fn with_frr() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Frr]) else { return };
    let row = Row::new(&lab);
    let frr = Frr::start(&row.other, &frr("capability extended-nexthop"));
    let crier = Crier::start_with(&row.crier, &Row::configuration());
    row.assert_joined(&crier, &frr);
    let capability = &frr.neighbor(HERE)["neighborCapabilities"]["extendedNexthop"];
    assert_eq!(capability, "advertisedAndReceived");
    // What is withdrawn goes, both ways.
    frr.vtysh(&[
        "configure terminal",
        "router bgp 65002",
        "address-family ipv4 unicast",
        &format!("no network {THEIRS}"),
    ]);
    await_table("the route is gone", &row.crier, &Table::new());
    crier.command(&["announce", "198.51.101.0/24"]);
    frr.await_prefixes(HERE, &[OURS, "198.51.101.0/24", "2001:db8:98::/48"]);
    crier.command(&["withdraw", "198.51.101.0/24"]);
    frr.await_prefixes(HERE, &[OURS, "2001:db8:98::/48"]);
    assert_eq!(crier.peer(THERE)["flaps"], 0);
}

#[test]
fn with_bird() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Bird]) else { return };
    let row = Row::new(&lab);
    let bird = Bird::start_with(&row.other, &bird("extended next hop yes;"));
    // Routes that name their next hops themselves.
    let crier = Crier::start_with(&row.crier, &(Row::configuration() + "next-hop-ids = 0\n"));
    row.assert_joined(&crier, &bird);
    crier.command(&["announce", "198.51.101.0/24"]);
    bird.await_prefixes(HERE, &[OURS, "198.51.101.0/24", "2001:db8:98::/48"]);
    crier.command(&["withdraw", "198.51.101.0/24"]);
    bird.await_prefixes(HERE, &[OURS, "2001:db8:98::/48"]);
    assert_eq!(crier.peer(THERE)["flaps"], 0);
}

/// Whoever has not offered it gets no IPv4 prefix that it could not use, and the session is none the worse for that.
#[test]
fn without_the_capability() {
    for kind in [Kind::Frr, Kind::Bird] {
        let Some(lab) = Lab::new(&[Kind::Crier, kind]) else { return };
        let row = Row::new(&lab);
        // FRR takes next hops of its own subnets only, and is to know them before the session begins.
        row.other.run("ip", &["address", "add", "192.0.2.2/30", "dev", "to-c"]);
        let other: Box<dyn Daemon> = match kind {
            Kind::Frr => Box::new(Frr::start(&row.other, &frr(""))),
            _ => Box::new(Bird::start_with(&row.other, &bird(""))),
        };
        let crier = Crier::start_with(&row.crier, &Row::configuration());
        other.await_prefixes(HERE, &["2001:db8:98::/48"]);
        let session = crier.json(&["peers", THERE])[0].take();
        assert_eq!(session["negotiated"]["extended_next_hop"], false, "{session:#}");
        let why = crier.command(&["why", OURS]);
        assert!(why.contains("RFC 8950"), "{why}");
        // What comes has, if anything, a next hop of its own family.
        let learned = crier.learned(THERE, Family::Ipv4Unicast);
        assert!(learned.values().all(|route| !route.next_hop.contains(':')), "{learned:?}");
        // An IPv4 address that there is goes instead, from the next session on.
        assert_eq!(crier.peer(THERE)["flaps"], 0);
        drop(crier);
        row.crier.run("ip", &["address", "add", "192.0.2.1/30", "dev", "to-o"]);
        let _crier = Crier::start_with(&row.crier, &Row::configuration());
        let all = other.await_prefixes(HERE, &[OURS, "2001:db8:98::/48"]);
        assert_eq!(all[OURS].next_hop, "192.0.2.1");
    }
}
