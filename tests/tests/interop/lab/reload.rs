//! A reload changes what differs and touches nothing else.

use crier_tests::lab::{Bird, Crier, Daemon, Frr, Kind, Lab, Plan, await_until};

#[test]
fn a_reload_adds_a_neighbor_and_a_policy_and_touches_no_session() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Bird, Kind::Frr]) else { return };
    let (tor, one, two) = (lab.node("tor"), lab.node("one"), lab.node("two"));
    tor.link(&["192.0.2.1/24"], &one, &["192.0.2.2/24"]);
    tor.link(&["198.51.100.1/24"], &two, &["198.51.100.2/24"]);
    let before =
        Plan::new(65001, [10, 0, 0, 1]).neighbor("192.0.2.1", "192.0.2.2", 65002).announce("172.20.1.0/24");
    let crier = Crier::start(&tor, &before);
    let plan = Plan::new(65002, [10, 0, 0, 2]).neighbor("192.0.2.2", "192.0.2.1", 65001);
    let bird = Bird::start(&one, &plan.announce("172.20.2.0/24").announce("172.20.9.0/24"));
    let plan = Plan::new(65003, [10, 0, 0, 3]).neighbor("198.51.100.2", "198.51.100.1", 65001);
    let frr = Frr::start(&two, &plan.announce("172.20.3.0/24"));
    crier.await_prefixes("192.0.2.2", &["172.20.2.0/24", "172.20.9.0/24"]);
    let uptime = || crier.peer("192.0.2.2")["uptime_s"].as_u64().unwrap_or_default();
    await_until("the session is a second old", uptime, |uptime| *uptime >= 1);

    let after = before
        .clone()
        .with(|one| one.extra = "import = \"no-nines\"\n".to_owned())
        .neighbor("198.51.100.1", "198.51.100.2", 65003)
        .announce("172.20.7.0/24");
    let policy = "\n[[policy]]\nname = \"no-nines\"\n[[policy.rule]]\nprefix = [\"172.20.9.0/24\"]\naction = \"reject\"\n\
                  [[policy.rule]]\naction = \"accept\"\n";
    let old = uptime();
    crier.reload(&(Crier::configuration(&after) + policy)).unwrap();
    // The policy holds without a new session: crier asks BIRD for its routes again.
    crier.await_prefixes("192.0.2.2", &["172.20.2.0/24"]);
    crier.await_prefixes("198.51.100.2", &["172.20.3.0/24"]);
    frr.await_prefixes("198.51.100.1", &["172.20.1.0/24", "172.20.2.0/24", "172.20.7.0/24"]);
    bird.await_prefixes("192.0.2.1", &["172.20.1.0/24", "172.20.3.0/24", "172.20.7.0/24"]);
    assert!(uptime() >= old, "the session began anew");
    assert_eq!(crier.peer("192.0.2.2")["flaps"], 0);

    // A configuration that is wrong, or one that needs other tables, is refused whole. This one lacks FRR and a route.
    let text = Crier::configuration(&before) + "\n[limits]\n";
    let place =
        |column| format!("{}:{}:{column}", crier.configuration_path().display(), text.lines().count() + 1);
    for (line, column, word) in
        [("  colour = 3", 3, "colour"), ("peers = \"many\"", 9, "limits.peers"), ("peers = ", 9, "")]
    {
        crier.write_configuration(&format!("{text}{line}"));
        let (code, said) = crier.refused(&["reload"]);
        assert_eq!((code, said.trim_end().lines().count()), (1, 1), "{said}");
        assert!(said.contains(&place(column)) && said.contains(word), "{said}");
    }
    crier.write_configuration(&(text.clone() + "prefixes = 30_000\n"));
    let (code, said) = crier.refused(&["reload"]);
    assert!(code == 1 && said.contains("restart needed"), "{said}");
    assert!(crier.established("198.51.100.2"), "the refused reload removed a neighbor");
    bird.await_prefixes("192.0.2.1", &["172.20.1.0/24", "172.20.3.0/24", "172.20.7.0/24"]);
    assert_eq!(crier.peer("198.51.100.2")["flaps"], 0);

    // And back: the neighbor goes, with what it announced.
    crier.reload(&Crier::configuration(&before)).unwrap();
    bird.await_prefixes("192.0.2.1", &["172.20.1.0/24"]);
    crier.await_prefixes("192.0.2.2", &["172.20.2.0/24", "172.20.9.0/24"]);
    assert_eq!(crier.peer("192.0.2.2")["flaps"], 0);
}
