//! What is kept, and in which form.

use super::*;

#[test]
fn output_is_sorted_whatever_came_first() {
    let communities: &[u8] = &[0xC0, 8, 4, 0xFD, 0xE9, 0, 1];
    let unknown: &[u8] = &[0xC0, 99, 2, 7, 8];
    let atomic: &[u8] = &[0x40, 6, 0];
    let kept: &[u8] = &[0xE0, 99, 2, 7, 8];
    let sorted = join(&[AS_PATH, atomic, communities, kept]);
    for order in [
        [unknown, communities, NEXT_HOP, atomic, AS_PATH, ORIGIN],
        [ORIGIN, AS_PATH, NEXT_HOP, atomic, communities, unknown],
        [communities, unknown, AS_PATH, ORIGIN, atomic, NEXT_HOP],
    ] {
        let bytes = join(&order);
        let read = read(&EXTERNAL, &bytes, true).unwrap();
        read.assert_clean();
        assert_eq!(read.written, sorted);
    }
}

#[test]
fn unknown_transitive_attributes_are_opaque() {
    // The codes with which others were made to reset or to forward what they had broken.
    for code in [0, 23, 28, 35, 40, 128, 255] {
        for value in [&[][..], &[1], &[0xFF; 40]] {
            let bytes = with(&join(&[&[0xC0, code, value.len() as u8], value]));
            let read = read(&EXTERNAL, &bytes, true).unwrap();
            read.assert_clean();
            let kept = read.attribute(code).unwrap();
            assert_eq!((kept.flags, kept.value), (0xE0, value));
        }
    }
}

#[test]
fn unknown_optional_attributes_go_no_further() {
    let bytes = with(&[0x80, 99, 2, 7, 8]);
    let read = read(&EXTERNAL, &bytes, true).unwrap();
    read.assert_clean();
    assert_eq!(read.written, AS_PATH);
}

#[test]
fn flags_are_canonical() {
    let long = [0x11; 256];
    let bytes = join(&[
        &[0x5F, 1, 0, 1, 0],
        &[0x6F, 2, 6, 2, 1, 0, 0, 0xFD, 0xE9],
        NEXT_HOP,
        &[0xFF, 8, 0, 4, 0xFD, 0xE9, 0, 1],
        &[0xC0, 16, 8, 0, 2, 0, 0, 0, 0, 0, 1],
        &[0xF0, 99, 1, 0],
        &long,
        &[0xD0, 100, 0, 1, 5],
    ]);
    let read = read(&EXTERNAL, &bytes, true).unwrap();
    read.assert_clean();
    let flags = iter(&read.written).map(|tlv| (tlv.code, tlv.flags));
    assert!(flags.eq([(2, 0x40), (8, 0xE0), (16, 0xC0), (99, 0xF0), (100, 0xE0)]));
    assert_eq!(read.attribute(99).unwrap().value, long);
}

#[test]
fn key_holds_what_decisions_compare() {
    let bytes = join(&[
        &[0x40, 1, 1, 2],
        &[0x40, 2, 20, 2, 2, 0, 1, 0, 0, 0, 0, 0, 7, 1, 2, 0, 0, 0, 8, 0, 0, 0, 9],
        NEXT_HOP,
        &[0x80, 4, 4, 0, 0, 0, 0],
        LOCAL_PREF,
        &[0x80, 9, 4, 1, 2, 3, 4],
        &[0x80, 10, 8, 1, 1, 1, 1, 2, 2, 2, 2],
    ]);
    let read = read(&INTERNAL, &bytes, true).unwrap();
    read.assert_clean();
    let expected = Key {
        local_pref: 200,
        med: 0,
        neighbor_as: 65536,
        originator_id: 0x0102_0304,
        path_len: 3,
        origin: 2,
        flags: Key::HAS_MED | Key::HAS_LOCAL_PREF,
        cluster_len: 2,
        ..Key::default()
    };
    assert_eq!(read.parsed.key, expected);
    assert!(iter(&read.written).map(|tlv| (tlv.flags, tlv.code)).eq([(0x40, 2), (0x80, 9), (0x80, 10)]));
}

#[test]
fn well_known_communities_are_bits_of_the_key() {
    for (low, bit) in [
        ([0xFF, 0x01], Key::NO_EXPORT),
        ([0xFF, 0x02], Key::NO_ADVERTISE),
        ([0xFF, 0x03], Key::NO_EXPORT_SUBCONFED),
        ([0, 0], Key::GRACEFUL_SHUTDOWN),
        ([0x02, 0x9A], Key::BLACKHOLE),
        ([0, 7], 0),
    ] {
        let value = with(&[0xC0, 8, 8, 0xFD, 0xE9, low[0], low[1], 0xFF, 0xFF, low[0], low[1]]);
        assert_eq!(read(&EXTERNAL, &value, true).unwrap().parsed.key.communities, bit);
    }
}

#[test]
fn large_communities_are_kept_once() {
    let one = |number: u8| [0, 0, 0xFD, 0xE9, 0, 0, 0, 1, 0, 0, 0, number];
    let large = |numbers: &[u8]| {
        let mut bytes = Bytes::new();
        let len = (numbers.len() * 12) as u16;
        bytes.extend([0xD0, 32, len.to_be_bytes()[0], len.to_be_bytes()[1]]);
        numbers.iter().for_each(|&number| bytes.extend(one(number)));
        bytes
    };
    let kept = |numbers: &[u8]| {
        let bytes = with(&large(numbers));
        let read = read(&EXTERNAL, &bytes, true).unwrap();
        read.assert_clean();
        assert!(iter(&read.written).map(|tlv| tlv.raw.len()).sum::<usize>() == read.written.len());
        let kept = read.attribute(32).unwrap();
        assert_eq!(kept.flags & 0x10 != 0, kept.value.len() > 255);
        kept.value.chunks(12).map(|chunk| chunk[11]).collect::<heapless::Vec<u8, 64>>()
    };
    assert_eq!(kept(&[1, 2, 3]), [1, 2, 3]);
    assert_eq!(kept(&[2, 2]), [2]);
    assert_eq!(kept(&[3, 1, 3, 2, 1]), [1, 2, 3]);
    assert_eq!(kept(&[7; 40]), [7], "the header shrinks with the value");
    let falling: heapless::Vec<u8, 64> = (0..40).rev().chain([5, 6]).collect();
    assert!(kept(&falling).into_iter().eq(0..40));
}

#[test]
fn more_attributes_than_a_set_holds_withdraw() {
    let many = |count: u8| {
        let mut bytes = with(&[]);
        (100..=99 + count).for_each(|code| bytes.extend([0xC0, code, 0]));
        read(&EXTERNAL, &bytes, true).unwrap().withdrawn()
    };
    assert_eq!(many(63), None);
    assert_eq!(many(64), Some((0, Reason::TooLong)));
    assert_eq!(many(156), Some((0, Reason::TooLong)));
}
