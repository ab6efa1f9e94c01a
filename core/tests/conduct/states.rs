//! Every message in every state, and every timer (RFC 4271, 6.5, 6.6 and 8.2.2; RFC 6608).

use crier_core::config::{Settings, Timers};
use crier_core::peer::State::{self, Established, OpenConfirm, OpenSent};

use crate::bytes::{KEEPALIVE, NOTIFICATION, OPEN, REFRESH, UPDATE, header, keepalive, message, update};
use crate::lab::{Kind, connected, open_with, settings};
use crate::rows::Rows;
use crate::verdict::{NLRI, basic};

const STATES: [State; 3] = [OpenSent, OpenConfirm, Established];

#[test]
fn every_message_in_every_state() {
    let good = Kind::External.open();
    let bad_open = open_with(65_002, 1, &[]);
    let route = update(&[], &basic(Kind::External, 2).concat(), NLRI);
    let broken = message(UPDATE, &[0xFF; 4]);
    let short = message(REFRESH, &[0, 1]);
    // The messages, and what each state answers: the state that follows, or a NOTIFICATION.
    type Answer = Result<State, Vec<u8>>;
    // A message that should not be there is named by its type (RFC 6608, 4).
    let unexpected = |subcode, kind| Err(vec![5, subcode, kind]);
    let table: [(&str, Vec<u8>, [Answer; 3]); 12] = [
        ("OPEN", good, [Ok(OpenConfirm), unexpected(2, 1), unexpected(3, 1)]),
        // What is wrong in a message that should not be there is not looked at.
        ("OPEN with a bad hold time", bad_open, [Err(vec![2, 6]), unexpected(2, 1), unexpected(3, 1)]),
        ("UPDATE", route, [unexpected(1, 2), unexpected(2, 2), Ok(Established)]),
        ("End-of-RIB", update(&[], &[], &[]), [unexpected(1, 2), unexpected(2, 2), Ok(Established)]),
        ("broken UPDATE", broken, [unexpected(1, 2), unexpected(2, 2), Err(vec![3, 1])]),
        ("KEEPALIVE", keepalive(), [unexpected(1, 4), Ok(Established), Ok(Established)]),
        (
            "ROUTE-REFRESH",
            message(REFRESH, &[0, 1, 0, 1]),
            [unexpected(1, 5), unexpected(2, 5), Ok(Established)],
        ),
        (
            "ROUTE-REFRESH of AFI 9",
            message(REFRESH, &[0, 9, 0, 9]),
            [unexpected(1, 5), unexpected(2, 5), Ok(Established)],
        ),
        ("short ROUTE-REFRESH", short, [unexpected(1, 5), unexpected(2, 5), Err(vec![1, 2, 0, 21])]),
        ("half an OPEN", Kind::External.open()[..40].to_vec(), STATES.map(Ok)),
        ("half a header", header(19, KEEPALIVE)[..18].to_vec(), STATES.map(Ok)),
        ("nothing", Vec::new(), STATES.map(Ok)),
    ];
    let mut rows = Rows::default();
    for (name, bytes, wanted) in table {
        let ways = [true, false]
            .into_iter()
            .flat_map(|passive| STATES.into_iter().map(move |state| (passive, state)));
        for ((passive, state), wanted) in ways.zip(wanted.iter().cycle()) {
            let found = connected(Settings { passive, ..settings() }, |lab| {
                lab.reach(state);
                lab.send(&bytes);
                let found = match lab.words().pop() {
                    Some((NOTIFICATION, body)) => Err(body),
                    Some((kind, _)) if kind != UPDATE => panic!("{name} in {state}: type {kind}"),
                    _ => Ok(lab.state()),
                };
                assert_eq!(lab.closed, found.is_err());
                assert_eq!(lab.others("").len(), usize::from(name == "UPDATE" && state == Established));
                found
            });
            rows.check(&format!("{name} in {state}, passive: {passive}"), &found, wanted);
        }
    }
    rows.finish(72);
}

/// Before our OPEN has left: what is wrong is answered, and our OPEN goes first all the same.
#[test]
fn before_our_open_is_read() {
    for (bytes, wanted) in [
        (keepalive(), vec![5, 1, 4]),
        (update(&[], &[], &[]), vec![5, 1, 2]),
        (header(19, 9), vec![1, 3, 9]),
        (open_with(0, 90, &[]), vec![2, 2, 0, 0, 0, 0]),
    ] {
        connected(settings(), |lab| {
            lab.send(&bytes);
            let said = lab.read();
            assert_eq!((said.len(), said[0].0), (2, OPEN));
            assert_eq!(said[1], (NOTIFICATION, wanted));
        });
    }
}

/// A connection that ends says nothing, in any state.
#[test]
fn the_connection_ends() {
    use crier_core::speaker::CloseCause::{Eof, Reset};
    for state in STATES {
        for cause in [Eof, Reset] {
            connected(settings(), |lab| {
                lab.reach(state);
                let (now, conn) = (lab.now, lab.conn);
                lab.speaker.closed(now, conn, cause);
                lab.settle();
                assert_eq!((lab.read().len(), lab.view().last_error.is_none()), (0, true));
                assert!(lab.state() < OpenSent);
            });
        }
    }
}

/// Nothing comes for the hold time: Hold Timer Expired, whatever the state; half a message does not count.
#[test]
fn silence() {
    // State, hold time of both ends, and how many seconds they wait.
    for (state, hold, wait) in [
        (OpenSent, 90, 10), // ours: slow strangers hold no connection for long
        (OpenConfirm, 90, 90),
        (OpenConfirm, 3, 3),
        (Established, 90, 90),
        (Established, 3, 3),
        (Established, 65_535, 90),
    ] {
        for half in [false, true] {
            connected(settings(), |lab| {
                if state > OpenSent {
                    lab.send(&open_with(65_002, hold, &[]));
                }
                if state == Established {
                    lab.send(&keepalive());
                }
                assert_eq!(lab.state(), state);
                for _ in 1..wait {
                    lab.seconds(1);
                    lab.read();
                }
                assert_eq!(lab.state(), state, "{hold} s");
                if half {
                    lab.send(&keepalive()[..18]);
                }
                lab.seconds(1);
                assert_eq!(lab.words().pop(), Some((NOTIFICATION, vec![4, 0])), "{state}, {hold} s");
            });
        }
    }
}

/// KEEPALIVE and UPDATE restart the hold timer, and nothing else does (RFC 4271, 8.2.2).
#[test]
fn what_restarts_the_hold_timer() {
    for (bytes, restarts) in [
        (keepalive(), true),
        (update(&[], &[], &[]), true),
        (update(&[], &[0x40, 1, 1, 9], NLRI), true),
        (message(REFRESH, &[0, 1, 0, 1]), false),
        (message(REFRESH, &[0, 9, 0, 9]), false),
    ] {
        connected(settings(), |lab| {
            lab.establish(&open_with(65_002, 9, &[]));
            for _ in 0..8 {
                lab.seconds(1);
                lab.read();
            }
            lab.send(&bytes);
            lab.seconds(1);
            assert_eq!(lab.state() == Established, restarts, "{bytes:?}");
        });
    }
}

/// The lower of both hold times counts, KEEPALIVEs come in a third of it, and with 0 nothing is held and nothing said.
#[test]
fn hold_times_agreed_on() {
    for (ours, theirs, hold) in
        [(90, 30, 30), (30, 90, 30), (3, 3, 3), (90, 0, 0), (0, 90, 0), (90, 65_535, 90)]
    {
        let timers = Timers { hold: ours, ..Timers::default() };
        connected(Settings { timers, ..settings() }, |lab| {
            lab.establish(&open_with(65_002, theirs, &[]));
            let agreed = lab.view().negotiated.unwrap();
            assert_eq!(agreed.hold, hold);
            let mut keepalives = 0;
            for _ in 0..hold.max(600) {
                lab.seconds(1);
                keepalives += lab.read().iter().filter(|(kind, _)| *kind == KEEPALIVE).count();
                if hold > 0 {
                    lab.send(&keepalive());
                }
            }
            assert_eq!(lab.state(), Established);
            let least = if hold == 0 { 0 } else { 600 / usize::from(hold) * 3 };
            assert!(keepalives >= least && (hold > 0 || keepalives == 0), "{hold}: {keepalives}");
        });
    }
}

/// With no hold time a handshake that stops half way still ends.
#[test]
fn a_keepalive_that_never_comes() {
    connected(settings(), |lab| {
        lab.send(&open_with(65_002, 0, &[]));
        lab.read();
        lab.seconds(239);
        assert_eq!(lab.state(), OpenConfirm);
        lab.seconds(1);
        assert_eq!(lab.words(), [(NOTIFICATION, vec![4, 0])]);
        assert!(lab.state() < OpenSent);
    });
}
