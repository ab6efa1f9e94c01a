//! Choosing among a destination's paths: the decision process applied to the chain of a slot.

use super::Shared;
use super::stored::StoredFamily;
use super::table::{FamilyTable, Path, word};
use crate::attrs::tlv;
use crate::decision::{self, Candidate, PeerFacts};
use crate::view::Step;

/// Whether the session that a path belongs to is alive.
#[inline]
pub(crate) fn is_alive(path: &Path, facts: &[PeerFacts]) -> bool {
    let source = &facts[usize::from(path.peer)];
    path.peer == 0 || (source.flags & PeerFacts::ALIVE != 0 && source.generation == path.generation)
}

/// Whether a path takes part in decisions: its session is alive, and its next hop can be reached (RFC 4271, 9.1.2.1). Of
/// what is originated here only the former counts.
#[inline]
pub(crate) fn is_valid(path: &Path, shared: &Shared<'_>) -> bool {
    is_alive(path, shared.facts) && (path.peer == 0 || shared.cost(path).is_some())
}

#[inline]
fn candidate<'s>(path: &Path, shared: &'s Shared<'_>) -> Candidate<'s> {
    Candidate {
        key: shared.attrs.key(path.attr),
        facts: &shared.facts[usize::from(path.peer)],
        local: path.peer == 0,
        cost: if path.peer == 0 { 0 } else { shared.cost(path).unwrap_or(u32::MAX) },
    }
}

/// Which of a destination's paths forward.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Forwarding {
    /// The best path.
    pub(crate) best: u32,
    others: Others,
    relax: bool,
}

/// Which of the paths that are as good as the best one up to the tie-break forward with it.
#[derive(Clone, Copy, Debug)]
enum Others {
    None,
    All,
    /// Down to this one in the order of the tie-break.
    UpTo(u32),
}

/// Candidates that one walk puts in order.
const BATCH: usize = 64;

/// The candidate that comes `nth` after `last` in the order of the tie-break, at most [`BATCH`], or else the last one there
/// is; the first ones if there is no `last`.
fn nth_after<'s>(
    candidates: impl Iterator<Item = (u32, Candidate<'s>)>,
    last: Option<(u32, Candidate<'s>)>,
    nth: usize,
) -> Option<(u32, Candidate<'s>)> {
    let mut first: heapless::Vec<(u32, Candidate<'s>), BATCH> = heapless::Vec::new();
    for (number, candidate) in candidates {
        let behind = last.is_none_or(|(_, last)| decision::compare(&last, &candidate).0.is_lt());
        let place = first.partition_point(|(_, other)| decision::compare(other, &candidate).0.is_le());
        if behind && place < nth {
            first.truncate(nth - 1);
            // There is room: one was just dropped if need be.
            let _ = first.insert(place, (number, candidate));
        }
    }
    first.last().copied()
}

impl<F: StoredFamily> FamilyTable<'_, F> {
    /// The numbers of a destination's paths, best first.
    pub(crate) fn chain(&self, slot: u32) -> impl Iterator<Item = u32> {
        let mut path = self.head(slot);
        core::iter::from_fn(move || {
            let this = path;
            path = if this == 0 { 0 } else { self.paths[this as usize].next };
            (this != 0).then_some(this)
        })
    }

    pub(super) fn candidates<'s>(
        &'s self,
        shared: &'s Shared<'_>,
        slot: u32,
    ) -> impl Iterator<Item = (u32, Candidate<'s>)> + use<'s, F> {
        self.chain(slot).filter_map(|number| {
            let path = &self.paths[number as usize];
            is_valid(path, shared).then(|| (number, candidate(path, shared)))
        })
    }

    /// A path that is not the first was added or changed: it may be the best now.
    pub(super) fn challenge(&mut self, shared: &Shared<'_>, slot: u32, path: u32) {
        let best = &self.paths[self.head(slot) as usize];
        if self.changes.node(slot).word & word::MED != 0 || !is_valid(best, shared) {
            return self.reselect(shared, slot);
        }
        let challenger = candidate(&self.paths[path as usize], shared);
        if decision::compare(&challenger, &candidate(best, shared)).0.is_lt() {
            self.put_first(slot, path);
            self.changes.touch(slot);
        }
    }

    /// Chooses the best path anew and puts it first.
    pub(super) fn reselect(&mut self, shared: &Shared<'_>, slot: u32) {
        let head = self.head(slot);
        if self.paths[head as usize].next == 0 {
            return;
        }
        let best = decision::select(|| self.candidates(shared, slot));
        if let Some(best) = best.filter(|&best| best != head) {
            self.put_first(slot, best);
            self.changes.touch(slot);
        }
    }

    /// Looks again at a destination, if any of its next hops has changed.
    pub(crate) fn reconsider(&mut self, shared: &Shared<'_>, slot: u32) {
        let hops = &shared.attrs.hops;
        let hop = |path: u32| shared.attrs.hop(self.paths[path as usize].attr);
        if !self.has_paths(slot) || !self.chain(slot).any(|path| hops.has_changed(hop(path))) {
            return;
        }
        if hops.has_turned(hop(self.head(slot))) {
            // It was the best and is not, or the other way round: reselection only sees another one in front.
            self.changes.touch(slot);
        }
        self.mark(slot);
        self.reselect(shared, slot);
    }

    fn put_first(&mut self, slot: u32, path: u32) {
        let head = self.head(slot);
        let mut before = head;
        while self.paths[before as usize].next != path {
            before = self.paths[before as usize].next;
        }
        self.paths[before as usize].next = self.paths[path as usize].next;
        self.paths[path as usize].next = head;
        self.changes.node_mut(slot).head = path;
    }

    /// The best path of a destination. Where the first path's session is dead and its purge has not come here yet, the best
    /// of the others.
    #[inline]
    pub(crate) fn best(&self, shared: &Shared<'_>, slot: u32) -> Option<u32> {
        let head = self.head(slot);
        if head == 0 {
            return None;
        }
        if is_valid(&self.paths[head as usize], shared) {
            return Some(head);
        }
        decision::select(|| self.candidates(shared, slot))
    }

    /// The step that put a path behind the best one.
    pub(crate) fn step(&self, shared: &Shared<'_>, slot: u32, path: u32) -> Step {
        let Some(best) = self.best(shared, slot) else { return Step::Invalid };
        if !is_valid(&self.paths[path as usize], shared) {
            return Step::Invalid;
        }
        if best == path {
            let alone = self.candidates(shared, slot).nth(1).is_none();
            return if alone { Step::Only } else { Step::Best };
        }
        let (best, path) = (&self.paths[best as usize], &self.paths[path as usize]);
        decision::losing_step(
            &candidate(best, shared),
            &candidate(path, shared),
            self.candidates(shared, slot),
        )
    }

    /// Which of a destination's paths forward, with at most `maximum` together. Found once for all of them: a shared address
    /// has a path by each of a thousand neighbors, and to count who is ahead for each would look at a million.
    pub(crate) fn forwarding(
        &self,
        shared: &Shared<'_>,
        slot: u32,
        maximum: u16,
        relax: bool,
    ) -> Option<Forwarding> {
        let best = self.best(shared, slot)?;
        // The best takes the first place; the others follow in the order of the final tie-break.
        let places = usize::from(maximum).saturating_sub(1) + usize::from(mutant!(MultipathOneMore));
        let equal = || {
            self.candidates(shared, slot).filter(|(number, _)| {
                *number != best && self.is_equal_to_best(shared, slot, best, *number, relax)
            })
        };
        let mut others = Others::All;
        if places == 0 {
            others = Others::None;
        } else if equal().nth(places).is_some() {
            let mut last = None;
            let mut left = places;
            while left > 0 {
                let batch = left.min(BATCH);
                last = nth_after(equal(), last, batch).or(last);
                left -= batch;
            }
            others = last.map_or(Others::All, |(number, _)| Others::UpTo(number));
        }
        Some(Forwarding { best, others, relax })
    }

    /// Whether a path forwards.
    pub(crate) fn forwards(
        &self,
        shared: &Shared<'_>,
        slot: u32,
        forwarding: Option<Forwarding>,
        path: u32,
    ) -> bool {
        let Some(Forwarding { best, others, relax }) = forwarding else { return false };
        let candidate = |number: u32| candidate(&self.paths[number as usize], shared);
        let ahead = match others {
            _ if path == best => return true,
            Others::None => false,
            Others::All => true,
            Others::UpTo(last) => decision::compare(&candidate(path), &candidate(last)).0.is_le(),
        };
        ahead && self.is_equal_to_best(shared, slot, best, path, relax)
    }

    fn is_equal_to_best(&self, shared: &Shared<'_>, slot: u32, best: u32, path: u32, relax: bool) -> bool {
        let (best, path) = (&self.paths[best as usize], &self.paths[path as usize]);
        let as_path = |path: &Path| tlv::find(shared.attrs.view(path.attr).attributes(), tlv::code::AS_PATH);
        is_valid(path, shared)
            && decision::forwards_with(
                &candidate(best, shared),
                &candidate(path, shared),
                relax,
                || as_path(best) == as_path(path),
                self.candidates(shared, slot),
            )
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;
    use crate::attrs::Key;
    use crate::rng::Rng;

    #[test]
    fn the_nth_candidate_is_found_batch_by_batch() {
        let key = Key::default();
        let mut rng = Rng::new(1);
        let facts: Vec<PeerFacts> = (0..300)
            .map(|_| PeerFacts { router_id: rng.next_u64() as u32, ..PeerFacts::default() })
            .collect();
        let candidates = || {
            let each = (0..).zip(&facts);
            each.map(|(number, facts)| (number, Candidate { key: &key, facts, local: false, cost: 0 }))
        };
        let mut ordered: Vec<_> = candidates().collect();
        ordered.sort_by(|(_, one), (_, other)| decision::compare(one, other).0);
        for places in [1, 2, 63, 64, 65, 128, 200, 300] {
            let (mut last, mut left) = (None, places);
            while left > 0 {
                last = nth_after(candidates(), last, left.min(BATCH)).or(last);
                left -= left.min(BATCH);
            }
            assert_eq!(last.unwrap().0, ordered[places - 1].0, "{places}");
        }
        // Past the end it is the last one.
        assert_eq!(nth_after(candidates(), Some(ordered[298]), 64).unwrap().0, ordered[299].0);
        assert!(nth_after(candidates(), Some(ordered[299]), 64).is_none());
    }
}
