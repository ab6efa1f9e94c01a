//! A simulator: hosts, links and crier speakers in virtual time, everything from one seed.
//!
//! The speakers are the very core that the daemon runs, configured by the very `crier.toml`. They talk over TCP segments
//! that smoltcp makes, acknowledges and sends again, through links that may delay, lose, repeat, reorder and damage them.
//! Hours pass in seconds, and nothing is left to chance that the seed does not decide.
//!
//! # Test a network of your own
//!
//! A [`Network`] is put together from configurations and links, by name; a [`Simulation`] of it runs, suffers
//! [`Trouble`], is operated, and shows its tables in the rows of `crier routes --json`:
//!
//! ```
//! use std::time::Duration;
//!
//! use crier_tests::sim::{Network, Trouble};
//!
//! const TOR: &str = r#"
//!     [router]
//!     asn = 65000
//!     router-id = "192.168.10.1"
//!     [[group]]
//!     name = "nodes"
//!     remote-asn = 65001
//!     dynamic = ["192.168.10.0/24"]
//!     timers = { hold = 9 }
//!     import = "accept-all"
//!     export = "accept-all"
//! "#;
//! const NODE: &str = r#"
//!     [router]
//!     asn = 65001
//!     router-id = "192.168.10.2"
//!     [[neighbor]]
//!     address = "192.168.10.1"
//!     remote-asn = 65000
//!     timers = { hold = 9, connect-retry = 5 }
//!     import = "accept-all"
//!     export = "accept-all"
//!     [[network]]
//!     prefix = "172.20.0.0/24"
//! "#;
//!
//! # fn main() -> Result<(), crier_tests::sim::network::Error> {
//! let mut sim = Network::new(1)
//!     .router("tor", TOR)
//!     .router("node", NODE)
//!     .link("rack", &[("tor", "192.168.10.1/24"), ("node", "192.168.10.2/24")])
//!     .start()?;
//!
//! // Until nothing changes any more. What came of it is judged; a broken rule is an error.
//! sim.settle()?;
//! let routes = sim.routes("tor")?;
//! assert_eq!(routes.len(), 1);
//! assert_eq!(routes[0].prefix.to_string(), "172.20.0.0/24");
//! assert!(sim.trace("tor", "172.20.0.7")?.arrives());
//!
//! // The link carries nothing. Before the hold time is over nobody notices, and packets are lost.
//! let cut = sim.fault(Trouble::Cut { link: "rack" })?;
//! sim.run_for(Duration::from_secs(5))?;
//! assert_eq!(sim.routes("tor")?.len(), 1);
//! assert!(!sim.trace("tor", "172.20.0.7")?.arrives());
//! sim.run_for(Duration::from_secs(5))?;
//! assert!(sim.routes("tor")?.is_empty() && sim.installed("tor")?.is_empty());
//!
//! sim.mend(cut);
//! sim.settle()?;
//! assert_eq!(sim.routes("tor")?.len(), 1);
//! # Ok(())
//! # }
//! ```
//!
//! # What is simulated
//!
//! - The whole of `crier-core`: sessions, tables, policies, timers. It is called as the event loop of the daemon calls it.
//! - TCP and IP with real headers: handshakes, retransmission, windows, resets, time to live, resolved next hops. `--pcap` and
//!   [`Simulation::capture`] write what Wireshark reads.
//! - A forwarding table on each host, into which its speaker's best and multipath routes go, and which carries the sessions' own
//!   packets. The program's bridge carries them there, over netlink messages that a simulated Linux takes and answers
//!   ([`kernel::linux`]).
//! - What operators do: reload, announce, withdraw, clear, shut down, drain.
//!
//! # What is not
//!
//! - Other implementations of BGP: every speaker is crier. The labs of this crate have FRR, BIRD, GoBGP and ExaBGP for that.
//! - Malformed BGP: nothing reaches a speaker but what another one wrote. The core has tests of its own for that.
//! - Linux: sockets, the control socket, files; of netlink what the bridge uses. Nobody tells a speaker that a link is down.
//! - Ethernet, ARP and neighbor discovery: who has an address on a link is known.
//! - Time that computing takes, but for a fixed time for each turn of a speaker ([`Trouble::SlowCpu`] makes it longer).
//!
//! # What is not judged by itself
//!
//! That a speaker allocates nothing is seen in programs only that install [`crate::allocation::Watched`] as their global
//! allocator, as `sim` does. In others nothing is counted, and the rule holds.
//!
//! # What is promised
//!
//! The same plan, or the same [`Network`] told the same, sends the same packets at the same virtual times, byte for byte, on
//! every machine, in debug and release builds: [`Simulation::hash`] is the proof. Nothing reads a clock, an address of
//! memory, or the order of threads. A change of crier itself may change the packets, and so the hash.
//!
//! # The parts
//!
//! A [`Plan`] says what there is (hosts with a `crier.toml` each, links between them) and what happens to it (faults, and
//! what operators do); [`scenario`] draws plans from seeds. A [`World`] plays one. [`judge`] reads every message that is
//! sent, [`oracle`] computes what every table should be, both in code of their own. What they share with crier: the reader
//! that made policies and settings of a configuration, the views that show what stands in a table, and the core's check of
//! itself, which is all of [`Rule::Tables`]. [`run()`] does a whole run:
//! disturb, heal, judge, watch the silence. [`swarm`] runs seeds by the thousand and shrinks what fails, and [`driver`] is
//! the command line of it all.

/// Whether a fault is planted here (`tests/mutants`), to see that it is found.
#[cfg(mutants)]
macro_rules! planted {
    ($name:ident) => {
        crier_core::mutant::is_active(crier_core::mutant::Mutant::$name)
    };
}
#[cfg(not(mutants))]
macro_rules! planted {
    ($name:ident) => {
        false
    };
}

pub mod digest;
pub mod driver;
pub mod host;
pub mod judge;
pub mod kernel;
pub mod link;
pub mod memory;
pub mod network;
pub mod observe;
pub mod oracle;
pub mod packet;
pub mod pcap;
pub mod plan;
mod referee;
pub mod replay;
pub mod report;
pub mod route;
pub mod run;
pub mod scenario;
mod settle;
pub mod swarm;
pub mod tcp;
pub mod time;
pub mod world;

pub use network::{Network, Simulation, Trouble};
pub use plan::Plan;
pub use report::{Failure, Outcome, Rule, Statistics, Verdict};
pub use route::Route;
pub use run::{Options, run};
pub use time::Micros;
pub use world::World;
