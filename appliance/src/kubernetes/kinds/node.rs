//! Node and CiliumNode: a node's addresses and its pods' prefixes.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;

/// A Node.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Node {
    /// What it is to be.
    pub spec: NodeSpec,
    /// What it is.
    pub status: NodeStatus,
}

/// What a Node is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeSpec {
    /// Its pods' prefix.
    #[serde(rename = "podCIDR")]
    pub pod_cidr: Option<IpNet>,
    /// All of them, of both families.
    #[serde(rename = "podCIDRs")]
    pub pod_cidrs: Vec<IpNet>,
}

/// What a Node is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct NodeStatus {
    /// Its addresses and names.
    pub addresses: Vec<NodeAddress>,
}

/// An address, or a name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct NodeAddress {
    /// `InternalIP`, `ExternalIP`, `Hostname` …
    #[serde(rename = "type")]
    pub kind: String,
    /// Text: it may be a name.
    pub address: String,
}

/// `spec` of a CiliumNode.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CiliumNode {
    /// Its addresses.
    pub addresses: Vec<CiliumNodeAddress>,
    /// Its pods' addresses.
    pub ipam: Ipam,
}

/// An address of a CiliumNode.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CiliumNodeAddress {
    /// `InternalIP`, `ExternalIP`, `CiliumInternalIP` …
    #[serde(rename = "type", default)]
    pub kind: String,
    /// The address.
    pub ip: IpAddr,
}

/// Addresses of a CiliumNode's pods.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ipam {
    /// With one prefix for a node and family.
    #[serde(rename = "podCIDRs")]
    pub pod_cidrs: Vec<IpNet>,
    /// With pools.
    pub pools: Pools,
}

/// Pools of a CiliumNode.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Pools {
    /// What the node has of each.
    pub allocated: Vec<Allocated>,
}

/// What a node has of a pool.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Allocated {
    /// The CiliumPodIPPool's name.
    pub pool: String,
    /// Prefixes of it.
    #[serde(default)]
    pub cidrs: Vec<IpNet>,
}
