//! What the loop asks of the program around it.

use std::net::SocketAddr;

use crier_core::{Event, Instant, Speaker};

use crate::chunk::Chunk;
use crate::kernel::{Bridge, Kernel, Leave};
use crate::keys::{Keyring, Keyrings};
use crate::listen::{ListenError, Listeners};
use crate::sessions::Sessions;
use crate::signal::Signal;

/// What a call of the host may use and change.
#[derive(Debug)]
pub struct Context<'a, 'm> {
    /// The speakers, in the order in which the runtime drives them.
    pub speakers: &'a mut [Speaker<'m>],
    /// The present: the same for a whole turn.
    pub now: Instant,
    pub(crate) listeners: &'a mut Listeners,
    pub(crate) sessions: &'a mut Sessions,
    pub(crate) rings: &'a mut Keyrings,
    pub(crate) kernel: Option<&'a mut Kernel>,
    pub(crate) stop: &'a mut bool,
}

impl Context<'_, '_> {
    /// Makes `addresses` those that the speaker at position `instance` is reached at. Listeners that stay are not
    /// touched. On an error the former ones are in force.
    pub fn set_listeners(&mut self, instance: usize, addresses: &[SocketAddr]) -> Result<(), ListenError> {
        self.listeners.set(instance, addresses, self.rings.of(instance))
    }

    /// Where the speaker at position `instance` is reached, with the port that the kernel chose where 0 was asked for.
    pub fn listeners(&self, instance: usize) -> impl Iterator<Item = SocketAddr> {
        self.listeners.addresses(instance)
    }

    /// Makes these the keys of the neighbors of the speaker at position `instance`: of whom is dialled, who calls, and who is
    /// connected. A session's key is changed in place; the session goes on if its neighbor changes likewise.
    pub fn set_keys(&mut self, instance: usize, ring: Keyring) {
        let old = self.rings.replace(instance, ring);
        let new = self.rings.of(instance);
        self.listeners.rekey(instance, &old, new);
        if let Some(speaker) = self.speakers.get_mut(instance) {
            self.sessions.rekey(speaker, instance, self.now, &old, new);
        }
    }

    /// The bridge to the kernel's routes, if they are served. It belongs to the first speaker.
    pub fn bridge(&self) -> Option<&Bridge> {
        self.kernel.as_ref().map(|kernel| kernel.bridge())
    }

    /// From now on the kernel is not told of changes any more. Its routes stay as they are, or go when the runtime ends.
    pub fn leave_kernel(&mut self, leave: Leave) {
        if let Some(kernel) = &mut self.kernel {
            kernel.leave(leave);
        }
    }

    /// Ends [`Runtime::run`](crate::Runtime::run) with this turn, once last words are sent.
    pub fn stop(&mut self) {
        *self.stop = true;
    }
}

/// How far an answer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// There is more; ask again when this has been sent. With nothing written into an empty chunk it means that the
    /// next item fits no chunk, and the client is closed.
    More,
    /// There may be more some time: after an event, a request, a signal, a wake-up or the host's own timer.
    Pending,
    /// That was all.
    Done,
}

/// Whether to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Flow {
    /// Turn again.
    Continue,
    /// The host asked to stop.
    Stop,
}

/// The program around the loop. No call may block, nor take long: every session waits meanwhile.
pub trait Host {
    /// An answer to a client of the control socket, while it is being given. It is a cursor, not the answer itself:
    /// an answer may be a million lines, and is never in memory as a whole.
    type Answer;

    /// A client sent a line (without its end).
    fn request(&mut self, context: &mut Context<'_, '_>, line: &[u8]) -> Self::Answer;

    /// A client sent a line of more than `limit` bytes. The connection ends after this answer.
    fn request_too_long(&mut self, limit: usize) -> Self::Answer;

    /// Writes the next piece of an answer. Called when the client has taken all that came before.
    fn fill(
        &mut self,
        context: &mut Context<'_, '_>,
        answer: &mut Self::Answer,
        chunk: &mut Chunk<'_>,
    ) -> Fill;

    /// Something happened to the speaker at position `instance`.
    fn event(&mut self, now: Instant, instance: usize, event: &Event);

    /// A signal arrived; only after [`Runtime::catch_signals`](crate::Runtime::catch_signals). Unless this is
    /// implemented, each of them stops the loop.
    fn signal(&mut self, context: &mut Context<'_, '_>, signal: Signal) {
        let _ = signal;
        context.stop();
    }

    /// Another thread called [`Waker::wake`](crate::Waker::wake).
    fn woken(&mut self, context: &mut Context<'_, '_>) {
        let _ = context;
    }

    /// Routes of the kernel's that are not ours have changed, or links: see [`Bridge::foreign_routes`].
    fn kernel_changed(&mut self, context: &mut Context<'_, '_>) {
        let _ = context;
    }

    /// When [`Host::timeout`] is to be called next.
    fn deadline(&self) -> Option<Instant> {
        None
    }

    /// The instant of [`Host::deadline`] was reached.
    fn timeout(&mut self, context: &mut Context<'_, '_>) {
        let _ = context;
    }
}
