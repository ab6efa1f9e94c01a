//! Attacks over sessions that are up.

use crier_tests::hostile::{ATTACKER, Attack, Scene, Setup, Usage};
use serde_json::Value;

use super::{suffer, until};

#[test]
fn ever_new_attributes_and_prefixes_end_at_the_neighbors_limit() {
    suffer(&Setup::default(), Attack::Attributes, 20_000, |scene| {
        let attacker = scene.attacker();
        assert_eq!(attacker["state"], "Established");
        assert_eq!(attacker["families"][0]["accepted"], 1000, "{attacker}");
        assert!(attacker["families"][0]["received"].as_u64() > Some(1000), "{attacker}");
        // Its first prefixes were accepted, and one of those after that is refused by name.
        let refused = scene.crier.routes(&["received", "--peer", &ATTACKER.0.to_string()]);
        let refused = refused.iter().find(|path| path["reason"] == "max-prefixes").unwrap();
        let why = scene.crier.command(&["why", refused["prefix"].as_str().unwrap()]);
        assert!(why.contains("max-prefixes"), "{why}");
    });
}

#[test]
fn full_tables_refuse_what_is_new_and_fetch_it_when_there_is_room() {
    let setup = Setup {
        limits: "peers = 48\nconnections = 64\nprefixes = 1000\npaths = 1000\nattribute-sets = 1000\n\
                 attribute-bytes = \"256KiB\"\n",
        attacker: "max-prefixes = { limit = 100000, action = \"warn\" }\n",
        prefault: false,
        ..Setup::default()
    };
    Scene::play(&setup, |scene| {
        let lost = scene.under(Attack::Attributes, |scene, orders| {
            scene.honest.idle_until(|| orders.done() >= 20_000);
            let usage = Usage::of(&scene.crier);
            let full = ["prefixes", "paths", "attribute-sets", "attribute-bytes"];
            assert!(full.iter().any(|table| usage.refused(table) > 1000), "{usage:?}");
            assert!(full.iter().all(|table| usage.used(table) <= usage.capacity(table)), "{usage:?}");
            // With no room for anybody, an honest route is refused like others, and crier says which limit it was.
            let lost = scene.honest.announce();
            let crier = &scene.crier;
            let mut why = String::new();
            scene.honest.idle_until(|| {
                why = crier.try_command(&["why", &lost]).unwrap_or_default();
                why.contains("full") || why.contains("limits.")
            });
            assert!(why.contains("limits."), "{why}");
            scene.assert_sound();
            lost
        });
        // It is asked for as soon as there is room.
        scene.honest.await_last();
        let paths = scene.crier.routes(&["available", &lost]);
        assert!(
            paths.iter().any(|path| path["prefix"] == lost.as_str() && path["best"] == true),
            "{paths:?}"
        );
        scene.assert_sound();
    });
}

#[test]
fn the_longest_paths_are_judged_and_stored_within_their_limit() {
    suffer(&Setup::default(), Attack::LongPaths, 4_000, |scene| {
        let usage = Usage::of(&scene.crier);
        assert!(usage.refused("attribute-bytes") > 0, "{usage:?}");
        let attacker = scene.attacker();
        assert_eq!(
            (&attacker["state"], &attacker["flaps"]),
            (&"Established".into(), &0.into()),
            "{attacker}"
        );
    });
}

#[test]
fn messages_longer_than_agreed_on_end_their_own_session() {
    suffer(&Setup::default(), Attack::LongMessages, 50, |scene| {
        let peers = scene.crier.json(&["peers"]);
        let sent = peers.as_array().unwrap().iter().map(|peer| &peer["last_error"]);
        // Bad Message Length (RFC 4271, 6.1), with the length that it had.
        let bad_length = |error: &&Value| error["code"] == 1 && error["subcode"] == 2;
        assert!(sent.clone().any(|error| bad_length(&error)), "{peers}");
    });
}

#[test]
fn who_does_not_read_is_waited_for_and_then_closed() {
    let setup = Setup { range: "timers = { hold = 0, send-hold = 4 }\n", ..Setup::default() };
    Scene::play(&setup, |scene| {
        scene.shrink_buffers();
        scene.under(Attack::Silence, |scene, orders| {
            until(scene, orders, 8);
            let crier = &scene.crier;
            let is_closed = || {
                let peers = crier.json(&["peers"]);
                // Send Hold Timer Expired (RFC 9687).
                peers.as_array().unwrap().iter().any(|peer| peer["last_error"]["code"] == 8)
            };
            // What comes and goes is for those who do not read, too.
            scene.honest.rounds_until(|rounds| rounds % 50 == 49 && is_closed());
            scene.assert_sound();
        });
        scene.assert_recovered();
    });
}

#[test]
fn a_million_refreshes_are_answered_as_far_as_is_due() {
    suffer(&Setup::default(), Attack::Refreshes, 1_000_000, |scene| {
        // The log is no flood, either.
        let events = scene.crier.command(&["events"]);
        assert!(events.matches("asks for all").count() < 100, "{events}");
    });
}

#[test]
fn costly_messages_over_many_sessions_delay_no_keepalive() {
    suffer(&Setup::default(), Attack::Toil, 400, |scene| {
        let usage = Usage::of(&scene.crier);
        assert!(usage.refused("refused-paths") > 0, "{usage:?}");
    });
}
