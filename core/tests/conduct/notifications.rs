//! NOTIFICATION of every kind: it ends the session, and nothing answers it (RFC 4271, 4.5 and 6.4; RFC 4486; RFC 8203 and 9003;
//! RFC 8538).

use crier_core::peer::State::{Established, OpenConfirm, OpenSent};
use crier_core::view::Direction;

use crate::bytes::{NOTIFICATION, keepalive, message};
use crate::lab::{connected, settings};
use crate::rows::Rows;

/// Receives this NOTIFICATION's body in a state: what is remembered of it, as people read it.
fn remembered(state: crier_core::peer::State, body: &[u8]) -> String {
    connected(settings(), |lab| {
        lab.reach(state);
        // What follows is not looked at.
        lab.send(&[message(NOTIFICATION, body), keepalive(), vec![0; 40]].concat());
        assert_eq!(lab.read(), [], "an answer");
        assert!(lab.closed);
        assert!(lab.state() < OpenSent);
        let error = lab.view().last_error.unwrap();
        assert_eq!(error.direction, Direction::Received);
        let len = error.notification.data.len();
        assert_eq!(
            [&[error.notification.code, error.notification.subcode], &error.notification.data[..]].concat(),
            { &body[..2 + len] }
        );
        assert_eq!(len, (body.len() - 2).min(256));
        error.notification.to_string()
    })
}

#[test]
fn every_code_in_every_state() {
    let mut rows = Rows::default();
    for state in [OpenSent, OpenConfirm, Established] {
        for code in 0..=255 {
            for subcode in [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 255] {
                let words = remembered(state, &[code, subcode]);
                rows.check(&format!("{code}/{subcode} in {state}"), &words.is_empty(), &false);
            }
        }
    }
    rows.finish(3 * 256 * 14);
}

#[test]
fn data_of_every_length() {
    for len in [1, 2, 20, 255, 256, 257, 1000, 4075] {
        for code in [0, 1, 2, 3, 5, 6, 7, 200] {
            remembered(Established, &[vec![code, 2], vec![0xA5; len]].concat());
        }
    }
}

/// The operator's words are shown where they are whole, and can do no harm (RFC 9003, 2 and 3).
#[test]
fn shutdown_communications() {
    let longest = "x".repeat(255);
    let quoted = |subcode: &str, words: &str| format!("Cease / Administrative {subcode}: \"{words}\"");
    let plain = |subcode: &str| format!("Cease / Administrative {subcode}");
    let table: Vec<(&str, u8, Vec<u8>, String)> = vec![
        ("words", 2, [&[5][..], b"night"].concat(), quoted("Shutdown", "night")),
        ("words at a reset", 4, [&[5][..], b"night"].concat(), quoted("Reset", "night")),
        ("none", 2, vec![], plain("Shutdown")),
        ("none, with a length", 2, vec![0], plain("Shutdown")),
        (
            "128, the most of RFC 8203",
            2,
            [&[128][..], &[b'x'; 128]].concat(),
            quoted("Shutdown", &"x".repeat(128)),
        ),
        (
            "255, the most of RFC 9003",
            2,
            [&[255][..], longest.as_bytes()].concat(),
            quoted("Shutdown", &longest),
        ),
        ("cut short", 2, vec![5, b'a', b'b'], plain("Shutdown")),
        ("more behind", 2, vec![1, b'a', b'b', b'c'], quoted("Shutdown", "a")),
        ("not UTF-8", 2, vec![4, b'a', 0xFF, 0xC3, b'b'], quoted("Shutdown", "a\\xff\\xc3b")),
        ("a cut character", 2, vec![2, b'a', 0xE2], quoted("Shutdown", "a\\xe2")),
        ("a terminal's escape", 2, vec![5, 0x1B, b'[', b'3', b'1', b'm'], quoted("Shutdown", "\\u{1b}[31m")),
        ("a line's end and a quote", 2, vec![3, b'\n', b'"', 0], quoted("Shutdown", "\\n\\\"\\0")),
        ("in a Cease without words", 3, vec![1, b'a'], "Cease / Peer De-configured".to_owned()),
        ("in a hard reset", 9, vec![6, 2, 1, b'a'], "Cease / Hard Reset".to_owned()),
    ];
    let mut rows = Rows::default();
    for (name, subcode, data, wanted) in table {
        rows.check(name, &remembered(Established, &[vec![6, subcode], data].concat()), &wanted);
    }
    rows.finish(14);
}
