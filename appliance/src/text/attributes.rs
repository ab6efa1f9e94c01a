//! Path attributes as operators write them.

use std::borrow::Cow;
use std::fmt::Write as _;

/// Communities with a name (the IANA registry "BGP Well-known Communities").
const WELL_KNOWN: [(u32, &str); 9] = [
    (0xFFFF_0000, "graceful-shutdown"),
    (0xFFFF_0001, "accept-own"),
    (0xFFFF_0006, "llgr-stale"),
    (0xFFFF_0007, "no-llgr"),
    (0xFFFF_029A, "blackhole"),
    (0xFFFF_FF01, "no-export"),
    (0xFFFF_FF02, "no-advertise"),
    (0xFFFF_FF03, "no-export-subconfed"),
    (0xFFFF_FF04, "no-peer"),
];

/// A community: its name if it is well known, else `A:B` (RFC 1997).
pub fn community(value: u32) -> Cow<'static, str> {
    match WELL_KNOWN.iter().find(|(known, _)| *known == value) {
        Some((_, name)) => Cow::Borrowed(name),
        None => Cow::Owned(format!("{}:{}", value >> 16, value & 0xFFFF)),
    }
}

/// The community that [`community`] writes this way.
pub fn parse_community(text: &str) -> Option<u32> {
    if let Some((value, _)) = WELL_KNOWN.iter().find(|(_, name)| *name == text) {
        return Some(*value);
    }
    let (high, low) = text.split_once(':')?;
    Some(u32::from(number::<u16>(high)?) << 16 | u32::from(number::<u16>(low)?))
}

/// A large community, `A:B:C` (RFC 8092).
pub fn large_community([global, local1, local2]: [u32; 3]) -> String {
    format!("{global}:{local1}:{local2}")
}

/// The large community that [`large_community`] writes this way.
pub fn parse_large_community(text: &str) -> Option<[u32; 3]> {
    let mut parts = text.split(':').map(number::<u32>);
    let value = [parts.next()??, parts.next()??, parts.next()??];
    parts.next().is_none().then_some(value)
}

/// The communities in the value of a COMMUNITIES attribute.
pub fn communities(value: &[u8]) -> Vec<Cow<'static, str>> {
    words(value).map(community).collect()
}

/// The large communities in the value of a LARGE_COMMUNITY attribute.
pub fn large_communities(value: &[u8]) -> Vec<String> {
    let (triples, _) = value.as_chunks::<12>();
    triples
        .iter()
        .map(|triple| {
            let mut parts = words(triple);
            let mut next = || parts.next().unwrap_or(0);
            large_community([next(), next(), next()])
        })
        .collect()
}

/// ORIGIN (RFC 4271, 4.3).
pub const fn origin(value: u8) -> &'static str {
    match value {
        0 => "igp",
        1 => "egp",
        _ => "incomplete",
    }
}

/// The value of an AS_PATH with four-byte numbers: `65001 65002`, a set as `{1,2}`, confederation segments as `(1 2)` and
/// `[1,2]` (RFC 5065). Ends where the value is cut short.
pub fn as_path(value: &[u8]) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let [kind, count, after @ ..] = rest {
        let Some((numbers, next)) = after.split_at_checked(usize::from(*count) * 4) else { break };
        rest = next;
        let (open, between, close) = match kind {
            1 => ("{", ",", "}"),
            3 => ("(", " ", ")"),
            4 => ("[", ",", "]"),
            _ => ("", " ", ""),
        };
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(open);
        for (position, asn) in words(numbers).enumerate() {
            if position > 0 {
                out.push_str(between);
            }
            // Writing to a String cannot fail.
            let _ = write!(out, "{asn}");
        }
        out.push_str(close);
    }
    out
}

fn words(bytes: &[u8]) -> impl Iterator<Item = u32> {
    let (words, _) = bytes.as_chunks::<4>();
    words.iter().map(|word| u32::from_be_bytes(*word))
}

/// Digits only: `parse` alone would take a sign.
fn number<T: std::str::FromStr>(text: &str) -> Option<T> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn communities_have_names_both_ways() {
        for text in
            ["65000:99", "no-export", "no-advertise", "graceful-shutdown", "blackhole", "0:0", "65535:1234"]
        {
            assert_eq!(parse_community(text).map(community).as_deref(), Some(text));
        }
        for wrong in ["65536:1", "1", "1:2:3", "", ":", "+1:2", "no-such"] {
            assert_eq!(parse_community(wrong), None, "{wrong}");
        }
        assert_eq!(communities(&[0xFD, 0xE8, 0, 99, 0xFF, 0xFF, 0xFF, 1]), ["65000:99", "no-export"]);
    }

    #[test]
    fn large_communities_go_both_ways() {
        assert_eq!(parse_large_community("4294967295:0:7"), Some([u32::MAX, 0, 7]));
        for wrong in ["1:2", "1:2:3:4", "1:2:4294967296", "a:b:c", ""] {
            assert_eq!(parse_large_community(wrong), None, "{wrong}");
        }
        assert_eq!(large_communities(&[0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3]), ["1:2:3"]);
    }

    #[test]
    fn as_paths_show_their_segments() {
        assert_eq!(as_path(&[]), "");
        assert_eq!(as_path(&[2, 2, 0, 0, 0xFD, 0xE9, 0, 1, 0, 0]), "65001 65536");
        assert_eq!(as_path(&[2, 1, 0, 0, 0, 9, 1, 2, 0, 0, 0, 1, 0, 0, 0, 2]), "9 {1,2}");
        assert_eq!(as_path(&[3, 1, 0, 0, 0, 9, 4, 2, 0, 0, 0, 1, 0, 0, 0, 2]), "(9) [1,2]");
        assert_eq!(as_path(&[2, 9, 0, 0]), "");
    }
}
