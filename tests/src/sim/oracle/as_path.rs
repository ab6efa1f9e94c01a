//! AS_PATH, counted and compared place by place: an AS of a sequence is a place, and so is a whole AS_SET.

use crate::sim::route::Segment;

/// The places of a path, nearest first, each with the AS numbers that stand there.
pub(super) fn places(path: &[Segment]) -> Vec<Vec<u32>> {
    let mut places = Vec::new();
    for segment in path {
        match segment {
            Segment::Sequence(numbers) => places.extend(numbers.iter().map(|number| vec![*number])),
            Segment::Set(numbers) => places.push(numbers.iter().copied().collect()),
        }
    }
    places
}

/// Every AS number in a path.
pub(super) fn numbers(path: &[Segment]) -> Vec<u32> {
    places(path).concat()
}

/// The AS that a path begins with; `None` where it is empty or begins with an AS_SET.
pub(super) fn first(path: &[Segment]) -> Option<u32> {
    match path.first() {
        Some(Segment::Sequence(numbers)) => numbers.first().copied(),
        Some(Segment::Set(_)) | None => None,
    }
}

/// The AS that a path begins with once `own` is taken off its front; `None` likewise.
pub(super) fn first_after(own: u32, path: &[Segment]) -> Option<u32> {
    let mut front = path.iter().flat_map(|segment| match segment {
        Segment::Sequence(numbers) => numbers.iter().copied().map(Some).collect(),
        Segment::Set(_) => vec![None],
    });
    front.find(|number| *number != Some(own)).flatten()
}

/// A path with an AS in front of it, so many times (RFC 4271, 5.1.2).
pub(super) fn prepended(path: &[Segment], asn: u32, times: usize) -> Vec<Segment> {
    if times == 0 {
        return path.to_vec();
    }
    let mut front = vec![asn; times];
    let rest = match path {
        [Segment::Sequence(numbers), rest @ ..] => {
            front.extend(numbers);
            rest
        }
        _ => path,
    };
    let mut whole = vec![Segment::Sequence(front)];
    whole.extend_from_slice(rest);
    whole
}
