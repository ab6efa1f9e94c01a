//! The first moments of a process that has taken over what an earlier one left in the kernel.
//!
//! Neighbors come back one by one, and each announces path by path. Was every step of that told to the kernel, routes would
//! shrink to what the first neighbor says and grow again. So a route that was taken over stays as it is until what is wanted is
//! just that, or until nobody is left who could want it (compare the Selection_Deferral_Timer of RFC 4724, 4.1).

use crier_core::view::{Admin, PeerView};
use crier_core::{Family, Instant, Millis, Speaker};
use ipnet::IpNet;

use super::bridge::{Bridge, Left};
use crate::netlink::decode::Route;

/// Longest wait for neighbors.
const LONGEST: Millis = Millis::from_secs(120);
/// Time from the last End-of-RIB until everything is decided.
const GRACE: Millis = Millis::from_secs(1);

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Takeover {
    /// There is nothing to wait for: nothing was taken over, or all of it is settled.
    #[default]
    Over,
    /// Neighbors have not said everything yet.
    Waiting,
    /// They have, and it is being decided.
    Told,
}

impl Bridge {
    /// What an earlier process has left is known.
    pub(super) fn begin_takeover(&mut self, now: Instant) {
        if !self.adopted.is_empty() || self.former.routes() > 0 {
            self.takeover = Takeover::Waiting;
            self.sweep_at.get_or_insert(now + LONGEST);
        }
    }

    /// A dump shows a route of an earlier process, perhaps once more, and perhaps led elsewhere by somebody.
    pub(super) fn adopt(&mut self, speaker: &Speaker<'_>, route: &Route<'_>) {
        let (prefix, seen) = (route.key.prefix, self.survey.number());
        let Some(set) = self.set_of(route) else {
            // It leads nowhere that we know: what it was is replaced or removed in time.
            match self.adopted.get_mut(&prefix) {
                Some(left) => left.seen = seen,
                None => self.survey.adopted(),
            }
            return;
        };
        let former = self.adopted.insert(prefix, Left { set, seen, protocol: self.settings.protocol });
        if let Some(former) = former {
            self.sets.release(former.set);
        }
        if former.is_none_or(|former| !self.sets.same(former.set, set)) {
            self.survey.adopted();
            // Whoever wants it may have been refused it, or waits for it to change.
            let slot = speaker.find_destination(prefix);
            slot.into_iter().for_each(|slot| self.cells.mark(Family::of(&prefix), slot));
        }
    }

    /// Ends the wait when all neighbors have said what they have, or the time is over.
    pub(super) fn watch_neighbors(&mut self, now: Instant, speaker: &Speaker<'_>) {
        if self.takeover == Takeover::Over {
            return;
        }
        if self.takeover == Takeover::Waiting && !speaker.has_ranges() && speaker.peers().all(has_said_all) {
            self.takeover = Takeover::Told;
            let at = now + GRACE;
            self.sweep_at = Some(self.sweep_at.map_or(at, |before| before.min(at)));
        }
        let is_settled = self.adopted.is_empty() && self.former.routes() == 0;
        if is_settled || self.sweep_at.is_none_or(|at| at <= now) {
            self.takeover = Takeover::Over;
            self.cells.mark_where(|_| true);
        }
    }

    /// Whether the route for a destination stays as an earlier process left it, for now.
    pub(super) fn is_kept(
        &mut self,
        now: Instant,
        speaker: &Speaker<'_>,
        family: Family,
        slot: u32,
        prefix: IpNet,
    ) -> bool {
        if self.takeover == Takeover::Over
            || self.ways.is_taken(prefix)
            || self.sweep_at.is_none_or(|at| at <= now)
        {
            return false;
        }
        let Some(&Left { set: left, .. }) = self.adopted.get(&prefix) else { return false };
        let Ok(wanted) = self.wanted(speaker, family, slot) else { return true };
        let same = wanted != 0 && self.sets.same(left, wanted);
        self.sets.release(wanted);
        !same
    }
}

/// Whether no more is to be expected of a neighbor. Of one that is not up, everything is.
fn has_said_all(peer: PeerView<'_>) -> bool {
    let told = |family: Family| peer.families[family.index()].is_none_or(|counts| counts.end_of_rib_received);
    peer.admin != Admin::Up || peer.established.is_some() && Family::ALL.into_iter().all(told)
}
