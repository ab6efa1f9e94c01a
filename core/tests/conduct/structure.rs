//! Every known attribute × wrong flags, wrong lengths, overruns, repetition × first, middle and last place × external
//! and internal neighbors, and such without four-octet AS numbers × routes in NLRI and in MP_REACH_NLRI (RFC 7606, 3, 4, 5
//! and 7).

use crate::bytes::{
    OPTIONAL, TRANSITIVE, WELL_KNOWN, attribute, extended, path2, path4, reach, unreach, update,
};
use crate::lab::{Kind, established};
use crate::rows::Rows;
use crate::verdict::Verdict::{Stands, Withdrawn};
use crate::verdict::{NEXT_HOP, NEXT_HOP6, NLRI, NLRI6, Verdict, basic, basic6, reset};

/// An attribute, and a letter each for wrong flags, no value, a value that lacks its last octet, and one with an octet
/// too many: `w`ithdrawn, `d`iscarded, `s`tands, `o`ptional attribute error, `r`efused for its first AS, `-` cannot be.
struct Row {
    name: &'static str,
    code: u8,
    flags: u8,
    value: Vec<u8>,
    /// From an external neighbor, from an internal one, and from one without four-octet AS numbers.
    letters: [&'static [u8; 4]; 3],
}

const KINDS: [Kind; 3] = [Kind::External, Kind::Internal, Kind::Old];

fn table() -> Vec<Row> {
    let row = |name, code, flags, value: &[u8], external, internal, old| {
        let letters = [external, internal, old];
        Row { name, code, flags, value: value.to_vec(), letters }
    };
    let unreached = [48, 0x20, 1, 0x0D, 0xB8, 0, 7];
    vec![
        row("ORIGIN", 1, WELL_KNOWN, &[0], b"wwww", b"wwww", b"wwww"),
        row("AS_PATH", 2, WELL_KNOWN, &path4(&[65_002]), b"wrww", b"wsww", b"wrww"),
        row("NEXT_HOP", 3, WELL_KNOWN, &NEXT_HOP, b"wwww", b"wwww", b"wwww"),
        row("MULTI_EXIT_DISC", 4, OPTIONAL, &[0, 0, 0, 9], b"wwww", b"wwww", b"wwww"),
        // From external neighbors discarded, whatever its value (RFC 7606, 7.5).
        row("LOCAL_PREF", 5, WELL_KNOWN, &[0, 0, 0, 9], b"wddd", b"wwww", b"wddd"),
        // Flags are wrong alike in every attribute (RFC 7606, 3 c); only the length is forgiven (7.6 and 7.7).
        row("ATOMIC_AGGREGATE", 6, WELL_KNOWN, &[], b"ws-d", b"ws-d", b"ws-d"),
        row("AGGREGATOR", 7, TRANSITIVE, &[0, 0, 0xFD, 0xEA, 10, 0, 0, 9], b"wddd", b"wddd", b"wddd"),
        row("COMMUNITIES", 8, TRANSITIVE, &[0xFD, 0xEA, 0, 1], b"wwww", b"wwww", b"wwww"),
        // As LOCAL_PREF (7.9 and 7.10).
        row("ORIGINATOR_ID", 9, OPTIONAL, &[10, 0, 0, 9], b"wddd", b"wwww", b"wddd"),
        row("CLUSTER_LIST", 10, OPTIONAL, &[10, 0, 0, 9], b"wddd", b"wwww", b"wddd"),
        // Flags make these two incorrect (5.3), so that nothing in them can be relied on.
        row("MP_REACH_NLRI", 14, OPTIONAL, &reach(2, 1, &NEXT_HOP6, &[]), b"oooo", b"oooo", b"oooo"),
        row("MP_UNREACH_NLRI", 15, OPTIONAL, &unreach(2, 1, &unreached), b"oooo", b"oooo", b"oooo"),
        row(
            "EXTENDED COMMUNITIES",
            16,
            TRANSITIVE,
            &[0, 2, 0xFD, 0xEA, 0, 0, 0, 1],
            b"wwww",
            b"wwww",
            b"wwww",
        ),
        // From a neighbor with four-octet AS numbers both are discarded, whatever their value (RFC 6793, 3).
        row("AS4_PATH", 17, TRANSITIVE, &path4(&[65_002]), b"wddd", b"wddd", b"wddd"),
        row("AS4_AGGREGATOR", 18, TRANSITIVE, &[0, 0, 0xFD, 0xEA, 10, 0, 0, 9], b"wddd", b"wddd", b"wddd"),
        row(
            "LARGE_COMMUNITY",
            32,
            TRANSITIVE,
            &[0, 0, 0xFD, 0xEA, 0, 0, 0, 1, 0, 0, 0, 2],
            b"wwww",
            b"wwww",
            b"wwww",
        ),
    ]
}

impl Row {
    fn letters(&self, kind: Kind) -> &'static [u8; 4] {
        self.letters[kind as usize]
    }

    /// A good value, with AS numbers as wide as the neighbor has them.
    fn value(&self, kind: Kind) -> Vec<u8> {
        match (self.code, kind) {
            (2, Kind::Old) => path2(&[65_002]),
            (7, Kind::Old) => self.value[2..].to_vec(),
            _ => self.value.clone(),
        }
    }

    /// Whether it is discarded from this neighbor even without a fault.
    fn is_unwanted(&self, kind: Kind) -> bool {
        match self.code {
            5 | 9 | 10 => kind != Kind::Internal,
            17 | 18 => kind != Kind::Old,
            _ => false,
        }
    }

    fn is_multiprotocol(&self) -> bool {
        matches!(self.code, 14 | 15)
    }

    fn good(&self, kind: Kind) -> Vec<u8> {
        attribute(self.flags, self.code, &self.value(kind))
    }
}

/// Where in an UPDATE the attribute under test stands.
const PLACES: [&str; 3] = ["first", "middle", "last"];

/// Whether routes are in NLRI or in MP_REACH_NLRI.
const FIELDS: [&str; 2] = ["NLRI", "MP_REACH_NLRI"];

/// The UPDATE with `under_test` at its place instead of the attribute of type `code`.
fn compose(kind: Kind, field: &str, place: &str, code: u8, under_test: &[u8]) -> (&'static str, Vec<u8>) {
    let (mut list, prefix, nlri) = match field {
        "NLRI" => (basic(kind, 2), "10.1.1.0/24", NLRI),
        _ => (basic6(kind, 2, NLRI6), "2001:db8:1::/48", &[][..]),
    };
    list.retain(|attribute| attribute[1] != code);
    let at = match place {
        "first" => 0,
        "middle" => list.len() / 2,
        _ => list.len(),
    };
    list.insert(at, under_test.to_vec());
    (prefix, update(&[], &list.concat(), nlri))
}

/// Every row in every place, field and kind of neighbor, with bytes and verdict of `cell`.
fn run(rows: &mut Rows, fault: &str, cell: impl Fn(&Row, Kind, &str, &str) -> Option<(Vec<u8>, Verdict)>) {
    for row in table() {
        for kind in KINDS {
            for field in FIELDS {
                // The carrier itself cannot be put anywhere else; NEXT_HOP says nothing about it.
                if field == "MP_REACH_NLRI" && matches!(row.code, 3 | 14) {
                    continue;
                }
                for place in PLACES {
                    let Some((bytes, wanted)) = cell(&row, kind, field, place) else { continue };
                    let (prefix, update) = compose(kind, field, place, row.code, &bytes);
                    let found = established(kind, |lab| {
                        lab.prepare(kind);
                        lab.judge(prefix, &update)
                    });
                    let name = format!("{} {fault}, {place}, {kind:?}, {field}: {bytes:?}", row.name);
                    rows.check(&name, &found, &wanted);
                }
            }
        }
    }
}

/// The verdict that a letter stands for.
fn verdict(letter: u8, attribute: &[u8]) -> Option<Verdict> {
    Some(match letter {
        b'w' => Withdrawn(0),
        b'd' => Stands(1),
        b's' => Stands(0),
        b'o' => reset(9, attribute),
        b'r' => Verdict::Refused(crier_core::view::Reason::FirstAs),
        _ => return None,
    })
}

#[test]
fn wrong_flags() {
    let mut rows = Rows::default();
    for wrong in [0x40, 0x80, 0xC0] {
        run(&mut rows, "with wrong flags", |row, kind, _, _| {
            let bytes = attribute(row.flags ^ wrong, row.code, &row.value(kind));
            verdict(row.letters(kind)[0], &bytes).map(|verdict| (bytes, verdict))
        });
    }
    rows.finish(810);
}

/// Partial and the unused bits say nothing, and Extended Length is free to be used (RFC 4271, 4.3; RFC 7606, 3 c).
#[test]
fn flags_that_do_not_matter() {
    let mut rows = Rows::default();
    for bits in [0x20, 0x0F, 0x10, 0x01] {
        run(&mut rows, "with odd flags", |row, kind, _, _| {
            let bytes = match bits {
                0x10 => extended(row.flags, row.code, &row.value(kind)),
                bits => attribute(row.flags | bits, row.code, &row.value(kind)),
            };
            Some((bytes, Stands(row.is_unwanted(kind).into())))
        });
    }
    rows.finish(1080);
}

#[test]
fn wrong_lengths() {
    let mut rows = Rows::default();
    for (fault, letter) in [("without a value", 1), ("cut short", 2), ("too long", 3)] {
        run(&mut rows, fault, |row, kind, _, _| {
            let value = match letter {
                1 => Vec::new(),
                2 => row.value(kind).split_last()?.1.to_vec(),
                _ => [&row.value(kind)[..], &[0xFF]].concat(),
            };
            let bytes = attribute(row.flags, row.code, &value);
            verdict(row.letters(kind)[letter], &bytes).map(|verdict| (bytes, verdict))
        });
    }
    rows.finish(792);
}

/// An attribute that claims more than there is ends the list. What stands in NLRI is known all the same and withdrawn; what
/// may have stood in an MP_REACH_NLRI behind it is not (RFC 7606, 4 and 5.2).
#[test]
fn overruns() {
    let mut rows = Rows::default();
    let claims: [(&str, &[u8]); 3] =
        [("past the attributes", &[255]), ("past the message", &[255, 255]), ("without a length", &[])];
    for (fault, claim) in claims {
        run(&mut rows, fault, |row, kind, field, place| {
            if claim.is_empty() && place != "last" {
                return None; // What follows would be its length.
            }
            let wide = if claim.len() == 2 { 0x10 } else { 0 };
            let bytes = [&[row.flags | wide, row.code], claim, &row.value(kind)].concat();
            let bytes = if claim.is_empty() { bytes[..2].to_vec() } else { bytes };
            let lost = field == "MP_REACH_NLRI" && place == "first";
            Some((bytes, if lost { reset(1, &[]) } else { Withdrawn(0) }))
        });
    }
    rows.finish(630);
}

/// All but the first are discarded, faults and all (RFC 7606, 3 g).
#[test]
fn repetitions() {
    let mut rows = Rows::default();
    for fault in ["repeated", "repeated with a fault"] {
        run(&mut rows, fault, |row, kind, _, _| {
            let again = if fault == "repeated" { row.good(kind) } else { attribute(0x00, row.code, &[0xFF]) };
            let bytes = [row.good(kind), again].concat();
            let wanted = match row.is_multiprotocol() {
                true => reset(1, &[]),
                false => Stands(1 + u64::from(row.is_unwanted(kind))),
            };
            Some((bytes, wanted))
        });
    }
    rows.finish(540);
}

#[test]
fn missing_ones() {
    let mut rows = Rows::default();
    run(&mut rows, "missing", |row, kind, _, _| {
        let mandatory = matches!(row.code, 1..=3) || row.code == 5 && kind == Kind::Internal;
        Some((Vec::new(), if mandatory { Withdrawn(0) } else { Stands(0) }))
    });
    rows.finish(270);
}
