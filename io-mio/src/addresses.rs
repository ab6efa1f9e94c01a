//! This host's addresses, asked of the kernel over rtnetlink.
//!
//! A few lines instead of a crate, because the loop reads them while it runs and allocates nothing meanwhile: the answer is
//! parsed in a buffer that is there anyway. Interfaces are told apart by their number, so that the label of an IPv4 address
//! (`eth0:1`) does not make it one of another interface.

use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use socket2::{Domain, Protocol, Socket, Type};

/// Bytes that the kernel puts into one piece of an answer at most.
pub(crate) const PIECE: usize = 32 << 10;

const MESSAGE_HEADER: usize = 16;
const ADDRESS_HEADER: usize = 8;
const ATTRIBUTE_HEADER: usize = 4;
/// Messages and attributes begin at multiples of this.
const ALIGNMENT: usize = 4;

/// An address and the interface that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    /// The interface's number.
    pub(crate) interface: u32,
    /// The address.
    pub(crate) ip: IpAddr,
}

/// A socket to ask through.
#[derive(Debug)]
pub(crate) struct Netlink {
    socket: Socket,
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

impl Netlink {
    /// A socket of its own.
    pub(crate) fn open() -> io::Result<Self> {
        let domain = Domain::from(libc::AF_NETLINK);
        let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::from(libc::NETLINK_ROUTE)))?;
        // An answer waits as soon as it is asked for. If there is none it never comes, and the loop must not wait for it.
        socket.set_nonblocking(true)?;
        Ok(Self { socket, sequence: 0 })
    }

    /// Hands every address of this host to `each`, reading through `room` (at least [`PIECE`] bytes).
    pub(crate) fn addresses(&mut self, room: &mut [u8], mut each: impl FnMut(Address)) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        self.socket.send(&request(self.sequence))?;
        loop {
            let len = match (&self.socket).read(room) {
                Ok(len) => len,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            match piece(room.get(..len).unwrap_or_default(), self.sequence, &mut each) {
                End::More => {}
                End::Last => return Ok(()),
                End::Refused(errno) => return Err(io::Error::from_raw_os_error(errno)),
            }
        }
    }
}

/// RTM_GETADDR for all interfaces and families, as rtnetlink(7) has it.
fn request(sequence: u32) -> [u8; MESSAGE_HEADER + ADDRESS_HEADER] {
    let mut bytes = [0; MESSAGE_HEADER + ADDRESS_HEADER];
    let flags = (libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16;
    let length = bytes.len() as u32;
    let header = [length.to_ne_bytes(), pair(libc::RTM_GETADDR, flags), sequence.to_ne_bytes()];
    for (to, from) in bytes.iter_mut().zip(header.as_flattened()) {
        *to = *from;
    }
    bytes
}

fn pair(first: u16, second: u16) -> [u8; 4] {
    let ([a, b], [c, d]) = (first.to_ne_bytes(), second.to_ne_bytes());
    [a, b, c, d]
}

/// Takes the messages of one piece. What belongs to an earlier question, or makes no sense, is passed over.
fn piece(mut bytes: &[u8], sequence: u32, each: &mut impl FnMut(Address)) -> End {
    while let Some((length, rest)) = u32_at(bytes, 0).zip(bytes.get(MESSAGE_HEADER..)) {
        let length = length as usize;
        let Some(body) = length.checked_sub(MESSAGE_HEADER).and_then(|length| rest.get(..length)) else {
            break;
        };
        if u32_at(bytes, 8) == Some(sequence) {
            match u16_at(bytes, 4).map(i32::from) {
                Some(libc::NLMSG_DONE) => return End::Last,
                Some(libc::NLMSG_ERROR) => {
                    return End::Refused(
                        u32_at(body, 0).map_or(libc::EIO, |code| (code as i32).wrapping_neg()),
                    );
                }
                Some(kind) if kind == i32::from(libc::RTM_NEWADDR) => {
                    if let Some(address) = address(body) {
                        each(address);
                    }
                }
                _ => {}
            }
        }
        bytes = bytes.get(length.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
    }
    End::More
}

/// The address in an RTM_NEWADDR: the local one, where the kernel tells it apart from the other end's.
fn address(body: &[u8]) -> Option<Address> {
    let interface = u32_at(body, 4)?;
    let mut attributes = body.get(ADDRESS_HEADER..)?;
    let mut found = None;
    while let Some((length, kind)) = u16_at(attributes, 0).zip(u16_at(attributes, 2)) {
        let length = usize::from(length);
        let Some(value) = attributes.get(ATTRIBUTE_HEADER..length) else { break };
        if kind == libc::IFA_LOCAL || (kind == libc::IFA_ADDRESS && found.is_none()) {
            found = ip(value).or(found);
        }
        attributes = attributes.get(length.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
    }
    found.map(|ip| Address { interface, ip })
}

fn ip(value: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(value).map(Ipv4Addr::from).map(IpAddr::V4);
    v4.or_else(|_| <[u8; 16]>::try_from(value).map(Ipv6Addr::from).map(IpAddr::V6)).ok()
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|octets| u16::from_ne_bytes(*octets))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|octets| u32::from_ne_bytes(*octets))
}

#[cfg(test)]
mod tests;
