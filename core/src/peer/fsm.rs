//! The session state machine of RFC 4271, 8 as one function of state and event.
//!
//! One instance runs for each connection, and one for the neighbor's own part: resting, dialling, waiting. It is total:
//! every event has an outcome in every state. It touches nothing; what is to be done comes back as values, which the
//! caller carries out in the order in which [`Effects`] and [`Transition`] list them.
//!
//! Of the optional attributes of 8.1.1 there are DampPeerOscillations, PassiveTcpEstablishment and
//! CollisionDetectEstablishedState; there is no DelayOpen or SendNOTIFICATIONwithoutOPEN.

mod effects;

pub use effects::Effects;

use crate::peer::State;
use crate::wire::header::Kind;
use crate::wire::notification::{ErrorCode, codes};

/// What happened to a connection or to the neighbor. Numbers are those of RFC 4271, 8.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// The neighbor is to be up and may be dialled (1, 3).
    Start,
    /// The neighbor is to be up and is never dialled (4, 5).
    StartPassive,
    /// The neighbor is to be down, with no words for it (2).
    Stop,
    /// The rest after a failure is over and the neighbor may be dialled (13, and 6 which follows it).
    IdleHoldExpired,
    /// The rest after a failure is over and the neighbor is never dialled (13, and 7 which follows it).
    IdleHoldExpiredPassive,
    /// It is time to dial again (9).
    ConnectRetryExpired,
    /// Nothing came for the hold time (10).
    HoldExpired,
    /// It is time for a KEEPALIVE (11).
    KeepaliveExpired,
    /// Nothing could be sent for the send hold time (RFC 9687: 29).
    SendHoldExpired,
    /// TCP is open, dialled or accepted (16, 17).
    TcpOpened,
    /// TCP could not be opened, or ended (18).
    TcpFailed,
    /// An OPEN arrived and was agreed on (19).
    OpenReceived,
    /// A KEEPALIVE arrived (26).
    KeepaliveReceived,
    /// An UPDATE arrived, not looked into yet (27).
    UpdateReceived,
    /// A ROUTE-REFRESH arrived (RFC 2918).
    RefreshReceived,
    /// A NOTIFICATION arrived (24, 25).
    NotificationReceived,
    /// A message is at fault, and the caller has the NOTIFICATION for it (21, 22, 28).
    MessageFault,
    /// The neighbor's other connection stays (23).
    CollisionLost,
    /// The session is to end for an administrative reason, and the caller has the NOTIFICATION for it (8).
    CeaseRequested,
}

impl Event {
    /// Every event.
    pub const ALL: [Self; 19] = [
        Self::Start,
        Self::StartPassive,
        Self::Stop,
        Self::IdleHoldExpired,
        Self::IdleHoldExpiredPassive,
        Self::ConnectRetryExpired,
        Self::HoldExpired,
        Self::KeepaliveExpired,
        Self::SendHoldExpired,
        Self::TcpOpened,
        Self::TcpFailed,
        Self::OpenReceived,
        Self::KeepaliveReceived,
        Self::UpdateReceived,
        Self::RefreshReceived,
        Self::NotificationReceived,
        Self::MessageFault,
        Self::CollisionLost,
        Self::CeaseRequested,
    ];

    /// The message whose coming is the event, if it is one that may be unexpected.
    pub const fn message(self) -> Option<Kind> {
        match self {
            Self::OpenReceived => Some(Kind::Open),
            Self::KeepaliveReceived => Some(Kind::Keepalive),
            Self::UpdateReceived => Some(Kind::Update),
            Self::RefreshReceived => Some(Kind::RouteRefresh),
            _ => None,
        }
    }
}

/// The NOTIFICATION that a transition sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notify {
    /// This one. Where the event is a message that does not belong in the state, its type is the data (RFC 6608, 4); else
    /// there is none.
    Code(ErrorCode),
    /// The one that the caller has with the event.
    Given,
}

/// What follows from an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Transition {
    /// The NOTIFICATION to send, before any effect.
    pub notify: Option<Notify>,
    /// What else to do.
    pub effects: Effects,
    /// The state from now on.
    pub next: State,
}

/// Everything that ends a connection.
const END: Effects = Effects::RELEASE.and(Effects::CLOSE_CONNECTION).and(Effects::STOP_CONNECT_RETRY);

/// The outcome of `event` in `state`.
pub fn step(state: State, event: Event) -> Transition {
    let transition = match state {
        State::Idle => idle(event),
        State::Connect => connect(event),
        State::Active => active(event),
        State::OpenSent => open_sent(event),
        State::OpenConfirm => open_confirm(event),
        State::Established => established(event),
    };
    if state == State::Established && transition.next != State::Established {
        return transition.also(Effects::SESSION_DOWN);
    }
    if state != State::Established && transition.next == State::Established {
        return transition.also(Effects::SESSION_UP);
    }
    transition
}

/// Resting: nothing is dialled. What is accepted is the caller's affair: a connection begins in Active.
fn idle(event: Event) -> Transition {
    let dial = Effects::ARM_CONNECT_RETRY.and(Effects::DIAL);
    match event {
        Event::Start => go(State::Connect, dial.and(Effects::CLEAR_BACK_OFF)),
        Event::IdleHoldExpired => go(State::Connect, dial),
        // The retry timer stays off: it would dial.
        Event::StartPassive => go(State::Active, Effects::CLEAR_BACK_OFF),
        Event::IdleHoldExpiredPassive => go(State::Active, Effects::NONE),
        // Ignored by the RFC, which has no rest that would have to end.
        Event::Stop => go(State::Idle, Effects::CLEAR_BACK_OFF),
        Event::TcpOpened => go(State::Idle, Effects::CLOSE_CONNECTION),
        _ => stay(State::Idle),
    }
}

/// Dialling.
fn connect(event: Event) -> Transition {
    match event {
        event if is_start(event) => stay(State::Connect),
        Event::Stop => stop(),
        Event::ConnectRetryExpired => {
            go(State::Connect, Effects::CLOSE_CONNECTION.and(Effects::ARM_CONNECT_RETRY).and(Effects::DIAL))
        }
        Event::TcpOpened => opened(),
        // The RFC listens on only while DelayOpen runs, and else rests in Idle, where the neighbor's own attempts would
        // be refused. A dial that fails says nothing about how a session would go: wait for the neighbor, dial again
        // later.
        Event::TcpFailed => go(State::Active, Effects::CLOSE_CONNECTION.and(Effects::ARM_CONNECT_RETRY)),
        // No OPEN was sent, so that nothing explains the end to the neighbor (SendNOTIFICATIONwithoutOPEN).
        _ => fail(None),
    }
}

/// Waiting for the neighbor, or to dial again.
fn active(event: Event) -> Transition {
    match event {
        event if is_start(event) => stay(State::Active),
        Event::Stop => stop(),
        Event::ConnectRetryExpired => go(State::Connect, Effects::ARM_CONNECT_RETRY.and(Effects::DIAL)),
        Event::TcpOpened => opened(),
        _ => fail(None),
    }
}

/// Our OPEN is sent, the neighbor's awaited.
fn open_sent(event: Event) -> Transition {
    match event {
        // Not a failure of the session: wait for the neighbor, dial again later.
        Event::TcpFailed => {
            go(State::Active, Effects::RELEASE.and(Effects::CLOSE_CONNECTION).and(Effects::ARM_CONNECT_RETRY))
        }
        Event::OpenReceived => go(
            State::OpenConfirm,
            Effects::STOP_CONNECT_RETRY
                .and(Effects::SEND_KEEPALIVE)
                .and(Effects::ARM_KEEPALIVE)
                .and(Effects::ARM_HOLD),
        ),
        _ => talking(State::OpenSent, event),
    }
}

/// OPENs are agreed on, a KEEPALIVE awaited.
fn open_confirm(event: Event) -> Transition {
    match event {
        Event::KeepaliveExpired => send_keepalive(State::OpenConfirm),
        Event::KeepaliveReceived => go(State::Established, Effects::RESTART_HOLD),
        _ => talking(State::OpenConfirm, event),
    }
}

/// Exchanging routes.
fn established(event: Event) -> Transition {
    match event {
        Event::KeepaliveExpired => send_keepalive(State::Established),
        Event::KeepaliveReceived => go(State::Established, Effects::RESTART_HOLD),
        Event::UpdateReceived => go(State::Established, Effects::RESTART_HOLD.and(Effects::DELIVER_UPDATE)),
        // Only KEEPALIVE and UPDATE restart the hold timer (RFC 4271, 4.2).
        Event::RefreshReceived => go(State::Established, Effects::DELIVER_REFRESH),
        _ => talking(State::Established, event),
    }
}

/// What is the same in every state in which our OPEN is sent, and what the state itself does not expect.
fn talking(state: State, event: Event) -> Transition {
    match event {
        // Another connection's business, which has an instance of its own.
        Event::TcpOpened => stay(state),
        Event::Stop => {
            Transition { notify: Some(Notify::Code(codes::cease::ADMINISTRATIVE_SHUTDOWN)), ..stop() }
        }
        Event::HoldExpired => fail(Some(codes::hold_timer::EXPIRED)),
        Event::SendHoldExpired => fail(Some(codes::send_hold_timer::EXPIRED)),
        Event::MessageFault | Event::CeaseRequested => {
            Transition { notify: Some(Notify::Given), ..fail(None) }
        }
        // Nothing failed: the neighbor's other connection goes on, and no rest is due.
        Event::CollisionLost => Transition {
            notify: Some(Notify::Code(codes::cease::CONNECTION_COLLISION_RESOLUTION)),
            ..go(State::Idle, END)
        },
        // A NOTIFICATION is never answered with one, whatever 8.2.2 says for OpenSent (6.4).
        Event::TcpFailed | Event::NotificationReceived => fail(None),
        // Neither timer runs where it gets here. Should one fire all the same, the RFC ends the session.
        Event::ConnectRetryExpired | Event::KeepaliveExpired => fail(Some(codes::fsm::UNSPECIFIED)),
        // Every connection has an instance of its own, so that an OPEN past OpenSent is the second on this one.
        Event::OpenReceived | Event::KeepaliveReceived | Event::UpdateReceived | Event::RefreshReceived => {
            fail(Some(unexpected(state)))
        }
        Event::Start | Event::StartPassive | Event::IdleHoldExpired | Event::IdleHoldExpiredPassive => {
            stay(state)
        }
    }
}

/// The fault of a message that does not belong in `state` (RFC 6608, 3).
const fn unexpected(state: State) -> ErrorCode {
    match state {
        State::OpenSent => codes::fsm::UNEXPECTED_IN_OPEN_SENT,
        State::OpenConfirm => codes::fsm::UNEXPECTED_IN_OPEN_CONFIRM,
        State::Established => codes::fsm::UNEXPECTED_IN_ESTABLISHED,
        State::Idle | State::Connect | State::Active => codes::fsm::UNSPECIFIED,
    }
}

/// Events that begin a session and mean nothing to one that has begun.
const fn is_start(event: Event) -> bool {
    matches!(
        event,
        Event::Start | Event::StartPassive | Event::IdleHoldExpired | Event::IdleHoldExpiredPassive
    )
}

const fn go(next: State, effects: Effects) -> Transition {
    Transition { notify: None, effects, next }
}

const fn stay(state: State) -> Transition {
    go(state, Effects::NONE)
}

/// The connection is there: say who we are, and wait for the neighbor to do the same.
const fn opened() -> Transition {
    go(State::OpenSent, Effects::STOP_CONNECT_RETRY.and(Effects::SEND_OPEN).and(Effects::ARM_LARGE_HOLD))
}

const fn send_keepalive(state: State) -> Transition {
    go(state, Effects::SEND_KEEPALIVE.and(Effects::ARM_KEEPALIVE))
}

/// The end that an operator wants: what failed before is forgotten.
const fn stop() -> Transition {
    go(State::Idle, END.and(Effects::CLEAR_BACK_OFF))
}

/// The end that nobody wants: the neighbor rests before the next attempt.
fn fail(error: Option<ErrorCode>) -> Transition {
    Transition { notify: error.map(Notify::Code), ..go(State::Idle, END.and(Effects::BACK_OFF)) }
}

impl Transition {
    const fn also(self, effects: Effects) -> Self {
        Self { effects: self.effects.and(effects), ..self }
    }
}

#[cfg(test)]
mod tests;
