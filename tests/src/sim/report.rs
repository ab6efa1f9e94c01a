//! What a simulation comes to.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Micros;

/// A rule that must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Rule {
    /// The plan can be played.
    Plan,
    /// Nothing panics. (Reported by the process around a run: a panic ends it.)
    NoPanic,
    /// A speaker allocates nothing after its start. (Seen where [`crate::allocation::Watched`] is installed.)
    NoAllocation,
    /// Every table is within its limit, and what is counted agrees with what is there: the core's check of itself.
    Tables,
    /// Every message that is sent parses, comes in its turn and is within the negotiated size; OPENs are as configured,
    /// speakers go by what they make, and NOTIFICATIONs tell of nothing that was not.
    Messages,
    /// Every announcement is what export makes of the best path: policy, split horizon, RFC 8212, NO_EXPORT, iBGP rules;
    /// while a speaker drains, as a last resort.
    Export,
    /// Only what was announced is withdrawn.
    ExactWithdrawals,
    /// End-of-RIB comes, once in each session and family, after everything that was there to be announced.
    EndOfRib,
    /// Nobody keeps forwarding to a neighbor that is gone for longer than allowed.
    Forwarding,
    /// No KEEPALIVE is later than its budget.
    Keepalive,
    /// A speaker with something to do gets it done: no turn repeats for ever, and what arrives is read.
    Progress,
    /// A run ends in real time. (Reported by the process around it, which gave up waiting: a busy machine is no fault.)
    Patience,
    /// The same seed sends the same packets.
    Determinism,
    /// Sessions that should be up come up.
    Sessions,
    /// Every RIB is what the oracle computes.
    Convergence,
    /// What one side has announced is what the other holds.
    AdjRib,
    /// Packets reach whoever originates their prefix: no loop, no black hole.
    DataPlane,
    /// Nobody sends UPDATEs once everything has converged.
    Silence,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = match self {
            Self::Plan => "a plan that can be played",
            Self::NoPanic => "no panic",
            Self::NoAllocation => "no allocation after start",
            Self::Tables => "tables within limits, counts exact",
            Self::Messages => "messages well-formed",
            Self::Export => "announcements as export has them",
            Self::ExactWithdrawals => "withdrawals exact",
            Self::EndOfRib => "End-of-RIB in its place",
            Self::Forwarding => "forwarding ends with the neighbor",
            Self::Keepalive => "keepalives in time",
            Self::Progress => "progress",
            Self::Patience => "an end in real time",
            Self::Determinism => "the same seed, the same packets",
            Self::Sessions => "sessions come up",
            Self::Convergence => "tables as the oracle has them",
            Self::AdjRib => "both ends agree",
            Self::DataPlane => "packets arrive",
            Self::Silence => "silence after convergence",
        };
        f.pad(name)
    }
}

/// A rule was broken.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Failure {
    /// When.
    pub at: Micros,
    /// Which rule.
    pub rule: Rule,
    /// Who broke it and how.
    pub text: String,
}

impl Failure {
    /// Whether no rule was seen broken, but nobody waited for the end.
    pub fn is_given_up(&self) -> bool {
        self.rule == Rule::Patience
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at {} s: {}: {}", self.at, self.rule, self.text)
    }
}

/// How a run ended that broke no rule.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// Everything agreed with the oracle; so long after the healing, when all faults were over and all links sound, the last
    /// UPDATE was sent.
    Converged(Micros),
    /// The policies have no stable state, and the oracle finds none either: what changes for ever (RFC 3345).
    Oscillates(String),
}

/// What happened, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statistics {
    /// Packets sent by any host.
    pub packets: u64,
    /// BGP messages sent.
    pub messages: u64,
    /// UPDATEs among them.
    pub updates: u64,
    /// Sessions that came up.
    pub sessions: u64,
    /// Faults that began.
    pub faults: u64,
    /// What operators did, or wanted to.
    pub work: u64,
    /// How much of that a daemon refused, or was not there to do.
    pub refused: u64,
    /// Routes compared with the oracle's.
    pub routes: u64,
}

/// The end of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Verdict {
    /// How it ended.
    pub result: Result<Outcome, Failure>,
    /// Digest of every frame that was sent, in order, with its time.
    pub hash: u64,
    /// Virtual time at the end.
    pub end: Micros,
    /// What happened.
    pub statistics: Statistics,
    /// The last events, oldest first; filled in when a rule was broken.
    pub trace: Vec<String>,
}
