//! The configuration file: TOML in, a checked [`Model`] out, or every reason why not.

mod check;
mod diagnostic;
mod kernel;
mod limits;
mod model;
mod nearest;
mod neighbors;
mod network;
mod peer;
mod policy;
mod policy_check;
mod policy_read;
mod reader;
mod reload;
mod reserved;
mod router;
mod router_id;
mod scalar;
mod syntax;

use std::path::Path;

use crier_core::config::LocalConfig;
use toml::de::DeTable;

pub use check::{check, memory_plan};
pub use diagnostic::{ConfigDiagnostic, Position};
pub(crate) use kernel::OBJECTS;
pub use kernel::Redistribute;
pub use model::{Model, Network, OnStop, PasswordFile, Tag};
pub(crate) use policy::with_core_policies;
pub use policy::{MatchModel, PolicyModel, RuleModel, SetModel};
pub use reload::reload_conflict;
pub use router_id::{HostFacts, RouterIdSource, default_router_id};

use diagnostic::Source;
use limits::LimitsRead;
use neighbors::Neighbors;
use policy_check::check_policies;
use policy_read::PoliciesRead;
use reader::{Place, Reader, Section};

/// Where the configuration is looked for.
pub const DEFAULT_PATH: &str = "/etc/crier/crier.toml";

/// Reads and checks a configuration file.
///
/// # Errors
/// Everything that is wrong with it, in the order of the text; nothing of a configuration with errors is used.
pub fn load(path: &Path, facts: &HostFacts<'_>) -> Result<Model, Vec<ConfigDiagnostic>> {
    let file = path.display().to_string();
    let refuse = |position, message| {
        vec![ConfigDiagnostic { file: file.clone(), position, key: String::new(), message }]
    };
    let bytes = std::fs::read(path).map_err(|error| refuse(None, format!("cannot be read: {error}")))?;
    match str::from_utf8(&bytes) {
        Ok(text) => parse(text, &file, facts),
        Err(error) => {
            let good = bytes.get(..error.valid_up_to()).unwrap_or(&[]);
            let text = String::from_utf8_lossy(good);
            let position = Source { file: &file, text: &text }.position(text.len());
            Err(refuse(Some(position), "found bytes that are not UTF-8, allowed UTF-8 text".to_owned()))
        }
    }
}

/// Checks the text of a configuration file; `file` is its name in errors.
///
/// # Errors
/// As [`load`].
pub fn parse(text: &str, file: &str, facts: &HostFacts<'_>) -> Result<Model, Vec<ConfigDiagnostic>> {
    let source = Source { file, text };
    let (document, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(syntax::diagnostics(&source, document.get_ref(), errors));
    }
    let reader = Reader::new(source);
    let root = Section::new(&reader, Place { offset: 0, key: String::new() }, document.get_ref());
    let model = read(root, facts);
    let warnings = reader.finish()?;
    // Without a model there is an error: a table that is missing, or whose values were refused.
    model.map(|model| Model { warnings, ..model }).ok_or_else(Vec::new)
}

fn read(mut root: Section<'_, '_>, facts: &HostFacts<'_>) -> Option<Model> {
    let router = router::read_router(&mut root);
    let limits = limits::read_limits(&mut root);
    let control_socket = router::read_control(&mut root);
    let (maximum_paths, as_path_relax) = router::read_multipath(&mut root);
    let policies = PoliciesRead::read(&mut root);
    let asn = router.as_ref().map_or(1, |router| router.asn);
    let neighbors = Neighbors::read(&mut root, &policies, asn, limits.limits);
    let networks = network::read_networks(&mut root);
    let (kernel, redistribute) = kernel::read_kernel(&mut root, &policies).unzip();
    reserved::refuse_reserved(&mut root);
    check_room(&root, &neighbors, &limits);
    root.finish();
    // A table that was refused would shift the positions of what comes after it.
    if !root.reader.has_errors() {
        check_policies(&root, &policies, &limits);
    }
    let router = router?;
    let (router_id, router_id_source) = match router.router_id {
        Some(configured) => (configured, RouterIdSource::Configured),
        None => default_router_id(asn, facts),
    };
    Some(Model {
        local: LocalConfig { asn, router_id, maximum_paths, as_path_relax },
        router_id_source,
        listen: router.listen,
        on_stop: router.on_stop,
        log: router.log,
        state_dir: router.state_dir,
        limits: limits.limits,
        instances: limits.instances,
        prefault: limits.prefault,
        control_socket,
        kernel,
        redistribute: redistribute.unwrap_or_default(),
        peers: neighbors.peers,
        ranges: neighbors.ranges,
        passwords: neighbors.passwords,
        tags: neighbors.tags,
        networks,
        policies: policies.models,
        warnings: Vec::new(),
    })
}

/// Whether the tables have room for the neighbors, and a warning if they may not have it for all their prefixes.
fn check_room(root: &Section<'_, '_>, neighbors: &Neighbors<'_, '_>, limits: &LimitsRead) {
    let (reader, wanted, sum) = (root.reader, neighbors.wanted(), neighbors.sum());
    let refuse =
        |place: &Place, limit| reader.error(place, format!("found {limit}, allowed {wanted} or more: {sum}"));
    if let Some(too_many) = &neighbors.too_many {
        let place = limits.peers_at.clone().unwrap_or_else(|| too_many.about("limits.peers"));
        refuse(&place, limits.limits.peers);
    } else if let Some(place) = &limits.connections_at
        && wanted > u32::from(limits.limits.connections)
    {
        refuse(place, limits.limits.connections);
    }
    if let Some(place) = &neighbors.overfull {
        let message = format!(
            "{sum} may have {} prefixes accepted together, more than limits.prefixes, {}: when the table is full, what \
             comes last is refused",
            neighbors.prefixes, limits.limits.prefixes
        );
        reader.warn(place, message);
    }
}
