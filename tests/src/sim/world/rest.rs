//! What a world is like at rest: who should have a session with whom, and whether anything is still under way.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crier_core::Speaker;
use crier_core::config::{PeerConfig, RemoteAs, Ttl};
use crier_core::limits::{Table, TableUse};
use crier_core::peer::State;
use crier_core::view::Admin;

use crate::sim::Micros;
use crate::sim::host::{Daemon, Host};
use crate::sim::observe;
use crate::sim::referee::settings;

use super::World;

/// Silence that means rest: longer than whatever a speaker lets an announcement wait.
const QUIET: Micros = Micros::secs(20);

impl World {
    /// Whether nothing is under way any more, as far as can be seen from outside; else what is.
    pub fn at_rest(&self) -> Result<(), String> {
        if self.now < self.referee.last_update + QUIET {
            return Err("UPDATEs are being sent".to_owned());
        }
        for (number, host) in self.hosts.iter().enumerate() {
            let Some(daemon) = &host.daemon else { continue };
            let name = self.name(number);
            let side = self.referee.side(number);
            if let Some(silent) =
                side.and_then(|side| side.watched().find(|watched| !watched.is_lively(self.now)))
            {
                // A segment that was lost is sent again after up to a minute, and until then this looks like rest.
                return Err(format!("{} waits for what was lost", silent.name));
            }
            if let Some(neighbor) = self.is_recovering(daemon.speaker()) {
                return Err(format!("{name} is about to ask {neighbor} for what it has refused"));
            }
            if !observe::is_settled(daemon.speaker()) {
                return Err(format!("{name} has long jobs to do"));
            }
            if daemon.bridge.as_ref().is_some_and(|bridge| !bridge.settled()) {
                return Err(format!("{name}'s kernel has not been told everything"));
            }
            if let Some(neighbor) = host.under_way() {
                return Err(format!("bytes between {name} and {neighbor} are on their way"));
            }
            if let Some(session) = daemon.sessions.iter().flatten().find(|session| !session.outbox.is_empty())
            {
                return Err(format!("{name} has bytes to send on connection {}", session.id.index));
            }
        }
        Ok(())
    }

    /// The first neighbor that is to be asked again for what was refused, now that there is room. Whoever was asked and had
    /// nothing new to say may be asked for ever: there is room, but not as much as it takes.
    fn is_recovering(&self, speaker: &Speaker<'_>) -> Option<IpAddr> {
        let is_roomy = |row: &TableUse| {
            let matters = matches!(
                row.table,
                Table::Prefixes(_) | Table::Paths(_) | Table::AttributeSets | Table::AttributeBytes
            );
            !matters || row.used.saturating_mul(10) < row.capacity.saturating_mul(9)
        };
        let asked = |local: IpAddr, remote| {
            self.referee.refreshed.get(&(local, remote)).is_some_and(|at| *at > self.referee.last_news)
        };
        if !speaker.tables().all(|row| is_roomy(&row)) {
            return None;
        }
        let mut peers = speaker.peers().filter(|peer| peer.incomplete);
        let waits = peers.find(|peer| peer.local_address.is_some_and(|local| !asked(local, peer.remote)));
        waits.map(|peer| peer.remote)
    }

    /// The first session that should be up and is not, but for those that a host has with a neighbor in `without`.
    /// `refusals`: speakers may be too small for all their neighbors, and neighbors may exceed their limits.
    pub(crate) fn missing_session(
        &self,
        refusals: bool,
        without: &BTreeSet<(usize, IpAddr)>,
    ) -> Option<String> {
        (0..self.hosts.len()).find_map(|number| {
            let daemon = self.hosts.get(number)?.daemon.as_ref()?;
            let peers = daemon.model.peers.iter().filter(|peer| !peer.settings.passive);
            let should = |peer: &&PeerConfig| self.should_be_up(number, peer, refusals, without);
            let missing = peers.filter(should).find(|peer| {
                let id = daemon.speaker().find_peer(peer.remote);
                let view = id.and_then(|id| daemon.speaker().peer(id));
                view.is_none_or(|view| view.state != State::Established)
            })?;
            Some(format!("{} has no session with {}", self.name(number), missing.remote))
        })
    }

    /// Whether a host that dials this neighbor should end up with a session.
    fn should_be_up(
        &self,
        number: usize,
        peer: &PeerConfig,
        refusals: bool,
        without: &BTreeSet<(usize, IpAddr)>,
    ) -> bool {
        let (remote, ours) = (peer.remote, &peer.settings);
        let Some((host, daemon)) = self.running(number) else { return false };
        let there = self.owners.get(&remote).copied();
        let Some(there) = there else { return false };
        let Some((neighbor, theirs)) = self.running(there) else { return false };
        let Some(local) = ours.local_address.or_else(|| host.source_for(remote)) else { return false };
        let Some(back) = settings(&theirs.model, local) else { return false };
        let (own, other) = (daemon.model.local.asn, theirs.model.local.asn);
        let wanted = is_wanted(ours.remote_as, own, other) && is_wanted(back.remote_as, other, own);
        let families = !ours.families.intersection(back.families).is_empty();
        let listens = theirs.listen().iter().any(|at| at.is_ipv4() == remote.is_ipv4());
        wanted
            && families
            && listens
            && is_up(daemon, remote, refusals)
            && is_up(theirs, local, refusals)
            && !without.contains(&(number, remote))
            && !without.contains(&(there, local))
            && reaches(host, remote, ours.ttl, own != other)
            && reaches(neighbor, local, back.ttl, own != other)
            && !(refusals && (is_crowded(theirs) || is_crowded(daemon)))
    }

    fn running(&self, number: usize) -> Option<(&Host, &Daemon)> {
        let host = self.hosts.get(number)?;
        Some((host, host.daemon.as_ref()?))
    }
}

fn is_wanted(wanted: RemoteAs, own: u32, other: u32) -> bool {
    match wanted {
        RemoteAs::Asn(asn) => asn == other,
        RemoteAs::External => own != other,
        RemoteAs::Internal => own == other,
        RemoteAs::Any => true,
    }
}

/// Whether nobody has shut a neighbor down, and it has not gone past its limit of prefixes where it may.
fn is_up(daemon: &Daemon, remote: IpAddr, refusals: bool) -> bool {
    let id = daemon.speaker().find_peer(remote);
    let view = id.and_then(|id| daemon.speaker().peer(id));
    !daemon.shut.contains(&remote)
        && view.is_none_or(|view| view.admin != Admin::Down && !(refusals && view.admin == Admin::Limit))
}

/// Whether packets live long enough to reach a neighbor.
fn reaches(host: &Host, remote: IpAddr, ttl: Ttl, external: bool) -> bool {
    let Some(way) = host.way(remote, 0) else { return false };
    way.next_hop == remote
        || match ttl {
            Ttl::Default => !external,
            Ttl::Multihop(hops) => hops > 1,
            Ttl::Security(hops) => hops > 1,
        }
}

/// Whether a speaker turns neighbors away for want of room.
fn is_crowded(daemon: &Daemon) -> bool {
    let counted = |table| matches!(table, Table::Peers | Table::Connections);
    daemon.speaker().tables().any(|row| counted(row.table) && row.used >= row.capacity)
}
