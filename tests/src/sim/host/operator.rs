//! What operators do to a daemon.

use std::net::IpAddr;

use crier::config::{self, HostFacts};
use crier::program::networks;
use crier::reason;
use crier::sources::{Announce, Attributes};
use crier_core::speaker::CommandError;
use crier_core::{Millis, PeerId};
use ipnet::IpNet;

use super::Host;
use super::daemon::{Daemon, Sealed};
use crate::sim::Micros;
use crate::sim::plan::WorkKind;

/// How long a drain announces routes as a last resort before it withdraws them.
const DRAIN: Millis = Millis::from_secs(5);

impl Host {
    /// Does what an operator does.
    ///
    /// # Errors
    /// What the daemon refuses it with.
    pub(crate) fn operate(&mut self, now: Micros, work: &WorkKind) -> Result<(), String> {
        let addresses = self.addresses();
        let Some(daemon) = &mut self.daemon else { return Err("no daemon runs there".to_owned()) };
        let at = daemon.clock(now);
        daemon.called = at;
        match work {
            WorkKind::Announce { prefix, communities, med } => {
                daemon.announce(now, *prefix, communities, *med)
            }
            WorkKind::Withdraw(prefix) => {
                let Daemon { sources, speaker, allocations, .. } = daemon;
                sources.withdraw(at, *prefix, None, &mut Sealed { speaker, allocations })
            }
            WorkKind::Clear(peer, how) => {
                let how = *how;
                daemon.with_peer(*peer, |daemon, id| daemon.call(|speaker| speaker.clear(at, id, how)))
            }
            WorkKind::Shutdown(peer) => daemon.with_peer(*peer, |daemon, id| {
                daemon.call(|speaker| speaker.shutdown(at, id, "maintenance"))?;
                daemon.shut.insert(*peer);
                Ok(())
            }),
            WorkKind::Enable(peer) => daemon.with_peer(*peer, |daemon, id| {
                daemon.shut.remove(peer);
                daemon.call(|speaker| speaker.enable(at, id))
            }),
            WorkKind::Drain => {
                daemon.call(|speaker| speaker.drain(at, DRAIN));
                Ok(())
            }
            WorkKind::Undrain => {
                daemon.call(|speaker| speaker.undrain());
                Ok(())
            }
            WorkKind::Reload(text) => daemon.reload(now, text, &addresses),
        }
    }
}

impl Daemon {
    fn with_peer(
        &mut self,
        peer: IpAddr,
        call: impl FnOnce(&mut Self, PeerId) -> Result<(), CommandError>,
    ) -> Result<(), String> {
        let Some(id) = self.speaker().find_peer(peer) else { return Err(format!("no neighbor {peer}")) };
        call(self, id).map_err(|error| format!("{peer}: {}", reason::command_error(error)))
    }

    fn announce(
        &mut self,
        now: Micros,
        prefix: IpNet,
        communities: &[u32],
        med: Option<u32>,
    ) -> Result<(), String> {
        let at = self.clock(now);
        let attributes = Attributes { med, communities: communities.to_vec(), ..Attributes::default() };
        let request = Announce { prefix, attributes, ttl_ms: None, owner: None };
        let Self { sources, speaker, allocations, .. } = self;
        sources.announce(at, request, &mut Sealed { speaker, allocations })
    }

    /// As the program does it: refused whole, or applied whole.
    fn reload(&mut self, now: Micros, text: &str, addresses: &[IpAddr]) -> Result<(), String> {
        let model = config::parse(text, "crier.toml", &HostFacts { addresses }).map_err(|errors| {
            let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
            errors.join("\n")
        })?;
        let model = model.keeping_chosen_router_id(&self.model);
        if let Some(conflict) = config::reload_conflict(&self.model, &model) {
            return Err(conflict);
        }
        let at = self.clock(now);
        // Copies of policies are made before the speaker, which must not allocate, is called with them.
        let applied = model.with_core_config(|config| self.call(|speaker| speaker.configure(at, config)));
        applied.map_err(|error| reason::config_error(&error))?;
        self.sources.set_config(networks(&model));
        self.model = model;
        let Self { sources, speaker, allocations, .. } = self;
        sources.reconcile(at, &mut Sealed { speaker, allocations });
        Ok(())
    }
}
