//! The clock: time since the runtime began, as the core counts it.

use crier_core::Instant;

/// A monotonic clock whose epoch is its own creation.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: std::time::Instant,
}

impl Clock {
    /// A clock that reads [`Instant::EPOCH`] now.
    pub fn start() -> Self {
        Self { start: std::time::Instant::now() }
    }

    /// The present, in whole milliseconds; it never goes back.
    pub fn now(&self) -> Instant {
        Instant::from_millis(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_counts_milliseconds_from_the_start() {
        let clock = Clock { start: std::time::Instant::now() - std::time::Duration::from_millis(1500) };
        let first = clock.now();
        assert!(first >= Instant::from_millis(1500));
        assert!(clock.now() >= first);
    }
}
