//! A host's forwarding table: longest match over what is connected, static routes, and what a speaker installed, which leads
//! to next-hop objects and groups of them.

mod lead;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::sim::Micros;

pub use lead::{Lead, NextHop, Object};

/// Most ways to one next hop.
const WAYS: usize = 4;
/// How many static routes a gateway may lie behind, one through the other, before its link is found.
const DEPTH: usize = 4;

/// Where a packet goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hop {
    /// It has arrived: the address is the host's own.
    Local,
    /// Out of an interface.
    Link {
        /// Its number.
        interface: usize,
        /// Whose link address is asked for: the gateway on the link, or the destination itself.
        next: IpAddr,
    },
}

/// Who put a route there. Of routes for the same prefix the first in this order is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    /// An address of the host itself.
    Local,
    /// The prefix of an interface's address.
    Connected,
    /// The operator.
    Static,
    /// The BGP speaker.
    Speaker,
}

#[derive(Clone, Debug)]
enum Target {
    Here,
    /// Interfaces that have the prefix; the lowest number is used.
    Interfaces(Vec<usize>),
    /// The operator's, in ascending order: several share the flows among them.
    Gateways(Vec<IpAddr>),
    /// The speaker's, and since when it is as it is.
    Learned(Lead, Micros),
}

/// Prefixes of one length, by address and origin.
type Bucket = BTreeMap<(u128, Origin), Target>;

/// Routes of one family, longest prefixes first; no bucket is empty, so that a lookup searches few of them.
#[derive(Clone, Debug, Default)]
struct Table {
    buckets: Vec<(u8, Bucket)>,
}

/// A route that no speaker installed, as next hops are looked for in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Way {
    /// The prefix.
    pub prefix: IpNet,
    /// It is a link's.
    pub on_link: bool,
    /// Its metric.
    pub cost: u32,
}

/// A route that a speaker installed.
#[derive(Clone, Copy, Debug)]
pub struct Learned<'a> {
    /// The prefix.
    pub prefix: IpNet,
    /// Where it leads.
    pub lead: &'a Lead,
    /// Since when it is there with this lead.
    pub since: Micros,
}

/// A forwarding table.
///
/// A static route's gateway is resolved by the longest match among the routes that no speaker installed, so that it never depends
/// on a speaker's route or on itself. What a speaker installs is resolved already. The longest match decides alone: if its next hop cannot be resolved, the packet is
/// lost, and no shorter prefix saves it.
#[derive(Clone, Debug, Default)]
pub struct Fib {
    tables: [Table; 2],
    learned: usize,
    objects: BTreeMap<u32, Object>,
}

impl Fib {
    /// Packets to this address have arrived.
    pub fn add_address(&mut self, address: IpAddr) {
        self.put(IpNet::from(address), Origin::Local, Target::Here);
    }

    /// Addresses in this prefix are neighbors on an interface.
    pub fn add_connected(&mut self, prefix: IpNet, interface: usize) {
        let mut interfaces = match self.get(prefix, Origin::Connected) {
            Some(Target::Interfaces(interfaces)) => interfaces.clone(),
            _ => Vec::new(),
        };
        if let Err(place) = interfaces.binary_search(&interface) {
            interfaces.insert(place, interface);
        }
        self.put(prefix, Origin::Connected, Target::Interfaces(interfaces));
    }

    /// A static route; several for one prefix share its flows. The gateway may be of the other family, and need not be on a
    /// link.
    pub fn add_static(&mut self, prefix: IpNet, gateway: IpAddr) {
        let mut gateways = match self.get(prefix, Origin::Static) {
            Some(Target::Gateways(gateways)) => gateways.clone(),
            _ => Vec::new(),
        };
        if let Err(place) = gateways.binary_search(&gateway) {
            gateways.insert(place, gateway);
        }
        self.put(prefix, Origin::Static, Target::Gateways(gateways));
    }

    /// The speaker's route for a prefix from now on.
    pub fn learn(&mut self, now: Micros, prefix: IpNet, lead: Lead) {
        let before = self.put(prefix, Origin::Speaker, Target::Learned(lead, now));
        self.learned += usize::from(before.is_none());
    }

    /// The speaker's route for a prefix is gone; whether there was one.
    pub fn unlearn(&mut self, prefix: IpNet) -> bool {
        let there = self.take(prefix, Origin::Speaker).is_some();
        self.learned -= usize::from(there);
        there
    }

    /// Forgets what speakers installed, as a reboot does.
    pub fn forget_learned(&mut self) {
        for table in &mut self.tables {
            for (_, bucket) in &mut table.buckets {
                bucket.retain(|(_, origin), _| *origin != Origin::Speaker);
            }
            table.buckets.retain(|(_, bucket)| !bucket.is_empty());
        }
        self.learned = 0;
        self.objects.clear();
    }

    /// The speaker's routes: IPv4 first, longest prefixes first, then by address.
    pub fn learned(&self) -> impl Iterator<Item = Learned<'_>> {
        let [v4, v6] = &self.tables;
        let buckets = [(false, v4), (true, v6)].into_iter();
        let buckets = buckets
            .flat_map(|(ipv6, table)| table.buckets.iter().map(move |(len, bucket)| (ipv6, *len, bucket)));
        buckets.flat_map(|(ipv6, len, bucket)| {
            bucket.iter().filter_map(move |(&(address, origin), target)| match target {
                Target::Learned(lead, since) if origin == Origin::Speaker => {
                    Some(Learned { prefix: unkey(ipv6, address, len), lead, since: *since })
                }
                _ => None,
            })
        })
    }

    /// How many routes of the speaker there are.
    pub fn learned_len(&self) -> usize {
        self.learned
    }

    /// Where the speaker's route for exactly this prefix leads.
    pub fn learned_at(&self, prefix: IpNet) -> Option<&Lead> {
        match self.get(prefix, Origin::Speaker)? {
            Target::Learned(lead, _) => Some(lead),
            _ => None,
        }
    }

    /// Routes that no speaker installed, IPv4 first, with whether they are static.
    pub fn foreign(&self) -> impl Iterator<Item = (IpNet, bool)> {
        let [v4, v6] = &self.tables;
        let buckets = [(false, v4), (true, v6)].into_iter();
        let buckets = buckets
            .flat_map(|(ipv6, table)| table.buckets.iter().map(move |(len, bucket)| (ipv6, *len, bucket)));
        buckets.flat_map(|(ipv6, len, bucket)| {
            let foreign =
                bucket.keys().filter(|(_, origin)| matches!(origin, Origin::Connected | Origin::Static));
            foreign.map(move |&(address, origin)| (unkey(ipv6, address, len), origin == Origin::Static))
        })
    }

    /// Where one of [`Fib::foreign`] leads, its gateways resolved down to a link: nowhere, should there be no way.
    pub fn foreign_hops(&self, prefix: IpNet, is_static: bool) -> Vec<(usize, Option<IpAddr>)> {
        let mut hops = Vec::new();
        match self.get(prefix, if is_static { Origin::Static } else { Origin::Connected }) {
            Some(Target::Interfaces(interfaces)) => {
                hops.extend(interfaces.first().map(|interface| (*interface, None)));
            }
            Some(Target::Gateways(gateways)) => {
                let mut each = |hop: Option<Hop>| {
                    if let Some(Hop::Link { interface, next }) = hop {
                        hops.push((interface, Some(next)));
                    }
                };
                gateways.iter().for_each(|gateway| self.resolve_all(*gateway, DEPTH, &mut each));
            }
            _ => {}
        }
        hops
    }

    /// Those that lead somewhere, with the metric that Linux gives such a route: none for IPv4; for IPv6 256 where it is on a
    /// link, 1024 where it is the operator's.
    pub fn ways(&self) -> Vec<Way> {
        let metric = |prefix: IpNet, is_static: bool| match (prefix, is_static) {
            (IpNet::V4(_), _) => 0,
            (IpNet::V6(_), false) => 256,
            (IpNet::V6(_), true) => 1024,
        };
        let leads = |(prefix, is_static): &(IpNet, bool)| !self.foreign_hops(*prefix, *is_static).is_empty();
        let way = |(prefix, is_static): (IpNet, bool)| Way {
            prefix,
            on_link: !is_static,
            cost: metric(prefix, is_static),
        };
        self.foreign().filter(leads).map(way).collect()
    }

    /// Whether one of them is for exactly this prefix and leads somewhere: it is used, whatever a speaker has to say.
    pub fn is_taken(&self, prefix: IpNet) -> bool {
        [false, true].iter().any(|is_static| !self.foreign_hops(prefix, *is_static).is_empty())
    }

    /// Whether an address is one of the host.
    pub fn is_own(&self, address: IpAddr) -> bool {
        self.get(IpNet::from(address), Origin::Local).is_some()
    }

    /// Whether an address is on the link of an interface.
    pub fn is_on_link(&self, address: IpAddr, interface: usize) -> bool {
        let (ipv6, key) = address_key(address);
        self.table(ipv6).buckets.iter().any(|(len, bucket)| {
            let connected = bucket.get(&(mask(key, *len), Origin::Connected));
            matches!(connected, Some(Target::Interfaces(interfaces)) if interfaces.contains(&interface))
        })
    }

    /// The ways to a next hop by the routes that no speaker installed: of several the first four, which is what crier uses. A
    /// default route is no way, and to who has to be on a link (`is_near`) nothing but the link is.
    pub fn gateways(&self, next_hop: IpAddr, is_near: bool) -> Vec<NextHop> {
        let mut ways = Vec::new();
        match self.longest_from(1, next_hop, Origin::Static) {
            None => return ways,
            Some(Target::Gateways(_)) if is_near => return ways,
            _ => {}
        }
        self.resolve_all(next_hop, DEPTH, &mut |hop| {
            if let Some(Hop::Link { interface, next }) = hop {
                ways.push(NextHop { interface, gateway: next });
            }
        });
        ways.truncate(WAYS);
        ways
    }

    /// Where a packet of this flow goes; `None`: nowhere, it is lost. Flows of equal number take the same way.
    pub fn lookup(&self, destination: IpAddr, flow: u64) -> Option<Hop> {
        match self.longest(destination, Origin::Speaker)? {
            Target::Here => Some(Hop::Local),
            Target::Interfaces(interfaces) => {
                Some(Hop::Link { interface: *interfaces.first()?, next: destination })
            }
            Target::Gateways(gateways) => self.resolve(pick(gateways, flow)?, flow, DEPTH),
            Target::Learned(lead, _) => {
                let at = flow.checked_rem(self.width(lead) as u64)?;
                self.member(lead, at as usize)?.hop()
            }
        }
    }

    /// Calls `each` with every way that a packet to `destination` may take, whatever its flow; `None` where it is lost.
    pub fn branches(&self, destination: IpAddr, mut each: impl FnMut(Option<Hop>)) {
        match self.longest(destination, Origin::Speaker) {
            Some(Target::Gateways(gateways)) => {
                gateways.iter().for_each(|&gateway| self.resolve_all(gateway, DEPTH, &mut each));
            }
            Some(Target::Learned(lead, _)) if self.width(lead) > 0 => {
                (0..self.width(lead)).for_each(|at| each(self.member(lead, at).and_then(NextHop::hop)));
            }
            _ => each(self.lookup(destination, 0)),
        }
    }

    /// The gateway, or the one that it lies behind, on a link.
    fn resolve(&self, gateway: IpAddr, flow: u64, depth: usize) -> Option<Hop> {
        match self.longest(gateway, Origin::Static)? {
            // A gateway that is the host itself forwards nothing.
            Target::Here | Target::Learned(..) => None,
            Target::Interfaces(interfaces) => {
                Some(Hop::Link { interface: *interfaces.first()?, next: gateway })
            }
            Target::Gateways(gateways) => self.resolve(pick(gateways, flow)?, flow, depth.checked_sub(1)?),
        }
    }

    fn resolve_all(&self, gateway: IpAddr, depth: usize, each: &mut impl FnMut(Option<Hop>)) {
        match (self.longest(gateway, Origin::Static), depth.checked_sub(1)) {
            (Some(Target::Gateways(gateways)), Some(depth)) => {
                gateways.iter().for_each(|&gateway| self.resolve_all(gateway, depth, each));
            }
            _ => each(self.resolve(gateway, 0, depth)),
        }
    }

    /// The route of the longest prefix, among origins up to `last`.
    fn longest(&self, address: IpAddr, last: Origin) -> Option<&Target> {
        self.longest_from(0, address, last)
    }

    /// Likewise, of prefixes that are at least so long.
    fn longest_from(&self, shortest: u8, address: IpAddr, last: Origin) -> Option<&Target> {
        let (ipv6, key) = address_key(address);
        let mut long_enough = self.table(ipv6).buckets.iter().take_while(|(len, _)| *len >= shortest);
        long_enough.find_map(|(len, bucket)| {
            let masked = mask(key, *len);
            bucket.range((masked, Origin::Local)..=(masked, last)).next().map(|(_, target)| target)
        })
    }

    fn get(&self, prefix: IpNet, origin: Origin) -> Option<&Target> {
        let (ipv6, address, len) = key(prefix);
        let table = self.table(ipv6);
        let (_, bucket) = table.buckets.get(table.place(len).ok()?)?;
        bucket.get(&(address, origin))
    }

    fn put(&mut self, prefix: IpNet, origin: Origin, target: Target) -> Option<Target> {
        let (ipv6, address, len) = key(prefix);
        let table = self.table_mut(ipv6);
        let place = match table.place(len) {
            Ok(place) => place,
            Err(place) => {
                table.buckets.insert(place, (len, Bucket::new()));
                place
            }
        };
        table.buckets.get_mut(place).and_then(|(_, bucket)| bucket.insert((address, origin), target))
    }

    fn take(&mut self, prefix: IpNet, origin: Origin) -> Option<Target> {
        let (ipv6, address, len) = key(prefix);
        let table = self.table_mut(ipv6);
        let place = table.place(len).ok()?;
        let (_, bucket) = table.buckets.get_mut(place)?;
        let taken = bucket.remove(&(address, origin));
        if bucket.is_empty() {
            table.buckets.remove(place);
        }
        taken
    }

    fn table(&self, ipv6: bool) -> &Table {
        let [v4, v6] = &self.tables;
        if ipv6 { v6 } else { v4 }
    }

    fn table_mut(&mut self, ipv6: bool) -> &mut Table {
        let [v4, v6] = &mut self.tables;
        if ipv6 { v6 } else { v4 }
    }
}

impl Table {
    /// Where the bucket of this length is, or belongs.
    fn place(&self, len: u8) -> Result<usize, usize> {
        self.buckets.binary_search_by(|(other, _)| len.cmp(other))
    }
}

fn pick(gateways: &[IpAddr], flow: u64) -> Option<IpAddr> {
    let position = flow.checked_rem(gateways.len() as u64)?;
    gateways.get(position as usize).copied()
}

/// An address as a number whose first bit is the most significant one, in either family.
fn address_key(address: IpAddr) -> (bool, u128) {
    match address {
        IpAddr::V4(address) => (false, u128::from(address.to_bits()) << 96),
        IpAddr::V6(address) => (true, address.to_bits()),
    }
}

fn mask(key: u128, len: u8) -> u128 {
    key & u128::MAX.checked_shl(128 - u32::from(len)).unwrap_or(0)
}

fn key(prefix: IpNet) -> (bool, u128, u8) {
    let (ipv6, address) = address_key(prefix.network());
    (ipv6, address, prefix.prefix_len())
}

fn unkey(ipv6: bool, address: u128, len: u8) -> IpNet {
    match ipv6 {
        false => IpNet::V4(Ipv4Net::new_assert(Ipv4Addr::from_bits((address >> 96) as u32), len)),
        true => IpNet::V6(Ipv6Net::new_assert(Ipv6Addr::from_bits(address), len)),
    }
}
