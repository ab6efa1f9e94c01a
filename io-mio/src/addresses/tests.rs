use super::*;

fn message(kind: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut bytes = ((MESSAGE_HEADER + body.len()) as u32).to_ne_bytes().to_vec();
    bytes.extend(pair(kind, 0));
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend([0; 4]);
    bytes.extend(body);
    bytes.resize(bytes.len().next_multiple_of(ALIGNMENT), 0);
    bytes
}

fn of_interface(interface: u32, attributes: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = vec![0; 4];
    body.extend(interface.to_ne_bytes());
    for (kind, value) in attributes {
        body.extend(pair((ATTRIBUTE_HEADER + value.len()) as u16, *kind));
        body.extend(*value);
        body.resize(body.len().next_multiple_of(ALIGNMENT), 0);
    }
    body
}

fn read(bytes: &[u8]) -> (Vec<Address>, End) {
    let mut found = Vec::new();
    let end = piece(bytes, 7, &mut |address| found.push(address));
    (found, end)
}

#[test]
fn the_kernel_answers() {
    let mut found = Vec::new();
    let mut netlink = Netlink::open().unwrap();
    for _ in 0..2 {
        found.clear();
        netlink.addresses(&mut vec![0; PIECE], |address| found.push(address)).unwrap();
        assert!(found.iter().any(|address| address.ip == IpAddr::V4(Ipv4Addr::LOCALHOST)), "{found:?}");
    }
}

#[test]
fn own_addresses_are_told_from_the_other_ends() {
    // As of a point-to-point link: IFA_ADDRESS is the other end. A label of an odd length lies in between.
    let body = of_interface(
        9,
        &[
            (libc::IFA_ADDRESS, &[10, 0, 0, 2]),
            (libc::IFA_LABEL, b"ppp0\0"),
            (libc::IFA_LOCAL, &[10, 0, 0, 1]),
        ],
    );
    let other = of_interface(4, &[(libc::IFA_ADDRESS, &Ipv6Addr::LOCALHOST.octets())]);
    let done = message(libc::NLMSG_DONE as u16, 7, &[0; 4]);
    let bytes = [message(libc::RTM_NEWADDR, 7, &body), message(libc::RTM_NEWADDR, 7, &other), done].concat();
    let expected = [
        Address { interface: 9, ip: Ipv4Addr::new(10, 0, 0, 1).into() },
        Address { interface: 4, ip: Ipv6Addr::LOCALHOST.into() },
    ];
    assert_eq!(read(&bytes), (expected.to_vec(), End::Last));
}

#[test]
fn answers_to_other_questions_and_refusals_are_known() {
    let body = of_interface(1, &[(libc::IFA_LOCAL, &[10, 0, 0, 1])]);
    let stale = [message(libc::RTM_NEWADDR, 6, &body), message(libc::NLMSG_DONE as u16, 6, &[0; 4])].concat();
    assert_eq!(read(&stale), (Vec::new(), End::More));
    let refused = message(libc::NLMSG_ERROR as u16, 7, &(-libc::EPERM).to_ne_bytes());
    assert_eq!(read(&refused), (Vec::new(), End::Refused(libc::EPERM)));
}

#[test]
fn nothing_in_an_answer_is_trusted() {
    let body = of_interface(1, &[(libc::IFA_LOCAL, &[10, 0, 0, 1]), (libc::IFA_ADDRESS, &[1, 2, 3])]);
    let whole = message(libc::RTM_NEWADDR, 7, &body);
    for cut in 0..whole.len() {
        let (found, end) = read(&whole[..cut]);
        assert_eq!((found.len(), end), (0, End::More), "{cut} bytes");
    }
    for at in 0..whole.len() {
        for value in [0, 1, 0x7f, 0xff] {
            let mut broken = whole.clone();
            broken[at] = value;
            assert!(read(&broken).0.len() <= 1);
        }
    }
}
