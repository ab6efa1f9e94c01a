//! Policies and communities, seen by the neighbors on both sides of crier.

use crier_tests::lab::{Announce, Bird, Crier, Daemon, Frr, Kind, Lab, Plan};

const POLICIES: &str = r#"
[[policy]]
name = "from-nodes"
[[policy.rule]]
prefix = ["172.20.9.0/24"]
action = "reject"
[[policy.rule]]
community = ["65002:100"]
set = { local-pref = 300, add-communities = ["65001:1"] }
action = "accept"
[[policy.rule]]
prefix = ["172.20.0.0/16 ge 24 le 24"]
action = "accept"

[[policy]]
name = "to-core"
[[policy.rule]]
community = ["65001:1"]
set = { prepend = 2, med = 40, add-communities = ["65001:2"] }
action = "accept"
[[policy.rule]]
prefix = ["172.20.2.0/24", "172.20.4.0/24"]
action = "accept"
"#;

#[test]
fn policies_between_bird_and_frr() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Bird, Kind::Frr]) else { return };
    let (tor, node, core) = (lab.node("tor"), lab.node("node"), lab.node("core"));
    tor.link(&["192.0.2.1/24"], &node, &["192.0.2.2/24"]);
    tor.link(&["198.51.100.1/24"], &core, &["198.51.100.2/24"]);
    let plan = Plan::new(65001, [10, 0, 0, 1])
        .neighbor("192.0.2.1", "192.0.2.2", 65002)
        .with(|node| node.extra = "import = \"from-nodes\"\n".to_owned())
        .neighbor("198.51.100.1", "198.51.100.2", 65003)
        .with(|core| core.extra = "export = \"to-core\"\n".to_owned());
    let crier = Crier::start_with(&tor, &(Crier::configuration(&plan) + POLICIES));
    let tagged = |prefix: &str, communities: &[&str]| Announce {
        prefix: prefix.to_owned(),
        communities: communities.iter().map(|&text| text.to_owned()).collect(),
        ..Announce::default()
    };
    let plan = Plan::new(65002, [10, 0, 0, 2])
        .neighbor("192.0.2.2", "192.0.2.1", 65001)
        .announce_route(tagged("172.20.1.0/24", &["65002:100"]))
        .announce("172.20.2.0/24")
        .announce("172.20.3.0/25")
        .announce_route(tagged("172.20.4.0/24", &["no-export"]))
        .announce_route(tagged("172.20.9.0/24", &["65002:100"]));
    let _bird = Bird::start(&node, &plan);
    let plan = Plan::new(65003, [10, 0, 0, 3]).neighbor("198.51.100.2", "198.51.100.1", 65001);
    let frr = Frr::start(&core, &plan);

    // In: one refused by its prefix, one that no rule accepts.
    let routes = crier.await_prefixes("192.0.2.2", &["172.20.1.0/24", "172.20.2.0/24", "172.20.4.0/24"]);
    assert_eq!(routes["172.20.1.0/24"].local_pref, Some(300));
    assert_eq!(routes["172.20.1.0/24"].communities, ["65001:1", "65002:100"]);
    assert_eq!(routes["172.20.2.0/24"].local_pref, Some(100));
    assert_eq!(routes["172.20.4.0/24"].communities, ["no-export"]);
    let peer = crier.peer("192.0.2.2");
    let ipv4 = peer["families"]
        .as_array()
        .unwrap()
        .iter()
        .find(|family| family["family"] == "ipv4-unicast")
        .unwrap();
    assert_eq!((&ipv4["received"], &ipv4["accepted"]), (&5.into(), &3.into()), "{peer}");

    // Out: what has NO_EXPORT stays (RFC 1997), whatever the policy says.
    let routes = frr.await_prefixes("198.51.100.1", &["172.20.1.0/24", "172.20.2.0/24"]);
    let first = &routes["172.20.1.0/24"];
    assert_eq!(first.as_path, [65001, 65001, 65001, 65002]);
    assert_eq!(first.med, Some(40));
    assert_eq!(first.communities, ["65001:1", "65001:2", "65002:100"]);
    assert_eq!(routes["172.20.2.0/24"].as_path, [65001, 65002]);
    assert_eq!(routes["172.20.2.0/24"].next_hop, "198.51.100.1");
}

#[test]
fn without_a_policy_an_external_neighbor_gets_nothing() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Bird]) else { return };
    let (tor, node) = (lab.node("tor"), lab.node("node"));
    tor.link(&["192.0.2.1/24"], &node, &["192.0.2.2/24"]);
    let text = "[router]\nasn = 65001\nrouter-id = \"10.0.0.1\"\n[[network]]\nprefix = \"172.20.1.0/24\"\n\
                [[neighbor]]\naddress = \"192.0.2.2\"\nremote-asn = 65002\n";
    let crier = Crier::start_with(&tor, text);
    let plan =
        Plan::new(65002, [10, 0, 0, 2]).neighbor("192.0.2.2", "192.0.2.1", 65001).announce("172.20.2.0/24");
    let bird = Bird::start(&node, &plan);
    crier.await_established("192.0.2.2");
    bird.await_established("192.0.2.1");
    let received = || crier.routes(&["received", "--peer", "192.0.2.2"]);
    let refused = crier_tests::lab::await_until("the route has come and is refused", received, |paths| {
        paths.len() == 1
    });
    assert_eq!(refused[0]["prefix"], "172.20.2.0/24");
    assert!(crier.await_prefixes("192.0.2.2", &[]).is_empty());
    assert!(bird.await_prefixes("192.0.2.1", &[]).is_empty());
}

#[test]
fn no_export_stays_inside_but_reaches_internal_neighbors() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Bird, Kind::Frr, Kind::Gobgp]) else { return };
    let (tor, node, inside, outside) =
        (lab.node("tor"), lab.node("node"), lab.node("inside"), lab.node("outside"));
    tor.link(&["192.0.2.1/24"], &node, &["192.0.2.2/24"]);
    tor.link(&["198.51.100.1/24"], &inside, &["198.51.100.2/24"]);
    tor.link(&["203.0.113.1/24"], &outside, &["203.0.113.2/24"]);
    let plan = Plan::new(65001, [10, 0, 0, 1])
        .neighbor("192.0.2.1", "192.0.2.2", 65002)
        .neighbor("198.51.100.1", "198.51.100.2", 65001)
        .neighbor("203.0.113.1", "203.0.113.2", 65004);
    let _crier = Crier::start(&tor, &plan);
    let kept = Announce {
        prefix: "172.20.1.0/24".to_owned(),
        communities: vec!["65002:7".to_owned(), "no-export".to_owned()],
        large_communities: vec!["65002:1:2".to_owned()],
        ..Announce::default()
    };
    let plan = Plan::new(65002, [10, 0, 0, 2]).neighbor("192.0.2.2", "192.0.2.1", 65001);
    let _bird = Bird::start(&node, &plan.announce_route(kept).announce("172.20.2.0/24"));
    let plan = Plan::new(65001, [10, 0, 0, 3]).neighbor("198.51.100.2", "198.51.100.1", 65001);
    let frr = Frr::start(&inside, &plan);
    let plan = Plan::new(65004, [10, 0, 0, 4]).neighbor("203.0.113.2", "203.0.113.1", 65001);
    let gobgp = crier_tests::lab::Gobgp::start(&outside, &plan);
    let routes = frr.await_prefixes("198.51.100.1", &["172.20.1.0/24", "172.20.2.0/24"]);
    let inside = &routes["172.20.1.0/24"];
    assert_eq!(inside.communities, ["65002:7", "no-export"]);
    assert_eq!(inside.large_communities, ["65002:1:2"]);
    assert_eq!((inside.local_pref, &inside.as_path[..]), (Some(100), &[65002][..]));
    // To an internal neighbor the next hop stays as it was received (RFC 4271, 5.1.3).
    assert_eq!(inside.next_hop, "192.0.2.2");
    gobgp.await_prefixes("203.0.113.1", &["172.20.2.0/24"]);
}
