//! What the kernel knows of the ways to next hops: its links, and its routes that are not ours.
//!
//! A next hop is where the longest match among those routes leads (RFC 4271, 5.1.3 and 9.1.2.1), and costs what that route's
//! metric says. Routes that BGP itself has installed do not count: they would lead in circles. Where a route leads over several
//! ways, all that work share what goes to the next hop, as the kernel would have it; of more than [`WAYS`] the first ones.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::net::IpAddr;

use crier_core::Speaker;
use ipnet::IpNet;

use super::plan::map_bytes;
use crate::netlink::Hop;

/// A hasher without secrets.
type Plain = BuildHasherDefault<DefaultHasher>;

/// Most ways of one route that are used.
pub(super) const WAYS: usize = 4;

/// Where a route leads, the first ways first: without a gateway its prefix is on the link. None: nowhere (blackhole,
/// unreachable, prohibit).
pub(super) type Hops = [Option<Hop>; WAYS];

/// As many of these as there is room for.
pub(super) fn hops_of(all: impl IntoIterator<Item = Hop>) -> Hops {
    let mut hops = [None; WAYS];
    for (place, hop) in hops.iter_mut().zip(all) {
        *place = Some(hop);
    }
    hops
}

/// A route of somebody else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Foreign {
    pub(crate) prefix: IpNet,
    pub(crate) metric: u32,
    pub(crate) protocol: u8,
    pub(super) hops: Hops,
    /// The dump that it was seen in last, or since.
    pub(super) seen: u32,
}

/// A network interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Interface {
    index: u32,
    /// It is up and has a carrier.
    works: bool,
    seen: u32,
}

/// The way to a next hop, or several of one cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Way {
    first: Hop,
    others: [Option<Hop>; WAYS - 1],
    pub(super) cost: u32,
}

impl Way {
    /// The only one, as a rule.
    pub(super) const fn first(&self) -> Hop {
        self.first
    }

    /// All of them.
    pub(super) fn hops(&self) -> impl Iterator<Item = Hop> {
        std::iter::once(self.first).chain(self.others.into_iter().flatten())
    }
}

/// What is known.
#[derive(Debug)]
pub(crate) struct Ways {
    routes: Vec<Foreign>,
    interfaces: Vec<Interface>,
    /// Next hops of the speaker, with the way there.
    known: HashMap<IpAddr, Option<Way>, Plain>,
    most_routes: usize,
    most_interfaces: usize,
    most_known: usize,
    /// Routes and next hops for which there was no room.
    pub(crate) lost: u64,
    /// There was one since the last dump was over.
    overflowed: bool,
    /// Something has changed since the next hops were looked at, and since somebody else asked.
    changed: bool,
    news: bool,
}

impl Ways {
    /// Room for so many routes, interfaces and next hops.
    pub(super) fn new(routes: usize, interfaces: usize, next_hops: usize) -> Self {
        Self {
            routes: Vec::with_capacity(routes),
            interfaces: Vec::with_capacity(interfaces),
            known: HashMap::with_capacity_and_hasher(next_hops, Plain::default()),
            most_routes: routes,
            most_interfaces: interfaces,
            most_known: next_hops,
            lost: 0,
            overflowed: false,
            changed: false,
            news: false,
        }
    }

    /// Bytes that [`Ways::new`] allocates for routes and interfaces, and for next hops.
    pub(super) fn bytes(routes: usize, interfaces: usize, next_hops: usize) -> (u64, u64) {
        let others = routes * size_of::<Foreign>() + interfaces * size_of::<Interface>();
        (others as u64, map_bytes::<IpAddr, Option<Way>>(next_hops as u64))
    }

    /// There is this route, newly or still.
    pub(super) fn route(&mut self, route: Foreign) {
        let same = |known: &&mut Foreign| {
            (known.prefix, known.metric, known.protocol) == (route.prefix, route.metric, route.protocol)
        };
        if let Some(known) = self.routes.iter_mut().find(same) {
            self.changed |= known.hops != route.hops;
            *known = route;
        } else if self.routes.len() < self.most_routes {
            self.routes.push(route);
            self.changed = true;
        } else {
            self.overflow();
        }
    }

    /// This route is gone.
    pub(super) fn route_gone(&mut self, prefix: IpNet, metric: u32, protocol: u8) {
        let before = self.routes.len();
        self.routes
            .retain(|known| (known.prefix, known.metric, known.protocol) != (prefix, metric, protocol));
        self.changed |= self.routes.len() != before;
    }

    /// There is this interface; true: it works no longer, or works again.
    pub(super) fn interface(&mut self, index: u32, works: bool, seen: u32) -> bool {
        if let Some(known) = self.interfaces.iter_mut().find(|known| known.index == index) {
            let other = known.works != works;
            self.changed |= other;
            *known = Interface { index, works, seen };
            return other;
        }
        if self.interfaces.len() < self.most_interfaces {
            self.interfaces.push(Interface { index, works, seen });
            self.changed = true;
        } else {
            self.overflow();
        }
        false
    }

    /// This interface is gone.
    pub(super) fn interface_gone(&mut self, index: u32) {
        self.interfaces.retain(|known| known.index != index);
        self.changed = true;
    }

    fn overflow(&mut self) {
        self.lost += 1;
        self.overflowed = true;
    }

    /// A dump is over: what was not seen in it is gone. True: that has made room for some that the dump had and that found none,
    /// so that another one would tell more.
    pub(super) fn forget_unseen(&mut self, dump: u32) -> bool {
        let before = (self.routes.len(), self.interfaces.len());
        self.routes.retain(|route| route.seen == dump);
        self.interfaces.retain(|interface| interface.seen == dump);
        let fewer = before != (self.routes.len(), self.interfaces.len());
        self.changed |= fewer;
        std::mem::take(&mut self.overflowed) && fewer
    }

    /// This host has other addresses than before, to which no way leads.
    pub(super) fn own_addresses_changed(&mut self) {
        self.changed = true;
    }

    /// A next hop that the speaker uses from now on; the way there, of which there is none to this host itself.
    pub(super) fn follow(&mut self, address: IpAddr, is_own: bool) -> Option<Way> {
        let way = self.find(address).filter(|_| !is_own);
        if self.known.len() < self.most_known || self.known.contains_key(&address) {
            self.known.insert(address, way);
        } else {
            self.lost += 1;
        }
        way
    }

    /// The way to a next hop that is followed.
    pub(super) fn way(&self, address: IpAddr) -> Option<Way> {
        self.known.get(&address).copied().flatten()
    }

    /// Whether a next hop that is followed is reached by this one.
    pub(super) fn uses(&self, hop: &Hop) -> bool {
        self.known.values().flatten().any(|way| way.hops().any(|other| other == *hop))
    }

    /// The way to an address as the routes have it.
    fn find(&self, address: IpAddr) -> Option<Way> {
        let leads_there = |route: &&Foreign| route.prefix.contains(&address) && self.works(route);
        let longest = self.routes.iter().filter(leads_there).max_by(|one, other| {
            let length = one.prefix.prefix_len().cmp(&other.prefix.prefix_len());
            length.then(other.metric.cmp(&one.metric))
        })?;
        let working = longest.hops.into_iter().flatten().filter(|hop| self.is_working(hop));
        let mut hops = working.map(|hop| Hop { gateway: Some(hop.gateway.unwrap_or(address)), ..hop });
        let first = hops.next()?;
        let mut others = [None; WAYS - 1];
        for (place, hop) in others.iter_mut().zip(hops) {
            *place = Some(hop);
        }
        Some(Way { first, others, cost: longest.metric })
    }

    /// Whether the interface of one of a route's ways works. A route without such a way counts as none.
    fn works(&self, route: &Foreign) -> bool {
        let mut hops = route.hops.iter().flatten().peekable();
        hops.peek().is_none() || hops.any(|hop| self.is_working(hop))
    }

    fn is_working(&self, hop: &Hop) -> bool {
        self.interfaces.iter().any(|known| known.index == hop.interface && known.works)
    }

    /// Looks at every next hop again if anything has changed. `each` is told of each whose way is another one, with the former
    /// way and the present one. Whoever is asked for own addresses, and told, is `speaker`.
    pub(super) fn refresh<S>(
        &mut self,
        speaker: &mut S,
        is_own: impl Fn(&S, IpAddr) -> bool,
        mut each: impl FnMut(&mut S, IpAddr, Option<Way>, Option<Way>),
    ) {
        if !std::mem::take(&mut self.changed) {
            return;
        }
        self.news = true;
        let mut known = std::mem::take(&mut self.known);
        for (address, way) in &mut known {
            let now = self.find(*address).filter(|_| !is_own(speaker, *address));
            if now != *way {
                each(speaker, *address, *way, now);
                *way = now;
            }
        }
        self.known = known;
    }

    /// Forgets the next hops that the speaker uses no longer.
    pub(super) fn forget_unused(&mut self, speaker: &Speaker<'_>) {
        let used = |address: &IpAddr| speaker.next_hops().any(|(known, _)| known == *address);
        if self.known.len() * 2 > self.most_known {
            self.known.retain(|address, _| used(address));
        }
    }

    /// Whether routes or links have changed since this was asked last.
    pub(super) fn take_news(&mut self) -> bool {
        std::mem::take(&mut self.news)
    }

    /// Routes of somebody else whose links work, and those that drop packets on purpose.
    pub(super) fn routes(&self) -> impl Iterator<Item = &Foreign> {
        self.routes.iter().filter(|route| self.works(route))
    }
}

#[cfg(test)]
mod tests;
