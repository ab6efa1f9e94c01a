//! Speakers that talk to each other over wires of memory: no TCP, no clock but the test's own.

mod basics;
mod world;
