//! What operators do, by name.

use std::net::IpAddr;

use crier::config::{Model, reload_conflict};
use ipnet::IpNet;

use super::build::read;
use super::{Error, Simulation, Source};
use crate::sim::plan::WorkKind;

impl Simulation {
    /// Does what an operator can do on a host.
    ///
    /// # Errors
    /// The daemon refuses it, or there is none.
    pub fn operate(&mut self, host: &str, work: WorkKind) -> Result<(), Error> {
        let number = self.host(host)?;
        let done = self.world.operate(number, &work);
        done.map_err(|why| Error::Refused { host: host.to_owned(), why })?;
        self.run_now()
    }

    /// Replaces the configuration of a host, as a new file and `crier reload` do. The daemon has it also when it starts
    /// again.
    ///
    /// # Errors
    /// It is wrong, with file and line, or cannot be taken over without a restart: then nothing has changed.
    pub fn reload(&mut self, host: &str, config: impl Into<Source>) -> Result<(), Error> {
        let (text, model) = self.read_config(host, &config.into())?;
        let conflict = reload_conflict(&self.running(host)?.model, &model);
        match (self.operate(host, WorkKind::Reload(text)), conflict) {
            (Err(Error::Refused { host, why }), Some(_)) => Err(Error::RestartNeeded { host, why }),
            (outcome, _) => outcome,
        }
    }

    /// Replaces the file of a host and tells nobody: its daemon reads it when it starts again, after [`Trouble::Kill`] or
    /// [`Trouble::Crash`], say.
    ///
    /// # Errors
    /// It is wrong, with file and line: then nothing has changed.
    ///
    /// [`Trouble::Kill`]: super::Trouble::Kill
    /// [`Trouble::Crash`]: super::Trouble::Crash
    pub fn write_config(&mut self, host: &str, config: impl Into<Source>) -> Result<(), Error> {
        let (text, _) = self.read_config(host, &config.into())?;
        let number = self.host(host)?;
        if let Some(host) = self.world.hosts.get_mut(number) {
            host.plan.config = Some(text);
        }
        Ok(())
    }

    fn read_config(&self, host: &str, config: &Source) -> Result<(String, Model), Error> {
        let number = self.host(host)?;
        let addresses = self.world.hosts().get(number).map(|host| host.addresses()).unwrap_or_default();
        read(config, host, &addresses).map_err(Error::Config)
    }

    /// Originates a route, as `crier announce` does.
    ///
    /// # Errors
    /// The daemon refuses it, or there is none.
    pub fn announce(&mut self, host: &str, prefix: &str) -> Result<(), Error> {
        let work = WorkKind::Announce { prefix: net(prefix)?, communities: Vec::new(), med: None };
        self.operate(host, work)
    }

    /// Takes back a route that was announced by hand.
    ///
    /// # Errors
    /// It was not, or there is no daemon.
    pub fn withdraw(&mut self, host: &str, prefix: &str) -> Result<(), Error> {
        self.operate(host, WorkKind::Withdraw(net(prefix)?))
    }

    /// Announces everything as a last resort (RFC 8326), and withdraws it five seconds later.
    ///
    /// # Errors
    /// There is no daemon.
    pub fn drain(&mut self, host: &str) -> Result<(), Error> {
        self.operate(host, WorkKind::Drain)
    }

    /// Takes that back.
    ///
    /// # Errors
    /// There is no daemon.
    pub fn undrain(&mut self, host: &str) -> Result<(), Error> {
        self.operate(host, WorkKind::Undrain)
    }

    /// Ends a host's session with a neighbor and keeps it down.
    ///
    /// # Errors
    /// There is no such neighbor.
    pub fn shutdown(&mut self, host: &str, neighbor: &str) -> Result<(), Error> {
        self.operate(host, WorkKind::Shutdown(address(neighbor)?))
    }

    /// Takes that back.
    ///
    /// # Errors
    /// There is no such neighbor.
    pub fn enable(&mut self, host: &str, neighbor: &str) -> Result<(), Error> {
        self.operate(host, WorkKind::Enable(address(neighbor)?))
    }

    /// Lets happen what is due in the present instant.
    pub(super) fn run_now(&mut self) -> Result<(), Error> {
        let now = self.now();
        self.world.run_until(now).map_err(|failure| self.broken(failure))
    }
}

pub(super) fn net(text: &str) -> Result<IpNet, Error> {
    text.parse().map_err(|_| Error::network(format!("{text:?} is no prefix")))
}

pub(super) fn address(text: &str) -> Result<IpAddr, Error> {
    text.parse().map_err(|_| Error::network(format!("{text:?} is no address")))
}
