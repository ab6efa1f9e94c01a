//! What an earlier process has left in the kernel.

use crier_core::Millis;

use super::super::{Settings, Standing};
use super::fake::{self, Bench, Lead, Thing};
use super::{A, B, C, bench, claims};
use crate::netlink::decode::Message;

/// A kernel with a route over two next hops, and one over the first.
pub(super) fn left_behind() -> fake::Fake {
    let mut bench = bench(Settings::default(), &[11, 12]);
    bench.announce(11, &[A, B]);
    bench.announce(12, &[A]);
    bench.settle();
    bench.fake
}

#[test]
fn a_new_process_changes_nothing_that_is_still_wanted() {
    let mut bench = Bench::over(left_behind(), Settings::default());
    let (routes, objects) = (bench.fake.routes.clone(), bench.fake.objects.clone());
    let requests = bench.fake.requests;
    bench.settle();
    assert_eq!(bench.bridge.standing().adopted, 2);
    for peer in [11, 12] {
        bench.connect(peer);
        // One after the other: what the first one says alone would be a way less.
        bench.pass(Millis::from_secs(10));
        bench.announce(peer, if peer == 11 { &[A, B] } else { &[A] });
        bench.pass(Millis::from_secs(10));
    }
    assert_eq!((&bench.fake.routes, &bench.fake.objects), (&routes, &objects));
    assert_eq!(bench.fake.requests, requests);
    let Standing { routes, adopted, .. } = bench.bridge.standing();
    assert_eq!((routes, adopted), (2, 0));
    // From then on as ever.
    bench.disconnect(12);
    bench.settle();
    assert_eq!(bench.fake.gateways(A), Some(vec![11]));
}

/// The first look does not show all, as it is with IPv6 routes when others change meanwhile.
#[test]
fn what_the_first_look_at_the_kernels_routes_leaves_out_stays() {
    for (objects, left) in [(Settings::default().objects, Vec::new()), (None, claims(None))] {
        let settings = Settings { objects, left, ..Settings::default() };
        let mut former = bench(settings.clone(), &[11, 12]);
        former.announce(11, &[A, B]);
        former.announce(12, &[A]);
        former.settle();
        let mut bench = Bench::over(former.fake, settings);
        bench.fake.left_out = Some(A.parse().unwrap());
        let (routes, objects) = (bench.fake.routes.clone(), bench.fake.objects.clone());
        let requests = bench.fake.requests;
        bench.settle();
        assert_eq!(bench.bridge.standing().adopted, 1);
        bench.pass(Millis::from_secs(2));
        assert_eq!((bench.bridge.standing().adopted, bench.bridge.standing().surveys), (2, 3));
        for peer in [11, 12] {
            bench.connect(peer);
            bench.announce(peer, if peer == 11 { &[A, B] } else { &[A] });
            bench.settle();
        }
        assert_eq!(
            (&bench.fake.routes, &bench.fake.objects, bench.fake.requests),
            (&routes, &objects, requests)
        );
        let Standing { routes, adopted, others, .. } = bench.bridge.standing();
        assert_eq!((routes, adopted, others), (2, 0, 0));
        // What comes later is not of an earlier process.
        bench.fake.routes.insert(C.parse().unwrap(), (186, Lead::Blackhole));
        bench.hear(&Message::Overrun);
        bench.pass(Millis::from_secs(2));
        assert_eq!((bench.bridge.standing().others, bench.bridge.standing().adopted), (1, 0));
    }
}

#[test]
fn what_nobody_announces_again_goes_when_all_have_said_what_they_have() {
    let mut bench = Bench::over(left_behind(), Settings::default());
    for peer in [11, 12] {
        bench.connect(peer);
    }
    bench.announce(11, &[A, C]);
    bench.pass(Millis::from_secs(5));
    // What is new is there at once; what has changed is kept.
    assert_eq!(bench.fake.gateways(C), Some(vec![11]));
    assert_eq!((bench.fake.gateways(A), bench.fake.gateways(B)), (Some(vec![11, 12]), Some(vec![11])));
    bench.connect(13);
    for peer in [11, 12, 13] {
        bench.end_of_rib(peer);
    }
    bench.pass(Millis::from_secs(2));
    assert_eq!((bench.fake.gateways(A), bench.fake.gateways(B)), (Some(vec![11]), None));
    assert_eq!(bench.bridge.standing().adopted, 0);
    let hops = bench.fake.objects.values().filter(|thing| matches!(thing, Thing::Hop(_))).count();
    assert_eq!((hops, bench.fake.objects.len()), (1, 1));
}

#[test]
fn whoever_never_comes_back_is_not_waited_for_for_ever() {
    let mut bench = Bench::over(left_behind(), Settings::default());
    bench.pass(Millis::from_secs(100));
    assert_eq!(bench.fake.routes.len(), 2);
    bench.pass(Millis::from_secs(30));
    assert!(bench.fake.routes.is_empty() && bench.fake.objects.is_empty(), "{:?}", bench.fake);
}

#[test]
fn without_a_record_only_routes_with_our_numbers_are_taken_over() {
    let mut fake = left_behind();
    fake.routes.insert(C.parse().unwrap(), (186, Lead::Hops(vec![])));
    let mut bench = Bench::over(fake, Settings::default());
    bench.pass(Millis::from_secs(130));
    assert_eq!(bench.fake.routes.len(), 1);
    assert_eq!((bench.bridge.standing().others, bench.bridge.standing().adopted), (1, 0));
}

#[test]
fn a_sweep_that_is_refused_is_tried_again() {
    let settings = || Settings { left: claims(None), objects: None, ..Settings::default() };
    let mut former = bench(settings(), &[11]);
    former.announce(11, &[A, B]);
    former.settle();
    let mut bench = Bench::over(former.fake, settings());
    bench.pass(Millis::from_secs(119));
    bench.fake.refuses = Some(libc::ENOMEM);
    bench.pass(Millis::from_secs(10));
    assert_eq!((bench.fake.routes.len(), bench.bridge.standing().adopted), (2, 2));
    bench.fake.refuses = None;
    bench.pass(Millis::from_secs(11));
    assert!(bench.fake.routes.is_empty(), "{:?}", bench.fake.routes);
    assert_eq!(bench.bridge.standing().adopted, 0);
}
