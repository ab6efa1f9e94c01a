//! OPEN: its fixed part and its optional parameters (RFC 4271, 4.2 and 6.2; RFC 6286; RFC 6793; RFC 7607; RFC 9072).

use crier_core::config::{RemoteAs, Settings};
use crier_core::peer::State;

use crate::bytes::{KEEPALIVE, NOTIFICATION, OPEN, capabilities, message, open_body};
use crate::lab::{OUR_ID, OURS, THEIR_ID, THEIRS, connected, settings};
use crate::rows::Rows;

/// What this OPEN is answered with: the NOTIFICATION's body; `None` for a KEEPALIVE, which is agreement.
fn answer(settings: Settings, open: &[u8]) -> Option<Vec<u8>> {
    let [whole, cut] = [4096, 1].map(|piece| answer_to_pieces(settings, open, piece));
    assert_eq!(whole, cut, "one octet at a time");
    whole
}

fn answer_to_pieces(settings: Settings, open: &[u8], piece: usize) -> Option<Vec<u8>> {
    connected(settings, |lab| {
        assert_eq!(lab.read().iter().map(|(kind, _)| *kind).collect::<Vec<_>>(), [OPEN]);
        for piece in open.chunks(piece) {
            lab.send(piece);
        }
        match &lab.read()[..] {
            [(KEEPALIVE, _)] => {
                assert_eq!(lab.state(), State::OpenConfirm);
                None
            }
            [(NOTIFICATION, body)] => {
                assert!(lab.closed);
                Some(body.clone())
            }
            other => panic!("{other:?}"),
        }
    })
}

/// The answer to an OPEN of this body, from a neighbor that may be anybody.
fn to(body: &[u8]) -> Option<Vec<u8>> {
    answer(settings(), &message(OPEN, body))
}

fn fixed(asn: u16, hold: u16, id: [u8; 4]) -> Vec<u8> {
    open_body(asn, hold, id, &[])
}

fn with_parameters(parameters: &[u8]) -> Vec<u8> {
    open_body(THEIRS, 90, THEIR_ID, parameters)
}

/// Data: the version that we speak, in two octets.
#[test]
fn versions() {
    let mut rows = Rows::default();
    for version in 0..=255 {
        let mut body = fixed(THEIRS, 90, THEIR_ID);
        body[0] = version;
        let wanted = (version != 4).then(|| vec![2, 1, 0, 4]);
        rows.check(&format!("version {version}"), &to(&body), &wanted);
    }
    rows.finish(256);
}

#[test]
fn hold_times() {
    let mut rows = Rows::default();
    for hold in [0, 1, 2, 3, 4, 89, 90, 91, 180, 65_534, 65_535] {
        let wanted = matches!(hold, 1 | 2).then(|| vec![2, 6]);
        rows.check(&format!("hold time {hold}"), &to(&fixed(THEIRS, hold, THEIR_ID)), &wanted);
    }
    rows.finish(11);
}

/// Not zero, and within an AS not ours (RFC 6286, 2.1 and 2.2); any other number is an identifier.
#[test]
fn identifiers() {
    let mut rows = Rows::default();
    for (id, external, internal) in [
        ([0, 0, 0, 0], Some(vec![2, 3]), Some(vec![2, 3])),
        (OUR_ID, None, Some(vec![2, 3])),
        ([0, 0, 0, 1], None, None),
        ([127, 0, 0, 1], None, None),
        ([224, 0, 0, 1], None, None),
        ([240, 0, 0, 1], None, None),
        ([255, 255, 255, 255], None, None),
    ] {
        rows.check(&format!("{id:?}, external"), &to(&fixed(THEIRS, 90, id)), &external);
        rows.check(&format!("{id:?}, internal"), &to(&fixed(OURS, 90, id)), &internal);
    }
    rows.finish(14);
}

#[test]
fn as_numbers() {
    const TRANS: u16 = 23_456;
    let large = 70_000;
    let is = |asn| RemoteAs::Asn(asn);
    let any = RemoteAs::Any;
    // Field, capability, whom we expect, whether that is agreed.
    let table: [(u16, Option<u32>, RemoteAs, bool); 28] = [
        (THEIRS, None, any, true),
        (THEIRS, None, is(65_002), true),
        (THEIRS, Some(65_002), is(65_002), true),
        (THEIRS, None, is(65_003), false),
        (THEIRS, Some(65_002), is(65_003), false),
        (THEIRS, None, RemoteAs::External, true),
        (THEIRS, None, RemoteAs::Internal, false),
        (OURS, None, RemoteAs::Internal, true),
        (OURS, Some(65_001), RemoteAs::Internal, true),
        (OURS, None, RemoteAs::External, false),
        (OURS, Some(65_001), RemoteAs::External, false),
        // AS 0 (RFC 7607, 2), wherever it stands.
        (0, None, any, false),
        (0, Some(0), any, false),
        (THEIRS, Some(0), any, false),
        (TRANS, Some(0), any, false),
        (0, Some(65_002), any, false),
        // AS_TRANS stands for another number and is nobody's own (RFC 6793, 9).
        (TRANS, Some(large), any, true),
        (TRANS, Some(large), is(70_000), true),
        (TRANS, Some(large), is(70_001), false),
        (TRANS, Some(65_002), is(65_002), true),
        (TRANS, None, any, false),
        (TRANS, None, is(70_000), false),
        (TRANS, Some(23_456), any, false),
        // Field and capability that contradict each other.
        (THEIRS, Some(65_003), any, false),
        (THEIRS, Some(large), any, false),
        (THEIRS, Some(large), is(70_000), false),
        (OURS, Some(65_002), any, false),
        (TRANS, Some(u32::MAX), any, true),
    ];
    let mut rows = Rows::default();
    for (field, four, remote_as, agreed) in table {
        let list = four.map_or(Vec::new(), |asn| [&[65, 4][..], &asn.to_be_bytes()].concat());
        let open = message(OPEN, &open_body(field, 90, THEIR_ID, &capabilities(&list)));
        let found = answer(Settings { remote_as, ..settings() }, &open);
        let data = four.unwrap_or(field.into()).to_be_bytes();
        let wanted = (!agreed).then(|| [&[2, 2], &data[..]].concat());
        rows.check(&format!("{field} and {four:?}, {remote_as:?}"), &found, &wanted);
    }
    rows.finish(28);
}

/// Lengths that do not fit each other: OPEN Message Error / Unspecific (RFC 4271, 6.2). Other parameters are not supported; the
/// data shows which.
#[test]
fn parameters() {
    let two = [2, 6, 1, 4, 0, 1, 0, 1, 2, 2, 2, 0];
    let body = |len: u8, parameters: &[u8]| {
        let mut body = with_parameters(parameters);
        body[9] = len;
        body
    };
    let unspecific = || Some(vec![2, 0]);
    let unsupported = |parameter: &[u8]| Some([&[2, 4], parameter].concat());
    let mut rows = Rows::default();
    for (name, body, wanted) in [
        ("none", with_parameters(&[]), None),
        ("two", with_parameters(&two), None),
        ("an empty one", with_parameters(&[2, 0]), None),
        ("total too long by one", body(13, &two), unspecific()),
        ("total of 254", body(254, &two), unspecific()),
        ("total too short by one", body(11, &two), unspecific()),
        ("total of 0, and there are some", body(0, &two), unspecific()),
        ("total of 1", body(1, &[2]), unspecific()),
        ("only a type", with_parameters(&[2]), unspecific()),
        ("length past the end", with_parameters(&[2, 3, 2, 0]), unspecific()),
        ("length of 255", with_parameters(&[2, 255, 2, 0]), unspecific()),
        ("second one past the end", with_parameters(&[2, 2, 2, 0, 2, 1]), unspecific()),
        ("type 0", with_parameters(&[0, 0]), unsupported(&[0, 0])),
        ("authentication", with_parameters(&[1, 2, 7, 7]), unsupported(&[1, 2, 7, 7])),
        ("type 3", with_parameters(&[3, 0]), unsupported(&[3, 0])),
        ("type 254", with_parameters(&[254, 1, 9]), unsupported(&[254, 1, 9])),
        ("type 255, but not first", with_parameters(&[2, 0, 255, 0]), unsupported(&[255, 0])),
        ("type 3 behind capabilities", with_parameters(&[2, 2, 2, 0, 3, 0]), unsupported(&[3, 0])),
    ] {
        rows.check(name, &to(&body), &wanted);
    }
    rows.finish(18);
}

/// RFC 9072, 2: type 255 in the first place, and all lengths are of two octets. It may be used for few parameters too, and
/// what the short length says is ignored then.
#[test]
fn extended_parameters() {
    let extended = |short: u8, len: u16, list: &[u8]| {
        let mut body = with_parameters(&[]);
        body[9] = short;
        body.push(255);
        body.extend(len.to_be_bytes());
        body.extend(list);
        body
    };
    let one = [2, 0, 6, 1, 4, 0, 1, 0, 1];
    let long = [
        &[2, 1, 45][..],
        &[200, 255].iter().chain(&[7; 255]).copied().collect::<Vec<u8>>(),
        &[200, 42],
        &[7; 42],
    ]
    .concat();
    let unspecific = || Some(vec![2, 0]);
    let mut rows = Rows::default();
    for (name, body, wanted) in [
        ("as it should be", extended(255, 9, &one), None),
        ("with a short length of its own", extended(12, 9, &one), None),
        ("with a short length of 1", extended(1, 9, &one), None),
        ("none at all", extended(255, 0, &[]), None),
        ("one of 301 octets", extended(255, 304, &long), None),
        ("two", extended(255, 18, &[one, one].concat()), None),
        ("too long by one", extended(255, 10, &one), unspecific()),
        ("of 65535", extended(255, 65_535, &one), unspecific()),
        ("too short by one", extended(255, 8, &one), unspecific()),
        ("parameter too long", extended(255, 9, &[2, 0, 7, 1, 4, 0, 1, 0, 1]), unspecific()),
        ("parameter in the old form", extended(255, 8, &[2, 6, 1, 4, 0, 1, 0, 1]), unspecific()),
        ("parameter cut", extended(255, 2, &[2, 0]), unspecific()),
        ("no length", open_body(THEIRS, 90, THEIR_ID, &[255]), unspecific()),
        ("half a length", open_body(THEIRS, 90, THEIR_ID, &[255, 0]), unspecific()),
        ("another parameter", extended(255, 4, &[9, 0, 1, 7]), Some(vec![2, 4, 9, 0, 1, 7])),
        ("type 255 again", extended(255, 3, &[255, 0, 0]), Some(vec![2, 4, 255, 0, 0])),
    ] {
        rows.check(name, &to(&body), &wanted);
    }
    rows.finish(16);
}

/// Where more than one thing is wrong the first in the message counts; a fault in a capability comes before what would be
/// made of the whole.
#[test]
fn several_faults() {
    let mut body = fixed(0, 1, [0; 4]);
    body[0] = 5;
    assert_eq!(to(&body), Some(vec![2, 1, 0, 4]));
    assert_eq!(to(&fixed(0, 1, [0; 4])), Some(vec![2, 6]));
    assert_eq!(to(&fixed(0, 90, [0; 4])), Some(vec![2, 3]));
    assert_eq!(to(&open_body(0, 90, THEIR_ID, &[2, 3, 65, 1, 0])), Some(vec![2, 0, 65, 1, 0]));
}
