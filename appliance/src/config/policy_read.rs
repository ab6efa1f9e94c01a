//! `[[policy]]` and `[[policy.rule]]`, read.

use std::fmt::Display;
use std::net::IpAddr;

use crier_core::config::PolicyRef;
use crier_core::policy::{
    AsPathPattern, CommunityPattern, LargeCommunityPattern, LengthRange, Origin, PrefixRange, RuleAction,
};
use crier_core::wire::community::Community;

use super::policy::{MatchModel, PolicyModel, RuleModel, SetModel};
use super::reader::{Place, Section, Value};
use super::scalar;

/// Names that stand for built-in policies.
const BUILT_IN: [(&str, PolicyRef); 2] =
    [("accept-all", PolicyRef::AcceptAll), ("reject-all", PolicyRef::RejectAll)];

/// Most times that a rule puts the own AS in front. Others refuse AS_PATHs that are much longer.
const MOST_PREPENDED: u8 = 32;

const ORIGINS: [(&str, Origin); 3] =
    [("igp", Origin::Igp), ("egp", Origin::Egp), ("incomplete", Origin::Incomplete)];

const ACTIONS: [(&str, RuleAction); 3] =
    [("accept", RuleAction::Accept), ("reject", RuleAction::Reject), ("next", RuleAction::Next)];

/// The policies of a file, and where their rules stand.
#[derive(Debug, Default)]
pub(super) struct PoliciesRead {
    pub(super) models: Vec<PolicyModel>,
    /// For each policy the place of each of its rules.
    pub(super) places: Vec<Vec<Place>>,
}

impl PoliciesRead {
    pub(super) fn read(root: &mut Section<'_, '_>) -> Self {
        let mut read = Self::default();
        for section in root.tables("policy") {
            if read.models.len() == usize::from(u16::MAX) {
                section.reader.error(&section.place, format!("one too many, allowed {} policies", u16::MAX));
                break;
            }
            read.policy(section);
        }
        read
    }

    /// The policy that a value names.
    pub(super) fn named(&self, value: &Value<'_, '_>) -> Option<PolicyRef> {
        let names = self.models.iter().map(|policy| policy.name.as_str());
        let positions = (0..=u16::MAX).map(PolicyRef::Named);
        let known: Vec<_> = BUILT_IN.into_iter().chain(names.zip(positions)).collect();
        value.name_of("a policy", &known)
    }

    fn policy(&mut self, mut section: Section<'_, '_>) {
        let name = section.require("name", "a name for import and export to refer to").and_then(|value| {
            let name = value.string("a name")?;
            let taken = BUILT_IN.iter().any(|(built_in, _)| *built_in == name)
                || self.models.iter().any(|policy| policy.name == name);
            if taken {
                value.refuse("a name that no other policy has");
            }
            Some(name.to_owned())
        });
        let (mut rules, mut places) = (Vec::new(), Vec::new());
        for rule in section.tables("rule") {
            places.push(rule.place.clone());
            rules.extend(read_rule(rule));
        }
        if rules.len() > usize::from(u16::MAX) {
            section
                .reader
                .error(&section.place, format!("found {} rules, allowed {}", rules.len(), u16::MAX));
        }
        section.finish();
        // Without a name it is refused already, and nothing can refer to it.
        self.models.push(PolicyModel { name: name.unwrap_or_default(), rules });
        self.places.push(places);
    }
}

fn read_rule(mut section: Section<'_, '_>) -> Option<RuleModel> {
    let matches = read_matches(&mut section);
    let action = section.require("action", "\"accept\", \"reject\" or \"next\"");
    let action = action.and_then(|value| value.word(&ACTIONS));
    let set = section.get("set");
    let sets = set.as_ref().and_then(Value::table).map(read_sets).unwrap_or_default();
    if let (Some(set), Some(RuleAction::Reject)) = (set, action) {
        section.reader.warn(&set.place, "changes nothing in a rule that rejects");
    }
    section.finish();
    Some(RuleModel { matches, sets, action: action? })
}

fn read_matches(section: &mut Section<'_, '_>) -> Vec<MatchModel> {
    let mut matches = Vec::new();
    let mut read = |key, read: &dyn Fn(&Value<'_, '_>) -> Option<MatchModel>| {
        matches.extend(section.get(key).as_ref().and_then(read));
    };
    read("prefix", &|value| one_or_more(value, prefix_range).map(MatchModel::Prefix));
    read("family", &|value| one_or_more(value, scalar::family).map(MatchModel::Family));
    read("community", &|value| one_or_more(value, community_pattern).map(MatchModel::Community));
    read("large-community", &|value| one_or_more(value, large_pattern).map(MatchModel::LargeCommunity));
    read("as-path", &|value| one_or_more(value, as_path).map(MatchModel::AsPath));
    read("as-path-length", &|value| one_or_more(value, path_length).map(MatchModel::AsPathLength));
    read("next-hop", &|value| one_or_more(value, scalar::prefix_or_address).map(MatchModel::NextHop));
    read("origin", &|value| one_or_more(value, |value| value.word(&ORIGINS)).map(MatchModel::Origin));
    matches
}

fn read_sets(mut section: Section<'_, '_>) -> Vec<SetModel> {
    let mut sets = Vec::new();
    let mut read = |key, read: &dyn Fn(&Value<'_, '_>) -> Option<SetModel>| {
        sets.extend(section.get(key).as_ref().and_then(read));
    };
    read("local-pref", &|value| value.integer(0..=u32::MAX).map(SetModel::LocalPref));
    read("med", &|value| med(value).map(SetModel::Med));
    read("origin", &|value| value.word(&ORIGINS).map(SetModel::Origin));
    read("prepend", &|value| value.integer(1..=MOST_PREPENDED).map(SetModel::Prepend));
    let plain = |value: &Value<'_, '_>| value.each(COMMUNITIES, |item| scalar::community(item));
    read("communities", &|value| plain(value).map(SetModel::SetCommunities));
    read("add-communities", &|value| plain(value).map(SetModel::AddCommunities));
    read("remove-communities", &|value| {
        value.each(COMMUNITIES, community_pattern).map(SetModel::RemoveCommunities)
    });
    let large = |value: &Value<'_, '_>| value.each(LARGE, |item| scalar::large_community(item));
    read("large-communities", &|value| large(value).map(SetModel::SetLargeCommunities));
    read("add-large-communities", &|value| large(value).map(SetModel::AddLargeCommunities));
    read("remove-large-communities", &|value| {
        value.each(LARGE, large_pattern).map(SetModel::RemoveLargeCommunities)
    });
    let next_hop = section.get("next-hop").map(|value| next_hops(&value));
    sets.extend(next_hop.into_iter().flatten());
    section.finish();
    sets
}

const COMMUNITIES: &str = "an array of communities such as [\"65000:1\", \"no-export\"]";
const LARGE: &str = "an array of large communities such as [\"65000:1:2\"]";

/// The alternatives of a match: an array, or a single value. None at all would never match.
fn one_or_more<T>(value: &Value<'_, '_>, read: impl Fn(&Value<'_, '_>) -> Option<T>) -> Option<Vec<T>> {
    let items = value.items_or_one();
    if items.is_empty() {
        value.error("found an empty array, allowed one item or more: without any the rule would never match");
        return None;
    }
    let read: Vec<Option<T>> = items.iter().map(read).collect();
    read.into_iter().collect()
}

/// `"none"` takes MULTI_EXIT_DISC away.
fn med(value: &Value<'_, '_>) -> Option<Option<u32>> {
    if value.as_str() == Some("none") {
        return Some(None);
    }
    value.number("0..4294967295 or \"none\"", |_: &u32| true).map(Some)
}

/// `"self"`, an address, or an array with an address of each family.
fn next_hops(value: &Value<'_, '_>) -> Vec<SetModel> {
    if value.as_str() == Some("self") {
        return vec![SetModel::NextHopSelf];
    }
    let mut found: Vec<IpAddr> = Vec::new();
    for item in value.items_or_one() {
        let Some(address) = scalar::unicast(&item) else { continue };
        if found.iter().any(|other| other.is_ipv4() == address.is_ipv4()) {
            item.refuse("one address of each family, or \"self\"");
        }
        found.push(address);
    }
    found.into_iter().map(SetModel::NextHop).collect()
}

fn prefix_range(value: &Value<'_, '_>) -> Option<PrefixRange> {
    const ALLOWED: &str = "a prefix with bounds such as \"10.0.0.0/8 ge 16 le 24\"";
    explained(value, ALLOWED, PrefixRange::parse)
}

/// A pattern over the AS_PATH, or one AS number that is in it.
fn as_path(value: &Value<'_, '_>) -> Option<String> {
    const ALLOWED: &str = "an AS number, or a pattern over AS numbers";
    if value.is_integer() {
        return value.number(ALLOWED, |_: &u32| true).map(|asn| asn.to_string());
    }
    explained(value, ALLOWED, |text| AsPathPattern::check(text).map(|()| text.to_owned()))
}

fn path_length(value: &Value<'_, '_>) -> Option<LengthRange> {
    const ALLOWED: &str = "a number, or bounds such as \"ge 2 le 5\", up to 65535";
    if value.is_integer() {
        return value.number(ALLOWED, |_: &u16| true).map(LengthRange::exact);
    }
    explained(value, ALLOWED, LengthRange::parse)
}

/// `65000:99`, `65000:*`, or a well-known name.
fn community_pattern(value: &Value<'_, '_>) -> Option<CommunityPattern> {
    const ALLOWED: &str = "a community such as \"65000:1\", \"65000:*\" or \"no-export\"";
    value.parsed(ALLOWED, |text| {
        if let Ok(Community(exact)) = text.parse() {
            return Some(CommunityPattern::exact(exact));
        }
        let (high, low) = text.split_once(':')?;
        Some(CommunityPattern { high: part(high)?, low: part(low)? })
    })
}

/// `65000:1:2`, `65000:*:*`.
fn large_pattern(value: &Value<'_, '_>) -> Option<LargeCommunityPattern> {
    value.parsed("a large community such as \"65000:1:2\" or \"65000:1:*\"", |text| {
        let mut parts = text.splitn(3, ':');
        let mut next = || part(parts.next()?);
        Some(LargeCommunityPattern([next()?, next()?, next()?]))
    })
}

/// A number, or `*` for any.
fn part<T: std::str::FromStr>(text: &str) -> Option<Option<T>> {
    match text {
        "*" => Some(None),
        // Not everything that Rust reads as a number: "+1" is none here.
        _ if text.starts_with(|c: char| c.is_ascii_digit()) => text.parse().ok().map(Some),
        _ => None,
    }
}

/// A string that `parse` understands; the complaint gives its reason.
fn explained<T, E: Display>(
    value: &Value<'_, '_>,
    allowed: &str,
    parse: impl FnOnce(&str) -> Result<T, E>,
) -> Option<T> {
    let Some(text) = value.as_str() else {
        value.refuse(allowed);
        return None;
    };
    match parse(text) {
        Ok(read) => Some(read),
        Err(why) => {
            value.error(format!("found {}: {why}", value.found()));
            None
        }
    }
}
