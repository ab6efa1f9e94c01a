//! Hosts, ASes, and who talks to whom.

use std::net::{IpAddr, Ipv4Addr};

use super::links;
use super::prefixes;
use super::traits::{Shape, Traits};
use crate::sim::scenario::build::{Builder, Version};
use crate::sim::scenario::draw::Draw;
use crate::sim::scenario::text::Document;

/// Most hosts of a plan, those included that only forward.
const MOST_HOSTS: usize = 12;

/// Two speakers that talk.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dialogue {
    /// The two; the first one is above the other.
    pub(super) hosts: [usize; 2],
    pub(super) via: Via,
    /// Whether the first one accepts the other from a range instead of naming it.
    pub(super) dynamic: bool,
}

/// What a session runs over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Via {
    /// Addresses of a link that both are on.
    Link(usize),
    /// Loopbacks, so many hops from each other.
    Loopbacks(u8),
}

/// An AS: its hosts, and the links between them.
#[derive(Clone, Debug, Default)]
pub(super) struct System {
    pub(super) hosts: Vec<usize>,
    pub(super) links: Vec<usize>,
}

/// What everything else is drawn upon.
#[derive(Clone, Debug, Default)]
pub(super) struct Ground {
    pub(super) builder: Builder,
    /// AS number of each host; 0 if it has no speaker.
    pub(super) asns: Vec<u32>,
    pub(super) systems: Vec<System>,
    pub(super) dialogues: Vec<Dialogue>,
    /// Hosts behind forwarders: with the speaker at the near end, and the forwarders from there on.
    pub(super) remotes: Vec<(usize, usize)>,
}

impl Ground {
    pub(super) fn draw(draw: &mut Draw, traits: &Traits) -> Self {
        let mut ground = Self::default();
        let least = if traits.internal { 1 } else { 2 };
        let most = if traits.shape == Shape::Mesh { 5 } else { 8 };
        let systems = draw.between(least, most);
        let mut room = MOST_HOSTS - systems as usize;
        let common = draw.between(65_400, 65_500) as u32;
        for number in 0..systems {
            let below = number > 0 && matches!(traits.shape, Shape::Star | Shape::Rack);
            let asn = if traits.same_asn && below { common } else { asn(draw, traits, number as u32) };
            let alone = systems == 1;
            let more =
                if traits.internal && (alone || draw.chance(50)) { draw.between(1, 3) as usize } else { 0 };
            let more = more.min(room);
            room -= more;
            let hosts = (0..=more).map(|_| ground.speaker(draw, traits, asn)).collect();
            ground.systems.push(System { hosts, links: Vec::new() });
        }
        for system in 0..ground.systems.len() {
            links::inside(draw, traits, &mut ground, system);
        }
        links::between(draw, traits, &mut ground);
        if traits.remote {
            while room >= 2 && draw.chance(60) {
                let forwarders = if room > 2 && draw.chance(40) { 2 } else { 1 };
                room -= forwarders + 1;
                links::remote(draw, traits, &mut ground, forwarders);
            }
        }
        links::statics(&mut ground);
        ground
    }

    /// Adds a speaker of an AS.
    pub(super) fn speaker(&mut self, draw: &mut Draw, traits: &Traits, asn: u32) -> usize {
        let host = self.builder.hosts.len();
        // Neither in the order of the hosts nor of their addresses: the last tie-breaks go by it.
        let id = Ipv4Addr::new(draw.between(1, 200) as u8, 0, 0, host as u8 + 1);
        let mut document = Document::new(asn, id);
        limits(draw, traits, &mut document);
        if traits.multipath && draw.chance(70) {
            let relax = draw.chance(50);
            document.multipath(draw.between(1, 8), relax);
        }
        if draw.chance(30) {
            document.router.text("on-stop", "withdraw");
        }
        self.asns.push(asn);
        self.builder.host(format!("r{host}"), Some(document))
    }

    /// Adds a host that only forwards.
    pub(super) fn forwarder(&mut self) -> usize {
        let host = self.builder.hosts.len();
        self.asns.push(0);
        self.builder.host(format!("f{host}"), None)
    }

    /// The AS of a host, by position: the lower, the higher up.
    pub(super) fn rank(&self, host: usize) -> usize {
        self.systems.iter().position(|system| system.hosts.contains(&host)).unwrap_or(usize::MAX)
    }

    /// Whether two speakers are in one AS.
    pub(super) fn internal(&self, hosts: [usize; 2]) -> bool {
        let [a, b] = hosts.map(|host| self.asns.get(host));
        a == b
    }

    /// The addresses that a dialogue runs between, over a version.
    pub(super) fn ends(&self, dialogue: &Dialogue, version: Version) -> Option<[IpAddr; 2]> {
        let [a, b] = dialogue.hosts.map(|host| match dialogue.via {
            Via::Link(link) => self.builder.address(link, host, version),
            Via::Loopbacks(_) => self.builder.loopback_of(host, version),
        });
        Some([a?, b?])
    }

    /// Whether a host is behind forwarders, which know where its own prefixes are and no others.
    pub(super) fn is_remote(&self, host: usize) -> bool {
        self.remotes.iter().any(|(remote, _)| *remote == host)
    }
}

fn asn(draw: &mut Draw, traits: &Traits, number: u32) -> u32 {
    let spread = draw.between(0, 99) as u32;
    if traits.wide_asns && draw.chance(50) {
        draw.one([65_536, 131_072, 4_200_000_000]) + number * 100 + spread
    } else {
        draw.one([100, 30_000, 64_512]) + number * 100 + spread
    }
}

/// Tables with room for everything, or too small for anything but the least.
fn limits(draw: &mut Draw, traits: &Traits, document: &mut Document) {
    let limits = &mut document.limits;
    // Dynamic ranges count in full, whoever comes.
    limits.set("peers", 96).set("connections", 128).text("policy-bytes", "32KiB");
    if traits.tiny && draw.chance(60) {
        limits
            .set("prefixes", draw.between(1, 3 * prefixes::OWN))
            .set("paths", draw.between(1, 6 * prefixes::OWN));
        limits.set("attribute-sets", draw.between(2, 24)).set("attribute-bytes", draw.between(4096, 8192));
    } else {
        limits.set("prefixes", 500).set("paths", 4000);
        limits.set("attribute-sets", 3000).text("attribute-bytes", "512KiB");
    }
}
