//! Many neighbors that die at once, and many sets that lead to one: how much a turn does of that.

use super::super::super::Settings;
use super::super::WINDOW;
use super::{A, bench};

/// However many die, a turn looks at so much, and the others are not forgotten.
#[test]
fn neighbors_that_die_at_once_leave_one_after_the_other() {
    let mut bench = bench(Settings::default(), &[11, 12, 13]);
    for peer in [11, 12, 13] {
        bench.announce(peer, &[A]);
    }
    bench.settle();
    assert_eq!(bench.fake.gateways(A), Some(vec![11, 12, 13]));
    bench.bridge.begin_turn(1);
    bench.disconnect(11);
    bench.disconnect(12);
    assert_eq!(bench.fake.gateways(A), Some(vec![12, 13]));
    bench.bridge.begin_turn(1);
    assert!(!bench.bridge.leave_groups(bench.now, &bench.speaker, &mut bench.fake));
    assert_eq!(bench.fake.gateways(A), Some(vec![13]));
}

/// By then it may forward again.
#[test]
fn a_neighbor_that_is_back_before_its_turn_stays() {
    let mut bench = bench(Settings::default(), &[11, 12]);
    bench.announce(11, &[A]);
    bench.announce(12, &[A]);
    bench.settle();
    bench.bridge.begin_turn(0);
    bench.disconnect(11);
    bench.connect(11);
    bench.bridge.begin_turn(1);
    assert!(!bench.bridge.leave_groups(bench.now, &bench.speaker, &mut bench.fake));
    assert_eq!(bench.fake.gateways(A), Some(vec![11, 12]));
}

/// Two hundred next hops of one neighbor's, with sixteen routes each: their objects go as far as the window goes, and then the others.
#[test]
fn what_goes_together_goes_as_far_as_the_window_goes() {
    let mut bench = bench(Settings::default(), &[11]);
    for via in 20..220 {
        let prefixes: Vec<String> = (0..16).map(|id| format!("10.{via}.{id}.0/24")).collect();
        bench.announce_via(11, via, &prefixes.iter().map(String::as_str).collect::<Vec<_>>());
    }
    bench.settle();
    assert_eq!(bench.bridge.standing().routes, 3_200);
    (bench.fake.most_waiting, bench.fake.requests) = (0, 0);
    bench.disconnect(11);
    bench.settle();
    assert!(bench.fake.routes.is_empty() && bench.fake.objects.is_empty());
    assert_eq!((bench.bridge.standing().routes, bench.fake.requests), (0, 200));
    assert_eq!(bench.fake.most_waiting, WINDOW);
}
