//! What the kernel says, as bytes of one datagram.

use crier_io_mio::netlink::decode::{Message, NextHopKind, Route, messages};
use crier_io_mio::netlink::encode::{self, Existing, Via};
use crier_io_mio::netlink::{DATAGRAM, Hop};

/// Bytes of a message's header.
const HEADER: usize = 16;

/// Everything that can be read of a datagram is read, and it ends. A route that is understood can be asked for, and is
/// understood again.
pub fn check(data: &[u8]) {
    let data = &data[..data.len().min(DATAGRAM)];
    let mut count = 0;
    for (_, message) in messages(data) {
        count += 1;
        match message {
            Message::Route(told) | Message::RouteGone(told) => route(&told, data.len()),
            Message::NextHop(object) => {
                if let NextHopKind::Group(members) = object.kind {
                    let members: Vec<_> = members.collect();
                    assert!(members.len() <= data.len() / 8);
                    assert!(members.iter().all(|member| (1..=65_536).contains(&member.weight)));
                }
            }
            Message::Refused(refusal) => assert!(refusal.errno > 0 && refusal.text.len() <= 128),
            Message::Link(link) | Message::LinkGone(link) => assert!(link.name.len() <= data.len()),
            Message::Address(address) | Message::AddressGone(address) => {
                assert!(address.prefix_length <= if address.ip.is_ipv4() { 32 } else { 128 });
            }
            _ => {}
        }
    }
    // Each message has a header, and can tell of an interruption besides.
    assert!(count <= data.len() / HEADER * 2);
}

fn route(told: &Route<'_>, most: usize) {
    let bits = if told.key.prefix.addr().is_ipv4() { 32 } else { 128 };
    assert!(told.key.prefix.prefix_len() <= bits);
    assert_eq!(told.key.prefix.addr(), told.key.prefix.network());
    let hops: Vec<Hop> = told.hops().map(|hop| hop.hop).collect();
    assert!(hops.len() <= most);
    let mut room = vec![0; 256 + 64 * hops.len()];
    let made = if hops.is_empty() { Via::Blackhole } else { Via::Hops(&hops) };
    if let Some(length) = encode::set_route(&mut room, 1, Existing::Refuse, &told.key, made) {
        let mut read = messages(&room[..length]);
        let Some((_, Message::Route(read))) = read.next() else { panic!("{:?}", &room[..length]) };
        assert_eq!(read.key, told.key);
        // A next hop without a gateway and an interface is none.
        if !hops.is_empty() && hops.iter().all(|hop| hop.interface != 0) {
            assert!(read.hops().map(|hop| hop.hop).eq(hops.iter().copied()), "{hops:?}");
        }
    }
}
