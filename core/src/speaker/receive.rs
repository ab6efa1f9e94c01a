//! What comes in: messages are cut out of the bytes and handed to the session.

use super::Speaker;
use super::conn_slot::Phase;
use super::peer_slot::Chatter;
use super::session::With;
use super::types::ConnId;
use crate::event::EventKind;
use crate::memory::{CARRY, LARGE_CARRY};
use crate::peer::State;
use crate::peer::fsm::Event;
use crate::time::Instant;
use crate::wire::capability;
use crate::wire::header::{Frame, HEADER_LEN, Kind, bad_length, frame};
use crate::wire::notification::Notification;
use crate::wire::open::Open;
use crate::wire::refresh::{Refresh, Subtype};

/// Octets of a ROUTE-REFRESH after its header (RFC 2918, 3).
const REFRESH_LEN: usize = 4;

impl Speaker<'_> {
    /// The work of [`Speaker::receive`].
    pub(super) fn on_receive(&mut self, now: Instant, conn: ConnId, bytes: &[u8]) {
        let Some(index) = self.find(conn) else { return };
        let peer = usize::from(self.conns[usize::from(index)].peer);
        self.peers[peer].counters.bytes_received += bytes.len() as u64;
        let mut rest = bytes;
        while self.is_reading(index, conn) && !rest.is_empty() {
            let carried = self.conns[usize::from(index)].carried as usize;
            rest = if carried > 0 {
                self.complete_carried(now, index, rest)
            } else {
                self.whole_messages(now, index, conn, rest)
            };
        }
    }

    /// Whether the connection is still the one that it was, and open.
    fn is_reading(&self, index: u16, conn: ConnId) -> bool {
        let slot = &self.conns[usize::from(index)];
        slot.generation == conn.generation && slot.phase == Phase::Open
    }

    /// Takes messages off the front of `bytes` and carries an unfinished one; what is left, which is nothing unless the
    /// connection ended.
    fn whole_messages<'b>(&mut self, now: Instant, index: u16, conn: ConnId, bytes: &'b [u8]) -> &'b [u8] {
        let mut rest = bytes;
        while self.is_reading(index, conn) {
            match frame(rest, self.conns[usize::from(index)].max_receive()) {
                Frame::Message { kind, body, len } => {
                    self.message(now, index, kind, body);
                    rest = rest.get(len..).unwrap_or(&[]);
                }
                Frame::Incomplete { .. } => {
                    self.carry(index, 0, rest);
                    return &[];
                }
                Frame::Fault(notification) => {
                    self.drive(now, index, Event::MessageFault, With::Notification(&notification));
                }
            }
        }
        rest
    }

    /// Where a connection carries an unfinished message.
    fn carry_range(&self, index: u16) -> (bool, core::ops::Range<usize>) {
        match self.conns[usize::from(index)].large {
            Some(large) => (true, usize::from(large) * LARGE_CARRY..(usize::from(large) + 1) * LARGE_CARRY),
            None => (false, usize::from(index) * CARRY..(usize::from(index) + 1) * CARRY),
        }
    }

    fn carry_area(&mut self, index: u16) -> &mut [u8] {
        let (large, range) = self.carry_range(index);
        let area = if large { &mut *self.large_carries } else { &mut *self.carries };
        area.get_mut(range).unwrap_or(&mut [])
    }

    /// Puts bytes into the carry, as many as there is room for; how many.
    fn carry(&mut self, index: u16, at: usize, bytes: &[u8]) -> usize {
        let area = self.carry_area(index).get_mut(at..).unwrap_or(&mut []);
        let count = bytes.len().min(area.len());
        area[..count].copy_from_slice(&bytes[..count]);
        self.conns[usize::from(index)].carried = (at + count) as u32;
        count
    }

    /// Adds to the carried message what it lacks, and handles it when it is whole; what is left of `bytes`.
    fn complete_carried<'b>(&mut self, now: Instant, index: u16, bytes: &'b [u8]) -> &'b [u8] {
        let carried = self.conns[usize::from(index)].carried as usize;
        let max = self.conns[usize::from(index)].max_receive();
        let needed = match frame(self.carry_area(index).get(..carried).unwrap_or(&[]), max) {
            Frame::Incomplete { needed } => needed,
            // Not reached: whole messages are never carried.
            Frame::Message { .. } | Frame::Fault(_) => carried,
        };
        let missing = needed.saturating_sub(carried).min(bytes.len());
        let (taken, rest) = bytes.split_at(missing);
        self.carry(index, carried, taken);
        let carried = carried + missing;
        // The message is handled out of a copy: the carry belongs to the tables that handling changes.
        let (large, range) = self.carry_range(index);
        let area = core::mem::take(if large { &mut self.large_carries } else { &mut self.carries });
        let whole = area.get(range.start..range.start + carried).unwrap_or(&[]);
        let framed = frame(whole, max);
        if !matches!(framed, Frame::Incomplete { .. }) {
            self.conns[usize::from(index)].carried = 0;
        }
        match framed {
            Frame::Message { kind, body, .. } => self.message(now, index, kind, body),
            Frame::Fault(notification) => {
                self.drive(now, index, Event::MessageFault, With::Notification(&notification));
            }
            Frame::Incomplete { .. } => {}
        }
        *(if large { &mut self.large_carries } else { &mut self.carries }) = area;
        rest
    }

    #[inline]
    fn message(&mut self, now: Instant, index: u16, kind: Kind, body: &[u8]) {
        let peer = usize::from(self.conns[usize::from(index)].peer);
        self.peers[peer].counters.received[kind.index()] += 1;
        match kind {
            Kind::Update => self.drive(now, index, Event::UpdateReceived, With::Body(body)),
            Kind::Keepalive => {
                if self.conns[usize::from(index)].state != State::OpenConfirm || self.takes_over(now, index) {
                    self.drive(now, index, Event::KeepaliveReceived, With::Nothing);
                }
            }
            Kind::Open => match Open::parse(body) {
                Ok(open) => self.open_received(now, index, &open),
                Err(notification) => {
                    self.fault_in(now, index, State::OpenSent, Event::OpenReceived, notification)
                }
            },
            Kind::Notification => {
                let notification = Notification::parse(body);
                self.drive(now, index, Event::NotificationReceived, With::Notification(&notification));
            }
            Kind::RouteRefresh => self.drive(now, index, Event::RefreshReceived, With::Body(body)),
        }
    }

    /// A message that is malformed is a fault of its own only where it was expected; elsewhere its coming is the fault.
    fn fault_in(&mut self, now: Instant, index: u16, expected: State, event: Event, fault: Notification) {
        if self.conns[usize::from(index)].state == expected {
            self.drive(now, index, Event::MessageFault, With::Notification(&fault));
        } else {
            self.drive(now, index, event, With::Nothing);
        }
    }

    /// ROUTE-REFRESH from an Established neighbor (RFC 2918).
    pub(super) fn refresh_received(&mut self, now: Instant, index: u16, body: &[u8]) {
        let peer = self.conns[usize::from(index)].peer;
        match Refresh::parse(body) {
            Ok(Some(Refresh { family, subtype: Subtype::Request })) => {
                let session = &mut self.peers[usize::from(peer)].families[family.index()];
                if session.active && !mutant!(RefreshIgnored) {
                    // One bit, however often it is asked: another round begins when the present one is over.
                    // Rounds are short where there is little to announce.
                    let new = !core::mem::replace(&mut session.again, true);
                    if new && self.peers[usize::from(peer)].quiet.is_over(Chatter::Refresh(family), now) {
                        self.report(now, peer, EventKind::RefreshReceived(family));
                    }
                }
            }
            // Unknown families and the markers of enhanced refresh, which was not agreed on, are ignored.
            Ok(_) => {}
            Err(notification) => {
                // The error code for this is only for those who announced enhanced refresh (RFC 7313, 5). For others one
                // that is too short has a wrong length like any message (RFC 4271, 6.1).
                let is_short = body.len() < REFRESH_LEN && !self.knows_enhanced_refresh(peer);
                let notification = if is_short { bad_length(HEADER_LEN + body.len()) } else { notification };
                self.drive(now, index, Event::MessageFault, With::Notification(&notification));
            }
        }
    }

    /// Whether a neighbor announced the capability of RFC 7313, which we do not.
    fn knows_enhanced_refresh(&self, peer: u16) -> bool {
        let announced = &self.peers[usize::from(peer)].capabilities;
        capability::iter(announced).any(|one| one.code == capability::code::ENHANCED_REFRESH)
    }
}
