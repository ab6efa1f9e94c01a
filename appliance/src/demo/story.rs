//! What the demo promises to show: each act ends when the tables say that it happened.

use crier_core::peer::State;
use crier_core::{Family, Instant, Millis, Speaker};
use ipnet::IpNet;

/// The address that all nodes announce.
pub(super) const SERVICE: &str = "172.16.1.10/32";
/// Nodes there are.
pub(super) const NODES: u8 = 3;
/// The one that fails.
pub(super) const UNLUCKY: u8 = 2;
/// An act that has not happened by then will not.
const PATIENCE: Millis = Millis::from_secs(14);
/// What was shown stays for people to see.
const LINGER: Millis = Millis::from_secs(3);

/// Acts in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    Arrival,
    Failure,
    Return,
}

impl Act {
    /// What is to be seen.
    pub(super) const fn promise(self) -> &'static str {
        match self {
            Self::Arrival => "three nodes connect; the service address is balanced over all of them",
            Self::Failure => "node-2 fails; its routes go, the service is balanced over the other two",
            Self::Return => "node-2 comes back; three paths again",
        }
    }

    const fn next(self) -> Option<Self> {
        match self {
            Self::Arrival => Some(Self::Failure),
            Self::Failure => Some(Self::Return),
            Self::Return => None,
        }
    }

    /// Whether the tables show it.
    fn happened(self, tor: &Speaker<'_>) -> bool {
        let nodes = match self {
            Self::Arrival | Self::Return => NODES,
            Self::Failure => NODES - 1,
        };
        let established = tor.peers().filter(|peer| peer.state == State::Established).count();
        let announced = (1..=NODES).filter(|&node| paths(tor, &pods(node)) == 1).count();
        let unlucky = paths(tor, &pods(UNLUCKY)) == usize::from(nodes == NODES);
        established == usize::from(nodes)
            && announced == usize::from(nodes)
            && unlucky
            && paths(tor, SERVICE) == usize::from(nodes)
    }
}

/// A node's pods.
fn pods(node: u8) -> String {
    format!("10.244.{node}.0/24")
}

/// Paths that forward to a prefix.
fn paths(tor: &Speaker<'_>, prefix: &str) -> usize {
    let Ok(prefix) = prefix.parse::<IpNet>() else { return 0 };
    let slot = tor.find_destination(prefix);
    let destination = slot.and_then(|slot| tor.destination(Family::Ipv4Unicast, slot));
    destination.map_or(0, |destination| destination.paths().filter(|path| path.multipath).count())
}

/// How far the story has come.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) act: Act,
    began: Instant,
    happened: Option<Instant>,
}

/// What there is to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cue {
    /// Nothing.
    Wait,
    /// The act was just seen to happen.
    Seen(Act),
    /// This act begins.
    Begin(Act),
    /// Everything was shown.
    End,
    /// This act did not happen.
    Failed(Act),
}

impl Story {
    pub(super) fn new(now: Instant) -> Self {
        Self { act: Act::Arrival, began: now, happened: None }
    }

    /// Looks at the tables and at the time.
    pub(super) fn look(&mut self, now: Instant, tor: &Speaker<'_>) -> Cue {
        match self.happened {
            None if self.act.happened(tor) => {
                self.happened = Some(now);
                Cue::Seen(self.act)
            }
            None if now.since(self.began) > PATIENCE => Cue::Failed(self.act),
            None => Cue::Wait,
            Some(at) if now.since(at) < LINGER => Cue::Wait,
            Some(_) => match self.act.next() {
                Some(next) => {
                    *self = Self { act: next, began: now, happened: None };
                    Cue::Begin(next)
                }
                None => Cue::End,
            },
        }
    }
}
