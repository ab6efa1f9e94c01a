//! UPDATE: its three fields, and its attributes in every kind of session.
//!
//! The first byte says what kind of session it is, the second how large the buffer is; the rest is the message's body.

use crier_core::attrs::tlv::{self, Writer, code, flag};
use crier_core::family::{Family, FamilySet, V4, V6};
use crier_core::view::Reason;
use crier_core::wire::as_path::{AsPath, write_as_path, write_as4_path};
use crier_core::wire::attributes::aggregator::{write_aggregator, write_as4_aggregator};
use crier_core::wire::attributes::{Context, MpReach, MpUnreach, Parsed, parse};
use crier_core::wire::community::{Community, ExtendedCommunity, LargeCommunity};
use crier_core::wire::nlri::{Nlri, encode, encoded_len};
use crier_core::wire::update::split;

/// The bits of the first byte.
mod bit {
    pub(super) const AS4: u8 = 1;
    pub(super) const INTERNAL: u8 = 2;
    pub(super) const NO_IPV4: u8 = 4;
    pub(super) const NO_IPV6: u8 = 8;
    pub(super) const EXTENDED_NEXT_HOP: u8 = 16;
    pub(super) const ANY_FIRST_AS: u8 = 32;
    pub(super) const LOOPBACK: u8 = 64;
    pub(super) const SHORT_PATHS: u8 = 128;
}

/// Own AS number, and that of an external neighbor.
const OURS: u32 = 65_001;
const THEIRS: u32 = 65_002;

fn context(kind: u8) -> Context {
    let has = |bit| kind & bit != 0;
    let mut families = FamilySet::EMPTY;
    if !has(bit::NO_IPV4) {
        families = families.with(Family::Ipv4Unicast);
    }
    if !has(bit::NO_IPV6) {
        families = families.with(Family::Ipv6Unicast);
    }
    let internal = has(bit::INTERNAL);
    Context {
        as4: has(bit::AS4),
        internal,
        families,
        extended_next_hop: has(bit::EXTENDED_NEXT_HOP),
        local_asn: OURS,
        remote_asn: if internal { OURS } else { THEIRS },
        router_id: 0x0A00_0001,
        enforce_first_as: !has(bit::ANY_FIRST_AS),
        allow_loopback_next_hop: has(bit::LOOPBACK),
        max_as_path: if has(bit::SHORT_PATHS) { 4 } else { 1_000 },
    }
}

/// Every UPDATE has one of the outcomes of RFC 7606; what is kept is canonical, and written for any neighbor it is read as
/// the same.
pub fn check(data: &[u8]) {
    let Some((&[kind, room], body)) = data.split_first_chunk::<2>() else { return };
    let parts = match split(body) {
        Ok(parts) => parts,
        Err(fault) => {
            assert_eq!((fault.code, fault.subcode), (3, 1));
            return;
        }
    };
    assert_eq!(parts.withdrawn.len() + parts.attributes.len() + parts.nlri.len() + 4, body.len());
    if parts.check_prefixes().is_err() {
        return;
    }
    prefixes(Family::Ipv4Unicast, parts.withdrawn);
    prefixes(Family::Ipv4Unicast, parts.nlri);
    let context = context(kind);
    // Now and then there is little room.
    let room = if room < 16 { usize::from(room) * 4 } else { body.len() * 3 + 64 };
    let mut out = vec![0; room];
    let announces = !parts.nlri.is_empty();
    let parsed = match parse(&context, parts.attributes, announces, &mut out) {
        Ok(parsed) => parsed,
        Err(fault) => {
            // What still ends a session (RFC 7606, 3 and 5).
            assert!(fault.code == 3 && [1, 2, 9].contains(&fault.subcode), "{fault:?}");
            crate::notification::goes_out_and_comes_back(&fault);
            return;
        }
    };
    if let Some(MpReach { family, next_hop, nlri }) = parsed.mp_reach {
        assert!(context.families.contains(family));
        let lengths: &[usize] = match family {
            Family::Ipv4Unicast if context.extended_next_hop => &[4, 16, 32],
            Family::Ipv4Unicast => &[4],
            Family::Ipv6Unicast => &[16, 32],
        };
        assert!(lengths.contains(&next_hop.len()));
        prefixes(family, nlri);
    }
    if let Some(MpUnreach { family, nlri }) = parsed.mp_unreach {
        assert!(context.families.contains(family));
        prefixes(family, nlri);
    }
    assert_eq!(parsed.discarded.is_some(), parsed.discarded_count > 0);
    assert_eq!(parsed.empty, parts.attributes.is_empty());
    if parsed.withdraw.is_some() || parsed.refuse != Reason::None {
        assert_eq!(parsed.len, 0);
        return;
    }
    assert!(!announces || parsed.next_hop.is_some());
    if parsed.len > 0 {
        let kept = &out[..parsed.len];
        canonical(kept);
        again(&context, &parsed, kept, announces);
    }
}

/// Prefixes are read to the end, and written as they were but for bits past their length.
fn prefixes(family: Family, field: &[u8]) {
    let mut out = [0; 17];
    let mut rest = field;
    let mut one = |len: u8, written: usize, bytes: &[u8; 17]| {
        assert_eq!(written, encoded_len(len));
        assert_eq!(rest[0], len);
        let whole = usize::from(len / 8) + 1;
        assert_eq!(rest[..whole], bytes[..whole]);
        rest = &rest[written..];
    };
    match family {
        Family::Ipv4Unicast => {
            for net in Nlri::<V4>::new(field) {
                let written = encode(net, &mut out);
                one(net.len, written, &out);
            }
        }
        Family::Ipv6Unicast => {
            for net in Nlri::<V6>::new(field) {
                let written = encode(net, &mut out);
                one(net.len, written, &out);
            }
        }
    }
    assert!(rest.is_empty(), "prefixes that are not read");
}

/// What is always true of the bytes of a set.
fn canonical(bytes: &[u8]) {
    assert_eq!(tlv::iter(bytes).map(|tlv| tlv.raw.len()).sum::<usize>(), bytes.len());
    assert!(tlv::iter(bytes).is_sorted_by(|one, next| one.code < next.code));
    for tlv in tlv::iter(bytes) {
        assert!(![1, 3, 4, 5, 14, 15, 17, 18].contains(&tlv.code));
        assert_eq!(tlv.flags & flag::EXTENDED_LENGTH != 0, tlv.value.len() > 255);
        assert_eq!(tlv.flags & 0x0F, 0);
        match tlv.code {
            code::COMMUNITIES => Community::iter(tlv.value).for_each(says_itself),
            code::LARGE_COMMUNITIES => {
                assert!(LargeCommunity::iter(tlv.value).is_sorted_by(|one, next| one < next));
                LargeCommunity::iter(tlv.value).for_each(says_itself);
            }
            code::EXTENDED_COMMUNITIES => {
                assert!(ExtendedCommunity::iter(tlv.value).all(|one| !one.to_string().is_empty()));
            }
            _ => {}
        }
    }
    let path = AsPath::of(bytes);
    let segments: usize = path.segments().map(|segment| 2 + 4 * segment.numbers().len()).sum();
    assert_eq!(segments, path.value().len());
    assert!(!path.contains(0));
    assert_eq!(path.to_string().is_empty(), path.value().is_empty());
}

/// As text, and from it, it is the same.
fn says_itself<T: std::fmt::Display + std::str::FromStr + PartialEq + Copy>(community: T) {
    let text = community.to_string();
    assert!(text.parse::<T>().is_ok_and(|read| read == community), "{text}");
}

/// Written as this neighbor would have to, what was kept is kept again.
fn again(context: &Context, parsed: &Parsed<'_>, kept: &[u8], announces: bool) {
    let path = AsPath::of(kept);
    // Segments of a confederation do not fit AS4_PATH (RFC 6793, 6): how they are merged says less.
    let confederation = path.segments().any(|segment| segment.kind.is_confed());
    if !context.as4 && confederation {
        return;
    }
    let mut room = vec![0; kept.len() * 3 + 256 + parsed.mp_reach.map_or(0, |reach| reach.nlri.len())];
    let mut out = Writer::new(&mut room);
    assert!(write(&mut out, context, parsed, kept, announces).is_ok());
    let mut room = vec![0; kept.len() * 2 + 64];
    let read = parse(context, out.written(), announces, &mut room);
    let Ok(read) = read else { panic!("{read:?} of {:?}", out.written()) };
    assert!(read.withdraw.is_none() && read.discarded.is_none(), "{read:?} of {:?}", out.written());
    assert_eq!(read.refuse, Reason::None);
    assert_eq!(read.key, parsed.key);
    assert_eq!(&room[..read.len], kept);
    assert_eq!(read.mp_reach, parsed.mp_reach);
    assert_eq!(read.next_hop, parsed.next_hop.filter(|_| announces));
}

fn write(
    out: &mut Writer<'_>,
    context: &Context,
    parsed: &Parsed<'_>,
    kept: &[u8],
    announces: bool,
) -> Result<(), tlv::NoRoom> {
    let path = AsPath::of(kept);
    out.put_attribute(flag::TRANSITIVE, code::ORIGIN, &[parsed.key.origin])?;
    if let Some(next_hop) = parsed.next_hop.filter(|_| announces) {
        out.put_attribute(flag::TRANSITIVE, code::NEXT_HOP, &next_hop)?;
    }
    if let Some(med) = parsed.key.med() {
        out.put_attribute(flag::OPTIONAL, code::MULTI_EXIT_DISC, &med.to_be_bytes())?;
    }
    if context.internal {
        out.put_attribute(flag::TRANSITIVE, code::LOCAL_PREF, &parsed.key.preference().to_be_bytes())?;
    }
    for tlv in tlv::iter(kept) {
        match tlv.code {
            code::AS_PATH => write_as_path(out, path, None, context.as4)?,
            code::AGGREGATOR => {
                write_aggregator(out, tlv.flags, tlv.value, context.as4)?;
                if !context.as4 {
                    write_as4_aggregator(out, tlv.flags, tlv.value)?;
                }
            }
            _ => out.put(tlv.raw)?,
        }
    }
    if !context.as4 {
        write_as4_path(out, path, None)?;
    }
    if let Some(MpReach { family, next_hop, nlri }) = parsed.mp_reach {
        let (afi, safi) = family.afi_safi();
        let [high, low] = afi.to_be_bytes();
        let value = [&[high, low, safi, next_hop.len() as u8], next_hop, &[0], nlri].concat();
        out.put_attribute(flag::OPTIONAL, code::MP_REACH_NLRI, &value)?;
    }
    Ok(())
}
