//! The daemon: configuration, speaker, loop and control socket put together.

mod host;
mod names;

use std::net::IpAddr;
use std::path::Path;

use crier_core::Speaker;
use crier_io_mio::Runtime;
use crier_io_mio::calls::Threads;
use crier_io_mio::kernel::{self, Settings};

use crate::adoption::Adoption;
use crate::cli::{DONE, FAILED};
use crate::config::{self, ConfigDiagnostic, HostFacts, Model};
use crate::confine::{Confinement, Paths};
use crate::daemon::{Daemon, Now};
use crate::keys::Keys;
use crate::record::{self, Recording};
use crate::text::say;
use crate::{confine, memory, reason};

pub use host::App;
pub use names::{if_route, networks, words};

/// `crier run`: the daemon in the foreground, until a signal ends it, recorded in `record` if that is asked for. Returns the
/// exit code.
pub fn run(path: &Path, record: Option<&Path>) -> u8 {
    let addresses = host_addresses();
    let model = match config::load(path, &HostFacts { addresses: &addresses }) {
        Ok(model) => model,
        Err(errors) => return refuse(errors),
    };
    // A second logger is refused, which only a test that runs two daemons could see.
    let _ = env_logger::Builder::new().parse_filters(&filters(&model)).format(log_line).try_init();
    match serve(path, model, record) {
        Ok(()) => DONE,
        Err(problem) => refuse([problem]),
    }
}

/// `crier check`: validates a configuration and prints what it costs. Returns the exit code.
pub fn check(path: &Path) -> u8 {
    let addresses = host_addresses();
    let plan = |limits: &crier_core::Limits| limits.plan(memory::EVENTS).collect();
    match config::check(path, &HostFacts { addresses: &addresses }, plan) {
        Ok(text) => {
            say(&text);
            DONE
        }
        Err(errors) => refuse(errors),
    }
}

fn refuse<E: std::fmt::Display>(errors: impl IntoIterator<Item = E>) -> u8 {
    for error in errors {
        eprintln!("crier: {error}");
    }
    FAILED
}

/// One line of the log: time of day, level, text.
fn log_line(out: &mut env_logger::fmt::Formatter, record: &log::Record<'_>) -> std::io::Result<()> {
    use std::io::Write;
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let time = crate::text::timestamp(u64::try_from(since.as_millis()).unwrap_or(u64::MAX));
    writeln!(out, "{time} {:<5} {}", record.level(), record.args())
}

/// RUST_LOG, which wins, or the configured level.
fn filters(model: &Model) -> String {
    std::env::var("RUST_LOG").unwrap_or_else(|_| model.log.clone())
}

/// Own addresses, for the default BGP identifier; none if the system does not tell.
pub(crate) fn host_addresses() -> Vec<IpAddr> {
    crier_io_mio::host_addresses().unwrap_or_default()
}

fn serve(path: &Path, model: Model, record: Option<&Path>) -> Result<(), String> {
    raise_open_files(&model);
    let mut runtime = Runtime::new(memory::loop_sizes(&model.limits))
        .map_err(|error| format!("the event loop cannot start: {error}"))?;
    let now = Now::new(runtime.clock().now());
    let seed = random_seed();
    let speaker = memory::speaker(&model.limits, model.prefault, seed, now.at);
    let mut speakers = [speaker.map_err(|error| error.to_string())?];
    // Listeners have their keys from the first connection on.
    let keys = Keys::read(&model, &Keys::default());
    runtime.with_context(&mut speakers, |context| context.set_keys(0, keys.ring(&model)));
    let [speaker] = &mut speakers;
    runtime.set_listeners(0, &model.listen).map_err(|error| error.to_string())?;
    runtime.serve_control(&model.control_socket).map_err(|error| error.to_string())?;
    runtime.catch_signals().map_err(|error| format!("signals cannot be caught: {error}"))?;
    let mut daemon = Daemon::new(words(&model), now);
    if let Some(directory) = &model.state_dir {
        daemon.restore(now, directory);
    }
    let adoption = open_kernel(&mut runtime, &model)?;
    // Everything that takes privileges is open. Threads that start from here on have none either.
    let paths = Paths::of(path, &model, record);
    let mut confinement = Confinement::begin(&model, &paths);
    // A start in vain must not put an older recording aside: what can fail comes before. And the recording must have
    // everything: the speaker is touched only after.
    let recording = record.map(|file| record_to(file, &model.limits, seed, now, speaker)).transpose()?;
    speaker.set_own_addresses(&host_addresses());
    let applied = model.with_core_config(|config| speaker.configure(now.at, config));
    applied.map_err(|error| reason::config_error(&error))?;
    daemon.need_routes(if_route(&model));
    let warnings = keys.warnings(&model);
    daemon.set_keys(keys);
    daemon.configured(speaker, now, words(&model), networks(&model));
    runtime.start_kernel(&mut speakers);
    keep_record(adoption.as_ref());
    announce_start(&model, &warnings, record);
    confinement.finish(Threads::All);
    confinement.log();
    confine::unreadable(path, &model).iter().for_each(|problem| log::warn!("{problem}"));
    daemon.set_confinement(confinement);
    let mut app = App::new(path.to_owned(), model, daemon, paths);
    let result = runtime.run(&mut speakers, &mut app);
    drop(recording);
    if let Some(adoption) = adoption.filter(|_| app.has_withdrawn())
        && let Err(error) = adoption.forget()
    {
        log::warn!("kernel.json in the state directory cannot be removed: {error}");
    }
    result.map_err(|error| format!("the event loop failed: {error}"))
}

/// Opens the way to the kernel's routes, if that is configured: what an earlier daemon has left a record of is ours. The record that
/// is to be left for the next one.
fn open_kernel(
    runtime: &mut Runtime<crate::control::Stream>,
    model: &Model,
) -> Result<Option<Adoption>, String> {
    let Some(settings) = &model.kernel else { return Ok(None) };
    let adoption = model.state_dir.as_ref().and_then(|directory| {
        let adoption = Adoption::new(directory, settings);
        adoption.inspect_err(|error| log::warn!("no record of kernel routes is kept: {error}")).ok().flatten()
    });
    // With a record from now on, the next crier would take others' routes for its own.
    let adoption = adoption.filter(|adoption| {
        let others = kernel::look(settings).map_or(0, |found| found.others);
        let kept = adoption.is_kept() || others == 0;
        if !kept {
            log::warn!("no record of kernel routes is kept: {others} like crier's are somebody else's");
        }
        kept
    });
    let settings = Settings { adopt: adoption.as_ref().is_some_and(Adoption::is_kept), ..settings.clone() };
    runtime
        .open_kernel(settings, &model.limits)
        .map_err(|error| format!("the kernel's routes cannot be reached: {error}"))?;
    Ok(adoption)
}

/// Leaves the next daemon a record, from which routes are installed on.
fn keep_record(adoption: Option<&Adoption>) {
    if let Some(Err(error)) = adoption.map(Adoption::keep) {
        log::warn!(
            "kernel.json in the state directory cannot be written: the next crier takes no route over ({error})"
        );
    }
}

/// Records everything that enters the speaker, which was made just now and is as yet untouched.
fn record_to(
    file: &Path,
    limits: &crier_core::Limits,
    seed: u64,
    now: Now,
    speaker: &mut Speaker<'static>,
) -> Result<Recording, String> {
    let start = record::Start {
        crier: env!("CARGO_PKG_VERSION"),
        limits: *limits,
        events: memory::EVENTS as u32,
        seed,
        now: now.at,
        unix_ms: now.unix_ms,
        running: false,
    };
    let (recording, recorder) =
        Recording::start(file, record::MOST, &start).map_err(|error| error.to_string())?;
    recording.survive_panics();
    // It lives as long as the speaker's tables, which is as long as the process.
    speaker.set_tap(Some(Box::leak(Box::new(recorder))));
    Ok(recording)
}

fn announce_start(model: &Model, warnings: &[ConfigDiagnostic], record: Option<&Path>) {
    let listen: Vec<String> = model.listen.iter().map(ToString::to_string).collect();
    let listen = if listen.is_empty() { "nothing".to_owned() } else { listen.join(", ") };
    log::info!(
        "crier {}: AS {}, router-id {}, listening on {listen}, control socket {}",
        env!("CARGO_PKG_VERSION"),
        model.local.asn,
        model.local.router_id,
        model.control_socket.display()
    );
    if let Some(file) = record {
        let (file, most) = (file.display(), record::MOST >> 20);
        log::info!("recording every input in {file} and, before that, {file}.1: {most} MiB at most");
    }
    for warning in model.warnings.iter().chain(warnings) {
        log::warn!("{warning}");
    }
}

/// Seeds hashes and jitter: nobody outside may guess it.
fn random_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(std::process::id())
}

/// Descriptors that are needed: two for each connection, one that is open and one that lingers, and some for the rest.
pub(crate) fn open_files(model: &Model) -> u64 {
    2 * u64::from(model.limits.connections) + 128
}

/// As many as that, or as the system grants.
fn raise_open_files(model: &Model) {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let wanted = open_files(model);
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current.is_some_and(|current| current < wanted) {
        limit.current = Some(limit.maximum.map_or(wanted, |maximum| maximum.min(wanted)));
        if let Err(error) = setrlimit(Resource::Nofile, limit) {
            log::warn!("cannot raise the limit of open files to {wanted}: {error}");
        }
    }
}
