//! A child that is started again when it is gone.

use std::io;
use std::process::Command;
use std::time::Duration;

use super::child::{Child, End};
use super::{Answer, Candidate};
use crate::sim::{Failure, Micros, Rule};

/// Has every run answered, even one that ends its process or never ends.
pub struct Runner<'a> {
    command: &'a (dyn Fn() -> Command + Sync),
    patience: Duration,
    child: Option<Child>,
}

impl<'a> Runner<'a> {
    /// A runner whose children are started by this command, and may take that long for one run.
    pub fn new(command: &'a (dyn Fn() -> Command + Sync), patience: Duration) -> Self {
        Self { command, patience, child: None }
    }

    /// Runs a candidate.
    ///
    /// # Errors
    /// The child cannot be started.
    pub fn run(&mut self, candidate: &Candidate) -> io::Result<Answer> {
        let mut child = match self.child.take() {
            Some(child) => child,
            None => Child::start(&mut (self.command)())?,
        };
        Ok(match child.ask(candidate, self.patience) {
            Ok(answer) => {
                // One that panicked is on its way out.
                let panicked =
                    matches!(&answer.verdict.result, Err(failure) if failure.rule == Rule::NoPanic);
                self.child = (!panicked).then_some(child);
                answer
            }
            Err(end) => self.failed(end),
        })
    }

    fn failed(&self, end: End) -> Answer {
        match end {
            End::Hung { at } => {
                let where_it_was = if at.is_some() { "" } else { ", and did not say where it is" };
                let text = format!(
                    "no end after {} s of real time{where_it_was}: it hangs, or the machine is busy, and needs a longer --patience",
                    self.patience.as_secs()
                );
                Answer::lost(Failure { at: at.unwrap_or_default(), rule: Rule::Patience, text })
            }
            End::Died { status, complaints } => {
                let status = status.map_or_else(|| "no status".to_owned(), |status| status.to_string());
                let words = complaints.iter().rev().map(|line| line.trim()).find(|line| !line.is_empty());
                let text = format!("the process ended ({status}): {}", words.unwrap_or("it said nothing"));
                let mut answer = Answer::lost(Failure { at: Micros::ZERO, rule: Rule::NoPanic, text });
                answer.verdict.trace = complaints;
                answer
            }
        }
    }
}
