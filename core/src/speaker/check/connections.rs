//! Whether connections and neighbors name each other, and nothing is leased by nobody.

use super::{PeerSlot, Speaker};
use crate::check::{Checked, agree, ensure};
use crate::memory::{CARRY, LARGE_CARRY};
use crate::peer::State;
use crate::speaker::conn_slot::{ConnSlot, Phase};
use crate::speaker::peer_slot::Job;
use crate::view::Admin;

impl Speaker<'_> {
    pub(in crate::speaker) fn check_connections(&self) -> Checked {
        let mut leased = 0;
        for (index, conn) in (0..).zip(self.conns.iter()) {
            if let Some(large) = conn.large {
                ensure!(leased & 1 << large == 0, "large carry {large} is leased twice");
                leased |= 1 << large;
            }
            let carry = if conn.large.is_some() { LARGE_CARRY } else { CARRY };
            ensure!(conn.carried as usize <= carry, "connection {index} carries more than there is room for");
            self.check_owner(index, conn)?;
        }
        agree!(self.large_leases, leased, "leases of large carries");
        for (peer, slot) in (0..).zip(self.peers.iter()).skip(1) {
            self.check_places(peer, slot)?;
        }
        Ok(())
    }

    /// Each connection slot is free, somebody's, or about to be closed.
    fn check_owner(&self, index: u16, conn: &ConnSlot) -> Checked {
        let slot = &self.peers[usize::from(conn.peer)];
        let owned = [slot.outgoing, slot.incoming].contains(&Some(index));
        match conn.phase {
            Phase::Free => {
                let rest = (conn.peer, conn.pending, conn.carried, conn.large, conn.hold_at);
                agree!((0, 0, 0, None, None), rest, "what connection {index} has, which is free");
            }
            Phase::Dialling => {
                ensure!(owned && slot.state == State::Connect, "connection {index} is dialled for nobody");
            }
            Phase::Open => {
                let named = owned || conn.peer == 0 && conn.range.is_some();
                ensure!(named && conn.state >= State::OpenSent, "connection {index} is open for nobody");
            }
            Phase::Closing => ensure!(!owned, "connection {index} is closing, but neighbor {}'s", conn.peer),
            Phase::Dead => ensure!(!owned && conn.large.is_none(), "connection {index} is not given up"),
        }
        ensure!(
            conn.phase != Phase::Dead && !conn.wants_dial || self.actions,
            "nobody is asked to dial or close connection {index}"
        );
        if conn.state == State::Established {
            agree!(slot.session, Some(index), "the session of neighbor {}", conn.peer);
        }
        Ok(())
    }

    /// A neighbor has the connections that it may have, and no others.
    fn check_places(&self, peer: u16, slot: &PeerSlot) -> Checked {
        let places = [slot.outgoing, slot.incoming];
        for (dialled, place) in [true, false].into_iter().zip(places) {
            let Some(index) = place else { continue };
            let conn = &self.conns[usize::from(index)];
            let live = matches!(conn.phase, Phase::Open | Phase::Dialling);
            let its = (conn.peer, conn.outgoing) == (peer, dialled);
            ensure!(live && its, "neighbor {peer} claims connection {index}, which is {:?}", conn.phase);
        }
        if let Some(session) = slot.session {
            let state = self.conns[usize::from(session)].state;
            ensure!(places.contains(&slot.session), "neighbor {peer}'s session is on another connection");
            agree!(State::Established, state, "the state of neighbor {peer}'s session");
            agree!(Job::None, slot.job, "what is left of the session before neighbor {peer}'s");
        }
        let Some(config) = slot.config else {
            agree!([None, None], places, "connections of neighbor {peer}, which is nobody");
            return Ok(());
        };
        let closed = slot.closed.is_none() || config.dynamic && places == [None, None];
        ensure!(closed, "neighbor {peer} is closed and has connections");
        ensure!(!config.dynamic || slot.state == State::Idle, "dynamic neighbor {peer} is in {}", slot.state);
        if slot.admin != Admin::Up || slot.removed || self.stopping {
            agree!((State::Idle, [None, None]), (slot.state, places), "neighbor {peer}, which is to be down");
        }
        Ok(())
    }
}
