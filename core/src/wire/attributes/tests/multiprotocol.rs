//! MP_REACH_NLRI, MP_UNREACH_NLRI and End-of-RIB.

use super::*;

const GLOBAL: [u8; 16] = [0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const LOCAL: [u8; 16] = [0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const NLRI: &[u8] = &[32, 0x20, 1, 0x0D, 0xB8];

/// MP_REACH_NLRI with this next hop and these prefixes.
fn reach(afi: u8, next_hop: &[u8], nlri: &[u8]) -> Bytes {
    let len = (5 + next_hop.len() + nlri.len()) as u8;
    join(&[&[0x80, 14, len, 0, afi, 1, next_hop.len() as u8], next_hop, &[0xAB], nlri])
}

/// An UPDATE without prefixes of its own, with this attribute.
fn update(attribute: &[u8]) -> Bytes {
    join(&[attribute, ORIGIN, AS_PATH])
}

fn error(attribute: &[u8]) -> Option<(u8, u8)> {
    read(&EXTERNAL, &update(attribute), false).err()
}

#[test]
fn next_hops_come_in_canonical_form() {
    let both = join(&[&GLOBAL, &LOCAL]);
    let next_hop = |afi: u8, next_hop: &[u8]| {
        let bytes = update(&reach(afi, next_hop, if afi == 2 { NLRI } else { &[8, 10] }));
        let read = read(&EXTERNAL, &bytes, false).unwrap();
        read.assert_clean();
        assert_eq!(read.written, AS_PATH);
        assert_eq!(read.parsed.next_hop, None);
        Bytes::from_slice(read.parsed.mp_reach.unwrap().next_hop).unwrap()
    };
    assert_eq!(next_hop(2, &GLOBAL), GLOBAL);
    assert_eq!(next_hop(2, &both), both);
    assert_eq!(next_hop(2, &join(&[&GLOBAL, &[0; 16]])), GLOBAL);
    assert_eq!(next_hop(2, &join(&[&[0; 16], &LOCAL])), LOCAL);
    assert_eq!(next_hop(1, &[192, 0, 2, 1]), [192, 0, 2, 1]);
}

/// RFC 8950, 3: IPv4 prefixes with an IPv6 next hop, where that was agreed on.
#[test]
fn ipv4_prefixes_have_ipv6_next_hops_where_agreed() {
    let both = join(&[&GLOBAL, &LOCAL]);
    for (received, canonical) in [
        (&GLOBAL[..], &GLOBAL[..]),
        (&both, &both),
        (&join(&[&GLOBAL, &[0; 16]]), &GLOBAL),
        (&join(&[&[0; 16], &LOCAL]), &LOCAL),
        (&[192, 0, 2, 1], &[192, 0, 2, 1]),
    ] {
        let bytes = update(&reach(1, received, &[8, 10]));
        let read = read(&EXTENDED, &bytes, false).unwrap();
        read.assert_clean();
        let reach = read.parsed.mp_reach.unwrap();
        assert_eq!(
            (reach.family, reach.next_hop, reach.nlri),
            (Family::Ipv4Unicast, canonical, &[8, 10][..])
        );
        if received.len() > 4 {
            assert_eq!(
                error(&bytes[..bytes.len() - ORIGIN.len() - AS_PATH.len()]),
                Some((3, 9)),
                "not agreed"
            );
        }
    }
    for len in [0, 1, 8, 12, 15, 17, 24, 31, 33, 48] {
        let bytes = update(&reach(1, &[0x20; 64][..len], &[8, 10]));
        assert_eq!(super::read(&EXTENDED, &bytes, false).err(), Some((3, 9)), "{len}");
    }
    // Nor does it make IPv4 next hops of IPv6 prefixes right.
    let bytes = update(&reach(2, &[192, 0, 2, 1], NLRI));
    assert_eq!(super::read(&EXTENDED, &bytes, false).err(), Some((3, 9)));
    let mut loopback = [0; 16];
    loopback[15] = 1;
    for next_hop in [[0; 16], [0xFF; 16], loopback] {
        let bytes = update(&reach(1, &next_hop, &[8, 10]));
        let read = super::read(&EXTENDED, &bytes, false).unwrap();
        assert_eq!(read.withdrawn(), Some((14, Reason::NextHop)));
        assert_eq!(read.parsed.mp_reach.unwrap().nlri, [8, 10]);
    }
}

#[test]
fn prefixes_and_reserved_octet() {
    let bytes = update(&reach(2, &GLOBAL, NLRI)); // its reserved octet is 0xAB
    let read = read(&EXTERNAL, &bytes, false).unwrap();
    let reach = read.parsed.mp_reach.unwrap();
    assert_eq!((reach.family, reach.nlri), (Family::Ipv6Unicast, NLRI));
}

#[test]
fn both_kinds_of_prefixes_in_one_update() {
    let bytes = join(&[&reach(2, &GLOBAL, NLRI), ORIGIN, AS_PATH, NEXT_HOP]);
    let read = read(&EXTERNAL, &bytes, true).unwrap();
    read.assert_clean();
    assert_eq!(read.parsed.next_hop, Some([192, 0, 2, 1]));
    assert!(read.parsed.mp_reach.is_some());
}

#[test]
fn incorrect_attributes_reset() {
    let faulty: [&[u8]; 8] = [
        &[0x80, 14, 3, 0, 2, 1], // too short to be one
        &[0x80, 14, 0],
        &[0x80, 14, 5, 0, 2, 1, 16, 0], // next hop past the end
        &[0x80, 14, 5, 0, 2, 1, 255, 0],
        &[0x80, 14, 5, 0, 2, 1, 0, 0], // no next hop
        &[0x80, 15, 2, 0, 2],
        &[0x80, 15, 4, 0, 2, 1, 129],    // over 128 bits
        &[0x80, 15, 5, 0, 1, 1, 24, 10], // past the end
    ];
    for bytes in faulty {
        assert_eq!(error(bytes), Some((3, 9)), "{bytes:?}");
    }
    for len in [1, 4, 12, 15, 17, 24, 31, 33, 48] {
        assert_eq!(error(&reach(2, &[0x20; 64][..len], NLRI)), Some((3, 9)), "{len}");
    }
    for len in [0, 1, 3, 5, 12, 16, 32] {
        assert_eq!(error(&reach(1, &[0x20; 64][..len], &[8, 10])), Some((3, 9)), "{len}");
    }
    assert_eq!(error(&reach(2, &GLOBAL, &[129, 1])), Some((3, 9)));
    assert_eq!(error(&reach(2, &GLOBAL, &[32, 1, 2, 3])), Some((3, 9)));
    assert_eq!(error(&reach(1, &[192, 0, 2, 1], &[33, 1, 2, 3, 4, 5])), Some((3, 9)));
    let no_reserved = join(&[&[0x80, 14, 20, 0, 2, 1, 16], &GLOBAL]);
    assert_eq!(error(&no_reserved), Some((3, 9)));
}

#[test]
fn wrong_flags_reset_and_are_told() {
    for flags in [0xC0, 0x40, 0x00] {
        let unreach: &[u8] = &[flags, 15, 3, 0, 2, 1];
        let mut out = [0; 64];
        let error = parse(&EXTERNAL, unreach, false, &mut out).unwrap_err();
        assert_eq!((error.code, error.subcode, &error.data[..]), (3, 9, unreach));
    }
}

#[test]
fn repeated_ones_reset() {
    let unreach: &[u8] = &[0x80, 15, 3, 0, 2, 1];
    assert_eq!(error(&join(&[unreach, unreach])), Some((3, 1)));
    let one = reach(2, &GLOBAL, NLRI);
    assert_eq!(error(&join(&[&one, &one])), Some((3, 1)));
}

#[test]
fn next_hops_that_are_no_hosts_withdraw() {
    let mut loopback = [0; 16];
    loopback[15] = 1;
    let mut multicast = GLOBAL;
    multicast[0] = 0xFF;
    for next_hop in [[0; 16], loopback, multicast] {
        let bytes = update(&reach(2, &next_hop, NLRI));
        let read = read(&EXTERNAL, &bytes, false).unwrap();
        assert_eq!(read.withdrawn(), Some((14, Reason::NextHop)));
        assert_eq!(read.parsed.mp_reach.unwrap().nlri, NLRI, "known, to be withdrawn");
    }
    let both_ends = Context { allow_loopback_next_hop: true, ..EXTERNAL };
    read(&both_ends, &update(&reach(2, &loopback, NLRI)), false).unwrap().assert_clean();
    let bytes = update(&reach(1, &[127, 0, 0, 1], &[8, 10]));
    assert_eq!(read(&EXTERNAL, &bytes, false).unwrap().withdrawn(), Some((14, Reason::NextHop)));
}

#[test]
fn faults_beside_prefixes_withdraw_them() {
    let bytes = join(&[&reach(2, &GLOBAL, NLRI), &[0x40, 1, 1, 9], AS_PATH]);
    let read = read(&EXTERNAL, &bytes, false).unwrap();
    assert_eq!(read.withdrawn(), Some((1, Reason::Malformed)));
    assert_eq!(read.parsed.mp_reach.unwrap().nlri, NLRI);
}

#[test]
fn an_attribute_cut_short_before_the_prefixes_resets() {
    // Whatever the overrun swallowed cannot be withdrawn.
    let bytes = join(&[ORIGIN, &[0xC0, 8, 200], &reach(2, &GLOBAL, NLRI)]);
    assert_eq!(read(&EXTERNAL, &bytes, false).err(), Some((3, 1)));
}

#[test]
fn families_not_agreed_on_are_ignored() {
    let one = Context { families: FamilySet::EMPTY.with(Family::Ipv4Unicast), ..EXTERNAL };
    let ipv6 = update(&reach(2, &GLOBAL, NLRI));
    let read_one = read(&one, &ipv6, false).unwrap();
    assert_eq!(read_one.discarded(), Some(14));
    assert_eq!(read_one.parsed.mp_reach, None);
    // EVPN, AFI 25 SAFI 70, with anything in it.
    let evpn: &[u8] = &[0x80, 14, 10, 0, 25, 70, 4, 192, 0, 2, 1, 0, 2];
    let bytes = join(&[evpn, &[0x80, 15, 5, 0, 25, 70, 0xFF, 0xFF], ORIGIN, AS_PATH]);
    let read = read(&EXTERNAL, &bytes, false).unwrap();
    assert_eq!(read.parsed.discarded_count, 2);
    assert_eq!((read.parsed.mp_reach, read.parsed.mp_unreach), (None, None));
    // What is mandatory for a route of theirs is theirs to say.
    assert_eq!(super::read(&EXTERNAL, evpn, false).unwrap().parsed.withdraw, None);
    // Nor does a fault reset then: what it would withdraw is ignored anyway.
    let bytes = join(&[evpn, &[0x40, 1, 1, 9]]);
    assert!(super::read(&EXTERNAL, &bytes, false).is_ok());
}

#[test]
fn withdrawals_are_read_whatever_else_is_wrong() {
    let unreach: &[u8] = &[0x80, 15, 8, 0, 2, 1, 32, 0x20, 1, 0x0D, 0xB8];
    let bytes = join(&[unreach, &[0x40, 1, 1, 9], AS_PATH, NEXT_HOP]);
    let read = read(&EXTERNAL, &bytes, true).unwrap();
    assert!(read.parsed.withdraw.is_some());
    assert_eq!(read.parsed.mp_unreach, Some(MpUnreach { family: Family::Ipv6Unicast, nlri: NLRI }));
}

#[test]
fn end_of_rib_is_recognised() {
    let end = |bytes: &[u8]| read(&EXTERNAL, bytes, false).unwrap().parsed.end_of_rib();
    assert_eq!(end(&[]), Some(Family::Ipv4Unicast));
    assert_eq!(end(&[0x80, 15, 3, 0, 2, 1]), Some(Family::Ipv6Unicast));
    assert_eq!(end(&[0x90, 15, 0, 3, 0, 1, 1]), Some(Family::Ipv4Unicast));
    assert_eq!(end(&[0x80, 15, 3, 0, 25, 70]), None);
    assert_eq!(end(&[0x80, 15, 5, 0, 2, 1, 8, 0x20]), None);
    assert_eq!(end(&[0x80, 15, 3, 0, 2, 1, 0x40, 1, 1, 0]), None);
    assert_eq!(end(ORIGIN), None);
}
