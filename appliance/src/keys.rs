//! Keys of sessions: read from the files that the configuration names, and what is to be said where one cannot be read.
//!
//! The configuration and everything that shows it know paths only. A key goes from its file to the event loop; it is in no log, no
//! answer and no recording.

mod counters;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use crier_io_mio::{Access, Key, Keyring};
use ipnet::IpNet;

use crate::config::{ConfigDiagnostic, Model, PasswordFile};

pub use counters::{Counts, Signatures};

/// What the files of a configuration had to say.
#[derive(Debug, Default)]
pub struct Keys {
    neighbors: BTreeMap<IpNet, Held>,
    ranges: BTreeMap<IpNet, Held>,
}

/// What is known of the key of one neighbor, or of the neighbors from one range.
#[derive(Clone, Debug)]
pub struct Held {
    /// Where it is read from.
    pub path: PathBuf,
    /// Why that came to nothing.
    pub problem: Option<String>,
    /// The key, which is of an earlier time if there is a problem.
    key: Option<Key>,
}

impl Keys {
    /// Reads every key that `model` names. One that cannot be read now, and could at the time of `former`, stays as it was.
    pub fn read(model: &Model, former: &Self) -> Self {
        let mut keys = Self::default();
        for password in &model.passwords {
            let (now, before) = if password.dynamic {
                (&mut keys.ranges, &former.ranges)
            } else {
                (&mut keys.neighbors, &former.neighbors)
            };
            let path = password.path.clone();
            let held = match read(&password.path) {
                Ok(key) => Held { path, problem: None, key: Some(key) },
                Err(problem) => {
                    let key = before.get(&password.net).and_then(|held| held.key.clone());
                    Held { path, problem: Some(problem), key }
                }
            };
            now.insert(password.net, held);
        }
        keys
    }

    /// What the event loop is to know.
    pub fn ring(&self, model: &Model) -> Keyring {
        let access = |held: Option<&Held>| match held.map(|held| &held.key) {
            None => Access::Open,
            Some(None) => Access::Closed,
            Some(Some(key)) => Access::Key(key.clone()),
        };
        let neighbors = model.peers.iter().map(|peer| IpNet::from(peer.remote));
        let neighbors = neighbors.map(|net| (net, access(self.neighbors.get(&net))));
        let ranges = model.ranges.iter().map(|range| (range.net, access(self.ranges.get(&range.net))));
        Keyring::new(neighbors.chain(ranges))
    }

    /// Of a configured neighbor, or of a dynamic one by the longest range that holds it.
    pub fn of(&self, remote: IpAddr, dynamic: bool) -> Option<&Held> {
        if !dynamic {
            return self.neighbors.get(&IpNet::from(remote));
        }
        let holding = self.ranges.iter().filter(|(net, _)| net.contains(&remote));
        holding.max_by_key(|(net, _)| net.prefix_len()).map(|(_, held)| held)
    }

    /// Configured neighbors that are held down: no key of theirs is known.
    pub fn locked(&self) -> impl Iterator<Item = (IpAddr, &Held)> {
        let locked = self.neighbors.iter().filter(|(_, held)| held.key.is_none());
        locked.map(|(net, held)| (net.addr(), held))
    }

    /// What is the matter, for the log, `crier check` and whoever reloads.
    pub fn warnings(&self, model: &Model) -> Vec<ConfigDiagnostic> {
        let warn = |password: &PasswordFile| {
            let keys = if password.dynamic { &self.ranges } else { &self.neighbors };
            let held = keys.get(&password.net)?;
            let problem = held.problem.as_ref()?;
            let who =
                if password.dynamic { password.net.to_string() } else { password.net.addr().to_string() };
            let then = match (&held.key, password.dynamic) {
                (Some(_), _) => format!("{who} keeps the key that it had"),
                (None, false) => format!("{who} is held down"),
                (None, true) => format!("nobody from {who} is accepted"),
            };
            let message = format!("{} {problem}: {then}", password.path.display());
            Some(ConfigDiagnostic { message, ..password.place.clone() })
        };
        model.passwords.iter().filter_map(warn).collect()
    }
}

impl Held {
    /// What is the matter with it, in words.
    pub fn trouble(&self) -> Option<String> {
        let problem = self.problem.as_ref()?;
        let then = match self.key {
            Some(_) => "the former key stays in force",
            None => "held down until a reload finds the key",
        };
        Some(format!("{} {problem}: {then}", self.path.display()))
    }

    /// Whether nobody gets in.
    pub fn is_locked(&self) -> bool {
        self.key.is_none()
    }
}

/// Bytes that a file may have: the longest key and the end of its line.
const LONGEST: usize = Key::MAX + 2;

/// The key in a file: its only line.
fn read(path: &Path) -> Result<Key, String> {
    let failed = |error: std::io::Error| format!("cannot be read ({error})");
    // A pipe would hold up every session until somebody writes.
    if !std::fs::metadata(path).map_err(failed)?.is_file() {
        return Err("is no file".to_owned());
    }
    let mut file = File::open(path).map_err(failed)?;
    let mut room = [0; LONGEST + 1];
    let mut len = 0;
    let outcome = loop {
        match file.read(room.get_mut(len..).unwrap_or_default()) {
            Ok(0) => break parse(room.get(..len).unwrap_or_default()),
            Ok(more) => len += more,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => break Err(failed(error)),
        }
    };
    room.fill(0);
    std::hint::black_box(&room);
    outcome
}

fn parse(text: &[u8]) -> Result<Key, String> {
    let line = text.strip_suffix(b"\n").unwrap_or(text);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.is_empty() {
        return Err("is empty".to_owned());
    }
    if line.contains(&b'\n') {
        return Err("has more than one line".to_owned());
    }
    Key::new(line).ok_or_else(|| format!("has a key of more than {} bytes", Key::MAX))
}

#[cfg(test)]
mod tests;
