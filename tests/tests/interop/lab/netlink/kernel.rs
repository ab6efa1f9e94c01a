//! A plain client of the kernel.

use crier_io_mio::netlink::decode::{Message, NextHopKind, RouteKind, messages};
use crier_io_mio::netlink::encode::{self, Existing, Object, Only, Via};
use crier_io_mio::netlink::{DATAGRAM, Family, Hop, Netlink, Received, RouteKey};
use crier_tests::lab::{Namespace, OrFail as _, fail};

use super::BGP;

/// A socket in a namespace, used as a plain client does: one question, then its answer.
pub(super) struct Kernel {
    pub(super) netlink: Netlink,
    sequence: u32,
}

/// What the tests look at of a route.
#[derive(Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) key: RouteKey,
    pub(super) kind: RouteKind,
    pub(super) object: Option<u32>,
    pub(super) hops: Vec<Hop>,
}

/// Why not, in the kernel's number and words.
pub(super) type Answer = Result<(), (i32, String)>;

impl Kernel {
    pub(super) fn of(node: &Namespace) -> Self {
        Self { netlink: node.enter(Netlink::open).or_fail("opening a socket"), sequence: 0 }
    }

    /// Sends a request and hands on what comes back until it is answered.
    pub(super) fn ask(
        &mut self,
        encode: impl FnOnce(&mut [u8], u32) -> Option<usize>,
        mut each: impl FnMut(Message<'_>),
    ) -> Answer {
        let mut room = vec![0; DATAGRAM];
        self.sequence += 1;
        let length = encode(&mut room, self.sequence).or_fail("encoding");
        self.netlink.send(&room[..length]).or_fail("sending");
        loop {
            let Received::Datagram(length) = self.netlink.receive(&mut room).or_fail("receiving") else {
                fail(format_args!("no answer to {}", self.sequence));
            };
            for (origin, message) in messages(&room[..length]) {
                assert_eq!((origin.sequence, origin.port), (self.sequence, self.netlink.port()));
                match message {
                    Message::Ack | Message::Done => return Ok(()),
                    Message::Refused(refusal) => return Err((refusal.errno, refusal.text.to_owned())),
                    Message::Interrupted | Message::Other => fail(format_args!("{message:?}")),
                    told => {
                        assert!(origin.dump);
                        each(told);
                    }
                }
            }
        }
    }

    fn change(&mut self, encode: impl FnOnce(&mut [u8], u32) -> Option<usize>) -> Answer {
        self.ask(encode, |message| fail(format_args!("{message:?}")))
    }

    /// Asks for a dump, which must come.
    fn dump(&mut self, encode: impl FnOnce(&mut [u8], u32) -> Option<usize>, each: impl FnMut(Message<'_>)) {
        if let Err(refusal) = self.ask(encode, each) {
            fail(format_args!("{refusal:?}"));
        }
    }

    pub(super) fn set(&mut self, existing: Existing, key: &RouteKey, via: Via<'_>) -> Answer {
        self.change(|room, sequence| encode::set_route(room, sequence, existing, key, via))
    }

    pub(super) fn delete(&mut self, key: &RouteKey) -> Answer {
        self.change(|room, sequence| encode::delete_route(room, sequence, key))
    }

    pub(super) fn set_object(&mut self, existing: Existing, id: u32, object: Object<'_>) -> Answer {
        self.change(|room, sequence| encode::set_next_hop(room, sequence, existing, id, BGP, object))
    }

    pub(super) fn delete_object(&mut self, id: u32) -> Answer {
        self.change(|room, sequence| encode::delete_next_hop(room, sequence, id))
    }

    pub(super) fn routes(&mut self, family: Family, only: Only) -> Vec<Seen> {
        let mut seen = Vec::new();
        self.dump(
            |room, sequence| encode::dump_routes(room, sequence, family, only),
            |message| match message {
                Message::Route(route) => seen.push(Seen {
                    key: route.key,
                    kind: route.kind,
                    object: route.object,
                    hops: route.hops().map(|seen| seen.hop).collect(),
                }),
                other => fail(format_args!("{other:?}")),
            },
        );
        seen
    }

    pub(super) fn objects(&mut self) -> Vec<(u32, u8, String)> {
        let mut seen = Vec::new();
        self.dump(encode::dump_next_hops, |message| match message {
            Message::NextHop(object) => {
                let kind = match object.kind {
                    NextHopKind::Hop(hop) => format!("{:?}", hop.hop),
                    NextHopKind::Blackhole(_) => "blackhole".to_owned(),
                    NextHopKind::Group(members) => {
                        format!("{:?}", members.map(|member| (member.id, member.weight)).collect::<Vec<_>>())
                    }
                    NextHopKind::Other => fail(format_args!("{object:?}")),
                };
                seen.push((object.id, object.protocol, kind));
            }
            other => fail(format_args!("{other:?}")),
        });
        seen
    }

    pub(super) fn link(&mut self, name: &str) -> u32 {
        let mut index = None;
        let each = |message: Message<'_>| match message {
            Message::Link(link) if link.name == name => index = Some(link.index),
            _ => {}
        };
        self.dump(encode::dump_links, each);
        index.or_fail(format_args!("looking for {name}"))
    }

    /// What has been notified of, in words.
    pub(super) fn news(&self) -> Vec<String> {
        let mut room = vec![0; DATAGRAM];
        let mut news = Vec::new();
        while let Received::Datagram(length) = self.netlink.receive(&mut room).or_fail("receiving") {
            for (origin, message) in messages(&room[..length]) {
                let who = if origin.port == self.netlink.port() { "our" } else { "a" };
                let what = match message {
                    Message::Route(route) => format!("route to {}", route.key.prefix),
                    Message::RouteGone(route) => format!("route to {} gone", route.key.prefix),
                    Message::NextHop(object) => format!("object {}", object.id),
                    Message::NextHopGone { id } => format!("object {id} gone"),
                    Message::Link(link) => format!("link {} {} {}", link.name, link.up, link.running),
                    Message::LinkGone(link) => format!("link {} gone", link.name),
                    Message::Address(address) => format!("address {}/{}", address.ip, address.prefix_length),
                    Message::AddressGone(address) => format!("address {} gone", address.ip),
                    other => format!("{other:?}"),
                };
                news.push(format!("{who} {what}"));
            }
        }
        news
    }
}
