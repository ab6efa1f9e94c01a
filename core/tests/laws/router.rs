//! A speaker with neighbors of which a test says what they announce.

use std::net::{Ipv4Addr, SocketAddr};

use crier_core::config::{Config, LocalConfig, PeerConfig, PolicyRef, RemoteAs, Settings};
use crier_core::speaker::{ConnSlot, Ends, Memory, PeerSlot};
use crier_core::{ConnId, Event, Instant, Limits, Speaker};
use zerocopy::IntoBytes;

/// Own AS number, and those of the neighbors: three of one AS, two of another, one of a third, two internal.
const OURS: u16 = 65_000;
pub(crate) const NEIGHBORS: [u16; 8] = [65_001, 65_001, 65_001, 65_002, 65_002, 65_003, OURS, OURS];

const NOW: Instant = Instant::from_millis(1);

pub(crate) struct Router<'m> {
    pub(crate) speaker: Speaker<'m>,
    conns: Vec<ConnId>,
}

fn address(neighbor: usize) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 0, 2 + neighbor as u8)
}

/// Runs `test` with a speaker whose neighbors are up.
pub(crate) fn with_router<T>(relax: bool, maximum_paths: u16, test: impl FnOnce(Router<'_>) -> T) -> T {
    let limits = Limits {
        peers: 8,
        connections: 8,
        prefixes: 16,
        paths: 64,
        attribute_sets: 64,
        attribute_bytes: 20_000,
        policy_bytes: 64,
    };
    let mut region = vec![[0_u64; 8]; (limits.region_bytes() as usize).div_ceil(64)];
    let mut peers: Vec<PeerSlot> = (0..9).map(|_| PeerSlot::default()).collect();
    let mut connections: Vec<ConnSlot> = (0..8).map(|_| ConnSlot::default()).collect();
    let mut events: Vec<Event> = (0..8).map(|_| Event::default()).collect();
    let memory = Memory {
        region: region.as_mut_slice().as_mut_bytes(),
        peers: &mut peers,
        connections: &mut connections,
        events: &mut events,
    };
    let mut speaker = Speaker::new(memory, &limits, 1, NOW).unwrap();
    let settings = Settings {
        remote_as: RemoteAs::Any,
        import: PolicyRef::AcceptAll,
        export: PolicyRef::RejectAll,
        passive: true,
        ..Settings::default()
    };
    let router_id = Ipv4Addr::new(10, 0, 0, 1);
    let local = LocalConfig { asn: OURS.into(), router_id, maximum_paths, as_path_relax: relax };
    let configs: Vec<PeerConfig> = (0..NEIGHBORS.len())
        .map(|neighbor| PeerConfig { remote: address(neighbor).into(), port: 179, settings })
        .collect();
    speaker.configure(NOW, &Config { local, peers: &configs, ranges: &[], policies: &[] }).unwrap();
    let mut router = Router { speaker, conns: Vec::new() };
    for (neighbor, asn) in NEIGHBORS.into_iter().enumerate() {
        let remote = SocketAddr::new(address(neighbor).into(), 50_000);
        let ends = Ends::new(remote, SocketAddr::new(router_id.into(), 179));
        router.conns.push(router.speaker.accept(NOW, ends).unwrap());
        let mut open = vec![4];
        open.extend(asn.to_be_bytes());
        open.extend([0, 90]);
        // Identifiers run against the addresses.
        open.extend(Ipv4Addr::new(10, 9, 0, 200 - neighbor as u8).octets());
        open.push(0);
        router.send(neighbor, 1, &open);
        router.send(neighbor, 4, &[]);
    }
    assert!(router.speaker.peers().all(|peer| peer.established.is_some()));
    test(router)
}

/// What a neighbor may announce: few values, so that every step of the decision is reached.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Route {
    /// AS numbers behind the neighbor's own.
    pub(crate) behind: u8,
    pub(crate) origin: u8,
    pub(crate) med: Option<u8>,
    /// For internal neighbors: LOCAL_PREF, and which AS the path begins with.
    pub(crate) preference: u8,
    pub(crate) first: u8,
}

impl Router<'_> {
    pub(crate) fn announce(&mut self, neighbor: usize, prefix: u8, route: Route) {
        let asn = NEIGHBORS[neighbor];
        let mut path = Vec::new();
        if asn != OURS {
            path.push(asn);
        } else if route.first > 0 {
            path.push(65_000 + u16::from(route.first));
        }
        path.extend((0..route.behind).map(|number| 64_500 + u16::from(number)));
        let mut attributes = vec![0x40, 1, 1, route.origin];
        let value: Vec<u8> = path.iter().flat_map(|asn| asn.to_be_bytes()).collect();
        let header = if path.is_empty() { Vec::new() } else { vec![2, path.len() as u8] };
        attributes.extend([0x40, 2, (header.len() + value.len()) as u8]);
        attributes.extend([header, value].concat());
        attributes.extend([0x40, 3, 4]);
        attributes.extend(address(neighbor).octets());
        if let Some(med) = route.med {
            attributes.extend([0x80, 4, 4, 0, 0, 0, med]);
        }
        if asn == OURS {
            attributes.extend([0x40, 5, 4, 0, 0, 0, 99 + route.preference]);
        }
        let body = [&[0, 0, 0, attributes.len() as u8], &attributes[..], &[24, 10, 1, prefix]].concat();
        self.send(neighbor, 2, &body);
    }

    pub(crate) fn withdraw(&mut self, neighbor: usize, prefix: u8) {
        self.send(neighbor, 2, &[0, 4, 24, 10, 1, prefix, 0, 0]);
    }

    fn send(&mut self, neighbor: usize, kind: u8, body: &[u8]) {
        let mut bytes = vec![0xFF; 16];
        bytes.extend((19 + body.len() as u16).to_be_bytes());
        bytes.push(kind);
        bytes.extend(body);
        self.speaker.receive(NOW, self.conns[neighbor], &bytes);
        self.speaker.timeout(NOW);
        while self.speaker.work(NOW, 100) {}
        while self.speaker.poll_action().is_some() || self.speaker.poll_event().is_some() {}
        let mut out = [0; 4096];
        while self.speaker.wants_transmit(self.conns[neighbor]) {
            self.speaker.transmit(NOW, self.conns[neighbor], &mut out);
        }
    }

    /// The neighbor whose path is the best, and those whose paths forward, by neighbor.
    pub(crate) fn chosen(&self, prefix: u8) -> (Option<u16>, Vec<(u16, bool)>) {
        let net = ipnet::Ipv4Net::new_assert(Ipv4Addr::new(10, 1, prefix, 0), 24).into();
        let found = self.speaker.find_destination(net);
        let destination =
            found.and_then(|slot| self.speaker.destination(crier_core::Family::Ipv4Unicast, slot));
        let Some(destination) = destination else { return (None, Vec::new()) };
        let best = destination.paths().find(|path| path.best).map(|path| path.peer.0);
        let mut all: Vec<_> = destination.paths().map(|path| (path.peer.0, path.multipath)).collect();
        all.sort_unstable();
        (best, all)
    }
}
