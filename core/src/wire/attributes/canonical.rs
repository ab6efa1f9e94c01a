//! The canonical form of what is kept: sorted, each type once, AS numbers of four octets (see [`crate::attrs`]).

use crate::attrs::tlv::{NoRoom, Writer, code};
use crate::wire::as_path::{self, AS_TRANS};

/// Most attributes of a set. Twice what the IANA registry lists; an UPDATE with more is not stored.
const MAX_KEPT: usize = 64;

/// An attribute that is kept.
struct Kept<'a> {
    code: u8,
    /// Canonical, without Extended Length.
    flags: u8,
    /// As received.
    value: &'a [u8],
}

/// Attributes that are kept, sorted by type code, each once.
#[derive(Default)]
pub(super) struct Set<'a> {
    kept: heapless::Vec<Kept<'a>, MAX_KEPT>,
}

/// What a neighbor without four-octet AS numbers sends beside AS_PATH and AGGREGATOR (RFC 6793, 3).
#[derive(Clone, Copy, Default)]
pub(super) struct Halves<'a> {
    /// AS4_PATH.
    pub(super) path: Option<&'a [u8]>,
    /// AS4_AGGREGATOR.
    pub(super) aggregator: Option<&'a [u8]>,
}

impl<'a> Set<'a> {
    /// Adds an attribute, wherever it belongs, of a type that is not in the set yet.
    #[inline]
    pub(super) fn insert(&mut self, flags: u8, code: u8, value: &'a [u8]) -> Result<(), NoRoom> {
        let attribute = Kept { code, flags, value };
        if self.kept.last().is_none_or(|last| last.code < code) {
            return self.kept.push(attribute).map_err(|_| NoRoom);
        }
        let at = self.kept.iter().take_while(|kept| kept.code < code).count();
        self.kept.insert(at, attribute).map_err(|_| NoRoom)
    }

    /// Writes the set, from a neighbor with four-octet AS numbers.
    pub(super) fn write(&self, w: &mut Writer<'_>) -> Result<(), NoRoom> {
        self.kept.iter().try_for_each(|kept| kept.write(w))
    }

    /// Writes the set, from a neighbor without four-octet AS numbers (RFC 6793, 4.2.3).
    pub(super) fn write_merged(&self, halves: Halves<'a>, w: &mut Writer<'_>) -> Result<(), NoRoom> {
        let aggregator = self.kept.iter().find(|kept| kept.code == code::AGGREGATOR);
        let aggregator = aggregator.and_then(|kept| kept.value.first_chunk::<2>());
        // Somebody after the last speaker with four-octet AS numbers aggregated: what those left is of another route.
        let outdated = halves.aggregator.is_some()
            && aggregator.is_some_and(|&asn| u32::from(u16::from_be_bytes(asn)) != AS_TRANS);
        let halves = if outdated { Halves::default() } else { halves };
        for kept in &self.kept {
            match (kept.code, halves.path, halves.aggregator) {
                (code::AS_PATH, Some(path), _) => as_path::write_merged(w, kept.value, path)?,
                (code::AS_PATH, None, _) => as_path::write_widened(w, kept.value)?,
                (code::AGGREGATOR, _, Some(whole)) => w.put_attribute(kept.flags, kept.code, whole)?,
                (code::AGGREGATOR, _, None) => {
                    w.put_header(kept.flags, kept.code, 2 + kept.value.len())?;
                    w.put(&[0, 0])?;
                    w.put(kept.value)?;
                }
                _ => kept.write(w)?,
            }
        }
        Ok(())
    }
}

impl Kept<'_> {
    #[inline]
    fn write(&self, w: &mut Writer<'_>) -> Result<(), NoRoom> {
        if self.code == code::LARGE_COMMUNITIES {
            return self.write_large(w);
        }
        w.put_attribute(self.flags, self.code, self.value)
    }

    /// Large communities, each once (RFC 8092, 5). They have no order, so those that are not in ascending order are
    /// sorted first: comparing each with each would let one UPDATE cost millions of comparisons.
    fn write_large(&self, w: &mut Writer<'_>) -> Result<(), NoRoom> {
        const EACH: usize = 12;
        let (received, _) = self.value.as_chunks::<EACH>();
        if received.is_sorted_by(|one, next| one < next) {
            return w.put_attribute(self.flags, self.code, self.value);
        }
        // Written without a header, whose size depends on how many remain, made unique, and then moved to make room.
        let start = w.len();
        w.put(self.value)?;
        let (all, _) = w.written_mut(start).as_chunks_mut::<EACH>();
        all.sort_unstable();
        let mut distinct = 0;
        for at in 0..all.len() {
            if distinct == 0 || all.get(at) != all.get(distinct - 1) {
                all.swap(distinct, at);
                distinct += 1;
            }
        }
        let len = distinct * EACH;
        w.truncate(start + len);
        w.insert_header(start, self.flags, self.code)
    }
}
