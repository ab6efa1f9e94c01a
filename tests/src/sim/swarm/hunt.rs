//! Seeds on all cores.

use std::collections::BTreeSet;
use std::io;
use std::ops::{ControlFlow, Range};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::shrink::shrink;
use super::{Answer, Candidate, Parts, Runner};
use crate::sim::Failure;
use crate::sim::scenario::{Part, Scenario};

/// Between two ticks.
const TICK: Duration = Duration::from_millis(500);
/// Runs that shrinking one finding may take.
const SHRINK_RUNS: usize = 400;
/// Real time that it may take, besides the run under way at its end.
const SHRINK_TIME: Duration = Duration::from_secs(120);
/// Findings that one job shrinks; later ones are reported as they are, so that a fault in everything ends in time.
const SHRUNK_BY_JOB: u32 = 3;

/// What to run, and how.
pub struct Hunt<'a> {
    /// The scenario.
    pub scenario: Scenario,
    /// Virtual hours of each run.
    pub hours: Option<u64>,
    /// Which seeds, from the first on.
    pub seeds: Range<u64>,
    /// When no further seed is begun; `None`: when there is none left.
    pub deadline: Option<Instant>,
    /// How many at the same time.
    pub jobs: usize,
    /// Whether failing runs are shrunk.
    pub shrink: bool,
    /// Real time that one run may take.
    pub patience: Duration,
    /// Starts a child that serves.
    pub command: &'a (dyn Fn() -> Command + Sync),
}

/// One seed's run.
#[derive(Debug)]
pub struct Run {
    /// What was run.
    pub candidate: Candidate,
    /// What it came to.
    pub answer: Answer,
    /// Its smaller form, if it failed and was shrunk.
    pub smaller: Option<Finding>,
}

/// A failing run that was shrunk.
#[derive(Debug)]
pub struct Finding {
    /// What is left of it.
    pub candidate: Candidate,
    /// What that comes to: the same broken rule.
    pub answer: Answer,
    /// How many runs it took.
    pub runs: u64,
}

/// What a hunt tells.
#[derive(Debug)]
pub enum Event {
    /// A run has ended. Seeds do not end in order.
    Run(Box<Run>),
    /// Some time has passed.
    Tick,
}

/// Hunts, and tells `each` until it breaks off.
///
/// # Errors
/// A child cannot be started.
pub fn hunt(hunt: &Hunt<'_>, mut each: impl FnMut(Event) -> ControlFlow<()>) -> io::Result<()> {
    let shared = Shared { next: AtomicU64::new(hunt.seeds.start), stop: AtomicBool::new(false) };
    thread::scope(|scope| {
        let (send, events) = mpsc::channel();
        for _ in 0..hunt.jobs.max(1) {
            let (send, shared) = (send.clone(), &shared);
            scope.spawn(move || job(hunt, shared, &send));
        }
        drop(send);
        let ended = loop {
            let event = match events.recv_timeout(TICK) {
                Ok(Ok(run)) => Event::Run(Box::new(run)),
                Ok(Err(error)) => break Err(error),
                Err(RecvTimeoutError::Timeout) => Event::Tick,
                Err(RecvTimeoutError::Disconnected) => break Ok(()),
            };
            if each(event).is_break() {
                break Ok(());
            }
        };
        shared.stop.store(true, Ordering::Relaxed);
        ended
    })
}

struct Shared {
    next: AtomicU64,
    stop: AtomicBool,
}

impl Shared {
    /// The next seed that nobody has run.
    fn seed(&self, hunt: &Hunt<'_>) -> Option<u64> {
        let late = hunt.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if late || self.stop.load(Ordering::Relaxed) {
            return None;
        }
        let seed = self.next.fetch_add(1, Ordering::Relaxed);
        hunt.seeds.contains(&seed).then_some(seed)
    }
}

fn job(hunt: &Hunt<'_>, shared: &Shared, send: &Sender<io::Result<Run>>) {
    let mut runner = Runner::new(hunt.command, hunt.patience);
    let mut to_shrink = if hunt.shrink { SHRUNK_BY_JOB } else { 0 };
    while let Some(seed) = shared.seed(hunt) {
        let candidate = Candidate::whole(hunt.scenario, hunt.hours, seed);
        let run = runner.run(&candidate).map(|answer| {
            let smaller = match &answer.verdict.result {
                Err(failure) if to_shrink > 0 => {
                    to_shrink -= 1;
                    smaller(&mut runner, &candidate, failure, &shared.stop)
                }
                _ => None,
            };
            Run { candidate, answer, smaller }
        });
        let failed = run.is_err();
        if send.send(run).is_err() || failed {
            return;
        }
    }
}

/// The smallest run in reach that breaks the same rule.
fn smaller(
    runner: &mut Runner<'_>,
    whole: &Candidate,
    failure: &Failure,
    stop: &AtomicBool,
) -> Option<Finding> {
    let end = Instant::now() + SHRINK_TIME;
    let mut runs = 0;
    let mut best = None;
    let parts = whole.parts();
    shrink(parts.clone(), SHRINK_RUNS, |without| {
        if stop.load(Ordering::Relaxed) || Instant::now() >= end {
            return false;
        }
        runs += 1;
        // In the plan's order, for people.
        let out: BTreeSet<Part> = without.iter().copied().collect();
        let without = parts.iter().flatten().filter(|part| out.contains(part)).copied().collect();
        let candidate = Candidate { without: Parts(without), ..whole.clone() };
        let answer = runner.run(&candidate).ok();
        let found = answer.filter(|answer| match &answer.verdict.result {
            Err(now) => now.rule == failure.rule,
            Ok(_) => false,
        });
        let fails = found.is_some();
        if let Some(answer) = found {
            best = Some((candidate, answer));
        }
        fails
    });
    best.map(|(candidate, answer)| Finding { candidate, answer, runs })
}
