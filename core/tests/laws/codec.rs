//! What is written is read as the same.

use std::net::Ipv4Addr;

use crier_core::attrs::tlv::{self, Writer, code, flag};
use crier_core::family::{Family, FamilySet, Net, V4, V6};
use crier_core::wire::as_path::{AsPath, prepend, write_as_path, write_as4_path};
use crier_core::wire::attributes::{Context, parse};
use crier_core::wire::capability::MAX_RESTART_TIME;
use crier_core::wire::header::{Frame, HEADER_LEN, Kind, MAX_LEN, frame};
use crier_core::wire::nlri::{Nlri, encode};
use crier_core::wire::notification::{ErrorCode, MAX_DATA, Notification};
use crier_core::wire::open::{Open, OpenParams, encode_open};
use crier_core::wire::refresh::{Refresh, Subtype};
use proptest::collection::{btree_set, vec};
use proptest::option;
use proptest::prelude::*;

use crate::law;

fn families() -> impl Strategy<Value = FamilySet> {
    any::<[bool; 2]>().prop_map(|named| {
        let named = Family::ALL.into_iter().zip(named).filter(|(_, named)| *named);
        named.fold(FamilySet::EMPTY, |set, (family, _)| set.with(family))
    })
}

fn subtype() -> impl Strategy<Value = Subtype> {
    prop_oneof![Just(Subtype::Request), Just(Subtype::Begin), Just(Subtype::End)]
}

/// A message's body, as the framing finds it.
fn body(kind: Kind, write: impl FnOnce(&mut Writer<'_>)) -> Vec<u8> {
    let mut room = vec![0; MAX_LEN];
    let mut writer = Writer::new(&mut room);
    write(&mut writer);
    match frame(writer.written(), MAX_LEN) {
        Frame::Message { kind: found, body, len } => {
            assert_eq!((found, len, body.len()), (kind, writer.len(), len - HEADER_LEN));
            body.to_vec()
        }
        other => panic!("{other:?}"),
    }
}

proptest! {
    #![proptest_config(law(256))]

    #[test]
    fn an_open(
        asn in 1_u32.., hold in prop_oneof![Just(0_u16), 3_u16..], id in 1_u32.., families in families(), forwarding in families(),
        extended_next_hop: bool, extended_messages: bool, restart in option::of(0..=MAX_RESTART_TIME), restarting: bool,
    ) {
        let router_id = Ipv4Addr::from_bits(id);
        let ours = OpenParams {
            asn, hold, router_id, families, extended_next_hop, extended_messages, restart, restarting, forwarding,
        };
        let open = Open::parse(&body(Kind::Open, |writer| encode_open(writer, &ours).unwrap())).unwrap();
        prop_assert_eq!((open.asn(), open.hold, open.router_id), (asn, hold, router_id));
        let heard = open.capabilities;
        prop_assert_eq!((heard.families, heard.route_refresh), (families, true));
        prop_assert_eq!((heard.extended_next_hop, heard.extended_messages), (extended_next_hop, extended_messages));
        let told = heard.graceful_restart.unwrap();
        prop_assert_eq!((told.time, told.restarting), (restart.unwrap_or(0), restarting));
        let kept = if restart.is_some() { forwarding.intersection(families) } else { FamilySet::EMPTY };
        prop_assert_eq!(told.forwarding, kept);
    }

    #[test]
    fn a_notification(code: u8, subcode: u8, data in vec(any::<u8>(), 0..=MAX_DATA)) {
        let sent = Notification::with_data(ErrorCode { code, subcode }, &data);
        let read = Notification::parse(&body(Kind::Notification, |writer| sent.encode(writer).unwrap()));
        prop_assert_eq!(&read, &sent);
        prop_assert_eq!(&read.data[..], &data[..]);
    }

    #[test]
    fn a_refresh(ipv6: bool, subtype in subtype()) {
        let family = Family::ALL[usize::from(ipv6)];
        let sent = Refresh { family, subtype };
        let read = Refresh::parse(&body(Kind::RouteRefresh, |writer| sent.encode(writer).unwrap()));
        prop_assert_eq!(read, Ok(Some(sent)));
    }

    #[test]
    fn prefixes(v4 in vec((any::<u32>(), 0..=32_u8), 0..40), v6 in vec((any::<u128>(), 0..=128_u8), 0..40)) {
        use crier_core::family::AddressFamily;
        let v4: Vec<Net<V4>> = v4.into_iter().map(|(addr, len)| Net { addr: V4::mask(addr, len), len }).collect();
        let v6: Vec<Net<V6>> = v6.into_iter().map(|(addr, len)| Net { addr: V6::mask(addr, len), len }).collect();
        let (mut field4, mut field6, mut out) = (Vec::new(), Vec::new(), [0xAA; 17]);
        for net in &v4 {
            let len = encode(*net, &mut out);
            field4.extend(&out[..len]);
        }
        for net in &v6 {
            let len = encode(*net, &mut out);
            field6.extend(&out[..len]);
        }
        prop_assert!(Nlri::<V4>::check(&field4) && Nlri::<V6>::check(&field6));
        prop_assert!(Nlri::<V4>::new(&field4).eq(v4));
        prop_assert!(Nlri::<V6>::new(&field6).eq(v6));
    }
}

/// Segments of a path: sets and sequences.
fn path() -> impl Strategy<Value = Vec<(u8, Vec<u32>)>> {
    let number = prop_oneof![3 => 1..65_536_u32, 1 => 65_536_u32.., 1 => Just(23_456_u32)];
    vec((1..=2_u8, vec(number, 1..6)), 0..5)
}

fn path_value(segments: &[(u8, Vec<u32>)]) -> Vec<u8> {
    let mut value = Vec::new();
    for (kind, numbers) in segments {
        value.extend([*kind, numbers.len() as u8]);
        value.extend(numbers.iter().flat_map(|number| number.to_be_bytes()));
    }
    value
}

/// The attributes of a route, but for NEXT_HOP, in no order.
fn attributes() -> impl Strategy<Value = Vec<(u8, u8, Vec<u8>)>> {
    let optional = flag::OPTIONAL | flag::TRANSITIVE;
    let communities =
        btree_set(any::<[u8; 4]>(), 1..70).prop_map(|set| set.into_iter().flatten().collect::<Vec<_>>());
    let large =
        btree_set(any::<[u8; 12]>(), 1..30).prop_map(|set| set.into_iter().flatten().collect::<Vec<_>>());
    let aggregator =
        (1_u32.., any::<[u8; 4]>()).prop_map(|(asn, address)| [asn.to_be_bytes(), address].concat());
    let unknown = vec(any::<u8>(), 0..300);
    let parts = (
        0..=2_u8,
        path(),
        option::of(any::<u32>()),
        option::of(communities),
        option::of(large),
        option::of(aggregator),
        option::of(unknown),
        any::<bool>(),
    );
    let list = parts.prop_map(move |(origin, path, med, communities, large, aggregator, unknown, atomic)| {
        let mut list = vec![
            (flag::TRANSITIVE, code::ORIGIN, vec![origin]),
            (flag::TRANSITIVE, code::AS_PATH, path_value(&path)),
        ];
        list.extend(med.map(|med| (flag::OPTIONAL, code::MULTI_EXIT_DISC, med.to_be_bytes().to_vec())));
        list.extend(communities.map(|value| (optional, code::COMMUNITIES, value)));
        list.extend(large.map(|value| (optional, code::LARGE_COMMUNITIES, value)));
        list.extend(aggregator.map(|value| (optional, code::AGGREGATOR, value)));
        list.extend(unknown.map(|value| (optional | flag::PARTIAL, 99, value)));
        list.extend(atomic.then(|| (flag::TRANSITIVE, code::ATOMIC_AGGREGATE, Vec::new())));
        list
    });
    list.prop_shuffle()
}

const SESSION: Context = Context {
    as4: true,
    internal: false,
    families: FamilySet::EMPTY.with(Family::Ipv4Unicast),
    extended_next_hop: false,
    local_asn: 0,
    remote_asn: 0,
    router_id: 0,
    enforce_first_as: false,
    allow_loopback_next_hop: false,
    max_as_path: 1_000,
};

/// What is kept of these attributes.
fn kept(session: &Context, bytes: &[u8]) -> (crier_core::attrs::Key, Vec<u8>) {
    let mut room = vec![0; 8_192];
    let parsed = parse(session, bytes, true, &mut room).unwrap();
    assert!(parsed.withdraw.is_none() && parsed.discarded.is_none(), "{parsed:?}");
    room.truncate(parsed.len);
    (parsed.key, room)
}

fn written(attributes: &[(u8, u8, Vec<u8>)]) -> Vec<u8> {
    let mut room = vec![0; 8_192];
    let mut writer = Writer::new(&mut room);
    writer.put_attribute(flag::TRANSITIVE, code::NEXT_HOP, &[192, 0, 2, 1]).unwrap();
    for (flags, code, value) in attributes {
        writer.put_attribute(*flags, *code, value).unwrap();
    }
    writer.written().to_vec()
}

proptest! {
    #![proptest_config(law(256))]

    /// The order of attributes says nothing (RFC 4271, 5).
    #[test]
    fn attributes_in_any_order(list in attributes()) {
        let mut sorted = list.clone();
        sorted.sort_by_key(|(_, code, _)| *code);
        let kept_of = kept(&SESSION, &written(&list));
        prop_assert_eq!(&kept_of, &kept(&SESSION, &written(&sorted)));
        let (_, bytes) = kept_of;
        let expected: Vec<_> = sorted.into_iter().filter(|(_, code, _)| ![1, 4].contains(code)).collect();
        let found: Vec<_> = tlv::iter(&bytes).map(|tlv| (tlv.flags & !flag::EXTENDED_LENGTH, tlv.code, tlv.value.to_vec())).collect();
        prop_assert_eq!(found, expected);
    }

    /// A neighbor with AS numbers of two octets loses nothing (RFC 6793, 4.2.3).
    #[test]
    fn a_path_by_way_of_an_old_neighbor(segments in path()) {
        let value = path_value(&segments);
        let path = AsPath::new(&value);
        let mut room = vec![0; 4_096];
        let mut writer = Writer::new(&mut room);
        writer.put(&[0x40, 1, 1, 0, 0x40, 3, 4, 192, 0, 2, 1]).unwrap();
        write_as_path(&mut writer, path, None, false).unwrap();
        write_as4_path(&mut writer, path, None).unwrap();
        let (key, bytes) = kept(&Context { as4: false, ..SESSION }, writer.written());
        prop_assert_eq!(AsPath::of(&bytes).value(), &value[..]);
        prop_assert_eq!(key.path_len, path.length());
    }

    #[test]
    fn numbers_in_front_of_a_path(segments in path(), asn in 1_u32.., times in 0..600_u16) {
        let value = path_value(&segments);
        let path = AsPath::new(&value);
        let mut room = vec![0; 8_192];
        let mut writer = Writer::new(&mut room);
        prepend(&mut writer, path, asn, times).unwrap();
        let (tlv, rest) = tlv::split_first(writer.written()).unwrap();
        prop_assert!(rest.is_empty());
        let longer = AsPath::new(tlv.value);
        prop_assert_eq!(longer.length(), path.length() + times);
        let expected = std::iter::repeat_n(asn, times.into()).chain(path.numbers());
        prop_assert!(longer.numbers().eq(expected));
    }
}
