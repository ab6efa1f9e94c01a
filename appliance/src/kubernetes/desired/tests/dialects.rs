//! Which resource says what the instances are.

use super::{CLUSTER, Cluster, NODE, PEER, advertisement, cluster};

const OVERRIDE: &str = "\
apiVersion: cilium.io/v2
kind: CiliumBGPNodeConfigOverride
metadata: {name: worker}
spec:
  bgpInstances:
  - {name: main, routerID: 10.9.9.9, localPort: 1179, localASN: 65009, peers: [{name: tor, localAddress: 192.168.10.2, localPort: 5}]}
---
";

const POLICY: &str = "\
apiVersion: cilium.io/v2alpha1
kind: CiliumBGPPeeringPolicy
metadata: {name: policy}
spec:
  nodeSelector: {matchLabels: {rack: r1}}
  virtualRouters:
  - localASN: 65010
    exportPodCIDR: true
    podIPPoolSelector: {}
    serviceSelector: {matchExpressions: [{key: app, operator: NotIn, values: [x]}]}
    neighbors:
    - {peerAddress: 10.1.5.1/24, peerASN: 65010}
    - peerAddress: 'fd00::1/128'
      peerASN: 65020
      peerPort: 1790
      eBGPMultihopTTL: 3
      holdTimeSeconds: 9
      keepAliveTimeSeconds: 3
      gracefulRestart: {enabled: true}
      families: [{afi: ipv4, safi: unicast}]
      advertisedPathAttributes:
      - {selectorType: PodCIDR, communities: {standard: ['65000:1']}}
      - {selectorType: CiliumLoadBalancerIPPool, selector: {matchLabels: {pool: a}}, communities: {standard: ['65000:2']}}
      - {selectorType: CiliumLoadBalancerIPPool, selector: {matchLabels: {pool: b}}, localPreference: 7}
      - {selectorType: CiliumPodIPPool, communities: {large: ['1:2:3']}}
---
apiVersion: cilium.io/v2alpha1
kind: CiliumLoadBalancerIPPool
metadata: {name: a, labels: {pool: a}}
spec: {blocks: [{cidr: 172.16.1.0/24}]}
---
apiVersion: cilium.io/v2alpha1
kind: CiliumLoadBalancerIPPool
metadata: {name: b, labels: {pool: b}}
spec: {blocks: [{start: 172.16.2.1, stop: 172.16.2.9}]}
---
apiVersion: cilium.io/v2alpha1
kind: CiliumPodIPPool
metadata: {name: blue}
spec: {ipv4: {cidrs: [10.1.0.0/16], maskSize: 27}}
---
apiVersion: cilium.io/v2
kind: CiliumNode
metadata: {name: worker, labels: {rack: r1}}
spec:
  addresses: [{type: InternalIP, ip: 192.168.10.2}]
  ipam: {podCIDRs: [10.244.1.0/24], pools: {allocated: [{pool: blue, cidrs: [10.1.0.0/27]}]}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, externalIPs: [192.0.2.1]}
status: {loadBalancer: {ingress: [{ip: 172.16.1.5}, {ip: 172.16.2.9}, {ip: 172.16.2.10}]}}
---
";

#[test]
fn an_override_changes_what_it_names() {
    assert_eq!(
        cluster(OVERRIDE).speakers(),
        ["main AS 65009 10.9.9.9 listens on 1179", "  tor 192.168.10.1 AS 65000, from 192.168.10.2"]
    );
    // An AS may come from there alone; and without any there is no instance.
    let without = CLUSTER.replace("    localASN: 65001\n", "");
    let with = Cluster::new(&format!("{NODE}---\n{without}---\n{PEER}---\n{OVERRIDE}"));
    assert_eq!(with.speakers()[0], "main AS 65009 10.9.9.9 listens on 1179");
    let alone = Cluster::new(&format!("{NODE}---\n{without}---\n{PEER}"));
    assert_eq!(
        (alone.speakers(), alone.problems()),
        (Vec::new(), vec!["main: localASN is missing".to_owned()])
    );
    // What it names has to be there, and it has to be this node's.
    let strange = cluster(&OVERRIDE.replace("name: main", "name: other").replace("name: tor", "name: spine"));
    assert_eq!(strange.problems(), ["other: the override names an instance that there is not"]);
    let strange = cluster(&OVERRIDE.replace("name: tor", "name: spine"));
    assert_eq!(strange.problems(), ["main: spine: the override names a peer that there is not"]);
    assert_eq!(
        cluster(&OVERRIDE.replace("name: worker", "name: another")).speakers()[0],
        "main AS 65001 192.168.10.2"
    );
}

#[test]
fn nodes_that_are_selected() {
    for (selector, wanted) in [
        ("nodeSelector: {matchLabels: {rack: r1}}", true),
        ("nodeSelector: {matchLabels: {rack: r2}}", false),
        ("nodeSelector: {}", true),
        ("nodeSelector: null", true),
    ] {
        let text = CLUSTER.replace("nodeSelector: {matchLabels: {rack: r1}}", selector);
        let cluster = Cluster::new(&format!("{NODE}---\n{text}---\n{PEER}"));
        assert_eq!(cluster.speakers().len(), if wanted { 2 } else { 0 }, "{selector}");
    }
    // The CiliumNode's labels count where there is one.
    let cilium = "apiVersion: cilium.io/v2\nkind: CiliumNode\nmetadata: {name: worker}\nspec: {}\n";
    assert_eq!(cluster(cilium).speakers(), [""; 0]);
}

#[test]
fn the_oldest_of_two_counts_and_the_other_is_told() {
    let named = |name: &str, asn: u32, age: &str| {
        CLUSTER.replace("{name: rack}", &format!("{{name: {name}{age}}}")).replace("65001", &asn.to_string())
            + "---\n"
    };
    let text =
        |first: String, second: String| Cluster::new(&format!("{NODE}---\n{PEER}---\n{first}{second}"));
    let two = text(named("b", 65002, ""), named("a", 65001, ""));
    assert_eq!(two.speakers()[0], "main AS 65001 192.168.10.2");
    assert_eq!(two.problems(), ["b selects this node as well: a is older, and counts"]);
    let two = text(
        named("a", 65001, ", creationTimestamp: '2026-02-01T00:00:00Z'"),
        named("b", 65002, ", creationTimestamp: '2026-01-01T00:00:00Z'"),
    );
    assert_eq!(two.speakers()[0], "main AS 65002 192.168.10.2");
    let two = text(named("a", 65001, ""), named("b", 65002, ", creationTimestamp: '2026-01-01T00:00:00Z'"));
    assert_eq!(two.speakers()[0], "main AS 65002 192.168.10.2");
}

#[test]
fn a_node_config_counts_where_no_cluster_config_does() {
    let node_config = "\
apiVersion: cilium.io/v2
kind: CiliumBGPNodeConfig
metadata: {name: worker}
spec:
  bgpInstances:
  - name: own
    localASN: 65033
    routerID: 10.3.3.3
    localPort: 179
    peers: [{name: tor, peerAddress: ' 192.168.10.1 ', peerASN: 0, localAddress: 192.168.10.2, peerConfigRef: {name: tor}}]
---
";
    let wanted = ["own AS 65033 10.3.3.3 listens on 179", "  tor 192.168.10.1 AS any, from 192.168.10.2"];
    assert_eq!(Cluster::new(&format!("{NODE}---\n{PEER}---\n{node_config}")).speakers(), wanted);
    assert_eq!(cluster(node_config).speakers()[0], "main AS 65001 192.168.10.2");
}

#[test]
fn the_legacy_policy() {
    let cluster = Cluster::new(POLICY);
    assert_eq!(
        cluster.speakers(),
        [
            "65010 AS 65010 192.168.10.2",
            "  10.1.5.1 10.1.5.1 AS 65010",
            "  fd00::1 fd00::1 AS 65020, port 1790, ttl 3, no ipv6, times 120 9 3, restart 120",
        ]
    );
    let plain = ["10.1.0.0/27", "10.244.1.0/24", "172.16.1.5/32", "172.16.2.9/32", "172.16.2.10/32"];
    assert_eq!(cluster.heard_by(0), plain);
    assert_eq!(
        cluster.heard_by(1),
        [
            "10.1.0.0/27 1:2:3",
            "10.244.1.0/24 65000:1",
            "172.16.1.5/32 65000:2",
            "172.16.2.9/32 preference 7",
            "172.16.2.10/32",
        ]
    );
    assert_eq!(cluster.problems(), [""; 0]);
    // Other kinds of addresses only if they are asked for.
    let external =
        POLICY.replace("    neighbors:", "    serviceAdvertisements: [ExternalIP]\n    neighbors:");
    assert_eq!(Cluster::new(&external).heard_by(0), ["10.1.0.0/27", "10.244.1.0/24", "192.0.2.1/32"]);
    // Cilium's newer resources count more.
    let both = Cluster::new(&format!("{POLICY}{CLUSTER}---\n{PEER}---\n"));
    assert_eq!(both.speakers()[0], "main AS 65001 192.168.10.2");
}

#[test]
fn annotations_of_the_legacy_policy() {
    let with = |text: &str| {
        let annotated = format!(
            "{{name: worker, annotations: {{cilium.io/bgp-virtual-router.65010: '{text}'}}, labels: {{rack: r1}}}}"
        );
        Cluster::new(&POLICY.replace("{name: worker, labels: {rack: r1}}", &annotated))
    };
    assert_eq!(
        with("router-id=10.7.7.7,local-port=1179").speakers()[0],
        "65010 AS 65010 10.7.7.7 listens on 1179"
    );
    assert_eq!(with("local-port=179").speakers()[0], "65010 AS 65010 192.168.10.2 listens on 179");
    for (text, problem) in [
        ("local-port=0", "local-port: found \"0\", allowed is 1 to 65535"),
        ("router-id=x", "router-id: found \"x\", allowed is an IPv4 address"),
        ("x", "\"x\" is no KEY=VALUE"),
        ("x=1", "\"x\" is not known, allowed are router-id and local-port"),
    ] {
        let cluster = with(text);
        let wanted = format!("65010: the node's annotation cilium.io/bgp-virtual-router.65010: {problem}");
        assert_eq!(cluster.problems(), [wanted]);
        assert_eq!(cluster.speakers().len(), 3);
    }
}

#[test]
fn versions_say_the_same() {
    let text = format!(
        "{NODE}---\n{CLUSTER}---\n{PEER}---\n{}",
        advertisement("pods", "{advertisementType: PodCIDR}")
    );
    let older = Cluster::new(&text.replace("cilium.io/v2", "cilium.io/v2alpha1"));
    let newer = Cluster::new(&text);
    assert_eq!(older.desired(), newer.desired());
    assert_eq!(newer.routes().len(), 2);
}
