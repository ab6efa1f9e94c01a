//! Hand-written worlds with answers computed by hand; then the policies, and whole worlds, against the core.

mod core_policy;
mod core_world;
mod decision;
mod export_rules;
mod gadgets;
mod import_rules;
mod lab;
mod topologies;
mod world;
