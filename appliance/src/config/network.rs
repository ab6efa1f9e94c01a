//! `[[network]]`: routes originated here.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crier_core::{Family, Limits};
use ipnet::IpNet;

use super::model::Network;
use super::reader::Section;
use super::scalar;

pub(super) fn read_networks(root: &mut Section<'_, '_>) -> Vec<Network> {
    let mut networks = Vec::new();
    let mut prefixes = BTreeSet::new();
    let follows_kernel = root.get("kernel").is_some();
    let mut room = [Limits::LOCAL_ROUTES; Family::ALL.len()];
    for section in root.tables("network") {
        let (reader, place) = (section.reader, section.place.clone());
        let Some(network) = read_network(section, &mut prefixes, follows_kernel) else { continue };
        let family = Family::of(&network.prefix);
        if let Some(room) = room.get_mut(family.index()) {
            match room.checked_sub(1) {
                Some(less) => *room = less,
                None => reader
                    .error(&place, format!("one too many, allowed {} of {family}", Limits::LOCAL_ROUTES)),
            }
        }
        networks.push(network);
    }
    networks
}

/// `follows_kernel`: there is a table `[kernel]`, without which nobody looks at the kernel's routes.
fn read_network(
    mut section: Section<'_, '_>,
    before: &mut BTreeSet<IpNet>,
    follows_kernel: bool,
) -> Option<Network> {
    let prefix = section.require("prefix", "a prefix such as \"192.0.2.0/24\"").and_then(|value| {
        let prefix = scalar::prefix(&value)?;
        if let Some(why) = crier_core::martian::why_martian(&prefix) {
            value.refuse(format_args!("a prefix that may be announced: {why}"));
        }
        if !before.insert(prefix) {
            value.error(format!("found {prefix} twice, allowed once"));
        }
        Some(prefix)
    });
    let next_hop = section.get("next-hop").and_then(|value| {
        let next_hop: IpAddr = scalar::unicast(&value)?;
        if prefix.is_some_and(|prefix| prefix.addr().is_ipv4() != next_hop.is_ipv4()) {
            value.refuse("an address of the prefix's family");
        }
        Some(next_hop)
    });
    let plain = section.get("communities").and_then(|value| {
        value.each("an array of communities such as [\"65000:1\", \"no-export\"]", scalar::community)
    });
    let large = section.get("large-communities").and_then(|value| {
        value.each("an array of large communities such as [\"65000:1:2\"]", scalar::large_community)
    });
    let med = section.get("med").and_then(|value| value.integer(0..=u32::MAX));
    let local_pref = section.get("local-pref").and_then(|value| value.integer(0..=u32::MAX));
    let if_route = section.get("if-route").and_then(|value| {
        let if_route = value.boolean()?;
        if if_route && !follows_kernel {
            value.refuse(
                "false, or true beside a table [kernel], without which the kernel's routes are unknown",
            );
        }
        Some(if_route)
    });
    section.finish();
    Some(Network {
        prefix: prefix?,
        next_hop,
        med,
        local_pref,
        communities: plain.unwrap_or_default(),
        large_communities: large.unwrap_or_default(),
        if_route: if_route.unwrap_or(false),
    })
}
