//! Attributes that are lists of equally long values: communities (RFC 1997) and large communities (RFC 8092), and what
//! becomes of such a list when it is edited, without writing it down first.

use super::tlv::{NoRoom, Writer};

/// One step of editing a list whose values are `N` bytes each, in wire order.
#[derive(Clone, Copy, Debug)]
pub enum ListOp<'a, const N: usize> {
    /// The list becomes these values.
    Set(&'a [[u8; N]]),
    /// Values go that equal a pattern's first part in the bits of its second part.
    Remove(&'a [[[u8; N]; 2]]),
    /// These values are added.
    Add(&'a [[u8; N]]),
}

impl<'a, const N: usize> ListOp<'a, N> {
    /// Whether a value that was in the list before this step is there because of it no more.
    fn drops(&self, value: &[u8; N]) -> bool {
        match self {
            Self::Set(_) => true,
            Self::Remove(patterns) => matches_any(value, patterns),
            Self::Add(_) => false,
        }
    }

    fn values(&self) -> &'a [[u8; N]] {
        match self {
            Self::Set(values) | Self::Add(values) => values,
            Self::Remove(_) => &[],
        }
    }
}

/// Whether `value` equals one of the patterns' values in the bits of its mask.
pub fn matches_any<const N: usize>(value: &[u8; N], patterns: &[[[u8; N]; 2]]) -> bool {
    patterns.iter().any(|[wanted, mask]| {
        value
            .iter()
            .zip(mask)
            .zip(wanted)
            .fold(0, |differ, ((byte, mask), want)| differ | ((byte & mask) ^ want))
            == 0
    })
}

/// The values of the list that starts as the attribute value `base` and goes through `ops`, in the order of their
/// arrival; a value that arrives twice comes twice.
pub fn edited<'a, const N: usize>(
    base: &'a [u8],
    ops: &'a [ListOp<'a, N>],
) -> impl Iterator<Item = &'a [u8; N]> {
    let start = base.as_chunks::<N>().0;
    let first = core::iter::once((start, ops));
    let later = ops.iter().enumerate().map(|(i, op)| (op.values(), ops.get(i + 1..).unwrap_or_default()));
    first
        .chain(later)
        .flat_map(|(values, rest)| values.iter().filter(move |value| !rest.iter().any(|op| op.drops(value))))
}

/// Makes an attribute of the values that were written to `out` from `start` on: sorts them, keeps each once, and puts
/// the header in front. Without values nothing is left.
pub fn finish<const N: usize>(start: usize, flags: u8, code: u8, out: &mut Writer<'_>) -> Result<(), NoRoom> {
    let distinct = sort_and_dedup(out.written_mut(start).as_chunks_mut::<N>().0);
    out.truncate(start.saturating_add(distinct.saturating_mul(N)));
    if distinct == 0 { Ok(()) } else { out.wrap_attribute(start, flags, code) }
}

/// Sorts `items`, moves the distinct ones to the front, and returns how many those are.
pub(crate) fn sort_and_dedup<T: Ord + Copy>(items: &mut [T]) -> usize {
    items.sort_unstable();
    let mut kept = 0;
    let mut last = None;
    for from in 0..items.len() {
        let Some(&item) = items.get(from) else { break };
        if last != Some(item)
            && let Some(to) = items.get_mut(kept)
        {
            *to = item;
            kept += 1;
            last = Some(item);
        }
    }
    kept
}
