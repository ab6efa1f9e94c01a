//! The last things that happened, for people who look for the cause of a failure.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use crate::sim::Micros;
use crate::sim::swarm::panics;

/// When, on which host, and what.
type Noted = (Micros, usize, String);

/// The last events.
#[derive(Debug, Default)]
pub struct Trace {
    kept: usize,
    /// Shared with whoever reports a panic.
    events: Rc<RefCell<VecDeque<Noted>>>,
}

impl Trace {
    /// Keeps this many from now on.
    pub(crate) fn keep(&mut self, events: usize) {
        self.kept = events;
    }

    /// Notes what happened to a host.
    pub(crate) fn note(&self, at: Micros, host: usize, text: impl FnOnce() -> String) {
        if self.kept == 0 {
            return;
        }
        let noted = (at, host, text());
        let mut events = self.events.borrow_mut();
        if events.len() >= self.kept {
            events.pop_front();
        }
        events.push_back(noted);
    }

    /// If the run panics from here on, these events are told, with the hosts by these names.
    pub(crate) fn lend(&self, names: Vec<String>) {
        let events = Rc::clone(&self.events);
        panics::last_events(move || {
            let name = |host: usize| names.get(host).cloned().unwrap_or_else(|| "network".to_owned());
            events.try_borrow().map(|events| lines(&events, name)).unwrap_or_default()
        });
    }

    /// The last events, oldest first, with the hosts by their names.
    pub fn lines(&self, name: impl Fn(usize) -> String) -> Vec<String> {
        lines(&self.events.borrow(), name)
    }
}

fn lines(events: &VecDeque<Noted>, name: impl Fn(usize) -> String) -> Vec<String> {
    events.iter().map(|(at, host, text)| format!("{at} {}: {text}", name(*host))).collect()
}
