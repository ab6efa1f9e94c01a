//! Own addresses of the interface that a session uses: next hops for the family that the session does not run over.

use std::net::{IpAddr, SocketAddr};

use crier_core::speaker::Ends;
use crier_core::{Instant, Millis};

use crate::addresses::{Asker, PIECE};
use crate::netlink::decode::Address;

/// Addresses are read anew at most this often: a crowd that connects at once costs one look.
const FRESH: Millis = Millis::from_secs(1);

/// Addresses that there is room for from the start. Only a host that has more of them, and more than ever before since
/// the start, makes the loop allocate.
const ROOM: usize = 4096;

/// What is known of the host's interfaces.
#[derive(Debug)]
pub(crate) struct Interfaces {
    addresses: Vec<Address>,
    asker: Option<Asker>,
    read_at: Option<Instant>,
}

impl Interfaces {
    /// Nothing is known yet.
    pub(crate) fn new() -> Self {
        let asker = Asker::open().inspect_err(warn).ok();
        Self { addresses: Vec::with_capacity(ROOM), asker, read_at: None }
    }

    /// The two ends of a connection, with what its interface has besides. Where the kernel does not tell, there is just
    /// nothing besides. The kernel's answer goes through `room`.
    pub(crate) fn ends(
        &mut self,
        now: Instant,
        room: &mut [u8],
        remote: SocketAddr,
        local: SocketAddr,
    ) -> Ends {
        if self.read_at.is_none_or(|at| now.since(at) >= FRESH) {
            self.read_at = Some(now);
            self.read(room);
        }
        ends_among(&self.addresses, remote, local)
    }

    fn read(&mut self, room: &mut [u8]) {
        let Self { addresses, asker: Some(asker), .. } = self else { return };
        addresses.clear();
        if let Err(error) = asker.addresses(room, |address| addresses.push(address)) {
            warn(&error);
        }
    }
}

fn warn(error: &std::io::Error) {
    log::warn!("cannot read the addresses of this host: {error}");
}

/// Every address of this host.
///
/// # Errors
/// What the system says if it does not tell.
pub fn host_addresses() -> std::io::Result<Vec<IpAddr>> {
    let mut found = Vec::new();
    Asker::open()?.addresses(&mut vec![0; PIECE], |address| found.push(address.ip))?;
    Ok(found)
}

fn ends_among(addresses: &[Address], remote: SocketAddr, local: SocketAddr) -> Ends {
    let own = local.ip().to_canonical();
    let interface = addresses.iter().find(|address| address.ip == own).map(|address| address.interface);
    let mut ends = Ends::new(remote, local);
    for address in addresses.iter().filter(|address| Some(address.interface) == interface) {
        match address.ip {
            IpAddr::V4(address) => ends.ipv4 = ends.ipv4.or(Some(address)),
            IpAddr::V6(address) if address.is_unicast_link_local() => {
                ends.link_local = ends.link_local.or(Some(address));
            }
            IpAddr::V6(address) => ends.ipv6 = ends.ipv6.or(Some(address)),
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_interface_of_the_session_counts() {
        let list = [(1, "127.0.0.1"), (2, "fe80::1"), (3, "192.0.2.1"), (2, "10.0.0.1"), (2, "fd00::1")];
        let list = list.map(|(interface, ip)| Address {
            interface,
            ip: ip.parse().unwrap(),
            prefix_length: 0,
            scope: 0,
        });
        let ends = ends_among(&list, "10.0.0.2:179".parse().unwrap(), "10.0.0.1:4000".parse().unwrap());
        assert_eq!(ends.ipv4, Some("10.0.0.1".parse().unwrap()));
        assert_eq!(ends.ipv6, Some("fd00::1".parse().unwrap()));
        assert_eq!(ends.link_local, Some("fe80::1".parse().unwrap()));
        let unknown = ends_among(&list, "10.9.0.2:179".parse().unwrap(), "10.9.0.1:4000".parse().unwrap());
        assert_eq!((unknown.ipv4, unknown.ipv6), (None, None));
    }

    #[test]
    fn loopback_is_an_interface_too() {
        let (remote, local) = ("127.0.0.1:179".parse().unwrap(), "127.0.0.1:4000".parse().unwrap());
        let ends = Interfaces::new().ends(Instant::EPOCH, &mut vec![0; PIECE], remote, local);
        assert_eq!(ends.ipv4, Some("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn every_address_is_listed() {
        assert!(host_addresses().unwrap().contains(&"127.0.0.1".parse().unwrap()));
    }
}
