//! RFC 4271, 8.2.2 as a table, written from the text of the RFC and of those that amend it.

extern crate std;

use std::format;

use super::Event as E;
use super::Notify::{Code, Given};
use super::*;
use crate::peer::State::{Active, Connect, Established, Idle, OpenConfirm, OpenSent};

const NONE: Effects = Effects::NONE;
const DOWN: Effects = Effects::SESSION_DOWN;
const RELEASE: Effects = Effects::RELEASE;
const CLOSE: Effects = Effects::CLOSE_CONNECTION;
const NO_RETRY: Effects = Effects::STOP_CONNECT_RETRY;
const CLEAR: Effects = Effects::CLEAR_BACK_OFF;
const REST: Effects = Effects::BACK_OFF;
const RETRY: Effects = Effects::ARM_CONNECT_RETRY;
const DIAL: Effects = Effects::DIAL;
const OPEN: Effects = Effects::SEND_OPEN;
const ALIVE: Effects = Effects::SEND_KEEPALIVE;
const LARGE_HOLD: Effects = Effects::ARM_LARGE_HOLD;
const HOLD: Effects = Effects::ARM_HOLD;
const HOLD_AGAIN: Effects = Effects::RESTART_HOLD;
const KEEPALIVE: Effects = Effects::ARM_KEEPALIVE;
const UP: Effects = Effects::SESSION_UP;
const UPDATE: Effects = Effects::DELIVER_UPDATE;
const REFRESH: Effects = Effects::DELIVER_REFRESH;

const fn code(code: u8, subcode: u8) -> Option<Notify> {
    Some(Code(ErrorCode { code, subcode }))
}

type Row = (State, Event, Option<Notify>, &'static [Effects], State);

#[rustfmt::skip]
const TABLE: [Row; 6 * 19] = [
    // Idle: only starting matters; connections are refused.
    (Idle, E::Start,                  None, &[CLEAR, RETRY, DIAL], Connect),
    (Idle, E::StartPassive,           None, &[CLEAR],              Active),
    (Idle, E::Stop,                   None, &[CLEAR],              Idle),
    (Idle, E::IdleHoldExpired,        None, &[RETRY, DIAL],        Connect),
    (Idle, E::IdleHoldExpiredPassive, None, &[NONE],               Active),
    (Idle, E::ConnectRetryExpired,    None, &[NONE],               Idle),
    (Idle, E::HoldExpired,            None, &[NONE],               Idle),
    (Idle, E::KeepaliveExpired,       None, &[NONE],               Idle),
    (Idle, E::SendHoldExpired,        None, &[NONE],               Idle),
    (Idle, E::TcpOpened,              None, &[CLOSE],              Idle),
    (Idle, E::TcpFailed,              None, &[NONE],               Idle),
    (Idle, E::OpenReceived,           None, &[NONE],               Idle),
    (Idle, E::KeepaliveReceived,      None, &[NONE],               Idle),
    (Idle, E::UpdateReceived,         None, &[NONE],               Idle),
    (Idle, E::RefreshReceived,        None, &[NONE],               Idle),
    (Idle, E::NotificationReceived,   None, &[NONE],               Idle),
    (Idle, E::MessageFault,           None, &[NONE],               Idle),
    (Idle, E::CollisionLost,          None, &[NONE],               Idle),
    (Idle, E::CeaseRequested,         None, &[NONE],               Idle),

    // Connect: a dial under way. Nothing was sent, so that nothing is explained.
    (Connect, E::Start,                  None, &[NONE],                            Connect),
    (Connect, E::StartPassive,           None, &[NONE],                            Connect),
    (Connect, E::Stop,                   None, &[RELEASE, CLOSE, NO_RETRY, CLEAR], Idle),
    (Connect, E::IdleHoldExpired,        None, &[NONE],                            Connect),
    (Connect, E::IdleHoldExpiredPassive, None, &[NONE],                            Connect),
    (Connect, E::ConnectRetryExpired,    None, &[CLOSE, RETRY, DIAL],              Connect),
    (Connect, E::HoldExpired,            None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Connect, E::KeepaliveExpired,       None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Connect, E::SendHoldExpired,        None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Connect, E::TcpOpened,              None, &[NO_RETRY, OPEN, LARGE_HOLD],      OpenSent),
    (Connect, E::TcpFailed,              None, &[CLOSE, RETRY],                    Active),
    (Connect, E::OpenReceived,           None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Connect, E::KeepaliveReceived,      None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Connect, E::UpdateReceived,         None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Connect, E::RefreshReceived,        None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Connect, E::NotificationReceived,   None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Connect, E::MessageFault,           None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Connect, E::CollisionLost,          None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Connect, E::CeaseRequested,         None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),

    // Active: waiting.
    (Active, E::Start,                  None, &[NONE],                            Active),
    (Active, E::StartPassive,           None, &[NONE],                            Active),
    (Active, E::Stop,                   None, &[RELEASE, CLOSE, NO_RETRY, CLEAR], Idle),
    (Active, E::IdleHoldExpired,        None, &[NONE],                            Active),
    (Active, E::IdleHoldExpiredPassive, None, &[NONE],                            Active),
    (Active, E::ConnectRetryExpired,    None, &[RETRY, DIAL],                     Connect),
    (Active, E::HoldExpired,            None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Active, E::KeepaliveExpired,       None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Active, E::SendHoldExpired,        None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Active, E::TcpOpened,              None, &[NO_RETRY, OPEN, LARGE_HOLD],      OpenSent),
    (Active, E::TcpFailed,              None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Active, E::OpenReceived,           None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Active, E::KeepaliveReceived,      None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Active, E::UpdateReceived,         None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Active, E::RefreshReceived,        None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Active, E::NotificationReceived,   None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Active, E::MessageFault,           None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Active, E::CollisionLost,          None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Active, E::CeaseRequested,         None, &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),

    // OpenSent: our OPEN is out.
    (OpenSent, E::Start,                  None,       &[NONE],                            OpenSent),
    (OpenSent, E::StartPassive,           None,       &[NONE],                            OpenSent),
    (OpenSent, E::Stop,                   code(6, 2), &[RELEASE, CLOSE, NO_RETRY, CLEAR], Idle),
    (OpenSent, E::IdleHoldExpired,        None,       &[NONE],                            OpenSent),
    (OpenSent, E::IdleHoldExpiredPassive, None,       &[NONE],                            OpenSent),
    (OpenSent, E::ConnectRetryExpired,    code(5, 0), &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (OpenSent, E::HoldExpired,            code(4, 0), &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (OpenSent, E::KeepaliveExpired,       code(5, 0), &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (OpenSent, E::SendHoldExpired,        code(8, 0), &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (OpenSent, E::TcpOpened,              None,       &[NONE],                            OpenSent),
    (OpenSent, E::TcpFailed,              None,       &[RELEASE, CLOSE, RETRY],           Active),
    (OpenSent, E::OpenReceived,           None,       &[NO_RETRY, ALIVE, KEEPALIVE, HOLD], OpenConfirm),
    (OpenSent, E::KeepaliveReceived,      code(5, 1), &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (OpenSent, E::UpdateReceived,         code(5, 1), &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (OpenSent, E::RefreshReceived,        code(5, 1), &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (OpenSent, E::NotificationReceived,   None,       &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (OpenSent, E::MessageFault,           Some(Given), &[RELEASE, CLOSE, NO_RETRY, REST], Idle),
    (OpenSent, E::CollisionLost,          code(6, 7), &[RELEASE, CLOSE, NO_RETRY],        Idle),
    (OpenSent, E::CeaseRequested,         Some(Given), &[RELEASE, CLOSE, NO_RETRY, REST], Idle),

    // OpenConfirm: the hold timer runs with the negotiated time.
    (OpenConfirm, E::Start,                  None,       &[NONE],                            OpenConfirm),
    (OpenConfirm, E::StartPassive,           None,       &[NONE],                            OpenConfirm),
    (OpenConfirm, E::Stop,                   code(6, 2), &[RELEASE, CLOSE, NO_RETRY, CLEAR], Idle),
    (OpenConfirm, E::IdleHoldExpired,        None,       &[NONE],                            OpenConfirm),
    (OpenConfirm, E::IdleHoldExpiredPassive, None,       &[NONE],                            OpenConfirm),
    (OpenConfirm, E::ConnectRetryExpired,    code(5, 0), &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (OpenConfirm, E::HoldExpired,            code(4, 0), &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (OpenConfirm, E::KeepaliveExpired,       None,       &[ALIVE, KEEPALIVE],                OpenConfirm),
    (OpenConfirm, E::SendHoldExpired,        code(8, 0), &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (OpenConfirm, E::TcpOpened,              None,       &[NONE],                            OpenConfirm),
    (OpenConfirm, E::TcpFailed,              None,       &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (OpenConfirm, E::OpenReceived,           code(5, 2), &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (OpenConfirm, E::KeepaliveReceived,      None,       &[HOLD_AGAIN, UP],                  Established),
    (OpenConfirm, E::UpdateReceived,         code(5, 2), &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (OpenConfirm, E::RefreshReceived,        code(5, 2), &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (OpenConfirm, E::NotificationReceived,   None,       &[RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (OpenConfirm, E::MessageFault,           Some(Given), &[RELEASE, CLOSE, NO_RETRY, REST], Idle),
    (OpenConfirm, E::CollisionLost,          code(6, 7), &[RELEASE, CLOSE, NO_RETRY],        Idle),
    (OpenConfirm, E::CeaseRequested,         Some(Given), &[RELEASE, CLOSE, NO_RETRY, REST], Idle),

    // Established: every end takes the session down.
    (Established, E::Start,                  None,       &[NONE],                                  Established),
    (Established, E::StartPassive,           None,       &[NONE],                                  Established),
    (Established, E::Stop,                   code(6, 2), &[DOWN, RELEASE, CLOSE, NO_RETRY, CLEAR], Idle),
    (Established, E::IdleHoldExpired,        None,       &[NONE],                                  Established),
    (Established, E::IdleHoldExpiredPassive, None,       &[NONE],                                  Established),
    (Established, E::ConnectRetryExpired,    code(5, 0), &[DOWN, RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Established, E::HoldExpired,            code(4, 0), &[DOWN, RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Established, E::KeepaliveExpired,       None,       &[ALIVE, KEEPALIVE],                      Established),
    (Established, E::SendHoldExpired,        code(8, 0), &[DOWN, RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Established, E::TcpOpened,              None,       &[NONE],                                  Established),
    (Established, E::TcpFailed,              None,       &[DOWN, RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Established, E::OpenReceived,           code(5, 3), &[DOWN, RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Established, E::KeepaliveReceived,      None,       &[HOLD_AGAIN],                            Established),
    (Established, E::UpdateReceived,         None,       &[HOLD_AGAIN, UPDATE],                    Established),
    (Established, E::RefreshReceived,        None,       &[REFRESH],                               Established),
    (Established, E::NotificationReceived,   None,       &[DOWN, RELEASE, CLOSE, NO_RETRY, REST],  Idle),
    (Established, E::MessageFault,           Some(Given), &[DOWN, RELEASE, CLOSE, NO_RETRY, REST], Idle),
    (Established, E::CollisionLost,          code(6, 7), &[DOWN, RELEASE, CLOSE, NO_RETRY],        Idle),
    (Established, E::CeaseRequested,         Some(Given), &[DOWN, RELEASE, CLOSE, NO_RETRY, REST], Idle),
];

#[test]
fn every_state_answers_every_event_as_the_rfc_says() {
    let states = [Idle, Connect, Active, OpenSent, OpenConfirm, Established];
    let grid = states.into_iter().flat_map(|state| E::ALL.map(|event| (state, event)));
    for ((state, event), row) in grid.zip(TABLE) {
        assert_eq!((state, event), (row.0, row.1), "the table has a hole");
        let wanted = Transition {
            notify: row.2,
            effects: row.3.iter().fold(NONE, |all, &effect| all.and(effect)),
            next: row.4,
        };
        assert_eq!(step(state, event), wanted, "{event:?} in {state}");
    }
}

#[test]
fn a_session_comes_up_and_goes_down() {
    let mut state = Idle;
    for (event, wanted) in [
        (E::Start, Connect),
        (E::TcpFailed, Active),
        (E::ConnectRetryExpired, Connect),
        (E::TcpOpened, OpenSent),
        (E::OpenReceived, OpenConfirm),
        (E::KeepaliveReceived, Established),
        (E::UpdateReceived, Established),
        (E::HoldExpired, Idle),
        (E::IdleHoldExpired, Connect),
    ] {
        state = step(state, event).next;
        assert_eq!(state, wanted, "after {event:?}");
    }
}

#[test]
fn effects_are_sets_with_names() {
    let both = OPEN.and(LARGE_HOLD);
    assert!(
        both.contains(OPEN) && both.contains(both) && !both.contains(HOLD) && !both.contains(OPEN.and(HOLD))
    );
    assert!(NONE.is_empty() && !both.is_empty());
    assert_eq!(format!("{both:?}"), r#"{"SEND_OPEN", "ARM_LARGE_HOLD"}"#);
}
