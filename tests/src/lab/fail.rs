//! How a lab fails its test: with one sentence that says what was being done.

use std::fmt::{Debug, Display};
use std::thread;
use std::time::{Duration, Instant};

/// Longest wait for anything. Generous: a loaded machine is no failure.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Time between two looks at something that is waited for. Each look may start a process.
const POLL_INTERVAL: Duration = Duration::from_millis(40);

/// Fails the test with `message`.
#[track_caller]
#[expect(clippy::panic, reason = "a lab that cannot be built or does not converge fails its test")]
pub fn fail(message: impl Display) -> ! {
    panic!("{message}")
}

/// Values that must be there for the test to go on.
pub trait OrFail<T> {
    /// The value, or a failed test that says what was being done.
    fn or_fail(self, doing: impl Display) -> T;
}

impl<T> OrFail<T> for Option<T> {
    #[track_caller]
    fn or_fail(self, doing: impl Display) -> T {
        match self {
            Some(value) => value,
            None => fail(format_args!("{doing}: nothing there")),
        }
    }
}

impl<T, E: Display> OrFail<T> for Result<T, E> {
    #[track_caller]
    fn or_fail(self, doing: impl Display) -> T {
        match self {
            Ok(value) => value,
            Err(error) => fail(format_args!("{doing}: {error}")),
        }
    }
}

/// Looks with `probe` until `accept` likes what it sees, and returns that; fails with the last thing seen.
#[track_caller]
pub fn await_until<T: Debug>(what: &str, mut probe: impl FnMut() -> T, accept: impl Fn(&T) -> bool) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = probe();
        if accept(&seen) {
            return seen;
        }
        if Instant::now() >= deadline {
            fail(format_args!("after {} s still not: {what}\nlast seen: {seen:#?}", PATIENCE.as_secs()));
        }
        thread::park_timeout(POLL_INTERVAL);
    }
}
