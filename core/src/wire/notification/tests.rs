extern crate std;

use std::format;
use std::string::{String, ToString};

use super::*;
use crate::wire::header::{Frame, MAX_LEN, frame};

fn bytes_of(notification: &Notification) -> heapless::Vec<u8, 512> {
    let mut buf = [0; 512];
    let mut writer = Writer::new(&mut buf);
    notification.encode(&mut writer).unwrap();
    heapless::Vec::from_slice(writer.written()).unwrap()
}

#[test]
fn the_bytes_are_those_of_the_rfc() {
    let bytes = bytes_of(&Notification::with_data(codes::open::UNSUPPORTED_VERSION_NUMBER, &[0, 4]));
    let mut wanted = [0xFF; 23];
    wanted[16..].copy_from_slice(&[0, 23, 3, 2, 1, 0, 4]);
    assert_eq!(bytes, wanted);
    let Frame::Message { body, .. } = frame(&bytes, MAX_LEN) else { panic!() };
    let parsed = Notification::parse(body);
    assert_eq!((parsed.code, parsed.subcode, &parsed.data[..]), (2, 1, &[0, 4][..]));
}

#[test]
fn what_does_not_fit_is_not_begun() {
    let mut buf = [0; 20];
    let mut writer = Writer::new(&mut buf);
    assert_eq!(Notification::new(codes::hold_timer::EXPIRED).encode(&mut writer), Err(NoRoom));
    assert!(writer.is_empty());
}

#[test]
fn long_data_is_cut_and_a_missing_code_is_an_unknown_error() {
    let mut body = [9; 2 + 300];
    body[0] = 3;
    body[1] = 1;
    let parsed = Notification::parse(&body);
    assert_eq!((parsed.code, parsed.subcode, parsed.data.len()), (3, 1, MAX_DATA));
    for short in [&[][..], &[6]] {
        let parsed = Notification::parse(short);
        assert_eq!((parsed.code, parsed.subcode, parsed.name()), (0, 0, "unknown error"));
    }
}

#[test]
fn errors_have_names() {
    for (code, subcode, name) in [
        (1, 0, "Message Header Error"),
        (1, 2, "Message Header Error / Bad Message Length"),
        (2, 0, "OPEN Message Error"),
        (2, 2, "OPEN Message Error / Bad Peer AS"),
        (2, 5, "OPEN Message Error / unknown subcode (2/5)"),
        (3, 11, "UPDATE Message Error / Malformed AS_PATH"),
        (4, 0, "Hold Timer Expired"),
        (5, 0, "Finite State Machine Error"),
        (5, 3, "Finite State Machine Error / Receive Unexpected Message in Established State"),
        (6, 0, "Cease"),
        (6, 2, "Cease / Administrative Shutdown"),
        (6, 9, "Cease / Hard Reset"),
        (6, 42, "Cease / unknown subcode (6/42)"),
        (7, 1, "ROUTE-REFRESH Message Error / Invalid Message Length"),
        (8, 0, "Send Hold Timer Expired"),
        (0, 0, "unknown error (0/0)"),
        (255, 255, "unknown error (255/255)"),
    ] {
        assert_eq!(ErrorCode { code, subcode }.to_string(), name);
    }
}

#[test]
fn a_shutdown_communication_goes_through() {
    let sent = Notification::with_communication(codes::cease::ADMINISTRATIVE_SHUTDOWN, "näher am Gerät");
    assert_eq!(sent.data[0], 16);
    let read = Notification::parse(&bytes_of(&sent)[19..]);
    assert_eq!(read.communication().unwrap().to_string(), "näher am Gerät");
    assert_eq!(read.to_string(), "Cease / Administrative Shutdown: \"näher am Gerät\"");
}

#[test]
fn a_long_communication_is_cut_where_a_character_ends() {
    // 127 two-byte characters are 254 bytes; the 128th would end at 256.
    let words: String = core::iter::repeat_n('é', 200).collect();
    let sent = Notification::with_communication(codes::cease::ADMINISTRATIVE_RESET, &words);
    assert_eq!((sent.data[0], sent.data.len()), (254, 255));
    assert_eq!(core::str::from_utf8(&sent.data[1..]).unwrap(), &words[..254]);
    let ascii: String = core::iter::repeat_n('x', 300).collect();
    let sent = Notification::with_communication(codes::cease::ADMINISTRATIVE_RESET, &ascii);
    assert_eq!((sent.data[0], sent.data.len()), (255, 256));
}

#[test]
fn only_shutdown_and_reset_carry_words_and_no_words_make_no_data() {
    assert!(Notification::with_communication(codes::cease::ADMINISTRATIVE_SHUTDOWN, "").data.is_empty());
    assert!(Notification::with_communication(codes::cease::OUT_OF_RESOURCES, "x").data.is_empty());
    assert_eq!(Notification::with_data(codes::cease::OUT_OF_RESOURCES, b"\x01x").communication(), None);
}

#[test]
fn a_communication_whose_length_is_wrong_is_none() {
    for data in [&[][..], &[0], &[0, b'x'], &[2, b'x'], &[255]] {
        let read = Notification::with_data(codes::cease::ADMINISTRATIVE_SHUTDOWN, data);
        assert_eq!(read.communication(), None, "{data:?}");
        assert_eq!(read.to_string(), "Cease / Administrative Shutdown");
    }
    // What follows the words is no part of them.
    let read = Notification::with_data(codes::cease::ADMINISTRATIVE_SHUTDOWN, b"\x02okrest");
    assert_eq!(read.communication(), Some(Escaped(b"ok")));
}

#[test]
fn text_from_outside_cannot_act_on_a_terminal() {
    for (bytes, shown) in [
        (&b"plain, it's fine"[..], "plain, it's fine"),
        (b"a\x1b[31mred\x07\r\n\t\0\x7f", "a\\u{1b}[31mred\\u{7}\\r\\n\\t\\0\\u{7f}"),
        (b"say \"hi\" \\ bye", "say \\\"hi\\\" \\\\ bye"),
        (b"ok\xff\xc3(\xe2\x82", "ok\\xff\\xc3(\\xe2\\x82"),
        ("한국어 é".as_bytes(), "한국어 é"),
        ("\u{202e}evil\u{2028}\u{9b}".as_bytes(), "\\u{202e}evil\\u{2028}\\u{9b}"),
    ] {
        assert_eq!(format!("{}", Escaped(bytes)), shown);
    }
}
