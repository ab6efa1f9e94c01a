//! The bridge to the kernel's routes, with a kernel that answers as it likes.
//!
//! The first byte chooses the configuration, the second what the bridge is to do; then a script: what each line tells when it
//! is asked, and what happens in between.

use std::collections::VecDeque;
use std::io;

use crier_core::{Family, Millis, Speaker};
use crier_io_mio::kernel::{Claim, Kernel, Leave, Line, Settings, Wire};
use crier_io_mio::netlink::Received;

use crate::lab::{LIMITS, NOW, configuration, ends, neighbor, settle, transmit_all, with_speaker};
use crate::script::{Script, message, open};

/// What a script's byte means, modulo [`word::COUNT`].
pub mod word {
    /// The line at hand has nothing more to tell.
    pub const NOTHING: u8 = 0;
    /// What was asked for longest ago is done.
    pub const ACK: u8 = 1;
    /// It is refused: a byte for the reason.
    pub const REFUSE: u8 = 2;
    /// A dump is at its end.
    pub const DONE: u8 = 3;
    /// A message that belongs to what was asked last: its type, flags, a byte for its length, its body.
    pub const MESSAGE: u8 = 4;
    /// Bytes as they are: a byte for their number.
    pub const BYTES: u8 = 5;
    /// Something was lost.
    pub const OVERRUN: u8 = 6;
    /// A datagram was too long.
    pub const TRUNCATED: u8 = 7;
    /// The system refuses.
    pub const ERROR: u8 = 8;
    /// The bridge has a turn, and time passes: a byte for how long.
    pub const TURN: u8 = 9;
    /// A neighbor announces a route, or withdraws it: a byte for which.
    pub const ROUTE: u8 = 10;
    /// A session ends, or comes back.
    pub const SESSION: u8 = 11;
    /// How many there are.
    pub const COUNT: u8 = 12;
}

/// Nothing that a kernel says makes the bridge or the speaker contradict itself, and every turn ends.
pub fn check(data: &[u8]) {
    let mut script = Script::new(data);
    let (first, second) = (script.byte(), script.byte());
    // What an earlier process has left has the default keys, or a table of its own.
    let claim = |table| Claim { table, protocol: 186, metric: 20, objects: None };
    let left = [(8, claim(254)), (16, claim(100))].into_iter().filter(|(bit, _)| second & bit != 0);
    let settings = Settings {
        install: second & 1 == 0,
        max_routes: if second & 2 == 0 { 16 } else { 2 },
        objects: (second & 4 == 0).then_some(2_000_000_000..2_000_000_064),
        left: left.map(|(_, claim)| claim).collect(),
        ..Settings::default()
    };
    with_speaker(configuration(first), |mut speaker| {
        let mut kernel = Kernel::over(Scripted::default(), settings, &LIMITS);
        let mut now = NOW;
        let mut conns = [None; 2];
        session(&mut speaker, now, &mut conns, 0);
        let words: Vec<u8> = script.rest().to_vec();
        let mut script = Script::new(&words);
        while let Some(word) = script.step() {
            match word % word::COUNT {
                word::TURN => {
                    now = now + Millis(u64::from(script.byte()) * 50);
                    turn(&mut kernel, &mut speaker, now);
                }
                word::ROUTE => {
                    let which = script.byte();
                    for conn in conns.into_iter().flatten() {
                        speaker.receive(now, conn, &update(which));
                    }
                }
                word::SESSION => session(&mut speaker, now, &mut conns, script.byte()),
                other => kernel.wire_mut().tell(other, &mut script),
            }
        }
        for _ in 0..4 {
            now = now + Millis(2_000);
            turn(&mut kernel, &mut speaker, now);
        }
        let leave = if second & 16 == 0 { Leave::Nothing } else { Leave::Routes };
        kernel.leave(leave);
        assert!(!kernel.turn(now, &mut speaker));
        kernel.end(now, &mut speaker);
        assert_eq!(speaker.check(now), Ok(()));
    });
}

fn turn(kernel: &mut Kernel<Scripted>, speaker: &mut Speaker<'_>, now: crier_core::Instant) {
    settle(speaker, now, |_| {}, |_| {});
    kernel.note();
    // A kernel that answers nothing is left alone after a few turns.
    for _ in 0..1_000 {
        if !kernel.turn(now, speaker) {
            assert_eq!(speaker.check(now), Ok(()));
            look(kernel, speaker);
            return;
        }
    }
    panic!("turn after turn, for nothing");
}

/// What answers ask of the bridge.
fn look(kernel: &Kernel<Scripted>, speaker: &Speaker<'_>) {
    let bridge = kernel.bridge();
    let standing = bridge.standing();
    assert!(standing.routes <= standing.most_routes, "{standing:?}");
    for family in Family::ALL {
        for slot in 1..speaker.destination_slots(family) {
            drop(format!("{:?}", bridge.route(family, slot)));
        }
    }
}

/// Brings the sessions of two neighbors up, or ends them.
fn session(
    speaker: &mut Speaker<'_>,
    now: crier_core::Instant,
    conns: &mut [Option<crier_core::ConnId>; 2],
    which: u8,
) {
    for (number, conn) in (0..).zip(conns.iter_mut()) {
        if which & 1 << number != 0 {
            continue;
        }
        if let Some(conn) = conn.take() {
            speaker.closed(now, conn, crier_core::speaker::CloseCause::Reset);
            continue;
        }
        let (address, asn, id) = neighbor(number);
        let accepted = speaker.accept(now, ends(std::net::SocketAddr::new(address, 50_000)));
        settle(speaker, now, |_| {}, |_| {});
        let Ok(accepted) = accepted else { continue };
        speaker.receive(now, accepted, &open(asn, id, 0));
        speaker.receive(now, accepted, &message(4, &[]));
        settle(speaker, now, |_| {}, |_| {});
        transmit_all(speaker, now, accepted);
        *conn = Some(accepted);
    }
}

/// An UPDATE of AS 65002 about 10.9.x.0/24; some are withdrawals.
fn update(which: u8) -> Vec<u8> {
    let prefix = [24, 10, 9, which & 15];
    if which & 16 != 0 {
        return message(2, &[&[0, 4], &prefix[..], &[0, 0]].concat());
    }
    let next_hop = 2 + (which >> 5 & 3);
    let attributes = [0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xFD, 0xEA, 0x40, 3, 4, 10, 0, 0, next_hop];
    message(2, &[&[0, 0, 0, attributes.len() as u8], &attributes[..], &prefix].concat())
}

/// What a line tells next.
#[derive(Debug)]
enum Tale {
    Datagram(Vec<u8>),
    Overrun,
    Truncated,
    Error,
}

/// A kernel that tells what a script says.
#[derive(Debug, Default)]
struct Scripted {
    /// Sequence numbers of what was asked, by line.
    asked: [VecDeque<u32>; 4],
    tales: [VecDeque<Tale>; 4],
    /// The next request fails.
    fails: bool,
}

const fn index(line: Line) -> usize {
    match line {
        Line::Asking => 0,
        Line::Listening => 1,
        Line::Dumping => 2,
        Line::Addressing => 3,
    }
}

impl Scripted {
    /// Takes a word: which line it is about comes next.
    fn tell(&mut self, word: u8, script: &mut Script<'_>) {
        let line = usize::from(script.byte() & 3);
        let sequence = match word {
            word::ACK | word::REFUSE => self.asked[line].pop_front(),
            _ => self.asked[line].back().copied(),
        };
        let sequence = sequence.unwrap_or(0);
        let multi = libc_flag::MULTI;
        let tale = match word {
            word::NOTHING => return self.tales[line].clear(),
            word::ACK => Tale::Datagram(datagram(2, 0, sequence, line, &[0; 20])),
            word::REFUSE => {
                let errno = -i32::from(script.byte());
                let body = [&errno.to_ne_bytes()[..], &[0; 16]].concat();
                Tale::Datagram(datagram(2, 0, sequence, line, &body))
            }
            word::DONE => Tale::Datagram(datagram(3, multi, sequence, line, &[0; 4])),
            word::MESSAGE => {
                let (kind, flags) = (u16::from(script.byte()), u16::from(script.byte()));
                let count = usize::from(script.byte());
                let body = script.bytes(count);
                Tale::Datagram(datagram(kind, flags | multi, sequence, line, body))
            }
            word::BYTES => {
                let count = usize::from(script.byte());
                Tale::Datagram(script.bytes(count).to_vec())
            }
            word::OVERRUN => Tale::Overrun,
            word::TRUNCATED => Tale::Truncated,
            _ => {
                self.fails = true;
                Tale::Error
            }
        };
        self.tales[line].push_back(tale);
    }
}

mod libc_flag {
    /// `NLM_F_MULTI`.
    pub(super) const MULTI: u16 = 2;
}

fn datagram(kind: u16, flags: u16, sequence: u32, line: usize, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(16 + body.len()).unwrap_or(16);
    let port = if line == 1 { 0 } else { line as u32 };
    let mut bytes = length.to_ne_bytes().to_vec();
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(port.to_ne_bytes());
    bytes.extend(body);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

impl Wire for Scripted {
    fn send(&mut self, line: Line, requests: &[u8]) -> io::Result<()> {
        if std::mem::take(&mut self.fails) {
            return Err(io::Error::from_raw_os_error(105));
        }
        let mut rest = requests;
        while let Some(header) = rest.first_chunk::<16>() {
            let [a, b, c, d, .., e, f, g, h, _, _, _, _] = *header;
            let length = u32::from_ne_bytes([a, b, c, d]) as usize;
            self.asked[index(line)].push_back(u32::from_ne_bytes([e, f, g, h]));
            assert!(length >= 16 && length <= rest.len(), "a request that makes no sense");
            rest = &rest[length.next_multiple_of(4).min(rest.len())..];
        }
        assert!(rest.is_empty());
        Ok(())
    }

    fn receive(&mut self, line: Line, room: &mut [u8]) -> io::Result<Received> {
        match self.tales[index(line)].pop_front() {
            None => Ok(Received::Nothing),
            Some(Tale::Datagram(bytes)) => {
                room[..bytes.len()].copy_from_slice(&bytes);
                Ok(Received::Datagram(bytes.len()))
            }
            Some(Tale::Overrun) => Ok(Received::Overrun),
            Some(Tale::Truncated) => Ok(Received::Truncated(usize::MAX)),
            Some(Tale::Error) => Err(io::ErrorKind::Other.into()),
        }
    }

    fn reset(&mut self, line: Line) -> io::Result<()> {
        self.tales[index(line)].clear();
        self.asked[index(line)].clear();
        Ok(())
    }

    fn port(&self, line: Line) -> u32 {
        index(line) as u32
    }
}
