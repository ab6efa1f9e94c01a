//! What a simulation consists of: hosts, links, faults, and what operators do. Drawn from a seed, or built by hand.
//!
//! A plan is complete before the first instant. So a failing run is made smaller by leaving parts out, and what is left
//! behaves as before: every link and host draws its chances from a stream of its own.

use std::net::IpAddr;

use crier_core::speaker::Clear;
use ipnet::IpNet;

use super::Micros;

/// A whole simulation.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// Where all chance comes from.
    pub seed: u64,
    /// Hosts; others refer to them by position.
    pub hosts: Vec<HostPlan>,
    /// Links; faults refer to them by position.
    pub links: Vec<LinkPlan>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// What operators do.
    pub work: Vec<Work>,
    /// When every fault is over at the latest, and everything is to heal.
    pub heal_at: Micros,
    /// How long it may take from there until nothing changes any more.
    pub converge_within: Micros,
    /// How long the silence afterwards is watched: nobody may send an UPDATE.
    pub watch: Micros,
    /// What the configurations may lead to by themselves.
    pub tolerated: Tolerated,
}

/// What configurations may lead to without any fault of the speakers that follow them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tolerated {
    /// There may be no stable state, or more than one (RFC 3345, RFC 4264).
    pub oscillation: bool,
    /// Packets may not arrive although every table is as it should be: a next hop set by hand, a host on the way that is
    /// told less than others.
    pub black_holes: bool,
    /// Tables or prefix limits are smaller than what is announced: which routes there are hangs on who came first.
    pub refusals: bool,
}

/// A host.
#[derive(Clone, Debug)]
pub struct HostPlan {
    /// Its name in output.
    pub name: String,
    /// The `crier.toml` of the speaker on it; `None`: it only forwards packets.
    pub config: Option<String>,
    /// Addresses of its own beside those of its links (a loopback's).
    pub addresses: Vec<IpAddr>,
    /// Static routes: what is behind which next hop.
    pub statics: Vec<(IpNet, IpAddr)>,
    /// Whether the best paths of its speaker go into its forwarding table.
    pub installs: bool,
    /// Whether its kernel knows next-hop objects, which came with Linux 5.3.
    pub next_hop_objects: bool,
    /// Bytes of each socket's buffer, each way; the window it offers is no larger.
    pub socket_buffer: usize,
}

impl HostPlan {
    /// A host with a speaker of this configuration, that forwards along its best paths.
    pub fn speaker(name: &str, config: String) -> Self {
        Self {
            name: name.to_owned(),
            config: Some(config),
            addresses: Vec::new(),
            statics: Vec::new(),
            installs: true,
            next_hop_objects: true,
            socket_buffer: 65_536,
        }
    }
}

/// A link between two interfaces or more.
#[derive(Clone, Debug)]
pub struct LinkPlan {
    /// Its interfaces.
    pub ends: Vec<EndPlan>,
    /// How good it is while no fault makes it worse.
    pub quality: Quality,
}

/// One interface: on which host, with which addresses and the length of their prefix.
#[derive(Clone, Debug)]
pub struct EndPlan {
    /// The host.
    pub host: usize,
    /// Addresses with the prefix of the link.
    pub addresses: Vec<IpNet>,
}

/// How a link treats packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quality {
    /// Time from one end to another.
    pub delay: Micros,
    /// At most this much more, drawn for each packet; order is kept unless packets are reordered.
    pub jitter: Micros,
    /// Packets lost, in millionths.
    pub loss: u32,
    /// Packets that arrive twice, in millionths.
    pub duplication: u32,
    /// Packets that others may overtake, in millionths.
    pub reordering: u32,
    /// Packets in which one bit is flipped, in millionths.
    pub corruption: u32,
    /// Bits in a second, each way; `None`: no bound.
    pub bandwidth: Option<u64>,
}

impl Default for Quality {
    fn default() -> Self {
        Self {
            delay: Micros(100),
            jitter: Micros::ZERO,
            loss: 0,
            duplication: 0,
            reordering: 0,
            corruption: 0,
            bandwidth: None,
        }
    }
}

/// Something that goes wrong for a while.
#[derive(Clone, Debug)]
pub struct Fault {
    /// From when.
    pub from: Micros,
    /// Until when; the same as `from` for what happens in an instant.
    pub until: Micros,
    /// What.
    pub kind: FaultKind,
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum FaultKind {
    /// A link is worse than planned.
    Degrade {
        /// Which link.
        link: usize,
        /// How it is meanwhile.
        quality: Quality,
    },
    /// A link carries nothing from one of its ends, or from any.
    Partition {
        /// Which link.
        link: usize,
        /// Position of the end whose packets are lost; `None`: all of them.
        from: Option<usize>,
    },
    /// The host loses power: its speaker, its connections and its forwarding table are gone until it is over.
    Crash {
        /// Which host.
        host: usize,
    },
    /// The speaker is killed: the host's kernel closes its connections and keeps its routes. It starts again at the end.
    Kill {
        /// Which host.
        host: usize,
    },
    /// Each turn of the host's speaker takes this much time.
    SlowCpu {
        /// Which host.
        host: usize,
        /// Time for each turn.
        turn: Micros,
    },
    /// The host's kernel does not do what it is told about routes.
    Kernel {
        /// Which host.
        host: usize,
        /// How it fails.
        how: KernelFault,
    },
    /// The host's monotonic clock jumps forward, as after a suspended virtual machine.
    ClockJump {
        /// Which host.
        host: usize,
        /// By how much.
        by: Micros,
    },
    /// Every connection between two hosts is reset, at both ends.
    Reset {
        /// One of them.
        host: usize,
        /// The other.
        peer: usize,
    },
    /// A host forgets its connections with another one, which is told nothing.
    HalfOpen {
        /// Who forgets.
        host: usize,
        /// Who is not told.
        peer: usize,
    },
    /// A host no longer reads from its sockets.
    Deaf {
        /// Which host.
        host: usize,
    },
    /// A host reads slowly: whoever talks to it stands before full buffers, and gets everything through all the same.
    SlowReader {
        /// Which host.
        host: usize,
        /// Bytes a second from each connection.
        rate: u32,
    },
}

/// How a kernel, or somebody else on its host, fails the route daemon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KernelFault {
    /// It refuses every change.
    Refuse,
    /// It takes this long for each answer.
    Delay(Micros),
    /// It acknowledges changes and forgets every second one.
    Lose,
    /// Somebody removes a route or a next-hop object every few seconds, and it says what Linux says of that: nothing of the IPv4
    /// routes that go with an object.
    Vanish,
    /// The same, and all that it has to say is lost, but for the word that something was.
    Overrun,
}

/// Something that an operator does.
#[derive(Clone, Debug)]
pub struct Work {
    /// When.
    pub at: Micros,
    /// On which host.
    pub host: usize,
    /// What.
    pub kind: WorkKind,
}

/// What an operator does.
#[derive(Clone, Debug)]
pub enum WorkKind {
    /// Originates a route.
    Announce {
        /// The prefix.
        prefix: IpNet,
        /// Its communities.
        communities: Vec<u32>,
        /// Its MED.
        med: Option<u32>,
    },
    /// Takes a route back that was announced by hand. One that is configured goes by [`WorkKind::Reload`]: a daemon refuses to
    /// withdraw it.
    Withdraw(IpNet),
    /// Resets the session with a neighbor.
    Clear(IpAddr, Clear),
    /// Shuts a neighbor down.
    Shutdown(IpAddr),
    /// Takes that back.
    Enable(IpAddr),
    /// Announces everything as a last resort, then withdraws it.
    Drain,
    /// Takes that back.
    Undrain,
    /// Replaces the configuration; limits stay. A daemon that starts later reads it as well.
    Reload(String),
}
