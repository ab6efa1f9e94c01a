//! What is to happen, and when.

use std::cmp::Ordering;

use crate::sim::Micros;

/// What is to happen.
#[derive(Debug)]
pub(super) enum What {
    /// A packet arrives at a host.
    Arrive(usize, Vec<u8>),
    /// A timer of a host's connection, by its place and serial number.
    Timer(usize, usize, u64),
    /// A host's daemon is to have a turn.
    Wake(usize),
    /// A fault begins.
    Begin(usize),
    /// A fault ends.
    End(usize),
    /// An operator does something.
    Work(usize),
    /// A host's daemon starts.
    Start(usize),
}

/// Something that is to happen at a time; of those at the same time, what was planned first comes first.
#[derive(Debug)]
pub(super) struct Due {
    pub(super) at: Micros,
    pub(super) order: u64,
    pub(super) what: What,
}

impl Ord for Due {
    /// The earliest is the greatest: the queue gives the greatest.
    fn cmp(&self, other: &Self) -> Ordering {
        (other.at, other.order).cmp(&(self.at, self.order))
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}
