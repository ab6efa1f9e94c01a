//! What is announced besides Services, and with which attributes.

use super::{Cluster, NODE, advertisement, cluster};
use crate::kubernetes::host::PodCidrsFrom;

const CILIUM_NODE: &str = "\
apiVersion: cilium.io/v2
kind: CiliumNode
metadata: {name: worker, labels: {rack: r1}}
spec:
  addresses: [{type: CiliumInternalIP, ip: 10.0.0.9}, {type: InternalIP, ip: 192.168.10.22}]
  ipam:
    podCIDRs: [10.0.1.0/24]
    pools: {allocated: [{pool: blue, cidrs: [10.1.0.0/27, 10.1.0.32/27]}, {pool: red, cidrs: ['fd01::/96']}]}
---
";

const POOLS: &str = "\
apiVersion: cilium.io/v2alpha1
kind: CiliumPodIPPool
metadata: {name: blue, labels: {color: blue}}
spec: {ipv4: {cidrs: [10.1.0.0/16], maskSize: 27}}
---
apiVersion: cilium.io/v2alpha1
kind: CiliumPodIPPool
metadata: {name: red}
spec: {ipv6: {cidrs: ['fd01::/64'], maskSize: 96}}
---
";

fn pods(more: &str) -> Cluster {
    cluster(&(advertisement("pods", "{advertisementType: PodCIDR}") + more))
}

#[test]
fn pod_cidrs_of_the_resource_that_there_is() {
    let of_node = ["10.244.1.0/24", "fd00:244:1::/64"];
    assert_eq!(pods("").routes(), of_node);
    assert_eq!(pods(CILIUM_NODE).routes(), ["10.0.1.0/24"]);
    let from = |text, from| pods(text).option(|options| options.pod_cidrs_from = from).routes();
    assert_eq!(from(CILIUM_NODE, PodCidrsFrom::Node), of_node);
    assert_eq!(from(CILIUM_NODE, PodCidrsFrom::CiliumNode), ["10.0.1.0/24"]);
    assert_eq!(from("", PodCidrsFrom::CiliumNode), [""; 0]);
    // A CiliumNode without prefixes, as of other IPAMs, is one all the same.
    assert_eq!(pods(&CILIUM_NODE.replace("    podCIDRs: [10.0.1.0/24]\n", "")).routes(), [""; 0]);
    // An older Node has one only.
    let older =
        Cluster::new(&format!("{NODE}---\n").replace(", podCIDRs: [10.244.1.0/24, 'fd00:244:1::/64']", ""));
    assert_eq!(older.resources.nodes.len(), 1);
}

#[test]
fn parts_of_the_pools_that_are_selected() {
    for (selector, wanted) in [
        ("selector: {}", &["10.1.0.0/27", "10.1.0.32/27", "fd01::/96"][..]),
        ("selector: {matchLabels: {color: blue}}", &["10.1.0.0/27", "10.1.0.32/27"]),
        ("selector: {matchLabels: {io.cilium.podippool.name: red}}", &["fd01::/96"]),
        ("attributes: {}", &[]),
    ] {
        let entry = advertisement("pools", &format!("{{advertisementType: CiliumPodIPPool, {selector}}}"));
        assert_eq!(cluster(&(entry + CILIUM_NODE + POOLS)).routes(), wanted, "{selector}");
    }
    // A pool that nobody knows cannot be selected.
    let entry = advertisement("pools", "{advertisementType: CiliumPodIPPool, selector: {}}");
    assert_eq!(cluster(&(entry + CILIUM_NODE)).routes(), [""; 0]);
}

#[test]
fn addresses_of_an_interface_that_others_can_reach() {
    let cluster = || {
        let entry = advertisement("interface", "{advertisementType: Interface, interface: {name: lo}}");
        cluster(&entry).interface(
            "lo",
            &["127.0.0.1", "10.0.0.1", "169.254.1.1", "::1", "fe80::1", "fd00::1", "10.0.0.1"],
        )
    };
    assert_eq!(cluster().routes(), ["10.0.0.1/32", "169.254.1.1/32", "fd00::1/128"]);
    assert_eq!(cluster().host(|host| host.interfaces[0].up = false).routes(), [""; 0]);
    assert_eq!(cluster().host(|host| host.interfaces[0].operational = false).routes(), [""; 0]);
    assert_eq!(cluster().host(|host| host.interfaces[0].name = "eth9".to_owned()).routes(), [""; 0]);
}

#[test]
fn attributes_are_those_of_all_that_announce_a_route() {
    let text = advertisement(
        "one",
        "{advertisementType: PodCIDR, attributes: {localPreference: 50, communities: {standard: ['65000:1', '65000:2', 4259840099], \
         wellKnown: [no-export], large: ['65000:1:2']}}}",
    ) + &advertisement(
        "two",
        "{advertisementType: PodCIDR, attributes: {localPreference: 99, communities: {standard: ['65000:2'], \
         wellKnown: [no-export, planned-shut]}}}",
    );
    let wanted = "10.244.1.0/24 65000:1 65000:2 65000:99 65535:0 65535:65281 65000:1:2 preference 99";
    assert_eq!(cluster(&text).routes()[0], wanted);
}

#[test]
fn neighbors_hear_what_their_families_select() {
    let text = NODE.to_owned()
        + "---
apiVersion: cilium.io/v2
kind: CiliumBGPClusterConfig
metadata: {name: rack}
spec:
  bgpInstances:
  - name: main
    localASN: 65001
    peers:
    - {name: a, peerASN: 65000, peerAddress: 192.168.10.1, peerConfigRef: {name: a}}
    - {name: b, peerASN: 65000, peerAddress: 192.168.10.3, peerConfigRef: {name: b}}
    - {name: c, peerASN: 65000, peerAddress: 192.168.10.4}
    - {name: d, peerASN: 65000, peerAddress: 192.168.10.5, peerConfigRef: {name: a}}
---
apiVersion: cilium.io/v2
kind: CiliumBGPPeerConfig
metadata: {name: a}
spec: {families: [{afi: ipv4, safi: unicast, advertisements: {matchLabels: {advertise: bgp}}}, {afi: ipv6, safi: unicast}]}
---
apiVersion: cilium.io/v2
kind: CiliumBGPPeerConfig
metadata: {name: b}
spec: {families: [{afi: ipv6, safi: unicast, advertisements: {}}, {afi: ipv4, safi: multicast, advertisements: {}}]}
---
" + &advertisement("pods", "{advertisementType: PodCIDR, attributes: {communities: {standard: ['65000:1']}}}");
    let cluster = Cluster::new(&text);
    assert_eq!(cluster.heard_by(0), ["10.244.1.0/24 65000:1"]);
    assert_eq!(cluster.heard_by(1), ["fd00:244:1::/64 65000:1"]);
    assert_eq!(cluster.heard_by(2), [""; 0]);
    // Neighbors that are to hear the same are of one view, and routes that all hear alike of one class.
    let speaker = &cluster.desired().speakers[0];
    assert_eq!((speaker.views.as_slice(), speaker.classes.len()), (&[0, 1, 2, 0][..], 2));
}
