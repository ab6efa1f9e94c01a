//! Random small worlds of real speakers against the oracle: everything that can be seen of their tables.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crier::config::Network;
use crier_core::config::PolicyRef;
use crier_core::policy::RuleAction;
use crier_core::view::Reason;
use crier_core::{Family, FamilySet, Millis};
use ipnet::IpNet;

use super::super::{
    Path, Router, Session, Tables, export, from_observed, import, is_stable, multipath, solve,
};
use super::core_policy::{Chance, decode};
use super::lab::{Lab, session_of};
use super::world::{World, ip, network, rule};

/// Worlds that are drawn.
const WORLDS: usize = 200;

/// A world with what is originated in it.
fn draw(chance: &mut Chance) -> (World, Vec<(usize, Network)>) {
    let asns: Vec<u32> = (0..2 + chance.below(4)).map(|_| chance.pick(&[1, 1, 2, 3, 4])).collect();
    let mut world = World::new(&asns);
    for router in 1..asns.len() {
        world.link(chance.below(router), router);
    }
    for _ in 0..chance.below(6) {
        let (a, b) = (chance.below(asns.len()), chance.below(asns.len()));
        match chance.below(2) {
            _ if a == b => {}
            0 => drop(world.link(a, b)),
            _ => drop(world.link6(a, b)),
        }
    }
    for router in 0..asns.len() {
        world.routers[router].maximum_paths = chance.pick(&[1, 2, 8]);
        world.routers[router].as_path_relax = chance.below(2) == 0;
        for session in 0..world.routers[router].sessions.len() {
            for import in [true, false] {
                let chosen = match chance.below(12) {
                    0 => PolicyRef::Unset,
                    1 => PolicyRef::RejectAll,
                    2..8 => PolicyRef::AcceptAll,
                    _ => {
                        let mut rules = chance.policy().rules;
                        rules.retain(|rule| rule.action != RuleAction::Reject || !rule.matches.is_empty());
                        rules.push(rule(&[], &[], RuleAction::Accept));
                        world.policy(router, &rules)
                    }
                };
                let settings = world.settings(router, session);
                if import { settings.import = chosen } else { settings.export = chosen }
            }
            let settings = world.settings(router, session);
            settings.next_hop_self = chance.below(4) == 0;
            settings.enforce_first_as = chance.below(4) > 0;
            settings.blackhole = chance.below(2) == 0;
            draw_addresses(chance, &mut world, router, session);
        }
    }
    // A speaker knows those of its addresses that its sessions have.
    for router in &mut world.routers {
        let others = |session: &Session| {
            [Some(session.local), session.ipv4.map(IpAddr::V4), session.ipv6.map(IpAddr::V6)]
        };
        router.own_addresses = router.sessions.iter().flat_map(others).flatten().collect();
    }
    let mut originated = Vec::new();
    for _ in 0..1 + chance.below(5) {
        let prefix = chance.prefix();
        let router = chance.below(asns.len());
        // Somebody's address, perhaps the neighbor's own.
        let addresses = world.routers.iter().flat_map(|router| router.own_addresses.iter().copied());
        let mut far: Vec<IpAddr> = addresses.filter(|a| a.is_ipv4() == prefix.addr().is_ipv4()).collect();
        far.push(ip(if prefix.addr().is_ipv4() { "192.0.2.1" } else { "2001:db8::1" }));
        let network = Network {
            next_hop: Some(chance.pick(&far)).filter(|_| chance.below(3) == 0),
            med: chance.maybe(3),
            local_pref: Some(50).filter(|_| chance.below(4) == 0),
            communities: chance.some(1, Chance::community),
            large_communities: chance.some(1, Chance::large),
            ..network(&prefix.to_string())
        };
        world.originate(router, &network);
        originated.push((router, network));
    }
    (world, originated)
}

/// Takes from a session, seldom, a family or the address that serves the other family.
fn draw_addresses(chance: &mut Chance, world: &mut World, router: usize, session: usize) {
    let one = FamilySet::EMPTY.with(chance.pick(&Family::ALL));
    let this = &mut world.routers[router].sessions[session];
    let (peer, back) = (this.peer, this.back);
    match chance.below(12) {
        // Only one end offers less, so that one family is agreed on.
        0 if router < peer => {
            this.settings.families = one;
            this.families = one;
            world.routers[peer].sessions[back].families = one;
            let ipv4 =
                one.contains(Family::Ipv4Unicast) && world.routers[router].sessions[session].local.is_ipv6();
            world.routers[router].sessions[session].extended_next_hop = ipv4;
            world.routers[peer].sessions[back].extended_next_hop = ipv4;
        }
        1 | 2 => (this.ipv4, this.ipv6) = (None, None),
        _ => {}
    }
}

/// What has been compared.
#[derive(Debug, Default)]
struct Compared {
    worlds: usize,
    /// Worlds in which the oracle's own solution is the one that came about.
    solved: usize,
    /// Worlds that never became quiet.
    unquiet: usize,
    /// IPv4 prefixes announced with an IPv6 next hop (RFC 8950).
    extended: usize,
    reasons: BTreeMap<String, usize>,
}

impl Compared {
    fn note(&mut self, way: &str, reason: Reason) {
        *self.reasons.entry(format!("{way} {reason:?}")).or_default() += 1;
    }

    /// Holds all tables against the oracle.
    fn compare(&mut self, lab: &Lab, routers: &[Router]) {
        let (observed, forwarding): (Vec<_>, Vec<_>) =
            routers.iter().enumerate().map(|(number, router)| lab.observe(router, number)).unzip();
        let tables = from_observed(routers, observed);
        assert_eq!(is_stable(routers, &tables), Ok(()));
        let solved = solve(routers).unwrap_or_default();
        self.worlds += 1;
        self.solved += usize::from(solved.iter().map(|t| &t.received).eq(tables.iter().map(|t| &t.received)));
        for (number, (router, forwarding)) in routers.iter().zip(&forwarding).enumerate() {
            for (prefix, forwards) in forwarding {
                let wanted = multipath(router, *prefix, &tables[number].paths[prefix]);
                assert_eq!(*forwards, wanted, "{} {prefix}", router.name);
            }
            self.compare_refused(lab, router, number, &tables[number]);
            for (prefix, best) in &tables[number].best {
                self.compare_announced(lab, router, number, *prefix, &tables[number].paths[prefix][*best]);
            }
        }
    }

    /// Why a route was refused.
    fn compare_refused(&mut self, lab: &Lab, router: &Router, number: usize, tables: &Tables) {
        let speaker = lab.speakers[number].get();
        let mut refused = BTreeMap::new();
        for record in (0..speaker.refused_slots()).filter_map(|slot| speaker.refused(slot)) {
            let session = session_of(router, speaker.peer(record.peer).unwrap().remote);
            refused.insert((session, record.prefix), record.reason);
        }
        let mut wanted = BTreeMap::new();
        for (session, received) in tables.received.iter().enumerate() {
            for (prefix, route) in received {
                if let Err(reason) = import(router, session, *prefix, route) {
                    wanted.insert((session, *prefix), reason);
                    self.note("refused", reason);
                }
            }
        }
        assert_eq!(refused, wanted, "{}", router.name);
    }

    /// What each neighbor is announced, or why nothing.
    fn compare_announced(&mut self, lab: &Lab, router: &Router, number: usize, prefix: IpNet, best: &Path) {
        let speaker = lab.speakers[number].get();
        let slot = speaker.find_destination(prefix).unwrap();
        let mut scratch = vec![0; 192 << 10];
        for (session, neighbor) in router.sessions.iter().enumerate() {
            let peer = speaker.find_peer(neighbor.remote).unwrap();
            let told = speaker.advertised(peer, Family::of(&prefix), slot, &mut scratch).unwrap();
            let wanted = export(router, session, prefix, best);
            let found = told.attrs.map(|(key, bytes)| decode(prefix, &key, bytes)).ok_or(told.reason);
            assert_eq!(found, wanted, "{} to {}", router.name, neighbor.remote);
            assert_eq!(told.announced, wanted.is_ok());
            let ipv6 = wanted.as_ref().is_ok_and(|route| route.next_hop.is_ipv6());
            self.extended += usize::from(prefix.addr().is_ipv4() && ipv6);
            self.note("announced", wanted.err().unwrap_or(Reason::None));
        }
    }
}

#[test]
fn speakers_come_to_what_the_oracle_says() {
    let mut chance = Chance(11);
    let mut compared = Compared::default();
    for _ in 0..WORLDS {
        let (mut world, originated) = draw(&mut chance);
        let mut lab = Lab::start(&world.routers);
        assert!(lab.run(&world.routers), "sessions come up");
        for (router, network) in &originated {
            lab.originate(*router, network);
        }
        // Then something is withdrawn, and in the end somebody drained.
        let (last, router) = (&originated[0], chance.below(world.routers.len()));
        for stage in 0..3 {
            let now = lab.now;
            match stage {
                1 => {
                    world.routers[last.0].origins.remove(&last.1.prefix);
                    lab.speakers[last.0].call(|speaker| speaker.withdraw(last.1.prefix));
                }
                2 => {
                    world.routers[router].drained = true;
                    lab.speakers[router].call(|speaker| speaker.drain(now, Millis::from_secs(5)));
                }
                _ => {}
            }
            if !lab.run(&world.routers) {
                compared.unquiet += 1;
                break;
            }
            compared.compare(&lab, &world.routers);
        }
    }
    // Nearly all become quiet, as the oracle solves them, and everything happens that can.
    assert!(
        compared.unquiet * 50 < compared.worlds && compared.solved * 50 > compared.worlds * 49,
        "{compared:#?}"
    );
    assert!(compared.extended > 20, "{compared:#?}");
    let refused = [Reason::NextHop, Reason::NoPolicy, Reason::OwnAs, Reason::OwnNextHop, Reason::Policy];
    let kept = [
        Reason::None,
        Reason::InternalToInternal,
        Reason::NoAdvertise,
        Reason::NoExport,
        Reason::NoNextHop,
        Reason::NoPolicy,
        Reason::Policy,
        Reason::SplitHorizon,
        Reason::Family,
        Reason::Drained,
    ];
    let names = refused.map(|reason| format!("refused {reason:?}")).into_iter();
    for name in names.chain(kept.map(|reason| format!("announced {reason:?}"))) {
        assert!(compared.reasons.contains_key(&name), "{name}: {compared:#?}");
    }
}
