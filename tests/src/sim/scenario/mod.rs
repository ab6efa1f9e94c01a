//! Stand-in until the scenarios are there.

use std::fmt;
use std::str::FromStr;

use super::plan::{Fault, FaultKind, HostPlan};
use super::{Micros, Plan};

/// A scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// A lab.
    Lab,
    /// A Clos.
    Clos,
    /// A cluster.
    Cluster,
    /// Random.
    Random,
}

/// A part of a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A host.
    Host(usize),
    /// A fault.
    Fault(usize),
    /// Work.
    Work(usize),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Host(n) => write!(f, "h{n}"),
            Self::Fault(n) => write!(f, "f{n}"),
            Self::Work(n) => write!(f, "w{n}"),
        }
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text}: not a part");
        let (kind, n) = text.split_at_checked(1).ok_or_else(wrong)?;
        let n = n.parse().map_err(|_| wrong())?;
        match kind {
            "h" => Ok(Self::Host(n)),
            "f" => Ok(Self::Fault(n)),
            "w" => Ok(Self::Work(n)),
            _ => Err(wrong()),
        }
    }
}

/// The plan of a seed.
pub fn plan(_scenario: Scenario, seed: u64, _hours: Option<u64>) -> Plan {
    let hosts = (0..7).map(|n| HostPlan::speaker(&format!("h{n}"), String::new())).collect();
    let fault =
        |n| Fault { from: Micros::secs(n), until: Micros::secs(n), kind: FaultKind::Deaf { host: 0 } };
    Plan { seed, hosts, faults: (0..9).map(fault).collect(), ..Plan::default() }
}

/// The plan without some of its parts.
pub fn without(plan: &Plan, parts: &[Part]) -> Plan {
    let mut plan = plan.clone();
    let mut n = 0;
    plan.hosts.retain(|_| (!parts.contains(&Part::Host(n)), n += 1).0);
    n = 0;
    plan.faults.retain(|_| (!parts.contains(&Part::Fault(n)), n += 1).0);
    plan
}

impl Plan {
    /// What it has, for people.
    pub fn describe(&self) -> String {
        format!("{} hosts\n", self.hosts.len())
    }
}
