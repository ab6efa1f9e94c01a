//! Neighbors without four-octet AS numbers (RFC 6793).

use core::fmt::Write;

use super::*;
use crate::wire::as_path;

/// The AS_PATH kept of an UPDATE from such a neighbor, as text; the attribute last discarded.
fn path(ctx: &Context, bytes: &[u8]) -> (heapless::String<64>, Option<u8>) {
    let read = read(ctx, bytes, true).unwrap();
    let mut text = heapless::String::new();
    write!(text, "{}", as_path::AsPath::of(&read.written)).unwrap();
    (text, read.discarded())
}

fn two_octet(attributes: &[&[u8]]) -> Bytes {
    join(&[ORIGIN, NEXT_HOP, &join(attributes)])
}

/// 65001 23456 7
const WITH_TRANS: &[u8] = &[0x40, 2, 8, 2, 3, 0xFD, 0xE9, 0x5B, 0xA0, 0, 7];
/// 70000 7
const AS4_PATH: &[u8] = &[0xC0, 17, 10, 2, 2, 0, 1, 0x11, 0x70, 0, 0, 0, 7];

#[test]
fn paths_are_widened() {
    assert_eq!(path(&TWO_OCTET, &two_octet(&[SHORT_AS_PATH])), ("65001".try_into().unwrap(), None));
    let bytes = two_octet(&[SHORT_AS_PATH]);
    let read = read(&TWO_OCTET, &bytes, true).unwrap();
    assert_eq!(read.written, AS_PATH);
    assert_eq!(read.parsed.key.neighbor_as, 65001);
}

#[test]
fn a_path_of_the_wrong_width_withdraws() {
    let bytes = two_octet(&[AS_PATH]);
    assert_eq!(read(&TWO_OCTET, &bytes, true).unwrap().withdrawn(), Some((2, Reason::Malformed)));
    let bytes = two_octet(&[SHORT_AS_PATH]);
    assert_eq!(read(&EXTERNAL, &bytes, true).unwrap().withdrawn(), Some((2, Reason::Malformed)));
}

#[test]
fn halves_are_merged() {
    let bytes = two_octet(&[WITH_TRANS, AS4_PATH]);
    assert_eq!(path(&TWO_OCTET, &bytes), ("65001 70000 7".try_into().unwrap(), None));
    let bytes = two_octet(&[AS4_PATH, WITH_TRANS]);
    let read = read(&TWO_OCTET, &bytes, true).unwrap();
    assert_eq!(read.written[..], [0x40, 2, 14, 2, 3, 0, 0, 0xFD, 0xE9, 0, 1, 0x11, 0x70, 0, 0, 0, 7]);
    assert_eq!(read.parsed.key.path_len, 3);
}

#[test]
fn what_merging_brings_to_light_is_refused() {
    let bytes = two_octet(&[WITH_TRANS, AS4_PATH]);
    let own = Context { local_asn: 70000, ..TWO_OCTET };
    let read = read(&own, &bytes, true).unwrap();
    assert_eq!((read.parsed.refuse, read.parsed.len), (Reason::OwnAs, 0));
}

#[test]
fn first_as_is_that_of_as_path_as_received() {
    let bytes = two_octet(&[&[0x40, 2, 4, 2, 1, 0x5B, 0xA0], &[0xC0, 17, 6, 2, 1, 0, 1, 0x11, 0x70]]);
    let trans = Context { remote_asn: as_path::AS_TRANS, ..TWO_OCTET };
    assert_eq!(path(&trans, &bytes), ("70000".try_into().unwrap(), None));
}

/// An AS4_PATH as long as the AS_PATH takes its whole place, and must begin with the neighbor too.
#[test]
fn first_as_is_that_of_the_merged_path_too() {
    let bytes = two_octet(&[SHORT_AS_PATH, &[0xC0, 17, 6, 2, 1, 0, 1, 0x11, 0x70]]);
    let read = read(&TWO_OCTET, &bytes, true).unwrap();
    assert_eq!((read.parsed.refuse, read.parsed.len), (Reason::FirstAs, 0));
    let lenient = Context { enforce_first_as: false, ..TWO_OCTET };
    assert_eq!(path(&lenient, &bytes), ("70000".try_into().unwrap(), None));
}

#[test]
fn faults_in_as4_path_cost_only_as4_path() {
    let faulty: [&[u8]; 7] = [
        &[0xC0, 17, 0],
        &[0xC0, 17, 4, 2, 1, 0, 7],                   // two-octet numbers
        &[0xC0, 17, 6, 2, 2, 0, 1, 0x11, 0x70],       // overrun
        &[0xC0, 17, 7, 2, 1, 0, 1, 0x11, 0x70, 2],    // underrun
        &[0xC0, 17, 6, 9, 1, 0, 1, 0x11, 0x70],       // unknown kind
        &[0xC0, 17, 8, 2, 0, 2, 1, 0, 1, 0x11, 0x70], // no numbers
        &[0xC0, 17, 6, 2, 1, 0, 0, 0, 0],             // AS 0
    ];
    for as4_path in faulty {
        let bytes = two_octet(&[WITH_TRANS, as4_path]);
        assert_eq!(path(&TWO_OCTET, &bytes), ("65001 23456 7".try_into().unwrap(), Some(17)), "{as4_path:?}");
    }
    // Wrong flags are no fault of its own kind (RFC 7606, 3 c).
    for flags in [0x40, 0x80] {
        let bytes = two_octet(&[WITH_TRANS, &[flags, 17, 6, 2, 1, 0, 1, 0x11, 0x70]]);
        assert_eq!(read(&TWO_OCTET, &bytes, true).unwrap().withdrawn(), Some((17, Reason::Malformed)));
    }
    // A confederation in it is left out, no more.
    let confed: &[u8] = &[0xC0, 17, 12, 3, 1, 0, 0, 0, 5, 2, 1, 0, 0, 0, 7];
    let bytes = two_octet(&[WITH_TRANS, confed]);
    assert_eq!(path(&TWO_OCTET, &bytes), ("65001 23456 7".try_into().unwrap(), None));
}

#[test]
fn halves_from_a_four_octet_neighbor_are_discarded() {
    let as4_aggregator: &[u8] = &[0xC0, 18, 8, 0, 1, 0, 0, 192, 0, 2, 1];
    let bytes = join(&[ORIGIN, AS_PATH, NEXT_HOP, AS4_PATH, as4_aggregator]);
    let read = read(&EXTERNAL, &bytes, true).unwrap();
    assert_eq!(read.discarded(), Some(18));
    assert_eq!(read.parsed.discarded_count, 2);
    assert_eq!(read.written, AS_PATH);
}

#[test]
fn aggregator_is_widened_or_replaced() {
    let trans: &[u8] = &[0xC0, 7, 6, 0x5B, 0xA0, 192, 0, 2, 1];
    let narrow: &[u8] = &[0xC0, 7, 6, 0xFD, 0xE9, 192, 0, 2, 1];
    let whole: &[u8] = &[0xC0, 18, 8, 0, 1, 0x11, 0x70, 192, 0, 2, 9];
    let aggregator = |attributes: &[&[u8]]| {
        let bytes = two_octet(&[WITH_TRANS, &join(attributes)]);
        let read = read(&TWO_OCTET, &bytes, true).unwrap();
        let path = as_path::AsPath::of(&read.written).contains(70000);
        (read.attribute(7).map(|tlv| Bytes::from_slice(tlv.raw).unwrap()), path)
    };
    let bytes = |bytes: &[u8]| Some(Bytes::from_slice(bytes).unwrap());
    assert_eq!(aggregator(&[narrow]).0, bytes(&[0xC0, 7, 8, 0, 0, 0xFD, 0xE9, 192, 0, 2, 1]));
    assert_eq!(aggregator(&[trans, whole]).0, bytes(&[0xC0, 7, 8, 0, 1, 0x11, 0x70, 192, 0, 2, 9]));
    assert!(aggregator(&[trans, whole, AS4_PATH]).1);
    // Aggregated again since: both halves are of another route (RFC 6793, 4.2.3).
    assert_eq!(
        aggregator(&[narrow, whole, AS4_PATH]),
        (bytes(&[0xC0, 7, 8, 0, 0, 0xFD, 0xE9, 192, 0, 2, 1]), false)
    );
    assert!(aggregator(&[narrow, AS4_PATH]).1);
    assert_eq!(aggregator(&[whole]).0, None);
    // A malformed half is as good as none.
    assert_eq!(
        aggregator(&[narrow, &[0xC0, 18, 6, 0, 1, 192, 0, 2, 9], AS4_PATH]),
        (bytes(&[0xC0, 7, 8, 0, 0, 0xFD, 0xE9, 192, 0, 2, 1]), true)
    );
}
