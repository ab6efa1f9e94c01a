//! NOTIFICATION: why a session ends (RFC 4271, 4.5).

pub mod codes;
pub mod text;

use core::fmt;

pub use codes::ErrorCode;
use text::Escaped;

use crate::attrs::tlv::{NoRoom, Writer};
use crate::wire::cursor::Cursor;
use crate::wire::header::{self, Kind};

/// Bytes of data that a NOTIFICATION carries at most here: a shutdown communication with its length (RFC 9003).
pub const MAX_DATA: usize = 256;

/// The reason for which a session ends, as told to the neighbor or by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Notification {
    /// Error code.
    pub code: u8,
    /// Error subcode.
    pub subcode: u8,
    /// Data, cut to [`MAX_DATA`] bytes. From outside: escape before showing.
    pub data: heapless::Vec<u8, MAX_DATA>,
}

impl Notification {
    /// A NOTIFICATION without data.
    pub const fn new(error: ErrorCode) -> Self {
        Self { code: error.code, subcode: error.subcode, data: heapless::Vec::new() }
    }

    /// A NOTIFICATION with as much of `data` as it carries.
    pub fn with_data(error: ErrorCode, data: &[u8]) -> Self {
        Self { data: data.iter().copied().take(MAX_DATA).collect(), ..Self::new(error) }
    }

    /// A Cease with words for the neighbor's operator (RFC 9003, 2), cut at a character's end to 255 bytes. Only
    /// [`codes::cease::ADMINISTRATIVE_SHUTDOWN`] and [`codes::cease::ADMINISTRATIVE_RESET`] carry any; no words make no
    /// data, which older speakers expect.
    pub fn with_communication(error: ErrorCode, words: &str) -> Self {
        let mut notification = Self::new(error);
        let words = text::cut(words, usize::from(u8::MAX));
        let len = u8::try_from(words.len()).unwrap_or(0);
        if carries_communication(error) && len > 0 {
            notification.data = core::iter::once(len).chain(words.bytes()).take(MAX_DATA).collect();
        }
        notification
    }

    /// Reads the message in `body`. Data is cut to [`MAX_DATA`] bytes. Nothing answers a NOTIFICATION (RFC 4271, 6.4),
    /// so that one too short to have a code is taken as an unknown error, 0/0.
    pub fn parse(body: &[u8]) -> Self {
        let mut cursor = Cursor::new(body);
        let [code, subcode] = cursor.array().unwrap_or_default();
        Self::with_data(ErrorCode { code, subcode }, cursor.rest())
    }

    /// Appends the message.
    pub fn encode(&self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        header::put_message(writer, Kind::Notification, |body| {
            body.put(&[self.code, self.subcode])?;
            body.put(&self.data)
        })
    }

    /// Code and subcode.
    pub const fn error(&self) -> ErrorCode {
        ErrorCode { code: self.code, subcode: self.subcode }
    }

    /// What went wrong, in words such as "Cease / Administrative Shutdown".
    pub const fn name(&self) -> &'static str {
        self.error().name()
    }

    /// The other operator's words (RFC 9003), safe to show. `None` if there are none or their length is wrong.
    pub fn communication(&self) -> Option<Escaped<'_>> {
        if !carries_communication(self.error()) {
            return None;
        }
        let mut cursor = Cursor::new(&self.data);
        let len = cursor.u8()?;
        cursor.bytes(usize::from(len)).filter(|words| !words.is_empty()).map(Escaped)
    }
}

/// The name, and the operator's words if there are any.
impl fmt::Display for Notification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error().fmt(f)?;
        match self.communication() {
            Some(words) => write!(f, ": \"{words}\""),
            None => Ok(()),
        }
    }
}

fn carries_communication(error: ErrorCode) -> bool {
    error == codes::cease::ADMINISTRATIVE_SHUTDOWN || error == codes::cease::ADMINISTRATIVE_RESET
}

#[cfg(test)]
mod tests;
