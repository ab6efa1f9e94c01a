//! Signals, as readiness of a pipe.
//!
//! `signal-hook` alone does it: a flag for each signal, and one socket pair whose writing wakes the loop. Its adapters
//! for mio add a dependency and queues of their own, and give no more than these few lines.

use std::io::{self, Read};
use std::os::unix::net::UnixStream as StdStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use mio::net::UnixStream;
use mio::{Interest, Registry};
use signal_hook::SigId;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level;

use crate::token::Key;

/// A signal to the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGHUP: read the configuration again.
    Hangup,
    /// SIGTERM: stop, as `on-stop` says.
    Terminate,
    /// SIGINT: stop.
    Interrupt,
}

const SIGNALS: [(i32, Signal); 3] =
    [(SIGHUP, Signal::Hangup), (SIGTERM, Signal::Terminate), (SIGINT, Signal::Interrupt)];

/// Signals caught. Dropping it stops that; the signals are then ignored, as their default is not put back.
#[derive(Debug)]
pub(crate) struct Signals {
    pipe: UnixStream,
    raised: [Arc<AtomicBool>; SIGNALS.len()],
    hooks: Vec<SigId>,
}

impl Signals {
    /// Catches the signals from now on.
    pub(crate) fn catch(registry: &Registry) -> io::Result<Self> {
        let (pipe, write) = StdStream::pair()?;
        pipe.set_nonblocking(true)?;
        write.set_nonblocking(true)?;
        let mut signals = Self {
            pipe: UnixStream::from_std(pipe),
            raised: Default::default(),
            hooks: Vec::with_capacity(SIGNALS.len() * 2),
        };
        registry.register(&mut signals.pipe, Key::Signals.token(), Interest::READABLE)?;
        for ((number, _), raised) in SIGNALS.iter().zip(&signals.raised) {
            // In this order: who is woken finds the flag set.
            signals.hooks.push(signal_hook::flag::register(*number, Arc::clone(raised))?);
            signals.hooks.push(low_level::pipe::register(*number, write.try_clone()?)?);
        }
        Ok(signals)
    }

    /// Empties the pipe, so that the next signal is a new edge. To be called before [`Signals::take`].
    pub(crate) fn drain(&mut self) {
        let mut bytes = [0; 64];
        loop {
            match self.pipe.read(&mut bytes) {
                Ok(0) => return,
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) => return,
            }
        }
    }

    /// One of the signals that came since it was last taken; several of one kind are one.
    pub(crate) fn take(&self) -> Option<Signal> {
        SIGNALS
            .iter()
            .zip(&self.raised)
            .find_map(|((_, signal), raised)| raised.swap(false, Ordering::SeqCst).then_some(*signal))
    }
}

impl Drop for Signals {
    fn drop(&mut self) {
        for hook in self.hooks.drain(..) {
            low_level::unregister(hook);
        }
    }
}

#[cfg(test)]
mod tests {
    use mio::{Events, Poll};

    use super::*;

    #[test]
    fn signals_wake_the_poll_and_tell_which_they_were() {
        let mut poll = Poll::new().unwrap();
        let mut events = Events::with_capacity(4);
        let mut signals = Signals::catch(poll.registry()).unwrap();
        assert_eq!(signals.take(), None);
        for (number, signal) in SIGNALS {
            low_level::raise(number).unwrap();
            low_level::raise(number).unwrap();
            poll.poll(&mut events, None).unwrap();
            assert!(events.iter().any(|event| Key::of(event.token()) == Some(Key::Signals)));
            signals.drain();
            assert_eq!(signals.take(), Some(signal));
            assert_eq!(signals.take(), None, "two of a kind are one");
        }
    }
}
