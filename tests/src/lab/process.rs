//! Child processes: started with a log, ended by their own id.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::fail::{OrFail, await_until, fail};

/// How long a process may take to end when asked politely.
const GRACE: Duration = Duration::from_secs(5);
/// Lines of a log that a failing test prints.
const LOG_LINES: usize = 80;

/// Where daemons live that are not in everybody's search path.
const EXTRA_DIRS: [&str; 3] = ["/usr/lib/frr", "/usr/sbin", "/sbin"];

/// A running child. Dropping it asks it to end, then makes it.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Process {
    /// Starts `command` with no input and everything it prints in `log`.
    pub fn spawn(name: &str, mut command: Command, log: PathBuf) -> Self {
        let out = File::create(&log).or_fail(format_args!("making {}", log.display()));
        let err = out.try_clone().or_fail("sharing a log");
        let child = command.stdin(Stdio::null()).stdout(out).stderr(err).spawn();
        Self { name: name.to_owned(), child: child.or_fail(format_args!("starting {name}")), log }
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits until `answers` says so; fails the test if the process ends before.
    #[track_caller]
    pub fn await_ready(&mut self, mut answers: impl FnMut() -> bool) {
        let what = format!("{} is ready", self.name);
        let probe = || {
            self.assert_running();
            answers()
        };
        await_until(&what, probe, |ready| *ready);
    }

    /// Fails the test if it has ended.
    pub fn assert_running(&mut self) {
        if let Ok(Some(status)) = self.child.try_wait() {
            fail(format_args!("{} ended early: {status}\n{}", self.name, self.log_tail()));
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// What it printed so far.
    pub fn log(&self) -> String {
        read_lossy(&self.log)
    }

    /// Sends a signal, by name (`TERM`, `HUP`, `STOP` …).
    pub fn signal(&self, signal: &str) {
        signal_pid(self.pid(), signal);
    }

    /// Ends it at once, as a crash would.
    pub fn kill(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }

    /// Asks it to end, waits, and makes it end if it does not.
    pub fn stop(&mut self) {
        if !self.has_ended() {
            self.signal("TERM");
            self.signal("CONT");
        }
        let deadline = Instant::now() + GRACE;
        while !self.has_ended() {
            if Instant::now() >= deadline {
                return self.kill();
            }
            thread::park_timeout(Duration::from_millis(5));
        }
    }

    fn log_tail(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines.split_at(lines.len().saturating_sub(LOG_LINES)).1.join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.stop();
        if thread::panicking() {
            // Captured with the failing test's output.
            eprintln!("---- end of the log of {} ----\n{}", self.name, self.log_tail());
        }
    }
}

/// Sends a signal to a process by its id; nothing happens if it is gone.
pub(super) fn signal_pid(pid: u32, signal: &str) {
    let command = format!("kill -{signal} {pid} 2>/dev/null");
    drop(Command::new("sh").args(["-c", &command]).stdin(Stdio::null()).status());
}

/// Runs `command` to its end and returns its output; what it printed on standard error is the error.
pub fn run(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output().map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Err(format!("{command:?}: {}\n{}{}", output.status, out, err))
}

/// Output of a program of this host, if it ran well.
pub(super) fn output_of(program: &str, args: &[&str]) -> Option<String> {
    run(Command::new(program).args(args)).ok()
}

/// Path of a program, in the search path or where daemons are kept.
pub(super) fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::env::split_paths(&path).chain(EXTRA_DIRS.map(PathBuf::from));
    dirs.map(|dir| dir.join(name)).find(|candidate| candidate.is_file())
}

/// A file's text, empty if there is none.
pub(super) fn read_lossy(path: &Path) -> String {
    fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}
