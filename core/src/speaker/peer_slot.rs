//! A neighbor: its configuration, its session's routes, and its history.

use core::net::IpAddr;

use super::types::Ends;
use crate::config::Settings;
use crate::family::Family;
use crate::peer::State;
use crate::peer::backoff::Backoff;
use crate::peer::negotiate::Agreed;
use crate::rib::changes::Marker;
use crate::time::{Instant, Millis};
use crate::view::{Admin, Counters, LastError};

/// A dynamic neighbor stays listed for this long after it closed.
const CLOSED_DYNAMIC: Millis = Millis::from_secs(600);

/// What a session knows of one family.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct FamilySession {
    /// Both ends want the family.
    pub(crate) active: bool,
    /// How far the neighbor has been told of changes; 0 if it is not told.
    pub(crate) marker: Marker,
    pub(crate) accepted: u32,
    pub(crate) refused: u32,
    /// A refused path has no record: `refused` is no longer exact.
    pub(crate) inexact: bool,
    pub(crate) advertised: u32,
    pub(crate) end_of_rib_sent: bool,
    pub(crate) end_of_rib_received: bool,
    /// Everything is to be announced once more when the present round is over.
    pub(crate) again: bool,
    /// Changes came in an order that packs badly: sort windows of them.
    pub(crate) packs_badly: bool,
    /// The limit of prefixes was exceeded in this session.
    pub(crate) limit_exceeded: bool,
    /// And that was reported.
    pub(crate) limit_reported: bool,
    /// It has refused paths that were not asked for again yet.
    pub(crate) limit_refused: bool,
}

/// A job that is left to do when a session has ended, resumed under a budget.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum Job {
    #[default]
    None,
    /// Remove its paths, from this slot on.
    Paths(Family, u32),
    /// Clear what it was told, from this column on.
    Told(Family, u32),
    /// Remove its records of refused paths, from this one on.
    Refused(u32),
}

/// What a neighbor can cause any number of, so that it is counted in full and reported now and then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chatter {
    /// Faults in UPDATEs.
    Fault,
    /// Connections that are refused.
    Refusal,
    /// Requests for a refresh.
    Refresh(Family),
    /// NOTIFICATIONs to and from who is no neighbor yet, which the speaker's own slot keeps the time of.
    Stranger,
    /// Changes of state of dynamic neighbors without a session, likewise.
    Arrival,
}

/// Before these instants, such things are not reported.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct Quiet {
    until: [Instant; 4],
}

impl Quiet {
    /// Between two reports.
    const SPAN: Millis = Millis::from_secs(1);

    /// Whether it is time to report such a thing again. If so, the next time is later.
    pub(crate) fn is_over(&mut self, chatter: Chatter, now: Instant) -> bool {
        let at = match chatter {
            // Nobody is both.
            Chatter::Fault | Chatter::Stranger => 0,
            Chatter::Refusal | Chatter::Arrival => 1,
            Chatter::Refresh(family) => 2 + family.index(),
        };
        let Some(until) = self.until.get_mut(at).filter(|until| now >= **until) else { return false };
        *until = now + Self::SPAN;
        true
    }
}

/// A neighbor's place in [`Memory`](super::Memory).
#[derive(Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct PeerSlot {
    pub(crate) config: Option<PeerIdentity>,
    /// Never [`Admin::Drain`]: that is the speaker's as a whole, and views show it.
    pub(crate) admin: Admin,
    /// The neighbor's own state while it has no connection: Idle, Connect or Active.
    pub(crate) state: State,
    /// When to dial (again).
    pub(crate) retry_at: Option<Instant>,
    /// When the idle hold time is over.
    pub(crate) idle_until: Option<Instant>,
    /// Until then a rest turns away who calls ([`DEAF`](crate::peer::backoff::DEAF)).
    pub(crate) deaf_until: Instant,
    pub(crate) backoff: Backoff,
    /// The connection that this end dialled, and the one that was accepted.
    pub(crate) outgoing: Option<u16>,
    pub(crate) incoming: Option<u16>,
    /// The connection whose session is Established.
    pub(crate) session: Option<u16>,
    pub(crate) since: Option<Instant>,
    /// How long the session that ended last was Established, for the idle hold time.
    pub(crate) established_for: Millis,
    pub(crate) agreed: Option<Agreed>,
    pub(crate) ends: Option<Ends>,
    pub(crate) families: [FamilySession; 2],
    pub(crate) job: Job,
    /// The neighbor is to be removed once its job is done.
    pub(crate) removed: bool,
    /// Paths were refused for want of room.
    pub(crate) incomplete: bool,
    /// Before this, recovery is not tried again.
    pub(crate) recover_at: Instant,
    pub(crate) counters: Counters,
    pub(crate) quiet: Quiet,
    pub(crate) last_error: Option<LastError>,
    pub(crate) flaps: u32,
    /// A session was lost and no attempt to bring it back has failed yet.
    pub(crate) lost_lately: bool,
    /// When a dynamic neighbor's session closed.
    pub(crate) closed: Option<Instant>,
    pub(crate) capabilities: heapless::Vec<u8, 96>,
}

/// Who a neighbor is and how to talk to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) struct PeerIdentity {
    pub(crate) remote: IpAddr,
    pub(crate) port: u16,
    pub(crate) dynamic: bool,
    pub(crate) settings: Settings,
}

impl PeerSlot {
    /// Whether paths were refused for want of room and are to be asked for again: in a table, or in the limit of prefixes
    /// once less than 90 % of that is used.
    pub(crate) fn wants_more(&self) -> bool {
        self.incomplete || self.families.iter().any(|family| self.is_limit_roomy(family))
    }

    fn is_limit_roomy(&self, family: &FamilySession) -> bool {
        let limit = self.settings().map_or(0, |settings| settings.max_prefixes.limit);
        let roomy = u64::from(family.accepted) * 10 < u64::from(limit) * 9;
        family.active && family.limit_refused && roomy && !mutant!(LimitKeepsOut)
    }

    /// When a dynamic neighbor that closed is no longer listed. One that is held down stays, or it would come back.
    pub(crate) fn forgotten_at(&self) -> Option<Instant> {
        self.closed.filter(|_| self.admin == Admin::Up).map(|at| at + CLOSED_DYNAMIC)
    }

    /// Its settings; only a slot in use has any.
    pub(crate) fn settings(&self) -> Option<&Settings> {
        self.config.as_ref().map(|config| &config.settings)
    }

    /// Whether the neighbor is in our AS.
    pub(crate) fn is_internal(&self, local_asn: u32) -> bool {
        self.agreed.as_ref().is_some_and(|agreed| agreed.asn == local_asn)
    }
}
