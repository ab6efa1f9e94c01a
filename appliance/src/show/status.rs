//! `crier status`.

use std::io::{self, Write};

use super::or_nothing;
use super::style::{Paint, Style};
use super::table::{Cell, Column, Table};
use crate::control::confinement::ConfinementRow;
use crate::control::rows::{KernelRow, LimitRow, StatusRow};
use crate::text::{escape, short_span};

const COLUMNS: [Column; 6] = [
    Column { title: "Table", short: "Table", right: false },
    Column { title: "Used", short: "Used", right: true },
    Column { title: "High Water", short: "High", right: true },
    Column { title: "Capacity", short: "Cap", right: true },
    Column { title: "Memory", short: "Memory", right: true },
    Column { title: "Refused", short: "Ref", right: true },
];

/// The daemon, its instances and sources, and every table.
pub fn status(status: &StatusRow, style: Style, out: &mut impl Write) -> io::Result<()> {
    let rss = or_nothing(status.rss_bytes.map(bytes));
    writeln!(out, "crier {}, up {}, {rss} resident", escape(&status.version), short_span(status.uptime_s))?;
    for instance in &status.instances {
        let draining = if instance.draining { ", draining" } else { "" };
        writeln!(
            out,
            "instance {}: AS {}, identifier {}{draining}",
            escape(&instance.name),
            instance.asn,
            instance.router_id
        )?;
        writeln!(out, "neighbors: {} of {} Established", instance.established, instance.peers)?;
    }
    for (why, count) in &status.turned_away {
        writeln!(out, "connections turned away, {}: {count}", escape(why))?;
    }
    for source in &status.sources {
        let refused =
            if source.refused > 0 { format!(", {} refused", source.refused) } else { String::new() };
        let kept = if source.kept { "" } else { ", gone with the daemon" };
        writeln!(
            out,
            "source {}: {} routes{refused}, changed {} ago{kept}",
            escape(&source.name),
            source.routes,
            short_span(source.age_s)
        )?;
    }
    if let Some(row) = &status.kernel {
        kernel(row, out)?;
    }
    if let Some(row) = &status.confinement {
        confinement(row, out)?;
    }
    writeln!(out)?;
    let rows: Vec<_> = status.limits.iter().map(cells).collect();
    Table::new(COLUMNS).print(&rows, style, out)
}

/// What it gave up, in one line, and one for each thing that it could not.
fn confinement(row: &ConfinementRow, out: &mut impl Write) -> io::Result<()> {
    let kinds = [("no-new-privs", row.no_new_privs), ("landlock", row.landlock), ("seccomp", row.seccomp)];
    let kinds: Vec<&str> = kinds.into_iter().filter(|(_, has)| *has).map(|(name, _)| name).collect();
    let list = |words: String, none: &str| if words.is_empty() { none.to_owned() } else { words };
    let kinds = list(kinds.join(", "), "nothing");
    let capabilities = list(row.capabilities.join(", "), "none");
    writeln!(out, "confined by {kinds}; capabilities: {}", escape(&capabilities))?;
    row.lacking.iter().try_for_each(|lacking| {
        writeln!(out, "  without {}: {}", escape(&lacking.what), escape(&lacking.why))
    })
}

/// What is the matter is said only where something is.
fn kernel(row: &KernelRow, out: &mut impl Write) -> io::Result<()> {
    let KernelRow { table, protocol, metric, routes, max_routes, .. } = row;
    let off = if row.install { "" } else { ", installing nothing" };
    writeln!(
        out,
        "kernel: {routes} of {max_routes} routes in table {table}, protocol {protocol}, metric {metric}{off}"
    )?;
    let lines = [
        (u64::from(row.refused), "refused and tried again"),
        (row.no_room.into(), "without room: raise kernel.max-routes"),
        (row.adopted.into(), "taken over from an earlier run and not wanted as yet"),
        (row.former.into(), "by other keys of an earlier run, which go when those above are settled"),
        (row.others.into(), "like ours are somebody else's, and left alone"),
        (row.put_back, "had vanished and were put back"),
        (row.lost, "times no room for a route of others, a link or a next hop"),
    ];
    for (count, what) in lines.into_iter().filter(|(count, _)| *count > 0) {
        writeln!(out, "  {count} {what}")?;
    }
    let KernelRow { requests, refusals, surveys, overruns, .. } = row;
    writeln!(out, "  {requests} requests, {refusals} refusals, {surveys} surveys, {overruns} overruns")?;
    row.last_error.iter().try_for_each(|error| writeln!(out, "  last error: {}", escape(error)))
}

fn cells(limit: &LimitRow) -> [Cell; 6] {
    // Nine tenths are where crier starts to ask again for what it refused.
    let full = limit.capacity > 0 && limit.used.saturating_mul(10) >= limit.capacity.saturating_mul(9);
    [
        escape(&limit.table).into_owned().into(),
        Cell::painted(if full { Paint::Bad } else { Paint::Plain }, limit.used.to_string()),
        limit.high_water.to_string().into(),
        limit.capacity.to_string().into(),
        bytes(limit.bytes).into(),
        Cell::painted(if limit.refused > 0 { Paint::Bad } else { Paint::Plain }, limit.refused.to_string()),
    ]
}

/// Bytes with a unit, three digits or more.
fn bytes(bytes: u64) -> String {
    match bytes {
        0..=9_999 => format!("{bytes} B"),
        10_000..=10_239_999 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / (1024 * 1024)),
    }
}
