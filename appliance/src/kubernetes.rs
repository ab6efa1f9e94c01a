//! Kubernetes resources, as Cilium's BGP control plane reads them.
//!
//! [`manifests`] makes [`resources`] of a directory, [`desired`](desired::desired) makes of these what this node is to be:
//! a pure function of the resources, the node's name and the host.

pub mod announced;
pub mod bounded;
pub mod decode;
pub mod desired;
pub mod host;
pub mod instances;
pub mod kinds;
pub mod manifests;
pub mod meta;
mod peering;
pub mod peers;
pub mod resource;
pub mod resources;
pub mod selector;
pub mod services;
pub mod this_node;
pub mod yaml;
