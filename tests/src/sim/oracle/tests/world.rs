//! Routers and links for tests.
//!
//! Router `n` has the identifier 192.0.2.n. Link `k` has the subnets 10.k.0.0/24 and fd00:k::/64; the router named first
//! has .1 there, the other one .2.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crier::config::{MatchModel, Network, PolicyModel, RuleModel, SetModel};
use crier_core::config::{PolicyRef, Settings};
use crier_core::policy::RuleAction;
use crier_core::{Family, FamilySet};
use ipnet::IpNet;

use crate::sim::Route;
use crate::sim::oracle::{Router, Session, Tables, origin, solve};
use crate::sim::route::Segment;

pub(super) fn net(prefix: &str) -> IpNet {
    prefix.parse().unwrap()
}

pub(super) fn ip(address: &str) -> IpAddr {
    address.parse().unwrap()
}

/// AS_PATH of one sequence.
pub(super) fn path(numbers: &[u32]) -> Vec<Segment> {
    if numbers.is_empty() { Vec::new() } else { vec![Segment::Sequence(numbers.to_vec())] }
}

/// A route as an external neighbor announces it.
pub(super) fn route(numbers: &[u32], next_hop: &str) -> Route {
    Route {
        origin: 0,
        as_path: path(numbers),
        next_hop: ip(next_hop),
        link_local: None,
        med: None,
        local_pref: None,
        communities: BTreeSet::new(),
        large_communities: BTreeSet::new(),
        others: BTreeMap::new(),
    }
}

pub(super) fn network(prefix: &str) -> Network {
    Network {
        prefix: net(prefix),
        next_hop: None,
        med: None,
        local_pref: None,
        communities: Vec::new(),
        large_communities: Vec::new(),
        if_route: false,
    }
}

pub(super) fn rule(matches: &[MatchModel], sets: &[SetModel], action: RuleAction) -> RuleModel {
    RuleModel { matches: matches.to_vec(), sets: sets.to_vec(), action }
}

#[derive(Default)]
pub(super) struct World {
    pub(super) routers: Vec<Router>,
    links: u8,
}

impl World {
    /// Routers with these AS numbers and no links.
    pub(super) fn new(asns: &[u32]) -> Self {
        let router = |(number, asn): (u8, &u32)| Router {
            name: format!("r{number}"),
            asn: *asn,
            router_id: Ipv4Addr::new(192, 0, 2, number),
            maximum_paths: 1,
            as_path_relax: false,
            policies: Vec::new(),
            origins: BTreeMap::new(),
            ways: None,
            sessions: Vec::new(),
            own_addresses: BTreeSet::new(),
            drained: false,
        };
        Self { routers: (0..).zip(asns).map(router).collect(), links: 0 }
    }

    /// Routers in a row, each linked to the next.
    pub(super) fn line(asns: &[u32]) -> Self {
        let mut world = Self::new(asns);
        for router in 1..asns.len() {
            world.link(router - 1, router);
        }
        world
    }

    /// A session over IPv4 that accepts and announces everything; its positions at both ends.
    pub(super) fn link(&mut self, a: usize, b: usize) -> (usize, usize) {
        self.links += 1;
        let v4 = [1, 2].map(|host| Ipv4Addr::new(10, self.links, 0, host));
        let v6 = [1, 2].map(|host| Ipv6Addr::new(0xFD00, self.links.into(), 0, 0, 0, 0, 0, host));
        let local = [1, 2].map(|host| Ipv6Addr::new(0xFE80, 0, 0, 0, 0, 0, self.links.into(), host));
        let positions = (self.routers[a].sessions.len(), self.routers[b].sessions.len());
        let ends = [(a, b, positions.1, 0, 1), (b, a, positions.0, 1, 0)];
        for (own, peer, back, this, other) in ends {
            let session = Session {
                peer,
                back,
                remote: v4[other].into(),
                local: v4[this].into(),
                ipv4: None,
                ipv6: Some(v6[this]),
                link_local: Some(local[this]),
                remote_asn: self.routers[peer].asn,
                remote_id: self.routers[peer].router_id,
                families: FamilySet::EMPTY.with(Family::Ipv4Unicast).with(Family::Ipv6Unicast),
                extended_next_hop: false,
                settings: Settings {
                    import: PolicyRef::AcceptAll,
                    export: PolicyRef::AcceptAll,
                    ..Settings::default()
                },
            };
            self.routers[own].sessions.push(session);
            self.routers[own].own_addresses.extend([IpAddr::from(v4[this]), v6[this].into()]);
        }
        positions
    }

    /// A session over IPv6.
    pub(super) fn link6(&mut self, a: usize, b: usize) -> (usize, usize) {
        let positions = self.link(a, b);
        for (router, position) in [(a, positions.0), (b, positions.1)] {
            let session = &mut self.routers[router].sessions[position];
            let IpAddr::V4(v4) = session.local else { unreachable!() };
            let host = |address: IpAddr| match address {
                IpAddr::V4(v4) => {
                    Ipv6Addr::new(0xFD00, v4.octets()[1].into(), 0, 0, 0, 0, 0, v4.octets()[3].into())
                }
                IpAddr::V6(v6) => v6,
            };
            (session.local, session.remote) = (host(session.local).into(), host(session.remote).into());
            (session.ipv4, session.ipv6) = (Some(v4), None);
            session.extended_next_hop = true;
        }
        positions
    }

    /// The settings of a session.
    pub(super) fn settings(&mut self, router: usize, session: usize) -> &mut Settings {
        &mut self.routers[router].sessions[session].settings
    }

    /// Adds a policy; the reference to it.
    pub(super) fn policy(&mut self, router: usize, rules: &[RuleModel]) -> PolicyRef {
        let policies = &mut self.routers[router].policies;
        policies.push(PolicyModel { name: format!("p{}", policies.len()), rules: rules.to_vec() });
        PolicyRef::Named(policies.len() as u16 - 1)
    }

    pub(super) fn originate(&mut self, router: usize, network: &Network) {
        self.routers[router].origins.insert(network.prefix, origin(network));
    }

    /// The stable state, which there must be.
    pub(super) fn solve(&self) -> Vec<Tables> {
        let tables = solve(&self.routers).unwrap();
        assert_eq!(super::super::is_stable(&self.routers, &tables), Ok(()));
        tables
    }
}

/// The best route of a prefix.
pub(super) fn best_of<'t>(tables: &'t Tables, prefix: &str) -> Option<&'t Route> {
    let at = *tables.best.get(&net(prefix))?;
    Some(&tables.paths[&net(prefix)][at].route)
}

/// AS numbers of the best route's path.
pub(super) fn best_path(tables: &Tables, prefix: &str) -> Option<Vec<u32>> {
    best_of(tables, prefix).map(|route| super::super::as_path::numbers(&route.as_path))
}
