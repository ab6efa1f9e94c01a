//! Listeners: where neighbors connect to.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};

use crier_core::{Instant, Millis};
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry};

use crate::cause::is_exhaustion;
use crate::socket;
use crate::token::Key;

/// Most listeners of a runtime.
pub(crate) const MOST: u16 = 256;

/// Connections that may wait to be accepted; the kernel cuts it to `net.core.somaxconn`, which is as much.
const BACKLOG: i32 = 4096;

/// Most connections accepted from one listener in one turn.
const ACCEPTS_A_TURN: usize = 64;

/// How long nothing is accepted after the process ran out of descriptors. Trying again at once would spin: the
/// connection that could not be accepted stays in the queue.
const PAUSE: Millis = Millis::from_secs(1);

/// The listeners of every speaker.
#[derive(Debug)]
pub(crate) struct Listeners {
    registry: Registry,
    places: Vec<Option<Listener>>,
    paused_until: Option<Instant>,
}

#[derive(Debug)]
struct Listener {
    instance: usize,
    asked: SocketAddr,
    socket: TcpListener,
    ready: bool,
}

/// Why an address cannot be listened on.
#[derive(Debug)]
pub struct ListenError {
    /// The address.
    pub address: SocketAddr,
    /// What the kernel said.
    pub cause: io::Error,
}

impl Listeners {
    /// None yet.
    pub(crate) fn new(registry: Registry) -> Self {
        Self { registry, places: Vec::new(), paused_until: None }
    }

    /// Makes `wanted` the addresses of `instance`. Those that stay are not touched. On an error the former ones listen
    /// again; connections that waited in the queue of one that had been closed are lost.
    pub(crate) fn set(&mut self, instance: usize, wanted: &[SocketAddr]) -> Result<(), ListenError> {
        // Old ones go first: 0.0.0.0:179 and 192.0.2.1:179 exclude each other.
        let mut closed = Vec::new();
        for place in &mut self.places {
            if let Some(listener) =
                place.take_if(|old| old.instance == instance && !wanted.contains(&old.asked))
            {
                closed.push(listener.asked);
            }
        }
        let mut opened = Vec::new();
        for &address in wanted {
            if self.of(instance).any(|listener| listener.asked == address) {
                continue;
            }
            match self.open(instance, address) {
                Ok(()) => opened.push(address),
                Err(cause) => {
                    self.restore(instance, &opened, &closed);
                    return Err(ListenError { address, cause });
                }
            }
        }
        Ok(())
    }

    /// Where `instance` listens, with the port that the kernel chose where 0 was asked for.
    pub(crate) fn addresses(&self, instance: usize) -> impl Iterator<Item = SocketAddr> {
        self.of(instance).filter_map(|listener| listener.socket.local_addr().ok())
    }

    /// Closes all of them.
    pub(crate) fn close(&mut self) {
        self.places.clear();
    }

    /// Notes that somebody may be waiting.
    pub(crate) fn note(&mut self, index: u16) {
        if let Some(Some(listener)) = self.places.get_mut(usize::from(index)) {
            listener.ready = true;
        }
    }

    /// Hands who is waiting to `admit`: instance, socket, remote address. True: there may be more.
    pub(crate) fn accept(
        &mut self,
        now: Instant,
        mut admit: impl FnMut(usize, TcpStream, SocketAddr),
    ) -> bool {
        if self.paused_until.is_some_and(|until| now < until) {
            return false;
        }
        self.paused_until = None;
        let mut more = false;
        for listener in self.places.iter_mut().flatten().filter(|listener| listener.ready) {
            for _ in 0..ACCEPTS_A_TURN {
                match listener.socket.accept() {
                    Ok((stream, remote)) => admit(listener.instance, stream, remote),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        listener.ready = false;
                        break;
                    }
                    Err(error) if is_exhaustion(&error) => {
                        log::error!("cannot accept connections, pausing for a second: {error}");
                        self.paused_until = Some(now + PAUSE);
                        return more;
                    }
                    // What went wrong with one that was waiting (accept(2)); the next one may be fine.
                    Err(error) => log::debug!("a connection was lost before it was accepted: {error}"),
                }
            }
            more |= listener.ready;
        }
        more
    }

    /// When a pause ends.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.paused_until
    }

    fn of(&self, instance: usize) -> impl Iterator<Item = &Listener> {
        self.places.iter().flatten().filter(move |listener| listener.instance == instance)
    }

    fn open(&mut self, instance: usize, asked: SocketAddr) -> io::Result<()> {
        let index = self.places.iter().position(Option::is_none).unwrap_or(self.places.len());
        let key = match u16::try_from(index) {
            Ok(index) if index < MOST => Key::Listener { index },
            _ => return Err(io::Error::other("more listeners than there is room for")),
        };
        let mut socket = bind(asked)?;
        self.registry.register(&mut socket, key.token(), Interest::READABLE)?;
        let listener = Some(Listener { instance, asked, socket, ready: true });
        match self.places.get_mut(index) {
            Some(place) => *place = listener,
            None => self.places.push(listener),
        }
        Ok(())
    }

    fn restore(&mut self, instance: usize, opened: &[SocketAddr], closed: &[SocketAddr]) {
        for place in &mut self.places {
            place.take_if(|new| new.instance == instance && opened.contains(&new.asked));
        }
        for &address in closed {
            if let Err(error) = self.open(instance, address) {
                log::error!("cannot go back to listening on {address}: {error}");
            }
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = socket::open(address)?;
    // Sessions of a former run that are still in TIME-WAIT must not keep us from the port.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        // IPv4 has listeners of its own; and no neighbor shall have a mapped address.
        socket.set_only_v6(true)?;
    }
    socket::mark(&socket, address.ip());
    // A neighbor with ttl-security drops answers to its dialling that have less (RFC 5082, 3), and who dials is not known yet.
    match address {
        SocketAddr::V4(_) => socket.set_ttl_v4(255)?,
        SocketAddr::V6(_) => socket.set_unicast_hops_v6(255)?,
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(TcpListener::from_std(StdListener::from(socket)))
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on {}: ", self.address)?;
        match self.cause.kind() {
            io::ErrorKind::PermissionDenied if self.address.port() < 1024 => {
                write!(f, "port {} needs root or the capability CAP_NET_BIND_SERVICE", self.address.port())
            }
            io::ErrorKind::AddrInUse => f.write_str(
                "the address is in use; does another BGP daemon, or another crier, run on this host?",
            ),
            io::ErrorKind::AddrNotAvailable => f.write_str("this host does not have the address"),
            _ if self.cause.raw_os_error() == Some(libc::EAFNOSUPPORT) => {
                f.write_str("this host's kernel does not support the address family")
            }
            _ => self.cause.fmt(f),
        }
    }
}

impl Error for ListenError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.cause)
    }
}

#[cfg(test)]
mod tests;
