//! How the routes of a host's speaker reach its forwarding table: by the bridge of the program, over a system that is simulated.

use crier_core::view::PeerView;
use crier_core::{Event, EventKind, Instant, Speaker};
use crier_io_mio::kernel::{Kernel, Settings};

use super::Host;
use super::daemon::{Daemon, sealed};
use crate::sim::Micros;
use crate::sim::kernel::Linux;

/// How long a speaker that was started leaves the routes alone that it found: its neighbors must have the time to come
/// back and to announce them again.
pub(crate) const SWEEP_AFTER: Micros = Micros::secs(120);

/// Numbers of next-hop objects, one of which a daemon is given when it starts: the first daemons have the first ones.
const OBJECTS: [Option<u32>; 3] = [Some(2_000_000_000), Some(1_000_000), None];
/// How many of them there are.
const COUNT: u32 = 8_192;
/// For so long all daemons that start are given the same.
const SAME: Micros = Micros::secs(50);

impl Host {
    /// The daemon has just been started: what an earlier one has left on record is its own.
    pub(crate) fn start_bridge(&mut self, now: Micros) {
        self.kernel.start(now);
        let Some(daemon) = self.daemon.as_mut().filter(|_| self.plan.installs) else { return };
        let objects = now.0.checked_div(SAME.0).and_then(|at| OBJECTS.get(at as usize % OBJECTS.len()));
        let objects = objects.copied().flatten().map(|first| first..first + COUNT);
        let settings = Settings { objects, left: self.record.clone(), ..Settings::default() };
        let mut bridge = Kernel::over(Linux::default(), settings, &daemon.model.limits);
        let at = daemon.clock(now);
        daemon.call(|speaker| bridge.bridge_mut().start(at, speaker));
        daemon.bridge = Some(bridge);
    }

    /// The daemon ends: what it has installed stays, and is on record. Without power neither does.
    pub(crate) fn end_bridge(&mut self, power: bool) {
        self.kernel.reopen();
        let bridge = self.daemon.as_ref().and_then(|daemon| daemon.bridge.as_ref());
        if let Some(bridge) = bridge {
            self.record = bridge.bridge().claims().collect();
        }
        if !power {
            self.kernel.reboot();
            self.record.clear();
        }
    }

    /// What is wrong with the kernel has changed.
    pub(crate) fn tell_kernel(&mut self, now: Micros) {
        self.kernel.set_fault(now, self.faults.kernel.last().map(|&(_, how)| how));
    }

    /// Lets the kernel do what it does by itself. True: it has something to say to the daemon.
    pub(crate) fn pass_kernel(&mut self, now: Micros) -> bool {
        self.kernel.pass(now);
        self.has_kernel_news()
    }

    /// Whether the kernel has something to say to the daemon.
    pub(crate) fn has_kernel_news(&self) -> bool {
        self.kernel.is_readable() && self.daemon.as_ref().is_some_and(|daemon| daemon.bridge.is_some())
    }

    /// When the bridge, or the kernel beneath, has something to do.
    pub(crate) fn kernel_deadline(&self) -> Option<Micros> {
        let daemon = self.daemon.as_ref()?;
        let bridge = daemon.bridge.as_ref()?.deadline().map(|at| daemon.when(at));
        [bridge, self.kernel.deadline()].into_iter().flatten().min()
    }

    /// Whether the kernel has been told everything that it needs, has done it as far as known, and nothing makes that
    /// doubtful: no fault, none of which the bridge has not looked for what it did, nothing of an earlier daemon that waits to
    /// be swept.
    pub(crate) fn is_kernel_settled(&self) -> bool {
        let Some(bridge) = self.daemon.as_ref().and_then(|daemon| daemon.bridge.as_ref()) else {
            return true;
        };
        let bridge = bridge.bridge();
        let standing = bridge.standing();
        let waits = standing.refused + standing.no_room;
        !bridge.is_taking_over() && !bridge.has_work() && waits == 0 && self.kernel.is_calm()
    }

    /// The bridge hears of what happened in the speaker.
    pub(super) fn tell_bridge(&mut self, daemon: &mut Daemon, at: Instant, event: &Event) {
        if let (EventKind::Down(_), Some(neighbor)) = (&event.kind, event.remote) {
            self.with_bridge(daemon, |bridge, speaker| bridge.session_down(at, speaker, neighbor));
        }
    }

    /// The bridge's part of a turn. True: there is more for another one.
    pub(super) fn turn_bridge(&mut self, daemon: &mut Daemon, at: Instant) -> bool {
        let has_been_up = |peer: PeerView<'_>| peer.established.is_some() || peer.flaps > 0;
        if self.kernel.is_starting() && daemon.speaker().peers().any(has_been_up) {
            self.kernel.has_had_a_session();
        }
        let readable = self.kernel.is_readable();
        let turned = self.with_bridge(daemon, |bridge, speaker| {
            if readable {
                bridge.note();
            }
            bridge.turn(at, speaker)
        });
        turned.unwrap_or(false)
    }

    /// Lends the host's system to the daemon's bridge for a call, in which neither speaker nor bridge may allocate.
    fn with_bridge<T>(
        &mut self,
        daemon: &mut Daemon,
        call: impl FnOnce(&mut Kernel<Linux>, &mut Speaker<'_>) -> T,
    ) -> Option<T> {
        let Daemon { bridge, speaker, allocations, .. } = daemon;
        let bridge = bridge.as_mut()?;
        std::mem::swap(&mut self.kernel, bridge.wire_mut());
        let value = sealed(speaker, allocations, |speaker| call(bridge, speaker));
        std::mem::swap(&mut self.kernel, bridge.wire_mut());
        Some(value)
    }
}
