//! How bytes arrive does not matter: at once, one by one, or in pieces, a speaker does and says the same.
//!
//! The first byte chooses the configuration, the second who is heard and whether the session is up already, the third how long
//! the pieces are; the rest are the bytes.

use std::fmt::Write;
use std::net::SocketAddr;

use crier_core::view::{Counters, PeerView};
use crier_core::{ConnId, Family, Speaker};

use crate::lab::{self, NOW, configuration, ends, settle, transmit_all, with_speaker};
use crate::script::{message, open};

/// Delivers the same bytes in three ways.
pub fn check(data: &[u8]) {
    let Some((&[number, who, piece], bytes)) = data.split_first_chunk::<3>() else { return };
    let deliver = |piece: usize| run(number % 3, who, bytes, piece);
    let at_once = deliver(usize::MAX);
    assert_eq!(at_once, deliver(1), "one by one");
    assert_eq!(at_once, deliver(usize::from(piece).max(2)), "in pieces of {piece}");
}

/// What became of it.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    events: Vec<String>,
    /// What was said to the neighbor, and to one that listens.
    said: [Vec<u8>; 2],
    tables: String,
}

fn run(number: u8, who: u8, bytes: &[u8], piece: usize) -> Seen {
    with_speaker(configuration(number), |mut speaker| {
        let mut seen = Seen::default();
        let heard = who % 3;
        let listens = accept(&mut speaker, 1 + heard);
        let conn = accept(&mut speaker, heard);
        if let Some(listens) = listens {
            establish(&mut speaker, listens, 1 + heard, 0);
        }
        let Some(conn) = conn else { return seen };
        if who & 128 != 0 {
            establish(&mut speaker, conn, heard, who >> 2 & 31);
        }
        for piece in bytes.chunks(piece) {
            speaker.receive(NOW, conn, piece);
        }
        let mut note = |event| seen.events.push(format!("{event:?}"));
        settle(&mut speaker, NOW, |_| {}, &mut note);
        let conns = [Some(conn), listens];
        let said =
            conns.map(|conn| conn.map(|conn| transmit_all(&mut speaker, NOW, conn)).unwrap_or_default());
        settle(&mut speaker, NOW, |_| {}, &mut note);
        seen.said = said;
        seen.tables = tables(&speaker);
        assert_eq!(speaker.check(NOW), Ok(()));
        seen
    })
}

fn accept(speaker: &mut Speaker<'_>, neighbor: u8) -> Option<ConnId> {
    let (address, _, _) = lab::neighbor(neighbor);
    let conn = speaker.accept(NOW, ends(SocketAddr::new(address, 50_000))).ok();
    settle(speaker, NOW, |_| {}, |_| {});
    conn
}

fn establish(speaker: &mut Speaker<'_>, conn: ConnId, neighbor: u8, variety: u8) {
    let (_, asn, id) = lab::neighbor(neighbor);
    speaker.receive(NOW, conn, &open(asn, id, variety));
    speaker.receive(NOW, conn, &message(4, &[]));
    settle(speaker, NOW, |_| {}, |_| {});
    transmit_all(speaker, NOW, conn);
    settle(speaker, NOW, |_| {}, |_| {});
}

/// Every route, everything refused, and what neighbors count.
fn tables(speaker: &Speaker<'_>) -> String {
    let mut text = String::new();
    for family in Family::ALL {
        for slot in 1..speaker.destination_slots(family) {
            let Some(destination) = speaker.destination(family, slot) else { continue };
            for path in destination.paths() {
                let _ = writeln!(text, "{slot} {} {path:?}", destination.prefix);
            }
        }
    }
    for slot in 0..speaker.refused_slots() {
        if let Some(refused) = speaker.refused(slot) {
            let _ = writeln!(text, "{refused:?}");
        }
    }
    for peer in speaker.peers() {
        // Those after the end of a session are counted if they came in one piece with it.
        let counters = Counters { bytes_received: 0, ..*peer.counters };
        let _ = writeln!(text, "{:?}", PeerView { counters: &counters, ..peer });
    }
    text
}
