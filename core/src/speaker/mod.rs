//! The speaker: the one type through which a program drives the core.
//!
//! Each file here holds one part of its conduct: who may connect, what a session's events do, how an UPDATE reaches the
//! tables, how the tables reach the wire, and what an operator may ask.

pub(crate) mod calls;
#[cfg(feature = "serde")]
pub(crate) mod checkpoint;
pub(crate) mod commands;
pub(crate) mod configure;
pub(crate) mod conn_slot;
pub(crate) mod connections;
pub(crate) mod drain;
pub(crate) mod event_ring;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod jobs;
mod kernel;
pub(crate) mod opening;
pub(crate) mod origin;
mod own_addresses;
pub(crate) mod pack;
pub(crate) mod peer_slot;
pub(crate) mod receive;
pub(crate) mod recovery;
pub(crate) mod session;
pub(crate) mod timers;
pub(crate) mod transmit;
pub(crate) mod types;
pub(crate) mod update;
pub(crate) mod views;

#[cfg(feature = "serde")]
pub use checkpoint::Restore;
pub use conn_slot::ConnSlot;
pub use peer_slot::PeerSlot;
pub use types::*;

use core::net::Ipv4Addr;

use crate::config::{DynamicRange, LocalConfig};
use crate::event::{Event, EventKind};
use crate::hash::Hasher;
use crate::input::Tap;
use crate::limits::Limits;
use crate::memory::{Laid, Scratch, Sizes};
use crate::policy::Policies;
use crate::rib::{Rib, index};
use crate::rng::Rng;
use crate::time::Instant;
use event_ring::EventRing;
use export::Drain;
use peer_slot::Chatter;

/// Dynamic ranges that a configuration may have.
pub const MAX_RANGES: usize = 128;

/// Most entries ever in use, and entries refused, of what the speaker counts itself.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct High {
    pub(crate) peers: u16,
    pub(crate) peers_refused: u64,
    pub(crate) connections: u16,
    pub(crate) connections_refused: u64,
    /// Connections that were turned away, by [`Refusal::ALL`].
    pub(crate) turned_away: [u64; Refusal::ALL.len()],
    pub(crate) advertised: u64,
    pub(crate) policy_bytes: u32,
}

/// A BGP speaker. See the crate's documentation for how it is driven.
#[derive(Debug)]
pub struct Speaker<'m> {
    limits: Limits,
    sizes: Sizes,
    local: LocalConfig,
    ranges: heapless::Vec<DynamicRange, MAX_RANGES>,
    peers: &'m mut [PeerSlot],
    conns: &'m mut [ConnSlot],
    events: EventRing<'m>,
    rib: Rib<'m>,
    /// Compiled policies: the area that is in force, and the other one.
    policy_areas: [&'m mut [u8]; 2],
    live_policies: usize,
    policy_len: u32,
    carries: &'m mut [u8],
    large_carries: &'m mut [u8],
    /// Large carries that are leased, as bits.
    large_leases: u32,
    scratch: Scratch<'m>,
    own_addresses: own_addresses::OwnAddresses,
    rng: Rng,
    drain: Drain,
    /// When draining turns from announcing to withdrawing.
    drain_until: Option<Instant>,
    stopping: bool,
    /// No timer is due before this.
    next_timer: Option<Deadline>,
    /// The neighbor whose job is next.
    job_cursor: u16,
    /// Where [`Speaker::poll_action`] goes on looking, and whether there may be something to find.
    action_cursor: u16,
    actions: bool,
    high: High,
    full: recovery::FullReport,
    /// Since when withdrawn destinations of each family have been at their bound.
    crowded: [Option<Instant>; 2],
    /// The walk over destinations since some next hop changed.
    reconsidering: Option<kernel::Reconsidering>,
    /// Who hears of every call. Its own lifetime is not `'m`, so that a speaker stays covariant in that.
    tap: Option<&'m mut (dyn Tap + 'static)>,
}

impl<'m> Speaker<'m> {
    /// A speaker with tables of the size of `limits` in `memory`, idle until configured. `seed` drives hashes and jitter.
    ///
    /// # Errors
    /// A limit is out of range, or a slice of `memory` is shorter than the limits need.
    pub fn new(memory: Memory<'m>, limits: &Limits, seed: u64, now: Instant) -> Result<Self, StartError> {
        if limits.peers == 0 || limits.peers > 32_767 {
            return Err(StartError::LimitOutOfRange("peers: 1 to 32767"));
        }
        if limits.connections == 0 {
            return Err(StartError::LimitOutOfRange("connections: 1 to 65535"));
        }
        if limits.prefixes == 0 || limits.prefixes > Limits::MAX_PREFIXES {
            return Err(StartError::LimitOutOfRange("prefixes: 1 to 3000000"));
        }
        if limits.paths == 0 || limits.paths > Limits::MAX_PATHS {
            return Err(StartError::LimitOutOfRange("paths: 1 to 30000000"));
        }
        if limits.attribute_sets == 0 || limits.attribute_sets > index::MAX_NUMBER - 4096 {
            return Err(StartError::LimitOutOfRange("attribute-sets: 1 to 4190207"));
        }
        if limits.attribute_bytes > Limits::MAX_ATTRIBUTE_BYTES {
            return Err(StartError::LimitOutOfRange("attribute-bytes: at most 3 GiB"));
        }
        let Memory { region, peers, connections, events } = memory;
        let sizes = Sizes::of(limits);
        let short =
            peers.len() <= usize::from(limits.peers) || connections.len() < usize::from(limits.connections);
        let laid = if short { None } else { sizes.lay(region, Hasher::new(seed)) };
        let Some(Laid { rib, policies, carries, large_carries, scratch }) = laid else {
            return Err(StartError::MemoryTooSmall);
        };
        let (peers, _) = peers.split_at_mut(usize::from(limits.peers) + 1);
        let (conns, _) = connections.split_at_mut(usize::from(limits.connections));
        let local =
            LocalConfig { asn: 0, router_id: Ipv4Addr::UNSPECIFIED, maximum_paths: 1, as_path_relax: false };
        let mut speaker = Self {
            limits: *limits,
            sizes,
            local,
            ranges: heapless::Vec::new(),
            peers,
            conns,
            events: EventRing::new(events),
            rib,
            policy_areas: policies,
            live_policies: 0,
            policy_len: 0,
            carries,
            large_carries,
            large_leases: 0,
            scratch,
            own_addresses: heapless::Vec::new(),
            rng: Rng::new(seed),
            drain: Drain::No,
            drain_until: None,
            stopping: false,
            next_timer: None,
            job_cursor: 1,
            action_cursor: 0,
            actions: false,
            high: High::default(),
            full: recovery::FullReport::default(),
            crowded: [None; 2],
            reconsidering: None,
            tap: None,
        };
        speaker.rib.shared.facts[0].flags = crate::decision::PeerFacts::ALIVE;
        speaker.arm(now, Wake::Speaker);
        Ok(speaker)
    }

    /// The policies in force.
    pub(crate) fn policies(&self) -> Policies<'_> {
        Policies::new(&*self.policy_areas[self.live_policies])
    }

    /// Notes that something happened to a neighbor.
    pub(crate) fn report(&mut self, now: Instant, peer: u16, kind: EventKind) {
        let remote =
            self.peers.get(usize::from(peer)).and_then(|slot| slot.config.map(|config| config.remote));
        self.events.push(Event { at: now, remote, peer: (peer != 0).then_some(PeerId(peer)), kind });
    }

    /// Notes that something happened on a connection, whose end may not be a neighbor yet.
    pub(crate) fn report_on(&mut self, now: Instant, index: u16, kind: EventKind) {
        let conn = &self.conns[usize::from(index)];
        match (conn.peer, conn.ends) {
            (0, Some(ends)) => {
                // Strangers come in any number.
                if !self.peers[0].quiet.is_over(Chatter::Stranger, now) {
                    return;
                }
                let remote = Some(ends.remote.ip().to_canonical());
                self.events.push(Event { at: now, remote, peer: None, kind });
            }
            (peer, _) => self.report(now, peer, kind),
        }
    }

    /// The limits that the tables were sized by.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }
}

#[cfg(any(test, feature = "check"))]
mod check;
#[cfg(test)]
mod tests;
