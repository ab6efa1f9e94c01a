//! Service: its addresses, and from which nodes they may be reached.

use std::net::IpAddr;

use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected};

/// A Service.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Service {
    /// What was asked for.
    pub spec: ServiceSpec,
    /// What it was given.
    pub status: ServiceStatus,
}

/// What was asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceSpec {
    /// ClusterIP, where nothing is said.
    #[serde(rename = "type")]
    pub kind: ServiceType,
    /// Who is to give it its addresses.
    pub load_balancer_class: Option<String>,
    /// Its address in the cluster; `None` for a headless Service.
    #[serde(rename = "clusterIP")]
    pub cluster_ip: ClusterIp,
    /// All of them, of both families.
    #[serde(rename = "clusterIPs")]
    pub cluster_ips: Vec<ClusterIp>,
    /// Addresses that the network brings to the nodes.
    #[serde(rename = "externalIPs")]
    pub external_ips: Vec<IpAddr>,
    /// Of what comes from outside.
    pub external_traffic_policy: TrafficPolicy,
    /// Of what comes from pods.
    pub internal_traffic_policy: TrafficPolicy,
}

/// A Service's type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[expect(missing_docs, reason = "the API's words")]
pub enum ServiceType {
    #[default]
    ClusterIP,
    NodePort,
    LoadBalancer,
    ExternalName,
}

/// To which endpoints a node forwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum TrafficPolicy {
    /// To all.
    #[default]
    Cluster,
    /// To its own.
    Local,
}

/// An address in the cluster, or none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClusterIp {
    /// Not yet given.
    #[default]
    Unset,
    /// A headless Service has none.
    Headless,
    /// This.
    Address(IpAddr),
}

impl<'de> Deserialize<'de> for ClusterIp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.as_str() {
            "" => Ok(Self::Unset),
            "None" => Ok(Self::Headless),
            _ => text
                .parse()
                .map(Self::Address)
                .map_err(|_| D::Error::invalid_value(Unexpected::Str(&text), &"an address or None")),
        }
    }
}

/// What a Service was given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ServiceStatus {
    /// By whoever is its load balancer.
    pub load_balancer: LoadBalancerStatus,
}

/// By whoever is its load balancer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct LoadBalancerStatus {
    /// Where it can be reached.
    pub ingress: Vec<Ingress>,
}

/// Where it can be reached.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Ingress {
    /// An address; a load balancer with a name has none.
    pub ip: Option<IpAddr>,
    /// `VIP` where nothing is said; `Proxy` is an address that the nodes do not answer for.
    pub ip_mode: IpMode,
}

/// Who answers for an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum IpMode {
    /// The nodes.
    #[default]
    #[serde(rename = "VIP")]
    Vip,
    /// A load balancer before them.
    Proxy,
}
