//! A host: its interfaces, its connections, its forwarding table, and perhaps a speaker.

mod daemon;
mod flows;
mod operator;
mod routes;
mod turn;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crier_core::rng::Rng;
use crier_core::speaker::Ends;
use crier_io_mio::kernel::Claim;
use ipnet::IpNet;

use super::Micros;
use super::kernel::{Fib, Hop, Linux};
use super::packet::{Headers, take_hop};
use super::plan::HostPlan;

pub(crate) use daemon::{Daemon, Faults};
pub(crate) use flows::{Flows, Owner};
pub(crate) use routes::SWEEP_AFTER;
pub(crate) use turn::{Watch, between};

/// An interface of a host.
#[derive(Clone, Debug)]
pub struct Interface {
    /// The link that it is on.
    pub link: usize,
    /// Which of the link's ends it is.
    pub end: usize,
    /// Its addresses, with the prefix of the link.
    pub addresses: Vec<IpNet>,
}

/// Where a packet leaves: the interface, and who is to have it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Way {
    /// Position of the interface.
    pub interface: usize,
    /// Address of the next hop on its link.
    pub next_hop: IpAddr,
}

/// A host.
#[derive(Debug)]
pub struct Host {
    pub(crate) plan: HostPlan,
    pub(crate) interfaces: Vec<Interface>,
    /// Own addresses; the interface that each is on, if it is on one.
    pub(crate) own: BTreeMap<IpAddr, Option<usize>>,
    pub(crate) kernel: Linux,
    /// What its daemons have left a record of: by what keys they have installed routes.
    pub(crate) record: Vec<Claim>,
    pub(crate) flows: Flows,
    pub(crate) daemon: Option<Daemon>,
    /// Without power nothing arrives, and nothing leaves.
    pub(crate) powered: bool,
    pub(crate) faults: Faults,
    /// When its speaker is to have a turn: the event that counts among those in the queue.
    pub(crate) wake: Micros,
    /// How its forwarding table differs from what its speaker wants, and how often that was seen in a row.
    pub(crate) out_of_step: Option<(String, u32)>,
    /// Turns of its daemon in this second for which there was no reason.
    turns: (u64, u32),
    /// Turns of its daemons since the beginning.
    pub(crate) all_turns: u64,
    pub(crate) rng: Rng,
}

impl Host {
    /// A host with power and without a running speaker.
    pub(crate) fn new(plan: HostPlan, interfaces: Vec<Interface>, mut rng: Rng) -> Self {
        let mut own: BTreeMap<IpAddr, Option<usize>> =
            plan.addresses.iter().map(|&address| (address, None)).collect();
        for (position, interface) in interfaces.iter().enumerate() {
            own.extend(interface.addresses.iter().map(|net| (net.addr(), Some(position))));
        }
        let mut fib = Fib::default();
        own.keys().for_each(|&address| fib.add_address(address));
        for (position, interface) in interfaces.iter().enumerate() {
            interface.addresses.iter().for_each(|net| fib.add_connected(net.trunc(), position));
        }
        plan.statics.iter().for_each(|&(prefix, gateway)| fib.add_static(prefix, gateway));
        let flows = Flows::new(plan.socket_buffer, Rng::new(rng.next_u64()));
        let kernel = Linux::new(fib, interfaces.len(), plan.next_hop_objects, Rng::new(rng.next_u64()));
        Self {
            plan,
            interfaces,
            own,
            kernel,
            record: Vec::new(),
            flows,
            daemon: None,
            powered: true,
            faults: Faults::default(),
            wake: Micros::NEVER,
            out_of_step: None,
            turns: (0, 0),
            all_turns: 0,
            rng,
        }
    }

    /// Its forwarding table.
    pub fn fib(&self) -> &Fib {
        &self.kernel.fib
    }

    /// Every address of its own.
    pub fn addresses(&self) -> Vec<IpAddr> {
        self.own.keys().copied().collect()
    }

    /// The first neighbor that has not acknowledged for long what it was sent, or has sent what is not read yet.
    pub(crate) fn under_way(&self, now: Micros) -> Option<SocketAddr> {
        self.daemon.as_ref()?;
        self.flows.under_way(now)
    }

    /// When its daemon, which reads slowly, goes on reading.
    pub(crate) fn next_read(&self) -> Option<Micros> {
        self.faults.rate().filter(|_| self.faults.deaf.is_empty())?;
        self.flows.next_read()
    }

    /// Counts a turn without a reason; how many there were in this second.
    pub(crate) fn count_turn(&mut self, now: Micros) -> u32 {
        let before = if self.turns.0 == now.as_secs() { self.turns.1 } else { 0 };
        self.turns = (now.as_secs(), before + 1);
        self.turns.1
    }

    /// Lets the daemon look at every connection.
    pub(crate) fn tell_all(&mut self) {
        let places: Vec<usize> = self.flows.iter().map(|(place, _)| place).collect();
        places.into_iter().for_each(|place| self.flows.tell(place));
    }

    /// Loses a connection of the daemon without a word to the other end.
    pub(crate) fn lose(&mut self, place: usize) {
        let owner = self.flows.get_mut(place).map(|flow| flow.owner);
        if let (Some(Owner::Daemon(id)), Some(daemon)) = (owner, &mut self.daemon) {
            daemon.lost.push(id);
            self.flows.forget(place);
        }
    }

    /// Where packets to this address leave; `flow` picks among several ways.
    pub fn way(&self, to: IpAddr, flow: u64) -> Option<Way> {
        match self.kernel.fib.lookup(to, flow)? {
            Hop::Local => None,
            Hop::Link { interface, next } => Some(Way { interface, next_hop: next }),
        }
    }

    /// The address that it talks to another one from, unless it is told to use one.
    pub fn source_for(&self, remote: IpAddr) -> Option<IpAddr> {
        let way = self.way(remote, 0)?;
        let addresses = &self.interfaces.get(way.interface)?.addresses;
        let same_family = |net: &&IpNet| net.addr().is_ipv4() == remote.is_ipv4();
        let on_link = addresses.iter().find(|net| net.contains(&way.next_hop) && same_family(net));
        on_link.or_else(|| addresses.iter().find(same_family)).map(IpNet::addr)
    }

    /// The first neighbor whose bytes have arrived and will not be read: nobody is going to look at their socket.
    pub(crate) fn unread(&self) -> Option<SocketAddr> {
        self.daemon.as_ref().filter(|_| self.faults.deaf.is_empty() && self.faults.reading.is_empty())?;
        self.flows.unread()
    }

    /// The two ends of a connection, with what the interface of the local address has besides.
    pub(crate) fn ends(&self, remote: SocketAddr, local: SocketAddr) -> Ends {
        let mut ends = Ends::new(remote, local);
        let interface = self.own.get(&local.ip()).copied().flatten().and_then(|at| self.interfaces.get(at));
        for address in interface.into_iter().flat_map(|interface| &interface.addresses) {
            match address.addr() {
                IpAddr::V4(address) => ends.ipv4 = ends.ipv4.or(Some(address)),
                IpAddr::V6(address) if address.is_unicast_link_local() => {
                    ends.link_local = ends.link_local.or(Some(address));
                }
                IpAddr::V6(address) => ends.ipv6 = ends.ipv6.or(Some(address)),
            }
        }
        ends
    }

    /// A packet arrives at one of its interfaces. What leaves because of it is in the host's outgoing packets, or is the
    /// packet itself, to be sent on: then it is returned.
    pub(crate) fn arrive(&mut self, now: Micros, mut packet: Vec<u8>) -> Option<(IpAddr, Vec<u8>)> {
        let headers = Headers::read(&packet)?;
        let to = headers.destination.ip();
        if self.own.contains_key(&to) {
            let listen = self.daemon.as_ref().map(|daemon| daemon.listen());
            self.flows.packet(now, &headers, packet, |local| {
                listen.into_iter().flatten().any(|at| listens(*at, local))
            });
            return None;
        }
        take_hop(&mut packet).then_some((to, packet))
    }
}

fn listens(at: SocketAddr, local: SocketAddr) -> bool {
    let any = match at.ip() {
        IpAddr::V4(address) => address == Ipv4Addr::UNSPECIFIED && local.is_ipv4(),
        IpAddr::V6(address) => address == Ipv6Addr::UNSPECIFIED && local.is_ipv6(),
    };
    at.port() == local.port() && (any || at.ip() == local.ip())
}
