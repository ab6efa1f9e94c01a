//! A policy as an operator writes it, borrowed from the program.

use core::fmt;
use core::net::IpAddr;

use ipnet::IpNet;

use super::community_pattern::{CommunityPattern, LargeCommunityPattern};
use super::range::{LengthRange, PrefixRange};
use crate::family::Family;

/// A policy: the first rule that matches decides, and what no rule decides is rejected.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Policy<'a> {
    /// Its name, for people.
    pub name: &'a str,
    /// Its rules, at most 65535, in the order in which they are tried.
    pub rules: &'a [Rule<'a>],
}

/// A rule of a policy.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Rule<'a> {
    /// What must hold, all of it; a rule without matches matches every route.
    pub matches: &'a [Match<'a>],
    /// What is changed about a route that matches. Their order does not matter (see the module's documentation).
    pub sets: &'a [Set<'a>],
    /// What happens to a route that matches.
    pub action: RuleAction,
}

/// What happens to a route that matches a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum RuleAction {
    /// It passes.
    Accept,
    /// It does not.
    Reject,
    /// It is changed, and the next rule is tried.
    Next,
}

impl RuleAction {
    /// The action of this name in configuration.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Accept, Self::Reject, Self::Next].into_iter().find(|action| action.name() == name)
    }

    /// The action's name in configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Reject => "reject",
            Self::Next => "next",
        }
    }
}

/// Something that must hold for a route. It holds if any of its alternatives does; without alternatives it never holds.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Match<'a> {
    /// The prefix is in a range.
    Prefix(&'a [PrefixRange]),
    /// The family is one of these.
    Family(&'a [Family]),
    /// A community (RFC 1997) fits a pattern.
    Community(&'a [CommunityPattern]),
    /// A large community (RFC 8092) fits a pattern.
    LargeCommunity(&'a [LargeCommunityPattern]),
    /// The AS_PATH fits a pattern in the language of [`AsPathPattern`](super::AsPathPattern).
    AsPath(&'a [&'a str]),
    /// The AS_PATH has this many AS numbers, counted as the decision counts them: an AS_SET is one.
    AsPathLength(&'a [LengthRange]),
    /// The next hop (the global one of two) is in a prefix. A route originated here without a next hop of its own is
    /// matched as it is shown: 0.0.0.0 or ::.
    NextHop(&'a [IpNet]),
    /// The ORIGIN is one of these.
    Origin(&'a [Origin]),
}

/// A change to a route.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub enum Set<'a> {
    /// LOCAL_PREF.
    LocalPref(u32),
    /// MULTI_EXIT_DISC; `None` removes it.
    Med(Option<u32>),
    /// ORIGIN.
    Origin(Origin),
    /// Next hop, for routes of the address's family; routes of the other family keep theirs. A rule can have two, one
    /// for each family.
    NextHop(IpAddr),
    /// Own address of the session as the next hop.
    NextHopSelf,
    /// So many times the own AS number in front of the AS_PATH.
    Prepend(u8),
    /// Exactly these communities; none removes the attribute.
    SetCommunities(&'a [u32]),
    /// Communities that fit one of these patterns go.
    RemoveCommunities(&'a [CommunityPattern]),
    /// These communities, where they are not there yet.
    AddCommunities(&'a [u32]),
    /// Exactly these large communities; none removes the attribute.
    SetLargeCommunities(&'a [[u32; 3]]),
    /// Large communities that fit one of these patterns go.
    RemoveLargeCommunities(&'a [LargeCommunityPattern]),
    /// These large communities, where they are not there yet.
    AddLargeCommunities(&'a [[u32; 3]]),
}

/// ORIGIN (RFC 4271, 5.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[repr(u8)]
pub enum Origin {
    /// From the originating AS itself.
    Igp = 0,
    /// From the Exterior Gateway Protocol of old.
    Egp = 1,
    /// By other means.
    Incomplete = 2,
}

impl Origin {
    /// Every value.
    pub const ALL: [Self; 3] = [Self::Igp, Self::Egp, Self::Incomplete];

    /// The value's name in configuration and output.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Igp => "igp",
            Self::Egp => "egp",
            Self::Incomplete => "incomplete",
        }
    }

    /// The value of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.name() == name)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
