//! What operators do, drawn within what a scenario allows. Whether a daemon will take it is known beforehand, but for whether
//! it runs then, still has the neighbor, and has room.

use std::collections::BTreeSet;

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
        in_order(work)
    }

    fn churn(&self, draw: &mut Draw, drawn: &mut Drawn) {
        let origins: Vec<usize> =
            (0..).zip(self.pools).filter(|(_, pool)| !pool.is_empty()).map(|(host, _)| host).collect();
        let Some(&host) = draw.pick(&origins) else { return };
        let mut at = drawn.when(draw);
        let Some(pool) = self.pools.get(host) else { return };
        let Some(Some(document)) = self.builder.documents.get(host) else { return };
        for _ in 0..draw.between(1, 8.min(pool.len() as u64)) {
            let Some(&prefix) = draw.pick(pool) else { return };
            let announce = self.announce(draw, prefix);
            let later = drawn.after(draw, at);
            // What is configured is not withdrawn by hand.
            if draw.chance(25)
                && let Some(without) = document.without_network(prefix)
            {
                drawn.add(at, host, WorkKind::Reload(without.to_string()));
                let back = if draw.chance(50) { WorkKind::Reload(document.to_string()) } else { announce };
                drawn.add(later, host, back);
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

/// Work in the order of time, without withdrawals of what nobody has announced by hand: they would be refused.
pub(super) fn in_order(mut work: Vec<Work>) -> Vec<Work> {
    work.sort_by_key(|work| work.at);
    let mut by_hand = BTreeSet::new();
    work.retain(|work| match work.kind {
        WorkKind::Announce { prefix, .. } => {
            by_hand.insert((work.host, prefix));
            true
        }
        WorkKind::Withdraw(prefix) => by_hand.remove(&(work.host, prefix)),
        _ => true,
    });
    work
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::sim::Plan;
    use crate::sim::scenario::{clos, cluster, lab, random};

    fn plans() -> impl Iterator<Item = Plan> {
        let small = clos::Size { spines: 2, leaves: 3, hosts: 7 };
        let fixed = (0..12).flat_map(move |seed| {
            [lab::plan(seed, Some(3)), clos::plan(seed, small, None), cluster::plan(seed, 200, None)]
        });
        fixed.chain((0..200).map(|seed| random::plan(seed, None)))
    }

    #[test]
    fn only_what_was_announced_by_hand_is_withdrawn() {
        let mut withdrawn = 0;
        for plan in plans() {
            let mut by_hand = BTreeSet::new();
            for Work { host, kind, .. } in plan.work {
                match kind {
                    WorkKind::Announce { prefix, .. } => drop(by_hand.insert((host, prefix))),
                    WorkKind::Withdraw(prefix) => {
                        assert!(by_hand.remove(&(host, prefix)), "seed {}: {prefix}", plan.seed);
                        withdrawn += 1;
                    }
                    _ => {}
                }
            }
        }
        assert!(withdrawn > 500, "{withdrawn}");
    }

    #[test]
    fn what_is_configured_goes_and_comes_with_the_file() {
        let networks = |text: &str| text.matches("[[network]]").count();
        for seed in 0..4 {
            let plan = cluster::plan(seed, 200, None);
            let reloads = plan.work.iter().filter_map(|work| match &work.kind {
                WorkKind::Reload(text) => Some((plan.hosts[work.host].config.as_ref().unwrap(), text)),
                _ => None,
            });
            let gone: Vec<_> = reloads.map(|(was, is)| networks(was) - networks(is)).collect();
            assert!(!gone.is_empty() && gone.iter().all(|gone| *gone == 1), "{gone:?}");
        }
        // A fabric has no other reloads than those.
        let (mut less, mut back) = (0, 0);
        for seed in 0..12 {
            let plan = clos::plan(seed, clos::Size { spines: 2, leaves: 3, hosts: 7 }, Some(1));
            let mut last: BTreeMap<usize, String> = BTreeMap::new();
            for work in plan.work {
                let WorkKind::Reload(text) = work.kind else { continue };
                let whole = plan.hosts[work.host].config.clone().unwrap();
                less += usize::from(networks(&text) + 1 == networks(&whole));
                back += usize::from(text == whole && last.get(&work.host).is_some_and(|last| *last != whole));
                last.insert(work.host, text);
            }
        }
        assert!(less > 10 && back > 5, "{less} {back}");
    }
}
