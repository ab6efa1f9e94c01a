//! Connection collision: which of two connections to one neighbor stays (RFC 4271, 6.8; RFC 6286, 2.3).

use core::net::Ipv4Addr;

use crate::peer::State;

/// Who a speaker is, as far as collisions are concerned. Ordered: the identifier counts first, as a number, and the AS
/// number where identifiers are equal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Identity {
    /// BGP identifier.
    pub router_id: Ipv4Addr,
    /// AS number.
    pub asn: u32,
}

/// One of the two connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contender {
    /// State of its session.
    pub state: State,
    /// Whether we dialled; else it was accepted.
    pub dialled: bool,
}

/// What becomes of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Both go on: they do not collide, or not yet, or the neighbor is to decide.
    KeepBoth,
    /// The existing one is closed with Cease / Connection Collision Resolution.
    CloseExisting,
    /// The new one is.
    CloseNew,
}

/// Decides when an OPEN has arrived on `new` while the same neighbor has another connection, `existing`. `theirs` is as
/// that OPEN says; `new` is in OpenSent or OpenConfirm, as the caller keeps it at that moment.
pub fn resolve(ours: Identity, theirs: Identity, existing: Contender, new: Contender) -> Verdict {
    match existing.state {
        // Nothing was said on it that could collide; a dial in progress is decided when its own OPEN arrives. In
        // OpenSent its neighbor is not known yet: the OPEN that arrives second decides (6.8 leaves this to us).
        State::Idle | State::Connect | State::Active | State::OpenSent => Verdict::KeepBoth,
        State::OpenConfirm | State::Established => {
            // What the higher one dialled stays, so that both ends come to the same end.
            let ours_stays = ours > theirs;
            match (existing.dialled == ours_stays, new.dialled == ours_stays) {
                // Only connections that were open before the session came up get here: none is accepted after that. The
                // neighbor may be Established too and keep that session, as 6.8 wants it, or wait for our KEEPALIVE still
                // and close it. If we closed one now, it might close the other. It has our OPEN on both: it decides,
                // and its KEEPALIVE on the new one says how.
                (false, true) if existing.state == State::Established => Verdict::KeepBoth,
                (false, true) => Verdict::CloseExisting,
                // Two from the same end: that one chose to open a second, and the first is further on.
                (true, _) | (false, false) => Verdict::CloseNew,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOW: Identity = Identity { router_id: Ipv4Addr::new(9, 255, 255, 255), asn: 65000 };
    const HIGH: Identity = Identity { router_id: Ipv4Addr::new(10, 0, 0, 1), asn: 65000 };

    fn dialled(state: State) -> Contender {
        Contender { state, dialled: true }
    }

    fn accepted(state: State) -> Contender {
        Contender { state, dialled: false }
    }

    #[test]
    fn what_the_higher_identifier_dialled_stays() {
        let (open, confirm) = (State::OpenSent, State::OpenConfirm);
        for new in [open, confirm] {
            let close_existing = Verdict::CloseExisting;
            assert_eq!(resolve(LOW, HIGH, dialled(confirm), accepted(new)), close_existing);
            assert_eq!(resolve(LOW, HIGH, accepted(confirm), dialled(new)), Verdict::CloseNew);
            assert_eq!(resolve(HIGH, LOW, dialled(confirm), accepted(new)), Verdict::CloseNew);
            assert_eq!(resolve(HIGH, LOW, accepted(confirm), dialled(new)), close_existing);
        }
    }

    #[test]
    fn both_ends_keep_the_same_connection() {
        // Ours is dialled here and accepted there, and whichever OPEN arrives second decides.
        for (here, there) in [(LOW, HIGH), (HIGH, LOW)] {
            for first_is_ours in [true, false] {
                for same_order_there in [true, false] {
                    let kept = |me, them, first_mine| {
                        let existing = Contender { state: State::OpenConfirm, dialled: first_mine };
                        let new = Contender { state: State::OpenSent, dialled: !first_mine };
                        match resolve(me, them, existing, new) {
                            Verdict::CloseExisting => new.dialled,
                            Verdict::CloseNew => existing.dialled,
                            Verdict::KeepBoth => panic!("nobody decides"),
                        }
                    };
                    let first_is_theirs_there = first_is_ours != same_order_there;
                    let kept_here = kept(here, there, first_is_ours);
                    let kept_there = kept(there, here, first_is_theirs_there);
                    assert_ne!(kept_here, kept_there, "dialled at one end is accepted at the other");
                }
            }
        }
    }

    #[test]
    fn identifiers_are_compared_as_numbers_and_as_numbers_break_ties() {
        assert!(LOW < HIGH);
        let same = |asn| Identity { router_id: HIGH.router_id, asn };
        let (existing, new) = (dialled(State::OpenConfirm), accepted(State::OpenSent));
        assert_eq!(resolve(same(65000), same(4_200_000_000), existing, new), Verdict::CloseExisting);
        assert_eq!(resolve(same(4_200_000_000), same(65000), existing, new), Verdict::CloseNew);
    }

    #[test]
    fn an_established_session_is_given_up_by_nobody_but_the_neighbor() {
        let established = State::Established;
        let new = [State::OpenSent, State::OpenConfirm];
        for new in new {
            assert_eq!(resolve(LOW, HIGH, dialled(established), accepted(new)), Verdict::KeepBoth);
            assert_eq!(resolve(LOW, HIGH, accepted(established), dialled(new)), Verdict::CloseNew);
            assert_eq!(resolve(HIGH, LOW, dialled(established), accepted(new)), Verdict::CloseNew);
            assert_eq!(resolve(HIGH, LOW, accepted(established), dialled(new)), Verdict::KeepBoth);
        }
    }

    #[test]
    fn a_connection_without_an_open_does_not_collide_yet() {
        for state in [State::Idle, State::Connect, State::Active, State::OpenSent] {
            for (ours, theirs) in [(LOW, HIGH), (HIGH, LOW)] {
                let verdict = resolve(ours, theirs, dialled(state), accepted(State::OpenSent));
                assert_eq!(verdict, Verdict::KeepBoth, "{state}");
            }
        }
    }

    #[test]
    fn of_two_from_the_same_end_the_first_stays() {
        for (ours, theirs) in [(LOW, HIGH), (HIGH, LOW)] {
            for dialled in [true, false] {
                let existing = Contender { state: State::OpenConfirm, dialled };
                let new = Contender { state: State::OpenSent, dialled };
                assert_eq!(resolve(ours, theirs, existing, new), Verdict::CloseNew);
            }
        }
    }
}
