//! The links of a drawn topology, and the static routes that make its loopbacks reachable.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::ground::{Dialogue, Ground, System, Via};
use super::prefixes;
use super::traits::{Shape, Traits};
use crate::sim::scenario::build::{Builder, Version};
use crate::sim::scenario::draw::Draw;

/// Joins the hosts of an AS: full mesh of sessions, over whatever links.
pub(super) fn inside(draw: &mut Draw, traits: &Traits, ground: &mut Ground, system: usize) {
    let hosts = ground.systems[system].hosts.clone();
    if hosts.len() < 2 {
        return;
    }
    let builder = &mut ground.builder;
    let indirect = traits.indirect && hosts.len() > 2;
    let mut links = Vec::new();
    if indirect {
        links.extend(hosts.windows(2).map(|pair| builder.link(pair)));
        if let ([first, .., last], true) = (hosts.as_slice(), draw.chance(40)) {
            links.push(builder.link(&[*first, *last]));
        }
    } else if draw.chance(50) {
        links.push(builder.link(&hosts));
    } else {
        links.extend(pairs(&hosts).map(|pair| builder.link(&pair)));
    }
    for pair in pairs(&hosts) {
        let shared =
            links.iter().copied().find(|link| on(builder, *link, pair[0]) && on(builder, *link, pair[1]));
        let via = match shared {
            Some(link) if !traits.loopbacks && !indirect => Via::Link(link),
            _ => Via::Loopbacks(hosts.len() as u8),
        };
        if let Via::Loopbacks(_) = via {
            pair.into_iter().for_each(|host| builder.loopback(host));
        }
        ground.dialogues.push(Dialogue { hosts: pair, via, dynamic: false });
    }
    ground.systems[system].links = links;
}

/// Joins the ASes.
pub(super) fn between(draw: &mut Draw, traits: &Traits, ground: &mut Ground) {
    let count = ground.systems.len();
    let mut edges: Vec<[usize; 2]> = match traits.shape {
        Shape::Chain => (1..count).map(|at| [at - 1, at]).collect(),
        Shape::Star => (1..count).map(|at| [0, at]).collect(),
        Shape::Ring => {
            let closing = (count > 2).then(|| [0, count - 1]);
            (1..count).map(|at| [at - 1, at]).chain(closing).collect()
        }
        Shape::Mesh => pairs(&(0..count).collect::<Vec<_>>()).collect(),
        Shape::Rack | Shape::Exchange => return shared_link(draw, traits, ground),
    };
    // Here and there a second way, and a way across.
    if count > 1 && draw.chance(40) {
        edges.extend(draw.pick(&edges.clone()));
    }
    if count > 3 && draw.chance(30) {
        edges.push([0, draw.index(count - 2) + 2]);
    }
    for [upper, lower] in edges {
        let hosts = [upper, lower].map(|system| representative(draw, &ground.systems[system]));
        let link = ground.builder.link(&hosts);
        let mut via = Via::Link(link);
        if traits.external_loopbacks && draw.chance(50) && !talk(ground, hosts) {
            via = Via::Loopbacks(1);
            join_loopbacks(&mut ground.builder, link, hosts);
        } else if traits.v6_links && draw.chance(60) {
            ground.builder.ipv6_only(link);
        }
        let dynamic = traits.dynamic && via == Via::Link(link) && draw.chance(40);
        ground.dialogues.push(Dialogue { hosts, via, dynamic });
    }
}

/// One link for a host of each AS.
fn shared_link(draw: &mut Draw, traits: &Traits, ground: &mut Ground) {
    let hosts: Vec<usize> = ground.systems.iter().map(|system| representative(draw, system)).collect();
    let [above, below @ ..] = hosts.as_slice() else { return };
    if below.is_empty() {
        return;
    }
    let link = ground.builder.link(&hosts);
    if traits.v6_links && draw.chance(60) {
        ground.builder.ipv6_only(link);
    }
    if traits.shape == Shape::Exchange {
        let dialogues = pairs(&hosts).map(|hosts| Dialogue { hosts, via: Via::Link(link), dynamic: false });
        ground.dialogues.extend(dialogues);
        return;
    }
    let dynamic = traits.dynamic || draw.chance(50);
    for node in below {
        ground.dialogues.push(Dialogue { hosts: [*above, *node], via: Via::Link(link), dynamic });
        let alone = ground.systems[ground.rank(*node)].hosts.len() == 1;
        // A node that keeps to its default route, as those do whose kernel is nobody's business.
        if alone && draw.chance(30) {
            ground.builder.hosts[*node].installs = false;
            ground.builder.default_route(*node, link, *above);
        }
    }
}

/// A speaker behind hosts that only forward, in an AS of its own.
pub(super) fn remote(draw: &mut Draw, traits: &Traits, ground: &mut Ground, forwarders: usize) {
    let speakers: Vec<usize> = (0..ground.asns.len())
        .filter(|&host| {
            ground.asns[host] != 0 && ground.builder.hosts[host].installs && !ground.is_remote(host)
        })
        .collect();
    let Some(&near) = draw.pick(&speakers) else { return };
    let asn = 50_000 + ground.builder.hosts.len() as u32;
    let mut way = vec![near];
    way.extend((0..forwarders).map(|_| ground.forwarder()));
    let far = ground.speaker(draw, traits, asn);
    way.push(far);
    ground.systems.push(System { hosts: vec![far], links: Vec::new() });
    ground.remotes.push((far, near));
    let builder = &mut ground.builder;
    builder.loopback(near);
    builder.loopback(far);
    let links: Vec<usize> = way.windows(2).map(|pair| builder.link(pair)).collect();
    for (at, link) in links.iter().enumerate() {
        let (before, after) = (way[at], way[at + 1]);
        // Towards the far end what is there; back, everything.
        for version in [Version::V4, Version::V6] {
            let Some(via) = builder.address(*link, after, version) else { continue };
            let loopback = builder.loopback_of(far, version).map(IpNet::from);
            let block = (before != near).then(|| prefixes::block(far, version));
            for net in loopback.into_iter().chain(block) {
                builder.route(before, net, via);
            }
        }
        builder.default_route(after, *link, before);
    }
    let via = Via::Loopbacks(forwarders as u8 + 1);
    ground.dialogues.push(Dialogue { hosts: [near, far], via, dynamic: false });
}

/// Inside an AS of several hosts everybody knows the way to everybody's loopback, and to everybody's links to the
/// outside, whose addresses are the next hops of what comes from there.
pub(super) fn statics(ground: &mut Ground) {
    // Before any is added here: those of loopbacks outside the AS.
    let outside = ground.builder.clone();
    for System { hosts, links } in &ground.systems {
        let builder = &mut ground.builder;
        for from in hosts {
            let first_hops = first_hops(builder, links, *from);
            for to in hosts.iter().filter(|to| *to != from) {
                let Some((link, hop)) = first_hops.get(to).copied() else { continue };
                for net in behind(&outside, *to).into_iter().filter(|net| !connected(&outside, *from, *net)) {
                    let version = if net.addr().is_ipv4() { Version::V4 } else { Version::V6 };
                    if let Some(via) = builder.address(link, hop, version) {
                        builder.route(*from, net, via);
                    }
                }
            }
        }
    }
}

/// The nets that are reached through a host: its links, its loopback, and loopbacks next to it.
fn behind(builder: &Builder, host: usize) -> Vec<IpNet> {
    let ends = builder.links.iter().flat_map(|link| &link.ends).filter(|end| end.host == host);
    let links = ends.flat_map(|end| &end.addresses).map(IpNet::trunc);
    let plan = builder.hosts.get(host);
    let own = plan.into_iter().flat_map(|plan| &plan.addresses).map(|address| IpNet::from(*address));
    let statics = plan.into_iter().flat_map(|plan| &plan.statics).map(|(net, _)| *net);
    let beside = statics.filter(|net| net.prefix_len() == net.max_prefix_len());
    links.chain(own).chain(beside).collect()
}

/// From a host over these links: the link and the host to go to first, for each other one; shortest ways.
fn first_hops(builder: &Builder, links: &[usize], from: usize) -> BTreeMap<usize, (usize, usize)> {
    let mut hops: BTreeMap<usize, (usize, usize)> = BTreeMap::new();
    let mut edge = vec![from];
    while !edge.is_empty() {
        let mut next = Vec::new();
        for at in edge {
            for link in links.iter().filter(|link| on(builder, **link, at)) {
                for end in builder.links.get(*link).into_iter().flat_map(|link| &link.ends) {
                    if end.host != from && !hops.contains_key(&end.host) {
                        let hop = hops.get(&at).copied().unwrap_or((*link, end.host));
                        hops.insert(end.host, hop);
                        next.push(end.host);
                    }
                }
            }
        }
        edge = next;
    }
    hops
}

/// Lets two neighbors on a link reach each other's loopbacks.
fn join_loopbacks(builder: &mut Builder, link: usize, hosts: [usize; 2]) {
    hosts.into_iter().for_each(|host| builder.loopback(host));
    let [a, b] = hosts;
    for (from, to) in [(a, b), (b, a)] {
        for version in [Version::V4, Version::V6] {
            if let (Some(via), Some(loopback)) =
                (builder.address(link, to, version), builder.loopback_of(to, version))
            {
                builder.route(from, loopback.into(), via);
            }
        }
    }
}

fn connected(builder: &Builder, host: usize, net: IpNet) -> bool {
    let ends = builder.links.iter().flat_map(|link| &link.ends).filter(|end| end.host == host);
    ends.flat_map(|end| &end.addresses).any(|own| own.trunc() == net)
}

fn on(builder: &Builder, link: usize, host: usize) -> bool {
    builder.links.get(link).is_some_and(|link| link.ends.iter().any(|end| end.host == host))
}

/// Whether two hosts have a dialogue over their loopbacks already.
fn talk(ground: &Ground, hosts: [usize; 2]) -> bool {
    ground.dialogues.iter().any(|dialogue| {
        matches!(dialogue.via, Via::Loopbacks(_)) && hosts.iter().all(|host| dialogue.hosts.contains(host))
    })
}

fn representative(draw: &mut Draw, system: &System) -> usize {
    draw.pick(&system.hosts).copied().unwrap_or_default()
}

fn pairs(of: &[usize]) -> impl Iterator<Item = [usize; 2]> + '_ {
    (0..).zip(of).flat_map(|(at, a): (usize, _)| of.iter().skip(at + 1).map(|b| [*a, *b]))
}
