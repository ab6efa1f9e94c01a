//! Hand-written worlds with answers computed by hand, and the policies against the core's own evaluator.

mod core_policy;
mod decision;
mod export_rules;
mod gadgets;
mod import_rules;
mod topologies;
mod world;
