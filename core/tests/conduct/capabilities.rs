//! Capabilities in every malformed way, and what is agreed on of the others (RFC 5492; RFC 4760, 8; RFC 2918; RFC 4724; RFC 6793;
//! RFC 7313; RFC 8654).

use crier_core::config::Settings;
use crier_core::view::Negotiated;
use crier_core::{Family, FamilySet};

use crate::bytes::{NOTIFICATION, OPEN, keepalive, message, open_body};
use crate::lab::{THEIR_ID, THEIRS, connected, open_with, settings};
use crate::rows::Rows;

/// What comes of an OPEN with this list: a NOTIFICATION's body, or what was agreed on.
fn agree(settings: Settings, list: &[u8]) -> Result<Negotiated, Vec<u8>> {
    connected(settings, |lab| {
        lab.read();
        lab.send(&open_with(THEIRS, 90, list));
        lab.send(&keepalive());
        match lab.words().pop() {
            Some((NOTIFICATION, body)) => Err(body),
            _ => Ok(lab.view().negotiated.unwrap()),
        }
    })
}

const V4: FamilySet = FamilySet::EMPTY.with(Family::Ipv4Unicast);
const V6: FamilySet = FamilySet::EMPTY.with(Family::Ipv6Unicast);
const BOTH: FamilySet = V4.with(Family::Ipv6Unicast);
/// The speaker's wish as a capability for each family.
const WANTED: [u8; 12] = [1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1];

/// Every length of every capability that is known: the right ones are agreed, the others come back as data.
#[test]
fn lengths() {
    let mut rows = Rows::default();
    for (code, right) in [(1u8, &[4][..]), (2, &[0]), (6, &[0]), (64, &[2, 6, 10]), (65, &[4]), (70, &[0])] {
        for len in 0..=11 {
            let mut value = [0, 1, 0, 1, 0, 1, 1, 0, 0, 1, 1];
            if code == 65 {
                value[..4].copy_from_slice(&u32::from(THEIRS).to_be_bytes());
            }
            let capability = [&[code, len], &value[..usize::from(len)]].concat();
            let found = agree(settings(), &capability).map(|_| ());
            let wanted = if right.contains(&len) { Ok(()) } else { Err([&[2, 0], &capability[..]].concat()) };
            rows.check(&format!("capability {code} of {len}"), &found, &wanted);
        }
    }
    rows.finish(72);
}

/// A capability that claims more than its parameter holds, alone and behind another.
#[test]
fn overruns() {
    let mut rows = Rows::default();
    for code in [1, 2, 6, 9, 64, 65, 70, 128, 200] {
        for front in [&[][..], &[2, 0]] {
            for cut in [&[code][..], &[code, 1], &[code, 4, 0, 1, 0], &[code, 255]] {
                let found = agree(settings(), &[front, cut].concat()).map(|_| ());
                rows.check(&format!("{cut:?} behind {front:?}"), &found, &Err([&[2, 0], cut].concat()));
            }
        }
    }
    // It does not borrow from the next parameter either.
    let two = [2, 3, 65, 4, 0, 2, 2, 2, 0];
    let found = connected(settings(), |lab| {
        lab.read();
        lab.send(&message(OPEN, &open_body(THEIRS, 90, THEIR_ID, &two)));
        lab.words().pop()
    });
    rows.check("two parameters", &found, &Some((NOTIFICATION, vec![2, 0, 65, 4, 0])));
    rows.finish(73);
}

/// What nobody knows is ignored, whatever its value (RFC 5492, 3 and 4).
#[test]
fn unknown_ones() {
    let mut rows = Rows::default();
    for code in (0..=255u8).filter(|code| ![1, 2, 5, 6, 64, 65, 70].contains(code)) {
        for value in [&[][..], &[1], &[0xFF; 200]] {
            let list = [&[code, value.len() as u8], value].concat();
            let found = agree(settings(), &list).map(|agreed| agreed.families);
            rows.check(&format!("capability {code} of {}", value.len()), &found, &Ok(V4));
        }
    }
    rows.finish(747);
}

/// A neighbor that names no family speaks IPv4 (RFC 4760, 8); one that names none of ours cannot be talked to.
#[test]
fn families() {
    let mp = |afi: u8, safi: u8| vec![1, 4, 0, afi, 0, safi];
    let only = |families| Settings { families, ..settings() };
    let refused = |list: &[u8]| Err([&[2, 7], list].concat());
    let mut rows = Rows::default();
    for (name, ours, list, wanted) in [
        ("no capability at all", BOTH, vec![], Ok(V4)),
        ("others only", BOTH, vec![2, 0], Ok(V4)),
        ("IPv4", BOTH, mp(1, 1), Ok(V4)),
        ("IPv6", BOTH, mp(2, 1), Ok(V6)),
        ("both", BOTH, [mp(1, 1), mp(2, 1)].concat(), Ok(BOTH)),
        ("both, and others", BOTH, [mp(1, 128), mp(2, 1), mp(25, 70), mp(1, 1)].concat(), Ok(BOTH)),
        ("with a reserved octet", BOTH, vec![1, 4, 0, 2, 0xFF, 1], Ok(V6)),
        ("IPv4 multicast", BOTH, mp(1, 2), refused(&WANTED)),
        ("EVPN", BOTH, mp(25, 70), refused(&WANTED)),
        ("AFI 0", BOTH, mp(0, 1), refused(&WANTED)),
        ("SAFI 0", BOTH, mp(1, 0), refused(&WANTED)),
        ("none, and we speak IPv6", V6, vec![], refused(&WANTED[6..])),
        ("IPv4, and we speak IPv6", V6, mp(1, 1), refused(&WANTED[6..])),
        ("IPv6, and we speak IPv4", V4, mp(2, 1), refused(&WANTED[..6])),
        ("both, and we speak IPv6", V6, [mp(1, 1), mp(2, 1)].concat(), Ok(V6)),
    ] {
        rows.check(name, &agree(only(ours), &list).map(|agreed| agreed.families), &wanted);
    }
    rows.finish(15);
}

/// Twice the same is as once; twice another adds up, or the last counts, or it is a contradiction (RFC 5492, 4).
#[test]
fn repetitions() {
    let both = [&WANTED[..], &WANTED].concat();
    assert_eq!(agree(settings(), &both).map(|agreed| agreed.families), Ok(BOTH));
    let flags = agree(settings(), &[2, 0, 2, 0, 6, 0, 6, 0, 70, 0, 70, 0]).unwrap();
    assert!(flags.refresh && flags.extended_messages);
    let four = |asn: u32| [&[65, 4][..], &asn.to_be_bytes()].concat();
    assert!(agree(settings(), &[four(65_002), four(65_002)].concat()).unwrap().as4);
    let two = agree(settings(), &[four(65_002), four(65_003)].concat());
    assert_eq!(two, Err([&[2, 2], &65_003u32.to_be_bytes()[..]].concat()));
    let restart = |time: u8| [64, 6, 0x80, time, 0, 1, 1, 0x80];
    let last = agree(settings(), &[restart(7), restart(9)].concat()).unwrap().graceful_restart.unwrap();
    assert_eq!((last.time, last.restarting, last.families, last.forwarding), (9, true, V4, V4));
    // Each in a parameter of its own is as good as all in one.
    let list: Vec<u8> = [&[1, 4, 0, 2, 0, 1][..], &[2, 0], &four(65_002)]
        .into_iter()
        .flat_map(|one| [&[2, one.len() as u8], one].concat())
        .collect();
    connected(settings(), |lab| {
        lab.establish(&message(OPEN, &open_body(THEIRS, 90, THEIR_ID, &list)));
        let agreed = lab.view().negotiated.unwrap();
        assert_eq!((agreed.families, agreed.refresh, agreed.as4), (V6, true, true));
    });
}

/// What each of them brings about, and what its absence does.
#[test]
fn what_is_agreed() {
    let none = agree(settings(), &[]).unwrap();
    assert_eq!((none.as4, none.refresh, none.extended_messages), (false, false, false));
    assert_eq!((none.graceful_restart, none.hold, none.keepalive), (None, 90, 30));
    assert!(agree(settings(), &[2, 0]).unwrap().refresh);
    assert!(agree(settings(), &[6, 0]).unwrap().extended_messages);
    assert!(!agree(settings(), &[128, 0]).unwrap().refresh, "the refresh that came before RFC 2918");
    let restart = agree(settings(), &[64, 14, 0x4F, 0xFF, 0, 1, 1, 0, 0, 9, 9, 0x80, 0, 2, 1, 0x80]).unwrap();
    let restart = restart.graceful_restart.unwrap();
    assert_eq!((restart.restarting, restart.notification, restart.time), (false, true, 4095));
    assert_eq!((restart.families, restart.forwarding), (BOTH, V6));
}
