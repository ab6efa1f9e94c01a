//! One resource: which kind it is, and what it says.

use serde::Deserialize;

use super::decode::decode;
use super::kinds::advertisement::Advertisement;
use super::kinds::cluster_config::{ClusterConfig, NodeConfig, NodeConfigOverride};
use super::kinds::endpoint_slice::EndpointSlice;
use super::kinds::node::{CiliumNode, Node as ClusterNode};
use super::kinds::peer_config::PeerConfig;
use super::kinds::peering_policy::PeeringPolicy;
use super::kinds::pool::{LoadBalancerIpPool, PodIpPool};
use super::kinds::secret::Secret;
use super::kinds::service::Service;
use super::meta::{Key, Metadata};
use super::yaml::{Malformed, Node, Position, Value};

/// Declares what there is of each kind: the groups of the API that have it, its name there, and its type.
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident($type:ty): $kind:literal in $groups:expr, $namespaced:expr;)*) => {
        /// A resource of a kind that is used here.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Resource {
            $($(#[$doc])* $name($type),)*
        }

        /// A kind that is used here.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind {
            $($(#[$doc])* $name,)*
        }

        impl Kind {
            /// Every one.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// Its name in the API.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $kind,)*
                }
            }

            /// Groups and versions of the API that have it; all that are there say the same.
            pub const fn versions(self) -> &'static [&'static str] {
                match self {
                    $(Self::$name => $groups,)*
                }
            }

            /// Whether its resources are in namespaces.
            pub const fn namespaced(self) -> bool {
                match self {
                    $(Self::$name => $namespaced,)*
                }
            }
        }

        impl Resource {
            /// Which kind it is.
            pub const fn kind(&self) -> Kind {
                match self {
                    $(Self::$name(_) => Kind::$name,)*
                }
            }

            fn decode(kind: Kind, body: &Node, unknown: impl FnMut(String)) -> Result<Self, Malformed> {
                match kind {
                    $(Kind::$name => decode::<$type>(body, unknown).map(Self::$name),)*
                }
            }
        }
    };
}

/// Keys that older versions of the schemas have, and that never did anything.
const WITHOUT_EFFECT: &[&str] = &["peerConfigRef.group", "peerConfigRef.kind", "transport.localPort"];

const CILIUM: &[&str] = &["cilium.io/v2", "cilium.io/v2alpha1"];

kinds! {
    /// A node of the cluster.
    Node(ClusterNode): "Node" in &["v1"], false;
    /// What reaches pods by one address.
    Service(Service): "Service" in &["v1"], true;
    /// Where a Service's pods are.
    EndpointSlice(EndpointSlice): "EndpointSlice" in &["discovery.k8s.io/v1", "discovery.k8s.io/v1beta1"], true;
    /// Keys.
    Secret(Secret): "Secret" in &["v1"], true;
    /// What Cilium knows of a node.
    CiliumNode(CiliumNode): "CiliumNode" in &["cilium.io/v2"], false;
    /// Instances and peers, for nodes by a selector.
    ClusterConfig(ClusterConfig): "CiliumBGPClusterConfig" in CILIUM, false;
    /// How to speak with peers, and what they hear.
    PeerConfig(PeerConfig): "CiliumBGPPeerConfig" in CILIUM, false;
    /// What is announced.
    Advertisement(Advertisement): "CiliumBGPAdvertisement" in CILIUM, false;
    /// Instances and peers of one node.
    NodeConfig(NodeConfig): "CiliumBGPNodeConfig" in CILIUM, false;
    /// What is different on one node.
    NodeConfigOverride(NodeConfigOverride): "CiliumBGPNodeConfigOverride" in CILIUM, false;
    /// All of it in one, as it was once.
    PeeringPolicy(PeeringPolicy): "CiliumBGPPeeringPolicy" in &["cilium.io/v2alpha1"], false;
    /// Addresses for pods.
    PodIpPool(PodIpPool): "CiliumPodIPPool" in CILIUM, false;
    /// Addresses for Services.
    LoadBalancerIpPool(LoadBalancerIpPool): "CiliumLoadBalancerIPPool" in CILIUM, false;
}

impl Kind {
    /// Whether what it means is in `spec` alone.
    const fn is_spec(self) -> bool {
        !matches!(self, Self::Node | Self::Service | Self::EndpointSlice | Self::Secret)
    }

    /// Whether its whole schema is known here, so that an unknown key is a mistake.
    const fn is_whole(self) -> bool {
        self.is_spec() && !matches!(self, Self::CiliumNode | Self::PodIpPool)
    }
}

/// What a document, or an item of a `List`, turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A resource.
    Resource {
        /// Where it begins.
        position: Position,
        /// Its name and labels.
        metadata: Metadata,
        /// What it says.
        resource: Resource,
        /// Keys that its schema does not have.
        unknown: Vec<String>,
    },
    /// Something of a kind that is not used here.
    Unused {
        /// Where it begins.
        position: Position,
        /// Its group, version, kind and name.
        what: String,
    },
    /// What cannot be used; with the resource that it would be, if that much is known.
    Bad(Option<(Kind, Key)>, Malformed),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    api_version: String,
    kind: String,
    #[serde(default)]
    metadata: Metadata,
}

/// What is in a document: a resource, or those of a `List`.
pub fn read(document: &Node, items: &mut Vec<Item>) {
    let is_list = document.get("kind").and_then(Node::text).is_some_and(|kind| kind.ends_with("List"));
    match document.get("items").map(|items| &items.value) {
        Some(Value::List(nodes)) if is_list => nodes.iter().for_each(|node| read(node, items)),
        _ => items.push(one(document)),
    }
}

fn one(document: &Node) -> Item {
    let Head { api_version, kind: name, metadata } = match decode(document, |_| {}) {
        Ok(head) => head,
        Err(malformed) => return Item::Bad(None, malformed),
    };
    let position = document.position;
    let Some(kind) = Kind::of(&api_version, &name) else {
        return Item::Unused { position, what: format!("{api_version} {name} {}", metadata.key()) };
    };
    let mut metadata = metadata;
    if kind.namespaced() && metadata.namespace.is_empty() {
        "default".clone_into(&mut metadata.namespace);
    } else if !kind.namespaced() {
        metadata.namespace.clear();
    }
    if metadata.name.is_empty() {
        return Item::Bad(None, Malformed { position, text: "metadata.name is missing".to_owned() });
    }
    let mut unknown = Vec::new();
    match Resource::of(kind, document, |path| unknown.push(path)) {
        Ok(resource) => Item::Resource { position, metadata, resource, unknown },
        Err(malformed) => Item::Bad(Some((kind, metadata.key())), malformed),
    }
}

impl Kind {
    /// The kind of this name in a group of the API.
    fn of(api_version: &str, name: &str) -> Option<Self> {
        let is = |kind: &&Self| kind.name() == name && kind.versions().contains(&api_version);
        Self::ALL.iter().find(is).copied()
    }
}

impl Resource {
    /// What a document of a kind says. Unknown keys are told of kinds whose schema is known here whole.
    fn of(kind: Kind, document: &Node, mut unknown: impl FnMut(String)) -> Result<Self, Malformed> {
        if !kind.is_spec() {
            return Self::decode(kind, document, |_| {});
        }
        let Some(spec) = document.get("spec").filter(|spec| !spec.is_null()) else {
            return Err(Malformed { position: document.position, text: "spec is missing".to_owned() });
        };
        let told = |path: String| {
            if kind.is_whole() && !WITHOUT_EFFECT.iter().any(|known| path.ends_with(known)) {
                unknown(format!("spec.{path}"));
            }
        };
        let mut resource = Self::decode(kind, spec, told).map_err(below_spec)?;
        if let Self::ClusterConfig(config) = &mut resource {
            config.drop_node_fields().into_iter().for_each(|path| unknown(format!("spec.{path}")));
        }
        Ok(resource)
    }
}

fn below_spec(malformed: Malformed) -> Malformed {
    Malformed { text: format!("spec.{}", malformed.text), ..malformed }
}

#[cfg(test)]
mod tests;
