//! Each step decides when all before it are equal; MED is compared within one neighbouring AS only; order of arrival never
//! matters.

extern crate std;
use super::*;
use std::vec::Vec;

#[derive(Clone, Copy, Debug, Default)]
struct Path {
    key: Key,
    facts: PeerFacts,
    local: bool,
    cost: u32,
}

fn candidates(paths: &[Path]) -> impl Iterator<Item = (usize, Candidate<'_>)> {
    paths
        .iter()
        .enumerate()
        .map(|(name, p)| (name, Candidate { key: &p.key, facts: &p.facts, local: p.local, cost: p.cost }))
}

fn best(paths: &[Path]) -> usize {
    select(|| candidates(paths)).unwrap()
}

fn loses_by(paths: &[Path; 2]) -> Step {
    let all: Vec<_> = candidates(paths).collect();
    let winner = best(paths);
    losing_step(&all[winner].1, &all[1 - winner].1, candidates(paths))
}

fn path() -> Path {
    let key = Key { path_len: 2, neighbor_as: 65_001, origin: 1, cluster_len: 1, ..Key::default() };
    let facts = PeerFacts { router_id: 7, address: [1; 16], ..PeerFacts::default() };
    Path { key, facts, local: false, cost: 5 }
}

#[test]
fn each_step_decides_in_its_turn() {
    type Improve = fn(&mut Path);
    let changes: [(Step, Improve); 10] = [
        (Step::LocalOrigin, |p| p.local = true),
        (Step::LocalPref, |p| p.key.set_local_pref(Some(101))),
        (Step::AsPathLength, |p| p.key.path_len = 1),
        (Step::Origin, |p| p.key.origin = 0),
        (Step::Med, |p| p.key.set_med(Some(0))),
        (Step::External, |p| p.facts.flags = PeerFacts::EXTERNAL),
        (Step::IgpCost, |p| p.cost = 4),
        (Step::RouterId, |p| p.facts.router_id = 6),
        (Step::ClusterListLength, |p| p.key.cluster_len = 0),
        (Step::PeerAddress, |p| p.facts.address = [0; 16]),
    ];
    for (position, (step, improve)) in changes.into_iter().enumerate() {
        // The other path is better in every later step, and still loses.
        let mut winner = path();
        winner.key.set_med(Some(9));
        let mut loser = winner;
        improve(&mut winner);
        for (_, improve_later) in &changes[position + 1..] {
            improve_later(&mut loser);
        }
        assert_eq!(best(&[winner, loser]), 0, "{step:?}");
        assert_eq!(best(&[loser, winner]), 1, "{step:?}");
        assert_eq!(loses_by(&[loser, winner]), step);
    }
}

#[test]
fn a_missing_local_pref_is_100_and_a_missing_med_is_0() {
    let mut explicit = path();
    explicit.key.set_local_pref(Some(99));
    assert_eq!(best(&[explicit, path()]), 1);
    let mut with_med = path();
    with_med.key.set_med(Some(1));
    assert_eq!(loses_by(&[with_med, path()]), Step::Med);
}

#[test]
fn med_is_not_compared_between_autonomous_systems() {
    let mut far = path();
    far.key.set_med(Some(100));
    far.facts.router_id = 1;
    let mut near = path();
    near.key.neighbor_as = 65_002;
    assert_eq!(best(&[far, near]), 0);
    // An AS_PATH that begins with an AS_SET names no neighbouring AS: two such paths do not compare MEDs either.
    for path in [&mut far, &mut near] {
        path.key.neighbor_as = 0;
        path.facts.flags = PeerFacts::EXTERNAL;
    }
    assert_eq!(best(&[near, far]), 1);
    // From internal neighbors they are the own AS's, which is one.
    (far.facts.flags, near.facts.flags) = (0, 0);
    assert_eq!(best(&[near, far]), 0);
    near.facts.flags = PeerFacts::EXTERNAL;
    far.key.path_len = 1;
    near.key.path_len = 1;
    assert_eq!(loses_by(&[far, near]), Step::External);
}

/// The classic three: without grouping, the winner would depend on the order.
#[test]
fn med_does_not_make_the_order_matter() {
    let with = |asn, med, id| {
        let mut p = path();
        p.key.neighbor_as = asn;
        p.key.set_med(Some(med));
        p.facts.router_id = id;
        p
    };
    let paths = [with(1, 10, 3), with(1, 5, 9), with(2, 0, 4)];
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for order in orders {
        let shuffled = order.map(|i| paths[i]);
        assert_eq!(order[best(&shuffled)], 2, "0 is removed by 1, and 2 has the lower identifier");
    }
}

#[test]
fn equal_paths_forward_together() {
    let best = path();
    let mut other = path();
    other.facts.router_id = 99;
    let check = |other: &Path, relax, same| {
        let both = [best, *other];
        let all: Vec<_> = candidates(&both).collect();
        forwards_with(&all[0].1, &all[1].1, relax, || same, candidates(&both))
    };
    assert!(check(&other, true, false));
    assert!(check(&other, false, true));
    assert!(!check(&other, false, false));
    other.cost = 6;
    assert!(!check(&other, true, true));
}

#[test]
fn nothing_to_choose_from() {
    assert_eq!(select(|| candidates(&[])), None);
}
