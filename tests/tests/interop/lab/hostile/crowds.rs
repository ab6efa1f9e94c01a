//! Attacks by connections, and by clients of the control socket.

use crier_tests::hostile::{Attack, Setup, Usage};

use super::suffer;

#[test]
fn a_crowd_from_a_range_gets_what_the_range_may_have() {
    suffer(&Setup { prefault: false, ..Setup::default() }, Attack::Crowd, 20_000, |scene| {
        let crier = &scene.crier;
        scene.honest.idle_until(|| {
            let usage = Usage::of(crier);
            usage.turned_away("dynamic-limit") + usage.turned_away("connections-full") > 0
        });
        let usage = Usage::of(&scene.crier);
        assert!(usage.used("peers") <= usage.capacity("peers"));
        assert!(usage.used("connections") <= usage.capacity("connections"));
        // What strangers do is no flood of events.
        let events = scene.crier.command(&["events"]);
        let begins = events.lines().any(|line| line.contains("session up"));
        assert!(begins, "the sessions at the beginning are no longer to be seen:\n{events}");
    });
}

#[test]
fn strangers_are_turned_away_and_counted() {
    suffer(&Setup::default(), Attack::Strangers, 30_000, |scene| {
        let usage = Usage::of(&scene.crier);
        assert!(usage.turned_away("not-configured") > 10_000, "{usage:?}");
        assert_eq!(usage.refused("connections"), 0);
        let shown = scene.crier.command(&["status"]);
        assert!(shown.contains("connections turned away, not-configured: "), "{shown}");
    });
}

#[test]
fn connections_that_never_open_leave_room_for_who_is_configured() {
    suffer(&Setup::default(), Attack::SlowOpens, 200, |scene| {
        let usage = Usage::of(&scene.crier);
        let away = usage.turned_away("connections-full") + usage.turned_away("too-many-from-source");
        assert!(away > 0, "{usage:?}");
        // In the midst of it a configured neighbor gets its session.
        scene.attackers_session();
    });
}

#[test]
fn clients_that_never_read_do_not_lock_the_operator_out() {
    suffer(&Setup::default(), Attack::DeafClients, 16, |scene| {
        for _ in 0..3 {
            Usage::of(&scene.crier);
        }
    });
}

#[test]
fn clients_that_never_ask_do_not_lock_the_operator_out() {
    suffer(&Setup::default(), Attack::IdleClients, 100, |scene| {
        for _ in 0..3 {
            Usage::of(&scene.crier);
        }
    });
}
