//! rtnetlink with a real kernel: what is asked for is there, `ip` shows it too, and the dump gives it back.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crier_io_mio::netlink::decode::{Message, RouteKind, messages};
use crier_io_mio::netlink::encode::{self, Existing, Object, Only, Via};
use crier_io_mio::netlink::{DATAGRAM, Family, Group, Hop, Received, RouteKey};
use crier_tests::lab::{Lab, Namespace, OrFail as _, await_until};

mod kernel;

use kernel::{Kernel, Seen};

const TABLE: u32 = 1000;
const BGP: u8 = 186;

fn two_nodes(lab: &Lab) -> (Namespace, Namespace) {
    let (a, b) = (lab.node("a"), lab.node("b"));
    a.link(&["192.0.2.1/24", "2001:db8::1/64"], &b, &["192.0.2.2/24", "2001:db8::2/64"]);
    // The last that the kernel does of its own account when a link comes up, and what it does is told to everybody.
    let linked = || a.run("ip", &["-6", "route", "show", "table", "local", "dev", "to-b"]);
    await_until("the link is up", linked, |routes| routes.contains("local fe80::"));
    (a, b)
}

fn key(prefix: &str) -> RouteKey {
    RouteKey { prefix: prefix.parse().or_fail(prefix), table: TABLE, protocol: BGP, metric: 20 }
}

fn gateways(family: Family, interface: u32, count: u8) -> Vec<Hop> {
    let gateway = |number| match family {
        Family::V4 => IpAddr::from(Ipv4Addr::new(192, 0, 2, 10 + number)),
        Family::V6 => IpAddr::from(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 10 + u16::from(number))),
    };
    (0..count).map(|number| Hop { gateway: Some(gateway(number)), interface, onlink: false }).collect()
}

/// Each kind of route with each number of hops, and what `ip` calls its protocol and a hop of it.
fn cases() -> impl Iterator<Item = (&'static str, Family, u8, &'static str)> {
    let families = [
        ("172.20.0.0/16", Family::V4, "via 192.0.2.10 dev to-b"),
        ("0.0.0.0/0", Family::V6, "via inet6 fe80::a dev to-b"),
        ("2001:db8:1::/48", Family::V6, "via fe80::a dev to-b"),
        ("::/0", Family::V6, "via fe80::a dev to-b"),
    ];
    families.into_iter().flat_map(|(prefix, hops, text)| [1, 3, 64].map(|count| (prefix, hops, count, text)))
}

fn show(node: &Namespace, prefix: &str) -> String {
    let version = if prefix.contains(':') { "-6" } else { "-4" };
    node.run("ip", &[version, "-d", "route", "show", "table", "1000", "proto", "bgp", "metric", "20"])
}

#[test]
fn routes_over_hops() {
    let Some(lab) = Lab::new(&[]) else { return };
    let (a, _b) = two_nodes(&lab);
    let mut kernel = Kernel::of(&a);
    let interface = kernel.link("to-b");
    let only = Only { table: Some(TABLE), protocol: Some(BGP) };
    // A table comes into being with its first route, and another protocol's routes are not ours.
    a.run("ip", &["route", "add", "198.51.100.0/24", "via", "192.0.2.9", "table", "1000"]);
    a.run("ip", &["route", "add", "2001:db8:9::/48", "via", "2001:db8::9", "table", "1000"]);
    for (prefix, family, count, text) in cases() {
        let (key, hops) = (key(prefix), gateways(family, interface, count));
        let of = Family::of(&key.prefix.addr());
        kernel.set(Existing::Refuse, &key, Via::Hops(&hops)).unwrap();
        let seen = kernel.routes(of, only);
        assert_eq!(
            seen,
            [Seen { key, kind: RouteKind::Unicast, object: None, hops: hops.clone() }],
            "{prefix}"
        );
        let shown = show(&a, prefix);
        assert!(shown.contains(text) && shown.matches("via").count() == usize::from(count), "{shown}");
        assert_eq!(kernel.set(Existing::Refuse, &key, Via::Hops(&hops)).unwrap_err().0, libc::EEXIST);
        kernel.set(Existing::Replace, &key, Via::Blackhole).unwrap();
        let seen = kernel.routes(of, only);
        let [Seen { kind: RouteKind::Blackhole, .. }] = seen[..] else { panic!("{seen:?}") };
        assert!(show(&a, prefix).starts_with("blackhole"));
        kernel.set(Existing::Replace, &key, Via::Hops(&hops[..1])).unwrap();
        assert_eq!(kernel.routes(of, only)[0].hops, hops[..1]);
        kernel.set(Existing::Replace, &key, Via::Hops(&hops)).unwrap();
        kernel.delete(&key).unwrap();
        assert_eq!(kernel.routes(of, only), [], "{prefix}");
        assert_eq!(kernel.delete(&key).unwrap_err().0, libc::ESRCH);
    }
    assert_eq!(kernel.routes(Family::V4, Only { table: Some(TABLE), protocol: None }).len(), 1);
    assert!(kernel.routes(Family::V6, Only::default()).len() > 1);
}

#[test]
fn routes_over_objects() {
    let Some(lab) = Lab::new(&[]) else { return };
    let (a, _b) = two_nodes(&lab);
    let mut kernel = Kernel::of(&a);
    let interface = kernel.link("to-b");
    let only = Only { table: Some(TABLE), protocol: Some(BGP) };
    for (prefix, family, count, text) in cases() {
        let (key, hops) = (key(prefix), gateways(family, interface, count));
        let ids: Vec<u32> = (1..=u32::from(count)).collect();
        for (id, hop) in ids.iter().zip(&hops) {
            kernel.set_object(Existing::Refuse, *id, Object::Hop(*hop)).unwrap();
        }
        kernel.set_object(Existing::Refuse, 500, Object::Group(&ids[..1])).unwrap();
        kernel.set_object(Existing::Replace, 500, Object::Group(&ids)).unwrap();
        let mut expected: Vec<_> =
            ids.iter().zip(&hops).map(|(id, hop)| (*id, BGP, format!("{hop:?}"))).collect();
        let members: Vec<_> = ids.iter().map(|id| (*id, 1)).collect();
        expected.push((500, BGP, format!("{members:?}")));
        assert_eq!(kernel.objects(), expected);
        let shown = a.run("ip", &["-d", "nexthop", "show", "id", "1"]);
        assert!(shown.starts_with(&format!("id 1 {} ", text.replace("inet6 ", ""))), "{shown}");
        assert!(shown.contains("proto bgp"), "{shown}");
        let shown = a.run("ip", &["-d", "nexthop", "show", "id", "500"]);
        let group = ids.iter().map(u32::to_string).collect::<Vec<_>>().join("/");
        assert!(shown.starts_with(&format!("id 500 group {group} ")), "{shown}");

        for object in [1, 500] {
            kernel.set(Existing::Replace, &key, Via::Object(object)).unwrap();
            let hops = if object == 1 { hops[..1].to_vec() } else { hops.clone() };
            assert_eq!(
                kernel.routes(Family::of(&key.prefix.addr()), only),
                [Seen { key, kind: RouteKind::Unicast, object: Some(object), hops }]
            );
            assert!(show(&a, prefix).contains(&format!("nhid {object} ")));
        }
        kernel.delete(&key).unwrap();
        assert_eq!(
            kernel.set_object(Existing::Refuse, 500, Object::Group(&ids)).unwrap_err().0,
            libc::EEXIST
        );
        for id in ids.into_iter().chain([500]).rev() {
            kernel.delete_object(id).unwrap();
        }
        assert_eq!(kernel.objects(), []);
    }
    for (family, prefix) in [(Family::V4, "172.20.0.0/16"), (Family::V6, "2001:db8:1::/48")] {
        kernel.set_object(Existing::Replace, 7, Object::Blackhole(family)).unwrap();
        assert_eq!(kernel.objects(), [(7, BGP, "blackhole".to_owned())]);
        assert_eq!(a.run("ip", &["nexthop", "show"]).trim(), "id 7 blackhole proto bgp");
        kernel.set(Existing::Refuse, &key(prefix), Via::Object(7)).unwrap();
        kernel.delete_object(7).unwrap();
        assert_eq!(kernel.routes(family, only), []);
    }
}

#[test]
fn hops_on_the_link() {
    let Some(lab) = Lab::new(&[]) else { return };
    let (a, _b) = two_nodes(&lab);
    let mut kernel = Kernel::of(&a);
    let interface = kernel.link("to-b");
    let far = Hop { gateway: Some("203.0.113.1".parse().unwrap()), interface, onlink: false };
    let (errno, text) = kernel.set(Existing::Refuse, &key("172.20.0.0/16"), Via::Hops(&[far])).unwrap_err();
    assert_eq!((errno, text.as_str()), (libc::ENETUNREACH, "Nexthop has invalid gateway"));
    let forced = Hop { onlink: true, ..far };
    let direct = Hop { gateway: None, ..far };
    let only = Only { table: Some(TABLE), protocol: None };
    for hops in [&[forced][..], &[forced, forced], &[direct]] {
        kernel.set(Existing::Replace, &key("172.20.0.0/16"), Via::Hops(hops)).unwrap();
        assert_eq!(kernel.routes(Family::V4, only)[0].hops, hops);
    }
    kernel.set_object(Existing::Refuse, 1, Object::Hop(forced)).unwrap();
    assert_eq!(kernel.objects(), [(1, BGP, format!("{forced:?}"))]);
    assert!(a.run("ip", &["nexthop", "show"]).contains("onlink"));
}

#[test]
fn requests_in_one_datagram_are_answered_in_order() {
    let Some(lab) = Lab::new(&[]) else { return };
    let (a, _b) = two_nodes(&lab);
    let kernel = Kernel::of(&a);
    let mut room = vec![0; DATAGRAM];
    let mut end = 0;
    let hop = [Hop { gateway: Some("192.0.2.2".parse().unwrap()), interface: 0, onlink: false }];
    for sequence in 1..=200_u32 {
        let to = key(&format!("10.0.{sequence}.0/24"));
        // Every tenth deletes what is not there.
        end += if sequence.is_multiple_of(10) {
            encode::delete_route(&mut room[end..], sequence, &to).unwrap()
        } else {
            encode::set_route(&mut room[end..], sequence, Existing::Refuse, &to, Via::Hops(&hop)).unwrap()
        };
    }
    kernel.netlink.send(&room[..end]).unwrap();
    let mut expected = 1..=200_u32;
    while let Received::Datagram(length) = kernel.netlink.receive(&mut room).unwrap() {
        for (origin, message) in messages(&room[..length]) {
            assert_eq!(Some(origin.sequence), expected.next());
            match message {
                Message::Ack => assert!(!origin.sequence.is_multiple_of(10)),
                Message::Refused(refusal) => {
                    assert!(origin.sequence.is_multiple_of(10) && refusal.errno == libc::ESRCH);
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert_eq!(expected.next(), None);
    assert_eq!(show(&a, "10.0.0.0").lines().count(), 180);
}

#[test]
fn a_table_that_is_not_there() {
    let Some(lab) = Lab::new(&[]) else { return };
    let (a, _b) = two_nodes(&lab);
    let only = Only { table: Some(TABLE), protocol: None };
    for family in [Family::V4, Family::V6] {
        let answer = Kernel::of(&a).ask(
            |room, sequence| encode::dump_routes(room, sequence, family, only),
            |message| panic!("{message:?}"),
        );
        assert_eq!(answer.unwrap_err().0, libc::ENOENT);
    }
}

#[test]
fn what_others_do_is_told() {
    let Some(lab) = Lab::new(&[]) else { return };
    let (a, b) = two_nodes(&lab);
    let mut kernel = Kernel::of(&a);
    let interface = kernel.link("to-b");
    let groups = [
        Group::Links,
        Group::AddressesV4,
        Group::AddressesV6,
        Group::RoutesV4,
        Group::RoutesV6,
        Group::NextHops,
    ];
    for group in groups {
        kernel.netlink.subscribe(group).unwrap();
    }
    let mut room = [0; 1000];
    let mut end = 0;
    let hop = gateways(Family::V4, interface, 1);
    end += encode::set_next_hop(&mut room, 7, Existing::Refuse, 1, BGP, Object::Hop(hop[0])).unwrap();
    end += encode::set_route(&mut room[end..], 8, Existing::Refuse, &key("172.20.0.0/16"), Via::Object(1))
        .unwrap();
    end += encode::delete_route(&mut room[end..], 9, &key("172.20.0.0/16")).unwrap();
    kernel.netlink.send(&room[..end]).unwrap();
    let news = kernel.news();
    let ours = ["our object 1", "our Ack", "our route to 172.20.0.0/16", "our Ack"];
    assert_eq!(news, [&ours[..], &["our route to 172.20.0.0/16 gone", "our Ack"]].concat());

    a.run("ip", &["route", "add", "172.21.0.0/16", "via", "192.0.2.2"]);
    a.run("ip", &["-6", "route", "add", "2001:db8:2::/48", "via", "2001:db8::2"]);
    assert_eq!(kernel.news(), ["a route to 172.21.0.0/16", "a route to 2001:db8:2::/48"]);
    a.run("ip", &["address", "add", "192.0.2.7/25", "dev", "to-b"]);
    assert!(kernel.news().contains(&"a address 192.0.2.7/25".to_owned()));
    a.run("ip", &["address", "del", "192.0.2.7/25", "dev", "to-b"]);
    assert!(kernel.news().contains(&"a address 192.0.2.7 gone".to_owned()));
    a.run("ip", &["nexthop", "del", "id", "1"]);
    assert!(kernel.news().contains(&"a object 1 gone".to_owned()));
    // The other end goes down: no carrier. Then this one.
    b.set_link(&a, false);
    let told = await_until(
        "the carrier is lost",
        || kernel.news(),
        |news| news.contains(&"a link to-b true false".to_owned()),
    );
    assert!(!told.iter().any(|news| news.contains("gone")), "{told:?}");
    a.set_link(&b, false);
    let told = kernel.news();
    assert!(told.contains(&"a link to-b false false".to_owned()), "{told:?}");
    // Of IPv4 routes the kernel says nothing: 172.21.0.0/16 went with the link.
    assert!(!told.contains(&"a route to 172.21.0.0/16 gone".to_owned()), "{told:?}");
    a.run("ip", &["link", "del", "to-b"]);
    assert!(kernel.news().contains(&"a link to-b gone".to_owned()));
}

#[test]
fn whose_routes_a_request_touches() {
    let Some(lab) = Lab::new(&[]) else { return };
    let (a, _b) = two_nodes(&lab);
    let mut kernel = Kernel::of(&a);
    let only = Only { table: Some(TABLE), protocol: None };
    for (prefix, gateway, family) in
        [("172.20.0.0/16", "192.0.2.2", Family::V4), ("2001:db8:1::/48", "2001:db8::2", Family::V6)]
    {
        let hop = [Hop { gateway: Some(gateway.parse().unwrap()), interface: 0, onlink: false }];
        let (ours, theirs) = (key(prefix), RouteKey { protocol: 188, ..key(prefix) });
        kernel.set(Existing::Refuse, &theirs, Via::Hops(&hop)).unwrap();
        // A deletion leaves another protocol's route alone, and so does what must not exist yet.
        assert_eq!(kernel.delete(&ours).unwrap_err().0, libc::ESRCH);
        assert_eq!(kernel.set(Existing::Refuse, &ours, Via::Hops(&hop)).unwrap_err().0, libc::EEXIST);
        assert_eq!(kernel.delete(&RouteKey { metric: 21, ..theirs }).unwrap_err().0, libc::ESRCH);
        // A replacement does not ask whose route it replaces.
        kernel.set(Existing::Replace, &ours, Via::Hops(&hop)).unwrap();
        let keys: Vec<_> = kernel.routes(family, only).into_iter().map(|seen| seen.key).collect();
        assert_eq!(keys, [ours]);
    }
}
