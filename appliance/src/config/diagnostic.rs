//! What is wrong with a configuration, and where.

use std::fmt;

/// Something wrong, or worth a warning, in a configuration file: where it stands, which key, what was found and what is
/// allowed. Shown as `crier.toml:12:7: router.asn: found 0, allowed 1..4294967294`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigDiagnostic {
    /// The file, as it was named.
    pub file: String,
    /// Where in it; `None` if the file as a whole is meant, as when it cannot be read.
    pub position: Option<Position>,
    /// The key with its tables, `router.asn`; empty if no key is at fault.
    pub key: String,
    /// What was found and what is allowed.
    pub message: String,
}

/// A place in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

impl fmt::Display for ConfigDiagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(Position { line, column }) = self.position {
            write!(f, ":{line}:{column}")?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", shown(&self.key))?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ConfigDiagnostic {}

/// A text and its name: turns offsets into places.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) file: &'a str,
    pub(super) text: &'a str,
}

impl Source<'_> {
    /// The place of a byte offset. One inside a character, or past the end, counts as the nearest place before.
    pub(super) fn position(&self, offset: usize) -> Position {
        let before = self.text.get(..self.text.floor_char_boundary(offset)).unwrap_or("");
        let before = before.strip_prefix('\u{feff}').unwrap_or(before);
        let line = before.bytes().filter(|&byte| byte == b'\n').count();
        let column = before.rsplit('\n').next().unwrap_or("").chars().count();
        Position { line: line + 1, column: column + 1 }
    }

    pub(super) fn diagnostic(&self, offset: usize, key: &str, message: String) -> ConfigDiagnostic {
        ConfigDiagnostic {
            file: self.file.to_owned(),
            position: Some(self.position(offset)),
            key: key.to_owned(),
            message,
        }
    }
}

/// Text as it is, but for control characters.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars() {
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A key in quotes may be anything.
    #[test]
    fn a_diagnostic_is_one_line_whatever_the_key() {
        let found = Source { file: "f", text: "" }.diagnostic(0, "router.a\n\u{1b}[2J", "found x".to_owned());
        assert_eq!(found.to_string(), "f:1:1: router.a\\n\\u{1b}[2J: found x");
    }

    #[test]
    fn places_count_lines_and_characters() {
        let place = |text, offset| {
            let Position { line, column } = Source { file: "f", text }.position(offset);
            (line, column)
        };
        assert_eq!(place("", 0), (1, 1));
        assert_eq!(place("ab\ncd", 1), (1, 2));
        assert_eq!(place("ab\ncd", 3), (2, 1));
        assert_eq!(place("ab\ncd", 99), (2, 3));
        assert_eq!(place("é = 1", 2), (1, 2), "a character of two bytes is one column");
        assert_eq!(place("é = 1", 1), (1, 1), "inside a character");
        assert_eq!(place("\u{feff}a", 3), (1, 1), "a byte order mark takes no column");
    }
}
