//! Answers that never come: whether the kernel has done what it was asked is unknown until a dump shows it.
//!
//! A route that was asked for where there was none is then perhaps there, and would be taken for somebody else's: it looks like
//! ours, and nobody has said that it is. So it is not asked for again, which the kernel would refuse, but waited for: what is found
//! in its place by a dump is ours, for this process has asked for it.

use crier_core::{Family, Instant, Speaker};

use super::bridge::{About, Bridge};
use super::cells::Stage;
use super::sets::SetId;

impl Bridge {
    /// Answers were lost: what they were about is unknown until it is looked at.
    pub(super) fn answers_lost(&mut self, now: Instant, speaker: &mut Speaker<'_>) {
        while let Some((_, about)) = self.asked.window.pop_front() {
            self.lost(now, speaker, about);
        }
        self.standing.overruns += 1;
        self.survey.ask(now);
    }

    /// The answer to one request was lost.
    pub(super) fn lost(&mut self, now: Instant, speaker: &mut Speaker<'_>, about: About) {
        self.settle(now, speaker, about, Err(libc::EIO));
        self.survey.ask(now);
        let number = self.survey.number();
        if let About::Route(family, slot, set) = about
            && let Some(cell) = self.cells.get_mut(family, slot)
            && cell.set == 0
            && set != 0
        {
            // A dump under way may be past its place already: one that begins later tells.
            (cell.stage, cell.seen) = (Stage::Unsure, number);
        }
    }

    /// A dump shows a route in the place of one whose answer was lost.
    pub(super) fn found_after_all(&mut self, family: Family, slot: u32, set: SetId) {
        let number = self.survey.number();
        if let Some(cell) = self.cells.get_mut(family, slot) {
            (cell.set, cell.seen, cell.stage) = (set, number, Stage::Idle);
            self.standing.refused -= 1;
            self.standing.installed();
            // It may not be what is wanted by now.
            self.cells.mark(family, slot);
        }
    }

    /// A dump is over: what it has not shown is not there.
    pub(super) fn not_found(&mut self, family: Family, slot: u32) {
        let number = self.survey.number();
        if let Some(cell) = self.cells.get_mut(family, slot)
            && cell.stage == Stage::Unsure
            && cell.seen != number
        {
            cell.stage = Stage::Idle;
            self.standing.refused -= 1;
            self.cells.mark(family, slot);
        }
    }
}
