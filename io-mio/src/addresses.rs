//! This host's addresses, asked of the kernel over rtnetlink.
//!
//! The loop reads them while it runs and allocates nothing meanwhile: the answer is parsed in a buffer that is there
//! anyway.

use std::io;

use crate::kernel::{Line, Wire};
use crate::netlink::decode::{Address, Message, messages};
use crate::netlink::{DATAGRAM, Netlink, Received, encode};

/// Bytes that the kernel puts into one piece of an answer at most.
pub(crate) const PIECE: usize = DATAGRAM;

/// A socket to ask through.
#[derive(Debug)]
pub(crate) struct Asker {
    netlink: Netlink,
    sequence: u32,
}

/// What a piece of an answer ended with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// There is more to read.
    More,
    /// It was the last one.
    Last,
    /// The kernel refuses, with this error number.
    Refused(i32),
}

impl Asker {
    /// With a socket of its own.
    pub(crate) fn open() -> io::Result<Self> {
        Ok(Self { netlink: Netlink::open()?, sequence: 0 })
    }

    /// As [`read`].
    pub(crate) fn addresses(&mut self, room: &mut [u8], each: impl FnMut(Address)) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        read(&mut self.netlink, self.sequence, room, each)
    }
}

/// Hands every address of this host to `each`, reading through `room` (at least [`PIECE`] bytes). `sequence`: another number
/// than before on the same wire.
pub(crate) fn read(
    wire: &mut impl Wire,
    sequence: u32,
    room: &mut [u8],
    mut each: impl FnMut(Address),
) -> io::Result<()> {
    let length = encode::dump_addresses(room, sequence);
    wire.send(Line::Addressing, length.and_then(|length| room.get(..length)).unwrap_or_default())?;
    loop {
        let length = match wire.receive(Line::Addressing, room)? {
            Received::Datagram(length) => length,
            Received::Foreign => continue,
            Received::Truncated(_) => return Err(io::ErrorKind::InvalidData.into()),
            Received::Overrun => return Err(io::Error::from_raw_os_error(libc::ENOBUFS)),
            Received::Nothing => return Err(io::ErrorKind::WouldBlock.into()),
        };
        match piece(room.get(..length).unwrap_or_default(), sequence, &mut each) {
            End::More => {}
            End::Last => return Ok(()),
            End::Refused(errno) => return Err(io::Error::from_raw_os_error(errno)),
        }
    }
}

/// Takes the messages of one piece. What belongs to an earlier question, or makes no sense, is passed over.
fn piece(bytes: &[u8], sequence: u32, each: &mut impl FnMut(Address)) -> End {
    for (origin, message) in messages(bytes) {
        if origin.sequence != sequence {
            continue;
        }
        match message {
            Message::Address(address) => each(address),
            Message::Done => return End::Last,
            Message::Refused(refusal) => return End::Refused(refusal.errno),
            _ => {}
        }
    }
    End::More
}

#[cfg(test)]
mod tests;
