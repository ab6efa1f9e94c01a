//! One closure at a time, from the test's thread to the loop's and back, without memory being allocated or freed there.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crier_io_mio::{Context, Waker};

use super::Seen;
use crate::lab::{OrFail, PATIENCE, fail};

type Job = Box<dyn FnMut(&mut Context<'_, '_>, &mut Seen) + Send>;

/// Where the closure waits.
#[derive(Default)]
pub(super) struct Mailbox {
    slot: Mutex<Slot>,
    done: Condvar,
}

#[derive(Default)]
enum Slot {
    #[default]
    Empty,
    Asked(Job),
    /// Done, and to be dropped by who asked.
    Done(Job),
}

impl Mailbox {
    /// Has `job` run by the loop that `waker` wakes; its answer.
    #[track_caller]
    pub(super) fn call<T: Send + 'static>(
        &self,
        waker: &Waker,
        mut job: impl FnMut(&mut Context<'_, '_>, &mut Seen) -> T + Send + 'static,
    ) -> T {
        let answer = Arc::new(Mutex::new(None));
        let place = Arc::clone(&answer);
        let boxed: Job = Box::new(move |context, seen| {
            let value = job(context, seen);
            *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        });
        let mut slot = self.lock();
        *slot = Slot::Asked(boxed);
        waker.wake().or_fail("waking the loop");
        let waiting = |slot: &mut Slot| !matches!(slot, Slot::Done(_));
        let waited = self.done.wait_timeout_while(slot, PATIENCE, waiting);
        let (mut slot, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let Slot::Done(job) = std::mem::take(&mut *slot) else { fail("the loop does not answer") };
        drop(job);
        let taken = answer.lock().unwrap_or_else(PoisonError::into_inner).take();
        taken.or_fail("the loop's answer")
    }

    /// Runs what waits, on the loop's thread.
    pub(super) fn serve(&self, context: &mut Context<'_, '_>, seen: &mut Seen) {
        let mut slot = self.lock();
        *slot = match std::mem::take(&mut *slot) {
            Slot::Asked(mut job) => {
                job(context, seen);
                Slot::Done(job)
            }
            other => other,
        };
        self.done.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Slot> {
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox")
    }
}
