//! What a transition does, as a set of values.

use core::fmt;

/// A set of things to do. The constants stand in the order in which they are to be done.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Effects(u32);

/// Declares each effect once: as a constant, and as the name it is shown by.
macro_rules! effects {
    ($($(#[$doc:meta])* $name:ident = $bit:literal;)*) => {
        impl Effects {
            /// Nothing.
            pub const NONE: Self = Self(0);
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)*

            /// Every effect with its name, in order.
            const NAMES: &'static [(Self, &'static str)] = &[$((Self::$name, stringify!($name)),)*];
        }
    };
}

effects! {
    /// The session ended: what came from the neighbor is stale or gone, flaps are counted, an event is due.
    SESSION_DOWN = 0;
    /// Stop the connection's timers (hold, keepalive, send hold) and forget what was agreed on it.
    RELEASE = 1;
    /// Close the connection, or give up the dial. What is still to be sent, a NOTIFICATION foremost, goes first where
    /// it can.
    CLOSE_CONNECTION = 2;
    /// Stop the neighbor's retry timer.
    STOP_CONNECT_RETRY = 3;
    /// Forget failures and end the rest after them ([`Backoff::clear`](crate::peer::backoff::Backoff::clear)).
    CLEAR_BACK_OFF = 4;
    /// Count a failure and rest ([`Backoff::failed`](crate::peer::backoff::Backoff::failed)): arm the idle hold timer.
    BACK_OFF = 5;
    /// Start the neighbor's retry timer anew, unless the neighbor is never dialled.
    ARM_CONNECT_RETRY = 6;
    /// Dial.
    DIAL = 7;
    /// Send our OPEN.
    SEND_OPEN = 8;
    /// Send a KEEPALIVE.
    SEND_KEEPALIVE = 9;
    /// Start the hold timer with [`Effects::LARGE_HOLD`], for nothing is agreed on yet.
    ARM_LARGE_HOLD = 10;
    /// Start the hold timer with the negotiated time, or stop it where that is 0.
    ARM_HOLD = 11;
    /// Start the hold timer anew, unless the negotiated time is 0.
    RESTART_HOLD = 12;
    /// Start the keepalive timer anew with jitter, or leave it stopped where the negotiated hold time is 0.
    ARM_KEEPALIVE = 13;
    /// The session is up: send what is to be announced, an event is due.
    SESSION_UP = 14;
    /// Handle the UPDATE.
    DELIVER_UPDATE = 15;
    /// Handle the ROUTE-REFRESH.
    DELIVER_REFRESH = 16;
}

impl Effects {
    /// Hold time until one is negotiated (RFC 4271, 8.2.2 suggests four minutes).
    pub const LARGE_HOLD: crate::time::Millis = crate::time::Millis::from_secs(240);

    /// What is in either set.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `effects` is in this set.
    pub const fn contains(self, effects: Self) -> bool {
        self.0 & effects.0 == effects.0
    }

    /// Whether there is nothing to do.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Debug for Effects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::NAMES.iter().filter(|(effect, _)| self.contains(*effect)).map(|(_, name)| name);
        f.debug_set().entries(names).finish()
    }
}
