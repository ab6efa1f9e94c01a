//! The part of the judge that watches the wire and the tables. It shares no code with what it judges: messages are decoded
//! here once more, and strictly; tables are compared as plain values.

pub mod attributes;
pub mod keepalive;
pub mod message;
mod reader;
pub mod rib;
pub mod session;
mod show;
pub mod update;

use super::{Failure, Micros, Rule};

pub use session::{Agreed, Expected, Offer, SessionJudge};
pub use show::{differences, shown};

/// A rule was broken, by whom and how; when is for the world to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which rule.
    pub rule: Rule,
    /// Who broke it and how.
    pub text: String,
}

impl Broken {
    /// A rule was broken.
    pub fn new(rule: Rule, text: String) -> Self {
        Self { rule, text }
    }

    /// With the time.
    pub fn at(self, at: Micros) -> Failure {
        Failure { at, rule: self.rule, text: self.text }
    }
}

#[cfg(test)]
mod tests;
