use netlink_packet_route::address::{AddressAttribute, AddressMessage, AddressScope};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};
use netlink_packet_route::route::{
    RouteAttribute, RouteFlags, RouteMessage, RouteNextHopFlags, RouteProtocol, RouteScope, RouteType,
    RouteVia,
};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::super::encode::{self, Existing, Object, Via};
use super::super::oracle::{self, hop, key};
use super::super::{Family, Hop, RouteKey};
use super::*;

mod untrusted;

const MULTI: i32 = libc::NLM_F_MULTI;

#[track_caller]
fn only(bytes: &[u8]) -> (Origin, Message<'_>) {
    let mut messages = messages(bytes);
    let one = messages.next().unwrap();
    assert!(messages.next().is_none());
    one
}

#[track_caller]
fn route(bytes: &[u8]) -> Route<'_> {
    match only(bytes).1 {
        Message::Route(route) => route,
        other => panic!("{other:?}"),
    }
}

fn new_route(message: RouteMessage) -> Vec<u8> {
    oracle::bytes(RouteNetlinkMessage::NewRoute(message), MULTI, 5, 6)
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn plain(kind: u16, flags: i32, body: &[u8]) -> Vec<u8> {
    let mut bytes = (16 + body.len() as u32).to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend((flags as u16).to_ne_bytes());
    bytes.extend([5_u32.to_ne_bytes(), 6_u32.to_ne_bytes()].concat());
    bytes.extend(body);
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
    bytes
}

fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
    let mut bytes = [(4 + value.len() as u16).to_ne_bytes(), kind.to_ne_bytes()].concat();
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
    bytes
}

#[test]
fn what_we_write_we_read() {
    let onlink = Hop { onlink: true, ..hop("fe80::1", 7) };
    let many = [hop("192.0.2.1", 7), onlink, hop("192.0.2.3", 9)];
    let direct = [Hop { gateway: None, interface: 7, onlink: false }];
    let cases: [(&str, &[Hop]); 7] = [
        ("10.0.0.0/8", &many),
        ("10.0.0.0/8", &many[..1]),
        ("10.0.0.0/8", &many[1..2]),
        ("0.0.0.0/0", &direct),
        ("::/0", &many[1..2]),
        ("2001:db8::/32", &[hop("fd00::1", 1), hop("fd00::2", 2)]),
        ("255.255.255.255/32", &[]),
    ];
    for (prefix, hops) in cases {
        let key = RouteKey { table: 1000, ..key(prefix) };
        let mut room = [0; 1000];
        let length = encode::set_route(&mut room, 5, Existing::Refuse, &key, Via::Hops(hops)).unwrap();
        let route = route(&room[..length]);
        assert_eq!((route.key, route.kind, route.object), (key, RouteKind::Unicast, None));
        assert!(!route.conditional && !route.is_cloned());
        assert_eq!(route.hops().map(|seen| seen.hop).collect::<Vec<_>>(), hops);
        assert!(route.hops().all(|seen| seen.weight == 1 && !seen.is_dead() && !seen.has_lost_carrier()));
    }
}

#[test]
fn routes_of_all_kinds() {
    let kinds = [
        (RouteType::Local, RouteKind::Local),
        (RouteType::Broadcast, RouteKind::Broadcast),
        (RouteType::Anycast, RouteKind::Anycast),
        (RouteType::Multicast, RouteKind::Multicast),
        (RouteType::BlackHole, RouteKind::Blackhole),
        (RouteType::Unreachable, RouteKind::Unreachable),
        (RouteType::Prohibit, RouteKind::Prohibit),
        (RouteType::Throw, RouteKind::Throw),
        (RouteType::Nat, RouteKind::Other(10)),
    ];
    for (theirs, ours) in kinds {
        let mut message = oracle::route(AddressFamily::Inet, 0, vec![RouteAttribute::NhId(9)]);
        message.header.kind = theirs;
        message.header.scope = RouteScope::Host;
        message.header.protocol = RouteProtocol::Kernel;
        let bytes = new_route(message);
        let route = route(&bytes);
        assert_eq!((route.kind, route.scope, route.object), (ours, 254, Some(9)));
        // No attribute says the table, the metric or the destination.
        let key = RouteKey { prefix: "0.0.0.0/0".parse().unwrap(), table: 254, protocol: 2, metric: 0 };
        assert_eq!((route.key, route.hops().count()), (key, 0));
    }
}

#[test]
fn the_state_of_hops() {
    let via = |text: &str| RouteAttribute::Via(RouteVia::Inet6(text.parse().unwrap()));
    let mut hops = vec![
        oracle::next_hop(7, RouteNextHopFlags::Dead | RouteNextHopFlags::Linkdown, via("fe80::1")),
        oracle::next_hop(8, RouteNextHopFlags::Linkdown, RouteAttribute::Gateway(ip("192.0.2.1").into())),
        oracle::next_hop(9, RouteNextHopFlags::Onlink, RouteAttribute::Gateway(ip("192.0.2.2").into())),
    ];
    hops[1].hops = 255;
    let bytes = new_route(oracle::route(AddressFamily::Inet, 0, vec![RouteAttribute::MultiPath(hops)]));
    let seen: Vec<_> = route(&bytes).hops().collect();
    assert_eq!(seen.iter().map(|seen| seen.weight).collect::<Vec<_>>(), [1, 256, 1]);
    assert_eq!(seen.iter().map(RouteHop::is_dead).collect::<Vec<_>>(), [true, false, false]);
    assert_eq!(seen.iter().map(RouteHop::has_lost_carrier).collect::<Vec<_>>(), [true, true, false]);
    let onlink = Hop { onlink: true, ..hop("192.0.2.2", 9) };
    assert_eq!(
        seen.iter().map(|seen| seen.hop).collect::<Vec<_>>(),
        [hop("fe80::1", 7), hop("192.0.2.1", 8), onlink]
    );
    // The state of the only one is in the route's flags.
    let one = vec![via("fe80::1"), RouteAttribute::Oif(7)];
    let mut message = oracle::route(AddressFamily::Inet, 0, one);
    message.header.flags = RouteFlags::Dead | RouteFlags::Cloned;
    let bytes = new_route(message);
    let route = route(&bytes);
    assert!(route.is_cloned() && route.hops().all(|seen| seen.is_dead() && seen.hop == hop("fe80::1", 7)));
}

#[test]
fn routes_that_stand_beside_ours() {
    let mut of_tos = oracle::route(AddressFamily::Inet, 0, vec![]);
    of_tos.header.tos = 8;
    let mut of_source = oracle::route(AddressFamily::Inet6, 0, vec![]);
    of_source.header.source_prefix_length = 64;
    for message in [of_tos, of_source] {
        assert!(route(&new_route(message)).conditional);
    }
}

#[test]
fn routes_that_make_no_sense() {
    let v6 = RouteAttribute::Destination(ip("2001:db8::").into());
    let messages = [
        // Of another family, too long, without its destination, and of a family that has no such routes.
        oracle::route(AddressFamily::Inet, 8, vec![v6.clone()]),
        oracle::route(AddressFamily::Inet6, 129, vec![v6.clone()]),
        oracle::route(AddressFamily::Inet, 8, vec![]),
        oracle::route(AddressFamily::Mpls, 0, vec![]),
    ];
    for message in messages {
        let bytes = new_route(message);
        assert!(matches!(only(&bytes).1, Message::Other));
    }
    let mut bytes = new_route(oracle::route(AddressFamily::Inet6, 32, vec![v6]));
    assert_eq!(route(&bytes).key.prefix, "2001:db8::/32".parse().unwrap());
    // An attribute that is longer than the message.
    bytes[28] += 1;
    assert!(matches!(only(&bytes).1, Message::Other));
}

#[test]
fn objects_and_groups() {
    let mut room = [0; 200];
    let mut kind = |object| {
        let length = encode::set_next_hop(&mut room, 5, Existing::Refuse, 1000, 186, object).unwrap();
        match only(&room[..length]).1 {
            Message::NextHop(next_hop) => {
                assert_eq!((next_hop.id, next_hop.protocol), (1000, 186));
                format!("{:?}", next_hop.kind)
            }
            other => panic!("{other:?}"),
        }
    };
    let onlink = Hop { onlink: true, ..hop("fe80::1", 7) };
    assert_eq!(
        kind(Object::Hop(onlink)),
        format!("{:?}", NextHopKind::Hop(RouteHop { hop: onlink, weight: 1, flags: 4 }))
    );
    assert_eq!(kind(Object::Blackhole(Family::V4)), "Blackhole(V4)");
    assert_eq!(kind(Object::Blackhole(Family::V6)), "Blackhole(V6)");
    // Weights have two bytes in newer kernels.
    let members = [[1, 0, 0, 0, 0, 0, 0, 0], [2, 0, 0, 0, 0xff, 0xff, 0, 0]].concat();
    let id = attribute(1, &9_u32.to_ne_bytes());
    let group = |more: &[u8]| {
        plain(RTM_NEWNEXTHOP, 0, &[&[0; 8], id.as_slice(), &attribute(2, &members), more].concat())
    };
    let bytes = group(&attribute(3, &[0, 0]));
    let Message::NextHop(NextHop { kind: NextHopKind::Group(seen), id: 9, .. }) = only(&bytes).1 else {
        panic!("no group");
    };
    let expected = [
        Member { id: u32::from_ne_bytes([1, 0, 0, 0]), weight: 1 },
        Member { id: u32::from_ne_bytes([2, 0, 0, 0]), weight: 65536 },
    ];
    assert_eq!(seen.collect::<Vec<_>>(), expected);
    // A resilient group, a tunnel, an entry of a bridge.
    for more in [attribute(3, &1_u16.to_ne_bytes()), attribute(8, &[]), attribute(11, &[])] {
        let bytes = group(&more);
        assert!(matches!(only(&bytes).1, Message::NextHop(NextHop { kind: NextHopKind::Other, .. })));
    }
    let gone = plain(RTM_DELNEXTHOP, 0, &[&[0; 8], id.as_slice()].concat());
    assert!(matches!(only(&gone).1, Message::NextHopGone { id: 9 }));
    let nameless = plain(RTM_NEWNEXTHOP, 0, &[0; 8]);
    assert!(matches!(only(&nameless).1, Message::Other));
}

#[test]
fn links() {
    let states = [
        (LinkFlags::Up | LinkFlags::LowerUp, true, true),
        (LinkFlags::Up, true, false),
        (LinkFlags::LowerUp, false, false),
    ];
    for (flags, up, running) in states {
        let mut message = LinkMessage::default();
        (message.header.index, message.header.flags) = (7, flags);
        message.attributes = vec![LinkAttribute::IfName("eth0".to_owned()), LinkAttribute::Mtu(1500)];
        let expected = Link { index: 7, name: "eth0", mtu: 1500, up, running };
        let bytes = oracle::bytes(RouteNetlinkMessage::NewLink(message.clone()), 0, 5, 6);
        assert!(matches!(only(&bytes).1, Message::Link(link) if link == expected));
        let bytes = oracle::bytes(RouteNetlinkMessage::DelLink(message.clone()), 0, 5, 6);
        assert!(matches!(only(&bytes).1, Message::LinkGone(link) if link == expected));
        // It has only left its bridge.
        message.header.interface_family = AddressFamily::Bridge;
        let bytes = oracle::bytes(RouteNetlinkMessage::DelLink(message), 0, 5, 6);
        assert!(matches!(only(&bytes).1, Message::Other));
    }
}

#[test]
fn addresses() {
    let mut message = AddressMessage::default();
    message.header.family = AddressFamily::Inet;
    message.header.prefix_len = 24;
    message.header.index = 9;
    message.header.scope = AddressScope::Link;
    // As of a point-to-point link: IFA_ADDRESS is the other end. A label of an odd length lies in between.
    message.attributes = vec![
        AddressAttribute::Address(ip("10.0.0.2")),
        AddressAttribute::Label("ppp0".to_owned()),
        AddressAttribute::Local(ip("10.0.0.1")),
    ];
    let mut expected = Address { interface: 9, ip: ip("10.0.0.1"), prefix_length: 24, scope: 253 };
    let bytes = oracle::bytes(RouteNetlinkMessage::NewAddress(message.clone()), MULTI, 5, 6);
    let (origin, told) = only(&bytes);
    assert_eq!(origin, Origin { sequence: 5, port: 6, dump: true, replaces: false });
    assert!(matches!(told, Message::Address(address) if address == expected));
    message.attributes = vec![AddressAttribute::Address(ip("fd00::1"))];
    expected.ip = ip("fd00::1");
    let bytes = oracle::bytes(RouteNetlinkMessage::DelAddress(message), 0, 5, 6);
    let (origin, told) = only(&bytes);
    assert!(!origin.dump && matches!(told, Message::AddressGone(address) if address == expected));
}

fn refusal_of(bytes: &[u8]) -> (i32, String) {
    match only(bytes).1 {
        Message::Refused(refusal) => (refusal.errno, refusal.text.to_owned()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn answers() {
    let error = libc::NLMSG_ERROR as u16;
    let request = plain(libc::RTM_NEWROUTE, 0, &[1; 21]);
    let told = attribute(NLMSGERR_ATTR_MSG, b"Nexthop has invalid gateway\0");
    let code = (-libc::EINVAL).to_ne_bytes();
    let (capped, tlvs) = (libc::NLM_F_CAPPED, libc::NLM_F_ACK_TLVS);
    let short = request[..16].to_vec();

    let ack = plain(error, capped, &[[0; 4].as_slice(), &short].concat());
    assert!(matches!(only(&ack), (Origin { sequence: 5, port: 6, dump: false, .. }, Message::Ack)));
    let bytes = plain(error, capped | tlvs, &[&code, short.as_slice(), &told].concat());
    assert_eq!(refusal_of(&bytes), (libc::EINVAL, "Nexthop has invalid gateway".to_owned()));
    let mut odd = request.clone();
    odd[..4].copy_from_slice(&37_u32.to_ne_bytes());
    let bytes = plain(error, tlvs, &[&code, odd.as_slice(), &told].concat());
    assert_eq!(refusal_of(&bytes), (libc::EINVAL, "Nexthop has invalid gateway".to_owned()));
    for bytes in [
        plain(error, 0, &[&code, request.as_slice(), &told].concat()),
        plain(error, tlvs | capped, &code),
        plain(error, tlvs, &[&code, [0xff; 16].as_slice(), &told].concat()),
    ] {
        assert_eq!(refusal_of(&bytes), (libc::EINVAL, String::new()));
    }
    assert_eq!(refusal_of(&plain(error, 0, &[0; 3])), (libc::EIO, String::new()));
    assert_eq!(refusal_of(&plain(error, 0, &i32::MIN.to_ne_bytes())).0, i32::MAX);
    // Text is bounded and is text.
    let long = attribute(NLMSGERR_ATTR_MSG, &[b'x'; 1000]);
    let bytes = plain(error, capped | tlvs, &[&code, short.as_slice(), &long].concat());
    assert_eq!(refusal_of(&bytes).1, "x".repeat(TEXT));
    let broken = attribute(NLMSGERR_ATTR_MSG, b"ab\xff\xfecd");
    let bytes = plain(error, capped | tlvs, &[&code, short.as_slice(), &broken].concat());
    assert_eq!(refusal_of(&bytes).1, "ab");
}

#[test]
fn ends_of_dumps() {
    let done = libc::NLMSG_DONE as u16;
    for bytes in
        [plain(done, MULTI, &[0; 4]), plain(done, MULTI, &[]), plain(done, MULTI, &9_i32.to_ne_bytes())]
    {
        assert!(matches!(only(&bytes), (Origin { sequence: 5, dump: true, .. }, Message::Done)));
    }
    let told = attribute(NLMSGERR_ATTR_MSG, b"no such table\0");
    let code = (-libc::ENOENT).to_ne_bytes();
    let bytes = plain(done, MULTI | libc::NLM_F_ACK_TLVS, &[&code, told.as_slice()].concat());
    assert_eq!(refusal_of(&bytes), (libc::ENOENT, "no such table".to_owned()));
    let overrun = plain(libc::NLMSG_OVERRUN as u16, 0, &[]);
    assert!(matches!(only(&overrun).1, Message::Overrun));
    let noop = plain(libc::NLMSG_NOOP as u16, 0, &[]);
    assert!(matches!(only(&noop).1, Message::Other));
}

#[test]
fn an_interrupted_dump_is_told_before_each_flagged_message() {
    let interrupted = libc::NLM_F_DUMP_INTR;
    let route = |flags| {
        oracle::bytes(
            RouteNetlinkMessage::NewRoute(oracle::route(AddressFamily::Inet, 0, vec![])),
            flags,
            5,
            6,
        )
    };
    let done = plain(libc::NLMSG_DONE as u16, MULTI | interrupted, &[0; 4]);
    let bytes = [route(MULTI | interrupted), route(MULTI), done].concat();
    let told: Vec<_> = messages(&bytes).map(|(_, message)| message).collect();
    assert!(matches!(
        told[..],
        [Message::Interrupted, Message::Route(_), Message::Route(_), Message::Interrupted, Message::Done]
    ));
}
