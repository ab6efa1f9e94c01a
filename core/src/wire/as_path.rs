//! AS_PATH: the autonomous systems that a route went through (RFC 4271, 4.3 and 5.1.2; RFC 5065; RFC 6793).

mod write;

#[cfg(test)]
mod tests;

use core::fmt;

pub(super) use write::{narrow, needs_four_octets, write_merged, write_widened};
pub use write::{prepend, write_as_path, write_as4_path};

/// What stands for an AS number of four octets where only two fit (RFC 6793, 9).
pub const AS_TRANS: u32 = super::open::AS_TRANS as u32;

/// Kind of a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// AS_SET: without order, left by aggregation.
    Set = 1,
    /// AS_SEQUENCE: in order, the nearest first.
    Sequence = 2,
    /// AS_CONFED_SEQUENCE (RFC 5065).
    ConfedSequence = 3,
    /// AS_CONFED_SET (RFC 5065).
    ConfedSet = 4,
}

impl Kind {
    /// The kind with this number on the wire.
    pub const fn from_wire(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Set),
            2 => Some(Self::Sequence),
            3 => Some(Self::ConfedSequence),
            4 => Some(Self::ConfedSet),
            _ => None,
        }
    }

    /// Whether the segment lists members of a confederation, which nothing outside of it is to see.
    pub const fn is_confed(self) -> bool {
        matches!(self, Self::ConfedSequence | Self::ConfedSet)
    }
}

/// A segment whose AS numbers have `WIDTH` octets: four in a canonical path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Segment<'a, const WIDTH: usize = 4> {
    /// What the numbers mean.
    pub kind: Kind,
    numbers: &'a [[u8; WIDTH]],
}

impl<'a, const WIDTH: usize> Segment<'a, WIDTH> {
    /// Its AS numbers, at most 255.
    pub fn numbers(&self) -> impl ExactSizeIterator<Item = u32> + Clone + use<'a, WIDTH> {
        self.numbers.iter().map(number)
    }

    /// What it adds to the length that decisions compare: an AS_SET is one, a confederation nothing (RFC 4271, 9.1.2.2
    /// a; RFC 5065, 5.3).
    pub fn length(&self) -> usize {
        match self.kind {
            Kind::Sequence => self.numbers.len(),
            Kind::Set => 1,
            Kind::ConfedSequence | Kind::ConfedSet => 0,
        }
    }
}

/// The segments of a path. Ends at the first byte that begins none; [`Segments::is_done`] tells whether that is the end.
#[derive(Clone, Debug)]
pub struct Segments<'a, const WIDTH: usize = 4> {
    rest: &'a [u8],
}

impl<const WIDTH: usize> Segments<'_, WIDTH> {
    /// Whether everything was read. False after the last segment: the path is malformed (RFC 7606, 7.2).
    pub fn is_done(&self) -> bool {
        self.rest.is_empty()
    }
}

impl<'a, const WIDTH: usize> Iterator for Segments<'a, WIDTH> {
    type Item = Segment<'a, WIDTH>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (&[kind, count], after) = self.rest.split_first_chunk::<2>()?;
        let kind = Kind::from_wire(kind)?;
        if count == 0 {
            return None; // An empty segment is a fault (RFC 7606, 7.2).
        }
        let (numbers, rest) = after.split_at_checked(usize::from(count) * WIDTH)?;
        let (numbers, _) = numbers.as_chunks::<WIDTH>();
        self.rest = rest;
        Some(Segment { kind, numbers })
    }
}

/// The value of a canonical AS_PATH attribute.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AsPath<'a>(&'a [u8]);

impl<'a> AsPath<'a> {
    /// The path in `value`, whose AS numbers have four octets. Reading ends where it is malformed.
    pub const fn new(value: &'a [u8]) -> Self {
        Self(value)
    }

    /// The path among the canonical attributes of a set; empty if there is none.
    pub fn of(attributes: &'a [u8]) -> Self {
        Self(crate::attrs::tlv::find(attributes, crate::attrs::tlv::code::AS_PATH).unwrap_or(&[]))
    }

    /// Its bytes.
    pub const fn value(&self) -> &'a [u8] {
        self.0
    }

    /// Its segments, the nearest first.
    pub fn segments(&self) -> Segments<'a> {
        Segments { rest: self.0 }
    }

    /// The AS numbers of all segments.
    pub fn numbers(&self) -> impl Iterator<Item = u32> + Clone + use<'a> {
        self.segments().flat_map(|segment| segment.numbers())
    }

    /// Its length for decisions (see [`Segment::length`]), [`u16::MAX`] for more.
    pub fn length(&self) -> u16 {
        let length = self.segments().map(|segment| segment.length()).sum::<usize>();
        u16::try_from(length).unwrap_or(u16::MAX)
    }

    /// Whether `asn` is in any segment.
    pub fn contains(&self, asn: u32) -> bool {
        self.numbers().any(|number| number == asn)
    }

    /// The first AS number, if the path begins with an AS_SEQUENCE.
    pub fn first(&self) -> Option<u32> {
        self.segments().next().filter(|segment| segment.kind == Kind::Sequence)?.numbers().next()
    }
}

/// Numbers joined by a space; AS_SET as `{1,2}`, AS_CONFED_SEQUENCE as `(1 2)`, AS_CONFED_SET as `[1,2]`.
impl fmt::Display for AsPath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, segment) in self.segments().enumerate() {
            let (open, between, close) = match segment.kind {
                Kind::Sequence => ("", ' ', ""),
                Kind::Set => ("{", ',', "}"),
                Kind::ConfedSequence => ("(", ' ', ")"),
                Kind::ConfedSet => ("[", ',', "]"),
            };
            f.write_str(if position == 0 { "" } else { " " })?;
            f.write_str(open)?;
            for (position, number) in segment.numbers().enumerate() {
                if position > 0 {
                    fmt::Write::write_char(f, between)?;
                }
                write!(f, "{number}")?;
            }
            f.write_str(close)?;
        }
        Ok(())
    }
}

/// What one pass over a received path finds out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Scan {
    /// AS numbers in all segments.
    pub(super) numbers: usize,
    /// Length for decisions.
    pub(super) length: usize,
    /// [`AsPath::first`], else 0.
    pub(super) first: u32,
    /// AS 0 is in it (RFC 7607).
    pub(super) zero: bool,
    /// The AS asked for is in it.
    pub(super) own: bool,
    /// It has a segment of a confederation.
    pub(super) confed: bool,
}

/// Reads a received path whose AS numbers have `WIDTH` octets, looking for `own`. `None`: it is malformed (RFC 7606,
/// 7.2).
#[inline]
pub(super) fn scan<const WIDTH: usize>(value: &[u8], own: u32) -> Option<Scan> {
    let mut scan = Scan::default();
    let mut segments = Segments::<WIDTH> { rest: value };
    for segment in segments.by_ref() {
        if scan.numbers == 0 && segment.kind == Kind::Sequence {
            scan.first = segment.numbers().next().unwrap_or(0);
        }
        scan.confed |= segment.kind.is_confed();
        scan.numbers += segment.numbers.len();
        scan.length += segment.length();
        for number in segment.numbers() {
            scan.zero |= number == 0;
            scan.own |= number == own;
        }
    }
    segments.is_done().then_some(scan)
}

/// An AS number in network order.
#[inline]
fn number<const WIDTH: usize>(octets: &[u8; WIDTH]) -> u32 {
    octets.iter().fold(0, |number, &octet| number << 8 | u32::from(octet))
}
