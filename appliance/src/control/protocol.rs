//! Requests: one line of JSON each.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use crier_core::Family;
use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The version of the protocol. It grows when an old client could misread an answer.
pub const VERSION: u64 = 1;

/// Bytes of the longest request, its newline included.
pub const MAX_REQUEST: usize = 64 << 10;

/// A request, without its version.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// The BGP instance that is meant; every one (in this version: the one there is) if `None`.
    pub instance: Option<String>,
    /// What is wanted.
    pub command: Command,
}

/// What a request wants.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Command {
    /// Neighbors, a row each; with an address everything about that one.
    Peers {
        /// The neighbor.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        peer: Option<IpAddr>,
    },
    /// Routes.
    Routes {
        /// Which.
        #[serde(default)]
        form: Form,
        /// Of this family only.
        #[serde(default, skip_serializing_if = "Option::is_none", with = "family")]
        family: Option<Family>,
        /// From this neighbor only, or for [`Form::Advertised`], to it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        peer: Option<IpAddr>,
        /// For this prefix only, or for the longest one with this address.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        prefix: Option<Target>,
    },
    /// Each step that chose, refused, announced or held back.
    Why {
        /// The prefix, or an address in it.
        prefix: Target,
        /// Announcements to this neighbor and paths from it only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        peer: Option<IpAddr>,
    },
    /// Policies in force.
    Policies {
        /// Those of this neighbor only.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        peer: Option<IpAddr>,
    },
    /// Use of every table, sources, uptime.
    Status {},
    /// What happened.
    Events {
        /// Stay, and tell what happens next.
        #[serde(default)]
        follow: bool,
    },
    /// Read the configuration again.
    Reload {},
    /// Reset a session.
    Clear {
        /// Whose.
        peer: IpAddr,
        /// Without a reset: ask for its routes again, or announce ours again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        soft: Option<Soft>,
    },
    /// End a session and keep it down.
    Shutdown {
        /// Whose.
        peer: IpAddr,
        /// For the neighbor's operator (RFC 9003).
        #[serde(default, skip_serializing_if = "String::is_empty")]
        message: String,
    },
    /// Let a session come back.
    Enable {
        /// Whose.
        peer: IpAddr,
    },
    /// Ask everybody to leave, then withdraw everything.
    Drain {
        /// Milliseconds before the withdrawal.
        wait_ms: u64,
    },
    /// End draining.
    Undrain {},
    /// Originate a route.
    Announce(Announce),
    /// Stop originating it.
    Withdraw {
        /// The route.
        prefix: IpNet,
        /// Who announced it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<String>,
    },
}

/// A route to originate.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Announce {
    /// The prefix.
    pub prefix: IpNet,
    /// Its attributes.
    #[serde(default)]
    pub attributes: Attributes,
    /// The lease, in milliseconds: the route ends by itself if it is not announced again before. `None`: no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl_ms: Option<u64>,
    /// Who announces it: nobody else may change or withdraw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
}

/// Attributes of a route originated here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Attributes {
    /// Next hop; the session's own address if `None`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_hop: Option<IpAddr>,
    /// MULTI_EXIT_DISC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub med: Option<u32>,
    /// LOCAL_PREF.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub local_pref: Option<u32>,
    /// Communities, as numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub communities: Vec<u32>,
    /// Large communities, as numbers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub large_communities: Vec<[u32; 3]>,
}

/// Which routes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Form {
    /// Every accepted path.
    #[default]
    Available,
    /// What was announced to neighbors, after export policy.
    Advertised,
    /// What neighbors announced: the accepted paths, and the refused with their reason.
    Received,
    /// The best path of each destination.
    Best,
}

/// A soft reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Soft {
    /// Ask the neighbor for its routes again (RFC 2918).
    In,
    /// Announce everything to it again.
    Out,
}

/// A prefix, or an address for which the longest match is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Exactly this prefix.
    Prefix(IpNet),
    /// The longest prefix with this address.
    Address(IpAddr),
}

impl Target {
    /// The family.
    pub const fn family(&self) -> Family {
        match self {
            Self::Prefix(IpNet::V4(_)) | Self::Address(IpAddr::V4(_)) => Family::Ipv4Unicast,
            Self::Prefix(IpNet::V6(_)) | Self::Address(IpAddr::V6(_)) => Family::Ipv6Unicast,
        }
    }

    /// Whether a prefix is what is meant, or holds the address that is.
    pub fn covers(&self, prefix: &IpNet) -> bool {
        match self {
            Self::Prefix(net) => net == prefix,
            Self::Address(address) => prefix.contains(address),
        }
    }

    /// Prefixes to look for, the longest first.
    pub fn candidates(self) -> impl Iterator<Item = IpNet> {
        let (address, from, to) = match self {
            Self::Prefix(net) => (net.network(), net.prefix_len(), net.prefix_len()),
            Self::Address(address) => (address, 0, if address.is_ipv4() { 32 } else { 128 }),
        };
        (from..=to).rev().filter_map(move |len| IpNet::new(address, len).ok()).map(|net| net.trunc())
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Prefix(net) => net.fmt(f),
            Self::Address(address) => address.fmt(f),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.parse() {
            Ok(address) => Ok(Self::Address(address)),
            Err(_) => parse_prefix(text).map(Self::Prefix),
        }
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A prefix without bits past its length: silently cutting them would announce something else than what was written.
pub fn parse_prefix(text: &str) -> Result<IpNet, String> {
    let net: IpNet = text.parse().map_err(|_| {
        format!("{text:?} is neither a prefix like 10.1.0.0/16 or 2001:db8::/32 nor an address")
    })?;
    if net.addr() == net.network() {
        Ok(net)
    } else {
        Err(format!("{net} has bits set past its length; did you mean {}?", net.trunc()))
    }
}

/// Families by name, as `ipv4-unicast`; commands also take `ipv4` and `ipv6`.
pub fn parse_family(text: &str) -> Option<Family> {
    Family::ALL
        .into_iter()
        .find(|family| family.name() == text || family.name().strip_suffix("-unicast") == Some(text))
}

mod family {
    use super::{Deserialize, Deserializer, Family, Serialize, Serializer, parse_family};

    pub(super) fn serialize<S: Serializer>(
        family: &Option<Family>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        family.map(Family::name).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Family>, D::Error> {
        let Some(text) = Option::<String>::deserialize(deserializer)? else { return Ok(None) };
        parse_family(&text).map(Some).ok_or_else(|| {
            serde::de::Error::custom(format!("{text:?} is no family: ipv4-unicast or ipv6-unicast"))
        })
    }
}
