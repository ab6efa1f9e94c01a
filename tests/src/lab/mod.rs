//! Labs: crier and other speakers as real processes in network namespaces, joined by veth pairs.
//!
//! Everything that a lab starts has an owner whose `Drop` ends it, so that a failing test leaves nothing behind; what a
//! killed test run left is removed before the next lab starts. A lab needs root: without it [`Lab::new`] says so on
//! standard error, past the capture of the test harness, and returns `None`.

mod bird;
mod crier;
mod daemon;
mod exabgp;
mod fail;
mod frr;
mod gobgp;
mod leftovers;
mod net;
mod plan;
mod process;

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::id;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

pub use self::bird::Bird;
pub use self::crier::{Crier, crier_binary};
pub use self::daemon::{Daemon, Kind, Route, Routes, start};
pub use self::exabgp::ExaBgp;
pub use self::fail::{OrFail, PATIENCE, await_until, fail};
pub use self::frr::Frr;
pub use self::gobgp::Gobgp;
pub use self::net::Namespace;
pub use self::plan::{Announce, Neighbor, Plan};
pub use self::process::{Process, run};

/// Labs started by this process so far.
static LABS: AtomicU32 = AtomicU32::new(0);
static SWEEP: Once = Once::new();

/// A test's own set of namespaces, with a directory for configurations, sockets and logs.
#[derive(Debug)]
pub struct Lab {
    tag: String,
    dir: PathBuf,
}

impl Lab {
    /// A lab for the running test, or `None`, loudly, where the machine cannot have one: it needs root, `ip` and the
    /// programs of `kinds`.
    pub fn new(kinds: &[Kind]) -> Option<Self> {
        Self::needing(kinds.iter().flat_map(|kind| kind.programs()).copied())
    }

    /// The same with programs by name.
    pub fn needing<'p>(programs: impl IntoIterator<Item = &'p str>) -> Option<Self> {
        if let Some(reason) = missing(programs) {
            skip(&reason);
            return None;
        }
        SWEEP.call_once(leftovers::remove);
        let tag = format!("{}{}-{}", leftovers::PREFIX, id(), LABS.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(&tag);
        fs::create_dir_all(&dir).or_fail(format_args!("making {}", dir.display()));
        Some(Self { tag, dir })
    }

    /// A namespace with its loopback up.
    pub fn node(&self, name: &str) -> Namespace {
        Namespace::new(&self.tag, name, self.dir.join(name))
    }

    /// The lab's directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.dir));
    }
}

/// Says that the running test does nothing on this machine, and why.
pub fn skip(reason: &str) {
    let test = std::thread::current().name().unwrap_or("a lab").to_owned();
    // Not eprintln!: the test harness would keep it to itself when the test passes.
    drop(writeln!(io::stderr(), "SKIPPED: {test}: {reason}"));
}

/// Why this machine cannot run a lab with these programs.
fn missing<'p>(programs: impl IntoIterator<Item = &'p str>) -> Option<String> {
    let uid = process::output_of("id", &["-u"]);
    if uid.as_deref().map(str::trim) != Some("0") {
        return Some("network namespaces need root".to_owned());
    }
    let absent =
        programs.into_iter().chain(["ip"]).find(|program| process::find_program(program).is_none())?;
    Some(format!("{absent} is not installed"))
}
