//! NOTIFICATION: why a session ends (RFC 4271, 4.5).

/// Bytes of data that a NOTIFICATION carries at most here: a shutdown communication with its length (RFC 9003).
pub const MAX_DATA: usize = 256;

/// The reason for which a session ends, as told to the neighbor or by it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Notification {
    /// Error code.
    pub code: u8,
    /// Error subcode.
    pub subcode: u8,
    /// Data, cut to [`MAX_DATA`] bytes. From outside: escape before showing.
    pub data: heapless::Vec<u8, MAX_DATA>,
}
