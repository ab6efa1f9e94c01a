use std::net::Ipv4Addr;

use crier_core::config::Config;
use crier_core::speaker::LocalRoute;
use crier_core::{Instant, Limits};

use super::*;
use crate::rig;

const LIMITS: Limits = Limits {
    peers: 2,
    connections: 2,
    prefixes: 10,
    paths: 20,
    attribute_sets: 10,
    attribute_bytes: 1_000,
    policy_bytes: 1_000,
};

fn key(next_hop_len: u8) -> Key {
    Key { next_hop_len, ..Key::default() }
}

#[test]
fn the_key_and_the_bytes_make_a_route() {
    let mut key = Key { origin: 2, ..key(4) };
    key.set_med(Some(0));
    let bytes = [192, 0, 2, 1, 0x40, 2, 6, 2, 1, 0, 0, 0, 9, 0xE0, 99, 1, 5];
    let route = route(AttrsView { key: &key, bytes: &bytes }, Family::Ipv4Unicast).unwrap();
    assert_eq!((route.origin, route.med, route.local_pref), (2, Some(0), None));
    assert_eq!(route.next_hop, IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)));
    assert_eq!(route.others, BTreeMap::from([(99, (0xC0, vec![5]))]));
    key.set_local_pref(Some(0));
    let route = super::route(AttrsView { key: &key, bytes: &bytes }, Family::Ipv4Unicast).unwrap();
    assert_eq!(route.local_pref, Some(0));
}

#[test]
fn a_route_of_ones_own_has_no_next_hop() {
    let attrs = AttrsView { key: &key(0), bytes: &[0x40, 2, 0] };
    for family in Family::ALL {
        assert_eq!(route(attrs, family).unwrap().next_hop, unspecified(family));
    }
}

#[test]
fn bytes_that_say_what_the_key_says_make_no_route() {
    for bytes in [&[0x40, 1, 1, 0, 0x40, 2, 0][..], &[0x40, 2, 0, 0x40, 3, 4, 192, 0, 2, 1], &[0x40, 2]] {
        assert!(route(AttrsView { key: &key(0), bytes }, Family::Ipv4Unicast).is_err(), "{bytes:?}");
    }
}

#[test]
fn a_snapshot_has_what_is_there() {
    let now = Instant::from_millis(1);
    let mut speaker = rig::speaker(&LIMITS, now);
    let address: IpAddr = [192, 0, 2, 2].into();
    let peers = [rig::neighbor((address, 179).into(), rig::quick())];
    let config = Config { local: rig::local(), peers: &peers, ranges: &[], policies: &[] };
    speaker.configure(now, &config).unwrap();
    let prefixes: [IpNet; 2] = ["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
    for prefix in prefixes {
        let communities: &[u32] = &[7];
        let large_communities: &[[u32; 3]] = &[[1, 2, 3]];
        let (next_hop, med, local_pref) = (None, Some(5), None);
        let local = LocalRoute { prefix, next_hop, med, local_pref, communities, large_communities };
        speaker.originate(now, &local).unwrap();
    }
    let snapshot = Snapshot::of(&speaker).unwrap();
    assert!(is_settled(&speaker));
    assert_eq!(snapshot.paths.keys().copied().collect::<Vec<_>>(), prefixes);
    for paths in snapshot.paths.values() {
        let [path] = paths.as_slice() else { panic!("{paths:?}") };
        assert!(path.best && path.multipath && path.valid && !path.stale && path.peer.is_none());
        assert!(path.route.med == Some(5) && path.route.communities.contains(&7));
        assert!(path.route.large_communities.contains(&[1, 2, 3]));
    }
    assert_eq!(snapshot.peers.keys().copied().collect::<Vec<_>>(), [address]);
    assert!(snapshot.refused.is_empty() && !snapshot.tables.is_empty());
    // Nobody is told anything before there is a session.
    let told = advertised(&speaker, address).unwrap();
    assert_eq!(told.keys().copied().collect::<Vec<_>>(), prefixes);
    let nothing = Advertised { announced: false, route: Err(Reason::NotEstablished) };
    assert!(told.values().all(|told| *told == nothing));
    assert_eq!(advertised_one(&speaker, address, prefixes[0]), Ok(Some(nothing)));
    assert_eq!(advertised_one(&speaker, [192, 0, 2, 9].into(), prefixes[0]), Ok(None));
}
