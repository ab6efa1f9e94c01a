//! `kernel.json` in the state directory: which of the kernel's routes daemons have installed, so that the next one knows its own.
//!
//! It has the keys that routes are known by ([`Claim`]): those in force, and of earlier daemons those whose routes are still to go.
//! So a daemon with other keys than the one before finds what that one has left.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crier_io_mio::kernel::Claim;
use serde::{Deserialize, Serialize};

use crate::config::OBJECTS;

/// The file's name.
const NAME: &str = "kernel.json";
/// Where the kernel tells one boot from another.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// What is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    boot_id: String,
    installed: Vec<Keys>,
}

/// What routes are known by. The numbers are given by the first; 0: there are no objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    table: u32,
    protocol: u8,
    metric: u32,
    next_hop_ids: u32,
}

impl Keys {
    fn of(claim: &Claim) -> Self {
        let Claim { table, protocol, metric, .. } = *claim;
        let next_hop_ids = claim.objects.as_ref().map_or(0, |ids| ids.start);
        Self { table, protocol, metric, next_hop_ids }
    }

    fn claim(self) -> Claim {
        let Self { table, protocol, metric, next_hop_ids: first } = self;
        let objects = (first != 0).then(|| first..first.saturating_add(OBJECTS));
        Claim { table, protocol, metric, objects }
    }
}

/// The place of a record, and what it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adoption {
    path: PathBuf,
    boot_id: String,
    installed: Vec<Keys>,
    /// Nothing is said of routes that lead to no object: there are such of somebody else's.
    numbered_only: bool,
}

impl Adoption {
    /// Reads the record in `state_dir`. One of another boot, or that makes no sense, is none.
    ///
    /// # Errors
    /// The system does not tell which boot this is.
    pub fn read(state_dir: &Path) -> io::Result<Self> {
        Ok(Self::of(state_dir, fs::read_to_string(BOOT_ID)?.trim().to_owned()))
    }

    fn of(state_dir: &Path, boot_id: String) -> Self {
        let path = state_dir.join(NAME);
        let read = fs::read(&path).ok();
        let record = read.and_then(|bytes| serde_json::from_slice::<Record>(&bytes).ok());
        let installed = record.filter(|record| record.boot_id == boot_id).map(|record| record.installed);
        Self { path, boot_id, installed: installed.unwrap_or_default(), numbered_only: false }
    }

    /// What earlier daemons have installed.
    pub fn left(&self) -> Vec<Claim> {
        self.installed.iter().map(|keys| keys.claim()).collect()
    }

    /// Somebody else has routes like crier's that lead to no object: with a record of such, the next daemon would take them for its
    /// own.
    pub fn only_numbered(&mut self) {
        self.numbered_only = true;
    }

    /// Leaves a record of these for the next daemon, where it differs from what is there. The file is replaced in one step, and
    /// removed where there is nothing to say.
    ///
    /// # Errors
    /// What the system says. It is tried again when this is called again.
    pub fn keep(&mut self, claims: impl Iterator<Item = Claim>) -> io::Result<()> {
        let such = |claim: &Claim| claim.objects.is_some() || !self.numbered_only;
        let installed: Vec<Keys> = claims.filter(such).map(|claim| Keys::of(&claim)).collect();
        if installed == self.installed {
            return Ok(());
        }
        if installed.is_empty() {
            match fs::remove_file(&self.path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        } else {
            let record = Record { boot_id: self.boot_id.clone(), installed: installed.clone() };
            let new = self.path.with_extension("json.new");
            fs::write(&new, serde_json::to_string_pretty(&record)? + "\n")?;
            fs::rename(new, &self.path)?;
        }
        self.installed = installed;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(metric: u32, objects: Option<u32>) -> Claim {
        let objects = objects.map(|first| first..first + OBJECTS);
        Claim { table: 254, protocol: 186, metric, objects }
    }

    #[test]
    fn the_next_daemon_knows_what_earlier_ones_have_installed() {
        let directory = std::env::temp_dir().join(format!("crier-adoption-{}", std::process::id()));
        fs::create_dir_all(&directory).unwrap();
        let at = |boot: &str| Adoption::of(&directory, boot.to_owned());
        let mut first = at("a");
        assert_eq!(first.left(), [], "nobody was there");
        let claims = [claim(20, Some(2_000_000_000)), claim(30, None)];
        first.keep(claims.iter().cloned()).unwrap();
        assert_eq!(at("a").left(), claims);
        assert_eq!(at("b").left(), [], "another boot");
        // Nothing to say is no file, and more than once no error.
        first.keep([].into_iter()).unwrap();
        first.keep([].into_iter()).unwrap();
        assert!(!directory.join(NAME).exists());
        fs::write(directory.join(NAME), "{").unwrap();
        assert_eq!(at("a").left(), [], "nonsense");
        // Beside others' routes without objects nothing is said of such.
        first.only_numbered();
        first.keep(claims.iter().cloned()).unwrap();
        assert_eq!(at("a").left(), claims[..1]);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn what_cannot_be_written_is_tried_again() {
        let mut adoption = Adoption::of(Path::new("/nonexistent"), String::new());
        for _ in 0..2 {
            assert!(adoption.keep([claim(20, None)].into_iter()).is_err());
        }
        assert!(!Adoption::read(Path::new("/nonexistent")).unwrap().boot_id.is_empty());
    }
}
