//! Anything: topology, configurations, faults and work, all drawn.
//!
//! In the manner of a swarm: each seed switches whole classes of features and faults on or off before it draws from
//! what is left, so that seeds differ strongly, and rare combinations are not drowned by everything happening at
//! once.

mod dialogue;
mod ground;
mod links;
mod policies;
mod prefixes;
mod rewrite;
mod rules;
mod traits;

use super::draw::Draw;
use super::faults::{FaultSource, spoil};
use super::sessions::sessions;
use super::work::WorkSource;
use crate::sim::plan::Tolerated;
use crate::sim::{Micros, Plan};

use ground::Ground;
use policies::Policies;
use prefixes::Prefixes;
use traits::Traits;

/// The plan of a seed. It is disturbed for one to ten minutes, or for so many hours.
pub fn plan(seed: u64, hours: Option<u64>) -> Plan {
    let mut draw = Draw::new(seed, 0x5EED);
    let traits = Traits::draw(&mut draw, seed);
    let mut ground = Ground::draw(&mut draw, &traits);
    let prefixes = Prefixes::draw(&mut draw, &traits, &ground);
    let policies = Policies::new(&traits, &ground, &prefixes);
    let mut tolerated = Tolerated {
        oscillation: traits.dispute,
        black_holes: traits.odd_next_hops
            || traits.overlaps
            // Whoever stands between two others may be told less than they, or lack a session that was left shut down.
            || traits.indirect,
        refusals: traits.may_refuse(),
    };
    prefixes.originate(&mut draw, &traits, &mut ground);
    policies.write(&mut draw, &mut ground);
    tolerated.black_holes |= dialogue::write(&mut draw, &traits, &mut ground, &policies);
    qualities(&mut draw, &traits, &mut ground);
    kernels(seed, &mut ground);

    let builder = ground.builder;
    let sessions = sessions(&builder);
    let secs = hours.map_or_else(|| draw.between(60, 600), |hours| hours.saturating_mul(3600).max(60));
    let heal_at = Micros::secs(secs);
    // In most plans the sessions come up first; in some they are disturbed from the first moment on.
    let calm = Micros::secs(if draw.chance(70) { draw.between(5, 30) } else { 0 });
    let longest = Micros::secs(draw.one([5, 30, 120]));
    let source = FaultSource { builder: &builder, sessions: &sessions, classes: &traits.faults, longest };
    let busy = draw.one([60, 20, 6]);
    let faults = source.draw(&mut draw, secs / busy + 1, calm, heal_at);
    let rewrite = rewrite::rewriter(&traits, &policies);
    let source = WorkSource {
        builder: &builder,
        sessions: &sessions,
        classes: &traits.work,
        pools: &prefixes.pools,
        communities: Prefixes::communities(&traits),
        med: traits.origin_med(),
        rewrite: &rewrite,
    };
    let busy = draw.one([60, 20, 6]);
    let work = source.draw(&mut draw, secs / busy + 1, calm, heal_at);
    Plan {
        faults,
        work,
        heal_at,
        converge_within: Micros::secs(900),
        watch: Micros::secs(120),
        tolerated,
        ..builder.plan(seed)
    }
}

/// Makes some kernels too old for next-hop objects, in some plans.
fn kernels(seed: u64, ground: &mut Ground) {
    let mut draw = Draw::new(seed, 0x01D);
    let old = draw.one([0, 0, 0, 50]);
    ground.builder.hosts.iter_mut().for_each(|host| host.next_hop_objects = !draw.chance(old));
}

/// Makes links and sockets as bad as the seed has them.
fn qualities(draw: &mut Draw, traits: &Traits, ground: &mut Ground) {
    for link in &mut ground.builder.links {
        if traits.bad_links && draw.chance(60) {
            for _ in 0..draw.between(1, 3) {
                spoil(draw, &mut link.quality);
            }
        }
    }
    for host in &mut ground.builder.hosts {
        if traits.small_buffers && draw.chance(60) {
            host.socket_buffer = draw.one([1024, 1500, 2048, 4096, 16_384]);
        }
    }
}
