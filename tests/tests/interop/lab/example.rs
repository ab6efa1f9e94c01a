//! The example that ships with crier, run as a user would.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use crier_tests::lab::{Lab, OrFail as _, Process, await_until, crier_binary};

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../appliance/examples/rack/run");

/// What the script needs besides crier.
const PROGRAMS: [&str; 3] = ["bash", "ping", "sysctl"];

/// A rack with a name of its own, so that others may run at the same time. Dropping it removes it if its script did not.
struct Rack {
    name: String,
}

impl Rack {
    fn new(lab: &Lab) -> Self {
        let tag = lab.dir().file_name().or_fail("naming a rack").to_string_lossy();
        Self { name: format!("{tag}-rack") }
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(SCRIPT);
        command.args(words).env("RACK", &self.name).env("CRIER", crier_binary()).stdin(Stdio::null());
        command
    }

    fn start(&self, lab: &Lab, words: &[&str]) -> Process {
        Process::spawn("the example", self.command(words), lab.dir().join("run.log"))
    }

    #[track_caller]
    fn await_nothing_left(&self) {
        await_until("nothing is left", || self.leavings(), Vec::is_empty);
    }

    /// Its files, namespaces and processes.
    fn leavings(&self) -> Vec<String> {
        let dir = PathBuf::from("/run").join(&self.name);
        let files = dir.exists().then(|| dir.display().to_string());
        let namespaces = fs::read_dir("/run/netns").into_iter().flatten().flatten();
        let names = namespaces.map(|entry| entry.file_name().to_string_lossy().into_owned());
        let processes = fs::read_dir("/proc").or_fail("listing processes").flatten();
        let commands = processes.map(|process| {
            let words = fs::read(process.path().join("cmdline")).unwrap_or_default();
            String::from_utf8_lossy(&words).replace('\0', " ")
        });
        files.into_iter().chain(names.chain(commands).filter(|text| text.contains(&self.name))).collect()
    }
}

impl Drop for Rack {
    fn drop(&mut self) {
        drop(self.command(&["down"]).status());
    }
}

#[test]
fn a_rack_from_beginning_to_end() {
    let Some(lab) = Lab::needing(PROGRAMS) else { return };
    let rack = Rack::new(&lab);
    let output = rack.command(&[]).output().or_fail("running the example");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{out}{err}", output.status);
    assert_eq!(err, "");
    rack.await_nothing_left();
    // Every ping of every address has its answer.
    let pings = ["10.244.3.2", "2001:db8:244:3::2", "172.16.1.10", "2001:db8:16::10", "172.16.1.10"];
    let pings = [&pings[..], &["2001:db8:16::10", "10.244.1.2", "2001:db8:244:1::2"]].concat();
    let answered = |at: usize, text: &str| {
        assert!(text.starts_with(&format!(" -c 3 -i 0.2 -W 2 {}\n", pings[at])), "{text}");
        assert!(text.contains("3 packets transmitted, 3 received, 0% packet loss"), "{text}");
    };
    let parts: Vec<&str> = out.split("# ping").skip(1).collect();
    assert_eq!(parts.len(), pings.len(), "{out}");
    parts.iter().enumerate().for_each(|(at, text)| answered(at, text));
    // The service leads to all nodes, to those that are left, and to all again.
    for what in ["leads to three nodes", "leads to two nodes", "leads to three nodes"] {
        assert!(out.contains(what), "{out}");
    }
    let (before, after) = out.split_once("is killed").or_fail("an act of the example");
    let shown = |text: &str| {
        let route = text.split_once("172.16.1.10 nhid").or_fail("the route to the service").1;
        route.lines().skip(1).take_while(|line| line.contains("nexthop via")).count()
    };
    assert_eq!((shown(before), shown(after)), (3, 2));
    assert!(before.contains("10.244.2.0/24 nhid") && before.contains("2001:db8:244:2::/64 nhid"), "{before}");
}

#[test]
fn a_rack_that_is_interrupted_or_killed() {
    let Some(lab) = Lab::needing(PROGRAMS) else { return };
    let rack = Rack::new(&lab);
    let stays = |log: &str| log.contains("stays until");
    for (moment, words) in [("every node's pods are known", &[][..]), ("stays until", &["stay"])] {
        let mut run = rack.start(&lab, words);
        await_until("it is running", || run.log(), |log| log.contains(moment));
        run.signal("TERM");
        await_until("it has ended", || run.has_ended(), |ended| *ended);
        rack.await_nothing_left();
    }
    // One that could not clean up is in the way until somebody does.
    let mut run = rack.start(&lab, &["stay"]);
    await_until("it is running", || run.log(), |log| stays(log));
    run.kill();
    let output = rack.command(&[]).output().or_fail("running the example");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && said.contains("run down"), "{said}");
    let output = rack.command(&["down"]).output().or_fail("running the example");
    assert!(output.status.success(), "{output:?}");
    rack.await_nothing_left();
}
