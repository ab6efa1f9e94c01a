//! What a third party hears of each outcome: withdrawals of exactly what went, and attributes as they may go on (RFC 4271, 5 and
//! 9.2; RFC 7606, 2).

use std::collections::{BTreeMap, BTreeSet};

use crier_core::ConnId;
use crier_core::attrs::tlv;
use crier_core::family::{AddressFamily, V4, V6};
use crier_core::wire::nlri::Nlri;
use crier_core::wire::update::split;

use crate::bytes::{NOTIFICATION, TRANSITIVE, UPDATE, WELL_KNOWN, attribute, message, path4, update};
use crate::lab::{Kind, Lab, established};
use crate::rows::Rows;
use crate::verdict::{NLRI, NLRI6, basic, basic6};

/// What the observer was told since it was last asked.
#[derive(Debug, Default, PartialEq)]
struct Told {
    withdrawn: BTreeSet<String>,
    /// Flags and value by type code, by prefix.
    announced: BTreeMap<String, BTreeMap<u8, (u8, Vec<u8>)>>,
}

fn names<F: AddressFamily>(bytes: &[u8]) -> impl Iterator<Item = String> {
    assert!(Nlri::<F>::check(bytes));
    Nlri::<F>::new(bytes).map(|net| F::ipnet(net).to_string())
}

fn told(lab: &mut Lab<'_>, observer: ConnId) -> Told {
    let mut told = Told::default();
    for (kind, body) in lab.read_from(observer) {
        assert_eq!(kind, UPDATE);
        let parts = split(&body).unwrap();
        let attributes: BTreeMap<u8, (u8, Vec<u8>)> =
            tlv::iter(parts.attributes).map(|tlv| (tlv.code, (tlv.flags, tlv.value.to_vec()))).collect();
        told.withdrawn.extend(names::<V4>(parts.withdrawn));
        told.withdrawn
            .extend(attributes.get(&15).into_iter().flat_map(|(_, value)| names::<V6>(&value[3..])));
        let mut announced: Vec<String> = names::<V4>(parts.nlri).collect();
        let reach = attributes.get(&14).map(|(_, value)| &value[5 + usize::from(value[3])..]);
        announced.extend(reach.into_iter().flat_map(names::<V6>));
        told.announced.extend(announced.into_iter().map(|prefix| (prefix, attributes.clone())));
    }
    told
}

/// What the observer is told when this UPDATE comes after the usual four routes.
fn after(bytes: &[u8]) -> Told {
    established(Kind::External, |lab| {
        lab.prepare(Kind::External);
        let observer = lab.observe();
        lab.send(bytes);
        told(lab, observer)
    })
}

fn set(prefixes: &[&str]) -> BTreeSet<String> {
    prefixes.iter().map(|&prefix| prefix.to_owned()).collect()
}

#[test]
fn what_goes_is_withdrawn_and_nothing_else() {
    let good = basic(Kind::External, 2).concat();
    let with = |one: &[u8]| {
        let mut list = basic(Kind::External, 2);
        list.retain(|attribute| attribute[1] != one[1]);
        update(&[], &[list.concat(), one.to_vec()].concat(), NLRI)
    };
    let faulty6 = [basic6(Kind::External, 2, NLRI6).concat(), attribute(0x80, 4, &[1])].concat();
    let mine = &["10.1.1.0/24"][..];
    let all = &["10.1.1.0/24", "10.9.9.0/24", "2001:db8:1::/48", "2001:db8:9::/48"][..];
    let mut rows = Rows::default();
    for (name, bytes, withdrawn) in [
        ("withdrawn", update(NLRI, &[], &[]), mine),
        ("treated as withdrawn", with(&attribute(0x80, 4, &[1])), mine),
        ("treated as withdrawn, IPv6", update(&[], &faulty6, &[]), &["2001:db8:1::/48"]),
        ("no attributes", update(&[], &[], NLRI), mine),
        ("a loop", with(&attribute(WELL_KNOWN, 2, &path4(&[65_002, 65_001]))), mine),
        ("another AS in front", with(&attribute(WELL_KNOWN, 2, &path4(&[7]))), mine),
        ("our next hop", with(&attribute(WELL_KNOWN, 3, &[10, 0, 0, 1])), mine),
        ("a fault for nothing ends the session", update(&[], &[0x40, 1, 1, 9], &[]), all),
        ("a broken header ends the session", message(9, &[]), all),
        ("NOTIFICATION", message(NOTIFICATION, &[6, 2]), all),
        ("the same once more", update(&[], &basic(Kind::External, 1).concat(), NLRI), &[]),
        ("for nothing", update(&[], &good, &[]), &[]),
        ("withdrawn and never announced", update(&[24, 10, 2, 2], &[], &[]), &[]),
        ("malformed and never announced", update(&[], &attribute(WELL_KNOWN, 1, &[9]), &[24, 10, 2, 2]), &[]),
    ] {
        rows.check(name, &after(&bytes), &Told { withdrawn: set(withdrawn), ..Told::default() });
    }
    rows.finish(14);
}

/// Discarded attributes go nowhere, and neither do those that mean something between neighbors only.
#[test]
fn what_is_discarded_goes_no_further() {
    let list = [
        basic(Kind::External, 2).concat(),
        attribute(0x80, 4, &[0, 0, 0, 5]),
        attribute(WELL_KNOWN, 5, &[0, 0, 1, 0]),
        attribute(WELL_KNOWN, 6, &[1]),
        attribute(TRANSITIVE, 7, &[0; 8]),
        attribute(TRANSITIVE, 8, &[0, 7, 0, 8]),
        attribute(0x80, 9, &[9; 4]),
        attribute(0x80, 10, &[9; 4]),
        attribute(0x80, 99, &[1]),
        attribute(TRANSITIVE, 17, &path4(&[7])),
        attribute(TRANSITIVE, 18, &[9; 8]),
    ];
    let told = after(&update(&[], &list.concat(), NLRI));
    assert_eq!(told.withdrawn, set(&[]));
    let heard = &told.announced["10.1.1.0/24"];
    assert!(heard.keys().eq(&[1, 2, 3, 8, 201]), "{heard:?}");
    assert_eq!(heard[&2].1, path4(&[65_001, 65_002]));
    assert_eq!(heard[&8], (0xC0, vec![0, 7, 0, 8]));
}

/// Unknown attributes: transitive ones go on as they came, marked Partial; others do not (RFC 4271, 5).
#[test]
fn unknown_attributes_of_every_type() {
    const KNOWN: [u8; 16] = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 32];
    let mut rows = Rows::default();
    for code in (0..=255u8).filter(|code| !KNOWN.contains(code) && *code != crate::verdict::MARK) {
        for flags in [0x80, 0xA0, 0xC0, 0xE0, 0xCF] {
            let list = [basic(Kind::External, 2).concat(), attribute(flags, code, &[code, 0xFF, 0])].concat();
            let told = after(&update(&[], &list, NLRI));
            let heard = told.announced["10.1.1.0/24"].get(&code).cloned();
            let wanted = (flags & 0x40 != 0).then(|| (0xE0, vec![code, 0xFF, 0]));
            rows.check(&format!("type {code} with flags {flags:#04x}"), &heard, &wanted);
        }
    }
    rows.finish(239 * 5);
}

/// Extended communities with the non-transitive bit end at the border of the AS, whatever their type (RFC 4360, 6).
#[test]
fn extended_communities_that_stay_in_the_as() {
    let community = |kind: u8| vec![kind, 2, 0, 1, 0, 0, 0, 1];
    let many = |kind: u8| (0..40).flat_map(|_| community(kind)).collect::<Vec<u8>>();
    let mut rows = Rows::default();
    for (name, flags, value, wanted) in [
        ("transitive", 0xC0, community(0x00), Some((0xC0, community(0x00)))),
        ("transitive, by IANA on request", 0xC0, community(0x80), Some((0xC0, community(0x80)))),
        ("transitive and partial", 0xE0, community(0x3F), Some((0xE0, community(0x3F)))),
        ("non-transitive", 0xC0, community(0x40), None),
        ("non-transitive, by IANA on request", 0xC0, community(0xC0), None),
        ("non-transitive and partial", 0xE0, many(0x43), None),
        ("both", 0xC0, [community(0x40), community(1), community(0xFF)].concat(), Some((0xC0, community(1)))),
        ("both, partial", 0xE0, [community(2), community(0x41)].concat(), Some((0xE0, community(2)))),
        ("many", 0xC0, [many(0x40), many(0)].concat(), Some((0xD0, many(0)))),
        ("few of many", 0xC0, [many(0x40), community(0)].concat(), Some((0xC0, community(0)))),
    ] {
        let list = [
            basic(Kind::External, 2).concat(),
            attribute(flags, 16, &value),
            attribute(TRANSITIVE, 99, &[5]),
        ];
        let told = after(&update(&[], &list.concat(), NLRI));
        let heard = &told.announced["10.1.1.0/24"];
        rows.check(name, &heard.get(&16).cloned(), &wanted);
        rows.check(&format!("{name}, what follows"), &heard.get(&99).cloned(), &Some((0xE0, vec![5])));
    }
    rows.finish(20);
}

/// An UPDATE of ours withdraws or announces prefixes of one family, with MP_REACH_NLRI or MP_UNREACH_NLRI in front (RFC 7606, 5.1).
#[test]
fn one_thing_to_an_update() {
    let said = established(Kind::External, |lab| {
        lab.prepare(Kind::External);
        let observer = lab.observe();
        let reach = basic6(Kind::External, 2, NLRI6).concat();
        let next_hop = attribute(WELL_KNOWN, 3, &[10, 0, 0, 2]);
        let both = [reach, next_hop].concat();
        // Everything at once: IPv4 and IPv6 announced anew, others withdrawn.
        lab.send(&update(&[24, 10, 9, 9], &both, NLRI));
        let unreach = attribute(0x80, 15, &[&[0, 2, 1], NLRI6].concat());
        let mut said = lab.read_from(observer);
        lab.send(&update(NLRI, &unreach, &[]));
        said.extend(lab.read_from(observer));
        said
    });
    let mut kinds = BTreeSet::new();
    for (_, body) in said {
        let parts = split(&body).unwrap();
        let codes: Vec<u8> = tlv::iter(parts.attributes).map(|tlv| tlv.code).collect();
        let kind = match (parts.withdrawn.is_empty(), parts.nlri.is_empty(), &codes[..]) {
            (false, true, []) => "withdrawn",
            (true, false, [1, ..]) => "announced",
            (true, true, [14, 1, ..]) => "announced, IPv6",
            (true, true, [15]) => "withdrawn, IPv6",
            other => panic!("{other:?}"),
        };
        assert!(!codes.iter().skip(1).any(|code| [14, 15].contains(code)), "{codes:?}");
        kinds.insert(kind);
    }
    assert!(kinds.into_iter().eq(["announced", "announced, IPv6", "withdrawn", "withdrawn, IPv6"]));
}
