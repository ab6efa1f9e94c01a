//! Parts of a plan, and leaving them out: how a failing run is made smaller.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::sim::Plan;
use crate::sim::plan::FaultKind;

/// A part that a plan can be without. The number is its position in the whole plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// A host's speaker, with its faults and what is done there: `h3`. The host itself still forwards.
    Host(usize),
    /// A link with its faults: `l0`.
    Link(usize),
    /// A fault: `f7`.
    Fault(usize),
    /// A piece of work: `w2`.
    Work(usize),
}

impl Part {
    /// Every part of a plan, the largest kinds first.
    pub fn all(plan: &Plan) -> Vec<Self> {
        let speakers = plan.hosts.iter().enumerate().filter(|(_, host)| host.config.is_some());
        let links = plan.links.iter().enumerate().filter(|(_, link)| !link.ends.is_empty());
        speakers
            .map(|(at, _)| Self::Host(at))
            .chain(links.map(|(at, _)| Self::Link(at)))
            .chain((0..plan.faults.len()).map(Self::Fault))
            .chain((0..plan.work.len()).map(Self::Work))
            .collect()
    }
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(at) => write!(f, "h{at}"),
            Self::Link(at) => write!(f, "l{at}"),
            Self::Fault(at) => write!(f, "f{at}"),
            Self::Work(at) => write!(f, "w{at}"),
        }
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut letters = text.chars();
        let part = match letters.next() {
            Some('h') => Self::Host,
            Some('l') => Self::Link,
            Some('f') => Self::Fault,
            Some('w') => Self::Work,
            _ => return Err(format!("found {text:?}, allowed a part such as h3, l0, f7 or w2")),
        };
        let number = letters.as_str();
        match number.parse() {
            Ok(at) if number.bytes().all(|byte| byte.is_ascii_digit()) => Ok(part(at)),
            _ => Err(format!("found {text:?}, allowed a letter and a number such as f7")),
        }
    }
}

/// A plan without some of its parts. What is left keeps its position among hosts and links, and so its chances;
/// faults and work close ranks.
pub fn without(plan: &Plan, parts: &[Part]) -> Plan {
    let parts: BTreeSet<Part> = parts.iter().copied().collect();
    let gone = |part| parts.contains(&part);
    let mut left = plan.clone();
    for (at, host) in left.hosts.iter_mut().enumerate() {
        if gone(Part::Host(at)) {
            host.config = None;
            host.installs = false;
        }
    }
    for (at, link) in left.links.iter_mut().enumerate() {
        if gone(Part::Link(at)) {
            link.ends.clear();
        }
    }
    let mut at = 0..;
    left.faults.retain(|fault| {
        !at.next().is_some_and(|at| gone(Part::Fault(at)))
            && !needs(&fault.kind).into_iter().flatten().any(gone)
    });
    let mut at = 0..;
    left.work
        .retain(|work| !at.next().is_some_and(|at| gone(Part::Work(at))) && !gone(Part::Host(work.host)));
    left
}

/// The parts that a fault cannot be without.
fn needs(kind: &FaultKind) -> [Option<Part>; 2] {
    match *kind {
        FaultKind::Degrade { link, .. } | FaultKind::Partition { link, .. } => [Some(Part::Link(link)), None],
        FaultKind::Crash { host }
        | FaultKind::Kill { host }
        | FaultKind::SlowCpu { host, .. }
        | FaultKind::Kernel { host, .. }
        | FaultKind::ClockJump { host, .. }
        | FaultKind::Deaf { host }
        | FaultKind::SlowReader { host, .. } => [Some(Part::Host(host)), None],
        FaultKind::Reset { host, peer } | FaultKind::HalfOpen { host, peer } => {
            [Some(Part::Host(host)), Some(Part::Host(peer))]
        }
    }
}
