//! How a world is watched, and when it is at rest and everything in it is right.

use super::judge::Broken;
use super::oracle;
use super::report::{Failure, Outcome, Rule};
use super::{Micros, World};

/// Time between two looks at everything.
const LOOK: Micros = Micros::secs(1);
/// Seconds from one check of all tables to the next.
const SECONDS_A_CHECK: u64 = 10;
/// Time between two attempts at finding everything right.
const PAUSE: Micros = Micros::secs(5);
/// Longest time between two restarts of a session that its limit of prefixes ends again and again.
const RESTARTS: Micros = Micros::secs(300);
/// Routers of a network that is solved as a whole at most: beyond, each is judged by what its neighbors say.
const MOST_SOLVED: usize = 200;

/// What is expected of a world at rest beyond that every table is right.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Expected {
    /// Every session that can be up is.
    pub(crate) sessions: bool,
    /// Packets arrive.
    pub(crate) arrival: bool,
    /// Prefixes may be refused for want of room, and sessions end for that, again and again.
    pub(crate) refusals: bool,
}

/// Lets time pass, and looks at everything every now and then.
///
/// # Errors
/// The rule that is broken.
pub(crate) fn watched(world: &mut World, until: Micros) -> Result<(), Failure> {
    while world.now() < until {
        world.run_until((world.now() + LOOK).min(until))?;
        world.look(world.now().as_secs().is_multiple_of(SECONDS_A_CHECK))?;
    }
    Ok(())
}

/// Waits until everything is at rest and right, for `limit` at most; how long that took from now on.
///
/// # Errors
/// The rule that was broken meanwhile, or that still was at the end.
pub(crate) fn converge(world: &mut World, limit: Micros, expected: Expected) -> Result<Outcome, Failure> {
    let begin = world.now();
    let end = begin + limit;
    let mut wrong = Broken::new(Rule::Silence, "never at rest".to_owned());
    while world.now() < end {
        watched(world, world.now() + PAUSE)?;
        if let Err(text) = world.at_rest() {
            wrong = Broken::new(Rule::Silence, text);
            continue;
        }
        if expected.sessions
            && let Some(text) = world.missing_session()
        {
            wrong = Broken::new(Rule::Sessions, text);
            continue;
        }
        match judge(world, expected) {
            Ok(()) => return Ok(Outcome::Converged(world.last_update().max(begin) - begin)),
            Err(broken) => wrong = broken,
        }
    }
    if expected.refusals && world.last_limit() + RESTARTS > end {
        let what = "sessions that restart whenever they reach their limit of prefixes";
        return Ok(Outcome::Oscillates(what.to_owned()));
    }
    if wrong.rule == Rule::Silence
        && let Some(text) = oscillation(world)
    {
        return Ok(Outcome::Oscillates(text));
    }
    Err(wrong.at(world.now()))
}

/// Whether every table of a world at rest is right.
///
/// # Errors
/// The rule that is broken.
pub(crate) fn judge(world: &mut World, expected: Expected) -> Result<(), Broken> {
    let thorough = world.hosts().len() <= MOST_SOLVED;
    let compared = world.judge_tables(thorough)?;
    world.statistics.routes += compared;
    world.judge_forwarding(expected.arrival)
}

/// Whether the oracle finds no rest either, and what changes for ever.
fn oscillation(world: &World) -> Option<String> {
    let routers = world.routers().ok()?;
    oracle::solve(&routers).err().map(|oscillation| oscillation.to_string())
}
