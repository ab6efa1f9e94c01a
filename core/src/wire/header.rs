//! Message framing: the header that every message begins with (RFC 4271, 4.1 and 6.1).

use crate::attrs::tlv::{NoRoom, Writer};
use crate::wire::notification::{Notification, codes};

/// Bytes of the header: marker, length, type.
pub const HEADER_LEN: usize = 19;
/// Bytes of the longest message without extended messages (RFC 4271, 4.1).
pub const MAX_LEN: usize = 4096;
/// Bytes of the longest message with them (RFC 8654, 3).
pub const MAX_EXTENDED_LEN: usize = 65535;

/// Message types.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Kind {
    /// Introduces a speaker (RFC 4271, 4.2).
    Open = 1,
    /// Announces and withdraws routes (RFC 4271, 4.3).
    Update = 2,
    /// Ends a session (RFC 4271, 4.5).
    Notification = 3,
    /// Says that a speaker is alive (RFC 4271, 4.4).
    Keepalive = 4,
    /// Asks for every route again (RFC 2918, 3).
    RouteRefresh = 5,
}

impl Kind {
    /// Every type, in the order of [`Kind::index`].
    pub const ALL: [Self; 5] =
        [Self::Open, Self::Update, Self::Notification, Self::Keepalive, Self::RouteRefresh];

    /// Position in arrays of counters, 0 to 4.
    pub const fn index(self) -> usize {
        self as usize - 1
    }

    /// The type's name as the RFCs write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Update => "UPDATE",
            Self::Notification => "NOTIFICATION",
            Self::Keepalive => "KEEPALIVE",
            Self::RouteRefresh => "ROUTE-REFRESH",
        }
    }
}

/// What stands at the start of the bytes received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Not a whole message yet.
    Incomplete {
        /// Bytes that must be there, counted from the start, before it is worth asking again.
        needed: usize,
    },
    /// A message.
    Message {
        /// Its type.
        kind: Kind,
        /// What follows its header.
        body: &'a [u8],
        /// Bytes of header and body: where the next message begins.
        len: usize,
    },
    /// Bytes that no message begins with. The session ends with this.
    Fault(Notification),
}

/// Looks at the message that `buf` begins with. `max` is [`MAX_LEN`], or [`MAX_EXTENDED_LEN`] once that was agreed on.
/// The header is judged as soon as it is there, so that a length that cannot be is never waited for.
#[inline]
pub fn frame(buf: &[u8], max: usize) -> Frame<'_> {
    let Some(&[marker @ .., high, low, kind]) = buf.first_chunk::<HEADER_LEN>() else {
        return Frame::Incomplete { needed: HEADER_LEN };
    };
    let len = usize::from(u16::from_be_bytes([high, low]));
    // OPEN and KEEPALIVE stay within 4096 bytes even where longer messages were agreed on (RFC 8654, 4). A
    // ROUTE-REFRESH may have an error code of its own for a wrong length (RFC 7313, 5): only its header counts here.
    let (kind, least, most) = match kind {
        2 => (Kind::Update, 23, max),
        4 => (Kind::Keepalive, HEADER_LEN, HEADER_LEN),
        5 => (Kind::RouteRefresh, HEADER_LEN, max),
        1 => (Kind::Open, 29, max.min(MAX_LEN)),
        3 => (Kind::Notification, 21, max),
        _ => return Frame::Fault(unknown_kind(marker, len, max, kind)),
    };
    if u128::from_ne_bytes(marker) != u128::MAX || len < least || len > most {
        return Frame::Fault(bad_header(marker, len));
    }
    match buf.get(HEADER_LEN..len) {
        Some(body) => Frame::Message { kind, body, len },
        None => Frame::Incomplete { needed: len },
    }
}

/// The fault of a header whose marker or length is wrong: the marker is looked at first.
#[cold]
fn bad_header(marker: [u8; 16], len: usize) -> Notification {
    if marker != [0xFF; 16] {
        return Notification::new(codes::header::CONNECTION_NOT_SYNCHRONIZED);
    }
    bad_length(len)
}

/// The fault of a header whose type is none that crier knows: marker and length are looked at first.
#[cold]
fn unknown_kind(marker: [u8; 16], len: usize, max: usize, kind: u8) -> Notification {
    if marker != [0xFF; 16] || len < HEADER_LEN || len > max {
        return bad_header(marker, len);
    }
    Notification::with_data(codes::header::BAD_MESSAGE_TYPE, &[kind])
}

/// Bad Message Length with the length field at fault as data (RFC 4271, 6.1).
pub(crate) fn bad_length(len: usize) -> Notification {
    let field = u16::try_from(len).unwrap_or(u16::MAX);
    Notification::with_data(codes::header::BAD_MESSAGE_LENGTH, &field.to_be_bytes())
}

/// Appends a message whose body `body` writes. Where it does not fit, nothing is appended.
pub fn put_message(
    writer: &mut Writer<'_>,
    kind: Kind,
    body: impl FnOnce(&mut Writer<'_>) -> Result<(), NoRoom>,
) -> Result<(), NoRoom> {
    let start = writer.len();
    let result = put_parts(writer, kind, body);
    if result.is_err() {
        writer.truncate(start);
    }
    result
}

fn put_parts(
    writer: &mut Writer<'_>,
    kind: Kind,
    body: impl FnOnce(&mut Writer<'_>) -> Result<(), NoRoom>,
) -> Result<(), NoRoom> {
    let start = writer.len();
    writer.put(&[0xFF; 16])?;
    let field = writer.len();
    writer.put(&[0, 0, kind as u8])?;
    body(writer)?;
    let len = u16::try_from(writer.len().saturating_sub(start)).map_err(|_| NoRoom)?;
    writer.patch(field, &len.to_be_bytes())
}

#[cfg(test)]
mod tests;
