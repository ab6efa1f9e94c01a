//! What speakers and forwarding tables hold.

use std::net::IpAddr;

use crier::control::collect::Rows;
use crier::control::protocol::{Command, Form, Target};
use crier::control::rows::{End, PeerRow, RouteRow, WhyRow};
use crier::control::{Fill, KernelView, Stream};
use crier::daemon::{self, Now};
use crier::program::words;
use ipnet::IpNet;
use serde::de::DeserializeOwned;

use super::operate::net;
use super::{Error, Simulation};
use crate::sim::Micros;
use crate::sim::host::{Daemon, Host};

/// A route that a speaker put into its host's forwarding table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installed {
    /// The prefix.
    pub prefix: IpNet,
    /// Gateways on its links, in the order of its interfaces: several share the flows among them.
    pub next_hops: Vec<IpAddr>,
    /// Since when it is there as it is. Next hops that fail leave their groups without a change of it.
    pub since: Micros,
}

impl Simulation {
    /// What `crier routes --json` shows on a host: every accepted path, by prefix and neighbor. It is `installed` if it forwards
    /// and the host's kernel has a route, as far as the daemon knows.
    ///
    /// # Errors
    /// No daemon runs there.
    pub fn routes(&self, host: &str) -> Result<Vec<RouteRow>, Error> {
        self.ask(host, routes(Form::Available))
    }

    /// What `crier routes received --json` shows: what neighbors announced, the refused paths with their reason.
    ///
    /// # Errors
    /// No daemon runs there.
    pub fn received(&self, host: &str) -> Result<Vec<RouteRow>, Error> {
        self.ask(host, routes(Form::Received))
    }

    /// What `crier routes advertised --json` shows: what neighbors were told.
    ///
    /// # Errors
    /// No daemon runs there.
    pub fn advertised(&self, host: &str) -> Result<Vec<RouteRow>, Error> {
        self.ask(host, routes(Form::Advertised))
    }

    /// What `crier peers --json` shows.
    ///
    /// # Errors
    /// No daemon runs there.
    pub fn peers(&self, host: &str) -> Result<Vec<PeerRow>, Error> {
        self.ask(host, Command::Peers { peer: None })
    }

    /// What `crier why PREFIX --json` shows: what chose, refused, announced or held back each path.
    ///
    /// # Errors
    /// No daemon runs there, or it has never heard of the prefix.
    pub fn why(&self, host: &str, prefix: &str) -> Result<Vec<WhyRow>, Error> {
        self.ask(host, Command::Why { prefix: Target::Prefix(net(prefix)?), peer: None })
    }

    /// What a host's speaker put into its forwarding table, by prefix. It is there also while the speaker is not.
    ///
    /// # Errors
    /// There is no such host.
    pub fn installed(&self, host: &str) -> Result<Vec<Installed>, Error> {
        let number = self.host(host)?;
        let Some(fib) = self.world.hosts().get(number).map(Host::fib) else { return Ok(Vec::new()) };
        let mut installed: Vec<Installed> = fib
            .learned()
            .map(|route| Installed {
                prefix: route.prefix,
                next_hops: fib.next_hops(route.lead).iter().map(|hop| hop.gateway).collect(),
                since: route.since,
            })
            .collect();
        installed.sort_by_key(|route| route.prefix);
        Ok(installed)
    }

    /// The daemon that runs on a host.
    pub(super) fn running(&self, host: &str) -> Result<&Daemon, Error> {
        let number = self.host(host)?;
        let daemon = self.world.hosts().get(number).and_then(|host| host.daemon.as_ref());
        daemon.ok_or_else(|| {
            let why = match self.now() {
                Micros::ZERO => "no daemon runs there yet: machines boot once time passes, so settle first",
                _ => "no daemon runs there",
            };
            Error::Refused { host: host.to_owned(), why: why.to_owned() }
        })
    }

    /// Asks a host's daemon as the command line does, in the words of the control socket.
    fn ask<T: DeserializeOwned>(&self, host: &str, question: Command) -> Result<Vec<T>, Error> {
        let refused = |why| Error::Refused { host: host.to_owned(), why };
        let running = self.running(host)?;
        let now = Now { at: running.clock(self.now()), unix_ms: 0 };
        let face = daemon::Daemon::new(words(&running.model), now);
        let mut stream = Stream::question(&face, running.speaker(), question).map_err(refused)?;
        let mut text = Vec::new();
        let bridge = running.bridge.as_ref().map(|bridge| -> &dyn KernelView { bridge.bridge() });
        while stream.fill(&face, running.speaker(), bridge, now, &mut text) == Fill::More {}
        let mut rows = Rows::default();
        for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            match serde_json::from_slice(line) {
                Ok(End::Done(_)) => {}
                Ok(End::Error(why)) => return Err(refused(why)),
                Err(_) => rows.push(line).map_err(refused)?,
            }
        }
        rows.sort();
        Ok(rows.parsed().collect())
    }
}

const fn routes(form: Form) -> Command {
    Command::Routes { form, family: None, peer: None, prefix: None }
}
