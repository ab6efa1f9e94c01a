//! What is known of a neighbor's key, for its row.

use std::borrow::Cow;

use crier_core::peer::State;
use crier_core::view::PeerView;
use serde::{Deserialize, Serialize};

use super::rows::{PeerRow, SessionRow, Word};
use super::view::{peer_row, session_row};
use crate::daemon::{Daemon, Now};
use crate::keys::Held;

/// How a neighbor's segments are signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthenticationRow {
    /// `tcp-md5` (RFC 2385).
    pub method: Word,
    /// The file with the key.
    pub password_file: String,
    /// Why the key could not be read, and what follows from that.
    pub problem: Option<String>,
}

/// A neighbor, with why it is held down if its key is not known.
pub(super) fn peer(peer: &PeerView<'_>, daemon: &Daemon, now: Now) -> PeerRow {
    let held = daemon.keys.of(peer.remote, peer.dynamic).filter(|held| held.is_locked());
    PeerRow { held: held.and_then(Held::trouble), ..peer_row(peer, &daemon.words, now.at) }
}

/// Everything about a neighbor, with what is known of its key and of dropped segments.
pub(super) fn session(view: &PeerView<'_>, daemon: &Daemon, now: Now) -> SessionRow {
    let held = daemon.keys.of(view.remote, view.dynamic);
    let down = view.state != State::Established && !held.is_some_and(Held::is_locked);
    SessionRow {
        peer: peer(view, daemon, now),
        authentication: held.map(|held| AuthenticationRow {
            method: Cow::Borrowed("tcp-md5"),
            password_file: held.path.display().to_string(),
            problem: held.trouble(),
        }),
        suspicion: down.then(|| daemon.signatures.suspicion(held.is_some(), now.at)).flatten(),
        ..session_row(view, &daemon.words, now.at)
    }
}
