//! Answers as a client reads them: rows, put in order and shown to people.
//!
//! The first byte chooses what was asked, the rest are lines. A daemon of another version, or something else behind the socket, is
//! what they may come from.

use crier::control::collect::Rows;
use crier::show::{self, Style};

/// Whatever the rows say, showing them fails nowhere, and no byte of them reaches the terminal as a command.
pub fn check(data: &[u8]) {
    let Some((&question, text)) = data.split_first() else { return };
    let mut rows = Rows::default();
    for line in text.split(|byte| *byte == b'\n').take(32) {
        let known = rows.lines().count();
        let taken = rows.push(line).is_ok();
        assert_eq!(rows.lines().count(), known + usize::from(taken));
    }
    let mut before: Vec<Vec<u8>> = rows.lines().map(<[u8]>::to_vec).collect();
    rows.sort();
    let mut after: Vec<Vec<u8>> = rows.lines().map(<[u8]>::to_vec).collect();
    before.sort();
    after.sort();
    assert_eq!(before, after, "sorting loses rows");
    let mut out = Vec::new();
    let style = Style::PLAIN;
    let written = match question % 7 {
        0 => show::peers(&rows.parsed().collect::<Vec<_>>(), style, &mut out),
        1 => rows.parsed().try_for_each(|row| show::session(&row, style, &mut out)),
        2 => show::routes(&rows, style, &mut out),
        3 => show::why(&rows.parsed().collect::<Vec<_>>(), style, &mut out),
        4 => show::policies(&rows.parsed().collect::<Vec<_>>(), style, &mut out),
        5 => rows.parsed().try_for_each(|row| show::status(&row, style, &mut out)),
        _ => rows.parsed().try_for_each(|row| show::event(&row, style, &mut out)),
    };
    assert!(written.is_ok(), "{written:?}");
    let out = String::from_utf8(out);
    let Ok(out) = out else { panic!("{out:?}") };
    assert!(!out.chars().any(|found| found.is_control() && found != '\n'), "{out:?}");
}
