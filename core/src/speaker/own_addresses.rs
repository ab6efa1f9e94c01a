//! Own addresses: no route's next hop may be one of them (RFC 4271, 6.3). The driver tells them, or sessions bring them to
//! light one by one; see docs/decisions/008.

use core::net::IpAddr;

use super::Speaker;
use super::types::Ends;

/// Own addresses remembered. What is missed beyond is one sanity check of next hops.
pub(super) const OWN_ADDRESSES: usize = 256;

/// Own addresses, in order.
pub(super) type OwnAddresses = heapless::Vec<IpAddr, OWN_ADDRESSES>;

impl Speaker<'_> {
    /// Takes over all addresses of the host.
    pub(super) fn on_set_own_addresses(&mut self, addresses: &[IpAddr]) {
        let former = core::mem::take(&mut self.own_addresses);
        let mut surprise = false;
        for address in addresses.iter().map(IpAddr::to_canonical) {
            surprise |= insert(&mut self.own_addresses, address)
                && former.binary_search(&address).is_err()
                && self.rib.shared.attrs.is_learned_next_hop(address);
        }
        if surprise {
            self.ask_everybody();
        }
    }

    /// Remembers the own addresses of a connection that has come to be.
    pub(super) fn learn_own_addresses(&mut self, ends: &Ends) {
        let found = [Some(ends.local.ip()), ends.ipv4.map(IpAddr::V4), ends.ipv6.map(IpAddr::V6)];
        for address in found.into_iter().flatten().map(|address| address.to_canonical()) {
            // What was accepted with it when nobody knew comes again, and is refused then.
            if insert(&mut self.own_addresses, address) && self.rib.shared.attrs.is_learned_next_hop(address)
            {
                self.ask_everybody();
            }
        }
    }

    /// Asks every neighbor that has accepted routes, and can, to announce everything again.
    fn ask_everybody(&mut self) {
        for peer in 1..self.peers.len() {
            let slot = &self.peers[peer];
            if let Some(conn) = slot.session
                && slot.families.iter().any(|family| family.accepted > 0)
            {
                self.ask_refresh(conn);
            }
        }
    }

    /// Whether this host is known to have an address: see [`Speaker::set_own_addresses`].
    pub fn is_own_address(&self, address: IpAddr) -> bool {
        self.own_addresses.binary_search(&address.to_canonical()).is_ok()
    }

    /// Whether a next hop (4, 16 or 32 bytes) from this neighbor is an own address.
    pub(super) fn is_own_next_hop(&self, peer: u16, next_hop: &[u8]) -> bool {
        let address: IpAddr = match (next_hop.first_chunk::<16>(), next_hop.first_chunk::<4>()) {
            (Some(&octets), _) => octets.into(),
            (None, Some(&octets)) => octets.into(),
            (None, None) => return false,
        };
        // A link-local address is own on its own link; on the neighbor's it may be anybody's (RFC 4007, 6).
        if let IpAddr::V6(local) = address
            && local.is_unicast_link_local()
        {
            let ends = self.peers[usize::from(peer)].ends;
            return ends.is_some_and(|ends| ends.local.ip() == address || ends.link_local == Some(local));
        }
        // An own IPv4 address is no less own where it is written as an IPv6 one.
        self.own_addresses.binary_search(&address.to_canonical()).is_ok()
    }
}

/// Puts an address where it belongs; false if it was there or there is no room.
fn insert(addresses: &mut OwnAddresses, address: IpAddr) -> bool {
    addresses.binary_search(&address).is_err_and(|place| addresses.insert(place, address).is_ok())
}
