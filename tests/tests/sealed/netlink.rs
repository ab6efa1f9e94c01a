//! Questions to the kernel and its answers, over rtnetlink.

use std::hint::black_box;

use crier_io_mio::netlink::decode::{Message, NextHopKind, messages};
use crier_io_mio::netlink::encode::{self, Existing, Only, Via};
use crier_io_mio::netlink::{DATAGRAM, Family, Hop, Netlink, Received, RouteKey};
use crier_tests::allocation::watched;

#[test]
fn dumps_and_refusals_need_no_memory() {
    let netlink = Netlink::open().unwrap();
    let mut room = vec![0; DATAGRAM];
    let ((kinds, ends), count) = watched(|| {
        let (mut kinds, mut ends) = ([0_u32; 3], 0);
        let mut ask = |encode: &dyn Fn(&mut [u8]) -> Option<usize>| {
            let length = encode(&mut room).unwrap();
            netlink.send(&room[..length]).unwrap();
            while let Received::Datagram(length) = netlink.receive(&mut room).unwrap() {
                for (_, message) in messages(&room[..length]) {
                    match message {
                        Message::Link(link) => kinds[0] += u32::from(link.name == "lo"),
                        Message::Address(_) => kinds[1] += 1,
                        Message::Route(route) => {
                            kinds[2] += 1;
                            black_box(route.hops().count());
                        }
                        Message::NextHop(object) => {
                            if let NextHopKind::Group(members) = object.kind {
                                black_box(members.count());
                            }
                        }
                        Message::Done | Message::Refused(_) => ends += 1,
                        Message::Interrupted => {}
                        other => panic!("{other:?}"),
                    }
                }
            }
        };
        ask(&|room| encode::dump_links(room, 1));
        ask(&|room| encode::dump_addresses(room, 2));
        ask(&|room| encode::dump_routes(room, 3, Family::V4, Only::default()));
        ask(&|room| encode::dump_routes(room, 4, Family::V6, Only::default()));
        ask(&|room| encode::dump_next_hops(room, 5));
        // None of these can be done: there is no such object, and who is not root may not ask.
        ask(&|room| encode::delete_next_hop(room, 6, 0));
        let key = RouteKey {
            prefix: "192.0.2.0/24".parse().unwrap(),
            table: 0x7fff_ffff,
            protocol: 186,
            metric: 1,
        };
        ask(&|room| encode::delete_route(room, 7, &key));
        let nowhere = Hop { gateway: None, interface: i32::MAX.unsigned_abs(), onlink: false };
        ask(&|room| encode::set_route(room, 8, Existing::Refuse, &key, Via::Hops(&[nowhere, nowhere])));
        (kinds, ends)
    });
    assert_eq!(count, 0);
    assert!(kinds[0] == 1 && kinds[1] > 0 && kinds[2] > 0, "{kinds:?}");
    assert_eq!(ends, 8);
}
