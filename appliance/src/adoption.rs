//! `kernel.json` in the state directory: which of the kernel's routes a daemon installs, so that the next one knows its own.
//!
//! Next-hop objects are known by their numbers. Without them nothing tells crier's routes from those of another daemon with the
//! same table, protocol and metric, but that it was crier who installed such since this host was booted.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crier_io_mio::kernel::Settings;
use serde::{Deserialize, Serialize};

/// The file's name.
const NAME: &str = "kernel.json";
/// Where the kernel tells one boot from another.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// What is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    boot_id: String,
    table: u32,
    protocol: u8,
    metric: u32,
}

/// The place of a record, and what it is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    path: PathBuf,
    record: Record,
}

impl Adoption {
    /// What is to be kept in `state_dir` of these settings; `None` where nothing is installed, or objects tell what is ours.
    ///
    /// # Errors
    /// The system does not tell which boot this is.
    pub fn new(state_dir: &Path, settings: &Settings) -> io::Result<Option<Self>> {
        if !settings.install || settings.objects.is_some() {
            return Ok(None);
        }
        let boot_id = fs::read_to_string(BOOT_ID)?.trim().to_owned();
        Ok(Some(Self::of(state_dir, settings, boot_id)))
    }

    fn of(state_dir: &Path, settings: &Settings, boot_id: String) -> Self {
        let Settings { table, protocol, metric, .. } = *settings;
        Self { path: state_dir.join(NAME), record: Record { boot_id, table, protocol, metric } }
    }

    /// Whether an earlier daemon has left the same record: then routes like ours are ours. One that says something else, or
    /// makes no sense, is none.
    pub fn is_kept(&self) -> bool {
        let read = fs::read(&self.path).ok();
        let record = read.and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok());
        record.as_ref() == Some(&self.record)
    }

    /// Leaves the record for the next daemon. The file is replaced in one step.
    ///
    /// # Errors
    /// What the system says.
    pub fn keep(&self) -> io::Result<()> {
        let new = self.path.with_extension("json.new");
        fs::write(&new, serde_json::to_string_pretty(&self.record)? + "\n")?;
        fs::rename(new, &self.path)
    }

    /// The routes are gone, and with them the claim to any like them.
    ///
    /// # Errors
    /// What the system says, unless there was no record.
    pub fn forget(&self) -> io::Result<()> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings { objects: None, ..Settings::default() }
    }

    #[test]
    fn a_record_counts_for_the_same_boot_table_protocol_and_metric() {
        let directory = std::env::temp_dir().join(format!("crier-adoption-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let at = |boot: &str, settings: &Settings| Adoption::of(&directory, settings, boot.to_owned());
        let first = at("a", &settings());
        assert!(!first.is_kept(), "nobody was there");
        first.keep().unwrap();
        assert!(first.is_kept() && at("a", &settings()).is_kept());
        assert!(!at("b", &settings()).is_kept(), "another boot");
        for other in [
            Settings { table: 100, ..settings() },
            Settings { protocol: 200, ..settings() },
            Settings { metric: 30, ..settings() },
        ] {
            assert!(!at("a", &other).is_kept(), "{other:?}");
        }
        fs::write(directory.join(NAME), "{").unwrap();
        assert!(!first.is_kept(), "nonsense");
        first.keep().unwrap();
        first.forget().unwrap();
        first.forget().unwrap();
        assert!(!first.is_kept());
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn nothing_is_kept_where_objects_tell_or_nothing_is_installed() {
        let directory = Path::new("/nonexistent");
        assert_eq!(Adoption::new(directory, &Settings::default()).unwrap(), None);
        assert_eq!(Adoption::new(directory, &Settings { install: false, ..settings() }).unwrap(), None);
        let kept = Adoption::new(directory, &settings()).unwrap().unwrap();
        assert!(!kept.record.boot_id.is_empty() && !kept.is_kept());
        assert!(kept.keep().is_err());
    }
}
