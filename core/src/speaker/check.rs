//! Whether everything that a speaker counts agrees with what is there.

extern crate std;

use std::string::String;
use std::vec::Vec;

mod connections;
mod timers;

use super::Speaker;
use super::peer_slot::{Job, PeerSlot};
use crate::Family;
use crate::check::{Checked, agree, ensure};
use crate::decision::PeerFacts;
use crate::limits::Table;
use crate::rib::refused::Record;
use crate::rib::table::check::Found;
use crate::rib::with_table;
use crate::time::Instant;

impl Speaker<'_> {
    /// Whether everything that is counted agrees with what is there: holds on attribute sets, chains and free lists, cells
    /// of indices, bits of what was advertised, markers in the lists of changes, refused paths, connection slots and what
    /// they lease, timers that are to run, and the use of every table against its capacity.
    ///
    /// It holds between any two calls of a speaker's methods; `now` is the time of the last one. For tests and simulators, with the feature `check`: it walks
    /// every table, and allocates.
    ///
    /// # Errors
    /// The first contradiction, for people: a fault of the speaker.
    pub fn check(&self, now: Instant) -> Result<(), String> {
        let records = self.rib.refused.check()?;
        let mut holds = 0;
        for family in Family::ALL {
            let rows = self.peers.len() as u16;
            let found = with_table!(ref self.rib, family, table => table.check(&self.rib.shared, rows))?;
            holds += u64::from(found.paths.values().sum::<u32>());
            self.check_sessions(family, found, &records)?;
        }
        agree!(self.rib.shared.attrs.check()?, holds, "holds on attribute sets");
        self.check_refused(&records)?;
        self.check_connections()?;
        self.check_timers(now)?;
        self.check_tables()
    }

    /// What neighbors count of one family.
    fn check_sessions(&self, family: Family, found: Found, records: &[Record]) -> Checked {
        let mut markers = found.markers;
        for (peer, slot) in (0..).zip(self.peers.iter()).skip(1) {
            let session = &slot.families[family.index()];
            let of_peer = |count: Option<&u32>| count.copied().unwrap_or(0);
            agree!(
                session.accepted,
                of_peer(found.paths.get(&peer)),
                "{family:?} accepted of neighbor {peer}"
            );
            agree!(session.advertised, of_peer(found.told.get(&peer)), "{family:?} told to neighbor {peer}");
            let up = slot.session.is_some();
            agree!(session.marker != 0, up && session.active, "{family:?} is sent to neighbor {peer}");
            if session.marker != 0 {
                let standing = markers.get_mut(&session.marker).filter(|standing| **standing > 0);
                let Some(standing) = standing else {
                    return Err(std::format!("neighbor {peer} stands at a marker that counts it not"));
                };
                *standing -= 1;
            }
            if slot.job == Job::None {
                let records = records.iter().filter(|r| (r.peer, r.family()) == (peer, family)).count();
                agree!(session.refused as usize, records, "{family:?} refused of neighbor {peer}");
                ensure!(!found.dead.contains(&peer), "neighbor {peer} has paths of a session that is over");
                let none = (session.accepted, session.advertised) == (0, 0);
                ensure!(up || none, "neighbor {peer} has no session, but {family:?} routes");
            }
            let alive = self.rib.shared.facts[usize::from(peer)].flags & PeerFacts::ALIVE != 0;
            agree!(alive, up, "neighbor {peer} is alive");
        }
        ensure!(markers.values().all(|&left| left == 0), "markers at which nobody stands: {markers:?}");
        Ok(())
    }

    /// What a neighbor announced is accepted or refused, not both.
    fn check_refused(&self, records: &[Record]) -> Checked {
        for record in records {
            let peer = record.peer;
            let accepted = record.look_up(
                |net| self.rib.v4.find(net).is_some_and(|slot| self.rib.v4.has_path_of(slot, peer)),
                |net| self.rib.v6.find(net).is_some_and(|slot| self.rib.v6.has_path_of(slot, peer)),
            );
            let prefix = record.prefix();
            ensure!(!accepted, "{prefix} of neighbor {peer} is both refused and accepted");
        }
        Ok(())
    }

    /// The rows of [`Speaker::tables`].
    fn check_tables(&self) -> Checked {
        for row in self.tables() {
            let name = row.table.name();
            let most = match row.table {
                // For the seconds that neighbors have to take what there is, these may exceed their bound.
                Table::Lingering(family) => {
                    with_table!(ref self.rib, family, table => table.capacity.slots().into())
                }
                _ => row.capacity,
            };
            ensure!(row.used <= most, "{name}: {} used of {}", row.used, row.capacity);
            ensure!(row.used <= row.high_water, "{name}: {} used, {} at most", row.used, row.high_water);
        }
        Ok(())
    }

    /// Neighbors in use, and their slots.
    fn neighbors(&self) -> Vec<(u16, &PeerSlot)> {
        (0..).zip(self.peers.iter()).skip(1).filter(|(_, slot)| slot.config.is_some()).collect()
    }
}
