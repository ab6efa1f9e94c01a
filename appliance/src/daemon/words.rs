//! What the configuration calls things: names that the core does not know.

use std::net::Ipv4Addr;

use crier_core::config::{PolicyRef, Settings};

/// The name of what `[router]` configures.
pub const DEFAULT_INSTANCE: &str = "default";

/// Names for the values of the core's views. Made anew with each configuration.
#[derive(Clone, Debug)]
pub struct Words {
    /// The BGP instance.
    pub instance: String,
    /// Own AS number.
    pub asn: u32,
    /// BGP identifier.
    pub router_id: Ipv4Addr,
    /// By [`Settings::tag`]: what each neighbor or range is called, and how it is configured.
    pub tags: Vec<Tag>,
    /// By [`PolicyRef::Named`].
    pub policies: Vec<PolicyWords>,
}

/// A configured neighbor or range.
#[derive(Clone, Debug)]
pub struct Tag {
    /// Its peer group.
    pub group: Option<String>,
    /// Its description, or an empty text.
    pub description: String,
    /// What the core was told.
    pub settings: Settings,
}

/// A configured policy.
#[derive(Clone, Debug)]
pub struct PolicyWords {
    /// Its name.
    pub name: String,
    /// A line for each rule.
    pub rules: Vec<String>,
}

impl Words {
    /// What a neighbor's tag stands for.
    pub fn tag(&self, tag: u32) -> Option<&Tag> {
        self.tags.get(usize::try_from(tag).ok()?)
    }

    /// A policy's name; `None` where none is configured.
    pub fn policy(&self, policy: PolicyRef) -> Option<&str> {
        match policy {
            PolicyRef::Unset => None,
            PolicyRef::AcceptAll => Some("accept-all"),
            PolicyRef::RejectAll => Some("reject-all"),
            PolicyRef::Named(position) => {
                Some(self.policies.get(usize::from(position)).map_or("?", |policy| policy.name.as_str()))
            }
        }
    }

    /// The text of a policy's rule, counted from 0.
    pub fn rule(&self, policy: PolicyRef, rule: u16) -> Option<&str> {
        let PolicyRef::Named(position) = policy else { return None };
        Some(self.policies.get(usize::from(position))?.rules.get(usize::from(rule))?.as_str())
    }
}
