//! TCP in virtual time: smoltcp, one endpoint for each connection.
//!
//! smoltcp looks through all sockets of an interface for every packet. A router with a thousand neighbors would spend its
//! days so; here each connection has an interface of its own with one socket, and the host finds it by its four numbers.

mod device;

use std::collections::VecDeque;
use std::net::{IpAddr, SocketAddr};

use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::socket::tcp::{Socket, SocketBuffer, State};
use smoltcp::time::Instant;
use smoltcp::wire::{HardwareAddress, IpAddress, IpCidr};

use super::Micros;
use super::packet::set_ttl;
use device::Card;

/// How a connection stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stands {
    /// The handshake is under way.
    Opening,
    /// Bytes can go both ways, or still one way.
    Open,
    /// The other end has closed, and everything it sent has been read.
    Ended,
    /// It is over: reset, or closed by both.
    Over,
}

/// One end of a TCP connection.
pub struct Endpoint {
    interface: Interface,
    sockets: SocketSet<'static>,
    socket: SocketHandle,
    card: Card,
    /// Bytes taken for sending so far.
    sent: u64,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Endpoint").field("stands", &self.stands()).finish_non_exhaustive()
    }
}

impl Endpoint {
    fn new(now: Micros, seed: u64, local: IpAddr, buffer: usize) -> Self {
        let mut card = Card::default();
        let mut config = Config::new(HardwareAddress::Ip);
        config.random_seed = seed;
        let mut interface = Interface::new(config, &mut card, instant(now));
        // Every address is a neighbor on the one link there is; where packets really go is decided by the host.
        interface.update_ip_addrs(|addresses| {
            let _ = addresses.push(IpCidr::new(IpAddress::from(local), 0));
        });
        let bytes = || SocketBuffer::new(vec![0; buffer]);
        let mut socket = Socket::new(bytes(), bytes());
        // As the daemon's own sockets (TCP_NODELAY).
        socket.set_nagle_enabled(false);
        let mut sockets = SocketSet::new(Vec::new());
        let socket = sockets.add(socket);
        Self { interface, sockets, socket, card, sent: 0 }
    }

    /// An end that begins to connect.
    pub fn dial(now: Micros, seed: u64, local: SocketAddr, remote: SocketAddr, buffer: usize) -> Self {
        let mut end = Self::new(now, seed, local.ip(), buffer);
        let socket = end.sockets.get_mut::<Socket<'_>>(end.socket);
        // It can only be refused for addresses that are none, and then the connection is over at once.
        let _ = socket.connect(end.interface.context(), remote, local);
        end.poll(now);
        end
    }

    /// An end that waits for the packet that opens the connection.
    pub fn listen(now: Micros, seed: u64, local: SocketAddr, buffer: usize) -> Self {
        let mut end = Self::new(now, seed, local.ip(), buffer);
        let _ = end.socket_mut().listen(local);
        end
    }

    fn socket(&self) -> &Socket<'static> {
        self.sockets.get(self.socket)
    }

    fn socket_mut(&mut self) -> &mut Socket<'static> {
        self.sockets.get_mut(self.socket)
    }

    /// A packet arrives.
    pub fn packet(&mut self, now: Micros, packet: Vec<u8>) {
        self.card.arrived = Some(packet);
        let before = self.card.out.len();
        self.interface.poll_ingress_single(instant(now), &mut self.card, &mut self.sockets);
        if let Some(ttl) = self.socket().hop_limit() {
            // What smoltcp answers at once does not have the socket's, as it has with every kernel.
            self.card.out.iter_mut().skip(before).for_each(|answer| set_ttl(answer, ttl));
        }
        self.poll(now);
    }

    /// Lets it send what is due.
    pub fn poll(&mut self, now: Micros) {
        let Self { interface, sockets, card, .. } = self;
        // One packet a call; what is left over when the bound is reached comes with the next timer.
        for _ in 0..256 {
            let before = card.out.len();
            interface.poll_egress(instant(now), card, sockets);
            if card.out.len() == before {
                break;
            }
        }
    }

    /// Packets to be sent, oldest first.
    pub fn out(&mut self) -> &mut VecDeque<Vec<u8>> {
        &mut self.card.out
    }

    /// When [`Endpoint::poll`] is to be called again.
    pub fn deadline(&mut self, now: Micros) -> Option<Micros> {
        let at = self.interface.poll_at(instant(now), &self.sockets)?;
        let at = Micros(u64::try_from(at.total_micros()).unwrap_or(0));
        // What is due now was just done, as far as it could be.
        Some(at.max(now + Micros::millis(1)))
    }

    /// How it stands.
    pub fn stands(&self) -> Stands {
        let socket = self.socket();
        match socket.state() {
            State::Listen | State::SynSent | State::SynReceived => Stands::Opening,
            State::Established | State::FinWait1 | State::FinWait2 => Stands::Open,
            _ if socket.can_recv() => Stands::Open,
            State::CloseWait | State::LastAck | State::Closing | State::TimeWait => Stands::Ended,
            State::Closed => Stands::Over,
        }
    }

    /// Whether it waits for a first packet, which has not come or was taken back by a reset.
    pub fn is_listening(&self) -> bool {
        self.socket().is_listening()
    }

    /// Whether there are bytes to read.
    pub fn can_receive(&self) -> bool {
        self.socket().can_recv()
    }

    /// Bytes taken for sending so far.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Those of them that the other end has acknowledged.
    pub fn acknowledged(&self) -> u64 {
        self.sent.saturating_sub(self.socket().send_queue() as u64)
    }

    /// Whether bytes can be sent.
    pub fn can_send(&self) -> bool {
        self.socket().can_send()
    }

    /// Reads what fits `room`; the bytes read.
    pub fn receive(&mut self, room: &mut [u8]) -> usize {
        self.socket_mut().recv_slice(room).unwrap_or(0)
    }

    /// Sends as much of `bytes` as the buffer has room for; how many that was.
    pub fn send(&mut self, bytes: &[u8]) -> usize {
        let taken = self.socket_mut().send_slice(bytes).unwrap_or(0);
        self.sent += taken as u64;
        taken
    }

    /// Time to live of its packets.
    pub fn set_ttl(&mut self, ttl: u8) {
        self.socket_mut().set_hop_limit(Some(ttl.max(1)));
    }

    /// Closes its half, after what is buffered.
    pub fn close(&mut self) {
        self.socket_mut().close();
    }

    /// Ends it by a reset.
    pub fn abort(&mut self, now: Micros) {
        self.socket_mut().abort();
        self.poll(now);
    }

    /// What a host answers to a packet that belongs to no connection: a reset, or nothing to a reset.
    pub fn stray(now: Micros, local: IpAddr, packet: Vec<u8>) -> Option<Vec<u8>> {
        let mut end = Self::new(now, 0, local, 0);
        end.packet(now, packet);
        end.card.out.pop_front()
    }
}

fn instant(at: Micros) -> Instant {
    Instant::from_micros(i64::try_from(at.0).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests;
