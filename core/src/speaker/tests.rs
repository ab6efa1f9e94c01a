//! Speakers that talk to each other over wires of memory: no TCP, no clock but the test's own.

mod basics;
mod changes;
mod check;
mod export_rules;
mod full;
mod import_rules;
mod packing;
mod purge;
mod random;
mod ranges;
mod raw;
mod world;
