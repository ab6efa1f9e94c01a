//! The last things that happened, for people who look for the cause of a failure.

use std::collections::VecDeque;

use crate::sim::Micros;

/// How many are kept.
const KEPT: usize = 100;

/// The last events.
#[derive(Debug, Default)]
pub struct Trace {
    events: VecDeque<(Micros, usize, String)>,
}

impl Trace {
    /// Notes what happened to a host.
    pub(crate) fn note(&mut self, at: Micros, host: usize, text: impl FnOnce() -> String) {
        if self.events.len() == KEPT {
            self.events.pop_front();
        }
        self.events.push_back((at, host, text()));
    }

    /// The last events, oldest first, with the hosts by their names.
    pub fn lines(&self, name: impl Fn(usize) -> String) -> Vec<String> {
        self.events.iter().map(|(at, host, text)| format!("{at} {}: {text}", name(*host))).collect()
    }
}
