//! Which of several neighbors' routes are chosen, and which forward together.

extern crate std;

use std::vec::Vec;

use super::raw::{Raw, Spec, announce, attribute, basic, configs, lab_with, spec};
use super::world::{World, local, settings, small};
use crate::Family;
use crate::config::{Config, LocalConfig, PolicyRef, Settings};
use crate::policy::{Policy, Rule, RuleAction, Set};
use crate::view::Step;

const OWN: u32 = 65_000;
const FAR: [u8; 4] = [198, 51, 100, 7];
const PREFIX: &str = "203.0.113.0/24";

/// Neighbors, best first, with the steps that put them there and whether they forward.
fn paths(world: &World) -> Vec<(u16, Step, bool)> {
    let speaker = &world.hosts[0];
    let slot = speaker.find_destination(PREFIX.parse().unwrap()).unwrap();
    let destination = speaker.destination(Family::Ipv4Unicast, slot).unwrap();
    destination.paths().map(|path| (path.peer.0, path.step, path.multipath)).collect()
}

/// Own numbers in front do not make one neighboring AS of two (decision 007); they do count for the length.
#[test]
fn med_is_not_compared_between_ases_behind_a_prepended_number() {
    let rules = [Rule { matches: &[], sets: &[Set::Prepend(2)], action: RuleAction::Accept }];
    let policies = [Policy { name: "longer", rules: &rules }];
    let longer = |asn| Spec { settings: Settings { import: PolicyRef::Named(0), ..settings() }, ..spec(asn) };
    let specs = [longer(65_001), longer(65_002), longer(65_001), spec(65_003)];
    let (mut world, mut raws) = lab_with(&specs, &policies, small());
    let says = |world: &mut World, raw: &mut Raw, path: &[u32], med: u8| {
        let attributes = [basic(path, FAR), attribute(0x80, 4, &[0, 0, 0, med])].concat();
        raw.say(world, &announce(&attributes, &[PREFIX]));
    };
    says(&mut world, &mut raws[0], &[65_001], 9);
    says(&mut world, &mut raws[1], &[65_002], 5);
    // Neighbor 1 has the lower identifier: MED has no say between different ASes.
    assert_eq!(paths(&world), [(1, Step::Best, true), (2, Step::RouterId, true)]);
    // The same AS once more, with a lower MED: it removes neighbor 1, and loses to neighbor 2 by identifier.
    says(&mut world, &mut raws[2], &[65_001], 7);
    let mut all = paths(&world);
    all.sort_unstable_by_key(|(peer, ..)| *peer);
    assert_eq!(all, [(1, Step::Med, false), (2, Step::Best, true), (3, Step::RouterId, true)]);
    says(&mut world, &mut raws[3], &[65_003, 7], 0);
    assert_eq!(paths(&world)[0], (4, Step::Best, true), "two are less than three");
    world.hosts[0].check(world.now).unwrap();
}

#[test]
fn as_many_paths_forward_as_are_allowed() {
    let specs = [65_001, 65_002, 65_003, 65_004].map(spec);
    let (mut world, mut raws) = lab_with(&specs, &[], small());
    for (raw, Spec { asn, .. }) in raws.iter_mut().zip(specs) {
        raw.say(&mut world, &announce(&basic(&[asn], FAR), &[PREFIX]));
    }
    for maximum_paths in 1..=5 {
        let local = LocalConfig { maximum_paths, ..local(0, OWN) };
        let config = Config { local, peers: &configs(&specs), ranges: &[], policies: &[] };
        world.hosts[0].configure(world.now, &config).unwrap();
        let mut forwarding: Vec<u16> =
            paths(&world).into_iter().filter(|path| path.2).map(|path| path.0).collect();
        forwarding.sort_unstable();
        let wanted: Vec<u16> = (1..=maximum_paths.min(4)).collect();
        assert_eq!(forwarding, wanted, "{maximum_paths}");
    }
}
