//! The world: hosts and links, and the events that are to come, in the order in which they come.
//!
//! One thread, one queue of events by time and then by the order in which they were planned. Nothing is read from the
//! machine around it. Two worlds of the same plan send the same packets at the same times.

mod convergence;
mod due;
mod faults;
mod lingering;
mod lives;
mod rest;
mod silence;
mod trace;
mod traffic;

use std::collections::{BTreeMap, BinaryHeap};
use std::io::Write;
use std::net::IpAddr;

use crier_core::rng::Rng;
use crier_core::{Instant, Speaker};

use super::Micros;
use super::digest::Digest;
use super::host::{Host, Interface};
use super::link::Link;
use super::pcap::Pcap;
use super::plan::{Fault, FaultKind, HostPlan, LinkPlan, Plan, WorkKind};
use super::referee::Referee;
use super::report::{Failure, Rule, Statistics};
use super::swarm::panics;

use due::{Due, What};
pub use trace::Trace;

/// Why a plan cannot be played.
#[derive(Debug)]
pub struct PlanError(pub String);

impl std::fmt::Display for PlanError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Everything there is.
pub struct World {
    now: Micros,
    queue: BinaryHeap<Due>,
    planned: u64,
    pub(crate) hosts: Vec<Host>,
    pub(crate) links: Vec<Link>,
    /// By link and end: the host, and which of its interfaces it is.
    ends: Vec<Vec<(usize, usize)>>,
    /// Who has an address.
    pub(crate) owners: BTreeMap<IpAddr, usize>,
    faults: Vec<Fault>,
    /// Faults that are in force.
    pub(crate) present: Vec<usize>,
    work: Vec<(usize, WorkKind)>,
    pub(crate) referee: Referee,
    digest: Digest,
    pub(crate) statistics: Statistics,
    pub(crate) trace: Trace,
    pub(crate) pcap: Option<Pcap<Box<dyn Write>>>,
    failure: Option<Failure>,
}

impl World {
    /// The world of a plan, at its beginning: every daemon is about to start.
    ///
    /// # Errors
    /// A configuration is wrong, or a part refers to one that is not there.
    pub fn new(plan: &Plan) -> Result<Self, PlanError> {
        let mut world = Self::empty(plan.seed);
        for (number, host) in plan.hosts.iter().enumerate() {
            let interfaces = interfaces_of(plan, number);
            world.add_host(host.clone(), interfaces, stream(plan.seed, 1, number));
        }
        for (number, link) in plan.links.iter().enumerate() {
            world.add_link(link, stream(plan.seed, 2, number))?;
        }
        for host in 0..world.hosts.len() {
            world.check_config(host)?;
            // Machines are not switched on in the same instant.
            let delay = world.hosts.get_mut(host).map_or(0, |host| host.rng.up_to(1_000_000));
            world.plan(Micros(delay), What::Start(host));
        }
        for fault in &plan.faults {
            world.inject(fault.clone())?;
        }
        for work in &plan.work {
            let number = world.work.len();
            world.work.push((work.host, work.kind.clone()));
            world.plan(work.at, What::Work(number));
        }
        Ok(world)
    }

    fn empty(seed: u64) -> Self {
        Self {
            now: Micros::ZERO,
            queue: BinaryHeap::new(),
            planned: 0,
            hosts: Vec::new(),
            links: Vec::new(),
            ends: Vec::new(),
            owners: BTreeMap::new(),
            faults: Vec::new(),
            present: Vec::new(),
            work: Vec::new(),
            referee: Referee::default(),
            digest: Digest::of(seed),
            statistics: Statistics::default(),
            trace: Trace::default(),
            pcap: None,
            failure: None,
        }
    }

    fn add_host(&mut self, plan: HostPlan, interfaces: Vec<Interface>, rng: Rng) {
        let number = self.hosts.len();
        let host = Host::new(plan, interfaces, rng);
        self.owners.extend(host.own.keys().map(|&address| (address, number)));
        self.hosts.push(host);
    }

    fn add_link(&mut self, link: &LinkPlan, rng: Rng) -> Result<(), PlanError> {
        let number = self.links.len();
        let mut ends = Vec::new();
        for (position, end) in link.ends.iter().enumerate() {
            let host = self.hosts.get(end.host);
            let is_it = |interface: &Interface| (interface.link, interface.end) == (number, position);
            let interface = host.and_then(|host| host.interfaces.iter().position(is_it));
            ends.push((
                end.host,
                interface.ok_or_else(|| PlanError(format!("link {number}: no such host")))?,
            ));
        }
        self.ends.push(ends);
        self.links.push(Link::new(link, rng));
        Ok(())
    }

    /// Lets something go wrong, at the time that it says, or at once if that is over. The number is for [`World::mend`].
    ///
    /// # Errors
    /// It is about a host or a link that does not exist.
    pub fn inject(&mut self, fault: Fault) -> Result<usize, PlanError> {
        let (link, hosts) = fault.kind.about();
        let known = link.is_none_or(|link| link < self.links.len())
            && hosts.iter().flatten().all(|&host| host < self.hosts.len());
        if !known {
            return Err(PlanError(format!("{:?}: no such host or link", fault.kind)));
        }
        let number = self.faults.len();
        self.plan(fault.from, What::Begin(number));
        self.plan(fault.until.max(fault.from), What::End(number));
        self.faults.push(fault);
        Ok(number)
    }

    /// Ends a fault before its time; nothing happens if it is not in force.
    pub fn mend(&mut self, fault: usize) {
        if self.present.contains(&fault) {
            self.end(fault);
        }
    }

    /// Does what an operator does, now. A configuration that is taken over is what the host's file has from then on.
    ///
    /// # Errors
    /// What the daemon refuses it with; nothing has changed then. It is noted and counted, too.
    pub fn operate(&mut self, host: usize, work: &WorkKind) -> Result<(), String> {
        let now = self.now;
        self.trace.note(now, host, || format!("operator: {work:?}"));
        let Some(operated) = self.hosts.get_mut(host) else { return Err("there is no such host".to_owned()) };
        let outcome = operated.operate(now, work);
        self.statistics.work += 1;
        match (&outcome, work) {
            (Ok(()), WorkKind::Reload(text)) => operated.plan.config = Some(text.clone()),
            (Ok(()), _) => {}
            (Err(why), _) => {
                self.statistics.refused += 1;
                self.trace.note(now, host, || format!("refused: {why}"));
            }
        }
        self.referee.operated(&self.hosts, host, work);
        self.follow_up(host);
        // What a command changed may be sent at once.
        self.wake_soon(host);
        outcome
    }

    /// The present.
    pub fn now(&self) -> Micros {
        self.now
    }

    /// The hosts.
    pub fn hosts(&self) -> &[Host] {
        &self.hosts
    }

    /// The position of the host of this name.
    pub fn host(&self, name: &str) -> Option<usize> {
        self.hosts.iter().position(|host| host.plan.name == name)
    }

    /// The speaker on a host, while it runs.
    pub fn speaker(&self, host: usize) -> Option<&Speaker<'_>> {
        Some(self.hosts.get(host)?.daemon.as_ref()?.speaker())
    }

    /// What the clock of a host's daemon shows.
    pub fn clock(&self, host: usize) -> Option<Instant> {
        Some(self.hosts.get(host)?.daemon.as_ref()?.clock(self.now))
    }

    /// What happened, in numbers.
    pub fn statistics(&self) -> Statistics {
        self.statistics
    }

    /// A digest of every packet so far.
    pub fn hash(&self) -> u64 {
        self.digest.value()
    }

    /// The rule that was broken, if one was.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    pub(crate) fn fail(&mut self, rule: Rule, text: String) {
        let at = self.now;
        self.failure.get_or_insert(Failure { at, rule, text });
    }

    /// When anybody last sent an UPDATE.
    pub fn last_update(&self) -> Micros {
        self.referee.last_update
    }

    /// Looks at everything that must hold at any time; `tables`: into every table of every speaker too.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn look(&mut self, tables: bool) -> Result<(), Failure> {
        self.referee.check_silence(self.now, &self.hosts);
        if let Some(broken) = self.referee.broken.take() {
            self.fail(broken.rule, broken.text);
        }
        let unread = |(number, host): (usize, &Host)| Some((number, host.unread()?));
        if let Some((number, remote)) = self.hosts.iter().enumerate().find_map(unread) {
            let text = format!("{} does not read what arrived from {remote}", self.name(number));
            self.fail(Rule::Progress, text);
        }
        if tables {
            if let Err(broken) = self.check_lingering() {
                self.fail(broken.rule, broken.text);
            }
            for number in 0..self.hosts.len() {
                let daemon = self.hosts.get(number).and_then(|host| host.daemon.as_ref());
                let checked = daemon.map_or(Ok(()), |daemon| daemon.speaker().check(daemon.last_call()));
                if let Err(text) = checked {
                    let name = self.name(number);
                    self.fail(Rule::Tables, format!("{name}: {text}"));
                }
            }
        }
        self.failure.clone().map_or(Ok(()), Err)
    }

    /// Lets time pass until `until`, or until a rule is broken.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn run_until(&mut self, until: Micros) -> Result<(), Failure> {
        while self.failure.is_none() && self.queue.peek().is_some_and(|due| due.at <= until) {
            self.step();
        }
        if let Some(failure) = &self.failure {
            return Err(failure.clone());
        }
        self.now = self.now.max(until);
        Ok(())
    }

    /// Lets one event happen.
    fn step(&mut self) {
        let Some(Due { at, what, .. }) = self.queue.pop() else { return };
        self.now = self.now.max(at);
        panics::at(self.now);
        match what {
            What::Arrive(host, packet) => self.arrive(host, packet),
            What::Timer(host, place, serial) => {
                if let Some(host) = self.hosts.get_mut(host) {
                    host.flows.timer(at, place, serial);
                }
                self.follow_up(host);
            }
            What::Wake(host) => self.wake(host),
            What::Begin(fault) => self.begin(fault),
            What::End(fault) => self.end(fault),
            What::Work(number) => {
                if let Some((host, work)) = self.work.get(number).cloned() {
                    // What is refused breaks no rule: whether a daemon runs then, or has room, is not known beforehand.
                    let _ = self.operate(host, &work);
                }
            }
            What::Start(host) => self.start(host),
        }
    }

    fn plan(&mut self, at: Micros, what: What) {
        self.planned += 1;
        self.queue.push(Due { at, order: self.planned, what });
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("now", &self.now)
            .field("hosts", &self.hosts.len())
            .finish_non_exhaustive()
    }
}

impl FaultKind {
    /// The link and the hosts that it is about.
    fn about(&self) -> (Option<usize>, [Option<usize>; 2]) {
        match *self {
            Self::Degrade { link, .. } | Self::Partition { link, .. } => (Some(link), [None; 2]),
            Self::Crash { host }
            | Self::Kill { host }
            | Self::SlowCpu { host, .. }
            | Self::Kernel { host, .. }
            | Self::ClockJump { host, .. }
            | Self::Deaf { host }
            | Self::SlowReader { host, .. } => (None, [Some(host), None]),
            Self::Reset { host, peer } | Self::HalfOpen { host, peer } => (None, [Some(host), Some(peer)]),
        }
    }
}

/// A stream of chances of its own for each thing: what becomes of one does not move the others.
fn stream(seed: u64, kind: u64, number: usize) -> Rng {
    let mut rng = Rng::new(seed ^ (kind << 56) ^ (number as u64).wrapping_mul(0xD129_0D3B_3F5A_9A5D));
    Rng::new(rng.next_u64())
}

fn interfaces_of(plan: &Plan, host: usize) -> Vec<Interface> {
    let mut interfaces = Vec::new();
    for (link, planned) in plan.links.iter().enumerate() {
        for (end, it) in planned.ends.iter().enumerate().filter(|(_, it)| it.host == host) {
            interfaces.push(Interface { link, end, addresses: it.addresses.clone() });
        }
    }
    interfaces
}

#[cfg(test)]
mod tests;
