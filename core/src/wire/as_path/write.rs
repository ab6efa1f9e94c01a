//! Writing paths: as they are, with AS numbers in front, for neighbors without four-octet AS numbers, and out of the
//! two halves that such neighbors send.

use super::{AS_TRANS, AsPath, Kind, Segments};
use crate::attrs::tlv::{NoRoom, Writer, code, flag};

/// Most AS numbers in a segment.
const SEGMENT_MAX: usize = 255;

/// AS_PATH as it goes to a neighbor.
///
/// `prepend` is the own AS number, given where the route leaves the AS: it goes in front (RFC 4271, 5.1.2 b) and the
/// segments of a confederation stay behind (RFC 5065, 4.1). Without `as4` the numbers have two octets and [`AS_TRANS`]
/// stands for larger ones; [`write_as4_path`] then carries what was lost.
///
/// # Errors
/// There is no room; part of the attribute may have been written.
pub fn write_as_path(
    w: &mut Writer<'_>,
    path: AsPath<'_>,
    prepend: Option<u32>,
    as4: bool,
) -> Result<(), NoRoom> {
    if as4 && prepend.is_none() {
        return w.put_attribute(flag::TRANSITIVE, code::AS_PATH, path.value());
    }
    write_attribute(w, flag::TRANSITIVE, code::AS_PATH, as4, |out| {
        out.repeat(prepend.unwrap_or(0), prepend.iter().len() << u32::from(mutant!(PrependTwice)))?;
        out.segments(path.segments().filter(|segment| prepend.is_none() || !segment.kind.is_confed()))
    })
}

/// AS4_PATH to go with an AS_PATH in two octets; nothing where that lost nothing (RFC 6793, 4.2.2).
///
/// `prepend` as for [`write_as_path`].
///
/// # Errors
/// There is no room; part of the attribute may have been written.
pub fn write_as4_path(w: &mut Writer<'_>, path: AsPath<'_>, prepend: Option<u32>) -> Result<(), NoRoom> {
    let segments = || path.segments().filter(|segment| !segment.kind.is_confed());
    let mut numbers = segments().flat_map(|segment| segment.numbers()).chain(prepend);
    if !numbers.any(needs_four_octets) {
        return Ok(());
    }
    write_attribute(w, flag::OPTIONAL | flag::TRANSITIVE, code::AS4_PATH, true, |out| {
        out.repeat(prepend.unwrap_or(0), prepend.iter().len())?;
        out.segments(segments())
    })
}

/// Canonical AS_PATH with `asn` in front of `path`, `times` times: a longer way round. Where the first segment is full, a new
/// one is opened in front of it (RFC 4271, 5.1.2).
///
/// # Errors
/// There is no room; part of the attribute may have been written.
pub fn prepend(w: &mut Writer<'_>, path: AsPath<'_>, asn: u32, times: u16) -> Result<(), NoRoom> {
    const SEQUENCE: u8 = Kind::Sequence as u8;
    let asn = asn.to_be_bytes();
    let times = usize::from(times);
    let (joined, rest) = match path.value() {
        [SEQUENCE, len, rest @ ..] => (usize::from(*len), rest),
        value => (0, value),
    };
    // As many as fit go into the first segment, the others into segments in front of it.
    let into_first = times.min(SEGMENT_MAX.saturating_sub(joined));
    let in_front = times - into_first;
    let segments = in_front.div_ceil(SEGMENT_MAX) + usize::from(joined + into_first > 0);
    w.put_header(flag::TRANSITIVE, code::AS_PATH, 2 * segments + 4 * times + rest.len())?;
    let mut left = in_front;
    while left > 0 {
        let here = if left.is_multiple_of(SEGMENT_MAX) { SEGMENT_MAX } else { left % SEGMENT_MAX };
        put_sequence(here, here, asn, w)?;
        left -= here;
    }
    if joined + into_first > 0 {
        put_sequence(joined + into_first, into_first, asn, w)?;
    }
    w.put(rest)
}

/// The header of an AS_SEQUENCE of `len` numbers, and `asn` for the first `count` of them.
fn put_sequence(len: usize, count: usize, asn: [u8; 4], w: &mut Writer<'_>) -> Result<(), NoRoom> {
    w.put(&[Kind::Sequence as u8, u8::try_from(len).map_err(|_| NoRoom)?])?;
    for _ in 0..count {
        w.put(&asn)?;
    }
    Ok(())
}

/// Canonical AS_PATH from one with two-octet numbers.
pub(in super::super) fn write_widened(w: &mut Writer<'_>, as_path: &[u8]) -> Result<(), NoRoom> {
    write_attribute(w, flag::TRANSITIVE, code::AS_PATH, true, |out| {
        out.segments(Segments::<2> { rest: as_path })
    })
}

/// Canonical AS_PATH from the two-octet AS_PATH and the AS4_PATH of a neighbor without four-octet AS numbers: as much
/// of the front of the former as the latter lacks (RFC 6793, 4.2.3).
pub(in super::super) fn write_merged(
    w: &mut Writer<'_>,
    as_path: &[u8],
    as4_path: &[u8],
) -> Result<(), NoRoom> {
    let short = || Segments::<2> { rest: as_path };
    // What lists members of a confederation has no place in AS4_PATH and is left out of it (RFC 6793, 6).
    let long = || Segments::<4> { rest: as4_path }.filter(|segment| !segment.kind.is_confed());
    let short_len = short().map(|segment| segment.length()).sum::<usize>();
    let long_len = long().map(|segment| segment.length()).sum::<usize>();
    let Some(lacking) = short_len.checked_sub(long_len) else {
        return write_widened(w, as_path); // It has more than AS_PATH, which no speaker sends: AS4_PATH is ignored.
    };
    write_attribute(w, flag::TRANSITIVE, code::AS_PATH, true, |out| {
        let mut lacking = lacking;
        for segment in short() {
            // A confederation's segment counts nothing and goes with what it leads or follows.
            if lacking == 0 && !segment.kind.is_confed() {
                break;
            }
            let take = if segment.kind == Kind::Sequence { lacking } else { SEGMENT_MAX };
            let kept = segment.numbers().len().min(take);
            out.segment(segment.kind, segment.numbers().take(kept), false)?;
            lacking -= segment.length().min(lacking);
        }
        out.segments(long())
    })
}

/// Whether an AS number does not fit two octets.
pub(in super::super) fn needs_four_octets(asn: u32) -> bool {
    asn > u32::from(u16::MAX)
}

/// An AS number in two octets: itself, or [`AS_TRANS`].
pub(in super::super) fn narrow(asn: u32) -> [u8; 2] {
    let [.., high, low] = if needs_four_octets(asn) { AS_TRANS } else { asn }.to_be_bytes();
    [high, low]
}

/// Writes an attribute whose value `emit` makes, after a first call of it that only measures.
fn write_attribute(
    w: &mut Writer<'_>,
    flags: u8,
    code: u8,
    as4: bool,
    emit: impl Fn(&mut Output<'_, '_>) -> Result<(), NoRoom>,
) -> Result<(), NoRoom> {
    let mut measure = Output { to: None, as4, len: 0, last: None };
    emit(&mut measure)?;
    w.put_header(flags, code, measure.len)?;
    emit(&mut Output { to: Some(w), as4, len: 0, last: None })
}

/// Takes segments and writes them, or only counts their bytes.
struct Output<'o, 'w> {
    to: Option<&'o mut Writer<'w>>,
    as4: bool,
    len: usize,
    /// The last segment, if it can grow.
    last: Option<Last>,
}

/// A segment that can grow.
struct Last {
    kind: Kind,
    count: usize,
    /// Where in the writer its count stands.
    count_at: usize,
}

impl Output<'_, '_> {
    /// `asn`, `times` times, to the front of a path.
    fn repeat(&mut self, asn: u32, times: usize) -> Result<(), NoRoom> {
        if times == 0 {
            return Ok(());
        }
        self.segment(Kind::Sequence, core::iter::repeat_n(asn, times), false)
    }

    /// The segments of a path; the first continues what is there, the others are kept apart as they are.
    fn segments<'a, const WIDTH: usize>(
        &mut self,
        segments: impl Iterator<Item = super::Segment<'a, WIDTH>>,
    ) -> Result<(), NoRoom> {
        for (position, segment) in segments.enumerate() {
            self.segment(segment.kind, segment.numbers(), position == 0)?;
        }
        Ok(())
    }

    /// One segment of at most [`SEGMENT_MAX`] numbers, put into the last one if `join` says so and all of it fits there.
    fn segment(
        &mut self,
        kind: Kind,
        numbers: impl ExactSizeIterator<Item = u32>,
        join: bool,
    ) -> Result<(), NoRoom> {
        let added = numbers.len();
        let joined = self
            .last
            .as_ref()
            .filter(|last| join && last.kind == kind && kind == Kind::Sequence)
            .map(|last| (last.count + added, last.count_at))
            .filter(|&(count, _)| count <= SEGMENT_MAX);
        let (count, count_at) = if let Some((count, count_at)) = joined {
            if let Some(to) = &mut self.to {
                to.patch(count_at, &[u8::try_from(count).map_err(|_| NoRoom)?])?;
            }
            (count, count_at)
        } else {
            let count_at = self.to.as_ref().map_or(0, |to| to.len() + 1);
            self.put(&[kind as u8, u8::try_from(added).map_err(|_| NoRoom)?])?;
            (added, count_at)
        };
        self.last = Some(Last { kind, count, count_at });
        for number in numbers {
            if self.as4 {
                self.put(&number.to_be_bytes())?;
            } else {
                self.put(&narrow(number))?;
            }
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> Result<(), NoRoom> {
        self.len += bytes.len();
        match &mut self.to {
            Some(to) => to.put(bytes),
            None => Ok(()),
        }
    }
}
