//! What fuzzing begins with: messages of our own encoders, what a daemon answers, and the messages of the grid of conduct.

mod control;
mod kernel;
mod wire;

/// An input, and the target that it is for.
pub type Seed = (&'static str, Vec<u8>);

pub use wire::of_conduct;

/// Those that are made here.
pub fn own() -> Vec<Seed> {
    [wire::own(), control::own(), kernel::own()].concat()
}
