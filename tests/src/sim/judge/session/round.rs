//! How far the first announcing of a family has come.

/// The routes of a family that a new session is told first, up to End-of-RIB.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Round {
    /// End-of-RIB was sent. It ends the first round only (RFC 4724, 2), and so comes once.
    pub(super) ended: bool,
    /// Exports changed while the round was under way: another one follows it, and only that is complete.
    pub(super) changed: bool,
}

impl Round {
    /// Exports change.
    pub(super) fn again(&mut self) {
        self.changed |= !self.ended;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_within_the_round_spoils_it_and_a_later_one_does_not() {
        let mut round = Round::default();
        round.again();
        assert!(round.changed);
        let mut round = Round { ended: true, ..Round::default() };
        round.again();
        assert!(!round.changed);
    }
}
