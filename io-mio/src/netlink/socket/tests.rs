use super::super::decode::{Message, messages};
use super::super::encode;
use super::*;

#[test]
fn the_kernel_answers_under_our_number() {
    let netlink = Netlink::open().unwrap();
    let mut room = vec![0; DATAGRAM];
    assert_eq!(netlink.receive(&mut room).unwrap(), Received::Nothing);
    let length = encode::dump_links(&mut room, 7).unwrap();
    netlink.send(&room[..length]).unwrap();
    let (mut loopback, mut done) = (false, false);
    while let Received::Datagram(length) = netlink.receive(&mut room).unwrap() {
        for (origin, message) in messages(&room[..length]) {
            assert_eq!((origin.sequence, origin.port), (7, netlink.port()));
            loopback |= matches!(message, Message::Link(link) if link.name == "lo" && link.mtu > 0);
            done |= matches!(message, Message::Done);
        }
    }
    assert!(loopback && done);
    assert_ne!(netlink.port(), Netlink::open().unwrap().port());
}

#[test]
fn a_datagram_that_is_cut_off_is_noticed() {
    let netlink = Netlink::open().unwrap();
    let mut room = vec![0; 100];
    let length = encode::dump_links(&mut room, 7).unwrap();
    netlink.send(&room[..length]).unwrap();
    let received = netlink.receive(&mut room).unwrap();
    assert!(matches!(received, Received::Truncated(length) if length > room.len()), "{received:?}");
}

#[test]
fn answers_without_room_are_told_of() {
    let netlink = Netlink::open().unwrap();
    netlink.set_receive_buffer(1).unwrap();
    let mut room = [0; 100];
    // There is no object with this number, and who is not root may not ask.
    let length = encode::delete_next_hop(&mut room, 7, 0).unwrap();
    for _ in 0..1000 {
        netlink.send(&room[..length]).unwrap();
    }
    assert_eq!(netlink.receive(&mut room).unwrap(), Received::Overrun);
    let mut answers = 0;
    while let Received::Datagram(length) = netlink.receive(&mut room).unwrap() {
        for (_, message) in messages(&room[..length]) {
            assert!(matches!(message, Message::Refused(_)));
            answers += 1;
        }
    }
    assert!((1..1000).contains(&answers), "{answers}");
    // It is told once, and the socket goes on.
    let length = encode::delete_next_hop(&mut room, 8, 0).unwrap();
    netlink.send(&room[..length]).unwrap();
    assert!(matches!(netlink.receive(&mut room).unwrap(), Received::Datagram(_)));
}

#[test]
fn only_the_kernel_is_heard() {
    let (netlink, other) = (Netlink::open().unwrap(), Netlink::open().unwrap());
    let mut room = [0; 100];
    let length = encode::dump_links(&mut room, 7).unwrap();
    let to = SocketAddrNetlink::new(netlink.port(), 0);
    match rustix::net::sendto(&other, &room[..length], rustix::net::SendFlags::empty(), &to) {
        Ok(_) => assert_eq!(netlink.receive(&mut room).unwrap(), Received::Foreign),
        // The kernel does not even deliver what comes from somebody without CAP_NET_ADMIN.
        Err(error) => assert_eq!(error, Errno::PERM),
    }
    assert_eq!(netlink.receive(&mut room).unwrap(), Received::Nothing);
}

#[test]
fn every_group_can_be_subscribed_to() {
    let netlink = Netlink::open().unwrap();
    for group in [
        Group::Links,
        Group::AddressesV4,
        Group::AddressesV6,
        Group::RoutesV4,
        Group::RoutesV6,
        Group::NextHops,
    ] {
        netlink.subscribe(group).unwrap();
    }
    netlink.set_receive_buffer(1 << 20).unwrap();
}
