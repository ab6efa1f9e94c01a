//! Events in words.

use std::fmt;

use crier_core::{Event, EventKind};

use crate::reason;

/// An event as one line, without its time.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a>(pub &'a Event);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(remote) = self.0.remote {
            write!(f, "{remote}: ")?;
        }
        match &self.0.kind {
            EventKind::None => Ok(()),
            EventKind::Lost(count) => write!(f, "{count} events were lost"),
            EventKind::State { from, to } => write!(f, "{from} -> {to}"),
            EventKind::Established { router_id, asn } => {
                write!(f, "session up, AS {asn}, identifier {router_id}")
            }
            EventKind::Down(why) => write!(f, "session down: {}", reason::down_reason(*why)),
            EventKind::NotificationSent(it) => write!(f, "NOTIFICATION sent: {}", reason::notification(it)),
            EventKind::NotificationReceived(it) => {
                write!(f, "NOTIFICATION received: {}", reason::notification(it))
            }
            EventKind::ConnectFailed(cause) => {
                write!(f, "connection failed: {}", reason::close_cause(*cause))
            }
            EventKind::ConnectionRefused(why) => write!(f, "connection refused: {}", reason::refusal(*why)),
            EventKind::EndOfRibReceived(family) => write!(f, "sent all its {family} routes (End-of-RIB)"),
            EventKind::EndOfRibSent(family) => write!(f, "was sent all {family} routes (End-of-RIB)"),
            EventKind::RefreshReceived(family) => write!(f, "asks for all {family} routes again"),
            EventKind::RefreshSent(family) => write!(f, "asked for all {family} routes again"),
            EventKind::UpdateFault { attribute, withdrawn, reason } => {
                let outcome =
                    if *withdrawn { "its prefixes are withdrawn" } else { "the attribute is discarded" };
                write!(f, "faulty UPDATE: {reason} (attribute {attribute}); {outcome} (RFC 7606)")
            }
            EventKind::TableFull { table, refused } => {
                write!(f, "table {} is full, {refused} paths refused; see `crier status`", table.name())
            }
            EventKind::MaxPrefixes { family, limit } => {
                write!(f, "more than {limit} {family} prefixes (max-prefixes)")
            }
            EventKind::PolicyMissing { import, export } => {
                let (which, what) = match (import, export) {
                    (true, true) => ("import and export", "accepted or announced"),
                    (true, false) => ("import", "accepted"),
                    _ => ("export", "announced"),
                };
                write!(f, "no {which} policy, so nothing is {what} (RFC 8212); \"accept-all\" allows it")
            }
            EventKind::RestartNeeded => {
                write!(
                    f,
                    "its import policy changed and it cannot refresh: `crier clear` it to apply the new one"
                )
            }
            EventKind::Recovering => write!(f, "there is room again, refused paths are asked for"),
            EventKind::Purged => write!(f, "routes of the former session are gone"),
        }
    }
}

/// What happened, for programs.
pub(super) const fn code(kind: &EventKind) -> &'static str {
    match kind {
        EventKind::None => "none",
        EventKind::Lost(_) => "lost",
        EventKind::State { .. } => "state",
        EventKind::Established { .. } => "established",
        EventKind::Down(_) => "down",
        EventKind::NotificationSent(_) => "notification-sent",
        EventKind::NotificationReceived(_) => "notification-received",
        EventKind::ConnectFailed(_) => "connect-failed",
        EventKind::ConnectionRefused(_) => "connection-refused",
        EventKind::EndOfRibReceived(_) => "end-of-rib-received",
        EventKind::EndOfRibSent(_) => "end-of-rib-sent",
        EventKind::RefreshReceived(_) => "refresh-received",
        EventKind::RefreshSent(_) => "refresh-sent",
        EventKind::UpdateFault { .. } => "update-fault",
        EventKind::TableFull { .. } => "table-full",
        EventKind::MaxPrefixes { .. } => "max-prefixes",
        EventKind::PolicyMissing { .. } => "policy-missing",
        EventKind::RestartNeeded => "restart-needed",
        EventKind::Recovering => "recovering",
        EventKind::Purged => "purged",
    }
}
