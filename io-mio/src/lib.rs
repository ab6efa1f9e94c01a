//! The mio loop that drives [`crier_core`] over Linux sockets: one thread, one `epoll`, any number of speakers.
//!
//! The core does no I/O. This crate owns everything that it must not know of: sockets, the clock, signals, and the
//! Unix control socket. A program makes a [`Runtime`], gives it listeners and perhaps a control socket, and calls
//! [`Runtime::run`] with its speakers and a [`Host`]: the part of the program that answers requests and signals.
//!
//! # The contract of a turn
//!
//! [`Runtime::turn`] is one pass, always in this order:
//!
//! 1. **Wait** until something is ready or the earliest deadline is reached, and not at all if the turn before left
//!    work. What is ready is only noted, in flags that stay set until the kernel says "would block": mio tells an
//!    edge once.
//! 2. **Read the clock**, once for the whole turn. If a timer is due by it, ask the kernel again without waiting:
//!    whatever had arrived by that instant is then known.
//! 3. **Sockets in**: finish dialling, read every ready socket once up to its share, and accept. All of this is before
//!    any timer is judged. If the process was late, a keepalive that waited in the kernel counts before the hold timer.
//! 4. **Timers**, then **long jobs** in a budget of table entries.
//! 5. **Actions**: dial and close. A close comes when the core has nothing more to say on the connection, and its handle
//!    is dead by then. What the socket has not taken yet is still sent: the connection *lingers* for a second at most,
//!    until the neighbor has read the last words and closed too.
//! 6. **Sockets out**: a connection that is writable and has something to say is asked for bytes until its socket is
//!    full or its share is used. Then actions again: once a NOTIFICATION has been handed over, its connection is closed.
//! 7. **Events** to the host, then its own timer, wake-ups from other threads, signals, and the control socket.
//!
//! Each step is bounded: bytes for each socket, connections accepted, entries worked, actions, chunks for each control
//! client. What a bound cuts off is done in the next turn, which then does not wait. So no peer, however fast, delays
//! another peer's keepalive by more than one turn.
//!
//! # Memory
//!
//! Everything a turn needs is allocated by [`Runtime::new`] and [`Runtime::serve_control`]; [`Sizes::bytes`] says how
//! much. There is one read buffer for all connections. Messages are encoded straight into a buffer of a small pool,
//! and a connection keeps that buffer only while its socket has not taken all of it. When the pool is empty, each
//! connection still has 4096 bytes of its own, so a crowd of neighbors that do not read cannot stop one that does.
//! A turn allocates nothing and frees nothing, except what the host does, what replacing listeners on a reload needs, and
//! the table of this host's addresses should it have more than 4096. An allocator that watches the loop's thread proves it
//! in the tests.
//!
//! # What is process-wide
//!
//! Nothing but signals, and only if [`Runtime::catch_signals`] was called. Any number of runtimes may live in one
//! process, each in a thread of its own.

/// Whether a fault is planted here, for the simulator's judge to find: see `crier_core::mutant`.
#[cfg(mutants)]
macro_rules! mutant {
    ($name:ident) => {
        crier_core::mutant::is_active(crier_core::mutant::Mutant::$name)
    };
}
#[cfg(not(mutants))]
macro_rules! mutant {
    ($name:ident) => {
        false
    };
}

mod addresses;
mod buffers;
pub mod calls;
mod cause;
mod chunk;
mod clock;
mod conn;
mod control;
mod ends;
mod host;
pub mod kernel;
mod keys;
mod linger;
mod listen;
pub mod netlink;
mod outbox;
mod runtime;
mod sessions;
mod signal;
mod socket;
mod sockopt;
mod token;

pub use chunk::Chunk;
pub use clock::Clock;
pub use control::{ControlError, ControlErrorKind};
pub use ends::host_addresses;
pub use host::{Context, Fill, Flow, Host};
pub use keys::{Access, Key, Keyring};
pub use listen::ListenError;
pub use mio::Waker;
pub use runtime::{Runtime, Sizes};
pub use signal::Signal;
pub use sockopt::{Signing, may_bind_to_device};
