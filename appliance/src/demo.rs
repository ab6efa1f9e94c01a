//! `crier demo`: a top-of-rack speaker and three nodes on loopback, without root. Real TCP, real sessions, the program's
//! own configuration; a node fails and comes back. It ends by itself, and succeeds only if everything was seen to happen.

mod node;
mod screen;
mod story;
mod tor;

use std::io::IsTerminal;
use std::net::{Ipv4Addr, SocketAddr};

use crier_io_mio::{Runtime, Sizes};

use crate::cli::{DONE, FAILED};
use crate::config::{self, HostFacts, Model};
use crate::daemon::Now;
use crate::program::words;
use crate::{memory, reason};
use screen::Screen;
use tor::Tor;

/// The top-of-rack speaker's configuration: anybody from the range may connect, paths of equal length share the load.
const TOR: &str = r#"
[router]
asn = 65000
router-id = "10.0.0.254"
listen = []

[limits]
peers = 8
connections = 16
prefixes = 1000
paths = 4000

[multipath]
maximum-paths = 8
as-path-relax = true

[[group]]
name = "nodes"
remote-asn = "external"
dynamic = ["127.0.0.8/29"]
dynamic-limit = 8
import = "pods-and-vips"
export = "accept-all"
max-prefixes = 100
timers = { hold = 9, keepalive = 3 }

[[policy]]
name = "pods-and-vips"
[[policy.rule]]
prefix = ["10.244.0.0/16 ge 24 le 24", "172.16.1.0/24 ge 32"]
action = "accept"
"#;

/// Runs it. Returns the exit code.
pub fn run() -> u8 {
    match play() {
        Ok(()) => DONE,
        Err(problem) => {
            eprintln!("crier: {problem}");
            FAILED
        }
    }
}

fn play() -> Result<(), String> {
    let model = parse(TOR)?;
    let mut runtime = runtime(&model)?;
    let now = Now::new(runtime.clock().now());
    let speaker = memory::speaker(&model.limits, false, 1, now.at).map_err(|error| error.to_string())?;
    let mut speakers = [speaker];
    let [speaker] = &mut speakers;
    let any_port = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    runtime.set_listeners(0, &[any_port]).map_err(|error| error.to_string())?;
    let listener = runtime.listeners(0).next().ok_or("the listener has no address")?;
    let applied = model.with_core_config(|config| speaker.configure(now.at, config));
    applied.map_err(|error| reason::config_error(&error))?;
    runtime.catch_signals().map_err(|error| format!("signals cannot be caught: {error}"))?;
    let on_terminal = std::io::stdout().is_terminal();
    let waker = runtime.waker().map_err(|error| format!("the event loop cannot be woken: {error}"))?;
    let screen = Screen::open(on_terminal, waker);
    let mut tor = Tor::new(now.at, words(&model), listener, screen);
    let turned =
        runtime.run(&mut speakers, &mut tor).map_err(|error| format!("the event loop failed: {error}"));
    let ending = tor.end();
    turned.and(ending)
}

/// A configuration of the demo's own.
fn parse(text: &str) -> Result<Model, String> {
    config::parse(text, "demo.toml", &HostFacts::default())
        .map_err(|errors| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn runtime<A>(model: &Model) -> Result<Runtime<A>, String> {
    let sizes = Sizes { connections: model.limits.connections, write_buffers: 4, ..Sizes::default() };
    Runtime::new(sizes).map_err(|error| format!("the event loop cannot start: {error}"))
}
