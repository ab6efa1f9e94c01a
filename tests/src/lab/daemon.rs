//! What every speaker of a lab can be asked, in one form, so that a test reads the same for all of them.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crier_core::Family;

use super::fail::await_until;
use super::{Bird, Crier, ExaBgp, Frr, Gobgp, Namespace, Plan};

/// A running speaker.
pub trait Daemon: Debug {
    /// Whether the session to this neighbor is Established, by the speaker's own account.
    fn established(&self, neighbor: &str) -> bool;

    /// What it holds as learned from this neighbor.
    fn learned(&self, neighbor: &str, family: Family) -> Routes;

    /// Waits for the session to come up.
    #[track_caller]
    fn await_established(&self, neighbor: &str) {
        await_until(
            &format!("{self:?} has a session to {neighbor}"),
            || self.established(neighbor),
            |up| *up,
        );
    }

    /// Waits until what is learned from `neighbor`, both families together, is exactly `prefixes`, and returns the routes.
    #[track_caller]
    fn await_prefixes(&self, neighbor: &str, prefixes: &[&str]) -> Routes {
        let all = || {
            let mut routes = self.learned(neighbor, Family::Ipv4Unicast);
            routes.extend(self.learned(neighbor, Family::Ipv6Unicast));
            routes
        };
        let mut wanted: Vec<&str> = prefixes.to_vec();
        wanted.sort_unstable();
        let what = format!("{self:?} has {wanted:?} from {neighbor}");
        await_until(&what, all, |routes| routes.keys().map(String::as_str).eq(wanted.iter().copied()))
    }
}

/// Routes by prefix.
pub type Routes = BTreeMap<String, Route>;

/// A route as a speaker shows it. What a speaker does not show is left empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Route {
    /// Next hop, the global one of two.
    pub next_hop: String,
    /// AS numbers of the path.
    pub as_path: Vec<u32>,
    /// MULTI_EXIT_DISC.
    pub med: Option<u32>,
    /// LOCAL_PREF.
    pub local_pref: Option<u32>,
    /// Communities as `65000:99`, sorted; `no-export`, `no-advertise` and `graceful-shutdown` by name.
    pub communities: Vec<String>,
    /// Large communities as `65000:1:2`, sorted.
    pub large_communities: Vec<String>,
}

/// An implementation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// crier itself.
    Crier,
    /// FRRouting: zebra and bgpd.
    Frr,
    /// BIRD 2.
    Bird,
    /// GoBGP.
    Gobgp,
    /// ExaBGP 4.
    ExaBgp,
}

impl Kind {
    /// Programs it needs.
    pub const fn programs(self) -> &'static [&'static str] {
        match self {
            Self::Crier => &[],
            Self::Frr => &["zebra", "bgpd", "vtysh"],
            Self::Bird => &["bird", "birdc"],
            Self::Gobgp => &["gobgpd", "gobgp"],
            Self::ExaBgp => &["exabgp"],
        }
    }
}

/// Starts a speaker of this kind.
pub fn start<'n>(kind: Kind, node: &'n Namespace, plan: &Plan) -> Box<dyn Daemon + 'n> {
    match kind {
        Kind::Crier => Box::new(Crier::start(node, plan)),
        Kind::Frr => Box::new(Frr::start(node, plan)),
        Kind::Bird => Box::new(Bird::start(node, plan)),
        Kind::Gobgp => Box::new(Gobgp::start(node, plan)),
        Kind::ExaBgp => Box::new(ExaBgp::start(node, plan)),
    }
}

/// Communities in the one form that tests compare: `a:b`, well-known ones by name, sorted.
pub(super) fn communities(numbers: impl IntoIterator<Item = (u64, u64)>) -> Vec<String> {
    let name = |(high, low): (u64, u64)| match (high, low) {
        (0xffff, 0) => "graceful-shutdown".to_owned(),
        (0xffff, 0xff01) => "no-export".to_owned(),
        (0xffff, 0xff02) => "no-advertise".to_owned(),
        (0xffff, 0xff03) => "no-export-subconfed".to_owned(),
        _ => format!("{high}:{low}"),
    };
    let mut names: Vec<String> = numbers.into_iter().map(name).collect();
    names.sort();
    names
}

/// A community's two halves, from `a:b` or a well-known name.
pub(super) fn community_halves(text: &str) -> (u64, u64) {
    let known = match text {
        "graceful-shutdown" => Some((0xffff, 0)),
        "no-export" => Some((0xffff, 0xff01)),
        "no-advertise" => Some((0xffff, 0xff02)),
        "no-export-subconfed" => Some((0xffff, 0xff03)),
        _ => None,
    };
    let numbers = || {
        let (high, low) = text.split_once(':')?;
        Some((high.parse().ok()?, low.parse().ok()?))
    };
    super::OrFail::or_fail(known.or_else(numbers), format_args!("reading community {text}"))
}

/// AS numbers in a path as people write it; braces of sets and confederations are left out.
pub(super) fn as_numbers(text: &str) -> Vec<u32> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect()
}
