//! The smallest firmware around crier-core: static memory, an own panic handler, no memory but its own. Nothing runs it; that it
//! links, and what symbols the image holds, is the proof.
#![no_std]

use core::hint::black_box;
use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use crier_core::config::{
    LocalConfig, MaxPrefixAction, MaxPrefixes, PeerConfig, PolicyRef, RemoteAs, Settings, Timers, Ttl,
};
use crier_core::event::Event;
use crier_core::family::{Family, FamilySet};
use crier_core::speaker::{ConnSlot, Ends, LocalRoute, Memory, PeerSlot, Speaker, StartError};
use crier_core::{Config, Instant, Limits};

#[cfg(feature = "alloc")]
mod control;
#[cfg(not(feature = "std"))]
mod stubs;

const PEERS: usize = 2;
const CONNECTIONS: usize = 4;

#[repr(align(8))]
struct Region([u8; 1 << 20]);

static mut REGION: Region = Region([0; 1 << 20]);

/// What a firmware's main function would call once. The number it returns depends on everything it did, so that nothing is
/// optimised away.
#[unsafe(no_mangle)]
pub extern "C" fn crier_firmware_main(seed: u64) -> usize {
    // SAFETY: called once, before anything else could refer to the region.
    let region = unsafe { &mut *(&raw mut REGION) };
    let mut peers: [PeerSlot; PEERS + 1] = core::array::from_fn(|_| PeerSlot::default());
    let mut connections: [ConnSlot; CONNECTIONS] = core::array::from_fn(|_| ConnSlot::default());
    let mut events: [Event; 8] = core::array::from_fn(|_| Event::default());
    let memory = Memory {
        region: &mut region.0,
        peers: &mut peers,
        connections: &mut connections,
        events: &mut events,
    };
    #[cfg(feature = "alloc")]
    control::allocate(seed);
    drive(memory, seed).unwrap_or(0)
}

fn drive(memory: Memory<'_>, seed: u64) -> Result<usize, StartError> {
    let limits = Limits {
        peers: PEERS as u16,
        connections: CONNECTIONS as u16,
        prefixes: 100,
        paths: 200,
        attribute_sets: 100,
        attribute_bytes: 8 << 10,
        policy_bytes: 1 << 10,
    };
    let mut now = Instant::default();
    let mut speaker = Speaker::new(memory, &limits, seed, now)?;
    let neighbor = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
    let peers = [PeerConfig { remote: neighbor, port: 179, settings: settings() }];
    let local = LocalConfig {
        asn: 65001,
        router_id: Ipv4Addr::new(192, 0, 2, 1),
        maximum_paths: 2,
        as_path_relax: false,
    };
    let config = Config { local, peers: &peers, ranges: &[], policies: &[] };
    let mut done = usize::from(speaker.configure(now, &config).is_ok());
    if let Some(prefix) = black_box(None) {
        let route = LocalRoute {
            prefix,
            next_hop: None,
            med: None,
            local_pref: None,
            communities: &[],
            large_communities: &[],
        };
        done += usize::from(speaker.originate(now, &route).is_ok());
    }
    let (remote, own) = (SocketAddr::new(neighbor, 40_000), SocketAddr::new(local.router_id.into(), 179));
    if let Ok(conn) = speaker.accept(now, Ends::new(remote, own)) {
        let mut out = [0; 4096];
        speaker.receive(now, conn, black_box(&[0xff; 19]));
        done += speaker.transmit(now, conn, &mut out);
    }
    while let Some(action) = speaker.poll_action() {
        black_box(action);
        done += 1;
    }
    while let Some(event) = speaker.poll_event() {
        black_box(event);
        done += 1;
    }
    if let Some(deadline) = speaker.poll_timeout() {
        now = deadline.at;
        speaker.timeout(now);
    }
    while speaker.work(now, 64) {
        done += 1;
    }
    Ok(done + speaker.peers().count() + speaker.tables().count())
}

fn settings() -> Settings {
    Settings {
        tag: 0,
        remote_as: RemoteAs::External,
        families: FamilySet::EMPTY.with(Family::Ipv4Unicast).with(Family::Ipv6Unicast),
        timers: Timers::default(),
        import: PolicyRef::AcceptAll,
        export: PolicyRef::AcceptAll,
        max_prefixes: MaxPrefixes { limit: 100, action: MaxPrefixAction::Close },
        next_hop_self: false,
        passive: false,
        local_address: None,
        local_interface: None,
        ttl: Ttl::Default,
        enforce_first_as: true,
        restart_time: None,
    }
}
