//! CiliumBGPClusterConfig, CiliumBGPNodeConfig and CiliumBGPNodeConfigOverride: instances and their peers.

use std::net::{IpAddr, Ipv4Addr};

use serde::Deserialize;

use super::address::Address;
use crate::kubernetes::bounded::{Asn, Port, Within};
use crate::kubernetes::selector::Selector;

/// CiliumBGPClusterConfig: instances for the nodes that it selects.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterConfig {
    /// Which nodes; without it all.
    #[serde(default)]
    pub node_selector: Option<Selector>,
    /// One speaker each.
    pub bgp_instances: Vec<Instance>,
}

/// CiliumBGPNodeConfig: instances for the node of its name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeConfig {
    /// One speaker each.
    pub bgp_instances: Vec<Instance>,
}

/// A speaker.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Instance {
    /// Unique in its resource.
    pub name: String,
    /// Its AS; an override may give it instead.
    #[serde(rename = "localASN", default)]
    pub local_asn: Option<Asn>,
    /// Where it listens; without it nowhere.
    #[serde(default)]
    pub local_port: Option<Port>,
    /// Its BGP Identifier: of a node's configuration only.
    #[serde(rename = "routerID", default)]
    pub router_id: Option<Ipv4Addr>,
    /// Its neighbors.
    #[serde(default)]
    pub peers: Vec<Peer>,
}

/// A neighbor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Peer {
    /// Unique in its instance.
    pub name: String,
    /// Its address; without it, it has to be found.
    #[serde(default)]
    pub peer_address: Option<Address>,
    /// Its AS; 0 is any.
    #[serde(rename = "peerASN", default)]
    pub peer_asn: Option<Within<0, { u32::MAX }>>,
    /// How to find it.
    #[serde(default)]
    pub auto_discovery: Option<AutoDiscovery>,
    /// From which address to reach it: of a node's configuration only.
    #[serde(default)]
    pub local_address: Option<IpAddr>,
    /// Its CiliumBGPPeerConfig; without one there are the defaults, and nothing is announced.
    #[serde(default)]
    pub peer_config_ref: Option<Reference>,
}

impl ClusterConfig {
    /// Drops what only a node's configuration may say; the paths of what was there.
    pub fn drop_node_fields(&mut self) -> Vec<String> {
        let mut dropped = Vec::new();
        for (index, instance) in self.bgp_instances.iter_mut().enumerate() {
            if instance.router_id.take().is_some() {
                dropped.push(format!("bgpInstances[{index}].routerID"));
            }
            for (number, peer) in instance.peers.iter_mut().enumerate() {
                if peer.local_address.take().is_some() {
                    dropped.push(format!("bgpInstances[{index}].peers[{number}].localAddress"));
                }
            }
        }
        dropped
    }
}

/// How a neighbor without an address is found.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AutoDiscovery {
    /// The way.
    pub mode: DiscoveryMode,
    /// What the way by the default gateway needs.
    #[serde(default)]
    pub default_gateway: Option<DefaultGateway>,
}

/// A way of finding a neighbor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum DiscoveryMode {
    /// It is the gateway of the default route.
    DefaultGateway,
}

/// Whose default gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DefaultGateway {
    /// Of which family's default route.
    pub address_family: AddressFamily,
}

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AddressFamily {
    /// IPv4.
    Ipv4,
    /// IPv6.
    Ipv6,
}

/// Another resource, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Reference {
    /// The name.
    pub name: String,
}

/// CiliumBGPNodeConfigOverride: what is different on the node of its name.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeConfigOverride {
    /// By the name of the instance.
    pub bgp_instances: Vec<InstanceOverride>,
}

/// What is different of an instance.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct InstanceOverride {
    /// Of which.
    pub name: String,
    /// Its BGP Identifier.
    #[serde(rename = "routerID", default)]
    pub router_id: Option<Ipv4Addr>,
    /// Where it listens.
    #[serde(default)]
    pub local_port: Option<Port>,
    /// Its AS.
    #[serde(rename = "localASN", default)]
    pub local_asn: Option<Asn>,
    /// By the name of the peer.
    #[serde(default)]
    pub peers: Vec<PeerOverride>,
}

/// What is different of a peer.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeerOverride {
    /// Of which.
    pub name: String,
    /// From which address to reach it.
    #[serde(default)]
    pub local_address: Option<IpAddr>,
    /// From which port to reach it: known to the schema, and without effect, as in Cilium.
    #[serde(default)]
    pub local_port: Option<Port>,
}
