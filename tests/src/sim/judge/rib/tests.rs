use std::collections::BTreeMap;

use crier_core::PeerId;
use crier_core::limits::{Table, TableUse};
use crier_core::peer::State;
use crier_core::view::Admin;

use super::*;
use crate::sim::observe::Peer;

const ROOMY: FamilyCounts = FamilyCounts {
    received: 0,
    received_exact: true,
    accepted: 0,
    advertised: 0,
    end_of_rib_received: true,
    end_of_rib_sent: true,
};

fn sender() -> IpAddr {
    [192, 0, 2, 1].into()
}

fn net(number: u8) -> IpNet {
    format!("10.{number}.0.0/16").parse().unwrap()
}

fn route(med: u32) -> Route {
    Route {
        origin: 0,
        as_path: Vec::new(),
        next_hop: sender(),
        link_local: None,
        med: Some(med),
        local_pref: None,
        communities: Default::default(),
        large_communities: Default::default(),
        others: BTreeMap::new(),
    }
}

fn held(med: u32) -> HeldPath {
    HeldPath {
        peer: Some(sender()),
        route: route(med),
        best: true,
        multipath: true,
        valid: true,
        stale: false,
    }
}

/// What was announced: so many prefixes, each with its number as MED.
fn told(count: u8) -> BTreeMap<IpNet, Route> {
    (0..count).map(|number| (net(number), route(number.into()))).collect()
}

/// A speaker that has accepted so many of them and says the truth about it.
fn snapshot(accepted: u8, counts: FamilyCounts) -> Snapshot {
    let counts = FamilyCounts { accepted: accepted.into(), received: accepted.into(), ..counts };
    let (incomplete, purging) = (false, false);
    let families = [Some(counts), None];
    let (id, state, admin) = (PeerId(1), State::Established, Admin::Up);
    let peer = Peer { id, state, admin, incomplete, purging, families };
    Snapshot {
        peers: BTreeMap::from([(sender(), peer)]),
        paths: (0..accepted).map(|number| (net(number), vec![held(number.into())])).collect(),
        ..Snapshot::default()
    }
}

fn refuse(snapshot: &mut Snapshot, number: u8, reason: Reason) {
    snapshot.refused.insert((sender(), net(number)), reason);
    for counts in snapshot.peers.values_mut().flat_map(|peer| peer.families.iter_mut().flatten()) {
        counts.received += 1;
    }
}

/// Import that rejects what has a MED of 9, and takes the rest as it is.
fn compare(announced: &BTreeMap<IpNet, Route>, snapshot: &Snapshot) -> Vec<String> {
    let mut import =
        |_: IpNet, route: &Route| if route.med == Some(9) { Err(Reason::Policy) } else { Ok(route.clone()) };
    received("b", sender(), announced, snapshot, &mut import).iter().map(Difference::to_string).collect()
}

/// The only difference.
#[track_caller]
fn only(found: &[String]) -> &str {
    let [only] = found else { panic!("{found:#?}") };
    only
}

#[test]
fn ends_that_agree_differ_in_nothing() {
    assert_eq!(compare(&told(3), &snapshot(3, ROOMY)), [""; 0]);
    let mut rejected = snapshot(3, ROOMY);
    refuse(&mut rejected, 9, Reason::Policy);
    let mut announced = told(3);
    announced.insert(net(9), route(9));
    assert_eq!(compare(&announced, &rejected), [""; 0]);
}

#[test]
fn a_path_that_is_missing_or_too_many_is_found() {
    let found = compare(&told(2), &snapshot(1, ROOMY));
    assert!(found[0].starts_with("b from 192.0.2.1: 10.1.0.0/16: expected origin 0"), "{}", found[0]);
    assert!(found[0].ends_with("found nothing"));
    assert!(found[1].contains("received: 2 as counted"), "{}", found[1]);
    let found = compare(&told(1), &snapshot(2, ROOMY));
    assert!(found[0].contains("10.1.0.0/16: expected nothing, found origin 0"), "{}", found[0]);
}

#[test]
fn a_path_with_another_route_is_found() {
    let mut announced = told(2);
    announced.insert(net(1), route(5));
    let found = compare(&announced, &snapshot(2, ROOMY));
    assert!(only(&found).ends_with("found it with med 1 instead of 5"), "{found:?}");
}

#[test]
fn want_of_room_is_an_excuse_only_where_it_is_on_record() {
    for reason in [Reason::PrefixesFull, Reason::PathsFull, Reason::AttributesFull, Reason::MaxPrefixes] {
        let mut full = snapshot(1, ROOMY);
        refuse(&mut full, 1, reason);
        assert_eq!(compare(&told(2), &full), [""; 0]);
    }
    let mut refused = snapshot(1, ROOMY);
    refuse(&mut refused, 1, Reason::OwnAs);
    assert!(only(&compare(&told(2), &refused)).ends_with("found refused, OwnAs"));
    let inexact = snapshot(1, FamilyCounts { received_exact: false, ..ROOMY });
    assert_eq!(compare(&told(2), &inexact), [""; 0]);
}

#[test]
fn refusals_have_the_right_reason_and_no_path() {
    let announced = BTreeMap::from([(net(0), route(0)), (net(9), route(9))]);
    let mut full = snapshot(1, ROOMY);
    refuse(&mut full, 9, Reason::PathsFull);
    assert!(
        only(&compare(&announced, &full)).ends_with("expected refused, Policy, found refused, PathsFull")
    );
    let mut both = snapshot(1, ROOMY);
    refuse(&mut both, 0, Reason::Policy);
    assert!(compare(&told(1), &both)[0].ends_with("found both (Policy)"));
    let mut stale = snapshot(1, ROOMY);
    refuse(&mut stale, 9, Reason::Policy);
    assert!(compare(&told(1), &stale)[0].ends_with("expected nothing, found refused, Policy"));
    let mut accepted = snapshot(0, FamilyCounts { accepted: 1, ..ROOMY });
    accepted.paths.insert(net(9), vec![held(9)]);
    let found = compare(&BTreeMap::from([(net(9), route(9))]), &accepted);
    assert!(found[0].contains("expected refused, Policy, found origin 0"), "{found:?}");
}

fn said(count: u8) -> BTreeMap<IpNet, Advertised> {
    told(count)
        .into_iter()
        .map(|(net, route)| (net, Advertised { announced: true, route: Ok(route) }))
        .collect()
}

fn compare_sent(mirror: u8, said: &BTreeMap<IpNet, Advertised>, counted: u32, at_rest: bool) -> Vec<Rule> {
    let snapshot = snapshot(0, FamilyCounts { advertised: counted, ..ROOMY });
    let found = announced("a", sender(), &told(mirror), said, &snapshot, at_rest);
    found.iter().map(|difference| difference.rule).collect()
}

#[test]
fn what_is_said_to_be_announced_is_what_was_sent() {
    assert_eq!(compare_sent(2, &said(2), 2, true), []);
    assert_eq!(compare_sent(2, &said(2), 3, true), [Rule::Tables]);
    assert_eq!(compare_sent(2, &said(1), 2, false), [Rule::Tables]);
    assert_eq!(compare_sent(1, &said(2), 1, false), [Rule::Tables]);
    // At rest the routes count as well, and what ought to be sent and is not.
    let mut other = said(2);
    other.insert(net(1), Advertised { announced: true, route: Ok(route(5)) });
    assert_eq!(compare_sent(2, &other, 2, false), []);
    assert_eq!(compare_sent(2, &other, 2, true), [Rule::AdjRib]);
    other.insert(net(1), Advertised { announced: true, route: Err(Reason::Policy) });
    assert_eq!(compare_sent(2, &other, 2, true), [Rule::AdjRib]);
    other.insert(net(1), Advertised { announced: false, route: Ok(route(1)) });
    assert_eq!(compare_sent(1, &other, 1, false), []);
    assert_eq!(compare_sent(1, &other, 1, true), [Rule::AdjRib]);
}

fn compare_tables(expected: Vec<HeldPath>, snapshot: &Snapshot) -> Vec<String> {
    let expected = BTreeMap::from([(net(0), expected)]);
    tables("b", &expected, snapshot).iter().map(Difference::to_string).collect()
}

#[test]
fn tables_have_the_expected_paths_and_choice() {
    let one = snapshot(1, ROOMY);
    assert_eq!(compare_tables(vec![held(0)], &one), [""; 0]);
    let found = compare_tables(vec![HeldPath { best: false, ..held(0) }], &one);
    assert!(only(&found).ends_with("found best, forwarding, valid, fresh"), "{found:?}");
    assert!(compare_tables(vec![held(3)], &one)[0].ends_with("med 0 instead of 3"));
    assert!(compare_tables(vec![], &one)[0].contains("expected nothing, found from 192.0.2.1"));
    let local = HeldPath { peer: None, ..held(0) };
    let found = compare_tables(vec![local, held(0)], &one);
    assert!(only(&found).contains("expected from here") && only(&found).ends_with("found nothing"));
    let mut twice = one;
    twice.paths.insert(net(0), vec![held(0), held(0)]);
    assert!(compare_tables(vec![held(0)], &twice)[0].contains("expected one path of a neighbor"));
}

#[test]
fn a_path_refused_for_want_of_room_excuses_the_choice_among_others() {
    let other = HeldPath { peer: Some([192, 0, 2, 7].into()), best: false, multipath: false, ..held(0) };
    let mut full = snapshot(0, ROOMY);
    refuse(&mut full, 0, Reason::PathsFull);
    full.paths.insert(net(0), vec![HeldPath { best: true, ..other.clone() }]);
    assert_eq!(compare_tables(vec![held(0), other.clone()], &full), [""; 0]);
    full.refused.clear();
    assert_eq!(compare_tables(vec![held(0), other], &full).len(), 2);
}

/// What the limit says of a speaker that has accepted so many, and refused another one for this.
fn limited(accepted: u8, reason: Option<Reason>, least: u32, most: u32) -> Vec<String> {
    let mut snapshot = snapshot(accepted, ROOMY);
    if let Some(reason) = reason {
        refuse(&mut snapshot, 9, reason);
    }
    limits("b", sender(), least, most, &snapshot).iter().map(Difference::to_string).collect()
}

#[test]
fn a_limit_of_prefixes_is_neither_exceeded_nor_an_excuse_before_it_is_reached() {
    let for_number = Some(Reason::MaxPrefixes);
    assert_eq!(limited(3, for_number, 3, 3), [""; 0]);
    assert!(only(&limited(4, None, 3, 3)).ends_with("expected ipv4-unicast: 3 accepted at most, found 4"));
    assert!(only(&limited(2, for_number, 3, 3)).contains("10.9.0.0/16: expected nine of ten"));
    assert_eq!(limited(2, Some(Reason::PathsFull), 3, 3), [""; 0]);
    // It was 3 and is 5 now, or the other way round.
    assert_eq!(limited(3, for_number, 3, 5), [""; 0]);
    assert_eq!(limited(5, for_number, 3, 5), [""; 0]);
    assert_eq!(limited(9, None, 3, u32::MAX), [""; 0]);
}

/// What is said where there is room for everything.
fn compare_roomy(snapshot: &Snapshot) -> Vec<String> {
    roomy("b", snapshot).iter().map(Difference::to_string).collect()
}

#[test]
fn where_there_is_room_nothing_is_excused_by_its_want() {
    assert_eq!(compare_roomy(&snapshot(3, ROOMY)), [""; 0]);
    for reason in [Reason::PrefixesFull, Reason::PathsFull, Reason::AttributesFull, Reason::MaxPrefixes] {
        let mut full = snapshot(1, ROOMY);
        refuse(&mut full, 1, reason);
        let found = compare_roomy(&full);
        assert!(only(&found).starts_with("b: 10.1.0.0/16: expected room, found refused from"), "{found:?}");
    }
    let mut rejected = snapshot(1, ROOMY);
    refuse(&mut rejected, 1, Reason::Policy);
    assert_eq!(compare_roomy(&rejected), [""; 0]);
    // Records of what policies refuse may be lost all the same. What they accept is not.
    let inexact = snapshot(1, FamilyCounts { received_exact: false, ..ROOMY });
    let inexact = Snapshot { roomy: true, ..inexact };
    assert_eq!(compare_roomy(&inexact), [""; 0]);
    let rejected = BTreeMap::from([(net(0), route(0)), (net(9), route(9))]);
    assert_eq!(compare(&rejected, &inexact), [""; 0]);
    assert!(only(&compare(&told(2), &inexact)).ends_with("found nothing"));
    let other = HeldPath { peer: Some([192, 0, 2, 7].into()), best: false, multipath: false, ..held(0) };
    let mut one = Snapshot { paths: BTreeMap::from([(net(0), vec![other.clone()])]), ..inexact };
    assert_ne!(compare_tables(vec![held(0), other.clone()], &one), [""; 0]);
    one.roomy = false;
    assert_eq!(compare_tables(vec![held(0), other], &one), [""; 0]);
    let mut incomplete = snapshot(1, ROOMY);
    incomplete.peers.values_mut().for_each(|peer| peer.incomplete = true);
    assert!(only(&compare_roomy(&incomplete)).ends_with("refused for want of room"));
    let mut down = snapshot(1, ROOMY);
    down.peers.values_mut().for_each(|peer| peer.admin = Admin::Limit);
    assert!(only(&compare_roomy(&down)).ends_with("down for its number of prefixes"));
}

#[test]
fn a_full_table_has_refused_and_what_it_refused_is_asked_for_again() {
    let row = |table, refused| TableUse { table, used: 1, high_water: 1, capacity: 1, bytes: 0, refused };
    let compare = |reason, incomplete, table, refused| {
        let mut full_one = snapshot(1, ROOMY);
        refuse(&mut full_one, 1, reason);
        full_one.peers.values_mut().for_each(|peer| peer.incomplete = incomplete);
        full_one.tables.push(row(table, refused));
        full("b", &full_one).iter().map(Difference::to_string).collect::<Vec<_>>()
    };
    let [v4, v6] = Family::ALL;
    assert_eq!(compare(Reason::PathsFull, true, Table::Paths(v4), 1), [""; 0]);
    assert_eq!(compare(Reason::AttributesFull, true, Table::AttributeBytes, 1), [""; 0]);
    assert_eq!(compare(Reason::Policy, false, Table::Paths(v4), 0), [""; 0]);
    for (table, refused) in [(Table::Paths(v4), 0), (Table::Paths(v6), 1), (Table::Prefixes(v4), 1)] {
        let found = compare(Reason::PathsFull, true, table, refused);
        assert!(only(&found).contains("expected a table that was full"), "{found:?}");
    }
    let found = compare(Reason::PrefixesFull, false, Table::Prefixes(v4), 1);
    assert!(only(&found).contains("expected to be asked for again"), "{found:?}");
}

#[test]
fn many_differences_are_one_broken_rule() {
    assert_eq!(broken(&[]), None);
    let found = tables("b", &BTreeMap::new(), &snapshot(8, ROOMY));
    let broken = broken(&found).unwrap();
    assert_eq!(broken.rule, Rule::Convergence);
    assert!(broken.text.ends_with("and 3 more"), "{}", broken.text);
}
