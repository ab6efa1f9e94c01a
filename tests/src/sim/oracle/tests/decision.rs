//! Each step of the decision, MED within one neighboring AS, and what forwards together.

use std::collections::BTreeSet;

use super::super::{Path, Router, best, multipath};
use super::world::{World, net, path, route};
use crate::sim::Route;
use crate::sim::route::Segment;

const NET: &str = "198.18.0.0/16";

/// A router of AS 10 with external neighbors (sessions 0 to 2: AS 1, 2, 1) and internal ones (3 and 4).
fn router() -> Router {
    let mut world = World::new(&[10, 1, 2, 1, 10, 10]);
    for peer in 1..6 {
        world.link(0, peer);
    }
    world.routers.remove(0)
}

fn by(session: usize, route: &Route) -> Path {
    Path { session: Some(session), route: route.clone() }
}

fn base() -> Route {
    Route { origin: 1, med: Some(5), ..route(&[1, 7], "192.0.2.9") }
}

/// Position of the best, the same in whatever order they come.
fn winner(router: &Router, paths: &[Path]) -> usize {
    let found = best(router, paths).unwrap();
    let reversed: Vec<Path> = paths.iter().rev().cloned().collect();
    assert_eq!(best(router, &reversed), Some(paths.len() - 1 - found));
    found
}

#[test]
fn each_step_decides_before_those_below_it() {
    let router = router();
    let own = Path { session: None, route: Route { local_pref: Some(0), as_path: path(&[]), ..base() } };
    // Each of them beats all below it, though those are better in every later step.
    let ladder = [
        own,
        by(4, &Route { local_pref: Some(101), med: Some(9), origin: 2, as_path: path(&[1, 7, 7]), ..base() }),
        by(4, &Route { as_path: path(&[1]), med: Some(9), origin: 2, ..base() }),
        by(4, &Route { origin: 0, med: Some(9), ..base() }),
        by(4, &Route { med: Some(4), ..base() }),
        by(0, &base()),
        by(2, &base()),
        by(3, &base()),
        by(4, &base()),
        by(0, &Route { local_pref: Some(99), as_path: path(&[]), ..base() }),
    ];
    for from in 0..ladder.len() {
        assert_eq!(winner(&router, &ladder[from..]), 0, "{from}");
    }
    assert_eq!(best(&router, &[]), None);
}

#[test]
fn the_address_decides_between_sessions_with_one_router() {
    let mut router = router();
    router.sessions[2].remote_id = router.sessions[0].remote_id;
    assert_eq!(winner(&router, &[by(2, &base()), by(0, &base())]), 1);
    router.sessions[2].remote = "9.0.0.1".parse().unwrap();
    assert_eq!(winner(&router, &[by(2, &base()), by(0, &base())]), 0);
    // IPv4 before IPv6.
    router.sessions[2].remote = "2001:db8::1".parse().unwrap();
    assert_eq!(winner(&router, &[by(2, &base()), by(0, &base())]), 1);
}

/// Own numbers in front are an import policy's: the neighboring AS is behind them (decision 007).
#[test]
fn a_prepended_number_is_no_neighboring_as() {
    let router = router();
    let with = |session, numbers: &[u32], med| by(session, &Route { as_path: path(numbers), med, ..base() });
    // The same length, the better identifier, and a worse MED of another AS.
    assert_eq!(winner(&router, &[with(0, &[10, 1], Some(9)), with(1, &[10, 2], Some(1))]), 0);
    assert_eq!(winner(&router, &[with(0, &[10, 1], Some(9)), with(2, &[10, 1], Some(1))]), 1);
    // Behind a set nobody knows; what an internal neighbor originated is the own AS's.
    let set = |session, med| {
        let as_path = vec![Segment::Sequence(vec![10, 10]), Segment::Set(BTreeSet::from([1, 2]))];
        by(session, &Route { as_path, med, ..base() })
    };
    assert_eq!(winner(&router, &[set(0, Some(9)), set(2, Some(1))]), 0);
    assert_eq!(winner(&router, &[with(3, &[10], Some(9)), with(4, &[10], Some(1))]), 1);
}

#[test]
fn med_is_compared_within_one_neighboring_as() {
    let router = router();
    let with = |session, asn, med| by(session, &Route { as_path: path(&[asn, 7]), med, ..base() });
    // r1 (AS 1) loses to r3 (AS 1) by MED, which loses to r2 (AS 2) by identifier: r2 is better than r3 alone.
    let three = [with(0, 1, Some(10)), with(2, 1, Some(5)), with(1, 2, Some(100))];
    assert_eq!(winner(&router, &three), 2);
    // Without the better MED of r3, r1 has the lowest identifier.
    assert_eq!(winner(&router, &[three[0].clone(), three[2].clone()]), 0);
    // None is 0, the best.
    assert_eq!(winner(&router, &[with(0, 1, Some(1)), with(2, 1, None)]), 1);
}

#[test]
fn med_of_paths_without_a_neighboring_as() {
    let router = router();
    let bare =
        |session, as_path: Vec<Segment>, med| by(session, &Route { as_path, med: Some(med), ..base() });
    // Both from the own AS.
    assert_eq!(winner(&router, &[bare(3, path(&[]), 2), bare(4, path(&[]), 1)]), 1);
    // An AS_SET hides which AS it was.
    let set = vec![Segment::Set(BTreeSet::from([1, 2]))];
    assert_eq!(winner(&router, &[bare(0, set.clone(), 2), bare(2, set, 1)]), 0);
}

#[test]
fn an_as_set_is_one_place_of_the_path() {
    let router = router();
    let with_set = vec![Segment::Sequence(vec![2]), Segment::Set(BTreeSet::from([7, 8, 9]))];
    let longer = path(&[1, 7, 8]);
    let paths = [by(0, &Route { as_path: longer, ..base() }), by(1, &Route { as_path: with_set, ..base() })];
    assert_eq!(winner(&router, &paths), 1);
}

#[test]
fn the_originators_identifier_stands_for_the_reflectors() {
    let router = router();
    let reflected = |id: [u8; 4], clusters: usize| {
        let mut route = base();
        route.others.insert(super::super::ORIGINATOR_ID, (0x80, id.to_vec()));
        route.others.insert(super::super::CLUSTER_LIST, (0x80, vec![9; 4 * clusters]));
        route
    };
    assert_eq!(winner(&router, &[by(3, &base()), by(4, &reflected([1, 0, 0, 1], 1))]), 1);
    assert_eq!(winner(&router, &[by(3, &reflected([9; 4], 2)), by(4, &reflected([9; 4], 1))]), 1);
}

#[test]
fn what_is_equal_up_to_the_tie_break_forwards() {
    let mut router = router();
    router.maximum_paths = 8;
    let worse_med = Route { med: Some(6), ..base() };
    let other_path = Route { as_path: path(&[2, 7]), ..base() };
    let paths = [by(0, &worse_med), by(1, &other_path), by(2, &base()), by(3, &base()), by(4, &base())];
    // r2 (AS 2) is best by identifier; the worse MED, and internal paths, are out.
    assert_eq!(best(&router, &paths), Some(1));
    assert_eq!(multipath(&router, net(NET), &paths), [false, true, false, false, false]);
    router.as_path_relax = true;
    assert_eq!(multipath(&router, net(NET), &paths), [false, true, true, false, false]);
    // Internal paths forward together, by identifier.
    let inside = [by(4, &base()), by(3, &base())];
    assert_eq!(multipath(&router, net(NET), &inside), [true, true]);
    router.maximum_paths = 1;
    assert_eq!(multipath(&router, net(NET), &inside), [false, true]);
    let own = [Path { session: None, route: base() }, by(0, &base())];
    router.maximum_paths = 8;
    assert_eq!(multipath(&router, net(NET), &own), [true, false]);
    assert!(multipath(&router, net(NET), &[]).is_empty());
}

#[test]
fn the_best_decides_whether_packets_are_dropped() {
    let mut router = router();
    (router.maximum_paths, router.as_path_relax) = (8, true);
    for session in [0, 1] {
        router.sessions[session].settings.blackhole = true;
    }
    let asks = Route { communities: [super::super::BLACKHOLE].into(), ..base() };
    let second = Route { as_path: path(&[2, 7]), ..asks.clone() };
    // Session 2 asks as well, and is not to be heeded.
    let paths = [by(0, &asks), by(1, &second), by(2, &asks)];
    let host = net("198.18.0.1/32");
    assert_eq!(multipath(&router, host, &paths), [true, true, false]);
    assert_eq!(multipath(&router, net(NET), &paths), [true, true, true], "only hosts are dropped");
    let paths = [by(0, &base()), by(1, &second), by(2, &asks)];
    assert_eq!(multipath(&router, host, &paths), [true, false, true]);
}
