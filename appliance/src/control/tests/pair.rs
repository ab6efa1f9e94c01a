//! Two daemons, AS 65000 at 10.0.0.1 and AS 65001 at 10.0.0.2, and a wire of memory between their speakers.

use std::net::{IpAddr, SocketAddr};

use crier_core::config::{
    Config, LocalConfig, MaxPrefixAction, MaxPrefixes, PeerConfig, PolicyRef, Settings,
};
use crier_core::speaker::{Action, ConnSlot, Ends, Memory, PeerSlot};
use crier_core::{ConnId, Event, Instant, Limits, Speaker};
use serde_json::Value;

use crate::daemon::{DEFAULT_INSTANCE, Daemon, Now, Tag, Words};

pub(super) fn now(ms: u64) -> Now {
    Now { at: Instant::from_millis(ms), unix_ms: 1_000_000_000_000 + ms }
}

/// One daemon, whose neighbor never answers.
pub(super) fn single() -> (Speaker<'static>, Daemon) {
    side(0, PolicyRef::AcceptAll)
}

/// Two daemons in session.
pub(super) struct Pair {
    sides: [(Speaker<'static>, Daemon); 2],
    conns: [Option<ConnId>; 2],
}

impl Pair {
    /// The second one imports by `import`.
    pub(super) fn new(import: PolicyRef) -> Self {
        let mut pair = Self { sides: [side(0, PolicyRef::AcceptAll), side(1, import)], conns: [None; 2] };
        pair.settle();
        pair
    }

    pub(super) fn ask(&mut self, side: usize, request: &str) -> (Vec<Value>, Value) {
        let (speaker, daemon) = &mut self.sides[side];
        super::ask(daemon, speaker, now(0), request)
    }

    /// The same of one that has a bridge to the kernel's routes.
    pub(super) fn ask_with(
        &mut self,
        side: usize,
        kernel: &dyn super::KernelView,
        request: &str,
    ) -> (Vec<Value>, Value) {
        let (speaker, daemon) = &mut self.sides[side];
        super::ask_with(daemon, speaker, Some(kernel), now(0), request)
    }

    /// The kernel has these routes besides, which are to be announced by these policies.
    pub(super) fn kernel_routes(&mut self, side: usize, routes: &[(&str, PolicyRef)]) {
        let (speaker, daemon) = &mut self.sides[side];
        let routes = routes.iter().map(|(prefix, policy)| (prefix.parse().unwrap(), *policy));
        daemon.kernel_routes(speaker, now(0), routes.clone().map(|(prefix, _)| prefix), routes);
    }

    pub(super) fn speaker(&mut self, side: usize) -> &mut Speaker<'static> {
        &mut self.sides[side].0
    }

    /// Moves bytes until nobody has anything to say.
    pub(super) fn settle(&mut self) {
        let mut out = vec![0; 1 << 16];
        for _ in 0..1000 {
            let mut busy = false;
            for side in 0..2 {
                let speaker = &mut self.sides[side].0;
                speaker.timeout(now(0).at);
                busy |= speaker.work(now(0).at, 64);
                while let Some(action) = self.sides[side].0.poll_action() {
                    self.act(side, action);
                    busy = true;
                }
                let Some(conn) = self.conns[side] else { continue };
                let len = self.sides[side].0.transmit(now(0).at, conn, &mut out);
                if let Some(other) = self.conns[1 - side].filter(|_| len > 0) {
                    self.sides[1 - side].0.receive(now(0).at, other, &out[..len]);
                    busy = true;
                }
            }
            if !busy {
                return;
            }
        }
        panic!("it never settles");
    }

    /// Only the first one dials: the second is passive.
    fn act(&mut self, side: usize, action: Action) {
        let Action::Connect { conn, remote, .. } = action else { return };
        let local = SocketAddr::new(address(side), 40_000);
        let other = self.sides[1 - side].0.accept(now(0).at, Ends::new(local, remote)).unwrap();
        self.sides[side].0.connected(now(0).at, conn, Ends::new(remote, local));
        (self.conns[side], self.conns[1 - side]) = (Some(conn), Some(other));
    }
}

pub(super) fn words(side: usize, import: PolicyRef) -> Words {
    let tag = Tag { group: None, description: String::new(), settings: settings(side, import) };
    let local = local(side);
    Words {
        instance: DEFAULT_INSTANCE.to_owned(),
        asn: local.asn,
        router_id: local.router_id,
        tags: vec![tag],
        policies: Vec::new(),
    }
}

fn side(side: usize, import: PolicyRef) -> (Speaker<'static>, Daemon) {
    let mut speaker = speaker();
    let peer = PeerConfig { remote: address(1 - side), port: 179, settings: settings(side, import) };
    let config = Config { local: local(side), peers: &[peer], ranges: &[], policies: &[] };
    speaker.configure(now(0).at, &config).unwrap();
    (speaker, Daemon::new(words(side, import), now(0)))
}

/// A small speaker in memory that is never given back: tests are short.
fn speaker() -> Speaker<'static> {
    let limits = Limits {
        peers: 4,
        connections: 8,
        prefixes: 400,
        paths: 2000,
        attribute_sets: 400,
        attribute_bytes: 40_000,
        policy_bytes: 8192,
    };
    let bytes = usize::try_from(limits.region_bytes()).unwrap();
    let region = vec![0_u8; bytes + 64].leak();
    let aligned = region.as_ptr().align_offset(64);
    let memory = Memory {
        region: &mut region[aligned..],
        peers: (0..=limits.peers).map(|_| PeerSlot::default()).collect::<Vec<_>>().leak(),
        connections: (0..limits.connections).map(|_| ConnSlot::default()).collect::<Vec<_>>().leak(),
        events: (0..64).map(|_| Event::default()).collect::<Vec<_>>().leak(),
    };
    Speaker::new(memory, &limits, 1, Instant::EPOCH).unwrap()
}

fn settings(side: usize, import: PolicyRef) -> Settings {
    Settings {
        import,
        export: PolicyRef::AcceptAll,
        max_prefixes: MaxPrefixes { limit: 1000, action: MaxPrefixAction::Close },
        passive: side == 1,
        blackhole: true,
        ..Settings::default()
    }
}

fn local(side: usize) -> LocalConfig {
    let host = u8::try_from(side).unwrap() + 1;
    LocalConfig {
        asn: 65_000 + u32::from(host) - 1,
        router_id: [10, 0, 0, host].into(),
        maximum_paths: 8,
        as_path_relax: true,
    }
}

fn address(side: usize) -> IpAddr {
    IpAddr::V4(local(side).router_id)
}
