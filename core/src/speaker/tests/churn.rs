//! Random churn among a few speakers: when all is quiet, each knows exactly what its neighbors say they told it.

extern crate std;

use std::collections::BTreeMap;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

use super::world::{World, address, neighbor, route, settings, small, speaker};
use crate::Family;
use crate::attrs::Key;
use crate::config::{PeerConfig, PolicyRef, Settings};
use crate::peer::State;
use crate::policy::{Match, Origin, Policy, PrefixRange, Rule, RuleAction, Set};
use crate::speaker::{Clear, LocalRoute, PeerId};
use crate::time::Millis;
use crate::view::Reason;

struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % n
    }

    fn pick(&mut self, n: usize) -> usize {
        self.below(n as u64) as usize
    }
}

/// Some speakers, who talks to whom, and which policies are in force where.
struct Net {
    world: World,
    asns: Vec<u32>,
    links: Vec<(usize, usize)>,
    /// Import and export policy of each host.
    policies: Vec<(PolicyRef, PolicyRef)>,
    /// Routes that were found equal at both ends.
    compared: usize,
}

const POLICIES: u16 = 3;

impl Net {
    fn new(asns: &[u32], links: &[(usize, usize)], seed: u64) -> Self {
        let hosts = (0..asns.len()).map(|host| speaker(small(), seed + host as u64)).collect();
        let mut net = Self {
            world: World::new(hosts),
            asns: asns.to_vec(),
            links: links.to_vec(),
            policies: vec![(PolicyRef::AcceptAll, PolicyRef::AcceptAll); asns.len()],
            compared: 0,
        };
        for host in 0..asns.len() {
            net.configure(host);
        }
        net
    }

    fn configure(&mut self, host: usize) {
        let (import, export) = self.policies[host];
        let others = self.links.iter().filter_map(|&(a, b)| match (a == host, b == host) {
            (true, _) => Some(b),
            (_, true) => Some(a),
            _ => None,
        });
        let peers: Vec<PeerConfig> =
            others.map(|other| neighbor(other, Settings { import, export, ..settings() })).collect();
        let half = [PrefixRange::parse("10.0.0.0/9 ge 9 le 32").unwrap()];
        let tag = [
            Rule {
                matches: &[],
                sets: &[Set::AddCommunities(&[65_000 << 16 | 99])],
                action: RuleAction::Next,
            },
            Rule { matches: &[], sets: &[Set::Med(Some(3)), Set::Prepend(1)], action: RuleAction::Accept },
        ];
        let some = [Rule { matches: &[Match::Prefix(&half)], sets: &[], action: RuleAction::Accept }];
        // Lower than others have it: two internal speakers that each prefer what the other has never come to rest.
        let avoid = [
            Rule { matches: &[Match::Origin(&[Origin::Egp])], sets: &[], action: RuleAction::Reject },
            Rule {
                matches: &[Match::Family(&[Family::Ipv4Unicast])],
                sets: &[Set::LocalPref(50)],
                action: RuleAction::Accept,
            },
            Rule { matches: &[], sets: &[], action: RuleAction::Accept },
        ];
        let policies = [
            Policy { name: "tag", rules: &tag },
            Policy { name: "some", rules: &some },
            Policy { name: "avoid", rules: &avoid },
        ];
        self.world.apply(host, self.asns[host], &peers, &policies);
    }

    fn policy(random: &mut Random) -> PolicyRef {
        match random.below(u64::from(POLICIES) + 3) as u16 {
            number if number < POLICIES => PolicyRef::Named(number),
            _ => PolicyRef::AcceptAll,
        }
    }

    fn disturb(&mut self, random: &mut Random) {
        let host = random.pick(self.asns.len());
        let peers = self.links.iter().filter(|&&(a, b)| a == host || b == host).count();
        let peer = PeerId(1 + random.pick(peers) as u16);
        let now = self.world.now;
        match random.below(100) {
            0..50 => {
                let communities = [1, 2, 0xFFFF_FF01, 0xFFFF_FF03, 5];
                let few = &communities[..random.pick(2)];
                let many = &communities[random.pick(4)..];
                let mut local = route("10.0.0.0/8");
                local.communities = if random.below(4) == 0 { many } else { few };
                // Now and then many at once, in an order that packs badly.
                let count = if random.below(5) == 0 { 300 } else { 1 + random.below(12) };
                for _ in 0..count {
                    local.med = (random.below(3) == 0).then(|| random.below(3) as u32);
                    let prefix = prefix(random);
                    let prefix = prefix.parse().unwrap();
                    self.world.hosts[host].originate(now, &LocalRoute { prefix, ..local }).unwrap();
                }
            }
            50..70 => {
                for _ in 0..1 + random.below(20) {
                    self.world.hosts[host].withdraw(prefix(random).parse().unwrap());
                }
            }
            70..76 if self.world.wires() > 0 => {
                let wire = random.pick(self.world.wires());
                self.world.cut_one(wire);
            }
            76..80 => drop(self.world.hosts[host].clear(now, peer, Clear::SoftIn)),
            80..84 => drop(self.world.hosts[host].clear(now, peer, Clear::SoftOut)),
            84..86 => drop(self.world.hosts[host].clear(now, peer, Clear::Hard)),
            86..92 => {
                self.policies[host] = (Self::policy(random), Self::policy(random));
                self.configure(host);
            }
            92..95 => self.world.deaf.push(host),
            95..97 => self.world.deaf.clear(),
            97 => self.world.hosts[host].drain(now, Millis(random.below(40_000))),
            98 => self.world.hosts[host].undrain(),
            _ => self.world.run(Millis(random.below(20_000))),
        }
        if random.below(3) == 0 {
            self.world.settle();
        }
        if random.below(4) == 0 {
            for host in &self.world.hosts {
                host.check(self.world.now).unwrap();
            }
        }
    }

    /// Everybody is reachable again, and everything is said.
    fn calm(&mut self) {
        self.world.deaf.clear();
        self.world.run(Millis::from_secs(400));
        for (host, speaker) in self.world.hosts.iter().enumerate() {
            speaker.check(self.world.now).unwrap();
            for peer in speaker.peers() {
                assert_eq!(peer.state, State::Established, "host {host} peer {}", peer.remote);
            }
        }
    }

    /// What each end says was said over every link.
    fn compare(&mut self) {
        for &(a, b) in &self.links {
            self.compared += self.compare_one(a, b) + self.compare_one(b, a);
        }
    }

    fn compare_one(&self, from: usize, to: usize) -> usize {
        let (sender, receiver) = (&self.world.hosts[from], &self.world.hosts[to]);
        let internal = self.asns[from] == self.asns[to];
        let told = told(sender, address(to));
        let source = receiver.find_peer(address(from)).unwrap();
        let accepted = accepted(receiver, source);
        let mut refused = BTreeMap::new();
        for record in (0..receiver.refused_slots()).filter_map(|slot| receiver.refused(slot)) {
            if record.peer == source {
                refused.insert(record.prefix.to_string(), record.reason);
            }
        }
        let heard: Vec<&String> = told.keys().filter(|p| !refused.contains_key(*p)).collect();
        assert_eq!(heard, accepted.keys().collect::<Vec<_>>(), "{from} to {to}");
        assert!(refused.keys().all(|prefix| told.contains_key(prefix)), "{from} to {to}: {refused:?}");
        for (prefix, (key, bytes)) in &accepted {
            let (sent_key, sent) = &told[prefix];
            if self.policies[to].0 != PolicyRef::AcceptAll {
                continue;
            }
            let mut sent_key = *sent_key;
            if !internal && sent_key.communities & Key::GRACEFUL_SHUTDOWN != 0 {
                sent_key.set_local_pref(Some(0));
            }
            assert_eq!((&sent_key, sent), (key, bytes), "{prefix} from {from} to {to}");
        }
        accepted.len()
    }
}

fn prefix(random: &mut Random) -> String {
    let number = random.below(150);
    match random.below(2) {
        0 => std::format!("10.{}.{number}.0/24", number % 16 * 16),
        _ => std::format!("2001:db8:{number:x}::/48"),
    }
}

type Routes = BTreeMap<String, (Key, Vec<u8>)>;

/// What a speaker says that it has announced to a neighbor.
fn told(speaker: &crate::Speaker<'_>, neighbor: core::net::IpAddr) -> Routes {
    let peer = speaker.find_peer(neighbor).unwrap();
    let mut routes = Routes::new();
    let mut scratch = vec![0; 30_000];
    for family in Family::ALL {
        for slot in 1..speaker.destination_slots(family) {
            let Some(view) = speaker.advertised(peer, family, slot, &mut scratch) else { continue };
            assert_eq!(view.announced, view.reason == Reason::None, "{view:?}");
            if let Some((key, bytes)) = view.attrs {
                routes.insert(view.prefix.to_string(), (key, bytes.to_vec()));
            }
        }
    }
    routes
}

/// What a speaker has accepted from a neighbor.
fn accepted(speaker: &crate::Speaker<'_>, peer: PeerId) -> Routes {
    let mut routes = Routes::new();
    for family in Family::ALL {
        for slot in 1..speaker.destination_slots(family) {
            let Some(destination) = speaker.destination(family, slot) else { continue };
            for path in destination.paths().filter(|path| path.peer == peer) {
                let set = (*path.attrs.key, path.attrs.bytes.to_vec());
                assert!(routes.insert(destination.prefix.to_string(), set).is_none());
            }
        }
    }
    routes
}

fn churn(asns: &[u32], links: &[(usize, usize)], seed: u64, room: usize) -> Net {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
    let mut net = Net::new(asns, links, seed);
    net.world.room = room;
    net.world.piece = [1 << 16, 1000, 37][random.pick(3)];
    for _ in 0..3 {
        for _ in 0..60 {
            net.disturb(&mut random);
        }
        net.calm();
        net.compare();
    }
    net
}

const LINE: &[(usize, usize)] = &[(0, 1), (1, 2), (2, 3)];
const MESH: &[(usize, usize)] =
    &[(0, 1), (0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4), (2, 3), (2, 4), (3, 4)];

#[test]
fn a_line_of_autonomous_systems_agrees() {
    for seed in 1..=25 {
        let net =
            churn(&[65_001, 65_002, 4_200_000_003, 65_004], LINE, seed, [4096, 1 << 16][seed as usize % 2]);
        assert!(net.compared > 20, "seed {seed}: {}", net.compared);
    }
}

#[test]
fn an_internal_mesh_with_external_neighbors_agrees() {
    for seed in 1..=15 {
        churn(&[65_001, 65_001, 65_001, 65_002, 65_003], MESH, seed, [1 << 16, 4096][seed as usize % 2]);
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let run = |seed| churn(&[65_001, 65_001, 65_002, 65_003], LINE, seed, 8192).world.digest;
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}
