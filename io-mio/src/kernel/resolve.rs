//! What the kernel knows of the ways to next hops: its links, and its routes that are not ours.
//!
//! A next hop is where the longest match among those routes leads (RFC 4271, 5.1.3 and 9.1.2.1), and costs what that route's
//! metric says. A default route leads to none: it says where to send what nobody knows anything of, and would have every next hop
//! whose link has failed look as if it could still be reached. A neighbor that has to be on a link of ours is reached by that link or
//! not at all. Routes that BGP itself has installed do not count: they would lead in circles. Where a route leads over several
//! ways, all that work share what goes to the next hop, as the kernel would have it; of more than [`WAYS`] the first ones.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::net::IpAddr;

use crier_core::Speaker;
use ipnet::IpNet;

use super::plan::{map, map_bytes};
use super::taken::{ADVERTISED, Taken};
use crate::netlink::Hop;
use crate::netlink::decode::Origin;

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

/// The number of the loopback interface, in every network namespace.
const LOOPBACK: u32 = 1;

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

/// What there is room for first where there is not room for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// The network of a link: without it all next hops there would count as unreachable.
    Connected,
    /// The operator's own.
    Static,
    /// What daemons have learned.
    Other,
}

impl Foreign {
    fn rank(&self) -> Rank {
        match self.protocol {
            libc::RTPROT_KERNEL | ADVERTISED if self.is_on_link() => Rank::Connected,
            libc::RTPROT_BOOT | libc::RTPROT_STATIC => Rank::Static,
            _ => Rank::Other,
        }
    }

    /// Whether all its ways are on the link, and there is one.
    pub(super) fn is_on_link(&self) -> bool {
        let mut hops = self.hops.iter().flatten().peekable();
        hops.peek().is_some() && hops.all(|hop| hop.gateway.is_none())
    }

    /// Whether nothing tells them apart but where they lead: the kernel may have several of those.
    fn is_like(&self, other: &Self) -> bool {
        (self.prefix, self.metric, self.protocol) == (other.prefix, other.metric, other.protocol)
    }
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
    /// Prefixes that are not ours to install.
    taken: Taken,
    /// Neighbors that have to be on a link of ours, ascending.
    near: Vec<IpAddr>,
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
    /// Room for so many routes, interfaces, next hops and neighbors.
    pub(super) fn new(routes: usize, interfaces: usize, next_hops: usize, neighbors: usize) -> Self {
        Self {
            routes: Vec::with_capacity(routes),
            interfaces: Vec::with_capacity(interfaces),
            taken: Taken::new(routes),
            near: Vec::with_capacity(neighbors),
            known: map(next_hops),
            most_routes: routes,
            most_interfaces: interfaces,
            most_known: next_hops,
            lost: 0,
            overflowed: false,
            changed: false,
            news: false,
        }
    }

    /// Bytes that [`Ways::new`] allocates for routes and interfaces, and for next hops and neighbors.
    pub(super) fn bytes(routes: usize, interfaces: usize, next_hops: usize, neighbors: usize) -> (u64, u64) {
        let others = routes * size_of::<Foreign>() + interfaces * size_of::<Interface>();
        let followed = map_bytes::<IpAddr, Option<Way>>(next_hops as u64);
        let near = neighbors * size_of::<IpAddr>();
        ((others + Taken::bytes(routes)) as u64, followed + near as u64)
    }

    /// The kernel tells of this route. False: there is one like it that leads elsewhere, and which of them is used the next dump
    /// tells, which has that one first.
    pub(super) fn told(&mut self, route: Foreign, origin: Origin) -> bool {
        let place = self.routes.iter().position(|known| known.is_like(&route));
        let known = place.and_then(|place| self.routes.get(place));
        let is_second = |known: &Foreign| match origin.dump {
            true => known.seen == route.seen,
            false => !origin.replaces,
        };
        let is_twin = |known: &&Foreign| known.hops != route.hops && is_second(known) && self.works(known);
        if known.filter(is_twin).is_some() {
            return origin.dump;
        }
        self.put(place, route);
        true
    }

    fn put(&mut self, place: Option<usize>, route: Foreign) {
        if let Some(known) = place.and_then(|place| self.routes.get_mut(place)) {
            self.changed |= known.hops != route.hops;
            *known = route;
        } else if self.routes.len() < self.most_routes {
            self.routes.push(route);
            self.changed = true;
        } else {
            self.overflow();
            if let Some(known) = self.dispensable(route.rank()) {
                *known = route;
                self.changed = true;
            }
        }
    }

    /// What gives up its place to a route of this rank, where there is no other.
    fn dispensable(&mut self, rank: Rank) -> Option<&mut Foreign> {
        if rank == Rank::Other {
            return None;
        }
        self.routes.iter_mut().max_by_key(|known| known.rank()).filter(|known| known.rank() > rank)
    }

    /// This route is gone. One like it that leads elsewhere is not.
    pub(super) fn route_gone(&mut self, route: &Foreign) {
        let before = self.routes.len();
        self.routes.retain(|known| !known.is_like(route) || known.hops != route.hops);
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

    /// A dump is over: what was not seen in it is gone, but for IPv6 routes, of which dumps leave some out while others change: those
    /// are, if the dump before had not shown them either. True: another dump would tell more: of such, or because that has made room
    /// for some that found none.
    pub(super) fn forget_unseen(&mut self, dump: u32) -> bool {
        let before = (self.routes.len(), self.interfaces.len());
        let mut doubtful = false;
        self.routes.retain(|route| {
            let lately = matches!(route.prefix, IpNet::V6(_)) && route.seen.wrapping_add(1) == dump;
            doubtful |= lately;
            lately || route.seen == dump
        });
        self.interfaces.retain(|interface| interface.seen == dump);
        let fewer = before != (self.routes.len(), self.interfaces.len());
        self.changed |= fewer;
        std::mem::take(&mut self.overflowed) && fewer || doubtful
    }

    /// This host has other addresses than before, to which no way leads.
    pub(super) fn own_addresses_changed(&mut self) {
        self.changed = true;
    }

    /// These neighbors have to be on a link of ours.
    pub(super) fn meet(&mut self, neighbors: impl Iterator<Item = IpAddr>) {
        self.near.clear();
        self.near.extend(neighbors.take(self.near.capacity()));
        self.near.sort_unstable();
    }

    /// Whether anything has changed since the next hops were looked at.
    pub(super) const fn have_changed(&self) -> bool {
        self.changed
    }

    /// Looks for the prefixes that are not ours to install with this metric. `each` is told of those that come and go.
    pub(super) fn take(&mut self, metric: u32, each: impl FnMut(IpNet)) {
        let mut taken = std::mem::replace(&mut self.taken, Taken::new(0));
        let all = self.routes().filter(|route| route.keeps_out(metric)).map(|route| route.prefix);
        taken.replace(all, each);
        self.taken = taken;
    }

    /// Whether this prefix is not ours to install.
    pub(super) fn is_taken(&self, prefix: IpNet) -> bool {
        self.taken.holds(prefix)
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

    /// The way to an address as the routes have it. A link-local one says nothing of its link (RFC 4007, 6), and every link has the
    /// same route for it: where there are several it may be anybody's.
    fn find(&self, address: IpAddr) -> Option<Way> {
        if matches!(address, IpAddr::V6(address) if address.is_unicast_link_local()) {
            let mut links = self.interfaces.iter().filter(|known| known.works && known.index != LOOPBACK);
            if links.nth(1).is_some() {
                return None;
            }
        }
        let leads_there = |route: &&Foreign| {
            route.prefix.prefix_len() > 0 && route.prefix.contains(&address) && self.works(route)
        };
        let longest = self.routes.iter().filter(leads_there).max_by(|one, other| {
            let length = one.prefix.prefix_len().cmp(&other.prefix.prefix_len());
            length.then(other.metric.cmp(&one.metric))
        })?;
        let is_near = self.near.binary_search(&address).is_ok();
        let may_lead = |hop: &Hop| self.is_working(hop) && (!is_near || hop.gateway.is_none());
        let working = longest.hops.into_iter().flatten().filter(may_lead);
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
