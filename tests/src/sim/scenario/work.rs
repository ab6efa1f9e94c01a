//! What operators do, drawn within what a scenario allows.

use crier_core::speaker::Clear;
use ipnet::IpNet;

use super::build::Builder;
use super::draw::Draw;
use super::sessions::Session;
use super::text::Document;
use crate::sim::Micros;
use crate::sim::plan::{Work, WorkKind};

/// A class of work that a scenario switches on or off as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WorkClass {
    /// Routes come and go.
    Churn,
    /// Sessions are reset, hard or soft.
    Clear,
    /// Neighbors are shut down and enabled.
    Shutdown,
    /// Speakers are drained and come back.
    Drain,
    /// Configurations are replaced.
    Reload,
}

impl WorkClass {
    /// Every class.
    pub const ALL: [Self; 5] = [Self::Churn, Self::Clear, Self::Shutdown, Self::Drain, Self::Reload];
}

/// Makes another configuration of one that is in force.
pub type Rewrite<'a> = dyn Fn(&mut Draw, &Document) -> Document + 'a;

/// What work is drawn from.
pub struct WorkSource<'a> {
    /// Hosts and their configurations.
    pub builder: &'a Builder,
    /// Who talks to whom.
    pub sessions: &'a [Session],
    /// The classes that are on.
    pub classes: &'a [WorkClass],
    /// For each host the prefixes that it may originate.
    pub pools: &'a [Vec<IpNet>],
    /// Communities that announced routes may carry.
    pub communities: &'a [u32],
    /// Whether they may carry a MED.
    pub med: bool,
    /// How configurations change.
    pub rewrite: &'a Rewrite<'a>,
}

impl WorkSource<'_> {
    /// About `count` pieces of work between `from` and `until`, each with what undoes it. What is shut down or
    /// drained comes back, but for a few.
    pub fn draw(&self, draw: &mut Draw, count: u64, from: Micros, until: Micros) -> Vec<Work> {
        let mut drawn = Drawn { from, until, work: Vec::new(), closing: Vec::new() };
        for _ in 0..count {
            match draw.pick(self.classes) {
                Some(WorkClass::Churn) => self.churn(draw, &mut drawn),
                Some(WorkClass::Clear) => self.clear(draw, &mut drawn),
                Some(WorkClass::Shutdown) => self.shutdown(draw, &mut drawn),
                Some(WorkClass::Drain) => self.drain(draw, &mut drawn),
                Some(WorkClass::Reload) => self.reload(draw, &mut drawn),
                None => break,
            }
        }
        // Whoever was off when it was to come back is told again.
        let Drawn { mut work, closing, .. } = drawn;
        work.extend(closing.into_iter().map(|(host, kind)| Work { at: until, host, kind }));
        work.sort_by_key(|work| work.at);
        work
    }

    fn churn(&self, draw: &mut Draw, drawn: &mut Drawn) {
        let origins: Vec<usize> =
            (0..).zip(self.pools).filter(|(_, pool)| !pool.is_empty()).map(|(host, _)| host).collect();
        let Some(&host) = draw.pick(&origins) else { return };
        let mut at = drawn.when(draw);
        let Some(pool) = self.pools.get(host) else { return };
        for _ in 0..draw.between(1, 8.min(pool.len() as u64)) {
            let Some(&prefix) = draw.pick(pool) else { return };
            let announce = self.announce(draw, prefix);
            let later = drawn.after(draw, at);
            if draw.chance(25) {
                drawn.add(at, host, WorkKind::Withdraw(prefix));
                drawn.add(later, host, announce);
            } else {
                drawn.add(at, host, announce);
                if draw.chance(60) {
                    drawn.add(later, host, WorkKind::Withdraw(prefix));
                }
            }
            at = drawn.no_later(at + draw.time(Micros::ZERO, Micros::millis(500)));
        }
    }

    fn announce(&self, draw: &mut Draw, prefix: IpNet) -> WorkKind {
        let mut communities = Vec::new();
        while draw.chance(30) && communities.len() < 4 {
            communities.extend(draw.pick(self.communities).filter(|&one| !communities.contains(one)));
            if self.communities.is_empty() {
                break;
            }
        }
        let med = (self.med && draw.chance(40)).then(|| draw.between(0, 5) as u32);
        WorkKind::Announce { prefix, communities, med }
    }

    fn clear(&self, draw: &mut Draw, drawn: &mut Drawn) {
        let Some(session) = draw.pick(self.sessions) else { return };
        let how = draw.one([Clear::Hard, Clear::SoftIn, Clear::SoftOut]);
        let at = drawn.when(draw);
        drawn.add(at, session.host, WorkKind::Clear(session.address, how));
    }

    fn shutdown(&self, draw: &mut Draw, drawn: &mut Drawn) {
        let Some(session) = draw.pick(self.sessions) else { return };
        let at = drawn.when(draw);
        drawn.add(at, session.host, WorkKind::Shutdown(session.address));
        if draw.chance(92) {
            let enable = WorkKind::Enable(session.address);
            drawn.undo(draw, at, session.host, enable);
        }
    }

    fn drain(&self, draw: &mut Draw, drawn: &mut Drawn) {
        let speakers: Vec<usize> = (0..)
            .zip(&self.builder.documents)
            .filter(|(_, document)| document.is_some())
            .map(|(host, _)| host)
            .collect();
        let Some(&host) = draw.pick(&speakers) else { return };
        let at = drawn.when(draw);
        drawn.add(at, host, WorkKind::Drain);
        if draw.chance(95) {
            drawn.undo(draw, at, host, WorkKind::Undrain);
        }
    }

    fn reload(&self, draw: &mut Draw, drawn: &mut Drawn) {
        let host = draw.index(self.builder.documents.len());
        let Some(Some(document)) = self.builder.documents.get(host) else { return };
        let at = drawn.when(draw);
        let changed = (self.rewrite)(draw, document);
        drawn.add(at, host, WorkKind::Reload(changed.to_string()));
        if draw.chance(60) {
            drawn.undo(draw, at, host, WorkKind::Reload(document.to_string()));
        }
    }
}

/// What was drawn so far.
struct Drawn {
    from: Micros,
    until: Micros,
    work: Vec<Work>,
    /// What is said again at the end.
    closing: Vec<(usize, WorkKind)>,
}

impl Drawn {
    fn add(&mut self, at: Micros, host: usize, kind: WorkKind) {
        self.work.push(Work { at, host, kind });
    }

    /// Takes something back that was done at `at`.
    fn undo(&mut self, draw: &mut Draw, at: Micros, host: usize, kind: WorkKind) {
        let later = self.after(draw, at);
        if !matches!(kind, WorkKind::Reload(_)) {
            self.closing.push((host, kind.clone()));
        }
        self.add(later, host, kind);
    }

    const fn when(&self, draw: &mut Draw) -> Micros {
        draw.time(self.from, self.until)
    }

    fn after(&self, draw: &mut Draw, at: Micros) -> Micros {
        let most = draw.one([1, 20, 120]);
        self.no_later(at + draw.time(Micros::millis(1), Micros::secs(most)))
    }

    fn no_later(&self, at: Micros) -> Micros {
        Micros(at.0.min(self.until.0))
    }
}
