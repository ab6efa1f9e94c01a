//! One seed, in this process.

use std::process::ExitCode;

use super::capture::Capture;
use super::cli::One;
use super::output::Report;
use super::{BROKEN, refused, say};
use crate::sim::swarm::{Candidate, panics};

/// Runs a candidate and reports.
pub(super) fn run(candidate: &Candidate, one: &One) -> ExitCode {
    let unknown = candidate.unknown();
    if !unknown.is_empty() {
        return refused(format_args!(
            "--without {unknown}: the plan has no such parts; --describe shows those it has"
        ));
    }
    if one.describe {
        say(candidate.plan().describe(true));
        return ExitCode::SUCCESS;
    }
    let capture = match one.pcap.as_deref().map(Capture::create).transpose() {
        Ok(capture) => capture,
        Err(error) => return refused(error),
    };
    let last_words = (candidate.clone(), capture.clone());
    panics::report(i32::from(BROKEN), move |answer| {
        let (candidate, capture) = &last_words;
        say(Report(candidate, &answer));
        if let Some(Err(error)) = capture.as_ref().map(Capture::finish) {
            refused(error);
        }
    });
    // As the worker of many seeds does it: a seed that is run twice there is run twice here.
    let answer = candidate.run_checked(capture.clone().map(|capture| Box::new(capture) as _), || ());
    say(Report(candidate, &answer));
    match capture.map_or(Ok(()), |capture| capture.finish()) {
        Err(error) => refused(error),
        Ok(()) if answer.verdict.result.is_err() => ExitCode::from(BROKEN),
        Ok(()) => ExitCode::SUCCESS,
    }
}
