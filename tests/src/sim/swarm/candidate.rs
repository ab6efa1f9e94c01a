//! A run that can be asked for, in a few words.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::sim::run::{Options, run};
use crate::sim::scenario::{self, Part, Scenario};
use crate::sim::{Failure, Plan, Statistics, Verdict};

/// Events that a broken run shows.
const EVENTS: usize = 100;

/// Scenarios by name.
pub const SCENARIOS: [(&str, Scenario); 4] = [
    ("lab", Scenario::Lab),
    ("clos", Scenario::Clos),
    ("cluster", Scenario::Cluster),
    ("random", Scenario::Random),
];

/// A run: which plan, and what is left out of it.
///
/// Displayed as the arguments that ask `sim` for it; parsed from the same words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The seed.
    pub seed: u64,
    /// The scenario.
    pub scenario: Scenario,
    /// Virtual hours; `None`: as the scenario has it.
    pub hours: Option<u64>,
    /// Parts of the plan that are left out.
    pub without: Vec<Part>,
}

/// What a run came to, and what there was in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// Hosts of the plan.
    pub hosts: u64,
    /// How it ended.
    pub verdict: Verdict,
}

impl Answer {
    /// What is left of a run that could not tell its verdict itself.
    pub fn lost(failure: Failure) -> Self {
        let end = failure.at;
        let statistics = Statistics::default();
        Self {
            hosts: 0,
            verdict: Verdict { result: Err(failure), hash: 0, end, statistics, trace: Vec::new() },
        }
    }
}

impl Candidate {
    /// The whole plan of a seed.
    pub fn whole(scenario: Scenario, hours: Option<u64>, seed: u64) -> Self {
        Self { seed, scenario, hours, without: Vec::new() }
    }

    /// Its plan.
    pub fn plan(&self) -> Plan {
        let plan = scenario::plan(self.scenario, self.seed, self.hours);
        if self.without.is_empty() { plan } else { scenario::without(&plan, &self.without) }
    }

    /// Runs it, and captures its packets if asked to.
    pub fn run(&self, pcap: Option<Box<dyn std::io::Write>>) -> Answer {
        let plan = self.plan();
        let hosts = plan.hosts.len() as u64;
        Answer { hosts, verdict: run(&plan, Options { pcap, events: EVENTS }) }
    }

    /// The parts of its whole plan, in groups: hosts, for with each of them much else goes; faults; what operators do.
    pub fn parts(&self) -> [Vec<Part>; 3] {
        let whole = scenario::plan(self.scenario, self.seed, self.hours);
        [
            (0..whole.hosts.len()).map(Part::Host).collect(),
            (0..whole.faults.len()).map(Part::Fault).collect(),
            (0..whole.work.len()).map(Part::Work).collect(),
        ]
    }
}

/// The name of a scenario.
pub fn scenario_name(scenario: Scenario) -> &'static str {
    SCENARIOS.iter().find(|(_, known)| *known == scenario).map_or("?", |(name, _)| name)
}

/// The scenario of this name.
///
/// # Errors
/// There is none; which there are.
pub fn scenario_named(name: &str) -> Result<Scenario, String> {
    let known = SCENARIOS.iter().find(|(known, _)| *known == name);
    known.map(|(_, scenario)| *scenario).ok_or_else(|| {
        let [names @ .., last] = SCENARIOS.map(|(name, _)| name);
        format!("a scenario is one of {} or {last}", names.join(", "))
    })
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--seed {} --scenario {}", self.seed, scenario_name(self.scenario))?;
        if let Some(hours) = self.hours {
            write!(f, " --hours {hours}")?;
        }
        for (n, part) in self.without.iter().enumerate() {
            write!(f, "{}{part}", if n == 0 { " --without " } else { "," })?;
        }
        Ok(())
    }
}

impl FromStr for Candidate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split_ascii_whitespace();
        let (mut seed, mut scenario, mut hours, mut without) = (None, None, None, Vec::new());
        while let Some(name) = words.next() {
            let wrong = || format!("{name}: not understood in: {text}");
            let value = words.next().ok_or_else(wrong)?;
            match name {
                "--seed" => seed = Some(value.parse().map_err(|_| wrong())?),
                "--scenario" => scenario = Some(scenario_named(value)?),
                "--hours" => hours = Some(value.parse().map_err(|_| wrong())?),
                "--without" => {
                    without =
                        value.split(',').map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?;
                }
                _ => return Err(wrong()),
            }
        }
        match (seed, scenario) {
            (Some(seed), Some(scenario)) => Ok(Self { seed, scenario, hours, without }),
            _ => Err(format!("no seed or no scenario in: {text}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_back() {
        let mut candidate = Candidate::whole(Scenario::Clos, None, u64::MAX);
        assert_eq!(candidate.to_string(), "--seed 18446744073709551615 --scenario clos");
        assert_eq!(candidate.to_string().parse(), Ok(candidate.clone()));
        candidate.hours = Some(3);
        candidate.without = vec![Part::Host(3), Part::Fault(7), Part::Work(0)];
        let words = "--seed 18446744073709551615 --scenario clos --hours 3 --without h3,f7,w0";
        assert_eq!(candidate.to_string(), words);
        assert_eq!(words.parse(), Ok(candidate));
    }

    #[test]
    fn other_words_are_refused() {
        let wrong = [
            "",
            "--seed 1",
            "--scenario lab",
            "--seed 1 --scenario labs",
            "--seed -1 --scenario lab",
            "--seed 1 --scenario lab --hours",
            "--seed 1 --scenario lab --without h1,x2",
            "--seed 1 --scenario lab --verbose yes",
        ];
        for words in wrong {
            assert!(words.parse::<Candidate>().is_err(), "{words}");
        }
    }
}
