//! Connections that the core has closed, kept until the neighbor has read the last words.
//!
//! A socket that is closed while it has unread bytes sends a reset, and a reset destroys what the neighbor has not read
//! yet: the NOTIFICATION that says why. So what is left is sent, the sending half is closed, and whatever still arrives
//! is read and dropped, until the neighbor closes too or a second is over.

use std::io::{ErrorKind, Read};
use std::net::Shutdown;

use crier_core::{Instant, Millis};
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry};

use crate::buffers::Buffers;
use crate::conn::Ready;
use crate::outbox::Outbox;
use crate::token::Key;

/// How long a neighbor has to take the last words and close.
const PATIENCE: Millis = Millis::from_secs(1);

/// Most bytes that are read and dropped for one connection in one turn.
const SHARE: usize = 64 << 10;

/// The closed connections. There are as many places as were asked for; the oldest makes room for the newest.
#[derive(Debug)]
pub(crate) struct Lingering {
    places: Vec<Option<Closed>>,
    used: usize,
    /// Place of the first one's own buffer in [`Buffers`].
    first_owner: usize,
}

#[derive(Debug)]
struct Closed {
    stream: TcpStream,
    outbox: Outbox,
    ready: Ready,
    until: Instant,
    /// Our half is closed.
    shut: bool,
    /// The neighbor's half is closed.
    ended: bool,
}

impl Lingering {
    /// `places` of them, whose own buffers begin at `first_owner`.
    pub(crate) fn new(places: u16, first_owner: usize) -> Self {
        Self { places: (0..places).map(|_| None).collect(), used: 0, first_owner }
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// Takes a closed connection over.
    pub(crate) fn admit(
        &mut self,
        now: Instant,
        registry: &Registry,
        mut stream: TcpStream,
        mut outbox: Outbox,
        buffers: &mut Buffers,
    ) {
        let index = self.places.iter().position(Option::is_none).or_else(|| {
            let oldest =
                self.places.iter().enumerate().min_by_key(|(_, place)| place.as_ref().map(|c| c.until));
            oldest.map(|(index, _)| index)
        });
        let Some((index, place)) = index.and_then(|index| Some((index, self.places.get_mut(index)?))) else {
            outbox.discard(buffers);
            return;
        };
        if let Some(mut oldest) = place.take() {
            self.used -= 1;
            oldest.outbox.discard(buffers);
        }
        let key = Key::Linger { index: u16::try_from(index).unwrap_or(u16::MAX) };
        if registry.reregister(&mut stream, key.token(), Interest::READABLE | Interest::WRITABLE).is_err() {
            outbox.discard(buffers);
            return;
        }
        outbox.move_to(buffers, self.first_owner + index);
        let ready = Ready { readable: true, writable: true };
        *place = Some(Closed { stream, outbox, ready, until: now + PATIENCE, shut: false, ended: false });
        self.used += 1;
    }

    /// Notes what the kernel says.
    pub(crate) fn note(&mut self, index: u16, event: &Event) {
        if let Some(Some(closed)) = self.places.get_mut(usize::from(index)) {
            closed.ready.note(event);
        }
    }

    /// Goes on with each of them. True: there is work for another turn.
    pub(crate) fn turn(&mut self, now: Instant, buffers: &mut Buffers, room: &mut [u8]) -> bool {
        let mut more = false;
        if self.used == 0 {
            return more;
        }
        for place in &mut self.places {
            let Some(closed) = place else { continue };
            match closed.turn(buffers, room) {
                Progress::More if now < closed.until => more = true,
                Progress::Wait if now < closed.until => {}
                _ => {
                    closed.outbox.discard(buffers);
                    *place = None;
                    self.used -= 1;
                }
            }
        }
        more
    }

    /// When the first of them runs out of patience.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        if self.used == 0 {
            return None;
        }
        self.places.iter().flatten().map(|closed| closed.until).min()
    }
}

enum Progress {
    Wait,
    More,
    Over,
}

impl Closed {
    fn turn(&mut self, buffers: &mut Buffers, room: &mut [u8]) -> Progress {
        if self.ready.writable && !self.shut {
            match self.outbox.flush(buffers, &mut &self.stream, &mut 0) {
                Ok(true) if !self.ended && self.stream.shutdown(Shutdown::Write).is_ok() => self.shut = true,
                Ok(false) => self.ready.writable = false,
                Ok(true) | Err(_) => return Progress::Over,
            }
        }
        let mut left = SHARE;
        while self.ready.readable {
            if left == 0 {
                return Progress::More;
            }
            let most = left.min(room.len());
            match (&self.stream).read(room.get_mut(..most).unwrap_or_default()) {
                Ok(0) if self.shut => return Progress::Over,
                // What is left to send may still be wanted: only one half is closed.
                Ok(0) => (self.ended, self.ready.readable) = (true, false),
                Ok(len) => left -= len,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.ready.readable = false,
                Err(_) => return Progress::Over,
            }
        }
        Progress::Wait
    }
}

#[cfg(test)]
mod tests;
