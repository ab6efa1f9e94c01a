//! `control.json` in the state directory: what commands said that must outlive the process.

use std::fs;
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::path::Path;

use crier_core::Millis;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use super::{Announcement, Attributes};
use crate::daemon::Now;

/// The file's name.
const NAME: &str = "control.json";
/// The version of its format.
const VERSION: u32 = 1;

/// What is kept.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Announcements whose lease has not ended.
    pub announcements: Vec<(IpNet, Announcement)>,
    /// Neighbors that were shut down, with the message for their operators.
    pub shut: Vec<(IpAddr, String)>,
}

#[derive(Serialize, Deserialize)]
struct File {
    version: u32,
    announcements: Vec<Entry>,
    shutdown: Vec<Shut>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    prefix: IpNet,
    #[serde(flatten)]
    attributes: Attributes,
    owner: Option<String>,
    /// Leases end by the time of day: time goes on while no daemon runs.
    expires_unix_ms: Option<u64>,
}

#[derive(Serialize, Deserialize)]
struct Shut {
    peer: IpAddr,
    message: String,
}

/// Writes what is to be kept. The file is replaced in one step, so that it is whole whenever the daemon ends. It is not
/// synced to the disk: leases are renewed every few seconds, and the loop must not wait for a disk.
pub fn save<'a>(
    directory: &Path,
    now: Now,
    announcements: impl Iterator<Item = (&'a IpNet, &'a Announcement)>,
    shut: impl Iterator<Item = (&'a IpAddr, &'a String)>,
) -> io::Result<()> {
    let file = File {
        version: VERSION,
        announcements: announcements
            .map(|(prefix, held)| Entry {
                prefix: *prefix,
                attributes: held.attributes.clone(),
                owner: held.owner.clone(),
                expires_unix_ms: held.expires.map(|at| now.unix_ms.saturating_add(at.since(now.at).0)),
            })
            .collect(),
        shutdown: shut.map(|(peer, message)| Shut { peer: *peer, message: message.clone() }).collect(),
    };
    let new = directory.join(format!("{NAME}.new"));
    let mut out = fs::File::create(&new)?;
    serde_json::to_writer_pretty(&mut out, &file)?;
    out.write_all(b"\n")?;
    drop(out);
    fs::rename(new, directory.join(NAME))
}

/// Reads what was kept; nothing if there is no file. Leases that ended meanwhile are left out.
pub fn load(directory: &Path, now: Now) -> io::Result<Kept> {
    let bytes = match fs::read(directory.join(NAME)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::default()),
        read => read?,
    };
    let file: File = serde_json::from_slice(&bytes)?;
    if file.version != VERSION {
        return Err(io::Error::other(format!("version {} is not known", file.version)));
    }
    let alive = |entry: &Entry| entry.expires_unix_ms.is_none_or(|at| at > now.unix_ms);
    let announcements = file.announcements.into_iter().filter(alive).map(|entry| {
        let expires = entry.expires_unix_ms.map(|at| now.at + Millis(at.saturating_sub(now.unix_ms)));
        (entry.prefix, Announcement { attributes: entry.attributes, owner: entry.owner, expires })
    });
    Ok(Kept {
        announcements: announcements.collect(),
        shut: file.shutdown.into_iter().map(|shut| (shut.peer, shut.message)).collect(),
    })
}
