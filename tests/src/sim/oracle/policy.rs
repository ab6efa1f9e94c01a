//! What a policy makes of a route: its rules one after the other, later ones seeing what earlier ones set.

use std::net::IpAddr;

use crier::config::{PolicyModel, SetModel};
use crier_core::policy::RuleAction;
use ipnet::IpNet;

use super::as_path::prepended;
use super::matching::{community_fits, holds, large_fits};
use super::{NextHop, unspecified};
use crate::sim::Route;

/// A route that a policy accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// The route with everything set that the policy sets.
    pub route: Route,
    /// Whether the policy set its next hop, be it to what it was before.
    pub next_hop_set: bool,
}

/// What a policy makes of a route; `None`: it rejects it. `asn` is what it prepends, `own_next_hop` what `"self"` means:
/// without one, such a route is left with no next hop.
pub fn evaluate(
    policy: &PolicyModel,
    prefix: IpNet,
    route: &Route,
    asn: u32,
    own_next_hop: Option<NextHop>,
) -> Option<Judged> {
    let mut judged = Judged { route: route.clone(), next_hop_set: false };
    for rule in &policy.rules {
        if !rule.matches.iter().all(|one| holds(one, prefix, &judged.route)) {
            continue;
        }
        match rule.action {
            RuleAction::Reject => return None,
            RuleAction::Accept => {
                judged.apply(&rule.sets, prefix, asn, own_next_hop);
                return Some(judged);
            }
            RuleAction::Next => judged.apply(&rule.sets, prefix, asn, own_next_hop),
        }
    }
    None
}

/// The order in which the sets of one rule apply, however they are written.
fn place(set: &SetModel) -> u8 {
    match set {
        SetModel::NextHop(_) | SetModel::NextHopSelf => 0,
        SetModel::LocalPref(_) => 1,
        SetModel::Med(_) => 2,
        SetModel::Origin(_) => 3,
        SetModel::Prepend(_) => 4,
        SetModel::SetCommunities(_) => 5,
        SetModel::RemoveCommunities(_) => 6,
        SetModel::AddCommunities(_) => 7,
        SetModel::SetLargeCommunities(_) => 8,
        SetModel::RemoveLargeCommunities(_) => 9,
        SetModel::AddLargeCommunities(_) => 10,
    }
}

impl Judged {
    fn apply(&mut self, sets: &[SetModel], prefix: IpNet, asn: u32, own: Option<NextHop>) {
        let mut ordered: Vec<&SetModel> = sets.iter().collect();
        ordered.sort_by_key(|set| place(set));
        for set in ordered {
            self.apply_one(set, prefix, asn, own);
        }
    }

    fn apply_one(&mut self, set: &SetModel, prefix: IpNet, asn: u32, own: Option<NextHop>) {
        let route = &mut self.route;
        match set {
            SetModel::NextHop(address) => {
                if address.is_ipv4() == prefix.addr().is_ipv4() {
                    self.set_next_hop((*address, None));
                }
            }
            SetModel::NextHopSelf => self.set_next_hop(own.unwrap_or((unspecified(prefix), None))),
            SetModel::LocalPref(value) => route.local_pref = Some(*value),
            SetModel::Med(value) => route.med = *value,
            SetModel::Origin(origin) => route.origin = *origin as u8,
            SetModel::Prepend(times) => {
                route.as_path = prepended(&route.as_path, asn, usize::from(*times));
            }
            SetModel::SetCommunities(these) => route.communities = these.iter().copied().collect(),
            SetModel::RemoveCommunities(patterns) => {
                route.communities.retain(|community| !patterns.iter().any(|p| community_fits(*community, p)));
            }
            SetModel::AddCommunities(these) => route.communities.extend(these),
            SetModel::SetLargeCommunities(these) => {
                route.large_communities = these.iter().copied().collect();
            }
            SetModel::RemoveLargeCommunities(patterns) => {
                route.large_communities.retain(|large| !patterns.iter().any(|p| large_fits(*large, p)));
            }
            SetModel::AddLargeCommunities(these) => route.large_communities.extend(these),
        }
    }

    fn set_next_hop(&mut self, (address, link_local): (IpAddr, Option<std::net::Ipv6Addr>)) {
        (self.route.next_hop, self.route.link_local) = (address, link_local);
        self.next_hop_set = true;
    }
}
