//! Resources in, desired state out. What is wanted is compared as text, a line for each thing.

mod advertisements;
mod dialects;
mod peers;
mod services;

use std::fmt::Write as _;

use super::*;
use crate::kubernetes::host::{DefaultRoute, Interface, PodCidrsFrom};
use crate::kubernetes::resource::{Item, read};
use crate::kubernetes::yaml::documents;

/// A cluster as this node sees it.
pub(super) struct Cluster {
    resources: Resources,
    options: Options,
    host: Host,
}

impl Cluster {
    /// With these resources, all of which have to be right.
    pub(super) fn new(text: &str) -> Self {
        let mut resources = Resources::default();
        let mut items = Vec::new();
        documents(text).unwrap().iter().for_each(|document| read(document, &mut items));
        for item in items {
            match item {
                Item::Resource { metadata, resource, unknown, .. } if unknown.is_empty() => {
                    resources.insert(metadata, resource, None);
                }
                other => panic!("{other:?}"),
            }
        }
        let options = Options {
            node: "worker".to_owned(),
            secrets_namespace: "kube-system".to_owned(),
            require_ready_endpoint: false,
            pod_cidrs_from: PodCidrsFrom::Present,
        };
        Self { resources, options, host: Host::default() }
    }

    pub(super) fn option(mut self, set: impl FnOnce(&mut Options)) -> Self {
        set(&mut self.options);
        self
    }

    /// With an interface that is up.
    pub(super) fn interface(mut self, name: &str, addresses: &[&str]) -> Self {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        let interface =
            Interface { name: name.to_owned(), up: true, operational: true, mac: None, addresses };
        self.host.interfaces.push(interface);
        self
    }

    pub(super) fn default_route(mut self, gateway: &str, metric: u32, interface: &str) -> Self {
        let route =
            DefaultRoute { gateway: gateway.parse().unwrap(), metric, interface: interface.to_owned() };
        self.host.default_routes.push(route);
        self
    }

    pub(super) fn host(mut self, change: impl FnOnce(&mut Host)) -> Self {
        change(&mut self.host);
        self
    }

    pub(super) fn desired(&self) -> Desired {
        desired(&self.resources, &self.options, &self.host)
    }

    /// The routes of all speakers, as the first neighbor of each hears them.
    pub(super) fn routes(&self) -> Vec<String> {
        self.heard_by(0)
    }

    /// The routes of all speakers, as one neighbor of each hears them.
    pub(super) fn heard_by(&self, peer: usize) -> Vec<String> {
        let mut lines = Vec::new();
        for speaker in &self.desired().speakers {
            for (prefix, class) in &speaker.routes {
                if let Some(attributes) = &speaker.classes[*class][speaker.views[peer]] {
                    lines.push(format!("{prefix}{}", shown(attributes)));
                }
            }
        }
        lines
    }

    /// Speakers and their neighbors, without what is as usual.
    pub(super) fn speakers(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for DesiredSpeaker { instance, .. } in self.desired().speakers {
            let Instance { name, asn, router_id, listen, peers } = instance;
            let listen = listen.map(|port| format!(" listens on {port}")).unwrap_or_default();
            lines.push(format!("{name} AS {asn} {router_id}{listen}"));
            for peer in peers {
                let asn = peer.asn.map_or("any".to_owned(), |asn| asn.to_string());
                let mut line = format!("  {} {} AS {asn}", peer.name, peer.address);
                let times = peer.times;
                let unusual = [
                    (peer.port != 179).then(|| format!("port {}", peer.port)),
                    peer.local_address.map(|address| format!("from {address}")),
                    (peer.multihop != 1).then(|| format!("ttl {}", peer.multihop)),
                    (!peer.families.ipv4).then(|| "no ipv4".to_owned()),
                    (!peer.families.ipv6).then(|| "no ipv6".to_owned()),
                    ((times.connect_retry, times.hold, times.keepalive) != (120, 90, 30))
                        .then(|| format!("times {} {} {}", times.connect_retry, times.hold, times.keepalive)),
                    peer.graceful_restart.map(|time| format!("restart {time}")),
                    peer.key.map(|key| match key {
                        Ok(key) => format!("key {}", String::from_utf8_lossy(&key.0)),
                        Err(text) => format!("held down: {text}"),
                    }),
                ];
                unusual.into_iter().flatten().for_each(|part| write!(line, ", {part}").unwrap());
                lines.push(line);
            }
        }
        lines
    }

    pub(super) fn problems(&self) -> Vec<String> {
        self.desired().problems.iter().map(ToString::to_string).collect()
    }
}

fn shown(attributes: &PathAttributes) -> String {
    let mut text = String::new();
    for community in &attributes.communities {
        write!(text, " {}:{}", community >> 16, community & 0xffff).unwrap();
    }
    for (a, b, c) in &attributes.large_communities {
        write!(text, " {a}:{b}:{c}").unwrap();
    }
    if let Some(preference) = attributes.local_preference {
        write!(text, " preference {preference}").unwrap();
    }
    text
}

/// The node, one instance with one neighbor that hears every advertisement, and `more`.
pub(super) fn cluster(more: &str) -> Cluster {
    Cluster::new(&format!("{NODE}---\n{CLUSTER}---\n{PEER}---\n{more}"))
}

/// An advertisement of these entries, as flow YAML.
pub(super) fn advertisement(name: &str, entries: &str) -> String {
    format!(
        "apiVersion: cilium.io/v2\nkind: CiliumBGPAdvertisement\nmetadata: {{name: {name}, labels: {{advertise: bgp}}}}\n\
         spec: {{advertisements: [{entries}]}}\n---\n"
    )
}

pub(super) const NODE: &str = "\
apiVersion: v1
kind: Node
metadata: {name: worker, labels: {rack: r1}}
spec: {podCIDR: 10.244.1.0/24, podCIDRs: [10.244.1.0/24, 'fd00:244:1::/64']}
status: {addresses: [{type: Hostname, address: worker}, {type: InternalIP, address: 192.168.10.2}]}
";

pub(super) const CLUSTER: &str = "\
apiVersion: cilium.io/v2
kind: CiliumBGPClusterConfig
metadata: {name: rack}
spec:
  nodeSelector: {matchLabels: {rack: r1}}
  bgpInstances:
  - name: main
    localASN: 65001
    peers:
    - {name: tor, peerASN: 65000, peerAddress: 192.168.10.1, peerConfigRef: {name: tor}}
";

pub(super) const PEER: &str = "\
apiVersion: cilium.io/v2
kind: CiliumBGPPeerConfig
metadata: {name: tor}
spec:
  families:
  - {afi: ipv4, safi: unicast, advertisements: {matchLabels: {advertise: bgp}}}
  - {afi: ipv6, safi: unicast, advertisements: {}}
";
