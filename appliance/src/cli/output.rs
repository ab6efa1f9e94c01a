//! Answers on stdout: as JSON as the daemon wrote them, or for people.

use std::io::{self, Write};

use super::ask::Question;
use crate::control::collect::Rows;
use crate::control::rows::{EventRow, MessageRow, SessionRow};
use crate::show::{self, Style};
use crate::text::escape;

/// Every row of an answer, in order.
pub(super) fn rows(
    rows: &Rows,
    question: Question,
    json: bool,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    match (question, json) {
        (Question::Status, true) => rows.lines().take(1).try_for_each(|line| line_of(line, out)),
        (Question::Command, _) => {
            rows.parsed::<MessageRow>().try_for_each(|row| writeln!(out, "{}", escape(&row.message)))
        }
        (_, true) => array(rows, out),
        (Question::Peers, false) => show::peers(&rows.parsed().collect::<Vec<_>>(), style, out),
        (Question::Session, false) => {
            rows.parsed::<SessionRow>().try_for_each(|row| show::session(&row, style, out))
        }
        (Question::Routes, false) => show::routes(rows, style, out),
        (Question::Why, false) => show::why(&rows.parsed().collect::<Vec<_>>(), style, out),
        (Question::Policies, false) => show::policies(&rows.parsed().collect::<Vec<_>>(), style, out),
        (Question::Status, false) => rows.parsed().try_for_each(|row| show::status(&row, style, out)),
        (Question::Events { .. }, false) => {
            rows.parsed::<EventRow>().try_for_each(|row| show::event(&row, style, out))
        }
    }
}

/// An event as it comes.
pub(super) fn event(
    line: &[u8],
    json: bool,
    follow: bool,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    match serde_json::from_slice::<EventRow>(line) {
        Ok(row) if !json => show::event(&row, style, out)?,
        _ => line_of(line, out)?,
    }
    // Who follows wants to see it now.
    if follow { out.flush() } else { Ok(()) }
}

/// A JSON array, a row a line.
fn array(rows: &Rows, out: &mut impl Write) -> io::Result<()> {
    let mut before: &[u8] = b"[\n";
    for line in rows.lines() {
        out.write_all(before)?;
        out.write_all(line)?;
        before = b",\n";
    }
    out.write_all(if rows.is_empty() { b"[]\n" } else { b"\n]\n" })
}

fn line_of(line: &[u8], out: &mut impl Write) -> io::Result<()> {
    out.write_all(line)?;
    out.write_all(b"\n")
}
