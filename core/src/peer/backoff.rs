//! Idle hold: how long a neighbor rests after a failure (RFC 4271, 8.1.1, DampPeerOscillations).
//!
//! The first failure costs nothing, for most are a restart of the other side. Those that follow cost more, up to a
//! minute: a neighbor that was repaired is never locked out for long.

use crate::time::Millis;

/// Rest after the first failure, the second, and so on; the last entry counts for all that follow.
const RESTS: [u64; 6] = [0, 5, 10, 20, 40, 60];

/// Most of a rest in which a neighbor that calls is turned away. What is left of it holds back our own dialling alone: who
/// calls has been repaired, or would call on and be refused for nothing.
pub const DEAF: Millis = Millis::from_secs(5);

/// A session that was Established this long is sound: what failed before it is forgotten.
pub const SOUND: Millis = Millis::from_secs(60);

/// How often a neighbor's sessions failed lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Backoff {
    failures: u8,
}

impl Backoff {
    /// Counts a failure of a session that was Established for `established`, zero if it never was. Returns how long the
    /// neighbor rests, before jitter.
    pub fn failed(&mut self, established: Millis) -> Millis {
        if established >= SOUND {
            self.clear();
        }
        let [.., longest] = RESTS;
        let rest = RESTS.get(usize::from(self.failures)).copied().unwrap_or(longest);
        self.failures = self.failures.saturating_add(1);
        Millis::from_secs(rest)
    }

    /// Forgets all failures: `enable`, or a change of the neighbor's configuration.
    pub const fn clear(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Millis = Millis(59_999);

    #[test]
    fn rests_grow_to_a_minute_and_stay_there() {
        let mut backoff = Backoff::default();
        for wanted in [0, 5, 10, 20, 40, 60, 60] {
            assert_eq!(backoff.failed(Millis(0)), Millis::from_secs(wanted));
        }
        for _ in 0..1000 {
            assert_eq!(backoff.failed(SHORT), Millis::from_secs(60));
        }
    }

    #[test]
    fn a_sound_session_clears_and_a_short_one_does_not() {
        let mut backoff = Backoff::default();
        backoff.failed(Millis(0));
        assert_eq!(backoff.failed(SHORT), Millis::from_secs(5));
        assert_eq!(backoff.failed(SOUND), Millis(0));
        assert_eq!(backoff.failed(Millis(0)), Millis::from_secs(5));
    }

    #[test]
    fn an_operator_clears() {
        let mut backoff = Backoff::default();
        backoff.failed(Millis(0));
        backoff.failed(Millis(0));
        backoff.clear();
        assert_eq!(backoff, Backoff::default());
        assert_eq!(backoff.failed(Millis(0)), Millis(0));
    }
}
