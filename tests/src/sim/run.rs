//! A whole run: faults and work, then everything heals, then everything must be right and stay so.

use super::judge::Broken;
use super::oracle;
use super::report::{Failure, Outcome, Rule, Verdict};
use super::world::{Capture, PlanError};
use super::{Micros, Plan, World};

/// Time between two looks at everything.
const LOOK: Micros = Micros::secs(1);
/// Looks from one check of all tables to the next.
const LOOKS_A_CHECK: u64 = 20;
/// Routers of a network that is solved as a whole at most: beyond, each is judged by what its neighbors say.
const MOST_SOLVED: usize = 200;

/// How a run is watched.
#[derive(Default)]
pub struct Options {
    /// Who is shown every packet.
    pub capture: Option<Capture>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").field("capture", &self.capture.is_some()).finish()
    }
}

/// Runs a whole plan.
///
/// # Errors
/// The plan cannot be played.
pub fn run(plan: &Plan, options: Options) -> Result<Verdict, PlanError> {
    let mut world = World::new(plan)?;
    if let Some(capture) = options.capture {
        world.capture(capture);
    }
    let result = play(plan, &mut world);
    let trace = match &result {
        Ok(_) => Vec::new(),
        Err(_) => world.trace.lines(|host| world.name(host)),
    };
    Ok(Verdict { result, hash: world.hash(), end: world.now(), statistics: world.statistics(), trace })
}

fn play(plan: &Plan, world: &mut World) -> Result<Outcome, Failure> {
    watched(world, plan.heal_at)?;
    let outcome = converge(plan, world)?;
    if let Outcome::Converged(_) = outcome {
        let last = world.last_update();
        watched(world, world.now() + plan.watch)?;
        if world.last_update() != last {
            let at = world.last_update();
            return Err(Failure {
                at,
                rule: Rule::Silence,
                text: "an UPDATE after everything was at rest".to_owned(),
            });
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
