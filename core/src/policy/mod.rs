//! Policies: which routes pass, and what is changed about them.
//!
//! A [`Policy`] is an ordered list of rules. A rule *matches* a route if all its matches hold; a match holds if any of
//! its alternatives does. The first matching rule that accepts or rejects decides. A matching rule with
//! [`RuleAction::Next`] changes the route and goes on with the rule below it. A route that no rule decides is rejected.
//!
//! **Later rules see what earlier ones set.** After a `next` rule has added a community, a rule below it that matches
//! that community matches, as an operator of FRR (`on-match next`) or BIRD expects. What is matched are always the
//! attributes as they would leave the policy at that point, never a mixture.
//!
//! **The order within a rule does not matter.** The sets of one rule apply in a fixed order: next hop, LOCAL_PREF, MED,
//! ORIGIN, prepending; then for communities and for large ones: set, remove, add. Sets of a rejecting rule do nothing.
//!
//! [`compile`] turns policies into a byte string of bounded size, [`Policies`] reads it: [`Policies::evaluate`] decides,
//! [`Policies::apply`] writes the changed attributes. Between the two lies [`Applied`], a few bytes that say which rules'
//! sets are to be applied: routes with the same attributes and equal `Applied` have the same result, so that a caller
//! can change an attribute set once for all prefixes that share it.

mod apply;
mod as_path_pattern;
mod ast;
mod community_pattern;
mod compile;
mod eval;
mod form;
mod prefix_list;
mod range;
mod unreachable;

pub use as_path_pattern::{AsPathPattern, AsPathPatternError};
pub use ast::{Match, Origin, Policy, Rule, RuleAction, Set};
pub use community_pattern::{CommunityPattern, LargeCommunityPattern};
pub use compile::compile;
pub use eval::{Applied, MAX_CHAINED, RouteInput, Verdict};
pub use form::{Policies, same};
pub use range::{LengthRange, PrefixRange, PrefixRangeError, RangeError};
pub use unreachable::{Unreachable, Why, unreachable_rules};

#[cfg(test)]
mod tests;
