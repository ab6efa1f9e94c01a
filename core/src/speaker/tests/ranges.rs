//! Neighbors from dynamic ranges: accepted without being configured one by one, gone when their range is.

extern crate std;

use std::net::SocketAddr;
use std::vec::Vec;

use super::raw::{announce, basic, message, open, spec};
use super::world::{World, local, small, speaker};
use crate::config::{Config, DynamicRange, Settings};
use crate::peer::State;
use crate::speaker::{ConnId, Ends, Refusal};

const FAR: [u8; 4] = [198, 51, 100, 7];

fn configure(world: &mut World, ranges: &[(&str, u16, u32)]) {
    let range = |&(net, limit, tag): &(&str, u16, u32)| DynamicRange {
        net: net.parse().unwrap(),
        limit,
        settings: Settings { tag, ..spec(0).settings },
    };
    let ranges: Vec<DynamicRange> = ranges.iter().map(range).collect();
    let config = Config { local: local(0, 65_000), peers: &[], ranges: &ranges, policies: &[] };
    world.hosts[0].configure(world.now, &config).unwrap();
}

/// Connects and says OPEN and KEEPALIVE; the handle if the connection was accepted.
fn join(world: &mut World, address: [u8; 4], asn: u32) -> Result<ConnId, Refusal> {
    let remote = SocketAddr::new(address.into(), 50_000);
    let ends = Ends::new(remote, SocketAddr::new([10, 0, 0, 1].into(), 179));
    let conn = world.hosts[0].accept(world.now, ends)?;
    world.hosts[0].receive(world.now, conn, &open(&spec(asn), address[3]));
    world.hosts[0].receive(world.now, conn, &message(4, &[]));
    world.settle();
    Ok(conn)
}

fn established(world: &World) -> Vec<u32> {
    let up = world.hosts[0].peers().filter(|peer| peer.state == State::Established);
    up.map(|peer| peer.tag).collect()
}

#[test]
fn the_longest_range_decides_and_limits_are_shared_by_tag() {
    let mut world = World::new(std::vec![speaker(small(), 7)]);
    configure(&mut world, &[("10.1.0.0/16", 2, 1), ("10.1.9.0/24", 1, 2), ("10.2.0.0/16", 2, 1)]);
    assert_eq!(join(&mut world, [10, 3, 0, 1], 65_001), Err(Refusal::NotConfigured));
    join(&mut world, [10, 1, 0, 1], 65_001).unwrap();
    join(&mut world, [10, 1, 9, 1], 65_001).unwrap();
    join(&mut world, [10, 2, 0, 1], 65_001).unwrap();
    assert_eq!(established(&world), [1, 2, 1]);
    assert_eq!(join(&mut world, [10, 1, 0, 2], 65_001), Err(Refusal::DynamicLimit));
    assert_eq!(join(&mut world, [10, 1, 9, 2], 65_001), Err(Refusal::DynamicLimit));
    world.hosts[0].check(world.now).unwrap();
}

#[test]
fn a_range_that_goes_takes_its_neighbors_and_their_routes_along() {
    let mut world =
        World::new(std::vec![speaker(crate::Limits { prefixes: 4_000, paths: 4_000, ..small() }, 7)]);
    configure(&mut world, &[("10.1.0.0/16", 2, 1)]);
    let names: Vec<_> = (0..3_000).map(|n| std::format!("10.{}.{}.0/24", n / 256, n % 256)).collect();
    let conn = join(&mut world, [10, 1, 0, 1], 65_001).unwrap();
    for chunk in names.chunks(900) {
        let names: Vec<&str> = chunk.iter().map(|name| &name[..]).collect();
        world.hosts[0].receive(world.now, conn, &announce(&basic(&[65_001], FAR), &names));
    }
    assert_eq!(world.prefixes(0).len(), 3_000);
    configure(&mut world, &[]);
    assert_eq!(world.hosts[0].peers().count(), 0);
    world.hosts[0].check(world.now).unwrap();
    // Back at once, while the former session's routes are still being removed: not yet.
    configure(&mut world, &[("10.1.0.0/16", 2, 1)]);
    let remote = SocketAddr::new([10, 1, 0, 1].into(), 50_001);
    let ends = Ends::new(remote, SocketAddr::new([10, 0, 0, 1].into(), 179));
    let early = world.hosts[0].accept(world.now, ends).unwrap();
    world.hosts[0].receive(world.now, early, &open(&spec(65_001), 1));
    world.hosts[0].receive(world.now, early, &message(4, &[]));
    assert!(established(&world).is_empty());
    world.hosts[0].check(world.now).unwrap();
    world.settle();
    world.hosts[0].check(world.now).unwrap();
    assert!(world.prefixes(0).is_empty());
    join(&mut world, [10, 1, 0, 1], 65_001).unwrap();
    assert_eq!(established(&world), [1]);
}
