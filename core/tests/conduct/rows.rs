//! A table's failures, gathered: all rows that fail are named at once.

use std::fmt::Debug;

#[derive(Default)]
pub(crate) struct Rows {
    seen: usize,
    wrong: Vec<String>,
}

impl Rows {
    /// One cell.
    pub(crate) fn check<T: Debug + PartialEq>(&mut self, row: &str, found: &T, wanted: &T) {
        self.seen += 1;
        if found != wanted {
            self.wrong.push(format!("{row}\n    wanted {wanted:?}\n    found  {found:?}"));
        }
    }

    /// Fails if any row did, or if there were not `count` of them: no table shrinks unseen.
    #[track_caller]
    pub(crate) fn finish(self, count: usize) {
        assert!(self.wrong.is_empty(), "{} of {}:\n{}", self.wrong.len(), self.seen, self.wrong.join("\n"));
        assert_eq!(self.seen, count, "rows");
    }
}
