//! How a world is watched, and when it is at rest and everything in it is right.

use std::collections::BTreeSet;
use std::net::IpAddr;

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
/// How long a world that does not come to rest is watched for what changes in it.
const CHANGES: Micros = Micros::secs(60);
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
    /// There may be no stable state.
    pub(crate) oscillation: bool,
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

/// Waits until everything is at rest, for `limit` at most; how long that took from now on. Sessions may take their time. What
/// is wrong then with a table or with a packet's way is wrong: whatever repaired it later would come too late.
///
/// # Errors
/// The rule that was broken.
pub(crate) fn converge(world: &mut World, limit: Micros, expected: Expected) -> Result<Outcome, Failure> {
    let begin = world.now();
    let end = begin + limit;
    let mut wrong = Broken::new(Rule::Silence, "never at rest".to_owned());
    world.watch_limits();
    while world.now() < end {
        watched(world, world.now() + PAUSE)?;
        if let Err(text) = world.at_rest() {
            wrong = Broken::new(Rule::Silence, text);
            continue;
        }
        let restarting = match missing(world, expected) {
            Ok(restarting) => restarting,
            Err(text) => {
                wrong = Broken::new(Rule::Sessions, text);
                continue;
            }
        };
        match judge(world, expected) {
            Ok(()) if !restarting.is_empty() => return Ok(Outcome::Oscillates(limited(world, &restarting))),
            Ok(()) => return Ok(Outcome::Converged(world.last_update().max(begin) - begin)),
            // The two ends of a session may learn of its end at different times.
            Err(broken) if broken.rule == Rule::Sessions => wrong = broken,
            Err(broken) => return Err(broken.at(world.now())),
        }
    }
    if wrong.rule == Rule::Silence && expected.oscillation {
        return oscillation(world, &wrong.text);
    }
    Err(wrong.at(world.now()))
}

/// Whether a session is missing; if those alone are that come back to reach their limits again, these.
fn missing(world: &World, expected: Expected) -> Result<BTreeSet<(usize, IpAddr)>, String> {
    let Expected { sessions, refusals, .. } = expected;
    let Some(text) = world.missing_session(refusals, &BTreeSet::new()).filter(|_| sessions) else {
        return Ok(BTreeSet::new());
    };
    let restarting = if refusals { world.restarting() } else { BTreeSet::new() };
    world.missing_session(refusals, &restarting).map_or(Ok(restarting), |_| Err(text))
}

fn limited(world: &World, restarting: &BTreeSet<(usize, IpAddr)>) -> String {
    let names: Vec<String> =
        restarting.iter().map(|(host, remote)| format!("{} with {remote}", world.name(*host))).collect();
    format!("sessions that restart whenever they reach their limit of prefixes: {}", names.join(", "))
}

/// Whether every table of a world at rest is right.
///
/// # Errors
/// The rule that is broken.
pub(crate) fn judge(world: &mut World, expected: Expected) -> Result<(), Broken> {
    let thorough = world.hosts().len() <= MOST_SOLVED;
    let compared = world.judge_tables(thorough, expected.refusals)?;
    world.statistics.routes += compared;
    world.judge_forwarding(expected.arrival)
}

/// What changes for ever, if the oracle finds no rest for it either. `unrest`: what kept the world from being at rest.
///
/// # Errors
/// Something has a state in which it could rest, or does not change at all.
fn oscillation(world: &mut World, unrest: &str) -> Result<Outcome, Failure> {
    world.changing();
    watched(world, world.now() + CHANGES)?;
    let changing = world.changing();
    let named = world.routers().map(|routers| oracle::solve(&routers));
    let named = named.map_err(|broken| broken.at(world.now()))?.err();
    let broken = |text: &str| Err(Broken::new(Rule::Silence, text.to_owned()).at(world.now()));
    let Some(named) = named else {
        return broken(&format!("never at rest ({unrest}), though there is a stable state"));
    };
    if changing.is_empty() {
        return broken(&format!("never at rest ({unrest}), though nothing changes"));
    }
    match changing.iter().find(|prefix| !named.prefixes.contains_key(prefix)) {
        Some(prefix) => broken(&format!("{prefix} changes for ever, though it has a stable state")),
        None => Ok(Outcome::Oscillates(named.to_string())),
    }
}

#[cfg(test)]
mod tests;
