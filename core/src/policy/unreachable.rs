//! Rules that can never match, found before a packet is seen.
//!
//! Every rule named here can never match. Not every such rule is named: that would need all that is known about numbers.
//! Found are rules that contradict themselves, and those that earlier deciding rules shadow, looked at family by family:
//! an earlier rule shadows if each of its matches is implied by one of the later rule's.

use super::as_path_pattern::{Token, tokens};
use super::ast::{Match, Origin, Policy, Rule, RuleAction, Set};
use super::range::LengthRange;
use crate::family::Family;

/// A rule that can never match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreachable {
    /// Position of the rule.
    pub rule: usize,
    /// Why.
    pub why: Why,
}

/// Why a rule can never match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its own matches contradict each other, or one has no alternatives.
    Contradiction,
    /// Whatever it would match, an earlier rule decides; where it takes several, this is the last of them.
    Shadowed {
        /// Position of the earlier rule.
        by: usize,
    },
}

/// The rules of a policy that can never match.
pub fn unreachable_rules<'a>(policy: &Policy<'a>) -> impl Iterator<Item = Unreachable> + use<'a> {
    let rules = policy.rules;
    rules
        .iter()
        .enumerate()
        .filter_map(move |(rule, _)| why(rules, rule).map(|why| Unreachable { rule, why }))
}

fn why(rules: &[Rule<'_>], number: usize) -> Option<Why> {
    let (before, from) = rules.split_at_checked(number)?;
    let rule = from.first()?;
    let mut shadow = None;
    for family in Family::ALL.into_iter().filter(|&family| possible(rule, family)) {
        let by = (0..number).find(|&earlier| shadows(before, earlier, rule, family))?;
        shadow = shadow.max(Some(by));
    }
    Some(shadow.map_or(Why::Contradiction, |by| Why::Shadowed { by }))
}

/// Whether a rule could match a route of this family, as far as can be told from the rule alone.
fn possible(rule: &Rule<'_>, family: Family) -> bool {
    rule.matches.iter().enumerate().all(|(i, one)| {
        let alone = match one {
            Match::Family(families) => families.contains(&family),
            Match::Prefix(ranges) => ranges.iter().any(|range| range.family() == family),
            Match::Community(patterns) => !patterns.is_empty(),
            Match::LargeCommunity(patterns) => !patterns.is_empty(),
            Match::AsPath(patterns) => !patterns.is_empty(),
            Match::AsPathLength(ranges) => !ranges.is_empty(),
            Match::NextHop(nets) => !nets.is_empty(),
            Match::Origin(origins) => !origins.is_empty(),
        };
        alone && rule.matches.iter().skip(i + 1).all(|other| compatible(one, other))
    })
}

/// Whether two matches could hold at once.
fn compatible(one: &Match<'_>, other: &Match<'_>) -> bool {
    match (one, other) {
        (Match::Prefix(a), Match::Prefix(b)) => a.iter().any(|a| b.iter().any(|b| a.overlaps(b))),
        (Match::Origin(a), Match::Origin(b)) => a.iter().any(|a| b.contains(a)),
        (Match::AsPathLength(a), Match::AsPathLength(b)) => {
            a.iter().any(|a| b.iter().any(|b| a.min().max(b.min()) <= a.max().min(b.max())))
        }
        (Match::AsPath(patterns), Match::AsPathLength(ranges))
        | (Match::AsPathLength(ranges), Match::AsPath(patterns)) => {
            patterns.iter().any(|pattern| ranges.iter().any(|range| can_have_length(pattern, range)))
        }
        _ => true,
    }
}

fn can_have_length(pattern: &str, range: &LengthRange) -> bool {
    let ones = tokens(pattern).filter(|token| matches!(token, Ok(Token::One { .. }))).count();
    let open = tokens(pattern).any(|token| token == Ok(Token::Run));
    ones <= usize::from(range.max()) && (open || ones >= usize::from(range.min()))
}

/// Whether the earlier rule decides about every route of the family that `rule`, which comes after all of `before`,
/// would match.
fn shadows(before: &[Rule<'_>], earlier: usize, rule: &Rule<'_>, family: Family) -> bool {
    let Some((deciding, between)) = before.get(earlier..).and_then(|rules| rules.split_first()) else {
        return false;
    };
    deciding.action != RuleAction::Next
        && deciding.matches.iter().all(|one| {
            always_holds(one, family)
                // What a rule between them changes can differ when `rule` sees it.
                || (!between.iter().any(|other| other.action == RuleAction::Next && changes(other, one))
                    && rule.matches.iter().any(|other| implies(other, one, family)))
        })
}

/// Whether a match holds for every route of a family.
fn always_holds(one: &Match<'_>, family: Family) -> bool {
    match one {
        Match::Family(families) => families.contains(&family),
        Match::Prefix(ranges) => ranges.iter().any(|range| range.family() == family && range.is_everything()),
        Match::AsPath(patterns) => patterns.iter().any(|pattern| tokens(pattern).eq([Ok(Token::Run)])),
        Match::AsPathLength(ranges) => ranges.contains(&LengthRange::ALL),
        Match::Origin(origins) => Origin::ALL.iter().all(|origin| origins.contains(origin)),
        Match::Community(_) | Match::LargeCommunity(_) | Match::NextHop(_) => false,
    }
}

/// Whether a rule changes what a match looks at.
fn changes(rule: &Rule<'_>, one: &Match<'_>) -> bool {
    rule.sets.iter().any(|set| match one {
        Match::Prefix(_) | Match::Family(_) => false,
        Match::Community(_) => {
            matches!(set, Set::SetCommunities(_) | Set::AddCommunities(_) | Set::RemoveCommunities(_))
        }
        Match::LargeCommunity(_) => matches!(
            set,
            Set::SetLargeCommunities(_) | Set::AddLargeCommunities(_) | Set::RemoveLargeCommunities(_)
        ),
        Match::AsPath(_) | Match::AsPathLength(_) => matches!(set, Set::Prepend(_)),
        Match::NextHop(_) => matches!(set, Set::NextHop(_) | Set::NextHopSelf),
        Match::Origin(_) => matches!(set, Set::Origin(_)),
    })
}

/// Whether `one` holding for a route of the family means that `other` holds.
fn implies(one: &Match<'_>, other: &Match<'_>, family: Family) -> bool {
    match (one, other) {
        (Match::Prefix(a), Match::Prefix(b)) => {
            a.iter().filter(|a| a.family() == family).all(|a| b.iter().any(|b| a.within(b)))
        }
        (Match::Community(a), Match::Community(b)) => a.iter().all(|a| b.iter().any(|b| a.within(b))),
        (Match::LargeCommunity(a), Match::LargeCommunity(b)) => {
            a.iter().all(|a| b.iter().any(|b| a.within(b)))
        }
        (Match::AsPath(a), Match::AsPath(b)) => a.iter().all(|a| b.iter().any(|b| pattern_within(a, b))),
        (Match::AsPathLength(a), Match::AsPathLength(b)) => a.iter().all(|a| b.iter().any(|b| a.within(b))),
        (Match::NextHop(a), Match::NextHop(b)) => a.iter().all(|a| b.iter().any(|b| b.contains(a))),
        (Match::Origin(a), Match::Origin(b)) => a.iter().all(|a| b.contains(a)),
        _ => false,
    }
}

/// Whether what fits pattern `a` is known to fit `b`: the same pattern, or `b` asks for an AS that `a` has in it.
fn pattern_within(a: &str, b: &str) -> bool {
    if tokens(a).eq(tokens(b)) {
        return true;
    }
    let mut parts = tokens(b);
    let (Some(Ok(Token::Run)), Some(Ok(Token::One { first, last })), Some(Ok(Token::Run)), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    tokens(a).flatten().any(|token| match token {
        Token::One { first: from, last: to } => first <= from && to <= last,
        Token::Run => false,
    })
}
