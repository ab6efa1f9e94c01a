//! A session with FRR, recorded by the program as a user runs it, and run again.

use std::path::Path;

use crier_tests::lab::{Crier, Daemon, Frr, Kind, Lab, OrFail, Plan, await_until};
use crier_tests::sim::replay::{End, replay_file};
use serde_json::Value;

const PLAN_PREFIXES: [&str; 2] = ["172.20.2.0/24", "2001:db8:2::/48"];

#[test]
fn a_session_with_frr_replays_to_the_same_bytes_and_routes() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Frr]) else { return };
    let (a, b) = (lab.node("a"), lab.node("b"));
    a.link(&["192.0.2.1/24", "2001:db8::1/64"], &b, &["192.0.2.2/24", "2001:db8::2/64"]);
    let plan = Plan::new(65001, [10, 0, 0, 1]).neighbor("192.0.2.1", "192.0.2.2", 65002);
    let file = a.dir().join("frr.crier-record");
    let crier = Crier::start_recorded(&a, &Crier::configuration(&plan.announce("172.20.1.0/24")), &file);
    let plan = Plan::new(65002, [10, 0, 0, 2]).neighbor("192.0.2.2", "192.0.2.1", 65001);
    let frr = Frr::start(&b, &PLAN_PREFIXES.iter().fold(plan, |plan, prefix| plan.announce(prefix)));
    crier.await_prefixes("192.0.2.2", &PLAN_PREFIXES);
    frr.await_prefixes("192.0.2.1", &["172.20.1.0/24"]);

    // Announced and withdrawn, both ways.
    crier.command(&["announce", "172.20.11.0/24", "med=7", "community=65001:1"]);
    crier.command(&["announce", "172.20.12.0/24"]);
    frr.await_prefixes("192.0.2.1", &["172.20.1.0/24", "172.20.11.0/24", "172.20.12.0/24"]);
    crier.command(&["withdraw", "172.20.12.0/24"]);
    frr.await_prefixes("192.0.2.1", &["172.20.1.0/24", "172.20.11.0/24"]);
    let ipv4 = |line: &str| {
        frr.vtysh(&["configure terminal", "router bgp 65002", "address-family ipv4 unicast", line]);
    };
    ipv4("network 172.20.21.0/24");
    ipv4("network 172.20.22.0/24");
    let all = ["172.20.2.0/24", "172.20.21.0/24", "172.20.22.0/24", "2001:db8:2::/48"];
    crier.await_prefixes("192.0.2.2", &all);
    ipv4("no network 172.20.22.0/24");
    let left = ["172.20.2.0/24", "172.20.21.0/24", "2001:db8:2::/48"];
    crier.await_prefixes("192.0.2.2", &left);

    // Refreshed, both ways.
    let counter = |name: &str| frr.neighbor("192.0.2.1")["messageStats"][name].as_u64();
    crier.command(&["clear", "192.0.2.2", "--soft", "in"]);
    await_until("FRR is asked", || counter("routeRefreshRecv"), |count| *count >= Some(2));
    let before = counter("updatesRecv");
    crier.command(&["clear", "192.0.2.2", "--soft", "out"]);
    await_until("FRR is told again", || counter("updatesRecv"), |count| *count > before);

    // Reset from here, and from there.
    let flaps = || crier.peer("192.0.2.2")["flaps"].as_u64();
    crier.command(&["clear", "192.0.2.2"]);
    await_until("the session is reset", flaps, |flaps| *flaps >= Some(1));
    crier.await_prefixes("192.0.2.2", &left);
    frr.vtysh(&["clear bgp *"]);
    await_until("the session is reset by FRR", flaps, |flaps| *flaps >= Some(2));
    crier.await_prefixes("192.0.2.2", &left);
    frr.await_prefixes("192.0.2.1", &["172.20.1.0/24", "172.20.11.0/24"]);

    let shown = without_ages(crier.routes(&["available"]));
    assert_eq!(shown.len(), 5, "{shown:#?}");
    await_until("the recording has the same routes", || recorded_routes(&file), |routes| *routes == shown);
    if let Some(kept) = std::env::var_os("CRIER_KEEP_RECORDING") {
        std::fs::copy(&file, kept).or_fail("keeping the recording");
    }
    let mut crier = crier;
    crier.process().stop();
    let replayed = replay_file(&file).or_fail("replaying the recording");
    assert_eq!(replayed.end, End::Whole);
    assert_eq!(replayed.rib().len(), 2, "what was learned is gone with the session");
}

/// The routes at the end of a recording that may be under way.
fn recorded_routes(file: &Path) -> Vec<Value> {
    let replayed = replay_file(file).or_fail("replaying the recording");
    let rows = replayed.rib().into_iter().map(|row| serde_json::to_value(row).or_fail("a route as JSON"));
    without_ages(rows.collect())
}

fn without_ages(mut routes: Vec<Value>) -> Vec<Value> {
    for route in routes.iter_mut().filter_map(Value::as_object_mut) {
        route.remove("age_s");
    }
    // In the same order as those of the replay, whatever that is.
    routes.sort_by_key(ToString::to_string);
    routes
}
