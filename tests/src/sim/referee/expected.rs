//! What a session ought to be told, by the oracle's rules of export and the speaker's own best paths.

use std::net::IpAddr;

use crier_core::view::Reason;
use crier_core::{Family, Speaker};
use ipnet::IpNet;

use crate::sim::Route;
use crate::sim::judge::Expected;
use crate::sim::observe;
use crate::sim::oracle::{self, Path, Router, Session};

/// The moment of one transmission.
#[derive(Debug)]
pub(crate) struct Asked<'a, 's> {
    pub(crate) speaker: &'a Speaker<'s>,
    pub(crate) router: &'a Router,
    /// Position of the session among the router's.
    pub(crate) session: Option<usize>,
    pub(crate) remote: IpAddr,
}

impl Asked<'_, '_> {
    /// The best path of a prefix.
    fn best(&self, prefix: IpNet) -> Option<Path> {
        let slot = self.speaker.find_destination(prefix)?;
        let family = Family::of(&prefix);
        let destination = self.speaker.destination(family, slot)?;
        let best = destination.paths().find(|path| path.best && path.valid)?;
        let from = |remote: IpAddr| {
            // A neighbor can have a second connection, about to lose a collision: then it is the one that is asked for.
            if remote == self.remote {
                return self.session;
            }
            let is_it = |session: &Session| session.remote == remote && session.families.contains(family);
            self.router.sessions.iter().position(is_it)
        };
        let session = match best.remote {
            Some(remote) => Some(from(remote)?),
            None => None,
        };
        Some(Path { session, route: observe::route(best.attrs, family).ok()? })
    }
}

impl Expected for Asked<'_, '_> {
    fn export(&mut self, prefix: IpNet) -> Result<Route, Reason> {
        // A timer of its own ends the draining: the router is as the operator left it.
        if self.speaker.drained() {
            return Err(Reason::Drained);
        }
        let best = self.best(prefix).ok_or(Reason::NoBestPath)?;
        let session = self.session.ok_or(Reason::NotEstablished)?;
        let route = oracle::export(self.router, session, prefix, &best)?;
        Ok(if self.speaker.draining() { oracle::last_resort(self.router, session, route) } else { route })
    }

    fn prefixes(&mut self, family: Family) -> Vec<IpNet> {
        observe::prefixes(self.speaker, family).map(|(prefix, _)| prefix).collect()
    }

    fn settled(&mut self) -> bool {
        observe::is_settled(self.speaker)
    }
}
