//! BGP messages, decoded by code that the core has no part in, and strictly: what a receiver must forgive, a sender must
//! not send.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use crier_core::Family;

use super::reader::Reader;
use super::update::Update;

/// Longest message without extended messages (RFC 4271, 4.1), and with them (RFC 8654, 3).
pub const LONGEST: usize = 4096;
/// Longest message once extended messages were agreed on.
pub const LONGEST_EXTENDED: usize = 65_535;

/// Marker, length, type.
const HEADER: usize = 19;

/// Type of OPEN (RFC 4271, 4.1; RFC 2918, 3 for the last).
pub const OPEN: u8 = 1;
/// Type of UPDATE.
pub const UPDATE: u8 = 2;
/// Type of NOTIFICATION.
pub const NOTIFICATION: u8 = 3;
/// Type of KEEPALIVE.
pub const KEEPALIVE: u8 = 4;
/// Type of ROUTE-REFRESH.
pub const REFRESH: u8 = 5;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Who the speaker is.
    Open(Open),
    /// Routes.
    Update(Update),
    /// The end of the session.
    Notification {
        /// Error code.
        code: u8,
        /// Error subcode.
        subcode: u8,
        /// Data.
        data: Vec<u8>,
    },
    /// A sign of life.
    Keepalive,
    /// A wish to hear every route again, or where that begins or ends.
    Refresh {
        /// Of which family.
        family: Family,
        /// 0: a wish; 1 and 2: beginning and end (RFC 7313, 3.2).
        subtype: u8,
    },
}

/// What an OPEN says (RFC 4271, 4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// AS number: the capability's, if there is one.
    pub asn: u32,
    /// Hold time in seconds.
    pub hold: u16,
    /// BGP identifier.
    pub router_id: Ipv4Addr,
    /// Capabilities in their order: code and value.
    pub capabilities: Vec<(u8, Vec<u8>)>,
}

impl Open {
    /// Whether a capability is among them.
    pub fn has(&self, code: u8) -> bool {
        self.capabilities.iter().any(|(found, _)| *found == code)
    }

    /// Families offered; a speaker that names none means IPv4 unicast (RFC 4760, 8).
    pub fn families(&self) -> BTreeSet<Family> {
        if !self.has(capability::MULTIPROTOCOL) {
            return BTreeSet::from([Family::Ipv4Unicast]);
        }
        let named = self.capabilities.iter().filter_map(|(code, value)| match (code, value.as_slice()) {
            (&capability::MULTIPROTOCOL, &[high, low, _, safi]) => {
                family(u16::from_be_bytes([high, low]), safi)
            }
            _ => None,
        });
        named.collect()
    }

    /// Whether IPv6 next hops for IPv4 unicast are offered (RFC 8950, 4): AFI, SAFI and the next hop's AFI, of two octets
    /// each.
    pub fn takes_ipv6_next_hops(&self) -> bool {
        let of_next_hops = |(code, _): &&(u8, Vec<u8>)| *code == capability::EXTENDED_NEXT_HOP;
        let mut kinds = self.capabilities.iter().filter(of_next_hops).flat_map(|(_, value)| value.chunks(6));
        kinds.any(|kind| kind == [0, 1, 0, 1, 0, 2])
    }
}

/// Codes of capabilities that the judge looks at (the IANA registry "Capability Codes").
pub mod capability {
    /// RFC 4760, 8.
    pub const MULTIPROTOCOL: u8 = 1;
    /// RFC 2918, 2.
    pub const ROUTE_REFRESH: u8 = 2;
    /// RFC 8950, 4.
    pub const EXTENDED_NEXT_HOP: u8 = 5;
    /// RFC 8654, 3.
    pub const EXTENDED_MESSAGES: u8 = 6;
    /// RFC 4724, 3.
    pub const GRACEFUL_RESTART: u8 = 64;
    /// RFC 6793, 3.
    pub const FOUR_OCTET_AS: u8 = 65;
    /// RFC 7313, 3.1.
    pub const ENHANCED_REFRESH: u8 = 70;
}

/// The family with these identifiers, if the simulator knows it.
pub(super) fn family(afi: u16, safi: u8) -> Option<Family> {
    match (afi, safi) {
        (1, 1) => Some(Family::Ipv4Unicast),
        (2, 1) => Some(Family::Ipv6Unicast),
        _ => None,
    }
}

/// Bytes of one direction of a connection, cut into messages. They may come in any pieces.
#[derive(Clone, Debug, Default)]
pub struct Stream {
    bytes: Vec<u8>,
    /// Bytes at the front that were handed out.
    done: usize,
}

impl Stream {
    /// More bytes came.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.done);
        self.done = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next whole message: its type and its body. `Ok(None)`: it is not complete yet.
    ///
    /// # Errors
    /// The marker is not all ones, or the length is none that a message may have (RFC 4271, 4.1): under 19 or over
    /// `longest`.
    pub fn message(&mut self, longest: usize) -> Result<Option<(u8, &[u8])>, String> {
        let waiting = self.bytes.get(self.done..).unwrap_or(&[]);
        let Some(&[marker @ .., high, low, kind]) = waiting.first_chunk::<HEADER>() else { return Ok(None) };
        if marker != [0xFF; 16] {
            return Err(format!("marker {marker:02x?}"));
        }
        let length = usize::from(u16::from_be_bytes([high, low]));
        if !(HEADER..=longest).contains(&length) {
            return Err(format!("a message of type {kind} and {length} bytes, {longest} allowed"));
        }
        let body = waiting.get(HEADER..length);
        if body.is_some() {
            self.done += length;
        }
        Ok(body.map(|body| (kind, body)))
    }
}

/// Reads the body of a message of this type.
///
/// # Errors
/// What is wrong with it.
pub fn decode(kind: u8, body: &[u8]) -> Result<Message, String> {
    // RFC 8654, 4: these stay short whatever was agreed on.
    if matches!(kind, OPEN | KEEPALIVE) && HEADER + body.len() > LONGEST {
        return Err(format!("a message of type {kind} and {} bytes", HEADER + body.len()));
    }
    match kind {
        OPEN => open(body).map(Message::Open),
        UPDATE => Update::decode(body).map(Message::Update),
        NOTIFICATION => notification(body),
        KEEPALIVE => Reader::new(body, "KEEPALIVE").end().map(|()| Message::Keepalive),
        REFRESH => refresh(body),
        _ => Err(format!("a message of type {kind}")),
    }
}

fn open(body: &[u8]) -> Result<Open, String> {
    let mut reader = Reader::new(body, "OPEN");
    let version = reader.u8()?;
    let short_asn = reader.u16()?;
    let hold = reader.u16()?;
    let router_id = Ipv4Addr::from(reader.array::<4>()?);
    let length = reader.u8()?;
    let mut parameters = reader.part(length.into(), "optional parameters")?;
    reader.end()?;
    if version != 4 || matches!(hold, 1 | 2) || router_id.is_unspecified() {
        return Err(format!("OPEN with version {version}, hold time {hold}, identifier {router_id}"));
    }
    let mut capabilities = Vec::new();
    while !parameters.is_empty() {
        let (kind, length) = (parameters.u8()?, parameters.u8()?);
        let mut list = parameters.part(length.into(), "capabilities")?;
        // RFC 5492, 4: all that is left of optional parameters.
        if kind != 2 {
            return Err(format!("optional parameter of type {kind}"));
        }
        while !list.is_empty() {
            let (code, length) = (list.u8()?, list.u8()?);
            capabilities.push((code, list.take(length.into())?.to_vec()));
        }
    }
    let asn = capabilities
        .iter()
        .try_fold(None, |asn, (code, value)| Ok::<_, String>(check_capability(*code, value)?.or(asn)))?;
    check_asn(short_asn, asn).map(|asn| Open { asn, hold, router_id, capabilities })
}

/// Checks a capability's length; the AS number, if it is the one that carries it.
fn check_capability(code: u8, value: &[u8]) -> Result<Option<u32>, String> {
    let fits = match code {
        capability::MULTIPROTOCOL | capability::FOUR_OCTET_AS => value.len() == 4,
        capability::ROUTE_REFRESH | capability::EXTENDED_MESSAGES | capability::ENHANCED_REFRESH => {
            value.is_empty()
        }
        capability::EXTENDED_NEXT_HOP => value.len().is_multiple_of(6),
        capability::GRACEFUL_RESTART => value.len() % 4 == 2,
        _ => true,
    };
    if !fits {
        return Err(format!("capability {code} of {} bytes", value.len()));
    }
    let asn = value.first_chunk().filter(|_| code == capability::FOUR_OCTET_AS);
    Ok(asn.map(|&octets| u32::from_be_bytes(octets)))
}

/// The AS number, where the two places for it agree (RFC 6793, 4.1 and 9).
fn check_asn(short: u16, long: Option<u32>) -> Result<u32, String> {
    let asn = long.unwrap_or(short.into());
    let expected = u16::try_from(asn).unwrap_or(23_456);
    if asn == 0 || short != expected {
        return Err(format!("AS {short} in OPEN, {long:?} in its capability"));
    }
    Ok(asn)
}

fn notification(body: &[u8]) -> Result<Message, String> {
    let mut reader = Reader::new(body, "NOTIFICATION");
    let (code, subcode) = (reader.u8()?, reader.u8()?);
    // The registry "BGP Error (Notification) Codes" has these, and 8 of RFC 9687.
    if !(1..=8).contains(&code) {
        return Err(format!("NOTIFICATION {code}/{subcode}"));
    }
    Ok(Message::Notification { code, subcode, data: reader.rest().to_vec() })
}

fn refresh(body: &[u8]) -> Result<Message, String> {
    let mut reader = Reader::new(body, "ROUTE-REFRESH");
    let (afi, subtype, safi) = (reader.u16()?, reader.u8()?, reader.u8()?);
    reader.end()?;
    match family(afi, safi) {
        Some(family) if subtype <= 2 => Ok(Message::Refresh { family, subtype }),
        _ => Err(format!("ROUTE-REFRESH of AFI {afi}, SAFI {safi}, subtype {subtype}")),
    }
}

#[cfg(test)]
mod tests;
