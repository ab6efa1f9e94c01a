//! Own addresses of the interface that a session uses: next hops for the family that the session does not run over.

use std::net::{IpAddr, SocketAddr};

use crier_core::speaker::Ends;
use crier_core::{Instant, Millis};

/// Addresses are read anew at most this often: a crowd that connects at once costs one look.
const FRESH: Millis = Millis::from_secs(1);

/// What is known of the host's interfaces.
#[derive(Debug, Default)]
pub(crate) struct Interfaces {
    addresses: Vec<(String, IpAddr)>,
    read_at: Option<Instant>,
}

impl Interfaces {
    /// The two ends of a connection, with what its interface has besides. Where the kernel does not tell, there is just
    /// nothing besides.
    pub(crate) fn ends(&mut self, now: Instant, remote: SocketAddr, local: SocketAddr) -> Ends {
        if self.read_at.is_none_or(|at| now.since(at) >= FRESH) {
            self.read_at = Some(now);
            match if_addrs::get_if_addrs() {
                Ok(list) => self.addresses = list.into_iter().map(|i| (i.name.clone(), i.ip())).collect(),
                Err(error) => log::warn!("cannot read the addresses of this host: {error}"),
            }
        }
        ends_among(&self.addresses, remote, local)
    }
}

/// Every address of this host.
///
/// # Errors
/// What the system says if it does not tell.
pub fn host_addresses() -> std::io::Result<Vec<IpAddr>> {
    Ok(if_addrs::get_if_addrs()?.into_iter().map(|interface| interface.ip()).collect())
}

fn ends_among(addresses: &[(String, IpAddr)], remote: SocketAddr, local: SocketAddr) -> Ends {
    let own = local.ip().to_canonical();
    let interface = addresses.iter().find(|(_, address)| *address == own).map(|(name, _)| name);
    let mut ends = Ends::new(remote, local);
    for (_, address) in addresses.iter().filter(|(name, _)| Some(name) == interface) {
        match address {
            IpAddr::V4(address) => ends.ipv4 = ends.ipv4.or(Some(*address)),
            IpAddr::V6(address) if address.is_unicast_link_local() => {
                ends.link_local = ends.link_local.or(Some(*address));
            }
            IpAddr::V6(address) => ends.ipv6 = ends.ipv6.or(Some(*address)),
        }
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_interface_of_the_session_counts() {
        let list = [
            ("lo", "127.0.0.1"),
            ("eth0", "fe80::1"),
            ("eth1", "192.0.2.1"),
            ("eth0", "10.0.0.1"),
            ("eth0", "fd00::1"),
        ];
        let list = list.map(|(name, address)| (name.to_owned(), address.parse().unwrap()));
        let ends = ends_among(&list, "10.0.0.2:179".parse().unwrap(), "10.0.0.1:4000".parse().unwrap());
        assert_eq!(ends.ipv4, Some("10.0.0.1".parse().unwrap()));
        assert_eq!(ends.ipv6, Some("fd00::1".parse().unwrap()));
        assert_eq!(ends.link_local, Some("fe80::1".parse().unwrap()));
        let unknown = ends_among(&list, "10.9.0.2:179".parse().unwrap(), "10.9.0.1:4000".parse().unwrap());
        assert_eq!((unknown.ipv4, unknown.ipv6), (None, None));
    }

    #[test]
    fn loopback_is_an_interface_too() {
        let (remote, local) = ("[::1]:179".parse().unwrap(), "[::1]:4000".parse().unwrap());
        let ends = Interfaces::default().ends(Instant::EPOCH, remote, local);
        assert_eq!(ends.ipv4, Some("127.0.0.1".parse().unwrap()));
    }
}
