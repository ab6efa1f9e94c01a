//! What is still said when a run panics: where, at which virtual time, and what happened last.

use std::cell::RefCell;
use std::panic::{self, PanicHookInfo};
use std::process;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Answer;
use crate::allocation;
use crate::sim::{Failure, Micros, Rule};

/// Tells what happened last.
type Events = Box<dyn Fn() -> Vec<String>>;

thread_local! {
    static EVENTS: RefCell<Option<Events>> = const { RefCell::new(None) };
}

/// Where the run of this process is. Only shown: nothing depends on it.
static NOW: AtomicU64 = AtomicU64::new(0);

/// The world calls this when it moves on, and a process with one run at a time can say where that is.
#[inline]
pub fn at(now: Micros) {
    NOW.store(now.0, Ordering::Relaxed);
}

/// What the world said last.
pub fn now() -> Micros {
    Micros(NOW.load(Ordering::Relaxed))
}

/// The world lends what tells the last events of its run, oldest first. The run may have any of its values borrowed when
/// that is called.
pub fn last_events(events: impl Fn() -> Vec<String> + 'static) {
    EVENTS.set(Some(Box::new(events)));
}

/// From here on a panic is reported as the broken rule that it is, and ends the process with this status. What it says
/// by itself goes to standard error before.
pub fn report(status: i32, report: impl Fn(Answer) + Send + Sync + 'static) {
    let usual = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        // What follows allocates, and the panic may come from a sealed call.
        allocation::unseal();
        usual(info);
        let mut answer = Answer::lost(failure(info));
        answer.verdict.trace = EVENTS.take().map(|events| events()).unwrap_or_default();
        report(answer);
        process::exit(status);
    }));
}

fn failure(info: &PanicHookInfo<'_>) -> Failure {
    let said = info.payload_as_str().unwrap_or("a panic without words");
    let text = match info.location() {
        Some(place) => format!("{place}: {said}"),
        None => said.to_owned(),
    };
    Failure { at: now(), rule: Rule::NoPanic, text }
}
