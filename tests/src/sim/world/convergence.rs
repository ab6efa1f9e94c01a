//! Whether the tables of a world at rest are what they should be.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crier_core::Family;
use ipnet::IpNet;

use crate::sim::host::Host;
use crate::sim::judge::{Broken, rib};
use crate::sim::kernel::{DataPlane, Fib, check_reachability, in_step, paths};
use crate::sim::observe::{self, HeldPath, Snapshot};
use crate::sim::oracle::{self, Observed, Path, Router, Session, Tables};
use crate::sim::referee::{Bounds, origins, ways};
use crate::sim::report::Rule;

use super::World;

/// Every running speaker as the oracle has it, with what was seen of it.
struct Seen {
    /// By position in `routers`: the host.
    hosts: Vec<usize>,
    routers: Vec<Router>,
    snapshots: Vec<Snapshot>,
}

impl World {
    /// Holds everything against the oracle; how many routes were compared. `thorough`: the whole network is solved from
    /// nothing, not only each speaker's part of it judged by what its neighbors say. `refusals`: there may be too little room
    /// somewhere.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(crate) fn judge_tables(&self, thorough: bool, refusals: bool) -> Result<u64, Broken> {
        let mut seen = self.look_around()?;
        seen.snapshots.iter_mut().for_each(|snapshot| snapshot.roomy = !refusals);
        for (place, &host) in seen.hosts.iter().enumerate() {
            self.judge_sessions(&seen, place, host)?;
        }
        for (router, snapshot) in seen.routers.iter().zip(&seen.snapshots) {
            let judge = if refusals { rib::full } else { rib::roomy };
            differing(&judge(&router.name, snapshot))?;
        }
        let compared = seen.snapshots.iter().map(|snapshot| snapshot.paths.len() as u64).sum();
        let whole = seen.snapshots.iter().all(|snapshot| {
            snapshot.refused.values().all(|reason| !rib::is_want_of_room(*reason))
                && snapshot.peers.values().all(|peer| !peer.incomplete)
        });
        if whole && thorough {
            judge_network(&seen)?;
        }
        Ok(compared)
    }

    /// Whether every forwarding table is what its speaker wants, and packets arrive.
    ///
    /// # Errors
    /// The rule that is broken.
    pub(crate) fn judge_forwarding(&self, arrive: bool) -> Result<(), Broken> {
        let broken = |text| Broken::new(Rule::DataPlane, text);
        let mut origin: BTreeMap<IpNet, BTreeSet<usize>> = BTreeMap::new();
        let mut holders: BTreeMap<IpNet, BTreeSet<usize>> = BTreeMap::new();
        for (number, host) in self.hosts.iter().enumerate() {
            let Some(daemon) = &host.daemon else { continue };
            for prefix in origins(host).into_keys() {
                origin.entry(prefix).or_default().insert(number);
            }
            if daemon.bridge.is_none() {
                continue;
            }
            in_step(daemon.speaker(), host.fib())
                .and_then(|()| host.kernel.check_objects())
                .and_then(|()| host.kernel.check_starts())
                .map_err(|text| broken(format!("{}: {text}", self.name(number))))?;
            for family in Family::ALL {
                for (prefix, mut paths) in observe::prefixes(daemon.speaker(), family) {
                    // Where packets are to be dropped they are not to arrive.
                    if paths.any(|path| path.best && path.remote.is_some() && !path.blackhole) {
                        holders.entry(prefix).or_default().insert(number);
                    }
                }
            }
        }
        if !arrive {
            return Ok(());
        }
        let routed: BTreeSet<IpNet> = origin.keys().copied().collect();
        let expectations: Vec<_> = holders
            .into_iter()
            .filter_map(|(prefix, holders)| {
                let address = paths::probe_address(prefix, &routed)?;
                let origins = origin.get(&prefix).cloned().unwrap_or_default();
                Some(paths::Expectation { prefix, address, origins, holders })
            })
            .collect();
        check_reachability(self, &expectations).map_err(broken)
    }

    /// Every running speaker as the oracle has it.
    pub(crate) fn routers(&self) -> Result<Vec<Router>, Broken> {
        Ok(self.look_around()?.routers)
    }

    /// Every speaker's tables, and its sessions with positions that lead from one to the other.
    fn look_around(&self) -> Result<Seen, Broken> {
        let mut seen = Seen { hosts: Vec::new(), routers: Vec::new(), snapshots: Vec::new() };
        for (number, host) in self.hosts.iter().enumerate() {
            let (Some(daemon), Some(router)) =
                (&host.daemon, self.referee.side(number).and_then(|side| side.router()))
            else {
                continue;
            };
            let fault = |text| Broken::new(Rule::Tables, format!("{}: {text}", self.name(number)));
            daemon.speaker().check(daemon.last_call()).map_err(fault)?;
            seen.hosts.push(number);
            let mut router = router.clone();
            router.origins = origins(host);
            router.ways = ways(host);
            router.drained = daemon.speaker().drained();
            router.sessions.retain(|session| !session.families.is_empty());
            seen.routers.push(router);
            seen.snapshots.push(Snapshot::of(daemon.speaker()).map_err(fault)?);
        }
        let places: BTreeMap<usize, usize> =
            seen.hosts.iter().enumerate().map(|(place, &host)| (host, place)).collect();
        let ends: Vec<BTreeMap<(IpAddr, IpAddr), usize>> = seen
            .routers
            .iter()
            .map(|router| {
                let each = router.sessions.iter().enumerate();
                each.map(|(at, session)| ((session.local, session.remote), at)).collect()
            })
            .collect();
        for (router, &host) in seen.routers.iter_mut().zip(&seen.hosts) {
            for session in &mut router.sessions {
                let peer = self.owners.get(&session.remote).and_then(|owner| places.get(owner)).copied();
                let back =
                    peer.and_then(|peer| ends.get(peer)?.get(&(session.remote, session.local)).copied());
                let (Some(peer), Some(back)) = (peer, back) else {
                    let text = format!(
                        "{} says it has a session with {}, which says it has none",
                        self.name(host),
                        session.remote
                    );
                    return Err(Broken::new(Rule::Sessions, text));
                };
                (session.peer, session.back) = (peer, back);
            }
        }
        Ok(seen)
    }

    /// Judges one speaker by what its neighbors have announced to it.
    fn judge_sessions(&self, seen: &Seen, place: usize, host: usize) -> Result<(), Broken> {
        let (Some(router), Some(snapshot), Some(side), Some(speaker)) =
            (seen.routers.get(place), seen.snapshots.get(place), self.referee.side(host), self.speaker(host))
        else {
            return Ok(());
        };
        let name = &router.name;
        let mut received: Vec<BTreeMap<IpNet, crate::sim::Route>> = Vec::new();
        for (number, session) in router.sessions.iter().enumerate() {
            let Some(watched) = side.session_with(session.remote) else { continue };
            let mirror = watched.judge.mirror();
            side.judge_told(speaker, watched)?;
            let told = observe::advertised(speaker, session.remote)
                .map_err(|text| Broken::new(Rule::Tables, format!("{name}: {text}")))?;
            differing(&rib::announced(name, session.remote, mirror, &told, snapshot, true))?;
            let theirs = seen.hosts.get(session.peer).and_then(|&peer| self.referee.side(peer));
            let announced = theirs.and_then(|side| side.session_with(session.local));
            let announced = announced.map(|watched| watched.judge.mirror().clone()).unwrap_or_default();
            let mut import =
                |prefix: IpNet, route: &crate::sim::Route| oracle::import(router, number, prefix, route);
            differing(&rib::received(name, session.remote, &announced, snapshot, &mut import))?;
            received.push(announced);
            if let Some(watched) = side.session_with(session.remote) {
                let Bounds { least, most } =
                    self.referee.limits.bounds(host, watched.id, session.settings.max_prefixes);
                differing(&rib::limits(name, session.remote, least, most, snapshot))?;
            }
        }
        let tables = local_tables(router, received);
        differing(&rib::tables(name, &held(router, &tables), snapshot))
    }
}

fn differing(differences: &[rib::Difference]) -> Result<(), Broken> {
    rib::broken(differences).map_or(Ok(()), Err)
}

/// What a router makes of what it was told.
fn local_tables(router: &Router, received: Vec<BTreeMap<IpNet, crate::sim::Route>>) -> Tables {
    let mut paths: BTreeMap<IpNet, Vec<Path>> = BTreeMap::new();
    for (&prefix, route) in &router.origins {
        paths.entry(prefix).or_default().push(Path { session: None, route: route.clone() });
    }
    for (session, routes) in received.iter().enumerate() {
        for (&prefix, route) in routes {
            if let Ok(route) = oracle::import(router, session, prefix, route) {
                paths.entry(prefix).or_default().push(Path { session: Some(session), route });
            }
        }
    }
    let best =
        paths.iter().filter_map(|(prefix, paths)| Some((*prefix, oracle::best(router, paths)?))).collect();
    Tables { received, paths, best }
}

/// A router's tables in the form of what is seen of a speaker.
fn held(router: &Router, tables: &Tables) -> BTreeMap<IpNet, Vec<HeldPath>> {
    let of = |prefix: &IpNet, paths: &Vec<Path>| {
        let together = oracle::multipath(router, *prefix, paths);
        let best = tables.best.get(prefix).copied();
        let mut held: Vec<HeldPath> = paths
            .iter()
            .zip(together)
            .enumerate()
            .map(|(at, (path, multipath))| HeldPath {
                peer: path
                    .session
                    .and_then(|session| router.sessions.get(session))
                    .map(|session| session.remote),
                route: path.route.clone(),
                best: Some(at) == best,
                multipath,
                valid: oracle::cost(router, path).is_some(),
                stale: false,
            })
            .collect();
        held.sort();
        held
    };
    tables.paths.iter().map(|(prefix, paths)| (*prefix, of(prefix, paths))).collect()
}

/// Holds the whole network against what the oracle makes of topology and policies; a different state is right only if it
/// is another one that lasts.
fn judge_network(seen: &Seen) -> Result<(), Broken> {
    let observed =
        seen.routers.iter().zip(&seen.snapshots).map(|(router, snapshot)| observed(router, snapshot));
    let tables = oracle::from_observed(&seen.routers, observed.collect());
    let Ok(solved) = oracle::solve(&seen.routers) else {
        // It rests where the oracle found no rest: that state must then be one that lasts.
        return oracle::is_stable(&seen.routers, &tables)
            .map_err(|text| Broken::new(Rule::Convergence, text));
    };
    for ((router, solved), snapshot) in seen.routers.iter().zip(&solved).zip(&seen.snapshots) {
        let differences = rib::tables(&router.name, &held(router, solved), snapshot);
        if let Some(broken) = rib::broken(&differences) {
            return oracle::is_stable(&seen.routers, &tables).map_err(|_| broken);
        }
    }
    Ok(())
}

fn observed(router: &Router, snapshot: &Snapshot) -> Observed {
    let position = |session: &Session, remote: IpAddr| session.remote == remote;
    let mut observed = Observed::default();
    for (&prefix, held) in &snapshot.paths {
        let path = |path: &HeldPath| Path {
            session: path
                .peer
                .and_then(|remote| router.sessions.iter().position(|session| position(session, remote))),
            route: path.route.clone(),
        };
        observed.paths.insert(prefix, held.iter().map(path).collect());
        if let Some(best) = held.iter().position(|path| path.best) {
            observed.best.insert(prefix, best);
        }
    }
    observed
}

impl DataPlane for World {
    fn hosts(&self) -> usize {
        self.hosts.len()
    }

    fn fib(&self, host: usize) -> Option<&Fib> {
        self.hosts.get(host).filter(|host| host.powered).map(Host::fib)
    }

    fn name(&self, host: usize) -> String {
        self.name(host)
    }

    fn neighbor(&self, host: usize, interface: usize, next_hop: IpAddr) -> Option<usize> {
        let link = self.hosts.get(host)?.interfaces.get(interface)?.link;
        let neighbor = self.owners.get(&next_hop).copied()?;
        self.ends.get(link)?.iter().any(|&(host, _)| host == neighbor).then_some(neighbor)
    }
}
