//! Faults, drawn within what a scenario allows.

use std::collections::BTreeMap;

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
        let mut taken = Taken::default();
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
            faults.extend(drawn.into_iter().filter(|fault| taken.take(fault)));
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
                let all = [
                    KernelFault::Refuse,
                    delay,
                    KernelFault::Lose,
                    KernelFault::Vanish,
                    KernelFault::Overrun,
                ];
                FaultKind::Kernel { host, how: draw.one(all) }
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

/// When something is at work, by what it is at work on: for each time its beginning and its end. No two of one target
/// touch.
#[derive(Default)]
struct Taken(BTreeMap<(u8, usize, usize), BTreeMap<Micros, Micros>>);

impl Taken {
    /// Takes the time of a fault, unless something is at work on the same thing then.
    fn take(&mut self, fault: &Fault) -> bool {
        let times = self.0.entry(target(&fault.kind)).or_default();
        // Of those that begin before this one ends, the last to begin is the last to end.
        let last = times.range(..=fault.until).next_back();
        let free = last.is_none_or(|(_, &until)| until < fault.from);
        if free {
            times.insert(fault.from, fault.until);
        }
        free
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

#[cfg(test)]
mod tests {
    use super::*;

    /// As the rule has it, in quadratic time.
    fn clash(one: &Fault, other: &Fault) -> bool {
        target(&one.kind) == target(&other.kind) && one.from <= other.until && other.from <= one.until
    }

    #[test]
    fn no_two_are_at_work_on_one_thing_and_none_is_dropped_without_need() {
        let mut draw = Draw::new(1, 0);
        let (mut taken, mut faults) = (Taken::default(), Vec::<Fault>::new());
        let mut dropped = 0;
        for _ in 0..4_000 {
            let from = draw.time(Micros::ZERO, Micros(3_000));
            // Some last for an instant, and many touch.
            let until = from + Micros(draw.between(0, 9));
            let host = draw.index(6);
            let kind = if draw.chance(50) { FaultKind::Crash { host } } else { FaultKind::Deaf { host } };
            let fault = Fault { from, until, kind };
            let free = !faults.iter().any(|other| clash(other, &fault));
            assert_eq!(taken.take(&fault), free, "{fault:?}");
            dropped += u32::from(!free);
            if free {
                faults.push(fault);
            }
        }
        assert!(dropped > 500 && faults.len() > 500, "{dropped} of {}", faults.len());
    }
}
