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
    let mut adoption = open_kernel(&mut runtime, &model)?;
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
    keep(&mut adoption, runtime.kernel().map(|kernel| kernel.bridge()));
    announce_start(&model, &warnings, record);
    confinement.finish(Threads::All);
    confinement.log();
    confine::unreadable(path, &model).iter().for_each(|problem| log::warn!("{problem}"));
    daemon.set_confinement(confinement);
    let mut app = App::new(path.to_owned(), model, daemon, paths, adoption);
    let result = runtime.run(&mut speakers, &mut app);
    drop(recording);
    // Routes that have gone are claimed no more.
    keep(&mut app.adoption, runtime.kernel().map(|kernel| kernel.bridge()));
    result.map_err(|error| format!("the event loop failed: {error}"))
}

/// Opens the way to the kernel's routes, if that is configured: what earlier daemons have left a record of is ours. The record, for
/// the next one.
fn open_kernel(
    runtime: &mut Runtime<crate::control::Stream>,
    model: &Model,
) -> Result<Option<Adoption>, String> {
    let Some(settings) = &model.kernel else { return Ok(None) };
    let mut adoption = model.state_dir.as_ref().and_then(|directory| {
        let adoption = Adoption::read(directory);
        adoption.inspect_err(|error| log::warn!("no record of kernel routes is kept: {error}")).ok()
    });
    let mut settings = settings.clone();
    settings.left = adoption.as_ref().map(Adoption::left).unwrap_or_default();
    // What cannot be looked at now the bridge reads later, with more patience.
    let found = kernel::look(&settings).unwrap_or_default();
    if let Some(reason) = no_objects(&settings, &found) {
        log::warn!("{reason}");
        settings.objects = None;
    }
    if let Some(adoption) = adoption.as_mut().filter(|_| settings.install && found.plain > 0) {
        log::warn!(
            "no record is kept of routes without next-hop objects: {} like crier's are somebody else's",
            found.plain
        );
        adoption.only_numbered();
    }
    runtime
        .open_kernel(settings, &model.limits)
        .map_err(|error| format!("the kernel's routes cannot be reached: {error}"))?;
    Ok(adoption)
}

/// Why there are to be no next-hop objects with the configured numbers, although they are configured.
fn no_objects(settings: &Settings, found: &kernel::Found) -> Option<String> {
    let ids = settings.objects.as_ref()?;
    let (first, last) = (ids.start, ids.end.saturating_sub(1));
    if found.same_numbers > 0 {
        return Some(format!(
            "{} routes with another table, protocol or metric lead to next-hop objects numbered {first} to {last}, and no record \
             says that they are crier's: nothing of theirs is touched, and crier's routes name their next hops themselves. Give \
             crier a kernel.next-hop-ids of its own, or remove those routes",
            found.same_numbers
        ));
    }
    // Numbers stand for other things then: they would have to be exchanged under the routes that lead there.
    let shifted =
        |former: &std::ops::Range<u32>| former != ids && former.start < ids.end && ids.start < former.end;
    settings.left.iter().filter_map(|claim| claim.objects.clone()).find(shifted).map(|former| {
        format!(
            "an earlier crier has left next-hop objects numbered from {} on, and kernel.next-hop-ids overlaps them: until they are \
             gone and crier is started again, its routes name their next hops themselves",
            former.start
        )
    })
}

/// Leaves a record of what is installed, if it has changed.
fn keep(adoption: &mut Option<Adoption>, bridge: Option<&kernel::Bridge>) {
    let Some((adoption, bridge)) = adoption.as_mut().zip(bridge) else { return };
    if let Err(error) = adoption.keep(bridge.claims()) {
        log::warn!(
            "kernel.json in the state directory cannot be written: the next crier may not know its routes ({error})"
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_somebody_else_uses_are_left_alone() {
        let settings = Settings::default();
        let found = |same_numbers| kernel::Found { same_numbers, by_number: 7, ..kernel::Found::default() };
        assert_eq!(no_objects(&settings, &found(0)), None);
        let reason = no_objects(&settings, &found(3)).unwrap();
        assert!(
            reason.starts_with("3 routes with another") && reason.contains("kernel.next-hop-ids"),
            "{reason}"
        );
        assert_eq!(no_objects(&Settings { objects: None, ..settings }, &found(3)), None);
    }

    #[test]
    fn numbers_that_overlap_those_of_an_earlier_daemon_wait_for_a_start() {
        let settings = |first: u32| {
            let claim = |first| kernel::Claim {
                table: 254,
                protocol: 186,
                metric: 20,
                objects: Some(first..first + 8192),
            };
            Settings { left: vec![claim(first)], ..Settings::default() }
        };
        for (first, overlaps) in
            [(2_000_000_000, false), (2_000_000_001, true), (1_999_991_809, true), (1_999_991_808, false)]
        {
            let reason = no_objects(&settings(first), &kernel::Found::default());
            assert_eq!(reason.is_some(), overlaps, "{first}");
        }
    }
}
