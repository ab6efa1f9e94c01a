//! The decision process of RFC 4271 §9.1: pure functions over candidates, each step named as the RFC names it.
//!
//! MULTI_EXIT_DISC is no order over all paths: it is compared only between paths by way of the same neighbouring AS. So
//! the process removes candidates step by step, as the RFC writes it, and never sorts.

use core::cmp::Ordering;

use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout};

use crate::attrs::Key;
use crate::view::Step;

/// What the decision needs to know of a path's source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, FromBytes, IntoBytes, KnownLayout, Immutable)]
#[repr(C)]
pub(crate) struct PeerFacts {
    /// BGP identifier.
    pub(crate) router_id: u32,
    /// The session that its living paths belong to.
    pub(crate) generation: u8,
    /// Bits named by the constants.
    pub(crate) flags: u8,
    pub(crate) reserved: u16,
    /// Address, IPv4 mapped into IPv6.
    pub(crate) address: [u8; 16],
}

impl PeerFacts {
    /// The session is in another AS.
    pub(crate) const EXTERNAL: u8 = 1;
    /// The session is Established.
    pub(crate) const ALIVE: u8 = 2;

    pub(crate) const fn is_external(&self) -> bool {
        self.flags & Self::EXTERNAL != 0
    }
}

/// A path as the decision sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate<'a> {
    pub(crate) key: &'a Key,
    pub(crate) facts: &'a PeerFacts,
    /// It is originated here.
    pub(crate) local: bool,
    /// Interior cost to its next hop.
    pub(crate) cost: u32,
}

impl Candidate<'_> {
    const fn identifier(&self) -> u32 {
        if self.key.originator_id != 0 { self.key.originator_id } else { self.facts.router_id }
    }
}

/// The steps before MED; `Less` means that `a` wins.
fn before_med(a: &Candidate<'_>, b: &Candidate<'_>) -> (Ordering, Step) {
    // A route originated here wins over any learned one: what the operator announces on this host is not to be
    // displaced from outside. (RFC 4271 leaves the preference of such routes to the implementation.)
    let order = b.local.cmp(&a.local);
    if order.is_ne() {
        return (order, Step::LocalOrigin);
    }
    let order = b.key.preference().cmp(&a.key.preference());
    if order.is_ne() {
        return (order, Step::LocalPref);
    }
    let order = a.key.path_len.cmp(&b.key.path_len);
    if order.is_ne() {
        return (order, Step::AsPathLength);
    }
    (a.key.origin.cmp(&b.key.origin), Step::Origin)
}

/// MED, where it may be compared: between paths by way of the same neighbouring AS. A path without one is from the own
/// AS if an internal neighbor has it (RFC 4271, 9.1.2.2 c); what an external AS_PATH hides in an AS_SET equals nothing.
fn by_med(a: &Candidate<'_>, b: &Candidate<'_>) -> Ordering {
    let own = |c: &Candidate<'_>| !c.facts.is_external();
    let known = a.key.neighbor_as != 0 || (own(a) && own(b));
    let comparable = mutant!(MedAcrossAses) || known && a.key.neighbor_as == b.key.neighbor_as;
    if comparable { a.key.med.cmp(&b.key.med) } else { Ordering::Equal }
}

/// The steps between MED and the final tie-break: paths equal in these forward together.
fn after_med(a: &Candidate<'_>, b: &Candidate<'_>) -> (Ordering, Step) {
    let order = b.facts.is_external().cmp(&a.facts.is_external());
    if order.is_ne() && !mutant!(ExternalNotPreferred) {
        return (order, Step::External);
    }
    (a.cost.cmp(&b.cost), Step::IgpCost)
}

/// The final tie-break.
fn tie_break(a: &Candidate<'_>, b: &Candidate<'_>) -> (Ordering, Step) {
    let order = a.identifier().cmp(&b.identifier());
    if order.is_ne() {
        return (order, Step::RouterId);
    }
    let order = a.key.cluster_len.cmp(&b.key.cluster_len);
    if order.is_ne() {
        return (order, Step::ClusterListLength);
    }
    (a.facts.address.cmp(&b.facts.address), Step::PeerAddress)
}

/// Which of two paths is better, if MED plays no part beyond these two, and by which step.
pub(crate) fn compare(a: &Candidate<'_>, b: &Candidate<'_>) -> (Ordering, Step) {
    let first = before_med(a, b);
    if first.0.is_ne() {
        return first;
    }
    let med = by_med(a, b);
    if med.is_ne() {
        return (med, Step::Med);
    }
    let second = after_med(a, b);
    if second.0.is_ne() { second } else { tie_break(a, b) }
}

/// Whether `candidate` is removed by MED: another path as good up to there, by way of the same AS, has a lower one.
fn removed_by_med<'a, T>(
    candidate: &Candidate<'a>,
    mut others: impl Iterator<Item = (T, Candidate<'a>)>,
) -> bool {
    candidate.key.med != 0
        && others.any(|(_, other)| {
            before_med(&other, candidate).0.is_eq() && by_med(&other, candidate) == Ordering::Less
        })
}

/// The best of some valid paths. `paths` is called for a fresh walk over them.
pub(crate) fn select<'a, T: Copy, I: Iterator<Item = (T, Candidate<'a>)>>(
    paths: impl Fn() -> I,
) -> Option<T> {
    let mut best: Option<(T, Candidate<'a>)> = None;
    // Steps a and b: the best rank. No MED yet, so any of that rank will do.
    for (name, candidate) in paths() {
        if best.is_none_or(|(_, leader)| before_med(&candidate, &leader).0 == Ordering::Less) {
            best = Some((name, candidate));
        }
    }
    let (_, rank) = best?;
    // Steps c to g among those.
    let mut winner: Option<(T, Candidate<'a>)> = None;
    for (name, candidate) in paths() {
        if before_med(&candidate, &rank).0.is_ne() || removed_by_med(&candidate, paths()) {
            continue;
        }
        let better = winner.is_none_or(|(_, leader)| {
            let (order, _) = after_med(&candidate, &leader);
            order.then_with(|| tie_break(&candidate, &leader).0) == Ordering::Less
        });
        if better {
            winner = Some((name, candidate));
        }
    }
    winner.map(|(name, _)| name)
}

/// The step that put a valid path behind the best one.
pub(crate) fn losing_step<'a, T>(
    best: &Candidate<'a>,
    path: &Candidate<'a>,
    paths: impl Iterator<Item = (T, Candidate<'a>)>,
) -> Step {
    let (order, step) = before_med(best, path);
    if order.is_ne() {
        return step;
    }
    if removed_by_med(path, paths) {
        return Step::Med;
    }
    let (order, step) = after_med(best, path);
    if order.is_ne() { step } else { tie_break(best, path).1 }
}

/// Whether a valid path is as good as the best one up to the tie-break, so that both may forward. `same_path` says
/// whether their AS_PATHs are identical, which is demanded unless `relax`. A path that drops does not share with one that
/// forwards: the best one decides which it is to be.
pub(crate) fn forwards_with<'a, T>(
    best: &Candidate<'a>,
    path: &Candidate<'a>,
    relax: bool,
    same_path: impl FnOnce() -> bool,
    paths: impl Iterator<Item = (T, Candidate<'a>)>,
) -> bool {
    before_med(best, path).0.is_eq()
        && !removed_by_med(path, paths)
        && after_med(best, path).0.is_eq()
        && best.key.drops() == path.key.drops()
        && (relax || same_path())
}

#[cfg(test)]
mod tests;
