//! The legacy CiliumBGPPeeringPolicy, as instances and peers.

use std::net::Ipv4Addr;

use super::announced::{Ground, View};
use super::bounded::Within;
use super::instances::Instance;
use super::kinds::advertisement::{Entry, ServiceOptions, What};
use super::kinds::attributes::PathAttributes;
use super::kinds::peer_config::Timers;
use super::kinds::peering_policy::{Neighbor, PeeringPolicy, VirtualRouter};
use super::peers::{self, Families, Peer, Problem};

/// What an annotation of the node says of an instance: `cilium.io/bgp-virtual-router.65001: router-id=10.0.0.1,local-port=179`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Annotated {
    router_id: Option<Ipv4Addr>,
    local_port: Option<u16>,
}

pub(super) fn instances(
    ground: &Ground<'_>,
    policy: &PeeringPolicy,
    problems: &mut Vec<Problem>,
) -> Vec<Instance> {
    let mut found: Vec<Instance> = Vec::new();
    for router in &policy.virtual_routers {
        let asn = router.local_asn.get();
        let name = asn.to_string();
        let mut wrong =
            |text: String| problems.push(Problem { instance: Some(name.clone()), peer: None, text });
        if asn == 0 {
            wrong("localASN 0 is nobody's".to_owned());
            continue;
        }
        if found.iter().any(|instance| instance.asn == asn) {
            wrong("found twice: the first counts".to_owned());
            continue;
        }
        let key = format!("cilium.io/bgp-virtual-router.{asn}");
        let annotated = match ground.node.annotation(&key).map(annotated).transpose() {
            Ok(annotated) => annotated.unwrap_or_default(),
            Err(text) => {
                wrong(format!("the node's annotation {key}: {text}"));
                Annotated::default()
            }
        };
        let Some(router_id) = annotated.router_id.or_else(|| ground.node.identifier(ground.host)) else {
            wrong("the node has no IPv4 address to take for the BGP Identifier, and no annotation with router-id".to_owned());
            continue;
        };
        let mut peers = Vec::new();
        for neighbor in &router.neighbors {
            match peer(ground, router, neighbor) {
                Ok(peer) => peers.push(peer),
                Err(text) => problems.push(Problem {
                    instance: Some(name.clone()),
                    peer: Some(neighbor.peer_address.0.to_string()),
                    text: text.to_owned(),
                }),
            }
        }
        let mut instance = Instance { name, asn, router_id, listen: annotated.local_port, peers };
        instance.drop_doubles(problems);
        found.push(instance);
    }
    found
}

fn annotated(text: &str) -> Result<Annotated, String> {
    let mut annotated = Annotated::default();
    for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
        let (key, value) = part.split_once('=').ok_or_else(|| format!("{part:?} is no KEY=VALUE"))?;
        let found = || format!("{key}: found {value:?}");
        match key {
            "router-id" => {
                annotated.router_id =
                    Some(value.parse().map_err(|_| format!("{}, allowed is an IPv4 address", found()))?);
            }
            "local-port" => {
                let port = value.parse().ok().filter(|port| *port != 0);
                annotated.local_port =
                    Some(port.ok_or_else(|| format!("{}, allowed is 1 to 65535", found()))?);
            }
            _ => return Err(format!("{key:?} is not known, allowed are router-id and local-port")),
        }
    }
    Ok(annotated)
}

fn peer(ground: &Ground<'_>, router: &VirtualRouter, neighbor: &Neighbor) -> Result<Peer, &'static str> {
    let times = peers::times(&Timers {
        connect_retry_time_seconds: neighbor.connect_retry_time_seconds,
        hold_time_seconds: neighbor.hold_time_seconds,
        keep_alive_time_seconds: neighbor.keep_alive_time_seconds,
    })?;
    let address = neighbor.peer_address.0;
    let families = peers::families(neighbor.families.iter().map(|family| (family.afi, family.safi)));
    Ok(Peer {
        name: address.to_string(),
        address,
        asn: Some(neighbor.peer_asn.get()).filter(|asn| *asn != 0),
        port: neighbor.peer_port.and_then(Within::narrow).unwrap_or(179),
        local_address: None,
        multihop: neighbor.ebgp_multihop_ttl.and_then(Within::narrow).unwrap_or(1),
        families,
        times,
        graceful_restart: peers::restart_time(neighbor.graceful_restart),
        key: neighbor.auth_secret_ref.as_deref().map(|name| peers::key(ground, name)),
        view: view(router, neighbor, families),
    })
}

fn view(router: &VirtualRouter, neighbor: &Neighbor, families: Families) -> View {
    let entry = |what| Entry { what, attributes: PathAttributes::default() };
    let mut entries = Vec::new();
    if router.export_pod_cidr {
        entries.push(entry(What::PodCidr));
    }
    if let Some(selector) = &router.pod_ip_pool_selector {
        entries.push(entry(What::PodIpPool(Some(selector.clone()))));
    }
    if let Some(selector) = &router.service_selector {
        let addresses = router.service_advertisements.clone();
        let options = ServiceOptions { addresses, aggregation_v4: None, aggregation_v6: None };
        entries.push(entry(What::Service(Some(selector.clone()), options)));
    }
    let of = |wanted: bool| if wanted { entries.clone() } else { Vec::new() };
    View {
        ipv4: of(families.ipv4),
        ipv6: of(families.ipv6),
        besides: neighbor.advertised_path_attributes.clone(),
    }
}
