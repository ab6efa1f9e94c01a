//! Three speakers in a row, over wires that are arrays, each end judged.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crier_core::config::{Config, LocalConfig, Settings};
use crier_core::policy::Policy;
use crier_core::speaker::{Action, Clear, Ends, LocalRoute};
use crier_core::view::Reason;
use crier_core::{ConnId, Family, Instant, Limits, Millis, Speaker};
use ipnet::IpNet;

use super::super::message::{self, Message};
use super::super::update::Update;
use super::super::{Broken, Expected, Offer, SessionJudge, rib};
use crate::rig::{self, neighbor};
use crate::sim::Route;
use crate::sim::observe::{self, Snapshot};

pub(super) const LIMITS: Limits = Limits {
    peers: 4,
    connections: 8,
    prefixes: 3_000,
    paths: 5_000,
    attribute_sets: 3_000,
    attribute_bytes: 300_000,
    policy_bytes: 8_192,
};

/// AS numbers of the speakers: the last two are one AS.
const ASNS: [u32; 3] = [65_001, 4_200_000_000, 4_200_000_000];

/// One end of a wire.
pub(super) struct End {
    pub(super) node: usize,
    conn: ConnId,
    pub(super) neighbor: IpAddr,
    pub(super) judge: SessionJudge,
    pub(super) told: Told,
    /// What is on its way to it.
    inbox: Vec<u8>,
}

/// Prefixes that an end has told the other one of.
#[derive(Clone, Copy, Default)]
pub(super) struct Told {
    pub(super) announced: usize,
    /// Of those, announced just as they had been.
    pub(super) repeated: usize,
    pub(super) withdrawn: usize,
}

/// Speakers in a row, each with a session to the next.
pub(super) struct Row {
    now: Instant,
    pub(super) speakers: Vec<Speaker<'static>>,
    pub(super) settings: [Settings; 2],
    pub(super) wires: Vec<[End; 2]>,
    pub(super) out: Vec<u8>,
    /// Bytes of each message that the judges are not shown: a planted fault.
    pub(super) hide: fn(&[u8]) -> bool,
}

impl Told {
    /// Counts a message to one that has been told this so far.
    fn count(&mut self, bytes: &[u8], mirror: &BTreeMap<IpNet, Route>) {
        match message::decode(bytes[18], &bytes[19..]) {
            Ok(Message::Update(Update::Announce { prefixes, route })) => {
                self.announced += prefixes.len();
                self.repeated += prefixes.iter().filter(|prefix| mirror.get(prefix) == Some(&route)).count();
            }
            Ok(Message::Update(Update::Withdraw { prefixes })) => self.withdrawn += prefixes.len(),
            _ => {}
        }
    }
}

/// Expectation out of the speaker's own view, which is made by other code than what is transmitted is cut by.
struct Own<'a> {
    speaker: &'a Speaker<'static>,
    neighbor: IpAddr,
}

impl Expected for Own<'_> {
    fn export(&mut self, prefix: IpNet) -> Result<Route, Reason> {
        let told = observe::advertised_one(self.speaker, self.neighbor, prefix).unwrap();
        told.map_or(Err(Reason::NoBestPath), |told| told.route)
    }

    fn prefixes(&mut self, family: Family) -> Vec<IpNet> {
        observe::prefixes(self.speaker, family).map(|(prefix, _)| prefix).collect()
    }

    fn settled(&mut self) -> bool {
        observe::is_settled(self.speaker)
    }
}

fn router_id(node: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 255, 0, node as u8 + 1)
}

fn address(node: usize) -> Ipv4Addr {
    Ipv4Addr::new(192, 0, 2, node as u8 + 1)
}

/// The ends of a connection as `node` sees them.
fn ends(node: usize, other: usize) -> Ends {
    let [local, remote] = [node, other].map(|node| SocketAddr::new(address(node).into(), 179));
    let id = node as u16 + 1;
    Ends {
        ipv6: Some(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, id)),
        link_local: Some(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, id)),
        ..Ends::new(remote, local)
    }
}

pub(super) fn net(family: Family, number: u32) -> IpNet {
    match family {
        Family::Ipv4Unicast => format!("10.{}.{}.0/24", number >> 8, number & 255).parse().unwrap(),
        Family::Ipv6Unicast => format!("2001:db8:{number:x}::/48").parse().unwrap(),
    }
}

impl Row {
    pub(super) fn new(settings: [Settings; 2], limits: [Limits; 3]) -> Self {
        let now = Instant::from_millis(1);
        let speakers = limits.iter().map(|limits| rig::speaker(limits, now)).collect();
        let mut row =
            Self { now, speakers, settings, wires: Vec::new(), out: vec![0; 65_536], hide: |_| false };
        for node in 0..3 {
            row.configure(node, &[]);
        }
        for node in 0..2 {
            row.connect(node);
        }
        row
    }

    pub(super) fn configure(&mut self, node: usize, policies: &[Policy<'_>]) {
        let peer = |other: usize, settings: Settings| {
            let passive = other < node;
            let local_address = Some(address(node).into());
            neighbor(
                SocketAddr::new(address(other).into(), 179),
                Settings { passive, local_address, ..settings },
            )
        };
        let [first, second] = self.settings;
        let peers = match node {
            0 => vec![peer(1, first)],
            1 => vec![peer(0, first), peer(2, second)],
            _ => vec![peer(1, second)],
        };
        let local = LocalConfig { asn: ASNS[node], router_id: router_id(node), ..rig::local() };
        let config = Config { local, peers: &peers, ranges: &[], policies };
        self.speakers[node].configure(self.now, &config).unwrap();
    }

    /// Opens the connection that `node` dials to the next one.
    fn connect(&mut self, node: usize) {
        let other = node + 1;
        let dialled = loop {
            match self.speakers[node].poll_action().unwrap() {
                Action::Connect { conn, remote, .. } if remote.ip() == address(other) => break conn,
                _ => {}
            }
        };
        self.speakers[node].connected(self.now, dialled, ends(node, other));
        let accepted = self.speakers[other].accept(self.now, ends(other, node)).unwrap();
        let settings = self.settings[node];
        let end = |node: usize, other: usize, conn| {
            let offer = Offer { asn: ASNS[node], router_id: router_id(node), settings, over_ipv6: false };
            End {
                node,
                conn,
                neighbor: address(other).into(),
                judge: SessionJudge::new(format!("{node} to {other}"), offer),
                told: Told::default(),
                inbox: Vec::new(),
            }
        };
        self.wires.push([end(node, other, dialled), end(other, node, accepted)]);
    }

    /// Turns until nothing is left to say.
    pub(super) fn settle(&mut self) -> Result<(), Broken> {
        while self.turn(usize::MAX)? {}
        Ok(())
    }

    /// Each speaker works, and hands out bytes `calls` times at most for each session; whether anything happened.
    pub(super) fn turn(&mut self, calls: usize) -> Result<bool, Broken> {
        self.now = self.now + Millis(1);
        let mut busy = false;
        for speaker in &mut self.speakers {
            speaker.timeout(self.now);
            busy |= speaker.work(self.now, 64);
            while speaker.poll_event().is_some() {}
        }
        for wire in &mut self.wires {
            let mut sent = [Vec::new(), Vec::new()];
            for (end, sent) in wire.iter_mut().zip(&mut sent) {
                let speaker = &mut self.speakers[end.node];
                for _ in 0..calls {
                    if !speaker.wants_transmit(end.conn) {
                        break;
                    }
                    busy = true;
                    let length = speaker.transmit(self.now, end.conn, &mut self.out);
                    sent.extend(&self.out[..length]);
                    let mut own = Own { speaker, neighbor: end.neighbor };
                    for message in messages(&self.out[..length]).filter(|message| !(self.hide)(message)) {
                        end.told.count(message, end.judge.mirror());
                        end.judge.sent(message, &mut own)?;
                    }
                }
            }
            let [first, second] = wire;
            let [to_second, to_first] = sent;
            first.inbox = to_first;
            second.inbox = to_second;
            for end in [first, second] {
                for piece in std::mem::take(&mut end.inbox).chunks(1_447) {
                    end.judge.received(piece);
                    self.speakers[end.node].receive(self.now, end.conn, piece);
                }
            }
        }
        Ok(busy)
    }

    pub(super) fn originate(&mut self, node: usize, prefix: IpNet, med: Option<u32>, communities: &[u32]) {
        let large_communities: &[[u32; 3]] = if communities.is_empty() { &[] } else { &[[1, 2, 3]] };
        let route =
            LocalRoute { prefix, next_hop: None, med, local_pref: None, communities, large_communities };
        self.speakers[node].originate(self.now, &route).unwrap();
    }

    /// Originates some routes of both families that differ in every way a local one can.
    pub(super) fn populate(&mut self, node: usize, numbers: std::ops::Range<u32>) {
        for (family, number) in numbers.flat_map(|number| Family::ALL.map(|family| (family, number))) {
            let communities = [(65_000 << 16) | (number % 5), 0xFFFF_FF01];
            let used = match number % 7 {
                0 => &communities[..],
                1 | 2 => &communities[..1],
                _ => &[],
            };
            self.originate(node, net(family, number), number.is_multiple_of(3).then_some(number), used);
        }
    }

    pub(super) fn end(&self, wire: usize, end: usize) -> &End {
        &self.wires[wire][end]
    }

    pub(super) fn clear(&mut self, wire: usize, end: usize, how: Clear) {
        let end = &mut self.wires[wire][end];
        if how == Clear::SoftOut {
            end.judge.again();
        }
        let speaker = &mut self.speakers[end.node];
        let peer = speaker.find_peer(end.neighbor).unwrap();
        speaker.clear(self.now, peer, how).unwrap();
    }

    /// Everything agrees: what was sent with what is shown as sent, and with what has arrived.
    pub(super) fn differences(&self) -> Vec<rib::Difference> {
        let snapshots: Vec<_> = self.speakers.iter().map(|speaker| Snapshot::of(speaker).unwrap()).collect();
        let mut all = Vec::new();
        for wire in &self.wires {
            for (from, to) in [(&wire[0], &wire[1]), (&wire[1], &wire[0])] {
                let told = observe::advertised(&self.speakers[from.node], from.neighbor).unwrap();
                let mirror = from.judge.mirror();
                let name = |end: &End| end.node.to_string();
                all.extend(rib::announced(
                    &name(from),
                    from.neighbor,
                    mirror,
                    &told,
                    &snapshots[from.node],
                    true,
                ));
                let own = ASNS[to.node];
                let external = own != ASNS[from.node];
                let mut import = |_: IpNet, route: &Route| {
                    let looped = external && format!("{:?}", route.as_path).contains(&own.to_string());
                    if looped { Err(Reason::OwnAs) } else { Ok(route.clone()) }
                };
                all.extend(rib::received(&name(to), to.neighbor, mirror, &snapshots[to.node], &mut import));
            }
        }
        all
    }
}

/// Whole messages, one by one.
fn messages(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let &[high, low] = bytes.get(16..18)? else { return None };
        let (message, rest) = bytes.split_at(usize::from(u16::from_be_bytes([high, low])));
        bytes = rest;
        Some(message)
    })
}
