//! One seed, in this process.

use std::process::ExitCode;

use super::capture::Capture;
use super::cli::One;
use super::output::Report;
use super::{BROKEN, refused, say};
use crate::sim::swarm::{Candidate, panics};

/// Runs a candidate and reports.
pub(super) fn run(candidate: &Candidate, one: &One) -> ExitCode {
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
    let answer = candidate.run(capture.clone().map(|capture| Box::new(capture) as _));
    say(Report(candidate, &answer));
    match capture.map_or(Ok(()), |capture| capture.finish()) {
        Err(error) => refused(error),
        Ok(()) if answer.verdict.result.is_err() => ExitCode::from(BROKEN),
        Ok(()) => ExitCode::SUCCESS,
    }
}
