//! What an earlier process has installed by other keys.

use crier_core::Millis;

use super::super::super::Claim;
use super::super::{Settings, Standing};
use super::fake::{Bench, Fake, INTERFACE, Lead};
use super::takeover::left_behind;
use super::{A, B, C, FIRST, claims};
use crate::netlink::decode::Message;
use crate::netlink::{Hop, RouteKey};

const RANGE: std::ops::Range<u32> = FIRST..FIRST + 8192;
const OTHER: std::ops::Range<u32> = 1_000_000..1_008_192;

/// The same neighbors come back and say the same, but for one prefix less and one more.
fn again(bench: &mut Bench) {
    for peer in [11, 12] {
        bench.connect(peer);
        bench.pass(Millis::from_secs(10));
        bench.announce(peer, if peer == 11 { &[A, C] } else { &[A] });
        bench.settle();
    }
}

/// Neighbor 13 comes up, and all have said what they have.
fn told(bench: &mut Bench) {
    bench.connect(13);
    for peer in [11, 12, 13] {
        bench.end_of_rib(peer);
    }
    bench.pass(Millis::from_secs(10));
}

fn leads_to(fake: &Fake, ids: &std::ops::Range<u32>) -> bool {
    fake.routes.values().all(|(_, lead)| matches!(lead, Lead::Object(id) if ids.contains(id)))
}

/// A kernel with the routes of [`left_behind`], with this metric.
fn with_metric(metric: u32) -> Fake {
    let mut fake = left_behind();
    let routes = std::mem::take(&mut fake.routes);
    let key = |prefix, protocol| RouteKey { prefix, table: 254, protocol, metric };
    fake.elsewhere =
        routes.into_iter().map(|(prefix, (protocol, lead))| (key(prefix, protocol), lead)).collect();
    fake
}

#[test]
fn routes_with_former_numbers_stay_until_the_takeover_is_over_and_are_replaced() {
    let settings = Settings { objects: Some(OTHER), left: claims(Some(RANGE)), ..Settings::default() };
    let mut bench = Bench::over(left_behind(), settings);
    let routes = bench.fake.routes.clone();
    again(&mut bench);
    for (prefix, lead) in &routes {
        assert_eq!(bench.fake.routes[prefix], *lead);
    }
    assert_eq!(bench.bridge.claims().count(), 2);
    told(&mut bench);
    let gateways = [A, B, C].map(|prefix| bench.fake.gateways(prefix));
    assert_eq!(gateways, [Some(vec![11, 12]), None, Some(vec![11])]);
    assert!(leads_to(&bench.fake, &OTHER), "{:?}", bench.fake.routes);
    assert!(bench.fake.objects.keys().all(|id| OTHER.contains(id)), "{:?}", bench.fake.objects);
    assert_eq!(bench.bridge.claims().collect::<Vec<_>>(), claims(Some(OTHER)));
    let Standing { routes, others, adopted, refused, .. } = bench.bridge.standing();
    assert_eq!((routes, others, adopted, refused), (2, 0, 0, 0));
}

#[test]
fn routes_change_between_objects_and_none() {
    for (before, after) in [(Some(RANGE), None), (None, Some(RANGE))] {
        let mut former = super::bench(Settings { objects: before.clone(), ..Settings::default() }, &[11, 12]);
        former.announce(11, &[A, B]);
        former.announce(12, &[A]);
        former.settle();
        let settings =
            Settings { objects: after.clone(), left: claims(before.clone()), ..Settings::default() };
        let mut bench = Bench::over(former.fake, settings);
        let routes = bench.fake.routes.clone();
        again(&mut bench);
        assert!(routes.iter().all(|(prefix, lead)| bench.fake.routes[prefix] == *lead));
        told(&mut bench);
        let gateways = [A, B, C].map(|prefix| bench.fake.gateways(prefix));
        assert_eq!(gateways, [Some(vec![11, 12]), None, Some(vec![11])]);
        assert_eq!(leads_to(&bench.fake, &RANGE), after.is_some());
        assert_eq!(bench.fake.objects.is_empty(), after.is_none(), "{:?}", bench.fake.objects);
        assert_eq!(bench.bridge.claims().collect::<Vec<_>>(), claims(after));
    }
}

#[test]
fn routes_with_a_former_metric_stay_until_the_takeover_is_over_and_go() {
    let left = vec![Claim { metric: 30, ..claims(Some(RANGE)).remove(0) }];
    let mut bench = Bench::over(with_metric(30), Settings { left, ..Settings::default() });
    let former = bench.fake.elsewhere.clone();
    bench.pass(Millis::from_secs(20));
    again(&mut bench);
    assert_eq!(bench.fake.elsewhere, former);
    assert_eq!(bench.fake.gateways(A), Some(vec![11, 12]), "the new one does not wait");
    told(&mut bench);
    assert!(bench.fake.elsewhere.is_empty(), "{:?}", bench.fake.elsewhere);
    let gateways = [A, B, C].map(|prefix| bench.fake.gateways(prefix));
    assert_eq!(gateways, [Some(vec![11, 12]), None, Some(vec![11])]);
    assert_eq!(bench.bridge.claims().collect::<Vec<_>>(), claims(Some(RANGE)));
    // Nobody comes back.
    let left = vec![Claim { metric: 30, ..claims(Some(RANGE)).remove(0) }];
    let mut bench = Bench::over(with_metric(30), Settings { left, ..Settings::default() });
    bench.pass(Millis::from_secs(100));
    assert_eq!(bench.fake.elsewhere, former);
    bench.pass(Millis::from_secs(40));
    assert!(bench.fake.elsewhere.is_empty() && bench.fake.objects.is_empty(), "{:?}", bench.fake);
}

#[test]
fn routes_with_a_former_protocol_are_in_the_way_and_are_replaced() {
    let left = vec![Claim { protocol: 200, ..claims(Some(RANGE)).remove(0) }];
    let mut fake = left_behind();
    fake.routes.values_mut().for_each(|(protocol, _)| *protocol = 200);
    let mut bench = Bench::over(fake, Settings { left, ..Settings::default() });
    again(&mut bench);
    assert_eq!(bench.fake.routes[&A.parse().unwrap()].0, 200);
    told(&mut bench);
    let gateways = [A, B, C].map(|prefix| bench.fake.gateways(prefix));
    assert_eq!(gateways, [Some(vec![11, 12]), None, Some(vec![11])]);
    assert!(bench.fake.routes.values().all(|(protocol, _)| *protocol == 186), "{:?}", bench.fake.routes);
    assert_eq!((bench.bridge.standing().routes, bench.bridge.standing().refusals), (2, 0));
    assert_eq!(bench.bridge.claims().count(), 1);
}

/// Somebody else's routes lead to objects with former numbers, or to their own.
#[test]
fn what_no_record_is_about_stays() {
    let metric = |metric| vec![Claim { metric, ..claims(Some(RANGE)).remove(0) }];
    let mut fake = left_behind();
    let key = RouteKey { prefix: C.parse().unwrap(), table: 100, protocol: 186, metric: 7 };
    fake.elsewhere.insert(key, Lead::Object(FIRST));
    fake.elsewhere.insert(RouteKey { table: 254, metric: 30, ..key }, Lead::Object(7));
    let (objects, elsewhere) = (fake.objects.clone(), fake.elsewhere.clone());
    let left = [metric(30), claims(Some(RANGE))].concat();
    let mut bench = Bench::over(fake, Settings { objects: Some(OTHER), left, ..Settings::default() });
    bench.pass(Millis::from_secs(140));
    assert!(bench.fake.routes.is_empty());
    assert_eq!((&bench.fake.objects, &bench.fake.elsewhere), (&objects, &elsewhere));
    assert_eq!(bench.bridge.claims().collect::<Vec<_>>(), claims(Some(OTHER)));
}

/// A record says more than there is: nobody waits for what is not there, although a neighbor never comes back.
#[test]
fn what_a_record_says_and_the_kernel_has_not_is_not_waited_for() {
    let left = [claims(Some(RANGE)), claims(None), claims(Some(OTHER))].concat();
    let mut bench = Bench::over(left_behind(), Settings { left, ..Settings::default() });
    for peer in [11, 12] {
        bench.connect(peer);
        bench.announce(peer, if peer == 11 { &[A, B] } else { &[A] });
    }
    bench.pass(Millis::from_secs(1));
    assert!(!bench.bridge.is_taking_over());
    assert_eq!(bench.bridge.claims().collect::<Vec<_>>(), claims(Some(RANGE)));
    // The group and the next hop that nothing leads to any more.
    bench.withdraw(12, &[A]);
    bench.settle();
    assert_eq!((bench.fake.gateways(A), bench.fake.objects.len()), (Some(vec![11]), 1));
}

/// Former routes lead to objects with numbers of ours, and so long those stay, and no longer.
#[test]
fn objects_that_former_routes_lead_to_stay_with_them() {
    let left = vec![Claim { metric: 30, ..claims(Some(RANGE)).remove(0) }];
    let mut bench = Bench::over(with_metric(30), Settings { left, ..Settings::default() });
    let (former, objects) = (bench.fake.elsewhere.clone(), bench.fake.objects.clone());
    bench.connect(13);
    bench.announce(13, &[C]);
    bench.pass(Millis::from_secs(2));
    bench.withdraw(13, &[C]);
    bench.pass(Millis::from_secs(2));
    assert_eq!(bench.bridge.standing().former, 2);
    assert_eq!(bench.fake.elsewhere, former);
    assert!(objects.iter().all(|(id, thing)| bench.fake.objects.get(id) == Some(thing)));
    // Somebody removes them, and something has the kernel looked at.
    bench.fake.elsewhere.clear();
    bench.hear(&Message::Overrun);
    bench.pass(Millis::from_secs(2));
    assert!(bench.fake.objects.is_empty() && !bench.bridge.is_taking_over(), "{:?}", bench.fake);
}

/// Where none were used, a route to an object is not crier's.
#[test]
fn a_record_without_objects_is_about_no_routes_to_objects() {
    let settings = Settings { objects: None, left: claims(None), ..Settings::default() };
    let mut fake = left_behind();
    let hop = Hop { gateway: None, interface: INTERFACE, onlink: false };
    fake.routes.insert(C.parse().unwrap(), (186, Lead::Hops(vec![hop])));
    let mut bench = Bench::over(fake, settings);
    bench.settle();
    assert_eq!(bench.bridge.standing().others, 2);
    bench.pass(Millis::from_secs(140));
    assert_eq!(bench.fake.gateways(C), None);
    assert!(bench.fake.gateways(A).is_some() && bench.fake.gateways(B).is_some());
}
