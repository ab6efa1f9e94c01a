//! Calico's BGPPeer.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

use crate::kubernetes::bounded::{Asn, Within};

/// A neighbor of the nodes that it selects; of all without a selection.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CalicoPeer {
    /// The node of this name.
    #[serde(default)]
    pub node: Option<String>,
    /// Nodes that this expression selects.
    #[serde(default)]
    pub node_selector: Option<String>,
    /// Its address, perhaps with a port.
    #[serde(rename = "peerIP", default)]
    pub peer_ip: Option<PeerIp>,
    /// Its AS.
    #[serde(default)]
    pub as_number: Option<Asn>,
    /// Seconds between two KEEPALIVEs.
    #[serde(default)]
    pub keepalive_time: Option<Duration>,
    /// Hops within which it is, with GTSM (RFC 5082).
    #[serde(default)]
    pub ttl_security: Option<Within<1, 254>>,
}

/// An address, perhaps with a port: `192.0.2.1`, `192.0.2.1:1790`, `[2001:db8::1]:1790`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct PeerIp {
    /// The address.
    pub address: IpAddr,
    /// The port; 179.
    pub port: Option<u16>,
}

impl TryFrom<String> for PeerIp {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let bare = text.trim();
        if let Ok(address) = bare.parse() {
            return Ok(Self { address, port: None });
        }
        let with_port: Result<SocketAddr, _> = bare.parse();
        with_port
            .map(|socket| Self { address: socket.ip(), port: Some(socket.port()) })
            .map_err(|_| format!("found {text:?}, allowed is an address, perhaps with a port"))
    }
}

/// A time as Go writes it: `20s`, `1m30s`. In whole seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Duration(pub u32);

impl TryFrom<String> for Duration {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut seconds: u32 = 0;
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let digits =
                rest.len() - rest.trim_start_matches(|character: char| character.is_ascii_digit()).len();
            let (number, after) = rest.split_at(digits);
            let (unit, after) = [("h", 3600), ("m", 60), ("s", 1)]
                .into_iter()
                .find_map(|(unit, span)| after.strip_prefix(unit).map(|after| (span, after)))
                .ok_or_else(|| format!("found {text:?}, allowed is a time such as 20s or 1m30s"))?;
            let part = number.parse::<u32>().ok().and_then(|number| number.checked_mul(unit));
            seconds = part
                .and_then(|part| seconds.checked_add(part))
                .ok_or_else(|| format!("found {text:?}, allowed is a time such as 20s or 1m30s"))?;
            rest = after;
        }
        Ok(Self(seconds))
    }
}
