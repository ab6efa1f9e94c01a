//! What only whole policies show: whether the core can compile them, and which rules can never match.

use crier_core::policy::{Unreachable, Why, compile, unreachable_rules};
use crier_core::speaker::ConfigError;

use super::limits::LimitsRead;
use super::policy::with_core_policies;
use super::policy_read::PoliciesRead;
use super::reader::{Place, Section};

/// Complains of policies that the core would refuse, and warns of rules that can never match. Only for policies that
/// were read without errors: the positions of rules must be those of the text.
pub(super) fn check_policies(root: &Section<'_, '_>, read: &PoliciesRead, limits: &LimitsRead) {
    let place_of = |policy: usize, rule: usize| read.places.get(policy).and_then(|rules| rules.get(rule));
    let start = root.place.about("policy");
    with_core_policies(&read.models, |policies| {
        let mut area = vec![0; usize::try_from(limits.limits.policy_bytes).unwrap_or(usize::MAX)];
        match compile(policies, &mut area) {
            Err(ConfigError::PoliciesTooLarge { wanted, limit }) => {
                let place = limits.policy_bytes_at.clone();
                let place = place.unwrap_or_else(|| start.about("limits.policy-bytes"));
                root.reader
                    .error(&place, format!("found {limit}, allowed {wanted} or more for these policies"));
            }
            Err(ConfigError::Policy { policy, rule, reason }) => {
                let place = place_of(usize::from(policy), usize::from(rule)).unwrap_or(&start);
                root.reader.error(place, reason);
            }
            // The others are about neighbors, which are not compiled.
            Err(_) | Ok(_) => {}
        }
        for (number, policy) in policies.iter().enumerate() {
            for Unreachable { rule, why } in unreachable_rules(policy) {
                let why = match why {
                    Why::Contradiction => "its own conditions exclude each other".to_owned(),
                    Why::Shadowed { by } => match place_of(number, by) {
                        Some(Place { offset, .. }) => {
                            format!("the rule in line {} decides before it", root.reader.line(*offset))
                        }
                        None => "an earlier rule decides before it".to_owned(),
                    },
                };
                let place = place_of(number, rule).unwrap_or(&start);
                root.reader
                    .warn(place, format!("rule {} of {:?} can never match: {why}", rule + 1, policy.name));
            }
        }
    });
}
