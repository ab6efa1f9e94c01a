//! A whole run: faults and work, then everything heals, then everything must be right and stay so.

use std::io::Write;

use super::pcap::Pcap;
use super::plan::Tolerated;
use super::report::{Failure, Outcome, Rule, Statistics, Verdict};
use super::settle::{Expected, converge, judge, watched};
use super::{Micros, Plan, World};

/// Time between two looks at the silence.
const LOOK: Micros = Micros::secs(1);

/// How a run is watched.
pub struct Options {
    /// Where packets are captured, in a form that Wireshark reads.
    pub pcap: Option<Box<dyn Write>>,
    /// How many events are kept for the trace.
    pub events: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self { pcap: None, events: 100 }
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("events", &self.events).finish()
    }
}

/// Runs a whole plan.
pub fn run(plan: &Plan, options: Options) -> Verdict {
    let mut world = match World::new(plan) {
        Ok(world) => world,
        Err(error) => return refused(error.to_string()),
    };
    world.trace.keep(options.events);
    world.trace.lend(world.hosts().iter().map(|host| host.plan.name.clone()).collect());
    match options.pcap.map(Pcap::new).transpose() {
        Ok(pcap) => world.pcap = pcap,
        Err(error) => return refused(format!("packets cannot be captured: {error}")),
    }
    let result = play(plan, &mut world);
    let trace = match &result {
        Ok(_) => Vec::new(),
        Err(_) => world.trace.lines(|host| world.name(host)),
    };
    Verdict { result, hash: world.hash(), end: world.now(), statistics: world.statistics(), trace }
}

fn refused(text: String) -> Verdict {
    let failure = Failure { at: Micros::ZERO, rule: Rule::Plan, text };
    let (hash, end, statistics) = (0, Micros::ZERO, Statistics::default());
    Verdict { result: Err(failure), hash, end, statistics, trace: Vec::new() }
}

fn play(plan: &Plan, world: &mut World) -> Result<Outcome, Failure> {
    watched(world, plan.heal_at)?;
    world.heal_links();
    let Tolerated { black_holes, refusals, .. } = plan.tolerated;
    let expected = Expected { sessions: true, arrival: !black_holes, refusals };
    let outcome = converge(world, plan.converge_within, expected)?;
    if let Outcome::Converged(_) = outcome {
        let last = world.last_update();
        stay_silent(plan, world)?;
        if world.last_update() == last {
            judge(world, expected).map_err(|broken| broken.at(world.now()))?;
        }
    }
    Ok(outcome)
}

/// Watches the silence of a world at rest.
fn stay_silent(plan: &Plan, world: &mut World) -> Result<(), Failure> {
    let (rest, last) = (world.now(), world.last_update());
    while world.now() < rest + plan.watch {
        watched(world, world.now() + LOOK)?;
        // What was refused for want of room may be asked for again.
        let asked = plan.tolerated.refusals && world.last_refresh() >= rest;
        if world.last_update() != last && !asked {
            let text = format!("{} sent an UPDATE after everything was at rest", world.last_sender());
            return Err(Failure { at: world.last_update(), rule: Rule::Silence, text });
        }
    }
    Ok(())
}
