use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use netlink_packet_route::address::{AddressAttribute, AddressMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};

use super::*;
use crate::netlink::oracle;

fn message(sequence: u32, interface: u32, attributes: Vec<AddressAttribute>) -> Vec<u8> {
    let mut message = AddressMessage::default();
    (message.header.family, message.header.index) = (AddressFamily::Inet, interface);
    message.attributes = attributes;
    oracle::bytes(RouteNetlinkMessage::NewAddress(message), libc::NLM_F_MULTI, sequence, 0)
}

/// A message about the end of an answer, with a number in it.
fn end(kind: i32, sequence: u32, number: i32) -> Vec<u8> {
    let number = number.to_ne_bytes();
    let header = [20_u32.to_ne_bytes(), (kind as u32).to_ne_bytes(), sequence.to_ne_bytes(), [0; 4], number];
    header.as_flattened().to_vec()
}

fn read(bytes: &[u8]) -> (Vec<(u32, IpAddr)>, End) {
    let mut found = Vec::new();
    let end = piece(bytes, 7, &mut |address| found.push((address.interface, address.ip)));
    (found, end)
}

#[test]
fn the_kernel_answers() {
    let mut found = Vec::new();
    let mut asker = Asker::open().unwrap();
    for _ in 0..2 {
        found.clear();
        asker.addresses(&mut vec![0; PIECE], |address| found.push(address)).unwrap();
        assert!(found.iter().any(|address| address.ip == IpAddr::V4(Ipv4Addr::LOCALHOST)), "{found:?}");
    }
}

#[test]
fn own_addresses_are_told_from_the_other_ends() {
    // As of a point-to-point link: IFA_ADDRESS is the other end. A label of an odd length lies in between.
    let (own, other) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
    let attributes = vec![
        AddressAttribute::Address(other),
        AddressAttribute::Label("ppp0".to_owned()),
        AddressAttribute::Local(own),
    ];
    let loopback = IpAddr::from(Ipv6Addr::LOCALHOST);
    let second = message(7, 4, vec![AddressAttribute::Address(loopback)]);
    let bytes = [message(7, 9, attributes), second, end(libc::NLMSG_DONE, 7, 0)].concat();
    assert_eq!(read(&bytes), (vec![(9, own), (4, loopback)], End::Last));
}

#[test]
fn answers_to_other_questions_and_refusals_are_known() {
    let own = vec![AddressAttribute::Local([10, 0, 0, 1].into())];
    let stale = [message(6, 1, own), end(libc::NLMSG_DONE, 6, 0)].concat();
    assert_eq!(read(&stale), (Vec::new(), End::More));
    assert_eq!(read(&end(libc::NLMSG_ERROR, 7, -libc::EPERM)), (Vec::new(), End::Refused(libc::EPERM)));
}
