//! What can be asked for.

use std::ops::Range;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgGroup, Parser};

use crate::sim::scenario::Scenario;
use crate::sim::swarm::{Candidate, Parts};

const USAGE: &str = "sim --seed N [--scenario NAME] [--hours H] [--without PARTS] [--pcap FILE | --describe]
       sim --seeds A..B [--scenario NAME] [--hours H] [--jobs J]
       sim --swarm --minutes M [--first-seed N] [--scenario NAME] [--hours H] [--jobs J] [--first-finding]
       sim --replay FILE";

/// Modes that exclude what belongs to one seed. (Not `requires`: that gives way to the group of modes.)
const NOT_ONE: [&str; 4] = ["swarm", "seeds", "replay", "worker"];
/// Modes that exclude what belongs to a swarm.
const NOT_SWARM: [&str; 4] = ["seed", "seeds", "replay", "worker"];
/// Modes that exclude what belongs to many seeds.
const NOT_MANY: [&str; 3] = ["seed", "replay", "worker"];

/// Hosts, links, faults and crier speakers in virtual time, everything from one seed.
///
/// Ends with status 0 if every rule held; 1 if one was broken, a run was given up or a recording is cut short; 2 for wrong
/// usage, and for files that cannot be read or made.
#[derive(Parser, Debug)]
#[command(name = "sim", version, override_usage = USAGE)]
#[command(group(ArgGroup::new("mode").args(["seed", "swarm", "seeds", "replay", "worker"])))]
pub(super) struct Arguments {
    /// Run this seed, a multiple of 16 twice; the last word printed is a hash over all frames
    // The group itself must not be required: the error would list the hidden mode as well.
    #[arg(long, value_name = "N", required_unless_present_any = NOT_ONE)]
    seed: Option<u64>,
    /// Run seed after seed on all cores, and shrink what fails
    #[arg(long, requires = "minutes")]
    swarm: bool,
    /// Run these seeds on all cores, A to B-1
    #[arg(long, value_name = "A..B", value_parser = range)]
    seeds: Option<Range<u64>>,
    /// Replay what `crier run --record` has written
    #[arg(long, value_name = "FILE", conflicts_with_all = ["scenario", "hours"])]
    replay: Option<PathBuf>,
    /// Run what standard input asks for
    #[arg(long, hide = true)]
    worker: bool,
    /// Plant this fault in every speaker first
    #[cfg(mutants)]
    #[arg(long, value_name = "NAME", value_parser = mutant)]
    mutant: Option<crier_core::mutant::Mutant>,

    /// What is simulated
    #[arg(long, value_name = "NAME", value_enum, default_value_t = Scenario::Random)]
    scenario: Scenario,
    /// Virtual hours, if not as many as the scenario takes by itself: to 1000, of clos to 120, of cluster to 8
    #[arg(long, value_name = "H", value_parser = clap::value_parser!(u64).range(1..=1_000))]
    hours: Option<u64>,

    /// Write every packet to this file, for Wireshark
    #[arg(long, value_name = "FILE", conflicts_with_all = NOT_ONE)]
    pcap: Option<PathBuf>,
    /// Leave parts of the plan out, by the names that --describe shows: h3,l0,f7,w2-w5
    #[arg(long, value_name = "PARTS", conflicts_with_all = NOT_ONE)]
    without: Option<Parts>,
    /// Say what the plan consists of, and run nothing
    #[arg(long, conflicts_with_all = NOT_ONE, conflicts_with = "pcap")]
    describe: bool,

    /// For how long a swarm begins new seeds
    #[arg(long, value_name = "M", conflicts_with_all = NOT_SWARM, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    minutes: Option<u64>,
    /// The first seed of a swarm
    #[arg(long, value_name = "N", conflicts_with_all = NOT_SWARM, default_value_t = 1)]
    first_seed: u64,
    /// End the swarm with its first finding
    #[arg(long, conflicts_with_all = NOT_SWARM)]
    first_finding: bool,
    /// How many runs at the same time; as many as there are cores
    #[arg(long, value_name = "J", conflicts_with_all = NOT_MANY, value_parser = clap::value_parser!(u16).range(1..=4_096))]
    jobs: Option<u16>,
    /// Seconds of real time after which one of many runs is given up; if not said, far more than it needs
    #[arg(long, value_name = "S", conflicts_with_all = NOT_MANY, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    patience: Option<u64>,
}

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mode {
    One(Candidate, One),
    Swarm(Swarm),
    Seeds(Many),
    Replay(PathBuf),
    Worker,
}

/// How one seed is run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct One {
    pub(super) pcap: Option<PathBuf>,
    pub(super) describe: bool,
}

/// How many seeds are run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Many {
    pub(super) scenario: Scenario,
    pub(super) hours: Option<u64>,
    pub(super) seeds: Range<u64>,
    pub(super) jobs: usize,
    pub(super) patience: Duration,
}

/// How a swarm is run.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Swarm {
    pub(super) many: Many,
    pub(super) time: Duration,
    pub(super) first_finding: bool,
}

impl Arguments {
    /// The fault to plant.
    #[cfg(mutants)]
    pub(super) fn mutant(&self) -> Option<crier_core::mutant::Mutant> {
        self.mutant
    }

    /// The one thing that was asked for.
    ///
    /// # Errors
    /// The scenario is too large for so many hours.
    pub(super) fn mode(self) -> Result<Mode, String> {
        let most = self.scenario.most_hours();
        if let Some(hours) = self.hours.filter(|hours| *hours > most) {
            return Err(format!("--hours: found {hours}, allowed 1 to {most} of {}", self.scenario));
        }
        Ok(self.into_mode())
    }

    fn into_mode(self) -> Mode {
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        let many = |seeds| Many {
            scenario: self.scenario,
            hours: self.hours,
            seeds,
            jobs: self.jobs.map_or_else(cores, usize::from),
            patience: self.patience.map_or_else(|| self.scenario.patience(self.hours), Duration::from_secs),
        };
        if let Some(seed) = self.seed {
            let Self { scenario, hours, without, pcap, describe, .. } = self;
            let without = without.unwrap_or_default();
            return Mode::One(Candidate { seed, scenario, hours, without }, One { pcap, describe });
        }
        if let Some(seeds) = self.seeds {
            return Mode::Seeds(many(seeds));
        }
        if let Some(file) = self.replay {
            return Mode::Replay(file);
        }
        if self.worker {
            return Mode::Worker;
        }
        Mode::Swarm(Swarm {
            many: many(self.first_seed..u64::MAX),
            time: Duration::from_secs(self.minutes.unwrap_or(1) * 60),
            first_finding: self.first_finding,
        })
    }
}

#[cfg(mutants)]
fn mutant(name: &str) -> Result<crier_core::mutant::Mutant, String> {
    crier_core::mutant::Mutant::find(name).ok_or_else(|| "there is no such fault".to_owned())
}

fn range(text: &str) -> Result<Range<u64>, String> {
    let ends = text.split_once("..").and_then(|(from, to)| Some(from.parse().ok()?..to.parse().ok()?));
    match ends {
        Some(range) if !range.is_empty() => Ok(range),
        Some(_) => Err("there is no seed in it".to_owned()),
        None => Err("two numbers are needed: 1..41".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::sim::scenario::Part;

    fn parse(words: &str) -> Option<Mode> {
        let words = std::iter::once("sim").chain(words.split_ascii_whitespace());
        let parsed = Arguments::try_parse_from(words);
        if let Err(error) = &parsed {
            assert_eq!(error.exit_code(), 2);
        }
        parsed.ok()?.mode().ok()
    }

    #[test]
    fn what_clap_checks() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn one_seed() {
        let candidate = Candidate::whole(Scenario::Random, None, 17);
        assert_eq!(parse("--seed 17"), Some(Mode::One(candidate, One::default())));
        let candidate = Candidate {
            seed: 1,
            scenario: Scenario::Lab,
            hours: Some(2),
            without: Parts(vec![Part::Host(3), Part::Fault(7), Part::Work(2)]),
        };
        let one = One { pcap: Some("x.pcap".into()), describe: false };
        let words = "--seed 1 --scenario lab --hours 2 --pcap x.pcap --without h3,f7,w2";
        assert_eq!(parse(words), Some(Mode::One(candidate.clone(), one)));
        // What a report says is what is understood.
        let described = One { pcap: None, describe: true };
        let words = format!("{candidate} --describe");
        assert_eq!(parse(&words), Some(Mode::One(candidate, described)));
    }

    #[test]
    fn many_seeds() {
        let many = Many {
            scenario: Scenario::Clos,
            hours: None,
            seeds: 3..41,
            jobs: 5,
            patience: Duration::from_secs(180),
        };
        assert_eq!(parse("--seeds 3..41 --scenario clos --jobs 5"), Some(Mode::Seeds(many)));
        let many = Many {
            scenario: Scenario::Random,
            hours: Some(1),
            seeds: 1..u64::MAX,
            jobs: std::thread::available_parallelism().unwrap().get(),
            patience: Duration::from_secs(9),
        };
        let swarm = Swarm { many, time: Duration::from_secs(180), first_finding: false };
        let words = "--swarm --minutes 3 --hours 1 --patience 9";
        assert_eq!(parse(words), Some(Mode::Swarm(swarm)));
        let Some(Mode::Swarm(swarm)) = parse("--swarm --minutes 1 --first-seed 700 --first-finding") else {
            panic!("no swarm");
        };
        assert_eq!((swarm.many.seeds.start, swarm.first_finding), (700, true));
    }

    #[test]
    fn patience_grows_with_what_there_is_to_do() {
        let patience = |words: &str| match parse(&format!("--seeds 1..2 {words}")) {
            Some(Mode::Seeds(many)) => many.patience.as_secs(),
            other => panic!("{other:?}"),
        };
        assert_eq!(patience("--scenario lab"), 122);
        // Its runs take a minute and more where nothing else runs.
        assert!(patience("--scenario cluster") > 500);
        assert!(patience("--scenario cluster --hours 8") > 8 * 1_000);
        assert!(patience("--hours 1000") > 3_000);
        assert_eq!(patience("--scenario cluster --patience 7"), 7);
    }

    #[test]
    fn others() {
        assert_eq!(parse("--replay some/file"), Some(Mode::Replay("some/file".into())));
        assert_eq!(parse("--worker"), Some(Mode::Worker));
    }

    #[test]
    fn what_is_hidden_is_not_offered() {
        for words in [&["sim"][..], &["sim", "--scenario", "lab"], &["sim", "--help"]] {
            let error = Arguments::try_parse_from(words).unwrap_err().to_string();
            assert!(error.contains("--seed <N>") && !error.contains("--worker"), "{error}");
        }
    }

    #[test]
    fn wrong_usage() {
        let wrong = [
            "",
            "--scenario lab",
            "--seed",
            "--seed x",
            "--seed 1 --seeds 1..2",
            "--seed 1 --scenario ring",
            "--seed 1 --without q3",
            "--seed 1 --hours 0",
            "--seed 1 --hours 1001",
            "--seed 1 --hours 121 --scenario clos",
            "--swarm --minutes 1 --hours 9 --scenario cluster",
            "--seed 1 --describe --pcap x",
            "--seed 1 --minutes 1",
            "--seed 1 --jobs 2",
            "--seeds 5..5",
            "--seeds 5",
            "--seeds 1..2 --pcap x",
            "--seeds 1..2 --describe",
            "--seeds 1..2 --first-seed 5",
            "--swarm",
            "--swarm --minutes 0",
            "--swarm --minutes 1 --jobs 0",
            "--swarm --minutes 1 --without h1",
            "--swarm --minutes 1 --seeds 1..2",
            "--replay x --jobs 2",
            "--replay x --scenario lab",
            "--replay",
        ];
        for words in wrong {
            assert_eq!(parse(words), None, "{words}");
        }
    }
}
