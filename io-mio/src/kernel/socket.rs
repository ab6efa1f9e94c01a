//! The bridge on its lines: one to ask through, one to listen on, and one for dumps.

use std::io;
use std::net::IpAddr;

use crier_core::{Family, Instant, Limits, Speaker};
use mio::Registry;

use super::Settings;
use super::ask::Port;
use super::bridge::{Bridge, Request};
use super::down::LOOKS;
use super::survey::Dump;
use super::wire::{Line, Sockets, Wire};
use crate::addresses;
use crate::netlink::decode::{Address, Message, messages};
use crate::netlink::encode::{self, Only};
use crate::netlink::{self, DATAGRAM, Received};

/// Destinations that a turn asks for at most, and datagrams that it hears from each socket.
const BUDGET: u32 = 2048;
const DATAGRAMS: u32 = 64;
/// Bytes of requests that are sent together.
pub(super) const BATCH: usize = 64 << 10;
/// Rounds of requests at the end of a program: enough for every slot that there can be.
const MOST_ROUNDS: u32 = 100_000;
/// Own addresses that are told to the speaker.
const ADDRESSES: usize = 256;

/// The kernel's routes, and the bridge to them.
#[derive(Debug)]
pub struct Kernel<W = Sockets> {
    bridge: Bridge,
    wire: W,
    /// The number of the last question for addresses.
    addressed: u32,
    out: Outbox,
    room: Box<[u8]>,
    /// There may be something to hear.
    ready: bool,
    leaving: Option<Leave>,
}

/// What becomes of our routes when the program ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// They stay, and the next process takes them over.
    Routes,
    /// They go.
    Nothing,
}

/// Requests that go out together.
#[derive(Debug)]
struct Outbox {
    bytes: Box<[u8]>,
    len: usize,
    /// What did not fit any datagram, or was not taken.
    failed: bool,
}

/// Where the bridge's requests go.
struct Requests<'a, W> {
    out: &'a mut Outbox,
    wire: &'a mut W,
}

impl Kernel {
    /// Opens the sockets. Everything that is needed later is allocated here.
    ///
    /// # Errors
    /// What the system says. Without CAP_NET_ADMIN the kernel lets everybody look and refuses each change.
    pub fn open(settings: Settings, limits: &Limits) -> io::Result<Self> {
        Ok(Self::over(Sockets::open()?, settings, limits))
    }

    pub(crate) fn register(&mut self, registry: &Registry) -> io::Result<()> {
        self.wire.register(registry)
    }
}

impl<W: Wire> Kernel<W> {
    /// The bridge over a wire. Everything that is needed later is allocated here.
    pub fn over(wire: W, settings: Settings, limits: &Limits) -> Self {
        Self {
            bridge: Bridge::new(settings, limits),
            wire,
            addressed: 0,
            out: Outbox { bytes: vec![0; BATCH].into(), len: 0, failed: false },
            room: vec![0; DATAGRAM].into(),
            ready: true,
            leaving: None,
        }
    }

    /// The wire.
    pub fn wire_mut(&mut self) -> &mut W {
        &mut self.wire
    }

    /// The bridge, to look at.
    pub fn bridge(&self) -> &Bridge {
        &self.bridge
    }

    /// The bridge.
    pub fn bridge_mut(&mut self) -> &mut Bridge {
        &mut self.bridge
    }

    /// Whether routes of others, links or [`Bridge::claims`] have changed since this was asked last.
    pub fn take_news(&mut self) -> bool {
        self.bridge.ways.take_news() | std::mem::take(&mut self.bridge.claims_changed)
    }

    /// Something can be heard.
    pub fn note(&mut self) {
        self.ready = true;
    }

    /// When the next turn is needed at the latest.
    pub fn deadline(&self) -> Option<Instant> {
        self.bridge.deadline()
    }

    /// Hears what the kernel has to say, and asks it for what has changed. True: there is more.
    pub fn turn(&mut self, now: Instant, speaker: &mut Speaker<'_>) -> bool {
        if self.leaving.is_some() {
            return false;
        }
        let mut more = false;
        self.bridge.begin_turn(LOOKS);
        if std::mem::take(&mut self.ready) {
            more |= self.listen(now, speaker);
            more |= self.hear_dump(now, speaker);
        }
        self.bridge.watch_neighbors(now, speaker);
        self.bridge.timeout(now);
        if self.bridge.survey.is_stuck(now)
            && let Err(error) = self.wire.reset(Line::Dumping)
        {
            log::warn!("the kernel no longer tells what routes there are: {error}");
        }
        self.dump(now, speaker);
        let Self { bridge, out, wire, .. } = self;
        let mut port = Requests { out, wire };
        bridge.follow_next_hops(now, speaker, &mut port);
        // Should the kernel owe too many answers, it is waited for.
        more |= bridge.leave_groups(now, speaker, &mut port) && bridge.may_drop_hops();
        let mut left = BUDGET;
        loop {
            let Self { bridge, out, wire, .. } = self;
            let mut port = Requests { out, wire };
            let (before, sequence) = (left, bridge.asked.sequence);
            left = left.saturating_sub(super::bridge::WINDOW as u32);
            let mut asked = bridge.ask(now, speaker, before - left, &mut port);
            port.flush();
            self.hear_answers(now, speaker);
            // Some of what is to be asked waits for all answers.
            asked |= self.bridge.asked.sequence != sequence && self.bridge.asked.window.is_empty();
            // A kernel that still owes answers to all that it can be asked at a time says so when it gives them.
            let waits = self.bridge.is_window_full();
            if !asked || left == 0 || waits {
                more |= asked && !waits;
                break;
            }
        }
        if std::mem::take(&mut self.bridge.addresses_changed) {
            self.tell_addresses(speaker);
        }
        self.ready |= more;
        more
    }

    /// Nothing changes any more, until [`Kernel::end`].
    pub fn leave(&mut self, leave: Leave) {
        self.leaving = Some(leave);
    }

    /// A neighbor's session has ended.
    pub fn session_down(&mut self, now: Instant, speaker: &mut Speaker<'_>, neighbor: IpAddr) {
        if self.leaving.is_some() {
            return;
        }
        let Self { bridge, out, wire, .. } = self;
        let mut port = Requests { out, wire };
        bridge.session_down(now, speaker, neighbor, &mut port);
        port.flush();
        self.hear_answers(now, speaker);
    }

    /// The end of the program: what is to go goes, and this waits for it.
    pub fn end(&mut self, now: Instant, speaker: &mut Speaker<'_>) {
        if self.leaving != Some(Leave::Nothing) {
            return;
        }
        self.bridge.stop_installing();
        // A kernel that refuses for ever does not keep the program.
        for _ in 0..MOST_ROUNDS {
            let Self { bridge, out, wire, .. } = self;
            let mut port = Requests { out, wire };
            bridge.begin_turn(LOOKS);
            let before = bridge.asked.sequence;
            let more = bridge.ask(now, speaker, super::bridge::WINDOW as u32, &mut port);
            port.flush();
            self.hear_answers(now, speaker);
            // Objects wait for the answers about the last routes.
            let has_asked = self.bridge.asked.sequence != before;
            if !more && !has_asked && !self.bridge.has_work() {
                break;
            }
        }
    }

    /// Notifications. True: there is more.
    fn listen(&mut self, now: Instant, speaker: &Speaker<'_>) -> bool {
        let Self { bridge, wire, out, room, .. } = self;
        hear(now, bridge, speaker, Line::Listening, room, &mut Requests { out, wire })
    }

    /// Answers to requests, of which the kernel owes none once they were sent.
    fn hear_answers(&mut self, now: Instant, speaker: &mut Speaker<'_>) {
        let Self { bridge, wire, room, out, .. } = self;
        loop {
            let datagram = match wire.receive(Line::Asking, room) {
                Ok(Received::Datagram(length)) => room.get(..length).unwrap_or_default(),
                Ok(Received::Foreign) => continue,
                Ok(Received::Nothing) => break,
                Ok(Received::Overrun | Received::Truncated(_)) => {
                    bridge.answers_lost(now, speaker);
                    continue;
                }
                Err(error) => {
                    log::warn!("the kernel's answers cannot be heard: {error}");
                    bridge.answers_lost(now, speaker);
                    break;
                }
            };
            for (origin, message) in messages(datagram) {
                match message {
                    Message::Ack => bridge.answered(now, speaker, origin.sequence, Ok(())),
                    Message::Refused(refusal) => {
                        bridge.answered(now, speaker, origin.sequence, Err(refusal.errno));
                    }
                    _ => {}
                }
            }
        }
        if std::mem::take(&mut out.failed) {
            bridge.answers_lost(now, speaker);
        }
        bridge.finish_together(speaker);
    }

    /// Asks for the next dump, and for the one after it where the kernel refuses.
    fn dump(&mut self, now: Instant, speaker: &Speaker<'_>) {
        while let Some((sequence, dump)) = self.bridge.next_dump() {
            let room = &mut *self.room;
            let length = match dump {
                Dump::Links => encode::dump_links(room, sequence),
                Dump::Objects => encode::dump_next_hops(room, sequence),
                Dump::Routes(family) => {
                    let family = match family {
                        Family::Ipv4Unicast => netlink::Family::V4,
                        Family::Ipv6Unicast => netlink::Family::V6,
                    };
                    encode::dump_routes(room, sequence, family, Only::default())
                }
            };
            let request = length.and_then(|length| room.get(..length)).unwrap_or_default();
            let Err(error) = self.wire.send(Line::Dumping, request) else {
                self.ready = true;
                return;
            };
            let errno = error.raw_os_error().unwrap_or(libc::EIO);
            let Self { bridge, out, wire, .. } = self;
            bridge.survey_step_refused(now, speaker, errno, &mut Requests { out, wire });
        }
    }

    /// What a dump tells. True: there is more.
    fn hear_dump(&mut self, now: Instant, speaker: &Speaker<'_>) -> bool {
        let Self { bridge, wire, out, room, .. } = self;
        hear(now, bridge, speaker, Line::Dumping, room, &mut Requests { out, wire })
    }

    fn tell_addresses(&mut self, speaker: &mut Speaker<'_>) {
        let mut found: heapless::Vec<IpAddr, ADDRESSES> = heapless::Vec::new();
        // What exceeds the room the speaker could not remember either.
        let each = |address: Address| {
            let _ = found.push(address.ip);
        };
        self.addressed = self.addressed.wrapping_add(1);
        match addresses::read(&mut self.wire, self.addressed, &mut self.room, each) {
            Ok(()) => {
                speaker.set_own_addresses(&found);
                self.bridge.ways.own_addresses_changed();
            }
            Err(error) => log::warn!("cannot read the addresses of this host: {error}"),
        }
    }
}

/// Hands the bridge what a line has to say, up to a turn's share. True: there is more.
fn hear(
    now: Instant,
    bridge: &mut Bridge,
    speaker: &Speaker<'_>,
    line: Line,
    room: &mut [u8],
    port: &mut Requests<'_, impl Wire>,
) -> bool {
    for _ in 0..DATAGRAMS {
        let datagram = match port.wire.receive(line, room) {
            Ok(Received::Datagram(length)) => room.get(..length).unwrap_or_default(),
            Ok(Received::Foreign) => continue,
            Ok(Received::Overrun | Received::Truncated(_)) => {
                bridge.overrun(now);
                if line == Line::Dumping {
                    bridge.survey.incomplete();
                }
                continue;
            }
            Ok(Received::Nothing) => {
                port.flush();
                return false;
            }
            Err(error) => {
                log::warn!("the kernel cannot be heard: {error}");
                return false;
            }
        };
        for (origin, message) in messages(datagram) {
            // What a dump tells goes by the number of the socket that asked for it, and so is never taken for a change of ours.
            let own = origin.port == port.wire.port(Line::Asking);
            bridge.heard(now, speaker, origin, own, &message, port);
            if line == Line::Dumping {
                bridge.survey.goes_on(now);
            }
        }
    }
    port.flush();
    true
}

impl<W: Wire> Requests<'_, W> {
    fn flush(&mut self) {
        let Outbox { bytes, len, failed } = self.out;
        if *len > 0 {
            let sent = self.wire.send(Line::Asking, bytes.get(..*len).unwrap_or_default());
            *len = 0;
            if let Err(error) = sent {
                log::warn!("the kernel takes no requests: {error}");
                *failed = true;
            }
        }
    }

    fn write(&mut self, sequence: u32, request: &Request<'_>) -> bool {
        let Outbox { bytes, len, .. } = &mut *self.out;
        let room = bytes.get_mut(*len..).unwrap_or_default();
        let written = match *request {
            Request::Route(existing, ref key, via) => encode::set_route(room, sequence, existing, key, via),
            Request::NoRoute(ref key) => encode::delete_route(room, sequence, key),
            Request::Object(id, object) => {
                encode::set_next_hop(room, sequence, encode::Existing::Replace, id, BGP, object)
            }
            Request::NoObject(id) => encode::delete_next_hop(room, sequence, id),
        };
        *len += written.unwrap_or(0);
        written.is_some()
    }
}

/// `RTPROT_BGP`: what objects are marked with.
const BGP: u8 = 186;

impl<W: Wire> Port for Requests<'_, W> {
    fn send(&mut self, sequence: u32, request: &Request<'_>) {
        if self.write(sequence, request) {
            return;
        }
        self.flush();
        if !self.write(sequence, request) {
            self.out.failed = true;
        }
    }
}

#[cfg(test)]
mod tests;
