//! Kubernetes resources, as Cilium's BGP control plane reads them.

pub mod bounded;
pub mod decode;
pub mod kinds;
pub mod manifests;
pub mod meta;
pub mod resource;
pub mod resources;
pub mod selector;
pub mod yaml;
