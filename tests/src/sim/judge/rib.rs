//! Tables compared, once nothing changes any more: both ends of a session with each other, and each speaker's with what is
//! expected of it. Every comparison lists all that differs, so that one look at a failure tells its extent.

mod room;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

use crier_core::Family;
use crier_core::view::{FamilyCounts, Reason};
use ipnet::IpNet;

use super::Broken;
use super::show::{differences, shown};
use crate::sim::observe::{Advertised, HeldPath, Snapshot};
use crate::sim::{Route, Rule};

pub use room::{full, limits, roomy};

/// Something that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The rule that it breaks.
    pub rule: Rule,
    /// On which host, and about which neighbor.
    pub host: String,
    /// About which prefix, if about one.
    pub prefix: Option<IpNet>,
    /// What should be.
    pub expected: String,
    /// What is.
    pub found: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.host)?;
        if let Some(prefix) = self.prefix {
            write!(f, "{prefix}: ")?;
        }
        write!(f, "expected {}, found {}", self.expected, self.found)
    }
}

/// All differences as one broken rule, the first one's; `None` if there are none.
pub fn broken(differences: &[Difference]) -> Option<Broken> {
    /// Further ones are only counted.
    const NAMED: usize = 5;
    let first = differences.first()?;
    let mut named: Vec<_> = differences.iter().take(NAMED).map(Difference::to_string).collect();
    if let Some(more) = differences.len().checked_sub(NAMED).filter(|more| *more > 0) {
        named.push(format!("and {more} more"));
    }
    Some(Broken::new(first.rule, named.join("; ")))
}

/// Differences of one comparison.
struct List {
    host: String,
    rule: Rule,
    found: Vec<Difference>,
}

impl List {
    fn new(host: String, rule: Rule) -> Self {
        Self { host, rule, found: Vec::new() }
    }

    fn about(&mut self, prefix: IpNet, expected: impl fmt::Display, found: impl fmt::Display) {
        self.put(self.rule, Some(prefix), &expected, &found);
    }

    fn put(
        &mut self,
        rule: Rule,
        prefix: Option<IpNet>,
        expected: &dyn fmt::Display,
        found: &dyn fmt::Display,
    ) {
        let (expected, found) = (expected.to_string(), found.to_string());
        self.found.push(Difference { rule, host: self.host.clone(), prefix, expected, found });
    }

    /// A number that is shown against the one that was counted.
    fn count(&mut self, what: &str, shown: u32, counted: usize) {
        if u32::try_from(counted) != Ok(shown) {
            let counted = format!("{what}: {counted} as counted");
            self.put(Rule::Tables, None, &counted, &shown);
        }
    }

    fn route(&mut self, prefix: IpNet, expected: &Route, found: &Route) {
        if expected != found {
            self.about(prefix, shown(expected), format_args!("it with {}", differences(expected, found)));
        }
    }
}

/// Compares what one speaker has announced on a session (`announced`, its judge's mirror) with what the other one,
/// `host`, has of it: every prefix is accepted or on record as refused, and nothing else is. `sender` is the announcing
/// neighbor's address, `import` what `host` makes of a route.
///
/// A path that is missing is excused if it is on record as refused for want of room or past the limit of prefixes; or not
/// on record at all where the speaker itself says that its records are not exact, unless there is room for everything
/// ([`Snapshot::roomy`]).
pub fn received(
    host: &str,
    sender: IpAddr,
    announced: &BTreeMap<IpNet, Route>,
    snapshot: &Snapshot,
    import: &mut dyn FnMut(IpNet, &Route) -> Result<Route, Reason>,
) -> Vec<Difference> {
    let mut list = List::new(format!("{host} from {sender}"), Rule::AdjRib);
    let held = held_from(snapshot, sender);
    let refused: BTreeMap<_, _> = snapshot
        .refused
        .iter()
        .filter(|((peer, _), _)| *peer == sender)
        .map(|((_, net), why)| (*net, *why))
        .collect();
    for (&prefix, route) in announced {
        let verdict = import(prefix, route);
        match (held.get(&prefix), refused.get(&prefix), verdict) {
            (Some(path), None, Ok(imported)) => list.route(prefix, &imported, &path.route),
            (Some(path), None, Err(reason)) => {
                list.about(prefix, format_args!("refused, {reason:?}"), shown(&path.route));
            }
            (Some(_), Some(reason), _) => {
                list.about(prefix, "accepted or refused", format_args!("both ({reason:?})"));
            }
            (None, Some(reason), Ok(_)) if is_want_of_room(*reason) => {}
            (None, Some(reason), Ok(imported)) => {
                list.about(prefix, shown(&imported), format_args!("refused, {reason:?}"));
            }
            (None, Some(found), Err(reason)) if *found == reason => {}
            (None, Some(found), Err(reason)) => {
                list.about(prefix, format_args!("refused, {reason:?}"), format_args!("refused, {found:?}"));
            }
            (None, None, verdict) if is_off_record(snapshot, sender, prefix, verdict.is_ok()) => {}
            (None, None, Ok(imported)) => list.about(prefix, shown(&imported), "nothing"),
            (None, None, Err(reason)) => list.about(prefix, format_args!("refused, {reason:?}"), "nothing"),
        }
    }
    for (prefix, path) in held.iter().filter(|(prefix, _)| !announced.contains_key(prefix)) {
        list.about(*prefix, "nothing", shown(&path.route));
    }
    for (prefix, reason) in refused.iter().filter(|(prefix, _)| !announced.contains_key(prefix)) {
        list.about(*prefix, "nothing", format_args!("refused, {reason:?}"));
    }
    for (family, counts) in counts(snapshot, sender) {
        let of_family = |prefix: &&IpNet| Family::of(prefix) == family;
        list.count(&format!("{family} accepted"), counts.accepted, held.keys().filter(of_family).count());
        if counts.received_exact {
            let announced = announced.keys().filter(of_family).count();
            list.count(&format!("{family} received"), counts.received, announced);
        }
    }
    list.found
}

/// Compares what a speaker says it has announced to a neighbor (`advertised`, of [`observe::advertised`](crate::sim::observe::advertised))
/// with what it sent (`mirror`). Holds at any time for which prefixes they are; `at_rest`: nothing is left to be sent, so
/// that each is announced with what its best path makes, and nothing that should be is not.
pub fn announced(
    host: &str,
    neighbor: IpAddr,
    mirror: &BTreeMap<IpNet, Route>,
    advertised: &BTreeMap<IpNet, Advertised>,
    snapshot: &Snapshot,
    at_rest: bool,
) -> Vec<Difference> {
    let mut list = List::new(format!("{host} to {neighbor}"), Rule::Tables);
    for (&prefix, told) in advertised {
        let sent = mirror.get(&prefix);
        if told.announced != sent.is_some() {
            let sent = sent.map_or("not announced", |_| "announced");
            list.about(prefix, sent, if told.announced { "announced" } else { "not announced" });
        }
        match (&told.route, sent) {
            (Ok(route), Some(sent)) if at_rest && route != sent => {
                list.put(Rule::AdjRib, Some(prefix), &shown(route), &differences(route, sent));
            }
            (Ok(route), None) if at_rest => {
                list.put(Rule::AdjRib, Some(prefix), &shown(route), &"nothing sent")
            }
            (Err(reason), Some(sent)) if at_rest => {
                list.put(Rule::AdjRib, Some(prefix), &format!("{reason:?}"), &shown(sent));
            }
            _ => {}
        }
    }
    for prefix in mirror.keys().filter(|prefix| !advertised.contains_key(prefix)) {
        list.about(*prefix, "announced", "no such destination");
    }
    for (family, counts) in counts(snapshot, neighbor) {
        let sent = mirror.keys().filter(|prefix| Family::of(prefix) == family).count();
        list.count(&format!("{family} advertised"), counts.advertised, sent);
    }
    list.found
}

/// Compares a speaker's accepted paths with those expected of it: which there are, with which routes, and which of them
/// are best and forward. Both lists are in the order of [`Snapshot::paths`]. Where a path is missing with an excuse (see
/// [`received`]) the choice among the others is not compared.
pub fn tables(host: &str, expected: &BTreeMap<IpNet, Vec<HeldPath>>, snapshot: &Snapshot) -> Vec<Difference> {
    let mut list = List::new(host.to_owned(), Rule::Convergence);
    let prefixes: BTreeSet<_> = expected.keys().chain(snapshot.paths.keys()).copied().collect();
    for prefix in prefixes {
        let wanted = expected.get(&prefix).map_or(&[][..], Vec::as_slice);
        let found = snapshot.paths.get(&prefix).map_or(&[][..], Vec::as_slice);
        paths(&mut list, prefix, wanted, found, snapshot);
    }
    list.found
}

fn paths(list: &mut List, prefix: IpNet, wanted: &[HeldPath], found: &[HeldPath], snapshot: &Snapshot) {
    let missing = |path: &&HeldPath| !found.iter().any(|other| other.peer == path.peer);
    let (excused, lost): (Vec<_>, Vec<_>) =
        wanted.iter().filter(missing).partition(|path| is_excused(snapshot, path.peer, prefix));
    for path in lost {
        list.about(prefix, path_shown(path), "nothing");
    }
    let mut before = None;
    for path in found {
        if before.replace(path.peer) == Some(path.peer) {
            list.about(prefix, "one path of a neighbor", format_args!("another one: {}", path_shown(path)));
        }
        match wanted.iter().find(|other| other.peer == path.peer) {
            None => list.about(prefix, "nothing", path_shown(path)),
            Some(right) if right == path => {}
            Some(right) if right.route != path.route => {
                let differing = differences(&right.route, &path.route);
                list.about(prefix, path_shown(right), format_args!("it with {differing}"));
            }
            // Without some of the paths, others may be the best ones.
            Some(_) if !excused.is_empty() => {}
            Some(right) => list.about(prefix, path_shown(right), format_args!("{}", choice(path))),
        }
    }
}

fn path_shown(path: &HeldPath) -> String {
    let source = path.peer.map_or_else(|| "here".to_owned(), |peer| peer.to_string());
    format!("from {source}, {}: {}", choice(path), shown(&path.route))
}

/// What decisions have made of a path.
fn choice(path: &HeldPath) -> String {
    let words = [
        if path.best { "best" } else { "not best" },
        if path.multipath { "forwarding" } else { "not forwarding" },
        if path.valid { "valid" } else { "invalid" },
        if path.stale { "stale" } else { "fresh" },
    ];
    words.join(", ")
}

fn held_from(snapshot: &Snapshot, sender: IpAddr) -> BTreeMap<IpNet, &HeldPath> {
    let of_sender = |path: &&HeldPath| path.peer == Some(sender);
    let paths =
        snapshot.paths.iter().filter_map(|(&prefix, paths)| Some((prefix, paths.iter().find(of_sender)?)));
    paths.collect()
}

fn counts(snapshot: &Snapshot, neighbor: IpAddr) -> impl Iterator<Item = (Family, FamilyCounts)> {
    let families = snapshot.peers.get(&neighbor).map_or([None; 2], |peer| peer.families);
    Family::ALL.into_iter().zip(families).filter_map(|(family, counts)| Some((family, counts?)))
}

/// Whether every path that a neighbor announced in the prefix's family and that was refused is on record.
fn is_exact(snapshot: &Snapshot, neighbor: IpAddr, prefix: IpNet) -> bool {
    let family = Family::of(&prefix);
    counts(snapshot, neighbor).all(|(other, counts)| other != family || counts.received_exact)
}

/// Whether a path may be missing without a record: it was refused, there was no room for the record, and nothing but want of
/// room refuses one that is `acceptable`.
fn is_off_record(snapshot: &Snapshot, neighbor: IpAddr, prefix: IpNet, acceptable: bool) -> bool {
    !(is_exact(snapshot, neighbor, prefix) || acceptable && snapshot.roomy)
}

fn is_excused(snapshot: &Snapshot, peer: Option<IpAddr>, prefix: IpNet) -> bool {
    peer.is_some_and(|peer| match snapshot.refused.get(&(peer, prefix)) {
        Some(reason) => is_want_of_room(*reason),
        None => is_off_record(snapshot, peer, prefix, true),
    })
}

/// Whether a reason has nothing to do with the path itself.
pub fn is_want_of_room(reason: Reason) -> bool {
    matches!(reason, Reason::PrefixesFull | Reason::PathsFull | Reason::AttributesFull | Reason::MaxPrefixes)
}

#[cfg(test)]
mod tests;
