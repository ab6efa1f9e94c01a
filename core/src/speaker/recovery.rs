//! Full tables: said once a minute, and made good once there is room again.

use super::Speaker;
use super::conn_slot::pending;
use super::peer_slot::{Job, PeerSlot};
use super::types::Wake;
use crate::event::{DownReason, EventKind};
use crate::family::Family;
use crate::limits::Table;
use crate::rib::with_table;
use crate::time::{Instant, Millis};
use crate::wire::notification::Notification;
use crate::wire::notification::codes;

/// Between two reports of the same table, and between two attempts to recover with one neighbor.
const INTERVAL: Millis = Millis::from_secs(60);
/// How long a neighbor may take nothing while withdrawn destinations are at their bound.
const CROWDED: Millis = Millis::from_secs(5);
/// Tables whose fullness refuses paths.
const TABLES: [Table; 6] = [
    Table::Prefixes(Family::Ipv4Unicast),
    Table::Prefixes(Family::Ipv6Unicast),
    Table::Paths(Family::Ipv4Unicast),
    Table::Paths(Family::Ipv6Unicast),
    Table::AttributeSets,
    Table::AttributeBytes,
];

/// What of full tables was reported, and when.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct FullReport {
    refused: [u64; TABLES.len()],
    not_before: [Instant; TABLES.len()],
}

impl Speaker<'_> {
    /// Reports tables that refused something since the last report.
    pub(super) fn report_full_tables(&mut self, now: Instant) {
        for (at, table) in TABLES.into_iter().enumerate() {
            let refused = self.table_use(table).refused;
            let new = refused - self.full.refused[at];
            if new > 0 && now >= self.full.not_before[at] {
                self.full.refused[at] = refused;
                self.full.not_before[at] = now + INTERVAL;
                let refused = u32::try_from(new).unwrap_or(u32::MAX);
                self.report(now, 0, EventKind::TableFull { table, refused });
            }
        }
    }

    /// Once every table is used to less than 90 %, asks for what was refused: by one of them, or by a limit of prefixes that
    /// is used to less than 90 %.
    pub(super) fn recover(&mut self, now: Instant) {
        if !self.peers.iter().any(PeerSlot::wants_more) {
            return;
        }
        let roomy = TABLES
            .into_iter()
            .map(|table| self.table_use(table))
            .all(|row| u128::from(row.used) * 10 < u128::from(row.capacity) * 9);
        if !roomy && !mutant!(AskForEver) {
            return;
        }
        for peer in 1..self.peers.len() as u16 {
            let slot = &mut self.peers[usize::from(peer)];
            let Some(conn) = slot.session.filter(|_| slot.wants_more() && now >= slot.recover_at) else {
                continue;
            };
            let incomplete = core::mem::take(&mut slot.incomplete);
            slot.families.iter_mut().for_each(|family| family.limit_refused = false);
            slot.recover_at = now + if mutant!(AskForEver) { Millis::from_secs(25) } else { INTERVAL };
            let asked = self.ask_refresh(conn);
            if asked || incomplete {
                self.report(now, peer, EventKind::Recovering);
            }
            if !asked && incomplete {
                // RFC 2918 was not agreed on: only a new session brings the routes again. A limit of prefixes, which the
                // neighbor itself is close to, is not worth one.
                let reset = Notification::new(codes::cease::ADMINISTRATIVE_RESET);
                self.cease(now, conn, &reset, DownReason::Recovering);
            }
        }
        self.arm(now + INTERVAL, Wake::Speaker);
    }

    /// Where withdrawn destinations stay at their bound, closes the neighbor that has heard least of late, one at a time:
    /// while a dead session's bits are being cleared, there is relief already.
    ///
    /// Many routes that go at once put every neighbor behind, so each has [`CROWDED`] to take what there is. Until then
    /// such destinations may exceed their bound; they stand in the slots of prefixes that are not there.
    pub(super) fn relieve(&mut self, now: Instant) {
        for family in Family::ALL {
            let crowded = with_table!(ref self.rib, family, table => table.counts.lingering >= table.capacity.lingering());
            let since = &mut self.crowded[family.index()];
            if !crowded {
                *since = None;
                continue;
            }
            let since = *since.get_or_insert(now);
            // Finding the oldest cursor may take a walk: not before it can matter.
            if now < since + CROWDED || self.peers.iter().any(|slot| slot.job != Job::None) {
                self.arm(since + CROWDED, Wake::Speaker);
                continue;
            }
            let (oldest, heard_all) = with_table!(ref self.rib, family, table => {
                let oldest = table.changes.oldest_marker();
                (oldest, table.changes.at_tail(oldest))
            });
            let behind = |slot: &&super::PeerSlot| slot.families[family.index()].marker == oldest;
            let Some(conn) = self.peers.iter().find(behind).and_then(|slot| slot.session) else { continue };
            if oldest == 0 || heard_all {
                continue;
            }
            let until = since.max(self.conns[usize::from(conn)].taken_at) + CROWDED;
            if until > now {
                self.arm(until, Wake::Speaker);
                continue;
            }
            let cease = Notification::new(codes::cease::OUT_OF_RESOURCES);
            self.cease(now, conn, &cease, DownReason::OutOfResources);
        }
    }

    /// Asks a neighbor to announce everything again; false if it cannot.
    pub(super) fn ask_refresh(&mut self, conn: u16) -> bool {
        let slot = &mut self.conns[usize::from(conn)];
        let Some(agreed) = slot.agreed.as_ref().filter(|agreed| agreed.negotiated.refresh) else {
            return false;
        };
        slot.refresh = agreed.negotiated.families;
        slot.pending |= pending::REFRESH;
        true
    }
}
