//! Real speakers, and wires between them that lose nothing and take no time.

use std::collections::{BTreeMap, VecDeque};
use std::net::{IpAddr, SocketAddr};

use crier::config::{HostFacts, Model, Network};
use crier_core::config::{LocalConfig, PeerConfig, RemoteAs, Settings};
use crier_core::speaker::{Action, CloseCause, ConnId, Ends};
use crier_core::{Family, Instant, Limits, Millis};
use ipnet::IpNet;

use super::super::{Observed, Path, Router, Session};
use super::core_policy::decode;
use crate::sim::memory::OwnedSpeaker;

/// One end of a wire: which router's connection, and the bytes on their way to it.
struct End {
    router: usize,
    conn: Option<ConnId>,
    bytes: VecDeque<u8>,
}

pub(super) struct Lab {
    pub(super) now: Instant,
    pub(super) speakers: Vec<OwnedSpeaker>,
    wires: Vec<[End; 2]>,
}

impl Lab {
    /// Speakers that are configured as the routers are.
    pub(super) fn start(routers: &[Router]) -> Self {
        let limits = Limits { peers: 20, connections: 40, prefixes: 100, paths: 1000, ..Limits::default() };
        let text = "[router]\nasn = 65000\nrouter-id = \"192.0.2.1\"\n";
        let empty = crier::config::parse(text, "test", &HostFacts { addresses: &[] }).unwrap();
        let now = Instant::from_millis(1);
        let speakers = (1..).zip(routers).map(|(seed, router)| {
            let peer = |session: &Session| PeerConfig {
                remote: session.remote,
                port: 179,
                settings: Settings { remote_as: RemoteAs::Any, ..session.settings },
            };
            let local = LocalConfig {
                asn: router.asn,
                router_id: router.router_id,
                maximum_paths: router.maximum_paths,
                as_path_relax: router.as_path_relax,
            };
            let peers = router.sessions.iter().map(peer).collect();
            let model = Model { local, peers, policies: router.policies.clone(), ..empty.clone() };
            let mut speaker = OwnedSpeaker::start(&limits, seed, now).unwrap();
            speaker.call(|speaker| model.with_core_config(|config| speaker.configure(now, config)).unwrap());
            speaker
        });
        Self { now, speakers: speakers.collect(), wires: Vec::new() }
    }

    pub(super) fn originate(&mut self, router: usize, network: &Network) {
        let now = self.now;
        self.speakers[router].call(|speaker| speaker.originate(now, &network.local_route()).unwrap());
    }

    fn act(&mut self, routers: &[Router], router: usize, action: Action) {
        let now = self.now;
        match action {
            Action::Connect { conn, remote, .. } => {
                let session = routers[router].sessions.iter().find(|s| s.remote == remote.ip()).unwrap();
                let from = SocketAddr::new(session.local, 40_000 + self.wires.len() as u16);
                let ends = |session: &Session, remote, local| Ends {
                    ipv4: session.ipv4,
                    ipv6: session.ipv6,
                    link_local: session.link_local,
                    ..Ends::new(remote, local)
                };
                let theirs = ends(&routers[session.peer].sessions[session.back], from, remote);
                match self.speakers[session.peer].call(|speaker| speaker.accept(now, theirs)) {
                    Ok(accepted) => {
                        let end = |router, conn| End { router, conn: Some(conn), bytes: VecDeque::new() };
                        self.wires.push([end(router, conn), end(session.peer, accepted)]);
                        let ours = ends(session, remote, from);
                        self.speakers[router].call(|speaker| speaker.connected(now, conn, ours));
                    }
                    Err(_) => {
                        self.speakers[router].call(|speaker| speaker.closed(now, conn, CloseCause::Refused));
                    }
                }
            }
            Action::Close { conn } => {
                for end in self.wires.iter_mut().flatten() {
                    if end.router == router && end.conn == Some(conn) {
                        end.conn = None;
                    }
                }
            }
        }
    }

    /// Moves bytes while anybody has something to say, so many turns at most; whether it has become quiet.
    fn settle(&mut self, routers: &[Router], turns: usize) -> bool {
        (0..turns).any(|_| !self.turn(routers))
    }

    /// One turn; whether anything happened.
    fn turn(&mut self, routers: &[Router]) -> bool {
        let (now, mut busy) = (self.now, false);
        for router in 0..routers.len() {
            busy |= self.speakers[router].call(|speaker| {
                speaker.timeout(now);
                speaker.work(now, 64)
            });
            while let Some(action) = self.speakers[router].call(|speaker| speaker.poll_action()) {
                self.act(routers, router, action);
                busy = true;
            }
            while self.speakers[router].call(|speaker| speaker.poll_event()).is_some() {}
        }
        let mut out = vec![0; 1 << 16];
        for wire in &mut self.wires {
            for side in 0..2 {
                let (router, conn) = (wire[side].router, wire[side].conn);
                let Some(conn) = conn else { continue };
                let sent = self.speakers[router].call(|speaker| {
                    if speaker.wants_transmit(conn) { speaker.transmit(now, conn, &mut out) } else { 0 }
                });
                wire[1 - side].bytes.extend(&out[..sent]);
                let bytes: Vec<u8> = wire[side].bytes.drain(..).collect();
                if !bytes.is_empty() {
                    self.speakers[router].call(|speaker| speaker.receive(now, conn, &bytes));
                } else if wire[1 - side].conn.is_none() {
                    wire[side].conn = None;
                    self.speakers[router].call(|speaker| speaker.closed(now, conn, CloseCause::Eof));
                }
                busy |= sent > 0 || !bytes.is_empty() || wire[1 - side].conn.is_none();
            }
        }
        busy
    }

    /// Lets some minutes pass; whether it was quiet at the end of each.
    pub(super) fn run(&mut self, routers: &[Router]) -> bool {
        let end = self.now + Millis::from_secs(300);
        loop {
            if !self.settle(routers, 400) {
                return false;
            }
            let next = self.speakers.iter().filter_map(|speaker| speaker.get().poll_timeout());
            match next.map(|deadline| deadline.at).min().filter(|at| *at <= end) {
                Some(at) => self.now = self.now.max(at),
                None => return true,
            }
        }
    }

    /// What is in a speaker's tables, and which of each prefix's paths forward.
    pub(super) fn observe(&self, router: &Router, number: usize) -> (Observed, BTreeMap<IpNet, Vec<bool>>) {
        let speaker = self.speakers[number].get();
        let (mut observed, mut forwarding) = (Observed::default(), BTreeMap::new());
        for family in Family::ALL {
            for destination in
                (1..speaker.destination_slots(family)).filter_map(|s| speaker.destination(family, s))
            {
                let prefix = destination.prefix;
                let (mut paths, mut forwards) = (Vec::new(), Vec::new());
                for path in destination.paths() {
                    if path.best {
                        observed.best.insert(prefix, paths.len());
                    }
                    let session = path.remote.map(|remote| session_of(router, remote));
                    paths.push(Path { session, route: decode(prefix, path.attrs.key, path.attrs.bytes) });
                    forwards.push(path.multipath);
                }
                observed.paths.insert(prefix, paths);
                forwarding.insert(prefix, forwards);
            }
        }
        (observed, forwarding)
    }
}

/// The session with a neighbor.
pub(super) fn session_of(router: &Router, remote: IpAddr) -> usize {
    router.sessions.iter().position(|session| session.remote == remote).unwrap()
}
