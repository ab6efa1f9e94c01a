//! What goes out: messages are built when there is room for them, from what the state says is due.

use super::Speaker;
use super::conn_slot::{Phase, pending};
use super::drain::Drainer;
use super::export::Target;
use super::types::ConnId;
use crate::attrs::tlv::Writer;
use crate::event::EventKind;
use crate::family::Family;
use crate::peer::State;
use crate::policy::Policies;
use crate::rib::with_table;
use crate::time::Instant;
use crate::wire::header::Kind;
use crate::wire::keepalive;
use crate::wire::open::encode_open;
use crate::wire::refresh::{Refresh, Subtype};

impl Speaker<'_> {
    /// Whether [`Speaker::transmit`] has something to do. (That may come to nothing, where all that changed is not for
    /// this neighbor.)
    #[inline]
    pub fn wants_transmit(&self, conn: ConnId) -> bool {
        self.find(conn).is_some_and(|index| self.has_output(index))
    }

    pub(super) fn has_output(&self, index: u16) -> bool {
        let conn = &self.conns[usize::from(index)];
        match conn.phase {
            Phase::Free | Phase::Dialling | Phase::Dead => false,
            Phase::Closing => true,
            Phase::Open => {
                conn.pending != 0 || (conn.state == State::Established && self.has_routes(conn.peer))
            }
        }
    }

    /// Whether a neighbor has something to hear of routes.
    fn has_routes(&self, peer: u16) -> bool {
        let slot = &self.peers[usize::from(peer)];
        Family::ALL.into_iter().any(|family| {
            let session = &slot.families[family.index()];
            session.marker != 0
                && (!session.end_of_rib_sent
                    || session.again
                    || (!mutant!(LateWakeup)
                        && !with_table!(ref self.rib, family, table => table.changes.at_tail(session.marker))))
        })
    }

    /// The work of [`Speaker::transmit`].
    pub(super) fn on_transmit(&mut self, now: Instant, conn: ConnId, out: &mut [u8]) -> usize {
        let Some(index) = self.find(conn) else { return 0 };
        let mut len = self.control_messages(now, index, out);
        let conn = &self.conns[usize::from(index)];
        if conn.phase == Phase::Open && conn.state == State::Established {
            len = self.routes(now, index, out, len);
        }
        let conn = &mut self.conns[usize::from(index)];
        // That the driver asks is enough, even if all that changed is not for this neighbor: what it had is taken.
        conn.taken_at = now;
        conn.blocked = false;
        let peer = usize::from(conn.peer);
        self.peers[peer].counters.bytes_sent += len as u64;
        len
    }

    /// Messages that are due by themselves. A NOTIFICATION is the last of a connection.
    fn control_messages(&mut self, now: Instant, index: u16, out: &mut [u8]) -> usize {
        let conn = &mut self.conns[usize::from(index)];
        let counters = &mut self.peers[usize::from(conn.peer)].counters;
        let mut w = Writer::new(out);
        let mut refreshed = crate::family::FamilySet::EMPTY;
        // What does not fit stays due; each message is within the 4096 bytes that the driver has.
        if conn.pending & pending::OPEN != 0
            && let Some(offered) = &conn.offered
            && encode_open(&mut w, offered).is_ok()
        {
            conn.pending &= !pending::OPEN;
            counters.sent[Kind::Open.index()] += 1;
        }
        if conn.pending & pending::NOTIFICATION != 0 && conn.notification.encode(&mut w).is_ok() {
            conn.pending = 0;
            counters.sent[Kind::Notification.index()] += 1;
        }
        if conn.pending & pending::KEEPALIVE != 0 && w.put(&keepalive::BYTES).is_ok() {
            conn.pending &= !pending::KEEPALIVE;
            counters.sent[Kind::Keepalive.index()] += 1;
        }
        if conn.pending & pending::REFRESH != 0 {
            conn.pending &= !pending::REFRESH;
            for family in conn.refresh.iter() {
                if (Refresh { family, subtype: Subtype::Request }).encode(&mut w).is_ok() {
                    counters.sent[Kind::RouteRefresh.index()] += 1;
                    refreshed = refreshed.with(family);
                }
            }
            conn.refresh = crate::family::FamilySet::EMPTY;
        }
        let (len, peer) = (w.len(), conn.peer);
        if conn.phase == Phase::Closing && conn.pending == 0 {
            self.bury(index);
        }
        for family in refreshed.iter() {
            self.report(now, peer, EventKind::RefreshSent(family));
        }
        len
    }

    /// UPDATEs of every family, and End-of-RIB where the neighbor has caught up for the first time.
    fn routes(&mut self, now: Instant, index: u16, out: &mut [u8], len: usize) -> usize {
        let peer = self.conns[usize::from(index)].peer;
        let Some(target) = self.target(peer) else { return len };
        let mut at = len;
        for family in Family::ALL {
            if self.peers[usize::from(peer)].families[family.index()].marker == 0 {
                continue;
            }
            self.begin_round(peer, family);
            if mutant!(EarlyEndOfRib) {
                at = self.end_of_rib(now, peer, family, out, at);
            }
            let before = at;
            at = self.drain_family(target, family, out, at);
            self.count_updates(peer, out.get(before..at).unwrap_or(&[]));
            at = self.end_of_rib(now, peer, family, out, at);
        }
        at
    }

    fn drain_family(&mut self, target: Target, family: Family, out: &mut [u8], len: usize) -> usize {
        let policies = Policies::new(&*self.policy_areas[self.live_policies]);
        let session = &mut self.peers[usize::from(target.peer)].families[family.index()];
        let (shared, scratch) = (&self.rib.shared, &mut self.scratch);
        with_table!(self.rib, family, table => {
            if table.changes.at_tail(session.marker) {
                len
            } else {
                Drainer::new(target, table, shared, &policies, scratch, session).run(out, len)
            }
        })
    }

    fn count_updates(&mut self, peer: u16, mut bytes: &[u8]) {
        let sent = &mut self.peers[usize::from(peer)].counters.sent[Kind::Update.index()];
        while let Some([high, low]) = bytes.get(16..18) {
            *sent += 1;
            bytes = bytes.get(usize::from(u16::from_be_bytes([*high, *low]))..).unwrap_or(&[]);
        }
    }

    /// If the neighbor stands at the tail and another round was asked for, it begins: everything is ahead once more.
    fn begin_round(&mut self, peer: u16, family: Family) {
        let session = &mut self.peers[usize::from(peer)].families[family.index()];
        with_table!(self.rib, family, table => {
            if session.end_of_rib_sent
                && table.changes.at_tail(session.marker)
                && core::mem::take(&mut session.again)
            {
                table.changes.leave(session.marker);
                session.marker = table.join();
                if mutant!(EndOfRibTwice) {
                    session.end_of_rib_sent = false;
                }
                if mutant!(RoundSkipsOldest) {
                    let oldest = table.changes.next_changed(session.marker);
                    let next = table.changes.next_changed(oldest);
                    table.changes.advance(&mut session.marker, next);
                }
            }
        });
    }

    /// End-of-RIB, the first time that the neighbor stands at the tail (RFC 4724, 2).
    fn end_of_rib(&mut self, now: Instant, peer: u16, family: Family, out: &mut [u8], len: usize) -> usize {
        let session = &mut self.peers[usize::from(peer)].families[family.index()];
        with_table!(self.rib, family, table => {
            if session.end_of_rib_sent || !(mutant!(EarlyEndOfRib) || table.changes.at_tail(session.marker)) {
                return len;
            }
            if mutant!(NoEndOfRib) && family == Family::Ipv6Unicast {
                session.end_of_rib_sent = true;
                return len;
            }
            let mut packer = super::pack::Packer::new(out, len, 4096);
            if !packer.end_of_rib(family) {
                return len;
            }
            session.end_of_rib_sent = true;
            let len = packer.mark().0;
            self.peers[usize::from(peer)].counters.sent[Kind::Update.index()] += 1;
            self.report(now, peer, EventKind::EndOfRibSent(family));
            len
        })
    }

    /// A neighbor with an Established session as a destination of announcements.
    pub(super) fn target(&self, peer: u16) -> Option<Target> {
        let slot = self.peers.get(usize::from(peer))?;
        let conn = &self.conns[usize::from(slot.session?)];
        let (agreed, settings) = (slot.agreed.as_ref()?, slot.settings()?);
        Some(Target {
            peer,
            internal: agreed.asn == self.local.asn,
            as4: agreed.negotiated.as4,
            local_asn: self.local.asn,
            export: settings.export,
            extended_next_hop: agreed.negotiated.extended_next_hop,
            next_hop_self: settings.next_hop_self,
            shares_link: agreed.asn != self.local.asn && settings.ttl.is_one_hop(),
            ends: slot.ends?,
            max_message: conn.max_receive(),
            drain: self.drain,
        })
    }
}
