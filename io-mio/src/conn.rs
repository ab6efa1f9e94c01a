//! One BGP connection: its socket, what is known of its readiness, and what it has yet to send.

use std::io::{ErrorKind, Read};
use std::net::{IpAddr, SocketAddr};

use crier_core::ConnId;
use crier_core::speaker::CloseCause;
use mio::event::Event;
use mio::net::TcpStream;

use crate::buffers::Buffers;
use crate::cause::close_cause;
use crate::keys::Access;
use crate::outbox::{Outbox, Pumped};
use crate::socket;
use crate::sockopt;

/// Readiness as the kernel last told it. A flag stays set until a call would block, because the edge comes once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ready {
    /// A read may give bytes, an end, or an error.
    pub(crate) readable: bool,
    /// A write may be taken, or may fail.
    pub(crate) writable: bool,
}

impl Ready {
    /// Notes what the kernel says. An error or an end shows in the next call, so it makes that call due.
    pub(crate) fn note(&mut self, event: &Event) {
        self.readable |= event.is_readable() || event.is_read_closed() || event.is_error();
        self.writable |= event.is_writable() || event.is_write_closed() || event.is_error();
    }
}

/// What taking in a connection's news came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// Nothing is left in the kernel.
    All,
    /// The share is used up and there may be more.
    Share,
    /// The connection is over.
    Ended(CloseCause),
}

/// A connection.
#[derive(Debug)]
pub(crate) struct Conn {
    /// The core's name for it.
    pub(crate) id: ConnId,
    /// Whom it is with.
    pub(crate) remote: IpAddr,
    /// Its socket.
    pub(crate) stream: TcpStream,
    /// What the kernel last said.
    pub(crate) ready: Ready,
    /// What it has yet to send.
    pub(crate) outbox: Outbox,
    dialling: bool,
    /// Writing failed with this; what is left to read comes before the end is told.
    broken: Option<CloseCause>,
}

impl Conn {
    /// A connection that a listener accepted.
    pub(crate) fn accepted(id: ConnId, remote: IpAddr, stream: TcpStream, owner: usize) -> Self {
        Self {
            id,
            remote,
            stream,
            ready: Ready { readable: false, writable: true },
            outbox: Outbox::new(owner),
            dialling: false,
            broken: None,
        }
    }

    /// A connection that is being dialled; `over` if the attempt has ended already.
    pub(crate) fn dialled(id: ConnId, remote: IpAddr, stream: TcpStream, owner: usize, over: bool) -> Self {
        Self {
            dialling: true,
            ready: Ready { readable: false, writable: over },
            ..Self::accepted(id, remote, stream, owner)
        }
    }

    /// Brings the connection's key from what it was to what it is to be, in place (RFC 2385). False: it cannot go on.
    pub(crate) fn rekey(&self, old: &Access, new: &Access) -> bool {
        let key = match (old, new) {
            (old, new) if old == new => return true,
            (_, Access::Closed) => return false,
            (_, Access::Open) => None,
            (_, Access::Key(key)) => Some(key),
        };
        match sockopt::set_md5_key(&self.stream, self.remote.into(), key) {
            Ok(()) => true,
            Err(error) => {
                log::warn!("cannot change the key of the connection with {}: {error}", self.remote);
                false
            }
        }
    }

    /// Whether the socket can still carry something to the neighbor.
    pub(crate) fn can_send(&self) -> bool {
        !self.dialling && self.broken.is_none()
    }

    /// Looks whether an attempt to connect is over. The two ends, remote one first, once it succeeded.
    pub(crate) fn finish_dialling(&mut self) -> Result<Option<(SocketAddr, SocketAddr)>, CloseCause> {
        if !self.dialling || !self.ready.writable {
            return Ok(None);
        }
        let ends = socket::dialled(&self.stream).map_err(|error| close_cause(&error))?;
        self.dialling = ends.is_none();
        self.ready.writable = ends.is_some();
        Ok(ends)
    }

    /// Reads up to `share` bytes through `room`, and hands each piece to `receive`.
    pub(crate) fn take_in(&mut self, room: &mut [u8], share: usize, mut receive: impl FnMut(&[u8])) -> Taken {
        if self.dialling || !self.ready.readable {
            return Taken::All;
        }
        let mut left = share;
        while left > 0 {
            let most = left.min(room.len());
            let room = room.get_mut(..most).unwrap_or_default();
            match (&self.stream).read(room) {
                Ok(0) => return Taken::Ended(self.broken.unwrap_or(CloseCause::Eof)),
                Ok(len) => {
                    receive(room.get(..len).unwrap_or_default());
                    left -= len;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.ready.readable = false;
                    return self.broken.map_or(Taken::All, Taken::Ended);
                }
                Err(error) => return Taken::Ended(self.broken.unwrap_or_else(|| close_cause(&error))),
            }
        }
        Taken::Share
    }

    /// Sends what is left and what `encode` writes. True: there is work for another turn.
    ///
    /// An error does not end the connection here. A neighbor that sends a NOTIFICATION and closes makes writing fail
    /// while its reason still waits to be read, so the end is told by [`Conn::take_in`].
    pub(crate) fn send(
        &mut self,
        buffers: &mut Buffers,
        share: usize,
        encode: impl FnMut(&mut [u8]) -> usize,
    ) -> bool {
        match self.outbox.pump(buffers, share, &mut &self.stream, encode) {
            Ok(Pumped::Idle) => false,
            Ok(Pumped::Blocked) => {
                self.ready.writable = false;
                false
            }
            Ok(Pumped::Share) => true,
            Err(error) => {
                self.broken = Some(close_cause(&error));
                self.outbox.discard(buffers);
                self.ready = Ready { readable: true, writable: false };
                true
            }
        }
    }
}

#[cfg(test)]
mod tests;
