//! Faults, drawn within what a scenario allows.

use super::build::Builder;
use super::draw::Draw;
use super::sessions::Session;
use crate::sim::Micros;
use crate::sim::plan::{Fault, FaultKind, KernelFault, Quality};

/// A socket's buffer of fewer bytes than this is small.
const SMALL: usize = 16_384;

/// A class of faults that a scenario switches on or off as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FaultClass {
    /// [`FaultKind::Degrade`].
    Degrade,
    /// [`FaultKind::Partition`], for once or as a flap.
    Partition,
    /// [`FaultKind::Crash`].
    Crash,
    /// [`FaultKind::Kill`].
    Kill,
    /// [`FaultKind::SlowCpu`].
    SlowCpu,
    /// [`FaultKind::Kernel`].
    Kernel,
    /// [`FaultKind::ClockJump`].
    ClockJump,
    /// [`FaultKind::Reset`].
    Reset,
    /// [`FaultKind::HalfOpen`].
    HalfOpen,
    /// [`FaultKind::Deaf`].
    Deaf,
    /// [`FaultKind::SlowReader`].
    SlowReader,
}

impl FaultClass {
    /// Every class.
    pub const ALL: [Self; 11] = [
        Self::Degrade,
        Self::Partition,
        Self::Crash,
        Self::Kill,
        Self::SlowCpu,
        Self::Kernel,
        Self::ClockJump,
        Self::Reset,
        Self::HalfOpen,
        Self::Deaf,
        Self::SlowReader,
    ];

    /// Whether only the hold timer tells both ends that a session is over. Without one they may never hear of it.
    pub const fn needs_hold_timer(self) -> bool {
        matches!(self, Self::Partition | Self::Crash | Self::Kill | Self::HalfOpen)
    }
}

/// What faults are drawn from.
#[derive(Clone, Copy, Debug)]
pub struct FaultSource<'a> {
    /// Hosts and links.
    pub builder: &'a Builder,
    /// Who talks to whom.
    pub sessions: &'a [Session],
    /// The classes that are on.
    pub classes: &'a [FaultClass],
    /// The longest that a fault lasts.
    pub longest: Micros,
}

impl FaultSource<'_> {
    /// About `count` faults that begin after `from` and are over by `until`. No two of a class are at work on the same
    /// thing at a time, and no host is off twice.
    pub fn draw(&self, draw: &mut Draw, count: u64, from: Micros, until: Micros) -> Vec<Fault> {
        let mut faults: Vec<Fault> = Vec::new();
        for _ in 0..count {
            let Some(class) = draw.pick(self.classes).copied() else { break };
            let start = draw.time(from, until);
            let end = Micros((start + draw.time(Micros::millis(10), self.longest)).0.min(until.0));
            let Some(kind) = self.kind(draw, class) else { continue };
            let drawn = if class == FaultClass::Partition && draw.chance(30) {
                flaps(draw, start, end, &kind)
            } else {
                let instant =
                    matches!(class, FaultClass::ClockJump | FaultClass::Reset | FaultClass::HalfOpen);
                vec![Fault { from: start, until: if instant { start } else { end }, kind }]
            };
            for fault in drawn {
                let clash = |other: &Fault| {
                    target(&other.kind) == target(&fault.kind)
                        && other.from <= fault.until
                        && fault.from <= other.until
                };
                if !faults.iter().any(clash) {
                    faults.push(fault);
                }
            }
        }
        faults.sort_by_key(|fault| fault.from);
        faults
    }

    fn kind(&self, draw: &mut Draw, class: FaultClass) -> Option<FaultKind> {
        let speakers: Vec<usize> =
            (0..self.builder.hosts.len()).filter(|&host| self.has_speaker(host)).collect();
        let host = *draw.pick(&speakers)?;
        Some(match class {
            FaultClass::Degrade => {
                let link = self.link(draw)?;
                let planned = self.builder.links.get(link)?.quality;
                FaultKind::Degrade { link, quality: degraded(draw, planned) }
            }
            FaultClass::Partition => {
                let link = self.link(draw)?;
                let ends = self.builder.links.get(link)?.ends.len();
                let from = draw.chance(40).then(|| draw.index(ends));
                FaultKind::Partition { link, from }
            }
            FaultClass::Crash => FaultKind::Crash { host },
            FaultClass::Kill => FaultKind::Kill { host },
            FaultClass::SlowCpu => {
                FaultKind::SlowCpu { host, turn: draw.time(Micros(50), Micros::millis(20)) }
            }
            FaultClass::Kernel => {
                let delay = KernelFault::Delay(draw.time(Micros::millis(1), Micros::secs(2)));
                FaultKind::Kernel { host, how: draw.one([KernelFault::Refuse, delay, KernelFault::Lose]) }
            }
            FaultClass::ClockJump => {
                let most = draw.one([2, 30, 600]);
                FaultKind::ClockJump { host, by: draw.time(Micros::millis(100), Micros::secs(most)) }
            }
            FaultClass::Reset => {
                let session = draw.pick(self.sessions)?;
                FaultKind::Reset { host: session.host, peer: session.peer }
            }
            FaultClass::HalfOpen => {
                let session = draw.pick(self.sessions)?;
                let (host, peer) = (session.host, session.peer);
                if draw.chance(50) {
                    FaultKind::HalfOpen { host, peer }
                } else {
                    FaultKind::HalfOpen { host: peer, peer: host }
                }
            }
            FaultClass::Deaf => FaultKind::Deaf { host },
            FaultClass::SlowReader => {
                // Little of it shows where much fits in between.
                let small = |host: &usize| {
                    self.builder.hosts.get(*host).is_some_and(|host| host.socket_buffer < SMALL)
                };
                let small: Vec<usize> = speakers.iter().copied().filter(small).collect();
                let host = draw.pick(&small).copied().unwrap_or(host);
                FaultKind::SlowReader { host, rate: draw.one([100, 300, 1_000, 4_000]) }
            }
        })
    }

    fn has_speaker(&self, host: usize) -> bool {
        self.builder.documents.get(host).is_some_and(Option::is_some)
    }

    fn link(&self, draw: &mut Draw) -> Option<usize> {
        (!self.builder.links.is_empty()).then(|| draw.index(self.builder.links.len()))
    }
}

/// A link that goes and comes several times.
fn flaps(draw: &mut Draw, start: Micros, end: Micros, kind: &FaultKind) -> Vec<Fault> {
    let mut flaps = Vec::new();
    let mut at = start;
    for _ in 0..draw.between(2, 6) {
        let down = at + draw.time(Micros::millis(50), Micros::secs(10));
        if down > end {
            break;
        }
        flaps.push(Fault { from: at, until: down, kind: kind.clone() });
        at = down + draw.time(Micros::millis(50), Micros::secs(10));
    }
    flaps
}

/// A link that is worse than it was planned, in one to three ways.
fn degraded(draw: &mut Draw, planned: Quality) -> Quality {
    let mut quality = planned;
    for _ in 0..draw.between(1, 3) {
        spoil(draw, &mut quality);
    }
    quality
}

/// Makes a link worse in one way, or differently bad. No more than three packets of a hundred are lost, those
/// included that arrive with a wrong checksum: TCP as smoltcp has it recovers slowly, and hold timers would run out
/// by themselves.
pub fn spoil(draw: &mut Draw, quality: &mut Quality) {
    match draw.index(7) {
        0 => quality.delay = draw.time(Micros::millis(1), Micros::millis(50)),
        1 => quality.jitter = draw.time(Micros(100), Micros::millis(20)),
        2 => quality.loss = draw.between(100, 25_000) as u32,
        3 => quality.duplication = draw.between(100, 50_000) as u32,
        4 => {
            quality.reordering = draw.between(1_000, 100_000) as u32;
            quality.jitter = Micros(quality.jitter.0.max(1_000));
        }
        5 => quality.corruption = draw.between(50, 5_000) as u32,
        _ => quality.bandwidth = Some(draw.one([64_000, 256_000, 1_000_000, 10_000_000])),
    }
}

/// What a fault is at work on, so that two never are at a time: what kind of thing, and which.
const fn target(kind: &FaultKind) -> (u8, usize, usize) {
    match *kind {
        FaultKind::Degrade { link, .. } => (0, link, 0),
        FaultKind::Partition { link, .. } => (1, link, 0),
        // A host that is off cannot be killed.
        FaultKind::Crash { host } | FaultKind::Kill { host } => (2, host, 0),
        FaultKind::SlowCpu { host, .. } => (3, host, 0),
        FaultKind::Kernel { host, .. } => (4, host, 0),
        FaultKind::ClockJump { host, .. } => (5, host, 0),
        FaultKind::Reset { host, peer } => (6, host, peer),
        FaultKind::HalfOpen { host, peer } => (7, host, peer),
        FaultKind::Deaf { host } => (8, host, 0),
        FaultKind::SlowReader { host, .. } => (9, host, 0),
    }
}
