//! Capabilities in words (the IANA registry "Capability Codes").

use std::net::IpAddr;

use crier_core::Family;
use crier_core::config::Settings;

use crate::text::{escape_bytes, hex};

/// What a neighbor with these settings and this address is offered.
pub(super) fn offered(settings: &Settings, remote: IpAddr) -> Vec<String> {
    let mut out: Vec<String> =
        settings.families.iter().map(|family| format!("multiprotocol {family}")).collect();
    out.extend(["route-refresh", "four-octet-as", "extended-message"].map(str::to_owned));
    if remote.is_ipv6() && settings.families.contains(Family::Ipv4Unicast) {
        out.push("extended-next-hop, ipv4-unicast via ipv6".to_owned());
    }
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
        (5, kinds) => extended_next_hop(kinds),
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

/// Families, and what their next hops may be (RFC 8950, 4): two octets each, and the next hop's.
fn extended_next_hop(kinds: &[u8]) -> String {
    let (kinds, _) = kinds.as_chunks::<6>();
    let mut out = "extended-next-hop".to_owned();
    for &[a, b, c, d, e, f] in kinds {
        let (afi, safi) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
        let of = match u8::try_from(safi) {
            Ok(safi) => family(afi, safi),
            Err(_) => format!("afi {afi} safi {safi}"),
        };
        let via = match u16::from_be_bytes([e, f]) {
            1 => "ipv4".to_owned(),
            2 => "ipv6".to_owned(),
            other => format!("afi {other}"),
        };
        out.push_str(&format!(", {of} via {via}"));
    }
    out
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
            &[5, 12, 0, 1, 0, 1, 0, 2, 0, 1, 1, 4, 0, 25],
            &[73, 5, 3, b't', b'o', 0x1b, 0],
            &[77, 2, 1, 2],
        ];
        let expected = [
            "multiprotocol ipv6-unicast",
            "route-refresh",
            "four-octet-as 65001",
            "graceful-restart, 120 s, restarted, ipv4-unicast (forwarding kept)",
            "extended-next-hop, ipv4-unicast via ipv6, afi 1 safi 260 via afi 25",
            "host-name to\\u{1b}",
            "capability 77, 0102",
        ];
        assert_eq!(received(&tlvs.concat()), expected);
    }

    #[test]
    fn ipv6_next_hops_for_ipv4_are_offered_over_ipv6() {
        let words = |families, remote: &str| {
            let settings = Settings { families, ..Settings::default() };
            let all = offered(&settings, remote.parse().unwrap());
            all.iter().any(|one| one == "extended-next-hop, ipv4-unicast via ipv6")
        };
        let both = Settings::default().families;
        let v6 = crier_core::FamilySet::EMPTY.with(Family::Ipv6Unicast);
        assert!(words(both, "fd00::2"));
        assert!(!words(both, "10.0.0.2") && !words(v6, "fd00::2"));
    }

    #[test]
    fn what_is_cut_short_ends_the_list() {
        assert_eq!(received(&[2, 0, 65, 4, 0]), ["route-refresh"]);
        assert_eq!(received(&[2]), [""; 0]);
        assert_eq!(received(&[73, 1, 9]), ["capability 73, 09"]);
        assert_eq!(received(&[1, 0]), ["capability 1"]);
    }
}
