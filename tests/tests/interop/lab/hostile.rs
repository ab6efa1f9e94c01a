//! Neighbors and clients that are out to hurt. Whatever they do, honest sessions stay up, memory stays on the plan, routes go on
//! between honest neighbors, an operator sees what was refused, and when it is over everything is as before.

mod crowds;
mod floods;

use crier_tests::hostile::{Attack, Orders, Scene, Setup};

/// Routes that come and go during an attack, at least.
const ROUNDS: u32 = 30;

/// Plays an attack to its end: so much of it, with `look` in its midst.
fn suffer(setup: &Setup, attack: Attack, volume: u64, look: impl FnOnce(&mut Scene<'_>)) {
    Scene::play(setup, |scene| {
        scene.under(attack, |scene, orders| {
            until(scene, orders, volume);
            look(scene);
            scene.assert_sound();
        });
        scene.assert_recovered();
    });
}

/// Routes come and go until so much of the attack has been suffered.
fn until(scene: &mut Scene<'_>, orders: &Orders, volume: u64) {
    let mut most = 0;
    let pid = scene.crier.process().pid();
    scene.honest.rounds_until(|rounds| {
        most = most.max(crier_tests::hostile::anonymous_bytes(pid));
        rounds >= ROUNDS && orders.done() >= volume
    });
    let (_, allowed) = scene.weight();
    assert!(most <= allowed, "{most} bytes of memory, {allowed} planned");
}
