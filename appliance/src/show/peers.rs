//! `crier peers`, like `cilium bgp peers`.

use std::io::{self, Write};

use super::style::{Paint, Style};
use super::table::{Cell, Column, Table};
use super::{NOTHING, or_nothing};
use crate::control::rows::PeerRow;
use crate::text::short_span;

const COLUMNS: [Column; 8] = [
    Column { title: "Local AS", short: "Local", right: true },
    Column { title: "Peer AS", short: "Peer", right: true },
    Column { title: "Peer Address", short: "Address", right: false },
    Column { title: "Session", short: "Session", right: false },
    Column { title: "Uptime", short: "Uptime", right: true },
    Column { title: "Family", short: "Family", right: false },
    Column { title: "Received", short: "Rcvd", right: true },
    Column { title: "Advertised", short: "Adv", right: true },
];

/// Neighbors, a line for each of their families.
pub fn peers(peers: &[PeerRow], style: Style, out: &mut impl Write) -> io::Result<()> {
    if peers.is_empty() {
        return writeln!(out, "no neighbors");
    }
    let rows: Vec<_> = peers.iter().flat_map(lines).collect();
    Table::new(COLUMNS).print(&rows, style, out)
}

fn lines(peer: &PeerRow) -> Vec<[Cell; 8]> {
    let up = peer.state == "Established";
    let paint = if up { Paint::Good } else { Paint::Bad };
    // A session that operators keep down says so where its state would stand.
    let session = match &*peer.admin {
        "down" if peer.held.is_some() => "No key",
        "down" => "Shut down",
        "limit" => "Over limit",
        _ => &peer.state,
    };
    let uptime = if up { short_span(peer.uptime_s) } else { NOTHING.to_owned() };
    let line = |family: &str, received: String, advertised: String| {
        [
            peer.local_asn.to_string().into(),
            or_nothing(peer.remote_asn).into(),
            peer.address.to_string().into(),
            Cell::painted(paint, session),
            uptime.clone().into(),
            family.into(),
            received.into(),
            advertised.into(),
        ]
    };
    if peer.families.is_empty() {
        return vec![line(NOTHING, NOTHING.to_owned(), NOTHING.to_owned())];
    }
    let mut lines: Vec<_> = peer
        .families
        .iter()
        .map(|family| {
            let name = family.family.strip_suffix("-unicast").unwrap_or(&family.family);
            let about = if family.received_exact { "" } else { "~" };
            line(name, format!("{about}{}", family.received), family.advertised.to_string())
        })
        .collect();
    // The neighbor is named once.
    for line in lines.iter_mut().skip(1) {
        for cell in line.iter_mut().take(5) {
            *cell = Cell::default();
        }
    }
    lines
}
