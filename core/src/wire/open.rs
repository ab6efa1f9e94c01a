//! OPEN: who a speaker is and what it can do (RFC 4271, 4.2 and 6.2).

use core::net::Ipv4Addr;

use crate::attrs::tlv::{NoRoom, Writer};
use crate::family::FamilySet;
use crate::wire::capability::{self, Capabilities};
use crate::wire::cursor::Cursor;
use crate::wire::header::{self, HEADER_LEN, Kind};
use crate::wire::notification::{Notification, codes};

/// The protocol version.
pub const VERSION: u8 = 4;

/// What stands in the two-octet field in place of a larger AS number (RFC 6793, 4.2.3). Nobody's own number.
pub const AS_TRANS: u16 = 23456;

/// Optional parameter: capabilities (RFC 5492, 4).
const PARAMETER_CAPABILITIES: u8 = 2;

/// In the place of the first parameter's type: all lengths that follow take two octets (RFC 9072, 2).
const EXTENDED_LENGTH: u8 = 255;

/// An OPEN as received; well-formed, but not yet judged against what was expected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// The two-octet AS number field, [`AS_TRANS`] where the number is larger.
    pub asn: u16,
    /// Hold time offered, in seconds: 0 or at least 3.
    pub hold: u16,
    /// BGP identifier, not zero.
    pub router_id: Ipv4Addr,
    /// What it can do.
    pub capabilities: Capabilities,
}

impl Open {
    /// Reads the message in `body`.
    ///
    /// # Errors
    /// The NOTIFICATION that RFC 4271, 6.2 wants, of the first fault in the order of the fields.
    pub fn parse(body: &[u8]) -> Result<Self, Notification> {
        let mut cursor = Cursor::new(body);
        let too_short = || header::bad_length(body.len().saturating_add(HEADER_LEN));
        let version = cursor.u8().ok_or_else(too_short)?;
        if version != VERSION {
            let ours = [0, VERSION];
            return Err(Notification::with_data(codes::open::UNSUPPORTED_VERSION_NUMBER, &ours));
        }
        let asn = cursor.u16().ok_or_else(too_short)?;
        let hold = cursor.u16().ok_or_else(too_short)?;
        let router_id = cursor.u32().ok_or_else(too_short)?;
        let parameters_len = cursor.u8().ok_or_else(too_short)?;
        if hold == 1 || hold == 2 {
            return Err(Notification::new(codes::open::UNACCEPTABLE_HOLD_TIME));
        }
        // Any other number is an identifier (RFC 6286, 2.1).
        if router_id == 0 {
            return Err(Notification::new(codes::open::BAD_BGP_IDENTIFIER));
        }
        let capabilities = parameters(cursor, parameters_len)?;
        Ok(Self { asn, hold, router_id: Ipv4Addr::from_bits(router_id), capabilities })
    }

    /// The AS number in two-octet field or capability, the latter if there is one.
    pub fn asn(&self) -> u32 {
        self.capabilities.four_octet_as.unwrap_or(u32::from(self.asn))
    }
}

/// Reads the optional parameters; `len` is their length as the fixed part has it.
fn parameters(mut cursor: Cursor<'_>, len: u8) -> Result<Capabilities, Notification> {
    // Once the type says that lengths are extended, the short length says nothing (RFC 9072, 2).
    let extended = cursor.rest().first() == Some(&EXTENDED_LENGTH);
    let len = if extended {
        cursor.u8().and_then(|_type| cursor.u16()).map(usize::from)
    } else {
        Some(usize::from(len))
    };
    let mut list = len.and_then(|len| cursor.take(len)).ok_or_else(malformed)?;
    if !cursor.is_empty() {
        return Err(malformed());
    }
    let mut capabilities = Capabilities::default();
    while !list.is_empty() {
        let start = list.rest();
        let (code, value) = parameter(&mut list, extended).ok_or_else(malformed)?;
        // Type 255 is no parameter in any place but the first (RFC 9072, 2), and authentication (1) is long gone. The
        // data begins with the parameter at fault.
        if code != PARAMETER_CAPABILITIES {
            return Err(Notification::with_data(codes::open::UNSUPPORTED_OPTIONAL_PARAMETER, start));
        }
        capabilities.add(value)?;
    }
    Ok(capabilities)
}

/// One parameter's type and value.
fn parameter<'a>(list: &mut Cursor<'a>, extended: bool) -> Option<(u8, &'a [u8])> {
    let code = list.u8()?;
    let len = if extended { usize::from(list.u16()?) } else { usize::from(list.u8()?) };
    Some((code, list.bytes(len)?))
}

#[cold]
fn malformed() -> Notification {
    Notification::new(codes::open::UNSPECIFIC)
}

/// What a speaker says about itself in its OPEN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct OpenParams {
    /// Own AS number.
    pub asn: u32,
    /// Hold time offered, in seconds: 0 or at least 3.
    pub hold: u16,
    /// BGP identifier.
    pub router_id: Ipv4Addr,
    /// Families offered.
    pub families: FamilySet,
    /// Whether IPv6 next hops for IPv4 unicast are offered (RFC 8950).
    pub extended_next_hop: bool,
    /// Whether extended messages are offered (RFC 8654).
    pub extended_messages: bool,
    /// Restart time in seconds, at most [`capability::MAX_RESTART_TIME`]; `None`: only a helper for neighbors that
    /// restart.
    pub restart: Option<u16>,
    /// Whether this speaker has restarted (RFC 4724, 4.1).
    pub restarting: bool,
    /// Families whose forwarding state outlived the restart.
    pub forwarding: FamilySet,
}

/// Appends our OPEN: all capabilities in one optional parameter, which the oldest speakers expect.
pub fn encode_open(writer: &mut Writer<'_>, ours: &OpenParams) -> Result<(), NoRoom> {
    header::put_message(writer, Kind::Open, |body| {
        body.put(&[VERSION])?;
        body.put(&u16::try_from(ours.asn).unwrap_or(AS_TRANS).to_be_bytes())?;
        body.put(&ours.hold.to_be_bytes())?;
        body.put(&ours.router_id.octets())?;
        let parameters = body.len();
        body.put(&[0, PARAMETER_CAPABILITIES])?;
        let value = body.len();
        body.put(&[0])?;
        capability::put_all(body, ours)?;
        capability::patch_len(body, value)?;
        capability::patch_len(body, parameters)
    })
}

#[cfg(test)]
mod tests;
