//! How the routes of a host's speaker reach its forwarding table.

use crier_core::rng::Rng;

use super::Host;
use super::daemon::Daemon;
use crate::sim::Micros;
use crate::sim::kernel::Bridge;

/// Time between two looks at the speaker's tables.
const LOOK: Micros = Micros::millis(200);
/// How long a speaker that was started leaves the routes alone that it found: its neighbors must have the time to come
/// back and to announce them again.
pub(crate) const SWEEP_AFTER: Micros = Micros::secs(120);

impl Host {
    /// The daemon has just been started: what it finds in the table is adopted.
    pub(crate) fn start_bridge(&mut self, now: Micros) {
        let Some(daemon) = self.daemon.as_mut().filter(|_| self.plan.installs) else { return };
        let mut bridge = Bridge::new(Rng::new(self.rng.next_u64()), now, &self.fib);
        bridge.sweep_at(now + SWEEP_AFTER);
        daemon.bridge = Some(bridge);
        self.tell_bridge(now);
    }

    /// What is wrong with the kernel has changed.
    pub(crate) fn tell_bridge(&mut self, now: Micros) {
        let fault = self.faults.kernel.last().map(|&(_, how)| how);
        if let Some(bridge) = self.daemon.as_mut().and_then(|daemon| daemon.bridge.as_mut()) {
            bridge.set_fault(now, fault);
        }
    }

    /// Passes on what has changed, and takes the kernel's answers. True: there was one.
    pub(crate) fn turn_bridge(&mut self, now: Micros) -> bool {
        let Some(Daemon { bridge: Some(bridge), speaker, sync_at, .. }) = &mut self.daemon else {
            return false;
        };
        if sync_at.take_if(|at| *at <= now).is_some() {
            bridge.sync(now, speaker.get());
        }
        bridge.deadline().is_some_and(|at| at <= now) && bridge.timeout(now, &mut self.fib)
    }
}

impl Daemon {
    /// Notes that the tables may have changed.
    pub(crate) fn touched(&mut self, now: Micros) {
        self.sync_at.get_or_insert(now + LOOK);
    }

    /// When the bridge has something to do.
    pub(crate) fn bridge_deadline(&self) -> Option<Micros> {
        let bridge = self.bridge.as_ref()?;
        [self.sync_at, bridge.deadline()].into_iter().flatten().min()
    }
}
