//! What can be wrong with a network, or come out of its simulation.

use std::fmt;

use crier::config::ConfigDiagnostic;

use crate::sim::Failure;

/// Why there is no answer. Its `Debug` form is the text for people too, for that is what a `main` that returns it prints.
#[derive(Clone)]
pub enum Error {
    /// The network makes no sense, or a name is nobody's: everything that was found.
    Network(Vec<String>),
    /// Configurations are wrong: everything, with file, line and column.
    Config(Vec<ConfigDiagnostic>),
    /// A daemon refused what it was asked for: who, and why.
    Refused {
        /// The host.
        host: String,
        /// The daemon's words.
        why: String,
    },
    /// A reload cannot take a configuration over, a restart can ([`Simulation::write_config`](super::Simulation::write_config)).
    RestartNeeded {
        /// The host.
        host: String,
        /// The daemon's words: what has changed.
        why: String,
    },
    /// A rule was broken that the simulator judges, and what happened last.
    Broken {
        /// Which rule, when, by whom and how.
        failure: Failure,
        /// The last events, oldest first.
        events: Vec<String>,
    },
    /// The policies have no stable state: what changes for ever (RFC 3345).
    Oscillates(String),
}

impl Error {
    /// The network makes no sense in one way.
    pub(super) fn network(text: String) -> Self {
        Self::Network(vec![text])
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(faults) => f.write_str(&faults.join("\n")),
            Self::Config(faults) => {
                let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
                f.write_str(&faults.join("\n"))
            }
            Self::Refused { host, why } | Self::RestartNeeded { host, why } => write!(f, "{host}: {why}"),
            Self::Broken { failure, events } => {
                write!(f, "broken {failure}")?;
                events.iter().try_for_each(|event| write!(f, "\n  {event}"))
            }
            Self::Oscillates(what) => write!(f, "never at rest, for there is no stable state: {what}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {}
