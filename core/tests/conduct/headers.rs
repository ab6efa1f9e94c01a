//! The header of every message: marker, length, type, in every state (RFC 4271, 4.1 and 6.1; RFC 8654; RFC 7313, 5).

use crier_core::peer::State::{self, Established, OpenConfirm, OpenSent};

use crate::bytes::{KEEPALIVE, NOTIFICATION, OPEN, REFRESH, UPDATE, header, keepalive, message, update};
use crate::lab::{Kind, connected, established, open_with, settings};
use crate::rows::Rows;
use crate::verdict::{NLRI, basic};

const STATES: [State; 3] = [OpenSent, OpenConfirm, Established];

/// The NOTIFICATION that these bytes are answered with in this state, code, subcode and data; in pieces of this size.
fn answer(state: State, bytes: &[u8], piece: usize) -> Option<Vec<u8>> {
    connected(settings(), |lab| {
        lab.reach(state);
        for piece in bytes.chunks(piece) {
            lab.send(piece);
        }
        let (kind, body) = lab.words().pop()?;
        assert_eq!((kind, lab.closed), (NOTIFICATION, true));
        Some(body)
    })
}

#[test]
fn markers() {
    let mut rows = Rows::default();
    for state in STATES {
        for at in 0..16 {
            for wrong in [0x00, 0x7F, 0xFE] {
                let mut bytes = keepalive();
                bytes[at] = wrong;
                let name = format!("{wrong:#04x} at {at} in {state}");
                rows.check(&name, &answer(state, &bytes, 100), &Some(vec![1, 1]));
            }
        }
        // The marker is looked at first, whatever else is wrong.
        let zeros = vec![0; 19];
        rows.check("zeros", &answer(state, &zeros, 100), &Some(vec![1, 1]));
        rows.check("HTTP", &answer(state, b"GET / HTTP/1.1\r\n\r\n  ", 3), &Some(vec![1, 1]));
    }
    rows.finish(150);
}

/// Lengths that no message of the type has are answered as soon as the header is there, with the length as data.
#[test]
fn lengths() {
    let mut rows = Rows::default();
    // Type, the shortest and the longest that are possible.
    for (kind, least, most) in [
        (OPEN, 29, 4096),
        (UPDATE, 23, 4096),
        (NOTIFICATION, 21, 4096),
        (KEEPALIVE, 19, 19),
        (REFRESH, 19, 4096),
    ] {
        for state in STATES {
            let below = 0u16..least;
            let above = [most + 1, most + 2, 4097, 8192, 65_534, 65_535];
            for len in below.chain(above) {
                let [high, low] = len.to_be_bytes();
                for piece in [1, 100] {
                    let found = answer(state, &header(len, kind), piece);
                    let name = format!("type {kind} of {len} in {state} by {piece}");
                    rows.check(&name, &found, &Some(vec![1, 2, high, low]));
                }
            }
        }
    }
    rows.finish(846);
}

#[test]
fn types() {
    let mut rows = Rows::default();
    for state in STATES {
        for kind in (6..=255).chain([0]) {
            rows.check(
                &format!("type {kind} in {state}"),
                &answer(state, &header(19, kind), 100),
                &Some(vec![1, 3, kind]),
            );
        }
        // A wrong length comes first.
        rows.check("type 0 of 18", &answer(state, &header(18, 0), 100), &Some(vec![1, 2, 0, 18]));
        rows.check("type 6 of 4097", &answer(state, &header(4097, 6), 100), &Some(vec![1, 2, 16, 1]));
    }
    rows.finish(759);
}

/// The longest and shortest lengths of each type are waited for, and say nothing by themselves.
#[test]
fn lengths_that_can_be_are_waited_for() {
    for (kind, len) in
        [(OPEN, 29), (OPEN, 4096), (UPDATE, 23), (UPDATE, 4096), (NOTIFICATION, 4096), (REFRESH, 23)]
    {
        for state in STATES {
            assert_eq!(answer(state, &header(len, kind), 100), None, "type {kind} of {len} in {state}");
        }
    }
}

/// RFC 8654, 4: with the capability UPDATE, NOTIFICATION and ROUTE-REFRESH may be long, OPEN and KEEPALIVE may not.
#[test]
fn extended_messages() {
    let list = [Kind::External.capabilities(), vec![6, 0]].concat();
    let extended = |bytes: &[u8]| {
        connected(settings(), |lab| {
            lab.establish(&open_with(65_002, 90, &list));
            lab.send(bytes);
            (lab.state(), lab.words().pop().map(|(_, body)| body))
        })
    };
    assert_eq!(extended(&header(4097, OPEN)).1, Some(vec![1, 2, 16, 1]));
    assert_eq!(extended(&header(20, KEEPALIVE)).1, Some(vec![1, 2, 0, 20]));
    assert_eq!(extended(&header(4097, KEEPALIVE)).1, Some(vec![1, 2, 16, 1]));
    for kind in [UPDATE, NOTIFICATION, REFRESH] {
        assert_eq!(extended(&header(65_535, kind)), (Established, None), "type {kind}");
    }
    // One that is as long as can be: withdrawn routes, and a prefix at the end that nobody would find in 4096 octets.
    let filler = 65_535 - 19 - 4 - basic(Kind::External, 2).concat().len() - NLRI.len();
    let withdrawn = [[24, 20, 0, 0].repeat(filler / 4), vec![0; filler % 4]].concat();
    let longest = update(&withdrawn, &basic(Kind::External, 2).concat(), NLRI);
    assert_eq!(longest.len(), 65_535);
    connected(settings(), |lab| {
        lab.establish(&open_with(65_002, 90, &list));
        for piece in longest.chunks(1000) {
            lab.send(piece);
        }
        assert_eq!(lab.words(), []);
        assert!(lab.route("10.1.1.0/24").is_some());
    });
    // Where only one end has the capability, messages stay short.
    established(Kind::External, |lab| {
        lab.send(&longest);
        assert_eq!(lab.words(), [(NOTIFICATION, vec![1, 2, 0xFF, 0xFF])]);
    });
}

/// Many messages in one piece, one message in many pieces, and what follows the last word.
#[test]
fn pieces() {
    for piece in [1, 2, 18, 19, 20, 4096] {
        established(Kind::External, |lab| {
            let attributes = basic(Kind::External, 2).concat();
            let stream = [
                keepalive(),
                update(&[], &attributes, NLRI),
                message(REFRESH, &[0, 1, 0, 1]),
                update(&[], &attributes, &[24, 10, 2, 2]),
                keepalive(),
                header(19, 9),
                update(NLRI, &[], &[]),
            ];
            for piece in stream.concat().chunks(piece) {
                lab.send(piece);
            }
            let said = lab.words();
            assert_eq!(said.last(), Some(&(NOTIFICATION, vec![1, 3, 9])), "{piece}");
            assert_eq!(lab.view().counters.received, [1, 2, 0, 3, 1], "{piece}");
        });
    }
}
