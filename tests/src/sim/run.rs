//! A whole run: faults and work, then everything heals, then everything must be right and stay so.

use std::io::Write;

use super::judge::Broken;
use super::oracle;
use super::pcap::Pcap;
use super::report::{Failure, Outcome, Rule, Statistics, Verdict};
use super::{Micros, Plan, World};

/// Time between two looks at everything.
const LOOK: Micros = Micros::secs(1);
/// Looks from one check of all tables to the next.
const LOOKS_A_CHECK: u64 = 10;
/// Routers of a network that is solved as a whole at most: beyond, each is judged by what its neighbors say.
const MOST_SOLVED: usize = 200;

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
    let outcome = converge(plan, world)?;
    if let Outcome::Converged(_) = outcome {
        let last = world.last_update();
        watched(world, world.now() + plan.watch)?;
        if world.last_update() != last {
            let at = world.last_update();
            let text = format!("{} sent an UPDATE after everything was at rest", world.last_sender());
            return Err(Failure { at, rule: Rule::Silence, text });
        }
        judge(plan, world).map_err(|broken| broken.at(world.now()))?;
    }
    Ok(outcome)
}

/// Lets time pass, and looks at everything every now and then.
fn watched(world: &mut World, until: Micros) -> Result<(), Failure> {
    let mut looks = 0;
    while world.now() < until {
        world.run_until((world.now() + LOOK).min(until))?;
        looks += 1;
        world.look(looks % LOOKS_A_CHECK == 0)?;
    }
    Ok(())
}

/// Waits until everything is at rest and right.
fn converge(plan: &Plan, world: &mut World) -> Result<Outcome, Failure> {
    let end = plan.heal_at + plan.converge_within;
    let mut wrong = Broken::new(Rule::Silence, "never at rest".to_owned());
    while world.now() < end {
        watched(world, world.now() + Micros::secs(5))?;
        if let Err(text) = world.at_rest() {
            wrong = Broken::new(Rule::Silence, text);
            continue;
        }
        if let Some(text) = world.missing_session() {
            wrong = Broken::new(Rule::Sessions, text);
            continue;
        }
        match judge(plan, world) {
            Ok(()) => return Ok(Outcome::Converged(world.last_update().max(plan.heal_at) - plan.heal_at)),
            Err(broken) => wrong = broken,
        }
    }
    if wrong.rule == Rule::Silence
        && let Some(text) = oscillation(world)
    {
        return Ok(Outcome::Oscillates(text));
    }
    Err(wrong.at(world.now()))
}

fn judge(plan: &Plan, world: &mut World) -> Result<(), Broken> {
    let compared = world.judge_tables(plan.hosts.len() <= MOST_SOLVED)?;
    world.statistics.routes += compared;
    world.judge_forwarding(!plan.tolerated.black_holes)
}

/// Whether the oracle finds no rest either, and what changes for ever.
fn oscillation(world: &World) -> Option<String> {
    let routers = world.routers().ok()?;
    oracle::solve(&routers).err().map(|oscillation| oscillation.to_string())
}
