//! A connection: a TCP session that a neighbor has, or may come to have.

use super::types::Ends;
use crate::family::FamilySet;
use crate::peer::State;
use crate::peer::negotiate::Agreed;
use crate::time::Instant;
use crate::wire::notification::Notification;
use crate::wire::open::OpenParams;

/// What a connection slot is used for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub(crate) enum Phase {
    /// Nothing.
    #[default]
    Free,
    /// The driver is dialling.
    Dialling,
    /// TCP is open.
    Open,
    /// A last NOTIFICATION is to be written; then the connection is closed. Nothing is read any more.
    Closing,
    /// The driver is to close it.
    Dead,
}

/// Messages that wait for room in the connection, as bits: each is built when there is some.
pub(crate) mod pending {
    pub(crate) const OPEN: u8 = 1;
    pub(crate) const KEEPALIVE: u8 = 2;
    pub(crate) const NOTIFICATION: u8 = 4;
    pub(crate) const REFRESH: u8 = 8;
}

/// A connection's place in [`Memory`](super::Memory).
#[derive(Debug, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct ConnSlot {
    pub(crate) generation: u32,
    pub(crate) phase: Phase,
    /// The driver has not yet been told to dial.
    pub(crate) wants_dial: bool,
    /// State of this connection's session: OpenSent and later, once TCP is open.
    pub(crate) state: State,
    /// The neighbor; 0 as long as a connection from a dynamic range has sent no OPEN.
    pub(crate) peer: u16,
    /// The dynamic range that it came from.
    pub(crate) range: Option<u16>,
    /// This end dialled.
    pub(crate) outgoing: bool,
    pub(crate) ends: Option<Ends>,
    /// What was offered in the OPEN.
    pub(crate) offered: Option<OpenParams>,
    pub(crate) agreed: Option<Agreed>,
    /// When the hold timer expires; also the time by which an OPEN, or the end of a closing connection, must have come.
    pub(crate) hold_at: Option<Instant>,
    pub(crate) keepalive_at: Option<Instant>,
    /// When the driver last took bytes, for the send hold timer.
    pub(crate) taken_at: Instant,
    /// There has been something for the driver to take ever since the send hold timer was last looked at.
    pub(crate) blocked: bool,
    pub(crate) pending: u8,
    /// Families to ask a refresh for.
    pub(crate) refresh: FamilySet,
    pub(crate) notification: Notification,
    /// Bytes of an unfinished message that are carried.
    pub(crate) carried: u32,
    /// The large carry that it has a lease on.
    pub(crate) large: Option<u16>,
}

impl ConnSlot {
    /// Longest message that may come.
    pub(crate) fn max_receive(&self) -> usize {
        if self.uses_extended_messages() { 65_535 } else { 4096 }
    }

    /// Whether both ends agreed on messages of up to 65535 bytes (RFC 8654).
    pub(crate) fn uses_extended_messages(&self) -> bool {
        self.agreed.as_ref().is_some_and(|agreed| agreed.negotiated.extended_messages)
    }

    /// Makes the slot free; handles to it are dead from now on.
    pub(crate) fn free(&mut self) {
        *self = Self { generation: self.generation.wrapping_add(1), ..Self::default() };
    }
}
