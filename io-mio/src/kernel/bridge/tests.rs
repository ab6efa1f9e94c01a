use crier_core::{Family, Millis};

use super::super::{Claim, Pending};
use super::{Settings, Standing};
use crate::netlink::decode::{Message, messages};
use crate::netlink::encode::{self, Existing, Via};

mod blackhole;
mod down;
mod fake;
mod former;
mod lost;
mod others;
mod takeover;

pub(crate) use fake::speaker;
use fake::{Bench, Lead};

const V4: Family = Family::Ipv4Unicast;
const A: &str = "10.1.0.0/16";
const B: &str = "10.2.0.0/16";
const C: &str = "10.3.0.0/16";
const FIRST: u32 = 2_000_000_000;

/// With sessions to these neighbors.
fn bench(settings: Settings, peers: &[u8]) -> Bench {
    let mut bench = Bench::new(settings);
    peers.iter().for_each(|peer| bench.connect(*peer));
    // Until two looks at the kernel's routes have shown the same.
    bench.pass(Millis(200));
    bench
}

/// What is asked for while something happens.
fn requests(bench: &mut Bench, what: impl FnOnce(&mut Bench)) -> usize {
    let before = bench.fake.requests;
    what(bench);
    bench.settle();
    bench.fake.requests - before
}

fn slot(bench: &Bench, prefix: &str) -> u32 {
    bench.speaker.find_destination(prefix.parse().unwrap()).unwrap()
}

#[test]
fn routes_come_and_change_and_go() {
    let mut bench = bench(Settings::default(), &[11, 12, 13]);
    // An object and a route each, then one route that needs no object, then a group.
    assert_eq!(requests(&mut bench, |bench| bench.announce(11, &[A])), 2);
    assert_eq!(requests(&mut bench, |bench| bench.announce(11, &[B])), 1);
    assert_eq!(requests(&mut bench, |bench| bench.announce(12, &[A])), 3);
    assert_eq!(bench.fake.gateways(A), Some(vec![11, 12]));
    assert_eq!(bench.fake.gateways(B), Some(vec![11]));
    assert_eq!(bench.fake.routes[&A.parse().unwrap()], (186, Lead::Object(FIRST + 4096 + 1)));
    assert_eq!(bench.bridge.standing().routes, 2);
    assert!(
        bench.bridge.is_installed(V4, slot(&bench, A)) && bench.speaker.is_installed(V4, slot(&bench, A))
    );
    // The same again says nothing.
    assert_eq!(requests(&mut bench, |bench| bench.announce(12, &[A])), 0);
    bench.withdraw(11, &[A, B]);
    bench.settle();
    assert_eq!((bench.fake.gateways(A), bench.fake.gateways(B)), (Some(vec![12]), None));
    bench.withdraw(12, &[A]);
    bench.settle();
    assert!(bench.fake.routes.is_empty() && bench.fake.objects.is_empty(), "{:?}", bench.fake);
    assert_eq!(bench.bridge.standing().routes, 0);
    assert_eq!(bench.speaker.find_destination(A.parse().unwrap()), None);
}

#[test]
fn without_objects_routes_name_their_next_hops() {
    let mut bench = bench(Settings { objects: None, ..Settings::default() }, &[11, 12]);
    bench.announce(11, &[A]);
    bench.announce(12, &[A]);
    bench.settle();
    assert_eq!(bench.fake.gateways(A), Some(vec![11, 12]));
    assert!(bench.fake.objects.is_empty());
    bench.disconnect(11);
    bench.settle();
    assert_eq!(bench.fake.gateways(A), Some(vec![12]));
}

#[test]
fn a_dead_neighbor_leaves_all_routes_at_one_message() {
    let mut bench = bench(Settings::default(), &[11, 12]);
    let prefixes: Vec<String> = (0..100).map(|id| format!("10.{id}.0.0/16")).collect();
    let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
    bench.announce(11, &prefixes);
    bench.announce(12, &prefixes);
    bench.settle();
    assert_eq!(bench.bridge.standing().routes, 100);
    let said = requests(&mut bench, |bench| bench.disconnect(11));
    // The group, and the object that nobody needs any more.
    assert!(said <= 2, "{said}");
    assert!(prefixes.iter().all(|prefix| bench.fake.gateways(prefix) == Some(vec![12])));
    bench.pass(Millis::from_secs(2));
    assert!(bench.fake.requests < 400, "{}", bench.fake.requests);
    // It comes back, and so do its paths.
    bench.connect(11);
    bench.announce(11, &prefixes);
    bench.settle();
    assert!(prefixes.iter().all(|prefix| bench.fake.gateways(prefix) == Some(vec![11, 12])));
}

fn hundred() -> Vec<String> {
    (0..100).map(|id| format!("10.{id}.0.0/16")).collect()
}

#[test]
fn routes_over_a_dead_neighbor_alone_go_at_one_message() {
    let prefixes = hundred();
    let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
    let mut bench = bench(Settings::default(), &[11, 12]);
    bench.announce(11, &prefixes);
    bench.announce(12, &prefixes[..50]);
    bench.settle();
    // The group of half of them, the object of all others.
    let said = requests(&mut bench, |bench| bench.disconnect(11));
    assert!(said <= 2, "{said}");
    assert_eq!((bench.fake.routes.len(), bench.fake.gateways(A)), (50, Some(vec![12])));
    assert_eq!(bench.bridge.standing().routes, 50);
    assert_eq!(bench.speaker.find_destination(prefixes[50].parse().unwrap()), None);
    // The last one of a group that has shrunk.
    assert!(requests(&mut bench, |bench| bench.disconnect(12)) <= 2);
    assert!(bench.fake.routes.is_empty() && bench.fake.objects.is_empty(), "{:?}", bench.fake);
    // It comes back, and so do its paths.
    bench.connect(11);
    bench.announce(11, &prefixes);
    bench.settle();
    assert_eq!((bench.fake.routes.len(), bench.bridge.standing().routes), (100, 100));
}

#[test]
fn routes_over_a_dead_neighbor_that_others_announce_stay() {
    let prefixes = hundred();
    let prefixes: Vec<&str> = prefixes.iter().map(String::as_str).collect();
    let mut bench = bench(Settings::default(), &[11, 12]);
    bench.announce(11, &prefixes);
    bench.announce_via(12, 11, &[A]);
    bench.announce_via(12, 11, &[B]);
    bench.announce(11, &[B]);
    bench.settle();
    bench.disconnect(11);
    bench.settle();
    assert_eq!((bench.fake.gateways(A), bench.fake.gateways(B)), (Some(vec![11]), Some(vec![11])));
    assert_eq!((bench.fake.routes.len(), bench.bridge.standing().routes), (2, 2));
}

#[test]
fn an_object_that_cannot_be_removed() {
    let prefixes = hundred();
    let mut bench = bench(Settings::default(), &[11]);
    bench.announce(11, &prefixes.iter().map(String::as_str).collect::<Vec<_>>());
    bench.settle();
    bench.fake.refuses_objects = Some(libc::EBUSY);
    bench.disconnect(11);
    bench.settle();
    assert!(bench.fake.routes.is_empty());
    assert_eq!((bench.bridge.standing().routes, bench.bridge.standing().refused), (0, 0));
}

#[test]
fn what_is_somebody_elses_stays() {
    let mut bench = bench(Settings::default(), &[11]);
    let foreign = (17, Lead::Hops(vec![]));
    bench.fake.routes.insert(A.parse().unwrap(), foreign.clone());
    bench.announce(11, &[A, B]);
    bench.settle();
    bench.pass(Millis::from_secs(5));
    assert_eq!(bench.fake.routes[&A.parse().unwrap()], foreign);
    let Standing { routes, refused, last_errno, .. } = bench.bridge.standing();
    assert_eq!((routes, refused, last_errno), (1, 1, libc::EEXIST));
    assert_eq!(bench.bridge.route(V4, slot(&bench, A)).pending, Pending::Retry(libc::EEXIST));
    assert_eq!(bench.bridge.route(V4, slot(&bench, B)).pending, Pending::Nothing);
    assert!(!bench.bridge.is_installed(V4, slot(&bench, A)));
    // Withdrawn, it is not removed either.
    bench.withdraw(11, &[A]);
    bench.pass(Millis::from_secs(20));
    assert_eq!(bench.fake.routes[&A.parse().unwrap()], foreign);
    assert_eq!(bench.bridge.standing().refused, 0);
    bench.announce(11, &[A]);
    bench.settle();
    bench.fake.routes.remove(&A.parse().unwrap());
    bench.pass(Millis::from_secs(20));
    assert_eq!(bench.fake.gateways(A), Some(vec![11]));
    assert_eq!(bench.bridge.standing().refused, 0);
}

#[test]
fn what_is_refused_is_asked_for_again_ever_more_seldom() {
    let mut bench = bench(Settings::default(), &[11]);
    bench.fake.refuses = Some(libc::ENOMEM);
    bench.announce(11, &[A]);
    bench.settle();
    bench.pass(Millis::from_secs(3));
    let (early, before) = (bench.bridge.standing().refusals, bench.fake.requests);
    bench.pass(Millis::from_secs(30));
    assert!((4..12).contains(&early), "{early}");
    assert!(bench.fake.requests - before < 40);
    bench.fake.refuses = None;
    bench.pass(Millis::from_secs(11));
    assert_eq!((bench.fake.gateways(A), bench.bridge.standing().refused), (Some(vec![11]), 0));
    // A deletion that is refused is tried again as well.
    bench.fake.refuses = Some(libc::EBUSY);
    bench.withdraw(11, &[A]);
    bench.settle();
    assert_eq!(bench.bridge.standing().routes, 1);
    bench.fake.refuses = None;
    bench.pass(Millis::from_secs(11));
    assert_eq!((bench.fake.gateways(A), bench.bridge.standing().routes), (None, 0));
}

#[test]
fn as_many_routes_as_there_may_be() {
    let mut bench = bench(Settings { max_routes: 2, ..Settings::default() }, &[11]);
    bench.announce(11, &[A, B, C]);
    bench.settle();
    assert_eq!(bench.fake.routes.len(), 2);
    let Standing { routes, no_room, .. } = bench.bridge.standing();
    assert_eq!((routes, no_room), (2, 1));
    let there = *bench.fake.routes.keys().next().unwrap();
    let waiting = [A, B, C].into_iter().find(|prefix| bench.fake.gateways(prefix).is_none()).unwrap();
    assert_eq!(bench.bridge.route(V4, slot(&bench, waiting)).pending, Pending::Room);
    bench.withdraw(11, &[&there.to_string()]);
    bench.settle();
    assert_eq!(bench.fake.gateways(waiting), Some(vec![11]));
    let Standing { routes, no_room, .. } = bench.bridge.standing();
    assert_eq!((routes, no_room), (2, 0));
}

#[test]
fn what_vanishes_without_a_word_is_put_back() {
    let mut bench = bench(Settings::default(), &[11, 12]);
    bench.announce(11, &[A, B]);
    bench.announce(12, &[A]);
    bench.settle();
    let wanted = bench.fake.routes.clone();
    // An object goes, its route with it, and the group has lost a member.
    bench.fake.remove_object(FIRST).unwrap();
    bench.hear(&Message::NextHopGone { id: FIRST });
    bench.pass(Millis(100));
    assert_eq!(bench.fake.routes, wanted);
    assert_eq!(bench.fake.gateways(A), Some(vec![11, 12]));
    assert_eq!((bench.bridge.standing().put_back, bench.bridge.standing().routes), (1, 2));
    // Somebody changes where a route leads, and nobody tells.
    bench.fake.routes.insert(A.parse().unwrap(), (186, Lead::Object(FIRST)));
    bench.fake.routes.remove(&B.parse().unwrap());
    bench.hear(&Message::Overrun);
    bench.pass(Millis(100));
    assert_eq!(bench.fake.routes, wanted);
    assert_eq!(bench.bridge.standing().overruns, 1);
    // Or what becomes of packets there, so that no next hops can be told.
    bench.fake.routes.insert(A.parse().unwrap(), (186, Lead::Unreachable));
    bench.hear(&Message::Overrun);
    bench.pass(Millis(100));
    assert_eq!(bench.fake.routes, wanted);
    // Nothing is asked for, but every now and then somebody looks.
    bench.fake.routes.clear();
    bench.pass(Millis::from_secs(301));
    assert_eq!(bench.fake.routes, wanted);
}

#[test]
fn a_link_that_fails_and_comes_back() {
    let mut bench = bench(Settings::default(), &[11]);
    bench.announce(11, &[A]);
    bench.settle();
    bench.set_link(false);
    bench.pass(Millis(100));
    assert_eq!(bench.fake.gateways(A), None);
    bench.set_link(true);
    bench.pass(Millis(100));
    assert_eq!(bench.fake.gateways(A), Some(vec![11]));
}

#[test]
fn what_is_taken_for_gone_and_is_there_after_all() {
    let mut bench = bench(Settings::default(), &[11, 12]);
    bench.announce(11, &[A]);
    bench.settle();
    let left = (bench.fake.routes.clone(), bench.fake.objects.clone());
    let (family, at) = (V4, slot(&bench, A));
    // The kernel refuses what is there already; the object that it leads to is not taken from under it.
    bench.bridge.vanished(family, at);
    assert_eq!(requests(&mut bench, |_| {}), 1);
    let said = requests(&mut bench, |bench| bench.pass(Millis::from_secs(20)));
    assert_eq!((said, &bench.fake.routes, &bench.fake.objects), (0, &left.0, &left.1));
    let Standing { refused, routes, .. } = bench.bridge.standing();
    assert_eq!((refused, routes), (0, 1));
    // Withdrawn in the meantime, it goes.
    bench.bridge.vanished(family, at);
    bench.withdraw(11, &[A]);
    bench.pass(Millis::from_secs(20));
    assert!(bench.fake.routes.is_empty() && bench.fake.objects.is_empty(), "{:?}", bench.fake);
    // Somebody else's in its place stays, and is not called ours.
    bench.announce(11, &[A]);
    bench.settle();
    let foreign = (17, Lead::Hops(vec![]));
    bench.fake.routes.insert(A.parse().unwrap(), foreign.clone());
    bench.hear(&Message::Overrun);
    bench.pass(Millis::from_secs(30));
    assert_eq!(bench.fake.routes[&A.parse().unwrap()], foreign);
    let Standing { refused, routes, .. } = bench.bridge.standing();
    assert_eq!((refused, routes), (1, 0));
}

/// The kernel tells on its own account, and late, that a route has gone, which has long been made anew.
#[test]
fn what_the_kernel_tells_on_its_own_account_is_looked_at() {
    let mut bench = bench(Settings::default(), &[11]);
    bench.announce(11, &[A, B]);
    bench.settle();
    let mut room = [0; 4096];
    let key = bench.bridge.settings.key(A.parse().unwrap());
    let length = encode::set_route(&mut room, 0, Existing::Refuse, &key, Via::Object(FIRST)).unwrap();
    // RTM_DELROUTE, as a notification has it.
    room[4..6].copy_from_slice(&libc::RTM_DELROUTE.to_ne_bytes());
    let tell = |bench: &mut Bench| {
        let (_, message) = messages(&room[..length]).next().unwrap();
        bench.hear(&message);
    };
    let said = requests(&mut bench, |bench| {
        tell(bench);
        bench.pass(Millis::from_secs(2));
    });
    assert_eq!((said, bench.bridge.standing().put_back), (0, 0));
    bench.fake.routes.remove(&A.parse().unwrap());
    tell(&mut bench);
    bench.pass(Millis(100));
    assert_eq!((bench.fake.gateways(A), bench.bridge.standing().put_back), (Some(vec![11]), 1));
}

#[test]
fn answers_that_are_lost() {
    let mut bench = bench(Settings::default(), &[11]);
    bench.fake.mute = true;
    bench.announce(11, &[A, B]);
    bench.settle();
    assert_eq!(bench.bridge.standing().refused, 2);
    bench.pass(Millis::from_secs(11));
    assert_eq!((bench.fake.gateways(A), bench.fake.gateways(B)), (Some(vec![11]), Some(vec![11])));
    let Standing { routes, refused, .. } = bench.bridge.standing();
    assert_eq!((routes, refused), (2, 0));
}

/// What a process with default keys leaves on record, with objects of these numbers.
fn claims(objects: Option<std::ops::Range<u32>>) -> Vec<Claim> {
    vec![Claim { table: 254, protocol: 186, metric: 20, objects }]
}

#[test]
fn everything_goes_at_the_end() {
    let mut bench = bench(Settings::default(), &[11, 12]);
    bench.announce(11, &[A, B]);
    bench.announce(12, &[A]);
    bench.settle();
    bench.bridge.stop_installing();
    bench.settle();
    assert!(bench.fake.routes.is_empty() && bench.fake.objects.is_empty(), "{:?}", bench.fake);
}

#[test]
fn what_is_refused_about_objects_is_asked_for_again() {
    let mut bench = bench(Settings::default(), &[11, 12]);
    bench.announce(11, &[A, B]);
    bench.announce(12, &[A]);
    bench.settle();
    bench.fake.refuses_objects = Some(libc::ENOMEM);
    bench.disconnect(11);
    bench.settle();
    assert_eq!(bench.fake.gateways(A), Some(vec![11, 12]), "the group was to shrink");
    bench.pass(Millis::from_secs(20));
    assert!(bench.bridge.standing().surveys < 12, "{}", bench.bridge.standing().surveys);
    bench.fake.refuses_objects = None;
    bench.pass(Millis::from_secs(11));
    assert_eq!((bench.fake.gateways(A), bench.fake.gateways(B)), (Some(vec![12]), None));
    assert!(bench.fake.objects.len() <= 2, "{:?}", bench.fake.objects);
    // An object that was to go.
    bench.fake.refuses_objects = Some(libc::ENOMEM);
    bench.withdraw(12, &[A]);
    bench.settle();
    assert!(!bench.fake.objects.is_empty());
    bench.fake.refuses_objects = None;
    bench.pass(Millis::from_secs(11));
    assert!(bench.fake.objects.is_empty(), "{:?}", bench.fake.objects);
}
