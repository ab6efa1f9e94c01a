//! The control socket's file.

use std::error::Error;
use std::fmt;
use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};

use mio::net::{UnixListener, UnixStream};
use mio::{Interest, Registry};
use socket2::{Domain, SockAddr, Socket, Type};

use crate::token::Key;

/// Owner and group may connect.
const MODE: u32 = 0o660;

/// A listening Unix socket, and its file, which goes with it.
#[derive(Debug)]
pub(crate) struct Server {
    listener: UnixListener,
    path: PathBuf,
    /// Device and inode, so that only our own file is removed.
    file: (u64, u64),
}

/// Why there can be no control socket.
#[derive(Debug)]
pub struct ControlError {
    /// Where.
    pub path: PathBuf,
    /// What is in the way.
    pub kind: ControlErrorKind,
}

/// What is in the way of a control socket.
#[derive(Debug)]
pub enum ControlErrorKind {
    /// Somebody answers on it already.
    InUse,
    /// Something that is not a socket has that name.
    NotASocket,
    /// The kernel refused.
    Io(io::Error),
}

impl Server {
    /// Listens at `path`. A socket that nobody answers on is replaced; a missing directory is made, its parent is not.
    pub(crate) fn bind(registry: &Registry, path: &Path) -> Result<Self, ControlError> {
        let error = |kind| ControlError { path: path.to_owned(), kind };
        make_way(path).map_err(error)?;
        Self::place(registry, path).map_err(|cause| error(ControlErrorKind::Io(cause)))
    }

    /// One that waits to be accepted.
    pub(crate) fn accept(&self) -> io::Result<UnixStream> {
        self.listener.accept().map(|(stream, _)| stream)
    }

    fn place(registry: &Registry, path: &Path) -> io::Result<Self> {
        // Under another name first: at its own it never has a wrong mode, and takes a stale one's place in one step.
        let mut draft = path.as_os_str().to_owned();
        draft.push(".new");
        let draft = PathBuf::from(draft);
        match fs::remove_file(&draft) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = StdListener::bind(&draft)?;
        let made = (|| {
            listener.set_nonblocking(true)?;
            fs::set_permissions(&draft, Permissions::from_mode(MODE))?;
            let file = fs::symlink_metadata(&draft)?;
            fs::rename(&draft, path)?;
            Ok((file.dev(), file.ino()))
        })();
        let file = match made {
            Ok(file) => file,
            Err(error) => {
                let _ = fs::remove_file(&draft);
                return Err(error);
            }
        };
        let mut server = Self { listener: UnixListener::from_std(listener), path: path.to_owned(), file };
        registry.register(&mut server.listener, Key::Control.token(), Interest::READABLE)?;
        Ok(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let ours = fs::symlink_metadata(&self.path).is_ok_and(|file| (file.dev(), file.ino()) == self.file);
        if ours {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Looks at what stands at `path`, and makes its directory.
fn make_way(path: &Path) -> Result<(), ControlErrorKind> {
    match fs::symlink_metadata(path) {
        Ok(file) if !file.file_type().is_socket() => Err(ControlErrorKind::NotASocket),
        Ok(_) => match knock(path) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            // It took the connection, or has as many waiting as it can: somebody is there.
            Ok(()) => Err(ControlErrorKind::InUse),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(ControlErrorKind::InUse),
            Err(error) => Err(ControlErrorKind::Io(error)),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
            match parent.map(|parent| DirBuilder::new().mode(0o755).create(parent)) {
                Some(Err(error)) if error.kind() != io::ErrorKind::AlreadyExists => {
                    Err(ControlErrorKind::Io(error))
                }
                _ => Ok(()),
            }
        }
        Err(error) => Err(ControlErrorKind::Io(error)),
    }
}

/// Connects to whoever listens at `path`, without waiting.
fn knock(path: &Path) -> io::Result<()> {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    socket.set_nonblocking(true)?;
    socket.connect(&SockAddr::unix(path)?)
}

impl fmt::Display for ControlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot open the control socket {}: ", self.path.display())?;
        match &self.kind {
            ControlErrorKind::InUse => f.write_str("another crier answers on it"),
            ControlErrorKind::NotASocket => f.write_str("something that is not a socket has this name"),
            ControlErrorKind::Io(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                f.write_str("this user may not create it there; choose another path or run as root")
            }
            ControlErrorKind::Io(error) if error.kind() == io::ErrorKind::NotFound => {
                f.write_str("its directory does not exist, nor does the directory above")
            }
            ControlErrorKind::Io(error) => error.fmt(f),
        }
    }
}

impl Error for ControlError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.kind {
            ControlErrorKind::Io(error) => Some(error),
            ControlErrorKind::InUse | ControlErrorKind::NotASocket => None,
        }
    }
}

#[cfg(test)]
mod tests;
