//! Prefixes that must not be routed (RFC 6890), whoever announces them.

use ipnet::IpNet;

use crate::family::{AddressFamily, Family, Net};

/// Whether a prefix must not be routed: "this network" but for the default route, loopback, multicast and above,
/// link-local (RFC 6890).
#[inline]
pub(crate) fn is_martian<F: AddressFamily>(net: Net<F>) -> bool {
    let addr: u128 = net.addr.into();
    // `inside(value, len)`: the prefix lies in the one with these leading bits.
    let inside = |value: u128, len: u8| net.len >= len && addr >> (F::BITS - len) == value;
    match F::FAMILY {
        Family::Ipv4Unicast => {
            (net.len > 0 && inside(0, 8) && net.len >= 8)
                || inside(127, 8)
                || inside(0b1110, 4)
                || inside(0b1111, 4)
        }
        Family::Ipv6Unicast => net.len == 128 && addr <= 1 || inside(0xFF, 8) || inside(0xFE80 >> 6, 10),
    }
}

/// Why a prefix must not be routed, in words; `None` if it may.
pub fn why_martian(net: &IpNet) -> Option<&'static str> {
    match net {
        IpNet::V4(v4) => {
            let first = v4.network().octets()[0];
            match (first, v4.prefix_len()) {
                (0, 8..) => Some("0.0.0.0/8 is this network"),
                (127, 8..) => Some("127.0.0.0/8 is loopback"),
                (224..=239, 4..) => Some("224.0.0.0/4 is multicast"),
                (240.., 4..) => Some("240.0.0.0/4 is reserved"),
                _ => None,
            }
        }
        IpNet::V6(v6) => {
            let network = v6.network();
            match v6.prefix_len() {
                128 if network.is_unspecified() => Some("::/128 is the unspecified address"),
                128 if network.is_loopback() => Some("::1/128 is loopback"),
                8.. if network.is_multicast() => Some("ff00::/8 is multicast"),
                10.. if network.is_unicast_link_local() => Some("fe80::/10 is link-local"),
                _ => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::family::{V4, V6};

    fn martian(prefix: &str) -> bool {
        let prefix = prefix.parse().unwrap();
        match (V4::net_of(&prefix), V6::net_of(&prefix)) {
            (Some(net), _) => is_martian(net),
            (_, Some(net)) => is_martian(net),
            _ => false,
        }
    }

    #[test]
    fn martians_are_known() {
        for prefix in [
            "0.0.0.0/8",
            "0.1.2.0/24",
            "127.0.0.0/8",
            "127.0.0.1/32",
            "224.0.0.0/4",
            "239.1.0.0/16",
            "240.0.0.0/4",
            "255.255.255.255/32",
            "::/128",
            "::1/128",
            "ff00::/8",
            "ff02::1/128",
            "fe80::/10",
            "fe80::1/128",
            "febf::/16",
        ] {
            assert!(martian(prefix), "{prefix}");
            assert!(why_martian(&prefix.parse().unwrap()).is_some(), "{prefix}");
        }
        for prefix in [
            "0.0.0.0/0",
            "0.0.0.0/1",
            "10.0.0.0/8",
            "128.0.0.0/1",
            "126.0.0.0/7",
            "192.168.0.0/16",
            "223.255.255.0/24",
            "::/0",
            "::/3",
            "2000::/3",
            "fd00::/8",
            "fec0::/10",
            "::2/128",
        ] {
            assert!(!martian(prefix), "{prefix}");
            assert_eq!(why_martian(&prefix.parse().unwrap()), None, "{prefix}");
        }
    }
}
