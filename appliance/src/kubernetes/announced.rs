//! What neighbors hear: prefixes and their attributes, from the advertisements that are meant for them.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;

use super::host::{Host, Options};
use super::kinds::advertisement::{Entry, ServiceOptions, What};
use super::kinds::attributes::PathAttributes;
use super::kinds::peering_policy::{AdvertisedPathAttributes, SelectorType};
use super::kinds::pool::{Block, LoadBalancerIpPool, PodIpPool};
use super::kinds::service::TrafficPolicy;
use super::meta::{Key, Metadata};
use super::resources::Resources;
use super::selector::Selector;
use super::services::{self, Endpoints};
use super::this_node::ThisNode;

/// What a neighbor is to hear of a family. Neighbors with equal views hear the same.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Of IPv4.
    pub ipv4: Vec<Entry>,
    /// Of IPv6.
    pub ipv6: Vec<Entry>,
    /// What some of it has besides.
    pub besides: Vec<AdvertisedPathAttributes>,
}

/// Prefixes, with what is set on each.
pub type Routes = BTreeMap<IpNet, PathAttributes>;

/// All that views are made from.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'r> {
    /// The resources.
    pub resources: &'r Resources,
    /// The host.
    pub host: &'r Host,
    /// What the configuration says.
    pub options: &'r Options,
    /// This node.
    pub node: &'r ThisNode<'r>,
    /// Endpoints of every Service.
    pub endpoints: &'r BTreeMap<Key, Endpoints>,
}

impl Ground<'_> {
    /// The routes of a view.
    pub fn routes(&self, view: &View) -> Routes {
        let mut routes = Routes::new();
        for (entries, ipv4) in [(&view.ipv4, true), (&view.ipv6, false)] {
            for entry in entries {
                let mut add = |prefix: IpNet, source: Source| {
                    if prefix.addr().is_ipv4() == ipv4 {
                        let set = routes.entry(prefix.trunc()).or_default();
                        set.merge(&entry.attributes);
                        self.besides(view, prefix, source).for_each(|attributes| set.merge(attributes));
                    }
                };
                match &entry.what {
                    What::PodCidr => {
                        self.node.pod_cidrs().iter().for_each(|prefix| add(*prefix, Source::PodCidr));
                    }
                    What::PodIpPool(selector) => {
                        self.pool_prefixes(selector.as_ref())
                            .for_each(|prefix| add(prefix, Source::PodIpPool));
                    }
                    What::Interface(name) => {
                        let addresses = self.host.announceable(name).unwrap_or_default();
                        addresses.into_iter().for_each(|address| add(address.into(), Source::Interface));
                    }
                    What::Service(selector, options) => {
                        self.services(selector.as_ref(), options, &mut |prefix| {
                            add(prefix, Source::Service);
                        })
                    }
                }
            }
        }
        routes
    }

    /// This node's parts of the pools that are selected.
    fn pool_prefixes<'s>(&'s self, selector: Option<&'s Selector>) -> impl Iterator<Item = IpNet> + 's {
        let selected = self.resources.pod_ip_pools.values().filter(move |pool| {
            selector.is_some() && selects(selector, |key| pool_label(&pool.metadata, key))
        });
        selected.flat_map(|pool| self.node.pool_cidrs(&pool.metadata.name))
    }

    fn services(&self, selector: Option<&Selector>, options: &ServiceOptions, add: &mut impl FnMut(IpNet)) {
        let Some(selector) = selector else { return };
        for (key, known) in &self.resources.services {
            if selector.misses(|label| service_label(&known.metadata, label)).is_some() {
                continue;
            }
            let endpoints = self.endpoints.get(key).copied().unwrap_or_default();
            for kind in &options.addresses {
                let policy = services::policy(&known.body, *kind);
                let addresses = services::addresses(&known.metadata, &known.body, *kind).unwrap_or_default();
                for address in addresses {
                    let require = self.options.require_ready_endpoint;
                    if services::gate(policy, endpoints.of(&address), require).is_ok() {
                        add(prefix_of(address, policy, options));
                    }
                }
            }
        }
    }

    /// What a route has besides what its advertisement sets.
    fn besides<'v>(
        &'v self,
        view: &'v View,
        prefix: IpNet,
        source: Source,
    ) -> impl Iterator<Item = &'v PathAttributes> + 'v {
        view.besides
            .iter()
            .filter(move |besides| self.is_for(besides, prefix, source))
            .map(|besides| &besides.attributes)
    }

    fn is_for(&self, besides: &AdvertisedPathAttributes, prefix: IpNet, source: Source) -> bool {
        let selector = besides.selector.as_ref();
        match besides.selector_type {
            SelectorType::PodCidr => source == Source::PodCidr,
            SelectorType::CiliumPodIPPool => {
                source == Source::PodIpPool
                    && self.resources.pod_ip_pools.values().any(|pool| {
                        selects(selector, |key| pool_label(&pool.metadata, key))
                            && mask_size(&pool.body, prefix) == Some(prefix.prefix_len())
                            && self.node.pool_cidrs(&pool.metadata.name).any(|cidr| cidr == prefix)
                    })
            }
            SelectorType::CiliumLoadBalancerIPPool => {
                prefix.prefix_len() == prefix.max_prefix_len()
                    && source == Source::Service
                    && self.resources.load_balancer_ip_pools.values().any(|pool| {
                        selects(selector, |key| pool.metadata.label(key))
                            && contains(&pool.body, prefix.addr())
                    })
            }
        }
    }
}

/// What a route is of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    PodCidr,
    PodIpPool,
    Interface,
    Service,
}

/// Whether a selector wants something; without one everything is wanted.
fn selects<'l>(selector: Option<&Selector>, label: impl Fn(&str) -> Option<&'l str>) -> bool {
    selector.is_none_or(|selector| selector.misses(label).is_none())
}

/// A label of a Service, or what selectors may ask of its name.
pub fn service_label<'m>(metadata: &'m Metadata, key: &str) -> Option<&'m str> {
    match key {
        "io.kubernetes.service.name" => Some(&metadata.name),
        "io.kubernetes.service.namespace" => Some(&metadata.namespace),
        _ => metadata.label(key),
    }
}

/// A label of a pool, or what selectors may ask of its name. Pools have no namespace.
fn pool_label<'m>(metadata: &'m Metadata, key: &str) -> Option<&'m str> {
    match key {
        "io.cilium.podippool.name" => Some(&metadata.name),
        "io.cilium.podippool.namespace" => Some(&metadata.namespace),
        _ => metadata.label(key),
    }
}

/// A host route, or what an address is part of. Where only some nodes have endpoints no node may speak for its neighbors.
fn prefix_of(address: IpAddr, policy: TrafficPolicy, options: &ServiceOptions) -> IpNet {
    let host = IpNet::from(address);
    let length = match (policy, address) {
        (TrafficPolicy::Local, _) => None,
        (TrafficPolicy::Cluster, IpAddr::V4(_)) => options.aggregation_v4.map(|length| length.get()),
        (TrafficPolicy::Cluster, IpAddr::V6(_)) => options.aggregation_v6.map(|length| length.get()),
    };
    let length = length.and_then(|length| u8::try_from(length).ok());
    length.and_then(|length| IpNet::new(address, length).ok()).map_or(host, |net| net.trunc())
}

fn mask_size(pool: &PodIpPool, prefix: IpNet) -> Option<u8> {
    let family = if prefix.addr().is_ipv4() { &pool.ipv4 } else { &pool.ipv6 };
    family.as_ref().and_then(|family| family.mask_size.narrow())
}

fn contains(pool: &LoadBalancerIpPool, address: IpAddr) -> bool {
    pool.blocks.iter().chain(&pool.cidrs).any(|block| match block {
        Block::Cidr(net) => net.contains(&address),
        Block::Range(start, stop) => {
            start.is_ipv4() == address.is_ipv4() && (*start..=*stop).contains(&address)
        }
    })
}
