use super::*;
use crate::kubernetes::yaml::documents;

/// What is in a text, a line each.
fn lines(text: &str) -> Vec<String> {
    let mut items = Vec::new();
    documents(text).unwrap().iter().for_each(|document| read(document, &mut items));
    let line = |item| match item {
        Item::Resource { position, metadata, resource, unknown } => {
            format!("{position} {} {} {unknown:?}", resource.kind().name(), metadata.key())
        }
        Item::Unused { position, what } => format!("{position} unused {what}"),
        Item::Bad(of, Malformed { position, text }) => {
            let of = of.map(|(kind, key)| format!("{} {key}", kind.name()));
            format!("{position} bad {}: {text}", of.as_deref().unwrap_or("?"))
        }
    };
    items.into_iter().map(line).collect()
}

#[test]
fn one_bad_resource_does_not_stop_the_others() {
    let text = "\
apiVersion: v1
kind: Service
metadata: {name: a, namespace: web}
---
apiVersion: v1
kind: Service
metadata: {name: b}
spec: {externalIPs: [here]}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: c}
---
kind: Service
---
apiVersion: v1
kind: Service
metadata: {labels: {app: x}}
---
apiVersion: cilium.io/v2
kind: CiliumBGPPeerConfig
metadata: {name: e, namespace: ignored}
---
- 1
";
    let found = lines(text);
    let wanted = [
        "1:1 Service web/a []",
        "8:22 bad Service default/b: spec.externalIPs[0]: ",
        "10:1 unused v1 ConfigMap c",
        "14:1 bad ?: apiVersion is missing",
        "16:1 bad ?: metadata.name is missing",
        "20:1 bad CiliumBGPPeerConfig e: spec is missing",
        "24:1 bad ?: found a list, allowed is a mapping",
    ];
    assert_eq!(found.len(), wanted.len(), "{found:#?}");
    for (found, wanted) in found.iter().zip(wanted) {
        assert!(found.starts_with(wanted), "{found}");
    }
}

#[test]
fn lists_are_what_is_in_them() {
    let text = r#"{"apiVersion": "v1", "kind": "List", "items": [
  {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n"}},
  {"apiVersion": "v1", "kind": "ServiceList", "items": [
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s"}},
    {"apiVersion": "v1", "kind": "Service", "metadata": {"name": 7}}]}]}"#;
    assert_eq!(
        lines(text),
        [
            "2:3 Node n []",
            "4:5 Service default/s []",
            "5:66 bad ?: metadata.name: found 7, allowed is a string"
        ]
    );
}

#[test]
fn unknown_keys_are_told_where_the_schema_is_known() {
    let text = "\
apiVersion: cilium.io/v2
kind: CiliumBGPPeerConfig
metadata: {name: a, resourceVersion: '1'}
spec:
  timers: {holdTimeSecond: 9}
  transport: {localPort: 179}
---
apiVersion: cilium.io/v2alpha1
kind: CiliumBGPClusterConfig
metadata: {name: b}
spec:
  bgpInstances:
  - {name: x, routerID: 10.0.0.1, peers: [{name: p, peerConfigRef: {group: g, kind: k, name: n}, localAddress: 10.0.0.1}]}
---
apiVersion: v1
kind: Service
metadata: {name: c}
spec: {sessionAffinity: None}
";
    assert_eq!(
        lines(text),
        [
            "1:1 CiliumBGPPeerConfig a [\"spec.timers.holdTimeSecond\"]",
            "8:1 CiliumBGPClusterConfig b [\"spec.bgpInstances[0].routerID\", \"spec.bgpInstances[0].peers[0].localAddress\"]",
            "15:1 Service default/c []",
        ]
    );
}

#[test]
fn each_version_of_a_kind_says_the_same() {
    for kind in Kind::ALL {
        for version in kind.versions() {
            assert_eq!(Kind::of(version, kind.name()), Some(*kind));
        }
        assert_eq!(Kind::of("v9", kind.name()), None);
    }
}
