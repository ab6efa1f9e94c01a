//! One speaker and one neighbor of a certain kind, whose every byte a test writes.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crier_core::config::{Config, LocalConfig, PeerConfig, PolicyRef, RemoteAs, Settings};
use crier_core::peer::State;
use crier_core::speaker::{Action, ConnSlot, Ends, Memory, PeerSlot};
use crier_core::view::PeerView;
use crier_core::{ConnId, Event, EventKind, Instant, Limits, Millis, PeerId, Speaker};
use zerocopy::IntoBytes;

use crate::bytes::{KEEPALIVE, OPEN, capabilities, keepalive, message, open_body};
use crate::seeds;

/// The speaker's AS number and identifier.
pub(crate) const OURS: u16 = 65_001;
pub(crate) const OUR_ID: [u8; 4] = [10, 0, 0, 1];
/// An external neighbor's AS number, and any neighbor's identifier.
pub(crate) const THEIRS: u16 = 65_002;
pub(crate) const THEIR_ID: [u8; 4] = [10, 0, 0, 2];

/// A third neighbor's address and identifier: it has nothing to say, and hears everything.
pub(crate) const OBSERVER: [u8; 4] = [10, 0, 0, 3];

/// What a neighbor is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Kind {
    /// In another AS.
    External,
    /// In the speaker's own AS.
    Internal,
    /// In another AS, without four-octet AS numbers (RFC 6793: an OLD speaker).
    Old,
}

impl Kind {
    pub(crate) fn asn(self) -> u16 {
        if self == Self::Internal { OURS } else { THEIRS }
    }

    /// The capabilities that it has: both families, refresh, and four-octet AS numbers.
    pub(crate) fn capabilities(self) -> Vec<u8> {
        let mut list = vec![1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1, 2, 0];
        if self != Self::Old {
            list.extend([65, 4]);
            list.extend(u32::from(self.asn()).to_be_bytes());
        }
        list
    }

    pub(crate) fn open(self) -> Vec<u8> {
        open_with(self.asn(), 90, &self.capabilities())
    }
}

/// An OPEN with these capabilities.
pub(crate) fn open_with(asn: u16, hold: u16, list: &[u8]) -> Vec<u8> {
    message(OPEN, &open_body(asn, hold, THEIR_ID, &capabilities(list)))
}

/// What a lab begins with, unless a test says otherwise: a neighbor that is never dialled and may have any AS number.
pub(crate) fn settings() -> Settings {
    Settings {
        remote_as: RemoteAs::Any,
        import: PolicyRef::AcceptAll,
        export: PolicyRef::RejectAll,
        passive: true,
        ..Settings::default()
    }
}

pub(crate) struct Lab<'m> {
    pub(crate) now: Instant,
    pub(crate) speaker: Speaker<'m>,
    pub(crate) conn: ConnId,
    /// The connection was closed by the speaker.
    pub(crate) closed: bool,
    pub(crate) events: Vec<EventKind>,
}

/// Runs `test` with a speaker to which its neighbor has just connected, or which has connected to a neighbor that is not
/// passive.
pub(crate) fn connected<T>(settings: Settings, test: impl FnOnce(&mut Lab<'_>) -> T) -> T {
    let loopback = IpAddr::V4(Ipv4Addr::from(THEIR_ID));
    with_ends(settings, loopback, Ipv4Addr::from(OUR_ID).into(), test)
}

/// Likewise between these addresses.
pub(crate) fn with_ends<T>(
    settings: Settings,
    theirs: IpAddr,
    ours: IpAddr,
    test: impl FnOnce(&mut Lab<'_>) -> T,
) -> T {
    let limits = Limits {
        peers: 2,
        connections: 3,
        prefixes: 64,
        paths: 128,
        attribute_sets: 64,
        attribute_bytes: 200_000,
        policy_bytes: 1024,
    };
    let mut region = vec![[0u64; 8]; (limits.region_bytes() as usize).div_ceil(64)];
    let mut peers: Vec<PeerSlot> = (0..3).map(|_| PeerSlot::default()).collect();
    let mut connections: Vec<ConnSlot> = (0..3).map(|_| ConnSlot::default()).collect();
    let mut events: Vec<Event> = (0..64).map(|_| Event::default()).collect();
    let memory = Memory {
        region: region.as_mut_slice().as_mut_bytes(),
        peers: &mut peers,
        connections: &mut connections,
        events: &mut events,
    };
    let now = Instant::from_millis(1);
    let mut speaker = Speaker::new(memory, &limits, 1, now).unwrap();
    let local = LocalConfig {
        asn: OURS.into(),
        router_id: Ipv4Addr::from(OUR_ID),
        maximum_paths: 4,
        as_path_relax: true,
    };
    let observer = Settings { export: PolicyRef::AcceptAll, ..self::settings() };
    let peers = [(theirs, settings), (OBSERVER.into(), observer)].map(|(remote, settings)| PeerConfig {
        remote,
        port: 179,
        settings,
    });
    speaker.configure(now, &Config { local, peers: &peers, ranges: &[], policies: &[] }).unwrap();
    speaker.timeout(now);
    let conn = if settings.passive {
        let ends = Ends::new(SocketAddr::new(theirs, 50_000), SocketAddr::new(ours, 179));
        speaker.accept(now, ends).unwrap()
    } else {
        let Some(Action::Connect { conn, remote, .. }) = speaker.poll_action() else { panic!("no dial") };
        speaker.connected(now, conn, Ends::new(remote, SocketAddr::new(ours, 40_000)));
        conn
    };
    let mut lab = Lab { now, speaker, conn, closed: false, events: Vec::new() };
    lab.settle();
    test(&mut lab)
}

/// Runs `test` with a session that is Established, and of which everything has been read.
pub(crate) fn established<T>(kind: Kind, test: impl FnOnce(&mut Lab<'_>) -> T) -> T {
    connected(settings(), |lab| {
        lab.establish(&kind.open());
        test(lab)
    })
}

impl Lab<'_> {
    /// Sends this OPEN and a KEEPALIVE, and gets to Established.
    pub(crate) fn establish(&mut self, open: &[u8]) {
        self.send(open);
        self.send(&keepalive());
        assert_eq!(self.state(), State::Established);
        self.read();
    }

    /// Gets to this state; everything has been read.
    pub(crate) fn reach(&mut self, state: State) {
        if state >= State::OpenConfirm {
            self.send(&Kind::External.open());
        }
        if state == State::Established {
            self.send(&keepalive());
        }
        assert_eq!(self.state(), state);
        self.read();
    }

    pub(crate) fn settle(&mut self) {
        for _ in 0..10_000 {
            self.speaker.timeout(self.now);
            let mut busy = self.speaker.work(self.now, 1000);
            while let Some(action) = self.speaker.poll_action() {
                busy = true;
                self.closed |= action == Action::Close { conn: self.conn };
            }
            while let Some(event) = self.speaker.poll_event() {
                self.events.push(event.kind);
            }
            if !busy && self.speaker.poll_timeout().is_none_or(|next| next.at > self.now) {
                return;
            }
        }
        panic!("it never settles");
    }

    /// Lets time pass, stopping at every deadline.
    pub(crate) fn seconds(&mut self, seconds: u64) {
        let end = self.now + Millis::from_secs(seconds);
        self.settle();
        while let Some(next) = self.speaker.poll_timeout().filter(|next| next.at <= end) {
            self.now = next.at;
            self.settle();
        }
        self.now = end;
        self.settle();
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        seeds::keep(bytes);
        self.speaker.receive(self.now, self.conn, bytes);
        self.settle();
    }

    /// What the speaker has to say to the neighbor: types and bodies.
    pub(crate) fn read(&mut self) -> Vec<(u8, Vec<u8>)> {
        self.read_from(self.conn)
    }

    /// Likewise on any connection.
    pub(crate) fn read_from(&mut self, conn: ConnId) -> Vec<(u8, Vec<u8>)> {
        let mut out = vec![0; 1 << 16];
        let mut messages = Vec::new();
        while self.speaker.wants_transmit(conn) {
            let len = self.speaker.transmit(self.now, conn, &mut out);
            let mut rest = &out[..len];
            while !rest.is_empty() {
                let len = usize::from(u16::from_be_bytes([rest[16], rest[17]]));
                messages.push((rest[18], rest[19..len].to_vec()));
                rest = &rest[len..];
            }
        }
        self.settle();
        messages
    }

    /// Lets the observer come up and read all that there is.
    pub(crate) fn observe(&mut self) -> ConnId {
        let ends = Ends::new(SocketAddr::new(OBSERVER.into(), 50_000), SocketAddr::new(OUR_ID.into(), 179));
        let ends = Ends { ipv6: Some(Ipv6Addr::new(0x2001, 0xDB8, 0, 0, 0, 0, 0, 1)), ..ends };
        let conn = self.speaker.accept(self.now, ends).unwrap();
        let list = [1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1, 65, 4, 0, 0, 0xFD, 0xEB];
        let open = message(OPEN, &open_body(65_003, 90, OBSERVER, &capabilities(&list)));
        self.speaker.receive(self.now, conn, &[open, keepalive()].concat());
        self.settle();
        self.read_from(conn);
        conn
    }

    /// Everything that is said now but KEEPALIVEs.
    pub(crate) fn words(&mut self) -> Vec<(u8, Vec<u8>)> {
        self.read().into_iter().filter(|(kind, _)| *kind != KEEPALIVE).collect()
    }

    pub(crate) fn view(&self) -> PeerView<'_> {
        self.speaker.peer(PeerId(1)).unwrap()
    }

    pub(crate) fn state(&self) -> State {
        self.view().state
    }
}
