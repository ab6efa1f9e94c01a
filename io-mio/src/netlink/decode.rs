//! What the kernel says, read where it lies.
//!
//! [`messages`] goes through one datagram. A dump and a notification have the same form; [`Origin`] tells them apart.

use std::net::IpAddr;

use netlink_bindings::rt_addr::{AddrAttrs, Ifaddrmsg};
use netlink_bindings::rt_link::{Ifinfomsg, LinkAttrs};
use netlink_bindings::utils::{IterableChunks, find_attr};

use super::numbers::{ALIGNMENT, MESSAGE_HEADER, NLMSGERR_ATTR_MSG, RTM_DELNEXTHOP, RTM_NEWNEXTHOP};

mod next_hop;
mod route;

pub use next_hop::{Member, Members, NextHop, NextHopKind};
pub use route::{Hops, Route, RouteHop, RouteKind};

/// Most bytes of what the kernel says about a refusal.
const TEXT: usize = 128;

/// Where a message comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The sequence number of the request that it answers, or that made what it notifies of. In a notification it means
    /// something only together with `port`.
    pub sequence: u32,
    /// Who sent that request: [`Netlink::port`](super::Netlink::port) if we did, zero if it was the kernel itself.
    pub port: u32,
    /// It is part of a dump.
    pub dump: bool,
    /// It takes the place of what there was.
    pub replaces: bool,
}

/// One message. Everything borrowed lies in the datagram.
#[derive(Clone, Debug)]
pub enum Message<'a> {
    /// There is this route, newly, changed, or as the dump has it.
    Route(Route<'a>),
    /// This route is gone. The kernel is silent about IPv4 routes that go with a link, an address or a next-hop object.
    RouteGone(Route<'a>),
    /// There is this next-hop object or group, newly, changed, or as the dump has it.
    NextHop(NextHop<'a>),
    /// A next-hop object or group is gone.
    NextHopGone {
        /// Its number.
        id: u32,
    },
    /// There is this link, newly, changed, or as the dump has it.
    Link(Link<'a>),
    /// This link is gone.
    LinkGone(Link<'a>),
    /// There is this address, newly, changed, or as the dump has it.
    Address(Address),
    /// This address is gone.
    AddressGone(Address),
    /// What was requested is done.
    Ack,
    /// What was requested is not done, or a dump ends early.
    Refused(Refusal<'a>),
    /// The dump is at its end.
    Done,
    /// What is dumped changed meanwhile, so that the dump may lack some of it or tell some of it twice: it has to be
    /// repeated. The kernel says so in one of the messages; this comes before what that one tells.
    Interrupted,
    /// The kernel lost data.
    Overrun,
    /// Anything else, and what makes no sense.
    Other,
}

/// Why something was not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal<'a> {
    /// The number of the error, above zero.
    pub errno: i32,
    /// What the kernel says besides: at most 128 bytes, often none.
    pub text: &'a str,
}

/// A network interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: &'a str,
    /// Its MTU in bytes.
    pub mtu: u32,
    /// It is meant to work (`IFF_UP`).
    pub up: bool,
    /// It is up and has a carrier (`IFF_LOWER_UP`).
    pub running: bool,
}

/// An address and the interface that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The interface's number. The label of an IPv4 address (`eth0:1`) does not make it one of another interface.
    pub interface: u32,
    /// The address, the local one where the kernel tells it apart from the other end's.
    pub ip: IpAddr,
    /// Bits of the network that is on the link with it.
    pub prefix_length: u8,
    /// How far it reaches: `RT_SCOPE_*`, zero for everywhere.
    pub scope: u8,
}

/// The messages of one datagram, in their order.
#[must_use]
pub fn messages(datagram: &[u8]) -> Messages<'_> {
    Messages { rest: datagram, interruption_told: false }
}

/// See [`messages`].
#[derive(Clone, Debug)]
pub struct Messages<'a> {
    rest: &'a [u8],
    /// That the message at hand was flagged as one of an interrupted dump.
    interruption_told: bool,
}

impl<'a> Iterator for Messages<'a> {
    type Item = (Origin, Message<'a>);

    /// Ends where a length makes no sense: nothing can be told of what follows.
    fn next(&mut self) -> Option<Self::Item> {
        let length = usize::try_from(u32_at(self.rest, 0)?).ok()?;
        let message = self.rest.get(..length)?;
        let (kind, flags) = (u16_at(message, 4)?, i32::from(u16_at(message, 6)?));
        let (sequence, port) = (u32_at(message, 8)?, u32_at(message, 12)?);
        let has = |flag: libc::c_int| flags & flag != 0;
        let (dump, replaces) = (has(libc::NLM_F_MULTI), has(libc::NLM_F_REPLACE));
        let origin = Origin { sequence, port, dump, replaces };
        if flags & libc::NLM_F_DUMP_INTR != 0 && !self.interruption_told {
            self.interruption_told = true;
            return Some((origin, Message::Interrupted));
        }
        self.interruption_told = false;
        self.rest = self.rest.get(length.next_multiple_of(ALIGNMENT)..).unwrap_or_default();
        Some((origin, one(kind, flags, message.get(MESSAGE_HEADER..)?).unwrap_or(Message::Other)))
    }
}

fn one(kind: u16, flags: i32, body: &[u8]) -> Option<Message<'_>> {
    let told = match kind {
        libc::RTM_NEWROUTE => Message::Route(Route::decode(body)?),
        libc::RTM_DELROUTE => Message::RouteGone(Route::decode(body)?),
        RTM_NEWNEXTHOP => Message::NextHop(NextHop::decode(body)?),
        RTM_DELNEXTHOP => Message::NextHopGone { id: NextHop::decode(body)?.id },
        libc::RTM_NEWLINK => Message::Link(link(body)?),
        libc::RTM_DELLINK => Message::LinkGone(link(body)?),
        libc::RTM_NEWADDR => Message::Address(address(body)?),
        libc::RTM_DELADDR => Message::AddressGone(address(body)?),
        _ => match i32::from(kind) {
            libc::NLMSG_ERROR => answer(flags, body),
            libc::NLMSG_DONE => end_of_dump(flags, body),
            libc::NLMSG_OVERRUN => Message::Overrun,
            _ => Message::Other,
        },
    };
    Some(told)
}

/// struct nlmsgerr: an error below zero, or zero; the request's header, and the request itself unless it was cut off;
/// attributes.
fn answer(flags: i32, body: &[u8]) -> Message<'_> {
    let Some(code) = u32_at(body, 0) else {
        return Message::Refused(Refusal { errno: libc::EIO, text: "" });
    };
    if code == 0 {
        return Message::Ack;
    }
    let request = body.get(4..).unwrap_or_default();
    let length = if flags & libc::NLM_F_CAPPED != 0 {
        Some(MESSAGE_HEADER)
    } else {
        u32_at(request, 0)
            .and_then(|length| usize::try_from(length).ok()?.checked_next_multiple_of(ALIGNMENT))
    };
    refusal(code, flags, length.and_then(|length| request.get(length..)))
}

/// An error below zero, or zero, and attributes. Some old dumps end without any of it.
fn end_of_dump(flags: i32, body: &[u8]) -> Message<'_> {
    match u32_at(body, 0) {
        None | Some(0) => Message::Done,
        // How much the last step has dumped, where somebody forgot to make it zero.
        Some(code) if code.cast_signed() > 0 => Message::Done,
        Some(code) => refusal(code, flags, body.get(4..)),
    }
}

fn refusal(code: u32, flags: i32, attributes: Option<&[u8]>) -> Message<'_> {
    let said = attributes.filter(|_| flags & libc::NLM_F_ACK_TLVS != 0);
    let said = said.and_then(|attributes| find_attr(attributes, NLMSGERR_ATTR_MSG)).unwrap_or_default();
    let said = said.get(..TEXT).unwrap_or(said);
    let said = said.split(|octet| *octet == 0).next().unwrap_or_default();
    Message::Refused(Refusal { errno: code.cast_signed().saturating_abs(), text: text(said) })
}

fn link(body: &[u8]) -> Option<Link<'_>> {
    let (header, attributes) = split::<16>(body)?;
    let header = Ifinfomsg::new_from_array(header);
    // A bridge tells of its ports in the same messages: a port that leaves it is not gone.
    if i32::from(header.ifi_family) != libc::AF_UNSPEC {
        return None;
    }
    let (mut name, mut mtu) = ("", 0);
    for attribute in LinkAttrs::new(attributes).flatten() {
        match attribute {
            LinkAttrs::Ifname(is) => name = text(is.to_bytes()),
            LinkAttrs::Mtu(is) => mtu = is,
            _ => {}
        }
    }
    let is = |flag: libc::c_int| header.ifi_flags & flag.unsigned_abs() != 0;
    let index = u32::try_from(header.ifi_index).ok()?;
    Some(Link { index, name, mtu, up: is(libc::IFF_UP), running: is(libc::IFF_UP) && is(libc::IFF_LOWER_UP) })
}

fn address(body: &[u8]) -> Option<Address> {
    let (header, attributes) = split::<8>(body)?;
    let header = Ifaddrmsg::new_from_array(header);
    let (mut local, mut either) = (None, None);
    for attribute in AddrAttrs::new(attributes).flatten() {
        match attribute {
            AddrAttrs::Local(ip) => local = Some(ip),
            AddrAttrs::Address(ip) => either = Some(ip),
            _ => {}
        }
    }
    let ip = local.or(either)?;
    let bits = if ip.is_ipv4() { 32 } else { 128 };
    if header.ifa_prefixlen > bits {
        return None;
    }
    Some(Address {
        interface: header.ifa_index,
        ip,
        prefix_length: header.ifa_prefixlen,
        scope: header.ifa_scope,
    })
}

/// The fixed part of a body and its attributes, if every one of those ends where the next begins.
fn split<const HEADER: usize>(body: &[u8]) -> Option<([u8; HEADER], &[u8])> {
    let (header, attributes) = body.split_first_chunk()?;
    let mut framing = IterableChunks::new(attributes);
    framing.by_ref().for_each(drop);
    framing.is_empty().then_some((*header, attributes))
}

/// As much of it as is text.
fn text(bytes: &[u8]) -> &str {
    bytes.utf8_chunks().next().map_or("", |chunk| chunk.valid())
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|octets| u16::from_ne_bytes(*octets))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|octets| u32::from_ne_bytes(*octets))
}

#[cfg(test)]
mod tests;
