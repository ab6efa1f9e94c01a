//! Text from outside, made harmless for terminals and logs.

use std::borrow::Cow;
use std::fmt::Write as _;

/// `text` with everything escaped that could move a cursor, hide text, or start a line of its own: control characters,
/// line and paragraph separators, and the invisible characters that reorder or join what stands around them. The
/// backslash is doubled, so that the result is unambiguous.
pub fn escape(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_unsafe(c) {
            out.extend(c.escape_default());
        } else {
            out.push(c);
        }
    }
    Cow::Owned(out)
}

/// The same for bytes that are meant to be UTF-8 and need not be: what is not becomes U+FFFD.
pub fn escape_bytes(bytes: &[u8]) -> String {
    escape(&String::from_utf8_lossy(bytes)).into_owned()
}

/// Bytes as hexadecimal digits, two for each.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        // Writing to a String cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

fn is_unsafe(c: char) -> bool {
    c == '\\'
        || c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn harmless_text_is_not_copied() {
        assert!(matches!(escape("Wartung ab 9 Uhr: Grüße, 日本"), Cow::Borrowed(_)));
    }

    #[test]
    fn what_could_fool_a_terminal_is_spelled_out() {
        assert_eq!(escape("a\x1b[2Jb\r\nc\u{9b}d"), "a\\u{1b}[2Jb\\r\\nc\\u{9b}d");
        assert_eq!(escape("\u{202e}evil\u{2066}"), "\\u{202e}evil\\u{2066}");
        assert_eq!(escape("back\\slash"), "back\\\\slash");
    }

    #[test]
    fn bytes_that_are_no_text_stay_visible() {
        assert_eq!(escape_bytes(b"ok\xff\x00"), "ok\u{fffd}\\u{0}");
        assert_eq!(hex(&[0, 0xab, 7]), "00ab07");
    }
}
