//! Deciding about a route.

use super::apply::apply_sets;
use super::as_path_pattern::{Elements, TOKEN_BYTES, fits};
use super::compile::family_bit;
use super::form::{Policies, Reader, RuleForm, Rules, action, matching};
use super::prefix_list;
use crate::attrs::AttrsView;
use crate::attrs::edit::{Edit, Edited};
use crate::attrs::list::matches_any;
use crate::family::Family;

/// Most rules whose sets can apply to one route; a policy in which more could is refused.
pub const MAX_CHAINED: usize = 16;

/// A route to decide about.
#[derive(Clone, Copy, Debug)]
pub struct RouteInput<'a> {
    /// Family of its prefix.
    pub family: Family,
    /// Address of its prefix in host order, IPv4 in the low 32 bits; zero past `len`.
    pub addr: u128,
    /// Length of its prefix in bits.
    pub len: u8,
    /// Its attributes.
    pub attrs: AttrsView<'a>,
    /// Own AS number, which rules below a prepending `next` rule see in the path.
    pub own_asn: u32,
    /// Own address on the session, 4, 16 or 32 bytes, which rules below a `next` rule with `next-hop = "self"` see.
    pub own_next_hop: Option<&'a [u8]>,
}

/// What a policy says about a route.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it passes.
    pub accept: bool,
    /// Position of the rule that decided; `None`: none did, which rejects.
    pub rule: Option<u16>,
    /// What is changed about it; nothing if it is rejected.
    pub applied: Applied,
}

/// Which rules' sets apply to a route. For one policy, one attribute set and one neighbor, equal values mean equal
/// results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Applied {
    /// Slots of the rules that changed the route and went on.
    pub(super) slots: u16,
    /// The accepting rule if it changes the route, counted from 1, else 0.
    pub(super) last: u16,
    /// The bit of the route's family if anything applies, else 0: a next hop is set for its own family only.
    pub(super) family: u8,
}

impl Applied {
    /// Whether the route passes unchanged.
    pub const fn is_empty(self) -> bool {
        self.slots == 0 && self.last == 0
    }
}

impl Policies<'_> {
    /// What the policy says about a route. A policy that does not exist rejects.
    pub fn evaluate(&self, id: u16, route: &RouteInput<'_>) -> Verdict {
        let Some(policy) = self.policy(id) else { return Verdict::default() };
        let mut rules = policy.rules();
        match first_match(&mut rules, 0, route, &Edited::unchanged(route.attrs)) {
            Some((number, rule)) if rule.action == action::NEXT => go_on(rule, number, rules, route),
            Some((number, rule)) => decide(number, &rule, Applied::default(), route),
            None => Verdict::default(),
        }
    }
}

/// The first of these rules that matches and does something, and its number; the first one has the number `from`.
#[inline]
fn first_match<'a>(
    rules: &mut Rules<'a>,
    from: u16,
    route: &RouteInput<'_>,
    edited: &Edited<'_>,
) -> Option<(u16, RuleForm<'a>)> {
    let mut number = from;
    for rule in rules {
        let idle = rule.action == action::NEXT && !rule.has_sets();
        if !idle && rule.matches().all(|(kind, payload)| holds(kind, payload, route, edited)) {
            return Some((number, rule));
        }
        number = number.checked_add(1)?;
    }
    None
}

fn decide(number: u16, rule: &RuleForm<'_>, mut applied: Applied, route: &RouteInput<'_>) -> Verdict {
    if rule.action != action::ACCEPT {
        return Verdict { rule: Some(number), ..Verdict::default() };
    }
    if rule.has_sets() {
        (applied.last, applied.family) = (number.saturating_add(1), family_bit(route.family));
    }
    Verdict { accept: true, rule: Some(number), applied }
}

/// Goes on behind a `next` rule that changes the route. Apart from the usual case, which need not make room for an edit.
#[inline(never)]
fn go_on<'a>(
    mut rule: RuleForm<'a>,
    mut number: u16,
    mut rules: Rules<'a>,
    route: &RouteInput<'a>,
) -> Verdict {
    let mut edit = Edit::new(route.attrs);
    let family = family_bit(route.family);
    let mut applied = Applied { family, ..Applied::default() };
    while rule.action == action::NEXT {
        let Some(slot) = 1_u16.checked_shl(u32::from(rule.slot)) else { return Verdict::default() };
        applied.slots |= slot;
        if apply_sets(&rule, family, route.own_asn, route.own_next_hop, &mut edit).is_err() {
            return Verdict::default();
        }
        let below = number.saturating_add(1);
        let Some(found) = first_match(&mut rules, below, route, &edit.edited()) else {
            return Verdict::default();
        };
        (number, rule) = found;
    }
    decide(number, &rule, applied, route)
}

/// Whether a compiled match holds for a route whose attributes have become `edited`. Never inlined, so that a rule without
/// matches does not pay for the many cases.
#[inline(never)]
fn holds(kind: u8, payload: &[u8], route: &RouteInput<'_>, edited: &Edited<'_>) -> bool {
    match kind {
        matching::FAMILY => has_bit(payload, route.family as u8),
        matching::ORIGIN => has_bit(payload, edited.key().origin),
        matching::AS_PATH_LENGTH => {
            let len = edited.key().path_len;
            payload
                .as_chunks()
                .0
                .iter()
                .any(|&[a, b, c, d]| (u16::from_be_bytes([a, b])..=u16::from_be_bytes([c, d])).contains(&len))
        }
        matching::PREFIX => prefix_list::contains(payload, route.family, route.addr, route.len),
        matching::NEXT_HOP => next_hop_holds(payload, route.family, edited.next_hop_bytes()),
        matching::COMMUNITY => {
            let patterns = payload.as_chunks().0.as_chunks().0;
            edited.has_community(|community| matches_any(community, patterns))
        }
        matching::LARGE_COMMUNITY => {
            let patterns = payload.as_chunks().0.as_chunks().0;
            edited.has_large_community(|community| matches_any(community, patterns))
        }
        matching::AS_PATH => as_path_holds(payload, Elements::new(edited.as_path())),
        _ => false,
    }
}

fn has_bit(payload: &[u8], bit: u8) -> bool {
    payload.first().is_some_and(|bits| bits.checked_shr(u32::from(bit)).unwrap_or(0) & 1 == 1)
}

fn next_hop_holds(payload: &[u8], family: Family, next_hop: &[u8]) -> bool {
    let (family, address) = match (next_hop.first_chunk::<16>(), next_hop.first_chunk::<4>()) {
        (Some(address), _) => (Family::Ipv6Unicast, u128::from_be_bytes(*address)),
        (None, Some(address)) => (Family::Ipv4Unicast, u128::from(u32::from_be_bytes(*address)) << 96),
        // Shown as the unspecified address, and matched as it is shown.
        (None, None) => (family, 0),
    };
    payload.as_chunks::<18>().0.iter().any(|entry| {
        let Some((&[bit, len], net)) = entry.split_first_chunk() else { return false };
        let Some(net) = net.first_chunk().map(|net| u128::from_be_bytes(*net)) else { return false };
        bit == family_bit(family)
            && 128_u32
                .checked_sub(u32::from(len))
                .is_some_and(|host| (net ^ address).checked_shr(host).unwrap_or(0) == 0)
    })
}

fn as_path_holds(payload: &[u8], path: Elements<'_>) -> bool {
    let mut reader = Reader(payload);
    while let Some(pattern) = reader.u8().and_then(|tokens| reader.take(usize::from(tokens) * TOKEN_BYTES)) {
        if fits(pattern.as_chunks().0, path) {
            return true;
        }
    }
    false
}
