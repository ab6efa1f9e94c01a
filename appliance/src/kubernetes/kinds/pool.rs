//! CiliumPodIPPool and CiliumLoadBalancerIPPool.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;
use serde::Deserialize;
use serde::de::{Deserializer, Error, Unexpected, Visitor};

use crate::kubernetes::bounded::Within;
use crate::kubernetes::selector::Selector;

/// CiliumPodIPPool: of interest are its labels, and how long the prefixes are that nodes have of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct PodIpPool {
    /// Of IPv4.
    pub ipv4: Option<PodIpPoolFamily>,
    /// Of IPv6.
    pub ipv6: Option<PodIpPoolFamily>,
}

/// A family of a pool.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodIpPoolFamily {
    /// Prefix length of a node's part.
    pub mask_size: Within<1, 128>,
}

/// CiliumLoadBalancerIPPool: addresses for Services.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct LoadBalancerIpPool {
    /// For which Services; without it for all.
    pub service_selector: Option<Selector>,
    /// Whether the first and the last address of a CIDR are given too; they are where nothing is said.
    #[serde(rename = "allowFirstLastIPs")]
    pub allow_first_last_ips: YesNo,
    /// The addresses.
    pub blocks: Vec<Block>,
    /// The same, as it was written once.
    pub cidrs: Vec<Block>,
    /// Whether nothing more is given of it.
    pub disabled: bool,
}

/// The schema's way to say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the schema's words")]
pub enum YesNo {
    #[default]
    Yes,
    No,
}

/// Takes a boolean too: many tools make one of the two words.
impl<'de> Deserialize<'de> for YesNo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(YesNoVisitor)
    }
}

struct YesNoVisitor;

impl Visitor<'_> for YesNoVisitor {
    type Value = YesNo;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Yes or No")
    }

    fn visit_bool<E: Error>(self, yes: bool) -> Result<YesNo, E> {
        Ok(if yes { YesNo::Yes } else { YesNo::No })
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<YesNo, E> {
        match text {
            "Yes" => Ok(YesNo::Yes),
            "No" => Ok(YesNo::No),
            _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
        }
    }
}

/// Some addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub enum Block {
    /// All of a prefix.
    Cidr(IpNet),
    /// From one to another, both included.
    Range(IpAddr, IpAddr),
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Written {
    cidr: Option<IpNet>,
    start: Option<IpAddr>,
    stop: Option<IpAddr>,
}

impl TryFrom<Written> for Block {
    type Error = &'static str;

    fn try_from(Written { cidr, start, stop }: Written) -> Result<Self, Self::Error> {
        match (cidr, start, stop) {
            (Some(cidr), None, None) => Ok(Self::Cidr(cidr.trunc())),
            (None, Some(start), None) => Ok(Self::Range(start, start)),
            (None, Some(start), Some(stop)) if start.is_ipv4() != stop.is_ipv4() => {
                Err("start and stop are of two families")
            }
            (None, Some(start), Some(stop)) if stop < start => Err("stop comes before start"),
            (None, Some(start), Some(stop)) => Ok(Self::Range(start, stop)),
            _ => Err("a block is a cidr, or start and stop, or start alone"),
        }
    }
}
