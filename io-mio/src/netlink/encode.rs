//! Requests to the kernel, each written in place.
//!
//! Every function writes one message to the beginning of `room` and returns its length, a multiple of four, so that
//! several can follow each other in one datagram. `None`: `room` is too small, or a list is too long for its attribute
//! (65,535 bytes). Whether a request makes sense is for the kernel to say; it answers each one that changes something
//! with the same sequence number, [`Ack`](super::decode::Message::Ack) or
//! [`Refused`](super::decode::Message::Refused), in the order in which they were sent.

use std::net::IpAddr;

use libc::{NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_EXCL, NLM_F_REPLACE};

use super::numbers::{
    NHA_BLACKHOLE, NHA_GATEWAY, NHA_GROUP, NHA_ID, NHA_OIF, RTA_NH_ID, RTA_VIA, RTM_DELNEXTHOP,
    RTM_GETNEXTHOP, RTM_NEWNEXTHOP, RTNH_F_ONLINK,
};
use super::writer::Writer;
use super::{Family, Hop, RouteKey};

/// What to do if there already is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Existing {
    /// Leave it alone and refuse (`EEXIST`).
    Refuse,
    /// Put the new one in its place, without a moment in between.
    ///
    /// For routes the kernel looks at prefix, table and metric only: the one that goes may be another protocol's.
    Replace,
}

/// Where a route leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Via<'a> {
    /// To a next-hop object or group, by its id.
    Object(u32),
    /// Over these, in equal shares. The kernel wants one at least.
    Hops(&'a [Hop]),
    /// Nowhere: packets are dropped.
    Blackhole,
}

/// What a next-hop object stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object<'a> {
    /// One next hop, which must have an interface.
    Hop(Hop),
    /// None: packets of this family are dropped.
    Blackhole(Family),
    /// These objects, in equal shares. The kernel wants one at least, each of them there, and none a group.
    Group(&'a [u32]),
}

/// Which routes a dump is about. A kernel before 4.20 sends all of the family: whoever asks must look again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Only {
    /// Those of this table. The kernel refuses (`ENOENT`) if there is no such table: so it is until it has had a route.
    pub table: Option<u32>,
    /// Those of this protocol.
    pub protocol: Option<u8>,
}

/// RTM_NEWROUTE: a route is to be there.
#[must_use]
pub fn set_route(
    room: &mut [u8],
    sequence: u32,
    existing: Existing,
    key: &RouteKey,
    via: Via<'_>,
) -> Option<usize> {
    let mut writer = Writer::message(room, libc::RTM_NEWROUTE, create(existing), sequence)?;
    let (scope, kind, flags) = match via {
        Via::Object(_) => (libc::RT_SCOPE_UNIVERSE, libc::RTN_UNICAST, 0),
        Via::Blackhole => (libc::RT_SCOPE_UNIVERSE, libc::RTN_BLACKHOLE, 0),
        Via::Hops(hops) => {
            let direct = hops.iter().all(|hop| hop.gateway.is_none());
            let scope = if direct { libc::RT_SCOPE_LINK } else { libc::RT_SCOPE_UNIVERSE };
            let flags = if let [hop] = hops { onlink(hop) } else { 0 };
            (scope, libc::RTN_UNICAST, flags)
        }
    };
    route(&mut writer, key, scope, kind, flags)?;
    match via {
        Via::Object(id) => writer.number(RTA_NH_ID, id)?,
        Via::Blackhole => {}
        Via::Hops([hop]) => {
            route_gateway(&mut writer, key, hop)?;
            if hop.interface != 0 {
                writer.number(libc::RTA_OIF, hop.interface)?;
            }
        }
        Via::Hops(hops) => writer.attribute(libc::RTA_MULTIPATH, |writer| {
            // struct rtnexthop: length, flags, weight less one, interface.
            hops.iter().try_for_each(|hop| {
                writer.sized([0, 0, onlink(hop), 0], |writer| {
                    writer.put(&hop.interface.to_ne_bytes())?;
                    route_gateway(writer, key, hop)
                })
            })
        })?,
    }
    writer.finish()
}

/// RTM_DELROUTE: the route with this key is to go, whatever it leads to.
#[must_use]
pub fn delete_route(room: &mut [u8], sequence: u32, key: &RouteKey) -> Option<usize> {
    let mut writer = Writer::message(room, libc::RTM_DELROUTE, NLM_F_ACK, sequence)?;
    // Of these, "nowhere" and "unspecified" are what stands for any.
    route(&mut writer, key, libc::RT_SCOPE_NOWHERE, libc::RTN_UNSPEC, 0)?;
    writer.finish()
}

/// RTM_NEWNEXTHOP: a next-hop object or group is to be there.
#[must_use]
pub fn set_next_hop(
    room: &mut [u8],
    sequence: u32,
    existing: Existing,
    id: u32,
    protocol: u8,
    object: Object<'_>,
) -> Option<usize> {
    let mut writer = Writer::message(room, RTM_NEWNEXTHOP, create(existing), sequence)?;
    let (family, flags) = match object {
        Object::Group(_) => (libc::AF_UNSPEC as u8, 0),
        Object::Blackhole(family) => (family.number(), 0),
        Object::Hop(hop) => {
            // One without a gateway serves IPv4; for IPv6 there always is one, link-local if need be.
            (hop.gateway.as_ref().map_or(Family::V4, Family::of).number(), onlink(&hop))
        }
    };
    next_hop(&mut writer, family, protocol, flags)?;
    writer.number(NHA_ID, id)?;
    match object {
        // struct nexthop_grp: id, weight less one, and what is reserved.
        Object::Group(ids) => writer.attribute(NHA_GROUP, |writer| {
            ids.iter().try_for_each(|id| writer.put([id.to_ne_bytes(), [0; 4]].as_flattened()))
        })?,
        Object::Blackhole(_) => writer.attribute(NHA_BLACKHOLE, |_| Some(()))?,
        Object::Hop(hop) => {
            writer.number(NHA_OIF, hop.interface)?;
            if let Some(gateway) = hop.gateway {
                writer.attribute(NHA_GATEWAY, |writer| address(writer, gateway))?;
            }
        }
    }
    writer.finish()
}

/// RTM_DELNEXTHOP: a next-hop object or group is to go. The kernel takes it out of its groups and deletes its routes.
#[must_use]
pub fn delete_next_hop(room: &mut [u8], sequence: u32, id: u32) -> Option<usize> {
    let mut writer = Writer::message(room, RTM_DELNEXTHOP, NLM_F_ACK, sequence)?;
    next_hop(&mut writer, libc::AF_UNSPEC as u8, 0, 0)?;
    writer.number(NHA_ID, id)?;
    writer.finish()
}

/// RTM_GETROUTE: all routes of a family, or only some.
#[must_use]
pub fn dump_routes(room: &mut [u8], sequence: u32, family: Family, only: Only) -> Option<usize> {
    let mut writer = Writer::message(room, libc::RTM_GETROUTE, NLM_F_DUMP, sequence)?;
    let table = only.table.map_or(libc::RT_TABLE_UNSPEC, short_table);
    writer.put(&[family.number(), 0, 0, 0, table, only.protocol.unwrap_or_default(), 0, 0])?;
    writer.put(&[0; 4])?;
    if let Some(table) = only.table {
        writer.number(libc::RTA_TABLE, table)?;
    }
    writer.finish()
}

/// RTM_GETNEXTHOP: all next-hop objects and groups. A kernel before 5.3 has none and refuses (`EOPNOTSUPP`).
#[must_use]
pub fn dump_next_hops(room: &mut [u8], sequence: u32) -> Option<usize> {
    let mut writer = Writer::message(room, RTM_GETNEXTHOP, NLM_F_DUMP, sequence)?;
    next_hop(&mut writer, libc::AF_UNSPEC as u8, 0, 0)?;
    writer.finish()
}

/// RTM_GETLINK: all links, without their statistics.
#[must_use]
pub fn dump_links(room: &mut [u8], sequence: u32) -> Option<usize> {
    let mut writer = Writer::message(room, libc::RTM_GETLINK, NLM_F_DUMP, sequence)?;
    // struct ifinfomsg.
    writer.put(&[0; 16])?;
    writer.number(libc::IFLA_EXT_MASK, libc::RTEXT_FILTER_SKIP_STATS.unsigned_abs())?;
    writer.finish()
}

/// RTM_GETADDR: all addresses of both families.
#[must_use]
pub fn dump_addresses(room: &mut [u8], sequence: u32) -> Option<usize> {
    let mut writer = Writer::message(room, libc::RTM_GETADDR, NLM_F_DUMP, sequence)?;
    // struct ifaddrmsg.
    writer.put(&[0; 8])?;
    writer.finish()
}

fn create(existing: Existing) -> libc::c_int {
    let existing = match existing {
        Existing::Refuse => NLM_F_EXCL,
        Existing::Replace => NLM_F_REPLACE,
    };
    NLM_F_ACK | NLM_F_CREATE | existing
}

fn onlink(hop: &Hop) -> u8 {
    if hop.onlink { RTNH_F_ONLINK } else { 0 }
}

/// A table's number in the one byte that the header has for it.
fn short_table(table: u32) -> u8 {
    u8::try_from(table).unwrap_or(libc::RT_TABLE_COMPAT)
}

/// struct rtmsg, and the attributes of the key.
fn route(writer: &mut Writer<'_>, key: &RouteKey, scope: u8, kind: u8, flags: u8) -> Option<()> {
    let prefix = key.prefix.addr();
    let (family, length) = (Family::of(&prefix).number(), key.prefix.prefix_len());
    writer.put(&[family, length, 0, 0, short_table(key.table), key.protocol, scope, kind])?;
    writer.put(&u32::from(flags).to_ne_bytes())?;
    writer.attribute(libc::RTA_DST, |writer| address(writer, key.prefix.network()))?;
    writer.number(libc::RTA_TABLE, key.table)?;
    writer.number(libc::RTA_PRIORITY, key.metric)
}

/// The gateway of a route: an address of the route's family, or with its own family beside it.
fn route_gateway(writer: &mut Writer<'_>, key: &RouteKey, hop: &Hop) -> Option<()> {
    let Some(gateway) = hop.gateway else { return Some(()) };
    let family = Family::of(&gateway);
    if family == Family::of(&key.prefix.addr()) {
        return writer.attribute(libc::RTA_GATEWAY, |writer| address(writer, gateway));
    }
    writer.attribute(RTA_VIA, |writer| {
        writer.put(&u16::from(family.number()).to_ne_bytes())?;
        address(writer, gateway)
    })
}

/// struct nhmsg: family, scope, protocol, reserved, flags.
fn next_hop(writer: &mut Writer<'_>, family: u8, protocol: u8, flags: u8) -> Option<()> {
    writer.put(&[family, 0, protocol, 0])?;
    writer.put(&u32::from(flags).to_ne_bytes())
}

fn address(writer: &mut Writer<'_>, address: IpAddr) -> Option<()> {
    match address {
        IpAddr::V4(address) => writer.put(&address.octets()),
        IpAddr::V6(address) => writer.put(&address.octets()),
    }
}

#[cfg(test)]
mod tests;
