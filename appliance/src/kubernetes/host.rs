//! What the resources' meaning depends on of the host: its interfaces and default routes, and what the configuration says.

use std::net::IpAddr;

/// What there is on the host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Host {
    /// By index.
    pub interfaces: Vec<Interface>,
    /// Default routes of the main table with a gateway.
    pub default_routes: Vec<DefaultRoute>,
}

/// A network interface.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// Whether it is switched on.
    pub up: bool,
    /// Whether it can carry traffic, or does not say whether it can.
    pub operational: bool,
    /// Its hardware address, if it has one of six bytes.
    pub mac: Option<[u8; 6]>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
}

/// A default route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DefaultRoute {
    /// Where it leads.
    pub gateway: IpAddr,
    /// Its metric: lower is better.
    pub metric: u32,
    /// The interface.
    pub interface: String,
}

/// What `[kubernetes]` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The name of the node that this is.
    pub node: String,
    /// Where the Secrets with keys are.
    pub secrets_namespace: String,
    /// Whether a Service has to have an endpoint somewhere that takes traffic.
    pub require_ready_endpoint: bool,
    /// Which resource says what the node's pod CIDRs are.
    pub pod_cidrs_from: PodCidrsFrom,
}

/// Which resource says what a node's pod CIDRs are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PodCidrsFrom {
    /// The CiliumNode if there is one, else the Node.
    #[default]
    Present,
    /// The CiliumNode.
    CiliumNode,
    /// The Node.
    Node,
}

impl Host {
    /// The addresses of an interface that can be announced: it is switched on and can carry traffic, and others can reach them.
    ///
    /// # Errors
    /// Why there are none.
    pub fn announceable(&self, name: &str) -> Result<Vec<IpAddr>, &'static str> {
        let interface = self
            .interfaces
            .iter()
            .find(|interface| interface.name == name)
            .ok_or("there is no such interface")?;
        if !interface.up {
            return Err("the interface is switched off");
        }
        if !interface.operational {
            return Err("the interface has no link");
        }
        let mut addresses: Vec<_> = interface.addresses.iter().copied().filter(is_reachable).collect();
        addresses.sort_unstable();
        addresses.dedup();
        if addresses.is_empty() {
            Err("the interface has no address that others can reach")
        } else {
            Ok(addresses)
        }
    }

    /// The one address of a family of an interface from which to reach a neighbor.
    ///
    /// # Errors
    /// Why there is none, or which of several it would be.
    pub fn source(&self, name: &str, ipv4: bool) -> Result<IpAddr, &'static str> {
        let addresses = self.announceable(name)?;
        let mut fitting = addresses.into_iter().filter(|address| address.is_ipv4() == ipv4);
        match (fitting.next(), fitting.next()) {
            (Some(address), None) => Ok(address),
            (None, _) => Err("the interface has no address of the neighbor's family"),
            (Some(_), Some(_)) => Err("the interface has several addresses of the neighbor's family"),
        }
    }

    /// The gateways of a family's best default routes: several if their metrics are equal.
    pub fn gateways(&self, ipv4: bool) -> Vec<IpAddr> {
        let usable = |route: &&DefaultRoute| {
            let working = |interface: &Interface| {
                interface.name == route.interface && interface.up && interface.operational
            };
            route.gateway.is_ipv4() == ipv4
                && !is_link_local(&route.gateway)
                && self.interfaces.iter().any(working)
        };
        let best = self.default_routes.iter().filter(usable).map(|route| route.metric).min();
        let equal = self.default_routes.iter().filter(usable).filter(|route| Some(route.metric) == best);
        let mut gateways: Vec<_> = equal.map(|route| route.gateway).collect();
        gateways.sort_unstable();
        gateways.dedup();
        gateways
    }

    /// The last four bytes of a hardware address, as a BGP Identifier where the node has no IPv4 address: of the interface that
    /// the best default route uses, else of the first that has one.
    pub fn identifier(&self) -> Option<std::net::Ipv4Addr> {
        let best = self.default_routes.iter().min_by_key(|route| route.metric);
        let of_route =
            best.and_then(|route| self.interfaces.iter().find(|interface| interface.name == route.interface));
        let mut candidates =
            of_route.into_iter().chain(&self.interfaces).filter_map(|interface| interface.mac);
        candidates
            .find_map(|[_, _, a, b, c, d]| Some([a, b, c, d]).filter(|bytes| *bytes != [0; 4]))
            .map(Into::into)
    }
}

/// Whether others can reach an address: IPv4 link-local ones may be used within a network of that kind.
fn is_reachable(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            !(address.is_loopback()
                || address.is_multicast()
                || address.is_unspecified()
                || address.is_broadcast())
        }
        IpAddr::V6(address) => {
            !(address.is_loopback()
                || address.is_multicast()
                || address.is_unspecified()
                || address.is_unicast_link_local()
                || address.to_ipv4_mapped().is_some())
        }
    }
}

fn is_link_local(address: &IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_link_local(),
        IpAddr::V6(address) => address.is_unicast_link_local(),
    }
}
