//! UPDATE attributes as bytes, by class of what others got wrong.

mod four_octet;
mod kept;
mod multiprotocol;
mod mutations;
mod outcomes;

use super::*;
use crate::attrs::tlv::{Tlv, iter};

type Bytes = heapless::Vec<u8, 8192>;

const EXTERNAL: Context = Context {
    as4: true,
    internal: false,
    families: FamilySet::EMPTY.with(Family::Ipv4Unicast).with(Family::Ipv6Unicast),
    extended_next_hop: false,
    local_asn: 65000,
    remote_asn: 65001,
    router_id: 0x0A00_0001,
    enforce_first_as: true,
    allow_loopback_next_hop: false,
    max_as_path: 64,
};
const INTERNAL: Context = Context { internal: true, remote_asn: 65000, ..EXTERNAL };
const EXTENDED: Context = Context { extended_next_hop: true, ..EXTERNAL };
const TWO_OCTET: Context = Context { as4: false, ..EXTERNAL };

const ORIGIN: &[u8] = &[0x40, 1, 1, 0];
const AS_PATH: &[u8] = &[0x40, 2, 6, 2, 1, 0, 0, 0xFD, 0xE9];
const SHORT_AS_PATH: &[u8] = &[0x40, 2, 4, 2, 1, 0xFD, 0xE9];
const EMPTY_AS_PATH: &[u8] = &[0x40, 2, 0];
const NEXT_HOP: &[u8] = &[0x40, 3, 4, 192, 0, 2, 1];
const LOCAL_PREF: &[u8] = &[0x40, 5, 4, 0, 0, 0, 200];

/// What an internal neighbor's UPDATE needs.
const FROM_INTERNAL: [&[u8]; 4] = [ORIGIN, EMPTY_AS_PATH, NEXT_HOP, LOCAL_PREF];

/// What [`parse`] found, with the attributes written.
struct Read<'a> {
    parsed: Parsed<'a>,
    written: Bytes,
}

impl Read<'_> {
    fn attribute(&self, code: u8) -> Option<Tlv<'_>> {
        iter(&self.written).find(|tlv| tlv.code == code)
    }

    /// The attribute and the refusal of the fault that withdraws.
    fn withdrawn(&self) -> Option<(u8, Reason)> {
        self.parsed.withdraw.map(|fault| (fault.attribute, fault.refuse))
    }

    /// The attribute last discarded, if the rest stands.
    fn discarded(&self) -> Option<u8> {
        assert_eq!(self.parsed.withdraw, None);
        assert_eq!(self.parsed.refuse, Reason::None);
        assert_eq!(self.parsed.discarded.is_some(), self.parsed.discarded_count > 0);
        self.parsed.discarded.map(|fault| fault.attribute)
    }

    fn assert_clean(&self) {
        assert_eq!(self.discarded(), None);
    }
}

fn read<'a>(ctx: &Context, attributes: &'a [u8], has_nlri: bool) -> Result<Read<'a>, (u8, u8)> {
    let mut out = [0xEE; 8192];
    let parsed = parse(ctx, attributes, has_nlri, &mut out).map_err(|error| (error.code, error.subcode))?;
    Ok(Read { parsed, written: Bytes::from_slice(&out[..parsed.len]).unwrap() })
}

/// Attributes one after the other.
fn join(attributes: &[&[u8]]) -> Bytes {
    let mut bytes = Bytes::new();
    attributes.iter().for_each(|attribute| bytes.extend_from_slice(attribute).unwrap());
    bytes
}

/// The mandatory attributes of an external neighbor's UPDATE, with `one` in place of the one of its type or behind them.
fn with(one: &[u8]) -> Bytes {
    let replaced = [ORIGIN, AS_PATH, NEXT_HOP].into_iter().filter(|other| one.get(1) != other.get(1));
    let mut bytes: Bytes = replaced.flatten().copied().collect();
    bytes.extend_from_slice(one).unwrap();
    bytes
}

/// Likewise of an internal neighbor's.
fn with_internal(one: &[u8]) -> Bytes {
    let replaced = FROM_INTERNAL.into_iter().filter(|other| one.get(1) != other.get(1));
    let mut bytes: Bytes = replaced.flatten().copied().collect();
    bytes.extend_from_slice(one).unwrap();
    bytes
}
