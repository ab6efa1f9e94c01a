use super::*;

/// A header with this length field and type, followed by zeros up to `total` bytes.
fn message<const N: usize>(len: u16, kind: u8) -> [u8; N] {
    let mut bytes = [0; N];
    bytes[..16].fill(0xFF);
    bytes[16..18].copy_from_slice(&len.to_be_bytes());
    bytes[18] = kind;
    bytes
}

fn fault(len: u16, kind: u8, max: usize) -> (u8, u8, heapless::Vec<u8, 4>) {
    match frame(&message::<19>(len, kind), max) {
        Frame::Fault(n) => (n.code, n.subcode, heapless::Vec::from_slice(&n.data).unwrap()),
        other => panic!("no fault for length {len} of type {kind}: {other:?}"),
    }
}

fn needed(len: u16, kind: u8, max: usize) -> usize {
    match frame(&message::<19>(len, kind), max) {
        Frame::Incomplete { needed } => needed,
        other => panic!("not incomplete for length {len} of type {kind}: {other:?}"),
    }
}

#[test]
fn every_cut_of_a_message_is_incomplete_and_the_whole_is_a_message() {
    let bytes = message::<30>(23, 2);
    for cut in 0..19 {
        assert_eq!(frame(&bytes[..cut], MAX_LEN), Frame::Incomplete { needed: 19 });
    }
    for cut in 19..23 {
        assert_eq!(frame(&bytes[..cut], MAX_LEN), Frame::Incomplete { needed: 23 });
    }
    for cut in 23..=30 {
        let whole = Frame::Message { kind: Kind::Update, body: &[0; 4], len: 23 };
        assert_eq!(frame(&bytes[..cut], MAX_LEN), whole);
    }
}

#[test]
fn each_type_is_known_by_its_code() {
    for (code, kind, len) in [
        (1, Kind::Open, 29),
        (2, Kind::Update, 23),
        (3, Kind::Notification, 21),
        (4, Kind::Keepalive, 19),
        (5, Kind::RouteRefresh, 23),
    ] {
        let bytes = message::<29>(len, code);
        let body = &bytes[19..usize::from(len)];
        assert_eq!(frame(&bytes, MAX_LEN), Frame::Message { kind, body, len: usize::from(len) });
        assert_eq!(kind.index(), usize::from(code) - 1);
        assert_eq!(Kind::ALL[kind.index()], kind);
    }
}

#[test]
fn any_wrong_bit_of_the_marker_is_not_synchronized() {
    for bit in 0..128 {
        let mut bytes = message::<19>(19, 4);
        bytes[bit / 8] ^= 1 << (bit % 8);
        let wanted = Notification { code: 1, subcode: 1, ..Notification::default() };
        assert_eq!(frame(&bytes, MAX_LEN), Frame::Fault(wanted), "bit {bit}");
    }
}

#[test]
fn the_marker_is_judged_before_length_and_type() {
    for (len, kind) in [(0, 2), (19, 9), (0, 0)] {
        let mut bytes = message::<19>(len, kind);
        bytes[3] = 0;
        assert!(matches!(frame(&bytes, MAX_LEN), Frame::Fault(n) if (n.code, n.subcode) == (1, 1)));
    }
}

#[test]
fn a_length_out_of_bounds_is_answered_with_itself_before_the_body_is_there() {
    for (kind, bad) in [
        (1, &[0_u16, 18, 28, 4097, 65535][..]),
        (2, &[0, 18, 22, 4097, 65535]),
        (3, &[0, 20, 4097]),
        (4, &[0, 18, 20, 4096]),
        (5, &[0, 18, 4097]),
        (9, &[0, 18, 4097]),
    ] {
        for &len in bad {
            let [high, low] = len.to_be_bytes();
            let wanted = heapless::Vec::from_slice(&[high, low]).unwrap();
            assert_eq!(fault(len, kind, MAX_LEN), (1, 2, wanted), "length {len} of type {kind}");
        }
    }
}

#[test]
fn the_bounds_themselves_are_allowed() {
    for (kind, len) in [(1, 29), (1, 4096), (2, 23), (2, 4096), (3, 21), (3, 4096), (5, 20), (5, 4096)] {
        assert_eq!(needed(len, kind, MAX_LEN), usize::from(len));
    }
}

#[test]
fn extended_messages_are_long_but_never_an_open_or_a_keepalive() {
    for kind in [2, 3, 5] {
        assert_eq!(needed(4097, kind, MAX_EXTENDED_LEN), 4097);
        assert_eq!(needed(65535, kind, MAX_EXTENDED_LEN), 65535);
    }
    assert_eq!(fault(4097, 1, MAX_EXTENDED_LEN).1, 2);
    assert_eq!(fault(20, 4, MAX_EXTENDED_LEN).1, 2);
}

#[test]
fn an_unknown_type_is_answered_with_itself() {
    for kind in [0, 6, 7, 255] {
        assert_eq!(fault(19, kind, MAX_LEN), (1, 3, heapless::Vec::from_slice(&[kind]).unwrap()));
    }
}

#[test]
fn a_message_is_written_with_its_length_or_not_at_all() {
    let mut buf = [0xAA; 30];
    let mut writer = Writer::new(&mut buf);
    writer.put(&[7]).unwrap();
    put_message(&mut writer, Kind::RouteRefresh, |w| w.put(&[0, 1, 0, 1])).unwrap();
    assert_eq!(put_message(&mut writer, Kind::Keepalive, |_| Ok(())), Err(NoRoom));
    assert_eq!(writer.len(), 24);
    let wanted = Frame::Message { kind: Kind::RouteRefresh, body: &[0, 1, 0, 1], len: 23 };
    assert_eq!(frame(&writer.written()[1..], MAX_LEN), wanted);
}
