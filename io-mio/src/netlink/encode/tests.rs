use std::net::{IpAddr, Ipv6Addr};

use netlink_packet_route::address::AddressMessage;
use netlink_packet_route::link::{LinkAttribute, LinkExtentMask, LinkMessage};
use netlink_packet_route::route::{
    RouteAttribute, RouteFlags, RouteNextHopFlags, RouteProtocol, RouteScope, RouteType, RouteVia,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::super::oracle::{self, hop, key};
use super::*;

const SEQUENCE: u32 = 0x0102_0304;
const CREATE: libc::c_int = libc::NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL;
const REPLACE: libc::c_int = libc::NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;

/// What `encode` writes, once there is room for it. Less room is none, and what lay there before does not show.
#[track_caller]
fn encoded(encode: impl Fn(&mut [u8]) -> Option<usize>) -> Vec<u8> {
    let mut room = vec![0xff; 70_000];
    let length = encode(&mut room).unwrap();
    assert!(length.is_multiple_of(4) && room[length..].iter().all(|octet| *octet == 0xff));
    let steps = (0..length).filter(|space| length < 500 || space.is_multiple_of(97));
    for space in steps.chain([length - 1]) {
        assert_eq!(encode(&mut vec![0; space]), None, "{space} of {length} bytes");
    }
    let mut exact = vec![0; length];
    assert_eq!(encode(&mut exact), Some(length));
    assert_eq!(exact, room[..length]);
    exact
}

fn set(key: &RouteKey, via: Via<'_>) -> Vec<u8> {
    encoded(|room| set_route(room, SEQUENCE, Existing::Refuse, key, via))
}

fn oracle(message: RouteNetlinkMessage, flags: libc::c_int) -> Vec<u8> {
    oracle::bytes(message, flags, SEQUENCE, 0)
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

/// The attributes that every route of ours begins with.
fn attributes(prefix: &str, more: Vec<RouteAttribute>) -> Vec<RouteAttribute> {
    let of_key = [
        RouteAttribute::Destination(ip(prefix).into()),
        RouteAttribute::Table(254),
        RouteAttribute::Priority(20),
    ];
    of_key.into_iter().chain(more).collect()
}

fn to_10(more: Vec<RouteAttribute>) -> netlink_packet_route::route::RouteMessage {
    oracle::route(AddressFamily::Inet, 8, attributes("10.0.0.0", more))
}

fn to_fd00(more: Vec<RouteAttribute>) -> netlink_packet_route::route::RouteMessage {
    oracle::route(AddressFamily::Inet6, 64, attributes("fd00::", more))
}

#[test]
fn one_hop() {
    let gateway = RouteAttribute::Gateway(ip("192.0.2.1").into());
    let expected = to_10(vec![gateway, RouteAttribute::Oif(7)]);
    assert_eq!(
        set(&key("10.0.0.0/8"), Via::Hops(&[hop("192.0.2.1", 7)])),
        oracle(RouteNetlinkMessage::NewRoute(expected.clone()), CREATE)
    );
    assert_eq!(
        encoded(|room| set_route(
            room,
            SEQUENCE,
            Existing::Replace,
            &key("10.1.2.3/8"),
            Via::Hops(&[hop("192.0.2.1", 7)])
        )),
        oracle(RouteNetlinkMessage::NewRoute(expected), REPLACE)
    );
    let gateway = RouteAttribute::Gateway(ip("fe80::1").into());
    assert_eq!(
        set(&key("fd00::/64"), Via::Hops(&[hop("fe80::1", 7)])),
        oracle(RouteNetlinkMessage::NewRoute(to_fd00(vec![gateway, RouteAttribute::Oif(7)])), CREATE)
    );
}

#[test]
fn what_a_hop_may_lack() {
    let gateway = RouteAttribute::Gateway(ip("192.0.2.1").into());
    assert_eq!(
        set(&key("10.0.0.0/8"), Via::Hops(&[hop("192.0.2.1", 0)])),
        oracle(RouteNetlinkMessage::NewRoute(to_10(vec![gateway])), CREATE)
    );
    let mut direct = to_10(vec![RouteAttribute::Oif(7)]);
    direct.header.scope = RouteScope::Link;
    assert_eq!(
        set(&key("10.0.0.0/8"), Via::Hops(&[Hop { gateway: None, interface: 7, onlink: false }])),
        oracle(RouteNetlinkMessage::NewRoute(direct), CREATE)
    );
}

#[test]
fn ipv4_over_ipv6_and_on_the_link() {
    let router = Hop { onlink: true, ..hop("fe80::1", 7) };
    let via = RouteAttribute::Via(RouteVia::Inet6("fe80::1".parse().unwrap()));
    let mut expected = to_10(vec![via.clone(), RouteAttribute::Oif(7)]);
    expected.header.flags = RouteFlags::Onlink;
    assert_eq!(
        set(&key("10.0.0.0/8"), Via::Hops(&[router])),
        oracle(RouteNetlinkMessage::NewRoute(expected), CREATE)
    );
    let hops = vec![
        oracle::next_hop(7, RouteNextHopFlags::Onlink, via),
        oracle::next_hop(8, RouteNextHopFlags::empty(), RouteAttribute::Gateway(ip("192.0.2.1").into())),
    ];
    assert_eq!(
        set(&key("10.0.0.0/8"), Via::Hops(&[router, hop("192.0.2.1", 8)])),
        oracle(RouteNetlinkMessage::NewRoute(to_10(vec![RouteAttribute::MultiPath(hops)])), CREATE)
    );
}

#[test]
fn many_hops() {
    for count in [2, 3, 64, 2340] {
        let gateways = (1..=count).map(|number| IpAddr::from(Ipv6Addr::from(0xfd01_u128 << 112 | number)));
        let ours =
            gateways.clone().map(|gateway| Hop { gateway: Some(gateway), interface: 7, onlink: false });
        let theirs = gateways.map(|gateway| {
            oracle::next_hop(7, RouteNextHopFlags::empty(), RouteAttribute::Gateway(gateway.into()))
        });
        assert_eq!(
            set(&key("fd00::/64"), Via::Hops(&ours.collect::<Vec<_>>())),
            oracle(
                RouteNetlinkMessage::NewRoute(to_fd00(vec![RouteAttribute::MultiPath(theirs.collect())])),
                CREATE
            ),
            "{count} hops"
        );
    }
    // One more, and the attribute's length does not fit its field.
    let hops = [hop("fd01::1", 7); 2341];
    let mut room = vec![0; 100_000];
    assert_eq!(set_route(&mut room, SEQUENCE, Existing::Refuse, &key("fd00::/64"), Via::Hops(&hops)), None);
}

#[test]
fn objects_and_blackholes() {
    assert_eq!(
        set(&key("10.0.0.0/8"), Via::Object(1000)),
        oracle(RouteNetlinkMessage::NewRoute(to_10(vec![RouteAttribute::NhId(1000)])), CREATE)
    );
    let mut expected = to_fd00(vec![]);
    expected.header.kind = RouteType::BlackHole;
    assert_eq!(
        set(&key("fd00::/64"), Via::Blackhole),
        oracle(RouteNetlinkMessage::NewRoute(expected), CREATE)
    );
}

#[test]
fn tables_beyond_a_byte_and_deletions() {
    for (table, short) in [(255, 255), (256, 252), (0x0102_0304, 252)] {
        let key = RouteKey { table, protocol: 99, ..key("10.0.0.0/8") };
        let mut expected = to_10(vec![]);
        expected.attributes[1] = RouteAttribute::Table(table);
        expected.header.table = short;
        expected.header.protocol = RouteProtocol::Other(99);
        expected.header.scope = RouteScope::NoWhere;
        expected.header.kind = RouteType::Unspec;
        assert_eq!(
            encoded(|room| delete_route(room, SEQUENCE, &key)),
            oracle(RouteNetlinkMessage::DelRoute(expected), libc::NLM_F_REQUEST | NLM_F_ACK)
        );
    }
}

#[test]
fn dumps() {
    let flags = libc::NLM_F_REQUEST | NLM_F_DUMP;
    let mut all = oracle::route(AddressFamily::Inet6, 0, vec![]);
    (all.header.table, all.header.protocol, all.header.kind) = (0, RouteProtocol::Unspec, RouteType::Unspec);
    let mut some = all.clone();
    (some.header.table, some.header.protocol) = (252, RouteProtocol::Bgp);
    some.attributes = vec![RouteAttribute::Table(1000)];
    for (only, expected) in [(Only::default(), all), (Only { table: Some(1000), protocol: Some(186) }, some)]
    {
        assert_eq!(
            encoded(|room| dump_routes(room, SEQUENCE, Family::V6, only)),
            oracle(RouteNetlinkMessage::GetRoute(expected), flags)
        );
    }
    let mut links = LinkMessage::default();
    links.attributes = vec![LinkAttribute::ExtMask(vec![LinkExtentMask::SkipStats])];
    assert_eq!(
        encoded(|room| dump_links(room, SEQUENCE)),
        oracle(RouteNetlinkMessage::GetLink(links), flags)
    );
    assert_eq!(
        encoded(|room| dump_addresses(room, SEQUENCE)),
        oracle(RouteNetlinkMessage::GetAddress(AddressMessage::default()), flags)
    );
}

/// A message as `linux/nexthop.h` has it, of which the oracle knows nothing; the labs show that the kernel agrees.
fn next_hop_message(kind: u8, flags: libc::c_int, rest: &[&[u8]]) -> Vec<u8> {
    let rest = rest.concat();
    let mut bytes = (16 + rest.len() as u32).to_ne_bytes().to_vec();
    bytes.extend([kind, 0]);
    bytes.extend((flags as u16).to_ne_bytes());
    bytes.extend(SEQUENCE.to_ne_bytes());
    bytes.extend([0; 4]);
    bytes.extend(rest);
    bytes
}

#[cfg(target_endian = "little")]
#[test]
fn next_hop_objects() {
    let made = |existing, object| encoded(|room| set_next_hop(room, SEQUENCE, existing, 1000, 186, object));
    let id = [8, 0, 1, 0, 0xe8, 3, 0, 0];
    let oif = [8, 0, 5, 0, 7, 0, 0, 0];
    assert_eq!(
        made(Existing::Refuse, Object::Hop(hop("192.0.2.1", 7))),
        next_hop_message(104, CREATE, &[&[2, 0, 186, 0, 0, 0, 0, 0], &id, &oif, &[8, 0, 6, 0, 192, 0, 2, 1]])
    );
    let gateway = "fe80::1".parse::<Ipv6Addr>().unwrap().octets();
    assert_eq!(
        made(Existing::Replace, Object::Hop(Hop { onlink: true, ..hop("fe80::1", 7) })),
        next_hop_message(104, REPLACE, &[&[10, 0, 186, 0, 4, 0, 0, 0], &id, &oif, &[20, 0, 6, 0], &gateway])
    );
    assert_eq!(
        made(Existing::Refuse, Object::Blackhole(Family::V6)),
        next_hop_message(104, CREATE, &[&[10, 0, 186, 0, 0, 0, 0, 0], &id, &[4, 0, 4, 0]])
    );
    assert_eq!(
        made(Existing::Replace, Object::Group(&[1, 0x0203_0405])),
        next_hop_message(
            104,
            REPLACE,
            &[
                &[0, 0, 186, 0, 0, 0, 0, 0],
                &id,
                &[20, 0, 2, 0],
                &[1, 0, 0, 0, 0, 0, 0, 0],
                &[5, 4, 3, 2, 0, 0, 0, 0]
            ]
        )
    );
    assert_eq!(
        encoded(|room| delete_next_hop(room, SEQUENCE, 1000)),
        next_hop_message(105, libc::NLM_F_REQUEST | NLM_F_ACK, &[&[0; 8], &id])
    );
    assert_eq!(
        encoded(|room| dump_next_hops(room, SEQUENCE)),
        next_hop_message(106, libc::NLM_F_REQUEST | NLM_F_DUMP, &[&[0; 8]])
    );
}
