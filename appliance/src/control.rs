//! The control socket: what `crier peers` and the other commands say to a running daemon, and what it answers.
//!
//! A client sends one line, a JSON object `{"version":1,"command":"peers", …}`, and gets a stream of lines: rows, each a
//! JSON object, and last `{"done":true}` or `{"error":"…"}`. An empty line says that the daemon is at work. Keys that a
//! command does not know are an error; a client must ignore row keys that it does not know.

mod authentication;
mod capabilities;
pub mod client;
pub mod collect;
pub mod confinement;
mod kernel;
pub mod protocol;
mod request;
mod routes;
pub mod rows;
pub mod server;
pub mod stream;
mod summary;
mod view;
mod walk;
mod why;

pub use authentication::AuthenticationRow;
pub use kernel::KernelView;
pub use server::Answer;
pub use stream::{Fill, Stream};
pub use view::{accepted_row, advertised_row, peer_row, refused_row, session_row};

#[cfg(test)]
mod tests;
