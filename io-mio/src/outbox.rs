//! What a connection has been given to send and its socket has not taken yet.

use std::io::{self, ErrorKind, Write};

use crate::buffers::{Buffers, Lease, OWN};

/// Most pieces in one turn that hold less than half of the smallest buffer.
const MOST_SMALL: usize = 3;

/// How a run of writes ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pumped {
    /// There is nothing more to say.
    Idle,
    /// The socket takes no more for now.
    Blocked,
    /// The share is used up and there may be more to say.
    Share,
}

/// Bytes under way to a socket. It holds a buffer only while it has bytes.
#[derive(Debug)]
pub(crate) struct Outbox {
    owner: usize,
    lease: Option<Lease>,
    start: usize,
    end: usize,
}

impl Outbox {
    /// An empty one; `owner` is the place of its own buffer in [`Buffers`].
    pub(crate) fn new(owner: usize) -> Self {
        Self { owner, lease: None, start: 0, end: 0 }
    }

    /// Whether the socket has taken everything.
    pub(crate) fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Sends what is left, then what `encode` writes, again and again until it writes nothing, the socket is full, or
    /// `share` bytes have gone. `encode` is called only while nothing is left over. It may look through much and find little to
    /// write, so that few of its calls may come to little.
    pub(crate) fn pump(
        &mut self,
        buffers: &mut Buffers,
        share: usize,
        socket: &mut impl Write,
        mut encode: impl FnMut(&mut [u8]) -> usize,
    ) -> io::Result<Pumped> {
        let mut sent = 0;
        let mut small = 0;
        loop {
            if !self.flush(buffers, socket, &mut sent)? {
                return Ok(Pumped::Blocked);
            }
            if sent >= share || small == MOST_SMALL {
                return Ok(Pumped::Share);
            }
            if !self.refill(buffers, &mut encode) {
                return Ok(Pumped::Idle);
            }
            small += usize::from(self.end < OWN / 2);
        }
    }

    /// Writes what is left; true once all of it is gone.
    pub(crate) fn flush(
        &mut self,
        buffers: &mut Buffers,
        socket: &mut impl Write,
        sent: &mut usize,
    ) -> io::Result<bool> {
        while let Some(lease) = &self.lease {
            let left = buffers.bytes(lease, self.owner).get(self.start..self.end).unwrap_or_default();
            if left.is_empty() {
                self.discard(buffers);
                return Ok(true);
            }
            match socket.write(left) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(taken) => {
                    self.start += taken;
                    *sent += taken;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.shrink(buffers);
                    return Ok(false);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Forgets what is left.
    pub(crate) fn discard(&mut self, buffers: &mut Buffers) {
        if let Some(lease) = self.lease.take() {
            buffers.give_back(lease);
        }
        (self.start, self.end) = (0, 0);
    }

    /// Makes `owner` the owner, whose own buffer is free.
    pub(crate) fn move_to(&mut self, buffers: &mut Buffers, owner: usize) {
        let len = self.end - self.start;
        if self.lease == Some(Lease::Own)
            && buffers.copy_to_own(&Lease::Own, self.owner, self.start, len, owner)
        {
            (self.start, self.end) = (0, len);
        }
        self.owner = owner;
    }

    fn refill(&mut self, buffers: &mut Buffers, encode: &mut impl FnMut(&mut [u8]) -> usize) -> bool {
        let lease = buffers.lease();
        let room = buffers.bytes(&lease, self.owner);
        let len = room.len();
        (self.start, self.end) = (0, encode(room).min(len));
        self.lease = Some(lease);
        if self.end == 0 {
            self.discard(buffers);
        }
        self.end > 0
    }

    /// Moves a small rest into the own buffer: a blocked keepalive must not hold a pooled one.
    fn shrink(&mut self, buffers: &mut Buffers) {
        let len = self.end - self.start;
        if let Some(lease @ Lease::Pooled(_)) = &self.lease
            && buffers.copy_to_own(lease, self.owner, self.start, len, self.owner)
            && let Some(lease) = self.lease.replace(Lease::Own)
        {
            buffers.give_back(lease);
            (self.start, self.end) = (0, len);
        }
    }
}

#[cfg(test)]
mod tests;
