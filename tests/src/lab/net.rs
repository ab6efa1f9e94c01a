//! Network namespaces and the links between them.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd as _;
use std::panic::resume_unwind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use super::fail::OrFail;
use super::leftovers::remove_namespace;
use super::process::{Process, find_program, run};

/// A network namespace of its own, with a directory for the files of what runs in it. Dropping it ends whatever still
/// runs in it and takes its links along.
#[derive(Debug)]
pub struct Namespace {
    name: String,
    short: String,
    dir: PathBuf,
}

impl Namespace {
    /// Makes the namespace `tag`-`short` with its loopback up.
    pub(super) fn new(tag: &str, short: &str, dir: PathBuf) -> Self {
        fs::create_dir_all(&dir).or_fail(format_args!("making {}", dir.display()));
        let node = Self { name: format!("{tag}-{short}"), short: short.to_owned(), dir };
        ip(&["netns", "add", &node.name]);
        // Duplicate address detection would keep IPv6 addresses tentative for a second.
        node.run("sh", &["-c", "echo 0 > /proc/sys/net/ipv6/conf/default/accept_dad"]);
        ip(&["-n", &node.name, "link", "set", "lo", "up"]);
        node
    }

    /// A link to `other`: a veth pair named after both ends, with these addresses (`"192.0.2.1/24"`) on each side.
    pub fn link(&self, addresses: &[&str], other: &Self, other_addresses: &[&str]) {
        let (here, there) = (format!("to-{}", other.short), format!("to-{}", self.short));
        let (from, to) = (self.name.as_str(), other.name.as_str());
        ip(&["link", "add", &here, "netns", from, "type", "veth", "peer", "name", &there, "netns", to]);
        self.configure(&here, addresses);
        other.configure(&there, other_addresses);
    }

    /// Adds addresses to the loopback interface.
    pub fn loopback(&self, addresses: &[&str]) {
        self.configure("lo", addresses);
    }

    /// Takes the link to `other` down (both ends lose their carrier) or up.
    pub fn set_link(&self, other: &Self, up: bool) {
        let device = format!("to-{}", other.short);
        ip(&["-n", &self.name, "link", "set", &device, if up { "up" } else { "down" }]);
    }

    /// Directory for files of what runs here.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Writes a file into [`Namespace::dir`] and returns its path.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.dir.join(name);
        fs::write(&path, text).or_fail(format_args!("writing {}", path.display()));
        path
    }

    /// Starts a program here. Its log is `NAME.log` in [`Namespace::dir`].
    pub fn spawn(&self, program: &str, args: &[&str], env: &[(&str, &str)]) -> Process {
        let stem = Path::new(program).file_name().unwrap_or_default().to_string_lossy().into_owned();
        self.spawn_as(&stem, program, args, env)
    }

    /// The same, as one of several of its kind: `name` is that of its log.
    pub fn spawn_as(&self, name: &str, program: &str, args: &[&str], env: &[(&str, &str)]) -> Process {
        let mut command = self.command(program, args);
        command.envs(env.iter().copied());
        Process::spawn(&format!("{name} in {}", self.short), command, self.dir.join(format!("{name}.log")))
    }

    /// Runs a program here to its end; the output, or what went wrong.
    pub fn try_run(&self, program: &str, args: &[&str]) -> Result<String, String> {
        run(&mut self.command(program, args))
    }

    /// Runs a program here to its end; it must succeed.
    #[track_caller]
    pub fn run(&self, program: &str, args: &[&str]) -> String {
        self.try_run(program, args).or_fail(format_args!("in {}", self.short))
    }

    /// Calls `work` on a thread that is in this namespace. Sockets made there stay there.
    #[track_caller]
    pub fn enter<T: Send>(&self, work: impl FnOnce() -> T + Send) -> T {
        let path = Path::new("/run/netns").join(&self.name);
        let namespace = File::open(&path).or_fail(format_args!("opening {}", path.display()));
        let inside = || {
            set_namespace(&namespace).or_fail("entering a namespace");
            work()
        };
        match thread::scope(|scope| scope.spawn(inside).join()) {
            Ok(value) => value,
            Err(panic) => resume_unwind(panic),
        }
    }

    /// A command in this namespace. `ip netns exec` replaces itself, so that the child's process id is the program's.
    pub fn command(&self, program: &str, args: &[&str]) -> Command {
        let path = find_program(program).unwrap_or_else(|| PathBuf::from(program));
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(path).args(args).current_dir(&self.dir);
        command
    }

    fn configure(&self, device: &str, addresses: &[&str]) {
        for address in addresses {
            ip(&["-n", &self.name, "address", "add", address, "dev", device]);
        }
        ip(&["-n", &self.name, "link", "set", device, "up"]);
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        remove_namespace(&self.name);
    }
}

#[expect(unsafe_code, reason = "std cannot enter a namespace")]
fn set_namespace(namespace: &File) -> io::Result<()> {
    // SAFETY: no memory is involved; the descriptor is open as long as `namespace` is borrowed.
    let status = unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) };
    if status == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[track_caller]
fn ip(args: &[&str]) {
    run(Command::new("ip").args(args)).or_fail("building the lab");
}
