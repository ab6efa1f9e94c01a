//! IPv6 next hops for IPv4 prefixes (RFC 8950): the capability in every way, and next hops of every length and kind where it was
//! agreed on.

use std::net::{IpAddr, Ipv6Addr};

use crier_core::view::Reason;

use crate::bytes::{NOTIFICATION, OPTIONAL, WELL_KNOWN, attribute, keepalive, reach, update};
use crate::lab::{Kind, Lab, OUR_ID, THEIR_ID, open_with, settings, with_ends};
use crate::rows::Rows;
use crate::verdict::Verdict::{self, Refused, Stands, Withdrawn};
use crate::verdict::{NEXT_HOP, NEXT_HOP6, NLRI, basic, common, reset};

/// IPv4 unicast by way of IPv6.
const CAPABILITY: [u8; 8] = [5, 6, 0, 1, 0, 1, 0, 2];
const OURS6: [u8; 16] = [0x20, 1, 0x0D, 0xB8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];

/// Runs `test` with a connection between the usual hosts, over IPv6 or over IPv4.
fn connection<T>(over_ipv6: bool, test: impl FnOnce(&mut Lab<'_>) -> T) -> T {
    let (theirs, ours): (IpAddr, IpAddr) =
        if over_ipv6 { (NEXT_HOP6.into(), OURS6.into()) } else { (THEIR_ID.into(), OUR_ID.into()) };
    with_ends(settings(), theirs, ours, test)
}

/// Whether IPv6 next hops are agreed on with these capabilities beside the usual ones; or the NOTIFICATION's body.
fn agreed(over_ipv6: bool, list: &[u8]) -> Result<bool, Vec<u8>> {
    connection(over_ipv6, |lab| {
        lab.read();
        lab.send(&open_with(65_002, 90, &[&Kind::External.capabilities(), list].concat()));
        lab.send(&keepalive());
        match lab.words().pop() {
            Some((NOTIFICATION, body)) => Err(body),
            _ => Ok(lab.view().negotiated.unwrap().extended_next_hop),
        }
    })
}

#[test]
fn the_capability() {
    let mut rows = Rows::default();
    for len in 0..=19 {
        let list = [&[5, len], &[0, 1, 0, 1, 0, 2].repeat(4)[..usize::from(len)]].concat();
        let wanted = if len % 6 == 0 { Ok(len > 0) } else { Err([&[2, 0], &list[..]].concat()) };
        rows.check(&format!("{len} octets"), &agreed(true, &list), &wanted);
    }
    for (name, kinds, wanted) in [
        ("the next hop of its own family", &[[0, 1, 0, 1, 0, 1]][..], false),
        ("IPv4 multicast", &[[0, 1, 0, 2, 0, 2]], false),
        ("labelled IPv4", &[[0, 1, 0, 4, 0, 2]], false),
        ("IPv6 by way of IPv4", &[[0, 2, 0, 1, 0, 1]], false),
        ("families that nobody knows", &[[0xFF; 6]], false),
        ("others, and ours", &[[0, 1, 0, 128, 0, 2], [0, 1, 0, 1, 0, 2]], true),
        ("ours twice", &[[0, 1, 0, 1, 0, 2], [0, 1, 0, 1, 0, 2]], true),
    ] {
        let one = [&[5, kinds.len() as u8 * 6], kinds.concat().as_slice()].concat();
        let each: Vec<u8> = kinds.iter().flat_map(|kind| [&[5, 6], &kind[..]].concat()).collect();
        rows.check(name, &agreed(true, &one), &Ok(wanted));
        rows.check(&format!("{name}, one by one"), &agreed(true, &each), &Ok(wanted));
    }
    rows.check("over IPv4", &agreed(false, &CAPABILITY), &Ok(false));
    rows.finish(35);
}

/// The verdict on an IPv4 route with this next hop in MP_REACH_NLRI, after these capabilities.
fn judge(over_ipv6: bool, list: &[u8], next_hop: &[u8]) -> Verdict {
    connection(over_ipv6, |lab| {
        lab.establish(&open_with(65_002, 90, &[&Kind::External.capabilities(), list].concat()));
        lab.prepare(Kind::External);
        let one = attribute(OPTIONAL, 14, &reach(1, 1, next_hop, NLRI));
        lab.judge("10.1.1.0/24", &update(&[], &[one, common(Kind::External, 2).concat()].concat(), &[]))
    })
}

#[test]
fn every_length() {
    let mut rows = Rows::default();
    for (over_ipv6, list, good) in
        [(true, &CAPABILITY[..], &[4, 16, 32][..]), (true, &[], &[4]), (false, &CAPABILITY, &[4])]
    {
        for len in (0..=40).chain([48, 64]) {
            let next_hop: Vec<u8> = NEXT_HOP6.into_iter().cycle().take(len).collect();
            let one = attribute(OPTIONAL, 14, &reach(1, 1, &next_hop, NLRI));
            let wanted = if good.contains(&len) { Stands(0) } else { reset(9, &one) };
            let name = format!("{len} octets, over IPv6: {over_ipv6}, {list:?}");
            rows.check(&name, &judge(over_ipv6, list, &next_hop), &wanted);
        }
    }
    rows.finish(129);
}

#[test]
fn every_kind() {
    let address = |text: &str| text.parse::<Ipv6Addr>().unwrap().octets().to_vec();
    let mut rows = Rows::default();
    for (name, next_hop, wanted) in [
        ("theirs", address("2001:db8::2"), Stands(0)),
        ("a third one's", address("2001:db8::77"), Stands(0)),
        ("link-local", address("fe80::2"), Stands(0)),
        ("both", [address("2001:db8::2"), address("fe80::2")].concat(), Stands(0)),
        ("zeros and link-local", [address("::"), address("fe80::2")].concat(), Stands(0)),
        ("IPv4", NEXT_HOP.to_vec(), Stands(0)),
        ("ours", address("2001:db8::1"), Refused(Reason::OwnNextHop)),
        ("unspecified", address("::"), Withdrawn(0)),
        ("loopback", address("::1"), Withdrawn(0)),
        ("multicast", address("ff02::1"), Withdrawn(0)),
        ("IPv4 loopback", vec![127, 0, 0, 1], Withdrawn(0)),
    ] {
        rows.check(name, &judge(true, &CAPABILITY, &next_hop), &wanted);
    }
    rows.finish(11);
}

/// NEXT_HOP itself stays an IPv4 address (RFC 8950, 3 speaks of MP_REACH_NLRI alone).
#[test]
fn the_old_attribute_stays_as_it_is() {
    connection(true, |lab| {
        lab.establish(&open_with(65_002, 90, &[&Kind::External.capabilities()[..], &CAPABILITY].concat()));
        lab.prepare(Kind::External);
        let mut list = basic(Kind::External, 2);
        list[2] = attribute(WELL_KNOWN, 3, &NEXT_HOP6);
        assert_eq!(lab.judge("10.1.1.0/24", &update(&[], &list.concat(), NLRI)), Withdrawn(0));
    });
}
