//! Instances and their neighbors.

use super::{CLUSTER, Cluster, NODE, PEER, cluster};

fn peer_config(spec: &str) -> Cluster {
    Cluster::new(&format!(
        "{NODE}---\n{CLUSTER}---\napiVersion: cilium.io/v2\nkind: CiliumBGPPeerConfig\nmetadata: {{name: tor}}\nspec: {{{spec}}}\n"
    ))
}

#[test]
fn what_a_peer_config_says() {
    let usual = "  tor 192.168.10.1 AS 65000";
    for (spec, more) in [
        ("ebgpMultihop: null", ""),
        ("ebgpMultihop: 4", ", ttl 4"),
        (
            "timers: {holdTimeSeconds: 9, keepAliveTimeSeconds: 3, connectRetryTimeSeconds: 5}",
            ", times 5 9 3",
        ),
        ("timers: {connectRetryTimeSeconds: 12}", ", times 12 90 30"),
        ("transport: {peerPort: 1790}", ", port 1790"),
        ("gracefulRestart: {enabled: true}", ", restart 120"),
        ("gracefulRestart: {enabled: true, restartTimeSeconds: 15}", ", restart 15"),
        ("gracefulRestart: {enabled: false, restartTimeSeconds: 15}", ""),
        ("families: [{afi: ipv4, safi: unicast}]", ", no ipv6"),
        ("families: [{afi: ipv6, safi: unicast}]", ", no ipv4"),
        ("families: []", ""),
        ("transport: {sourceInterface: eth1}", ", from 192.168.10.9"),
    ] {
        let cluster = peer_config(spec).interface("eth1", &["192.168.10.9", "fd00::9"]);
        assert_eq!(cluster.speakers(), ["main AS 65001 192.168.10.2", &format!("{usual}{more}")], "{spec}");
        assert_eq!(cluster.problems(), [""; 0], "{spec}");
    }
}

#[test]
fn a_peer_with_something_wrong_is_left_out_and_the_others_are_not() {
    let second = "    - {name: two, peerASN: 65000, peerAddress: 192.168.10.7}\n";
    let with = |from: &str, to: &str, peer: &str| {
        let text =
            format!("{NODE}---\n{}{second}---\n{}", CLUSTER.replace(from, to), PEER.replace("spec:\n", peer));
        Cluster::new(&text).interface("eth1", &["192.168.10.9", "192.168.10.10"])
    };
    for (from, to, peer, problem) in [
        (
            ", peerConfigRef: {name: tor}",
            ", peerConfigRef: {name: no}",
            "spec:\n",
            "its CiliumBGPPeerConfig, no, is missing",
        ),
        ("peerAddress: 192.168.10.1, ", "", "spec:\n", "neither peerAddress nor autoDiscovery"),
        (
            "peerAddress: 192.168.10.1, ",
            "autoDiscovery: {mode: DefaultGateway}, ",
            "spec:\n",
            "autoDiscovery.defaultGateway is missing, with its addressFamily",
        ),
        (
            "peerAddress: 192.168.10.1, ",
            "autoDiscovery: {mode: DefaultGateway, defaultGateway: {addressFamily: ipv4}}, ",
            "spec:\n",
            "there is no default route with a gateway to take for it yet",
        ),
        (
            "",
            "",
            "spec:\n  timers: {holdTimeSeconds: 9}\n",
            "keepAliveTimeSeconds is more than holdTimeSeconds",
        ),
        (
            "",
            "",
            "spec:\n  transport: {sourceInterface: eth1}\n",
            "sourceInterface eth1: the interface has several addresses of the neighbor's family",
        ),
        (
            "",
            "",
            "spec:\n  transport: {sourceInterface: eth0}\n",
            "sourceInterface eth0: there is no such interface",
        ),
    ] {
        let from = if from.is_empty() { "\u{0}" } else { from };
        let cluster = with(from, to, peer);
        assert_eq!(
            cluster.speakers(),
            ["main AS 65001 192.168.10.2", "  two 192.168.10.7 AS 65000"],
            "{problem}"
        );
        assert_eq!(cluster.problems(), [format!("main: tor: {problem}")]);
    }
    // Two of one name, or of one address.
    for (name, address, problem) in [
        ("tor", "192.168.10.8", "main: tor: found twice: the first counts"),
        ("x", "192.168.10.1", "main: x: another peer has its address, 192.168.10.1: the first counts"),
    ] {
        let third = format!("    - {{name: {name}, peerASN: 65000, peerAddress: {address}}}\n");
        let cluster = with("\u{0}", "", "spec:\n").problems();
        assert_eq!(cluster, [""; 0]);
        let text = format!("{NODE}---\n{CLUSTER}{third}---\n{PEER}");
        assert_eq!(Cluster::new(&text).problems(), [problem]);
        assert_eq!(Cluster::new(&text).speakers().len(), 2);
    }
}

#[test]
fn a_key_that_cannot_be_had_holds_the_peer_down() {
    let secret = |namespace: &str, data: &str| {
        format!(
            "apiVersion: v1\nkind: Secret\nmetadata: {{name: md5, namespace: {namespace}}}\n{data}\n---\n"
        )
    };
    for (text, wanted) in [
        (String::new(), "held down: the Secret kube-system/md5 is missing"),
        (secret("default", "stringData: {password: x}"), "held down: the Secret kube-system/md5 is missing"),
        (
            secret("kube-system", "stringData: {pass: x}"),
            "held down: the Secret kube-system/md5 has no key password",
        ),
        (
            secret("kube-system", "stringData: {password: ''}"),
            "held down: password of the Secret kube-system/md5 is empty",
        ),
        (
            secret("kube-system", "data: {password: '!'}"),
            "held down: password of the Secret kube-system/md5 is not base64",
        ),
        (
            secret("kube-system", &format!("stringData: {{password: {}}}", "x".repeat(81))),
            "held down: password of the Secret kube-system/md5 has 81 bytes, allowed are 80",
        ),
        (secret("kube-system", "stringData: {password: Sesame}"), "key Sesame"),
        (secret("kube-system", "data: {password: U2VzYW1l}"), "key Sesame"),
        (secret("kube-system", "data: {password: eA==}\nstringData: {password: Sesame}"), "key Sesame"),
    ] {
        let text = format!(
            "{NODE}---\n{CLUSTER}---\n{}---\n{text}",
            PEER.replace("spec:", "spec:\n  authSecretRef: md5")
        );
        let cluster = Cluster::new(&text);
        assert_eq!(cluster.speakers()[1], format!("  tor 192.168.10.1 AS 65000, {wanted}"));
        assert!(!format!("{:?}", cluster.desired()).contains("Sesame"));
    }
}

#[test]
fn a_neighbor_that_is_the_default_gateway() {
    let text = CLUSTER.replace(
        "peerAddress: 192.168.10.1",
        "autoDiscovery: {mode: DefaultGateway, defaultGateway: {addressFamily: ipv4}}",
    );
    let cluster = || {
        Cluster::new(&format!("{NODE}---\n{text}---\n{PEER}"))
            .interface("eth0", &["192.168.10.2"])
            .interface("eth1", &["192.168.11.2"])
            .default_route("192.168.10.254", 100, "eth0")
            .default_route("fd00::1", 1, "eth0")
    };
    let peers = |cluster: Cluster| cluster.speakers().split_off(1);
    assert_eq!(peers(cluster()), ["  tor 192.168.10.254 AS 65000"]);
    assert_eq!(
        peers(cluster().default_route("192.168.11.254", 50, "eth1")),
        ["  tor 192.168.11.254 AS 65000"]
    );
    assert_eq!(
        peers(cluster().default_route("192.168.11.254", 200, "eth1")),
        ["  tor 192.168.10.254 AS 65000"]
    );
    assert_eq!(
        peers(cluster().default_route("192.168.11.254", 100, "eth1")),
        ["  tor@192.168.10.254 192.168.10.254 AS 65000", "  tor@192.168.11.254 192.168.11.254 AS 65000"]
    );
    // One that leads nowhere, or that is known by its link only, is none.
    let down =
        cluster().default_route("192.168.11.254", 50, "eth1").host(|host| host.interfaces[1].up = false);
    assert_eq!(peers(down), ["  tor 192.168.10.254 AS 65000"]);
    assert_eq!(peers(cluster().default_route("169.254.1.1", 50, "eth1")), ["  tor 192.168.10.254 AS 65000"]);
    // An address that is written counts more.
    let both = text.replace("autoDiscovery", "peerAddress: 192.168.10.77, autoDiscovery");
    let both =
        Cluster::new(&format!("{NODE}---\n{both}---\n{PEER}")).default_route("192.168.10.254", 1, "eth0");
    assert_eq!(peers(both), ["  tor 192.168.10.77 AS 65000"]);
}

#[test]
fn the_bgp_identifier_in_its_order() {
    let identifier = |cluster: Cluster| cluster.speakers().first().cloned().unwrap_or_default();
    assert_eq!(identifier(cluster("")), "main AS 65001 192.168.10.2");
    let node = |addresses: &str| {
        let text = format!(
            "apiVersion: cilium.io/v2\nkind: CiliumNode\nmetadata: {{name: worker, labels: {{rack: r1}}}}\nspec: {{addresses: [{addresses}]}}\n"
        );
        cluster(&text)
    };
    let (internal, external) = ("{type: InternalIP, ip: 10.0.0.1}", "{type: ExternalIP, ip: 10.0.0.2}");
    let (cilium, other, v6) =
        ("{type: CiliumInternalIP, ip: 10.0.0.3}", "{ip: 10.0.0.4}", "{type: InternalIP, ip: 'fd00::1'}");
    for (addresses, wanted) in [
        ([cilium, other, external, v6, internal].join(", "), "10.0.0.1"),
        ([cilium, other, external, v6].join(", "), "10.0.0.2"),
        ([cilium, other, v6].join(", "), "10.0.0.4"),
    ] {
        assert_eq!(identifier(node(&addresses)), format!("main AS 65001 {wanted}"));
    }
    // Without IPv4 the hardware address has to do: of the interface towards the default route.
    let mac = |cluster: Cluster| {
        cluster.interface("eth0", &["fd00::2"]).interface("eth1", &["fd00::3"]).host(|host| {
            host.interfaces[0].mac = Some([2, 0, 10, 20, 30, 40]);
            host.interfaces[1].mac = Some([2, 0, 50, 60, 70, 80]);
        })
    };
    assert_eq!(identifier(mac(node(v6))), "main AS 65001 10.20.30.40");
    assert_eq!(identifier(mac(node(v6)).default_route("fd00::1", 1, "eth1")), "main AS 65001 50.60.70.80");
    let none = node(cilium);
    assert_eq!(none.speakers(), [""; 0]);
    assert_eq!(none.problems(), ["main: no routerID, and the node has no IPv4 address to take for it"]);
}
