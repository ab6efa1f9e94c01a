//! AGGREGATOR as it goes to neighbors with AS numbers of four octets and of two (RFC 4271, 5.1.7; RFC 6793, 4.2.2).

use crate::attrs::tlv::{NoRoom, Writer, code, flag};
use crate::wire::as_path::{narrow, needs_four_octets};

const FLAGS: u8 = flag::OPTIONAL | flag::TRANSITIVE;

/// AGGREGATOR from a canonical one with `flags` and `value`. Without `as4` AS_TRANS stands for an AS number that needs
/// four octets, and [`write_as4_aggregator`] carries it.
///
/// # Errors
/// There is no room.
pub fn write_aggregator(w: &mut Writer<'_>, flags: u8, value: &[u8], as4: bool) -> Result<(), NoRoom> {
    let flags = FLAGS | flags & flag::PARTIAL;
    let Some((&asn, address)) = value.split_first_chunk::<4>().filter(|_| !as4) else {
        return w.put_attribute(flags, code::AGGREGATOR, value);
    };
    w.put_header(flags, code::AGGREGATOR, 2 + address.len())?;
    w.put(&narrow(u32::from_be_bytes(asn)))?;
    w.put(address)
}

/// AS4_AGGREGATOR to go with an AGGREGATOR in two octets; nothing where that lost nothing.
///
/// # Errors
/// There is no room.
pub fn write_as4_aggregator(w: &mut Writer<'_>, flags: u8, value: &[u8]) -> Result<(), NoRoom> {
    match value.first_chunk::<4>() {
        Some(&asn) if needs_four_octets(u32::from_be_bytes(asn)) => {
            w.put_attribute(FLAGS | flags & flag::PARTIAL, code::AS4_AGGREGATOR, value)
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both attributes for a neighbor without four-octet AS numbers.
    fn halves(value: &[u8]) -> heapless::Vec<u8, 32> {
        let mut buf = [0; 32];
        let mut w = Writer::new(&mut buf);
        write_aggregator(&mut w, 0xE0, value, false).unwrap();
        write_as4_aggregator(&mut w, 0xC0, value).unwrap();
        heapless::Vec::from_slice(w.written()).unwrap()
    }

    #[test]
    fn two_octets_where_they_suffice() {
        assert_eq!(halves(&[0, 0, 0xFD, 0xE8, 192, 0, 2, 1]), [0xE0, 7, 6, 0xFD, 0xE8, 192, 0, 2, 1]);
    }

    #[test]
    fn as_trans_and_the_whole_number_beside_it() {
        let value = [0, 1, 0, 0, 192, 0, 2, 1];
        assert_eq!(halves(&value)[..9], [0xE0, 7, 6, 0x5B, 0xA0, 192, 0, 2, 1]);
        assert_eq!(halves(&value)[9..], [0xC0, 18, 8, 0, 1, 0, 0, 192, 0, 2, 1]);
    }

    #[test]
    fn four_octets_stay() {
        let mut buf = [0; 32];
        let mut w = Writer::new(&mut buf);
        write_aggregator(&mut w, 0xC0, &[0, 1, 0, 0, 192, 0, 2, 1], true).unwrap();
        assert_eq!(w.written(), [0xC0, 7, 8, 0, 1, 0, 0, 192, 0, 2, 1]);
    }
}
