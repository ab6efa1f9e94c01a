//! CiliumBGPAdvertisement: what is announced, and with which attributes.

use serde::Deserialize;

use super::attributes::PathAttributes;
use crate::kubernetes::bounded::Within;
use crate::kubernetes::selector::Selector;

/// What neighbors hear that select it by its labels.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Advertisement {
    /// Each adds to the others.
    pub advertisements: Vec<Entry>,
}

/// One kind of prefixes.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub struct Entry {
    /// What.
    pub what: What,
    /// With which attributes.
    pub attributes: PathAttributes,
}

/// What is announced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// The node's pod CIDRs.
    PodCidr,
    /// The node's part of the pools that are selected; of none without a selector.
    PodIpPool(Option<Selector>),
    /// The addresses of Services that are selected; of none without a selector.
    Service(Option<Selector>, ServiceOptions),
    /// The addresses of an interface.
    Interface(String),
}

/// Which of a Service's addresses.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceOptions {
    /// These kinds; one at least.
    pub addresses: Vec<AddressType>,
    /// Prefix length for IPv4 instead of a host route.
    #[serde(rename = "aggregationLengthIPv4", default)]
    pub aggregation_v4: Option<Within<0, 31>>,
    /// Prefix length for IPv6 instead of a host route.
    #[serde(rename = "aggregationLengthIPv6", default)]
    pub aggregation_v6: Option<Within<0, 127>>,
}

/// A kind of a Service's addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum AddressType {
    /// `status.loadBalancer.ingress`.
    #[serde(rename = "LoadBalancerIP")]
    LoadBalancer,
    /// `spec.clusterIPs`.
    #[serde(rename = "ClusterIP")]
    Cluster,
    /// `spec.externalIPs`.
    #[serde(rename = "ExternalIP")]
    External,
}

/// As it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    advertisement_type: Type,
    #[serde(default)]
    selector: Option<Selector>,
    #[serde(default)]
    service: Option<ServiceOptions>,
    #[serde(default)]
    interface: Option<Interface>,
    #[serde(default)]
    attributes: PathAttributes,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
enum Type {
    #[serde(rename = "PodCIDR")]
    PodCidr,
    #[serde(rename = "CiliumPodIPPool")]
    PodIpPool,
    Service,
    Interface,
}

#[derive(Deserialize)]
struct Interface {
    name: String,
}

impl TryFrom<Written> for Entry {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Self, Self::Error> {
        let Written { advertisement_type, selector, service, interface, attributes } = written;
        if service.is_some() && advertisement_type != Type::Service {
            return Err("service belongs to advertisementType Service only");
        }
        if interface.is_some() && advertisement_type != Type::Interface {
            return Err("interface belongs to advertisementType Interface only");
        }
        let what = match advertisement_type {
            Type::PodCidr if selector.is_some() => return Err("PodCIDR has no selector"),
            Type::PodCidr => What::PodCidr,
            Type::PodIpPool => What::PodIpPool(selector),
            Type::Service => match service {
                Some(options) if options.addresses.is_empty() => return Err("service.addresses is empty"),
                Some(options) => What::Service(selector, options),
                None => return Err("service is missing, with its addresses"),
            },
            Type::Interface => What::Interface(interface.ok_or("interface is missing, with its name")?.name),
        };
        Ok(Self { what, attributes })
    }
}
