//! Daemons start, wake, and end.

use crier::config::{self, HostFacts};

use crate::sim::Micros;
use crate::sim::host::{Daemon, Flows, Owner};
use crate::sim::report::Rule;

use super::due::What;
use super::{PlanError, World};

/// Time that a turn takes on a host that is not slow.
const TURN: Micros = Micros(20);
/// Most turns in a second for which there was no reason: nothing arrived or was acknowledged, nothing was sent, no kernel
/// answered. A daemon that needs more has something to do that it never does.
const MOST_TURNS: u32 = 20_000;
/// How long a closed connection of a killed daemon has.
const PATIENCE: Micros = Micros::secs(5);

impl World {
    /// Whether the configuration of a host is one.
    pub(super) fn check_config(&self, number: usize) -> Result<(), PlanError> {
        let Some(host) = self.hosts.get(number) else { return Ok(()) };
        let Some(text) = &host.plan.config else { return Ok(()) };
        let addresses = host.addresses();
        match config::parse(text, &host.plan.name, &HostFacts { addresses: &addresses }) {
            Ok(_) => Ok(()),
            Err(errors) => {
                let errors: Vec<_> = errors.iter().map(ToString::to_string).collect();
                Err(PlanError(errors.join("\n")))
            }
        }
    }

    /// A host's daemon starts, unless it runs.
    pub(super) fn start(&mut self, number: usize) {
        let now = self.now;
        let Some(host) = self.hosts.get_mut(number).filter(|host| host.powered && host.daemon.is_none())
        else {
            return;
        };
        let Some(text) = host.plan.config.clone() else { return };
        let addresses = host.addresses();
        let model = config::parse(&text, &host.plan.name, &HostFacts { addresses: &addresses });
        let (seed, little) = (host.rng.next_u64(), host.plan.socket_buffer < 16_384);
        let started = match model {
            Ok(model) => Daemon::start(now, model, &addresses, seed, little),
            Err(errors) => Err(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
        };
        match started {
            Ok(daemon) => {
                host.daemon = Some(daemon);
                host.start_bridge(now);
            }
            Err(problem) => self.fail(Rule::Sessions, format!("a daemon cannot start: {problem}")),
        }
        self.trace.note(now, number, || "starts".to_owned());
        self.referee.configured(&self.hosts, number);
        self.follow_up(number);
    }

    /// A host's daemon ends at once. Its kernel closes its connections, if that still has power.
    pub(super) fn kill(&mut self, number: usize, power: bool) {
        let now = self.now;
        let Some(host) = self.hosts.get_mut(number) else { return };
        host.end_bridge(power);
        host.daemon = None;
        host.wake = Micros::NEVER;
        if power {
            let places: Vec<usize> = host.flows.iter().map(|(place, _)| place).collect();
            for place in places {
                if let Some(flow) = host.flows.get_mut(place) {
                    flow.owner = Owner::Kernel(now + PATIENCE);
                    flow.end.close();
                    host.flows.poll(now, place);
                }
            }
        } else {
            let seed = host.rng.next_u64();
            host.flows = Flows::new(host.plan.socket_buffer, crier_core::rng::Rng::new(seed));
            host.powered = false;
        }
        self.referee.ended(number);
        self.follow_up(number);
    }

    /// Sees to it that the daemon of a host wakes when it should.
    pub(super) fn plan_wake(&mut self, number: usize) {
        let now = self.now;
        let Some(host) = self.hosts.get(number) else { return };
        let Some(daemon) = &host.daemon else { return };
        let wanted = if host.flows.has_news() || !daemon.lost.is_empty() || host.has_kernel_news() {
            Some(now)
        } else {
            let timer = daemon.speaker().poll_timeout().map(|deadline| daemon.when(deadline.at));
            [timer, host.kernel_deadline(), host.next_read()].into_iter().flatten().min()
        };
        let Some(at) = wanted.map(|at| at.max(now).max(daemon.busy_until)) else { return };
        self.wake_at(number, at);
    }

    /// The daemon of a host has a turn as soon as it can.
    pub(super) fn wake_soon(&mut self, number: usize) {
        let busy_until =
            self.hosts.get(number).and_then(|host| host.daemon.as_ref()).map(|daemon| daemon.busy_until);
        if let Some(busy_until) = busy_until {
            self.wake_at(number, self.now.max(busy_until));
        }
    }

    fn wake_at(&mut self, number: usize, at: Micros) {
        let Some(host) = self.hosts.get_mut(number) else { return };
        if at < host.wake {
            host.wake = at;
            self.plan(at, What::Wake(number));
        }
    }

    /// A host's daemon has its turn.
    pub(super) fn wake(&mut self, number: usize) {
        let now = self.now;
        let Some(host) = self.hosts.get_mut(number).filter(|host| host.wake <= now) else { return };
        host.wake = Micros::NEVER;
        host.all_turns += 1;
        let slow = host.faults.slow.iter().map(|&(_, turn)| turn).max().unwrap_or(Micros::ZERO);
        let Self { referee, trace, statistics, .. } = self;
        let Some(host) = self.hosts.get_mut(number) else { return };
        let mut watch = referee.watch(now, number, host, trace, statistics);
        let woken = host.flows.has_news() | host.pass_kernel(now);
        let more = host.turn(now, &mut watch);
        let woken = woken || watch.moved;
        let turns = if woken { 0 } else { host.count_turn(now) };
        if let Some(daemon) = &mut host.daemon {
            daemon.busy_until = now + TURN.max(slow);
            let busy_until = daemon.busy_until;
            if more {
                self.wake_at(number, busy_until);
            }
        }
        if let Some(broken) = self.referee.broken.take() {
            self.fail(broken.rule, broken.text);
        }
        if turns > MOST_TURNS {
            let why = self.hosts.get(number).and_then(|host| host.daemon.as_ref()).map(Daemon::unrest);
            let text = format!(
                "{}: more than {MOST_TURNS} turns in a second: {}",
                self.name(number),
                why.unwrap_or_default()
            );
            self.fail(Rule::Progress, text);
        }
        self.follow_up(number);
    }

    /// What a host is called.
    pub(crate) fn name(&self, number: usize) -> String {
        self.hosts.get(number).map_or_else(|| "network".to_owned(), |host| host.plan.name.clone())
    }
}
