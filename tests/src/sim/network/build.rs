//! From names and texts to a plan that can be played.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::IpAddr;
use std::path::Path;

use crier::config::{self, ConfigDiagnostic, HostFacts, Model};
use ipnet::IpNet;

use super::{Error, Network, Simulation, Source};
use crate::sim::World;
use crate::sim::plan::{EndPlan, HostPlan, LinkPlan, Plan};

/// The plan in the making, and what is wrong with it.
#[derive(Default)]
struct Build {
    plan: Plan,
    names: BTreeMap<String, usize>,
    owners: BTreeMap<IpAddr, String>,
    wrong: Vec<String>,
}

impl Network {
    /// Starts it: every machine boots within the first second. Until time passes, no daemon runs anywhere: call
    /// [`Simulation::settle`] first.
    ///
    /// # Errors
    /// Everything that is wrong with its parts, or else with its configurations.
    pub fn start(self) -> Result<Simulation, Error> {
        let Self { seed, hosts, links, addresses, routes, tolerated } = self;
        let mut build = Build::default();
        build.plan.seed = seed;
        build.plan.tolerated = tolerated;
        for machine in &hosts {
            build.add_host(&machine.name);
        }
        for (host, address) in &addresses {
            build.add_address(host, address);
        }
        for (host, prefix, next_hop) in &routes {
            build.add_route(host, prefix, next_hop);
        }
        let mut link_names = Vec::new();
        for link in links {
            if link_names.contains(&link.name) {
                build.wrong.push(format!("link {:?}: there are two of this name", link.name));
            }
            let ends = build.ends(&link.name, &link.ends);
            build.plan.links.push(LinkPlan { ends, quality: link.quality });
            link_names.push(link.name);
        }
        let Build { mut plan, wrong, .. } = build;
        if !wrong.is_empty() {
            return Err(Error::Network(wrong));
        }
        let mut faults = Vec::new();
        for (number, machine) in hosts.iter().enumerate() {
            let Some(source) = &machine.config else { continue };
            match (read(source, &machine.name, &all_addresses(&plan, number)), plan.hosts.get_mut(number)) {
                (Ok((text, _)), Some(host)) => host.config = Some(text),
                (Ok(_), None) => {}
                (Err(found), _) => faults.extend(found),
            }
        }
        if !faults.is_empty() {
            return Err(Error::Config(faults));
        }
        let world = World::new(&plan).map_err(|error| Error::network(error.to_string()))?;
        Ok(Simulation::new(world, link_names, tolerated))
    }
}

/// The text of a configuration and what it says, if a host with these addresses can have it.
pub(super) fn read(
    source: &Source,
    host: &str,
    addresses: &[IpAddr],
) -> Result<(String, Model), Vec<ConfigDiagnostic>> {
    let (file, text) = match source {
        Source::Text(text) => (host.to_owned(), text.clone()),
        Source::File(path) => (path.display().to_string(), load(path)?),
    };
    let model = config::parse(&text, &file, &HostFacts { addresses })?;
    Ok((text, model))
}

fn load(path: &Path) -> Result<String, Vec<ConfigDiagnostic>> {
    fs::read_to_string(path).map_err(|error| {
        let (file, message) = (path.display().to_string(), format!("cannot be read: {error}"));
        vec![ConfigDiagnostic { file, position: None, key: String::new(), message }]
    })
}

/// Every address of a host, on links or not.
fn all_addresses(plan: &Plan, host: usize) -> Vec<IpAddr> {
    let own = plan.hosts.get(host).into_iter().flat_map(|host| host.addresses.iter().copied());
    let ends = plan.links.iter().flat_map(|link| &link.ends).filter(|end| end.host == host);
    let all: BTreeSet<IpAddr> = own.chain(ends.flat_map(|end| &end.addresses).map(IpNet::addr)).collect();
    all.into_iter().collect()
}

impl Build {
    fn add_host(&mut self, name: &str) {
        let number = self.plan.hosts.len();
        if self.names.insert(name.to_owned(), number).is_some() {
            self.wrong.push(format!("host {name:?}: there are two of this name"));
        }
        // Its configuration is read when all its addresses are known.
        self.plan.hosts.push(HostPlan { config: None, ..HostPlan::speaker(name, String::new()) });
    }

    fn add_address(&mut self, host: &str, text: &str) {
        let Ok(address) = text.parse::<IpAddr>() else {
            return self.wrong.push(format!("host {host:?}: {text:?} is no address"));
        };
        self.own(host, address);
        self.on_host(host, |host| host.addresses.push(address));
    }

    fn add_route(&mut self, host: &str, prefix: &str, next_hop: &str) {
        let parsed = prefix.parse::<IpNet>().ok().zip(next_hop.parse::<IpAddr>().ok());
        let Some((net, gateway)) = parsed.filter(|(net, _)| net.trunc() == *net) else {
            return self.wrong.push(format!(
                "host {host:?}: {prefix:?} by {next_hop:?} is no route: a prefix without host bits and an address make one"
            ));
        };
        self.on_host(host, |host| host.statics.push((net, gateway)));
    }

    fn on_host(&mut self, name: &str, call: impl FnOnce(&mut HostPlan)) {
        let host = self.names.get(name).and_then(|&host| self.plan.hosts.get_mut(host));
        match host {
            Some(host) => call(host),
            None => self.wrong.push(format!("host {name:?} is not there")),
        }
    }

    fn own(&mut self, host: &str, address: IpAddr) {
        if let Some(other) = self.owners.insert(address, host.to_owned()) {
            self.wrong.push(format!("{address} is an address of both {other:?} and {host:?}"));
        }
    }

    fn ends(&mut self, link: &str, named: &[(String, String)]) -> Vec<EndPlan> {
        let mut ends: Vec<EndPlan> = Vec::new();
        for (name, text) in named {
            let (Some(&host), Ok(net)) = (self.names.get(name), text.parse::<IpNet>()) else {
                self.wrong.push(match self.names.contains_key(name) {
                    true => format!(
                        "link {link:?}, {name:?}: {text:?} is no address with the length of its prefix"
                    ),
                    false => format!("link {link:?}: host {name:?} is not there"),
                });
                continue;
            };
            self.own(name, net.addr());
            match ends.iter_mut().find(|end| end.host == host) {
                Some(end) => end.addresses.push(net),
                None => ends.push(EndPlan { host, addresses: vec![net] }),
            }
        }
        ends
    }
}
