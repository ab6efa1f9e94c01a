//! Listeners: where neighbors connect to.

use std::error::Error;
use std::fmt;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::os::fd::AsFd;

use crier_core::{Instant, Millis};
use ipnet::IpNet;
use mio::net::{TcpListener, TcpStream};
use mio::{Interest, Registry};

use crate::cause::is_exhaustion;
use crate::keys::{self, Access, Keyring, Keyrings};
use crate::socket;
use crate::sockopt;
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
    /// Prefixes whose keys the kernel did not take: nobody from there is heard.
    keyless: Vec<IpNet>,
    /// How many of those that wait may have been let in before the keys were as they are.
    suspects: u32,
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

    /// Makes `wanted` the addresses of `instance`, whose neighbors have the keys of `ring`. Those that stay are not touched. On an
    /// error the former ones listen again; connections that waited in the queue of one that had been closed are lost.
    ///
    /// One that goes is closed after the new ones are open, or once one of them cannot be opened for it: what is closed may not
    /// be had again, for a process that has given up its privileges.
    pub(crate) fn set(
        &mut self,
        instance: usize,
        wanted: &[SocketAddr],
        ring: &Keyring,
    ) -> Result<(), ListenError> {
        let (mut opened, mut closed) = (Vec::new(), Vec::new());
        for &address in wanted {
            if self.of(instance).any(|listener| listener.asked == address) {
                continue;
            }
            let mut result = self.open(instance, address, ring);
            if result.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::AddrInUse) {
                // 0.0.0.0:179 and 192.0.2.1:179 exclude each other.
                let alike = |old: &SocketAddr| {
                    old.port() == address.port()
                        && old.is_ipv4() == address.is_ipv4()
                        && !wanted.contains(old)
                };
                let former = self.close_those(instance, alike);
                if !former.is_empty() {
                    closed.extend(former);
                    result = self.open(instance, address, ring);
                }
            }
            match result {
                Ok(()) => opened.push(address),
                Err(cause) => {
                    self.restore(instance, &opened, &closed, ring);
                    return Err(ListenError { address, cause });
                }
            }
        }
        self.close_those(instance, |old| !wanted.contains(old));
        Ok(())
    }

    /// Closes those of `instance` that were asked for at such an address; their addresses.
    fn close_those(&mut self, instance: usize, which: impl Fn(&SocketAddr) -> bool) -> Vec<SocketAddr> {
        let goes = |old: &mut Listener| old.instance == instance && which(&old.asked);
        self.places.iter_mut().filter_map(|place| place.take_if(goes)).map(|old| old.asked).collect()
    }

    /// Brings the keys of the listeners of `instance` from `old` to `new`.
    pub(crate) fn rekey(&mut self, instance: usize, old: &Keyring, new: &Keyring) {
        let (old, new) = (old.signed(), new.signed());
        let of_instance = |listener: &&mut Listener| listener.instance == instance;
        for listener in self.places.iter_mut().flatten().filter(of_instance) {
            // One at a time has room for many keys (net.core.optmem_max), not for two sets of them: what goes, goes first.
            let gone = old.iter().filter(|(net, _)| !new.iter().any(|(other, _)| other == net));
            for (net, _) in gone.filter(|(net, _)| of_family(net, listener.asked)) {
                if let Err(error) = sockopt::set_md5_key(&listener.socket, *net, None)
                    && error.raw_os_error() != Some(libc::ENOENT)
                {
                    log::error!("{}: cannot remove the key of {net}: {error}", listener.asked);
                }
            }
            let lacking = std::mem::take(&mut listener.keyless);
            let changed = new.iter().filter(|key| !old.contains(key) || lacking.contains(&key.0));
            listener.keyless = give_keys(&listener.socket, listener.asked, changed);
            if old != new {
                listener.suspects = BACKLOG.unsigned_abs() + 1;
            }
        }
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

    /// Hands who is waiting to `admit`: instance, socket, remote address. True: there may be more. Who should have signed and may
    /// not have is turned away before a byte of it is read.
    pub(crate) fn accept(
        &mut self,
        now: Instant,
        rings: &Keyrings,
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
                    Ok((stream, remote)) if listener.trusts(rings, remote) => {
                        admit(listener.instance, stream, remote);
                    }
                    Ok((_, remote)) => log::debug!("refused a connection from {remote}: it is not signed"),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        listener.ready = false;
                        listener.suspects = 0;
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

    fn open(&mut self, instance: usize, asked: SocketAddr, ring: &Keyring) -> io::Result<()> {
        let index = self.places.iter().position(Option::is_none).unwrap_or(self.places.len());
        let key = match u16::try_from(index) {
            Ok(index) if index < MOST => Key::Listener { index },
            _ => return Err(io::Error::other("more listeners than there is room for")),
        };
        let (mut socket, keyless) = bind(asked, ring)?;
        self.registry.register(&mut socket, key.token(), Interest::READABLE)?;
        let listener = Some(Listener { instance, asked, socket, ready: true, keyless, suspects: 0 });
        match self.places.get_mut(index) {
            Some(place) => *place = listener,
            None => self.places.push(listener),
        }
        Ok(())
    }

    fn restore(&mut self, instance: usize, opened: &[SocketAddr], closed: &[SocketAddr], ring: &Keyring) {
        for place in &mut self.places {
            place.take_if(|new| new.instance == instance && opened.contains(&new.asked));
        }
        for &address in closed {
            if let Err(error) = self.open(instance, address, ring) {
                log::error!("cannot go back to listening on {address}: {error}");
            }
        }
    }
}

impl Listener {
    /// Whether a connection was let in by the key that its neighbor has, if it has one.
    fn trusts(&mut self, rings: &Keyrings, remote: SocketAddr) -> bool {
        let suspect = self.suspects > 0;
        self.suspects = self.suspects.saturating_sub(1);
        match rings.of(self.instance).access(remote.ip()) {
            Access::Open => true,
            Access::Key(_) => !suspect && !self.keyless.iter().any(|net| net.contains(&remote.ip())),
            Access::Closed => false,
        }
    }
}

/// Gives keys to a listener; those prefixes whose keys the kernel does not take.
fn give_keys<'k>(
    socket: &impl AsFd,
    asked: SocketAddr,
    keys: impl IntoIterator<Item = &'k (IpNet, &'k keys::Key)>,
) -> Vec<IpNet> {
    let mut keyless = Vec::new();
    for (net, key) in keys.into_iter().filter(|(net, _)| of_family(net, asked)) {
        if let Err(error) = sockopt::set_md5_key(socket, *net, Some(key)) {
            let hint = match error.raw_os_error() {
                Some(libc::ENOMEM) => "; net.core.optmem_max bounds the keys of a listener",
                Some(libc::ENOPROTOOPT) => "; this host's kernel has no TCP MD5 signatures",
                _ => "",
            };
            log::error!(
                "{asked}: the kernel does not take the key of {net}: {error}{hint}; nobody from there is heard"
            );
            keyless.push(*net);
        }
    }
    keyless
}

fn of_family(net: &IpNet, address: SocketAddr) -> bool {
    net.addr().is_ipv4() == address.is_ipv4()
}

/// A listener with its keys, and the prefixes whose keys it did not get.
fn bind(address: SocketAddr, ring: &Keyring) -> io::Result<(TcpListener, Vec<IpNet>)> {
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
    // Before anybody can be let in.
    let keyless = give_keys(&socket, address, &ring.signed());
    socket.listen(BACKLOG)?;
    Ok((TcpListener::from_std(StdListener::from(socket)), keyless))
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
