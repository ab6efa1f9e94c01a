//! A node: a speaker with a loop and a thread of its own, as another machine would be. Dropping it is its failure: the
//! connection goes down without a word.

use std::net::SocketAddr;
use std::sync::mpsc;
use std::thread::JoinHandle;

use crier_core::{Event, Instant};
use crier_io_mio::{Chunk, Context, Fill, Host, Waker};

use super::{parse, runtime};
use crate::{memory, reason};

/// A node that runs.
pub(super) struct Node {
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

impl Node {
    /// Starts node `number`, from 1 on, which dials the top-of-rack speaker.
    pub(super) fn start(number: u8, tor: SocketAddr) -> Result<Self, String> {
        let (tell, told) = mpsc::channel();
        let thread = std::thread::Builder::new().name(format!("node-{number}"));
        let thread = thread.spawn(move || live(number, tor, &tell)).map_err(|error| error.to_string())?;
        match told.recv() {
            Ok(waker) => waker.map(|waker| Self { waker, thread: Some(thread) }),
            Err(_) => Err(format!("node-{number} did not start")),
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // A loop that cannot be woken ends with the process.
        if self.waker.wake().is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

fn live(number: u8, tor: SocketAddr, tell: &mpsc::Sender<Result<Waker, String>>) {
    if let Err(problem) = try_live(number, tor, tell) {
        // Whoever started it has the waker already, or is waiting for this.
        let _ = tell.send(Err(problem));
    }
}

fn try_live(number: u8, tor: SocketAddr, tell: &mpsc::Sender<Result<Waker, String>>) -> Result<(), String> {
    let model = parse(&configuration(number, tor))?;
    let mut runtime = runtime(&model)?;
    let now = runtime.clock().now();
    let seed = u64::from(number);
    let mut speakers = [memory::speaker(&model.limits, false, seed, now).map_err(|error| error.to_string())?];
    let [speaker] = &mut speakers;
    let applied = model.with_core_config(|config| speaker.configure(now, config));
    applied.map_err(|error| reason::config_error(&error))?;
    for network in &model.networks {
        speaker
            .originate(now, &network.local_route())
            .map_err(|error| reason::command_error(error).to_owned())?;
    }
    let waker = runtime.waker().map_err(|error| error.to_string())?;
    tell.send(Ok(waker)).map_err(|_| "nobody waits for this node".to_owned())?;
    runtime.run(&mut speakers, &mut Alone).map_err(|error| error.to_string())
}

/// What a node's `crier.toml` would say.
fn configuration(number: u8, tor: SocketAddr) -> String {
    let (address, port) = (tor.ip(), tor.port());
    format!(
        r#"
[router]
asn = {asn}
router-id = "10.0.0.{number}"
listen = []

[limits]
peers = 2
connections = 4
prefixes = 100
paths = 200

[[neighbor]]
address = "{address}"
port = {port}
local-address = "127.0.0.{host}"
remote-asn = 65000
import = "reject-all"
export = "accept-all"
timers = {{ hold = 9, keepalive = 3, connect-retry = 1 }}

[[network]]
prefix = "10.244.{number}.0/24"
communities = ["65000:100"]

[[network]]
prefix = "172.16.1.10/32"
"#,
        asn = 65000 + u32::from(number),
        host = 8 + number,
    )
}

/// Nobody talks to a node; whoever wakes it wants it to fail.
struct Alone;

impl Host for Alone {
    type Answer = ();

    fn request(&mut self, _: &mut Context<'_, '_>, _: &[u8]) {}

    fn request_too_long(&mut self, _: usize) {}

    fn fill(&mut self, _: &mut Context<'_, '_>, (): &mut (), _: &mut Chunk<'_>) -> Fill {
        Fill::Done
    }

    fn event(&mut self, _: Instant, _: usize, _: &Event) {}

    fn woken(&mut self, context: &mut Context<'_, '_>) {
        context.stop();
    }
}
