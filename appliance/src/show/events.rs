//! `crier events`.

use std::io::{self, Write};

use super::style::{Paint, Style};
use crate::control::rows::EventRow;
use crate::text::escape;

/// An event, one line.
pub fn event(event: &EventRow, style: Style, out: &mut impl Write) -> io::Result<()> {
    let paint = if event.level == "warn" { Paint::Bad } else { Paint::Plain };
    writeln!(out, "{} {}", escape(&event.time), style.paint(paint, &once(&event.text)))
}

/// The daemon escapes what comes from outside; a control character can only come from something that is no daemon.
fn once(text: &str) -> std::borrow::Cow<'_, str> {
    if text.chars().any(char::is_control) { escape(text) } else { text.into() }
}
