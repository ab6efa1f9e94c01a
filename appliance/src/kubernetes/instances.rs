//! Which instances and peers this node has: from the resource that is for it, of whichever dialect.
//!
//! CiliumBGPClusterConfigs are asked first, of which the oldest that selects the node counts, with what the
//! CiliumBGPNodeConfigOverride of the node's name changes; then the CiliumBGPNodeConfig of its name; then the legacy
//! CiliumBGPPeeringPolicies, of which again the oldest counts.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};

use super::announced::Ground;
use super::bounded::Within;
use super::kinds::cluster_config::Instance as Written;
use super::kinds::cluster_config::NodeConfigOverride;
use super::meta::Key;
use super::peering;
use super::peers::{self, Peer, Problem};
use super::resources::{Known, Table};
use super::selector::Selector;

/// A speaker that this node is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// Unique on the node.
    pub name: String,
    /// Its AS.
    pub asn: u32,
    /// Its BGP Identifier.
    pub router_id: Ipv4Addr,
    /// Where it listens, if it does.
    pub listen: Option<u16>,
    /// Its neighbors.
    pub peers: Vec<Peer>,
}

/// The instances of this node. What is wrong with one instance or peer is told, and does not touch the others.
pub fn instances(ground: &Ground<'_>, problems: &mut Vec<Problem>) -> Vec<Instance> {
    let of = |name: &str| Key { namespace: String::new(), name: name.to_owned() };
    let resources = ground.resources;
    let selected =
        oldest(&resources.cluster_configs, ground, problems, |config| config.node_selector.as_ref());
    if let Some(config) = selected {
        let change = resources.node_config_overrides.get(&of(ground.node.name()));
        let mut instances = config.body.bgp_instances.clone();
        if let Some(change) = change {
            overridden(&mut instances, &change.body, problems);
        }
        return cilium(ground, &instances, problems);
    }
    if let Some(config) = resources.node_configs.get(&of(ground.node.name())) {
        return cilium(ground, &config.body.bgp_instances, problems);
    }
    match oldest(&resources.peering_policies, ground, problems, |policy| policy.node_selector.as_ref()) {
        Some(policy) => peering::instances(ground, &policy.body, problems),
        None => Vec::new(),
    }
}

/// The oldest resource that selects this node; those without an age count as younger, by name. The others are told.
fn oldest<'r, T>(
    table: &'r Table<T>,
    ground: &Ground<'_>,
    problems: &mut Vec<Problem>,
    selector: impl Fn(&T) -> Option<&Selector>,
) -> Option<&'r Known<T>> {
    let wants =
        |known: &&Known<T>| selector(&known.body).is_none_or(|wanted| wanted.matches(ground.node.labels()));
    let mut selecting: Vec<_> = table.values().filter(wants).collect();
    selecting.sort_by_key(|known| {
        (known.metadata.creation_timestamp.is_empty(), &known.metadata.creation_timestamp)
    });
    let (first, others) = selecting.split_first()?;
    for other in others {
        let text = format!(
            "{} selects this node as well: {} is older, and counts",
            other.metadata.key(),
            first.metadata.key()
        );
        problems.push(Problem { instance: None, peer: None, text });
    }
    Some(first)
}

/// Changes instances as the node's override says.
fn overridden(instances: &mut [Written], change: &NodeConfigOverride, problems: &mut Vec<Problem>) {
    for with in &change.bgp_instances {
        let Some(instance) = instances.iter_mut().find(|instance| instance.name == with.name) else {
            let text = "the override names an instance that there is not".to_owned();
            problems.push(Problem { instance: Some(with.name.clone()), peer: None, text });
            continue;
        };
        instance.router_id = with.router_id.or(instance.router_id);
        instance.local_port = with.local_port.or(instance.local_port);
        instance.local_asn = with.local_asn.or(instance.local_asn);
        for peer_with in &with.peers {
            match instance.peers.iter_mut().find(|peer| peer.name == peer_with.name) {
                Some(peer) => peer.local_address = peer_with.local_address.or(peer.local_address),
                None => {
                    let text = "the override names a peer that there is not".to_owned();
                    let peer = Some(peer_with.name.clone());
                    problems.push(Problem { instance: Some(with.name.clone()), peer, text });
                }
            }
        }
    }
}

/// Instances as Cilium's resources write them.
fn cilium(ground: &Ground<'_>, written: &[Written], problems: &mut Vec<Problem>) -> Vec<Instance> {
    let mut names = BTreeSet::new();
    let mut instances = Vec::new();
    for one in written {
        let wrong =
            |text: &str| Problem { instance: Some(one.name.clone()), peer: None, text: text.to_owned() };
        let Some(asn) = one.local_asn else {
            problems.push(wrong("localASN is missing"));
            continue;
        };
        if !names.insert(&one.name) {
            problems.push(wrong("found twice: the first counts"));
            continue;
        }
        let Some(router_id) = one.router_id.or_else(|| ground.node.identifier(ground.host)) else {
            problems.push(wrong("no routerID, and the node has no IPv4 address to take for it"));
            continue;
        };
        let peers =
            one.peers.iter().flat_map(|peer| peers::cilium(ground, &one.name, peer, problems)).collect();
        let mut instance = Instance {
            name: one.name.clone(),
            asn: asn.get(),
            router_id,
            listen: one.local_port.and_then(Within::narrow),
            peers,
        };
        instance.drop_doubles(problems);
        instances.push(instance);
    }
    instances
}

impl Instance {
    /// Drops peers whose name or address another one has: the first counts.
    pub(super) fn drop_doubles(&mut self, problems: &mut Vec<Problem>) {
        let mut names = BTreeSet::new();
        let mut addresses: BTreeSet<IpAddr> = BTreeSet::new();
        let instance = &self.name;
        self.peers.retain(|peer| {
            let what = match (names.insert(peer.name.clone()), addresses.insert(peer.address)) {
                (true, true) => return true,
                (false, _) => "found twice: the first counts".to_owned(),
                (true, false) => format!("another peer has its address, {}: the first counts", peer.address),
            };
            problems.push(Problem {
                instance: Some(instance.clone()),
                peer: Some(peer.name.clone()),
                text: what,
            });
            false
        });
    }
}
