//! What a neighbor is announced: one route at a time.

use crier::config::{MatchModel, SetModel};
use crier_core::config::PolicyRef;
use crier_core::policy::RuleAction;
use crier_core::view::Reason;
use crier_core::{Family, FamilySet};

use super::super::{Path, export, last_resort};
use super::world::{World, ip, net, network, path, route, rule};
use crate::sim::Route;

const NET: &str = "198.18.0.0/16";
const NET6: &str = "2001:db8::/32";
const FAR: &str = "198.51.100.7";

/// r0 (AS 10) with external neighbors (sessions 0 and 1: AS 1 and 2) and internal ones (2 and 3).
fn world() -> World {
    let mut world = World::new(&[10, 1, 2, 10, 10]);
    for peer in 1..5 {
        world.link(0, peer);
    }
    world
}

fn from(session: usize, route: Route) -> Path {
    Path { session: Some(session), route }
}

fn own(prefix: &str) -> Path {
    Path { session: None, route: super::super::origin(&network(prefix)) }
}

fn export_policy(world: &mut World, session: usize, sets: &[SetModel]) {
    let policy = world.policy(0, &[rule(&[], sets, RuleAction::Accept)]);
    world.settings(0, session).export = policy;
}

#[test]
fn who_is_told_of_a_route_from_whom() {
    let world = world();
    let told = |session, best: &Path| export(&world.routers[0], session, net(NET), best).err();
    let external = from(0, route(&[1], FAR));
    let internal = from(2, Route { local_pref: Some(100), ..route(&[7], FAR) });
    assert_eq!([0, 1, 2, 3].map(|s| told(s, &external)), [Some(Reason::SplitHorizon), None, None, None]);
    let [split, inward] = [Some(Reason::SplitHorizon), Some(Reason::InternalToInternal)];
    assert_eq!([0, 1, 2, 3].map(|s| told(s, &internal)), [None, None, split, inward]);
    assert_eq!([0, 1, 2, 3].map(|s| told(s, &own(NET))), [None; 4]);
    assert_eq!(told(9, &external), Some(Reason::NotEstablished));
}

#[test]
fn communities_bind_who_received_them() {
    let world = world();
    for (community, external, internal) in [
        (0xFFFF_FF01, Some(Reason::NoExport), None),
        (0xFFFF_FF02, Some(Reason::NoAdvertise), Some(Reason::NoAdvertise)),
        (0xFFFF_FF03, Some(Reason::NoExport), None),
    ] {
        let best = from(0, Route { communities: [community].into(), ..route(&[1], FAR) });
        let told = |session| export(&world.routers[0], session, net(NET), &best);
        assert_eq!((told(1).err(), told(2).err()), (external, internal));
        // Decision 003: the originator is not bound.
        let mut mine = own(NET);
        mine.route.communities.insert(community);
        assert!(export(&world.routers[0], 1, net(NET), &mine).unwrap().communities.contains(&community));
    }
}

#[test]
fn attributes_by_the_kind_of_neighbor() {
    let mut world = world();
    let mut best = from(0, Route { med: Some(9), ..route(&[1, 7], FAR) });
    best.route.others.insert(9, (0x80, vec![9; 4]));
    best.route.others.insert(99, (0xC0, vec![1]));
    let told =
        |world: &World, session, best: &Path| export(&world.routers[0], session, net(NET), best).unwrap();
    let outside = told(&world, 1, &best);
    assert_eq!((outside.med, outside.local_pref, outside.as_path), (None, None, path(&[10, 1, 7])));
    assert_eq!(outside.others.into_keys().collect::<Vec<_>>(), [99]);
    let inside = told(&world, 2, &best);
    assert_eq!((inside.med, inside.local_pref, inside.as_path), (Some(9), Some(100), path(&[1, 7])));
    // A policy may set a MED, even to what it was; a LOCAL_PREF goes to internal neighbors only.
    let sets = [SetModel::Med(Some(9)), SetModel::LocalPref(7), SetModel::Prepend(2)];
    for session in [1, 2] {
        export_policy(&mut world, session, &sets);
    }
    let outside = told(&world, 1, &best);
    assert_eq!((outside.med, outside.local_pref), (Some(9), None));
    assert_eq!(outside.as_path, path(&[10, 10, 10, 1, 7]));
    let inside = told(&world, 2, &best);
    assert_eq!((inside.med, inside.local_pref), (Some(9), Some(7)));
    assert_eq!(inside.as_path, path(&[10, 10, 1, 7]));
    // A route's own MED goes everywhere.
    let mut mine = own(NET);
    mine.route.med = Some(4);
    assert_eq!(told(&world, 0, &mine).med, Some(4));
}

#[test]
fn the_next_hop_is_kept_inside_and_own_outside() {
    let mut world = world();
    let hop = |world: &World, session, best: &Path| {
        export(&world.routers[0], session, net(NET), best).map(|route| route.next_hop)
    };
    let best = from(0, route(&[1], FAR));
    assert_eq!(hop(&world, 1, &best), Ok(ip("10.2.0.1")));
    assert_eq!(hop(&world, 2, &best), Ok(ip(FAR)));
    assert_eq!(hop(&world, 3, &from(0, route(&[1], "10.4.0.2"))), Ok(ip("10.4.0.1")), "never its own");
    world.settings(0, 2).next_hop_self = true;
    assert_eq!(hop(&world, 2, &best), Ok(ip("10.3.0.1")));
    // What is configured for an own route stays.
    let mut mine = own(NET);
    assert_eq!(hop(&world, 2, &mine), Ok(ip("10.3.0.1")));
    mine.route.next_hop = ip("192.0.2.5");
    assert_eq!([0, 2].map(|session| hop(&world, session, &mine)), [Ok(ip("192.0.2.5")); 2]);
}

/// Decision 004: to external neighbors the own address, unless a policy says otherwise.
#[test]
fn a_policys_next_hop_stays_even_if_it_is_what_was_there() {
    let mut world = world();
    let hop = |world: &World, session, next_hop| {
        let best = from(0, route(&[1], next_hop));
        export(&world.routers[0], session, net(NET), &best).map(|route| route.next_hop)
    };
    for session in [1, 2] {
        export_policy(&mut world, session, &[SetModel::NextHop(ip("192.0.2.5"))]);
        world.settings(0, session).next_hop_self = true;
        assert_eq!(hop(&world, session, FAR), Ok(ip("192.0.2.5")));
        assert_eq!(hop(&world, session, "192.0.2.5"), Ok(ip("192.0.2.5")));
    }
    export_policy(&mut world, 1, &[SetModel::NextHop(ip("2001:db8::5"))]);
    assert_eq!(hop(&world, 1, FAR), Ok(ip("10.2.0.1")), "of the other family");
    world.settings(0, 2).next_hop_self = false;
    export_policy(&mut world, 2, &[SetModel::NextHopSelf]);
    assert_eq!(hop(&world, 2, FAR), Ok(ip("10.3.0.1")));
    export_policy(&mut world, 2, &[SetModel::NextHop(ip("10.3.0.2"))]);
    assert_eq!(hop(&world, 2, FAR), Ok(ip("10.3.0.1")), "the neighbor's own");
}

#[test]
fn ipv6_next_hops_have_a_link_local_address_on_external_links() {
    let mut world = World::new(&[10, 1, 10]);
    world.link6(0, 1);
    world.link6(0, 2);
    let hops = |world: &World, session, best: &Path| {
        export(&world.routers[0], session, net(NET6), best).map(|route| (route.next_hop, route.link_local))
    };
    let far = Route { link_local: Some("fe80::9".parse().unwrap()), ..route(&[1], "2001:db8::9") };
    let own_link_local = Some("fe80::1:1".parse().unwrap());
    assert_eq!(hops(&world, 0, &own(NET6)), Ok((ip("fd00:1::1"), own_link_local)));
    assert_eq!(hops(&world, 1, &own(NET6)), Ok((ip("fd00:2::1"), None)));
    assert_eq!(hops(&world, 1, &from(0, far.clone())), Ok((ip("2001:db8::9"), None)));
    export_policy(&mut world, 0, &[SetModel::NextHopSelf]);
    assert_eq!(hops(&world, 0, &own(NET6)), Ok((ip("fd00:1::1"), own_link_local)));
    export_policy(&mut world, 0, &[SetModel::NextHop(ip("2001:db8::9"))]);
    let from_inside = from(1, far);
    assert_eq!(hops(&world, 0, &from_inside), Ok((ip("2001:db8::9"), None)));
    // A session between link-local addresses has a global one of the interface, if there is one.
    world.settings(0, 0).export = PolicyRef::AcceptAll;
    let session = &mut world.routers[0].sessions[0];
    session.local = ip("fe80::1:1");
    assert_eq!(hops(&world, 0, &own(NET6)), Ok((ip("fe80::1:1"), own_link_local)));
    world.routers[0].sessions[0].ipv6 = Some("fd00:1::1".parse().unwrap());
    assert_eq!(hops(&world, 0, &own(NET6)), Ok((ip("fd00:1::1"), own_link_local)));
}

/// RFC 8950: own IPv6 addresses and those of others go with IPv4 prefixes where that was agreed on.
#[test]
fn ipv4_prefixes_have_ipv6_next_hops_where_agreed() {
    let mut world = World::new(&[10, 1, 10]);
    world.link6(0, 1);
    world.link6(0, 2);
    let hops = |world: &World, session, path: &Path| {
        export(&world.routers[0], session, net(NET), path).map(|route| (route.next_hop, route.link_local))
    };
    let own_link_local = Some("fe80::1:1".parse().unwrap());
    // An IPv4 address goes first.
    assert_eq!(hops(&world, 0, &own(NET)), Ok((ip("10.1.0.1"), None)));
    world.routers[0].sessions.iter_mut().for_each(|session| session.ipv4 = None);
    assert_eq!(hops(&world, 0, &own(NET)), Ok((ip("fd00:1::1"), own_link_local)));
    assert_eq!(hops(&world, 1, &own(NET)), Ok((ip("fd00:2::1"), None)));
    let learned = from(0, route(&[1], "2001:db8::9"));
    assert_eq!(hops(&world, 1, &learned), Ok((ip("2001:db8::9"), None)));
    world.routers[0].sessions.iter_mut().for_each(|session| session.extended_next_hop = false);
    assert_eq!(hops(&world, 0, &own(NET)), Err(Reason::NoNextHop));
    assert_eq!(hops(&world, 1, &learned), Err(Reason::NoNextHop));
    // What others gave is not replaced by an address that happens to be there, unless that is asked for.
    world.routers[0].sessions[1].ipv4 = Some([10, 2, 0, 1].into());
    assert_eq!(hops(&world, 1, &learned), Err(Reason::NoNextHop));
    world.settings(0, 1).next_hop_self = true;
    assert_eq!(hops(&world, 1, &learned), Ok((ip("10.2.0.1"), None)));
}

#[test]
fn reasons_not_to_announce_anything() {
    let mut world = world();
    let told = |world: &World, prefix| export(&world.routers[0], 0, net(prefix), &own(prefix)).err();
    world.settings(0, 0).export = PolicyRef::RejectAll;
    assert_eq!(told(&world, NET), Some(Reason::Policy));
    let never = world.policy(0, &[rule(&[MatchModel::AsPath(vec!["9".into()])], &[], RuleAction::Accept)]);
    world.settings(0, 0).export = never;
    assert_eq!(told(&world, NET), Some(Reason::Policy));
    world.settings(0, 0).export = PolicyRef::Unset;
    assert_eq!(told(&world, NET), Some(Reason::NoPolicy));
    world.settings(0, 0).export = PolicyRef::AcceptAll;
    assert_eq!(told(&world, NET6), None);
    world.routers[0].sessions[0].ipv6 = None;
    assert_eq!(told(&world, NET6), Some(Reason::NoNextHop));
    export_policy(&mut world, 0, &[SetModel::NextHopSelf]);
    assert_eq!(told(&world, NET6), Some(Reason::NoNextHop));
    export_policy(&mut world, 0, &[SetModel::NextHop(ip("2001:db8::5"))]);
    assert_eq!(told(&world, NET6), None);
    world.routers[0].sessions[0].families = FamilySet::EMPTY.with(Family::Ipv4Unicast);
    assert_eq!(told(&world, NET6), Some(Reason::Family));
    world.routers[0].drained = true;
    assert_eq!(told(&world, NET), Some(Reason::Drained));
}

/// RFC 8326: the community for everybody, the lowest preference inside the AS.
#[test]
fn a_last_resort_is_marked_and_inside_the_as_not_preferred() {
    let world = world();
    for (session, local_pref, lowest) in [(0, None, None), (2, Some(100), Some(0))] {
        let route = Route { local_pref, communities: [5].into(), ..route(&[7], FAR) };
        let expected = Route { local_pref: lowest, communities: [5, 0xFFFF_0000].into(), ..route.clone() };
        assert_eq!(last_resort(&world.routers[0], session, route), expected);
    }
}

/// The patterns of an export policy see the route as it is in the table, and what rules above have set.
#[test]
fn an_export_policy_sees_the_table_and_its_own_changes() {
    let mut world = world();
    let decide = |matches: MatchModel| rule(&[matches], &[], RuleAction::Reject);
    let sets = [SetModel::NextHopSelf, SetModel::Prepend(1), SetModel::AddCommunities(vec![5])];
    let next_hop = |address: &str| MatchModel::NextHop(vec![net(&format!("{address}/32"))]);
    let community = MatchModel::Community(vec![crier_core::policy::CommunityPattern::exact(5)]);
    for (matches, before, after) in [
        (next_hop(FAR), true, false),
        (next_hop("10.2.0.1"), false, true),
        (MatchModel::AsPath(vec!["1 7".into()]), true, false),
        (MatchModel::AsPath(vec!["10 1 7".into()]), false, true),
        (community, false, true),
    ] {
        for (rules, rejects) in [
            (vec![decide(matches.clone()), rule(&[], &sets, RuleAction::Accept)], before),
            (
                vec![
                    rule(&[], &sets, RuleAction::Next),
                    decide(matches.clone()),
                    rule(&[], &[], RuleAction::Accept),
                ],
                after,
            ),
        ] {
            let policy = world.policy(0, &rules);
            world.settings(0, 1).export = policy;
            let told = export(&world.routers[0], 1, net(NET), &from(0, route(&[1, 7], FAR)));
            assert_eq!(told.is_err(), rejects, "{matches:?}");
        }
    }
    // An own route without a next hop is matched as it is shown.
    let policy = world.policy(0, &[rule(&[next_hop("0.0.0.0")], &[], RuleAction::Accept)]);
    world.settings(0, 1).export = policy;
    assert!(export(&world.routers[0], 1, net(NET), &own(NET)).is_ok());
}
