//! Events for people: what happened, as values that the program formats. Nothing depends on their being read.

use core::net::{IpAddr, Ipv4Addr};

use crate::family::Family;
use crate::limits::Table;
use crate::peer::State;
use crate::speaker::{CloseCause, PeerId, Refusal};
use crate::time::Instant;
use crate::wire::notification::Notification;

/// Something that happened.
#[derive(Clone, Debug, Default)]
pub struct Event {
    /// When.
    pub at: Instant,
    /// The neighbor's address, if it concerns one.
    pub remote: Option<IpAddr>,
    /// The neighbor, if it had a slot.
    pub peer: Option<PeerId>,
    /// What.
    pub kind: EventKind,
}

/// What happened.
#[derive(Clone, Debug, Default)]
pub enum EventKind {
    /// An unused entry of the ring.
    #[default]
    None,
    /// This many events were lost because nobody read the ring in time.
    Lost(u32),
    /// The session's state changed (RFC 4271, 8.2.2).
    State {
        /// State before.
        from: State,
        /// State after.
        to: State,
    },
    /// A session came up.
    Established {
        /// The neighbor's BGP identifier.
        router_id: Ipv4Addr,
        /// The neighbor's AS number.
        asn: u32,
    },
    /// A session that was Established ended.
    Down(DownReason),
    /// A NOTIFICATION is sent.
    NotificationSent(Notification),
    /// A NOTIFICATION was received.
    NotificationReceived(Notification),
    /// A connection attempt failed.
    ConnectFailed(CloseCause),
    /// An incoming connection was refused.
    ConnectionRefused(Refusal),
    /// End-of-RIB arrived (RFC 4724, 2).
    EndOfRibReceived(Family),
    /// End-of-RIB was sent.
    EndOfRibSent(Family),
    /// The neighbor asked for a route refresh (RFC 2918).
    RefreshReceived(Family),
    /// The neighbor was asked for one.
    RefreshSent(Family),
    /// An UPDATE had a fault that RFC 7606 answers without a reset.
    UpdateFault {
        /// Type code of the attribute at fault, 0 if none.
        attribute: u8,
        /// Whether its prefixes were withdrawn; else the attribute was discarded.
        withdrawn: bool,
        /// What was wrong.
        reason: &'static str,
    },
    /// A table was full and this many paths were refused since the last such event.
    TableFull {
        /// Which table.
        table: Table,
        /// Paths refused.
        refused: u32,
    },
    /// The neighbor exceeded its limit of prefixes.
    MaxPrefixes {
        /// In which family.
        family: Family,
        /// The limit.
        limit: u32,
    },
    /// An external neighbor has no policy, so nothing is accepted from or announced to it (RFC 8212).
    PolicyMissing {
        /// No import policy.
        import: bool,
        /// No export policy.
        export: bool,
    },
    /// The import policy changed, and the neighbor cannot be asked to announce its routes again (RFC 2918): what it has
    /// announced stays as the former policy had it until its session is reset.
    RestartNeeded,
    /// Paths refused for want of room are asked for again, now that there is some.
    Recovering,
    /// A dead session's paths have been removed.
    Purged,
}

/// Why an Established session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownReason {
    /// `shutdown`.
    AdministrativeShutdown,
    /// `clear`.
    AdministrativeReset,
    /// The neighbor is no longer configured.
    Deconfigured,
    /// Its configuration changed in a way that a session cannot follow.
    ConfigurationChanged,
    /// Nothing came for the hold time.
    HoldTimerExpired,
    /// The neighbor took nothing for the send hold time (RFC 9687).
    SendHoldTimerExpired,
    /// It sent a NOTIFICATION.
    NotificationReceived,
    /// It broke the protocol and was sent a NOTIFICATION.
    ProtocolError,
    /// TCP ended.
    ConnectionClosed(CloseCause),
    /// A connection collision was decided against this session (RFC 4271, 6.8).
    Collision,
    /// It exceeded its limit of prefixes.
    MaxPrefixes,
    /// It held withdrawn destinations too long (the bound on such slots was reached).
    OutOfResources,
    /// The speaker stops.
    Stopping,
    /// Restarted to fetch again what had been refused for want of room.
    Recovering,
}
