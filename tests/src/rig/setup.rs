//! A speaker's memory and configuration for tests.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crier::record::Start;
use crier_core::config::{
    Config, DynamicRange, LocalConfig, MaxPrefixAction, MaxPrefixes, PeerConfig, PolicyRef, RemoteAs,
    Settings, Timers,
};
use crier_core::policy::Policy;
use crier_core::speaker::{Applied, ConnSlot, Memory, PeerSlot};
use crier_core::{Event, Instant, Limits, Speaker};

use super::Rig;
use crate::lab::OrFail;

/// AS number of the speaker under test.
pub const ASN: u32 = 65000;
/// Its address. What a rig listens on has a port that the kernel picks.
pub const SPEAKER: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 1));

/// Events that wait for the host.
const EVENTS: usize = 1024;
/// Seed of the speaker.
const SEED: u64 = 7;
/// What the region must be aligned to.
const ALIGNMENT: usize = 64;

/// A speaker in memory that is never given back: tests are short.
#[track_caller]
pub fn speaker(limits: &Limits, now: Instant) -> Speaker<'static> {
    let bytes = usize::try_from(limits.region_bytes()).or_fail("sizing a speaker");
    let region = Box::leak(vec![0; bytes + ALIGNMENT].into_boxed_slice());
    let skew = region.as_ptr().align_offset(ALIGNMENT);
    let memory = Memory {
        region: region.get_mut(skew..).unwrap_or_default(),
        peers: leaked::<PeerSlot>(usize::from(limits.peers) + 1),
        connections: leaked::<ConnSlot>(usize::from(limits.connections)),
        events: leaked::<Event>(EVENTS),
    };
    Speaker::new(memory, limits, SEED, now).map_err(|error| format!("{error:?}")).or_fail("making a speaker")
}

/// What [`speaker`] makes a speaker from, as a recording begins.
pub(super) fn made(limits: &Limits, now: Instant) -> Start<'static> {
    Start {
        crier: env!("CARGO_PKG_VERSION"),
        limits: *limits,
        events: EVENTS as u32,
        seed: SEED,
        now,
        unix_ms: 0,
        running: false,
    }
}

fn leaked<T: Default>(count: usize) -> &'static mut [T] {
    Box::leak((0..count).map(|_| T::default()).collect())
}

/// Identity of the speaker under test.
pub fn local() -> LocalConfig {
    LocalConfig { asn: ASN, router_id: Ipv4Addr::new(10, 0, 0, 1), maximum_paths: 4, as_path_relax: true }
}

/// Settings that accept and announce everything, with short retries.
pub fn quick() -> Settings {
    Settings {
        remote_as: RemoteAs::External,
        timers: Timers { hold: 180, keepalive: 60, connect_retry: 1, send_hold: 480 },
        import: PolicyRef::AcceptAll,
        export: PolicyRef::AcceptAll,
        max_prefixes: MaxPrefixes { limit: 1_000_000, action: MaxPrefixAction::Close },
        local_address: Some(SPEAKER),
        ..Settings::default()
    }
}

/// A neighbor that is dialled at `remote`.
pub fn neighbor(remote: SocketAddr, settings: Settings) -> PeerConfig {
    PeerConfig { remote: remote.ip(), port: remote.port(), settings }
}

/// Makes this the rig's configuration.
#[track_caller]
pub fn configure(
    rig: &Rig,
    peers: Vec<PeerConfig>,
    ranges: Vec<DynamicRange>,
    policies: &'static [Policy<'static>],
) -> Applied {
    let applied = rig.speaker(move |speaker, now| {
        speaker.configure(now, &Config { local: local(), peers: &peers, ranges: &ranges, policies })
    });
    applied.map_err(|error| format!("{error:?}")).or_fail("configuring a speaker")
}
