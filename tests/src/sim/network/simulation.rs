//! A network in time: it runs, settles, and is judged.

use std::io::{self, Write};
use std::net::IpAddr;

use super::Error;
use crate::sim::pcap::Pcap;
use crate::sim::plan::Tolerated;
use crate::sim::report::{Failure, Outcome, Statistics};
use crate::sim::settle::{Expected, converge, watched};
use crate::sim::{Micros, World};

/// Events that an error shows.
const EVENTS: usize = 100;
/// How long [`Simulation::settle`] waits: longer than every timer that a configuration is likely to set.
const PATIENCE: Micros = Micros::secs(3600);

/// A network that was started. Nothing happens in it unless it is told to let time pass.
#[derive(Debug)]
pub struct Simulation {
    pub(super) world: World,
    /// By position.
    pub(super) links: Vec<String>,
    tolerated: Tolerated,
}

impl Simulation {
    pub(super) fn new(mut world: World, links: Vec<String>, tolerated: Tolerated) -> Self {
        world.trace.keep(EVENTS);
        Self { world, links, tolerated }
    }

    /// Lets time pass: a [`std::time::Duration`], or [`Micros`].
    ///
    /// # Errors
    /// A rule was broken that must hold at any time.
    pub fn run_for(&mut self, span: impl Into<Micros>) -> Result<(), Error> {
        let until = self.world.now() + span.into();
        watched(&mut self.world, until).map_err(|failure| self.broken(failure))
    }

    /// Lets time pass until nothing changes any more, a virtual hour at most, and judges what came of it: every table is what
    /// an oracle makes of topology and policies, both ends of each session agree, sessions that can be up are up, packets
    /// arrive. How long it took until the last UPDATE.
    ///
    /// What the configurations themselves keep from coming up is no broken rule: a session with another AS number than the one
    /// that is wanted, or from outside of every range. [`Simulation::missing`] lists those.
    ///
    /// Policies without a stable state are an error, unless [`Tolerated::oscillation`] was said: then time passes to the end,
    /// and what stood in the tables by then is not judged.
    ///
    /// While troubles are in force, sessions need not come up nor packets arrive. Then the longest hold time passes first, so
    /// that neighbors that are cut off are noticed.
    ///
    /// # Errors
    /// The rule that is broken, or what changes for ever.
    pub fn settle(&mut self) -> Result<Micros, Error> {
        self.settle_within(PATIENCE)
    }

    /// As [`Simulation::settle`], and it must not take longer than this.
    ///
    /// It is no stopwatch. Only 20 s without an UPDATE count as rest, and that is looked for every 5 s: with less than 25 s after
    /// the last UPDATE there is no success. Up to 5 s more than `limit` may pass, and the longest hold time before it while
    /// troubles are in force. How long the network itself took, the answer says.
    ///
    /// # Errors
    /// As for [`Simulation::settle`].
    pub fn settle_within(&mut self, limit: impl Into<Micros>) -> Result<Micros, Error> {
        let begin = self.world.now();
        let calm = self.world.present.is_empty();
        if !calm {
            self.run_for(self.longest_hold())?;
        }
        let Tolerated { black_holes, refusals, .. } = self.tolerated;
        // What oscillates is an error, and better named.
        let expected =
            Expected { sessions: calm, arrival: calm && !black_holes, refusals, oscillation: true };
        match converge(&mut self.world, limit.into(), expected) {
            Ok(Outcome::Converged(_)) => Ok(self.world.last_update() - begin),
            Ok(Outcome::Oscillates(_)) if self.tolerated.oscillation => Ok(self.world.last_update() - begin),
            Ok(Outcome::Oscillates(what)) => Err(Error::Oscillates(what)),
            Err(failure) => Err(self.broken(failure)),
        }
    }

    /// The longest hold time that any two speakers agreed on.
    fn longest_hold(&self) -> Micros {
        let hosts = 0..self.world.hosts().len();
        let speakers = hosts.filter_map(|host| self.world.speaker(host));
        let holds = speakers.flat_map(|speaker| speaker.peers().filter_map(|peer| peer.negotiated));
        holds.map(|agreed| Micros::secs(agreed.hold.into())).max().unwrap_or(Micros::ZERO)
    }

    /// The present: virtual time since the start.
    pub fn now(&self) -> Micros {
        self.world.now()
    }

    /// What happened, in numbers.
    pub fn statistics(&self) -> Statistics {
        self.world.statistics()
    }

    /// A digest of every packet so far: the same network, told the same, has the same one on every machine.
    pub fn hash(&self) -> u64 {
        self.world.hash()
    }

    /// The last events, oldest first.
    pub fn events(&self) -> Vec<String> {
        self.world.trace.lines(|host| self.world.name(host))
    }

    /// Captures packets from now on, in a form that Wireshark reads.
    ///
    /// # Errors
    /// What the writer says.
    pub fn capture(&mut self, out: impl Write + 'static) -> io::Result<()> {
        let out: Box<dyn Write> = Box::new(out);
        self.world.pcap = Some(Pcap::new(out)?);
        Ok(())
    }

    /// The names of all hosts, in the order in which they were added.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.world.hosts().iter().map(|host| host.plan.name.as_str())
    }

    /// The name of the host that has this address.
    pub fn owner(&self, address: IpAddr) -> Option<&str> {
        let number = *self.world.owners.get(&address)?;
        Some(self.world.hosts().get(number)?.plan.name.as_str())
    }

    /// The position of a host.
    pub(super) fn host(&self, name: &str) -> Result<usize, Error> {
        let found = self.world.host(name);
        found.ok_or_else(|| unknown("host", name, &self.hosts().collect::<Vec<_>>()))
    }

    /// The position of a link.
    pub(super) fn link(&self, name: &str) -> Result<usize, Error> {
        let found = self.links.iter().position(|link| link == name);
        found.ok_or_else(|| unknown("link", name, &self.links.iter().map(String::as_str).collect::<Vec<_>>()))
    }

    pub(super) fn broken(&self, failure: Failure) -> Error {
        Error::Broken { failure, events: self.events() }
    }
}

fn unknown(what: &str, name: &str, known: &[&str]) -> Error {
    Error::network(format!("{what} {name:?} is not there: there is {}", known.join(", ")))
}
