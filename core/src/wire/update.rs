//! The body of an UPDATE: where its three fields begin and end (RFC 4271, 4.3).

use super::nlri::Nlri;
use super::notification::{Notification, codes};
use crate::family::V4;

/// The three fields of an UPDATE, not looked into yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpdateParts<'a> {
    /// Withdrawn Routes: IPv4 prefixes.
    pub withdrawn: &'a [u8],
    /// Path Attributes.
    pub attributes: &'a [u8],
    /// Network Layer Reachability Information: IPv4 prefixes.
    pub nlri: &'a [u8],
}

impl UpdateParts<'_> {
    /// Checks both fields of IPv4 prefixes, which nothing can be withdrawn or announced without (RFC 7606, 3 i and j).
    ///
    /// # Errors
    /// Invalid Network Field: a length is over 32 or runs past the field's end (RFC 7606, 5.3).
    pub fn check_prefixes(&self) -> Result<(), Notification> {
        if Nlri::<V4>::check(self.withdrawn) && Nlri::<V4>::check(self.nlri) {
            Ok(())
        } else {
            Err(Notification::new(codes::update::INVALID_NETWORK_FIELD))
        }
    }
}

/// Splits `body`, the message after its 19-byte header.
///
/// The prefixes are found by the two length fields alone, before any attribute is looked at, so that an error in an
/// attribute never shifts them (RFC 7606, 4).
///
/// # Errors
/// Malformed Attribute List where the lengths do not fit the message (RFC 7606, 3 b).
pub fn split(body: &[u8]) -> Result<UpdateParts<'_>, Notification> {
    let fields = || {
        let (withdrawn, rest) = counted(body)?;
        let (attributes, nlri) = counted(rest)?;
        Some(UpdateParts { withdrawn, attributes, nlri })
    };
    fields().ok_or_else(|| Notification::new(codes::update::MALFORMED_ATTRIBUTE_LIST))
}

/// The bytes that a two-octet length in front of them counts, and what follows.
fn counted(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (&len, rest) = bytes.split_first_chunk::<2>()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(len)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::notification::MAX_DATA;

    fn code(result: Result<UpdateParts<'_>, Notification>) -> (u8, u8) {
        let error = result.unwrap_err();
        (error.code, error.subcode)
    }

    #[test]
    fn finds_each_field() {
        let body = [0, 2, 8, 10, 0, 3, 0x40, 1, 0, 16, 172, 20];
        let parts = split(&body).unwrap();
        assert_eq!(parts.withdrawn, [8, 10]);
        assert_eq!(parts.attributes, [0x40, 1, 0]);
        assert_eq!(parts.nlri, [16, 172, 20]);
        assert_eq!(parts.check_prefixes(), Ok(()));
    }

    #[test]
    fn empty_update_has_empty_fields() {
        let parts = split(&[0, 0, 0, 0]).unwrap();
        assert_eq!(parts, UpdateParts { withdrawn: &[], attributes: &[], nlri: &[] });
    }

    #[test]
    fn lengths_that_do_not_fit_reset() {
        for body in [
            &[][..],
            &[0],
            &[0, 0],
            &[0, 0, 0],
            &[0, 1, 0, 0],
            &[0, 0, 0, 1],
            &[0xff, 0xff, 0, 0],
            &[0, 2, 8, 10, 0, 4, 0x40, 1, 0],
        ] {
            assert_eq!(code(split(body)), (3, 1), "{body:?}");
        }
    }

    #[test]
    fn bad_prefixes_reset_with_invalid_network_field() {
        for (withdrawn, nlri) in [(&[33, 1, 2, 3, 4, 5][..], &[][..]), (&[], &[24, 10, 0]), (&[8], &[])] {
            let error = UpdateParts { withdrawn, attributes: &[], nlri }.check_prefixes().unwrap_err();
            assert_eq!((error.code, error.subcode), (3, 10));
        }
    }

    #[test]
    fn long_data_is_cut() {
        let error = Notification::with_data(codes::update::MALFORMED_ATTRIBUTE_LIST, &[7; 300]);
        assert_eq!(error.data, [7; MAX_DATA]);
    }
}
