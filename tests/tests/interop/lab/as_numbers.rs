//! AS numbers of four octets and neighbors that know only two (RFC 6793).

use std::net::Ipv4Addr;

use crier_tests::lab::{Crier, Daemon, Kind, Lab, Plan, start};
use crier_tests::raw_peer::RawPeer;
use crier_tests::wire::Open;
use crier_tests::wire::update::Attributes;

#[test]
fn paths_survive_a_neighbor_with_two_octets() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Bird]) else { return };
    let (tor, old, new) = (lab.node("tor"), lab.node("old"), lab.node("new"));
    tor.link(&["192.0.2.1/24"], &old, &["192.0.2.2/24"]);
    tor.link(&["198.51.100.1/24"], &new, &["198.51.100.2/24"]);
    let plan = Plan::new(4_200_000_001, [10, 0, 0, 1])
        .neighbor("192.0.2.1", "192.0.2.2", 65002)
        .neighbor("198.51.100.1", "198.51.100.2", 4_200_000_003)
        .with(|new| new.passive = true);
    let crier = Crier::start(&tor, &plan);
    let plan = Plan::new(65002, [10, 0, 0, 2])
        .neighbor("192.0.2.2", "192.0.2.1", 4_200_000_001)
        .with(|tor| tor.four_octet_as = false)
        .announce("172.20.2.0/24");
    let old = start(Kind::Bird, &old, &plan);
    let mut new = RawPeer::connect(&new, "198.51.100.1");
    new.establish(&Open::new(4_200_000_003, [10, 0, 0, 3]));
    let route = Attributes::new(&[4_200_000_003, 65010, 4_200_000_011], Ipv4Addr::new(198, 51, 100, 2));
    new.send(&route.announce(&[24, 172, 20, 3]));

    // Out: AS_TRANS in AS_PATH and the real numbers in AS4_PATH, which BIRD puts together again.
    let routes = old.await_prefixes("192.0.2.1", &["172.20.3.0/24"]);
    let path = &routes["172.20.3.0/24"].as_path;
    assert_eq!(path, &[4_200_000_001, 4_200_000_003, 65010, 4_200_000_011]);
    // In, and that neighbor is known by its number of two octets.
    let routes = crier.await_prefixes("192.0.2.2", &["172.20.2.0/24"]);
    assert_eq!(routes["172.20.2.0/24"].as_path, [65002]);
    assert_eq!(crier.peer("192.0.2.2")["remote_asn"], 65002);
}

#[test]
fn as4_path_of_a_neighbor_with_two_octets_is_merged() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let (tor, old) = (lab.node("tor"), lab.node("old"));
    tor.link(&["192.0.2.1/24"], &old, &["192.0.2.2/24"]);
    let plan = Plan::new(65001, [10, 0, 0, 1]).neighbor("192.0.2.1", "192.0.2.2", 65002);
    let crier = Crier::start(&tor, &plan.with(|old| old.passive = true));
    let mut old = RawPeer::connect(&old, "192.0.2.1");
    let mut open = Open::new(65002, [10, 0, 0, 2]);
    open.capabilities.retain(|(code, _)| *code != 65);
    old.establish(&open);
    // AS_PATH 65002 23456 65010 with AS4_PATH 4200000009 65010.
    let path = [2, 3, 0xfd, 0xea, 0x5b, 0xa0, 0xfd, 0xf2];
    let path4 = [2, 2, 0xfa, 0x56, 0xea, 0x09, 0, 0, 0xfd, 0xf2];
    let route = Attributes::default()
        .with(0x40, 1, &[0])
        .with(0x40, 2, &path)
        .with(0x40, 3, &[192, 0, 2, 2])
        .with(0xc0, 17, &path4);
    old.send(&route.announce(&[24, 172, 20, 2]));
    let routes = crier.await_prefixes("192.0.2.2", &["172.20.2.0/24"]);
    assert_eq!(routes["172.20.2.0/24"].as_path, [65002, 4_200_000_009, 65010]);
}
