//! The neighbors of an instance, with all that is to be known to speak with them.

use std::fmt;
use std::net::IpAddr;

use super::announced::{Ground, View};
use super::bounded::Within;
use super::kinds::cluster_config::{AddressFamily, DiscoveryMode, Peer as Written};
use super::kinds::peer_config::{Afi, FamilyAdvertisements, GracefulRestart, PeerConfig, Safi, Timers};
use super::meta::Key;

/// Bytes that a key of TCP MD5 may have (RFC 2385 says no bound; Linux does).
const MAX_KEY: usize = 80;

/// A neighbor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Unique in its instance.
    pub name: String,
    /// Its address.
    pub address: IpAddr,
    /// Its AS; `None` takes any.
    pub asn: Option<u32>,
    /// Its port.
    pub port: u16,
    /// From which address to reach it; the kernel chooses otherwise.
    pub local_address: Option<IpAddr>,
    /// TTL towards an external neighbor.
    pub multihop: u8,
    /// Whether IPv4 and IPv6 are spoken of.
    pub families: Families,
    /// Times, in seconds.
    pub times: Times,
    /// Seconds that the neighbor is asked to wait for a restart, if it is.
    pub graceful_restart: Option<u16>,
    /// The key of TCP MD5, if there is to be one. Without it there is no session.
    pub key: Option<Result<Key5, String>>,
    /// What it hears.
    pub view: View,
}

/// A key of TCP MD5, which is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Key5(pub Vec<u8>);

impl fmt::Debug for Key5 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key5")
    }
}

/// Which families are spoken of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Families {
    /// IPv4 unicast.
    pub ipv4: bool,
    /// IPv6 unicast.
    pub ipv6: bool,
}

/// Times, in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Times {
    /// Between two attempts to connect.
    pub connect_retry: u32,
    /// Hold time.
    pub hold: u16,
    /// Between two KEEPALIVEs.
    pub keepalive: u16,
}

/// What is wrong, and with what.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The instance, if it is one's.
    pub instance: Option<String>,
    /// The peer, if it is one's.
    pub peer: Option<String>,
    /// What.
    pub text: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(instance) = &self.instance {
            write!(f, "{instance}: ")?;
        }
        if let Some(peer) = &self.peer {
            write!(f, "{peer}: ")?;
        }
        f.write_str(&self.text)
    }
}

/// The neighbor that Cilium's resources write as this; several if it is found by several default routes, none if it cannot
/// be reached yet, or something about it is wrong.
pub(super) fn cilium(
    ground: &Ground<'_>,
    instance: &str,
    peer: &Written,
    problems: &mut Vec<Problem>,
) -> Vec<Peer> {
    let mut wrong = |text: String| {
        problems.push(Problem { instance: Some(instance.to_owned()), peer: Some(peer.name.clone()), text });
        Vec::new()
    };
    let addresses = match addresses(ground, peer) {
        Ok(addresses) => addresses,
        Err(text) => return wrong(text.to_owned()),
    };
    let default = PeerConfig::default();
    let config = match &peer.peer_config_ref {
        None => &default,
        Some(reference) => {
            let key = Key { namespace: String::new(), name: reference.name.clone() };
            match ground.resources.peer_configs.get(&key) {
                Some(known) => &known.body,
                None => return wrong(format!("its CiliumBGPPeerConfig, {key}, is missing")),
            }
        }
    };
    let times = match times(&config.timers) {
        Ok(times) => times,
        Err(text) => return wrong(text.to_owned()),
    };
    let mut found = Vec::new();
    let several = addresses.len() > 1;
    for address in addresses {
        let local_address = match local_address(ground, peer, config, address) {
            Ok(local_address) => local_address,
            Err(text) => return wrong(text),
        };
        found.push(Peer {
            name: if several { format!("{}@{address}", peer.name) } else { peer.name.clone() },
            address,
            asn: peer.peer_asn.map(|asn| asn.get()).filter(|asn| *asn != 0),
            port: config.transport.peer_port.and_then(Within::narrow).unwrap_or(179),
            local_address,
            multihop: config.ebgp_multihop.and_then(Within::narrow).unwrap_or(1),
            families: families(config.families.iter().map(|family| (family.afi, family.safi))),
            times,
            graceful_restart: restart_time(config.graceful_restart),
            key: config.auth_secret_ref.as_deref().map(|name| key(ground, name)),
            view: view(ground, &config.families),
        });
    }
    found
}

/// The neighbor's addresses: as it is written, or as it is found.
fn addresses(ground: &Ground<'_>, peer: &Written) -> Result<Vec<IpAddr>, &'static str> {
    if let Some(address) = peer.peer_address {
        return Ok(vec![address.0]);
    }
    let Some(discovery) = &peer.auto_discovery else { return Err("neither peerAddress nor autoDiscovery") };
    let DiscoveryMode::DefaultGateway = discovery.mode;
    let Some(gateway) = discovery.default_gateway else {
        return Err("autoDiscovery.defaultGateway is missing, with its addressFamily");
    };
    let found = ground.host.gateways(gateway.address_family == AddressFamily::Ipv4);
    if found.is_empty() {
        Err("there is no default route with a gateway to take for it yet")
    } else {
        Ok(found)
    }
}

fn local_address(
    ground: &Ground<'_>,
    peer: &Written,
    config: &PeerConfig,
    address: IpAddr,
) -> Result<Option<IpAddr>, String> {
    if let Some(local) = peer.local_address {
        if local.is_ipv4() != address.is_ipv4() {
            return Err(format!("localAddress {local} is not of the family of {address}"));
        }
        return Ok(Some(local));
    }
    let Some(interface) = &config.transport.source_interface else { return Ok(None) };
    let source = ground.host.source(interface, address.is_ipv4());
    source.map(Some).map_err(|text| format!("sourceInterface {interface}: {text}"))
}

/// Times with what is usual where nothing is said.
pub(super) fn times(written: &Timers) -> Result<Times, &'static str> {
    let short =
        |number: Option<u32>, usual| number.and_then(|number| u16::try_from(number).ok()).unwrap_or(usual);
    let hold = short(written.hold_time_seconds.map(|time| time.get()), 90);
    let keepalive = short(written.keep_alive_time_seconds.map(|time| time.get()), 30);
    if keepalive > hold {
        return Err("keepAliveTimeSeconds is more than holdTimeSeconds");
    }
    Ok(Times {
        connect_retry: written.connect_retry_time_seconds.map_or(120, |time| time.get()),
        hold,
        keepalive,
    })
}

/// Families that do something; both where none are written.
pub(super) fn families(written: impl Iterator<Item = (Afi, Safi)>) -> Families {
    let mut all = written.filter(|(_, safi)| *safi == Safi::Unicast).map(|(afi, _)| afi).peekable();
    if all.peek().is_none() {
        return Families { ipv4: true, ipv6: true };
    }
    all.fold(Families { ipv4: false, ipv6: false }, |families, afi| Families {
        ipv4: families.ipv4 || afi == Afi::Ipv4,
        ipv6: families.ipv6 || afi == Afi::Ipv6,
    })
}

/// Seconds that a neighbor is asked to wait, if it is.
pub(super) fn restart_time(written: Option<GracefulRestart>) -> Option<u16> {
    let written = written.filter(|written| written.enabled)?;
    Some(written.restart_time_seconds.and_then(Within::narrow).unwrap_or(120))
}

/// The key in a Secret.
pub(super) fn key(ground: &Ground<'_>, name: &str) -> Result<Key5, String> {
    let of = Key { namespace: ground.options.secrets_namespace.clone(), name: name.to_owned() };
    let Some(secret) = ground.resources.secrets.get(&of) else {
        return Err(format!("the Secret {of} is missing"));
    };
    let password = match secret.body.get("password") {
        None => return Err(format!("the Secret {of} has no key password")),
        Some(Err(text)) => return Err(format!("password of the Secret {of} {text}")),
        Some(Ok(password)) => password,
    };
    if password.is_empty() {
        return Err(format!("password of the Secret {of} is empty"));
    }
    if password.len() > MAX_KEY {
        return Err(format!(
            "password of the Secret {of} has {} bytes, allowed are {MAX_KEY}",
            password.len()
        ));
    }
    Ok(Key5(password.to_vec()))
}

/// What the advertisements say that a neighbor's families select.
fn view(ground: &Ground<'_>, families: &[FamilyAdvertisements]) -> View {
    let mut view = View::default();
    for family in families.iter().filter(|family| family.safi == Safi::Unicast) {
        let entries = match family.afi {
            Afi::Ipv4 => &mut view.ipv4,
            Afi::Ipv6 => &mut view.ipv6,
            Afi::L2vpn | Afi::Ls | Afi::Opaque => continue,
        };
        let Some(selector) = &family.advertisements else { continue };
        for known in ground.resources.advertisements.values() {
            if selector.matches(&known.metadata.labels) {
                entries.extend(known.body.advertisements.iter().cloned());
            }
        }
    }
    view
}
