//! One speaker, and neighbors made of hand-made bytes.

extern crate std;

use std::net::{IpAddr, SocketAddr};
use std::vec;
use std::vec::Vec;

use super::world::{address, local, neighbor, settings, small, speaker};
use crate::config::{Config, DynamicRange, PeerConfig, RemoteAs, Settings};
use crate::peer::State;
use crate::speaker::{Action, Applied, CloseCause, ConnId, Ends, Refusal, Speaker};
use crate::time::{Instant, Millis};
use crate::view::{Direction, PeerView};
use crate::{Event, EventKind, Limits, PeerId};

/// AS number of the speaker under test.
pub(super) const ASN: u32 = 65_001;
/// AS number of raw neighbors.
pub(super) const THEIRS: u16 = 65_002;

pub(super) const OPEN: u8 = 1;
pub(super) const UPDATE: u8 = 2;
pub(super) const NOTIFICATION: u8 = 3;
pub(super) const KEEPALIVE: u8 = 4;
pub(super) const REFRESH: u8 = 5;

/// A message of this type.
pub(super) fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0xFF; 16];
    bytes.extend(((body.len() + 19) as u16).to_be_bytes());
    bytes.push(kind);
    bytes.extend(body);
    bytes
}

pub(super) fn keepalive() -> Vec<u8> {
    message(KEEPALIVE, &[])
}

/// An OPEN with these capabilities, as TLVs.
pub(super) fn open_with(asn: u16, hold: u16, id: [u8; 4], capabilities: &[u8]) -> Vec<u8> {
    let mut body = vec![4];
    body.extend(asn.to_be_bytes());
    body.extend(hold.to_be_bytes());
    body.extend(id);
    if capabilities.is_empty() {
        body.push(0);
    } else {
        let len = capabilities.len() as u8;
        body.extend([len + 2, 2, len]);
        body.extend(capabilities);
    }
    message(OPEN, &body)
}

/// An OPEN that speaks IPv4 unicast only.
pub(super) fn open(hold: u16) -> Vec<u8> {
    open_with(THEIRS, hold, [10, 0, 0, 2], &[])
}

/// An UPDATE that announces one IPv4 prefix with a path of this AS.
pub(super) fn update(asn: u16, prefix: [u8; 3]) -> Vec<u8> {
    let [high, low] = asn.to_be_bytes();
    let attributes = [0x40, 1, 1, 0, 0x40, 2, 4, 2, 1, high, low, 0x40, 3, 4, 10, 0, 0, 2];
    let mut body = vec![0, 0, 0, attributes.len() as u8];
    body.extend(attributes);
    body.push(24);
    body.extend(prefix);
    message(UPDATE, &body)
}

/// What a NOTIFICATION's body says.
pub(super) type Message = (u8, Vec<u8>);

pub(super) struct Lab {
    pub(super) now: Instant,
    pub(super) speaker: Speaker<'static>,
    pub(super) events: Vec<Event>,
    pub(super) dials: Vec<(Instant, ConnId, SocketAddr)>,
    pub(super) closed: Vec<ConnId>,
    port: u16,
}

impl Lab {
    pub(super) fn new(limits: Limits, seed: u64) -> Self {
        Self {
            now: Instant::from_millis(1),
            speaker: speaker(limits, seed),
            events: Vec::new(),
            dials: Vec::new(),
            closed: Vec::new(),
            port: 30_000,
        }
    }

    /// A speaker with one configured neighbor, `address(1)`.
    pub(super) fn with(settings: Settings) -> Self {
        let mut lab = Self::new(small(), 1);
        lab.configure(&[neighbor(1, settings)], &[]);
        lab.settle();
        lab
    }

    /// The same, and the neighbor is not dialled.
    pub(super) fn passive() -> Self {
        Self::with(Settings { passive: true, ..settings() })
    }

    pub(super) fn configure(&mut self, peers: &[PeerConfig], ranges: &[DynamicRange]) -> Applied {
        let config = Config { local: local(0, ASN), peers, ranges, policies: &[] };
        self.speaker.configure(self.now, &config).unwrap()
    }

    /// Lets the speaker do what is due now. Nothing is read from it. Afterwards it asks for no time that is over.
    pub(super) fn settle(&mut self) {
        for _ in 0..10_000 {
            self.speaker.timeout(self.now);
            let mut busy = self.speaker.work(self.now, 64);
            while let Some(action) = self.speaker.poll_action() {
                busy = true;
                match action {
                    Action::Connect { conn, remote, .. } => self.dials.push((self.now, conn, remote)),
                    Action::Close { conn } => self.closed.push(conn),
                }
            }
            while let Some(event) = self.speaker.poll_event() {
                self.events.push(event);
            }
            if !busy && self.speaker.poll_timeout().is_none_or(|next| next.at > self.now) {
                return;
            }
        }
        panic!("it never settles: {:?} at {:?}", self.speaker.poll_timeout(), self.now);
    }

    /// Lets time pass, stopping at every deadline.
    pub(super) fn run(&mut self, span: Millis) {
        let end = self.now + span;
        self.settle();
        while let Some(next) = self.speaker.poll_timeout().filter(|next| next.at <= end) {
            self.now = next.at;
            self.settle();
        }
        self.now = end;
        self.settle();
    }

    pub(super) fn seconds(&mut self, seconds: u64) {
        self.run(Millis::from_secs(seconds));
    }

    /// Lets seconds pass in which the neighbor keeps the session up and reads.
    pub(super) fn keep_up(&mut self, conn: ConnId, seconds: u64) {
        for _ in 0..seconds {
            self.seconds(1);
            self.send(conn, &keepalive());
            self.read(conn);
        }
    }

    pub(super) fn accept(&mut self, remote: IpAddr) -> Result<ConnId, Refusal> {
        self.port += 1;
        let ends = Ends::new(SocketAddr::new(remote, self.port), SocketAddr::new(address(0), 179));
        let result = self.speaker.accept(self.now, ends);
        self.settle();
        result
    }

    /// Answers the last dial.
    pub(super) fn connected(&mut self) -> ConnId {
        let (_, conn, remote) = *self.dials.last().unwrap();
        let local = SocketAddr::new(address(0), 40_000);
        self.speaker.connected(self.now, conn, Ends::new(remote, local));
        self.settle();
        conn
    }

    /// Refuses the last dial.
    pub(super) fn refused(&mut self) {
        let (_, conn, _) = *self.dials.last().unwrap();
        self.speaker.closed(self.now, conn, CloseCause::Refused);
        self.settle();
    }

    pub(super) fn hang_up(&mut self, conn: ConnId) {
        self.speaker.closed(self.now, conn, CloseCause::Eof);
        self.settle();
    }

    pub(super) fn send(&mut self, conn: ConnId, bytes: &[u8]) {
        self.speaker.receive(self.now, conn, bytes);
        self.settle();
    }

    /// Everything that the speaker has to say on a connection, as messages.
    pub(super) fn read(&mut self, conn: ConnId) -> Vec<Message> {
        let mut out = vec![0; 1 << 16];
        let mut messages = Vec::new();
        while self.speaker.wants_transmit(conn) {
            let len = self.speaker.transmit(self.now, conn, &mut out);
            let mut rest = &out[..len];
            while !rest.is_empty() {
                assert_eq!(rest[..16], [0xFF; 16]);
                let len = usize::from(u16::from_be_bytes([rest[16], rest[17]]));
                messages.push((rest[18], rest[19..len].to_vec()));
                rest = &rest[len..];
            }
        }
        self.settle();
        messages
    }

    pub(super) fn kinds(&mut self, conn: ConnId) -> Vec<u8> {
        self.read(conn).into_iter().map(|(kind, _)| kind).collect()
    }

    /// Accepts a connection of `address(1)` and brings it to OpenConfirm.
    pub(super) fn open_confirm(&mut self, hold: u16) -> ConnId {
        let conn = self.accept(address(1)).unwrap();
        self.send(conn, &open(hold));
        assert_eq!(self.kinds(conn), [OPEN, KEEPALIVE]);
        assert_eq!(self.state(), State::OpenConfirm);
        conn
    }

    /// Accepts a connection of `address(1)` and brings it up.
    pub(super) fn establish(&mut self, hold: u16) -> ConnId {
        let conn = self.open_confirm(hold);
        self.send(conn, &keepalive());
        assert_eq!(self.state(), State::Established);
        self.read(conn);
        conn
    }

    pub(super) fn view(&self) -> PeerView<'_> {
        self.speaker.peer(PeerId(1)).unwrap()
    }

    pub(super) fn state(&self) -> State {
        self.view().state
    }

    /// The speaker ends a connection with this NOTIFICATION as its last message, says so in the neighbor's view, and
    /// closes. What came before it.
    pub(super) fn ends_with(&mut self, conn: ConnId, code: u8, subcode: u8) -> (Vec<u8>, Vec<u8>) {
        assert!(!self.closed.contains(&conn), "closed without a word");
        let mut messages = self.read(conn);
        let (kind, body) = messages.pop().expect("a last word");
        assert_eq!((kind, body[0], body[1]), (NOTIFICATION, code, subcode));
        assert!(self.closed.contains(&conn), "closed after it");
        assert!(!self.speaker.wants_transmit(conn));
        if let Some(view) = self.speaker.peer(PeerId(1)) {
            let error = view.last_error.unwrap();
            assert_eq!(error.direction, Direction::Sent);
            assert_eq!((error.notification.code, error.notification.subcode), (code, subcode));
        }
        (messages.into_iter().map(|(kind, _)| kind).collect(), body[2..].to_vec())
    }

    pub(super) fn count(&self, what: impl Fn(&EventKind) -> bool) -> usize {
        self.events.iter().filter(|event| what(&event.kind)).count()
    }
}

/// A range of dynamic neighbors.
pub(super) fn range(net: &str, limit: u16, tag: u32) -> DynamicRange {
    let settings = Settings { tag, remote_as: RemoteAs::External, ..settings() };
    DynamicRange { net: net.parse().unwrap(), limit, settings }
}
