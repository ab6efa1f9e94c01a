//! All resources that are known, by kind and name, and where each came from.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::kinds::advertisement::Advertisement;
use super::kinds::cluster_config::{ClusterConfig, NodeConfig, NodeConfigOverride};
use super::kinds::endpoint_slice::EndpointSlice;
use super::kinds::node::{CiliumNode, Node};
use super::kinds::peer_config::PeerConfig;
use super::kinds::peering_policy::PeeringPolicy;
use super::kinds::pool::{LoadBalancerIpPool, PodIpPool};
use super::kinds::secret::Secret;
use super::kinds::service::Service;
use super::meta::{Key, Metadata};
use super::resource::{Kind, Resource};
use super::yaml::Position;

/// Where a resource stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The file.
    pub file: Arc<Path>,
    /// Where in it.
    pub position: Position,
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.file.display(), self.position)
    }
}

/// A resource, its name, and where it stands if it is of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known<T> {
    /// Name and labels.
    pub metadata: Metadata,
    /// What it says.
    pub body: T,
    /// Where it stands.
    pub place: Option<Place>,
}

/// The resources of one kind.
pub type Table<T> = BTreeMap<Key, Known<T>>;

/// Declares a table for each kind.
macro_rules! tables {
    ($($(#[$doc:meta])* $field:ident: $kind:ident($type:ty);)*) => {
        /// All resources that are known.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Resources {
            $($(#[$doc])* pub $field: Table<$type>,)*
        }

        impl Resources {
            /// Takes a resource in, in place of one of the same kind and name.
            pub fn insert(&mut self, metadata: Metadata, resource: Resource, place: Option<Place>) {
                let key = metadata.key();
                match resource {
                    $(Resource::$kind(body) => {
                        self.$field.insert(key, Known { metadata, body, place });
                    })*
                }
            }

            /// Where a resource stands that is known.
            pub fn place_of(&self, kind: Kind, key: &Key) -> Option<&Place> {
                match kind {
                    $(Kind::$kind => self.$field.get(key).and_then(|known| known.place.as_ref()),)*
                }
            }

            /// Takes over from `former` a resource that cannot be read any more; whether it was there.
            pub fn keep(&mut self, former: &Self, kind: Kind, key: &Key) -> bool {
                match kind {
                    $(Kind::$kind => former.$field.get(key).is_some_and(|known| {
                        self.$field.insert(key.clone(), known.clone());
                        true
                    }),)*
                }
            }

            /// Takes over from `former` all that stands in a file that cannot be read any more; how many.
            pub fn keep_file(&mut self, former: &Self, file: &Path) -> usize {
                let mut kept = 0;
                $(for (key, known) in &former.$field {
                    if known.place.as_ref().is_some_and(|place| &*place.file == file) {
                        self.$field.insert(key.clone(), known.clone());
                        kept += 1;
                    }
                })*
                kept
            }
        }
    };
}

tables! {
    /// Nodes.
    nodes: Node(Node);
    /// Services.
    services: Service(Service);
    /// Endpoints of Services.
    endpoint_slices: EndpointSlice(EndpointSlice);
    /// Secrets.
    secrets: Secret(Secret);
    /// What Cilium knows of nodes.
    cilium_nodes: CiliumNode(CiliumNode);
    /// Instances and peers, for nodes by a selector.
    cluster_configs: ClusterConfig(ClusterConfig);
    /// How to speak with peers.
    peer_configs: PeerConfig(PeerConfig);
    /// What is announced.
    advertisements: Advertisement(Advertisement);
    /// Instances and peers of one node.
    node_configs: NodeConfig(NodeConfig);
    /// What is different on one node.
    node_config_overrides: NodeConfigOverride(NodeConfigOverride);
    /// All of it in one.
    peering_policies: PeeringPolicy(PeeringPolicy);
    /// Addresses for pods.
    pod_ip_pools: PodIpPool(PodIpPool);
    /// Addresses for Services.
    load_balancer_ip_pools: LoadBalancerIpPool(LoadBalancerIpPool);
}
