//! The kinds of resources, a file each: what their schemas say, as far as anything depends on it.

pub mod address;
pub mod advertisement;
pub mod attributes;
pub mod cluster_config;
pub mod endpoint_slice;
pub mod node;
pub mod peer_config;
pub mod peering_policy;
pub mod pool;
pub mod secret;
pub mod service;

#[cfg(test)]
mod tests;
