//! What happened: a bounded ring in the daemon, that formats nothing until asked.

mod words;

use std::borrow::Cow;
use std::collections::VecDeque;

use crier_core::speaker::Refusal;
use crier_core::{Event, EventKind};
use log::Level;

use crate::control::rows::EventRow;
use crate::daemon::Now;
use crate::text;

pub use words::Line;

/// Events that are kept.
pub const CAPACITY: usize = 1024;

/// The last [`CAPACITY`] events, numbered from 0.
#[derive(Debug)]
pub struct Ring {
    entries: VecDeque<Entry>,
    capacity: usize,
    /// Number of the next event.
    next: u64,
}

/// An event and the time of day at which it happened.
#[derive(Debug)]
struct Entry {
    event: Event,
    unix_ms: u64,
}

impl Default for Ring {
    fn default() -> Self {
        Self::with_capacity(CAPACITY)
    }
}

impl Ring {
    /// A ring of `capacity` events, all of its memory allocated.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { entries: VecDeque::with_capacity(capacity), capacity, next: 0 }
    }

    /// Keeps an event, and writes it to the log as one line. Formats nothing if that level is not logged.
    pub fn push(&mut self, now: Now, event: Event) {
        if matches!(event.kind, EventKind::None) || self.capacity == 0 {
            return;
        }
        log::log!(target: "crier::events", level(&event.kind), "{}", words::Line(&event));
        if self.entries.len() == self.capacity {
            self.entries.pop_front();
        }
        let unix_ms = now.unix_ms.saturating_sub(now.at.since(event.at).0);
        self.entries.push_back(Entry { event, unix_ms });
        self.next = self.next.saturating_add(1);
    }

    /// The number that the next event will have.
    pub const fn next(&self) -> u64 {
        self.next
    }

    /// Number of the oldest event that is kept.
    pub fn first(&self) -> u64 {
        self.next.saturating_sub(u64::try_from(self.entries.len()).unwrap_or(u64::MAX))
    }

    /// The event with this number as a row; `None` if it is gone or yet to come.
    pub fn row(&self, number: u64, instance: &str) -> Option<EventRow> {
        let position = usize::try_from(number.checked_sub(self.first())?).ok()?;
        let Entry { event, unix_ms } = self.entries.get(position)?;
        Some(EventRow {
            time: text::timestamp(*unix_ms),
            number,
            level: Cow::Borrowed(if level(&event.kind) == Level::Warn { "warn" } else { "info" }),
            event: Cow::Borrowed(words::code(&event.kind)),
            peer: event.remote,
            text: words::Line(event).to_string(),
            instance: instance.to_owned(),
        })
    }
}

/// What an operator should look at is a warning.
const fn level(kind: &EventKind) -> Level {
    match kind {
        EventKind::State { .. }
        | EventKind::EndOfRibSent(_)
        | EventKind::RefreshSent(_)
        // A neighbor that dials while we rest after a failure does so about once a second.
        | EventKind::ConnectionRefused(Refusal::Resting)
        | EventKind::Purged => Level::Debug,
        EventKind::Down(_)
        | EventKind::NotificationSent(_)
        | EventKind::NotificationReceived(_)
        | EventKind::ConnectionRefused(_)
        | EventKind::UpdateFault { .. }
        | EventKind::TableFull { .. }
        | EventKind::MaxPrefixes { .. }
        | EventKind::PolicyMissing { .. }
        | EventKind::RestartNeeded
        | EventKind::Lost(_) => Level::Warn,
        _ => Level::Info,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crier_core::Instant;
    use crier_core::event::DownReason;

    fn event(ms: u64, kind: EventKind) -> Event {
        Event { at: Instant::from_millis(ms), remote: "192.0.2.1".parse().ok(), kind, ..Event::default() }
    }

    fn now(ms: u64) -> Now {
        Now { at: Instant::from_millis(ms), unix_ms: 1_000_000_000_000 + ms }
    }

    #[test]
    fn old_events_make_room_and_numbers_go_on() {
        let mut ring = Ring::with_capacity(2);
        for lost in 1..=3 {
            ring.push(now(10), event(10, EventKind::Lost(lost)));
        }
        assert_eq!((ring.first(), ring.next()), (1, 3));
        assert_eq!(ring.row(0, "default"), None);
        assert!(ring.row(1, "default").unwrap().text.contains("2 events"));
        assert!(ring.row(2, "default").is_some());
        assert_eq!(ring.row(3, "default"), None);
    }

    #[test]
    fn a_row_has_the_time_of_day_of_the_event_not_of_its_reading() {
        let mut ring = Ring::default();
        ring.push(now(5000), event(4000, EventKind::Down(DownReason::HoldTimerExpired)));
        let row = ring.row(0, "default").unwrap();
        assert_eq!(row.time, "2001-09-09T01:46:44.000Z");
        assert_eq!((&*row.level, &*row.event), ("warn", "down"));
        assert_eq!(row.text, "192.0.2.1: session down: nothing came for the hold time");
    }

    #[test]
    fn an_unused_entry_of_the_cores_ring_is_no_event() {
        let mut ring = Ring::default();
        ring.push(now(1), Event::default());
        assert_eq!(ring.next(), 0);
    }
}
