//! What is chosen depends on what there is, not on how it came about (RFC 4271, 9.1: no step asks for the order of arrival).

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

use crate::law;
use crate::router::{NEIGHBORS, Route, with_router};

fn route() -> impl Strategy<Value = Route> {
    (0..2_u8, 0..2_u8, option::of(0..3_u8), 0..2_u8, 0..3_u8)
        .prop_map(|(behind, origin, med, preference, first)| Route { behind, origin, med, preference, first })
}

/// What every neighbor announces in the end, if anything.
fn routes() -> impl Strategy<Value = Vec<Option<Route>>> {
    vec(option::weighted(0.8, route()), NEIGHBORS.len())
}

/// What was announced and withdrawn before that.
fn before() -> impl Strategy<Value = Vec<(usize, Option<Route>)>> {
    vec((0..NEIGHBORS.len(), option::weighted(0.7, route())), 0..20)
}

fn order() -> impl Strategy<Value = Vec<usize>> {
    Just((0..NEIGHBORS.len()).collect::<Vec<_>>()).prop_shuffle()
}

type Chosen = (Option<u16>, Vec<(u16, bool)>);

fn choose(
    (relax, most): (bool, u16),
    before: &[(usize, Option<Route>)],
    routes: &[Option<Route>],
    order: &[usize],
) -> Chosen {
    with_router(relax, most, |mut router| {
        let says = before.iter().copied().chain(order.iter().map(|neighbor| (*neighbor, routes[*neighbor])));
        for (neighbor, route) in says {
            match route {
                Some(route) => router.announce(neighbor, 1, route),
                None => router.withdraw(neighbor, 1),
            }
        }
        router.chosen(1)
    })
}

proptest! {
    #![proptest_config(law(400))]

    #[test]
    fn the_order_of_arrival_decides_nothing(
        relax: bool, most in 1..9_u16, routes in routes(), before in before(), order in order(),
    ) {
        let in_turn: Vec<usize> = (0..NEIGHBORS.len()).collect();
        let plain = choose((relax, most), &[], &routes, &in_turn);
        let other = choose((relax, most), &before, &routes, &order);
        prop_assert_eq!(&plain, &other);
        let (best, all) = plain;
        prop_assert_eq!(all.len(), routes.iter().flatten().count());
        prop_assert_eq!(best.is_some(), !all.is_empty());
        let forwarding: Vec<u16> = all.iter().filter(|(_, forwards)| *forwards).map(|(peer, _)| *peer).collect();
        prop_assert!(best.is_none_or(|best| forwarding.contains(&best)));
        prop_assert!(forwarding.len() <= most.into());
    }

    /// Where nothing is compared between ASes but what is a total order, a path that loses changes nothing by going.
    #[test]
    fn a_path_that_loses_may_go(routes in routes(), order in order(), which in 0..NEIGHBORS.len()) {
        let routes: Vec<_> = routes.into_iter().map(|route| route.map(|route| Route { med: None, ..route })).collect();
        let (best, _) = choose((true, 1), &[], &routes, &order);
        let mut fewer = routes;
        fewer[which] = None;
        let (then, _) = choose((true, 1), &[], &fewer, &order);
        if best != Some(which as u16 + 1) {
            prop_assert_eq!(best, then);
        }
    }
}
