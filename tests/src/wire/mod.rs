//! Just enough BGP to write messages by hand and to count what comes back. It shares nothing with crier's own codec: a mistake
//! there must not hide itself here.

pub mod update;

use std::io::{self, Read};
use std::net::Ipv4Addr;

/// Length of a message's header.
pub const HEADER: usize = 19;
/// Message types (RFC 4271, 4.1; RFC 2918).
pub const OPEN: u8 = 1;
/// UPDATE.
pub const UPDATE: u8 = 2;
/// NOTIFICATION.
pub const NOTIFICATION: u8 = 3;
/// KEEPALIVE.
pub const KEEPALIVE: u8 = 4;
/// ROUTE-REFRESH.
pub const ROUTE_REFRESH: u8 = 5;

/// A whole message: marker, length, type, body.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xff; 16];
    let length = u16::try_from(HEADER + body.len()).unwrap_or(u16::MAX);
    bytes.extend(length.to_be_bytes());
    bytes.push(kind);
    bytes.extend(body);
    bytes
}

/// What an OPEN says.
#[derive(Clone, Debug)]
pub struct Open {
    /// AS number; AS_TRANS goes into the two-octet field when it does not fit.
    pub asn: u32,
    /// Hold time in seconds.
    pub hold: u16,
    /// BGP identifier.
    pub router_id: Ipv4Addr,
    /// Capabilities: code and value.
    pub capabilities: Vec<(u8, Vec<u8>)>,
}

impl Open {
    /// An OPEN with IPv4 and IPv6 unicast, route refresh and 4-octet AS numbers.
    pub fn new(asn: u32, router_id: [u8; 4]) -> Self {
        let capabilities = vec![
            (1, vec![0, 1, 0, 1]),
            (1, vec![0, 2, 0, 1]),
            (2, Vec::new()),
            (65, asn.to_be_bytes().to_vec()),
        ];
        Self { asn, hold: 180, router_id: router_id.into(), capabilities }
    }

    /// The message.
    pub fn encode(&self) -> Vec<u8> {
        let mut capabilities = Vec::new();
        for (code, value) in &self.capabilities {
            capabilities.extend([*code, value.len() as u8]);
            capabilities.extend(value);
        }
        let two_octets = u16::try_from(self.asn).unwrap_or(23456);
        let mut body = vec![4];
        body.extend(two_octets.to_be_bytes());
        body.extend(self.hold.to_be_bytes());
        body.extend(self.router_id.octets());
        body.extend([capabilities.len() as u8 + 2, 2, capabilities.len() as u8]);
        body.extend(capabilities);
        message(OPEN, &body)
    }
}

/// Reads one whole message: its type and body.
pub fn read_message(stream: &mut impl Read) -> io::Result<(u8, Vec<u8>)> {
    let mut header = [0; HEADER];
    stream.read_exact(&mut header)?;
    let [.., high, low, kind] = header;
    let length = usize::from(u16::from_be_bytes([high, low]));
    let mut body = vec![0; length.saturating_sub(HEADER)];
    stream.read_exact(&mut body)?;
    Ok((kind, body))
}
