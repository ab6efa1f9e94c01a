//! TCP sockets as BGP wants them: how they are dialled and what options they get.

use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6, TcpStream as StdStream};

use crier_core::config::{InterfaceName, Ttl};
use mio::net::TcpStream;
use socket2::{Domain, Protocol, Socket, Type};

use crate::keys::Access;
use crate::sockopt;

/// Class selector 6, internetwork control (RFC 4594, 3.2): routing traffic goes first where queues are full.
const CONTROL_TRAFFIC: u32 = 0xc0;

/// A new socket for `address`'s family that does not block.
pub(crate) fn open(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Begins to connect. The stream says that it is writable when the attempt is over, one way or the other; see
/// [`dialled`]. True: it is over already.
pub(crate) fn dial(
    remote: SocketAddr,
    local: Option<IpAddr>,
    interface: Option<InterfaceName>,
    ttl: Ttl,
    external: bool,
    access: &Access,
) -> io::Result<(TcpStream, bool)> {
    let socket = open(remote)?;
    prepare(&socket, remote.ip(), ttl, external)?;
    match access {
        Access::Open => {}
        Access::Key(key) => sockopt::set_md5_key(&socket, remote.ip().into(), Some(key))?,
        Access::Closed => return Err(io::Error::other("its key is not known")),
    }
    if let Some(interface) = interface {
        socket.bind_device(Some(interface.as_str().as_bytes()))?;
    }
    if let Some(local) = local {
        // Only saves ports; without it the kernel picks one now.
        let _ = sockopt::set_bind_address_no_port(&socket);
        socket.bind(&source(local, remote).into())?;
    }
    let over = match socket.connect(&remote.into()) {
        Ok(()) => true,
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => false,
        Err(error) => return Err(error),
    };
    Ok((TcpStream::from_std(StdStream::from(socket)), over))
}

/// How an attempt to connect stands: its two ends once it is open, `None` while it is under way.
pub(crate) fn dialled(stream: &TcpStream) -> io::Result<Option<(SocketAddr, SocketAddr)>> {
    if let Some(error) = stream.take_error()? {
        return Err(error);
    }
    // Writable and without error is not enough: only a connection has a remote address.
    match stream.peer_addr() {
        Ok(remote) => {
            let local = stream.local_addr()?;
            // Dialling a local port that nobody listens on can meet itself (simultaneous open from the same port).
            if local == remote {
                Err(io::ErrorKind::ConnectionRefused.into())
            } else {
                Ok(Some((remote, local)))
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotConnected => Ok(None),
        Err(error) => Err(error),
    }
}

/// Sets the options of a session's socket.
pub(crate) fn prepare(socket: &Socket, remote: IpAddr, ttl: Ttl, external: bool) -> io::Result<()> {
    socket.set_tcp_nodelay(true)?;
    mark(socket, remote);
    let (send, least) = hops(ttl, external);
    if let Some(send) = send {
        match remote {
            IpAddr::V4(_) => socket.set_ttl_v4(send.into())?,
            IpAddr::V6(_) => socket.set_unicast_hops_v6(send.into())?,
        }
    }
    if let Some(least) = least {
        match remote {
            IpAddr::V4(_) => sockopt::set_min_ttl_v4(socket, least)?,
            IpAddr::V6(_) => sockopt::set_min_hops_v6(socket, least)?,
        }
    }
    Ok(())
}

/// Whether an accepted connection's neighbor is as near as `ttl` wants it. The listener let everybody in, and what is in the queue
/// already came before the socket had its minimum; so the segment that completed the handshake must have had it.
pub(crate) fn is_near(socket: &Socket, remote: IpAddr, ttl: Ttl) -> io::Result<bool> {
    let Some(least) = hops(ttl, false).1 else { return Ok(true) };
    Ok(sockopt::handshake_ttl(socket, remote)?.is_some_and(|found| found >= least))
}

/// Marks the socket's packets as routing traffic. Sessions work without, so a refusal changes nothing.
pub(crate) fn mark(socket: &Socket, address: IpAddr) {
    let _ = match address {
        IpAddr::V4(_) => socket.set_tos_v4(CONTROL_TRAFFIC),
        IpAddr::V6(_) => socket.set_tclass_v6(CONTROL_TRAFFIC),
    };
}

/// Time to live to send with, and the least to accept, where they are not the system's.
fn hops(ttl: Ttl, external: bool) -> (Option<u8>, Option<u8>) {
    match ttl {
        Ttl::Default => (external.then_some(1), None),
        Ttl::Multihop(hops) => (Some(hops.max(1)), None),
        // 256 - hops, in eight bits; a neighbor on the same link is one hop away (RFC 5082, 3).
        Ttl::Security(hops) => (Some(255), Some(u8::MAX - hops.max(1) + 1)),
    }
}

/// The source to bind to. A link-local address is one only together with the remote end's link.
fn source(local: IpAddr, remote: SocketAddr) -> SocketAddr {
    match (local, remote) {
        (IpAddr::V6(local), SocketAddr::V6(remote)) if local.is_unicast_link_local() => {
            SocketAddrV6::new(local, 0, 0, remote.scope_id()).into()
        }
        _ => SocketAddr::new(local, 0),
    }
}

#[cfg(test)]
mod tests;
