//! The BGP identifier that is used when none is configured. RFC 6286 asks that it be unique within an AS, not that it be
//! an address. The same host gets the same one at every start, so that peers see no other speaker after a restart.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Facts about this host that a configuration's defaults depend on.
#[derive(Clone, Copy, Debug, Default)]
pub struct HostFacts<'a> {
    /// Addresses of its interfaces, in any order.
    pub addresses: &'a [IpAddr],
}

/// Where the BGP identifier comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RouterIdSource {
    /// `router-id`.
    Configured,
    /// The host's highest IPv4 address.
    Address,
    /// Derived from the host's lowest IPv6 address, or with none from the AS number.
    Derived,
}

/// Chooses a BGP identifier: the highest IPv4 address of the host that is neither loopback nor link-local; without one,
/// a hash (FNV-1a, 32 bits) over the lowest IPv6 address that is neither, if any, and the AS number.
pub fn default_router_id(asn: u32, facts: &HostFacts<'_>) -> (Ipv4Addr, RouterIdSource) {
    let v4 = facts.addresses.iter().filter_map(|address| match address {
        IpAddr::V4(v4) if names_a_host_v4(*v4) => Some(*v4),
        _ => None,
    });
    if let Some(highest) = v4.max() {
        return (highest, RouterIdSource::Address);
    }
    let v6 = facts.addresses.iter().filter_map(|address| match address {
        IpAddr::V6(v6) if names_a_host_v6(*v6) => Some(*v6),
        _ => None,
    });
    let lowest = v6.min().map(|v6| v6.octets());
    let bytes = lowest.iter().flatten().copied().chain(asn.to_be_bytes());
    let hash = bytes.fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    // 0 is the one value that an identifier must not have (RFC 6286, 2.1).
    (Ipv4Addr::from_bits(hash.max(1)), RouterIdSource::Derived)
}

const fn names_a_host_v4(address: Ipv4Addr) -> bool {
    !(address.is_loopback()
        || address.is_link_local()
        || address.is_unspecified()
        || address.is_multicast()
        || address.is_broadcast())
}

const fn names_a_host_v6(address: Ipv6Addr) -> bool {
    !(address.is_loopback()
        || address.is_unicast_link_local()
        || address.is_unspecified()
        || address.is_multicast())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(asn: u32, addresses: &[&str]) -> (String, RouterIdSource) {
        let addresses: Vec<IpAddr> = addresses.iter().map(|text| text.parse().unwrap()).collect();
        let (id, source) = default_router_id(asn, &HostFacts { addresses: &addresses });
        (id.to_string(), source)
    }

    #[test]
    fn the_highest_address_of_the_host_in_whatever_order() {
        let expected = ("192.168.10.1".to_owned(), RouterIdSource::Address);
        assert_eq!(chosen(1, &["10.0.0.1", "192.168.10.1", "127.0.0.1", "2001:db8::1"]), expected);
        assert_eq!(chosen(2, &["192.168.10.1", "169.254.9.9", "10.0.0.1"]), expected);
        // As numbers, not as text.
        assert_eq!(chosen(1, &["9.0.0.1", "10.0.0.1"]).0, "10.0.0.1");
    }

    #[test]
    fn without_ipv4_it_hangs_on_the_lowest_ipv6_address_and_the_asn() {
        let one = chosen(65000, &["::1", "fe80::1", "2001:db8::2", "2001:db8::1"]);
        assert_eq!(one, chosen(65000, &["2001:db8::1", "2001:db8::3"]));
        assert_eq!(one.1, RouterIdSource::Derived);
        assert_ne!(one, chosen(65000, &["2001:db8::2"]));
        assert_ne!(one, chosen(65001, &["2001:db8::1"]));
        // FNV-1a over the four octets of 65000 in network order.
        assert_eq!(chosen(65000, &["127.0.0.1"]), ("228.16.188.232".to_owned(), RouterIdSource::Derived));
    }
}
