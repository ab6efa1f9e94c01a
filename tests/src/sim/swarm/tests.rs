//! Children are this very test program, asked for one test ([`a_child`]) that serves when it is told to.

use std::ops::ControlFlow;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use super::*;
use crate::sim::scenario::{Part, Scenario};
use crate::sim::{Failure, Micros, Outcome, Rule, Statistics, Verdict};

/// Set for those that shall serve.
const SERVE: &str = "CRIER_SIM_TEST_SERVES";

/// Longer than any run takes that ends.
const PATIENCE: Duration = Duration::from_secs(60);

fn child() -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "sim::swarm::tests::a_child", "--nocapture", "--test-threads=1"]);
    command.env(SERVE, "1").env_remove("RUST_BACKTRACE");
    command
}

/// No test in itself: what the others start.
#[test]
fn a_child() {
    if std::env::var_os(SERVE).is_some() {
        // The harness has begun a line.
        println!();
        serve(simulate).unwrap();
    }
}

/// A run as its seed has it.
fn simulate(candidate: &Candidate, again: &dyn Fn()) -> Answer {
    panics::at(Micros::secs(candidate.seed));
    let failed = |rule| Err(Failure { at: Micros::secs(5), rule, text: "as planned".to_owned() });
    panics::last_events(|| vec!["last".to_owned()]);
    let result = match candidate.seed {
        1 => panic!("planned"),
        2 => std::process::abort(),
        3 => loop {
            std::thread::park();
        },
        5 => {
            again();
            Ok(Outcome::Converged(Micros::ZERO))
        }
        6 => {
            again();
            loop {
                std::thread::park();
            }
        }
        4 if !candidate.without.0.contains(&Part::Host(1)) => failed(Rule::Silence),
        4 => failed(Rule::Convergence),
        _ => Ok(Outcome::Converged(Micros::millis(7))),
    };
    let statistics = Statistics { packets: u64::from(std::process::id()), ..Statistics::default() };
    let verdict =
        Verdict { result, hash: u64::MAX - candidate.seed, end: Micros(9), statistics, trace: Vec::new() };
    Answer { speakers: candidate.without.0.len() as u64, verdict }
}

fn candidate(seed: u64) -> Candidate {
    Candidate::whole(Scenario::Lab, None, seed)
}

fn process_of(answer: &Answer) -> u64 {
    assert!(answer.verdict.result.is_ok());
    answer.verdict.statistics.packets
}

#[track_caller]
fn failure(answer: &Answer) -> &Failure {
    match &answer.verdict.result {
        Err(failure) => failure,
        Ok(end) => panic!("{end:?}"),
    }
}

#[test]
fn answers_arrive_whole_and_from_the_same_process() {
    let mut runner = Runner::new(&child, PATIENCE);
    let one = runner.run(&candidate(10)).unwrap();
    let without = Parts(vec![Part::Host(3), Part::Fault(7)]);
    let two = runner.run(&Candidate { without, ..candidate(11) }).unwrap();
    assert_eq!((one.verdict.hash, two.verdict.hash), (u64::MAX - 10, u64::MAX - 11));
    assert_eq!((one.speakers, two.speakers), (0, 2));
    assert_eq!(process_of(&one), process_of(&two));
    let broken = runner.run(&candidate(4)).unwrap();
    assert_eq!((failure(&broken).rule, failure(&broken).text.as_str()), (Rule::Silence, "as planned"));
}

#[test]
fn a_panic_is_told_with_its_place_and_time_and_the_next_run_is_answered() {
    let mut runner = Runner::new(&child, PATIENCE);
    let first = runner.run(&candidate(10)).unwrap();
    let answer = runner.run(&candidate(1)).unwrap();
    let failure = failure(&answer);
    assert_eq!((failure.rule, failure.at), (Rule::NoPanic, Micros::secs(1)));
    assert!(failure.text.contains("swarm/tests.rs:") && failure.text.ends_with(": planned"), "{failure}");
    assert_eq!(answer.verdict.trace, ["last"]);
    assert_ne!(process_of(&first), process_of(&runner.run(&candidate(10)).unwrap()));
}

#[test]
fn a_death_without_words_is_told_too() {
    let mut runner = Runner::new(&child, PATIENCE);
    let answer = runner.run(&candidate(2)).unwrap();
    assert_eq!(failure(&answer).rule, Rule::NoPanic);
    assert!(failure(&answer).text.contains("signal: 6"), "{}", failure(&answer));
    process_of(&runner.run(&candidate(10)).unwrap());
}

#[test]
fn a_run_that_hangs_is_ended_and_told_with_its_time() {
    let mut runner = Runner::new(&child, Duration::from_millis(300));
    let answer = runner.run(&candidate(3)).unwrap();
    let failure = failure(&answer);
    assert_eq!(failure.rule, Rule::Patience);
    assert!(failure.text.starts_with("no end after 0 s of real time: "), "{failure}");
    // On a machine so slow that the run had not begun, it is at the beginning.
    assert!([Micros::secs(3), Micros::ZERO].contains(&failure.at), "{failure}");
}

#[test]
fn a_second_run_is_waited_for_like_the_first() {
    let mut runner = Runner::new(&child, PATIENCE);
    let first = process_of(&runner.run(&candidate(10)).unwrap());
    assert_eq!(process_of(&runner.run(&candidate(5)).unwrap()), first);
    // Nothing is left of it that the next answer could be taken for.
    assert_eq!(runner.run(&candidate(11)).unwrap().verdict.hash, u64::MAX - 11);
    let mut runner = Runner::new(&child, Duration::from_millis(300));
    assert_eq!(failure(&runner.run(&candidate(6)).unwrap()).rule, Rule::Patience);
}

#[test]
fn no_child_is_left() {
    let mut runner = Runner::new(&child, PATIENCE);
    let process = process_of(&runner.run(&candidate(10)).unwrap());
    let path = format!("/proc/{process}");
    assert!(std::fs::exists(&path).unwrap());
    drop(runner);
    assert!(!std::fs::exists(&path).unwrap());
}

#[test]
fn a_child_that_cannot_be_started_is_an_error() {
    let nobody = || Command::new("/nowhere/sim");
    assert!(Runner::new(&nobody, PATIENCE).run(&candidate(10)).is_err());
    let hunted = hunt(&Hunt { command: &nobody, ..all(1..9) }, |_| ControlFlow::Continue(()));
    assert!(hunted.is_err());
}

fn all(seeds: std::ops::Range<u64>) -> Hunt<'static> {
    Hunt {
        scenario: Scenario::Lab,
        hours: None,
        seeds,
        deadline: None,
        jobs: 3,
        shrink: true,
        patience: PATIENCE,
        command: &child,
    }
}

fn runs(settings: &Hunt<'_>) -> Vec<Run> {
    let runs = Mutex::new(Vec::new());
    hunt(settings, |event| {
        if let Event::Run(run) = event {
            runs.lock().unwrap().push(*run);
        }
        ControlFlow::Continue(())
    })
    .unwrap();
    let mut runs = runs.into_inner().unwrap();
    runs.sort_by_key(|run| run.candidate.seed);
    runs
}

#[test]
fn every_seed_is_run_once() {
    let runs = runs(&all(10..30));
    assert!(runs.iter().map(|run| run.candidate.seed).eq(10..30));
    assert!(runs.iter().all(|run| run.answer.verdict.result.is_ok() && run.smaller.is_none()));
}

#[test]
fn what_fails_is_shrunk_to_what_breaks_the_same_rule() {
    let runs = runs(&all(4..5));
    let [run] = runs.as_slice() else { panic!("{runs:?}") };
    assert_eq!(failure(&run.answer).rule, Rule::Silence);
    let smaller = run.smaller.as_ref().unwrap();
    assert_eq!(failure(&smaller.answer).rule, Rule::Silence);
    let whole = run.candidate.parts().concat().len();
    assert_eq!(smaller.candidate.without.0.len(), whole - 1);
    assert!(!smaller.candidate.without.0.contains(&Part::Host(1)));
}

#[test]
fn a_hunt_ends_when_it_is_broken_off() {
    let mut told = 0;
    hunt(&all(10..u64::MAX), |event| {
        told += u64::from(matches!(event, Event::Run(_)));
        if told == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })
    .unwrap();
    assert_eq!(told, 5);
}
