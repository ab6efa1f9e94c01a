//! Kubernetes resources, as Cilium's BGP control plane reads them.

pub mod bounded;
pub mod decode;
pub mod kinds;
pub mod meta;
pub mod resource;
pub mod selector;
pub mod yaml;
