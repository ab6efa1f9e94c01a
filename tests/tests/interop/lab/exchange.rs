//! Two speakers that exchange routes: the one scenario for every pair of implementations.

use std::net::IpAddr;

use crier_tests::lab::{Announce, Daemon, Kind, Lab, Plan, start};

/// What carries the session.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    Ipv4,
    Ipv6,
}

/// AS numbers of two speakers. The higher one does not fit two octets.
#[derive(Clone, Copy)]
pub(super) enum Relation {
    Internal,
    External,
}

/// One side of the link.
struct Side {
    asn: u32,
    id: u8,
    ipv4: &'static str,
    ipv6: &'static str,
    prefix4: &'static str,
    prefix6: &'static str,
}

/// `left` and `right` announce a route of each family over one session; each must hold the other's with every attribute.
pub(super) fn exchange(left: Kind, right: Kind, transport: Transport, relation: Relation) {
    let Some(lab) = Lab::new(&[left, right]) else { return };
    let (asn_a, asn_b) = match relation {
        Relation::Internal => (65001, 65001),
        Relation::External => (65001, 4_200_000_002),
    };
    let side_a = Side {
        asn: asn_a,
        id: 1,
        ipv4: "192.0.2.1",
        ipv6: "2001:db8::1",
        prefix4: "172.20.1.0/24",
        prefix6: "2001:db8:1::/48",
    };
    let side_b = Side {
        asn: asn_b,
        id: 2,
        ipv4: "192.0.2.2",
        ipv6: "2001:db8::2",
        prefix4: "172.20.2.0/24",
        prefix6: "2001:db8:2::/48",
    };
    let (a, b) = (lab.node("a"), lab.node("b"));
    a.link(&["192.0.2.1/24", "2001:db8::1/64"], &b, &["192.0.2.2/24", "2001:db8::2/64"]);
    let left = start(left, &a, &side_a.plan(left, &side_b, transport));
    let right = start(right, &b, &side_b.plan(right, &side_a, transport));
    side_b.assert_held_by(&*left, transport, relation);
    side_a.assert_held_by(&*right, transport, relation);
}

impl Side {
    fn address(&self, transport: Transport) -> &'static str {
        match transport {
            Transport::Ipv4 => self.ipv4,
            Transport::Ipv6 => self.ipv6,
        }
    }

    fn plan(&self, kind: Kind, other: &Self, transport: Transport) -> Plan {
        // A route of the transport's family gets the speaker's own address. For the other family only crier looks for an
        // address itself, on the interface that the session uses.
        let next_hop = |own: Transport, address: &str| -> Option<IpAddr> {
            if own == transport || kind == Kind::Crier { None } else { address.parse().ok() }
        };
        let tagged = Announce {
            prefix: self.prefix4.to_owned(),
            next_hop: next_hop(Transport::Ipv4, self.ipv4),
            communities: vec!["65000:99".to_owned(), "no-export".to_owned()],
            large_communities: vec!["65000:1:2".to_owned()],
            med: Some(7),
        };
        let plain = Announce {
            prefix: self.prefix6.to_owned(),
            next_hop: next_hop(Transport::Ipv6, self.ipv6),
            ..Announce::default()
        };
        Plan::new(self.asn, [10, 0, 0, self.id])
            .neighbor(self.address(transport), other.address(transport), other.asn)
            .announce_route(tagged)
            .announce_route(plain)
    }

    /// Asserts that `other` holds exactly what this side announces.
    fn assert_held_by(&self, other: &dyn Daemon, transport: Transport, relation: Relation) {
        let neighbor = self.address(transport);
        other.await_established(neighbor);
        let routes = other.await_prefixes(neighbor, &[self.prefix4, self.prefix6]);
        let path: &[u32] = match relation {
            Relation::Internal => &[],
            Relation::External => &[self.asn],
        };
        let tagged = &routes[self.prefix4];
        assert_eq!(tagged.next_hop, self.ipv4, "next hop at {other:?}");
        assert_eq!(tagged.as_path, path, "path at {other:?}");
        assert_eq!(tagged.communities, ["65000:99", "no-export"], "communities at {other:?}");
        assert_eq!(tagged.large_communities, ["65000:1:2"], "large communities at {other:?}");
        assert_eq!(tagged.med, Some(7), "MED at {other:?}");
        if matches!(relation, Relation::Internal) {
            assert_eq!(tagged.local_pref, Some(100), "LOCAL_PREF at {other:?}");
        }
        let plain = &routes[self.prefix6];
        assert_eq!(plain.next_hop, self.ipv6, "next hop of IPv6 at {other:?}");
        assert_eq!(plain.as_path, path, "path of IPv6 at {other:?}");
        assert!(plain.communities.is_empty(), "communities of IPv6 at {other:?}: {:?}", plain.communities);
    }
}
