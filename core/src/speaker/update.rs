//! UPDATE from an Established neighbor: read, judged, and handed to the tables family by family.

use super::Speaker;
use super::import::{Importer, LimitExceeded};
use super::peer_slot::Chatter;
use super::session::With;
use super::timers::HOUSEKEEPING;
use super::types::Wake;
use crate::attrs::AttrsView;
use crate::config::MaxPrefixAction;
use crate::event::{DownReason, EventKind};
use crate::family::Family;
use crate::peer::fsm::Event;
use crate::policy::Policies;
use crate::rib::with_table;
use crate::time::Instant;
use crate::view::{Admin, Reason};
use crate::wire::attributes::{self, Context, Parsed};
use crate::wire::notification::Notification;
use crate::wire::update::{self, UpdateParts};

/// Longest AS_PATH accepted, in AS numbers.
const MAX_AS_PATH: u16 = 1024;
/// Room in front of parsed attributes for the longest next hop.
const NEXT_HOP_ROOM: usize = 32;

/// What is done with the prefixes of one field.
#[derive(Clone, Copy)]
enum Import<'a> {
    Withdraw,
    Refuse(Reason),
    Announce(AttrsView<'a>),
}

/// Why an UPDATE ends the session.
enum Ending {
    Fault(Notification),
    Limit(LimitExceeded),
}

impl From<Notification> for Ending {
    fn from(notification: Notification) -> Self {
        Self::Fault(notification)
    }
}

impl From<LimitExceeded> for Ending {
    fn from(exceeded: LimitExceeded) -> Self {
        Self::Limit(exceeded)
    }
}

impl Speaker<'_> {
    pub(super) fn update_received(&mut self, now: Instant, index: u16, body: &[u8]) {
        // The room for attributes is taken out of the speaker while this UPDATE is handled, and put back.
        let scratch = core::mem::take(&mut self.scratch.parsed);
        let result = self.update(now, index, body, scratch);
        self.scratch.parsed = scratch;
        match result {
            Ok(()) => {}
            Err(Ending::Fault(notification)) => {
                self.drive(now, index, Event::MessageFault, With::Notification(&notification));
            }
            Err(Ending::Limit(exceeded)) => self.limit_exceeded(now, index, exceeded),
        }
    }

    fn update(&mut self, now: Instant, index: u16, body: &[u8], scratch: &mut [u8]) -> Result<(), Ending> {
        let peer = self.conns[usize::from(index)].peer;
        let Some(context) = self.update_context(index) else { return Ok(()) };
        let parts = update::split(body)?;
        parts.check_prefixes()?;
        let Some(room) = scratch.get_mut(NEXT_HOP_ROOM..) else { return Ok(()) };
        let parsed = attributes::parse(&context, parts.attributes, !parts.nlri.is_empty(), room)?;
        self.note_faults(now, peer, &parsed);
        if parts.withdrawn.is_empty()
            && parts.nlri.is_empty()
            && let Some(family) = parsed.end_of_rib()
        {
            self.end_of_rib_received(now, peer, family);
            return Ok(());
        }
        self.apply(now, peer, &parts, &parsed, scratch)
    }

    /// Withdrawals first: an UPDATE that names a prefix in both fields announces it (RFC 4271, 4.3).
    fn apply(
        &mut self,
        now: Instant,
        peer: u16,
        parts: &UpdateParts<'_>,
        parsed: &Parsed<'_>,
        scratch: &mut [u8],
    ) -> Result<(), Ending> {
        let v4 = Family::Ipv4Unicast;
        self.import(now, peer, v4, parts.withdrawn, Import::Withdraw)?;
        if let Some(unreach) = parsed.mp_unreach {
            self.import(now, peer, unreach.family, unreach.nlri, Import::Withdraw)?;
        }
        if !parts.nlri.is_empty() {
            let next_hop = parsed.next_hop.unwrap_or_default();
            self.announce(now, peer, v4, parts.nlri, &next_hop, parsed, scratch)?;
        }
        if let Some(reach) = parsed.mp_reach {
            self.announce(now, peer, reach.family, reach.nlri, reach.next_hop, parsed, scratch)?;
        }
        self.report_limits(now, peer);
        if self.peers[usize::from(peer)].wants_more() {
            // Somebody is to hear of it soon, and of its end.
            self.arm(now + HOUSEKEEPING, Wake::Speaker);
        }
        Ok(())
    }

    /// Announces prefixes with this next hop; the attributes stand in `scratch` behind the room for it.
    #[expect(clippy::too_many_arguments, reason = "the parts of one UPDATE, which nothing else has together")]
    fn announce(
        &mut self,
        now: Instant,
        peer: u16,
        family: Family,
        prefixes: &[u8],
        next_hop: &[u8],
        parsed: &Parsed<'_>,
        scratch: &mut [u8],
    ) -> Result<(), LimitExceeded> {
        let refuse = match parsed.withdraw {
            Some(fault) => fault.refuse,
            None if parsed.refuse != Reason::None => parsed.refuse,
            None if self.is_own_next_hop(peer, next_hop) => Reason::OwnNextHop,
            None => Reason::None,
        };
        if refuse != Reason::None {
            return self.import(now, peer, family, prefixes, Import::Refuse(refuse));
        }
        let start = NEXT_HOP_ROOM.saturating_sub(next_hop.len());
        if let Some(front) = scratch.get_mut(start..start + next_hop.len()) {
            front.copy_from_slice(next_hop);
        }
        let mut key = parsed.key;
        key.next_hop_len = next_hop.len() as u8;
        let bytes = scratch.get(start..NEXT_HOP_ROOM + parsed.len).unwrap_or(&[]);
        self.import(now, peer, family, prefixes, Import::Announce(AttrsView { key: &key, bytes }))
    }

    #[inline]
    fn import(
        &mut self,
        now: Instant,
        peer: u16,
        family: Family,
        prefixes: &[u8],
        what: Import<'_>,
    ) -> Result<(), LimitExceeded> {
        let slot = &mut self.peers[usize::from(peer)];
        if prefixes.is_empty() || !slot.families[family.index()].active {
            return Ok(());
        }
        let internal = slot.is_internal(self.local.asn);
        let policies = Policies::new(&*self.policy_areas[self.live_policies]);
        let (local_asn, now_secs) = (self.local.asn, now.as_secs32());
        let (shared, refused) = (&mut self.rib.shared, &mut self.rib.refused);
        let scratch = &mut *self.scratch.imported;
        with_table!(self.rib, family, table => {
            let mut importer = Importer {
                peer, slot, internal, local_asn, table, shared, refused, policies: &policies, scratch, now_secs, rule: 0,
            };
            match what {
                Import::Withdraw => importer.withdraw(prefixes),
                Import::Refuse(reason) => importer.refuse_all(prefixes, reason),
                Import::Announce(attrs) => return importer.announce(prefixes, attrs),
            }
        });
        Ok(())
    }

    fn update_context(&self, index: u16) -> Option<Context> {
        let conn = &self.conns[usize::from(index)];
        let slot = &self.peers[usize::from(conn.peer)];
        let (agreed, ends) = (conn.agreed.as_ref()?, conn.ends.as_ref()?);
        Some(Context {
            as4: agreed.negotiated.as4,
            internal: agreed.asn == self.local.asn,
            families: agreed.negotiated.families,
            extended_next_hop: agreed.negotiated.extended_next_hop,
            local_asn: self.local.asn,
            remote_asn: agreed.asn,
            router_id: self.local.router_id.to_bits(),
            enforce_first_as: slot.settings()?.enforce_first_as,
            allow_loopback_next_hop: ends.remote.ip().to_canonical().is_loopback()
                && ends.local.ip().to_canonical().is_loopback(),
            max_as_path: MAX_AS_PATH,
        })
    }

    fn note_faults(&mut self, now: Instant, peer: u16, parsed: &Parsed<'_>) {
        let counters = &mut self.peers[usize::from(peer)].counters;
        counters.attributes_discarded += u64::from(parsed.discarded_count);
        counters.treated_as_withdraw += u64::from(parsed.withdraw.is_some());
        let slot = &mut self.peers[usize::from(peer)];
        if parsed.discarded.is_none() && parsed.withdraw.is_none() || !slot.quiet.is_over(Chatter::Fault, now)
        {
            return;
        }
        for (fault, withdrawn) in [(parsed.discarded, false), (parsed.withdraw, true)] {
            if let Some(fault) = fault {
                let kind =
                    EventKind::UpdateFault { attribute: fault.attribute, withdrawn, reason: fault.reason };
                self.report(now, peer, kind);
            }
        }
    }

    fn end_of_rib_received(&mut self, now: Instant, peer: u16, family: Family) {
        let session = &mut self.peers[usize::from(peer)].families[family.index()];
        // Once a session: the neighbor may send any number of them.
        if session.active && !core::mem::replace(&mut session.end_of_rib_received, true) {
            self.report(now, peer, EventKind::EndOfRibReceived(family));
        }
    }

    /// Reports, once a session, a limit that is exceeded without ending it.
    fn report_limits(&mut self, now: Instant, peer: u16) {
        for family in Family::ALL {
            let slot = &mut self.peers[usize::from(peer)];
            let session = &mut slot.families[family.index()];
            if session.limit_exceeded && !session.limit_reported {
                session.limit_reported = true;
                let limit = slot.settings().map_or(0, |settings| settings.max_prefixes.limit);
                self.report(now, peer, EventKind::MaxPrefixes { family, limit });
            }
        }
    }

    /// The neighbor has more prefixes than it may: the session ends (RFC 4486, 4).
    pub(super) fn limit_exceeded(&mut self, now: Instant, index: u16, exceeded: LimitExceeded) {
        let peer = self.conns[usize::from(index)].peer;
        let kind = EventKind::MaxPrefixes { family: exceeded.family, limit: exceeded.limit };
        self.report(now, peer, kind);
        let slot = &mut self.peers[usize::from(peer)];
        if slot.settings().is_some_and(|settings| settings.max_prefixes.action == MaxPrefixAction::Close) {
            slot.admin = Admin::Limit;
        }
        self.cease(now, index, &exceeded.notification(), DownReason::MaxPrefixes);
    }
}
