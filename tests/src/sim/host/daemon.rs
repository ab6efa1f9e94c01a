//! The daemon of a host: a speaker, what it was told to do, and its view of the host's connections.

use std::collections::BTreeSet;
use std::net::{IpAddr, SocketAddr};

use crier::config::Model;
use crier::program::networks;
use crier::sources::{Originate, Sources};
use crier_core::config::PolicyRef;
use crier_core::speaker::{CommandError, LocalRoute};
use crier_core::{ConnId, Event, Instant, Speaker};
use crier_io_mio::kernel::Kernel;
use ipnet::IpNet;

use crate::allocation::watched;
use crate::sim::Micros;
use crate::sim::kernel::Linux;
use crate::sim::memory::OwnedSpeaker;
use crate::sim::plan::KernelFault;

/// What is wrong with a host at present, by the number of the fault where several may overlap.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    /// Time that each turn takes.
    pub(crate) slow: Vec<(usize, Micros)>,
    /// Nothing is read from sockets.
    pub(crate) deaf: Vec<usize>,
    /// From each connection this many bytes a second are read.
    pub(crate) reading: Vec<(usize, u32)>,
    /// The kernel does not do what it is told about routes.
    pub(crate) kernel: Vec<(usize, KernelFault)>,
}

impl Faults {
    /// Bytes a second that are read from each connection, if something bounds them.
    pub(crate) fn rate(&self) -> Option<u32> {
        self.reading.iter().map(|&(_, rate)| rate).min()
    }
}

/// A connection, as the daemon has it.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) id: ConnId,
    /// Its place among the host's connections.
    pub(crate) place: usize,
    pub(crate) dialling: bool,
    /// What the socket has not taken yet, from `sent` on.
    pub(crate) outbox: Vec<u8>,
    pub(crate) sent: usize,
    /// Since when the socket has taken bytes without a pause; [`Micros::NEVER`] while it takes none.
    pub(crate) writable_since: Micros,
}

/// A running daemon.
pub(crate) struct Daemon {
    pub(crate) speaker: OwnedSpeaker,
    /// Its configuration.
    pub(crate) model: Model,
    /// What it originates.
    pub(crate) sources: Sources,
    /// What installs its best paths. The system beneath is the host's, which lends it.
    pub(crate) bridge: Option<Kernel<Linux>>,
    /// By the index of the handle.
    pub(crate) sessions: Vec<Option<Session>>,
    /// What its clock showed at its last turn.
    pub(crate) called: Instant,
    /// By how much its clock is ahead of the world's.
    ahead: Micros,
    /// When its present turn is over.
    pub(crate) busy_until: Micros,
    /// Connections that the host has lost without a word.
    pub(crate) lost: Vec<ConnId>,
    /// Neighbors that were shut down by hand.
    pub(crate) shut: BTreeSet<IpAddr>,
    /// Allocations and releases that the speaker caused.
    pub(crate) allocations: u32,
    pub(crate) room: Box<[u8]>,
}

impl std::fmt::Debug for Daemon {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Daemon").field("asn", &self.model.local.asn).finish_non_exhaustive()
    }
}

/// Bytes that a connection is offered at a time to write messages to: as the daemon's pooled buffers, or as those that
/// are left when the pool is empty.
const ROOM: usize = 65_536;
const LITTLE_ROOM: usize = 4_096;

impl Daemon {
    /// Starts a daemon.
    ///
    /// # Errors
    /// The configuration cannot be applied.
    pub(crate) fn start(
        now: Micros,
        model: Model,
        addresses: &[IpAddr],
        seed: u64,
        little: bool,
    ) -> Result<Self, String> {
        let at = instant(now, Micros::ZERO);
        let mut speaker =
            OwnedSpeaker::start(&model.limits, seed, at).map_err(|error| format!("{error:?}"))?;
        let sessions = (0..model.limits.connections).map(|_| None).collect();
        speaker
            .call(|speaker| model.with_core_config(|config| speaker.configure(at, config)))
            .map_err(|error| crier::reason::config_error(&error))?;
        speaker.call(|speaker| speaker.set_own_addresses(addresses));
        let room = vec![0; if little { LITTLE_ROOM } else { ROOM }].into_boxed_slice();
        let mut daemon = Self {
            speaker,
            sources: Sources::default(),
            bridge: None,
            sessions,
            called: at,
            ahead: Micros::ZERO,
            busy_until: now,
            lost: Vec::new(),
            shut: BTreeSet::new(),
            allocations: 0,
            room,
            model,
        };
        daemon.originate_configured(now);
        Ok(daemon)
    }

    /// Makes the routes of the configuration what the sources want.
    pub(crate) fn originate_configured(&mut self, now: Micros) {
        let at = self.clock(now);
        self.sources.set_config(networks(&self.model));
        let Self { sources, speaker, allocations, .. } = self;
        sources.reconcile(at, &mut Sealed { speaker, allocations });
    }

    /// The speaker, to look at.
    pub(crate) fn speaker(&self) -> &Speaker<'_> {
        self.speaker.get()
    }

    /// Calls the speaker, which must not allocate meanwhile.
    pub(crate) fn call<T>(&mut self, call: impl FnOnce(&mut Speaker<'_>) -> T) -> T {
        sealed(&mut self.speaker, &mut self.allocations, call)
    }

    /// What its clock showed when the speaker was last called.
    pub(crate) fn last_call(&self) -> Instant {
        self.called
    }

    /// Where it accepts connections.
    pub(crate) fn listen(&self) -> &[SocketAddr] {
        &self.model.listen
    }

    /// What its clock shows.
    pub(crate) fn clock(&self, now: Micros) -> Instant {
        instant(now, self.ahead)
    }

    /// When its clock will show this.
    pub(crate) fn when(&self, at: Instant) -> Micros {
        Micros::millis(at.as_millis().saturating_sub(1)) - self.ahead
    }

    /// By how much its clock is ahead of the world's.
    pub(crate) fn ahead(&self) -> Micros {
        self.ahead
    }

    /// Its clock jumps forward.
    pub(crate) fn jump(&mut self, by: Micros) {
        self.ahead += by;
    }

    /// What it could be busy with, for people.
    pub(crate) fn unrest(&self) -> String {
        let sessions = self.sessions.iter().flatten();
        let wants = |session: &&Session| self.speaker().wants_transmit(session.id);
        let sessions: Vec<_> =
            sessions.filter(wants).map(|session| (session.id.index, session.outbox.len())).collect();
        let (deadline, clock) = (self.speaker().poll_timeout(), self.called);
        let bridge = self.bridge_in_words();
        format!(
            "its clock shows {clock:?}, it is due at {deadline:?}, connections with something to say {sessions:?}, its bridge at {bridge}"
        )
    }

    /// How it stands with the bridge, for people.
    pub(crate) fn bridge_in_words(&self) -> String {
        let bridge = self.bridge.as_ref().map(|bridge| (bridge.deadline(), bridge.bridge().standing()));
        bridge.map_or_else(String::new, |(at, standing)| format!("due {at:?}, {standing:?}"))
    }

    /// What happened, as far as it has not been read yet.
    pub(crate) fn poll_event(&mut self) -> Option<Event> {
        self.call(|speaker| speaker.poll_event())
    }
}

/// Calls a speaker and counts what it allocates.
pub(crate) fn sealed<T>(
    speaker: &mut OwnedSpeaker,
    allocations: &mut u32,
    call: impl FnOnce(&mut Speaker<'_>) -> T,
) -> T {
    speaker.call(|speaker| {
        let (value, count) = watched(|| call(speaker));
        *allocations += count;
        value
    })
}

/// A speaker that must not allocate while it is told what to originate.
pub(crate) struct Sealed<'a> {
    pub(crate) speaker: &'a mut OwnedSpeaker,
    pub(crate) allocations: &'a mut u32,
}

impl Originate for Sealed<'_> {
    fn redistribute(
        &mut self,
        now: Instant,
        route: &LocalRoute<'_>,
        policy: PolicyRef,
    ) -> Result<(), CommandError> {
        sealed(self.speaker, self.allocations, |speaker| Originate::redistribute(speaker, now, route, policy))
    }

    fn withdraw(&mut self, prefix: IpNet) -> bool {
        sealed(self.speaker, self.allocations, |speaker| speaker.withdraw(prefix))
    }
}

/// The daemon's epoch lies a millisecond before the world's: instant 0 is for what never was.
fn instant(now: Micros, ahead: Micros) -> Instant {
    Instant::from_millis((now + ahead).as_millis() + 1)
}
