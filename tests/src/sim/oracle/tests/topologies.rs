//! Whole worlds: what every table holds in the end.

use crier::config::{MatchModel, SetModel};
use crier_core::config::PolicyRef;
use crier_core::policy::{PrefixRange, RuleAction};

use super::super::{Observed, from_observed, is_stable, multipath, origin};
use super::world::{World, best_of, best_path, ip, net, network, path, rule};

const NET: &str = "172.20.0.0/16";
const NET6: &str = "2001:db8::/32";

#[test]
fn a_line_passes_routes_on_and_lengthens_their_paths() {
    let mut world = World::line(&[1, 2, 3]);
    world.originate(0, &network(NET));
    world.originate(2, &network(NET6));
    let tables = world.solve();
    assert_eq!(best_path(&tables[0], NET), Some(vec![]));
    assert_eq!(best_of(&tables[0], NET).unwrap().next_hop, ip("0.0.0.0"));
    assert_eq!(best_path(&tables[1], NET), Some(vec![1]));
    assert_eq!(best_path(&tables[2], NET), Some(vec![2, 1]));
    assert_eq!(best_of(&tables[2], NET).unwrap().next_hop, ip("10.2.0.1"));
    assert_eq!(best_path(&tables[0], NET6), Some(vec![2, 3]));
    assert_eq!(best_of(&tables[0], NET6).unwrap().next_hop, ip("fd00:1::2"));
    // Split horizon: what came from the middle does not go back there.
    assert!(!tables[1].received[0].contains_key(&net(NET6)));
    assert_eq!(tables[1].received[0][&net(NET)].as_path, path(&[1]));
}

#[test]
fn what_a_configuration_originates() {
    let text = r#"
        router = { asn = 65000, router-id = "192.0.2.1" }
        [[network]]
        prefix = "172.20.0.0/16"
        communities = ["65000:1", "no-export"]
        large-communities = ["1:2:3"]
        med = 7
        local-pref = 50
        [[network]]
        prefix = "2001:db8::/32"
        next-hop = "2001:db8::9"
    "#;
    let facts = crier::config::HostFacts { addresses: &[] };
    let model = crier::config::parse(text, "test", &facts).unwrap();
    assert_eq!(
        model.networks.iter().map(|network| network.prefix).collect::<Vec<_>>(),
        [net(NET), net(NET6)]
    );
    let [v4, v6] = [0, 1].map(|number| origin(&model.networks[number]));
    assert_eq!((v4.origin, v4.med, v4.local_pref, v4.next_hop), (0, Some(7), Some(50), ip("0.0.0.0")));
    assert!(v4.as_path.is_empty() && v4.communities == [65_000 << 16 | 1, 0xFFFF_FF01].into());
    assert_eq!(v4.large_communities, [[1, 2, 3]].into());
    assert_eq!((v6.med, v6.local_pref, v6.next_hop), (None, None, ip("2001:db8::9")));
}

#[test]
fn a_triangle_goes_the_short_way_and_keeps_the_long_one() {
    let mut world = World::line(&[1, 2, 3]);
    world.link(2, 0);
    world.originate(0, &network(NET));
    let tables = world.solve();
    assert_eq!(best_path(&tables[1], NET), Some(vec![1]));
    assert_eq!(best_path(&tables[2], NET), Some(vec![1]));
    assert_eq!(tables[1].paths[&net(NET)].len(), 2, "the one by way of r2 too");
    // Who originates it is told by nobody: both best paths are its own.
    assert!(tables[0].received.iter().all(|received| received.is_empty()));
}

#[test]
fn an_ibgp_mesh_keeps_next_hop_and_passes_nothing_on() {
    // r0 is another AS; r1, r2, r3 are a mesh; r4 hangs on r3.
    let mut world = World::new(&[1, 2, 2, 2, 5]);
    for (a, b) in [(0, 1), (1, 2), (1, 3), (2, 3), (3, 4)] {
        world.link(a, b);
    }
    world.originate(0, &crier::config::Network { med: Some(7), ..network(NET) });
    let tables = world.solve();
    let inside = best_of(&tables[2], NET).unwrap();
    assert_eq!(
        (inside.next_hop, inside.local_pref, inside.med),
        (ip("10.1.0.1"), Some(100), Some(7)),
        "a MED stays within the AS that it was announced to"
    );
    assert_eq!(inside.as_path, path(&[1]));
    assert!(tables[3].received[1].is_empty(), "r2 has it from an internal neighbor");
    let outside = best_of(&tables[4], NET).unwrap();
    assert_eq!((outside.next_hop, outside.local_pref, outside.med), (ip("10.5.0.1"), None, None));
    assert_eq!(outside.as_path, path(&[2, 1]));

    // Without the link between r1 and r3, nobody tells r3.
    let mut broken = World::new(&[1, 2, 2, 2, 5]);
    for (a, b) in [(0, 1), (1, 2), (2, 3), (3, 4)] {
        broken.link(a, b);
    }
    broken.originate(0, &network(NET));
    let tables = broken.solve();
    assert!(best_of(&tables[2], NET).is_some());
    assert!(best_of(&tables[3], NET).is_none() && best_of(&tables[4], NET).is_none());
}

#[test]
fn next_hop_self_and_the_neighbors_own_address() {
    let mut world = World::new(&[1, 2, 2]);
    world.link(0, 1);
    let (here, _) = world.link(1, 2);
    world.originate(0, &network(NET));
    world.settings(1, here).next_hop_self = true;
    assert_eq!(best_of(&world.solve()[2], NET).unwrap().next_hop, ip("10.2.0.1"));
    // r0 names r2's address: r1 must not tell r2 to forward to itself.
    world.settings(1, here).next_hop_self = false;
    let far = crier::config::Network { next_hop: Some(ip("10.2.0.2")), ..network(NET) };
    world.originate(0, &far);
    let tables = world.solve();
    assert_eq!(best_of(&tables[1], NET).unwrap().next_hop, ip("10.2.0.2"));
    assert_eq!(best_of(&tables[2], NET).unwrap().next_hop, ip("10.2.0.1"));
}

#[test]
fn both_families_go_over_both_transports() {
    let mut world = World::new(&[1, 2, 3]);
    world.link6(0, 1);
    world.link6(1, 2);
    world.originate(0, &network(NET));
    world.originate(0, &network(NET6));
    let tables = world.solve();
    let (v4, v6) = (best_of(&tables[1], NET).unwrap(), best_of(&tables[1], NET6).unwrap());
    assert_eq!((v4.next_hop, v4.link_local), (ip("10.1.0.1"), None));
    assert_eq!((v6.next_hop, v6.link_local.map(Into::into)), (ip("fd00:1::1"), Some(ip("fe80::1:1"))));
    // An internal neighbor is told the global address alone (RFC 2545, 3).
    world.routers[2].asn = 2;
    for (router, session) in [(1, 1), (2, 0)] {
        world.routers[router].sessions[session].remote_asn = 2;
    }
    let tables = world.solve();
    let v6 = best_of(&tables[2], NET6).unwrap();
    assert_eq!((v6.next_hop, v6.link_local), (ip("fd00:1::1"), None));
    // No IPv4 address for IPv4 routes on the session: the IPv6 one, and to who takes none, nothing.
    world.routers[0].sessions[0].ipv4 = None;
    let tables = world.solve();
    let v4 = best_of(&tables[1], NET).unwrap();
    assert_eq!((v4.next_hop, v4.link_local.map(Into::into)), (ip("fd00:1::1"), Some(ip("fe80::1:1"))));
    assert_eq!(best_of(&tables[2], NET).unwrap().next_hop, ip("fd00:1::1"));
    world.routers[0].sessions[0].extended_next_hop = false;
    let tables = world.solve();
    assert!(best_of(&tables[1], NET).is_none() && best_of(&tables[1], NET6).is_some());
}

#[test]
fn no_export_stops_at_the_border_unless_it_is_ones_own() {
    let mut world = World::new(&[1, 2, 2, 3]);
    for (a, b) in [(0, 1), (1, 2), (2, 3)] {
        world.link(a, b);
    }
    let with = |community| crier::config::Network { communities: vec![community], ..network(NET) };
    for (community, reached) in [
        (0xFFFF_FF01, [true, true, false]),
        (0xFFFF_FF02, [true, false, false]),
        (0xFFFF_FF03, [true, true, false]),
    ] {
        world.originate(0, &with(community));
        let tables = world.solve();
        let found = [1, 2, 3].map(|router| best_of(&tables[router], NET).is_some());
        assert_eq!(found, reached, "{community:x}");
    }
}

#[test]
fn external_neighbors_without_policies_exchange_nothing() {
    for (import, export) in
        [(PolicyRef::Unset, PolicyRef::AcceptAll), (PolicyRef::AcceptAll, PolicyRef::Unset)]
    {
        let mut world = World::line(&[1, 2, 2]);
        world.originate(0, &network(NET));
        world.settings(0, 0).export = export;
        world.settings(1, 0).import = import;
        let tables = world.solve();
        assert!(best_of(&tables[1], NET).is_none());
        assert_eq!(tables[1].received[0].len(), usize::from(export == PolicyRef::AcceptAll));
    }
    let mut inside = World::line(&[2, 2]);
    inside.originate(0, &network(NET));
    (inside.settings(0, 0).export, inside.settings(1, 0).import) = (PolicyRef::Unset, PolicyRef::Unset);
    assert!(best_of(&inside.solve()[1], NET).is_some());
}

#[test]
fn a_drained_router_announces_nothing() {
    let mut world = World::line(&[1, 2, 3]);
    world.originate(0, &network(NET));
    world.routers[1].drained = true;
    let tables = world.solve();
    assert!(best_of(&tables[1], NET).is_some() && best_of(&tables[2], NET).is_none());
}

/// A policy that prefers the long way round wins over the length of the path.
#[test]
fn policies_decide_what_passes_and_which_way() {
    let mut world = World::line(&[1, 2, 3]);
    let (at_2, at_0) = world.link(2, 0);
    for prefix in [NET, "172.21.0.0/16", NET6] {
        world.originate(0, &network(prefix));
    }
    let exact = |prefix| MatchModel::Prefix(vec![PrefixRange::parse(prefix).unwrap()]);
    // r0 tells r2 that it is the way for emergencies, and one prefix not at all.
    let worse = world.policy(
        0,
        &[
            rule(&[exact("172.21.0.0/16")], &[], RuleAction::Reject),
            rule(&[MatchModel::Origin(vec![])], &[SetModel::Med(Some(9))], RuleAction::Next),
            rule(&[exact("0.0.0.0/0 le 32")], &[SetModel::AddCommunities(vec![7])], RuleAction::Next),
            rule(&[], &[SetModel::Prepend(3)], RuleAction::Accept),
        ],
    );
    world.settings(0, at_0).export = worse;
    // r2 prefers IPv6 by way of r0 all the same.
    let straight = world.policy(
        2,
        &[
            rule(
                &[MatchModel::Family(vec![crier_core::Family::Ipv6Unicast])],
                &[SetModel::LocalPref(200)],
                RuleAction::Accept,
            ),
            rule(&[], &[], RuleAction::Accept),
        ],
    );
    world.settings(2, at_2).import = straight;
    let tables = world.solve();
    assert_eq!(best_path(&tables[2], NET), Some(vec![2, 1]));
    assert_eq!(best_path(&tables[2], NET6), Some(vec![1, 1, 1, 1]));
    assert_eq!(best_of(&tables[2], NET6).unwrap().local_pref, Some(200));
    let told = &tables[2].received[at_2];
    assert_eq!(told.len(), 2);
    assert!(told[&net(NET)].communities.contains(&7) && told[&net(NET6)].communities.is_empty());
    assert_eq!(told[&net(NET)].med, None);
}

#[test]
fn two_ways_of_equal_length_forward_together_if_allowed() {
    // r3 has r0's prefix by way of AS 2 twice (r1, r2) and of AS 6 (r4).
    let mut world = World::new(&[1, 2, 2, 3, 6]);
    for (a, b) in [(0, 1), (0, 2), (0, 4), (1, 3), (2, 3), (4, 3)] {
        world.link(a, b);
    }
    world.originate(0, &network(NET));
    let tables = world.solve();
    let mut r3 = world.routers[3].clone();
    let paths = &tables[3].paths[&net(NET)];
    assert_eq!(multipath(&r3, net(NET), paths), [true, false, false]);
    r3.maximum_paths = 8;
    assert_eq!(multipath(&r3, net(NET), paths), [true, true, false]);
    r3.as_path_relax = true;
    assert_eq!(multipath(&r3, net(NET), paths), [true, true, true]);
    r3.maximum_paths = 2;
    assert_eq!(multipath(&r3, net(NET), paths), [true, true, false], "the best, then by the tie-break");
}

#[test]
fn what_is_observed_is_judged_without_what_was_received() {
    let mut world = World::line(&[1, 2, 3]);
    world.link(2, 0);
    world.originate(0, &network(NET));
    let tables = world.solve();
    let seen = |tables: &[super::super::Tables]| -> Vec<Observed> {
        tables.iter().map(|t| Observed { paths: t.paths.clone(), best: t.best.clone() }).collect()
    };
    assert_eq!(from_observed(&world.routers, seen(&tables)), tables);

    // The order of paths does not matter.
    let mut other_order = seen(&tables);
    other_order[1].paths.get_mut(&net(NET)).unwrap().reverse();
    other_order[1].best.insert(net(NET), 1);
    assert_eq!(is_stable(&world.routers, &from_observed(&world.routers, other_order)), Ok(()));

    // A lost path, a wrong choice, an attribute that is not what was announced: each is named.
    type Change = fn(&mut [Observed]);
    let changes: [(Change, &str); 5] = [
        (|seen| seen[1].paths.get_mut(&net(NET)).unwrap().truncate(1), "r1: paths of 172.20.0.0/16"),
        (|seen| seen[1].best.extend([(net(NET), 1)]), "r1: best path of 172.20.0.0/16"),
        (|seen| seen[1].best.clear(), "r1: best path of 172.20.0.0/16: None"),
        (|seen| seen[2].paths.get_mut(&net(NET)).unwrap()[1].route.med = Some(1), "r2: paths of"),
        (|seen| seen[1].paths.clear(), "172.20.0.0/16: r1 has no path"),
    ];
    for (change, words) in changes {
        let mut observed = seen(&tables);
        change(&mut observed);
        let text = is_stable(&world.routers, &from_observed(&world.routers, observed)).unwrap_err();
        assert!(text.starts_with(words), "{text}");
    }
    let mut received = tables;
    received[1].received[0].clear();
    assert!(is_stable(&world.routers, &received).unwrap_err().starts_with("r1: received from r0"));
}
