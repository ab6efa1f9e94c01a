//! What is expected of each attribute, and what follows when it is not met: the one table of RFC 7606's outcomes.

use super::Context;
use crate::attrs::tlv::{code, flag};
use crate::wire::notification::ErrorCode;
use crate::wire::notification::codes::update;

/// What a fault leads to (RFC 7606, 2), the mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The attribute is left out and the rest of the UPDATE stands.
    Discard,
    /// The UPDATE's routes are withdrawn.
    Withdraw,
    /// The session ends with this UPDATE Message Error.
    Reset(ErrorCode),
}

/// What an attribute's length must be, in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// This many.
    Exactly(usize),
    /// A multiple of this, and not zero (RFC 7606, 4).
    MultipleOf(usize),
    /// This many or more.
    AtLeast(usize),
    /// An AS number of the session's width, and an address.
    Aggregator,
    /// The value's own syntax decides.
    Any,
}

/// Which neighbors an attribute is taken from. From others it is discarded before its value is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// From all of them.
    Anyone,
    /// From internal ones.
    Internal,
    /// From those without four-octet AS numbers.
    TwoOctet,
}

/// The rule for one attribute.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its type code.
    pub code: u8,
    /// What its Optional and Transitive bits must be.
    pub flags: u8,
    /// What its length must be.
    pub length: Length,
    /// Who it is taken from.
    pub from: Source,
    /// What follows when length or value are wrong; of wrong flags see [`Rule::on_wrong_flags`].
    pub outcome: Outcome,
}

impl Rule {
    /// Whether the attribute may come from the neighbor.
    pub fn takes_from(&self, ctx: &Context) -> bool {
        match self.from {
            Source::Anyone => true,
            Source::Internal => ctx.internal,
            Source::TwoOctet => !ctx.as4,
        }
    }

    /// Whether the bits that must not differ do not (RFC 7606, 3 c). Partial and the unused bits are never at fault.
    pub fn flags_fit(&self, flags: u8) -> bool {
        flags & (flag::OPTIONAL | flag::TRANSITIVE) == self.flags
    }

    /// What follows when the flags are wrong: what is forgiven in a length or a value is not in them (RFC 7606, 3 c).
    pub const fn on_wrong_flags(&self) -> Outcome {
        match self.outcome {
            Discard | Withdraw => Withdraw,
            reset @ Outcome::Reset(_) => reset,
        }
    }

    /// Whether the value's length is right.
    pub fn length_fits(&self, ctx: &Context, len: usize) -> bool {
        match self.length {
            Length::Exactly(exact) => len == exact,
            Length::MultipleOf(unit) => len != 0 && len.is_multiple_of(unit),
            Length::AtLeast(least) => len >= least,
            Length::Aggregator => len == if ctx.as4 { 8 } else { 6 },
            Length::Any => true,
        }
    }
}

/// The rule for the attribute with this type code; `None`: crier does not know it.
#[inline]
pub fn rule(code: u8) -> Option<&'static Rule> {
    TABLE.get(usize::from(*POSITIONS.get(usize::from(code))?))
}

const WELL_KNOWN: u8 = flag::TRANSITIVE;
const OPTIONAL: u8 = flag::OPTIONAL;
const OPTIONAL_TRANSITIVE: u8 = flag::OPTIONAL | flag::TRANSITIVE;
/// Incorrect MP_REACH_NLRI or MP_UNREACH_NLRI: its prefixes are not known, so nothing less will do (RFC 4760, 7).
const RESET: Outcome = Outcome::Reset(update::OPTIONAL_ATTRIBUTE_ERROR);

use Length::{Aggregator, Any, AtLeast, Exactly, MultipleOf};
use Outcome::{Discard, Withdraw};
use Source::{Anyone, Internal, TwoOctet};

/// The rules: RFC 7606, 7, and for the last three RFC 6793, 6 and RFC 8092, 6.
#[rustfmt::skip]
static TABLE: [Rule; 16] = [
    row(code::ORIGIN, WELL_KNOWN, Exactly(1), Anyone, Withdraw),
    row(code::AS_PATH, WELL_KNOWN, Any, Anyone, Withdraw),
    row(code::NEXT_HOP, WELL_KNOWN, Exactly(4), Anyone, Withdraw),
    row(code::MULTI_EXIT_DISC, OPTIONAL, Exactly(4), Anyone, Withdraw),
    row(code::LOCAL_PREF, WELL_KNOWN, Exactly(4), Internal, Withdraw),
    row(code::ATOMIC_AGGREGATE, WELL_KNOWN, Exactly(0), Anyone, Discard),
    row(code::AGGREGATOR, OPTIONAL_TRANSITIVE, Aggregator, Anyone, Discard),
    row(code::COMMUNITIES, OPTIONAL_TRANSITIVE, MultipleOf(4), Anyone, Withdraw),
    row(code::ORIGINATOR_ID, OPTIONAL, Exactly(4), Internal, Withdraw),
    row(code::CLUSTER_LIST, OPTIONAL, MultipleOf(4), Internal, Withdraw),
    row(code::MP_REACH_NLRI, OPTIONAL, AtLeast(5), Anyone, RESET),
    row(code::MP_UNREACH_NLRI, OPTIONAL, AtLeast(3), Anyone, RESET),
    row(code::EXTENDED_COMMUNITIES, OPTIONAL_TRANSITIVE, MultipleOf(8), Anyone, Withdraw),
    row(code::AS4_PATH, OPTIONAL_TRANSITIVE, AtLeast(6), TwoOctet, Discard),
    row(code::AS4_AGGREGATOR, OPTIONAL_TRANSITIVE, Exactly(8), TwoOctet, Discard),
    row(code::LARGE_COMMUNITIES, OPTIONAL_TRANSITIVE, MultipleOf(12), Anyone, Withdraw),
];

/// Position in [`TABLE`] by type code; past its end for those that are not in it.
static POSITIONS: [u8; 256] = {
    let mut positions = [u8::MAX; 256];
    let mut at = 0;
    while at < TABLE.len() {
        positions[TABLE[at].code as usize] = at as u8;
        at += 1;
    }
    positions
};

const fn row(code: u8, flags: u8, length: Length, from: Source, outcome: Outcome) -> Rule {
    Rule { code, flags, length, from, outcome }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_found_by_its_code_and_no_other_is() {
        let known = (0..=255).filter_map(rule).map(|rule| rule.code);
        assert!(known.eq([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 14, 15, 16, 17, 18, 32]));
        assert!((0..=255).all(|code| rule(code).is_none_or(|rule| rule.code == code)));
    }

    #[test]
    fn only_the_bits_that_matter_are_compared() {
        let origin = rule(code::ORIGIN).unwrap();
        assert!(origin.flags_fit(0x40) && origin.flags_fit(0x7F));
        assert!(!origin.flags_fit(0x00) && !origin.flags_fit(0xC0) && !origin.flags_fit(0x80));
    }
}
