//! The last things that happened, for people who look for the cause of a failure.

use std::collections::VecDeque;

use crate::sim::Micros;

/// The last events.
#[derive(Debug, Default)]
pub struct Trace {
    kept: usize,
    events: VecDeque<(Micros, usize, String)>,
}

impl Trace {
    /// Keeps this many from now on.
    pub(crate) fn keep(&mut self, events: usize) {
        self.kept = events;
    }

    /// Notes what happened to a host.
    pub(crate) fn note(&mut self, at: Micros, host: usize, text: impl FnOnce() -> String) {
        if self.events.len() >= self.kept && self.events.pop_front().is_none() {
            return;
        }
        self.events.push_back((at, host, text()));
    }

    /// The last events, oldest first, with the hosts by their names.
    pub fn lines(&self, name: impl Fn(usize) -> String) -> Vec<String> {
        self.events.iter().map(|(at, host, text)| format!("{at} {}: {text}", name(*host))).collect()
    }
}
