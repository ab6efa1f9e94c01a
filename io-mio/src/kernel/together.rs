//! A neighbor that has died: it leaves all groups that have other members, and the routes that led over it alone leave the kernel
//! with the object that they lead to. Either is one message, however many routes there are.

use std::net::IpAddr;

use crier_core::{Family, Instant, Millis, Speaker};

use super::ask::Port;
use super::bridge::{About, Bridge, Request, WINDOW};
use super::cells::{Cell, Stage};
use super::sets::SetId;

/// Most neighbors whose routes are waited for at once; those of further ones go one by one.
pub(super) const MOST_DEAD: usize = 64;
/// Most routes that go at one message: the kernel needs a microsecond or two for each, and does nothing else for us meanwhile.
const MOST_ROUTES: u32 = 1 << 15;
/// Fewer of one set go one by one: looking for them costs more.
const FEWEST_ROUTES: u32 = 16;
/// Longest wait for the speaker to have removed a neighbor's paths. After that their routes go one by one.
const PATIENCE: Millis = Millis::from_secs(1);
/// In the place of the number of a set's routes that are to go: the window is full, and they wait for it; the kernel has answered
/// that they are gone, or that it refuses.
const LATER: u32 = u32::MAX;
const GONE: u32 = 1;
const STAYS: u32 = 2;

/// A neighbor that has died.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dead {
    neighbor: IpAddr,
    until: Instant,
}

impl Bridge {
    /// A session has ended: its neighbor forwards no more, until somebody says otherwise.
    pub(super) fn session_down(
        &mut self,
        now: Instant,
        speaker: &Speaker<'_>,
        neighbor: IpAddr,
        port: &mut impl Port,
    ) {
        if self.settings.install && !self.dead.iter().any(|dead| dead.neighbor == neighbor) {
            // Should there be no room: that is what the bound means.
            let _ = self.dead.push(Dead { neighbor, until: now + PATIENCE });
        }
        self.down.push(neighbor);
        self.leave_groups(now, speaker, port);
    }

    /// Whether a route that leads there, and is to go, waits for others: while paths of a dead neighbor are being removed.
    pub(super) fn waits_for_others(&self, set: SetId) -> bool {
        !self.dead.is_empty() && self.sets.object(set).is_some()
    }

    /// When the wait is over at the latest.
    pub(super) fn end_of_wait(&self) -> Option<Instant> {
        self.dead.iter().map(|dead| dead.until).max()
    }

    /// Nothing else is to be asked: once the paths of dead neighbors are gone, their routes go, as far as the window goes, and
    /// once in a turn: all destinations are walked through. True: there is something to do, now or in the next turn.
    pub(super) fn go_together(&mut self, now: Instant, speaker: &Speaker<'_>, port: &mut impl Port) -> bool {
        let purging = |neighbor| speaker.peers().any(|peer| peer.remote == neighbor && peer.purging);
        let waiting = |dead: &Dead| dead.until > now && purging(dead.neighbor);
        if self.dead.is_empty() || self.dead.iter().any(waiting) {
            return false;
        }
        if std::mem::take(&mut self.down.looks) == 0 {
            return true;
        }
        let Self { cells, sets, asked, .. } = self;
        let is_going = |cell: &Cell| cell.stage == Stage::Going;
        for cell in cells.iter().filter(|cell| is_going(cell)) {
            sets.set_going(cell.set, sets.going(cell.set) + 1);
        }
        let mut later = false;
        for set in sets.ids() {
            let routes = sets.going(set);
            let few_or_many = !(FEWEST_ROUTES..=MOST_ROUTES).contains(&routes);
            let Some(object) = sets.sole_object(set, routes).filter(|_| !few_or_many) else {
                sets.set_going(set, 0);
                continue;
            };
            if asked.window.len() >= WINDOW {
                sets.set_going(set, LATER);
                later = true;
                continue;
            }
            sets.lost(object);
            asked.send(About::Together(set), &Request::NoObject(object), port);
        }
        // Where some of a set's routes stay, the others go one by one.
        cells.mark_where(|cell| is_going(&cell) && sets.going(cell.set) == 0);
        let asked_for = |set| (1..LATER).contains(&sets.going(set));
        let in_flight = |cell: &mut Cell| (cell.stage, cell.again) = (Stage::InFlight, false);
        cells.change_where(|cell| is_going(cell) && asked_for(cell.set), in_flight);
        sets.ids().for_each(|set| sets.set_going(set, 0));
        if !later {
            self.dead.clear();
        }
        true
    }

    /// The answer to that. What it means for the routes waits for the other answers: all destinations are walked through.
    pub(super) fn settle_together(&mut self, set: SetId, result: Result<(), i32>) {
        let gone = matches!(result, Ok(()) | Err(libc::ENOENT));
        self.sets.set_going(set, if gone { GONE } else { STAYS });
        self.told_together = true;
        if !gone {
            self.sets.doubt(set);
        }
    }

    /// The kernel has said for now what it has to say to that.
    pub(super) fn finish_together(&mut self, speaker: &mut Speaker<'_>) {
        if !std::mem::take(&mut self.told_together) {
            return;
        }
        for family in Family::ALL {
            for slot in 0..self.cells.len() {
                let cell = self.cells.get(family, slot);
                let told = self.sets.going(cell.set);
                if cell.stage != Stage::InFlight || told == 0 {
                    continue;
                }
                if let Some(cell) = self.cells.get_mut(family, slot) {
                    (cell.stage, cell.again) = (Stage::Idle, false);
                }
                if told == GONE {
                    self.take_out(family, slot);
                    speaker.set_installed(family, slot, false);
                }
                if told == STAYS || cell.again {
                    self.cells.mark(family, slot);
                }
            }
        }
        let Self { sets, .. } = self;
        sets.ids().for_each(|set| sets.set_going(set, 0));
    }
}
