//! Capabilities in words (the IANA registry "Capability Codes").

use crier_core::Family;
use crier_core::config::Settings;

use crate::text::{escape_bytes, hex};

/// What a neighbor with these settings is offered.
pub(super) fn offered(settings: &Settings) -> Vec<String> {
    let mut out: Vec<String> =
        settings.families.iter().map(|family| format!("multiprotocol {family}")).collect();
    out.extend(["route-refresh", "four-octet-as", "extended-message"].map(str::to_owned));
    out.push(match settings.restart_time {
        Some(time) => format!("graceful-restart, {time} s"),
        None => "graceful-restart, helper only".to_owned(),
    });
    out
}

/// Capabilities as received: TLVs of a code, a length and a value. Ends where they are cut short.
pub(super) fn received(mut tlvs: &[u8]) -> Vec<String> {
    let mut out = Vec::new();
    while let [code, len, rest @ ..] = tlvs {
        let Some((value, next)) = rest.split_at_checked(usize::from(*len)) else { break };
        tlvs = next;
        out.push(capability(*code, value));
    }
    out
}

fn capability(code: u8, value: &[u8]) -> String {
    match (code, value) {
        (1, [a, b, _, safi]) => format!("multiprotocol {}", family(u16::from_be_bytes([*a, *b]), *safi)),
        (2, []) => "route-refresh".to_owned(),
        (5, _) => "extended-next-hop".to_owned(),
        (6, []) => "extended-message".to_owned(),
        (9, [role]) => format!("role {role}"),
        (64, [a, b, rest @ ..]) => graceful_restart(u16::from_be_bytes([*a, *b]), rest),
        (65, [a, b, c, d]) => format!("four-octet-as {}", u32::from_be_bytes([*a, *b, *c, *d])),
        (69, _) => "add-path".to_owned(),
        (70, []) => "enhanced-route-refresh".to_owned(),
        (71, _) => "long-lived-graceful-restart".to_owned(),
        (73, value) => host_name(value).unwrap_or_else(|| unknown(73, value)),
        (128, []) => "route-refresh (pre-standard)".to_owned(),
        (code, value) => unknown(code, value),
    }
}

fn graceful_restart(word: u16, families: &[u8]) -> String {
    let (entries, _) = families.as_chunks::<4>();
    let mut out = format!("graceful-restart, {} s", word & 0xFFF);
    for (bit, meaning) in [(0x8000, ", restarted"), (0x4000, ", notification")] {
        if word & bit != 0 {
            out.push_str(meaning);
        }
    }
    for [a, b, safi, flags] in entries {
        out.push_str(", ");
        out.push_str(&family(u16::from_be_bytes([*a, *b]), *safi));
        if flags & 0x80 != 0 {
            out.push_str(" (forwarding kept)");
        }
    }
    out
}

/// Host and domain name, each with its length (draft-walton-bgp-hostname-capability).
fn host_name(value: &[u8]) -> Option<String> {
    let (len, rest) = value.split_first()?;
    let (host, rest) = rest.split_at_checked(usize::from(*len))?;
    let (len, rest) = rest.split_first()?;
    let domain = rest.get(..usize::from(*len))?;
    let dot = if domain.is_empty() { "" } else { "." };
    Some(format!("host-name {}{dot}{}", escape_bytes(host), escape_bytes(domain)))
}

fn family(afi: u16, safi: u8) -> String {
    Family::from_afi_safi(afi, safi)
        .map_or_else(|| format!("afi {afi} safi {safi}"), |family| family.name().to_owned())
}

fn unknown(code: u8, value: &[u8]) -> String {
    if value.is_empty() { format!("capability {code}") } else { format!("capability {code}, {}", hex(value)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_named() {
        let tlvs = [
            &[1, 4, 0, 2, 0, 1][..],
            &[2, 0],
            &[65, 4, 0, 0, 0xFD, 0xE9],
            &[64, 6, 0x80, 120, 0, 1, 1, 0x80],
            &[73, 5, 3, b't', b'o', 0x1b, 0],
            &[77, 2, 1, 2],
        ];
        let expected = [
            "multiprotocol ipv6-unicast",
            "route-refresh",
            "four-octet-as 65001",
            "graceful-restart, 120 s, restarted, ipv4-unicast (forwarding kept)",
            "host-name to\\u{1b}",
            "capability 77, 0102",
        ];
        assert_eq!(received(&tlvs.concat()), expected);
    }

    #[test]
    fn what_is_cut_short_ends_the_list() {
        assert_eq!(received(&[2, 0, 65, 4, 0]), ["route-refresh"]);
        assert_eq!(received(&[2]), [""; 0]);
        assert_eq!(received(&[73, 1, 9]), ["capability 73, 09"]);
        assert_eq!(received(&[1, 0]), ["capability 1"]);
    }
}
