//! Stands for the program's bridge to the kernel: keeps a host's forwarding table what its speaker wants.
//!
//! It is built as the real one is to be. The kernel is told the least: a request is made only for a destination whose
//! wanted next hops differ from what the kernel has as far as known, at most one at a time for each, and a bounded number
//! together. And it is never trusted: what it refuses is asked for again, later and later, and what it says that it did is
//! compared with a dump every now and then.

mod kernel;
#[cfg(test)]
mod tests;
mod wanted;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use crier_core::Speaker;
use crier_core::rng::Rng;
use ipnet::IpNet;

use super::{Fib, NextHops};
use crate::sim::Micros;
use crate::sim::plan::KernelFault;
use kernel::{Answer, Kernel};

/// Requests that the kernel has at most.
pub const WINDOW: usize = 64;
/// Time between two comparisons with a dump.
pub const COMPARE_EVERY: Micros = Micros::secs(30);
/// Time from the end of a fault to a comparison.
pub const COMPARE_AFTER_FAULT: Micros = Micros::secs(1);
/// Longest time from a refusal to the next attempt.
pub const LONGEST_RETRY: Micros = Micros::secs(10);

/// Time from the first refusal to the next attempt.
const FIRST_RETRY: Micros = Micros::millis(100);

/// A bridge: of one speaker, from its start to its end. The table it fills is the host's and outlives it.
#[derive(Debug)]
pub struct Bridge {
    destinations: BTreeMap<IpNet, Destination>,
    /// Destinations whose stage is [`Stage::Queued`], each once.
    queue: VecDeque<IpNet>,
    /// Destinations whose stage is [`Stage::Resting`], by when they are tried again.
    resting: BTreeSet<(Micros, IpNet)>,
    kernel: Kernel,
    /// Every combination of next hops in use: destinations share them.
    groups: BTreeSet<NextHops>,
    /// Number of the present walk of the speaker's destinations.
    walk: u64,
    compare_at: Micros,
    /// A fault ended, and what it did is not found out yet.
    doubtful: bool,
    sweep_at: Option<Micros>,
    /// Destinations adopted from an earlier speaker that this one has not wanted yet.
    stale: usize,
    requests: u64,
    scratch: Vec<IpAddr>,
}

#[derive(Debug, Default)]
struct Destination {
    wanted: Option<NextHops>,
    /// What the kernel has, as far as known: what it acknowledged last, or showed in a dump.
    installed: Option<NextHops>,
    stage: Stage,
    /// Refusals in a row.
    refusals: u32,
    /// The last walk in which it was wanted.
    walk: u64,
    /// An earlier speaker installed it, and it may stay until the sweep.
    stale: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Stage {
    /// Nothing is to be said.
    #[default]
    Idle,
    /// The kernel is to be told.
    Queued,
    /// It has been told and has not answered.
    InFlight,
    /// It refused, and is told again after a while.
    Resting,
}

impl Bridge {
    /// The bridge of a speaker that has just been started. What an earlier one left in the host's table is adopted, and stays
    /// until it is replaced or swept; requests that the earlier one had under way were never done; after a reboot ([`Fib::forget_learned`]) there is nothing.
    pub fn new(rng: Rng, now: Micros, fib: &Fib) -> Self {
        let adopt = |installed: &NextHops| Destination {
            installed: Some(Arc::clone(installed)),
            stale: true,
            ..Destination::default()
        };
        let destinations = fib.learned().map(|route| (route.prefix, adopt(route.next_hops))).collect();
        Self {
            destinations,
            queue: VecDeque::new(),
            resting: BTreeSet::new(),
            kernel: Kernel::new(rng),
            groups: BTreeSet::new(),
            walk: 0,
            compare_at: now + COMPARE_EVERY,
            doubtful: false,
            sweep_at: None,
            stale: fib.learned_len(),
            requests: 0,
            scratch: Vec::new(),
        }
    }

    /// Removes at this time what was adopted and is still not wanted. The caller knows when: once everybody who may announce
    /// it again has had the time to.
    pub fn sweep_at(&mut self, at: Micros) {
        self.sweep_at = Some(at);
    }

    /// What is wrong with the kernel from now on; a new bridge thinks nothing is. What a fault has done is looked for a second after its end.
    pub fn set_fault(&mut self, now: Micros, fault: Option<KernelFault>) {
        if self.kernel.fault.is_some() && fault.is_none() {
            self.compare_by(now + COMPARE_AFTER_FAULT);
        }
        self.kernel.fault = fault;
    }

    /// Something happened on which kernels remove routes without a word: the table is compared at this time at the latest.
    pub fn compare_by(&mut self, at: Micros) {
        self.doubtful = true;
        self.compare_at = self.compare_at.min(at);
    }

    /// Takes over what the speaker wants now. The cost is that of a walk over all its destinations.
    pub fn sync(&mut self, now: Micros, speaker: &Speaker<'_>) {
        self.walk += 1;
        let mut next_hops = std::mem::take(&mut self.scratch);
        for view in wanted::destinations(speaker) {
            wanted::next_hops(&view, &mut next_hops);
            if !next_hops.is_empty() {
                self.want(view.prefix, &next_hops);
            }
        }
        self.scratch = next_hops;
        let walk = self.walk;
        for (prefix, destination) in &mut self.destinations {
            if destination.walk != walk && !planted!(BridgeForgets) {
                destination.wanted = None;
                destination.check(*prefix, &mut self.queue);
            }
        }
        self.send(now);
    }

    /// Does what is due: hears the kernel's answers, compares, sweeps, tries again. True: there was an answer.
    pub fn timeout(&mut self, now: Micros, fib: &mut Fib) -> bool {
        let mut heard = false;
        while let Some(answer) = self.kernel.answer(now, fib) {
            heard = true;
            self.answered(now, answer);
        }
        if self.sweep_at.is_some_and(|at| at <= now) {
            self.sweep();
        }
        while let Some((at, prefix)) = self.resting.first().copied().filter(|(at, _)| *at <= now) {
            self.resting.remove(&(at, prefix));
            if let Some(destination) = self.destinations.get_mut(&prefix) {
                destination.stage = Stage::Idle;
                destination.check(prefix, &mut self.queue);
            }
        }
        if self.compare_at <= now {
            self.compare(fib);
            self.compare_at = now + COMPARE_EVERY;
        }
        self.send(now);
        heard
    }

    /// When [`Bridge::timeout`] is to be called next.
    pub fn deadline(&self) -> Option<Micros> {
        let resting = self.resting.first().map(|(at, _)| *at);
        let times = [Some(self.compare_at), self.kernel.deadline(), resting, self.sweep_at];
        times.into_iter().flatten().min()
    }

    /// Whether the kernel has been told everything that it needs, has done it as far as known, and nothing makes that
    /// doubtful: no fault, no comparison after one, no adopted route that waits to be swept.
    pub fn settled(&self) -> bool {
        let silent = self.queue.is_empty() && self.resting.is_empty() && self.kernel.outstanding() == 0;
        silent && !self.doubtful && self.kernel.fault.is_none() && self.stale == 0
    }

    /// Whether the table holds what this speaker wants, no more and no less: by looking, not by what the bridge believes.
    ///
    /// # Errors
    ///
    /// The first difference.
    pub fn in_step(speaker: &Speaker<'_>, fib: &Fib) -> Result<(), String> {
        wanted::compare(speaker, fib)
    }

    /// Requests made to the kernel so far.
    pub fn requests(&self) -> u64 {
        self.requests
    }

    /// The speaker wants this prefix to be forwarded to these next hops.
    fn want(&mut self, prefix: IpNet, next_hops: &[IpAddr]) {
        let destination = self.destinations.entry(prefix).or_default();
        destination.walk = self.walk;
        self.stale -= usize::from(std::mem::take(&mut destination.stale));
        if destination.wanted.as_deref() != Some(next_hops) {
            let known = self.groups.get(next_hops).map(Arc::clone);
            let group = known.unwrap_or_else(|| {
                let group = NextHops::from(next_hops);
                self.groups.insert(Arc::clone(&group));
                group
            });
            destination.wanted = Some(group);
        }
        destination.check(prefix, &mut self.queue);
    }

    /// Tells the kernel what waits, as far as the window allows.
    fn send(&mut self, now: Micros) {
        while self.kernel.outstanding() < WINDOW {
            let Some(prefix) = self.queue.pop_front() else { return };
            let Entry::Occupied(mut entry) = self.destinations.entry(prefix) else { continue };
            let destination = entry.get_mut();
            if destination.wanted == destination.installed {
                // It changed its mind while it waited.
                destination.stage = Stage::Idle;
                if destination.wanted.is_none() {
                    entry.remove();
                }
                continue;
            }
            destination.stage = Stage::InFlight;
            self.requests += 1;
            self.kernel.ask(now, prefix, destination.wanted.clone());
        }
    }

    fn answered(&mut self, now: Micros, answer: Answer) {
        let Entry::Occupied(mut entry) = self.destinations.entry(answer.prefix) else { return };
        let destination = entry.get_mut();
        if answer.acknowledged {
            destination.installed = answer.next_hops;
            destination.refusals = 0;
            destination.stage = Stage::Idle;
            destination.check(answer.prefix, &mut self.queue);
            if destination.stage == Stage::Idle && destination.installed.is_none() {
                entry.remove();
            }
            return;
        }
        let wait = (FIRST_RETRY * (1 << destination.refusals.min(20))).min(LONGEST_RETRY);
        destination.refusals = destination.refusals.saturating_add(1);
        // Up to a quarter earlier, so that a thousand of them do not come back in one instant.
        let at = now + wait - Micros(self.kernel.chance(wait.0 / 4));
        destination.stage = Stage::Resting;
        self.resting.insert((at, answer.prefix));
    }

    fn sweep(&mut self) {
        self.sweep_at = None;
        self.stale = 0;
        for (prefix, destination) in &mut self.destinations {
            destination.stale = false;
            destination.check(*prefix, &mut self.queue);
        }
    }

    /// Takes what the kernel really has for known, whatever it said. What is in flight waits for its answer all the same.
    fn compare(&mut self, fib: &Fib) {
        self.doubtful = false;
        for route in fib.learned() {
            // A route that nobody knows of is a removal that the kernel has forgotten.
            self.destinations.entry(route.prefix).or_default();
        }
        for (prefix, destination) in &mut self.destinations {
            destination.installed = fib.learned_at(*prefix).map(Arc::clone);
            if destination.stale && destination.installed.is_none() {
                destination.stale = false;
                self.stale -= 1;
            }
            destination.check(*prefix, &mut self.queue);
        }
        self.destinations.retain(|_, destination| {
            destination.stage != Stage::Idle
                || destination.wanted.is_some()
                || destination.installed.is_some()
        });
        self.groups.retain(|group| Arc::strong_count(group) > 1);
    }
}

impl Destination {
    /// Queues it if the kernel is to be told something about it and nothing is under way.
    fn check(&mut self, prefix: IpNet, queue: &mut VecDeque<IpNet>) {
        if self.stage == Stage::Idle && !self.stale && self.wanted != self.installed {
            self.stage = Stage::Queued;
            queue.push_back(prefix);
        }
    }
}
