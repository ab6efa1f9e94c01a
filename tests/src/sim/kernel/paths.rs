//! The judge of the data plane: follows packets from host to host, along every way that their flows may take.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use super::{Fib, Hop};

/// Who forwards how, and who is attached to whom. Hosts are numbered from 0.
pub trait DataPlane {
    /// How many hosts there are.
    fn hosts(&self) -> usize;

    /// A host's forwarding table; `None`: it forwards nothing (it is down).
    fn fib(&self, host: usize) -> Option<&Fib>;

    /// What a host is called in what is said about it.
    fn name(&self, host: usize) -> String {
        format!("host {host}")
    }

    /// The host that has this address on the link of `host`'s interface, if packets reach it.
    fn neighbor(&self, host: usize, interface: usize, next_hop: IpAddr) -> Option<usize>;
}

/// Where packets to one address end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trace {
    /// Hosts that they are delivered at.
    pub delivered: BTreeSet<usize>,
    /// Hosts at which some of them are lost.
    pub black_holes: BTreeSet<BlackHole>,
    /// Ways round in circles, each from the first host of the circle to the same one again.
    pub loops: BTreeSet<Vec<usize>>,
}

/// Where packets are lost, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BlackHole {
    /// This host has no route, or one whose next hop cannot be resolved.
    NoRoute(usize),
    /// This host sends them to an address that nobody on the link has.
    DeadNextHop(usize, IpAddr),
}

/// What is expected of packets to one prefix.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// The prefix.
    pub prefix: IpNet,
    /// An address in it, and in no longer prefix that is routed: see [`probe_address`].
    pub address: IpAddr,
    /// Hosts that originate the prefix: a packet that arrives at one of them is delivered.
    pub origins: BTreeSet<usize>,
    /// Hosts that have a best route for it.
    pub holders: BTreeSet<usize>,
}

/// Follows packets from a host to an address. A host in `origins` takes them, whatever its own table says.
pub fn trace(plane: &impl DataPlane, from: usize, address: IpAddr, origins: &BTreeSet<usize>) -> Trace {
    let mut walk = Walk::new(plane, address, origins);
    walk.from(from);
    walk.trace
}

/// Checks that packets from every holder of a route reach one of those who originate it, on all ways.
///
/// # Errors
///
/// The first prefix and host for which they do not, and where they end instead.
pub fn check_reachability(plane: &impl DataPlane, expected: &[Expectation]) -> Result<(), String> {
    for expectation in expected {
        let Expectation { prefix, address, origins, holders } = expectation;
        // Hosts that were passed before are not passed again: what lies behind them is in the trace already.
        let mut walk = Walk::new(plane, *address, origins);
        for &holder in holders {
            walk.from(holder);
            if let Some(fault) = walk.trace.fault(plane, origins) {
                return Err(format!("{prefix} from {}: packets to {address} {fault}", plane.name(holder)));
            }
        }
    }
    Ok(())
}

/// The lowest address in `prefix` that no longer one of the `routed` prefixes covers, if there is any.
pub fn probe_address(prefix: IpNet, routed: &BTreeSet<IpNet>) -> Option<IpAddr> {
    let mut address = prefix.network();
    // They stand in the order of their first addresses, so that one pass finds the first gap.
    for other in routed.range(prefix..).skip_while(|other| **other == prefix) {
        if other.network() > address || !prefix.contains(other) {
            break;
        }
        if other.contains(&address) {
            address = next_address(other.broadcast())?;
        }
    }
    prefix.contains(&address).then_some(address)
}

fn next_address(address: IpAddr) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => address.to_bits().checked_add(1).map(|bits| IpAddr::V4(bits.into())),
        IpAddr::V6(address) => address.to_bits().checked_add(1).map(|bits| IpAddr::V6(bits.into())),
    }
}

impl Trace {
    /// What is wrong with it: a loop, a loss, or a delivery elsewhere than at one of `origins`.
    fn fault(&self, plane: &impl DataPlane, origins: &BTreeSet<usize>) -> Option<String> {
        if let Some(circle) = self.loops.first() {
            let names: Vec<String> = circle.iter().map(|&host| plane.name(host)).collect();
            return Some(format!("loop: {}", names.join(", ")));
        }
        match self.black_holes.first() {
            Some(&BlackHole::NoRoute(host)) => {
                return Some(format!("are lost at {}: no route", plane.name(host)));
            }
            Some(&BlackHole::DeadNextHop(host, next)) => {
                return Some(format!("are lost at {}: nobody is behind next hop {next}", plane.name(host)));
            }
            None => {}
        }
        let wrong = self.delivered.difference(origins).next();
        wrong.map(|&host| format!("arrive at {}, which does not originate it", plane.name(host)))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    New,
    /// On the way that is being followed.
    Open,
    /// Followed to all its ends.
    Done,
}

/// A depth-first walk along the branches of one address; each host is passed once.
struct Walk<'a, P> {
    plane: &'a P,
    address: IpAddr,
    origins: &'a BTreeSet<usize>,
    marks: Vec<Mark>,
    /// The way so far: hosts, and where the neighbors that they forward to begin in `ahead`.
    way: Vec<(usize, usize)>,
    /// Hosts to go to, those of the last host of the way at the end.
    ahead: Vec<usize>,
    trace: Trace,
}

impl<'a, P: DataPlane> Walk<'a, P> {
    fn new(plane: &'a P, address: IpAddr, origins: &'a BTreeSet<usize>) -> Self {
        let marks = vec![Mark::New; plane.hosts()];
        Self { plane, address, origins, marks, way: Vec::new(), ahead: Vec::new(), trace: Trace::default() }
    }

    fn from(&mut self, host: usize) {
        self.enter(host);
        while let Some(&(host, bottom)) = self.way.last() {
            match self.ahead.len() > bottom {
                true => {
                    let next = self.ahead.pop();
                    next.into_iter().for_each(|next| self.enter(next));
                }
                false => {
                    self.mark(host, Mark::Done);
                    self.way.pop();
                }
            }
        }
    }

    /// A packet arrives at a host.
    fn enter(&mut self, host: usize) {
        match self.marks.get(host) {
            Some(Mark::New) => {}
            Some(Mark::Open) => {
                let on_way = self.way.iter().map(|(passed, _)| *passed);
                let circle = on_way.skip_while(|passed| *passed != host).chain([host]);
                self.trace.loops.insert(circle.collect());
                return;
            }
            Some(Mark::Done) => return,
            None => {
                self.trace.black_holes.insert(BlackHole::NoRoute(host));
                return;
            }
        }
        if self.origins.contains(&host) {
            self.trace.delivered.insert(host);
            self.mark(host, Mark::Done);
            return;
        }
        self.mark(host, Mark::Open);
        self.way.push((host, self.ahead.len()));
        let Some(fib) = self.plane.fib(host) else {
            self.trace.black_holes.insert(BlackHole::NoRoute(host));
            return;
        };
        let (plane, trace, ahead) = (self.plane, &mut self.trace, &mut self.ahead);
        fib.branches(self.address, |hop| match hop {
            None => {
                trace.black_holes.insert(BlackHole::NoRoute(host));
            }
            Some(Hop::Local) => {
                trace.delivered.insert(host);
            }
            Some(Hop::Link { interface, next }) => match plane.neighbor(host, interface, next) {
                Some(neighbor) => ahead.push(neighbor),
                None => {
                    trace.black_holes.insert(BlackHole::DeadNextHop(host, next));
                }
            },
        });
    }

    fn mark(&mut self, host: usize, mark: Mark) {
        self.marks.iter_mut().skip(host).take(1).for_each(|place| *place = mark);
    }
}
