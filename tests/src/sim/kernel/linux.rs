//! A simulated Linux, as far as a route daemon meets it: it takes the bytes of netlink requests, changes the forwarding table
//! and its next-hop objects, and says what it did, in bytes.
//!
//! It does as Linux does where that matters to who follows it. An object that goes leaves its groups, and an emptied group goes
//! along; routes to what is gone go, IPv6 ones with a notification, IPv4 ones without a word. A socket that loses something says
//! so once. And it lies, while a fault has it so.

mod change;
mod request;
mod say;
#[cfg(test)]
mod tests;
mod wire;

use std::collections::{BTreeSet, VecDeque};

use crier_core::rng::Rng;
use ipnet::IpNet;

use super::{Fib, Lead};
use crate::sim::Micros;
use crate::sim::plan::KernelFault;
use wire::Dump;

/// Time between two routes or objects that somebody removes, and by how much more it is at most.
const FOREIGN_EVERY: Micros = Micros::millis(500);
const FOREIGN_SPREAD: u64 = 8_000_000;

/// The system of a host: its routes, and the sockets of the route daemon on it, if one runs.
#[derive(Debug)]
pub struct Linux {
    /// The forwarding table.
    pub(crate) fib: Fib,
    /// Interfaces, counted from 0; the system's numbers for them begin with [`FIRST_INTERFACE`].
    interfaces: usize,
    /// Whether it knows next-hop objects.
    has_objects: bool,
    now: Micros,
    rng: Rng,
    fault: Option<KernelFault>,
    /// Changes so far: a dump in the course of which there was one is inconsistent.
    changes: u64,
    /// Requests that it has taken its time for, and when they are done.
    asked: VecDeque<(Micros, Vec<u8>)>,
    answers: VecDeque<Vec<u8>>,
    notifications: VecDeque<Vec<u8>>,
    /// Notifications were lost, and nobody has been told.
    overrun: bool,
    dump: Option<Dump>,
    /// Changes acknowledged while losing, so that every second one is lost.
    acknowledged: u64,
    /// Something was lost, and the daemon has not looked at everything since.
    doubtful: bool,
    /// Nothing was lost since the daemon began to look at everything.
    survey_is_true: bool,
    /// When somebody removes something next.
    foreign_at: Option<Micros>,
    /// The next dump of IPv6 routes leaves one out: while the daemon starts, others do.
    disturbed: bool,
    /// When the daemon has started, and what was there then.
    started: Micros,
    left: BTreeSet<IpNet>,
    /// What of that it has removed before it could know that nobody wants it.
    removed_early: Option<IpNet>,
}

/// For so long after its start a daemon cannot know that nobody will announce again what it found.
const LEFT_ALONE: Micros = Micros::millis(900);

/// The loopback interface is number 1.
const FIRST_INTERFACE: u32 = 2;

/// Who has made a change: the number of a socket, and of the request there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Cause {
    port: u32,
    sequence: u32,
}

impl Cause {
    /// Somebody else on the host.
    const FOREIGN: Self = Self { port: 4_242, sequence: 1 };
}

/// One that stands for none, while it is lent to somebody.
impl Default for Linux {
    fn default() -> Self {
        Self::new(Fib::default(), 0, true, Rng::new(0))
    }
}

impl Linux {
    /// A system with this table and so many interfaces, with next-hop objects or too old for them.
    pub fn new(fib: Fib, interfaces: usize, has_objects: bool, rng: Rng) -> Self {
        Self {
            fib,
            interfaces,
            has_objects,
            now: Micros::ZERO,
            rng,
            fault: None,
            changes: 0,
            asked: VecDeque::new(),
            answers: VecDeque::new(),
            notifications: VecDeque::new(),
            overrun: false,
            dump: None,
            acknowledged: 0,
            doubtful: false,
            survey_is_true: false,
            foreign_at: None,
            disturbed: false,
            started: Micros::ZERO,
            left: BTreeSet::new(),
            removed_early: None,
        }
    }

    /// A daemon starts. Every second time others on the host do as well.
    pub fn start(&mut self, now: Micros) {
        self.reopen();
        self.started = now;
        self.left = self.fib.learned().map(|route| route.prefix).collect();
        self.disturbed = !self.left.is_empty() && self.rng.up_to(1) == 0;
    }

    /// Whether a daemon has just started, and cannot know that nobody will announce again what it found.
    pub fn is_starting(&self) -> bool {
        self.now < self.started + LEFT_ALONE && !self.left.is_empty()
    }

    /// The daemon has had a session since: neighbors may have withdrawn what it found.
    pub fn has_had_a_session(&mut self) {
        self.left.clear();
    }

    /// The sockets of a daemon are closed with it: what was under way is gone.
    pub fn reopen(&mut self) {
        self.asked.clear();
        self.answers.clear();
        self.notifications.clear();
        self.overrun = false;
        self.dump = None;
        self.doubtful = false;
        self.survey_is_true = false;
    }

    /// What is wrong with it from now on.
    pub fn set_fault(&mut self, now: Micros, fault: Option<KernelFault>) {
        self.now = now;
        self.fault = fault;
        let foreign = matches!(fault, Some(KernelFault::Vanish | KernelFault::Overrun));
        self.foreign_at = foreign.then(|| self.next_foreign());
    }

    /// Lets time pass: late requests are done, and others do what they do.
    pub fn pass(&mut self, now: Micros) {
        self.now = now;
        while let Some((_, request)) = self.asked.pop_front_if(|(due, _)| *due <= now) {
            self.request(&request);
        }
        if self.foreign_at.is_some_and(|at| at <= now) {
            self.remove_something();
            self.foreign_at = Some(self.next_foreign());
        }
    }

    /// When [`Linux::pass`] is to be called next.
    pub fn deadline(&self) -> Option<Micros> {
        let late = self.asked.front().map(|(due, _)| *due);
        [late, self.foreign_at].into_iter().flatten().min()
    }

    /// Whether a socket has something to say.
    pub fn is_readable(&self) -> bool {
        let waits = [&self.answers, &self.notifications].iter().any(|queue| !queue.is_empty());
        waits || self.overrun || self.dump.is_some()
    }

    /// Whether nothing is wrong with it, nor has been without the daemon having looked at everything since, and nothing is owed.
    pub fn is_calm(&self) -> bool {
        self.fault.is_none() && !self.doubtful && self.asked.is_empty() && !self.is_readable()
    }

    /// The host loses power: what was installed is gone.
    pub fn reboot(&mut self) {
        self.fib.forget_learned();
        self.reopen();
    }

    fn next_foreign(&mut self) -> Micros {
        self.now + FOREIGN_EVERY + Micros(self.rng.up_to(FOREIGN_SPREAD))
    }

    /// Somebody removes one of the speaker's routes or objects: `ip route del`, `ip nexthop del`.
    fn remove_something(&mut self) {
        let objects = self.fib.objects().len() as u64;
        let of_routes = self.rng.up_to(2) > 0 || objects == 0;
        let count = if of_routes { self.fib.learned_len() as u64 } else { objects };
        let Some(last) = count.checked_sub(1) else { return };
        let at = self.rng.up_to(last) as usize;
        // It is there, or somebody else was faster.
        let _ = if of_routes {
            let prefix = self.fib.learned().nth(at).map(|route| route.prefix);
            prefix.map_or(Ok(()), |prefix| self.delete_route(prefix, Cause::FOREIGN))
        } else {
            let id = self.fib.objects().keys().nth(at).copied();
            id.map_or(Ok(()), |id| self.delete_object(id, Cause::FOREIGN))
        };
    }

    /// The first route that a daemon removed on its start before it could know that nobody wants it: packets were lost for it.
    ///
    /// # Errors
    /// Which.
    pub fn check_starts(&self) -> Result<(), String> {
        self.removed_early.map_or(Ok(()), |prefix| Err(format!("{prefix} was removed on the daemon's start")))
    }

    /// The first route that leads to what is not there, or object that no route leads to: neither may last.
    ///
    /// # Errors
    /// Which.
    pub fn check_objects(&self) -> Result<(), String> {
        let mut used = BTreeSet::new();
        for route in self.fib.learned() {
            let Lead::Object(id) = route.lead else { continue };
            if self.fib.next_hops(route.lead).is_empty() {
                return Err(format!("{} leads to object {id}, which is not there", route.prefix));
            }
            used.insert(*id);
            if let Some(super::Object::Group(members)) = self.fib.objects().get(id) {
                used.extend(members);
            }
        }
        let idle = self.fib.objects().keys().find(|id| !used.contains(id));
        idle.map_or(Ok(()), |id| Err(format!("no route leads to object {id}")))
    }
}

/// The number that the system has for an interface, and which interface has a number.
fn number_of(interface: usize) -> u32 {
    FIRST_INTERFACE.saturating_add(u32::try_from(interface).unwrap_or(u32::MAX))
}

fn interface_of(number: u32) -> Option<usize> {
    usize::try_from(number.checked_sub(FIRST_INTERFACE)?).ok()
}

const fn is_ipv6(prefix: IpNet) -> bool {
    matches!(prefix, IpNet::V6(_))
}
