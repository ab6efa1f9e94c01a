//! Desired configuration, as the program hands it to [`Speaker::configure`](crate::Speaker::configure): whole, every time.

use core::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;

use crate::family::{Family, FamilySet};
use crate::policy::Policy;

/// Everything that an operator decides about one BGP instance. Borrowed: the core copies what it keeps.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Config<'a> {
    /// The speaker itself.
    pub local: LocalConfig,
    /// Configured neighbors; their addresses are distinct.
    pub peers: &'a [PeerConfig],
    /// Ranges from which unconfigured neighbors are accepted.
    pub ranges: &'a [DynamicRange],
    /// Policies that [`PolicyRef::Named`] refers to by position.
    pub policies: &'a [Policy<'a>],
}

/// The speaker's own identity and its rules for choosing routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct LocalConfig {
    /// Own autonomous system number, 1 to 4294967294.
    pub asn: u32,
    /// BGP identifier, not zero (RFC 6286).
    pub router_id: Ipv4Addr,
    /// Most paths that forward together for one destination; 1 switches multipath off.
    pub maximum_paths: u16,
    /// Whether paths of equal AS_PATH length but different content forward together.
    pub as_path_relax: bool,
}

/// What a neighbor's AS number must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum RemoteAs {
    /// Exactly this number.
    Asn(u32),
    /// Any but ours.
    External,
    /// Ours.
    Internal,
    /// Whatever the neighbor says.
    Any,
}

/// A configured neighbor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PeerConfig {
    /// Its address.
    pub remote: IpAddr,
    /// TCP port dialled.
    pub port: u16,
    /// How to talk to it.
    pub settings: Settings,
}

/// A range of addresses from which neighbors are accepted without being configured one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct DynamicRange {
    /// The range; the longest match wins among several.
    pub net: IpNet,
    /// Most neighbors from ranges with the same `tag` at any time.
    pub limit: u16,
    /// How to talk to them. They are never dialled.
    pub settings: Settings,
}

/// How to talk to a neighbor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Settings {
    /// The program's own mark, handed back in [`PeerView`](crate::PeerView): group and description hang on it.
    pub tag: u32,
    /// What its AS number must be.
    pub remote_as: RemoteAs,
    /// Families offered to it.
    pub families: FamilySet,
    /// Timers.
    pub timers: Timers,
    /// Policy for what it announces.
    pub import: PolicyRef,
    /// Policy for what is announced to it.
    pub export: PolicyRef,
    /// How many prefixes it may have accepted, for each family.
    pub max_prefixes: MaxPrefixes,
    /// Announce own address as next hop even where the rules would keep the received one.
    pub next_hop_self: bool,
    /// Never dial; wait for the neighbor.
    pub passive: bool,
    /// Source address of the session; the kernel's choice if `None`.
    pub local_address: Option<IpAddr>,
    /// Interface that the session is dialled from, whatever the routes say.
    pub local_interface: Option<InterfaceName>,
    /// Time to live of the session's packets.
    pub ttl: Ttl,
    /// Refuse routes from an external neighbor whose AS_PATH does not begin with the neighbor's AS (RFC 4271, 6.3).
    pub enforce_first_as: bool,
    /// Restart time announced in the graceful restart capability, in seconds (RFC 4724); `None`: capability with the
    /// helper role only.
    pub restart_time: Option<u16>,
    /// What it announces with the community BLACKHOLE for a single address is dropped here (RFC 7999). Otherwise the
    /// community means nothing.
    pub blackhole: bool,
}

/// Name of a network interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct InterfaceName {
    bytes: [u8; Self::MAX],
    len: u8,
}

impl InterfaceName {
    /// Bytes of the longest name that Linux has.
    pub const MAX: usize = 15;

    /// The name, if it may be one: 1 to 15 bytes, none of them a slash, a colon or white space.
    pub fn new(name: &str) -> Option<Self> {
        let mut bytes = [0; Self::MAX];
        let odd = |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'/' | b':' | 0);
        if name.is_empty() || name == "." || name == ".." || name.as_bytes().iter().any(odd) {
            return None;
        }
        bytes.get_mut(..name.len())?.copy_from_slice(name.as_bytes());
        Some(Self { bytes, len: name.len() as u8 })
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        self.bytes.get(..usize::from(self.len)).and_then(|name| str::from_utf8(name).ok()).unwrap_or("")
    }
}

/// What an external neighbor gets that nothing else is said about: both families, no policies (so nothing is exchanged,
/// RFC 8212), and a limit that leaves room for others in tables of the default size.
impl Default for Settings {
    fn default() -> Self {
        Self {
            tag: 0,
            remote_as: RemoteAs::External,
            families: FamilySet::EMPTY.with(Family::Ipv4Unicast).with(Family::Ipv6Unicast),
            timers: Timers::default(),
            import: PolicyRef::Unset,
            export: PolicyRef::Unset,
            max_prefixes: MaxPrefixes { limit: 18_750, action: MaxPrefixAction::Close },
            next_hop_self: false,
            passive: false,
            local_address: None,
            local_interface: None,
            ttl: Ttl::Default,
            enforce_first_as: true,
            restart_time: None,
            blackhole: false,
        }
    }
}

/// A neighbor's timers, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Timers {
    /// Hold time offered: 0 or at least 3 (RFC 4271, 4.2).
    pub hold: u16,
    /// Keepalive interval; lowered to a third of the negotiated hold time where that is less.
    pub keepalive: u16,
    /// Time between attempts to connect; 0 is taken as 1.
    pub connect_retry: u16,
    /// How long a neighbor may take nothing of what is sent to it (RFC 9687); 0: for ever.
    pub send_hold: u16,
}

impl Default for Timers {
    fn default() -> Self {
        Self { hold: 90, keepalive: 30, connect_retry: 120, send_hold: 480 }
    }
}

/// Limit on a neighbor's accepted prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct MaxPrefixes {
    /// Accepted prefixes allowed, for each family.
    pub limit: u32,
    /// What happens past it.
    pub action: MaxPrefixAction,
}

/// What happens when a neighbor exceeds its limit of prefixes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum MaxPrefixAction {
    /// The session ends with Cease / Maximum Number of Prefixes Reached and stays down until `enable` or `clear`.
    Close,
    /// The session ends likewise and comes back by itself after the idle hold time.
    Restart,
    /// The session stays; what exceeds is refused.
    Refuse,
    /// The session stays and what exceeds is accepted; an event is recorded.
    Warn,
}

/// Time to live of a session's packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Ttl {
    /// 1 for external neighbors, the system's default for internal ones.
    Default,
    /// Sent with this value (`multihop`).
    Multihop(u8),
    /// Sent with 255, accepted from at most this many hops away (RFC 5082).
    Security(u8),
}

impl Ttl {
    /// Whether an external neighbor must be on the same link for a session to come about.
    pub const fn is_one_hop(self) -> bool {
        match self {
            Self::Default => true,
            Self::Multihop(hops) | Self::Security(hops) => hops <= 1,
        }
    }
}

/// Which policy decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum PolicyRef {
    /// None is configured: accept for internal neighbors, reject for external ones (RFC 8212).
    Unset,
    /// Built in.
    AcceptAll,
    /// Built in.
    RejectAll,
    /// Position in [`Config::policies`].
    Named(u16),
}
