//! What a configuration calls things, for output: names, groups, policies in words.

use std::fmt::{Display, Write};

use crier_core::wire::community::{Community, LargeCommunity};
use ipnet::IpNet;

use crate::config::{MatchModel, Model, PolicyModel, RuleModel, SetModel};
use crate::control::protocol::Attributes;
use crate::daemon::{DEFAULT_INSTANCE, PolicyWords, Tag, Words};

/// The names of a configuration.
pub fn words(model: &Model) -> Words {
    let settings = model.peers.iter().map(|peer| &peer.settings);
    let settings: Vec<_> = settings.chain(model.ranges.iter().map(|range| &range.settings)).collect();
    let tag = |(position, tag): (usize, &crate::config::Tag)| {
        // A tag that no neighbor and no range has is not asked for; positions must stay all the same.
        let own = settings.iter().find(|settings| settings.tag as usize == position).or(settings.first())?;
        Some(Tag { group: tag.group.clone(), description: tag.description.clone(), settings: **own })
    };
    Words {
        instance: DEFAULT_INSTANCE.to_owned(),
        asn: model.local.asn,
        router_id: model.local.router_id,
        tags: model.tags.iter().enumerate().filter_map(tag).collect(),
        policies: model.policies.iter().map(policy).collect(),
    }
}

/// The routes that a configuration originates.
pub fn networks(model: &Model) -> impl Iterator<Item = (IpNet, Attributes)> {
    model.networks.iter().map(|network| {
        let attributes = Attributes {
            next_hop: network.next_hop,
            med: network.med,
            local_pref: network.local_pref,
            communities: network.communities.clone(),
            large_communities: network.large_communities.clone(),
        };
        (network.prefix, attributes)
    })
}

/// Those of them that need a route of the kernel's.
pub fn if_route(model: &Model) -> impl Iterator<Item = IpNet> {
    model.networks.iter().filter(|network| network.if_route).map(|network| network.prefix)
}

fn policy(policy: &PolicyModel) -> PolicyWords {
    PolicyWords { name: policy.name.clone(), rules: policy.rules.iter().map(rule).collect() }
}

/// A rule in one line: what it matches, what it sets, what it does.
fn rule(rule: &RuleModel) -> String {
    let mut text = String::new();
    for (position, found) in rule.matches.iter().enumerate() {
        text.push_str(if position == 0 { "if " } else { " and " });
        text.push_str(&condition(found));
    }
    if rule.matches.is_empty() {
        text.push_str("always");
    }
    for set in &rule.sets {
        text.push_str("; ");
        text.push_str(&change(set));
    }
    // Writing to a string cannot fail.
    let _ = write!(text, "; {}", rule.action.name());
    text
}

fn any_of(name: &str, values: impl IntoIterator<Item = impl Display>) -> String {
    let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    format!("{name} {}", values.join(" | "))
}

fn condition(found: &MatchModel) -> String {
    match found {
        MatchModel::Prefix(ranges) => any_of("prefix", ranges),
        MatchModel::Family(families) => any_of("family", families),
        MatchModel::Community(patterns) => any_of("community", patterns),
        MatchModel::LargeCommunity(patterns) => any_of("large-community", patterns),
        MatchModel::AsPath(patterns) => any_of("as-path", patterns.iter().map(|p| format!("\"{p}\""))),
        MatchModel::AsPathLength(ranges) => any_of("as-path-length", ranges),
        MatchModel::NextHop(nets) => any_of("next-hop", nets),
        MatchModel::Origin(origins) => any_of("origin", origins),
    }
}

fn change(set: &SetModel) -> String {
    let plain = |values: &[u32]| values.iter().map(|&value| Community(value)).collect::<Vec<_>>();
    let large = |values: &[[u32; 3]]| {
        let parts = values.iter().map(|&[global, local1, local2]| LargeCommunity { global, local1, local2 });
        parts.collect::<Vec<_>>()
    };
    match set {
        SetModel::LocalPref(value) => format!("local-pref {value}"),
        SetModel::Med(Some(value)) => format!("med {value}"),
        SetModel::Med(None) => "med none".to_owned(),
        SetModel::Origin(origin) => format!("origin {origin}"),
        SetModel::NextHop(address) => format!("next-hop {address}"),
        SetModel::NextHopSelf => "next-hop self".to_owned(),
        SetModel::Prepend(times) => format!("prepend {times}"),
        SetModel::SetCommunities(values) => any_of("communities", plain(values)),
        SetModel::RemoveCommunities(patterns) => any_of("remove-communities", patterns),
        SetModel::AddCommunities(values) => any_of("add-communities", plain(values)),
        SetModel::SetLargeCommunities(values) => any_of("large-communities", large(values)),
        SetModel::RemoveLargeCommunities(patterns) => any_of("remove-large-communities", patterns),
        SetModel::AddLargeCommunities(values) => any_of("add-large-communities", large(values)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{HostFacts, parse};

    #[test]
    fn rules_read_as_sentences() {
        let text = r#"
            [router]
            asn = 65000
            router-id = "192.0.2.1"
            [[policy]]
            name = "vips"
            [[policy.rule]]
            prefix = ["172.16.1.0/24 ge 32", "2001:db8::/32"]
            community = "65000:1"
            set = { local-pref = 200, add-communities = ["no-export"], prepend = 2 }
            action = "next"
            [[policy.rule]]
            action = "accept"
            [[group]]
            name = "nodes"
            remote-asn = "external"
            dynamic = ["10.0.0.0/24"]
            dynamic-limit = 5
            import = "vips"
            description = "rack 3"
        "#;
        let model = parse(text, "crier.toml", &HostFacts::default()).unwrap();
        let words = words(&model);
        assert_eq!(words.policies[0].rules[1], "always; accept");
        let first = &words.policies[0].rules[0];
        assert!(
            first.starts_with("if prefix 172.16.1.0/24 ge 32 | 2001:db8::/32 and community 65000:1; "),
            "{first}"
        );
        for part in ["local-pref 200", "add-communities no-export", "prepend 2", "; next"] {
            assert!(first.contains(part), "{first}");
        }
        assert_eq!(words.tags[0].group.as_deref(), Some("nodes"));
        assert_eq!(words.tags[0].description, "rack 3");
    }
}
