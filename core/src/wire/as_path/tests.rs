use core::fmt::Write;

use super::*;
use crate::attrs::tlv::{Writer, find};

type Bytes = heapless::Vec<u8, 4096>;
type Text = heapless::String<256>;

/// The value of a canonical path.
fn path(segments: &[(u8, &[u32])]) -> Bytes {
    let mut bytes = Bytes::new();
    for (kind, numbers) in segments {
        bytes.extend([*kind, numbers.len() as u8]);
        numbers.iter().for_each(|number| bytes.extend(number.to_be_bytes()));
    }
    bytes
}

/// The value of a path with two-octet numbers.
fn short_path(segments: &[(u8, &[u16])]) -> Bytes {
    let mut bytes = Bytes::new();
    for (kind, numbers) in segments {
        bytes.extend([*kind, numbers.len() as u8]);
        numbers.iter().for_each(|number| bytes.extend(number.to_be_bytes()));
    }
    bytes
}

fn text(value: &[u8]) -> Text {
    let mut text = Text::new();
    write!(text, "{}", AsPath::new(value)).unwrap();
    text
}

/// What `write` writes, without the attribute's header.
fn written(
    code: u8,
    write: impl FnOnce(&mut Writer<'_>) -> Result<(), crate::attrs::tlv::NoRoom>,
) -> Option<Bytes> {
    let mut buf = [0; 4096];
    let mut w = Writer::new(&mut buf);
    write(&mut w).unwrap();
    find(w.written(), code).map(|value| Bytes::from_slice(value).unwrap())
}

#[test]
fn shows_every_kind_of_segment() {
    assert_eq!(text(&[]), "");
    assert_eq!(text(&path(&[(2, &[65001, 4_200_000_000])])), "65001 4200000000");
    assert_eq!(text(&path(&[(3, &[1, 2]), (4, &[3, 4]), (2, &[5]), (1, &[6, 7])])), "(1 2) [3,4] 5 {6,7}");
}

#[test]
fn length_counts_sets_once_and_confederations_not_at_all() {
    let value = path(&[(3, &[1, 2]), (2, &[5, 6, 7]), (1, &[8, 9]), (4, &[3])]);
    assert_eq!(AsPath::new(&value).length(), 4);
    assert_eq!(AsPath::new(&[]).length(), 0);
}

#[test]
fn first_is_that_of_a_leading_sequence() {
    assert_eq!(AsPath::new(&path(&[(2, &[65001, 2])])).first(), Some(65001));
    assert_eq!(AsPath::new(&path(&[(1, &[65001, 2])])).first(), None);
    assert_eq!(AsPath::new(&[]).first(), None);
}

#[test]
fn contains_looks_into_every_segment() {
    let value = path(&[(2, &[1, 2]), (1, &[3, 70000])]);
    for asn in [1, 2, 3, 70000] {
        assert!(AsPath::new(&value).contains(asn));
    }
    assert!(!AsPath::new(&value).contains(4));
}

#[test]
fn scan_refuses_malformed_paths() {
    assert_eq!(scan::<4>(&[], 1), Some(Scan::default()));
    for malformed in [
        &[2][..],                          // half a segment's header
        &[2, 0],                           // no numbers
        &[2, 1, 0, 0, 1],                  // numbers past the end
        &[2, 2, 0, 0, 0, 1, 0, 0, 1],      // likewise in the last one
        &[2, 1, 0, 0, 0, 1, 9],            // one octet left over
        &[5, 1, 0, 0, 0, 1],               // unknown kind
        &[0, 1, 0, 0, 0, 1],               // likewise
        &[2, 1, 0, 0, 0, 1, 2, 0],         // an empty one at the end
        &[2, 255, 0, 0, 0, 1, 0, 0, 0, 2], // far past the end
    ] {
        assert_eq!(scan::<4>(malformed, 1), None, "{malformed:?}");
    }
}

#[test]
fn scan_finds_what_matters() {
    let found = scan::<4>(&path(&[(2, &[7, 8]), (1, &[0, 9])]), 9).unwrap();
    assert_eq!(found, Scan { numbers: 4, length: 3, first: 7, zero: true, own: true, confed: false });
    let found = scan::<2>(&short_path(&[(3, &[7, 8]), (2, &[9])]), 7).unwrap();
    assert_eq!(found, Scan { numbers: 3, length: 1, first: 0, zero: false, own: true, confed: true });
}

#[test]
fn prepending_extends_the_first_sequence() {
    let value = path(&[(2, &[2, 3]), (2, &[4])]);
    let out = written(2, |w| prepend(w, AsPath::new(&value), 1, 2)).unwrap();
    assert_eq!(out, path(&[(2, &[1, 1, 2, 3]), (2, &[4])]));
    let out = written(2, |w| prepend(w, AsPath::new(&value), 1, 0)).unwrap();
    assert_eq!(out, value);
}

#[test]
fn prepending_opens_a_segment_where_it_must() {
    let full = path(&[(2, &[9; 255])]);
    let out = written(2, |w| write_as_path(w, AsPath::new(&full), Some(1), true)).unwrap();
    assert_eq!(out, path(&[(2, &[1]), (2, &[9; 255])]));
    let nearly = path(&[(2, &[9; 254])]);
    let out = written(2, |w| write_as_path(w, AsPath::new(&nearly), Some(9), true)).unwrap();
    assert_eq!(out, full);
    let set = path(&[(1, &[5, 6])]);
    let out = written(2, |w| write_as_path(w, AsPath::new(&set), Some(1), true)).unwrap();
    assert_eq!(out, path(&[(2, &[1]), (1, &[5, 6])]));
    let out = written(2, |w| write_as_path(w, AsPath::new(&[]), Some(1), true)).unwrap();
    assert_eq!(out, path(&[(2, &[1])]));
    let out = written(2, |w| prepend(w, AsPath::new(&full), 1, 255)).unwrap();
    assert_eq!(out, path(&[(2, &[1; 255]), (2, &[9; 255])]));
}

#[test]
fn inside_the_as_the_path_stays_as_it_is() {
    let value = path(&[(3, &[1]), (2, &[2]), (2, &[3])]);
    assert_eq!(written(2, |w| write_as_path(w, AsPath::new(&value), None, true)), Some(value));
}

#[test]
fn confederation_segments_stay_behind() {
    let value = path(&[(3, &[1]), (2, &[2]), (4, &[3])]);
    let out = written(2, |w| write_as_path(w, AsPath::new(&value), Some(9), true)).unwrap();
    assert_eq!(out, path(&[(2, &[9, 2])]));
}

#[test]
fn two_octet_neighbors_get_both_halves() {
    let value = path(&[(2, &[70000, 2])]);
    let out = written(2, |w| write_as_path(w, AsPath::new(&value), Some(65001), false)).unwrap();
    assert_eq!(out, short_path(&[(2, &[65001, 23456, 2])]));
    let out = written(17, |w| write_as4_path(w, AsPath::new(&value), Some(65001))).unwrap();
    assert_eq!(out, path(&[(2, &[65001, 70000, 2])]));
}

#[test]
fn as4_path_is_left_out_where_nothing_was_lost() {
    let value = path(&[(2, &[65535, 2])]);
    assert_eq!(written(17, |w| write_as4_path(w, AsPath::new(&value), Some(65001))), None);
    assert!(written(17, |w| write_as4_path(w, AsPath::new(&value), Some(65536))).is_some());
    let hidden = path(&[(3, &[70000]), (2, &[2])]);
    assert_eq!(written(17, |w| write_as4_path(w, AsPath::new(&hidden), None)), None);
}

#[test]
fn merging_takes_the_front_from_as_path() {
    let merged = |short: &[(u8, &[u16])], long: &[(u8, &[u32])]| {
        text(&written(2, |w| write_merged(w, &short_path(short), &path(long))).unwrap())
    };
    assert_eq!(merged(&[(2, &[1, 23456, 23456])], &[(2, &[70000, 80000])]), "1 70000 80000");
    assert_eq!(merged(&[(2, &[23456, 23456])], &[(2, &[70000, 80000])]), "70000 80000");
    assert_eq!(merged(&[(2, &[1, 2, 3]), (1, &[23456, 5])], &[(1, &[70000, 5])]), "1 2 3 {70000,5}");
    assert_eq!(merged(&[(1, &[1, 2]), (2, &[3, 23456])], &[(2, &[70000])]), "{1,2} 3 70000");
    assert_eq!(merged(&[(3, &[9]), (2, &[1, 23456])], &[(2, &[70000])]), "(9) 1 70000");
    assert_eq!(merged(&[(3, &[9]), (2, &[23456])], &[(2, &[70000])]), "(9) 70000");
    // AS4_PATH longer than AS_PATH is ignored.
    assert_eq!(merged(&[(2, &[1])], &[(2, &[70000, 80000])]), "1");
    // Confederation segments in AS4_PATH are left out of it.
    assert_eq!(merged(&[(2, &[1, 23456])], &[(3, &[5]), (2, &[70000])]), "1 70000");
}

#[test]
fn merging_joins_what_was_one_segment() {
    let short = short_path(&[(2, &[1, 23456])]);
    let out = written(2, |w| write_merged(w, &short, &path(&[(2, &[70000])]))).unwrap();
    assert_eq!(out, path(&[(2, &[1, 70000])]));
    // 200 numbers and 100 do not fit one segment.
    let short = short_path(&[(2, &[1; 200]), (2, &[23456; 100])]);
    let out = written(2, |w| write_merged(w, &short, &path(&[(2, &[70000; 100])]))).unwrap();
    assert_eq!(out, path(&[(2, &[1; 200]), (2, &[70000; 100])]));
}

#[test]
fn no_room_is_an_error() {
    let value = path(&[(2, &[1, 2, 3])]);
    for room in 0..21 {
        let mut buf = [0; 21];
        let mut w = Writer::new(&mut buf[..room]);
        let result = write_as_path(&mut w, AsPath::new(&value), Some(9), true);
        assert_eq!(result.is_ok(), room == 21, "{room}");
    }
    let mut buf = [0; 21];
    assert!(write_as_path(&mut Writer::new(&mut buf), AsPath::new(&value), Some(9), true).is_ok());
}
