//! Neighbors and clients that are out to hurt, and what those who are not notice of it.
//!
//! A [`Scene`] is crier in a network namespace, a BIRD with the shortest hold time there is, two honest neighbors driven by the
//! test ([`Honest`]), and a node where attacks come from. An [`Attack`] goes on until it is called off; meanwhile the honest
//! ones pass routes to each other through crier, and each of them keeps a hold timer. Labs assert how crier behaves, the
//! benchmark says how long things take.

mod attack;
mod control;
mod crowd;
mod honest;
mod scene;
mod sessions;
mod usage;

pub use self::attack::{Attack, Ground, Orders};
pub use self::honest::{Honest, Noticed};
pub use self::scene::{ATTACKER, FEEDER, SINK, Scene, Setup};
pub use self::usage::{Usage, anonymous_bytes};
