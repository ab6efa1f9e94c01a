//! Files (Landlock): what the daemon may open once it runs.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, BitFlags, LandlockStatus, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus,
    Scope, make_bitflags, path_beneath_rules,
};

use crate::config::Model;

/// What is asked of the kernel. An older one does what it can of that.
const VERSION: ABI = ABI::V6;

/// What a file is replaced with: a new one beside it, renamed.
const REPLACE: BitFlags<AccessFs> =
    make_bitflags!(AccessFs::{ReadFile | WriteFile | Truncate | MakeReg | RemoveFile});

/// Directories that are needed after start, with everything in them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// Files are read: configuration and keys, at each reload.
    pub read: BTreeSet<PathBuf>,
    /// Files are made, replaced and read.
    pub write: BTreeSet<PathBuf>,
    /// The control socket is removed at the end.
    pub remove: BTreeSet<PathBuf>,
}

impl Paths {
    /// Those of a configuration that was read from `path`, and of a recording.
    pub fn of(path: &Path, model: &Model, record: Option<&Path>) -> Self {
        // What a link leads to counts where the link is, and where it leads.
        let beside = |file: &Path| [file.canonicalize().ok().as_deref().map(parent), Some(parent(file))];
        let keys = model.passwords.iter().map(|password| password.path.as_path());
        let read = keys.chain([path]).flat_map(beside).flatten().collect();
        let write = model.state_dir.clone().into_iter().chain(record.map(parent)).collect();
        Self { read, write, remove: BTreeSet::from([parent(&model.control_socket)]) }
    }

    /// What to do about a file that cannot be read because it was not known of at start.
    pub fn beyond(&self, file: &Path) -> Option<String> {
        let denied = File::open(file).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied);
        (denied && !self.has(file)).then(|| {
            format!(
                "{} is outside of the directories that crier kept access to when it started: restart it, or move the file",
                file.display()
            )
        })
    }

    /// Whether a file is in a directory of those that are read.
    pub fn has(&self, file: &Path) -> bool {
        let real = file.canonicalize();
        let file = real.as_deref().unwrap_or(file);
        self.read.iter().any(|directory| directory.canonicalize().is_ok_and(|real| file.starts_with(real)))
    }
}

fn parent(file: &Path) -> PathBuf {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}

/// From now on this thread and those that it starts have no other files. Descriptors that are open stay so.
pub(super) fn restrict(paths: &Paths) -> Result<(), String> {
    // The kernel's counters and the daemon's own figures; its own program for the names in a backtrace.
    let own = std::env::current_exe().ok();
    let read = paths.read.iter().map(PathBuf::as_path).chain([Path::new("/proc")]).chain(own.as_deref());
    let failed = |error: landlock::RulesetError| format!("the kernel refuses ({error})");
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(VERSION))
        .and_then(|rules| rules.scope(Scope::from_all(VERSION)))
        .and_then(Ruleset::create)
        .and_then(|rules| rules.add_rules(path_beneath_rules(read, AccessFs::ReadFile)))
        .and_then(|rules| rules.add_rules(path_beneath_rules(&paths.write, REPLACE)))
        .and_then(|rules| rules.add_rules(path_beneath_rules(&paths.remove, AccessFs::RemoveFile)))
        .and_then(landlock::RulesetCreated::restrict_self)
        .map_err(failed)?;
    match (status.ruleset, status.landlock) {
        (RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced, _) => Ok(()),
        (_, LandlockStatus::NotEnabled) => Err("it is not among the kernel's lsm= modules".to_owned()),
        _ => {
            Err("the kernel does not have it, or its container forbids it (Linux 5.13 brought it)".to_owned())
        }
    }
}
