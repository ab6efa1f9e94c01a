//! crier itself, as a user meets it: its configuration file and its command line.

use std::env;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use crier_core::Family;
use serde_json::Value;

use super::daemon::{Daemon, Route, Routes, as_numbers};
use super::plan::Plan;
use super::{Namespace, OrFail, Process, fail, run};

/// A running crier.
pub struct Crier<'n> {
    node: &'n Namespace,
    program: String,
    socket: String,
    configuration: PathBuf,
    process: Process,
}

impl std::fmt::Debug for Crier<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("crier")
    }
}

impl<'n> Crier<'n> {
    /// Starts it as `plan` says.
    pub fn start(node: &'n Namespace, plan: &Plan) -> Self {
        let crier = Self::start_with(node, &Self::configuration(plan));
        // What `[[network]]` cannot say is announced by command.
        for route in plan.announces.iter().filter(|route| route.next_hop.is_some() || route.med.is_some()) {
            let mut words = vec!["announce".to_owned(), route.prefix.clone()];
            words.extend(route.next_hop.map(|hop| format!("next-hop={hop}")));
            words.extend(route.med.map(|med| format!("med={med}")));
            words.extend(route.communities.iter().map(|community| format!("community={community}")));
            words.extend(
                route.large_communities.iter().map(|community| format!("large-community={community}")),
            );
            crier.command(&words.iter().map(String::as_str).collect::<Vec<_>>());
        }
        crier
    }

    /// Starts it with this configuration, to which the control socket is added, and waits until it answers.
    pub fn start_with(node: &'n Namespace, configuration: &str) -> Self {
        Self::launch(node, "crier", configuration, &[], "debug")
    }

    /// The same, beside another one in the same namespace: files are called by `name`.
    pub fn start_beside(node: &'n Namespace, name: &str, configuration: &str) -> Self {
        Self::launch(node, name, configuration, &[], "debug")
    }

    /// The same with a log of what an operator sees, for a lab in which very much happens.
    pub fn start_quiet(node: &'n Namespace, configuration: &str) -> Self {
        Self::launch(node, "crier", configuration, &[], "info")
    }

    /// The same, recorded in this file.
    pub fn start_recorded(node: &'n Namespace, configuration: &str, file: &Path) -> Self {
        Self::launch(node, "crier", configuration, &["--record", &file.to_string_lossy()], "debug")
    }

    fn launch(node: &'n Namespace, name: &str, configuration: &str, options: &[&str], level: &str) -> Self {
        let program = crier_binary();
        let socket = node.dir().join(format!("{name}.sock")).to_string_lossy().into_owned();
        let path = node.write(&format!("{name}.toml"), &with_socket(configuration, &socket));
        let path_text = path.to_string_lossy();
        let words = [&["run", "-c", &path_text], options].concat();
        let mut process = node.spawn_as(name, &program, &words, &[("RUST_LOG", level)]);
        process.await_ready(|| node.try_run(&program, &["status", "--json", "--socket", &socket]).is_ok());
        Self { node, program, socket, configuration: path, process }
    }

    /// crier's configuration for a plan; tests append to it.
    pub fn configuration(plan: &Plan) -> String {
        let mut text = format!("[router]\nasn = {}\nrouter-id = \"{}\"\n", plan.asn, plan.router_id);
        let body = |out: &mut String| -> std::fmt::Result {
            for route in plan.announces.iter().filter(|route| route.next_hop.is_none() && route.med.is_none())
            {
                let all = route.communities.iter().chain(&route.large_communities);
                let list: Vec<String> = all.map(|community| format!("\"{community}\"")).collect();
                writeln!(
                    out,
                    "\n[[network]]\nprefix = \"{}\"\ncommunities = [{}]",
                    route.prefix,
                    list.join(", ")
                )?;
            }
            for neighbor in &plan.neighbors {
                writeln!(out, "\n[[neighbor]]\naddress = \"{}\"", neighbor.remote)?;
                writeln!(
                    out,
                    "local-address = \"{}\"\nremote-asn = {}",
                    neighbor.local, neighbor.remote_asn
                )?;
                writeln!(
                    out,
                    "families = [\"ipv4-unicast\", \"ipv6-unicast\"]\npassive = {}",
                    neighbor.passive
                )?;
                let (hold, keepalive) = (neighbor.hold, neighbor.hold / 3);
                writeln!(out, "timers = {{ hold = {hold}, keepalive = {keepalive}, connect-retry = 1 }}")?;
                for (key, default) in [("import", "accept-all"), ("export", "accept-all")] {
                    if !neighbor.extra.contains(&format!("{key} =")) {
                        writeln!(out, "{key} = \"{default}\"")?;
                    }
                }
                writeln!(out, "{}", neighbor.extra)?;
            }
            Ok(())
        };
        body(&mut text).or_fail("writing a configuration");
        text
    }

    /// Replaces the configuration and asks for a reload, as an operator does; what it answers.
    pub fn reload(&self, configuration: &str) -> Result<String, String> {
        self.write_configuration(configuration);
        self.try_command(&["reload"])
    }

    /// Runs a command against the daemon; it must succeed.
    #[track_caller]
    pub fn command(&self, words: &[&str]) -> String {
        self.try_command(words).or_fail("commanding crier")
    }

    /// Runs a command against the daemon.
    pub fn try_command(&self, words: &[&str]) -> Result<String, String> {
        self.node.try_run(&self.program, &[words, &["--socket", &self.socket]].concat())
    }

    /// Runs a command that must be refused; its exit code and what it says on standard error.
    #[track_caller]
    pub fn refused(&self, words: &[&str]) -> (i32, String) {
        self.refused_at(&self.socket, words)
    }

    /// The same, asking on this socket.
    #[track_caller]
    pub fn refused_at(&self, socket: &str, words: &[&str]) -> (i32, String) {
        let mut command = self.node.command(&self.program, &[words, &["--socket", socket]].concat());
        let output = command.stdin(Stdio::null()).output().or_fail("running crier");
        if output.status.success() || !output.stdout.is_empty() {
            fail(format_args!("crier {words:?} was not refused, or said something: {output:?}"));
        }
        let code = output.status.code().or_fail("reading the exit code of crier");
        (code, String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Replaces the configuration file, and nothing else.
    #[track_caller]
    pub fn write_configuration(&self, configuration: &str) {
        std::fs::write(&self.configuration, with_socket(configuration, &self.socket))
            .or_fail("writing a configuration");
    }

    /// Path of the control socket.
    pub fn socket(&self) -> &Path {
        Path::new(&self.socket)
    }

    /// Path of the configuration file.
    pub fn configuration_path(&self) -> &Path {
        &self.configuration
    }

    /// What a read command says in JSON.
    #[track_caller]
    pub fn json(&self, words: &[&str]) -> Value {
        let text = self.command(&[words, &["--json"]].concat());
        serde_json::from_str(&text).or_fail(format_args!("reading what crier {words:?} says: {text}"))
    }

    /// The entry of `crier peers --json` for a neighbor; null if there is none.
    #[track_caller]
    pub fn peer(&self, neighbor: &str) -> Value {
        let peers = self.json(&["peers"]);
        let found = peers.as_array().into_iter().flatten().find(|peer| peer["address"] == neighbor);
        found.cloned().unwrap_or_default()
    }

    /// Paths of `crier routes FORM --json`, with further arguments.
    #[track_caller]
    pub fn routes(&self, words: &[&str]) -> Vec<Value> {
        self.json(&[&["routes"], words].concat()).as_array().cloned().unwrap_or_default()
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

impl Daemon for Crier<'_> {
    fn established(&self, neighbor: &str) -> bool {
        self.peer(neighbor)["state"] == "Established"
    }

    fn learned(&self, neighbor: &str, family: Family) -> Routes {
        // A dynamic neighbor that has not called yet is unknown: nothing is learned from it.
        let shown = self.try_command(&["routes", "available", family.name(), "--peer", neighbor, "--json"]);
        let paths: Value = shown.ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
        let paths = paths.as_array().into_iter().flatten();
        paths
            .filter(|path| path["peer"] == neighbor)
            .map(|path| (path["prefix"].as_str().unwrap_or_default().to_owned(), route(path)))
            .collect()
    }
}

/// One of crier's paths in the form shared by all speakers.
fn route(path: &Value) -> Route {
    let number = |value: &Value| value.as_u64().and_then(|n| u32::try_from(n).ok());
    let sorted = |value: &Value| {
        let texts = value.as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut texts: Vec<String> = texts.map(str::to_owned).collect();
        texts.sort();
        texts
    };
    Route {
        next_hop: path["next_hop"].as_str().unwrap_or_default().to_owned(),
        as_path: as_numbers(path["as_path"].as_str().unwrap_or_default()),
        med: number(&path["med"]),
        local_pref: number(&path["local_pref"]),
        communities: sorted(&path["communities"]),
        large_communities: sorted(&path["large_communities"]),
    }
}

fn with_socket(configuration: &str, socket: &str) -> String {
    format!("{configuration}\n[control]\nsocket = \"{socket}\"\n")
}

/// Path of the program under test: `CRIER` if set, else built now with the profile of the running test, so that a test never
/// runs against an old one.
pub fn crier_binary() -> String {
    static BINARY: OnceLock<String> = OnceLock::new();
    BINARY.get_or_init(|| env::var("CRIER").unwrap_or_else(|_| build())).clone()
}

fn build() -> String {
    // Tests run from target/PROFILE/deps, programs from target/PROFILE.
    let own = env::current_exe().or_fail("finding the running program");
    let parent = own.parent().or_fail("finding the target directory");
    let dir = if parent.ends_with("deps") { parent.parent().or_fail("finding it") } else { parent };
    let profile: &[&str] = if dir.ends_with("release") { &["--release"] } else { &[] };
    let cargo = env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml");
    let args = ["build", "--quiet", "--package", "crier", "--bin", "crier", "--manifest-path", manifest];
    run(Command::new(cargo).args(args).args(profile)).or_fail("building crier");
    dir.join("crier").to_string_lossy().into_owned()
}
