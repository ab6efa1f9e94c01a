use std::collections::{BTreeMap, BTreeSet};
use std::mem::{Discriminant, discriminant};
use std::net::IpAddr;

use crier::config::{HostFacts, Model, PolicyModel, SetModel, parse, reload_conflict};
use ipnet::IpNet;

use super::*;
use crate::sim::Micros;
use crate::sim::plan::{FaultKind, KernelFault, LinkPlan, Tolerated, WorkKind};

/// Plans of every scenario: as many as a test has time for.
fn plans(random: u64) -> impl Iterator<Item = (String, Plan)> {
    let labs = (0..24).map(|seed| (format!("lab {seed}"), lab::plan(seed, None)));
    let long = (0..12).map(|seed| (format!("long lab {seed}"), lab::plan(seed, Some(3))));
    let ten = std::iter::once(("ten nodes".to_owned(), lab::ten_nodes(5, Some(1))));
    let small = clos::Size { spines: 2, leaves: 3, hosts: 7 };
    let clos = (0..6).map(move |seed| (format!("clos {seed}"), clos::plan(seed, small, None)));
    let cluster = (0..8).map(|seed| (format!("cluster {seed}"), cluster::plan(seed, 20, None)));
    let random = (0..random).map(|seed| (format!("random {seed}"), random::plan(seed, None)));
    labs.chain(long).chain(ten).chain(clos).chain(cluster).chain(random)
}

fn addresses(plan: &Plan, host: usize) -> Vec<IpAddr> {
    let ends = plan.links.iter().flat_map(|link| &link.ends).filter(|end| end.host == host);
    let links = ends.flat_map(|end| &end.addresses).map(IpNet::addr);
    links.chain(plan.hosts[host].addresses.iter().copied()).collect()
}

fn model(what: &str, plan: &Plan, host: usize, config: &str) -> Model {
    let addresses = addresses(plan, host);
    let facts = HostFacts { addresses: &addresses };
    parse(config, what, &facts).unwrap_or_else(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        panic!("{what}, host {host}: {}\n{config}", errors.join("\n"))
    })
}

#[test]
fn every_configuration_is_in_order_and_every_reload_is_taken() {
    for (what, plan) in plans(300) {
        let mut models = BTreeMap::new();
        for (host, config) in
            plan.hosts.iter().enumerate().filter_map(|(at, host)| Some((at, host.config.as_ref()?)))
        {
            models.insert(host, model(&what, &plan, host, config));
        }
        for work in &plan.work {
            if let WorkKind::Reload(config) = &work.kind {
                let new = model(&what, &plan, work.host, config);
                assert_eq!(reload_conflict(&models[&work.host], &new), None, "{what}");
                assert_eq!(models[&work.host].local.asn, new.local.asn);
            }
        }
        let ids: BTreeSet<_> = models.values().map(|model| model.local.router_id).collect();
        assert_eq!(ids.len(), models.len(), "{what}: two have one BGP identifier");
    }
}

#[test]
fn the_large_scenarios_are_as_large_as_they_are_said_to_be() {
    let clos = plan(Scenario::Clos, 1, None);
    assert_eq!(clos.hosts.len(), 4 + 16 + 64);
    let cluster = plan(Scenario::Cluster, 2, None);
    assert_eq!(cluster.hosts.len(), 1004);
    // Every node restarts.
    assert_eq!(cluster.faults.len(), 1000);
    for host in [0, 3, 4, 503, 1003] {
        let config = cluster.hosts[host].config.as_ref().unwrap();
        let model = model("cluster", &cluster, host, config);
        if host < 4 {
            let members = cluster.links[host].ends.len() - 1;
            assert!(members >= 500);
            assert!(usize::from(model.ranges[0].limit) >= members);
        } else {
            assert!(model.peers.len() >= 2);
        }
    }
    assert_eq!(lab::ten_nodes(1, None).hosts.len(), 10);
}

#[test]
fn the_same_seed_is_the_same_plan_and_another_one_another() {
    for scenario in [Scenario::Lab, Scenario::Clos, Scenario::Random] {
        for seed in 0..10 {
            let text = |seed| plan(scenario, seed, None).describe(true);
            assert_eq!(text(seed), text(seed), "{scenario} {seed}");
            assert_ne!(text(seed), text(seed + 1), "{scenario} {seed}");
        }
    }
    assert_eq!(cluster::plan(3, 20, None).describe(true), cluster::plan(3, 20, None).describe(true));
    assert_ne!(cluster::plan(3, 20, None).describe(true), cluster::plan(4, 20, None).describe(true));
}

#[test]
fn two_hundred_seeds_have_faults_and_work_of_every_kind() {
    let mut faults: BTreeSet<String> = BTreeSet::new();
    let mut work: Vec<Discriminant<WorkKind>> = Vec::new();
    let (mut kernel, mut one_way) = (BTreeSet::new(), false);
    for seed in 0..200 {
        let plan = random::plan(seed, None);
        for fault in &plan.faults {
            let name = format!("{:?}", fault.kind);
            faults.extend(name.split([' ', '{', '(']).next().map(str::to_owned));
            match fault.kind {
                FaultKind::Kernel { how, .. } => {
                    kernel.insert(match how {
                        KernelFault::Refuse => 0,
                        KernelFault::Delay(_) => 1,
                        KernelFault::Lose => 2,
                        KernelFault::Vanish => 3,
                        KernelFault::Overrun => 4,
                    });
                }
                FaultKind::Partition { from: Some(_), .. } => one_way = true,
                _ => {}
            }
        }
        for one in &plan.work {
            let kind = discriminant(&one.kind);
            if !work.contains(&kind) {
                work.push(kind);
            }
        }
    }
    assert_eq!(faults.len(), 11, "{faults:?}");
    assert_eq!((kernel.len(), one_way, work.len()), (5, true, 8));
}

#[test]
fn addresses_are_unique_and_links_join_hosts_that_there_are() {
    for (what, plan) in plans(200) {
        let mut seen = BTreeSet::new();
        for host in 0..plan.hosts.len() {
            for address in addresses(&plan, host) {
                assert!(seen.insert(address), "{what}: {address} twice");
            }
        }
        for link in &plan.links {
            assert!(link.ends.len() >= 2, "{what}");
            let nets: BTreeSet<Vec<IpNet>> =
                link.ends.iter().map(|end| end.addresses.iter().map(IpNet::trunc).collect()).collect();
            assert_eq!(nets.len(), 1, "{what}: one link, two subnets");
            assert!(link.ends.iter().all(|end| end.host < plan.hosts.len()));
            assert!(link.quality.loss <= 30_000);
        }
        // One network: from any host every other one is some links away.
        let mut reached = BTreeSet::from([0]);
        while let Some(link) = plan.links.iter().find(|link| {
            let inside = link.ends.iter().filter(|end| reached.contains(&end.host)).count();
            inside > 0 && inside < link.ends.len()
        }) {
            reached.extend(link.ends.iter().map(|end| end.host));
        }
        let islands = plan.hosts.len() - reached.len();
        assert!(islands == 0 || what.starts_with("cluster"), "{what}: {islands} hosts apart");
    }
}

#[test]
fn neighbors_are_somebody_and_next_hops_of_static_routes_are_next_door() {
    for (what, plan) in plans(200) {
        let owners: BTreeMap<IpAddr, usize> = (0..plan.hosts.len())
            .flat_map(|host| addresses(&plan, host).into_iter().map(move |address| (address, host)))
            .collect();
        for (host, one) in plan.hosts.iter().enumerate() {
            let ends = plan.links.iter().flat_map(|link| &link.ends).filter(|end| end.host == host);
            let nets: Vec<IpNet> = ends.flat_map(|end| &end.addresses).copied().collect();
            for (net, via) in &one.statics {
                assert!(nets.iter().any(|own| own.contains(via)), "{what}: {net} via {via} on host {host}");
                assert!(owners.get(via).is_some_and(|owner| *owner != host), "{what}: {net} via {via}");
            }
            let Some(config) = &one.config else { continue };
            for peer in model(&what, &plan, host, config).peers {
                assert!(
                    owners.get(&peer.remote).is_some_and(|owner| *owner != host),
                    "{what}: {}",
                    peer.remote
                );
                let direct = nets.iter().any(|own| own.contains(&peer.remote));
                let routed = one.statics.iter().any(|(net, _)| net.contains(&peer.remote));
                assert!(direct || routed, "{what}: host {host} has no way to {}", peer.remote);
                if let Some(local) = peer.settings.local_address {
                    assert_eq!(owners.get(&local), Some(&host), "{what}");
                }
            }
        }
    }
}

#[test]
fn faults_are_over_when_all_heals_and_point_at_what_there_is() {
    for (what, plan) in plans(200) {
        for fault in &plan.faults {
            assert!(fault.from <= fault.until && fault.until <= plan.heal_at, "{what}");
            let speaks = |host: usize| plan.hosts[host].config.is_some();
            match &fault.kind {
                FaultKind::Degrade { link, quality } => {
                    assert!(*link < plan.links.len() && quality.loss <= 30_000);
                }
                FaultKind::Partition { link, from } => {
                    assert!(from.is_none_or(|end| end < plan.links[*link].ends.len()));
                }
                FaultKind::Reset { host, peer } | FaultKind::HalfOpen { host, peer } => {
                    assert!(speaks(*host) && speaks(*peer) && host != peer, "{what}");
                }
                FaultKind::Crash { host }
                | FaultKind::Kill { host }
                | FaultKind::SlowCpu { host, .. }
                | FaultKind::Kernel { host, .. }
                | FaultKind::ClockJump { host, .. }
                | FaultKind::Deaf { host }
                | FaultKind::SlowReader { host, .. } => assert!(speaks(*host), "{what}"),
            }
        }
        assert!(plan.work.iter().all(|work| work.at <= plan.heal_at), "{what}");
        assert!(plan.work.is_sorted_by_key(|work| work.at), "{what}");
        assert!(plan.work.iter().all(|work| plan.hosts[work.host].config.is_some()), "{what}");
    }
}

#[test]
fn no_hold_timer_no_fault_that_only_it_would_notice() {
    let mut seen = 0;
    for seed in 0..300 {
        let plan = random::plan(seed, None);
        if plan
            .hosts
            .iter()
            .filter_map(|host| host.config.as_ref())
            .any(|text| text.contains("timers.hold = 0"))
        {
            seen += 1;
            let silent = |kind: &FaultKind| {
                matches!(
                    kind,
                    FaultKind::Partition { .. }
                        | FaultKind::Crash { .. }
                        | FaultKind::Kill { .. }
                        | FaultKind::HalfOpen { .. }
                )
            };
            assert!(!plan.faults.iter().any(|fault| silent(&fault.kind)), "seed {seed}");
        }
    }
    assert!(seen > 20);
}

#[test]
fn most_of_what_is_shut_down_or_drained_comes_back() {
    let (mut down, mut ever) = (0, 0);
    for seed in 0..200 {
        let mut shut = BTreeMap::new();
        for work in random::plan(seed, None).work {
            match work.kind {
                WorkKind::Shutdown(peer) => {
                    shut.insert((work.host, Some(peer)), true);
                }
                WorkKind::Enable(peer) => {
                    shut.insert((work.host, Some(peer)), false);
                }
                WorkKind::Drain => {
                    shut.insert((work.host, None), true);
                }
                WorkKind::Undrain => {
                    shut.insert((work.host, None), false);
                }
                _ => {}
            }
        }
        ever += shut.len();
        down += shut.values().filter(|shut| **shut).count();
    }
    assert!(ever > 100 && down > 0 && down * 8 < ever, "{down} of {ever}");
}

#[test]
fn hours_are_kept() {
    for scenario in [Scenario::Lab, Scenario::Clos, Scenario::Random] {
        assert_eq!(plan(scenario, 1, Some(2)).heal_at, Micros::secs(7200), "{scenario}");
    }
    let long = lab::ten_nodes(0, Some(28));
    assert!(long.heal_at >= Micros::secs(100_000));
    assert!((300..4000).contains(&(long.faults.len() + long.work.len())));
}

#[test]
fn leaving_a_part_out_leaves_the_rest_as_it_was() {
    for seed in 0..60 {
        let whole = random::plan(seed, None);
        for part in Part::all(&whole) {
            let less = without(&whole, &[part]);
            assert_eq!((less.hosts.len(), less.links.len()), (whole.hosts.len(), whole.links.len()));
            for (at, (was, is)) in whole.hosts.iter().zip(&less.hosts).enumerate() {
                let same = (&was.config, &was.statics) == (&is.config, &is.statics);
                assert_eq!(same, part != Part::Host(at), "seed {seed} without {part}");
            }
            for (at, (was, is)) in whole.links.iter().zip(&less.links).enumerate() {
                assert_eq!(was.ends.len() == is.ends.len(), part != Part::Link(at));
                assert_eq!(was.quality, is.quality);
            }
            let gone = (whole.faults.len() - less.faults.len(), whole.work.len() - less.work.len());
            match part {
                Part::Fault(_) => assert_eq!(gone, (1, 0)),
                Part::Work(_) => assert_eq!(gone, (0, 1)),
                Part::Link(_) => assert_eq!(gone.1, 0),
                Part::Host(host) => assert!(less.work.iter().all(|work| work.host != host)),
            }
        }
        // All at once is what one after the other would be.
        let nothing = without(&whole, &Part::all(&whole));
        assert!(nothing.faults.is_empty() && nothing.work.is_empty());
        assert_eq!(nothing.describe(true).lines().count(), 1);
        assert_eq!(without(&whole, &[]).describe(true), whole.describe(true));
    }
}

#[test]
fn the_right_fault_is_left_out() {
    let whole = lab::plan(3, None);
    assert!(whole.faults.len() > 2 && whole.work.len() > 2);
    let less = without(&whole, &[Part::Fault(1), Part::Work(0)]);
    assert_eq!(less.faults[1].from, whole.faults[2].from);
    assert_eq!(less.faults[0].from, whole.faults[0].from);
    assert_eq!(less.work[0].at, whole.work[1].at);
}

#[test]
fn parts_and_scenarios_read_back_as_they_are_written() {
    for part in [Part::Host(3), Part::Link(0), Part::Fault(17), Part::Work(2)] {
        assert_eq!(part.to_string().parse(), Ok(part));
    }
    for text in ["", "h", "x3", "3", "f-1", "f+1", "fé", "w99999999999999999999999"] {
        assert!(text.parse::<Part>().is_err(), "{text:?}");
    }
    for scenario in Scenario::ALL {
        assert_eq!(scenario.to_string().parse(), Ok(scenario));
        assert_eq!(<Scenario as ValueEnum>::from_str(scenario.name(), false), Ok(scenario));
    }
    assert!("labs".parse::<Scenario>().is_err());
}
#[test]
fn seeds_differ_in_what_they_switch_on() {
    let mut text = String::new();
    let mut without_ipv4 = 0;
    let (mut forwarders, mut small, mut tolerated, mut sizes) = (0, 0, [0; 4], BTreeSet::new());
    for seed in 0..300 {
        let plan = random::plan(seed, None);
        forwarders += usize::from(plan.hosts.iter().any(|host| host.config.is_none()));
        small += usize::from(plan.hosts.iter().any(|host| host.socket_buffer == 1024));
        let no_ipv4 =
            |link: &LinkPlan| link.ends.iter().flat_map(|end| &end.addresses).all(|net| net.addr().is_ipv6());
        without_ipv4 += usize::from(plan.links.iter().any(no_ipv4));
        let Tolerated { oscillation, black_holes, refusals } = plan.tolerated;
        for (count, on) in tolerated.iter_mut().zip([
            oscillation,
            black_holes,
            refusals,
            plan.tolerated == Tolerated::default(),
        ]) {
            *count += usize::from(on);
        }
        sizes.insert(plan.hosts.len());
        text.extend(plan.hosts.iter().filter_map(|host| host.config.as_deref()));
    }
    for feature in [
        "timers.hold = 0",
        "timers.hold = 90",
        "timers.send-hold",
        "timers.keepalive",
        "passive = true",
        "multihop",
        "ttl-security",
        "dynamic = [\"10.",
        "dynamic = [\"fd00:",
        "graceful-restart.restart-time",
        "enforce-first-as = false",
        "next-hop-self = true",
        "local-address = \"192.168.",
        "remote-asn = \"internal\"",
        "remote-asn = \"any\"",
        "families = [\"ipv4-unicast\"]",
        "action = \"close\"",
        "action = \"restart\"",
        "action = \"refuse\"",
        "action = \"warn\"",
        "export = \"reject-all\"",
        "import = \"from-customer\"",
        "import = \"inside\"",
        "asn = 42000",
        "maximum-paths = 8",
        "communities = [\"no-export\"]",
        "communities = []",
        "prepend = 4",
        "next-hop = \"self\"",
        "med = \"none\"",
        "set = { local-pref = 0 }",
        "local-pref = 200",
        "as-path = [\"empty\"]",
        "as-path-length",
        "prefix = \"0.0.0.0/0\"",
        "prefixes = 1\n",
    ] {
        assert!(text.contains(feature), "no seed has {feature}");
    }
    // Most plans bind the judge to everything, and each kind of indulgence is tried.
    let [oscillation, black_holes, refusals, strict] = tolerated;
    assert!(strict > 80 && oscillation > 3 && black_holes > 20 && refusals > 50, "{tolerated:?}");
    assert!(forwarders > 20 && small > 20 && without_ipv4 > 20);
    assert!(sizes.contains(&2) && sizes.contains(&12) && sizes.iter().all(|size| *size <= 12), "{sizes:?}");
}

#[test]
fn without_a_dispute_no_policy_prefers_a_neighbor() {
    for seed in 0..300 {
        let plan = random::plan(seed, None);
        if plan.tolerated.oscillation {
            continue;
        }
        for (host, config) in
            (0..).zip(&plan.hosts).filter_map(|(at, host)| Some((at, host.config.as_ref()?)))
        {
            let model = model("random", &plan, host, config);
            let preferred = |policy: &PolicyModel| {
                let sets =
                    policy.rules.iter().flat_map(|rule| rule.sets.iter().map(|set| (&rule.matches, set)));
                let found: Vec<String> = sets
                    .filter(|(_, set)| matches!(set, SetModel::LocalPref(_)))
                    .map(|found| format!("{found:?}"))
                    .collect();
                found
            };
            let imports = model.policies.iter().filter(|policy| policy.name.starts_with("in-"));
            let worth: BTreeSet<Vec<String>> = imports.map(preferred).collect();
            assert!(worth.len() <= 1, "seed {seed}: {worth:?}");
            // GRACEFUL_SHUTDOWN takes local preference from who is told it (RFC 8326).
            let marked = model.policies.iter().flat_map(|policy| &policy.rules).flat_map(|rule| &rule.sets);
            assert!(marked.into_iter().all(|set| !format!("{set:?}").contains("4294901760")), "seed {seed}");
        }
    }
}
