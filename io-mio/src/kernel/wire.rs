//! What the bridge reaches the kernel through: four lines, so that none waits for the answers of another.
//!
//! They are netlink sockets ([`Sockets`]). Whoever has a kernel of their own, a simulator say, makes a [`Wire`] of it, and
//! [`Kernel`](super::Kernel) is the same over it, byte for byte.

use std::io;
use std::os::fd::AsRawFd as _;

use mio::unix::SourceFd;
use mio::{Interest, Registry};

use crate::netlink::{Group, Netlink, Received};
use crate::token::Key;

/// Bytes that the kernel may have waiting: notifications of others' changes, and of our own.
pub const RECEIVE_BUFFER: usize = 4 << 20;

/// Which of the lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// For requests that change something, and their answers.
    Asking,
    /// For notifications. Nothing is sent there.
    Listening,
    /// For dumps of links, next-hop objects and routes, of which one at a time is under way.
    Dumping,
    /// For dumps of this host's addresses.
    Addressing,
}

/// The lines to a kernel.
pub trait Wire {
    /// Sends one or more requests. The kernel has acted on them when this returns, unless it is slow.
    ///
    /// # Errors
    /// What the system says: none of them has reached the kernel.
    fn send(&mut self, line: Line, requests: &[u8]) -> io::Result<()>;

    /// Receives one datagram into `room`, without waiting for one.
    ///
    /// # Errors
    /// What the system says, apart from what [`Received`] has an answer for.
    fn receive(&mut self, line: Line, room: &mut [u8]) -> io::Result<Received>;

    /// Begins a line anew: what was under way there never comes.
    ///
    /// # Errors
    /// What the system says: the line is as before.
    fn reset(&mut self, line: Line) -> io::Result<()>;

    /// The number that the kernel knows a line by, which is in the notifications that its requests cause.
    fn port(&self, line: Line) -> u32;
}

/// Four netlink sockets.
#[derive(Debug)]
pub struct Sockets {
    asking: Netlink,
    listening: Netlink,
    dumping: Netlink,
    addressing: Netlink,
    /// Where they are waited for.
    registry: Option<Registry>,
}

impl Sockets {
    pub(super) fn open() -> io::Result<Self> {
        let listening = Netlink::open()?;
        listening.set_receive_buffer(RECEIVE_BUFFER)?;
        let groups = [Group::Links, Group::AddressesV4, Group::AddressesV6, Group::RoutesV4, Group::RoutesV6];
        groups.into_iter().try_for_each(|group| listening.subscribe(group))?;
        // Before Linux 5.3 there are none.
        let _ = listening.subscribe(Group::NextHops);
        let asking = Netlink::open()?;
        asking.set_receive_buffer(RECEIVE_BUFFER)?;
        // What our own requests have changed would fill the socket, and what others have done be lost.
        listening.ignore(asking.port())?;
        let (dumping, addressing) = (Netlink::open()?, Netlink::open()?);
        Ok(Self { asking, listening, dumping, addressing, registry: None })
    }

    /// Waits for those that may have something to say without being asked in the same breath.
    pub(super) fn register(&mut self, registry: &Registry) -> io::Result<()> {
        for socket in [&self.listening, &self.dumping, &self.asking] {
            await_readable(registry, socket)?;
        }
        self.registry = Some(registry.try_clone()?);
        Ok(())
    }

    const fn line(&self, line: Line) -> &Netlink {
        match line {
            Line::Asking => &self.asking,
            Line::Listening => &self.listening,
            Line::Dumping => &self.dumping,
            Line::Addressing => &self.addressing,
        }
    }
}

fn await_readable(registry: &Registry, socket: &Netlink) -> io::Result<()> {
    registry.register(&mut SourceFd(&socket.as_raw_fd()), Key::Kernel.token(), Interest::READABLE)
}

impl Wire for Sockets {
    fn send(&mut self, line: Line, requests: &[u8]) -> io::Result<()> {
        self.line(line).send(requests)
    }

    fn receive(&mut self, line: Line, room: &mut [u8]) -> io::Result<Received> {
        self.line(line).receive(room)
    }

    fn reset(&mut self, line: Line) -> io::Result<()> {
        let Line::Dumping = line else { return Err(io::ErrorKind::Unsupported.into()) };
        let socket = Netlink::open()?;
        self.registry.iter().try_for_each(|registry| await_readable(registry, &socket))?;
        // Closed, the former one is waited for no more.
        self.dumping = socket;
        Ok(())
    }

    fn port(&self, line: Line) -> u32 {
        self.line(line).port()
    }
}

/// One socket for everything, for whoever asks one thing at a time.
impl Wire for Netlink {
    fn send(&mut self, _: Line, requests: &[u8]) -> io::Result<()> {
        Self::send(self, requests)
    }

    fn receive(&mut self, _: Line, room: &mut [u8]) -> io::Result<Received> {
        Self::receive(self, room)
    }

    fn reset(&mut self, _: Line) -> io::Result<()> {
        *self = Self::open()?;
        Ok(())
    }

    fn port(&self, _: Line) -> u32 {
        Self::port(self)
    }
}
