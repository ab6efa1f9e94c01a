//! ROUTE-REFRESH: asking for every route of a family again (RFC 2918; subtypes RFC 7313).

use crate::attrs::tlv::{NoRoom, Writer};
use crate::family::Family;
use crate::wire::cursor::Cursor;
use crate::wire::header::{self, HEADER_LEN, Kind};
use crate::wire::notification::{MAX_DATA, Notification, codes};

/// A ROUTE-REFRESH message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refresh {
    /// Family it is about.
    pub family: Family,
    /// What it says.
    pub subtype: Subtype,
}

/// What a ROUTE-REFRESH says (RFC 7313, 3.2): the octet that RFC 2918 leaves zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Subtype {
    /// Announce everything again.
    Request = 0,
    /// Announcing everything again begins. Only to speakers of enhanced route refresh.
    Begin = 1,
    /// Announcing everything again ends. Only to speakers of enhanced route refresh.
    End = 2,
}

impl Refresh {
    /// Reads the message in `body`. `None` for a family or a subtype that crier does not know: such a message is
    /// ignored (RFC 2918, 4; RFC 7313, 5).
    ///
    /// # Errors
    /// A wrong length is answered with ROUTE-REFRESH Message Error and the message itself. No list of filters can
    /// follow, for crier does not offer outbound route filtering (RFC 5291).
    pub fn parse(body: &[u8]) -> Result<Option<Self>, Notification> {
        let mut cursor = Cursor::new(body);
        match (cursor.u16(), cursor.u8(), cursor.u8(), cursor.is_empty()) {
            (Some(afi), Some(subtype), Some(safi), true) => Ok(known(afi, subtype, safi)),
            _ => Err(wrong_length(body)),
        }
    }

    /// Appends the message.
    pub fn encode(self, writer: &mut Writer<'_>) -> Result<(), NoRoom> {
        let (afi, safi) = self.family.afi_safi();
        let [high, low] = afi.to_be_bytes();
        header::put_message(writer, Kind::RouteRefresh, |body| {
            body.put(&[high, low, self.subtype as u8, safi])
        })
    }
}

fn known(afi: u16, subtype: u8, safi: u8) -> Option<Refresh> {
    let subtype = match subtype {
        0 => Subtype::Request,
        1 => Subtype::Begin,
        2 => Subtype::End,
        _ => return None,
    };
    Some(Refresh { family: Family::from_afi_safi(afi, safi)?, subtype })
}

/// The fault with the complete message as its data (RFC 7313, 5), as far as it fits.
#[cold]
fn wrong_length(body: &[u8]) -> Notification {
    let mut buf = [0; MAX_DATA];
    let mut message = Writer::new(&mut buf);
    let part = body.get(..MAX_DATA - HEADER_LEN).unwrap_or(body);
    let len = u16::try_from(body.len().saturating_add(HEADER_LEN)).unwrap_or(u16::MAX);
    let copied = header::put_message(&mut message, Kind::RouteRefresh, |copy| copy.put(part))
        // The length field as it came, even where the copy is cut.
        .and_then(|()| message.patch(HEADER_LEN - 3, &len.to_be_bytes()));
    let data = if copied.is_ok() { message.written() } else { &[] };
    Notification::with_data(codes::refresh::INVALID_MESSAGE_LENGTH, data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_family_and_subtype_goes_through() {
        for family in Family::ALL {
            for subtype in [Subtype::Request, Subtype::Begin, Subtype::End] {
                let mut buf = [0; 23];
                let mut writer = Writer::new(&mut buf);
                Refresh { family, subtype }.encode(&mut writer).unwrap();
                let (afi, safi) = family.afi_safi();
                assert_eq!(buf[16..], [0, 23, 5, 0, u8::try_from(afi).unwrap(), subtype as u8, safi]);
                assert_eq!(Refresh::parse(&buf[19..]), Ok(Some(Refresh { family, subtype })));
            }
        }
    }

    #[test]
    fn what_crier_does_not_know_is_ignored() {
        for body in [[0, 25, 0, 70], [0, 1, 0, 128], [0, 3, 0, 1], [0, 1, 3, 1], [0, 1, 255, 1]] {
            assert_eq!(Refresh::parse(&body), Ok(None), "{body:?}");
        }
    }

    #[test]
    fn a_wrong_length_is_answered_with_the_message() {
        for body in [&[][..], &[0, 1, 0], &[0, 1, 0, 1, 9]] {
            let fault = Refresh::parse(body).unwrap_err();
            assert_eq!((fault.code, fault.subcode), (7, 1));
            let len = u8::try_from(19 + body.len()).unwrap();
            assert_eq!(fault.data[..16], [0xFF; 16]);
            assert_eq!(fault.data[16..19], [0, len, 5]);
            assert_eq!(fault.data[19..], *body);
        }
        let fault = Refresh::parse(&[7; 1000]).unwrap_err();
        assert_eq!((fault.data.len(), &fault.data[16..20]), (MAX_DATA, &[3, 251, 5, 7][..]));
    }
}
