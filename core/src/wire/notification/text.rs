//! Text of operators in NOTIFICATIONs: made to fit, and made safe to show.

use core::fmt::{self, Write};

/// As much of `text` as `max` bytes hold, cut where a character ends.
pub fn cut(text: &str, max: usize) -> &str {
    text.get(..text.floor_char_boundary(max)).unwrap_or(text)
}

/// Text from outside, shown so that it cannot move a cursor, colour a terminal, turn its direction or end a quotation:
/// what does not print is escaped as Rust writes it, a byte that is not UTF-8 as `\xNN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Escaped<'a>(pub &'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for character in chunk.valid().chars() {
                // Harmless between double quotes, and common in prose.
                if character == '\'' {
                    f.write_char(character)?;
                } else {
                    write!(f, "{}", character.escape_debug())?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}
