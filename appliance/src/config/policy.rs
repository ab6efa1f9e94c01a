//! Policies, owned: the core's types without their borrows, and the way back.
//!
//! Variants stand in the core's order: what a recording has of the core's types is read into these.

use std::net::IpAddr;

use crier_core::Family;
use crier_core::policy::{
    CommunityPattern, LargeCommunityPattern, LengthRange, Match, Origin, Policy, PrefixRange, Rule,
    RuleAction, Set,
};
use ipnet::IpNet;
use serde::Deserialize;

/// A policy: [`Policy`], owned.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PolicyModel {
    /// Its name.
    pub name: String,
    /// Its rules, in the order in which they are tried.
    pub rules: Vec<RuleModel>,
}

/// A rule of a policy: [`Rule`], owned.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct RuleModel {
    /// What must hold, all of it.
    pub matches: Vec<MatchModel>,
    /// What is changed.
    pub sets: Vec<SetModel>,
    /// What happens to a route that matches.
    pub action: RuleAction,
}

/// [`Match`], owned, variant by variant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub enum MatchModel {
    /// `prefix`.
    Prefix(Vec<PrefixRange>),
    /// `family`.
    Family(Vec<Family>),
    /// `community`.
    Community(Vec<CommunityPattern>),
    /// `large-community`.
    LargeCommunity(Vec<LargeCommunityPattern>),
    /// `as-path`, patterns that the core has checked.
    AsPath(Vec<String>),
    /// `as-path-length`.
    AsPathLength(Vec<LengthRange>),
    /// `next-hop`.
    NextHop(Vec<IpNet>),
    /// `origin`.
    Origin(Vec<Origin>),
}

/// [`Set`], owned, variant by variant.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub enum SetModel {
    /// `local-pref`.
    LocalPref(u32),
    /// `med`; `None` removes it.
    Med(Option<u32>),
    /// `origin`.
    Origin(Origin),
    /// `next-hop`, an address.
    NextHop(IpAddr),
    /// `next-hop = "self"`.
    NextHopSelf,
    /// `prepend`.
    Prepend(u8),
    /// `communities`.
    SetCommunities(Vec<u32>),
    /// `remove-communities`.
    RemoveCommunities(Vec<CommunityPattern>),
    /// `add-communities`.
    AddCommunities(Vec<u32>),
    /// `large-communities`.
    SetLargeCommunities(Vec<[u32; 3]>),
    /// `remove-large-communities`.
    RemoveLargeCommunities(Vec<LargeCommunityPattern>),
    /// `add-large-communities`.
    AddLargeCommunities(Vec<[u32; 3]>),
}

/// Hands `policies` to `use_them` as the core takes them. The core's types borrow slices of slices, so each level is
/// built in a place of its own that outlives the next one.
pub(crate) fn with_core_policies<R>(
    policies: &[PolicyModel],
    use_them: impl FnOnce(&[Policy<'_>]) -> R,
) -> R {
    let rules = || policies.iter().flat_map(|policy| &policy.rules);
    let patterns: Vec<Vec<&str>> = rules().flat_map(|rule| &rule.matches).map(MatchModel::patterns).collect();
    let mut patterns = patterns.iter();
    let parts: Vec<(Vec<Match<'_>>, Vec<Set<'_>>)> = rules()
        .map(|rule| {
            let matches = rule.matches.iter().zip(patterns.by_ref());
            let matches = matches.map(|(found, patterns)| found.borrow(patterns)).collect();
            (matches, rule.sets.iter().map(SetModel::borrow).collect())
        })
        .collect();
    let mut parts = parts.iter();
    let rules: Vec<Vec<Rule<'_>>> = policies
        .iter()
        .map(|policy| {
            let rules = policy.rules.iter().zip(parts.by_ref());
            rules.map(|(rule, (matches, sets))| Rule { matches, sets, action: rule.action }).collect()
        })
        .collect();
    let borrowed = policies.iter().zip(&rules).map(|(policy, rules)| Policy { name: &policy.name, rules });
    use_them(&borrowed.collect::<Vec<_>>())
}

impl MatchModel {
    fn patterns(&self) -> Vec<&str> {
        match self {
            Self::AsPath(patterns) => patterns.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    fn borrow<'a>(&'a self, patterns: &'a [&'a str]) -> Match<'a> {
        match self {
            Self::Prefix(ranges) => Match::Prefix(ranges),
            Self::Family(families) => Match::Family(families),
            Self::Community(communities) => Match::Community(communities),
            Self::LargeCommunity(communities) => Match::LargeCommunity(communities),
            Self::AsPath(_) => Match::AsPath(patterns),
            Self::AsPathLength(ranges) => Match::AsPathLength(ranges),
            Self::NextHop(nets) => Match::NextHop(nets),
            Self::Origin(origins) => Match::Origin(origins),
        }
    }
}

impl SetModel {
    fn borrow(&self) -> Set<'_> {
        match self {
            Self::LocalPref(value) => Set::LocalPref(*value),
            Self::Med(value) => Set::Med(*value),
            Self::Origin(origin) => Set::Origin(*origin),
            Self::NextHop(address) => Set::NextHop(*address),
            Self::NextHopSelf => Set::NextHopSelf,
            Self::Prepend(times) => Set::Prepend(*times),
            Self::SetCommunities(communities) => Set::SetCommunities(communities),
            Self::RemoveCommunities(communities) => Set::RemoveCommunities(communities),
            Self::AddCommunities(communities) => Set::AddCommunities(communities),
            Self::SetLargeCommunities(communities) => Set::SetLargeCommunities(communities),
            Self::RemoveLargeCommunities(communities) => Set::RemoveLargeCommunities(communities),
            Self::AddLargeCommunities(communities) => Set::AddLargeCommunities(communities),
        }
    }
}
