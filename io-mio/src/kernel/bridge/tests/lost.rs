//! Answers that never come, without objects that would tell by their numbers what is ours.

use crier_core::Millis;

use super::super::super::Pending;
use super::super::{Settings, Standing};
use super::fake::{Bench, INTERFACE, Lead};
use super::{A, B, V4, bench, requests, slot};
use crate::netlink::Hop;

fn without_objects() -> Settings {
    Settings { objects: None, ..Settings::default() }
}

/// Two routes are asked for, and the answers get lost.
fn unanswered(refuses: Option<i32>) -> Bench {
    let mut bench = bench(without_objects(), &[11]);
    (bench.fake.mute, bench.fake.refuses) = (true, refuses);
    bench.announce(11, &[A, B]);
    bench.settle();
    bench.fake.refuses = None;
    bench
}

#[test]
fn what_was_done_all_the_same_is_ours() {
    let mut bench = unanswered(None);
    let Standing { routes, refused, .. } = bench.bridge.standing();
    assert_eq!((routes, refused), (0, 2));
    assert_eq!(bench.bridge.route(V4, slot(&bench, A)).pending, Pending::Retry(libc::EIO));
    // The dump tells, and nothing has to be said.
    assert_eq!(requests(&mut bench, |bench| bench.pass(Millis::from_secs(20))), 0);
    let Standing { routes, refused, others, last_errno, .. } = bench.bridge.standing();
    assert_eq!((routes, refused, others, last_errno), (2, 0, 0, libc::EIO));
    bench.withdraw(11, &[A]);
    bench.settle();
    assert_eq!((bench.fake.gateways(A), bench.fake.gateways(B)), (None, Some(vec![11])));
}

#[test]
fn what_was_not_done_is_asked_for_once_more() {
    let mut bench = unanswered(Some(libc::ENOMEM));
    assert_eq!(bench.fake.gateways(A), None);
    assert_eq!(requests(&mut bench, |bench| bench.pass(Millis(100))), 2);
    let Standing { routes, refused, .. } = bench.bridge.standing();
    assert_eq!((routes, refused, bench.fake.gateways(A)), (2, 0, Some(vec![11])));
}

#[test]
fn what_is_wanted_no_more_by_then_goes() {
    let mut bench = unanswered(None);
    bench.withdraw(11, &[A, B]);
    bench.settle();
    assert_eq!(bench.fake.routes.len(), 2, "nobody knows");
    bench.pass(Millis(100));
    assert!(bench.fake.routes.is_empty());
    let Standing { routes, refused, .. } = bench.bridge.standing();
    assert_eq!((routes, refused, bench.speaker.find_destination(A.parse().unwrap())), (0, 0, None));
}

#[test]
fn what_nobody_here_has_asked_for_is_not_ours() {
    let mut bench = bench(without_objects(), &[11]);
    let hop = Hop { gateway: None, interface: INTERFACE, onlink: false };
    for prefix in [A, B] {
        bench.fake.routes.insert(prefix.parse().unwrap(), (186, Lead::Hops(vec![hop])));
    }
    // The kernel answers that there is one; of the other it was never asked.
    bench.announce(11, &[A]);
    bench.settle();
    bench.pass(Millis::from_secs(301));
    let Standing { routes, refused, others, last_errno, .. } = bench.bridge.standing();
    assert_eq!((routes, refused, others, last_errno), (0, 1, 2, libc::EEXIST));
    bench.withdraw(11, &[A]);
    bench.pass(Millis::from_secs(20));
    assert_eq!(bench.fake.routes.len(), 2);
}
