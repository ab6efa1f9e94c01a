//! What the schemas allow and what not, value by value. What values mean is tested where they are used (`desired/tests`).

use std::fmt::Debug;

use serde::de::DeserializeOwned;

use super::advertisement::{AddressType, Advertisement, What};
use super::attributes::PathAttributes;
use super::cluster_config::ClusterConfig;
use super::peer_config::PeerConfig;
use super::peering_policy::PeeringPolicy;
use super::pool::{Block, LoadBalancerIpPool, YesNo};
use crate::kubernetes::decode::decode;
use crate::kubernetes::yaml::{Malformed, documents};

fn read<T: DeserializeOwned>(text: &str) -> Result<T, String> {
    let documents = documents(text).unwrap();
    decode(&documents[0], |path| panic!("{path}")).map_err(|Malformed { text, .. }| text)
}

/// Each text is refused for what is said beside it.
fn refused<T: DeserializeOwned + Debug>(cases: &[(&str, &str)]) {
    for (text, wanted) in cases {
        assert_eq!(read::<T>(text).unwrap_err(), *wanted, "{text}");
    }
}

#[test]
fn bounds_of_a_peer_config() {
    for text in [
        "ebgpMultihop: 1",
        "ebgpMultihop: 255",
        "timers: {connectRetryTimeSeconds: 2147483647, holdTimeSeconds: 65535, keepAliveTimeSeconds: 65535}",
        "timers: {connectRetryTimeSeconds: 1, holdTimeSeconds: 3, keepAliveTimeSeconds: 1}",
        "gracefulRestart: {enabled: true, restartTimeSeconds: 4095}",
        "transport: {peerPort: 65535}",
    ] {
        read::<PeerConfig>(text).unwrap();
    }
    let allowed = |path: &str, found: i64, from: u32, to: u32| {
        format!("{path}: found {found}, allowed is a number from {from} to {to}")
    };
    for (text, wanted) in [
        ("ebgpMultihop: 0", allowed("ebgpMultihop", 0, 1, 255)),
        ("ebgpMultihop: 256", allowed("ebgpMultihop", 256, 1, 255)),
        ("timers: {holdTimeSeconds: 2}", allowed("timers.holdTimeSeconds", 2, 3, 65_535)),
        ("timers: {keepAliveTimeSeconds: 0}", allowed("timers.keepAliveTimeSeconds", 0, 1, 65_535)),
        (
            "timers: {connectRetryTimeSeconds: 0}",
            allowed("timers.connectRetryTimeSeconds", 0, 1, 2_147_483_647),
        ),
        (
            "gracefulRestart: {enabled: true, restartTimeSeconds: 4096}",
            allowed("gracefulRestart.restartTimeSeconds", 4096, 1, 4095),
        ),
        ("transport: {peerPort: 65536}", allowed("transport.peerPort", 65_536, 1, 65_535)),
    ] {
        assert_eq!(read::<PeerConfig>(text).unwrap_err(), wanted);
    }
    refused::<PeerConfig>(&[
        ("gracefulRestart: {restartTimeSeconds: 9}", "gracefulRestart: enabled is missing"),
        ("families: [{afi: ipv4}]", "families[0]: safi is missing"),
        (
            "families: [{afi: ipv5, safi: unicast}]",
            "families[0].afi: found \"ipv5\", allowed is ipv4, ipv6, l2vpn, ls, opaque",
        ),
        ("authSecretRef: {name: x}", "authSecretRef: found a mapping, allowed is a string"),
    ]);
}

#[test]
fn bounds_of_instances_and_peers() {
    let config: ClusterConfig = read(
        "bgpInstances: [{name: a, localASN: '4294967295', localPort: 65535, peers: [{name: p, peerASN: 4200000000, peerAddress: '\n fd00::1 '}]}]",
    )
    .unwrap();
    let instance = &config.bgp_instances[0];
    assert_eq!(instance.local_asn.map(|asn| asn.get()), Some(u32::MAX));
    assert_eq!(instance.peers[0].peer_address.unwrap().to_string(), "fd00::1");
    assert_eq!(instance.peers[0].peer_asn.map(|asn| asn.get()), Some(4_200_000_000));
    refused::<ClusterConfig>(&[
        ("nodeSelector: {}", "bgpInstances is missing"),
        ("bgpInstances: [{localASN: 1}]", "bgpInstances[0]: name is missing"),
        (
            "bgpInstances: [{name: a, localASN: 0}]",
            "bgpInstances[0].localASN: found 0, allowed is a number from 1 to 4294967295",
        ),
        (
            "bgpInstances: [{name: a, localASN: 4294967296}]",
            "bgpInstances[0].localASN: found 4294967296, allowed is a number from 1 to 4294967295",
        ),
        (
            "bgpInstances: [{name: a, peers: [{name: p, peerAddress: tor.example.com}]}]",
            "bgpInstances[0].peers[0].peerAddress: found \"tor.example.com\", allowed is an IPv4 or IPv6 address",
        ),
        (
            "bgpInstances: [{name: a, peers: [{name: p, peerAddress: fe80::1%eth0}]}]",
            "bgpInstances[0].peers[0].peerAddress: found the zone \"eth0\", which this version does not support",
        ),
        (
            "bgpInstances: [{name: a, peers: [{name: p, autoDiscovery: {mode: Unnumbered}}]}]",
            "bgpInstances[0].peers[0].autoDiscovery.mode: found \"Unnumbered\", allowed is DefaultGateway",
        ),
    ]);
}

#[test]
fn attributes_in_each_spelling() {
    let set: PathAttributes = read(
        "communities: {standard: ['65000:99', '0:0', '4259840001', 4259840002], wellKnown: [internet, no-advertise, no-peer, llgr-stale], \
         large: ['4294967295:0:1']}",
    )
    .unwrap();
    assert_eq!(
        Vec::from_iter(set.communities),
        [0, 4_259_840_001, 4_259_840_002, 4_259_840_099, 0xffff_0006, 0xffff_ff02, 0xffff_ff04]
    );
    assert_eq!(Vec::from_iter(set.large_communities), [(u32::MAX, 0, 1)]);
    let standard = "allowed is a community: A:B with both up to 65535, or one number up to 4294967295";
    for found in ["65536:1", "1:65536", "1:2:3", "-1:2", "+1:2", "x"] {
        let error = read::<PathAttributes>(&format!("communities: {{standard: ['{found}']}}")).unwrap_err();
        assert_eq!(error, format!("communities.standard[0]: found the text {found:?}, {standard}"));
    }
    let large = "allowed is a large community: A:B:C, each up to 4294967295";
    for found in ["1:2", "1:2:3:4", "4294967296:0:0", "::", "+1:2:3"] {
        let error = read::<PathAttributes>(&format!("communities: {{large: ['{found}']}}")).unwrap_err();
        assert_eq!(error, format!("communities.large[0]: found {found:?}, {large}"));
    }
    refused::<PathAttributes>(&[(
        "communities: {standard: [4294967296]}",
        &format!("communities.standard[0]: found 4294967296, {standard}"),
    )]);
    assert!(
        read::<PathAttributes>("communities: {wellKnown: [nonsense]}")
            .unwrap_err()
            .contains("allowed is internet, ")
    );
    assert!(read::<PathAttributes>("localPreference: -1").is_err());
}

#[test]
fn what_belongs_to_which_advertisement() {
    let found: Advertisement = read(
        "advertisements: [{advertisementType: PodCIDR}, {advertisementType: Interface, interface: {name: lo}}, \
         {advertisementType: Service, service: {addresses: [ClusterIP, LoadBalancerIP], aggregationLengthIPv6: 127}}]",
    )
    .unwrap();
    assert_eq!(found.advertisements[0].what, What::PodCidr);
    assert_eq!(found.advertisements[1].what, What::Interface("lo".to_owned()));
    let What::Service(None, options) = &found.advertisements[2].what else { panic!("{found:?}") };
    assert_eq!(options.addresses, [AddressType::Cluster, AddressType::LoadBalancer]);
    let service = "service: {addresses: [ClusterIP]}";
    for (entry, wanted) in [
        ("advertisementType: PodCIDR, selector: {}", "PodCIDR has no selector"),
        (
            &format!("advertisementType: PodCIDR, {service}"),
            "service belongs to advertisementType Service only",
        ),
        ("advertisementType: Service", "service is missing, with its addresses"),
        ("advertisementType: Service, service: {addresses: []}", "service.addresses is empty"),
        ("advertisementType: Interface", "interface is missing, with its name"),
        (
            "advertisementType: CiliumPodIPPool, interface: {name: x}",
            "interface belongs to advertisementType Interface only",
        ),
        ("selector: {}", "advertisementType is missing"),
    ] {
        let error = read::<Advertisement>(&format!("advertisements: [{{{entry}}}]")).unwrap_err();
        assert_eq!(error, format!("advertisements[0]: {wanted}"), "{entry}");
    }
    for (entry, wanted) in [
        (
            "advertisementType: PodCidr",
            "advertisements[0].advertisementType: found \"PodCidr\", allowed is PodCIDR, CiliumPodIPPool, Service, Interface",
        ),
        (
            "advertisementType: Service, service: {addresses: [ClusterIP], aggregationLengthIPv4: 32}",
            "advertisements[0].service.aggregationLengthIPv4: found 32, allowed is a number from 0 to 31",
        ),
    ] {
        assert_eq!(read::<Advertisement>(&format!("advertisements: [{{{entry}}}]")).unwrap_err(), wanted);
    }
}

#[test]
fn blocks_of_a_pool() {
    let pool: LoadBalancerIpPool = read(
        "{allowFirstLastIPs: 'No', blocks: [{cidr: 172.16.1.9/24}, {start: 10.0.0.1}, {start: 10.0.0.1, stop: 10.0.0.2}], cidrs: [{cidr: 'fd00::/64'}]}",
    )
    .unwrap();
    assert_eq!(pool.allow_first_last_ips, YesNo::No);
    assert_eq!(pool.blocks[0], Block::Cidr("172.16.1.0/24".parse().unwrap()));
    assert_eq!(pool.blocks[1], Block::Range("10.0.0.1".parse().unwrap(), "10.0.0.1".parse().unwrap()));
    assert_eq!(pool.cidrs.len(), 1);
    for (text, wanted) in [
        ("No", YesNo::No),
        ("false", YesNo::No),
        ("true", YesNo::Yes),
        ("Yes", YesNo::Yes),
        ("null", YesNo::Yes),
    ] {
        let pool: LoadBalancerIpPool = read(&format!("allowFirstLastIPs: {text}")).unwrap();
        assert_eq!(pool.allow_first_last_ips, wanted, "{text}");
    }
    refused::<LoadBalancerIpPool>(&[
        ("allowFirstLastIPs: maybe", "allowFirstLastIPs: found the text \"maybe\", allowed is Yes or No"),
        ("blocks: [{}]", "blocks[0]: a block is a cidr, or start and stop, or start alone"),
        ("blocks: [{stop: 10.0.0.1}]", "blocks[0]: a block is a cidr, or start and stop, or start alone"),
        (
            "blocks: [{cidr: 10.0.0.0/8, start: 10.0.0.1}]",
            "blocks[0]: a block is a cidr, or start and stop, or start alone",
        ),
        ("blocks: [{start: 10.0.0.2, stop: 10.0.0.1}]", "blocks[0]: stop comes before start"),
        ("blocks: [{start: 10.0.0.2, stop: 'fd00::1'}]", "blocks[0]: start and stop are of two families"),
    ]);
}

#[test]
fn a_legacy_policy_needs_routers_and_neighbors() {
    refused::<PeeringPolicy>(&[
        ("nodeSelector: {}", "virtualRouters is missing"),
        ("virtualRouters: [{localASN: 1}]", "virtualRouters[0]: neighbors is missing"),
        (
            "virtualRouters: [{localASN: 1, neighbors: [{peerASN: 2}]}]",
            "virtualRouters[0].neighbors[0]: peerAddress is missing",
        ),
        (
            "virtualRouters: [{localASN: 1, neighbors: [{peerASN: 2, peerAddress: 10.0.0.1}]}]",
            "virtualRouters[0].neighbors[0].peerAddress: found \"10.0.0.1\", allowed is an address with a prefix length, such as 192.0.2.1/32",
        ),
    ]);
}
