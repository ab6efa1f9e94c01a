//! Faults, and whether they withdraw, discard or reset (RFC 7606).

use super::*;

/// Reads an external neighbor's UPDATE with prefixes and this attribute in it.
fn outcome(attribute: &[u8]) -> Option<(u8, Reason)> {
    read(&EXTERNAL, &with(attribute), true).unwrap().withdrawn()
}

#[test]
fn typical_update_is_clean() {
    let bytes = join(&[ORIGIN, AS_PATH, NEXT_HOP, &[0x80, 4, 4, 0, 0, 0, 50]]);
    let read = read(&EXTERNAL, &bytes, true).unwrap();
    read.assert_clean();
    assert_eq!(read.written, AS_PATH);
    assert_eq!(read.parsed.next_hop, Some([192, 0, 2, 1]));
    let expected =
        Key { med: 50, neighbor_as: 65001, path_len: 1, origin: 0, flags: Key::HAS_MED, ..Key::default() };
    assert_eq!(read.parsed.key, expected);
    assert!(!read.parsed.empty && read.parsed.end_of_rib().is_none());
}

#[test]
fn wrong_flags_withdraw() {
    let faulty: [(u8, &[u8]); 12] = [
        (1, &[0xC0, 1, 1, 0]),
        (2, &[0x00, 2, 6, 2, 1, 0, 0, 0xFD, 0xE9]),
        (3, &[0x80, 3, 4, 192, 0, 2, 1]),
        (4, &[0xC0, 4, 4, 0, 0, 0, 1]),
        (5, &[0xC0, 5, 4, 0, 0, 0, 1]),
        (6, &[0xC0, 6, 0]),
        (7, &[0x40, 7, 8, 0, 0, 0xFD, 0xE9, 192, 0, 2, 1]),
        (8, &[0x80, 8, 4, 0, 0, 0, 1]),
        (9, &[0x40, 9, 4, 0, 0, 0, 1]),
        (16, &[0x40, 16, 8, 0, 2, 0, 0, 0, 0, 0, 1]),
        (17, &[0x40, 17, 6, 2, 1, 0, 0, 0xFD, 0xE9]),
        (32, &[0x80, 32, 12, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]),
    ];
    for (code, bytes) in faulty {
        assert_eq!(outcome(bytes), Some((code, Reason::Malformed)), "{bytes:?}");
    }
    let internal = |bytes: &[u8]| read(&INTERNAL, &with_internal(bytes), true).unwrap().withdrawn();
    assert_eq!(internal(&[0xC0, 5, 4, 0, 0, 0, 1]), Some((5, Reason::Malformed)));
    assert_eq!(internal(&[0xC0, 9, 4, 0, 0, 0, 1]), Some((9, Reason::Malformed)));
    assert_eq!(internal(&[0x40, 10, 4, 0, 0, 0, 1]), Some((10, Reason::Malformed)));
}

#[test]
fn unused_flag_bits_and_partial_are_no_fault() {
    for origin in [0x4F, 0x6F, 0x60] {
        read(&EXTERNAL, &with(&[origin, 1, 1, 0]), true).unwrap().assert_clean();
    }
    read(&EXTERNAL, &with(&[0xAF, 4, 4, 0, 0, 0, 1]), true).unwrap().assert_clean();
    // Extended Length on a short value is no fault either.
    read(&EXTERNAL, &with(&[0x50, 1, 0, 1, 0]), true).unwrap().assert_clean();
}

#[test]
fn wrong_lengths_withdraw() {
    let faulty: [(u8, &[u8]); 15] = [
        (1, &[0x40, 1, 0]),
        (1, &[0x40, 1, 2, 0, 0]),
        (2, &[0x40, 2, 1, 2]),
        (3, &[0x40, 3, 0]),
        (3, &[0x40, 3, 3, 192, 0, 2]),
        (3, &[0x40, 3, 5, 192, 0, 2, 1, 1]),
        (4, &[0x80, 4, 0]),
        (4, &[0x80, 4, 3, 0, 0, 1]),
        (8, &[0xC0, 8, 0]),
        (8, &[0xC0, 8, 5, 0, 0, 0, 1, 2]),
        (16, &[0xC0, 16, 0]),
        (16, &[0xC0, 16, 4, 0, 2, 0, 0]),
        (32, &[0xC0, 32, 0]),
        (32, &[0xC0, 32, 8, 0, 0, 0, 1, 0, 0, 0, 1]),
        (32, &[0xC0, 32, 13, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 9]),
    ];
    for (code, bytes) in faulty {
        assert_eq!(outcome(bytes), Some((code, Reason::Malformed)), "{bytes:?}");
    }
    let internal: [(u8, &[u8]); 6] = [
        (5, &[0x40, 5, 0]),
        (5, &[0x40, 5, 5, 0, 0, 0, 1, 1]),
        (9, &[0x80, 9, 0]),
        (9, &[0x80, 9, 3, 1, 1, 1]),
        (10, &[0x80, 10, 0]),
        (10, &[0x80, 10, 6, 1, 1, 1, 1, 1, 1]),
    ];
    for (code, bytes) in internal {
        let bytes = with_internal(bytes);
        let read = read(&INTERNAL, &bytes, true).unwrap();
        assert_eq!(read.withdrawn(), Some((code, Reason::Malformed)), "{bytes:?}");
        assert_eq!(read.parsed.len, 0);
    }
}

#[test]
fn undefined_origin_withdraws() {
    assert_eq!(outcome(&[0x40, 1, 1, 3]), Some((1, Reason::Malformed)));
    assert_eq!(outcome(&[0x40, 1, 1, 2]), None);
}

#[test]
fn malformed_paths_withdraw() {
    let faulty: [&[u8]; 6] = [
        &[0x40, 2, 2, 2, 0],                                      // a segment without numbers
        &[0x40, 2, 8, 2, 1, 0, 0, 0xFD, 0xE9, 2, 0],              // likewise behind a good one
        &[0x40, 2, 6, 2, 2, 0, 0, 0xFD, 0xE9],                    // overrun
        &[0x40, 2, 7, 2, 1, 0, 0, 0xFD, 0xE9, 2],                 // underrun
        &[0x40, 2, 6, 5, 1, 0, 0, 0xFD, 0xE9],                    // unknown kind
        &[0x40, 2, 12, 2, 1, 0, 0, 0xFD, 0xE9, 3, 1, 0, 0, 0, 5], // confederation, from outside
    ];
    for bytes in faulty {
        assert_eq!(outcome(bytes), Some((2, Reason::Malformed)), "{bytes:?}");
    }
    let confed = with_internal(&[0x40, 2, 6, 3, 1, 0, 0, 0, 5]);
    read(&INTERNAL, &confed, true).unwrap().assert_clean();
}

#[test]
fn as_zero_withdraws_or_discards() {
    assert_eq!(outcome(&[0x40, 2, 10, 2, 2, 0, 0, 0xFD, 0xE9, 0, 0, 0, 0]), Some((2, Reason::AsZero)));
    let aggregator = with(&[0xC0, 7, 8, 0, 0, 0, 0, 192, 0, 2, 1]);
    let read = read(&EXTERNAL, &aggregator, true).unwrap();
    assert_eq!(read.discarded(), Some(7));
    assert_eq!(read.attribute(7), None);
}

#[test]
fn next_hops_that_are_no_hosts_withdraw() {
    for address in [[0, 0, 0, 0], [0, 1, 2, 3], [127, 0, 0, 1], [224, 0, 0, 1], [240, 0, 0, 1], [255; 4]] {
        let [a, b, c, d] = address;
        assert_eq!(outcome(&[0x40, 3, 4, a, b, c, d]), Some((3, Reason::NextHop)), "{address:?}");
    }
    let loopback = with(&[0x40, 3, 4, 127, 0, 0, 1]);
    let both_ends = Context { allow_loopback_next_hop: true, ..EXTERNAL };
    read(&both_ends, &loopback, true).unwrap().assert_clean();
}

#[test]
fn missing_mandatory_attributes_withdraw() {
    let missing = |attributes: &[&[u8]]| read(&EXTERNAL, &join(attributes), true).unwrap().withdrawn();
    assert_eq!(missing(&[AS_PATH, NEXT_HOP]), Some((1, Reason::Malformed)));
    assert_eq!(missing(&[ORIGIN, NEXT_HOP]), Some((2, Reason::Malformed)));
    assert_eq!(missing(&[ORIGIN, AS_PATH]), Some((3, Reason::Malformed)));
    assert_eq!(missing(&[]), Some((1, Reason::Malformed)));
    let no_local_pref = join(&[ORIGIN, EMPTY_AS_PATH, NEXT_HOP]);
    assert_eq!(read(&INTERNAL, &no_local_pref, true).unwrap().withdrawn(), Some((5, Reason::Malformed)));
}

#[test]
fn nothing_is_mandatory_where_nothing_is_announced() {
    let read = read(&EXTERNAL, ORIGIN, false).unwrap();
    read.assert_clean();
    assert_eq!(read.parsed.len, 0);
}

#[test]
fn faults_without_a_prefix_to_withdraw_reset() {
    assert_eq!(read(&EXTERNAL, &[0x40, 1, 1, 9], false).err(), Some((3, 1)));
    assert_eq!(read(&EXTERNAL, &[0x40, 1, 1], false).err(), Some((3, 1)));
    // Discarding needs no prefix.
    assert_eq!(read(&EXTERNAL, &[0x40, 6, 1, 0], false).unwrap().discarded(), Some(6));
    // Nor does an ignored NEXT_HOP (RFC 4760, 3).
    read(&EXTERNAL, &[0x40, 3, 1, 0], false).unwrap().assert_clean();
}

#[test]
fn overruns_withdraw_and_keep_what_came_before() {
    for tail in [
        &[0x40][..],
        &[0x40, 9],
        &[0x50, 9, 0],
        &[0xC0, 8, 4, 0, 0, 0],
        &[0xC0, 99, 255],
        &[0xD0, 99, 255, 255],
    ] {
        let bytes = join(&[ORIGIN, AS_PATH, NEXT_HOP, tail]);
        let read = read(&EXTERNAL, &bytes, true).unwrap();
        let code = tail.get(1).copied().unwrap_or(0);
        assert_eq!(read.withdrawn(), Some((code, Reason::Malformed)), "{tail:?}");
        assert_eq!(read.parsed.next_hop, Some([192, 0, 2, 1]));
        assert_eq!(read.parsed.len, 0);
    }
}

#[test]
fn discards_leave_the_rest_standing() {
    let faulty: [(u8, &[u8]); 6] = [
        (6, &[0x40, 6, 1, 0]),
        (7, &[0xC0, 7, 6, 0xFD, 0xE9, 192, 0, 2, 1]),
        (7, &[0xC0, 7, 0]),
        (5, &[0x40, 5, 1, 7]), // from an external neighbor, whatever the value
        (9, &[0x80, 9, 1, 7]),
        (10, &[0x80, 10, 0]),
    ];
    for (code, bytes) in faulty {
        let bytes = with(bytes);
        let read = read(&EXTERNAL, &bytes, true).unwrap();
        assert_eq!(read.discarded(), Some(code), "{bytes:?}");
        assert_eq!(read.written, AS_PATH);
        assert_eq!(read.parsed.key.preference(), 100);
        assert_eq!((read.parsed.key.originator_id, read.parsed.key.cluster_len), (0, 0));
    }
}

#[test]
fn repeated_attributes_are_discarded_but_the_first() {
    let again: &[u8] = &[0x40, 1, 1, 9]; // not even looked at
    let bytes = join(&[ORIGIN, AS_PATH, NEXT_HOP, again, again, &[0xC0, 99, 1, 1], &[0xC0, 99, 1, 2]]);
    let read = read(&EXTERNAL, &bytes, true).unwrap();
    assert_eq!(read.discarded(), Some(99));
    assert_eq!(read.parsed.discarded_count, 3);
    assert_eq!(read.parsed.key.origin, 0);
    assert_eq!(read.attribute(99).unwrap().value, [1]);
}

#[test]
fn the_strongest_outcome_wins_wherever_it_stands() {
    let faulty: &[u8] = &[0x40, 1, 1, 9];
    assert_eq!(
        read(&EXTERNAL, &join(&[faulty, AS_PATH, NEXT_HOP, &[0x40, 200, 0]]), true).err(),
        Some((3, 2))
    );
    let bytes = join(&[&[0x40, 6, 1, 0], faulty, AS_PATH, &[0x40, 3, 1, 0]]);
    let read = read(&EXTERNAL, &bytes, true).unwrap();
    assert_eq!(read.withdrawn(), Some((1, Reason::Malformed)), "the first reason stands");
    assert_eq!(read.parsed.discarded_count, 1);
}

#[test]
fn unknown_well_known_attribute_resets_and_is_told() {
    let mut out = [0; 64];
    let attribute: &[u8] = &[0x40, 200, 2, 7, 8];
    let error = parse(&EXTERNAL, &with(attribute), true, &mut out).unwrap_err();
    assert_eq!((error.code, error.subcode, &error.data[..]), (3, 2, attribute));
}

#[test]
fn refusals_are_no_faults() {
    let refuse = |ctx: &Context, bytes: &[u8]| {
        let read = read(ctx, bytes, true).unwrap();
        assert_eq!((read.parsed.withdraw, read.parsed.discarded_count, read.parsed.len), (None, 0, 0));
        read.parsed.refuse
    };
    let own = with(&[0x40, 2, 10, 2, 2, 0, 0, 0xFD, 0xE9, 0, 0, 0xFD, 0xE8]);
    assert_eq!(refuse(&EXTERNAL, &own), Reason::OwnAs);
    let other = with(&[0x40, 2, 6, 2, 1, 0, 0, 0, 9]);
    assert_eq!(refuse(&EXTERNAL, &other), Reason::FirstAs);
    assert_eq!(refuse(&EXTERNAL, &with(EMPTY_AS_PATH)), Reason::FirstAs);
    assert_eq!(refuse(&EXTERNAL, &with(&[0x40, 2, 6, 1, 1, 0, 0, 0xFD, 0xE9])), Reason::FirstAs);
    let lenient = Context { enforce_first_as: false, ..EXTERNAL };
    read(&lenient, &other, true).unwrap().assert_clean();
    let short = Context { max_as_path: 1, ..EXTERNAL };
    read(&short, &with(AS_PATH), true).unwrap().assert_clean();
    let two = with(&[0x40, 2, 10, 2, 2, 0, 0, 0xFD, 0xE9, 0, 0, 0, 9]);
    assert_eq!(refuse(&short, &two), Reason::AsPathTooLong);
    let set = with(&[0x40, 2, 16, 2, 1, 0, 0, 0xFD, 0xE9, 1, 2, 0, 0, 0, 8, 0, 0, 0, 9]);
    assert_eq!(refuse(&Context { max_as_path: 2, ..EXTERNAL }, &set), Reason::AsPathTooLong);
    assert_eq!(refuse(&INTERNAL, &with_internal(&[0x80, 9, 4, 10, 0, 0, 1])), Reason::ReflectionLoop);
    let clusters = with_internal(&[0x80, 10, 8, 1, 1, 1, 1, 10, 0, 0, 1]);
    assert_eq!(refuse(&INTERNAL, &clusters), Reason::ReflectionLoop);
}

#[test]
fn no_room_withdraws() {
    let bytes = with(&[0xC0, 8, 4, 0, 0, 0, 1]);
    let mut out = [0; 64];
    for room in 0..16 {
        let parsed = parse(&EXTERNAL, &bytes, true, &mut out[..room]).unwrap();
        assert_eq!(parsed.withdraw.map(|fault| fault.refuse), Some(Reason::TooLong), "{room}");
        assert_eq!(parsed.len, 0);
    }
    assert_eq!(parse(&EXTERNAL, &bytes, true, &mut out[..16]).unwrap().len, 16);
}
