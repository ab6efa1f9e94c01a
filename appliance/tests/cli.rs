//! The program as users call it: exit codes, one line on stderr, and what a daemon's answer becomes. The daemon is a
//! stand-in that answers with given lines.

#![expect(clippy::unwrap_used, reason = "helpers of tests, which the exception for tests does not see")]
use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::{self, JoinHandle};

/// A daemon that answers one request.
struct Daemon {
    socket: PathBuf,
    asked: JoinHandle<String>,
}

fn daemon(answer: &'static str) -> Daemon {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let socket = std::env::temp_dir().join(format!("crier-cli-{}-{number}.sock", std::process::id()));
    let _ = std::fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket).unwrap();
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut line = String::new();
        BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        line
    });
    Daemon { socket, asked }
}

impl Daemon {
    /// Runs the program against it. Returns what it said, and what the daemon was asked.
    fn run(self, args: &[&str]) -> (Output, String) {
        let output = crier(args).env("CRIER_SOCKET", &self.socket).output().unwrap();
        let asked = self.asked.join().unwrap();
        let _ = std::fs::remove_file(self.socket);
        (output, asked)
    }
}

fn crier(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_crier"));
    command.args(args).env_remove("CRIER_SOCKET");
    command
}

fn stdout(output: &Output) -> &str {
    str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    str::from_utf8(&output.stderr).unwrap()
}

/// The code, and one line on stderr with `says` in it.
fn fails(args: &[&str], code: i32, says: &str) {
    let output = crier(args).output().unwrap();
    assert_eq!(output.status.code(), Some(code), "{args:?}: {}", stderr(&output));
    assert!(stderr(&output).contains(says), "{args:?}: {}", stderr(&output));
    assert!(output.stdout.is_empty());
    if code != 2 {
        assert_eq!(stderr(&output).lines().count(), 1, "{}", stderr(&output));
    }
}

#[test]
fn bad_usage_is_2() {
    fails(&[], 2, "Usage");
    fails(&["teleport"], 2, "teleport");
    fails(&["peers", "here"], 2, "here");
    fails(&["routes", "bestest"], 2, "bestest");
    fails(&["routes", "--peer"], 2, "--peer");
    fails(&["why"], 2, "PREFIX");
    fails(&["why", "10.0.0.1/8"], 2, "10.0.0.0/8");
    fails(&["clear", "10.0.0.1", "--soft", "sideways"], 2, "sideways");
    fails(&["drain", "--wait", "soon"], 2, "soon");
    fails(&["announce", "10.0.0.1/8"], 2, "10.0.0.0/8");
    fails(&["announce", "10.0.0.0/8", "mde=1"], 2, "mde");
    fails(&["reload", "--json"], 2, "--json");
}

#[test]
fn what_a_later_version_can_is_1_and_says_so() {
    fails(&["import", "--from", "frr", "frr.conf"], 1, "not supported by this version");
    fails(&["why", "default/web"], 1, "not supported by this version");
}

#[test]
fn doctor_reads_the_configuration_and_says_what_it_found() {
    fails(&["doctor", "-c", "/nonexistent/crier.toml"], 1, "/nonexistent/crier.toml");
    // A port that is taken is a problem on every host.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let config = std::env::temp_dir().join(format!("crier-cli-doctor-{}.toml", std::process::id()));
    let text = format!("[router]\nasn = 65000\nrouter-id = \"10.0.0.1\"\nlisten = [\"{address}\"]\n");
    std::fs::write(&config, text).unwrap();
    let path = config.to_str().unwrap();
    let output = crier(&["doctor", "-c", path]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    let taken = format!("problem  {address} is taken: ");
    assert!(stdout(&output).lines().any(|line| line.starts_with(&taken)), "{}", stdout(&output));
    let output = crier(&["doctor", "-c", path, "--json"]).output().unwrap();
    let rows: serde_json::Value = serde_json::from_str(stdout(&output)).unwrap();
    let rows = rows.as_array().unwrap().iter();
    assert_eq!(rows.filter(|row| row["check"] == "listen" && row["level"] == "problem").count(), 1);
    std::fs::remove_file(config).unwrap();
}

#[test]
fn no_daemon_is_3() {
    let nowhere = "/nonexistent/crier.sock";
    for args in [&["peers"][..], &["status", "--json"], &["reload"], &["events", "--follow"]] {
        let args = [args, &["--socket", nowhere]].concat();
        fails(&args, 3, "no daemon answers on /nonexistent/crier.sock");
    }
}

#[test]
fn help_and_version_are_0() {
    for (arg, says) in [("--help", "announce"), ("--version", "crier ")] {
        let output = crier(&[arg]).output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert!(stdout(&output).contains(says));
    }
}

#[test]
fn json_is_an_array_in_order_with_the_daemons_own_keys() {
    let answer = concat!(
        "{\"prefix\":\"10.10.0.0/16\",\"peer\":\"10.0.0.10\",\"instance\":\"default\",\"later\":1}\n",
        "\n",
        "{\"prefix\":\"10.10.0.0/16\",\"peer\":\"10.0.0.9\",\"instance\":\"default\"}\n",
        "{\"prefix\":\"9.0.0.0/8\",\"peer\":null,\"instance\":\"default\"}\n",
        "{\"done\":true}\n"
    );
    let (output, asked) =
        daemon(answer).run(&["routes", "received", "ipv4-unicast", "--peer", "10.0.0.9", "--json"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let expected = concat!(
        "[\n{\"prefix\":\"9.0.0.0/8\",\"peer\":null,\"instance\":\"default\"},\n",
        "{\"prefix\":\"10.10.0.0/16\",\"peer\":\"10.0.0.9\",\"instance\":\"default\"},\n",
        "{\"prefix\":\"10.10.0.0/16\",\"peer\":\"10.0.0.10\",\"instance\":\"default\",\"later\":1}\n]\n"
    );
    assert_eq!(stdout(&output), expected);
    for part in
        [r#""version":1"#, r#""command":"routes""#, r#""form":"received""#, r#""family":"ipv4-unicast""#]
    {
        assert!(asked.contains(part), "{asked}");
    }
}

#[test]
fn nothing_is_an_empty_array() {
    let (output, _) = daemon("{\"done\":true}\n").run(&["peers", "--json"]);
    assert_eq!((output.status.code(), stdout(&output)), (Some(0), "[]\n"));
}

#[test]
fn status_is_an_object() {
    let answer = "{\"limits\":[],\"rss_bytes\":1,\"uptime_s\":2}\n{\"done\":true}\n";
    let (output, _) = daemon(answer).run(&["status", "--json"]);
    assert_eq!(stdout(&output), "{\"limits\":[],\"rss_bytes\":1,\"uptime_s\":2}\n");
}

#[test]
fn a_refusal_is_1_and_one_line() {
    let (output, asked) = daemon("{\"error\":\"no such\\nthing\"}\n").run(&["enable", "10.0.0.1"]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(stderr(&output), "crier: no such thing\n");
    assert!(asked.contains(r#""peer":"10.0.0.1""#));
}

#[test]
fn a_command_prints_what_it_did() {
    let answer = "{\"message\":\"10.0.0.0/8 is announced\\u001b\"}\n{\"done\":true}\n";
    let args = ["announce", "10.0.0.0/8", "med=7", "community=no-export", "--ttl", "30s", "--owner", "me"];
    let (output, asked) = daemon(answer).run(&args);
    assert_eq!((output.status.code(), stdout(&output)), (Some(0), "10.0.0.0/8 is announced\\u{1b}\n"));
    for part in [r#""med":7"#, r#""communities":[4294967041]"#, r#""ttl_ms":30000"#, r#""owner":"me""#] {
        assert!(asked.contains(part), "{asked}");
    }
}

#[test]
fn an_answer_that_breaks_off_is_1() {
    for answer in ["", "{\"prefix\":\"9.0.0.0/8\"}\n", "{\"done\":tr", "HTTP/1.1 400\n{\"done\":true}\n"] {
        let (output, _) = daemon(answer).run(&["routes", "--json"]);
        assert_eq!(output.status.code(), Some(1), "{answer:?}");
        assert!(output.stdout.is_empty(), "no half of an array");
        assert_eq!(stderr(&output).lines().count(), 1);
    }
}

#[test]
fn events_are_json_lines() {
    let answer = "{\"number\":0}\n{\"number\":1}\n{\"done\":true}\n";
    let (output, asked) = daemon(answer).run(&["events", "--follow", "--json"]);
    assert_eq!(stdout(&output), "{\"number\":0}\n{\"number\":1}\n");
    assert!(asked.contains(r#""follow":true"#));
}

#[test]
fn the_option_wins_over_the_environment() {
    let output = crier(&["peers", "--socket", "/nonexistent/a"])
        .env("CRIER_SOCKET", "/nonexistent/b")
        .output()
        .unwrap();
    assert!(stderr(&output).contains("/nonexistent/a"));
}
