//! `crier routes`.

use std::io::{self, Write};

use super::style::{Paint, Style};
use super::table::{Cell, Column, Table};
use super::{NOTHING, or_nothing};
use crate::control::collect::Rows;
use crate::control::rows::RouteRow;
use crate::text::short_span;

const COLUMNS: [Column; 8] = [
    Column { title: "", short: "", right: false },
    Column { title: "Prefix", short: "Prefix", right: false },
    Column { title: "Next Hop", short: "Next Hop", right: false },
    Column { title: "Peer", short: "Peer", right: false },
    Column { title: "Age", short: "Age", right: true },
    Column { title: "Pref", short: "Pref", right: true },
    Column { title: "MED", short: "MED", right: true },
    Column { title: "AS Path", short: "AS Path", right: false },
];

/// Paths, a line each, and what the marks before them mean.
pub fn routes(rows: &Rows, style: Style, out: &mut impl Write) -> io::Result<()> {
    if rows.is_empty() {
        return writeln!(out, "no routes");
    }
    let mut table = Table::new(COLUMNS);
    for row in rows.parsed::<RouteRow>() {
        table.measure(&cells(&row));
    }
    let layout = table.layout(style);
    layout.head(out)?;
    for row in rows.parsed::<RouteRow>() {
        layout.line(&cells(&row), out)?;
    }
    writeln!(out, "\n> best  = as good, forwards too  s stale  k kernel  ! takes no part  x refused")
}

fn cells(route: &RouteRow) -> [Cell; 8] {
    let marks = marks(route);
    let paint = if route.reason.is_some() || !route.valid { Paint::Bad } else { Paint::Plain };
    let path = match (&route.reason, &route.as_path, &route.origin) {
        (Some(reason), ..) => reason.clone().into_owned(),
        (None, Some(path), _) if !path.is_empty() => path.clone(),
        (None, _, Some(origin)) => origin.clone().into_owned(),
        _ => NOTHING.to_owned(),
    };
    [
        Cell::painted(if route.best { Paint::Good } else { paint }, marks),
        route.prefix.to_string().into(),
        // As `ip route` has it: where packets are dropped it does not matter who asked for that.
        if route.blackhole { "blackhole".to_owned() } else { or_nothing(route.next_hop) }.into(),
        route.peer.map_or_else(|| "local".to_owned(), |peer| peer.to_string()).into(),
        or_nothing(route.age_s.map(short_span)).into(),
        or_nothing(route.local_pref).into(),
        or_nothing(route.med).into(),
        Cell::painted(paint, path),
    ]
}

fn marks(route: &RouteRow) -> String {
    let mut marks = String::new();
    // Of a refused path nothing is known.
    if route.reason.is_some() && route.as_path.is_none() {
        marks.push('x');
    } else if !route.valid {
        marks.push('!');
    } else if route.best {
        marks.push('>');
    } else if route.multipath {
        marks.push('=');
    }
    if route.stale {
        marks.push('s');
    }
    if route.installed {
        marks.push('k');
    }
    marks
}
