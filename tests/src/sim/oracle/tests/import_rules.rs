//! What is accepted from a neighbor, and as what.

use crier::config::SetModel;
use crier_core::FamilySet;
use crier_core::config::PolicyRef;
use crier_core::policy::{CommunityPattern, RuleAction};
use crier_core::view::Reason;

use super::super::import;
use super::world::{World, ip, net, path, route, rule};
use crate::sim::Route;
use crate::sim::route::Segment;

const NET: &str = "198.18.0.0/16";
const FAR: &str = "198.51.100.7";
const GOING: u32 = 0xFFFF_0000;

/// r0 (AS 10) with an external neighbor (session 0, AS 1) and an internal one (session 1).
fn world() -> World {
    let mut world = World::new(&[10, 1, 10]);
    world.link(0, 1);
    world.link(0, 2);
    world
}

fn inside(numbers: &[u32]) -> Route {
    Route { local_pref: Some(50), ..route(numbers, FAR) }
}

#[test]
fn paths_that_cannot_be_are_refused() {
    let mut world = world();
    let check = |session, prefix, route: &Route| import(&world.routers[0], session, net(prefix), route).err();
    assert_eq!(check(0, NET, &route(&[1, 7], FAR)), None);
    assert_eq!(check(1, NET, &inside(&[7])), None);
    assert_eq!(check(1, NET, &inside(&[])), None);
    for (reason, session, prefix, route) in [
        (Reason::OwnAs, 0, NET, route(&[1, 10, 7], FAR)),
        (Reason::OwnAs, 0, NET, route(&[10], FAR)),
        (Reason::OwnAs, 1, NET, inside(&[7, 10])),
        (Reason::FirstAs, 0, NET, route(&[7, 1], FAR)),
        (Reason::FirstAs, 0, NET, route(&[], FAR)),
        (Reason::FirstAs, 0, NET, Route { as_path: vec![Segment::Set([1].into())], ..route(&[], FAR) }),
        (Reason::AsZero, 0, NET, route(&[1, 0], FAR)),
        (Reason::AsPathTooLong, 0, NET, route(&[1; 1025], FAR)),
        (Reason::Malformed, 1, NET, route(&[7], FAR)),
        (Reason::OwnNextHop, 0, NET, route(&[1], "10.2.0.1")),
        (Reason::OwnNextHop, 0, "2001:db8::/32", route(&[1], "fd00:1::1")),
        (Reason::NextHop, 0, NET, route(&[1], "224.0.0.1")),
        (Reason::NextHop, 0, NET, route(&[1], "0.0.0.7")),
        (Reason::NextHop, 0, NET, route(&[1], "127.0.0.1")),
        (Reason::NextHop, 0, NET, route(&[1], "2001:db8::1")),
        (Reason::NextHop, 0, "2001:db8::/32", route(&[1], "ff02::1")),
        (Reason::NextHop, 0, "2001:db8::/32", route(&[1], "::")),
        (Reason::NotEstablished, 9, NET, route(&[1], FAR)),
    ] {
        assert_eq!(check(session, prefix, &route), Some(reason), "{prefix} {route:?}");
    }
    // RFC 8950, where agreed on: an IPv6 next hop is one for IPv4, no IPv4 one for IPv6.
    world.routers[0].sessions[0].extended_next_hop = true;
    let check = |prefix, next_hop| import(&world.routers[0], 0, net(prefix), &route(&[1], next_hop)).err();
    assert_eq!(check(NET, "2001:db8::1"), None);
    assert_eq!(check(NET, "fd00:1::1"), Some(Reason::OwnNextHop));
    assert_eq!(check(NET, "ff02::1"), Some(Reason::NextHop));
    assert_eq!(check("2001:db8::/32", FAR), Some(Reason::NextHop));
}

#[test]
fn prefixes_that_must_not_be_routed_are_refused() {
    let world = world();
    let refused = |prefix| {
        let next_hop = if net(prefix).addr().is_ipv4() { FAR } else { "2001:db8::9" };
        import(&world.routers[0], 0, net(prefix), &route(&[1], next_hop)).err()
    };
    for prefix in
        ["0.0.0.0/8", "0.1.0.0/16", "127.0.0.1/32", "224.0.0.0/4", "240.1.0.0/16", "::/128", "::1/128"]
    {
        assert_eq!(refused(prefix), Some(Reason::Martian), "{prefix}");
    }
    for prefix in ["ff02::/16", "fe80::/10", "fe80:1::/32"] {
        assert_eq!(refused(prefix), Some(Reason::Martian), "{prefix}");
    }
    for prefix in ["0.0.0.0/0", "0.0.0.0/1", "126.0.0.0/7", "128.0.0.0/1", "::/0", "fec0::/10", "::2/128"] {
        assert_eq!(refused(prefix), None, "{prefix}");
    }
}

#[test]
fn settings_of_the_session_count() {
    let mut world = world();
    let unexpected = route(&[7, 1], FAR);
    world.settings(0, 0).enforce_first_as = false;
    assert!(import(&world.routers[0], 0, net(NET), &unexpected).is_ok());
    world.settings(0, 0).import = PolicyRef::RejectAll;
    assert_eq!(import(&world.routers[0], 0, net(NET), &unexpected), Err(Reason::Policy));
    world.settings(0, 0).import = PolicyRef::Unset;
    assert_eq!(import(&world.routers[0], 0, net(NET), &unexpected), Err(Reason::NoPolicy));
    world.settings(0, 0).import = PolicyRef::Named(3);
    assert_eq!(import(&world.routers[0], 0, net(NET), &unexpected), Err(Reason::Policy));
    world.settings(0, 1).import = PolicyRef::Unset;
    assert!(import(&world.routers[0], 1, net(NET), &inside(&[7])).is_ok());
    world.routers[0].sessions[1].families = FamilySet::EMPTY;
    assert_eq!(import(&world.routers[0], 1, net(NET), &inside(&[7])), Err(Reason::Family));
}

#[test]
fn what_an_external_neighbor_says_about_the_own_as_is_dropped() {
    let world = world();
    let mut told = Route { local_pref: Some(300), ..route(&[1], FAR) };
    told.others.insert(9, (0x80, vec![192, 0, 2, 0]));
    told.others.insert(10, (0x80, vec![192, 0, 2, 0]));
    told.others.insert(99, (0xC0, vec![1]));
    told.others.insert(100, (0x80, vec![2]));
    let accepted = import(&world.routers[0], 0, net(NET), &told).unwrap();
    assert_eq!(accepted.local_pref, None);
    assert_eq!(accepted.others.into_keys().collect::<Vec<_>>(), [99], "transitive, or at an end here");
    // From inside it is a reflected route that has been here.
    let mut told = Route { local_pref: Some(300), ..told };
    told.others.remove(&9);
    assert_eq!(import(&world.routers[0], 1, net(NET), &told), Err(Reason::ReflectionLoop));
    told.others.insert(10, (0x80, vec![192, 0, 2, 77]));
    let accepted = import(&world.routers[0], 1, net(NET), &told).unwrap();
    assert_eq!((accepted.local_pref, accepted.others.contains_key(&10)), (Some(300), true));
}

#[test]
fn who_is_about_to_go_is_the_last_choice_whatever_the_policy_says() {
    let mut world = world();
    let prefers = world.policy(
        0,
        &[rule(
            &[],
            &[
                SetModel::LocalPref(300),
                SetModel::Prepend(1),
                SetModel::RemoveCommunities(vec![CommunityPattern::exact(GOING)]),
            ],
            RuleAction::Accept,
        )],
    );
    for session in [0, 1] {
        world.settings(0, session).import = prefers;
    }
    let going = |route: Route| Route { communities: [GOING].into(), ..route };
    let accepted = import(&world.routers[0], 0, net(NET), &going(route(&[1], FAR))).unwrap();
    assert_eq!((accepted.local_pref, accepted.communities.len()), (Some(0), 0));
    assert_eq!(accepted.as_path, path(&[10, 1]));
    let accepted = import(&world.routers[0], 1, net(NET), &going(inside(&[]))).unwrap();
    assert_eq!(accepted.local_pref, Some(300), "RFC 8326 asks this of external sessions");
    // Or if the policy adds it.
    let marks = world.policy(0, &[rule(&[], &[SetModel::AddCommunities(vec![GOING])], RuleAction::Accept)]);
    world.settings(0, 0).import = marks;
    assert_eq!(import(&world.routers[0], 0, net(NET), &route(&[1], FAR)).unwrap().local_pref, Some(0));
}

#[test]
fn next_hop_self_means_nothing_on_the_way_in() {
    let mut world = world();
    let own = world.policy(0, &[rule(&[], &[SetModel::NextHopSelf], RuleAction::Accept)]);
    world.settings(0, 0).import = own;
    assert_eq!(import(&world.routers[0], 0, net(NET), &route(&[1], FAR)), Err(Reason::NextHop));
    let set = [SetModel::NextHop(ip("192.0.2.77")), SetModel::NextHop(ip("2001:db8::77"))];
    let fixed = world.policy(0, &[rule(&[], &set, RuleAction::Accept)]);
    world.settings(0, 0).import = fixed;
    let next_hop = |prefix, next_hop| {
        let link_local = Some("fe80::9".parse().unwrap());
        let told = Route { link_local, ..route(&[1], next_hop) };
        import(&world.routers[0], 0, net(prefix), &told).map(|route| (route.next_hop, route.link_local))
    };
    assert_eq!(next_hop("2001:db8::/32", "2001:db8::1"), Ok((ip("2001:db8::77"), None)));
    assert_eq!(next_hop(NET, FAR).unwrap().0, ip("192.0.2.77"));
}

#[test]
fn who_may_ask_for_a_host_to_be_dropped_is_heeded_and_nobody_else_hears() {
    const BLACKHOLE: u32 = 0xFFFF_029A;
    const NO_ADVERTISE: u32 = 0xFFFF_FF02;
    let mut world = world();
    let marked = |world: &World, prefix, communities: &[u32]| {
        let next_hop = if net(prefix).addr().is_ipv4() { FAR } else { "2001:db8::9" };
        let told = Route { communities: communities.iter().copied().collect(), ..route(&[1], next_hop) };
        let accepted = import(&world.routers[0], 0, net(prefix), &told).unwrap();
        accepted.communities.contains(&NO_ADVERTISE)
    };
    assert!(!marked(&world, "198.18.0.1/32", &[BLACKHOLE]));
    world.settings(0, 0).blackhole = true;
    assert!(marked(&world, "198.18.0.1/32", &[BLACKHOLE]) && marked(&world, "2001:db8::1/128", &[BLACKHOLE]));
    assert!(!marked(&world, "198.18.0.0/31", &[BLACKHOLE]) && !marked(&world, "198.18.0.1/32", &[7]));
    // The policy has the last word.
    let sets = [SetModel::RemoveCommunities(vec![CommunityPattern::exact(BLACKHOLE)])];
    let forgets = world.policy(0, &[rule(&[], &sets, RuleAction::Accept)]);
    world.settings(0, 0).import = forgets;
    assert!(!marked(&world, "198.18.0.1/32", &[BLACKHOLE]));
    let adds =
        world.policy(0, &[rule(&[], &[SetModel::AddCommunities(vec![BLACKHOLE])], RuleAction::Accept)]);
    world.settings(0, 0).import = adds;
    assert!(marked(&world, "198.18.0.1/32", &[7]));
}
