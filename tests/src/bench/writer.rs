//! What the kernel itself needs: routes written and removed in batches by somebody who does nothing else.

use std::io;
use std::net::{IpAddr, Ipv4Addr};

use crier_io_mio::netlink::decode::{Message, messages};
use crier_io_mio::netlink::encode::{
    Existing, Object, Via, delete_next_hop, delete_route, set_next_hop, set_route,
};
use crier_io_mio::netlink::{Hop, Netlink, Received, RouteKey};
use ipnet::{IpNet, Ipv4Net};

use super::table::Table;

/// Bytes of one write; what the kernel has to say about it must fit the socket.
const BATCH: usize = 64 << 10;
const RECEIVE_BUFFER: usize = 4 << 20;
/// The object that all routes lead to.
const OBJECT: u32 = 1_000_000;
/// As speakers mark their routes.
const PROTOCOL: u8 = 186;

/// A writer of a table's routes.
pub(super) struct Writer {
    socket: Netlink,
    keys: Vec<RouteKey>,
    gateway: Hop,
    sequence: u32,
}

impl Writer {
    /// One that sends packets for the table's prefixes to this gateway, in the namespace of this thread.
    pub(super) fn open(table: &Table, gateway: Ipv4Addr, interface: u32) -> io::Result<Self> {
        let socket = Netlink::open()?;
        socket.set_receive_buffer(RECEIVE_BUFFER)?;
        let mut keys = Vec::new();
        table.each_prefix(|(address, length)| {
            let prefix = IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::from_bits(address), length));
            keys.push(RouteKey { prefix, table: 254, protocol: PROTOCOL, metric: 20 });
        });
        let gateway = Hop { gateway: Some(IpAddr::V4(gateway)), interface, onlink: false };
        Ok(Self { socket, keys, gateway, sequence: 0 })
    }

    /// Writes all of them.
    pub(super) fn write(&mut self) -> io::Result<()> {
        let gateway = self.gateway;
        let object = |room: &mut [u8], sequence: u32, (): &()| {
            set_next_hop(room, sequence, Existing::Replace, OBJECT, PROTOCOL, Object::Hop(gateway))
        };
        self.batches(&[()], object)?;
        let keys = std::mem::take(&mut self.keys);
        let route = |room: &mut [u8], sequence: u32, key: &RouteKey| {
            set_route(room, sequence, Existing::Refuse, key, Via::Object(OBJECT))
        };
        let written = self.batches(&keys, route);
        self.keys = keys;
        written
    }

    /// Removes them, one by one.
    pub(super) fn remove(&mut self) -> io::Result<()> {
        let keys = std::mem::take(&mut self.keys);
        let removed = self.batches(&keys, delete_route);
        self.keys = keys;
        removed
    }

    /// Removes what they lead to, which takes them along.
    pub(super) fn remove_gateway(&mut self) -> io::Result<()> {
        self.batches(&[()], |room, sequence, ()| delete_next_hop(room, sequence, OBJECT))
    }

    /// Sends a request for each, as many together as fit, and hears what the kernel says about those before it goes on.
    fn batches<T>(
        &mut self,
        all: &[T],
        encode: impl Fn(&mut [u8], u32, &T) -> Option<usize>,
    ) -> io::Result<()> {
        let (mut batch, mut length, mut requests) = (vec![0; BATCH], 0, 0);
        let mut room = vec![0; BATCH];
        for each in all {
            self.sequence += 1;
            let written = encode(batch.get_mut(length..).unwrap_or_default(), self.sequence, each);
            let written = if written.is_some() {
                written
            } else {
                self.exchange(batch.get(..length).unwrap_or_default(), requests, &mut room)?;
                (length, requests) = (0, 0);
                encode(&mut batch, self.sequence, each)
            };
            length += written.ok_or_else(|| io::Error::other("a request that does not fit a batch"))?;
            requests += 1;
        }
        self.exchange(batch.get(..length).unwrap_or_default(), requests, &mut room)
    }

    /// The kernel answers what it was sent before the call that sends it returns.
    fn exchange(&self, batch: &[u8], mut requests: usize, room: &mut [u8]) -> io::Result<()> {
        if requests == 0 {
            return Ok(());
        }
        self.socket.send(batch)?;
        while requests > 0 {
            let Received::Datagram(length) = self.socket.receive(room)? else {
                return Err(io::Error::other("answers are missing"));
            };
            for (_, message) in messages(room.get(..length).unwrap_or_default()) {
                match message {
                    Message::Ack => requests -= 1,
                    Message::Refused(refusal) => return Err(io::Error::from_raw_os_error(refusal.errno)),
                    _ => {}
                }
            }
        }
        Ok(())
    }
}
