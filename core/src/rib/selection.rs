//! Choosing among a destination's paths: the decision process applied to the chain of a slot.

use super::Shared;
use super::stored::StoredFamily;
use super::table::{FamilyTable, Path, word};
use crate::attrs::tlv;
use crate::decision::{self, Candidate, PeerFacts};
use crate::view::Step;

/// Whether the session that a path belongs to is alive.
#[inline]
pub(crate) fn is_valid(path: &Path, facts: &[PeerFacts]) -> bool {
    let source = &facts[usize::from(path.peer)];
    path.peer == 0 || (source.flags & PeerFacts::ALIVE != 0 && source.generation == path.generation)
}

#[inline]
fn candidate<'s>(path: &Path, shared: &'s Shared<'_>) -> Candidate<'s> {
    // Every next hop costs the same as long as nothing tells what the kernel knows of it.
    Candidate {
        key: shared.attrs.key(path.attr),
        facts: &shared.facts[usize::from(path.peer)],
        local: path.peer == 0,
        cost: 0,
    }
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
            is_valid(path, shared.facts).then(|| (number, candidate(path, shared)))
        })
    }

    /// A path that is not the first was added or changed: it may be the best now.
    pub(super) fn challenge(&mut self, shared: &Shared<'_>, slot: u32, path: u32) {
        let best = &self.paths[self.head(slot) as usize];
        if self.changes.node(slot).word & word::MED != 0 || !is_valid(best, shared.facts) {
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
        if is_valid(&self.paths[head as usize], shared.facts) {
            return Some(head);
        }
        decision::select(|| self.candidates(shared, slot))
    }

    /// The step that put a path behind the best one.
    pub(crate) fn step(&self, shared: &Shared<'_>, slot: u32, path: u32) -> Step {
        let Some(best) = self.best(shared, slot) else { return Step::Invalid };
        if !is_valid(&self.paths[path as usize], shared.facts) {
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

    /// Whether a path forwards, with at most `maximum` together.
    pub(crate) fn forwards(
        &self,
        shared: &Shared<'_>,
        slot: u32,
        path: u32,
        maximum: u16,
        relax: bool,
    ) -> bool {
        let Some(best) = self.best(shared, slot) else { return false };
        if best == path {
            return true;
        }
        let eligible = |number: u32| self.is_equal_to_best(shared, slot, best, number, relax);
        if !eligible(path) {
            return false;
        }
        // The best takes the first place; the others follow in the order of the final tie-break.
        let this = candidate(&self.paths[path as usize], shared);
        let ahead = self
            .candidates(shared, slot)
            .filter(|(number, other)| {
                *number != best && eligible(*number) && decision::compare(other, &this).0.is_lt()
            })
            .count();
        ahead + 1 < usize::from(maximum) + usize::from(mutant!(MultipathOneMore))
    }

    fn is_equal_to_best(&self, shared: &Shared<'_>, slot: u32, best: u32, path: u32, relax: bool) -> bool {
        let (best, path) = (&self.paths[best as usize], &self.paths[path as usize]);
        let as_path = |path: &Path| tlv::find(shared.attrs.view(path.attr).attributes(), tlv::code::AS_PATH);
        is_valid(path, shared.facts)
            && decision::forwards_with(
                &candidate(best, shared),
                &candidate(path, shared),
                relax,
                || as_path(best) == as_path(path),
                self.candidates(shared, slot),
            )
    }
}
