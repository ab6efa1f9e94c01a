//! The files of a recording: which of them may be touched, and how one becomes the former.
//!
//! A file that is recorded to is locked, so that a second daemon that is given its name leaves it alone. The lock goes with
//! the process, however it ends.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::format::{HEADER, MAGIC, VERSION};

/// Why nothing is recorded to a file.
#[derive(Debug)]
pub enum FileError {
    /// There is something of this name that crier did not record. It stays as it is.
    NotARecording(PathBuf),
    /// Another process records to it.
    InUse(PathBuf),
    /// The system refuses.
    Io(PathBuf, io::Error),
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotARecording(path) => {
                write!(
                    f,
                    "{} is not a recording of crier: it stays as it is, name another file",
                    path.display()
                )
            }
            Self::InUse(path) => {
                write!(f, "{} is in use: another crier records to it, name another file", path.display())
            }
            Self::Io(path, error) => write!(f, "{} cannot be written: {error}", path.display()),
        }
    }
}

impl std::error::Error for FileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(_, error) => Some(error),
            Self::NotARecording(_) | Self::InUse(_) => None,
        }
    }
}

/// The former segment's file.
pub(super) fn former(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(".1");
    name.into()
}

/// A new file for a segment, locked; a recording that is there becomes the former one. `held` is the present segment of the
/// same recording. Neighbors' announcements are in it, so nobody else may read it.
///
/// # Errors
/// Then nothing was renamed or removed, unless the disk fails in the middle.
pub(super) fn create(path: &Path, held: Option<&File>) -> Result<File, FileError> {
    let failed = |error| FileError::Io(path.to_owned(), error);
    // Its lock lasts until the new file has one.
    let (found, _lock) = match held {
        Some(held) if is_at(held, path) => (Found::Recording, None),
        _ => look(path)?,
    };
    match found {
        Found::Nothing => {}
        Found::Empty => fs::remove_file(path).map_err(failed)?,
        Found::Recording => {
            let former = former(path);
            look(&former)?;
            fs::rename(path, former).map_err(failed)?;
        }
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    lock(&file, path)?;
    // Whatever the process's mask is.
    file.set_permissions(Permissions::from_mode(0o600)).map_err(failed)?;
    file.write_all(&header()).map_err(failed)?;
    Ok(file)
}

/// What is at a path.
enum Found {
    Nothing,
    /// A file without records: it shows nothing, and must not take the place of one that does.
    Empty,
    Recording,
}

/// What is at a path, and the lock on it.
fn look(path: &Path) -> Result<(Found, Option<File>), FileError> {
    let failed = |error| FileError::Io(path.to_owned(), error);
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() => {}
        Ok(_) => return Err(FileError::NotARecording(path.to_owned())),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok((Found::Nothing, None)),
        Err(error) => return Err(failed(error)),
    }
    // Some file systems lock only what is open for writing.
    let file = OpenOptions::new().read(true).write(true).open(path).map_err(failed)?;
    lock(&file, path)?;
    let mut begin = Vec::with_capacity(HEADER + 1);
    (&file).take(HEADER as u64 + 1).read_to_end(&mut begin).map_err(failed)?;
    let found = if header().starts_with(&begin) {
        Found::Empty
    } else if begin.starts_with(&MAGIC) {
        Found::Recording
    } else {
        return Err(FileError::NotARecording(path.to_owned()));
    };
    Ok((found, Some(file)))
}

fn lock(file: &File, path: &Path) -> Result<(), FileError> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => FileError::InUse(path.to_owned()),
        TryLockError::Error(error) => FileError::Io(path.to_owned(), error),
    })
}

/// Whether an open file is still the one of this name.
fn is_at(file: &File, path: &Path) -> bool {
    let (Ok(open), Ok(named)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
    (open.dev(), open.ino()) == (named.dev(), named.ino())
}

/// What every recording of this version begins with.
fn header() -> [u8; HEADER] {
    let mut header = [0; HEADER];
    let (magic, version) = header.split_at_mut(MAGIC.len());
    magic.copy_from_slice(&MAGIC);
    version.copy_from_slice(&VERSION.to_le_bytes());
    header
}

#[cfg(test)]
mod tests;
