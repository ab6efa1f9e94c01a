//! The compiled form of policies: what [`compile`](super::compile) writes and [`Policies`] reads.
//!
//! Numbers are big-endian, nothing is aligned, so that the bytes can lie anywhere and compare equal on every machine.
//!
//! ```text
//! area      count:u16  (start:u32 end:u32) × count  policy × count
//! policy    rules:u16  flags:u8  slots:u8  (rule:u16) × slots  (offset:u32) × rules  rule × rules
//! rule      length:u32  action:u8  slot:u8  matches:u32  item … (matches, `matches` bytes)  item … (sets)
//! item      length:u32  kind:u8  payload
//! ```
//!
//! Lengths count what follows them, offsets count from the start of the policy. Slots number the rules that change a
//! route and go on, so that [`Applied`](super::Applied) is a few bits. All-zero bytes are an area without policies.
//! What does not read as this form reads as "no such policy", which rejects.

/// A policy's verdict depends on the prefix.
pub(super) const DEPENDS_ON_PREFIX: u8 = 1;

/// The slot of a rule that has none.
pub(super) const NO_SLOT: u8 = u8::MAX;

/// Actions of rules.
pub(super) mod action {
    pub(in super::super) const ACCEPT: u8 = 1;
    pub(in super::super) const REJECT: u8 = 2;
    pub(in super::super) const NEXT: u8 = 3;
}

/// Kinds of matches, quick ones first: that is the order in which a rule's matches are tried.
pub(super) mod matching {
    /// Bit 1 << family.
    pub(in super::super) const FAMILY: u8 = 1;
    /// Bit 1 << origin.
    pub(in super::super) const ORIGIN: u8 = 2;
    /// (min:u16 max:u16) …
    pub(in super::super) const AS_PATH_LENGTH: u8 = 3;
    /// count:u32, then so many IPv4 entries of a prefix list, then IPv6 ones.
    pub(in super::super) const PREFIX: u8 = 4;
    /// (family:u8 length:u8 address:16 bytes, IPv4 in the first four) …
    pub(in super::super) const NEXT_HOP: u8 = 5;
    /// (value:u32 mask:u32) …
    pub(in super::super) const COMMUNITY: u8 = 6;
    /// (value:12 bytes mask:12 bytes) …
    pub(in super::super) const LARGE_COMMUNITY: u8 = 7;
    /// (tokens:u8 token × tokens) …
    pub(in super::super) const AS_PATH: u8 = 8;
}

/// Kinds of sets, in the order in which a rule's sets apply.
pub(super) mod setting {
    /// 4 or 16 bytes.
    pub(in super::super) const NEXT_HOP: u8 = 1;
    /// Empty.
    pub(in super::super) const NEXT_HOP_SELF: u8 = 2;
    /// u32.
    pub(in super::super) const LOCAL_PREF: u8 = 3;
    /// u32, or empty to remove it.
    pub(in super::super) const MED: u8 = 4;
    /// u8.
    pub(in super::super) const ORIGIN: u8 = 5;
    /// u8.
    pub(in super::super) const PREPEND: u8 = 6;
    /// u32 …
    pub(in super::super) const SET_COMMUNITIES: u8 = 7;
    /// (value:u32 mask:u32) …
    pub(in super::super) const REMOVE_COMMUNITIES: u8 = 8;
    /// u32 …
    pub(in super::super) const ADD_COMMUNITIES: u8 = 9;
    /// 12 bytes …
    pub(in super::super) const SET_LARGE_COMMUNITIES: u8 = 10;
    /// (value:12 bytes mask:12 bytes) …
    pub(in super::super) const REMOVE_LARGE_COMMUNITIES: u8 = 11;
    /// 12 bytes …
    pub(in super::super) const ADD_LARGE_COMMUNITIES: u8 = 12;
}

/// A view on compiled policies.
#[derive(Clone, Copy, Debug, Default)]
pub struct Policies<'a> {
    bytes: &'a [u8],
}

impl<'a> Policies<'a> {
    /// Views what [`compile`](super::compile) wrote at the front of `bytes`; bytes that are zero or none at all hold no
    /// policy.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// How many policies there are.
    pub fn len(&self) -> u16 {
        self.bytes.first_chunk().map_or(0, |count| u16::from_be_bytes(*count))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether the verdict of this policy can differ between two prefixes of one family with equal attributes. Where it
    /// cannot, a verdict holds for every prefix that shares an attribute set.
    pub fn depends_on_prefix(&self, id: u16) -> bool {
        self.policy(id).is_some_and(|policy| policy.flags & DEPENDS_ON_PREFIX != 0)
    }

    pub(super) fn policy(&self, id: u16) -> Option<PolicyForm<'a>> {
        PolicyForm::read(self.bytes_of(id)?)
    }

    fn bytes_of(&self, id: u16) -> Option<&'a [u8]> {
        let (count, entries) = self.bytes.split_first_chunk()?;
        if id >= u16::from_be_bytes(*count) {
            return None;
        }
        let &[a, b, c, d, e, f, g, h] = entries.get(8 * usize::from(id)..)?.first_chunk()?;
        self.bytes.get(index([a, b, c, d])..index([e, f, g, h]))
    }
}

/// Whether two compiled policies are the same but for their names, so that a reload need not ask anybody anew. Two that
/// do not exist are the same.
pub fn same(a: &Policies<'_>, a_id: u16, b: &Policies<'_>, b_id: u16) -> bool {
    a.bytes_of(a_id) == b.bytes_of(b_id)
}

/// A compiled policy. Its tables are found when they are asked for, since most verdicts need none.
#[derive(Clone, Copy)]
pub(super) struct PolicyForm<'a> {
    bytes: &'a [u8],
    rules: u16,
    flags: u8,
    slots: u8,
}

impl<'a> PolicyForm<'a> {
    const SLOTS_AT: usize = 4;

    fn read(bytes: &'a [u8]) -> Option<Self> {
        let &[high, low, flags, slots] = bytes.first_chunk()?;
        Some(Self { bytes, rules: u16::from_be_bytes([high, low]), flags, slots })
    }

    fn offsets_at(&self) -> usize {
        Self::SLOTS_AT + 2 * usize::from(self.slots)
    }

    /// The rules in order.
    pub(super) fn rules(&self) -> Rules<'a> {
        Rules(self.bytes.get(self.offsets_at() + 4 * usize::from(self.rules)..).unwrap_or_default())
    }

    /// The rule at this position.
    pub(super) fn rule(&self, number: u16) -> Option<RuleForm<'a>> {
        if number >= self.rules {
            return None;
        }
        let offset = self.bytes.get(self.offsets_at() + 4 * usize::from(number)..)?.first_chunk()?;
        Rules(self.bytes.get(index(*offset)..)?).next()
    }

    /// The position of the rule that has this slot.
    pub(super) fn slot(&self, slot: u8) -> Option<u16> {
        if slot >= self.slots {
            return None;
        }
        let rule = self.bytes.get(Self::SLOTS_AT + 2 * usize::from(slot)..)?.first_chunk()?;
        Some(u16::from_be_bytes(*rule))
    }
}

/// Rules one behind the other.
#[derive(Clone, Copy)]
pub(super) struct Rules<'a>(&'a [u8]);

impl<'a> Iterator for Rules<'a> {
    type Item = RuleForm<'a>;

    #[inline]
    fn next(&mut self) -> Option<RuleForm<'a>> {
        let (len, rest) = self.0.split_first_chunk()?;
        let (rule, rest) = rest.split_at_checked(index(*len))?;
        let (&[action, slot, a, b, c, d], items) = rule.split_first_chunk()?;
        let (matches, sets) = items.split_at_checked(index([a, b, c, d]))?;
        self.0 = rest;
        Some(RuleForm { action, slot, matches, sets })
    }
}

/// A compiled rule, taken apart.
#[derive(Clone, Copy)]
pub(super) struct RuleForm<'a> {
    pub(super) action: u8,
    pub(super) slot: u8,
    matches: &'a [u8],
    sets: &'a [u8],
}

impl<'a> RuleForm<'a> {
    /// Kind and payload of each match.
    pub(super) fn matches(&self) -> impl Iterator<Item = (u8, &'a [u8])> + use<'a> {
        items(self.matches)
    }

    /// Kind and payload of each set.
    pub(super) fn sets(&self) -> impl Iterator<Item = (u8, &'a [u8])> + use<'a> {
        items(self.sets)
    }

    /// Whether it changes a route.
    pub(super) const fn has_sets(&self) -> bool {
        !self.sets.is_empty()
    }
}

#[inline]
fn items(bytes: &[u8]) -> impl Iterator<Item = (u8, &[u8])> {
    let mut rest = bytes;
    core::iter::from_fn(move || {
        let (len, after) = rest.split_first_chunk()?;
        let (item, after) = after.split_at_checked(index(*len))?;
        rest = after;
        let (kind, payload) = item.split_first()?;
        Some((*kind, payload))
    })
}

/// A length or an offset. One that exceeds the machine's addresses lies past the end of everything, as it should.
fn index(bytes: [u8; 4]) -> usize {
    usize::try_from(u32::from_be_bytes(bytes)).unwrap_or(usize::MAX)
}

/// Reads from the front of bytes.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a>(pub(super) &'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(taken)
    }

    fn chunk<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    pub(super) fn u8(&mut self) -> Option<u8> {
        self.chunk().map(u8::from_be_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.chunk().map(u32::from_be_bytes)
    }
}
