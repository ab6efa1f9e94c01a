//! What a speaker of a lab is to do, said once for every implementation.

use std::net::{IpAddr, Ipv4Addr};

/// A speaker: its identity, its neighbors and what it announces.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Own AS number.
    pub asn: u32,
    /// BGP identifier.
    pub router_id: Ipv4Addr,
    /// Sessions.
    pub neighbors: Vec<Neighbor>,
    /// Routes originated.
    pub announces: Vec<Announce>,
}

/// One session, seen from one end. Everything is accepted and announced in both families.
#[derive(Clone, Debug)]
pub struct Neighbor {
    /// Own address.
    pub local: IpAddr,
    /// The neighbor's.
    pub remote: IpAddr,
    /// The neighbor's AS number.
    pub remote_asn: u32,
    /// Wait to be called.
    pub passive: bool,
    /// Offer 4-octet AS numbers (RFC 6793).
    pub four_octet_as: bool,
    /// Hold time, in seconds; keepalives go at a third of it.
    pub hold: u16,
    /// Further lines for the implementation's own section of this neighbor.
    pub extra: String,
}

/// A route that a speaker originates.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Announce {
    /// Prefix.
    pub prefix: String,
    /// Next hop; the speaker's own choice if `None`. Routes of the other family than the session's transport need one:
    /// without RFC 8950 a next hop is of the family of its prefix (RFC 4760, 3).
    pub next_hop: Option<IpAddr>,
    /// Communities, as `65000:99` or by name.
    pub communities: Vec<String>,
    /// Large communities, as `65000:1:2`.
    pub large_communities: Vec<String>,
    /// MULTI_EXIT_DISC.
    pub med: Option<u32>,
}

impl Plan {
    /// A speaker without neighbors and routes.
    pub fn new(asn: u32, router_id: [u8; 4]) -> Self {
        Self { asn, router_id: router_id.into(), neighbors: Vec::new(), announces: Vec::new() }
    }

    /// With a session from `local` to `remote` of AS `remote_asn`.
    #[must_use]
    pub fn neighbor(mut self, local: &str, remote: &str, remote_asn: u32) -> Self {
        self.neighbors.push(Neighbor {
            local: address(local),
            remote: address(remote),
            remote_asn,
            passive: false,
            four_octet_as: true,
            hold: 30,
            extra: String::new(),
        });
        self
    }

    /// With the last session changed.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut Neighbor)) -> Self {
        if let Some(last) = self.neighbors.last_mut() {
            change(last);
        }
        self
    }

    /// With a route that has the speaker's own next hop and no further attributes.
    #[must_use]
    pub fn announce(self, prefix: &str) -> Self {
        self.announce_route(Announce { prefix: prefix.to_owned(), ..Announce::default() })
    }

    /// With a route whose next hop is given.
    #[must_use]
    pub fn announce_via(self, prefix: &str, next_hop: &str) -> Self {
        let next_hop = Some(address(next_hop));
        self.announce_route(Announce { prefix: prefix.to_owned(), next_hop, ..Announce::default() })
    }

    /// With a route.
    #[must_use]
    pub fn announce_route(mut self, route: Announce) -> Self {
        self.announces.push(route);
        self
    }
}

impl Neighbor {
    /// Whether the session is within one AS.
    pub fn is_internal(&self, asn: u32) -> bool {
        self.remote_asn == asn
    }
}

impl Announce {
    /// Whether the prefix is an IPv6 one.
    pub fn is_ipv6(&self) -> bool {
        self.prefix.contains(':')
    }
}

/// An address written in a test.
#[track_caller]
pub(super) fn address(text: &str) -> IpAddr {
    super::OrFail::or_fail(text.parse::<IpAddr>(), format_args!("reading address {text}"))
}
