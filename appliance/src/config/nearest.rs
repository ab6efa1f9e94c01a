//! "Did you mean": the known word that a mistyped one is nearest to.

/// The word of `known` that is at most a third of `word`'s length, and at most three changes, away from it.
pub(super) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let most = (word.chars().count() / 3).clamp(1, 3);
    known
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|&(distance, _)| distance <= most)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// Characters to insert, delete, replace or swap with their neighbour to get from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous_char = None;
    for (row, ac) in a.chars().enumerate() {
        let mut current = vec![row + 1];
        let mut previous_b = None;
        for (column, &bc) in b.iter().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX / 2);
            let mut best = at(&last, column) + usize::from(ac != bc);
            best = best.min(at(&last, column + 1) + 1).min(at(&current, column) + 1);
            if previous_char == Some(bc) && previous_b == Some(ac) && column > 0 {
                best = best.min(at(&before_last, column - 1) + 1);
            }
            current.push(best);
            previous_b = Some(bc);
        }
        before_last = std::mem::replace(&mut last, current);
        previous_char = Some(ac);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("asn", "asn", 0),
            ("ans", "asn", 1),
            ("as", "asn", 1),
            ("", "asn", 3),
            ("asn", "", 3),
            ("hlod", "hold", 1),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }

    #[test]
    fn only_what_is_near_is_named() {
        let known = || ["asn", "router-id", "listen"].into_iter();
        assert_eq!(nearest("router_id", known()), Some("router-id"));
        assert_eq!(nearest("ans", known()), Some("asn"));
        assert_eq!(nearest("bgp", known()), None);
    }
}
