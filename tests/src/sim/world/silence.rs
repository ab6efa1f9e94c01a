//! What a world is watched for once it is at rest, or does not come to rest.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::sim::Micros;
use crate::sim::judge::Broken;
use crate::sim::referee::Silence;
use crate::sim::report::Rule;

use super::World;

/// Longest time between two restarts of a session that its limit of prefixes ends again and again.
const RESTARTS: Micros = Micros::secs(120);
/// Turns that a daemon may have in a second at rest, for what it does by itself: timers, and comparisons with its kernel.
const TURNS: u64 = 50;
/// Turns for each KEEPALIVE: it is sent, it is acknowledged, another one is received.
const TURNS_A_KEEPALIVE: u64 = 8;

impl World {
    /// From now on nobody sends an UPDATE but in answer to a ROUTE-REFRESH, of which anybody may send so many to any other.
    pub(crate) fn keep_silence(&mut self, refreshes: u32) {
        self.referee.silence = Some(Silence::new(refreshes));
    }

    /// How many turns each host has had.
    pub(crate) fn turns(&self) -> Vec<u64> {
        self.hosts.iter().map(|host| host.all_turns).collect()
    }

    /// Whether no host has had more turns than it needs at rest, in the seconds since it had had `before`.
    ///
    /// # Errors
    /// [`Rule::Progress`].
    pub(crate) fn judge_calm(&self, before: &[u64], secs: u64) -> Result<(), Broken> {
        for (number, (turns, before)) in self.turns().into_iter().zip(before).enumerate() {
            let peers = self.speaker(number).into_iter().flat_map(|speaker| speaker.peers());
            let keepalives =
                peers.filter_map(|peer| peer.negotiated).map(|agreed| u64::from(agreed.keepalive));
            let needed =
                keepalives.filter(|every| *every > 0).map(|every| TURNS_A_KEEPALIVE * (secs / every + 1));
            let (taken, allowed) = (turns - before, TURNS * secs + needed.sum::<u64>());
            if taken > allowed {
                let name = self.name(number);
                let text = format!("{name}: {taken} turns in {secs} s at rest, {allowed} would do");
                return Err(Broken::new(Rule::Progress, text));
            }
        }
        Ok(())
    }

    /// From now on limits of prefixes are watched for ending sessions again and again.
    pub(crate) fn watch_limits(&mut self) {
        self.referee.limits.forget_ended();
    }

    /// Sessions, by host and neighbor, that limits of prefixes have ended more than once since then, and lately.
    pub(crate) fn restarting(&self) -> BTreeSet<(usize, IpAddr)> {
        self.referee.limits.recurring(self.now, RESTARTS).collect()
    }

    /// Starts looking for prefixes that somebody is told something new about; what was found so far.
    pub(crate) fn changing(&mut self) -> BTreeSet<IpNet> {
        self.referee.changing.replace(BTreeSet::new()).unwrap_or_default()
    }
}
