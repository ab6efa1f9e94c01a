//! What a world is like at rest: who should have a session with whom, and whether anything is still under way.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crier_core::Speaker;
use crier_core::config::{PeerConfig, RemoteAs, Settings, Ttl};
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
            if !host.is_kernel_settled() {
                let bridge = daemon.bridge_in_words();
                return Err(format!("{name}'s kernel has not been told everything: {bridge}"));
            }
            if let Some(neighbor) = host.under_way(self.now) {
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
            let excused = |peer: &PeerConfig| {
                without.contains(&(number, peer.remote)) || without.contains(&self.other_end(number, peer))
            };
            let missing = peers
                .filter(|peer| !is_established(daemon, peer.remote) && !excused(peer))
                .find(|peer| self.obstacle(number, peer.remote, &peer.settings, refusals).is_none())?;
            Some(format!("{} has no session with {}", self.name(number), missing.remote))
        })
    }

    /// The host that has a neighbor's address, and the address at which that one knows this host.
    fn other_end(&self, number: usize, peer: &PeerConfig) -> (usize, IpAddr) {
        let there = self.owners.get(&peer.remote).copied().unwrap_or(number);
        let source = || self.hosts.get(number)?.source_for(peer.remote);
        (there, peer.settings.local_address.or_else(source).unwrap_or(peer.remote))
    }

    /// What keeps a host from having a session with a neighbor, as far as configurations, addresses and operators decide; none
    /// if it should come up. `refusals`: so may want of room, and limits of prefixes.
    pub(crate) fn obstacle(
        &self,
        number: usize,
        remote: IpAddr,
        ours: &Settings,
        refusals: bool,
    ) -> Option<String> {
        let name = self.name(number);
        let Some((host, daemon)) = self.running(number) else {
            return Some(format!("no daemon runs on {name}"));
        };
        let Some(&there) = self.owners.get(&remote) else {
            return Some("nobody has this address".to_owned());
        };
        let other = self.name(there);
        let Some((neighbor, theirs)) = self.running(there) else {
            return Some(format!("no daemon runs on {other}"));
        };
        let Some(local) = ours.local_address.or_else(|| host.source_for(remote)) else {
            return Some(format!("{name} has no route to {remote}"));
        };
        if !host.own.contains_key(&local) {
            return Some(format!("{name} does not have the address {local}"));
        }
        let Some(back) = settings(&theirs.model, local) else {
            return Some(format!("{other} knows no neighbor {local}, and no range has it"));
        };
        let (own, their) = (daemon.model.local.asn, theirs.model.local.asn);
        if !is_wanted(ours.remote_as, own, their) {
            return Some(format!("{name} wants {}, {other} is AS {their}", wanted(ours.remote_as)));
        }
        if !is_wanted(back.remote_as, their, own) {
            return Some(format!("{other} wants {}, {name} is AS {own}", wanted(back.remote_as)));
        }
        let dials = |peer: &PeerConfig| peer.remote == local && !peer.settings.passive;
        if ours.passive && !theirs.model.peers.iter().any(dials) {
            return Some("neither dials the other".to_owned());
        }
        if ours.families.intersection(back.families).is_empty() {
            return Some("they have no address family in common".to_owned());
        }
        if !theirs.listen().iter().any(|at| at.is_ipv4() == remote.is_ipv4()) {
            return Some(format!("{other} does not listen"));
        }
        let kept_down = |end: &str, what: &str| format!("it {what} on {end}");
        held_down(daemon, remote, refusals)
            .map(|what| kept_down(&name, what))
            .or_else(|| held_down(theirs, local, refusals).map(|what| kept_down(&other, what)))
            .or_else(|| {
                let reached = reaches(host, remote, ours.ttl, own != their)
                    && reaches(neighbor, local, back.ttl, own != their);
                (!reached).then(|| "packets do not get there: no route, or too many hops".to_owned())
            })
            .or_else(|| {
                let crowded = [(theirs, other), (daemon, name)]
                    .into_iter()
                    .find(|(daemon, _)| refusals && is_crowded(daemon));
                crowded.map(|(_, end)| format!("{end} has no room for another neighbor or connection"))
            })
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

fn wanted(remote_as: RemoteAs) -> String {
    match remote_as {
        RemoteAs::Asn(asn) => format!("AS {asn}"),
        RemoteAs::External => "another AS".to_owned(),
        RemoteAs::Internal => "its own AS".to_owned(),
        RemoteAs::Any => "any AS".to_owned(),
    }
}

/// Whether a speaker has a session with a neighbor.
fn is_established(daemon: &Daemon, remote: IpAddr) -> bool {
    let id = daemon.speaker().find_peer(remote);
    let view = id.and_then(|id| daemon.speaker().peer(id));
    view.is_some_and(|view| view.state == State::Established)
}

/// What was done to a neighbor that keeps it down.
fn held_down(daemon: &Daemon, remote: IpAddr, refusals: bool) -> Option<&'static str> {
    if daemon.shut.contains(&remote) {
        return Some("was shut down");
    }
    let id = daemon.speaker().find_peer(remote);
    match id.and_then(|id| daemon.speaker().peer(id))?.admin {
        Admin::Down => Some("was shut down"),
        Admin::Limit if refusals => Some("went past its limit of prefixes"),
        Admin::Limit | Admin::Up | Admin::Drain => None,
    }
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
