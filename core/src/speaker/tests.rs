//! Speakers that talk to each other over wires of memory: no TCP, no clock but the test's own.

mod admin;
mod basics;
mod blackhole;
mod changes;
mod chatter;
mod choice;
mod churn;
mod collision;
mod dynamic;
mod export_rules;
mod extended;
mod extended_next_hop;
mod full;
mod import_rules;
mod kernel;
mod packing;
mod purge;
mod random;
mod ranges;
mod raw;
mod raw_peer;
mod session_faults;
mod session_timers;
mod twin;
mod world;
