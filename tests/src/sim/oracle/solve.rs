//! A stable state, found by letting the routers announce until nobody has anything new to say.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use ipnet::IpNet;

use super::{Path, Router, Tables, best, export, import};
use crate::sim::Route;

/// Rounds after which a schedule is given up even if no state came twice. In a round every router that has something new
/// announces it.
const MOST_ROUNDS: u32 = 4096;
/// Schedules of drawn orders that are tried before a prefix counts as oscillating, and for how many rounds each.
const DRAWN_ORDERS: u64 = 8;
const DRAWN_ROUNDS: u32 = 256;

/// No stable state was found: what changes for ever (RFC 3345).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oscillation {
    /// The prefixes, and the routers whose best paths for them keep changing.
    pub prefixes: BTreeMap<IpNet, BTreeSet<String>>,
}

impl fmt::Display for Oscillation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no stable state (RFC 3345):")?;
        for (number, (prefix, names)) in self.prefixes.iter().enumerate() {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let comma = if number == 0 { "" } else { ";" };
            write!(f, "{comma} {prefix} at {}", names.join(", "))?;
        }
        Ok(())
    }
}

impl std::error::Error for Oscillation {}

/// The tables of every router once nothing changes any more.
///
/// # Errors
/// Prefixes for which that never came about, in whatever order the routers announced.
pub fn solve(routers: &[Router]) -> Result<Vec<Tables>, Oscillation> {
    let mut all: Vec<Tables> = routers.iter().map(empty).collect();
    let mut prefixes = BTreeMap::new();
    let originated: BTreeSet<IpNet> =
        routers.iter().flat_map(|router| router.origins.keys().copied()).collect();
    for prefix in originated {
        match settle(routers, prefix) {
            Ok(moment) => moment.put(prefix, &mut all),
            Err(changing) => {
                prefixes.insert(prefix, names(routers, &changing));
            }
        }
    }
    if prefixes.is_empty() { Ok(all) } else { Err(Oscillation { prefixes }) }
}

fn empty(router: &Router) -> Tables {
    Tables { received: vec![BTreeMap::new(); router.sessions.len()], ..Tables::default() }
}

fn names(routers: &[Router], numbers: &BTreeSet<usize>) -> BTreeSet<String> {
    numbers.iter().filter_map(|number| routers.get(*number)).map(|router| router.name.clone()).collect()
}

/// Runs one prefix until it is stable, under one schedule after the other. Else: the routers that keep changing.
fn settle(routers: &[Router], prefix: IpNet) -> Result<Moment, BTreeSet<usize>> {
    let drawn = (0..DRAWN_ORDERS).map(Schedule::Drawn);
    let others = [Schedule::Upwards, Schedule::Downwards].into_iter().chain(drawn);
    run(routers, prefix, Schedule::AllAtOnce).or_else(|changing| {
        let settled = others.filter_map(|schedule| run(routers, prefix, schedule).ok()).next();
        settled.ok_or(changing)
    })
}

/// Who announces when in a round. All together may dodge each other for ever where one after the other they settle.
#[derive(Clone, Copy)]
enum Schedule {
    /// All announce, then all decide.
    AllAtOnce,
    /// One after the other; whoever is told something decides at once.
    Upwards,
    /// Likewise, the last one first.
    Downwards,
    /// Likewise, in each round in another order, drawn from this seed.
    Drawn(u64),
}

impl Schedule {
    /// Who announces together, and in which order.
    fn turns(self, round: u32, count: usize) -> Vec<Vec<usize>> {
        let one_by_one = |order: Vec<usize>| order.into_iter().map(|router| vec![router]).collect();
        match self {
            Self::AllAtOnce => vec![(0..count).collect()],
            Self::Upwards => one_by_one((0..count).collect()),
            Self::Downwards => one_by_one((0..count).rev().collect()),
            Self::Drawn(seed) => one_by_one(shuffled(count, seed << 32 | u64::from(round))),
        }
    }

    /// Rounds after which it is given up.
    fn most_rounds(self) -> u32 {
        match self {
            Self::AllAtOnce | Self::Upwards | Self::Downwards => MOST_ROUNDS,
            Self::Drawn(_) => DRAWN_ROUNDS,
        }
    }

    /// Whether every round is like the first, so that a state that comes again comes for ever.
    fn is_periodic(self) -> bool {
        !matches!(self, Self::Drawn(_))
    }
}

/// Runs one prefix until it is stable, or a state comes again that was there before.
fn run(routers: &[Router], prefix: IpNet, schedule: Schedule) -> Result<Moment, BTreeSet<usize>> {
    let mut moment = Moment::start(routers, prefix);
    // A state to compare with, replaced by the present one in rounds 1, 2, 4, 8 …: any cycle is found by that.
    let mut mark = moment.clone();
    let mut changing = BTreeSet::new();
    for round in 1..=schedule.most_rounds() {
        for turn in schedule.turns(round, routers.len()) {
            let talking = turn.into_iter().filter(|router| moment.talking.remove(router)).collect();
            changing.extend(moment.announce(routers, prefix, &talking));
        }
        if moment.talking.is_empty() {
            return Ok(moment);
        }
        if schedule.is_periodic() && moment == mark {
            break;
        }
        if round.is_power_of_two() {
            mark = moment.clone();
            changing.clear();
        }
    }
    Err(changing)
}

/// All tables at one time, as far as they are about one prefix.
#[derive(Clone, PartialEq, Eq)]
struct Moment {
    spots: Vec<Spot>,
    /// Routers whose best path is other than what they announced last.
    talking: BTreeSet<usize>,
}

/// The tables of one router.
#[derive(Clone, Default, PartialEq, Eq)]
struct Spot {
    received: Vec<Option<Route>>,
    paths: Vec<Path>,
    best: Option<usize>,
}

impl Spot {
    fn best_path(&self) -> Option<&Path> {
        self.paths.get(self.best?)
    }

    fn decide(&mut self, router: &Router, prefix: IpNet) {
        let own = router.origins.get(&prefix).cloned();
        let mut paths: Vec<Path> = own.map(|route| Path { session: None, route }).into_iter().collect();
        for (session, received) in self.received.iter().enumerate() {
            if let Some(Ok(route)) = received.as_ref().map(|route| import(router, session, prefix, route)) {
                paths.push(Path { session: Some(session), route });
            }
        }
        self.best = best(router, &paths);
        self.paths = paths;
    }
}

impl Moment {
    /// Everybody knows what they originate, and has told nobody.
    fn start(routers: &[Router], prefix: IpNet) -> Self {
        let mut spots = Vec::new();
        for router in routers {
            let mut spot = Spot { received: vec![None; router.sessions.len()], ..Spot::default() };
            spot.decide(router, prefix);
            spots.push(spot);
        }
        let talking = (0..).zip(&spots).filter(|(_, spot)| spot.best.is_some()).map(|(number, _)| number);
        Self { talking: talking.collect(), spots }
    }

    /// These routers tell all their neighbors of their best paths, and those decide anew. Whose best paths changed?
    fn announce(&mut self, routers: &[Router], prefix: IpNet, talking: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut told = BTreeSet::new();
        for (number, router) in talking.iter().filter_map(|number| Some((*number, routers.get(*number)?))) {
            for (position, session) in router.sessions.iter().enumerate() {
                let best = self.spots.get(number).and_then(Spot::best_path);
                let announced = best.and_then(|best| export(router, position, prefix, best).ok());
                let there =
                    self.spots.get_mut(session.peer).and_then(|spot| spot.received.get_mut(session.back));
                if let Some(there) = there
                    && *there != announced
                {
                    *there = announced;
                    told.insert(session.peer);
                }
            }
        }
        let mut changed = BTreeSet::new();
        for number in told {
            if let (Some(spot), Some(router)) = (self.spots.get_mut(number), routers.get(number)) {
                let before = spot.best_path().cloned();
                spot.decide(router, prefix);
                if spot.best_path() != before.as_ref() {
                    changed.insert(number);
                }
            }
        }
        self.talking.extend(&changed);
        changed
    }

    /// Enters the prefix into the tables of all routers.
    fn put(self, prefix: IpNet, all: &mut [Tables]) {
        for (spot, tables) in self.spots.into_iter().zip(all) {
            for (received, table) in spot.received.into_iter().zip(&mut tables.received) {
                table.extend(received.map(|route| (prefix, route)));
            }
            if !spot.paths.is_empty() {
                tables.paths.insert(prefix, spot.paths);
            }
            tables.best.extend(spot.best.map(|best| (prefix, best)));
        }
    }
}

/// The numbers below `count` in an order that `seed` decides.
fn shuffled(count: usize, seed: u64) -> Vec<usize> {
    let mixed = |n: usize| {
        let mut x = (seed << 20 ^ n as u64).wrapping_add(0x9E37_79B9_7F4A_7C15);
        for factor in [0xBF58_476D_1CE4_E5B9, 0x94D0_49BB_1331_11EB] {
            x = (x ^ x >> 30).wrapping_mul(factor);
        }
        x ^ x >> 31
    };
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|n| (mixed(*n), *n));
    order
}
