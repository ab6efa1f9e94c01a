//! Hosts and links being put together into a plan.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use super::text::Document;
use crate::sim::Plan;
use crate::sim::plan::{EndPlan, HostPlan, LinkPlan, Quality};

/// IPv4 or IPv6: what a session runs over, and what kind of prefix is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

impl Version {
    /// Whether an address is of this version.
    pub const fn is(self, address: IpAddr) -> bool {
        matches!((self, address), (Self::V4, IpAddr::V4(_)) | (Self::V6, IpAddr::V6(_)))
    }
}

/// Hosts and links so far. A host with a document gets a speaker.
#[derive(Clone, Debug, Default)]
pub struct Builder {
    /// Hosts; their configuration is filled in at the end.
    pub hosts: Vec<HostPlan>,
    /// For each host what will be its `crier.toml`.
    pub documents: Vec<Option<Document>>,
    /// Links.
    pub links: Vec<LinkPlan>,
}

impl Builder {
    /// Adds a host; without a document it only forwards.
    pub fn host(&mut self, name: impl AsRef<str>, document: Option<Document>) -> usize {
        self.hosts.push(HostPlan::speaker(name.as_ref(), String::new()));
        self.documents.push(document);
        self.hosts.len() - 1
    }

    /// What will be the `crier.toml` of a host that has a speaker.
    pub fn document(&mut self, host: usize) -> Option<&mut Document> {
        self.documents.get_mut(host)?.as_mut()
    }

    /// Adds a link whose interfaces have these addresses.
    pub fn wire(&mut self, ends: Vec<(usize, Vec<IpNet>)>) -> usize {
        let ends = ends.into_iter().map(|(host, addresses)| EndPlan { host, addresses }).collect();
        self.links.push(LinkPlan { ends, quality: Quality::default() });
        self.links.len() - 1
    }

    /// Adds a link between hosts in a subnet of its own of both versions: the `n`th end of link `m` is
    /// `10.(m / 256).(m % 256).(n + 1)/24` and `fd00:0:0:m::(n + 1)/64`, with `fe80::m:(n + 1)` beside it.
    pub fn link(&mut self, hosts: &[usize]) -> usize {
        let number = u16::try_from(self.links.len()).unwrap_or(u16::MAX);
        let [high, low] = number.to_be_bytes();
        let ends = (1_u16..).zip(hosts).map(|(end, host)| {
            let last = u8::try_from(end).unwrap_or(u8::MAX);
            let v4 = net_v4(Ipv4Addr::new(10, high, low, last), 24);
            let v6 = net_v6(Ipv6Addr::new(0xFD00, 0, 0, number, 0, 0, 0, end), 64);
            let link_local = net_v6(Ipv6Addr::new(0xFE80, 0, 0, 0, 0, 0, number, end), 64);
            (*host, vec![v4, v6, link_local])
        });
        let ends = ends.collect();
        self.wire(ends)
    }

    /// Takes the IPv4 addresses from a link: IPv4 prefixes go over it with IPv6 next hops (RFC 8950).
    pub fn ipv6_only(&mut self, link: usize) {
        for end in self.links.get_mut(link).into_iter().flat_map(|link| &mut link.ends) {
            end.addresses.retain(|net| net.addr().is_ipv6());
        }
    }

    /// Gives a host a loopback of both versions, unless it has one.
    pub fn loopback(&mut self, host: usize) {
        let number = u16::try_from(host + 1).unwrap_or(u16::MAX);
        let [high, low] = number.to_be_bytes();
        if let Some(plan) = self.hosts.get_mut(host).filter(|plan| plan.addresses.is_empty()) {
            plan.addresses = vec![
                IpAddr::from([192, 168, 128 | high, low]),
                IpAddr::from(Ipv6Addr::new(0xFD00, 0xFFFF, 0, 0, 0, 0, 0, number)),
            ];
        }
    }

    /// The address of this version that a host has on its loopback.
    pub fn loopback_of(&self, host: usize, version: Version) -> Option<IpAddr> {
        self.hosts.get(host)?.addresses.iter().copied().find(|address| version.is(*address))
    }

    /// The address of this version that a host has on a link.
    pub fn address(&self, link: usize, host: usize, version: Version) -> Option<IpAddr> {
        let end = self.links.get(link)?.ends.iter().find(|end| end.host == host)?;
        end.addresses.iter().map(IpNet::addr).find(|address| version.is(*address))
    }

    /// Every address of a host.
    pub fn addresses(&self, host: usize) -> Vec<IpAddr> {
        let ends = self.links.iter().flat_map(|link| &link.ends).filter(|end| end.host == host);
        let of_links = ends.flat_map(|end| &end.addresses).map(IpNet::addr);
        let own = self.hosts.get(host).into_iter().flat_map(|host| host.addresses.iter().copied());
        of_links.chain(own).collect()
    }

    /// Routes `net` behind `via` on a host.
    pub fn route(&mut self, host: usize, net: IpNet, via: IpAddr) {
        if let Some(plan) = self.hosts.get_mut(host)
            && !plan.statics.iter().any(|(known, _)| *known == net)
        {
            plan.statics.push((net, via));
        }
    }

    /// Routes everything that a host knows nothing better for behind another one on the same link: by its address of the
    /// packets' version, or else its IPv6 one.
    pub fn default_route(&mut self, host: usize, link: usize, via: usize) {
        for (version, any) in
            [(Version::V4, net_v4(Ipv4Addr::UNSPECIFIED, 0)), (Version::V6, net_v6(Ipv6Addr::UNSPECIFIED, 0))]
        {
            let via = self.address(link, via, version).or_else(|| self.address(link, via, Version::V6));
            if let Some(via) = via {
                self.route(host, any, via);
            }
        }
    }

    /// The plan: no faults, no work, and no end yet.
    pub fn plan(self, seed: u64) -> Plan {
        let hosts = self.hosts.into_iter().zip(self.documents).map(|(host, document)| HostPlan {
            installs: host.installs && document.is_some(),
            config: document.map(|document| document.to_string()),
            ..host
        });
        Plan { seed, hosts: hosts.collect(), links: self.links, ..Plan::default() }
    }
}

/// An address with the length of its prefix, all bits if `len` is too long.
pub fn net_v4(address: Ipv4Addr, len: u8) -> IpNet {
    Ipv4Net::new(address, len).unwrap_or_else(|_| Ipv4Net::from(address)).into()
}

/// An address with the length of its prefix, all bits if `len` is too long.
pub fn net_v6(address: Ipv6Addr, len: u8) -> IpNet {
    Ipv6Net::new(address, len).unwrap_or_else(|_| Ipv6Net::from(address)).into()
}
