//! Values that have a notation of their own: AS numbers, addresses, prefixes, sizes, communities.

use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;

use crier_core::wire::community::{Community, LargeCommunity};
use crier_core::{Family, FamilySet};
use ipnet::IpNet;

use super::reader::Value;

/// What stands for AS numbers that do not fit two octets; nobody's number (RFC 6793, 9).
const AS_TRANS: u32 = 23456;

/// AS numbers that a speaker may have: neither 0 (RFC 7607) nor the last one (RFC 7300).
const ASNS: RangeInclusive<u32> = 1..=4_294_967_294;

pub(super) fn asn(value: &Value<'_, '_>, or: &str) -> Option<u32> {
    let allowed = format!("{}..{}{or}", ASNS.start(), ASNS.end());
    let asn = value.number(&allowed, |asn| ASNS.contains(asn))?;
    if asn == AS_TRANS {
        value.refuse(format_args!("{allowed}, and 23456 is reserved (AS_TRANS, RFC 6793)"));
        return None;
    }
    Some(asn)
}

/// The address of a host that a session or a route can go to.
pub(super) fn unicast(value: &Value<'_, '_>) -> Option<IpAddr> {
    let address: IpAddr = value.parsed("an IPv4 or IPv6 address", |text| text.parse().ok())?;
    let refused = match address {
        _ if address.is_unspecified() => "not the unspecified one",
        _ if address.is_multicast() => "not a multicast one",
        IpAddr::V4(v4) if v4.is_broadcast() => "not the broadcast one",
        IpAddr::V6(v6) if v6.is_unicast_link_local() => "not a link-local one, which needs an interface",
        IpAddr::V6(v6) if v6.to_ipv4_mapped().is_some() => "not an IPv4 address in an IPv6 one",
        _ => return Some(address),
    };
    value.refuse(format_args!("the address of a host, {refused}"));
    None
}

pub(super) fn socket_address(value: &Value<'_, '_>) -> Option<SocketAddr> {
    value.parsed("an address and a port from 1, such as \"0.0.0.0:179\" or \"[::]:179\"", |text| {
        text.parse().ok().filter(|address: &SocketAddr| address.port() != 0)
    })
}

/// A prefix whose bits past its length are zero.
pub(super) fn prefix(value: &Value<'_, '_>) -> Option<IpNet> {
    let net: IpNet =
        value.parsed("a prefix such as \"192.0.2.0/24\" or \"2001:db8::/32\"", |text| text.parse().ok())?;
    if net != net.trunc() {
        value.refuse(format_args!("\"{}\": bits past the prefix length must be zero", net.trunc()));
        return None;
    }
    Some(net)
}

/// A count of bytes: a number, or a text with a unit.
pub(super) fn size(value: &Value<'_, '_>, range: RangeInclusive<u32>) -> Option<u32> {
    let allowed = format!(
        "{}..{} bytes, as a number or a text such as \"256KiB\" or \"2MiB\"",
        range.start(),
        range.end()
    );
    if value.is_integer() {
        return value.number(allowed, |bytes| range.contains(bytes));
    }
    value.parsed(&allowed, |text| {
        let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (number, unit) = text.split_at_checked(digits)?;
        let shift = match unit.trim_start() {
            "KiB" => 10,
            "MiB" => 20,
            "GiB" => 30,
            _ => return None,
        };
        let bytes = number.parse::<u64>().ok()?.checked_mul(1 << shift)?;
        u32::try_from(bytes).ok().filter(|bytes| range.contains(bytes))
    })
}

pub(super) fn absolute_path(value: &Value<'_, '_>) -> Option<PathBuf> {
    let text = value.string("an absolute path")?;
    let path = PathBuf::from(text);
    if !path.is_absolute() {
        value.refuse("an absolute path");
        return None;
    }
    Some(path)
}

pub(super) fn family(value: &Value<'_, '_>) -> Option<Family> {
    value.word(&Family::ALL.map(|family| (family.name(), family)))
}

/// A prefix, or an address that stands for the prefix of its whole length.
pub(super) fn prefix_or_address(value: &Value<'_, '_>) -> Option<IpNet> {
    match value.as_str().and_then(|text| text.parse::<IpAddr>().ok()) {
        Some(address) => Some(address.into()),
        None => prefix(value),
    }
}

pub(super) fn community(value: &Value<'_, '_>) -> Option<u32> {
    const ALLOWED: &str = "two numbers from 0 to 65535 such as \"65000:1\", or a name such as \"no-export\"";
    value.parsed(ALLOWED, |text| text.parse().ok()).map(|Community(number)| number)
}

pub(super) fn large_community(value: &Value<'_, '_>) -> Option<[u32; 3]> {
    const ALLOWED: &str = "three numbers from 0 to 4294967295 such as \"65000:1:2\"";
    let large: LargeCommunity = value.parsed(ALLOWED, |text| text.parse().ok())?;
    Some([large.global, large.local1, large.local2])
}

pub(super) fn all_families() -> FamilySet {
    Family::ALL.into_iter().fold(FamilySet::EMPTY, FamilySet::with)
}
