//! Seeds by the thousand, in processes of their own.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::ops::ControlFlow;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use super::cli::{Many, Swarm};
use super::output::{Brief, Name, Report, verb};
use super::text::{Counted, Hours, Span, Tenths};
use super::{BROKEN, planted, refused, say, worker};
use crate::sim::Micros;
use crate::sim::swarm::{Event, Hunt, Run, hunt};

/// Sums over all runs.
#[derive(Default)]
struct Sums {
    seeds: u64,
    time: Micros,
    faults: u64,
    packets: u64,
    findings: u64,
    /// Runs that nobody saw the end of.
    given_up: u64,
}

impl Sums {
    fn add(&mut self, run: &Run) {
        let verdict = &run.answer.verdict;
        self.seeds += 1;
        self.time += verdict.end;
        self.faults = self.faults.saturating_add(verdict.statistics.faults);
        self.packets = self.packets.saturating_add(verdict.statistics.packets);
        match &verdict.result {
            Ok(_) => {}
            Err(failure) if failure.is_given_up() => self.given_up += 1,
            Err(_) => self.findings += 1,
        }
    }

    fn is_clean(&self) -> bool {
        self.findings == 0 && self.given_up == 0
    }

    fn status(&self) -> ExitCode {
        if self.is_clean() { ExitCode::SUCCESS } else { ExitCode::from(BROKEN) }
    }
}

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {} virtual hours, {}, {}, {}",
            Counted(self.seeds, "seed"),
            Hours(self.time),
            Counted(self.faults, "fault"),
            Counted(self.packets, "packet"),
            Counted(self.findings, "finding")
        )?;
        match self.given_up {
            0 => Ok(()),
            given_up => write!(f, ", {} given up", Counted(given_up, "run")),
        }
    }
}

/// Runs seed after seed until the time is over.
pub(super) fn swarm(swarm: &Swarm) -> ExitCode {
    let begin = Instant::now();
    let settings =
        Hunt { deadline: begin.checked_add(swarm.time), shrink: !planted(), ..settings(&swarm.many) };
    let mut sums = Sums::default();
    let mut progress = Progress::new(begin);
    let ended = hunt(&settings, |event| {
        if let Event::Run(run) = event {
            sums.add(&run);
            progress.clear();
            report(&run);
            if swarm.first_finding && !sums.is_clean() {
                return ControlFlow::Break(());
            }
        }
        progress.show(&sums);
        ControlFlow::Continue(())
    });
    progress.clear();
    let name = swarm.many.scenario;
    let first = swarm.many.seeds.start;
    say(format_args!("{name} from seed {first}: {sums}; {} on {}\n", real(begin), jobs(&swarm.many)));
    ended.map_or_else(refused, |()| sums.status())
}

/// Says what was found, and what is left of it.
fn report(run: &Run) {
    let Err(failure) = &run.answer.verdict.result else { return };
    match &run.smaller {
        None => say(Brief(&run.candidate, failure)),
        Some(smaller) => {
            let candidate = &smaller.candidate;
            say(format_args!(
                "{}: {}: {}; the least that comes to it, after {}:\n{}",
                Name(&run.candidate),
                verb(failure),
                failure.rule,
                Counted(smaller.runs, "run"),
                Report(candidate, &smaller.answer)
            ));
        }
    }
}

/// Runs a fixed set of seeds. What it prints depends on nothing but them.
pub(super) fn seeds(many: &Many) -> ExitCode {
    let mut sums = Sums::default();
    let mut progress = Progress::new(Instant::now());
    let mut waiting = BTreeMap::new();
    let mut next = many.seeds.start;
    let mut hash = Hash::default();
    let ended = hunt(&settings(many), |event| {
        if let Event::Run(run) = event {
            waiting.insert(run.candidate.seed, run);
        }
        // In order, whoever was first.
        while let Some(run) = waiting.remove(&next) {
            next += 1;
            sums.add(&run);
            hash.add(run.answer.verdict.hash);
            if let Err(failure) = &run.answer.verdict.result {
                progress.clear();
                say(Brief(&run.candidate, failure));
            }
        }
        progress.show(&sums);
        ControlFlow::Continue(())
    });
    progress.clear();
    let (name, range) = (many.scenario, &many.seeds);
    say(format_args!("{name} seeds {}..{}: {sums}; {:016x}\n", range.start, range.end, hash.0));
    ended.map_or_else(refused, |()| sums.status())
}

fn settings(many: &Many) -> Hunt<'static> {
    Hunt {
        scenario: many.scenario,
        hours: many.hours,
        seeds: many.seeds.clone(),
        deadline: None,
        jobs: many.jobs,
        shrink: false,
        patience: many.patience,
        command: &worker,
    }
}

/// A digest of hashes in their order (FNV-1a, 64 bits).
struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }
}

impl Hash {
    fn add(&mut self, hash: u64) {
        for byte in hash.to_le_bytes() {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}

/// A line on standard error that is written over again and again; only where somebody looks.
struct Progress {
    begin: Instant,
    shown: Option<Instant>,
    terminal: bool,
}

impl Progress {
    fn new(begin: Instant) -> Self {
        Self { begin, shown: None, terminal: io::stderr().is_terminal() }
    }

    fn show(&mut self, sums: &Sums) {
        let recent = self.shown.is_some_and(|shown| shown.elapsed() < Duration::from_millis(200));
        if !self.terminal || recent {
            return;
        }
        self.shown = Some(Instant::now());
        let millis = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        let rate = Tenths(sums.seeds.saturating_mul(10_000) / millis.max(1));
        let _ = write!(io::stderr(), "\r\x1b[K{sums}; {rate} seeds/s, {}", real(self.begin));
    }

    /// Makes room for what stays.
    fn clear(&mut self) {
        if self.shown.take().is_some() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// Real time since then.
fn real(begin: Instant) -> impl fmt::Display {
    Span(Micros(u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX)))
}

fn jobs(many: &Many) -> impl fmt::Display {
    Counted(many.jobs as u64, "job")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::scenario::Scenario;
    use crate::sim::swarm::{Answer, Candidate};
    use crate::sim::{Failure, Outcome, Rule, Statistics, Verdict};

    fn run(seed: u64, result: Result<Outcome, Failure>) -> Run {
        let statistics = Statistics { packets: 700_000, faults: 600, ..Statistics::default() };
        let verdict = Verdict { result, hash: seed, end: Micros::secs(3_960), statistics, trace: Vec::new() };
        let candidate = Candidate::whole(Scenario::Lab, None, seed);
        Run { candidate, answer: Answer { speakers: 1, verdict }, smaller: None }
    }

    #[test]
    fn sums() {
        let mut sums = Sums::default();
        sums.add(&run(1, Ok(Outcome::Converged(Micros::ZERO))));
        assert_eq!(sums.status(), ExitCode::SUCCESS);
        let text = "1 seed, 1.1 virtual hours, 600 faults, 700,000 packets, 0 findings";
        assert_eq!(sums.to_string(), text);
        sums.add(&run(2, Err(Failure { at: Micros::ZERO, rule: Rule::Silence, text: String::new() })));
        assert_eq!(sums.status(), ExitCode::from(1));
        let text = "2 seeds, 2.2 virtual hours, 1,200 faults, 1,400,000 packets, 1 finding";
        assert_eq!(sums.to_string(), text);
    }

    #[test]
    fn a_run_that_was_given_up_is_no_finding_and_no_success() {
        let mut sums = Sums::default();
        sums.add(&run(1, Err(Failure { at: Micros::ZERO, rule: Rule::Patience, text: String::new() })));
        assert_eq!(sums.status(), ExitCode::from(1));
        let text = "1 seed, 1.1 virtual hours, 600 faults, 700,000 packets, 0 findings, 1 run given up";
        assert_eq!(sums.to_string(), text);
    }

    #[test]
    fn the_combined_hash_depends_on_each_and_on_the_order() {
        let of = |hashes: &[u64]| {
            let mut hash = Hash::default();
            hashes.iter().for_each(|one| hash.add(*one));
            hash.0
        };
        let hashes = [of(&[]), of(&[1]), of(&[1, 2]), of(&[2, 1]), of(&[1, 1 << 63])];
        for (n, hash) in hashes.iter().enumerate() {
            assert!(!hashes[..n].contains(hash));
        }
        // FNV-1a of eight zero bytes.
        assert_eq!(of(&[0]), 0xa8c7_f832_281a_39c5);
    }
}
