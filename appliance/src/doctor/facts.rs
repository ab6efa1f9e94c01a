//! What is known of this host: read from /proc and asked of the kernel, judged elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crier_io_mio::Signing;
use crier_io_mio::kernel::{self, Found, Settings};

use super::{confinement, host, ports, sysctls};
use crate::adoption::Adoption;
use crate::config::Model;
use crate::confine::Confinement;
use crate::keys::{Counts, Keys};

/// What is known of this host. What could not be read is missing.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Settings of the kernel by their names with dots.
    pub sysctls: BTreeMap<String, u64>,
    /// Names of interfaces.
    pub interfaces: Vec<String>,
    /// TCP sockets that listen.
    pub listeners: Vec<Listener>,
    /// Effective capabilities, a bit each.
    pub capabilities: Option<u64>,
    /// The hard limit of open files; `None`: there is none.
    pub open_files: Option<u64>,
    /// Bytes that can be had without swapping.
    pub memory_available: Option<u64>,
    /// The time of day, in seconds since 1970.
    pub unix_seconds: u64,
    /// What a look at the kernel's routes found, or why there was none; `None` without `[kernel]`.
    pub routes: Option<Result<Found, String>>,
    /// What is the matter with files that hold keys.
    pub keys: Vec<String>,
    /// Signatures that the kernel can make; `None`: it does not tell.
    pub signing: Option<Signing>,
    /// Segments that the kernel dropped for their signatures.
    pub dropped: Counts,
    /// What a daemon could give up, and files that it could not read then; `None`: not known.
    pub confinement: Option<(Confinement, Vec<String>)>,
}

/// A TCP socket that listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// Where.
    pub address: SocketAddr,
    /// The number by which /proc knows it.
    pub inode: u64,
    /// The program that has it, where that can be read.
    pub process: Option<String>,
}

impl Facts {
    /// Looks at this host, for a configuration that was read from `path`.
    pub fn read(path: &Path, model: &Model) -> Self {
        let interfaces = sysctls::interfaces();
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            sysctls: sysctls::read(&interfaces),
            listeners: ports::read(),
            capabilities: host::capabilities(&text("/proc/self/status")),
            open_files: rustix::process::getrlimit(rustix::process::Resource::Nofile).maximum,
            memory_available: host::available(&text("/proc/meminfo")),
            unix_seconds: since.as_secs(),
            keys: Keys::read(model, &Keys::default())
                .warnings(model)
                .iter()
                .map(ToString::to_string)
                .collect(),
            signing: Signing::probe().ok(),
            dropped: Counts::now().unwrap_or_default(),
            confinement: confinement::try_out(path, model),
            routes: model.kernel.as_ref().map(|settings| {
                let read = model.state_dir.as_deref().and_then(|directory| Adoption::read(directory).ok());
                let left = read.map(|adoption| adoption.left()).unwrap_or_default();
                let settings = Settings { left, ..settings.clone() };
                kernel::look(&settings).map_err(|error| error.to_string())
            }),
            interfaces,
        }
    }
}
