//! Dumps of what the kernel has, one after the other: when they are due, and what follows when they are over.

use crier_core::{Family, Instant, Millis, Speaker};
use ipnet::IpNet;

use super::ask::Port;
use super::bridge::{About, Bridge, HOPS, SETS};
use super::cells::Stage;

/// Time between two surveys that nobody has asked for.
const EVERY: Millis = Millis::from_secs(300);
/// Time between two that somebody has asked for, at least: one event seldom comes alone.
const PAUSE: Millis = Millis(50);
/// And at most. In between it is as many times as long as the last one took: looking is not to be all that there is to do.
const LONGEST_PAUSE: Millis = Millis::from_secs(1);
const SHARE: u64 = 4;
/// A dump that says nothing for so long has been given up by the kernel, which does not always say so.
const PATIENCE: Millis = Millis::from_secs(5);
/// How often one dump is repeated at most. Where others never rest, what was seen counts, and what was not seen does not.
const MOST_REPEATS: u8 = 3;

/// Surveys, after the first, in which what an earlier process left is still taken over where each of them shows more.
const MOST_LOOKS: u64 = 5;

/// What is dumped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dump {
    /// Links.
    Links,
    /// Next-hop objects and groups.
    Objects,
    /// Routes of a family.
    Routes(Family),
}

impl Dump {
    const FIRST: Self = Self::Links;

    const fn next(self) -> Option<Self> {
        match self {
            Self::Links => Some(Self::Objects),
            Self::Objects => Some(Self::Routes(Family::Ipv4Unicast)),
            Self::Routes(Family::Ipv4Unicast) => Some(Self::Routes(Family::Ipv6Unicast)),
            Self::Routes(Family::Ipv6Unicast) => None,
        }
    }
}

/// Where it stands.
#[derive(Debug)]
pub(super) struct Survey {
    /// The dump that is to be asked for, or is under way.
    running: Option<Dump>,
    /// The sequence number of its request, once it was made.
    asked: Option<u32>,
    /// It has to be repeated: something changed meanwhile.
    repeat: bool,
    repeats: u8,
    /// One was not repeated, although it should have been: what was not seen may be there.
    partial: bool,
    /// When the survey began, and when something was heard last.
    began: Instant,
    heard: Instant,
    pause: Millis,
    /// When the next one begins.
    at: Option<Instant>,
    /// What an earlier process left is known: two surveys have shown the same of it.
    agreed: bool,
    /// This one has shown some that the ones before had not.
    news: bool,
    /// Surveys begun.
    count: u32,
    ended: u64,
    /// Routes like ours that are somebody else's, in this survey.
    others: u32,
}

impl Survey {
    pub(super) const fn new() -> Self {
        Self {
            running: None,
            asked: None,
            repeat: false,
            repeats: 0,
            partial: false,
            began: Instant::EPOCH,
            heard: Instant::EPOCH,
            pause: PAUSE,
            agreed: false,
            news: false,
            at: Some(Instant::EPOCH),
            count: 0,
            ended: 0,
            others: 0,
        }
    }

    /// Something has happened on which the kernel may have changed more than it said.
    pub(super) fn ask(&mut self, now: Instant) {
        let at = now + self.pause;
        self.at = Some(self.at.map_or(at, |before| before.min(at)));
    }

    /// When the next one is due, or the one under way given up.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.running.is_some() { Some(self.heard + PATIENCE) } else { self.at }
    }

    /// The dump under way has said something.
    pub(super) fn goes_on(&mut self, now: Instant) {
        self.heard = now;
    }

    /// The dump under way has said nothing for too long. True: it is to be asked for again, where the former one does not stand
    /// in the way.
    pub(super) fn is_stuck(&mut self, now: Instant) -> bool {
        let stuck = self.running.is_some() && self.asked.is_some() && self.heard + PATIENCE <= now;
        if stuck {
            self.asked = None;
            self.heard = now;
        }
        stuck
    }

    /// Begins if it is due. True: it does.
    pub(super) fn timeout(&mut self, now: Instant) -> bool {
        if self.running.is_some() || self.at.is_none_or(|at| at > now) {
            return false;
        }
        self.at = None;
        self.running = Some(Dump::FIRST);
        (self.began, self.heard, self.partial) = (now, now, false);
        self.count += 1;
        (self.others, self.news) = (0, false);
        true
    }

    /// The dump to be asked for now, under this number.
    pub(super) fn next_dump(&mut self, sequence: impl FnOnce() -> u32) -> Option<(u32, Dump)> {
        let dump = self.running.filter(|_| self.asked.is_none())?;
        let sequence = sequence();
        self.asked = Some(sequence);
        Some((sequence, dump))
    }

    /// Whether an answer with this number ends the dump under way.
    pub(super) fn answered(&self, sequence: u32) -> bool {
        self.asked == Some(sequence)
    }

    /// The dump is inconsistent.
    pub(super) fn interrupted(&mut self, sequence: u32) {
        self.repeat |= self.answered(sequence);
    }

    /// How many have ended.
    pub(super) const fn ended(&self) -> u64 {
        self.ended
    }

    /// The dump under way has lost something.
    pub(super) fn incomplete(&mut self) {
        self.repeat |= self.asked.is_some();
    }

    /// Whether anything is known at all.
    pub(super) const fn has_ended_once(&self) -> bool {
        self.ended > 0
    }

    const fn is_first(&self) -> bool {
        self.ended == 0
    }

    /// Whether what an earlier process left is still taken over. The first survey may not show all of it: dumps of IPv6 routes
    /// leave some out when others change meanwhile, and other dumps may never be undisturbed.
    pub(super) const fn adopts(&self) -> bool {
        !self.agreed
    }

    /// Something of an earlier process was found.
    pub(super) const fn adopted(&mut self) {
        self.news = true;
    }

    /// The number of the survey under way, or of the last one, for routes of others and links.
    pub(super) const fn seen(&self) -> u32 {
        self.count
    }

    /// The same, for the cells of destinations.
    pub(super) const fn number(&self) -> u16 {
        self.count as u16
    }

    /// As after the first one.
    #[cfg(test)]
    pub(super) const fn end_for_test(&mut self) {
        self.ended = 1;
    }

    /// A route like ours is somebody else's.
    pub(super) const fn other(&mut self) {
        self.others += 1;
    }
}

impl Bridge {
    /// The dump to be asked for now, with the number of the request.
    pub(super) fn next_dump(&mut self) -> Option<(u32, Dump)> {
        let asked = &mut self.asked;
        self.survey.next_dump(|| {
            asked.sequence = asked.sequence.wrapping_add(1);
            asked.sequence
        })
    }

    /// A dump has ended.
    pub(super) fn survey_step_ended(&mut self, now: Instant, speaker: &Speaker<'_>, port: &mut impl Port) {
        self.survey.asked = None;
        self.survey.goes_on(now);
        if std::mem::take(&mut self.survey.repeat) {
            if self.survey.repeats < MOST_REPEATS {
                // The same again; what it has told twice does no harm.
                self.survey.repeats += 1;
                return;
            }
            self.survey.partial = true;
        }
        self.survey.repeats = 0;
        let Some(ended) = self.survey.running else { return };
        if ended == Dump::Objects {
            if self.asked.has_room(usize::from(HOPS) + SETS as usize) {
                let Self { sets, asked, .. } = self;
                sets.repair(|set, request| asked.object(About::Repair(set), request, port));
            } else {
                // The kernel has yet to answer a great deal. The next dump shows it again.
                self.doubtful = true;
                self.retry(now);
            }
        }
        self.survey.running = ended.next();
        if self.survey.running == Some(Dump::Objects) {
            self.sets.doubt_all();
        }
        if self.survey.running.is_none() {
            self.survey_ended(now, speaker);
        }
    }

    /// The kernel does not dump that.
    pub(super) fn survey_step_refused(
        &mut self,
        now: Instant,
        speaker: &Speaker<'_>,
        errno: i32,
        port: &mut impl Port,
    ) {
        match self.survey.running {
            // One without next-hop objects.
            Some(Dump::Objects) if [libc::EOPNOTSUPP, libc::EINVAL].contains(&errno) => {
                self.sets.without_objects();
                self.claims_changed = true;
                self.survey_step_ended(now, speaker, port);
            }
            // There is no such table until it has had a route.
            Some(Dump::Routes(_)) if errno == libc::ENOENT => self.survey_step_ended(now, speaker, port),
            _ => {
                self.standing.last_errno = errno;
                self.survey.asked = None;
                self.survey.running = None;
                self.survey.ask(now + EVERY_REFUSED);
            }
        }
    }

    fn survey_ended(&mut self, now: Instant, speaker: &Speaker<'_>) {
        let took = now.since(self.survey.began);
        self.survey.pause = Millis(took.0 * SHARE).clamp(PAUSE, LONGEST_PAUSE);
        if self.survey.partial {
            self.survey.ask(now);
        } else {
            self.forget_what_was_not_shown(now, speaker);
        }
        self.former.end(self.survey.partial);
        if self.survey.is_first() || self.survey.news {
            self.begin_takeover(now);
        }
        self.compare_with_last(now);
        if !self.survey.partial {
            self.former_surveyed(now);
        }
        if self.survey.is_first() && self.survey.others > 0 {
            let super::Settings { table, protocol, metric, .. } = self.settings;
            log::warn!(
                "{} routes in table {table} with protocol {protocol} and metric {metric} are somebody else's: they stay, and where \
                 they are nothing is installed",
                self.survey.others
            );
        }
        self.tell_losses(now);
        self.survey.ended += 1;
        self.standing.surveys = self.survey.ended;
        self.standing.others = self.survey.others;
        if self.survey.ended < self.keep_until {
            // Objects wait for it.
            self.survey.ask(now);
        }
        if !mutant!(SurveyDropped) {
            self.survey.at.get_or_insert(now + EVERY);
        }
    }

    /// Once a survey has shown nothing of an earlier process that the one before had not, that is all there is. Until then nothing is
    /// removed that nobody seems to need: a route that has not been shown may need it.
    fn compare_with_last(&mut self, now: Instant) {
        let Survey { news, partial, ended, .. } = self.survey;
        let is_all = ended >= MOST_LOOKS || mutant!(FirstLookIsAll);
        self.survey.agreed |= ended > 0 && !news && !partial || is_all;
        if !self.survey.agreed {
            self.keep_until = self.keep_until.max(ended + 2);
            self.survey.ask(now);
        }
    }

    fn forget_what_was_not_shown(&mut self, now: Instant, speaker: &Speaker<'_>) {
        if self.ways.forget_unseen(self.survey.seen()) {
            self.survey.ask(now);
        }
        self.ways.forget_unused(speaker);
        let number = self.survey.number();
        let mut doubtful = false;
        let Self { adopted, sets, cells, .. } = self;
        adopted.retain(|prefix, left| {
            // Dumps of IPv6 routes leave some out: the one before counts, too.
            let lately = matches!(prefix, IpNet::V6(_)) && left.seen.wrapping_add(1) == number;
            doubtful |= lately;
            let there = left.seen == number || lately;
            if !there {
                sets.release(left.set);
                let slot = speaker.find_destination(*prefix);
                slot.into_iter().for_each(|slot| cells.mark(Family::of(prefix), slot));
            }
            there
        });
        if doubtful {
            self.survey.ask(now);
        }
        for family in Family::ALL {
            for slot in 0..self.cells.len() {
                let cell = self.cells.get(family, slot);
                if matches!(cell.stage, Stage::Refused | Stage::NoRoom) {
                    // Somebody may have made room, and whoever waits may have gone.
                    self.cells.mark(family, slot);
                }
                self.not_found(family, slot);
                let is_gone = cell.set != 0 && cell.seen != number && cell.stage != Stage::InFlight;
                if is_gone && !mutant!(VanishedStays) {
                    self.not_shown(now, family, slot);
                }
            }
        }
    }
}

/// Time until a dump that was refused is tried again.
const EVERY_REFUSED: Millis = Millis::from_secs(5);
