//! What two OPENs agree on, and how far the announcing of a family has come.

use std::collections::BTreeSet;

use crier_core::Family;

use crate::sim::judge::message::{Open, capability};

/// What holds for both ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Agreed {
    /// Families that both offered.
    pub(super) families: BTreeSet<Family>,
    /// Both offered extended messages (RFC 8654, 4).
    pub(super) extended_messages: bool,
}

impl Agreed {
    pub(super) fn of(ours: &Open, theirs: &Open) -> Self {
        let both = |code| ours.has(code) && theirs.has(code);
        Self {
            families: ours.families().intersection(&theirs.families()).copied().collect(),
            extended_messages: both(capability::EXTENDED_MESSAGES),
        }
    }

    /// Whether a family was agreed on.
    pub(super) fn check_family(&self, family: Option<Family>) -> Result<(), String> {
        match family {
            Some(family) if !self.families.contains(&family) => Err(format!("{family} was not agreed on")),
            _ => Ok(()),
        }
    }
}

/// How far announcing all of a family has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Round {
    /// End-of-RIB was sent.
    pub(super) ended: bool,
    /// Everything is announced once more, and may end with another End-of-RIB.
    pub(super) asked: bool,
    /// Exports changed while a round was under way: another one follows it, and only that is complete.
    pub(super) changed: bool,
}

impl Round {
    /// The other end asks for everything again. What is under way stays right.
    pub(super) fn asked(&mut self) {
        self.asked |= self.ended;
    }

    /// Exports change.
    pub(super) fn again(&mut self) {
        if self.ended && !self.asked {
            self.asked = true;
        } else {
            self.changed = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_within_a_round_spoils_only_that_round() {
        let mut round = Round::default();
        round.asked();
        assert_eq!(round, Round::default());
        round.again();
        assert!(round.changed && !round.asked);
        let mut round = Round { ended: true, ..Round::default() };
        round.again();
        assert!(round.asked && !round.changed);
        round.again();
        assert!(round.changed);
    }
}
