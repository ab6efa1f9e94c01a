mod missing;

use std::time::Duration;

use super::*;
use crate::sim::Micros;
use crate::sim::plan::{KernelFault, Tolerated, WorkKind};

const TOR: &str = r#"
    [router]
    asn = 65000
    router-id = "10.0.0.1"
    [[group]]
    name = "nodes"
    remote-asn = "external"
    dynamic = ["10.0.0.0/24"]
    timers = { hold = 9 }
    import = "pods"
    export = "accept-all"
    [[policy]]
    name = "pods"
    [[policy.rule]]
    prefix = "172.20.0.0/16 ge 24 le 24"
    action = "accept"
"#;

fn node(number: u8) -> String {
    format!(
        "[router]\nasn = {}\nrouter-id = \"10.0.0.{number}\"\n[[neighbor]]\naddress = \"10.0.0.1\"\nremote-asn = 65000\n\
         import = \"accept-all\"\nexport = \"accept-all\"\ntimers = {{ hold = 9, connect-retry = 5 }}\n\
         [[network]]\nprefix = \"172.20.{number}.0/24\"\n",
        65000 + u32::from(number)
    )
}

/// A switch and a link to each of two nodes; behind one of them a server that speaks no BGP.
fn tree(seed: u64) -> Network {
    Network::new(seed)
        .router("tor", TOR.replace("10.0.0.0/24", "10.0.0.0/16"))
        .router("node2", node(2))
        .router("node3", node(3).replace("\"10.0.0.1\"", "\"10.0.3.1\""))
        .host("server")
        .link("rack2", &[("tor", "10.0.0.1/24"), ("node2", "10.0.0.2/24")])
        .link("rack3", &[("tor", "10.0.3.1/24"), ("node3", "10.0.3.3/24")])
        .link("lan", &[("node3", "10.9.0.3/24"), ("server", "10.9.0.9/24")])
        .address("server", "192.0.2.1")
        .route("node3", "192.0.2.0/24", "10.9.0.9")
}

/// A switch and two nodes on one link.
fn flat(seed: u64) -> Simulation {
    let ends = [("tor", "10.0.0.1/24"), ("node2", "10.0.0.2/24"), ("node3", "10.0.0.3/24")];
    let network = Network::new(seed).router("tor", TOR).router("node2", node(2)).router("node3", node(3));
    network.link("rack", &ends).start().unwrap()
}

fn prefixes(rows: &[RouteRow]) -> Vec<String> {
    rows.iter().map(|row| row.prefix.to_string()).collect()
}

fn words(error: Error) -> String {
    error.to_string()
}

#[test]
fn tables_are_those_that_the_command_line_shows() {
    let mut sim = flat(1);
    sim.settle().unwrap();
    let rows = sim.routes("tor").unwrap();
    assert_eq!(prefixes(&rows), ["172.20.2.0/24", "172.20.3.0/24"]);
    assert_eq!(rows[0].peer, Some([10, 0, 0, 2].into()));
    assert_eq!(rows[0].as_path.as_deref(), Some("65002"));
    assert!(rows[0].best && rows[0].age_s.unwrap() > 10);
    assert!(rows.iter().all(|row| row.installed), "{rows:?}");
    let own = sim.routes("node2").unwrap();
    let by = |row: &RouteRow| (row.peer.is_some(), row.installed);
    assert_eq!(own.iter().map(by).collect::<Vec<_>>(), [(false, false), (true, true)]);
    let peers = sim.peers("tor").unwrap();
    assert!(peers.iter().all(|peer| peer.state == "Established" && peer.group.as_deref() == Some("nodes")));
    assert_eq!(peers.len(), 2);
    let told = sim.advertised("tor").unwrap();
    assert_eq!(told.iter().filter(|row| row.peer == Some([10, 0, 0, 3].into())).count(), 1);
    let installed = sim.installed("node2").unwrap();
    assert_eq!(installed.len(), 1);
    assert_eq!(
        (installed[0].prefix.to_string().as_str(), installed[0].next_hops.as_slice()),
        ("172.20.3.0/24", [[10, 0, 0, 1].into()].as_slice())
    );
}

#[test]
fn refused_routes_have_their_reason() {
    let mut sim = flat(1);
    sim.settle().unwrap();
    sim.announce("node2", "192.0.2.0/24").unwrap();
    sim.settle().unwrap();
    assert_eq!(prefixes(&sim.routes("tor").unwrap()), ["172.20.2.0/24", "172.20.3.0/24"]);
    let received = sim.received("tor").unwrap();
    let refused = received.iter().find(|row| row.prefix.to_string() == "192.0.2.0/24").unwrap();
    assert_eq!(refused.reason.as_deref(), Some("policy"));
    let why = sim.why("tor", "192.0.2.0/24").unwrap();
    let [WhyRow::Refused { why, .. }] = why.as_slice() else { panic!("{why:?}") };
    assert_eq!(why, "import policy \"pods\" rejects it: no rule matches");
    sim.withdraw("node2", "192.0.2.0/24").unwrap();
    sim.settle().unwrap();
    assert!(words(sim.why("tor", "192.0.2.0/24").unwrap_err()).starts_with("tor: 192.0.2.0/24: no neighbor"));
}

#[test]
fn packets_are_followed_over_links_and_static_routes() {
    let mut sim = tree(1).start().unwrap();
    sim.settle().unwrap();
    let journey = sim.trace("node2", "172.20.3.9").unwrap();
    assert!(journey.arrives(), "{journey:?}");
    assert_eq!(journey.delivered, ["node3".to_owned()].into());
    let journey = sim.trace("node3", "192.0.2.1").unwrap();
    assert_eq!(journey.delivered, ["server".to_owned()].into());
    let nowhere = sim.trace("node2", "192.0.2.1").unwrap();
    assert_eq!(nowhere.lost, [Lost { at: "node2".to_owned(), next_hop: None }].into());
    sim.fault(Trouble::Cut { link: "rack3" }).unwrap();
    let cut = sim.trace("node2", "172.20.3.9").unwrap();
    assert_eq!(cut.lost, [Lost { at: "tor".to_owned(), next_hop: Some([10, 0, 3, 3].into()) }].into());
}

#[test]
fn settling_in_trouble_waits_for_hold_timers() {
    let mut sim = flat(1);
    sim.settle().unwrap();
    let trouble = sim.fault(Trouble::CutFrom { link: "rack", host: "node2" }).unwrap();
    sim.settle().unwrap();
    assert_eq!(prefixes(&sim.routes("tor").unwrap()), ["172.20.3.0/24"]);
    sim.mend(trouble);
    sim.settle().unwrap();
    assert_eq!(sim.routes("tor").unwrap().len(), 2);
    let trouble = sim.fault(Trouble::Crash { host: "node3" }).unwrap();
    assert!(words(sim.routes("node3").unwrap_err()).contains("no daemon runs there"));
    sim.settle().unwrap();
    assert_eq!(prefixes(&sim.routes("tor").unwrap()), ["172.20.2.0/24"]);
    sim.mend(trouble);
    sim.settle().unwrap();
    assert_eq!(sim.routes("tor").unwrap().len(), 2);
}

#[test]
fn what_lasts_no_time_is_over_at_once() {
    let mut sim = flat(1);
    sim.settle().unwrap();
    let reset = sim.fault(Trouble::Reset { host: "tor", peer: "node2" }).unwrap();
    sim.fault(Trouble::HalfOpen { host: "tor", peer: "node3" }).unwrap();
    sim.fault(Trouble::ClockJump { host: "node3", by: Micros::secs(7) }).unwrap();
    sim.mend(reset);
    sim.settle().unwrap();
    assert_eq!(sim.routes("tor").unwrap().len(), 2);
    let flaps: u32 = sim.peers("tor").unwrap().iter().map(|peer| peer.flaps).sum();
    assert_eq!(flaps, 2);
}

#[test]
fn a_kernel_that_refuses_routes_breaks_a_rule() {
    let mut sim = flat(1);
    sim.settle().unwrap();
    let trouble = sim.fault(Trouble::Kernel { host: "tor", how: KernelFault::Refuse }).unwrap();
    sim.announce("node2", "172.20.99.0/24").unwrap();
    sim.run_for(Duration::from_secs(5)).unwrap();
    // The speaker has it, its kernel does not.
    let rows = sim.received("tor").unwrap();
    let row = rows.iter().find(|row| row.prefix.to_string() == "172.20.99.0/24").unwrap();
    assert!(row.multipath && !row.installed, "{row:?}");
    let why = sim.why("tor", "172.20.99.0/24").unwrap();
    let installed = |row: &WhyRow| match row {
        WhyRow::Path { route, .. } => Some(route.installed),
        _ => None,
    };
    assert_eq!(why.iter().filter_map(installed).collect::<Vec<_>>(), [false], "{why:?}");
    let error = sim.settle_within(Duration::from_secs(60)).unwrap_err();
    assert!(matches!(&error, Error::Broken { events, .. } if !events.is_empty()), "{error}");
    sim.mend(trouble);
    sim.settle().unwrap();
    assert_eq!(sim.installed("tor").unwrap().len(), 3);
}

#[test]
fn a_reload_changes_tables_and_a_wrong_one_changes_nothing() {
    let mut sim = flat(1);
    sim.settle().unwrap();
    let strict = TOR.replace("ge 24 le 24", "ge 23 le 23");
    sim.reload("tor", strict.as_str()).unwrap();
    sim.settle().unwrap();
    assert!(sim.routes("tor").unwrap().is_empty());
    sim.reload("tor", TOR).unwrap();
    sim.settle().unwrap();
    assert_eq!(sim.routes("tor").unwrap().len(), 2);
    let wrong = TOR.replace("asn = 65000", "asn = 0");
    assert!(words(sim.reload("tor", wrong).unwrap_err()).starts_with("tor:3:11: router.asn: found 0"));
    let larger = format!("{TOR}\n[limits]\npeers = 321\n");
    let refused = sim.reload("tor", larger.as_str()).unwrap_err();
    assert!(matches!(refused, Error::RestartNeeded { .. }), "{refused}");
    assert_eq!(words(refused), "tor: limits: peers changed from 320 to 321: restart needed");
    sim.settle().unwrap();
    assert_eq!(sim.routes("tor").unwrap().len(), 2);
    // A restart takes it, and nothing before.
    let peers = |sim: &Simulation| sim.running("tor").unwrap().model.limits.peers;
    sim.write_config("tor", larger).unwrap();
    assert_eq!(peers(&sim), 320);
    let killed = sim.fault(Trouble::Kill { host: "tor" }).unwrap();
    sim.mend(killed);
    sim.settle().unwrap();
    assert_eq!((peers(&sim), sim.routes("tor").unwrap().len()), (321, 2));
}

#[test]
fn operators_are_told_what_is_refused() {
    let mut sim = flat(1);
    sim.settle().unwrap();
    assert!(words(sim.withdraw("node2", "172.20.2.0/24").unwrap_err()).contains("[[network]]"));
    assert_eq!(words(sim.shutdown("tor", "10.0.0.9").unwrap_err()), "tor: no neighbor 10.0.0.9");
    sim.shutdown("node2", "10.0.0.1").unwrap();
    sim.drain("node3").unwrap();
    sim.settle().unwrap();
    sim.run_for(Duration::from_secs(10)).unwrap();
    assert!(sim.routes("tor").unwrap().is_empty());
    sim.enable("node2", "10.0.0.1").unwrap();
    sim.undrain("node3").unwrap();
    sim.settle().unwrap();
    let soft = WorkKind::Clear([10, 0, 0, 1].into(), crier_core::speaker::Clear::SoftOut);
    sim.operate("node2", soft).unwrap();
    assert_eq!(sim.routes("tor").unwrap().len(), 2);
}

#[test]
fn everything_that_is_wrong_with_a_network_is_said() {
    let network = Network::new(1)
        .router("a", TOR)
        .host("a")
        .link("one", &[("a", "10.0.0.1"), ("b", "10.0.0.2/24")])
        .link("one", &[("a", "10.0.0.1/24"), ("a", "10.0.0.1/25")])
        .address("a", "10.0.0.300")
        .address("c", "10.0.0.3")
        .route("a", "10.0.0.1/8", "10.0.0.2");
    let Err(Error::Network(faults)) = network.start() else { panic!("it was started") };
    let expected = [
        "host \"a\": there are two of this name",
        "host \"a\": \"10.0.0.300\" is no address",
        "host \"c\" is not there",
        "host \"a\": \"10.0.0.1/8\" by \"10.0.0.2\" is no route: a prefix without host bits and an address make one",
        "link \"one\", \"a\": \"10.0.0.1\" is no address with the length of its prefix",
        "link \"one\": host \"b\" is not there",
        "link \"one\": there are two of this name",
        "10.0.0.1 is an address of both \"a\" and \"a\"",
    ];
    assert_eq!(faults, expected);
}

#[test]
fn wrong_configurations_are_named_with_file_and_line() {
    let network = Network::new(1).router("a", "[router]\nasn = 0\n").router("b", Path::new("no/such.toml"));
    let Err(error) = network.start() else { panic!("it was started") };
    // What a `main` that returns it prints.
    let text = format!("{error:?}");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("a:2:7: router.asn: found 0"), "{text}");
    assert!(lines[1].starts_with("no/such.toml: cannot be read: "), "{text}");
}

#[test]
fn names_that_nobody_has_are_refused_with_those_there_are() {
    let mut sim = flat(1);
    assert_eq!(
        words(sim.routes("rot").unwrap_err()),
        "host \"rot\" is not there: there is tor, node2, node3"
    );
    let cut = sim.fault(Trouble::Cut { link: "rock" });
    assert_eq!(words(cut.unwrap_err()), "link \"rock\" is not there: there is rack");
}

#[test]
fn the_same_network_told_the_same_sends_the_same_packets() {
    let told = |seed| {
        let mut sim = flat(seed);
        sim.settle().unwrap();
        sim.announce("node2", "172.20.99.0/24").unwrap();
        sim.fault(Trouble::Kill { host: "node3" }).unwrap();
        sim.run_for(Duration::from_secs(30)).unwrap();
        (sim.hash(), sim.statistics())
    };
    assert_eq!(told(3), told(3));
    assert_ne!(told(3).0, told(4).0);
}

/// Three around one; each prefers the way by its neighbor in the ring, if that one goes straight. There is no stable state.
fn bad_gadget(tolerated: Tolerated) -> Simulation {
    let slow = Quality { delay: Micros::millis(100), ..Quality::default() };
    let neighbor = |address: &str, import: &str| {
        format!(
            "[[neighbor]]\naddress = \"{address}\"\nremote-asn = \"external\"\nimport = \"{import}\"\n\
             export = \"accept-all\"\ntimers = {{ hold = 30, connect-retry = 2 }}\n"
        )
    };
    let mut network = Network::new(1).tolerate(tolerated);
    let middle: String = (1..4).map(|ring| neighbor(&format!("10.0.{ring}.2"), "reject-all")).collect();
    network = network.router(
        "r0",
        format!(
            "[router]\nasn = 100\nrouter-id = \"10.0.0.100\"\n{middle}[[network]]\nprefix = \"172.20.0.0/16\"\n"
        ),
    );
    for number in 1..4 {
        // The ring goes 1, 2, 3, 1; link 1N is from N to the next one.
        let (next, before) = (number % 3 + 1, (number + 1) % 3 + 1);
        let neighbors = [
            neighbor(&format!("10.0.{number}.1"), "accept-all"),
            neighbor(&format!("10.1.{number}.2"), "straight"),
            neighbor(&format!("10.1.{before}.1"), "reject-all"),
        ];
        let text = format!(
            "[router]\nasn = {number}\nrouter-id = \"10.0.0.{number}\"\n{}[[policy]]\nname = \"straight\"\n\
             [[policy.rule]]\nas-path-length = 2\nset = {{ local-pref = 200 }}\naction = \"accept\"\n",
            neighbors.concat()
        );
        let (name, to) = (format!("r{number}"), format!("r{next}"));
        let [hub, spoke] = [1, 2].map(|end| format!("10.0.{number}.{end}/24"));
        let [here, there] = [1, 2].map(|end| format!("10.1.{number}.{end}/24"));
        network = network
            .router(&name, text)
            .poor_link(&format!("spoke{number}"), &[("r0", &hub), (&name, &spoke)], slow)
            .poor_link(&format!("ring{number}"), &[(&name, &here), (&to, &there)], slow);
    }
    network.start().unwrap()
}

#[test]
fn what_changes_for_ever_is_an_error_unless_it_is_tolerated() {
    let limit = Duration::from_secs(40);
    let error = bad_gadget(Tolerated::default()).settle_within(limit).unwrap_err();
    assert!(
        matches!(&error, Error::Oscillates(what) if what.contains("172.20.0.0/16 at r1, r2, r3")),
        "{error}"
    );
    let mut sim = bad_gadget(Tolerated { oscillation: true, ..Tolerated::default() });
    let last = sim.settle_within(limit).unwrap();
    // It went on to the end.
    assert!(last > Micros::secs(38) && sim.now() >= Micros::secs(40), "{last}");
}

#[test]
fn twenty_seconds_of_silence_are_needed_to_settle() {
    let mut sim = flat(1);
    sim.settle().unwrap();
    sim.announce("node2", "172.20.99.0/24").unwrap();
    let error = sim.settle_within(Duration::from_secs(15)).unwrap_err();
    let said = words(error);
    assert!(said.contains("UPDATEs are being sent"), "{said}");
    assert!(sim.settle_within(Duration::from_secs(30)).unwrap() < Micros::secs(1));
}
