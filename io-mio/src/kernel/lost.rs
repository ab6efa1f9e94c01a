//! Answers that never come: whether the kernel has done what it was asked is unknown until a dump shows it.
//!
//! A route that was asked for where there was none is then perhaps there, and would be taken for somebody else's: it looks like
//! ours, and nobody has said that it is. So it is not asked for again, which the kernel would refuse, but waited for: what is found
//! in its place by a dump is ours, for this process has asked for it.
//!
//! It is the same with routes that are gone, or seem to be. The kernel tells of IPv6 routes that went with an object on its own
//! account, and late: by then they may have been made anew. Its dumps of IPv6 routes leave some out when others change meanwhile.
//! So neither is believed alone; and where a route is asked for anew and one is there after all, it is still ours.

use crier_core::{Family, Instant, Millis, Speaker};

use super::bridge::{About, Bridge, FOREIGN, INTERFACES, NEXT_HOPS};
use super::cells::{Doubt, Stage};
use super::sets::SetId;
use crate::netlink::decode::Route;

/// How often a want of room is told.
const TELL_EVERY: Millis = Millis::from_secs(600);

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
        self.keep_objects(now);
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

    /// What the kernel has is not known: objects that seem to be of no use stay, for routes may lead to them, which would go along.
    fn keep_objects(&mut self, now: Instant) {
        self.survey.ask(now);
        // One may be under way, and past what is in question.
        self.keep_until = self.survey.ended() + 2;
    }

    /// The kernel says on its own account that it has removed a route of ours.
    pub(super) fn perhaps_gone(&mut self, now: Instant, speaker: &Speaker<'_>, route: &Route<'_>) {
        let family = Family::of(&route.key.prefix);
        if let Some(slot) = speaker.find_destination(route.key.prefix)
            && let Some(cell) = self.cells.get_mut(family, slot)
            && cell.set != 0
        {
            cell.doubt = Doubt::Gone;
        }
        self.survey.ask(now);
    }

    /// A dump is over and has not shown a route that should be there.
    pub(super) fn not_shown(&mut self, now: Instant, family: Family, slot: u32) {
        let Some(cell) = self.cells.get_mut(family, slot) else { return };
        if family == Family::Ipv6Unicast && matches!(cell.doubt, Doubt::None | Doubt::Changed) {
            cell.doubt = Doubt::Gone;
            self.survey.ask(now);
            return;
        }
        self.keep_objects(now);
        self.vanished(family, slot);
    }

    /// The kernel has lost a route: it is to be put back, if it is still wanted.
    pub(super) fn vanished(&mut self, family: Family, slot: u32) {
        self.take_out(family, slot);
        self.standing.put_back += 1;
        if let Some(cell) = self.cells.get_mut(family, slot) {
            cell.doubt = if cell.doubt == Doubt::StillThere { Doubt::None } else { Doubt::PutBack };
        }
        self.cells.mark(family, slot);
    }

    /// A route that was taken for gone is there, and leads to this set or to another one, which a dump will show.
    pub(super) fn still_there(&mut self, now: Instant, family: Family, slot: u32, set: SetId) {
        let number = self.survey.number();
        if let Some(cell) = self.cells.get_mut(family, slot) {
            (cell.set, cell.seen, cell.doubt) = (set, number, Doubt::StillThere);
            self.standing.installed();
        }
        self.doubtful = true;
        self.retry(now);
    }

    /// Says so where there was no room for something of others, now and then.
    pub(super) fn tell_losses(&mut self, now: Instant) {
        let (told, again) = self.losses_told;
        if self.ways.lost > told && again <= now {
            self.losses_told = (self.ways.lost, now + TELL_EVERY);
            log::warn!(
                "there is room for {FOREIGN} routes of others, {INTERFACES} links and {NEXT_HOPS} next hops, and some found none, {} \
                 times so far: connected and static routes come first, but next hops behind others may count as unreachable",
                self.ways.lost
            );
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
