//! Least privilege: what the daemon gives up once everything is open that took privileges, for good.
//!
//! In two steps. [`Confinement::begin`] is for the calling thread and those that it starts: capabilities, new privileges, and
//! files beyond those of the configuration. [`Confinement::finish`] is for all threads: system calls that are not on the loop's
//! list. What a kernel or a container does not offer is said, and the daemon runs without.

mod capabilities;
mod files;

use std::collections::BTreeSet;
use std::fs::File;
use std::io::ErrorKind;
use std::path::Path;

use crier_io_mio::calls::{self, Threads};

use crate::config::Model;

pub use capabilities::names;
pub use files::Paths;

/// What was given up, and what could not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confinement {
    /// Capabilities that are kept, a bit each.
    pub capabilities: u64,
    /// What is in force.
    pub parts: Vec<Part>,
}

/// One kind of restriction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which.
    pub kind: Kind,
    /// Why it is not in force; `None` if it is.
    pub lacking: Option<String>,
}

/// Kinds of restrictions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Capabilities that are not needed are gone (capabilities(7)).
    Capabilities,
    /// No program can give new ones (no_new_privs).
    NoNewPrivileges,
    /// Files (Landlock).
    Files,
    /// System calls (seccomp).
    Calls,
}

impl Kind {
    /// Its name, for people and for JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Capabilities => "capabilities",
            Self::NoNewPrivileges => "no-new-privs",
            Self::Files => "landlock",
            Self::Calls => "seccomp",
        }
    }
}

impl Confinement {
    /// Gives up capabilities, new privileges and other files, for this thread and those that it starts from now on.
    pub fn begin(model: &Model, paths: &Paths) -> Self {
        let part = |kind, result: Result<(), String>| Part { kind, lacking: result.err() };
        let (capabilities, dropped) = capabilities::drop_others(model);
        let privileges = rustix::thread::set_no_new_privs(true).map_err(|error| error.to_string());
        let parts = vec![
            part(Kind::Capabilities, dropped),
            part(Kind::NoNewPrivileges, privileges),
            part(Kind::Files, files::restrict(paths)),
        ];
        Self { capabilities, parts }
    }

    /// Gives up other system calls.
    pub fn finish(&mut self, threads: Threads) {
        let lacking = calls::restrict(threads).err().map(|error| match error.kind() {
            std::io::ErrorKind::Unsupported => error.to_string(),
            _ => format!("the kernel or its container refuses a list of system calls ({error})"),
        });
        self.parts.push(Part { kind: Kind::Calls, lacking });
    }

    /// What is in force.
    pub fn in_force(&self) -> impl Iterator<Item = Kind> {
        self.parts.iter().filter(|part| part.lacking.is_none()).map(|part| part.kind)
    }

    /// What is not, and why.
    pub fn lacking(&self) -> impl Iterator<Item = (Kind, &str)> {
        self.parts.iter().filter_map(|part| Some((part.kind, part.lacking.as_deref()?)))
    }

    /// One line for the log.
    pub fn log(&self) {
        let kinds: Vec<&str> =
            self.in_force().filter(|kind| *kind != Kind::Capabilities).map(Kind::name).collect();
        let kept = match names(self.capabilities).as_slice() {
            [] => "none".to_owned(),
            names => names.join(", "),
        };
        let kinds = if kinds.is_empty() { "nothing".to_owned() } else { kinds.join(", ") };
        let lacking: String =
            self.lacking().map(|(kind, why)| format!("; without {}: {why}", kind.name())).collect();
        let level = if lacking.is_empty() { log::Level::Info } else { log::Level::Warn };
        log::log!(level, "confined by {kinds}; capabilities: {kept}{lacking}");
    }
}

/// Files that a reload reads, and that cannot be read without what was given up.
pub fn unreadable(path: &Path, model: &Model) -> Vec<String> {
    let files: BTreeSet<&Path> =
        model.passwords.iter().map(|password| password.path.as_path()).chain([path]).collect();
    let denied =
        |file: &&Path| File::open(file).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied);
    let problem = |file: &Path| {
        format!(
            "{} can be read by nobody but its owner, or root with privileges that crier gives up: a reload will fail to read it; \
             let the daemon's user own it",
            file.display()
        )
    };
    files.into_iter().filter(denied).map(problem).collect()
}

#[cfg(test)]
mod tests;
