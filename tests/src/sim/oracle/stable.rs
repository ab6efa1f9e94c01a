//! Whether a state of all routers that was observed is one that can last.

use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;

use super::{Path, Router, Tables, best, export, import};
use crate::sim::Route;

/// What can be seen of a router's table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// Accepted paths and own ones, in any order.
    pub paths: BTreeMap<IpNet, Vec<Path>>,
    /// Position of the best path in `paths`.
    pub best: BTreeMap<IpNet, usize>,
}

/// Tables of all routers from what was observed in each. What they received is not seen: it is taken to be what the
/// neighbors must announce of their best paths, so that [`is_stable`] tells whether the paths are made of that.
pub fn from_observed(routers: &[Router], observed: Vec<Observed>) -> Vec<Tables> {
    let tables = |Observed { paths, best }| Tables { received: Vec::new(), paths, best };
    let mut all: Vec<Tables> = observed.into_iter().map(tables).collect();
    let received: Vec<_> = routers.iter().map(|router| announced_to(routers, &all, router)).collect();
    for (tables, received) in all.iter_mut().zip(received) {
        tables.received = received;
    }
    all
}

/// Whether these tables can last: everybody holds what the neighbors announce of their best paths, has made paths of
/// exactly that and of what is originated here, and has chosen the best; and every best path leads back, best by best,
/// to who originates the prefix. Policies may have several such states.
///
/// # Errors
/// The first thing that is not so.
pub fn is_stable(routers: &[Router], tables: &[Tables]) -> Result<(), String> {
    if routers.len() != tables.len() {
        return Err(format!("{} routers, but tables of {}", routers.len(), tables.len()));
    }
    grounded(routers, tables)?;
    for (router, own) in routers.iter().zip(tables) {
        let name = &router.name;
        let announced = announced_to(routers, tables, router);
        if announced.len() != own.received.len() {
            return Err(format!(
                "{name}: {} sessions, but tables of {}",
                announced.len(),
                own.received.len()
            ));
        }
        for ((announced, received), session) in announced.iter().zip(&own.received).zip(&router.sessions) {
            let peer = routers.get(session.peer).map_or("", |peer| &peer.name);
            difference(announced, received)
                .map_err(|text| format!("{name}: received from {peer} ({}): {text}", session.remote))?;
        }
        check_paths(router, own).map_err(|text| format!("{name}: {text}"))?;
    }
    Ok(())
}

/// What a router's neighbors announce to it, by session.
fn announced_to(routers: &[Router], tables: &[Tables], router: &Router) -> Vec<BTreeMap<IpNet, Route>> {
    let announced = |session: &super::Session| {
        let (peer, theirs) = (routers.get(session.peer)?, tables.get(session.peer)?);
        let bests = theirs.best.keys().filter_map(|prefix| Some((*prefix, best_path(theirs, *prefix)?)));
        let routes = bests.filter_map(|(prefix, best)| {
            export(peer, session.back, prefix, best).ok().map(|route| (prefix, route))
        });
        Some(routes.collect())
    };
    router.sessions.iter().map(|session| announced(session).unwrap_or_default()).collect()
}

fn best_path(tables: &Tables, prefix: IpNet) -> Option<&Path> {
    tables.paths.get(&prefix)?.get(*tables.best.get(&prefix)?)
}

/// The first prefix about which two tables differ.
fn difference(wanted: &BTreeMap<IpNet, Route>, found: &BTreeMap<IpNet, Route>) -> Result<(), String> {
    let prefixes: BTreeSet<&IpNet> = wanted.keys().chain(found.keys()).collect();
    for prefix in prefixes {
        match (wanted.get(prefix), found.get(prefix)) {
            (Some(wanted), Some(found)) if wanted == found => {}
            (Some(wanted), Some(found)) => return Err(format!("{prefix}: {found:?}, not {wanted:?}")),
            (Some(wanted), None) => return Err(format!("{prefix}: nothing, not {wanted:?}")),
            (None, found) => return Err(format!("{prefix}: {found:?}, not nothing")),
        }
    }
    Ok(())
}

/// Whether a router's paths and its choice among them follow from what it has received.
fn check_paths(router: &Router, tables: &Tables) -> Result<(), String> {
    let mut wanted: BTreeMap<IpNet, BTreeSet<Path>> = BTreeMap::new();
    for (prefix, route) in &router.origins {
        wanted.entry(*prefix).or_default().insert(Path { session: None, route: route.clone() });
    }
    for (session, received) in tables.received.iter().enumerate() {
        for (prefix, route) in received {
            if let Ok(route) = import(router, session, *prefix, route) {
                wanted.entry(*prefix).or_default().insert(Path { session: Some(session), route });
            }
        }
    }
    let prefixes: BTreeSet<&IpNet> =
        wanted.keys().chain(tables.paths.keys()).chain(tables.best.keys()).collect();
    for prefix in prefixes {
        let found = tables.paths.get(prefix).map_or(&[][..], Vec::as_slice);
        let wanted = wanted.get(prefix).cloned().unwrap_or_default();
        if found.len() != wanted.len() || !found.iter().all(|path| wanted.contains(path)) {
            return Err(format!("paths of {prefix}: {found:?}, not {wanted:?}"));
        }
        let (chosen, right) = (tables.best.get(prefix).copied(), best(router, found));
        if chosen != right {
            let path = |at: Option<usize>| at.and_then(|at| found.get(at));
            return Err(format!("best path of {prefix}: {:?}, not {:?}", path(chosen), path(right)));
        }
    }
    Ok(())
}

/// Whether every best path leads back to who originates the prefix. Those that only lead to each other are ghosts.
fn grounded(routers: &[Router], tables: &[Tables]) -> Result<(), String> {
    for (start, own) in tables.iter().enumerate() {
        for prefix in own.best.keys() {
            let mut passed = Vec::new();
            let mut next = Some(start);
            while let Some(number) = next {
                let router = routers.get(number).ok_or_else(|| format!("{prefix}: comes from nowhere"))?;
                if passed.contains(&router.name.as_str()) {
                    return Err(format!("{prefix}: goes round, originated by none of {}", passed.join(", ")));
                }
                passed.push(&router.name);
                let best = tables.get(number).and_then(|tables| best_path(tables, *prefix));
                let best =
                    best.ok_or_else(|| format!("{prefix}: {} has no path", passed.join(" has it from ")))?;
                if best.session.is_none() && !router.origins.contains_key(prefix) {
                    return Err(format!("{prefix}: {} does not originate it", router.name));
                }
                next =
                    best.session.map(|session| router.sessions.get(session).map_or(usize::MAX, |s| s.peer));
            }
        }
    }
    Ok(())
}
