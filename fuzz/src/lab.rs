//! A speaker in memory that is given back, and what a driver does with it.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::LazyLock;

use crier::config::{self, HostFacts, Model};
use crier_core::speaker::{Action, ConnSlot, Ends, Memory, PeerSlot};
use crier_core::{ConnId, Event, Instant, Limits, Speaker};
use zerocopy::IntoBytes;

/// Tables so small that they fill up.
pub(crate) const LIMITS: Limits = Limits {
    peers: 6,
    connections: 8,
    prefixes: 24,
    paths: 48,
    attribute_sets: 24,
    attribute_bytes: 12_000,
    policy_bytes: 2_048,
};

/// What the speaker may be configured to be. Neighbors are 10.0.0.2 to 10.0.0.4, fd00::2, and a range.
static CONFIGURATIONS: LazyLock<Vec<Model>> = LazyLock::new(|| {
    let texts = [
        include_str!("configurations/plain.toml"),
        include_str!("configurations/policies.toml"),
        include_str!("configurations/internal.toml"),
        include_str!("configurations/dialling.toml"),
    ];
    texts.map(model).into()
});

fn model(text: &str) -> Model {
    match config::parse(text, "configuration", &HostFacts::default()) {
        Ok(model) => model,
        Err(errors) => panic!("{errors:?}"),
    }
}

/// The configuration of this number.
pub(crate) fn configuration(number: u8) -> &'static Model {
    &CONFIGURATIONS[usize::from(number) % CONFIGURATIONS.len()]
}

/// A neighbor's address, AS number in [`configuration`]s other than that of internal neighbors, and identifier.
pub(crate) fn neighbor(number: u8) -> (IpAddr, u16, [u8; 4]) {
    let host = number % 8;
    let address = match host {
        4 => Ipv6Addr::new(0xFD00, 0, 0, 0, 0, 0, 0, 2).into(),
        5..8 => IpAddr::from([10, 1, 0, host]),
        _ => IpAddr::from([10, 0, 0, 2 + host]),
    };
    (address, 65_002 + u16::from(host), [10, 0, 9, 2 + host])
}

/// Both ends of a connection with a neighbor.
pub(crate) fn ends(remote: SocketAddr) -> Ends {
    let own6 = Ipv6Addr::new(0xFD00, 0, 0, 0, 0, 0, 0, 1);
    let local = if remote.is_ipv6() { IpAddr::V6(own6) } else { IpAddr::from([10, 0, 0, 1]) };
    Ends {
        ipv4: Some([10, 0, 0, 1].into()),
        ipv6: Some(own6),
        link_local: Some(Ipv6Addr::new(0xFE80, 0, 0, 0, 0, 0, 0, 1)),
        ..Ends::new(remote, SocketAddr::new(local, 179))
    }
}

/// Hands a speaker of [`LIMITS`] that is configured to `run`.
pub(crate) fn with_speaker<T>(model: &Model, run: impl FnOnce(Speaker<'_>) -> T) -> T {
    with_limits(&LIMITS, |mut speaker| {
        configure(&mut speaker, NOW, model);
        run(speaker)
    })
}

/// Hands a speaker of these limits that is not configured to `run`.
pub(crate) fn with_limits<T>(limits: &Limits, run: impl FnOnce(Speaker<'_>) -> T) -> T {
    let bytes = usize::try_from(limits.region_bytes()).unwrap_or(usize::MAX);
    let mut region = vec![[0_u64; 8]; bytes.div_ceil(64)];
    let mut peers: Vec<PeerSlot> = (0..=limits.peers).map(|_| PeerSlot::default()).collect();
    let mut connections: Vec<ConnSlot> = (0..limits.connections).map(|_| ConnSlot::default()).collect();
    let mut events: Vec<Event> = (0..64).map(|_| Event::default()).collect();
    let memory = Memory {
        region: region.as_mut_slice().as_mut_bytes(),
        peers: &mut peers,
        connections: &mut connections,
        events: &mut events,
    };
    let speaker = Speaker::new(memory, limits, 7, NOW);
    let Ok(speaker) = speaker else { panic!("{:?}", speaker.err()) };
    run(speaker)
}

/// When everything begins.
pub(crate) const NOW: Instant = Instant::from_millis(1);

/// Makes `model` the configuration, networks included.
pub(crate) fn configure(speaker: &mut Speaker<'_>, now: Instant, model: &Model) {
    let applied = model.with_core_config(|config| speaker.configure(now, config));
    assert!(applied.is_ok(), "{applied:?}");
    for network in &model.networks {
        let _full_or_not = speaker.originate(now, &network.local_route());
    }
}

/// Does everything that can be done now; hands each action to `act` and each event to `hear`.
pub(crate) fn settle(
    speaker: &mut Speaker<'_>,
    now: Instant,
    mut act: impl FnMut(Action),
    mut hear: impl FnMut(Event),
) {
    for _ in 0..10_000 {
        speaker.timeout(now);
        let mut busy = speaker.work(now, 64);
        while let Some(action) = speaker.poll_action() {
            busy = true;
            act(action);
        }
        while let Some(event) = speaker.poll_event() {
            hear(event);
        }
        if !busy && speaker.poll_timeout().is_none_or(|next| next.at > now) {
            return;
        }
    }
    panic!("it never settles: {:?} at {now:?}", speaker.poll_timeout());
}

/// Everything that the speaker has to say on a connection.
pub(crate) fn transmit_all(speaker: &mut Speaker<'_>, now: Instant, conn: ConnId) -> Vec<u8> {
    let mut out = vec![0; 1 << 16];
    let mut said = Vec::new();
    for _ in 0..10_000 {
        if !speaker.wants_transmit(conn) {
            return said;
        }
        let length = speaker.transmit(now, conn, &mut out);
        said.extend(&out[..length]);
    }
    panic!("it never stops talking");
}
