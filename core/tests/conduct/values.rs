//! Attributes with right flags and a right length whose value is wrong, odd, or just at the edge.

use crier_core::config::Settings;
use crier_core::view::Reason;

use crate::bytes::{OPTIONAL, TRANSITIVE, WELL_KNOWN, attribute, path4, reach, update};
use crate::lab::{Kind, OUR_ID, OURS, connected, established, settings, with_ends};
use crate::rows::Rows;
use crate::verdict::Verdict::{self, Refused, Stands, Withdrawn};
use crate::verdict::{NLRI, NLRI6, basic};

const THEM: u32 = 65_002;

/// A segment of this type, count and numbers.
fn segment(kind: u8, count: u8, numbers: &[u32]) -> Vec<u8> {
    [vec![kind, count], numbers.iter().flat_map(|number| number.to_be_bytes()).collect()].concat()
}

/// An IPv4 UPDATE with `one` at the end, instead of the one of its type.
fn with(kind: Kind, one: &[u8]) -> Vec<u8> {
    let mut list = basic(kind, 2);
    list.retain(|attribute| attribute[1] != one[1]);
    list.push(one.to_vec());
    update(&[], &list.concat(), NLRI)
}

fn judge(kind: Kind, one: &[u8]) -> Verdict {
    established(kind, |lab| {
        lab.prepare(kind);
        lab.judge("10.1.1.0/24", &with(kind, one))
    })
}

#[test]
fn origins() {
    let mut rows = Rows::default();
    for origin in 0..=255 {
        let wanted = if origin <= 2 { Stands(0) } else { Withdrawn(0) };
        rows.check(
            &format!("ORIGIN {origin}"),
            &judge(Kind::External, &attribute(WELL_KNOWN, 1, &[origin])),
            &wanted,
        );
    }
    rows.finish(256);
}

/// RFC 7606, 7.2; RFC 5065, 5; RFC 7607, 2; RFC 4271, 6.3 and 9.1.2.
#[test]
fn as_paths() {
    let own = u32::from(OURS);
    let seq = |numbers: &[u32]| path4(numbers);
    let join = |parts: &[Vec<u8>]| parts.concat();
    let full = vec![THEM; 255];
    // Value; verdict from an external neighbor, and from an internal one.
    let table: Vec<(&str, Vec<u8>, Verdict, Verdict)> = vec![
        ("empty", vec![], Refused(Reason::FirstAs), Stands(0)),
        ("its own AS", seq(&[THEM]), Stands(0), Stands(0)),
        ("another AS first", seq(&[7, THEM]), Refused(Reason::FirstAs), Stands(0)),
        ("AS_SET first", segment(1, 1, &[THEM]), Refused(Reason::FirstAs), Stands(0)),
        ("AS_SET behind", join(&[seq(&[THEM]), segment(1, 2, &[7, 8])]), Stands(0), Stands(0)),
        ("our AS", seq(&[THEM, own]), Refused(Reason::OwnAs), Refused(Reason::OwnAs)),
        ("our AS in an AS_SET", join(&[seq(&[THEM]), segment(1, 2, &[7, own])]), Refused(Reason::OwnAs), {
            Refused(Reason::OwnAs)
        }),
        ("AS 0 behind", seq(&[THEM, 0]), Withdrawn(0), Withdrawn(0)),
        ("AS 0 first", seq(&[0, THEM]), Withdrawn(0), Withdrawn(0)),
        ("AS 0 in an AS_SET", join(&[seq(&[THEM]), segment(1, 1, &[0])]), Withdrawn(0), Withdrawn(0)),
        ("AS_TRANS", seq(&[THEM, 23_456]), Stands(0), Stands(0)),
        ("the last AS", seq(&[THEM, u32::MAX]), Stands(0), Stands(0)),
        ("a private AS", seq(&[THEM, 64_512, 4_200_000_000]), Stands(0), Stands(0)),
        ("the neighbor again and again", seq(&[THEM; 9]), Stands(0), Stands(0)),
        ("a full segment", seq(&full), Stands(0), Stands(0)),
        ("two segments", join(&[seq(&[THEM]), seq(&[7])]), Stands(0), Stands(0)),
        ("a segment of none", segment(2, 0, &[]), Withdrawn(0), Withdrawn(0)),
        ("a segment of none behind", join(&[seq(&[THEM]), segment(2, 0, &[])]), Withdrawn(0), Withdrawn(0)),
        ("an AS_SET of none", join(&[seq(&[THEM]), segment(1, 0, &[])]), Withdrawn(0), Withdrawn(0)),
        ("segment type 0", segment(0, 1, &[THEM]), Withdrawn(0), Withdrawn(0)),
        ("segment type 5", segment(5, 1, &[THEM]), Withdrawn(0), Withdrawn(0)),
        ("segment type 255", join(&[seq(&[THEM]), segment(255, 1, &[7])]), Withdrawn(0), Withdrawn(0)),
        ("a count too high", segment(2, 2, &[THEM]), Withdrawn(0), Withdrawn(0)),
        ("a count too low", segment(2, 1, &[THEM, 7]), Withdrawn(0), Withdrawn(0)),
        ("255 of two", segment(2, 255, &[THEM, 7]), Withdrawn(0), Withdrawn(0)),
        ("two octets each", vec![2, 1, 0xFD, 0xEA], Withdrawn(0), Withdrawn(0)),
        ("a header cut", join(&[seq(&[THEM]), vec![2]]), Withdrawn(0), Withdrawn(0)),
        ("only a type", vec![2], Withdrawn(0), Withdrawn(0)),
        ("AS_CONFED_SEQUENCE", join(&[segment(3, 1, &[7]), seq(&[THEM])]), Withdrawn(0), Stands(0)),
        ("AS_CONFED_SEQUENCE behind", join(&[seq(&[THEM]), segment(3, 1, &[7])]), Withdrawn(0), Stands(0)),
        ("AS_CONFED_SET", join(&[seq(&[THEM]), segment(4, 1, &[7])]), Withdrawn(0), Stands(0)),
        (
            "1024 ASes",
            join(&[seq(&full), seq(&full), seq(&full), seq(&full), seq(&[7; 4])]),
            Stands(0),
            Stands(0),
        ),
        (
            "1025 ASes",
            join(&[seq(&full), seq(&full), seq(&full), seq(&full), seq(&[7; 5])]),
            Refused(Reason::AsPathTooLong),
            Refused(Reason::AsPathTooLong),
        ),
    ];
    let mut rows = Rows::default();
    for (name, value, external, internal) in table {
        let bytes = if value.len() > 3900 { None } else { Some(attribute(WELL_KNOWN, 2, &value)) };
        let Some(bytes) = bytes else {
            // Longer than a message without extended messages.
            for (kind, wanted) in [(Kind::External, external), (Kind::Internal, internal)] {
                rows.check(name, &judge_long(kind, &attribute(WELL_KNOWN, 2, &value)), &wanted);
            }
            continue;
        };
        rows.check(&format!("{name}, external"), &judge(Kind::External, &bytes), &external);
        rows.check(&format!("{name}, internal"), &judge(Kind::Internal, &bytes), &internal);
    }
    rows.finish(66);
}

/// As [`judge`], on a session with extended messages.
fn judge_long(kind: Kind, one: &[u8]) -> Verdict {
    connected(settings(), |lab| {
        let list = [kind.capabilities(), vec![6, 0]].concat();
        lab.establish(&crate::lab::open_with(kind.asn(), 90, &list));
        lab.prepare(kind);
        lab.judge("10.1.1.0/24", &with(kind, one))
    })
}

/// Whether paths must begin with the neighbor's AS is the operator's to say (a route server's need not).
#[test]
fn the_first_as_may_be_another_if_the_operator_says_so() {
    let lenient = Settings { enforce_first_as: false, ..settings() };
    for path in [path4(&[7]), Vec::new(), segment(1, 1, &[7])] {
        let verdict = connected(lenient, |lab| {
            lab.establish(&Kind::External.open());
            lab.prepare(Kind::External);
            lab.judge("10.1.1.0/24", &with(Kind::External, &attribute(WELL_KNOWN, 2, &path)))
        });
        assert_eq!(verdict, Stands(0), "{path:?}");
    }
}

/// What is no host's address is malformed; an own address is one, but not for us (RFC 4271, 5.1.3 and 6.3). None of them is
/// worth a session (RFC 7606, 7.3).
#[test]
fn next_hops() {
    let table: [([u8; 4], Verdict); 15] = [
        ([10, 0, 0, 2], Stands(0)),
        ([192, 0, 2, 77], Stands(0)), // a third party's
        ([1, 0, 0, 0], Stands(0)),
        ([223, 255, 255, 255], Stands(0)),
        ([169, 254, 0, 1], Stands(0)),
        (OUR_ID, Refused(Reason::OwnNextHop)),
        ([0, 0, 0, 0], Withdrawn(0)),
        ([0, 0, 0, 1], Withdrawn(0)),
        ([127, 0, 0, 1], Withdrawn(0)),
        ([127, 255, 255, 255], Withdrawn(0)),
        ([224, 0, 0, 1], Withdrawn(0)),
        ([239, 255, 255, 255], Withdrawn(0)),
        ([240, 0, 0, 1], Withdrawn(0)),
        ([255, 255, 255, 254], Withdrawn(0)),
        ([255, 255, 255, 255], Withdrawn(0)),
    ];
    let mut rows = Rows::default();
    for (address, wanted) in table {
        for kind in [Kind::External, Kind::Internal] {
            let one = attribute(WELL_KNOWN, 3, &address);
            rows.check(&format!("NEXT_HOP {address:?}, {kind:?}"), &judge(kind, &one), &wanted);
        }
    }
    rows.finish(30);
}

/// Between two loopback addresses a loopback address is as good a next hop as any (labs and route servers on one host).
#[test]
fn loopback_next_hops_on_a_loopback_session() {
    with_ends(settings(), [127, 0, 0, 2].into(), [127, 0, 0, 1].into(), |lab| {
        lab.establish(&Kind::External.open());
        lab.prepare(Kind::External);
        let next_hop = |last| with(Kind::External, &attribute(WELL_KNOWN, 3, &[127, 0, 0, last]));
        assert_eq!(lab.judge("10.1.1.0/24", &next_hop(2)), Stands(0));
        assert_eq!(lab.judge("10.1.1.0/24", &next_hop(1)), Refused(Reason::OwnNextHop));
    });
}

#[test]
fn ipv6_next_hops() {
    let address = |text: &str| text.parse::<std::net::Ipv6Addr>().unwrap().octets();
    let table = [
        ("2001:db8::2", Stands(0)),
        ("fe80::2", Stands(0)),
        ("fd00::2", Stands(0)),
        ("::ffff:10.0.0.2", Stands(0)),
        ("::ffff:10.0.0.1", Refused(Reason::OwnNextHop)),
        ("::", Withdrawn(0)),
        ("::1", Withdrawn(0)),
        ("ff02::1", Withdrawn(0)),
        ("ff0e::1", Withdrawn(0)),
    ];
    let mut rows = Rows::default();
    for (text, wanted) in table {
        for kind in [Kind::External, Kind::Internal] {
            let reach = attribute(OPTIONAL, 14, &reach(2, 1, &address(text), NLRI6));
            let list = [vec![reach], crate::verdict::common(kind, 2)].concat();
            let found = established(kind, |lab| {
                lab.prepare(kind);
                lab.judge("2001:db8:1::/48", &update(&[], &list.concat(), &[]))
            });
            rows.check(&format!("{text}, {kind:?}"), &found, &wanted);
        }
    }
    rows.finish(18);
}

/// A link-local address is own on its own link only (RFC 4007, 6): hosts have the same one on many links.
#[test]
fn link_local_next_hops() {
    let address = |text: &str| text.parse::<std::net::Ipv6Addr>().unwrap();
    let judge = |theirs: &str, ours: &str, next_hop: &str| {
        with_ends(settings(), address(theirs).into(), address(ours).into(), |lab| {
            lab.speaker.set_own_addresses(&["fe80::1", "fe80::9", ours].map(|own| address(own).into()));
            lab.establish(&Kind::External.open());
            lab.prepare(Kind::External);
            let reach = attribute(OPTIONAL, 14, &reach(2, 1, &address(next_hop).octets(), NLRI6));
            let list = [vec![reach], crate::verdict::common(Kind::External, 2)].concat();
            lab.judge("2001:db8:1::/48", &update(&[], &list.concat(), &[]))
        })
    };
    assert_eq!(judge("fe80::2", "fe80::1", "fe80::2"), Stands(0));
    assert_eq!(judge("fe80::2", "fe80::1", "fe80::9"), Stands(0), "ours on another link");
    assert_eq!(judge("fe80::2", "fe80::1", "fe80::1"), Refused(Reason::OwnNextHop));
    assert_eq!(
        judge("2001:db8::2", "2001:db8::1", "fe80::1"),
        Stands(0),
        "not known to be ours on this link"
    );
}

/// Values of attributes that are numbers or lists: every one is possible but for AS 0 and for our own identifier.
#[test]
fn other_values() {
    let aggregator = |asn: u32| [asn.to_be_bytes(), [10, 0, 0, 9]].concat();
    let own = &OUR_ID[..];
    let both = |verdict: Verdict| (verdict.clone(), verdict);
    let internal = |verdict: Verdict| (Stands(1), verdict);
    type Row = (&'static str, u8, u8, Vec<u8>, (Verdict, Verdict));
    let table: Vec<Row> = vec![
        ("MED 0", OPTIONAL, 4, vec![0; 4], both(Stands(0))),
        ("MED of ones", OPTIONAL, 4, vec![255; 4], both(Stands(0))),
        ("LOCAL_PREF 0", WELL_KNOWN, 5, vec![0; 4], internal(Stands(0))),
        ("LOCAL_PREF of ones", WELL_KNOWN, 5, vec![255; 4], internal(Stands(0))),
        ("AGGREGATOR with AS 0", TRANSITIVE, 7, aggregator(0), both(Stands(1))),
        ("AGGREGATOR with AS_TRANS", TRANSITIVE, 7, aggregator(23_456), both(Stands(0))),
        ("AGGREGATOR of two octets", TRANSITIVE, 7, vec![0xFD, 0xEA, 10, 0, 0, 9], both(Stands(1))),
        (
            "AGGREGATOR without an address",
            TRANSITIVE,
            7,
            [aggregator(7), vec![0]].concat()[..4].to_vec(),
            both(Stands(1)),
        ),
        ("community 0", TRANSITIVE, 8, vec![0; 4], both(Stands(0))),
        ("communities of ones", TRANSITIVE, 8, vec![255; 8], both(Stands(0))),
        ("the same community twice", TRANSITIVE, 8, [1; 8].to_vec(), both(Stands(0))),
        ("ORIGINATOR_ID 0", OPTIONAL, 9, vec![0; 4], internal(Stands(0))),
        ("our ORIGINATOR_ID", OPTIONAL, 9, own.to_vec(), internal(Refused(Reason::ReflectionLoop))),
        ("our CLUSTER_LIST", OPTIONAL, 10, own.to_vec(), internal(Refused(Reason::ReflectionLoop))),
        (
            "our cluster behind",
            OPTIONAL,
            10,
            [&[9; 4], own].concat(),
            internal(Refused(Reason::ReflectionLoop)),
        ),
        ("a cluster twice", OPTIONAL, 10, [9; 8].to_vec(), internal(Stands(0))),
        (
            "non-transitive extended community",
            TRANSITIVE,
            16,
            vec![0x40, 2, 0, 1, 0, 0, 0, 1],
            both(Stands(0)),
        ),
        ("unknown extended community", TRANSITIVE, 16, vec![0x3F; 8], both(Stands(0))),
        ("large community of zeros", TRANSITIVE, 32, vec![0; 12], both(Stands(0))),
        ("the same large community twice", TRANSITIVE, 32, vec![7; 24], both(Stands(0))),
    ];
    let mut rows = Rows::default();
    for (name, flags, code, value, (external, internal)) in table {
        let one = attribute(flags, code, &value);
        rows.check(&format!("{name}, external"), &judge(Kind::External, &one), &external);
        rows.check(&format!("{name}, internal"), &judge(Kind::Internal, &one), &internal);
    }
    rows.finish(40);
}

/// What is discarded is gone from the route, and what stands beside it is not.
#[test]
fn what_is_discarded_is_not_kept() {
    established(Kind::External, |lab| {
        lab.prepare(Kind::External);
        let faulty = [
            attribute(WELL_KNOWN, 5, &[0, 0, 1, 0]),
            attribute(WELL_KNOWN, 6, &[1]),
            attribute(TRANSITIVE, 7, &[0; 8]),
            attribute(OPTIONAL, 9, &[9; 4]),
            attribute(OPTIONAL, 10, &[9; 4]),
            attribute(TRANSITIVE, 17, &path4(&[7])),
            attribute(TRANSITIVE, 18, &[9; 8]),
        ];
        let sound = [attribute(OPTIONAL, 4, &[0, 0, 0, 5]), attribute(TRANSITIVE, 8, &[0, 1, 0, 2])];
        let list = [&faulty.concat()[..], &basic(Kind::External, 2).concat(), &sound.concat()].concat();
        assert_eq!(lab.judge("10.1.1.0/24", &update(&[], &list, NLRI)), Stands(7));
        let route = lab.route("10.1.1.0/24").unwrap();
        assert_eq!((route.preference, route.med, &route.path[..]), (100, Some(5), "65002"));
        assert!(route.attributes.keys().eq(&[2, 8, 201]), "{route:?}");
    });
}
