//! The program itself: signals, its control socket, and what it costs to do nothing.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};

use crier_tests::lab::{PATIENCE, Process, await_until, crier_binary};
use crier_tests::raw_peer::RawPeer;
use crier_tests::wire::{KEEPALIVE, Open, message};

/// A running crier with two neighbors that it dials, and their sessions.
struct Program {
    process: Process,
    dir: PathBuf,
    peers: Vec<RawPeer>,
}

/// Starts it with these lines for each of two neighbors, and with at most so many descriptors.
fn program(router: &str, neighbors: [&str; 2], opens: [Open; 2], descriptors: Option<u32>) -> Program {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let dir = std::env::temp_dir().join(format!("crier-whole-{}-{number}", std::process::id()));
    fs::create_dir_all(&dir).unwrap();
    let listeners = [2, 3].map(|n| TcpListener::bind((Ipv4Addr::new(127, 0, 0, n), 0)).unwrap());
    let mut text = format!(
        "[router]\nasn = 65000\nrouter-id = \"10.0.0.1\"\n{router}\n[limits]\npeers = 16\nconnections = 64\n\
         prefixes = 20000\n[control]\nsocket = \"{}\"\n",
        dir.join("crier.sock").display()
    );
    for ((listener, lines), open) in listeners.iter().zip(neighbors).zip(&opens) {
        let at = listener.local_addr().unwrap();
        let (address, port, asn) = (at.ip(), at.port(), open.asn);
        text.push_str(&format!(
            "[[neighbor]]\naddress = \"{address}\"\nport = {port}\nremote-asn = {asn}\nimport = \"accept-all\"\n\
             export = \"accept-all\"\n{lines}\n"
        ));
    }
    fs::write(dir.join("crier.toml"), text).unwrap();
    let mut command = match descriptors {
        None => Command::new(crier_binary()),
        Some(count) => {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("ulimit -n {count}; exec \"$0\" \"$@\""), &crier_binary()]);
            shell
        }
    };
    command.args(["run", "-c"]).arg(dir.join("crier.toml"));
    let process = Process::spawn("crier", command, dir.join("log"));
    let establish = |(listener, open): (&TcpListener, &Open)| {
        let mut peer = RawPeer::accept(listener);
        peer.establish(open);
        peer
    };
    let peers = listeners.iter().zip(&opens).map(establish).collect();
    Program { process, dir, peers }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.process.stop();
        drop(fs::remove_dir_all(&self.dir));
    }
}

impl Program {
    fn control(&self) -> UnixStream {
        let stream = UnixStream::connect(self.dir.join("crier.sock")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// What the command line says, if it succeeds.
    fn ask(&self, words: &[&str]) -> Option<String> {
        let output = Command::new(crier_binary())
            .args(words)
            .env("CRIER_SOCKET", self.dir.join("crier.sock"))
            .output();
        let output = output.unwrap();
        output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    }
}

/// How often its one thread slept and was woken.
fn wakes(process: &Process) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", process.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
    line.trim().parse().unwrap()
}

const TIMERS: &str = "timers = { hold = 3, keepalive = 1, connect-retry = 1 }";
const RESTART: &str = "graceful-restart = { restart-time = 120 }";

fn opens() -> [Open; 2] {
    [Open::new(65001, [10, 0, 0, 2]), Open::new(65002, [10, 0, 0, 3])]
}

/// The first can restart gracefully, flags and time being of no interest, with IPv4 listed; the second cannot.
fn one_restarts() -> [Open; 2] {
    let [mut first, second] = opens();
    first.capabilities.push((64, vec![0, 120, 0, 1, 1, 0x80]));
    [first, second]
}

fn end_without_a_word(peer: &mut RawPeer) {
    loop {
        match peer.try_receive() {
            Ok((kind, body)) => assert_ne!(kind, 3, "a NOTIFICATION: {body:?}"),
            Err(error) => {
                assert!(
                    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset),
                    "{error}"
                );
                return;
            }
        }
    }
}

#[track_caller]
fn ceases(peer: &mut RawPeer) {
    let notification = peer.await_notification();
    assert_eq!((notification.code, notification.subcode), (6, 2), "Cease / Administrative Shutdown");
}

#[test]
fn sigterm_preserves_where_both_ends_restart_gracefully() {
    let mut program = program("listen = []", [RESTART; 2], one_restarts(), None);
    program.process.signal("TERM");
    let [first, second] = &mut program.peers[..] else { panic!("two neighbors") };
    ceases(second);
    end_without_a_word(first);
}

#[test]
fn sigterm_withdraws_where_configured() {
    let mut program = program("listen = []\non-stop = \"withdraw\"", [RESTART; 2], one_restarts(), None);
    program.process.signal("TERM");
    program.peers.iter_mut().for_each(ceases);
}

#[test]
fn sigint_always_withdraws() {
    let mut program = program("listen = []", [RESTART; 2], one_restarts(), None);
    program.process.signal("INT");
    program.peers.iter_mut().for_each(ceases);
    await_until("its socket is gone", || program.dir.join("crier.sock").exists(), |exists| !exists);
}

#[test]
fn sighup_reloads_and_a_wrong_file_changes_nothing() {
    let mut program = program("listen = []", ["description = \"before\"", ""], opens(), None);
    let path = program.dir.join("crier.toml");
    let text = fs::read_to_string(&path).unwrap();
    let description = || {
        let text = program.ask(&["peers", "--json"]).unwrap_or_default();
        ["before", "after"].map(|word| text.contains(&format!("\"{word}\"")))
    };
    fs::write(&path, text.replace("before", "after")).unwrap();
    program.process.signal("HUP");
    await_until("the new description is shown", description, |seen| *seen == [false, true]);
    fs::write(&path, text.replace("asn = 65000", "asn = nonsense")).unwrap();
    program.process.signal("HUP");
    await_until("it says so", || program.process.log(), |log| log.contains("not reloaded"));
    assert_eq!(description(), [false, true]);
    // Neither touched a session.
    for peer in &mut program.peers {
        peer.send(&message(KEEPALIVE, &[]));
    }
    let up = program.ask(&["peers", "--json"]).unwrap_or_default().matches("\"Established\"").count();
    assert_eq!(up, 2);
}

#[test]
fn nothing_on_the_control_socket_disturbs_a_session() {
    let mut program = program("listen = []", [TIMERS; 2], opens(), None);
    // One asks for everything again and again, and never reads.
    let deaf = program.control();
    deaf.set_nonblocking(true).unwrap();
    let request = b"{\"command\":\"status\"}\n{\"command\":\"peers\"}\n".repeat(1_000);
    while (&deaf).write(&request).is_ok() {}
    // One talks nonsense and is told so, a line for a line.
    let mut garbage = program.control();
    for line in
        [&b"\n"[..], b"nonsense\n", b"{}\n", b"[1,2,3]\n", b"\"\xff\xfe\"\n", b"{\"a\":{\"b\":[[[[[[\n"]
    {
        garbage.write_all(line).unwrap();
        let mut answer = String::new();
        BufReader::new(garbage.try_clone().unwrap()).read_line(&mut answer).unwrap();
        assert!(answer.starts_with('{'), "{answer:?}");
    }
    // One sends a line without an end that is too long.
    let mut long = program.control();
    long.write_all(&[b'x'; 128 << 10]).unwrap();
    let mut answer = [0; 1];
    long.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"{");
    // And all other places are taken by some who say nothing, and one more.
    let idle: Vec<UnixStream> = (0..17).map(|_| program.control()).collect();
    assert!(program.ask(&["status"]).is_some(), "there is a place for who asks");
    for _ in 0..4 {
        for peer in &mut program.peers {
            peer.send(&message(KEEPALIVE, &[]));
            peer.receive_until(|kind, _| kind == KEEPALIVE);
        }
    }
    drop(idle);
}

#[test]
fn sessions_survive_that_there_are_no_descriptors() {
    let router = "listen = [\"127.0.0.9:17911\"]";
    let mut program = program(router, [TIMERS; 2], opens(), Some(40));
    let target = "127.0.0.9:17911".parse().unwrap();
    // Their connections wait in the listener's queue, where nobody takes them, while others hold all descriptors.
    let hoard: Vec<UnixStream> = (0..16).map(|_| program.control()).collect();
    let source = |n| IpAddr::V4(Ipv4Addr::new(127, 1, 0, n));
    let crowd: Vec<_> = (1..60).map(|n| RawPeer::try_dial(source(n), target).unwrap()).collect();
    let before = wakes(&program.process);
    for _ in 0..3 {
        for peer in &mut program.peers {
            peer.send(&message(KEEPALIVE, &[]));
            peer.receive_until(|kind, _| kind == KEEPALIVE);
        }
    }
    let wakes = wakes(&program.process) - before;
    assert!(wakes < 200, "{wakes} wakes in three seconds");
    drop((hoard, crowd));
    await_until("there are some again", || program.ask(&["status"]).is_some(), |answers| *answers);
}

#[test]
fn doing_nothing_costs_next_to_nothing() {
    let mut program = program("listen = []", [TIMERS, ""], opens(), None);
    let [peer, _] = &mut program.peers[..] else { panic!("two neighbors") };
    peer.receive_until(|kind, _| kind == KEEPALIVE);
    peer.send(&message(KEEPALIVE, &[]));
    let before = wakes(&program.process);
    for _ in 0..4 {
        peer.receive_until(|kind, _| kind == KEEPALIVE);
        peer.send(&message(KEEPALIVE, &[]));
    }
    let wakes = wakes(&program.process) - before;
    assert!(wakes <= 4 * 4, "{wakes} wakes for four keepalives each way");
}
