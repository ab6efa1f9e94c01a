//! CiliumBGPPeeringPolicy: the former way to say all of it in one resource.

use serde::Deserialize;

use super::address::WithLength;
use super::advertisement::AddressType;
use super::attributes::{Communities, PathAttributes};
use super::peer_config::{Afi, GracefulRestart, Safi};
use crate::kubernetes::bounded::{Port, Within};
use crate::kubernetes::selector::Selector;

/// Speakers for the nodes that it selects.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PeeringPolicy {
    /// Which nodes; without it all.
    #[serde(default)]
    pub node_selector: Option<Selector>,
    /// The speakers, known by their AS.
    pub virtual_routers: Vec<VirtualRouter>,
}

/// A speaker.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VirtualRouter {
    /// Its AS.
    #[serde(rename = "localASN")]
    pub local_asn: Within<0, { u32::MAX }>,
    /// Whether the node's pod CIDRs are announced.
    #[serde(rename = "exportPodCIDR", default)]
    pub export_pod_cidr: bool,
    /// Of which pools the node's part is announced; without it of none.
    #[serde(rename = "podIPPoolSelector", default)]
    pub pod_ip_pool_selector: Option<Selector>,
    /// Which Services' addresses are announced; without it none's.
    #[serde(default)]
    pub service_selector: Option<Selector>,
    /// Which of their addresses.
    #[serde(default = "load_balancer")]
    pub service_advertisements: Vec<AddressType>,
    /// Its neighbors.
    pub neighbors: Vec<Neighbor>,
}

fn load_balancer() -> Vec<AddressType> {
    vec![AddressType::LoadBalancer]
}

/// A neighbor.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Neighbor {
    /// Its address, with a length that says nothing.
    pub peer_address: WithLength,
    /// Its port; 179.
    #[serde(default)]
    pub peer_port: Option<Port>,
    /// Its AS.
    #[serde(rename = "peerASN")]
    pub peer_asn: Within<0, { u32::MAX }>,
    /// The Secret with the key of TCP MD5.
    #[serde(default)]
    pub auth_secret_ref: Option<String>,
    /// TTL towards an external neighbor.
    #[serde(rename = "eBGPMultihopTTL", default)]
    pub ebgp_multihop_ttl: Option<Within<1, 255>>,
    /// Seconds between two attempts to connect; 120.
    #[serde(default)]
    pub connect_retry_time_seconds: Option<Within<1, 2_147_483_647>>,
    /// Hold time in seconds; 90.
    #[serde(default)]
    pub hold_time_seconds: Option<Within<3, 65_535>>,
    /// Seconds between two KEEPALIVEs; 30.
    #[serde(default)]
    pub keep_alive_time_seconds: Option<Within<1, 65_535>>,
    /// Graceful restart.
    #[serde(default)]
    pub graceful_restart: Option<GracefulRestart>,
    /// Families; both where nothing is said.
    #[serde(default)]
    pub families: Vec<Family>,
    /// Attributes for some of the routes.
    #[serde(default)]
    pub advertised_path_attributes: Vec<AdvertisedPathAttributes>,
}

/// A family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Family {
    /// Address family.
    pub afi: Afi,
    /// Subsequent address family.
    pub safi: Safi,
}

/// Attributes for some of the routes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub struct AdvertisedPathAttributes {
    /// What of.
    pub selector_type: SelectorType,
    /// Which; without it all of that type.
    pub selector: Option<Selector>,
    /// The attributes.
    pub attributes: PathAttributes,
}

/// As they are written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    selector_type: SelectorType,
    #[serde(default)]
    selector: Option<Selector>,
    #[serde(default)]
    communities: Communities,
    #[serde(default)]
    local_preference: Option<u32>,
}

impl From<Written> for AdvertisedPathAttributes {
    fn from(Written { selector_type, selector, communities, local_preference }: Written) -> Self {
        Self { selector_type, selector, attributes: PathAttributes::new(communities, local_preference) }
    }
}

/// What attributes are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum SelectorType {
    /// The node's pod CIDRs.
    #[serde(rename = "PodCIDR")]
    PodCidr,
    /// Host routes inside the pools that are selected.
    CiliumLoadBalancerIPPool,
    /// The node's parts of the pools that are selected.
    CiliumPodIPPool,
}
