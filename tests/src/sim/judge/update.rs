//! UPDATE: what is announced or withdrawn (RFC 4271, 4.3; RFC 4760; RFC 4724, 2).

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crier_core::Family;
use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::attributes::{Attributes, MpReach, MpUnreach, NextHop};
use super::reader::Reader;
use crate::sim::Route;

/// An UPDATE. It has one purpose and prefixes of one family: a sender must not mix them (RFC 7606, 5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// These prefixes, at least one, have this route.
    Announce {
        /// The prefixes, each once.
        prefixes: Vec<IpNet>,
        /// Their route.
        route: Route,
    },
    /// These prefixes, at least one, have none any more.
    Withdraw {
        /// The prefixes, each once.
        prefixes: Vec<IpNet>,
    },
    /// Everything of the family that was there has been announced.
    EndOfRib(Family),
}

impl Update {
    /// Reads the body of an UPDATE.
    ///
    /// # Errors
    /// What is wrong with it: lengths, attributes, prefixes, or things together that do not belong together.
    pub fn decode(body: &[u8]) -> Result<Self, String> {
        let mut reader = Reader::new(body, "UPDATE");
        let length = reader.u16()?;
        let withdrawn = prefixes(reader.part(length.into(), "withdrawn routes")?, Family::Ipv4Unicast)?;
        let length = reader.u16()?;
        let list = reader.take(length.into())?;
        let announced = prefixes(reader, Family::Ipv4Unicast)?;
        let mut attributes = Attributes::decode(list)?;
        let (reach, unreach) = (attributes.reach.take(), attributes.unreach.take());
        match (withdrawn.is_empty(), announced.is_empty(), reach, unreach) {
            (true, true, None, None) if list.is_empty() => Ok(Self::EndOfRib(Family::Ipv4Unicast)),
            (false, true, None, None) if list.is_empty() => Ok(Self::Withdraw { prefixes: withdrawn }),
            (true, false, None, None) => {
                let next_hop = attributes.next_hop.take().ok_or("NLRI without NEXT_HOP")?;
                let next_hop = NextHop::new(IpAddr::V4(next_hop), None)?;
                Ok(Self::Announce { prefixes: announced, route: attributes.route(next_hop)? })
            }
            (true, true, Some(reach), None) => announce_multiprotocol(reach, attributes),
            (true, true, None, Some(unreach)) if attributes == Attributes::default() => {
                withdraw_multiprotocol(unreach)
            }
            (true, true, None, None) => Err("attributes without prefixes".to_owned()),
            (_, _, None, None) => Err("withdrawn routes beside attributes".to_owned()),
            (_, _, reach, unreach) => Err(format!(
                "in one UPDATE: {} withdrawn, {} announced, MP_REACH_NLRI: {}, MP_UNREACH_NLRI: {} (RFC 7606, 5.1)",
                withdrawn.len(),
                announced.len(),
                reach.is_some(),
                unreach.is_some()
            )),
        }
    }
}

fn announce_multiprotocol(reach: MpReach, attributes: Attributes) -> Result<Update, String> {
    // RFC 4760, 3: without plain NLRI there is nothing that NEXT_HOP would be of.
    if let Some(next_hop) = attributes.next_hop {
        return Err(format!("NEXT_HOP {next_hop} beside MP_REACH_NLRI"));
    }
    if reach.prefixes.is_empty() {
        return Err("MP_REACH_NLRI without prefixes".to_owned());
    }
    Ok(Update::Announce { prefixes: reach.prefixes, route: attributes.route(reach.next_hop)? })
}

fn withdraw_multiprotocol(unreach: MpUnreach) -> Result<Update, String> {
    match (unreach.family, unreach.prefixes.is_empty()) {
        (_, false) => Ok(Update::Withdraw { prefixes: unreach.prefixes }),
        // RFC 4724, 2: that of IPv4 unicast is the shortest UPDATE there is.
        (Family::Ipv4Unicast, true) => Err("End-of-RIB of IPv4 unicast in MP_UNREACH_NLRI".to_owned()),
        (family, true) => Ok(Update::EndOfRib(family)),
    }
}

/// Reads prefixes up to the end.
pub(super) fn prefixes(mut reader: Reader<'_>, family: Family) -> Result<Vec<IpNet>, String> {
    let (mut found, mut seen) = (Vec::new(), BTreeSet::new());
    while !reader.is_empty() {
        let prefix = prefix(&mut reader, family)?;
        if !seen.insert(prefix) {
            return Err(format!("{prefix} twice in one UPDATE"));
        }
        found.push(prefix);
    }
    Ok(found)
}

fn prefix(reader: &mut Reader<'_>, family: Family) -> Result<IpNet, String> {
    let length = reader.u8()?;
    let octets = reader.take(usize::from(length.div_ceil(8)))?;
    let mut address = [0; 16];
    let too_long = || format!("a prefix of {family} with {length} bits");
    address.get_mut(..octets.len()).ok_or_else(too_long)?.copy_from_slice(octets);
    let [a, b, c, d, ..] = address;
    let net = match family {
        Family::Ipv4Unicast => Ipv4Net::new(Ipv4Addr::new(a, b, c, d), length).map(IpNet::V4),
        Family::Ipv6Unicast => Ipv6Net::new(Ipv6Addr::from(address), length).map(IpNet::V6),
    };
    let net = net.map_err(|_| too_long())?;
    // RFC 4271, 4.3 leaves trailing bits open to receivers; crier sends zeroes.
    if net.trunc() == net { Ok(net) } else { Err(format!("{net} has bits set past its length")) }
}
