//! One attribute after the other: structure by the table, then meaning, then what is kept of it.

use super::canonical::{Halves, Set};
use super::mp::{self, Content};
use super::table::{Outcome, rule};
use super::{Context, Fault, Parsed};
use crate::attrs::Key;
use crate::attrs::tlv::{NoRoom, Tlv, Writer, code, find, flag};
use crate::view::Reason;
use crate::wire::as_path::{AS_TRANS, Scan, scan};
use crate::wire::community::Community;
use crate::wire::notification::ErrorCode;
use crate::wire::notification::codes::update;

/// What has been read of an UPDATE's attributes.
pub(super) struct Reader<'c, 'a> {
    ctx: &'c Context,
    has_nlri: bool,
    /// Prefixes of a family not agreed on are announced.
    foreign: bool,
    seen: Seen,
    /// AS_PATH as received, if it was well-formed.
    path: Scan,
    set: Set<'a>,
    halves: Halves<'a>,
    /// There were more attributes than the set holds.
    overflow: bool,
    parsed: Parsed<'a>,
}

/// What ends the session: an UPDATE Message Error, and the data that goes with it.
pub(super) struct Reset<'a> {
    pub(super) error: ErrorCode,
    pub(super) data: &'a [u8],
}

impl Reset<'_> {
    /// A list that nothing can be taken from with confidence.
    const MALFORMED_LIST: Self = Self { error: update::MALFORMED_ATTRIBUTE_LIST, data: &[] };
}

/// What is wrong with an attribute, and what follows.
struct Wrong {
    outcome: Outcome,
    reason: &'static str,
    refuse: Reason,
}

impl Wrong {
    fn new(outcome: Outcome, reason: &'static str) -> Self {
        Self { outcome, reason, refuse: Reason::Malformed }
    }

    fn discard(reason: &'static str) -> Self {
        Self::new(Outcome::Discard, reason)
    }
}

impl<'c, 'a> Reader<'c, 'a> {
    pub(super) fn new(ctx: &'c Context, has_nlri: bool) -> Self {
        let parsed = Parsed {
            key: Key::default(),
            len: 0,
            next_hop: None,
            mp_reach: None,
            mp_unreach: None,
            withdraw: None,
            refuse: Reason::None,
            discarded: None,
            discarded_count: 0,
            empty: false,
            only_unreach: false,
        };
        Self {
            ctx,
            has_nlri,
            foreign: false,
            seen: Seen::default(),
            path: Scan::default(),
            set: Set::default(),
            halves: Halves::default(),
            overflow: false,
            parsed,
        }
    }

    /// Takes in the next attribute.
    #[inline]
    pub(super) fn read(&mut self, attribute: Tlv<'a>) -> Result<(), Reset<'a>> {
        match self.judge(&attribute) {
            Ok(()) => Ok(()),
            Err(wrong) => self.fault(&attribute, &wrong),
        }
    }

    /// The list ends with `rest`, which is no whole attribute (RFC 7606, 4).
    #[cold]
    pub(super) fn overrun(&mut self, rest: &[u8]) {
        let attribute = rest.get(1).copied().unwrap_or(0);
        self.withdraw(attribute, "runs past the end of the attributes", Reason::Malformed);
        self.seen.count += 1;
    }

    /// Sums up, and writes what is kept to `out`.
    pub(super) fn finish(&mut self, out: &mut [u8]) -> Result<Parsed<'a>, Reset<'a>> {
        self.parsed.empty = self.seen.count == 0;
        self.parsed.only_unreach = self.seen.count == 1 && self.seen.contains(code::MP_UNREACH_NLRI);
        let announces = self.has_nlri || self.parsed.mp_reach.is_some_and(|reach| !reach.nlri.is_empty());
        if !announces && !self.foreign && self.parsed.withdraw.is_some() {
            // The prefixes that a faulty announcement meant were not found (RFC 7606, 5.2).
            return Err(Reset::MALFORMED_LIST);
        }
        if !announces {
            return Ok(self.parsed);
        }
        self.require_mandatory();
        if self.parsed.withdraw.is_none() {
            self.judge_path(self.path);
        }
        if self.parsed.withdraw.is_none() && self.parsed.refuse == Reason::None {
            self.write(out);
        }
        Ok(self.parsed)
    }

    /// Structure, by the table: is the attribute known, the first of its type, with the right flags, expected, of the right length?
    #[inline]
    fn judge(&mut self, attribute: &Tlv<'a>) -> Result<(), Wrong> {
        let Some(rule) = rule(attribute.code) else {
            return self.unknown(attribute);
        };
        if !self.seen.insert(attribute.code) {
            return Err(match rule.outcome {
                // Which of them counts is anybody's guess (RFC 7606, 3 g).
                Outcome::Reset(_) => {
                    Wrong::new(Outcome::Reset(update::MALFORMED_ATTRIBUTE_LIST), "is repeated")
                }
                _ => Wrong::discard("is repeated"),
            });
        }
        if attribute.code == code::NEXT_HOP && !self.has_nlri {
            return Ok(()); // Ignored (RFC 4760, 3).
        }
        if !rule.flags_fit(attribute.flags) {
            return Err(Wrong::new(rule.on_wrong_flags(), "has wrong flags"));
        }
        if !rule.takes_from(self.ctx) {
            return Err(Wrong::discard("is not for this kind of neighbor"));
        }
        if !rule.length_fits(self.ctx, attribute.value.len()) {
            return Err(Wrong::new(rule.outcome, "has a wrong length"));
        }
        let partial =
            if rule.flags == flag::OPTIONAL | flag::TRANSITIVE { attribute.flags & flag::PARTIAL } else { 0 };
        self.meaning(attribute, rule.outcome, rule.flags | partial)
    }

    /// An attribute that is not in the table.
    fn unknown(&mut self, attribute: &Tlv<'a>) -> Result<(), Wrong> {
        if attribute.flags & flag::OPTIONAL == 0 {
            let outcome = Outcome::Reset(update::UNRECOGNIZED_WELL_KNOWN_ATTRIBUTE);
            return Err(Wrong::new(outcome, "is well-known and not known here"));
        }
        if !self.seen.insert(attribute.code) {
            return Err(Wrong::discard("is repeated"));
        }
        if attribute.flags & flag::TRANSITIVE != 0 {
            let flags = flag::OPTIONAL | flag::TRANSITIVE | flag::PARTIAL;
            self.keep(flags, attribute.code, attribute.value);
        }
        Ok(())
    }

    /// Meaning, of an attribute whose structure is right. `outcome` follows where it has none.
    fn meaning(&mut self, attribute: &Tlv<'a>, outcome: Outcome, flags: u8) -> Result<(), Wrong> {
        let wrong = |reason| Wrong::new(outcome, reason);
        let value = attribute.value;
        let number = value.first_chunk::<4>().map_or(0, |&octets| u32::from_be_bytes(octets));
        match attribute.code {
            code::ORIGIN => match value {
                &[origin @ 0..=2] => self.parsed.key.origin = origin,
                _ => return Err(wrong("has an undefined value")),
            },
            code::AS_PATH => {
                self.as_path(value, outcome)?;
                self.keep(flags, code::AS_PATH, value);
            }
            code::NEXT_HOP => {
                if !mp::is_host(self.ctx, value) {
                    return Err(Wrong { refuse: Reason::NextHop, ..wrong("is no host's address") });
                }
                self.parsed.next_hop = value.first_chunk().copied();
            }
            code::MULTI_EXIT_DISC => self.parsed.key.set_med(Some(number)),
            code::LOCAL_PREF => self.parsed.key.set_local_pref(Some(number)),
            code::AGGREGATOR | code::AS4_AGGREGATOR => {
                let (asn, _address) =
                    value.split_last_chunk::<4>().ok_or_else(|| wrong("has a wrong length"))?;
                if asn.iter().all(|&octet| octet == 0) {
                    return Err(wrong("has AS 0")); // RFC 7607, 2
                }
                if attribute.code == code::AGGREGATOR {
                    self.keep(flags, code::AGGREGATOR, value);
                } else {
                    self.halves.aggregator = Some(value);
                }
            }
            code::AS4_PATH => match scan::<4>(value, 0) {
                None => return Err(wrong("has malformed segments")),
                Some(path) if path.zero => return Err(wrong("has AS 0")),
                Some(_) => self.halves.path = Some(value),
            },
            code::COMMUNITIES => {
                for community in Community::iter(value) {
                    self.parsed.key.communities |= Key::community_bit(community.0);
                }
                self.keep(flags, code::COMMUNITIES, value);
            }
            code::ORIGINATOR_ID => {
                self.parsed.key.originator_id = number;
                if number == self.ctx.router_id {
                    self.parsed.refuse = Reason::ReflectionLoop;
                }
                self.keep(flags, code::ORIGINATOR_ID, value);
            }
            code::CLUSTER_LIST => {
                let (clusters, _) = value.as_chunks::<4>();
                self.parsed.key.cluster_len = u8::try_from(clusters.len()).unwrap_or(u8::MAX);
                if clusters.contains(&self.ctx.router_id.to_be_bytes()) {
                    self.parsed.refuse = Reason::ReflectionLoop;
                }
                self.keep(flags, code::CLUSTER_LIST, value);
            }
            code::MP_REACH_NLRI => match mp::reach(self.ctx, value).ok_or_else(|| wrong("is incorrect"))? {
                Content::Foreign(announces) => {
                    self.foreign = announces;
                    return Err(Wrong::discard("is of a family not agreed on"));
                }
                Content::Agreed(reach) => {
                    self.parsed.mp_reach = Some(reach);
                    if !reach.nlri.is_empty() && !mp::is_host(self.ctx, reach.next_hop) {
                        self.withdraw(code::MP_REACH_NLRI, "has a next hop that is no host", Reason::NextHop);
                    }
                }
            },
            code::MP_UNREACH_NLRI => {
                match mp::unreach(self.ctx, value).ok_or_else(|| wrong("is incorrect"))? {
                    Content::Foreign(_) => return Err(Wrong::discard("is of a family not agreed on")),
                    Content::Agreed(unreach) => self.parsed.mp_unreach = Some(unreach),
                }
            }
            // ATOMIC_AGGREGATE, extended and large communities mean nothing here: what may go on is sorted out where they leave.
            other => self.keep(flags, other, value),
        }
        Ok(())
    }

    /// AS_PATH: its segments, and AS 0 (RFC 7607, 2).
    #[inline]
    fn as_path(&mut self, value: &[u8], outcome: Outcome) -> Result<(), Wrong> {
        let own = self.ctx.local_asn;
        let path = if self.ctx.as4 { scan::<4>(value, own) } else { scan::<2>(value, own) };
        let path = path.ok_or_else(|| Wrong::new(outcome, "has malformed segments"))?;
        if path.zero {
            return Err(Wrong { refuse: Reason::AsZero, ..Wrong::new(outcome, "has AS 0") });
        }
        if path.confed && !self.ctx.internal {
            // RFC 5065, 5
            return Err(Wrong::new(outcome, "has a confederation's segments from outside of it"));
        }
        self.path = path;
        Ok(())
    }

    /// Well-known mandatory attributes are there (RFC 7606, 3 d). A faulty one is a fault of its own.
    #[inline]
    fn require_mandatory(&mut self) {
        let next_hop = self.has_nlri.then_some(code::NEXT_HOP);
        let local_pref = self.ctx.internal.then_some(code::LOCAL_PREF);
        for code in [Some(code::ORIGIN), Some(code::AS_PATH), next_hop, local_pref].into_iter().flatten() {
            if !self.seen.contains(code) {
                self.withdraw(code, "is missing", Reason::Malformed);
            }
        }
    }

    /// What speaks against a well-formed AS_PATH, and what decisions compare of it: as received, and once more when it was
    /// merged with an AS4_PATH.
    #[inline]
    fn judge_path(&mut self, path: Scan) {
        let key = &mut self.parsed.key;
        key.path_len = u16::try_from(path.length).unwrap_or(u16::MAX);
        key.neighbor_as = path.first;
        if path.own && !mutant!(OwnAsAccepted) {
            self.parsed.refuse = Reason::OwnAs;
        } else if path.numbers > usize::from(self.ctx.max_as_path) && self.parsed.refuse == Reason::None {
            self.parsed.refuse = Reason::AsPathTooLong;
        }
        let external = !self.ctx.internal && self.ctx.enforce_first_as;
        if external && path.first != self.ctx.remote_asn && self.parsed.refuse == Reason::None {
            self.parsed.refuse = Reason::FirstAs;
        }
    }

    /// Likewise of the path merged with an AS4_PATH. That must not put another AS in the neighbor's place, unless the neighbor
    /// calls itself AS_TRANS and this is its true number.
    fn judge_merged(&mut self, path: Scan) {
        let true_number = self.ctx.remote_asn == AS_TRANS && self.path.first == AS_TRANS;
        let first = if true_number { AS_TRANS } else { path.first };
        self.judge_path(Scan { first, ..path });
        self.parsed.key.neighbor_as = path.first;
    }

    #[inline]
    fn write(&mut self, out: &mut [u8]) {
        let mut w = Writer::new(out);
        let written = if self.overflow {
            Err(NoRoom)
        } else if self.ctx.as4 {
            self.set.write(&mut w)
        } else {
            self.set.write_merged(self.halves, &mut w)
        };
        if written.is_err() {
            self.withdraw(0, "the attributes are too long", Reason::TooLong);
            return;
        }
        if self.halves.path.is_some() {
            let merged =
                find(w.written(), code::AS_PATH).and_then(|path| scan::<4>(path, self.ctx.local_asn));
            self.judge_merged(merged.unwrap_or_default());
        }
        if self.parsed.refuse == Reason::None {
            self.parsed.len = w.len();
        }
    }

    #[inline]
    fn keep(&mut self, flags: u8, code: u8, value: &'a [u8]) {
        self.overflow |= self.set.insert(flags, code, value).is_err();
    }

    #[cold]
    fn fault(&mut self, attribute: &Tlv<'a>, wrong: &Wrong) -> Result<(), Reset<'a>> {
        match wrong.outcome {
            Outcome::Reset(update::MALFORMED_ATTRIBUTE_LIST) => return Err(Reset::MALFORMED_LIST),
            // The others come with the attribute (RFC 4271, 6.3).
            Outcome::Reset(error) => return Err(Reset { error, data: attribute.raw }),
            Outcome::Withdraw => self.withdraw(attribute.code, wrong.reason, wrong.refuse),
            Outcome::Discard => {
                let fault = Fault { attribute: attribute.code, reason: wrong.reason, refuse: Reason::None };
                self.parsed.discarded = Some(fault);
                self.parsed.discarded_count = self.parsed.discarded_count.saturating_add(1);
            }
        }
        Ok(())
    }

    /// Notes a reason to withdraw, unless there is one already.
    #[cold]
    fn withdraw(&mut self, attribute: u8, reason: &'static str, refuse: Reason) {
        self.parsed.withdraw.get_or_insert(Fault { attribute, reason, refuse });
    }
}

/// Type codes that occurred.
#[derive(Default)]
struct Seen {
    bits: [u64; 4],
    /// Attributes, repeated ones included.
    count: u32,
}

impl Seen {
    /// Whether this is the first of its type.
    #[inline]
    fn insert(&mut self, code: u8) -> bool {
        self.count += 1;
        let Some(bits) = self.bits.get_mut(usize::from(code >> 6)) else { return false };
        let bit = 1 << (code & 63);
        let first = *bits & bit == 0;
        *bits |= bit;
        first
    }

    #[inline]
    fn contains(&self, code: u8) -> bool {
        self.bits.get(usize::from(code >> 6)).is_some_and(|bits| bits & 1 << (code & 63) != 0)
    }
}
