//! Verdicts in words.

use std::fmt;

use super::text::{Counted, Number, Span};
use crate::sim::swarm::{Answer, Candidate};
use crate::sim::{Failure, Outcome};

/// A run by name: "random seed 17, without 2 parts".
pub(super) struct Name<'a>(pub(super) &'a Candidate);

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} seed {}", self.0.scenario, self.0.seed)?;
        if let Some(hours) = self.0.hours {
            write!(f, ", {}", Counted(hours, "hour"))?;
        }
        match self.0.without.0.len() {
            0 => Ok(()),
            parts => write!(f, ", without {}", Counted(parts as u64, "part")),
        }
    }
}

/// The command that repeats a run.
pub(super) struct Repeat<'a>(pub(super) &'a Candidate);

impl fmt::Display for Repeat<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Checks differ: an overflow panics in a debug build only.
        let release = if cfg!(debug_assertions) { "" } else { "--release " };
        write!(f, "cargo run {release}-p crier-tests --bin sim -- {}", self.0)
    }
}

/// What happened in a run, in numbers, and its hash.
struct Figures<'a>(&'a Answer);

impl fmt::Display for Figures<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Answer { speakers, verdict } = self.0;
        let counts = &verdict.statistics;
        write!(
            f,
            "{} virtual, {}, {}, ",
            Span(verdict.end),
            Counted(*speakers, "speaker"),
            Counted(counts.faults, "fault"),
        )?;
        if counts.refused > 0 {
            write!(f, "{} of {} refused, ", Number(counts.refused), Counted(counts.work, "command"))?;
        }
        write!(
            f,
            "{}, {}; {:016x}",
            Counted(counts.updates, "UPDATE"),
            Counted(counts.packets, "packet"),
            verdict.hash
        )
    }
}

/// How bad it is: a rule was broken, or nobody waited for the end.
pub(super) fn verb(failure: &Failure) -> &'static str {
    if failure.is_given_up() { "GIVEN UP" } else { "BROKEN" }
}

/// What a run came to: one line if it went well, else everything about it.
pub(super) struct Report<'a>(pub(super) &'a Candidate, pub(super) &'a Answer);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, figures) = (Name(self.0), Figures(self.1));
        match &self.1.verdict.result {
            Ok(Outcome::Converged(after)) => {
                writeln!(f, "{name}: converged {} after the healing; {figures}", Span(*after))
            }
            Ok(Outcome::Oscillates(what)) => writeln!(f, "{name}: oscillates, as it must: {what}; {figures}"),
            Err(failure) => {
                writeln!(f, "{name}: {} at {} s: {}", verb(failure), failure.at, failure.rule)?;
                for line in failure.text.lines() {
                    writeln!(f, "  {line}")?;
                }
                // A run whose process ended has left none.
                if self.1.speakers > 0 {
                    writeln!(f, "  until then: {figures}")?;
                }
                writeln!(f, "  again with: {}", Repeat(self.0))?;
                let trace = &self.1.verdict.trace;
                if !trace.is_empty() {
                    writeln!(f, "  the last {}:", Counted(trace.len() as u64, "event"))?;
                }
                trace.iter().try_for_each(|event| writeln!(f, "    {event}"))
            }
        }
    }
}

/// A broken rule in one line.
pub(super) struct Brief<'a>(pub(super) &'a Candidate, pub(super) &'a Failure);

impl fmt::Display for Brief<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failure { at, rule, text } = self.1;
        let verb = verb(self.1);
        let text = text.lines().next().unwrap_or_default();
        writeln!(f, "{}: {verb} at {at} s: {rule}: {text}; again with: {}", Name(self.0), Repeat(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::scenario::{Part, Scenario};
    use crate::sim::swarm::Parts;
    use crate::sim::{Micros, Rule, Statistics, Verdict};

    fn answer(result: Result<Outcome, Failure>) -> Answer {
        let statistics = Statistics { packets: 48_120, updates: 1_204, faults: 9, ..Statistics::default() };
        let trace = if result.is_err() { vec!["a".to_owned(), "b".to_owned()] } else { Vec::new() };
        let verdict = Verdict { result, hash: 0xbeef, end: Micros::secs(612), statistics, trace };
        Answer { speakers: 7, verdict }
    }

    fn keepalive() -> Failure {
        let text = "h1 to h2: 3 s late\nhold time 9 s".to_owned();
        Failure { at: Micros(12_345_678), rule: Rule::Keepalive, text }
    }

    #[test]
    fn what_holds_is_one_line() {
        let candidate = Candidate::whole(Scenario::Random, None, 17);
        let converged = answer(Ok(Outcome::Converged(Micros::millis(12_345))));
        assert_eq!(
            Report(&candidate, &converged).to_string(),
            "random seed 17: converged 12.3 s after the healing; 612 s virtual, 7 speakers, 9 faults, 1,204 UPDATEs, \
             48,120 packets; 000000000000beef\n"
        );
        let oscillates = answer(Ok(Outcome::Oscillates("10.0.0.0/8 at h1".to_owned())));
        let text = Report(&candidate, &oscillates).to_string();
        assert!(
            text.starts_with("random seed 17: oscillates, as it must: 10.0.0.0/8 at h1; 612 s"),
            "{text}"
        );
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn what_is_broken_says_everything() {
        let without = Parts(vec![Part::Host(3), Part::Work(0)]);
        let candidate = Candidate { seed: 17, scenario: Scenario::Lab, hours: Some(1), without };
        let release = if cfg!(debug_assertions) { "" } else { "--release " };
        let expected = format!(
            "lab seed 17, 1 hour, without 2 parts: BROKEN at 12.345678 s: keepalives in time
  h1 to h2: 3 s late
  hold time 9 s
  until then: 612 s virtual, 7 speakers, 9 faults, 1,204 UPDATEs, 48,120 packets; 000000000000beef
  again with: cargo run {release}-p crier-tests --bin sim -- --seed 17 --scenario lab --hours 1 --without h3,w0
  the last 2 events:
    a
    b
"
        );
        assert_eq!(Report(&candidate, &answer(Err(keepalive()))).to_string(), expected);
    }

    #[test]
    fn in_brief_it_is_one_line() {
        let candidate = Candidate::whole(Scenario::Clos, None, 1);
        let text = Brief(&candidate, &keepalive()).to_string();
        let begin = "clos seed 1: BROKEN at 12.345678 s: keepalives in time: h1 to h2: 3 s late; again with: cargo run";
        assert!(text.starts_with(begin) && text.lines().count() == 1, "{text}");
    }

    #[test]
    fn a_run_that_was_given_up_is_not_called_broken() {
        let candidate = Candidate::whole(Scenario::Clos, None, 1);
        let failure = Failure { at: Micros::secs(7), rule: Rule::Patience, text: "no end".to_owned() };
        let brief = Brief(&candidate, &failure).to_string();
        assert!(
            brief.starts_with("clos seed 1: GIVEN UP at 7.000000 s: an end in real time: no end; again"),
            "{brief}"
        );
        let report = Report(&candidate, &Answer::lost(failure)).to_string();
        assert!(
            report.starts_with("clos seed 1: GIVEN UP at 7.000000 s: an end in real time\n  no end\n"),
            "{report}"
        );
        assert!(!report.contains("BROKEN"), "{report}");
    }

    #[test]
    fn what_operators_were_refused_is_told_if_there_was_any() {
        let candidate = Candidate::whole(Scenario::Clos, None, 1);
        let mut converged = answer(Ok(Outcome::Converged(Micros::ZERO)));
        assert!(!Report(&candidate, &converged).to_string().contains("command"));
        converged.verdict.statistics.work = 12;
        converged.verdict.statistics.refused = 3;
        let text = Report(&candidate, &converged).to_string();
        assert!(text.contains(", 9 faults, 3 of 12 commands refused, 1,204 UPDATEs, "), "{text}");
    }

    #[test]
    fn a_lost_run_has_no_figures() {
        let candidate = Candidate::whole(Scenario::Clos, None, 1);
        let text = Report(&candidate, &Answer::lost(keepalive())).to_string();
        assert!(!text.contains("until then") && !text.contains("events"), "{text}");
    }
}
