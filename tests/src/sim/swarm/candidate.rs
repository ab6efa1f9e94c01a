//! A run that can be asked for, in a few words.

use std::collections::BTreeSet;
use std::fmt;
use std::io::Write;
use std::mem::discriminant;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{Parts, panics};
use crate::sim::scenario::{self, Part, Scenario};
use crate::sim::{Failure, Micros, Options, Plan, Rule, Statistics, Verdict, run};

/// One seed of so many is run twice, to compare.
const TWICE: u64 = 16;

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
    pub without: Parts,
}

/// What a run came to, and what there was in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Answer {
    /// Speakers in the plan.
    pub speakers: u64,
    /// How it ended.
    pub verdict: Verdict,
}

impl Answer {
    /// What is left of a run that could not tell its verdict itself.
    pub fn lost(failure: Failure) -> Self {
        let end = failure.at;
        let statistics = Statistics::default();
        Self {
            speakers: 0,
            verdict: Verdict { result: Err(failure), hash: 0, end, statistics, trace: Vec::new() },
        }
    }
}

impl Candidate {
    /// The whole plan of a seed.
    pub fn whole(scenario: Scenario, hours: Option<u64>, seed: u64) -> Self {
        Self { seed, scenario, hours, without: Parts::default() }
    }

    /// Its plan.
    pub fn plan(&self) -> Plan {
        let plan = scenario::plan(self.scenario, self.seed, self.hours);
        if self.without.is_empty() { plan } else { scenario::without(&plan, &self.without.0) }
    }

    /// Runs it, and captures its packets if asked to.
    pub fn run(&self, pcap: Option<Box<dyn Write>>) -> Answer {
        let plan = self.plan();
        let speakers = plan.hosts.iter().filter(|host| host.config.is_some()).count() as u64;
        Answer { speakers, verdict: run(&plan, Options { pcap, ..Options::default() }) }
    }

    /// Runs it, some seeds a second time in the same process: both must send the same packets. The first run's are captured
    /// if that is asked for, and `again` is told that a second one begins.
    pub fn run_checked(&self, pcap: Option<Box<dyn Write>>, again: impl FnOnce()) -> Answer {
        let mut answer = self.run(pcap);
        if self.seed.is_multiple_of(TWICE) && answer.verdict.result.is_ok() {
            panics::at(Micros::ZERO);
            again();
            let (first, again) = (answer.verdict.hash, self.run(None).verdict);
            if again.hash != first {
                let text =
                    format!("the same seed sent other packets: {first:016x}, then {:016x}", again.hash);
                let failure = Failure { at: again.end, rule: Rule::Determinism, text };
                answer.verdict = Verdict { result: Err(failure), ..again };
            }
        }
        answer
    }

    /// The parts of its whole plan, kind by kind.
    pub fn parts(&self) -> Vec<Vec<Part>> {
        let parts = self.all_parts();
        parts.chunk_by(|one, next| discriminant(one) == discriminant(next)).map(<[Part]>::to_vec).collect()
    }

    /// What it is to be without although its whole plan does not have it.
    pub fn unknown(&self) -> Parts {
        if self.without.is_empty() {
            return Parts::default();
        }
        let known: BTreeSet<Part> = self.all_parts().into_iter().collect();
        Parts(self.without.0.iter().filter(|part| !known.contains(part)).copied().collect())
    }

    fn all_parts(&self) -> Vec<Part> {
        Part::all(&scenario::plan(self.scenario, self.seed, self.hours))
    }
}

impl fmt::Display for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "--seed {} --scenario {}", self.seed, self.scenario)?;
        if let Some(hours) = self.hours {
            write!(f, " --hours {hours}")?;
        }
        if !self.without.is_empty() {
            write!(f, " --without {}", self.without)?;
        }
        Ok(())
    }
}

impl FromStr for Candidate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut words = text.split_ascii_whitespace();
        let (mut seed, mut scenario, mut hours, mut without) = (None, None, None, Parts::default());
        while let Some(name) = words.next() {
            let wrong = || format!("{name}: not understood in: {text}");
            let value = words.next().ok_or_else(wrong)?;
            match name {
                "--seed" => seed = Some(value.parse().map_err(|_| wrong())?),
                "--scenario" => scenario = Some(value.parse()?),
                "--hours" => hours = Some(value.parse().map_err(|_| wrong())?),
                "--without" => without = value.parse()?,
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
        candidate.without = Parts(vec![Part::Host(3), Part::Fault(7), Part::Work(0)]);
        let words = "--seed 18446744073709551615 --scenario clos --hours 3 --without h3,f7,w0";
        assert_eq!(candidate.to_string(), words);
        assert_eq!(words.parse(), Ok(candidate));
    }

    #[test]
    fn one_seed_of_sixteen_is_run_twice() {
        for (seed, runs) in [(15, 1), (16, 2), (17, 1)] {
            // Without most of it, so that it takes no time.
            let whole = Candidate::whole(Scenario::Lab, None, seed);
            let candidate = Candidate { without: Parts(whole.parts().concat()), ..whole };
            let mut seen = 1;
            let answer = candidate.run_checked(None, || seen += 1);
            assert!(answer.verdict.result.is_ok(), "{:?}", answer.verdict.result);
            assert_eq!(seen, runs, "seed {seed}");
        }
    }

    #[test]
    fn parts_that_the_plan_does_not_have_are_named() {
        let whole = Candidate::whole(Scenario::Lab, None, 1);
        let all = whole.parts().concat();
        assert!(Candidate { without: Parts(all.clone()), ..whole }.unknown().is_empty());
        let odd = [Part::Host(99), Part::Fault(1000), Part::Fault(1001)];
        let mixed = Parts(all.into_iter().chain(odd).collect());
        assert_eq!(Candidate { without: mixed, ..whole }.unknown().to_string(), "h99,f1000-f1001");
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
