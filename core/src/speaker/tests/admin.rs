//! What operators do: shut down, enable, clear, stop, and new configurations.

extern crate std;

use std::vec::Vec;

use super::raw_peer::{ASN, KEEPALIVE, Lab, OPEN, REFRESH, UPDATE, keepalive, message, open, range, update};
use super::world::{address, local, neighbor, route, settings, small};
use crate::config::{Config, LocalConfig, PeerConfig, Settings, Timers};
use crate::peer::State;
use crate::speaker::{Applied, Clear, CloseCause, CommandError, ConfigError, ConnId, Refusal};
use crate::view::Admin;
use crate::{EventKind, PeerId};

const PEER: PeerId = PeerId(1);

fn passive() -> Settings {
    Settings { passive: true, ..settings() }
}

#[test]
fn shutdown_says_why_and_lasts() {
    let mut lab = Lab::with(settings());
    let conn = lab.connected();
    lab.send(conn, &open(90));
    lab.send(conn, &keepalive());
    lab.read(conn);
    lab.speaker.shutdown(lab.now, PEER, "rack 3 moves").unwrap();
    assert_eq!(lab.ends_with(conn, 6, 2).1, b"\x0crack 3 moves");
    assert_eq!(lab.view().admin, Admin::Down);
    assert_eq!(lab.accept(address(1)), Err(Refusal::AdministrativelyDown));
    lab.seconds(100_000);
    assert_eq!((lab.dials.len(), lab.state()), (1, State::Idle));
    assert!(lab.speaker.is_quiet());
    // A clear is no enable, and neither is a changed configuration.
    lab.speaker.clear(lab.now, PEER, Clear::Hard).unwrap();
    lab.configure(&[neighbor(1, Settings { tag: 3, ..settings() })], &[]);
    lab.seconds(1_000);
    assert_eq!((lab.dials.len(), lab.state()), (1, State::Idle));
    lab.speaker.enable(lab.now, PEER).unwrap();
    lab.settle();
    assert_eq!((lab.dials.len(), lab.state()), (2, State::Connect));
}

#[test]
fn shutdown_in_every_state() {
    // Dialling, waiting, resting: nothing is left, and nothing comes.
    for case in 0..3 {
        let mut lab = Lab::with(settings());
        if case == 1 {
            lab.refused();
        }
        if case == 2 {
            for _ in 0..2 {
                let conn = lab.connected();
                lab.hang_up(conn);
                lab.seconds(120);
            }
        }
        lab.speaker.shutdown(lab.now, PEER, "").unwrap();
        lab.settle();
        let dials = lab.dials.len();
        lab.seconds(1_000);
        assert_eq!((lab.dials.len(), lab.state()), (dials, State::Idle), "case {case}");
        assert!(lab.speaker.is_quiet(), "case {case}");
    }
    let mut lab = Lab::passive();
    let conn = lab.accept(address(1)).unwrap();
    lab.speaker.shutdown(lab.now, PEER, "").unwrap();
    assert_eq!(lab.ends_with(conn, 6, 2), (std::vec![OPEN], std::vec![]));
    let mut lab = Lab::passive();
    let conn = lab.open_confirm(90);
    lab.speaker.shutdown(lab.now, PEER, "").unwrap();
    assert!(lab.ends_with(conn, 6, 2).0.is_empty());
    // Both connections of a neighbor.
    let mut lab = Lab::with(settings());
    let (out, incoming) = (lab.connected(), lab.accept(address(1)).unwrap());
    lab.speaker.shutdown(lab.now, PEER, "").unwrap();
    lab.ends_with(out, 6, 2);
    lab.ends_with(incoming, 6, 2);
    assert!(lab.speaker.is_quiet());
}

#[test]
fn a_hard_clear_restarts_at_once() {
    let mut lab = Lab::with(settings());
    let conn = lab.connected();
    lab.send(conn, &open(90));
    lab.send(conn, &keepalive());
    lab.speaker.clear(lab.now, PEER, Clear::Hard).unwrap();
    lab.settle();
    lab.ends_with(conn, 6, 4);
    assert_eq!(lab.dials.len(), 2);
    assert_eq!(lab.view().flaps, 1);
    for unknown in [PeerId(0), PeerId(2), PeerId(u16::MAX)] {
        assert_eq!(lab.speaker.clear(lab.now, unknown, Clear::Hard), Err(CommandError::NoSuchPeer));
        assert_eq!(lab.speaker.shutdown(lab.now, unknown, ""), Err(CommandError::NoSuchPeer));
        assert_eq!(lab.speaker.enable(lab.now, unknown), Err(CommandError::NoSuchPeer));
    }
}

#[test]
fn stop_ends_everything_and_leaves_silence() {
    let mut lab = Lab::new(small(), 1);
    let peers: Vec<PeerConfig> = (1..5).map(|host| neighbor(host, settings())).collect();
    lab.configure(&peers, &[range("10.1.0.0/16", 5, 1)]);
    lab.settle();
    let up = lab.connected();
    lab.send(up, &open(90));
    lab.send(up, &keepalive());
    lab.read(up);
    let stranger = lab.accept("10.1.0.1".parse().unwrap()).unwrap();
    lab.speaker.stop(lab.now, "bye");
    lab.settle();
    assert!(!lab.speaker.is_quiet());
    assert_eq!(lab.read(up).pop().unwrap().1, b"\x06\x02\x03bye");
    let last = lab.read(stranger);
    assert_eq!((last[0].0, last[1].1.as_slice()), (OPEN, &b"\x06\x02\x03bye"[..]));
    assert!(lab.speaker.is_quiet());
    assert_eq!(lab.closed.len(), 5, "three dials and two connections");
    assert_eq!(lab.accept(address(1)), Err(Refusal::Stopping));
    lab.configure(&[neighbor(7, settings())], &[]);
    let dials = lab.dials.len();
    lab.seconds(100_000);
    assert!(lab.speaker.is_quiet());
    assert_eq!(lab.dials.len(), dials);
}

#[test]
fn stop_does_not_wait_for_those_that_read_nothing() {
    let mut lab = Lab::passive();
    lab.establish(90);
    lab.speaker.stop(lab.now, "");
    lab.seconds(4);
    assert!(!lab.speaker.is_quiet());
    lab.seconds(1);
    assert!(lab.speaker.is_quiet());
}

#[test]
fn a_reload_touches_only_what_changed() {
    let mut lab = Lab::new(small(), 1);
    let third = Settings { timers: Timers { send_hold: 300, ..Timers::default() }, ..passive() };
    lab.configure(&[neighbor(1, passive()), neighbor(2, passive()), neighbor(3, passive())], &[]);
    let conns: Vec<ConnId> = (1..=3)
        .map(|host| {
            let conn = lab.accept(address(host)).unwrap();
            lab.send(conn, &open(90));
            lab.send(conn, &keepalive());
            lab.read(conn);
            conn
        })
        .collect();
    let changed = Settings { timers: Timers { hold: 30, ..Timers::default() }, ..passive() };
    let applied = lab.configure(&[neighbor(3, third), neighbor(2, changed), neighbor(1, passive())], &[]);
    assert_eq!(applied, Applied { restarted: 1, ..Applied::default() });
    lab.settle();
    lab.seconds(30);
    assert_eq!(lab.kinds(conns[0]), [KEEPALIVE]);
    assert_eq!(lab.kinds(conns[2]), [KEEPALIVE]);
    assert_eq!(lab.closed, [conns[1]]);
    assert_eq!(lab.speaker.peer(PeerId(2)).unwrap().last_error.unwrap().notification.subcode, 6);
    // Another identity restarts all that is up.
    let local = LocalConfig { router_id: "10.9.9.9".parse().unwrap(), ..local(0, ASN) };
    let peers = [neighbor(3, third), neighbor(2, changed), neighbor(1, passive())];
    let config = Config { local, peers: &peers, ranges: &[], policies: &[] };
    assert_eq!(lab.speaker.configure(lab.now, &config).unwrap().restarted, 2);
    lab.ends_with(conns[0], 6, 6);
    assert_eq!(lab.read(conns[2]).pop().unwrap().1, [6, 6]);
    let conn = lab.accept(address(1)).unwrap();
    let (kind, body) = lab.read(conn).remove(0);
    assert_eq!((kind, &body[5..9]), (OPEN, &[10, 9, 9, 9][..]));
}

#[test]
fn a_refused_configuration_changes_nothing() {
    let mut lab = Lab::passive();
    let conn = lab.establish(90);
    let two = [neighbor(2, settings()), neighbor(2, settings())];
    let many: Vec<PeerConfig> = (0..21).map(|host| neighbor(host, settings())).collect();
    let unknown = [neighbor(1, Settings { import: crate::config::PolicyRef::Named(0), ..passive() })];
    let ranges: Vec<_> = (0..129).map(|_| range("10.1.0.0/16", 0, 1)).collect();
    let wide = [range("10.1.0.0/16", 15, 1), range("10.2.0.0/16", 15, 1), range("10.3.0.0/16", 6, 2)];
    let other = local(5, 65_005);
    let config = |peers, ranges| Config { local: other, peers, ranges, policies: &[] };
    for (config, error) in [
        (config(&two, &[]), ConfigError::DuplicatePeer(address(2))),
        (config(&many, &[]), ConfigError::TooManyPeers { wanted: 21, limit: 20 }),
        (config(&unknown, &[]), ConfigError::NoSuchPolicy(0)),
        (config(&[], &ranges), ConfigError::TooManyRanges { limit: 128 }),
        (config(&[], &wide), ConfigError::TooManyPeers { wanted: 21, limit: 20 }),
    ] {
        assert_eq!(lab.speaker.configure(lab.now, &config), Err(error));
        lab.settle();
        assert_eq!(lab.state(), State::Established);
        assert!(lab.read(conn).is_empty() && lab.dials.is_empty());
        assert_eq!(lab.speaker.peers().count(), 1);
        assert_eq!(lab.view().local_asn, ASN);
    }
}

/// An Established neighbor with more routes than are purged at once.
fn with_many_routes(lab: &mut Lab) -> ConnId {
    let conn = lab.establish(90);
    for number in 0..300u16 {
        lab.speaker.receive(lab.now, conn, &update(65_002, [20, (number >> 8) as u8, number as u8]));
    }
    assert_eq!(lab.view().families[0].unwrap().accepted, 300);
    lab.read(conn);
    conn
}

/// A purge that is not done at once: one entry is gone through for each call.
fn work(lab: &mut Lab, calls: usize) {
    for _ in 0..calls {
        assert!(lab.speaker.work(lab.now, 1));
    }
}

#[test]
fn a_neighbor_that_is_removed_and_added_again_while_it_is_purged() {
    for pause in [0, 1, 400, 5_000] {
        let limits = crate::Limits { prefixes: 5_000, paths: 5_000, ..small() };
        let mut lab = Lab::new(limits, 1);
        lab.configure(&[neighbor(1, passive()), neighbor(2, passive())], &[]);
        // Routes of another neighbor lie before its own, so that there is much to walk.
        let other = lab.accept(address(2)).unwrap();
        lab.send(other, &open(90));
        lab.send(other, &keepalive());
        for number in 0..2_000u16 {
            lab.speaker.receive(lab.now, other, &update(65_002, [30, (number >> 8) as u8, number as u8]));
        }
        let conn = with_many_routes(&mut lab);
        lab.read(other);
        lab.configure(&[neighbor(2, passive())], &[]);
        assert!(lab.speaker.peer(PEER).is_none());
        assert_eq!(lab.accept(address(1)), Err(Refusal::NotConfigured));
        for _ in 0..pause {
            lab.speaker.work(lab.now, 1);
        }
        let applied = lab.configure(&[neighbor(1, passive()), neighbor(2, passive())], &[]);
        assert_eq!(applied, Applied { added: 1, ..Applied::default() });
        let peer = lab.speaker.find_peer(address(1)).unwrap();
        assert_eq!(peer, PEER, "the same slot");
        if lab.view().purging {
            let ends = crate::speaker::Ends::new(
                std::net::SocketAddr::new(address(1), 9),
                std::net::SocketAddr::new(address(0), 179),
            );
            assert_eq!(lab.speaker.accept(lab.now, ends), Err(Refusal::Busy));
            work(&mut lab, 10);
        }
        lab.settle();
        assert!(!lab.view().purging);
        // The old connection's last words are its own affair.
        assert_eq!(lab.read(conn).pop().unwrap().1, [6, 3]);
        let again = with_many_routes(&mut lab);
        lab.hang_up(again);
        assert_eq!(lab.speaker.peer(PeerId(2)).unwrap().families[0].unwrap().accepted, 2_000);
    }
}

#[test]
fn a_configured_neighbor_finds_a_slot_among_those_that_leave() {
    let limits = crate::Limits { peers: 2, prefixes: 5_000, paths: 5_000, ..small() };
    let mut lab = Lab::new(limits, 1);
    lab.configure(&[neighbor(1, passive()), neighbor(2, passive())], &[]);
    let other = lab.accept(address(2)).unwrap();
    lab.send(other, &open(90));
    lab.send(other, &keepalive());
    for number in 0..2_000u16 {
        lab.speaker.receive(lab.now, other, &update(65_002, [30, (number >> 8) as u8, number as u8]));
    }
    let conn = with_many_routes(&mut lab);
    // In one configuration: both go, two others come.
    let applied = lab.configure(&[neighbor(3, passive()), neighbor(4, passive())], &[]);
    assert_eq!(applied, Applied { added: 2, removed: 2, ..Applied::default() });
    for host in [3, 4] {
        assert!(lab.speaker.find_peer(address(host)).is_some());
    }
    let sent = |lab: &Lab| -> u64 { lab.speaker.peers().map(|view| view.counters.bytes_sent).sum() };
    lab.read(conn);
    lab.read(other);
    assert_eq!(sent(&lab), 0, "the last words of those that left are not theirs");
    // Dynamic neighbors give way too.
    let ranges = [range("10.1.0.0/16", 2, 1)];
    lab.configure(&[], &ranges);
    for number in 1..=2u8 {
        let conn = lab.accept(std::net::IpAddr::from([10, 1, 0, number])).unwrap();
        lab.send(conn, &open(90));
    }
    assert_eq!(lab.speaker.peers().filter(|view| view.dynamic).count(), 2);
    let applied = lab.configure(&[neighbor(5, passive())], &[range("10.1.0.0/16", 1, 1)]);
    assert_eq!(applied.added, 1);
    assert_eq!(lab.speaker.peers().filter(|view| view.dynamic).count(), 1);
}

#[test]
fn no_session_comes_up_while_the_former_one_is_purged() {
    let limits = crate::Limits { prefixes: 5_000, paths: 5_000, ..small() };
    let mut lab = Lab::new(limits, 1);
    lab.configure(&[neighbor(1, settings()), neighbor(2, passive())], &[]);
    lab.settle();
    let other = lab.accept(address(2)).unwrap();
    lab.send(other, &open(90));
    lab.send(other, &keepalive());
    for number in 0..2_000u16 {
        lab.speaker.receive(lab.now, other, &update(65_002, [30, (number >> 8) as u8, number as u8]));
    }
    // Both connections are open; the accepted one comes up and dies, before the other has said who it is.
    let dialled = lab.connected();
    let conn = lab.accept(address(1)).unwrap();
    lab.send(conn, &open(90));
    lab.send(conn, &keepalive());
    for number in 0..300u16 {
        lab.speaker.receive(lab.now, conn, &update(65_002, [20, (number >> 8) as u8, number as u8]));
    }
    lab.speaker.closed(lab.now, conn, CloseCause::Eof);
    assert!(lab.view().purging);
    lab.speaker.receive(lab.now, dialled, &open(90));
    lab.speaker.receive(lab.now, dialled, &keepalive());
    assert_ne!(lab.state(), State::Established);
    lab.settle();
    assert_eq!(lab.read(dialled).pop().unwrap().1, [6, 5]);
}

#[test]
fn work_that_is_done_is_not_asked_for_again() {
    let limits = crate::Limits { prefixes: 5_000, paths: 5_000, ..small() };
    let mut lab = Lab::new(limits, 1);
    lab.configure(&[neighbor(1, passive()), neighbor(2, passive())], &[]);
    let other = lab.accept(address(2)).unwrap();
    lab.send(other, &open(90));
    lab.send(other, &keepalive());
    for number in 0..2_000u16 {
        lab.speaker.receive(lab.now, other, &update(65_002, [30, (number >> 8) as u8, number as u8]));
    }
    let conn = with_many_routes(&mut lab);
    lab.speaker.closed(lab.now, conn, CloseCause::Eof);
    let mut calls = 0;
    // A driver may call nothing but this as long as that is what it is asked for.
    while lab.speaker.poll_timeout().is_some_and(|next| next.why == crate::speaker::Wake::Work) {
        lab.speaker.work(lab.now, 64);
        calls += 1;
        assert!(calls < 1_000);
    }
    assert!(calls > 10 && !lab.view().purging);
    lab.settle();
}

#[test]
fn dead_handles_do_nothing() {
    let mut lab = Lab::with(settings());
    let refused = lab.dials[0].1;
    lab.refused();
    let conn = lab.accept(address(1)).unwrap();
    lab.hang_up(conn);
    // The slot has another user now.
    let live = lab.establish(90);
    assert_eq!(live.index, conn.index);
    let wild = ConnId { index: u16::MAX, generation: 0 };
    let events = lab.events.len();
    for dead in [refused, conn, wild, ConnId { generation: live.generation + 1, ..live }] {
        let ends = crate::speaker::Ends::new(
            std::net::SocketAddr::new(address(1), 9),
            std::net::SocketAddr::new(address(0), 179),
        );
        lab.speaker.connected(lab.now, dead, ends);
        lab.speaker.receive(lab.now, dead, &open(90));
        lab.speaker.receive(lab.now, dead, b"garbage that is long enough for a header");
        lab.speaker.closed(lab.now, dead, CloseCause::Reset);
        assert!(!lab.speaker.wants_transmit(dead));
        assert_eq!(lab.speaker.transmit(lab.now, dead, &mut [0; 4096]), 0);
        assert_eq!(lab.speaker.ttl(dead), None);
    }
    // Nor does one whose close has not been fetched yet.
    lab.speaker.receive(lab.now, live, &super::raw_peer::message(3, &[6, 2]));
    lab.speaker.receive(lab.now, live, &open(90));
    lab.speaker.closed(lab.now, live, CloseCause::Reset);
    lab.speaker.closed(lab.now, live, CloseCause::Reset);
    lab.settle();
    assert_eq!(lab.closed, [live]);
    let new = &lab.events[events..];
    assert_eq!(new.iter().filter(|event| matches!(event.kind, EventKind::Down(_))).count(), 1);
    assert_eq!(new.iter().filter(|event| matches!(event.kind, EventKind::NotificationSent(_))).count(), 0);
}

#[test]
fn a_refresh_is_answered_at_the_first_call() {
    let mut lab = Lab::passive();
    lab.speaker.originate(lab.now, &route("172.20.0.0/16")).unwrap();
    let conn = lab.establish(90);
    lab.send(conn, &message(REFRESH, &[0, 1, 0, 1]));
    let mut out = [0; 4096];
    let len = lab.speaker.transmit(lab.now, conn, &mut out);
    assert_eq!((len > 19, out[18]), (true, UPDATE), "a driver that got nothing may wait for the socket");
}
