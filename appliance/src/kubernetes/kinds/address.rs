//! Addresses as these resources write them.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use serde::Deserialize;

/// An address, perhaps with white space around it, which the schemas allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(try_from = "String")]
pub struct Address(pub IpAddr);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let bare = text.trim();
        if let Some((_, zone)) = bare.split_once('%') {
            return Err(format!("found the zone {zone:?}, which this version does not support"));
        }
        bare.parse().map(Self).map_err(|_| format!("found {text:?}, allowed is an IPv4 or IPv6 address"))
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// An address with a length that says nothing: `10.1.5.1/24` is 10.1.5.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct WithLength(pub IpAddr);

impl TryFrom<String> for WithLength {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.trim().parse::<ipnet::IpNet>().map(|net| Self(net.addr())).map_err(|_| {
            format!("found {text:?}, allowed is an address with a prefix length, such as 192.0.2.1/32")
        })
    }
}
