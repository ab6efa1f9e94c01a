//! What must hold for any bytes that come from outside.
//!
//! Each module has a function `check` that takes bytes and panics if something does not hold. A fuzz target
//! (`targets/`) is nothing but a call of it; the test `tests/corpus.rs` calls it for every input of the corpora, on any
//! toolchain. So what a fuzzer finds can be looked at, and is kept from coming back, without a fuzzer.
//!
//! `docs/fuzzing.md` says what each target does and how to run it.

pub mod answer;
pub mod config;
mod daemon;
pub mod delivery;
pub mod frame;
mod judge;
pub mod kernel;
mod lab;
pub mod netlink;
pub mod notification;
pub mod open;
pub mod refresh;
pub mod request;
pub mod script;
pub mod seeds;
pub mod session;
pub mod update;

/// A check by the name of its target.
pub type Target = (&'static str, fn(&[u8]));

/// Every target.
pub const TARGETS: [Target; 12] = [
    ("frame", frame::check),
    ("open", open::check),
    ("update", update::check),
    ("notification", notification::check),
    ("refresh", refresh::check),
    ("session", session::check),
    ("delivery", delivery::check),
    ("config", config::check),
    ("request", request::check),
    ("answer", answer::check),
    ("netlink", netlink::check),
    ("kernel", kernel::check),
];
