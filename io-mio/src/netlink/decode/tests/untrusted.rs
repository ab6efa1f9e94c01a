//! Bytes that no kernel sends.

use std::iter::successors;

use super::*;

/// One of each, in one datagram.
fn datagram() -> Vec<u8> {
    let mut room = vec![0; 4000];
    let mut bytes = Vec::new();
    let hops = [hop("192.0.2.1", 7), hop("fe80::1", 8)];
    let mut add = |length: Option<usize>, room: &[u8]| bytes.extend(&room[..length.unwrap()]);
    let to = key("10.0.0.0/8");
    add(encode::set_route(&mut room, 1, Existing::Refuse, &to, Via::Hops(&hops)), &room);
    add(encode::set_route(&mut room, 2, Existing::Refuse, &to, Via::Hops(&hops[1..])), &room);
    add(encode::delete_route(&mut room, 3, &key("fd00::/8")), &room);
    add(encode::set_next_hop(&mut room, 4, Existing::Refuse, 1, 186, Object::Group(&[2, 3])), &room);
    add(encode::set_next_hop(&mut room, 5, Existing::Refuse, 1, 186, Object::Hop(hops[1])), &room);
    add(encode::delete_next_hop(&mut room, 6, 1), &room);
    let mut link = LinkMessage::default();
    link.attributes = vec![LinkAttribute::IfName("eth0".to_owned()), LinkAttribute::Mtu(1500)];
    bytes.extend(oracle::bytes(RouteNetlinkMessage::NewLink(link), 0, 7, 0));
    let mut address = AddressMessage::default();
    address.attributes =
        vec![AddressAttribute::Local(ip("10.0.0.1")), AddressAttribute::Label("eth0".to_owned())];
    bytes.extend(oracle::bytes(RouteNetlinkMessage::NewAddress(address), 0, 8, 0));
    let error = [&(-libc::EPERM).to_ne_bytes(), [0; 16].as_slice(), &attribute(1, b"no\0")].concat();
    bytes.extend(plain(libc::NLMSG_ERROR as u16, libc::NLM_F_CAPPED | libc::NLM_F_ACK_TLVS, &error));
    bytes
}

/// Reads everything there is to read; how many messages there were.
fn read_all(bytes: &[u8]) -> usize {
    let mut count = 0;
    for (_, message) in messages(bytes) {
        count += 1;
        match message {
            Message::Route(route) | Message::RouteGone(route) => assert!(route.hops().count() <= bytes.len()),
            Message::NextHop(NextHop { kind: NextHopKind::Group(members), .. }) => {
                assert!(members.count() <= bytes.len());
            }
            Message::Refused(refusal) => assert!(refusal.errno > 0 && refusal.text.len() <= TEXT),
            _ => {}
        }
    }
    count
}

/// 10.0.0.1/33.
#[test]
fn an_address_has_no_more_bits_than_its_family() {
    let mut address = AddressMessage::default();
    address.header.prefix_len = 33;
    address.attributes = vec![AddressAttribute::Local(ip("10.0.0.1"))];
    let bytes = oracle::bytes(RouteNetlinkMessage::NewAddress(address.clone()), 0, 8, 0);
    assert!(matches!(messages(&bytes).next(), Some((_, Message::Other))));
    address.attributes = vec![AddressAttribute::Local(ip("2001:db8::1"))];
    let bytes = oracle::bytes(RouteNetlinkMessage::NewAddress(address), 0, 8, 0);
    assert!(matches!(messages(&bytes).next(), Some((_, Message::Address(_)))));
}

#[test]
fn nothing_is_trusted() {
    let whole = datagram();
    assert_eq!(read_all(&whole), 9);
    for cut in 0..whole.len() {
        assert!(read_all(&whole[..cut]) < 9);
    }
    for at in 0..whole.len() {
        for value in [0, 1, 3, 4, 5, 0x7f, 0x80, 0xff] {
            let mut broken = whole.clone();
            broken[at] = value;
            // Each message has a header, and each can tell of an interruption.
            assert!(read_all(&broken) <= whole.len() / MESSAGE_HEADER * 2);
        }
    }
    // Several at a time, at places that a fixed sequence of numbers chooses.
    let mut numbers = successors(Some(1_u32), |seed| Some(seed.wrapping_mul(0x915f_77f5).wrapping_add(1)));
    let mut next = || numbers.next().unwrap() as usize >> 8;
    for _ in 0..20_000 {
        let mut broken = whole.clone();
        for _ in 0..1 + next() % 6 {
            broken[next() % whole.len()] = next() as u8;
        }
        broken.truncate(whole.len() - next() % 40);
        assert!(read_all(&broken) <= whole.len() / MESSAGE_HEADER * 2);
    }
}
