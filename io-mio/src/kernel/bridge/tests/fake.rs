//! A kernel that keeps what it is told, and a speaker with neighbors that say what a test wants.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crier_core::config::{
    Config, LocalConfig, MaxPrefixAction, MaxPrefixes, PeerConfig, PolicyRef, RemoteAs, Timers, Ttl,
};
use crier_core::speaker::{CloseCause, ConnId, ConnSlot, Ends, Memory, PeerSlot};
use crier_core::{Event, Instant, Limits, Millis, Speaker};
use ipnet::IpNet;

use super::super::super::ask::Port;
use super::super::super::down::LOOKS;
use super::super::super::survey::Dump;
use super::super::{Bridge, Request, Settings};
use crate::netlink::decode::{Link, Message, Origin, messages};
use crate::netlink::encode::{self, Existing, Object, Via};
use crate::netlink::{Family, Hop, RouteKey};

/// The interface that there is.
pub(super) const INTERFACE: u32 = 3;

/// Where a route leads.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Lead {
    Object(u32),
    Hops(Vec<Hop>),
    Blackhole,
    /// Somebody's, in another way.
    Unreachable,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Thing {
    Hop(Hop),
    Group(Vec<u32>),
    Blackhole(Family),
}

/// Routes with crier's table and metric by prefix, whoever made them, and objects.
#[derive(Debug, Default)]
pub(super) struct Fake {
    pub(super) routes: BTreeMap<IpNet, (u8, Lead)>,
    pub(super) objects: BTreeMap<u32, Thing>,
    /// Routes with another table or metric.
    pub(super) elsewhere: BTreeMap<RouteKey, Lead>,
    pub(super) link_is_down: bool,
    /// Requests for routes are refused.
    pub(super) refuses: Option<i32>,
    /// Requests for objects are refused.
    pub(super) refuses_objects: Option<i32>,
    /// The next dump of routes lacks this one.
    pub(super) left_out: Option<IpNet>,
    /// Answers get lost.
    pub(super) mute: bool,
    pub(super) requests: usize,
    /// Most of them that ever waited for their answers.
    pub(super) most_waiting: usize,
    answers: VecDeque<(u32, Result<(), i32>)>,
}

impl Fake {
    fn apply(&mut self, request: &Request<'_>) -> Result<(), i32> {
        match *request {
            Request::Route(_, _, _) | Request::NoRoute(_) if self.refuses.is_some() => {
                self.refuses.map_or(Ok(()), Err)
            }
            Request::Object(..) | Request::NoObject(_) if self.refuses_objects.is_some() => {
                self.refuses_objects.map_or(Ok(()), Err)
            }
            Request::Route(existing, key, via) => {
                if existing == Existing::Refuse && self.routes.contains_key(&key.prefix) {
                    return Err(libc::EEXIST);
                }
                let lead = match via {
                    Via::Object(id) if !self.objects.contains_key(&id) => return Err(libc::EINVAL),
                    Via::Object(id) => Lead::Object(id),
                    Via::Hops(hops) => Lead::Hops(hops.to_vec()),
                    Via::Blackhole => Lead::Blackhole,
                };
                self.routes.insert(key.prefix, (key.protocol, lead));
                Ok(())
            }
            Request::NoRoute(key) if (key.table, key.metric) != (254, 20) => {
                self.elsewhere.remove(&key).map(|_| ()).ok_or(libc::ESRCH)
            }
            Request::NoRoute(key) => match self.routes.get(&key.prefix) {
                Some((protocol, _)) if *protocol == key.protocol => {
                    self.routes.remove(&key.prefix);
                    Ok(())
                }
                _ => Err(libc::ESRCH),
            },
            Request::Object(id, Object::Hop(hop)) => {
                self.objects.insert(id, Thing::Hop(hop));
                Ok(())
            }
            Request::Object(id, Object::Group(members)) => {
                if members.is_empty() || members.iter().any(|id| !self.objects.contains_key(id)) {
                    return Err(libc::EINVAL);
                }
                self.objects.insert(id, Thing::Group(members.to_vec()));
                Ok(())
            }
            Request::Object(id, Object::Blackhole(family)) => {
                self.objects.insert(id, Thing::Blackhole(family));
                Ok(())
            }
            Request::NoObject(id) => self.remove_object(id),
        }
    }

    /// As Linux does: groups lose it, empty ones go, and routes go with what they lead to, without a word.
    pub(super) fn remove_object(&mut self, id: u32) -> Result<(), i32> {
        self.objects.remove(&id).ok_or(libc::ENOENT)?;
        self.routes.retain(|_, (_, lead)| *lead != Lead::Object(id));
        self.elsewhere.retain(|_, lead| *lead != Lead::Object(id));
        let mut empty = Vec::new();
        for (group, thing) in &mut self.objects {
            if let Thing::Group(members) = thing {
                members.retain(|member| *member != id);
                empty.extend(members.is_empty().then_some(*group));
            }
        }
        empty.into_iter().try_for_each(|group| self.remove_object(group))
    }

    /// The last octets of the gateways that a route leads over, none for one that drops; `None`: there is no route.
    pub(super) fn gateways(&self, prefix: &str) -> Option<Vec<u8>> {
        let (_, lead) = self.routes.get(&prefix.parse::<IpNet>().unwrap())?;
        let of_hop = |hop: &Hop| match hop.gateway {
            Some(IpAddr::V4(address)) => address.octets()[3],
            _ => 0,
        };
        let of_object = |id: &u32| match &self.objects[id] {
            Thing::Hop(hop) => of_hop(hop),
            Thing::Group(_) | Thing::Blackhole(_) => panic!("no next hop in a group"),
        };
        let mut gateways: Vec<u8> = match lead {
            Lead::Blackhole | Lead::Unreachable => Vec::new(),
            Lead::Hops(hops) => hops.iter().map(of_hop).collect(),
            Lead::Object(id) => match &self.objects[id] {
                Thing::Blackhole(_) => Vec::new(),
                Thing::Hop(hop) => vec![of_hop(hop)],
                Thing::Group(members) => members.iter().map(of_object).collect(),
            },
        };
        gateways.sort_unstable();
        Some(gateways)
    }
}

impl Port for Fake {
    fn send(&mut self, sequence: u32, request: &Request<'_>) {
        self.requests += 1;
        let answer = self.apply(request);
        if !self.mute {
            self.answers.push_back((sequence, answer));
            self.most_waiting = self.most_waiting.max(self.answers.len());
        }
    }
}

/// All of it.
pub(super) struct Bench {
    pub(super) now: Instant,
    pub(super) fake: Fake,
    pub(super) bridge: Bridge,
    pub(super) speaker: Speaker<'static>,
    connections: BTreeMap<u8, ConnId>,
}

fn address(peer: u8) -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, peer)
}

fn leaked<T: Default>(count: usize) -> &'static mut [T] {
    Box::leak((0..count).map(|_| T::default()).collect())
}

const LIMITS: Limits = Limits {
    peers: 8,
    connections: 16,
    prefixes: 4_000,
    paths: 8_000,
    attribute_sets: 400,
    attribute_bytes: 40_000,
    policy_bytes: 8_192,
};

/// A speaker with neighbors 11, 12 and 13, each in an AS of its own, the last one perhaps behind a router.
pub(crate) fn speaker(now: Instant) -> Speaker<'static> {
    let region = Box::leak(vec![0; LIMITS.region_bytes() as usize + 64].into_boxed_slice());
    let skew = region.as_ptr().align_offset(64);
    let memory = Memory {
        region: &mut region[skew..],
        peers: leaked::<PeerSlot>(usize::from(LIMITS.peers) + 1),
        connections: leaked::<ConnSlot>(usize::from(LIMITS.connections)),
        events: leaked::<Event>(256),
    };
    let mut speaker = Speaker::new(memory, &LIMITS, 7, now).unwrap();
    let peer = |peer: u8| PeerConfig {
        remote: address(peer).into(),
        port: 179,
        settings: crier_core::config::Settings {
            remote_as: RemoteAs::Any,
            passive: true,
            timers: Timers { hold: 180, keepalive: 60, connect_retry: 1, send_hold: 480 },
            import: PolicyRef::AcceptAll,
            export: PolicyRef::RejectAll,
            blackhole: true,
            ttl: if peer == 13 { Ttl::Multihop(2) } else { Ttl::Default },
            max_prefixes: MaxPrefixes { limit: 10_000, action: MaxPrefixAction::Close },
            ..crier_core::config::Settings::default()
        },
    };
    let local = LocalConfig { asn: 65_000, router_id: address(1), maximum_paths: 4, as_path_relax: true };
    let config = Config { local, peers: &[11, 12, 13].map(peer), ranges: &[], policies: &[] };
    speaker.configure(now, &config).unwrap();
    speaker
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xff; 16];
    bytes.extend((19 + body.len() as u16).to_be_bytes());
    bytes.push(kind);
    bytes.extend(body);
    bytes
}

fn nlri(prefixes: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for prefix in prefixes {
        let IpNet::V4(net) = prefix.parse().unwrap() else { panic!("IPv4 only") };
        bytes.push(net.prefix_len());
        bytes.extend(&net.addr().octets()[..usize::from(net.prefix_len().div_ceil(8))]);
    }
    bytes
}

impl Bench {
    pub(super) fn new(settings: Settings) -> Self {
        Self::over(Fake::default(), settings)
    }

    /// A new process over a kernel that is as an earlier one has left it.
    pub(super) fn over(fake: Fake, settings: Settings) -> Self {
        let now = Instant::from_millis(1000);
        let mut speaker = speaker(now);
        let mut bridge = Bridge::new(settings, &LIMITS);
        bridge.start(now, &mut speaker);
        Self { now, fake, bridge, speaker, connections: BTreeMap::new() }
    }

    /// A neighbor calls, and its session comes up.
    pub(super) fn connect(&mut self, peer: u8) {
        let ends =
            Ends::new(SocketAddr::new(address(peer).into(), 1024), SocketAddr::new(address(1).into(), 179));
        let conn = self.speaker.accept(self.now, ends).unwrap();
        self.connections.insert(peer, conn);
        // No hold time, no capabilities.
        let asn = [0xfd, 0xe8 + peer];
        let open = [&[4, asn[0], asn[1], 0, 0][..], &address(peer).octets(), &[0]].concat();
        self.say(peer, &message(1, &open));
        self.say(peer, &message(4, &[]));
    }

    fn say(&mut self, peer: u8, bytes: &[u8]) {
        let conn = self.connections[&peer];
        self.speaker.receive(self.now, conn, bytes);
        while self.speaker.poll_action().is_some() {}
        let mut room = vec![0; 65_536];
        while self.speaker.transmit(self.now, conn, &mut room) > 0 {}
    }

    /// A neighbor announces prefixes by way of itself.
    pub(super) fn announce(&mut self, peer: u8, prefixes: &[&str]) {
        self.announce_with(peer, peer, &[], prefixes);
    }

    /// A neighbor asks for prefixes to be dropped (RFC 7999).
    pub(super) fn blackhole(&mut self, peer: u8, prefixes: &[&str]) {
        self.announce_with(peer, peer, &[0xc0, 8, 4, 0xff, 0xff, 0x02, 0x9a], prefixes);
    }

    /// A neighbor announces prefixes by way of another one.
    pub(super) fn announce_via(&mut self, peer: u8, via: u8, prefixes: &[&str]) {
        self.announce_with(peer, via, &[], prefixes);
    }

    fn announce_with(&mut self, peer: u8, via: u8, more: &[u8], prefixes: &[&str]) {
        let path = [0x40, 1, 1, 0, 0x40, 2, 4, 2, 1, 0xfd, 0xe8 + peer, 0x40, 3, 4];
        let attributes = [&path[..], &address(via).octets(), more].concat();
        let length = (attributes.len() as u16).to_be_bytes();
        let body = [&[0, 0][..], &length, &attributes, &nlri(prefixes)].concat();
        self.say(peer, &message(2, &body));
    }

    pub(super) fn withdraw(&mut self, peer: u8, prefixes: &[&str]) {
        let list = nlri(prefixes);
        let body = [&(list.len() as u16).to_be_bytes()[..], &list, &[0, 0]].concat();
        self.say(peer, &message(2, &body));
    }

    pub(super) fn end_of_rib(&mut self, peer: u8) {
        self.say(peer, &message(2, &[0, 0, 0, 0]));
    }

    /// A neighbor's connection ends.
    pub(super) fn disconnect(&mut self, peer: u8) {
        let conn = self.connections.remove(&peer).unwrap();
        self.speaker.closed(self.now, conn, CloseCause::Eof);
        self.bridge.session_down(self.now, &self.speaker, address(peer).into(), &mut self.fake);
    }

    /// Everything that can happen without time passing.
    pub(super) fn settle(&mut self) {
        loop {
            self.bridge.begin_turn(LOOKS);
            self.bridge.watch_neighbors(self.now, &self.speaker);
            self.bridge.timeout(self.now);
            while let Some((sequence, dump)) = self.bridge.next_dump() {
                self.dump(sequence, dump);
            }
            self.bridge.follow_next_hops(self.now, &mut self.speaker, &mut self.fake);
            self.speaker.timeout(self.now);
            let mut more = self.bridge.leave_groups(self.now, &self.speaker, &mut self.fake);
            more |= self.speaker.work(self.now, 1000);
            more |= self.bridge.ask(self.now, &mut self.speaker, 128, &mut self.fake);
            if self.fake.mute {
                self.fake.mute = false;
                self.bridge.answers_lost(self.now, &mut self.speaker);
            }
            more |= !self.fake.answers.is_empty();
            while let Some((sequence, answer)) = self.fake.answers.pop_front() {
                self.bridge.answered(self.now, &mut self.speaker, sequence, answer);
            }
            if !more && !self.bridge.has_work() {
                return;
            }
        }
    }

    /// Time passes, step by step.
    pub(super) fn pass(&mut self, span: Millis) {
        let end = self.now + span;
        while self.now < end {
            self.now = (self.now + Millis(50)).min(end);
            self.settle();
        }
    }

    /// The kernel tells of something that one of its other clients has done.
    pub(super) fn hear(&mut self, message: &Message<'_>) {
        let origin = Origin { sequence: 0, port: 0, dump: false, replaces: false };
        self.bridge.heard(self.now, &self.speaker, origin, false, message, &mut self.fake);
    }

    /// The link goes down or up, and the kernel says so.
    pub(super) fn set_link(&mut self, up: bool) {
        self.fake.link_is_down = !up;
        self.hear(&Message::Link(Link { index: INTERFACE, name: "eth0", mtu: 1500, up, running: up }));
    }

    fn dump(&mut self, sequence: u32, dump: Dump) {
        let mut datagrams: Vec<Vec<u8>> = Vec::new();
        let mut add = |write: &dyn Fn(&mut [u8]) -> Option<usize>| {
            let mut room = vec![0; 4096];
            let length = write(&mut room).unwrap();
            room.truncate(length);
            datagrams.push(room);
        };
        match dump {
            Dump::Links => {}
            Dump::Objects => {
                for (id, thing) in &self.fake.objects {
                    let object = match thing {
                        Thing::Hop(hop) => Object::Hop(*hop),
                        Thing::Group(members) => Object::Group(members),
                        Thing::Blackhole(family) => Object::Blackhole(*family),
                    };
                    add(&|room| encode::set_next_hop(room, sequence, Existing::Refuse, *id, 186, object));
                }
            }
            Dump::Routes(crier_core::Family::Ipv4Unicast) => {
                let direct = [Hop { gateway: None, interface: INTERFACE, onlink: false }];
                let prefix = "192.0.2.0/24".parse().unwrap();
                let key = RouteKey { prefix, table: 254, protocol: 2, metric: 0 };
                add(&|room| encode::set_route(room, sequence, Existing::Refuse, &key, Via::Hops(&direct)));
                let left_out = self.fake.left_out.take();
                let ours = self.fake.routes.iter().filter(|(prefix, _)| left_out != Some(**prefix));
                let ours = ours.map(|(prefix, (protocol, lead))| {
                    (RouteKey { prefix: *prefix, table: 254, protocol: *protocol, metric: 20 }, lead)
                });
                let elsewhere = self.fake.elsewhere.iter().map(|(key, lead)| (*key, lead));
                for (key, lead) in ours.chain(elsewhere) {
                    let via = match lead {
                        Lead::Object(id) => Via::Object(*id),
                        Lead::Hops(hops) => Via::Hops(hops),
                        Lead::Blackhole | Lead::Unreachable => Via::Blackhole,
                    };
                    add(&|room| {
                        let length = encode::set_route(room, sequence, Existing::Refuse, &key, via);
                        if *lead == Lead::Unreachable {
                            // The type of the route, in a struct rtmsg after the header.
                            room[23] = libc::RTN_UNREACHABLE;
                        }
                        length
                    });
                }
            }
            Dump::Routes(_) => {}
        }
        let origin = Origin { sequence, port: 1, dump: true, replaces: false };
        let up = !self.fake.link_is_down;
        let (bridge, speaker) = (&mut self.bridge, &mut self.speaker);
        let mut hear = |message: &Message<'_>| {
            bridge.heard(self.now, speaker, origin, false, message, &mut self.fake);
        };
        if dump == Dump::Links {
            hear(&Message::Link(Link { index: INTERFACE, name: "eth0", mtu: 1500, up, running: up }));
        }
        for datagram in &datagrams {
            messages(datagram).for_each(|(_, message)| hear(&message));
        }
        hear(&Message::Done);
    }
}
