//! The daemon's own state beside the speaker: what things are called, what happened, what is to be originated, and what
//! operators asked for. The event loop's host holds one and forwards to it.

pub(crate) mod commands;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crier_core::config::PolicyRef;
use crier_core::view::Admin;
use crier_core::{Event, EventKind, Instant, Speaker};
use ipnet::IpNet;

use crate::confine::Confinement;
use crate::control::protocol::Attributes;
use crate::events::Ring;
use crate::keys::{Keys, Signatures};
use crate::sources::{self, Sources};

pub use words::{DEFAULT_INSTANCE, PolicyWords, Tag, Words};

/// The present by both clocks: the speaker's, and the time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// By the speaker's.
    pub at: Instant,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub unix_ms: u64,
}

impl Now {
    /// The present, with the time of day from the system.
    pub fn new(at: Instant) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { at, unix_ms: u64::try_from(since.as_millis()).unwrap_or(u64::MAX) }
    }
}

/// Everything the program knows beside the speaker.
#[derive(Debug)]
pub struct Daemon {
    pub(crate) words: Words,
    pub(crate) events: Ring,
    pub(crate) sources: Sources,
    /// Neighbors that operators shut down, with the message for theirs.
    pub(crate) shut: BTreeMap<IpAddr, String>,
    pub(crate) keys: Keys,
    /// Neighbors that are held down because their keys are not known.
    locked: BTreeSet<IpAddr>,
    /// What the kernel dropped for its signature.
    pub(crate) signatures: Signatures,
    /// A neighbor that is to be down came up.
    shut_again: Option<Instant>,
    pub(crate) state_dir: Option<PathBuf>,
    /// What the process gave up; `None` if nobody asked it to.
    pub(crate) confinement: Option<Confinement>,
    pub(crate) started: Instant,
    /// When each source last changed.
    pub(crate) config_at: Instant,
    pub(crate) control_at: Instant,
    pub(crate) kernel_at: Instant,
}

impl Daemon {
    /// The state of a daemon that just started and configured nothing yet.
    pub fn new(words: Words, now: Now) -> Self {
        Self {
            words,
            events: Ring::default(),
            sources: Sources::default(),
            shut: BTreeMap::new(),
            keys: Keys::default(),
            locked: BTreeSet::new(),
            signatures: Signatures::new(now.at),
            shut_again: None,
            state_dir: None,
            confinement: None,
            started: now.at,
            config_at: now.at,
            control_at: now.at,
            kernel_at: now.at,
        }
    }

    /// Takes over the names and networks of a configuration that the speaker has accepted, at start and after each reload:
    /// originates what is new and withdraws what is gone, and keeps down what operators shut.
    pub fn configured(
        &mut self,
        speaker: &mut Speaker<'_>,
        now: Now,
        words: Words,
        networks: impl IntoIterator<Item = (IpNet, Attributes)>,
    ) {
        self.words = words;
        self.sources.set_config(networks);
        self.config_at = now.at;
        self.sources.reconcile(now.at, speaker);
        self.warn_of_refused();
        self.keep_down(speaker, now);
        self.hold_locked(speaker, now);
    }

    /// Makes these the networks of the configuration that are originated only while the kernel has a route. To be called before
    /// [`Daemon::configured`].
    pub fn need_routes(&mut self, prefixes: impl IntoIterator<Item = IpNet>) {
        self.sources.set_if_route(prefixes);
    }

    /// Takes over what is known of keys, which the event loop has. To be called before [`Daemon::configured`].
    pub fn set_keys(&mut self, keys: Keys) {
        self.keys = keys;
    }

    /// Takes over what the process gave up.
    pub fn set_confinement(&mut self, confinement: Confinement) {
        self.confinement = Some(confinement);
    }

    /// What is known of keys.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// Takes over what the kernel has routes for, and what of that is to be announced with which policy.
    pub fn kernel_routes(
        &mut self,
        speaker: &mut Speaker<'_>,
        now: Now,
        present: impl IntoIterator<Item = IpNet>,
        announced: impl IntoIterator<Item = (IpNet, PolicyRef)>,
    ) {
        if self.sources.set_kernel(present, announced) {
            self.kernel_at = now.at;
        }
        self.sources.reconcile(now.at, speaker);
        self.warn_of_refused();
    }

    /// Takes back what commands of a former run left in `directory`, and keeps there what commands say from now on. Call it
    /// once, before [`Daemon::configured`]. A file that cannot be read is reported and left as it is until it is replaced.
    pub fn restore(&mut self, now: Now, directory: &Path) {
        match sources::load(directory, now) {
            Ok(kept) => {
                self.sources.restore(kept.announcements);
                self.shut.extend(kept.shut);
            }
            Err(error) => log::warn!(
                "{}/control.json cannot be read ({error}): announcements and shutdowns of the former run are lost",
                directory.display()
            ),
        }
        self.state_dir = Some(directory.to_owned());
    }

    /// Keeps an event of the speaker, and logs it.
    pub fn event(&mut self, now: Now, event: &Event) {
        if matches!(event.kind, EventKind::Established { .. })
            && event.remote.is_some_and(|remote| self.shut.contains_key(&remote))
        {
            self.shut_again = Some(now.at);
        }
        // So that what grows from now on is known to have grown since, and what has grown, to have done so by now.
        if matches!(event.kind, EventKind::ConnectFailed(_) | EventKind::Down(_)) {
            self.signatures.look(now.at);
        }
        if let (EventKind::ConnectFailed(_), Some(remote)) = (&event.kind, event.remote)
            && let Some(suspicion) = self.signatures.tell(self.keys.of(remote, false).is_some(), now.at)
        {
            log::warn!("{remote}: {suspicion}");
        }
        self.events.push(now, event.clone());
    }

    /// When [`Daemon::timeout`] is to be called next.
    pub fn deadline(&self) -> Option<Instant> {
        self.sources.deadline().into_iter().chain(self.shut_again).min()
    }

    /// Ends leases that are over, and sessions that should not have come back. Harmless if there is none.
    pub fn timeout(&mut self, speaker: &mut Speaker<'_>, now: Now) {
        if self.shut_again.take().is_some() {
            self.keep_down(speaker, now);
        }
        for prefix in self.sources.expire(now.at, speaker) {
            log::warn!("{prefix}: its lease ended and nobody renewed it; it is withdrawn");
            self.control_at = now.at;
        }
    }

    /// A neighbor that operators shut down stays so over a restart of the daemon and a reload; a dynamic one, which the
    /// speaker forgets, is shut down again when it comes back.
    fn keep_down(&self, speaker: &mut Speaker<'_>, now: Now) {
        for (address, message) in &self.shut {
            let peer = speaker.find_peer(*address).and_then(|peer| speaker.peer(peer));
            let Some(peer) = peer.filter(|peer| peer.admin != Admin::Down).map(|peer| peer.id) else {
                continue;
            };
            if let Err(error) = speaker.shutdown(now.at, peer, message) {
                log::warn!("{address} cannot be kept down: {}", crate::reason::command_error(error));
            }
        }
    }

    /// A neighbor whose key is not known is held down, and let go once it is.
    fn hold_locked(&mut self, speaker: &mut Speaker<'_>, now: Now) {
        let locked: BTreeSet<IpAddr> = self.keys.locked().map(|(remote, _)| remote).collect();
        for &address in locked.iter().filter(|address| !self.shut.contains_key(*address)) {
            let peer = speaker.find_peer(address).and_then(|peer| speaker.peer(peer));
            if let Some(peer) = peer.filter(|peer| peer.admin != Admin::Down).map(|peer| peer.id)
                && let Err(error) = speaker.shutdown(now.at, peer, "")
            {
                log::warn!("{address} cannot be held down: {}", crate::reason::command_error(error));
            }
        }
        for address in self.locked.iter().filter(|address| !locked.contains(*address)) {
            if let Some(peer) = speaker.find_peer(*address).filter(|_| !self.shut.contains_key(address))
                && let Err(error) = speaker.enable(now.at, peer)
            {
                log::warn!("{address} cannot be let go: {}", crate::reason::command_error(error));
            }
        }
        self.locked = locked;
    }

    fn warn_of_refused(&self) {
        for (prefix, error) in self.sources.refused() {
            log::warn!("{prefix} is not originated: {}", crate::reason::command_error(*error));
        }
    }

    /// Keeps what commands said, where there is a state directory. The answer for the operator: whether it survives.
    fn keep(&self, now: Now) -> &'static str {
        let Some(directory) = &self.state_dir else {
            return "until the daemon ends (router.state-dir is not set)";
        };
        match sources::save(directory, now, self.sources.control().iter(), self.shut.iter()) {
            Ok(()) => "also over a restart of the daemon",
            Err(error) => {
                log::warn!("{}/control.json cannot be written: {error}", directory.display());
                "until the daemon ends (router.state-dir cannot be written, see the log)"
            }
        }
    }
}
