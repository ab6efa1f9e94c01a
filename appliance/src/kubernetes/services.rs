//! Which addresses of a Service a node announces: by its type and class, and by where its endpoints are.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use super::kinds::advertisement::AddressType;
use super::kinds::endpoint_slice::{AddressType as Family, EndpointState, SERVICE_NAME};
use super::kinds::service::{ClusterIp, IpMode, Service, ServiceType, TrafficPolicy};
use super::meta::{Key, Metadata};
use super::resources::Resources;

/// The class whose addresses are announced, besides Services without one.
pub const CLASS: &str = "io.cilium/bgp-control-plane";

/// Marks a Service that has no address of its own.
const HEADLESS: &str = "service.kubernetes.io/headless";

/// How many endpoints take traffic, of one family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count {
    /// On this node.
    pub here: usize,
    /// On all.
    pub all: usize,
    /// About to end, on all.
    pub terminating: usize,
}

/// A Service's endpoints, by family.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    ipv4: Count,
    ipv6: Count,
}

impl Endpoints {
    /// Those of an address's family.
    pub const fn of(&self, address: &IpAddr) -> Count {
        if address.is_ipv4() { self.ipv4 } else { self.ipv6 }
    }
}

/// The endpoints of every Service, as a node sees them.
pub fn endpoints(resources: &Resources, node: &str) -> BTreeMap<Key, Endpoints> {
    let mut all: BTreeMap<Key, Endpoints> = BTreeMap::new();
    for known in resources.endpoint_slices.values() {
        let Some(name) = known.metadata.labels.get(SERVICE_NAME) else { continue };
        let key = Key { namespace: known.metadata.namespace.clone(), name: name.clone() };
        let of = all.entry(key).or_default();
        let count = match known.body.address_type {
            Family::IPv4 => &mut of.ipv4,
            Family::IPv6 => &mut of.ipv6,
            Family::Fqdn => continue,
        };
        for endpoint in &known.body.endpoints {
            match endpoint.state {
                EndpointState::Down => {}
                EndpointState::Terminating => count.terminating += 1,
                EndpointState::Active => {
                    count.all += 1;
                    count.here += usize::from(endpoint.node.as_deref() == Some(node));
                }
            }
        }
    }
    all
}

/// Why an address, or a Service, is not announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missing {
    /// Its type has no such addresses.
    Type(ServiceType),
    /// Another load balancer is to serve it.
    Class(String),
    /// Nobody has given it an address yet.
    Pending,
    /// A load balancer before the nodes answers for this address.
    Proxy(IpAddr),
    /// It has no address of its own.
    Headless,
    /// It has no such address.
    None,
    /// Traffic may go to endpoints on this node only, and there is none that takes it.
    NotHere(Count),
    /// There is no endpoint that takes traffic anywhere.
    Nowhere(Count),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Type(kind) => write!(f, "its type is {kind:?}"),
            Self::Class(class) => write!(f, "its loadBalancerClass is {class}, not {CLASS}"),
            Self::Pending => f.write_str("it is pending: no load balancer has given it an address"),
            Self::Proxy(address) => {
                write!(f, "{address} has ipMode Proxy: a load balancer before the nodes has it")
            }
            Self::Headless => f.write_str("it is headless"),
            Self::None => f.write_str("it has no such address"),
            Self::NotHere(count) => write!(
                f,
                "its traffic policy is Local, and no endpoint here is ready ({} elsewhere, {} about to end)",
                count.all, count.terminating
            ),
            Self::Nowhere(count) => {
                write!(f, "no endpoint is ready anywhere ({} about to end)", count.terminating)
            }
        }
    }
}

/// The addresses of one kind that a Service has, wherever it can be reached.
///
/// # Errors
/// Why it has none.
pub fn addresses(metadata: &Metadata, service: &Service, kind: AddressType) -> Result<Vec<IpAddr>, Missing> {
    let spec = &service.spec;
    let found: Vec<IpAddr> = match kind {
        AddressType::LoadBalancer => {
            if spec.kind != ServiceType::LoadBalancer {
                return Err(Missing::Type(spec.kind));
            }
            if let Some(class) = spec.load_balancer_class.as_ref().filter(|class| *class != CLASS) {
                return Err(Missing::Class(class.clone()));
            }
            let ingress = &service.status.load_balancer.ingress;
            let (ours, others): (Vec<_>, Vec<_>) =
                ingress.iter().partition(|ingress| ingress.ip_mode == IpMode::Vip);
            let found: Vec<_> = ours.iter().filter_map(|ingress| ingress.ip).collect();
            if let (true, Some(address)) = (found.is_empty(), others.iter().find_map(|ingress| ingress.ip)) {
                return Err(Missing::Proxy(address));
            }
            if found.is_empty() {
                return Err(Missing::Pending);
            }
            found
        }
        AddressType::External => spec.external_ips.clone(),
        AddressType::Cluster => {
            let all = spec.cluster_ips.iter().chain([&spec.cluster_ip]);
            if metadata.labels.contains_key(HEADLESS) || all.clone().any(|ip| *ip == ClusterIp::Headless) {
                return Err(Missing::Headless);
            }
            all.filter_map(|ip| match ip {
                ClusterIp::Address(address) => Some(*address),
                ClusterIp::Unset | ClusterIp::Headless => None,
            })
            .collect()
        }
    };
    if found.is_empty() { Err(Missing::None) } else { Ok(found) }
}

/// To which endpoints a node forwards what comes for an address of this kind.
pub const fn policy(service: &Service, kind: AddressType) -> TrafficPolicy {
    match kind {
        AddressType::LoadBalancer | AddressType::External => service.spec.external_traffic_policy,
        AddressType::Cluster => service.spec.internal_traffic_policy,
    }
}

/// Whether this node may announce an address, as its endpoints are.
///
/// # Errors
/// Why not.
pub const fn gate(policy: TrafficPolicy, count: Count, require_ready_endpoint: bool) -> Result<(), Missing> {
    match policy {
        TrafficPolicy::Local if count.here == 0 => Err(Missing::NotHere(count)),
        TrafficPolicy::Cluster if require_ready_endpoint && count.all == 0 => Err(Missing::Nowhere(count)),
        TrafficPolicy::Local | TrafficPolicy::Cluster => Ok(()),
    }
}
