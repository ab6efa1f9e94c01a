//! What the program has given up once it runs, and that it does everything without.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU16, Ordering};

use crier_tests::lab::{Process, await_until, crier_binary};
use crier_tests::raw_peer::RawPeer;
use crier_tests::wire::{Open, UPDATE};
use serde_json::Value;

/// The user `nobody` of most systems.
const NOBODY: u32 = 65534;

/// A directory for a daemon: `etc`, `state`, `run`, and `other`, which it knows nothing of.
struct Place {
    dir: PathBuf,
    user: Option<u32>,
}

impl Place {
    fn new(user: Option<u32>) -> Self {
        static NEXT: AtomicU16 = AtomicU16::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("crier-privileges-{}-{number}", std::process::id()));
        let place = Self { dir, user };
        for name in ["etc", "state", "run", "other"] {
            fs::create_dir_all(place.at(name)).unwrap();
            place.give(&place.at(name));
        }
        place
    }

    fn at(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    fn give(&self, path: &Path) {
        chown(path, self.user, self.user).unwrap();
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.at(name), text).unwrap();
        fs::set_permissions(self.at(name), Permissions::from_mode(0o600)).unwrap();
        self.give(&self.at(name));
    }

    /// A configuration that listens on these ports, with these neighbors and whatever else.
    fn configure(&self, ports: &[u16], rest: &str) {
        let listen: Vec<String> = ports.iter().map(|port| format!("\"127.0.0.1:{port}\"")).collect();
        let (listen, dir) = (listen.join(", "), self.dir.display());
        let text = format!(
            "[router]\nasn = 65000\nrouter-id = \"10.0.0.1\"\nlisten = [{listen}]\nstate-dir = \"{dir}/state\"\n\
             [limits]\npeers = 8\nconnections = 16\n[control]\nsocket = \"{dir}/run/crier.sock\"\n{rest}"
        );
        self.write("etc/crier.toml", &text);
    }

    fn start(&self) -> Process {
        let mut command = match self.user {
            None => Command::new(crier_binary()),
            // Who may not see the build's directory can run what is in its own. A process of its own copies it: a program that
            // somebody has open for writing cannot be run, and other tests' children have what this process has open.
            Some(_) => {
                let program = self.at("crier");
                if !program.exists() {
                    let copied = Command::new("cp").arg(crier_binary()).arg(&program).status().unwrap();
                    assert!(copied.success(), "{copied}");
                }
                Command::new(program)
            }
        };
        command
            .args(["run", "-c"])
            .arg(self.at("etc/crier.toml"))
            .arg("--record")
            .arg(self.at("state/record"));
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        let mut process = Process::spawn("crier", command, self.at("log"));
        process.await_ready(|| self.ask(&["status"]).status.success());
        process
    }

    fn ask(&self, words: &[&str]) -> Output {
        let mut command = Command::new(crier_binary());
        command.args(words).env("CRIER_SOCKET", self.at("run/crier.sock")).output().unwrap()
    }

    #[track_caller]
    fn command(&self, words: &[&str]) -> String {
        let output = self.ask(words);
        assert!(output.status.success(), "{words:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    #[track_caller]
    fn json(&self, words: &[&str]) -> Value {
        serde_json::from_str(&self.command(&[words, &["--json"]].concat())).unwrap()
    }

    #[track_caller]
    fn refused(&self, words: &[&str]) -> String {
        let output = self.ask(words);
        assert_eq!(output.status.code(), Some(1), "{words:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.dir));
    }
}

/// What /proc says of each thread: the lines about privileges.
fn threads(process: &Process) -> Vec<BTreeMap<String, String>> {
    let tasks = fs::read_dir(format!("/proc/{}/task", process.pid())).unwrap();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(path.join("status")).unwrap();
        let lines = text.lines().filter_map(|line| line.split_once(":\t"));
        lines.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    };
    tasks.map(|task| read(task.unwrap().path())).collect()
}

fn am_root() -> bool {
    fs::read_to_string("/proc/self/status").unwrap().contains("\nUid:\t0\t")
}

/// Whether this kernel has Landlock, which a container may forbid: it is asked in the same way.
fn has_landlock(place: &Place) -> bool {
    place.json(&["status"])["confinement"]["landlock"] == true
}

/// Ports that nobody listens on.
fn free_ports<const N: usize>() -> [u16; N] {
    let held = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

fn neighbor(host: u8, more: &str) -> String {
    format!(
        "[[neighbor]]\naddress = \"127.0.0.{host}\"\nremote-asn = {}\npassive = true\nimport = \"accept-all\"\n\
         export = \"accept-all\"\n{more}\n",
        65000 + u32::from(host)
    )
}

/// Calls from one of the neighbors.
fn call(host: u8, port: u16) -> RawPeer {
    let mut peer =
        RawPeer::dial(Ipv4Addr::new(127, 0, 0, host).into(), SocketAddr::from(([127, 0, 0, 1], port)));
    peer.establish(&Open::new(65000 + u32::from(host), [10, 0, 0, host]));
    peer
}

/// Everything that a running daemon does with files, sockets and signals, as this user.
fn lives_without_privileges(user: Option<u32>) {
    let place = Place::new(user);
    let [first, second] = free_ports();
    place.configure(&[first], &neighbor(2, ""));
    let mut process = place.start();
    let all = threads(&process);
    assert_eq!(all.len(), 2, "the loop and the recorder");
    for status in &all {
        for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
            assert_eq!(status[set], "0000000000000000", "{set}: {status:#?}");
        }
        if am_root() && user.is_none() {
            assert_eq!(status["CapBnd"], "0000000000000000", "{status:#?}");
        }
        assert_eq!((status["NoNewPrivs"].as_str(), status["Seccomp"].as_str()), ("1", "2"), "{status:#?}");
    }
    let confinement = &place.json(&["status"])["confinement"];
    assert_eq!((&confinement["no_new_privs"], &confinement["seccomp"]), (&true.into(), &true.into()));
    assert_eq!(confinement["capabilities"], Value::Array(Vec::new()));
    assert!(process.log().contains("capabilities: none"), "{}", process.log());

    // A listener, neighbors and keys that were not there at start.
    let mut peer = call(2, first);
    place.write("etc/key", "sesame\n");
    let key = format!("password-file = \"{}\"", place.at("etc/key").display());
    let grown = neighbor(2, "") + &neighbor(3, "") + &neighbor(4, &key);
    place.configure(&[first, second], &grown);
    let said = place.command(&["reload"]);
    assert!(said.contains("2 added") && !said.contains("warning"), "{said}");
    let _other = call(3, second);
    assert!(place.json(&["peers", "127.0.0.4"])[0]["held"].is_null());

    // Commands and their memory; what a signal asks for.
    place.command(&["announce", "172.20.1.0/24"]);
    peer.receive_until(|kind, body| kind == UPDATE && body.ends_with(&[24, 172, 20, 1]));
    assert!(place.at("state/control.json").exists());
    place.configure(&[first, second], &(grown.clone() + &neighbor(5, "")));
    process.signal("HUP");
    let peers = || place.json(&["peers"]).as_array().map(Vec::len);
    await_until("the signal is obeyed", peers, |count| *count == Some(4));
    assert!(place.command(&["events"]).contains("127.0.0.3"));

    // Files that it was not started with.
    if has_landlock(&place) {
        let text = fs::read_to_string(place.at("etc/crier.toml")).unwrap();
        place.write("other/crier.toml", &text);
        place.write("other/key", "sesame\n");
        fs::rename(place.at("etc/crier.toml"), place.at("etc/former")).unwrap();
        symlink(place.at("other/crier.toml"), place.at("etc/crier.toml")).unwrap();
        let said = place.refused(&["reload"]);
        assert!(
            said.contains("Permission denied") && said.contains("kept access to when it started"),
            "{said}"
        );
        fs::rename(place.at("etc/former"), place.at("etc/crier.toml")).unwrap();
        let beyond = format!("password-file = \"{}\"", place.at("other/key").display());
        place.configure(&[first, second], &(neighbor(2, "") + &neighbor(3, "") + &neighbor(4, &beyond)));
        let said = place.command(&["reload"]);
        assert!(said.contains("keeps the key") && said.contains("move the file"), "{said}");
    }
    // A port that takes a privilege: refused whole, and the sessions stay.
    let lowest = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap();
    if lowest.trim().parse::<u16>().is_ok_and(|lowest| lowest > 1) {
        place.configure(&[1], &grown);
        let said = place.refused(&["reload"]);
        assert!(said.contains("CAP_NET_BIND_SERVICE") && said.contains("restart"), "{said}");
    }
    place.configure(&[first, second], &grown);
    place.command(&["reload"]);
    assert_eq!(place.json(&["peers", "127.0.0.2"])[0]["flaps"], 0);

    // A stop in order; the next run has what the former one kept.
    process.signal("TERM");
    await_until("it has stopped", || process.has_ended(), |ended| *ended);
    assert!(!place.at("run/crier.sock").exists(), "{}", process.log());
    let mut process = place.start();
    let mut peer = call(2, first);
    peer.receive_until(|kind, body| kind == UPDATE && body.ends_with(&[24, 172, 20, 1]));
    assert!(place.at("state/record.1").exists(), "the former recording");
    assert!(fs::metadata(place.at("state/record")).unwrap().len() > 0);
    process.stop();
}

#[test]
fn it_keeps_no_capability_and_does_everything_without() {
    lives_without_privileges(None);
}

#[test]
fn a_user_without_any_privilege_can_run_it() {
    if !am_root() {
        println!("not root: the other test was such a user's");
        return;
    }
    lives_without_privileges(Some(NOBODY));
}

#[test]
fn a_key_that_only_a_privilege_can_read_is_named_at_start() {
    if !am_root() {
        println!("not root: such a key cannot be read at all");
        return;
    }
    let place = Place::new(None);
    let [port] = free_ports();
    place.write("etc/key", "sesame\n");
    chown(place.at("etc/key"), Some(NOBODY), Some(NOBODY)).unwrap();
    place.configure(&[port], &neighbor(2, &format!("password-file = \"{}\"", place.at("etc/key").display())));
    let process = place.start();
    let named = format!("{} can be read by nobody but its owner", place.at("etc/key").display());
    assert!(process.log().contains(&named), "{}", process.log());
    assert!(place.json(&["peers", "127.0.0.2"])[0]["held"].is_null(), "it was read before");
    let doctor = Command::new(crier_binary()).args(["doctor", "-c"]).arg(place.at("etc/crier.toml")).output();
    let said = String::from_utf8(doctor.unwrap().stdout).unwrap();
    assert!(said.contains(&named), "{said}");
}
