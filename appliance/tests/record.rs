//! `crier run --record` as users call it: what becomes of the file, whether the daemon starts or not.
#![expect(clippy::unwrap_used, reason = "helpers of tests, which the exception for tests does not see")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A directory with a configuration, gone when the test is over.
struct Place(PathBuf);

impl Place {
    /// With this line about where sessions are accepted.
    fn new(listen: &str) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("crier-run-record-{}-{number}", std::process::id()));
        fs::create_dir(&dir).unwrap();
        let place = Self(dir);
        let socket = place.0.join("crier.sock");
        let text = format!(
            "[router]\nasn = 65000\nrouter-id = \"10.0.0.1\"\nlisten = {listen}\n[control]\nsocket = \"{}\"\n",
            socket.display()
        );
        fs::write(place.0.join("crier.toml"), text).unwrap();
        place
    }

    fn file(&self) -> PathBuf {
        self.0.join("run.crier-record")
    }

    fn former(&self) -> PathBuf {
        self.0.join("run.crier-record.1")
    }

    /// Its daemon, recorded in this file.
    fn run(&self, file: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_crier"));
        command.args(["run", "-c"]).arg(self.0.join("crier.toml")).arg("--record").arg(file);
        command.env_remove("RUST_LOG").stderr(Stdio::piped());
        command
    }

    /// What it says, and that it failed.
    fn fails(&self, file: &Path) -> String {
        let output = self.run(file).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A daemon that is killed in the end, as in a crash.
struct Running(Child);

impl Running {
    /// Waits until the daemon has said that it runs: its log up to there.
    fn start(mut command: Command) -> (Self, Vec<String>) {
        let mut child = command.spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let running = Self(child);
        let mut lines = Vec::new();
        for line in log.lines() {
            lines.push(line.unwrap());
            if lines.last().is_some_and(|line| line.contains("recording every input")) {
                break;
            }
        }
        assert!(lines.last().is_some_and(|line| line.contains("recording every input")), "{lines:?}");
        (running, lines)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The evidence of a crash survives every start that does not come to anything.
#[test]
fn starts_in_vain_leave_the_recording_alone() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = Place::new(&format!("[\"{}\"]", taken.local_addr().unwrap()));
    let evidence = b"crierrec\x01\0\0\0 evidence";
    fs::write(place.file(), evidence).unwrap();
    for _ in 0..2 {
        let said = place.fails(&place.file());
        assert!(said.contains("in use"), "{said}");
        assert_eq!(fs::read(place.file()).unwrap(), evidence);
        assert!(!place.former().exists());
    }
    // It comes to something, and the former recording is put aside.
    drop(taken);
    let (_running, _) = Running::start(place.run(&place.file()));
    assert_eq!(fs::read(place.former()).unwrap(), evidence);
}

/// Two daemons never write one file, nor does the second move it away under the first.
#[test]
fn a_file_that_a_running_daemon_records_to_is_refused() {
    let place = Place::new("[]");
    let (running, log) = Running::start(place.run(&place.file()));
    let says = format!("recording every input in {}", place.file().display());
    assert!(log.iter().any(|line| line.contains(&says)), "{log:?}");
    let other = Place::new("[]");
    let said = other.fails(&place.file());
    assert!(said.contains("run.crier-record is in use: another crier records to it"), "{said}");
    assert!(place.file().exists() && !place.former().exists());
    drop(running);
    // The lock goes with the process: nothing has to be cleared away after a crash.
    Running::start(other.run(&place.file()));
}

#[test]
fn what_crier_did_not_record_is_not_moved() {
    let place = Place::new("[]");
    fs::write(place.file(), "my notes").unwrap();
    let said = place.fails(&place.file());
    let expected = format!(
        "crier: {} is not a recording of crier: it stays as it is, name another file\n",
        place.file().display()
    );
    assert_eq!(said, expected);
    assert_eq!(fs::read(place.file()).unwrap(), b"my notes");
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let place = Place::new("[]");
    let said = place.fails(Path::new("/nonexistent/crier.record"));
    assert!(said.starts_with("crier: /nonexistent/crier.record cannot be written: "), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}
