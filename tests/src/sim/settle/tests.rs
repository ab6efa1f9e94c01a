use std::fmt::Write as _;

use ipnet::IpNet;

use super::*;
use crate::sim::Plan;
use crate::sim::plan::{EndPlan, HostPlan, LinkPlan, Quality, Work, WorkKind};

/// A speaker on the link that all are on: AS 65000 and number, and what else stands in its file.
fn speaker(number: usize, neighbors: &[(usize, &str)], rest: &str) -> HostPlan {
    let mut config = format!("[router]\nasn = {}\nrouter-id = \"10.0.0.{}\"\n", 65_000 + number, number + 1);
    for (other, settings) in neighbors {
        let _ = write!(
            config,
            "[[neighbor]]\naddress = \"10.0.0.{}\"\nremote-asn = {}\nexport = \"accept-all\"\n{settings}\n\
             timers = {{ hold = 30, connect-retry = 5 }}\n",
            other + 1,
            65_000 + other
        );
    }
    config.push_str(rest);
    config.push_str("\n[limits]\nprefixes = 100\npaths = 100\nattribute-sets = 50\n");
    HostPlan::speaker(&format!("r{number}"), config)
}

fn plan(hosts: Vec<HostPlan>, delay: Micros) -> Plan {
    let end = |host| EndPlan { host, addresses: vec![format!("10.0.0.{}/24", host + 1).parse().unwrap()] };
    let ends = (0..hosts.len()).map(end).collect();
    let links = vec![LinkPlan { ends, quality: Quality { delay, ..Quality::default() } }];
    Plan { seed: 1, hosts, links, ..Plan::default() }
}

const ACCEPT: &str = "import = \"accept-all\"";

/// Three around one; each prefers the way by its neighbor in the ring, if that one goes straight (Griffin and others).
fn bad_gadget() -> Plan {
    let prefer = "import = \"two\"";
    let two = "[[policy]]\nname = \"two\"\n[[policy.rule]]\nas-path-length = 2\naction = \"accept\"\n\
               set = { local-pref = 200 }";
    let network = "[[network]]\nprefix = \"172.20.0.0/16\"";
    let hosts = vec![
        speaker(0, &[(1, ACCEPT), (2, ACCEPT), (3, ACCEPT)], network),
        speaker(1, &[(0, ACCEPT), (2, prefer), (3, ACCEPT)], two),
        speaker(2, &[(0, ACCEPT), (3, prefer), (1, ACCEPT)], two),
        speaker(3, &[(0, ACCEPT), (1, prefer), (2, ACCEPT)], two),
    ];
    plan(hosts, Micros::millis(200))
}

/// What a world comes to that is given four minutes.
fn outcome(plan: &Plan, oscillation: bool, refusals: bool) -> Result<Outcome, Failure> {
    let mut world = World::new(plan).unwrap();
    watched(&mut world, Micros::secs(30))?;
    converge(
        &mut world,
        Micros::secs(240),
        Expected { sessions: true, arrival: false, refusals, oscillation },
    )
}

#[test]
fn what_has_no_stable_state_is_named_where_it_may_be_so() {
    let Ok(Outcome::Oscillates(text)) = outcome(&bad_gadget(), true, false) else { panic!() };
    assert_eq!(text, "no stable state (RFC 3345): 172.20.0.0/16 at r1, r2, r3");
    assert_eq!(outcome(&bad_gadget(), false, false).unwrap_err().rule, Rule::Silence);
}

#[test]
fn what_changes_beside_it_is_no_part_of_it() {
    let mut plan = bad_gadget();
    let prefix: IpNet = "172.21.0.0/16".parse().unwrap();
    for number in 0..120 {
        let announce = WorkKind::Announce { prefix, communities: Vec::new(), med: None };
        let kind = if number % 2 == 0 { announce } else { WorkKind::Withdraw(prefix) };
        plan.work.push(Work { at: Micros::secs(3 * number), host: 1, kind });
    }
    let failure = outcome(&plan, true, false).unwrap_err();
    assert_eq!(failure.rule, Rule::Silence);
    assert!(failure.text.starts_with("172.21.0.0/16 changes for ever"), "{failure}");
}

#[test]
fn sessions_that_reach_their_limit_again_and_again_are_named_where_there_may_be_too_little_room() {
    let networks = |range: std::ops::Range<u32>| {
        range.fold(String::new(), |text, at| text + &format!("[[network]]\nprefix = \"172.20.{at}.0/24\"\n"))
    };
    let limit = "import = \"accept-all\"\nmax-prefixes = { limit = 2, action = \"restart\" }";
    let hosts = vec![
        speaker(0, &[(1, limit), (2, ACCEPT)], ""),
        speaker(1, &[(0, ACCEPT)], &networks(0..3)),
        speaker(2, &[(0, ACCEPT)], &networks(5..6)),
    ];
    let plan = plan(hosts, Micros(100));
    let Ok(Outcome::Oscillates(text)) = outcome(&plan, false, true) else { panic!() };
    assert!(text.ends_with("their limit of prefixes: r0 with 10.0.0.2"), "{text}");
    assert_eq!(outcome(&plan, false, false).unwrap_err().rule, Rule::Sessions);
}
