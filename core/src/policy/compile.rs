//! From policies as written to their compiled form.

use core::net::IpAddr;

use heapless::Vec;

use super::as_path_pattern::{AsPathPattern, tokens};
use super::ast::{Match, Policy, Rule, RuleAction, Set};
use super::community_pattern::large_bytes;
use super::eval::MAX_CHAINED;
use super::form::{DEPENDS_ON_PREFIX, NO_SLOT, action, matching, setting};
use super::prefix_list::{V4_ENTRY, V6_ENTRY, arrange_v4, arrange_v6, v4_entry, v6_entry};
use super::range::PrefixRange;
use crate::attrs::list::sort_and_dedup;
use crate::family::Family;
use crate::speaker::ConfigError;

/// Compiles policies to the front of `out`, for [`Policies`](super::Policies), and returns how many bytes they take.
///
/// # Errors
/// [`ConfigError::PoliciesTooLarge`] with the number of bytes that suffice, [`ConfigError::Policy`] for what cannot be
/// compiled: an AS_PATH pattern that is none, a rule that sets something twice, a chain of more than [`MAX_CHAINED`]
/// rules that change a route, more than 65535 rules or policies. `out` is then undefined.
pub fn compile(policies: &[Policy<'_>], out: &mut [u8]) -> Result<usize, ConfigError> {
    let limit = u32::try_from(out.len()).unwrap_or(u32::MAX);
    let count = u16::try_from(policies.len()).map_err(|_| ConfigError::Policy {
        policy: u16::MAX,
        rule: 0,
        reason: "there are more than 65535 policies",
    })?;
    let mut out = Output { buf: out, len: 0 };
    out.put(&count.to_be_bytes());
    let mut entry = out.len;
    out.skip(policies.len().saturating_mul(8));
    for (number, policy) in (0..count).zip(policies) {
        let start = out.len;
        compile_policy(policy, &mut out).map_err(|(rule, reason)| ConfigError::Policy {
            policy: number,
            rule,
            reason,
        })?;
        let end = out.len;
        entry = out.patch_u32(entry, start);
        entry = out.patch_u32(entry, end);
    }
    if out.len > out.buf.len() {
        return Err(ConfigError::PoliciesTooLarge {
            wanted: u32::try_from(out.len).unwrap_or(u32::MAX),
            limit,
        });
    }
    Ok(out.len)
}

type Refused = (u16, &'static str);

fn compile_policy(policy: &Policy<'_>, out: &mut Output<'_>) -> Result<(), Refused> {
    let count =
        u16::try_from(policy.rules.len()).map_err(|_| (u16::MAX, "a policy has at most 65535 rules"))?;
    let slots = slots(policy)?;
    let start = out.len;
    out.put(&count.to_be_bytes());
    let flags = out.len;
    out.put(&[0, u8::try_from(slots.len()).unwrap_or(NO_SLOT)]);
    for rule in &slots {
        out.put(&rule.to_be_bytes());
    }
    let mut offset = out.len;
    out.skip(policy.rules.len().saturating_mul(4));
    let (mut depends, mut decided) = (0, false);
    for (number, rule) in (0..count).zip(policy.rules) {
        offset = out.patch_u32(offset, out.len - start);
        let slot = slots.iter().position(|&slot| slot == number).and_then(|slot| u8::try_from(slot).ok());
        let by_prefix =
            compile_rule(rule, slot.unwrap_or(NO_SLOT), out).map_err(|reason| (number, reason))?;
        if by_prefix && !decided {
            depends = DEPENDS_ON_PREFIX;
        }
        decided |= is_last(rule);
    }
    out.patch(flags, &[depends]);
    Ok(())
}

/// Whether no route comes past this rule.
fn is_last(rule: &Rule<'_>) -> bool {
    rule.matches.is_empty() && rule.action != RuleAction::Next
}

/// The rules that change a route and go on, as far as routes come.
fn slots(policy: &Policy<'_>) -> Result<Vec<u16, MAX_CHAINED>, Refused> {
    const TOO_MANY: &str = "more than 16 rules of this policy could change one route";
    let mut slots = Vec::new();
    for (number, rule) in (0..u16::MAX).zip(policy.rules) {
        match rule.action {
            RuleAction::Next if !rule.sets.is_empty() => {
                slots.push(number).map_err(|_| (number, TOO_MANY))?
            }
            RuleAction::Accept if !rule.sets.is_empty() && slots.is_full() => return Err((number, TOO_MANY)),
            _ => {}
        }
        if is_last(rule) {
            break;
        }
    }
    Ok(slots)
}

/// Writes a rule; true if it matches by prefix.
fn compile_rule(rule: &Rule<'_>, slot: u8, out: &mut Output<'_>) -> Result<bool, &'static str> {
    let start = out.open_u32();
    let action = match rule.action {
        RuleAction::Accept => action::ACCEPT,
        RuleAction::Reject => action::REJECT,
        RuleAction::Next => action::NEXT,
    };
    out.put(&[action, slot]);
    let matches = out.open_u32();
    let mut by_prefix = false;
    // Quick matches first. Within a kind the order is the operator's.
    for kind in matching::FAMILY..=matching::AS_PATH {
        for one in rule.matches.iter().filter(|one| kind_of_match(one) == kind) {
            by_prefix |= compile_match(one, out)? == matching::PREFIX;
        }
    }
    out.close_u32(matches);
    check_sets(rule.sets)?;
    if rule.action != RuleAction::Reject {
        for kind in setting::NEXT_HOP..=setting::ADD_LARGE_COMMUNITIES {
            for set in rule.sets.iter().filter(|set| kind_of_set(set) == kind) {
                compile_set(set, kind, out);
            }
        }
    }
    out.close_u32(start);
    Ok(by_prefix)
}

const fn kind_of_match(one: &Match<'_>) -> u8 {
    match one {
        Match::Family(_) => matching::FAMILY,
        Match::Origin(_) => matching::ORIGIN,
        Match::AsPathLength(_) => matching::AS_PATH_LENGTH,
        Match::Prefix(_) => matching::PREFIX,
        Match::NextHop(_) => matching::NEXT_HOP,
        Match::Community(_) => matching::COMMUNITY,
        Match::LargeCommunity(_) => matching::LARGE_COMMUNITY,
        Match::AsPath(_) => matching::AS_PATH,
    }
}

/// Writes a match; the kind it has become.
fn compile_match(one: &Match<'_>, out: &mut Output<'_>) -> Result<u8, &'static str> {
    let kind = kind_of_match(one);
    let item = match one {
        Match::Prefix(ranges) => return Ok(compile_prefixes(ranges, out)),
        _ => out.open_item(kind),
    };
    match one {
        Match::Prefix(_) => {}
        Match::Family(families) => {
            out.put(&[families.iter().fold(0, |bits, family| bits | family_bit(*family))])
        }
        Match::Origin(origins) => {
            out.put(&[origins.iter().fold(0, |bits, origin| bits | 1 << *origin as u8)])
        }
        Match::AsPathLength(ranges) => {
            let start = out.len;
            for range in *ranges {
                out.put(&range.min().to_be_bytes());
                out.put(&range.max().to_be_bytes());
            }
            out.arrange::<4>(start, sort_and_dedup);
        }
        Match::NextHop(nets) => {
            let start = out.len;
            for net in *nets {
                out.put(&[family_bit(Family::of(net)), net.prefix_len()]);
                match net.trunc().addr() {
                    IpAddr::V4(address) => out.put(&(u128::from(address.to_bits()) << 96).to_be_bytes()),
                    IpAddr::V6(address) => out.put(&address.octets()),
                }
            }
            out.arrange::<18>(start, sort_and_dedup);
        }
        Match::Community(patterns) => {
            let start = out.len;
            patterns.iter().for_each(|pattern| out.put(pattern.compiled().as_flattened()));
            out.arrange::<8>(start, sort_and_dedup);
        }
        Match::LargeCommunity(patterns) => {
            let start = out.len;
            patterns.iter().for_each(|pattern| out.put(pattern.compiled().as_flattened()));
            out.arrange::<24>(start, sort_and_dedup);
        }
        Match::AsPath(patterns) => {
            for pattern in *patterns {
                AsPathPattern::check(pattern).map_err(|error| error.reason())?;
                let tokens = tokens(pattern).flatten();
                out.put(&[u8::try_from(tokens.clone().count()).unwrap_or(u8::MAX)]);
                tokens.for_each(|token| out.put(&token.compiled()));
            }
        }
    }
    out.close_u32(item);
    Ok(kind)
}

/// Writes a match by prefix; as one by family where that means the same, so that a policy for `0.0.0.0/0 le 32` is known
/// not to depend on the prefix.
fn compile_prefixes(ranges: &[PrefixRange], out: &mut Output<'_>) -> u8 {
    let all = |family| ranges.iter().any(|range| range.family() == family && range.is_everything());
    let none = |family| ranges.iter().all(|range| range.family() != family);
    if Family::ALL.into_iter().all(|family| all(family) || none(family)) {
        let item = out.open_item(matching::FAMILY);
        let families = Family::ALL.into_iter().filter(|&family| all(family));
        out.put(&[families.fold(0, |bits, family| bits | family_bit(family))]);
        out.close_u32(item);
        return matching::FAMILY;
    }
    let item = out.open_item(matching::PREFIX);
    let count = out.len;
    out.skip(4);
    let start = out.len;
    ranges.iter().filter_map(v4_entry).for_each(|entry| out.put(&entry));
    out.arrange::<V4_ENTRY>(start, arrange_v4);
    out.patch_u32(count, (out.len - start) / V4_ENTRY);
    let start = out.len;
    ranges.iter().filter_map(v6_entry).for_each(|entry| out.put(&entry));
    out.arrange::<V6_ENTRY>(start, arrange_v6);
    out.close_u32(item);
    matching::PREFIX
}

const fn kind_of_set(set: &Set<'_>) -> u8 {
    match set {
        Set::NextHop(_) => setting::NEXT_HOP,
        Set::NextHopSelf => setting::NEXT_HOP_SELF,
        Set::LocalPref(_) => setting::LOCAL_PREF,
        Set::Med(_) => setting::MED,
        Set::Origin(_) => setting::ORIGIN,
        Set::Prepend(_) => setting::PREPEND,
        Set::SetCommunities(_) => setting::SET_COMMUNITIES,
        Set::RemoveCommunities(_) => setting::REMOVE_COMMUNITIES,
        Set::AddCommunities(_) => setting::ADD_COMMUNITIES,
        Set::SetLargeCommunities(_) => setting::SET_LARGE_COMMUNITIES,
        Set::RemoveLargeCommunities(_) => setting::REMOVE_LARGE_COMMUNITIES,
        Set::AddLargeCommunities(_) => setting::ADD_LARGE_COMMUNITIES,
    }
}

/// Refuses what would be set twice; next hops of both families are two things.
fn check_sets(sets: &[Set<'_>]) -> Result<(), &'static str> {
    for (i, one) in sets.iter().enumerate() {
        for other in sets.iter().skip(i + 1) {
            let same = match (one, other) {
                (Set::NextHop(one), Set::NextHop(other)) => one.is_ipv4() == other.is_ipv4(),
                (Set::NextHopSelf, Set::NextHop(_)) | (Set::NextHop(_), Set::NextHopSelf) => true,
                _ => kind_of_set(one) == kind_of_set(other),
            };
            if same {
                return Err("a rule sets the same thing twice");
            }
        }
    }
    Ok(())
}

fn compile_set(set: &Set<'_>, kind: u8, out: &mut Output<'_>) {
    let item = out.open_item(kind);
    let start = out.len;
    match set {
        Set::NextHop(IpAddr::V4(address)) => out.put(&address.octets()),
        Set::NextHop(IpAddr::V6(address)) => out.put(&address.octets()),
        Set::NextHopSelf | Set::Med(None) => {}
        Set::LocalPref(value) | Set::Med(Some(value)) => out.put(&value.to_be_bytes()),
        Set::Origin(origin) => out.put(&[*origin as u8]),
        Set::Prepend(count) => out.put(&[*count]),
        Set::SetCommunities(values) | Set::AddCommunities(values) => {
            values.iter().for_each(|value| out.put(&value.to_be_bytes()));
            out.arrange::<4>(start, sort_and_dedup);
        }
        Set::RemoveCommunities(patterns) => {
            patterns.iter().for_each(|pattern| out.put(pattern.compiled().as_flattened()));
            out.arrange::<8>(start, sort_and_dedup);
        }
        Set::SetLargeCommunities(values) | Set::AddLargeCommunities(values) => {
            values.iter().for_each(|value| out.put(&large_bytes(*value)));
            out.arrange::<12>(start, sort_and_dedup);
        }
        Set::RemoveLargeCommunities(patterns) => {
            patterns.iter().for_each(|pattern| out.put(pattern.compiled().as_flattened()));
            out.arrange::<24>(start, sort_and_dedup);
        }
    }
    out.close_u32(item);
}

/// The bit that stands for a family.
pub(super) const fn family_bit(family: Family) -> u8 {
    1 << family as u8
}

/// Appends to a buffer, and goes on counting when that is full.
struct Output<'a> {
    buf: &'a mut [u8],
    len: usize,
}

impl Output<'_> {
    fn put(&mut self, bytes: &[u8]) {
        let at = self.len;
        self.skip(bytes.len());
        self.patch(at, bytes);
    }

    /// Leaves room for what is patched in later.
    fn skip(&mut self, bytes: usize) {
        self.len = self.len.saturating_add(bytes);
    }

    fn patch(&mut self, at: usize, bytes: &[u8]) {
        if let Some(place) = self.buf.get_mut(at..at.saturating_add(bytes.len())) {
            place.copy_from_slice(bytes);
        }
    }

    /// Patches in a number; returns where it ends. A number that exceeds 32 bits belongs to a buffer that exceeds any.
    fn patch_u32(&mut self, at: usize, value: usize) -> usize {
        self.patch(at, &u32::try_from(value).unwrap_or(u32::MAX).to_be_bytes());
        at.saturating_add(4)
    }

    /// Begins something that has its length in front.
    fn open_u32(&mut self) -> usize {
        self.skip(4);
        self.len
    }

    fn close_u32(&mut self, start: usize) {
        self.patch_u32(start.saturating_sub(4), self.len.saturating_sub(start));
    }

    /// Begins an item; ends with [`Output::close_u32`].
    fn open_item(&mut self, kind: u8) -> usize {
        let start = self.open_u32();
        self.put(&[kind]);
        start
    }

    /// Arranges the entries written from `start` on and keeps as many as `how` says. When the buffer is full they
    /// stay counted as they came: no fewer bytes than are needed.
    fn arrange<const N: usize>(&mut self, start: usize, how: impl FnOnce(&mut [[u8; N]]) -> usize) {
        if let Some(entries) = self.buf.get_mut(start..self.len) {
            let kept = how(entries.as_chunks_mut().0);
            self.len = start.saturating_add(kept.saturating_mul(N)).min(self.len);
        }
    }
}
