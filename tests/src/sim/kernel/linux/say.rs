//! What the system says, in bytes: answers, notifications, and what dumps consist of.

use std::net::{IpAddr, Ipv6Addr};

use crier_io_mio::netlink::encode::{self, Existing, Via};
use crier_io_mio::netlink::{Family, Hop, RouteKey};
use ipnet::IpNet;

use super::request::{HEADER, METRIC, PROTOCOL, TABLE};
use super::{Cause, is_ipv6, number_of};
use crate::sim::kernel::{Lead, NextHop, Object};

/// RTM_DELNEXTHOP, which `libc` lacks.
const DELNEXTHOP: u16 = 105;
/// Room for any message: a group of 256 has 2 KiB.
const ROOM: usize = 16_384;

/// ACK or refusal of the request with this number.
pub(super) fn answer(sequence: u32, port: u32, result: Result<(), i32>) -> Vec<u8> {
    let code = result.err().unwrap_or(0).wrapping_neg();
    // struct nlmsgerr: the error, and the header of the request.
    let mut body = code.to_ne_bytes().to_vec();
    body.extend([0; HEADER]);
    let (kind, flags) = (libc::NLMSG_ERROR as u16, libc::NLM_F_CAPPED);
    message(kind, flags, Cause { port, sequence }, &body)
}

/// The end of a dump.
pub(super) fn done(cause: Cause, flags: i32) -> Vec<u8> {
    message(libc::NLMSG_DONE as u16, flags, cause, &0_i32.to_ne_bytes())
}

/// A link that works.
pub(super) fn link(cause: Cause, flags: i32, interface: usize) -> Vec<u8> {
    let works = (libc::IFF_UP | libc::IFF_RUNNING | libc::IFF_LOWER_UP).unsigned_abs();
    // struct ifinfomsg: family, hardware type, number, flags, which of them changed.
    let mut body = vec![0; 4];
    body.extend(number_of(interface).to_ne_bytes());
    body.extend(works.to_ne_bytes());
    body.extend([0; 4]);
    let name = format!("eth{interface}\0");
    body.extend((4 + name.len() as u16).to_ne_bytes());
    body.extend(libc::IFLA_IFNAME.to_ne_bytes());
    body.extend(name.as_bytes());
    body.resize(body.len().next_multiple_of(4), 0);
    message(libc::RTM_NEWLINK, flags, cause, &body)
}

/// A route of the speaker's.
pub(super) fn route(cause: Cause, flags: i32, prefix: IpNet, lead: &Lead) -> Vec<u8> {
    let key = RouteKey { prefix, table: TABLE, protocol: PROTOCOL, metric: METRIC };
    one(libc::RTM_NEWROUTE, flags, cause, |room| with_via(lead, |via| set_route(room, &key, via)))
}

/// A route of the speaker's that is gone.
pub(super) fn route_gone(cause: Cause, prefix: IpNet, lead: &Lead) -> Vec<u8> {
    let key = RouteKey { prefix, table: TABLE, protocol: PROTOCOL, metric: METRIC };
    one(libc::RTM_DELROUTE, 0, cause, |room| with_via(lead, |via| set_route(room, &key, via)))
}

/// A route of the host itself, or of its operator: over these next hops, on the link where there is no gateway. The metric
/// is the one that Linux gives such a route: none for IPv4, 256 and 1024 for IPv6.
pub(super) fn foreign(
    cause: Cause,
    flags: i32,
    prefix: IpNet,
    is_static: bool,
    hops: &[(usize, Option<IpAddr>)],
) -> Vec<u8> {
    let protocol = if is_static { libc::RTPROT_STATIC } else { libc::RTPROT_KERNEL };
    let metric = metric(prefix, is_static);
    let key = RouteKey { prefix, table: TABLE, protocol, metric };
    let hop = |&(interface, gateway): &(usize, Option<IpAddr>)| Hop {
        gateway,
        interface: number_of(interface),
        onlink: false,
    };
    let hops: Vec<Hop> = hops.iter().map(hop).collect();
    one(libc::RTM_NEWROUTE, flags, cause, |room| set_route(room, &key, Via::Hops(&hops)))
}

/// An IPv6 route of somebody else's that is gone, which had nothing to do with anybody.
pub(super) fn foreign_gone(cause: Cause) -> Vec<u8> {
    let prefix = IpNet::from(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0xffff, 0, 0, 0, 0, 1)));
    let key = RouteKey { prefix, table: TABLE, protocol: libc::RTPROT_STATIC, metric: metric(prefix, true) };
    let hop = Hop { gateway: None, interface: number_of(0), onlink: false };
    one(libc::RTM_DELROUTE, 0, cause, |room| set_route(room, &key, Via::Hops(&[hop])))
}

/// The metric of a route that no speaker installed.
pub(super) const fn metric(prefix: IpNet, is_static: bool) -> u32 {
    match (is_ipv6(prefix), is_static) {
        (false, _) => 0,
        (true, false) => 256,
        (true, true) => 1024,
    }
}

/// A next-hop object or group.
pub(super) fn object(cause: Cause, flags: i32, id: u32, object: &Object) -> Vec<u8> {
    let object = match object {
        Object::Hop(hop) if hop.is_nowhere() => encode::Object::Blackhole(Family::of(&hop.gateway)),
        Object::Hop(hop) => encode::Object::Hop(wire_hop(hop)),
        Object::Group(members) => encode::Object::Group(members),
    };
    one(NEWNEXTHOP, flags, cause, |room| {
        encode::set_next_hop(room, 0, Existing::Refuse, id, PROTOCOL, object)
    })
}

/// RTM_NEWNEXTHOP, likewise.
const NEWNEXTHOP: u16 = 104;
/// RTM_GETNEXTHOP, likewise.
pub(super) const GETNEXTHOP: u16 = 106;

/// A next-hop object or group that is gone.
pub(super) fn object_gone(cause: Cause, id: u32) -> Vec<u8> {
    one(DELNEXTHOP, 0, cause, |room| encode::delete_next_hop(room, 0, id))
}

fn set_route(room: &mut [u8], key: &RouteKey, via: Via<'_>) -> Option<usize> {
    encode::set_route(room, 0, Existing::Refuse, key, via)
}

fn with_via<T>(lead: &Lead, call: impl FnOnce(Via<'_>) -> T) -> T {
    match lead {
        Lead::Object(id) => call(Via::Object(*id)),
        Lead::Hops(hops) if hops.iter().any(NextHop::is_nowhere) => call(Via::Blackhole),
        Lead::Hops(hops) => {
            let hops: Vec<Hop> = hops.iter().map(wire_hop).collect();
            call(Via::Hops(&hops))
        }
    }
}

fn wire_hop(hop: &NextHop) -> Hop {
    Hop { gateway: Some(hop.gateway), interface: number_of(hop.interface), onlink: false }
}

/// What a request for it would be, told: the forms are the same, but for the header.
fn one(kind: u16, flags: i32, cause: Cause, write: impl FnOnce(&mut [u8]) -> Option<usize>) -> Vec<u8> {
    let mut room = [0; ROOM];
    let length = write(&mut room).unwrap_or_default();
    message(kind, flags, cause, room.get(HEADER..length).unwrap_or_default())
}

fn message(kind: u16, flags: i32, cause: Cause, body: &[u8]) -> Vec<u8> {
    let length = HEADER + body.len();
    let mut bytes = Vec::with_capacity(length);
    bytes.extend((length as u32).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend((flags as u16).to_ne_bytes());
    bytes.extend(cause.sequence.to_ne_bytes());
    bytes.extend(cause.port.to_ne_bytes());
    bytes.extend(body);
    bytes
}
