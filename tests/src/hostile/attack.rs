//! What there is to suffer, by name.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{control, crowd, sessions};

/// A way to misbehave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Attack {
    /// UPDATEs with ever new attributes, each for a prefix that is new too.
    Attributes,
    /// AS_PATHs of 255 segments, of segments of 255, as long as messages can be, and attributes of 4 KiB.
    LongPaths,
    /// Messages of 65,535 bytes from who has not agreed on such (RFC 8654), again and again.
    LongMessages,
    /// Sessions that ask for everything, and read nothing.
    Silence,
    /// ROUTE-REFRESH without an end.
    Refreshes,
    /// Messages that are quickly sent and slowly worked off, over as many sessions as there may be.
    Toil,
    /// Connections from a dynamic range: closed at once, with an OPEN, with rubbish.
    Crowd,
    /// Connections from addresses that nobody knows.
    Strangers,
    /// Connections that are opened and say nothing, or their OPEN a byte at a time.
    SlowOpens,
    /// Clients of the control socket that ask and never read.
    DeafClients,
    /// Clients of the control socket that never finish a request, many more than there is room for.
    IdleClients,
}

impl Attack {
    /// Every one.
    pub const ALL: [Self; 11] = [
        Self::Attributes,
        Self::LongPaths,
        Self::LongMessages,
        Self::Silence,
        Self::Refreshes,
        Self::Toil,
        Self::Crowd,
        Self::Strangers,
        Self::SlowOpens,
        Self::DeafClients,
        Self::IdleClients,
    ];

    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Attributes => "attributes",
            Self::LongPaths => "long-paths",
            Self::LongMessages => "long-messages",
            Self::Silence => "silence",
            Self::Refreshes => "refreshes",
            Self::Toil => "toil",
            Self::Crowd => "crowd",
            Self::Strangers => "strangers",
            Self::SlowOpens => "slow-opens",
            Self::DeafClients => "deaf-clients",
            Self::IdleClients => "idle-clients",
        }
    }

    /// What is counted.
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Attributes | Self::LongPaths | Self::LongMessages | Self::Refreshes | Self::Toil => {
                "messages"
            }
            Self::Silence => "sessions",
            Self::Crowd | Self::Strangers | Self::SlowOpens => "connections",
            Self::DeafClients | Self::IdleClients => "clients",
        }
    }

    /// Goes on until it is called off, in the namespace that it comes from.
    pub(super) fn run(self, ground: &Ground<'_>, orders: &Orders) {
        match self {
            Self::Attributes => sessions::attributes(ground, orders),
            Self::LongPaths => sessions::long_paths(ground, orders),
            Self::LongMessages => sessions::long_messages(ground, orders),
            Self::Silence => sessions::silence(ground, orders),
            Self::Refreshes => sessions::refreshes(ground, orders),
            Self::Toil => sessions::toil(ground, orders),
            Self::Crowd => crowd::connections(ground, orders, crowd::RANGE),
            Self::Strangers => crowd::connections(ground, orders, crowd::NOWHERE),
            Self::SlowOpens => crowd::slow_opens(ground, orders),
            Self::DeafClients => control::deaf(ground, orders),
            Self::IdleClients => control::idle(ground, orders),
        }
    }
}

/// Whom an attack is for.
#[derive(Clone, Copy, Debug)]
pub struct Ground<'a> {
    /// crier.
    pub target: SocketAddr,
    /// Its control socket.
    pub control: &'a Path,
}

/// What an attack is told, and what it tells.
#[derive(Debug, Default)]
pub struct Orders {
    over: AtomicBool,
    done: AtomicU64,
}

impl Orders {
    /// Whether the attack is to end.
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    /// Calls the attack off.
    pub fn call_off(&self) {
        self.over.store(true, Ordering::SeqCst);
    }

    /// What has been done, in units of [`Attack::unit`].
    pub fn done(&self) -> u64 {
        self.done.load(Ordering::SeqCst)
    }

    /// So much more has been done.
    pub(super) fn add(&self, count: u64) {
        self.done.fetch_add(count, Ordering::SeqCst);
    }
}
