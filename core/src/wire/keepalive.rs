//! KEEPALIVE: a header and nothing else (RFC 4271, 4.4).

use crate::wire::header::HEADER_LEN;

/// The message.
pub const BYTES: [u8; HEADER_LEN] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 19, 4,
];

#[cfg(test)]
mod tests {
    use super::BYTES;
    use crate::wire::header::{Frame, Kind, MAX_LEN, frame};

    #[test]
    fn it_is_a_keepalive() {
        assert_eq!(frame(&BYTES, MAX_LEN), Frame::Message { kind: Kind::Keepalive, body: &[], len: 19 });
    }
}
