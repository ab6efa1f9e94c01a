//! AS numbers of four octets from neighbors without them: AS4_PATH and AS4_AGGREGATOR merged, or not (RFC 6793, 4.2.3 and 6).

use crier_core::view::Reason;

use crate::bytes::{TRANSITIVE, WELL_KNOWN, attribute, path2, path4, update};
use crate::lab::{Kind, established};
use crate::rows::Rows;
use crate::verdict::Verdict::{self, Refused, Stands, Withdrawn};
use crate::verdict::{NLRI, basic};

/// What stands in place of a larger number.
const TRANS: u16 = 23_456;

fn judge(kind: Kind, ones: &[Vec<u8>]) -> (Verdict, Option<String>, Option<Vec<u8>>) {
    established(kind, |lab| {
        lab.prepare(kind);
        let mut list = basic(kind, 2);
        list.retain(|attribute| ones.iter().all(|one| one[1] != attribute[1]));
        list.extend(ones.iter().cloned());
        let verdict = lab.judge("10.1.1.0/24", &update(&[], &list.concat(), NLRI));
        let route = lab.route("10.1.1.0/24");
        let path = route.as_ref().map(|route| route.path.clone());
        (verdict, path, route.and_then(|route| Some(route.attributes.get(&7)?.1.clone())))
    })
}

fn segment2(kind: u8, numbers: &[u16]) -> Vec<u8> {
    let mut value = path2(numbers);
    value[0] = kind;
    value
}

fn segment4(kind: u8, numbers: &[u32]) -> Vec<u8> {
    let mut value = path4(numbers);
    value[0] = kind;
    value
}

#[test]
fn merged_paths() {
    let them = path2(&[65_002]);
    let join = |parts: &[Vec<u8>]| parts.concat();
    // AS_PATH, AS4_PATH, and the path that comes of them.
    let table: Vec<(&str, Vec<u8>, Vec<u8>, &str)> = vec![
        ("one less", path2(&[65_002, TRANS, 7]), path4(&[70_000, 7]), "65002 70000 7"),
        ("two less", path2(&[65_002, 8, TRANS]), path4(&[70_000]), "65002 8 70000"),
        ("as many", path2(&[65_002, TRANS]), path4(&[65_002, 70_000]), "65002 70000"),
        ("as many, and they differ", path2(&[65_002, 7]), path4(&[65_002, 8]), "65002 8"),
        ("one more", path2(&[65_002, TRANS]), path4(&[65_002, 70_000, 7]), "65002 23456"),
        ("many more", them.clone(), path4(&[1, 2, 3, 4, 5, 6, 7, 8, 9]), "65002"),
        ("no AS_TRANS", path2(&[65_002, 7, 8]), path4(&[7, 8]), "65002 7 8"),
        ("all AS_TRANS", path2(&[65_002, TRANS, TRANS]), path4(&[70_000, 70_001]), "65002 70000 70001"),
        (
            "AS_SET counts once",
            join(&[path2(&[65_002, TRANS]), segment2(1, &[7, 8, 9])]),
            join(&[path4(&[70_000]), segment4(1, &[7, 8, 9])]),
            "65002 70000 {7,8,9}",
        ),
        (
            "AS_SETs of different sizes",
            join(&[path2(&[65_002, TRANS]), segment2(1, &[7, 8, 9])]),
            join(&[path4(&[70_000]), segment4(1, &[7])]),
            "65002 70000 {7}",
        ),
        (
            "AS_SET at the front stays",
            join(&[path2(&[65_002]), segment2(1, &[7, 8]), path2(&[TRANS])]),
            path4(&[70_000]),
            "65002 {7,8} 70000",
        ),
        ("two segments", join(&[them, path2(&[TRANS])]), path4(&[70_000]), "65002 70000"),
        (
            "a confederation in AS4_PATH is left out",
            path2(&[65_002, TRANS]),
            join(&[segment4(3, &[9, 9]), path4(&[70_000]), segment4(4, &[9])]),
            "65002 70000",
        ),
        ("nothing but a confederation", path2(&[65_002, TRANS]), segment4(3, &[9]), "65002 23456"),
    ];
    let mut rows = Rows::default();
    for (name, short, long, wanted) in table {
        let (as_path, as4_path) = (attribute(WELL_KNOWN, 2, &short), attribute(TRANSITIVE, 17, &long));
        for ones in [[as_path.clone(), as4_path.clone()], [as4_path, as_path]] {
            let (verdict, path, _) = judge(Kind::Old, &ones);
            rows.check(name, &(verdict, path.as_deref()), &(Stands(0), Some(wanted)));
        }
    }
    rows.finish(28);
}

/// Whatever is wrong in AS4_PATH costs AS4_PATH, except for flags (RFC 6793, 6; RFC 7606, 3 c).
#[test]
fn faulty_halves() {
    let whole = path4(&[65_002]);
    let table: Vec<(&str, Vec<u8>, Verdict)> = vec![
        ("AS4_PATH without a value", attribute(TRANSITIVE, 17, &[]), Stands(1)),
        ("AS4_PATH too small", attribute(TRANSITIVE, 17, &[2, 1, 0, 7]), Stands(1)),
        ("AS4_PATH of odd length", attribute(TRANSITIVE, 17, &[2, 1, 0, 1, 2, 3, 4]), Stands(1)),
        ("AS4_PATH with a count too high", attribute(TRANSITIVE, 17, &[2, 2, 0, 1, 0x11, 0x70]), Stands(1)),
        ("AS4_PATH with a count of 0", attribute(TRANSITIVE, 17, &[2, 0, 2, 1, 0, 1, 0, 0]), Stands(1)),
        ("AS4_PATH with an unknown segment", attribute(TRANSITIVE, 17, &segment4(9, &[7])), Stands(1)),
        ("AS4_PATH with AS 0", attribute(TRANSITIVE, 17, &path4(&[0])), Stands(1)),
        ("AS4_PATH twice", attribute(TRANSITIVE, 17, &whole).repeat(2), Stands(1)),
        ("AS4_PATH well-known", attribute(WELL_KNOWN, 17, &whole), Withdrawn(0)),
        ("AS4_PATH non-transitive", attribute(0x80, 17, &whole), Withdrawn(0)),
        ("AS4_PATH with Partial", attribute(0xE0, 17, &whole), Stands(0)),
        ("AS4_AGGREGATOR without a value", attribute(TRANSITIVE, 18, &[]), Stands(1)),
        ("AS4_AGGREGATOR of two octets", attribute(TRANSITIVE, 18, &[0, 7, 10, 0, 0, 9]), Stands(1)),
        ("AS4_AGGREGATOR too long", attribute(TRANSITIVE, 18, &[9; 9]), Stands(1)),
        ("AS4_AGGREGATOR with AS 0", attribute(TRANSITIVE, 18, &[0, 0, 0, 0, 10, 0, 0, 9]), Stands(1)),
        ("AS4_AGGREGATOR well-known", attribute(WELL_KNOWN, 18, &[9; 8]), Withdrawn(0)),
        ("AGGREGATOR of four octets", attribute(TRANSITIVE, 7, &[9; 8]), Stands(1)),
        ("AGGREGATOR with AS 0", attribute(TRANSITIVE, 7, &[0, 0, 10, 0, 0, 9]), Stands(1)),
        ("AS_PATH of four octets", attribute(WELL_KNOWN, 2, &path4(&[65_002])), Withdrawn(0)),
    ];
    let mut rows = Rows::default();
    for (name, one, wanted) in table {
        rows.check(name, &judge(Kind::Old, &[one]).0, &wanted);
    }
    rows.finish(19);
    let narrow = attribute(WELL_KNOWN, 2, &path2(&[65_002]));
    assert_eq!(judge(Kind::External, &[narrow]).0, Withdrawn(0), "AS_PATH of two octets");
}

/// Two octets are enough for a loop to hide in; four show it.
#[test]
fn our_as_comes_to_light() {
    let as_path = attribute(WELL_KNOWN, 2, &path2(&[65_002, TRANS]));
    let own = attribute(TRANSITIVE, 17, &path4(&[65_001]));
    assert_eq!(judge(Kind::Old, &[as_path, own]).0, Refused(Reason::OwnAs));
}

/// Somebody without four-octet AS numbers who aggregates leaves AS4_AGGREGATOR as it was: then AGGREGATOR is not AS_TRANS, and
/// both halves are of another route.
#[test]
fn aggregators() {
    let as_path = attribute(WELL_KNOWN, 2, &path2(&[65_002, TRANS]));
    let as4_path = attribute(TRANSITIVE, 17, &path4(&[70_000]));
    let trans = attribute(TRANSITIVE, 7, &[0x5B, 0xA0, 10, 0, 0, 9]);
    let narrow = attribute(TRANSITIVE, 7, &[0, 7, 10, 0, 0, 9]);
    let whole = attribute(TRANSITIVE, 18, &[0, 1, 0x11, 0x70, 10, 0, 0, 8]);
    let broken = attribute(TRANSITIVE, 18, &[0, 1, 0x11, 0x70, 10, 0, 0]);
    // AGGREGATOR and AS4_AGGREGATOR, and what is left of each and of AS4_PATH.
    type Row<'a> = (&'a str, &'a [&'a Vec<u8>], u64, &'a str, Option<&'a [u8]>);
    let table: [Row<'_>; 7] = [
        ("neither", &[], 0, "65002 70000", None),
        ("AS_TRANS alone", &[&trans], 0, "65002 70000", Some(&[0, 0, 0x5B, 0xA0, 10, 0, 0, 9])),
        ("a number alone", &[&narrow], 0, "65002 70000", Some(&[0, 0, 0, 7, 10, 0, 0, 9])),
        ("AS_TRANS and both", &[&trans, &whole], 0, "65002 70000", Some(&[0, 1, 0x11, 0x70, 10, 0, 0, 8])),
        ("a number and both", &[&narrow, &whole], 0, "65002 23456", Some(&[0, 0, 0, 7, 10, 0, 0, 9])),
        ("AS4_AGGREGATOR alone", &[&whole], 0, "65002 70000", None),
        ("a broken one is none", &[&narrow, &broken], 1, "65002 70000", Some(&[0, 0, 0, 7, 10, 0, 0, 9])),
    ];
    let mut rows = Rows::default();
    for (name, ones, discarded, path, aggregator) in table {
        let ones = [vec![as_path.clone(), as4_path.clone()], ones.iter().map(|one| one.to_vec()).collect()];
        let found = judge(Kind::Old, &ones.concat());
        let wanted = (Stands(discarded), Some(path.to_owned()), aggregator.map(<[u8]>::to_vec));
        rows.check(name, &found, &wanted);
    }
    rows.finish(7);
}
