//! What crier says of a path that was not taken: `crier why` and `crier routes received`.

use std::net::Ipv4Addr;

use crier_tests::lab::{Crier, Daemon, Kind, Lab, Plan};
use crier_tests::raw_peer::RawPeer;
use crier_tests::wire::Open;
use crier_tests::wire::update::Attributes;
use serde_json::Value;

const POLICY: &str = r#"
[[policy]]
name = "no-nines"
[[policy.rule]]
prefix = ["172.20.9.0/24"]
action = "reject"
[[policy.rule]]
action = "accept"
"#;

#[test]
fn refused_rejected_and_losing_paths_are_explained() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let (tor, one, two) = (lab.node("tor"), lab.node("one"), lab.node("two"));
    tor.link(&["192.0.2.1/24"], &one, &["192.0.2.2/24"]);
    tor.link(&["198.51.100.1/24"], &two, &["198.51.100.2/24"]);
    let plan = Plan::new(65001, [10, 0, 0, 1])
        .neighbor("192.0.2.1", "192.0.2.2", 65002)
        .with(|one| one.passive = true)
        .neighbor("198.51.100.1", "198.51.100.2", 65003)
        .with(|two| (two.passive, two.extra) = (true, "import = \"no-nines\"\n".to_owned()));
    let crier = Crier::start_with(&tor, &(Crier::configuration(&plan) + POLICY));
    let mut one = RawPeer::connect(&one, "192.0.2.1");
    one.establish(&Open::new(65002, [10, 0, 0, 2]));
    one.send(&Attributes::new(&[65002], Ipv4Addr::new(192, 0, 2, 2)).announce(&[24, 172, 20, 1]));
    let mut two = RawPeer::connect(&two, "198.51.100.1");
    two.establish(&Open::new(65003, [10, 0, 0, 3]));
    let route = |path: &[u32]| Attributes::new(path, Ipv4Addr::new(198, 51, 100, 2));
    two.send(&route(&[65003, 65001]).announce(&[24, 172, 20, 2]));
    two.send(&route(&[65003]).announce(&[24, 172, 20, 9]));
    two.send(&route(&[65003, 65010]).announce(&[24, 172, 20, 1]));
    crier.await_prefixes("198.51.100.2", &["172.20.1.0/24"]);
    crier.await_prefixes("192.0.2.2", &["172.20.1.0/24"]);

    // A path that loses, and the step at which it does.
    let steps: Vec<(Value, Value)> = crier
        .json(&["why", "172.20.1.0/24"])
        .as_array_mut()
        .unwrap()
        .iter_mut()
        .filter(|row| row["about"] == "path")
        .map(|row| (row["peer"].take(), row["step"].take()))
        .collect();
    let expected = [("192.0.2.2", "best"), ("198.51.100.2", "as-path-length")];
    assert_eq!(steps, expected.map(|(peer, step)| (Value::from(peer), Value::from(step))));
    let said = crier.command(&["why", "172.20.1.0/24"]);
    assert!(said.contains("from 198.51.100.2: not best: longer AS_PATH (RFC 4271, 9.1.2.2 a)"), "{said}");
    assert!(said.contains("to 198.51.100.2: announced: export policy \"accept-all\""), "{said}");
    assert!(said.contains("to 192.0.2.2: held back: the best path came from this neighbor"), "{said}");
    // One that was refused whatever the policy says, and one that the policy rejects.
    let said = crier.command(&["why", "172.20.2.0/24"]);
    assert!(said.contains("from 198.51.100.2: our own AS is in its AS_PATH"), "{said}");
    let said = crier.command(&["why", "172.20.9.0/24", "--peer", "198.51.100.2"]);
    let rule = "import policy \"no-nines\", rule 1 (if prefix 172.20.9.0/24; reject) rejects it";
    assert!(said.contains(&format!("from 198.51.100.2: {rule}")), "{said}");
    let (code, said) = crier.refused(&["why", "172.20.77.0/24"]);
    assert!(code == 1 && said.contains("172.20.77.0/24"), "{said}");

    // The same in the list of what came in: accepted paths have no reason.
    let received = crier.routes(&["received", "--peer", "198.51.100.2"]);
    let reasons: Vec<_> = received.iter().map(|path| (&path["prefix"], &path["reason"])).collect();
    let [accepted, own_as, policy] = &reasons[..] else { panic!("{reasons:?}") };
    assert_eq!(*accepted, (&"172.20.1.0/24".into(), &Value::Null));
    assert_eq!(*own_as, (&"172.20.2.0/24".into(), &"own-as".into()));
    assert_eq!(*policy, (&"172.20.9.0/24".into(), &"policy".into()));
    let keys = |path: &Value| path.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(&received[0]), keys(&received[2]), "all forms of routes have the same keys");
    assert!(crier.command(&["routes", "received"]).contains("own-as"), "the table has the reason too");
}

#[test]
fn a_socket_without_a_daemon_is_exit_code_3() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let node = lab.node("a");
    let mut crier = Crier::start(&node, &Plan::new(65001, [10, 0, 0, 1]));
    for words in [&["peers"][..], &["routes"], &["status", "--json"], &["reload"], &["drain"]] {
        let (code, said) = crier.refused_at("/nonexistent/crier.sock", words);
        assert_eq!((code, said.trim_end().lines().count()), (3, 1), "{words:?}: {said}");
        assert!(said.contains("/nonexistent/crier.sock") && said.contains("crier run"), "{said}");
    }
    // One that was there and died without a word leaves its socket behind.
    crier.process().kill();
    let (code, said) = crier.refused(&["peers"]);
    assert_eq!(code, 3, "{said}");
    // Bad usage is another matter.
    let (code, said) = crier.refused(&["peers", "not-an-address"]);
    assert_eq!(code, 2, "{said}");
}
