//! A whole run: faults and work, then everything heals, then everything must be right and stay so.

use std::io::Write;

use super::pcap::Pcap;
use super::plan::Tolerated;
use super::report::{Failure, Outcome, Rule, Statistics, Verdict};
use super::settle::{Expected, converge, judge, watched};
use super::{Micros, Plan, World};

/// Time between two requests for what was refused for want of room.
const REFRESHES: Micros = Micros::secs(60);

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
    let Tolerated { black_holes, refusals, oscillation } = plan.tolerated;
    let expected = Expected { sessions: true, arrival: !black_holes, refusals, oscillation };
    let outcome = converge(world, plan.converge_within, expected)?;
    if let Outcome::Converged(_) = outcome {
        stay_silent(plan, world, expected)?;
    }
    Ok(outcome)
}

/// Watches the silence of a world at rest. In the end everything is as right as it was.
fn stay_silent(plan: &Plan, world: &mut World, expected: Expected) -> Result<(), Failure> {
    let (before, last) = (world.turns(), world.last_update());
    // What was refused for want of room may be asked for again, in each family once in a while.
    let refreshes =
        if plan.tolerated.refusals { 2 * (plan.watch.as_secs() / REFRESHES.as_secs() + 2) } else { 0 };
    world.keep_silence(refreshes as u32);
    watched(world, world.now() + plan.watch)?;
    world.judge_calm(&before, plan.watch.as_secs()).map_err(|broken| broken.at(world.now()))?;
    if world.last_update() == last {
        return judge(world, expected).map_err(|broken| broken.at(world.now()));
    }
    // Somebody has answered a refresh, and may be about to.
    converge(world, plan.converge_within, expected).map(|_| ())
}
