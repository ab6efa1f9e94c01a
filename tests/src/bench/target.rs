//! Speakers under test, started as children, and what they cost.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use super::full_table::{ASN, FEEDER, FEEDER_ASN, SINK, SINK_ASN, SPEAKER};
use super::table::Table;
use crate::lab::{Process, crier_binary};

/// The unit of CPU times in `/proc` (USER_HZ): 100 a second on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// A speaker that can be measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// crier, built with the profile of this program.
    Crier,
    /// The same, recording what happens.
    Recording,
    /// BIRD as installed.
    Bird,
}

/// A speaker that runs.
#[derive(Debug)]
pub(super) struct Running {
    /// The child.
    pub(super) process: Process,
    dir: PathBuf,
}

impl Speaker {
    /// Its name in tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crier => "crier",
            Self::Recording => "crier --record",
            Self::Bird => "BIRD",
        }
    }

    /// Starts it, configured to dial feeder and sink.
    pub(super) fn start(self, table: &Table) -> io::Result<Running> {
        let dir = std::env::temp_dir().join(format!("crier-bench-{}", std::process::id()));
        fs::create_dir_all(&dir)?;
        let (command, file, text) = match self {
            Self::Crier => (crier_command(&dir), "crier.toml", crier_configuration(&dir, table)),
            Self::Recording => {
                let mut command = crier_command(&dir);
                command.arg("--record").arg(dir.join("crier.record"));
                (command, "crier.toml", crier_configuration(&dir, table))
            }
            Self::Bird => (bird_command(&dir), "bird.conf", bird_configuration()),
        };
        fs::write(dir.join(file), text)?;
        Ok(Running::spawn(self, command, dir))
    }
}

impl Running {
    /// Starts a command whose files are in `dir`, which goes with it.
    pub(super) fn spawn(speaker: Speaker, command: Command, dir: PathBuf) -> Self {
        let name = speaker.name();
        Self { process: Process::spawn(name, command, dir.join(format!("{name}.log"))), dir }
    }

    /// CPU time used so far, in user mode and in the kernel.
    pub(super) fn cpu(&self) -> io::Result<Duration> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.process.pid()))?;
        // The name, in parentheses, may hold spaces; utime and stime are the 12th and 13th field after it.
        let fields = stat.rsplit_once(')').map_or("", |(_, after)| after).split_whitespace();
        let ticks: u32 = fields.skip(11).take(2).filter_map(|field| field.parse::<u32>().ok()).sum();
        Ok(TICK * ticks)
    }

    /// Most memory that was ever resident, in KiB.
    pub(super) fn peak_memory(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.pid()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|rest| rest.split_whitespace().next()?.parse().ok());
        number.ok_or_else(|| io::Error::other("no VmHWM"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.process.stop();
        drop(fs::remove_dir_all(&self.dir));
    }
}

fn crier_command(dir: &Path) -> Command {
    let mut command = Command::new(crier_binary());
    command.args(["run", "-c"]).arg(dir.join("crier.toml"));
    command
}

/// Limits that the table fills: what is reserved beyond it would not become resident anyway.
fn crier_configuration(dir: &Path, table: &Table) -> String {
    let (prefixes, sets) = (table.prefixes, table.updates);
    let attribute_bytes = table.bytes.len();
    let mut text = format!(
        "[router]\nasn = {ASN}\nrouter-id = \"10.0.0.1\"\nlisten = []\nlog = \"warn\"\n\n\
         [limits]\npeers = 2\nconnections = 8\nprefixes = {prefixes}\npaths = {prefixes}\n\
         attribute-sets = {sets}\nattribute-bytes = {attribute_bytes}\n\n\
         [control]\nsocket = \"{}\"\n\n\
         [[group]]\nname = \"bench\"\nfamilies = [\"ipv4-unicast\"]\nimport = \"accept-all\"\nexport = \"accept-all\"\n\
         local-address = \"{}\"\nmax-prefixes = {{ limit = {prefixes}, action = \"close\" }}\n\
         timers = {{ hold = 180, keepalive = 60, connect-retry = 1 }}\n",
        dir.join("crier.sock").display(),
        SPEAKER.ip(),
    );
    for (neighbor, asn) in [(FEEDER, FEEDER_ASN), (SINK, SINK_ASN)] {
        let (address, port) = (neighbor.ip(), neighbor.port());
        text.push_str(&format!(
            "\n[[neighbor]]\naddress = \"{address}\"\nport = {port}\nremote-asn = {asn}\ngroup = \"bench\"\n"
        ));
    }
    text
}

fn bird_command(dir: &Path) -> Command {
    let mut command = Command::new("bird");
    command.arg("-f").arg("-c").arg(dir.join("bird.conf")).arg("-s").arg(dir.join("bird.ctl"));
    command.env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin:/usr/local/sbin");
    command
}

/// No kernel protocol: routes stay in BIRD.
fn bird_configuration() -> String {
    let mut text =
        "router id 10.0.0.1;\nlog stderr { warning, error, fatal, bug };\nprotocol device {}\n".to_owned();
    for (name, neighbor, asn) in [("feeder", FEEDER, FEEDER_ASN), ("sink", SINK, SINK_ASN)] {
        text.push_str(&format!("protocol bgp {name} {{\n  local {} port {} as {ASN};\n  neighbor {} port {} as {asn};\n  strict bind yes;\n  \
             multihop;\n  hold time 180;\n  connect delay time 1;\n  connect retry time 1;\n  error wait time 1, 2;\n  \
             ipv4 {{ import all; export all; }};\n}}\n",
            SPEAKER.ip(),
            SPEAKER.port(),
            neighbor.ip(),
            neighbor.port(),
        ));
    }
    text
}
