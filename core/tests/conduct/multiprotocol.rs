//! MP_REACH_NLRI and MP_UNREACH_NLRI: next hops of every length, families of every kind, prefixes (RFC 4760; RFC 2545; RFC 7606,
//! 5.3 and 7.11).

use crier_core::{EventKind, Family};

use crate::bytes::{OPTIONAL, attribute, reach, unreach, update};
use crate::lab::{Kind, connected, established, open_with, settings};
use crate::rows::Rows;
use crate::verdict::Verdict::{self, Stands, Withdrawn};
use crate::verdict::{NEXT_HOP, NEXT_HOP6, NLRI, NLRI6, basic, basic6, common, reset};

const PREFIX6: &str = "2001:db8:1::/48";

/// The verdict on an UPDATE with this MP_REACH_NLRI in front of what goes with it.
fn judge(prefix: &str, mp_reach: &[u8]) -> Verdict {
    let list = [mp_reach.to_vec(), common(Kind::External, 2).concat()].concat();
    established(Kind::External, |lab| {
        lab.prepare(Kind::External);
        lab.judge(prefix, &update(&[], &list, &[]))
    })
}

/// 4 octets for IPv4, 16 or 32 for IPv6 (RFC 2545, 3), and nothing else where RFC 8950 was not agreed on: prefixes behind a
/// next hop of another length cannot be found with confidence (RFC 7606, 7.11).
#[test]
fn every_next_hop_length() {
    let mut rows = Rows::default();
    for (family, nlri, prefix, good) in
        [(2u16, NLRI6, PREFIX6, &[16, 32][..]), (1, NLRI, "10.1.1.0/24", &[4])]
    {
        for len in (0..=40).chain([64, 128, 255]) {
            let next_hop: Vec<u8> = NEXT_HOP6.into_iter().cycle().take(len).collect();
            let one = attribute(OPTIONAL, 14, &reach(family, 1, &next_hop, nlri));
            let wanted = if good.contains(&len) { Stands(0) } else { reset(9, &one[..one.len().min(256)]) };
            rows.check(&format!("AFI {family}, {len} octets"), &judge(prefix, &one), &wanted);
        }
    }
    rows.finish(88);
}

/// The length of the next hop against what there is.
#[test]
fn next_hops_that_overrun() {
    let mut rows = Rows::default();
    for len in 0..=21 {
        // All of AFI, SAFI, length and next hop, without the reserved octet at the most.
        let value = &reach(2, 1, &NEXT_HOP6, NLRI6)[..len.min(20)];
        let one = attribute(OPTIONAL, 14, value);
        rows.check(&format!("{len} octets of it"), &judge(PREFIX6, &one), &reset(9, &one));
    }
    rows.finish(22);
}

#[test]
fn reserved_octet_and_prefixes() {
    let good = reach(2, 1, &NEXT_HOP6, NLRI6);
    let reserved = |octet| {
        let mut value = good.clone();
        value[20] = octet;
        value
    };
    let mut rows = Rows::default();
    // What was once a count of SNPAs is ignored, and nothing is skipped for it (RFC 4760, 3).
    for octet in [0, 1, 7, 255] {
        let one = attribute(OPTIONAL, 14, &reserved(octet));
        rows.check(&format!("reserved {octet}"), &judge(PREFIX6, &one), &Stands(0));
    }
    for len in 0..=255u8 {
        let octets = usize::from(len).div_ceil(8);
        let nlri = [&[len], &[0x2A; 32][..octets]].concat();
        let one = attribute(OPTIONAL, 14, &reach(2, 1, &NEXT_HOP6, &nlri));
        let cut = attribute(OPTIONAL, 14, &reach(2, 1, &NEXT_HOP6, &nlri[..nlri.len() - 1]));
        let gone = attribute(OPTIONAL, 15, &unreach(2, 1, &nlri));
        let found = [one.clone(), cut.clone(), gone.clone()].map(|one| ends(&one));
        let possible = len <= 128;
        let wanted = [
            (!possible).then(|| reset(9, &one)),
            (len > 0).then(|| reset(9, &cut)),
            (!possible).then(|| reset(9, &gone)),
        ];
        rows.check(&format!("prefix length {len}"), &found, &wanted);
    }
    rows.finish(260);
}

/// How an UPDATE with this attribute ends the session, if it does.
fn ends(one: &[u8]) -> Option<Verdict> {
    let list = [one.to_vec(), common(Kind::External, 2).concat()].concat();
    established(Kind::External, |lab| {
        lab.prepare(Kind::External);
        lab.send(&update(&[], &list, &[]));
        let (_, body) = lab.words().pop()?;
        Some(Verdict::Reset(body[0], body[1], body[2..].to_vec()))
    })
}

const FOREIGN: [(u16, u8); 12] = [
    (0, 0),
    (0, 1),
    (1, 0),
    (1, 2),
    (1, 4),
    (1, 128),
    (2, 2),
    (2, 128),
    (2, 133),
    (3, 1),
    (25, 70),
    (65_535, 255),
];

/// A family that was not agreed on costs its attribute, and nothing beside it.
#[test]
fn families_that_nobody_agreed_on() {
    let mut rows = Rows::default();
    for (afi, safi) in FOREIGN {
        let values = [
            ("prefixes", 14, reach(afi, safi, &NEXT_HOP, &[1, 2, 3])),
            ("no next hop", 14, reach(afi, safi, &[], &[255, 255])),
            ("a long next hop", 14, reach(afi, safi, &[7; 48], &[9])),
            ("no prefixes", 14, reach(afi, safi, &NEXT_HOP, &[])),
            ("withdrawn", 15, unreach(afi, safi, &[255, 255])),
            ("End-of-RIB", 15, unreach(afi, safi, &[])),
        ];
        for (what, code, value) in values {
            let one = attribute(OPTIONAL, code, &value);
            let with_nlri = established(Kind::External, |lab| {
                lab.prepare(Kind::External);
                let list = [one.clone(), basic(Kind::External, 2).concat()].concat();
                lab.judge("10.1.1.0/24", &update(&[], &list, NLRI))
            });
            rows.check(&format!("{afi}/{safi} {what}, and NLRI"), &with_nlri, &Stands(1));
            rows.check(&format!("{afi}/{safi} {what}, alone"), &ends(&one), &None);
        }
        let cut = attribute(OPTIONAL, 14, &[0, afi as u8, safi, 9, 0]);
        rows.check(&format!("{afi}/{safi} overrun"), &ends(&cut), &Some(reset(9, &cut)));
    }
    rows.finish(156);
}

/// Known families, of which the neighbor named only one.
#[test]
fn the_other_family() {
    for (named, mine, foreign) in [(1u8, "10.1.1.0/24", PREFIX6), (2, PREFIX6, "10.1.1.0/24")] {
        connected(settings(), |lab| {
            lab.establish(&open_with(65_002, 90, &[1, 4, 0, named, 0, 1, 65, 4, 0, 0, 0xFD, 0xEA]));
            lab.send(&update(&[], &basic(Kind::External, 2).concat(), NLRI));
            lab.send(&update(&[], &basic6(Kind::External, 2, NLRI6).concat(), &[]));
            assert_eq!(lab.words(), []);
            assert!(lab.route(mine).is_some(), "{mine}");
            assert!(lab.route(foreign).is_none(), "{foreign}");
            assert_eq!(lab.view().counters.treated_as_withdraw, 0);
        });
    }
    // IPv4 in MP_REACH_NLRI needs IPv4 to be agreed on as well.
    connected(settings(), |lab| {
        lab.establish(&open_with(65_002, 90, &[1, 4, 0, 2, 0, 1, 65, 4, 0, 0, 0xFD, 0xEA]));
        let one = attribute(OPTIONAL, 14, &reach(1, 1, &NEXT_HOP, NLRI));
        lab.send(&update(&[], &[one, common(Kind::External, 2).concat()].concat(), &[]));
        assert_eq!((lab.words().len(), lab.route("10.1.1.0/24")), (0, None));
        assert_eq!(lab.view().counters.attributes_discarded, 1);
    });
}

#[test]
fn two_attributes_of_one_kind_are_one_too_many() {
    let v6 = attribute(OPTIONAL, 14, &reach(2, 1, &NEXT_HOP6, NLRI6));
    let v4 = attribute(OPTIONAL, 14, &reach(1, 1, &NEXT_HOP, NLRI));
    let evpn = attribute(OPTIONAL, 14, &reach(25, 70, &NEXT_HOP, &[1]));
    let gone = attribute(OPTIONAL, 15, &unreach(2, 1, NLRI6));
    let gone4 = attribute(OPTIONAL, 15, &unreach(1, 1, NLRI));
    for pair in [[&v6, &v6], [&v6, &v4], [&evpn, &v6], [&v6, &evpn], [&gone, &gone], [&gone, &gone4]] {
        assert_eq!(ends(&pair.map(Clone::clone).concat()), Some(reset(1, &[])), "{pair:?}");
    }
}

/// Both attributes, NLRI and Withdrawn Routes together (RFC 4271, 4.3: announcing wins).
#[test]
fn all_fields_together() {
    let v6 = attribute(OPTIONAL, 14, &reach(2, 1, &NEXT_HOP6, NLRI6));
    let gone = attribute(OPTIONAL, 15, &unreach(2, 1, NLRI6));
    for pair in [[&v6, &gone], [&gone, &v6]] {
        established(Kind::External, |lab| {
            lab.prepare(Kind::External);
            let list = [pair.map(Clone::clone).concat(), common(Kind::External, 2).concat()].concat();
            assert_eq!(lab.judge(PREFIX6, &update(&[], &list, &[])), Stands(0));
        });
    }
    established(Kind::External, |lab| {
        lab.prepare(Kind::External);
        let list = [v6.clone(), basic(Kind::External, 2).concat()].concat();
        lab.send(&update(&[24, 10, 9, 9], &list, NLRI));
        assert_eq!(lab.words(), []);
        let mark = |lab: &crate::lab::Lab<'_>, prefix| lab.route(prefix).map(|r| r.attributes[&201].1[0]);
        assert_eq!(
            [PREFIX6, "10.1.1.0/24", "10.9.9.0/24"].map(|prefix| mark(lab, prefix)),
            [Some(2), Some(2), None]
        );
        // A fault withdraws the prefixes of both fields.
        let faulty = [list, attribute(0x40, 4, &[0])].concat();
        lab.send(&update(&[], &faulty, NLRI));
        assert_eq!([PREFIX6, "10.1.1.0/24"].map(|prefix| mark(lab, prefix)), [None, None]);
        assert_eq!(lab.others("").len(), 1, "the IPv6 route that nobody named");
    });
    // IPv4 in MP_REACH_NLRI and MP_UNREACH_NLRI is as good as in the old fields.
    let v4 = attribute(OPTIONAL, 14, &reach(1, 1, &NEXT_HOP, NLRI));
    assert_eq!(judge("10.1.1.0/24", &v4), Stands(0));
    established(Kind::External, |lab| {
        lab.prepare(Kind::External);
        lab.send(&update(&[], &attribute(OPTIONAL, 15, &unreach(1, 1, NLRI)), &[]));
        assert!(lab.route("10.1.1.0/24").is_none() && lab.route("10.9.9.0/24").is_some());
    });
}

/// NEXT_HOP says nothing about MP_REACH_NLRI, whatever it holds (RFC 4760, 3); without NLRI it is not missed.
#[test]
fn next_hop_beside_mp_reach() {
    for value in [&[][..], &[0; 4], &[255; 4], &[10, 0, 0, 1], &[1, 2, 3]] {
        let list = [basic6(Kind::External, 2, NLRI6).concat(), attribute(0x40, 3, value)].concat();
        established(Kind::External, |lab| {
            lab.prepare(Kind::External);
            assert_eq!(lab.judge(PREFIX6, &update(&[], &list, &[])), Stands(0), "{value:?}");
        });
    }
    let v6 = attribute(OPTIONAL, 14, &reach(2, 1, &NEXT_HOP6, NLRI6));
    let list = [v6, common(Kind::External, 2).concat()].concat();
    established(Kind::External, |lab| {
        lab.prepare(Kind::External);
        lab.send(&update(&[], &list, NLRI));
        // The IPv6 prefix goes with the other: one UPDATE, one outcome.
        assert_eq!((lab.words().len(), lab.view().counters.treated_as_withdraw), (0, 1));
        assert_eq!([PREFIX6, "10.1.1.0/24"].map(|prefix| lab.route(prefix)), [None, None]);
        assert_eq!(lab.others("").len(), 2);
    });
}

/// A global and a link-local address, in every mixture that is seen (RFC 2545, 3).
#[test]
fn two_addresses() {
    let link_local = [0xFE, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];
    let zero = [0; 16];
    for (first, second, wanted) in [
        (NEXT_HOP6, link_local, Stands(0)),
        (NEXT_HOP6, zero, Stands(0)),
        (NEXT_HOP6, NEXT_HOP6, Stands(0)),
        (zero, link_local, Stands(0)),
        (link_local, link_local, Stands(0)),
        (link_local, zero, Stands(0)),
        (zero, zero, Withdrawn(0)),
        (zero, NEXT_HOP6, Withdrawn(0)),
    ] {
        let one = attribute(OPTIONAL, 14, &reach(2, 1, &[first, second].concat(), NLRI6));
        assert_eq!(judge(PREFIX6, &one), wanted, "{first:?} {second:?}");
    }
}

/// RFC 4724, 2: each form for each family, and what only looks like one.
#[test]
fn end_of_rib() {
    let mut rows = Rows::default();
    for (name, attributes, wanted) in [
        ("an empty UPDATE", vec![], Some(Family::Ipv4Unicast)),
        ("IPv6", attribute(OPTIONAL, 15, &unreach(2, 1, &[])), Some(Family::Ipv6Unicast)),
        ("IPv4 the new way", attribute(OPTIONAL, 15, &unreach(1, 1, &[])), Some(Family::Ipv4Unicast)),
        ("another family", attribute(OPTIONAL, 15, &unreach(1, 128, &[])), None),
        ("MP_REACH_NLRI without prefixes", attribute(OPTIONAL, 14, &reach(2, 1, &NEXT_HOP6, &[])), None),
        ("with prefixes", attribute(OPTIONAL, 15, &unreach(2, 1, &[8, 0x2A])), None),
        ("with ORIGIN", [attribute(OPTIONAL, 15, &unreach(2, 1, &[])), vec![0x40, 1, 1, 0]].concat(), None),
    ] {
        let found = established(Kind::External, |lab| {
            lab.prepare(Kind::External);
            lab.send(&update(&[], &attributes, &[]));
            assert_eq!((lab.words().len(), lab.others("").len()), (0, 4), "{name}");
            lab.events.iter().find_map(|kind| match kind {
                EventKind::EndOfRibReceived(family) => Some(*family),
                _ => None,
            })
        });
        rows.check(name, &found, &wanted);
    }
    rows.finish(7);
}
