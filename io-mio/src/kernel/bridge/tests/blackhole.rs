//! Routes that drop packets (RFC 7999).

use crier_core::Millis;

use super::super::Settings;
use super::fake::{Bench, INTERFACE, Lead, Thing};
use super::{FIRST, V4, bench, claims, requests, slot};
use crate::netlink::decode::Message;
use crate::netlink::{Family, Hop};

const X: &str = "10.9.0.1/32";
const Y: &str = "10.9.0.2/32";
const WIDE: &str = "10.9.0.0/24";

fn drops(bench: &Bench, prefix: &str) -> bool {
    bench.fake.gateways(prefix) == Some(Vec::new())
}

fn without_objects() -> Settings {
    Settings { objects: None, ..Settings::default() }
}

#[test]
fn hosts_are_dropped_by_one_object_until_they_are_withdrawn() {
    let mut bench = bench(Settings::default(), &[11]);
    // The object and the routes; what is no host is an ordinary route, with an object of its own.
    assert_eq!(requests(&mut bench, |bench| bench.blackhole(11, &[X, Y])), 3);
    assert_eq!(requests(&mut bench, |bench| bench.blackhole(11, &[WIDE])), 2);
    assert!(drops(&bench, X) && drops(&bench, Y));
    assert_eq!(bench.fake.gateways(WIDE), Some(vec![11]));
    assert_eq!(bench.fake.objects[&FIRST], Thing::Blackhole(Family::V4));
    assert_eq!(bench.fake.routes[&X.parse().unwrap()], (186, Lead::Object(FIRST)));
    let shown = bench.bridge.route(V4, slot(&bench, X));
    assert_eq!((shown.installed, shown.blackhole, shown.object), (true, true, Some(FIRST)));
    assert_eq!(bench.bridge.route_hops(V4, slot(&bench, X)).count(), 0);
    assert!(!bench.bridge.route(V4, slot(&bench, WIDE)).blackhole);
    // A dump finds them as they are.
    assert_eq!(requests(&mut bench, |bench| bench.pass(Millis::from_secs(301))), 0);
    bench.withdraw(11, &[X, Y, WIDE]);
    bench.settle();
    assert!(bench.fake.routes.is_empty() && bench.fake.objects.is_empty(), "{:?}", bench.fake);
}

#[test]
fn without_objects_the_route_itself_drops() {
    let mut bench = bench(without_objects(), &[11]);
    assert_eq!(requests(&mut bench, |bench| bench.blackhole(11, &[X])), 1);
    assert_eq!(bench.fake.routes[&X.parse().unwrap()], (186, Lead::Blackhole));
    assert_eq!(requests(&mut bench, |bench| bench.pass(Millis::from_secs(301))), 0);
    // Somebody has put something else in its place, or nothing.
    let hop = Hop { gateway: None, interface: INTERFACE, onlink: false };
    for other in [Some((186, Lead::Hops(vec![hop]))), None] {
        match other {
            Some(other) => drop(bench.fake.routes.insert(X.parse().unwrap(), other)),
            None => drop(bench.fake.routes.remove(&X.parse().unwrap())),
        }
        bench.hear(&Message::Overrun);
        bench.pass(Millis(200));
        assert!(drops(&bench, X));
    }
}

/// The best path decides: the lower AS number is the lower identifier here.
#[test]
fn a_route_drops_or_forwards_as_its_best_path_does() {
    for settings in [Settings::default(), without_objects()] {
        let mut bench = bench(settings, &[11, 12, 13]);
        bench.blackhole(12, &[X]);
        bench.blackhole(13, &[X]);
        bench.settle();
        assert!(drops(&bench, X));
        bench.announce(11, &[X]);
        bench.settle();
        assert_eq!(bench.fake.gateways(X), Some(vec![11]));
        bench.announce(13, &[X]);
        bench.settle();
        assert_eq!(bench.fake.gateways(X), Some(vec![11, 13]));
        bench.withdraw(11, &[X]);
        bench.settle();
        assert!(drops(&bench, X));
        // The end of a session takes back what it asked for.
        bench.disconnect(12);
        bench.pass(Millis::from_secs(2));
        assert_eq!(bench.fake.gateways(X), Some(vec![13]));
    }
}

#[test]
fn what_an_earlier_process_has_dropped_is_taken_over_without_a_word() {
    for adopt in [false, true] {
        let settings =
            if adopt { Settings { left: claims(None), ..without_objects() } } else { Settings::default() };
        let mut before = bench(settings.clone(), &[11]);
        before.blackhole(11, &[X, Y]);
        before.settle();
        let mut bench = Bench::over(before.fake, settings);
        bench.settle();
        assert_eq!(bench.bridge.standing().adopted, 2);
        let said = requests(&mut bench, |bench| {
            bench.connect(11);
            bench.blackhole(11, &[X]);
        });
        assert_eq!((said, bench.bridge.standing().routes, drops(&bench, X)), (0, 1, true), "{adopt}");
        // What is asked for no more goes when all have said what they have.
        bench.end_of_rib(11);
        for absent in [12, 13] {
            bench.connect(absent);
            bench.end_of_rib(absent);
        }
        bench.pass(Millis::from_secs(121));
        assert!(drops(&bench, X) && bench.fake.gateways(Y).is_none());
    }
}
