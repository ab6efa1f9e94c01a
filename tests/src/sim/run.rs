//! Stand-in until the world is there.

use std::fmt;
use std::io::Write;

use super::pcap::Pcap;
use super::swarm::panics;
use super::{Failure, Micros, Outcome, Plan, Rule, Statistics, Verdict};

/// How a run is watched.
#[derive(Default)]
pub struct Options {
    /// Where packets are captured.
    pub pcap: Option<Box<dyn Write>>,
    /// How many events are kept for the trace.
    pub events: usize,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options").field("events", &self.events).finish_non_exhaustive()
    }
}

/// Runs a whole plan. Seeds that end in 99 fail as long as the plan has its second host and its fourth fault.
pub fn run(plan: &Plan, options: Options) -> Verdict {
    panics::at(Micros::secs(1));
    if let Some(out) = options.pcap {
        let _ = Pcap::new(out).and_then(|mut pcap| pcap.packet(Micros::secs(1), &[0x45; 20]));
    }
    let broken = plan.seed % 100 == 99
        && plan.hosts.iter().any(|host| host.name == "h1")
        && plan.faults.iter().any(|fault| fault.from == Micros::secs(3));
    let failure = Failure { at: Micros::secs(2), rule: Rule::Silence, text: "an UPDATE".to_owned() };
    let statistics = Statistics { packets: 48_120, updates: 1_204, faults: 9, ..Statistics::default() };
    Verdict {
        result: if broken { Err(failure) } else { Ok(Outcome::Converged(Micros::millis(12_345))) },
        hash: plan.seed,
        end: Micros::secs(612),
        statistics,
        trace: if broken { vec!["event".to_owned(); options.events.min(3)] } else { Vec::new() },
    }
}
