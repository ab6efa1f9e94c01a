//! Policies with no stable state, and with several (Griffin, Shepherd, Wilfong: The Stable Paths Problem).

use crier::config::{MatchModel, SetModel};
use crier_core::policy::RuleAction;

use super::super::{Observed, Path, export, from_observed, import, is_stable, solve};
use super::world::{World, best_path, net, network, route, rule};
use crate::sim::Route;

const NET: &str = "172.20.0.0/16";

/// Makes a router prefer what a session announces with exactly this many AS numbers; longer paths are refused.
fn prefer(world: &mut World, router: usize, session: usize, length: u16) {
    let exactly = crier_core::policy::LengthRange::exact(length);
    let prefers = world.policy(
        router,
        &[rule(&[MatchModel::AsPathLength(vec![exactly])], &[SetModel::LocalPref(200)], RuleAction::Accept)],
    );
    world.settings(router, session).import = prefers;
}

/// Three around one; each prefers the way by its neighbor in the ring, if that one goes straight.
fn bad_gadget() -> World {
    let mut world = World::new(&[100, 1, 2, 3]);
    for router in 1..4 {
        world.link(0, router);
    }
    for (from, to) in [(1, 2), (2, 3), (3, 1)] {
        let (here, _) = world.link(from, to);
        prefer(&mut world, from, here, 2);
    }
    world.originate(0, &network(NET));
    world
}

#[test]
fn bad_gadget_oscillates() {
    let mut world = bad_gadget();
    world.originate(1, &network("172.21.0.0/16"));
    let oscillation = solve(&world.routers).unwrap_err();
    assert_eq!(oscillation.prefixes.keys().copied().collect::<Vec<_>>(), [net(NET)]);
    let text = oscillation.to_string();
    assert_eq!(text, "no stable state (RFC 3345): 172.20.0.0/16 at r1, r2, r3");
}

#[test]
fn bad_gadget_without_one_link_is_stable() {
    let mut world = bad_gadget();
    world.settings(3, 2).import = crier_core::config::PolicyRef::RejectAll;
    let tables = world.solve();
    // r3 goes straight, so r2 goes by it, so r1 goes straight.
    let paths = [1, 2, 3].map(|router| best_path(&tables[router], NET).unwrap());
    assert_eq!(paths, [vec![100], vec![3, 100], vec![100]]);
}

/// Two beside one; each prefers the way by the other. All at once they follow each other for ever.
fn disagree() -> World {
    let mut world = World::new(&[100, 1, 2]);
    world.link(0, 1);
    world.link(0, 2);
    let (at_1, at_2) = world.link(1, 2);
    prefer(&mut world, 1, at_1, 2);
    prefer(&mut world, 2, at_2, 2);
    world.originate(0, &network(NET));
    world
}

#[test]
fn disagree_has_two_stable_states() {
    let world = disagree();
    let one = world.solve();
    // The other one, by symmetry: who goes straight changes roles.
    let straight =
        [1, 2].into_iter().find(|router| best_path(&one[*router], NET) == Some(vec![100])).unwrap();
    let round = 3 - straight;
    assert_eq!(best_path(&one[round], NET), Some(vec![straight as u32, 100]));

    // Now `round` goes straight and announces that, and `straight` goes by it.
    let accept = |router: usize, session, route: &Route| {
        let route = import(&world.routers[router], session, net(NET), route).unwrap();
        Path { session: Some(session), route }
    };
    let direct = |router: usize| accept(router, 0, &one[router].received[0][&net(NET)]);
    let announced = export(&world.routers[round], 1, net(NET), &direct(round)).unwrap();
    let mut seen: Vec<Observed> =
        one.iter().map(|t| Observed { paths: t.paths.clone(), best: t.best.clone() }).collect();
    seen[straight].paths.insert(net(NET), vec![direct(straight), accept(straight, 1, &announced)]);
    seen[straight].best.insert(net(NET), 1);
    seen[round].paths.insert(net(NET), vec![direct(round)]);
    seen[round].best.insert(net(NET), 0);
    let other = from_observed(&world.routers, seen.clone());
    assert_ne!(one, other);
    assert_eq!(is_stable(&world.routers, &one), Ok(()));
    assert_eq!(is_stable(&world.routers, &other), Ok(()));
    // Both straight: each is told of the better way, so that cannot last.
    seen[straight] =
        Observed { paths: [(net(NET), vec![direct(straight)])].into(), best: [(net(NET), 0)].into() };
    assert!(is_stable(&world.routers, &from_observed(&world.routers, seen)).is_err());
}

#[test]
fn what_nobody_originates_is_a_ghost() {
    let mut world = World::line(&[1, 2, 3]);
    world.link(2, 0);
    world.originate(0, &network(NET));
    let tables = world.solve();
    world.routers[0].origins.clear();
    let text = is_stable(&world.routers, &tables).unwrap_err();
    assert_eq!(text, "172.20.0.0/16: r0 does not originate it");
    // A withdrawal that the others have lost.
    let mut lost = tables;
    (lost[0].paths, lost[0].best) = Default::default();
    let text = is_stable(&world.routers, &lost).unwrap_err();
    assert_eq!(text, "172.20.0.0/16: r1 has it from r0 has no path");
    // Everybody has it from the next in the ring.
    for (router, tables) in lost.iter_mut().enumerate() {
        let session = world.routers[router].sessions.iter().position(|s| s.peer == (router + 1) % 3);
        let ghost = Path { session, route: route(&[9], "192.0.2.1") };
        tables.paths.insert(net(NET), vec![ghost]);
        tables.best.insert(net(NET), 0);
    }
    let text = is_stable(&world.routers, &lost).unwrap_err();
    assert_eq!(text, "172.20.0.0/16: goes round, originated by none of r0, r1, r2");
}
