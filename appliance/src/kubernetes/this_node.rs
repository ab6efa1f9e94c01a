//! The node that this is: what its Node and its CiliumNode say.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use super::host::{Host, Options, PodCidrsFrom};
use super::kinds::node::{CiliumNode, Node};
use super::meta::{Key, Labels};
use super::resources::{Known, Resources};

/// The node that this is.
#[derive(Clone, Copy, Debug)]
pub struct ThisNode<'r> {
    name: &'r str,
    node: Option<&'r Known<Node>>,
    cilium: Option<&'r Known<CiliumNode>>,
    pod_cidrs_from: PodCidrsFrom,
}

const NO_LABELS: &Labels = &Labels::new();

impl<'r> ThisNode<'r> {
    /// The node that the configuration names.
    pub fn new(resources: &'r Resources, options: &'r Options) -> Self {
        let key = Key { namespace: String::new(), name: options.node.clone() };
        Self {
            name: &options.node,
            node: resources.nodes.get(&key),
            cilium: resources.cilium_nodes.get(&key),
            pod_cidrs_from: options.pod_cidrs_from,
        }
    }

    /// Its name.
    pub const fn name(&self) -> &'r str {
        self.name
    }

    /// What selectors of nodes look at: the CiliumNode's labels, which follow the Node's, or the Node's where there is no other.
    pub fn labels(&self) -> &'r Labels {
        let cilium = self.cilium.map(|known| &known.metadata.labels);
        cilium.or_else(|| self.node.map(|known| &known.metadata.labels)).unwrap_or(NO_LABELS)
    }

    /// An annotation, of either.
    pub fn annotation(&self, key: &str) -> Option<&'r str> {
        let of = |metadata: &'r super::meta::Metadata| metadata.annotations.get(key).map(String::as_str);
        self.cilium
            .and_then(|known| of(&known.metadata))
            .or_else(|| self.node.and_then(|known| of(&known.metadata)))
    }

    /// Prefixes of its pods. Which resource is asked depends on what there is, never on what fails.
    pub fn pod_cidrs(&self) -> Vec<IpNet> {
        let of_cilium = self.cilium.map(|known| known.body.ipam.pod_cidrs.clone());
        let of_node = || {
            let Some(Known { body: Node { spec, .. }, .. }) = self.node else { return Vec::new() };
            if spec.pod_cidrs.is_empty() {
                spec.pod_cidr.into_iter().collect()
            } else {
                spec.pod_cidrs.clone()
            }
        };
        match self.pod_cidrs_from {
            PodCidrsFrom::Present => of_cilium.unwrap_or_else(of_node),
            PodCidrsFrom::CiliumNode => of_cilium.unwrap_or_default(),
            PodCidrsFrom::Node => of_node(),
        }
    }

    /// What it has of a CiliumPodIPPool.
    pub fn pool_cidrs(&self, pool: &str) -> impl Iterator<Item = IpNet> + use<'r> {
        let all = self.cilium.map(|known| known.body.ipam.pools.allocated.as_slice()).unwrap_or_default();
        let of_pool: Vec<_> =
            all.iter().filter(|part| part.pool == pool).flat_map(|part| &part.cidrs).collect();
        of_pool.into_iter().map(IpNet::trunc)
    }

    /// Its BGP Identifier where no resource says one: its internal address, else the external one, else any; and on a node
    /// without IPv4 what the host's hardware address makes.
    pub fn identifier(&self, host: &Host) -> Option<Ipv4Addr> {
        let mut addresses: Vec<(&str, IpAddr)> = Vec::new();
        if let Some(known) = self.cilium {
            addresses.extend(known.body.addresses.iter().map(|address| (address.kind.as_str(), address.ip)));
        } else if let Some(known) = self.node {
            let parsed = known.body.status.addresses.iter();
            addresses.extend(parsed.filter_map(|one| Some((one.kind.as_str(), one.address.parse().ok()?))));
        }
        let first = |fits: fn(&str) -> bool| {
            addresses.iter().find_map(|(kind, address)| match address {
                IpAddr::V4(address) if fits(kind) && !address.is_unspecified() => Some(*address),
                IpAddr::V4(_) | IpAddr::V6(_) => None,
            })
        };
        first(|kind| kind == "InternalIP")
            .or_else(|| first(|kind| kind == "ExternalIP"))
            .or_else(|| first(|kind| kind != "CiliumInternalIP"))
            .or_else(|| host.identifier())
    }
}
