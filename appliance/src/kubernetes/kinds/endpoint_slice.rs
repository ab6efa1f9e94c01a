//! EndpointSlice: where a Service's endpoints are.

use serde::Deserialize;

/// A part of a Service's endpoints. There may be a hundred thousand: what is not needed of them is not kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndpointSlice {
    /// Their family.
    pub address_type: AddressType,
    /// The endpoints.
    #[serde(default)]
    pub endpoints: Vec<Endpoint>,
}

/// The label that says whose endpoints they are.
pub const SERVICE_NAME: &str = "kubernetes.io/service-name";

/// A family of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum AddressType {
    /// IPv4.
    IPv4,
    /// IPv6.
    IPv6,
    /// Names: of no use to any route.
    #[serde(rename = "FQDN")]
    Fqdn,
}

/// An endpoint.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(from = "Written")]
pub struct Endpoint {
    /// The node that it runs on, if it runs on one.
    pub node: Option<Box<str>>,
    /// What it can do.
    pub state: EndpointState,
}

/// What an endpoint can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EndpointState {
    /// It takes no traffic.
    Down,
    /// It is about to end, and still takes traffic.
    Terminating,
    /// It takes traffic.
    Active,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Written {
    #[serde(default)]
    node_name: Option<Box<str>>,
    #[serde(default)]
    conditions: Conditions,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Conditions {
    ready: Option<bool>,
    serving: Option<bool>,
    terminating: Option<bool>,
}

impl From<Written> for Endpoint {
    fn from(Written { node_name, conditions }: Written) -> Self {
        let ready = conditions.ready.unwrap_or(true);
        let serving = conditions.serving.unwrap_or(ready);
        let terminating = conditions.terminating.unwrap_or(false);
        let state = match (ready, terminating && serving) {
            (true, _) => EndpointState::Active,
            (false, true) => EndpointState::Terminating,
            (false, false) => EndpointState::Down,
        };
        Self { node: node_name, state }
    }
}
