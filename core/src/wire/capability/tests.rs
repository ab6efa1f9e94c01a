use super::*;

fn read_all(list: &[u8]) -> Result<Capabilities, Notification> {
    let mut capabilities = Capabilities::default();
    capabilities.add(list).map(|()| capabilities)
}

fn both() -> FamilySet {
    FamilySet::EMPTY.with(Family::Ipv4Unicast).with(Family::Ipv6Unicast)
}

#[test]
fn each_capability_is_read() {
    let list = [
        &[1, 4, 0, 1, 0, 1][..],
        &[1, 4, 0, 2, 0xFF, 1], // the reserved octet is not looked at
        &[2, 0],
        &[5, 6, 0, 1, 0, 1, 0, 2],
        &[6, 0],
        &[64, 10, 0xC0, 120, 0, 1, 1, 0x80, 0, 2, 1, 0x7F],
        &[65, 4, 0, 1, 0, 0],
        &[70, 0],
    ]
    .concat_into();
    let read = read_all(&list).unwrap();
    let restart = GracefulRestart {
        restarting: true,
        notification: true,
        time: 120,
        families: both(),
        forwarding: FamilySet::EMPTY.with(Family::Ipv4Unicast),
    };
    let wanted = Capabilities {
        multiprotocol: true,
        families: both(),
        route_refresh: true,
        enhanced_refresh: true,
        extended_next_hop: true,
        extended_messages: true,
        graceful_restart: Some(restart),
        four_octet_as: Some(65536),
        kept: heapless::Vec::from_slice(&list).unwrap(),
    };
    assert_eq!(read, wanted);
}

#[test]
fn a_speaker_without_capabilities_has_none() {
    assert_eq!(read_all(&[]), Ok(Capabilities::default()));
}

#[test]
fn an_unknown_family_is_a_family_all_the_same() {
    let read = read_all(&[1, 4, 0, 25, 0, 70]).unwrap();
    assert!(read.multiprotocol);
    assert_eq!(read.families, FamilySet::EMPTY);
}

#[test]
fn unknown_capabilities_are_kept_and_shown() {
    let list = [73, 3, 1, b'a', 0, 200, 0, 2, 0];
    let read = read_all(&list).unwrap();
    assert_eq!(read.kept, list);
    let mut shown = iter(&read.kept).map(|tlv| (tlv.code, tlv.value));
    assert_eq!(shown.next(), Some((73, &[1, b'a', 0][..])));
    assert_eq!(shown.next(), Some((200, &[][..])));
    assert_eq!(shown.next(), Some((2, &[][..])));
    assert_eq!(shown.next(), None);
    assert_eq!((name(73), name(2), name(200)), (Some("fqdn"), Some("route-refresh"), None));
}

#[test]
fn what_is_kept_is_bounded_and_made_of_whole_capabilities() {
    let mut list = [0; 2 + 94 + 3 + 2];
    list[..2].copy_from_slice(&[200, 92]);
    list[94..].copy_from_slice(&[201, 3, 7, 7, 7, 2, 0]);
    let read = read_all(&list).unwrap();
    assert_eq!(read.kept.len(), 96);
    assert_eq!(read.kept[94..], [2, 0]);
    assert!(read.route_refresh);
}

#[test]
fn lengths_that_do_not_fit_are_answered_with_the_capability() {
    for list in [
        &[1][..],         // no length
        &[2, 1],          // a value that is not there
        &[1, 3, 0, 1, 0], // too short for a family
        &[1, 5, 0, 1, 0, 1, 0],
        &[2, 1, 0], // a flag with a value
        &[5, 1, 0],
        &[5, 5, 0, 1, 0, 1, 0], // part of a kind of next hop
        &[5, 8, 0, 1, 0, 1, 0, 2, 0, 1],
        &[6, 1, 0],
        &[70, 1, 0],
        &[65, 0],
        &[65, 3, 0, 0, 1],
        &[65, 5, 0, 0, 0, 1, 0],
        &[64, 0],
        &[64, 1, 0],
        &[64, 3, 0, 0, 0], // part of a family
        &[64, 5, 0, 0, 0, 1, 1],
    ] {
        let fault = read_all(list).unwrap_err();
        assert_eq!((fault.code, fault.subcode, &fault.data[..]), (2, 0, list), "{list:?}");
        // Not even what follows the capability is taken for its missing part.
        if usize::from(list.get(1).copied().unwrap_or(0)) + 2 == list.len() {
            let longer = [list, &[2, 0]].concat_into();
            assert_eq!(read_all(&longer).unwrap_err().data, *list, "{list:?}");
        }
    }
}

#[test]
fn the_same_capability_twice_is_as_once() {
    let once = [65, 4, 0, 0, 253, 232, 2, 0, 1, 4, 0, 1, 0, 1];
    let twice = read_all(&[&once[..], &once].concat_into()).unwrap();
    let once = read_all(&once).unwrap();
    assert_eq!(
        Capabilities { kept: heapless::Vec::new(), ..twice },
        Capabilities { kept: heapless::Vec::new(), ..once }
    );
}

/// RFC 8950, 4: families of two octets, SAFI too, and the next hop's.
#[test]
fn of_extended_next_hops_ipv6_ones_for_ipv4_unicast_count() {
    let ours = [0, 1, 0, 1, 0, 2];
    let vpn = [0, 1, 0, 128, 0, 2];
    for (kinds, wanted) in [
        (&[][..], false),
        (&[&ours], true),
        (&[&vpn], false),
        (&[&vpn, &ours, &vpn], true),
        (&[&[0, 1, 0, 1, 0, 1]], false),
        (&[&[0, 2, 0, 1, 0, 2]], false),
        (&[&[0, 1, 0, 2, 0, 2]], false),
        (&[&[0, 1, 1, 1, 0, 2]], false),
    ] {
        let mut list: heapless::Vec<u8, 128> = [5, kinds.len() as u8 * 6].into_iter().collect();
        kinds.iter().for_each(|kind: &&[u8; 6]| list.extend_from_slice(*kind).unwrap());
        assert_eq!(read_all(&list).unwrap().extended_next_hop, wanted, "{kinds:?}");
    }
    let twice = [&[5, 6][..], &ours, &[5, 6], &vpn].concat_into();
    assert!(read_all(&twice).unwrap().extended_next_hop, "they add up");
}

#[test]
fn the_last_graceful_restart_counts() {
    let read = read_all(&[64, 6, 0x80, 5, 0, 1, 1, 0x80, 64, 2, 0x0F, 0xFF]).unwrap();
    let wanted = GracefulRestart { time: MAX_RESTART_TIME, ..GracefulRestart::default() };
    assert_eq!(read.graceful_restart, Some(wanted));
}

#[test]
fn two_as_numbers_that_differ_are_a_bad_peer_as() {
    let fault = read_all(&[65, 4, 0, 0, 0, 1, 65, 4, 0, 0, 0, 2]).unwrap_err();
    assert_eq!((fault.code, fault.subcode, &fault.data[..]), (2, 2, &[0, 0, 0, 2][..]));
}

/// Joins slices without an allocator.
trait ConcatInto {
    fn concat_into(&self) -> heapless::Vec<u8, 128>;
}

impl<const N: usize> ConcatInto for [&[u8]; N] {
    fn concat_into(&self) -> heapless::Vec<u8, 128> {
        self.iter().flat_map(|part| part.iter().copied()).collect()
    }
}
