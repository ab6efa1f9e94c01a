//! Lateness: an Established session is never silent for longer than its keepalive interval and a budget.

use super::Broken;
use crate::sim::{Micros, Rule};

/// What a session's sender knows of its last words.
#[derive(Clone, Copy, Debug)]
pub struct Pulse {
    /// The present.
    pub now: Micros,
    /// When it last gave a message to its socket; when the session came up, if it has not since.
    pub last_sent: Micros,
    /// The keepalive interval agreed on, in seconds; 0: none (RFC 4271, 4.4).
    pub keepalive: u16,
    /// Since when the socket could take bytes; `None`: it cannot, and nobody can be blamed.
    pub writable_since: Option<Micros>,
}

/// Judges a session's silence. To be asked each turn of its host *before* what the turn transmits, and once more when the
/// run ends: so a message that comes too late is seen even though it came.
///
/// # Errors
/// The last message, or the moment when the socket could take one again, is longer ago than `budget` allows.
pub fn judge(name: &str, pulse: &Pulse, budget: Micros) -> Result<(), Broken> {
    let Some(writable_since) = pulse.writable_since.filter(|_| pulse.keepalive > 0) else { return Ok(()) };
    let due = (pulse.last_sent + Micros::secs(pulse.keepalive.into())).max(writable_since);
    if pulse.now <= due + budget {
        return Ok(());
    }
    let text = format!(
        "{name}: nothing sent for {} s with a keepalive interval of {} s, {} s late",
        pulse.now - pulse.last_sent,
        pulse.keepalive,
        pulse.now - due
    );
    Err(Broken::new(Rule::Keepalive, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BUDGET: Micros = Micros::millis(100);

    fn pulse(now: Micros) -> Pulse {
        Pulse { now, last_sent: Micros::secs(10), keepalive: 3, writable_since: Some(Micros::ZERO) }
    }

    fn is_late(pulse: Pulse) -> bool {
        judge("a to b", &pulse, BUDGET).is_err()
    }

    #[test]
    fn the_interval_and_the_budget_are_allowed_and_no_more() {
        let last = Micros::secs(13) + BUDGET;
        assert!(!is_late(pulse(last)));
        assert!(is_late(pulse(last + Micros(1))));
    }

    #[test]
    fn no_interval_no_lateness() {
        assert!(!is_late(Pulse { keepalive: 0, ..pulse(Micros::secs(1_000_000)) }));
    }

    #[test]
    fn time_in_which_the_socket_took_nothing_does_not_count() {
        let blocked = Pulse { writable_since: None, ..pulse(Micros::secs(500)) };
        assert!(!is_late(blocked));
        let lately = Pulse { writable_since: Some(Micros::secs(500)), ..blocked };
        assert!(!is_late(lately));
        assert!(is_late(Pulse { now: Micros::secs(501), ..lately }));
    }

    #[test]
    fn the_text_says_how_late() {
        let broken = judge("a to b", &pulse(Micros::secs(14)), BUDGET).unwrap_err();
        assert_eq!(broken.rule, Rule::Keepalive);
        assert!(broken.text.ends_with("1.000000 s late"), "{}", broken.text);
    }
}
