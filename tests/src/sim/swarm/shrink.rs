//! Delta debugging: leaves out as much as it can of what fails, as long as it still fails.

/// Which `parts` can be left out of something that fails, so that it still `fails`. Groups are thinned one after the
/// other, first in large pieces, then one by one, until no single part can go; or until `fails` was asked `limit` times.
///
/// `fails` is told what is left out. It must give the same answer for the same question.
pub fn shrink<T: Clone>(
    parts: impl IntoIterator<Item = Vec<T>>,
    limit: usize,
    fails: impl FnMut(&[T]) -> bool,
) -> Vec<T> {
    let mut groups: Vec<_> = parts.into_iter().collect();
    let mut search = Search { out: Vec::new(), left: limit, fails };
    for group in &mut groups {
        search.thin(group, group.len());
    }
    loop {
        let before = search.out.len();
        for group in &mut groups {
            search.thin(group, 1);
        }
        if search.out.len() == before {
            return search.out;
        }
    }
}

struct Search<T, F> {
    /// What is left out.
    out: Vec<T>,
    /// How often `fails` may still be asked.
    left: usize,
    fails: F,
}

impl<T: Clone, F: FnMut(&[T]) -> bool> Search<T, F> {
    /// Takes pieces out of `group`, ever smaller ones.
    fn thin(&mut self, group: &mut Vec<T>, mut size: usize) {
        while size > 0 {
            let mut kept = Vec::with_capacity(group.len());
            for piece in group.chunks(size) {
                if !self.fails_without(piece) {
                    kept.extend_from_slice(piece);
                }
            }
            *group = kept;
            size = size.min(group.len() * 2) / 2;
        }
    }

    fn fails_without(&mut self, piece: &[T]) -> bool {
        let Some(left) = self.left.checked_sub(1) else { return false };
        self.left = left;
        let before = self.out.len();
        self.out.extend_from_slice(piece);
        let fails = (self.fails)(&self.out);
        if !fails {
            self.out.truncate(before);
        }
        fails
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GROUPS: [(char, u32); 3] = [('h', 60), ('f', 40), ('w', 100)];

    fn parts() -> [Vec<(char, u32)>; 3] {
        GROUPS.map(|(kind, count)| (0..count).map(|n| (kind, n)).collect())
    }

    /// What is left of everything when it fails as long as all of `needed` are there, and how often that was asked.
    fn left(needed: &[(char, u32)], limit: usize) -> (Vec<(char, u32)>, usize) {
        let mut asked = 0;
        let out = shrink(parts(), limit, |out| {
            asked += 1;
            needed.iter().all(|part| !out.contains(part))
        });
        (parts().concat().into_iter().filter(|part| !out.contains(part)).collect(), asked)
    }

    #[test]
    fn what_is_needed_is_left() {
        for needed in
            [&[][..], &[('h', 0)], &[('h', 17), ('f', 39)], &[('h', 3), ('h', 59), ('f', 0), ('w', 42)]]
        {
            let (left, asked) = left(needed, 1_000);
            assert_eq!(left, needed);
            assert!(asked < 80, "{asked} runs");
        }
    }

    #[test]
    fn one_of_two_is_enough() {
        let out = shrink(parts(), 1_000, |out| !out.contains(&('h', 5)) || !out.contains(&('f', 5)));
        assert_eq!(out.len(), 199);
    }

    #[test]
    fn a_part_that_goes_only_after_a_later_one() {
        // Host 1 can go once all work has gone.
        let fails = |out: &[(char, u32)]| {
            let work = out.iter().filter(|(kind, _)| *kind == 'w').count();
            !out.contains(&('h', 2)) && (!out.contains(&('h', 1)) || work == 100)
        };
        let out = shrink(parts(), 1_000, fails);
        assert_eq!(out.len(), 199);
    }

    #[test]
    fn the_limit_holds_and_what_was_found_by_then_counts() {
        assert_eq!(left(&[('h', 0)], 0), (parts().concat(), 0));
        let (some, asked) = left(&[('h', 0), ('w', 0)], 5);
        assert_eq!(asked, 5);
        assert!(some.len() < 200 && some.contains(&('h', 0)) && some.contains(&('w', 0)));
    }
}
