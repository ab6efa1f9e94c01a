//! From desired configuration to what is: one comparison, and only what differs is touched.

use core::net::IpAddr;

use super::conn_slot::Phase;
use super::peer_slot::{Job, PeerIdentity, PeerSlot};
use super::timers::HOUSEKEEPING;
use super::types::{Applied, ConfigError, Wake};
use super::{MAX_RANGES, Speaker};
use crate::config::{Config, DynamicRange, LocalConfig, PeerConfig, PolicyRef, Settings};
use crate::event::{DownReason, EventKind};
use crate::peer::fsm::Event;
use crate::policy::{self, Policies};
use crate::time::Instant;
use crate::view::Admin;
use crate::wire::notification::Notification;
use crate::wire::notification::codes;

impl Speaker<'_> {
    /// The work of [`Speaker::configure`].
    pub(super) fn on_configure(&mut self, now: Instant, config: &Config<'_>) -> Result<Applied, ConfigError> {
        self.check_counts(config)?;
        check_policies(config)?;
        check_duplicates(config.peers)?;
        let next = 1 - self.live_policies;
        let len = policy::compile(config.policies, self.policy_areas[next])?;
        let mut applied = Applied::default();
        let before = self.local;
        self.local = config.local;
        if (before.maximum_paths, before.as_path_relax)
            != (self.local.maximum_paths, self.local.as_path_relax)
        {
            self.forwarding_rules_changed();
        }
        self.replace_ranges(now, config, before);
        for peer in 1..self.peers.len() as u16 {
            if let Some(identity) =
                self.peers[usize::from(peer)].config.filter(|_| !self.peers[usize::from(peer)].removed)
            {
                self.reconcile(now, peer, identity, config, before, &mut applied);
            }
        }
        self.live_policies = next;
        self.policy_len = u32::try_from(len).unwrap_or(u32::MAX);
        self.high.policy_bytes = self.high.policy_bytes.max(self.policy_len);
        for peer in config.peers {
            if self.find_peer(peer.remote).is_none() {
                self.add(now, peer, &mut applied);
            }
        }
        Ok(applied)
    }

    fn check_counts(&self, config: &Config<'_>) -> Result<(), ConfigError> {
        if config.ranges.len() > MAX_RANGES {
            return Err(ConfigError::TooManyRanges { limit: MAX_RANGES as u32 });
        }
        // Ranges with one tag share one limit.
        let first_of_tag = |at: &usize| {
            let tag = config.ranges[*at].settings.tag;
            !config.ranges[..*at].iter().any(|range| range.settings.tag == tag)
        };
        let dynamic =
            (0..config.ranges.len()).filter(first_of_tag).map(|at| u32::from(config.ranges[at].limit));
        let wanted = config.peers.len() as u32 + dynamic.sum::<u32>();
        let limit = u32::from(self.limits.peers);
        if wanted > limit { Err(ConfigError::TooManyPeers { wanted, limit }) } else { Ok(()) }
    }

    /// Puts the new ranges in force. A connection without an OPEN goes on only if what was said on it still holds.
    fn replace_ranges(&mut self, now: Instant, config: &Config<'_>, before: LocalConfig) {
        let cease = Notification::new(codes::cease::OTHER_CONFIGURATION_CHANGE);
        let moved = is_moved(&before, &config.local);
        for index in 0..self.conns.len() as u16 {
            let conn = &self.conns[usize::from(index)];
            let (Phase::Open, 0, Some(range), Some(ends)) = (conn.phase, conn.peer, conn.range, conn.ends)
            else {
                continue;
            };
            let remote = ends.remote.ip().to_canonical();
            let configured = config.peers.iter().any(|peer| peer.remote.to_canonical() == remote);
            let next = longest_match(config.ranges, remote).filter(|_| !configured && !moved);
            let same =
                |next: &u16| config.ranges.get(usize::from(*next)) == self.ranges.get(usize::from(range));
            match next.filter(same) {
                Some(next) => self.conns[usize::from(index)].range = Some(next),
                None => self.cease(now, index, &cease, DownReason::ConfigurationChanged),
            }
        }
        self.ranges.clear();
        // There is room: the number was checked.
        let _ = self.ranges.extend_from_slice(config.ranges);
    }

    /// Brings one neighbor in line. Policies are compared between the area in force and the next one.
    fn reconcile(
        &mut self,
        now: Instant,
        peer: u16,
        identity: PeerIdentity,
        config: &Config<'_>,
        before: LocalConfig,
        applied: &mut Applied,
    ) {
        let Some((port, settings, dynamic)) = self.wanted(identity, config) else {
            self.remove(now, peer);
            applied.removed += 1;
            return;
        };
        let old = identity.settings;
        let next = PeerIdentity { remote: identity.remote, port, dynamic, settings };
        let import_changed =
            self.policy_changed(old.import, settings.import) || old.blackhole != settings.blackhole;
        let export_changed = self.policy_changed(old.export, settings.export);
        self.peers[usize::from(peer)].config = Some(next);
        let moved = is_moved(&before, &config.local);
        if !dynamic {
            // A configured neighbor is not forgotten, whatever it was before.
            self.peers[usize::from(peer)].closed = None;
        }
        if moved || needs_new_session(&old, &settings) || dynamic != identity.dynamic {
            let cease = Notification::new(codes::cease::OTHER_CONFIGURATION_CHANGE);
            if self.end_sessions(now, peer, &cease, DownReason::ConfigurationChanged) {
                applied.restarted += 1;
            }
            let admin = self.peers[usize::from(peer)].admin;
            if admin == Admin::Up {
                self.revive(now, peer);
            }
            return;
        }
        if export_changed || old.next_hop_self != settings.next_hop_self {
            self.announce_again(peer);
        }
        if import_changed && let Some(conn) = self.peers[usize::from(peer)].session {
            if self.ask_refresh(conn) {
                applied.refreshed += 1;
            } else {
                applied.restart_needed += 1;
                self.report(now, peer, EventKind::RestartNeeded);
            }
        }
        if self.peers[usize::from(peer)].wants_more() {
            // The limit of prefixes is a higher one now.
            self.arm(now + HOUSEKEEPING, Wake::Speaker);
        }
        // RFC 4271 leaves it open, operators do not: after a repair nobody waits for the idle hold time.
        let redial = old.passive != settings.passive || identity.port != port;
        if (old != settings || redial) && self.peers[usize::from(peer)].admin == Admin::Up {
            if redial {
                // Only the neighbor's own part: a dial under way, or the wait for the next.
                self.own(now, peer, Event::Stop);
            }
            self.revive(now, peer);
        }
    }

    /// What a neighbor is to be like; `None`: it is not wanted any more.
    fn wanted(&self, identity: PeerIdentity, config: &Config<'_>) -> Option<(u16, Settings, bool)> {
        if let Some(peer) = config.peers.iter().find(|peer| peer.remote.to_canonical() == identity.remote) {
            return Some((peer.port, peer.settings, false));
        }
        if !identity.dynamic {
            return None;
        }
        let range = self.find_range(identity.remote)?;
        self.ranges.get(usize::from(range)).map(|range| (identity.port, range.settings, true))
    }

    /// Whether a policy decides differently in the next area than in the one in force.
    fn policy_changed(&self, old: PolicyRef, new: PolicyRef) -> bool {
        match (old, new) {
            (PolicyRef::Named(old), PolicyRef::Named(new)) => {
                let live = Policies::new(&*self.policy_areas[self.live_policies]);
                let next = Policies::new(&*self.policy_areas[1 - self.live_policies]);
                !policy::same(&live, old, &next, new)
            }
            (old, new) => old != new,
        }
    }

    fn add(&mut self, now: Instant, config: &PeerConfig, applied: &mut Applied) {
        let identity = PeerIdentity {
            remote: config.remote.to_canonical(),
            port: config.port,
            dynamic: false,
            settings: config.settings,
        };
        let placed = self.place(now, identity).or_else(|| {
            self.make_place(now);
            self.place(now, identity)
        });
        if let Some(peer) = placed {
            applied.added += 1;
            let internal = self.is_surely_internal(&config.settings);
            let unset = |policy| !internal && policy == PolicyRef::Unset;
            let (import, export) = (unset(config.settings.import), unset(config.settings.export));
            if import || export {
                self.report(now, peer, EventKind::PolicyMissing { import, export });
            }
            self.start(now, peer);
        }
    }

    fn is_surely_internal(&self, settings: &Settings) -> bool {
        use crate::config::RemoteAs;
        matches!(settings.remote_as, RemoteAs::Internal)
            || settings.remote_as == RemoteAs::Asn(self.local.asn)
    }

    /// A slot for a neighbor: one that is being removed for the same address, a free one, or that of the dynamic neighbor
    /// that closed longest ago.
    pub(super) fn place(&mut self, now: Instant, identity: PeerIdentity) -> Option<u16> {
        let same = |slot: &PeerSlot| slot.removed && slot.config.is_some_and(|c| c.remote == identity.remote);
        let again = (1..self.peers.len()).find(|&peer| same(&self.peers[peer]));
        let free = again.or_else(|| (1..self.peers.len()).find(|&peer| self.peers[peer].config.is_none()));
        let peer = free.or_else(|| {
            let closed = (1..self.peers.len()).filter(|&peer| {
                let slot = &self.peers[peer];
                slot.closed.is_some() && slot.job == Job::None
            });
            // One that is held down would come back: it goes last.
            closed.min_by_key(|&peer| (self.peers[peer].forgotten_at().is_none(), self.peers[peer].closed))
        });
        let Some(peer) = peer else {
            self.high.peers_refused += 1;
            return None;
        };
        if again.is_some() {
            let slot = &mut self.peers[peer];
            slot.removed = false;
            slot.config = Some(identity);
            slot.admin = Admin::Up;
            slot.closed = None;
        } else {
            self.vacate(peer as u16);
            self.peers[peer] = PeerSlot { config: Some(identity), recover_at: now, ..PeerSlot::default() };
        }
        let used = self.peers.iter().filter(|slot| slot.config.is_some()).count() as u16;
        self.high.peers = self.high.peers.max(used);
        Some(peer as u16)
    }

    fn remove(&mut self, now: Instant, peer: u16) {
        let cease = Notification::new(codes::cease::PEER_DE_CONFIGURED);
        self.end_sessions(now, peer, &cease, DownReason::Deconfigured);
        let slot = &mut self.peers[usize::from(peer)];
        slot.removed = true;
        if slot.job == Job::None {
            self.vacate(peer);
        }
    }

    /// Frees a neighbor's slot. A connection that still has its last words to say is nobody's from now on.
    pub(super) fn vacate(&mut self, peer: u16) {
        self.peers[usize::from(peer)] = PeerSlot::default();
        for conn in self.conns.iter_mut().filter(|conn| conn.peer == peer) {
            conn.peer = 0;
        }
    }

    /// Frees a slot for a configured neighbor, for which the limits have room, but which those have that are on their way
    /// out or came from dynamic ranges. What is left of a job is done at once: an operator waits for it, once.
    fn make_place(&mut self, now: Instant) {
        let leaving = |slot: &PeerSlot| slot.removed || slot.closed.is_some();
        let dynamic = |slot: &PeerSlot| slot.config.is_some_and(|config| config.dynamic);
        let found = self.peers.iter().position(leaving).or_else(|| self.peers.iter().position(dynamic));
        let Some(peer) = found else { return };
        let cease = Notification::new(codes::cease::OUT_OF_RESOURCES);
        self.end_sessions(now, peer as u16, &cease, DownReason::OutOfResources);
        if self.peers[peer].job != Job::None {
            self.go_on(now, peer as u16, u32::MAX);
        }
    }
}

/// Whether the speaker is not who it said it was.
fn is_moved(before: &LocalConfig, after: &LocalConfig) -> bool {
    (before.asn, before.router_id) != (after.asn, after.router_id)
}

/// The range that holds an address: the longest, if several do.
pub(super) fn longest_match(ranges: &[DynamicRange], remote: IpAddr) -> Option<u16> {
    let holding = ranges.iter().enumerate().filter(|(_, range)| range.net.contains(&remote));
    holding.max_by_key(|(_, range)| range.net.prefix_len()).map(|(position, _)| position as u16)
}

/// Whether a session cannot follow a change: it concerns what was said in OPEN, or the TCP connection.
fn needs_new_session(old: &Settings, new: &Settings) -> bool {
    (old.remote_as, old.families, old.timers.hold, old.timers.keepalive)
        != (new.remote_as, new.families, new.timers.hold, new.timers.keepalive)
        || (old.local_address, old.local_interface) != (new.local_address, new.local_interface)
        || (old.ttl, old.restart_time) != (new.ttl, new.restart_time)
}

fn check_policies(config: &Config<'_>) -> Result<(), ConfigError> {
    let settings = config.peers.iter().map(|peer| &peer.settings);
    let settings = settings.chain(config.ranges.iter().map(|range| &range.settings));
    for policy in settings.flat_map(|settings| [settings.import, settings.export]) {
        if let PolicyRef::Named(id) = policy
            && usize::from(id) >= config.policies.len()
        {
            return Err(ConfigError::NoSuchPolicy(id));
        }
    }
    Ok(())
}

fn check_duplicates(peers: &[PeerConfig]) -> Result<(), ConfigError> {
    let same = |a: IpAddr, b: IpAddr| a.to_canonical() == b.to_canonical();
    let duplicate = peers
        .iter()
        .enumerate()
        .find(|(at, peer)| peers[..*at].iter().any(|earlier| same(earlier.remote, peer.remote)));
    duplicate.map_or(Ok(()), |(_, peer)| Err(ConfigError::DuplicatePeer(peer.remote)))
}
