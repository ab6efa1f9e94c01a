//! CiliumBGPPeerConfig: how to speak with a neighbor, and what it is to hear.

use serde::Deserialize;

use crate::kubernetes::bounded::{Port, Within};
use crate::kubernetes::selector::Selector;

/// How to speak with the neighbors that refer to it. The default is that of a neighbor that refers to none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PeerConfig {
    /// The Secret with the key of TCP MD5.
    pub auth_secret_ref: Option<String>,
    /// TTL towards an external neighbor.
    pub ebgp_multihop: Option<Within<1, 255>>,
    /// Families, and what is announced in each; without any there are both, and nothing is announced.
    pub families: Vec<FamilyAdvertisements>,
    /// Graceful restart.
    pub graceful_restart: Option<GracefulRestart>,
    /// Times.
    pub timers: Timers,
    /// Of the connection.
    pub transport: Transport,
}

/// A family.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct FamilyAdvertisements {
    /// Address family, in the schema's words.
    pub afi: Afi,
    /// Subsequent address family, in the schema's words.
    pub safi: Safi,
    /// Which CiliumBGPAdvertisements, by their labels; without it none.
    #[serde(default)]
    pub advertisements: Option<Selector>,
}

/// The schema's address families. Only the first two do anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the schema's words")]
pub enum Afi {
    Ipv4,
    Ipv6,
    L2vpn,
    Ls,
    Opaque,
}

/// The schema's subsequent address families. Only the first does anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the schema's words")]
pub enum Safi {
    Unicast,
    Multicast,
    MplsLabel,
    Encapsulation,
    Vpls,
    Evpn,
    Ls,
    SrPolicy,
    Mup,
    MplsVpn,
    MplsVpnMulticast,
    RouteTargetConstraints,
    FlowspecUnicast,
    FlowspecVpn,
    KeyValue,
}

/// Graceful restart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct GracefulRestart {
    /// Whether a restart of ours is announced as one.
    pub enabled: bool,
    /// Seconds that the neighbor is asked to wait; 120.
    #[serde(default)]
    pub restart_time_seconds: Option<Within<1, 4095>>,
}

/// Times, in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Timers {
    /// Between two attempts to connect; 120.
    pub connect_retry_time_seconds: Option<Within<1, 2_147_483_647>>,
    /// Hold time; 90.
    pub hold_time_seconds: Option<Within<3, 65_535>>,
    /// Between two KEEPALIVEs; 30.
    pub keep_alive_time_seconds: Option<Within<1, 65_535>>,
}

/// Of the connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Transport {
    /// The neighbor's port; 179.
    pub peer_port: Option<Port>,
    /// The interface whose one address of the neighbor's family is ours.
    pub source_interface: Option<String>,
}
