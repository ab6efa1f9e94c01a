use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn hop(gateway: Option<&str>, interface: u32) -> Hop {
    Hop { gateway: gateway.map(ip), interface, onlink: false }
}

fn route(prefix: &str, metric: u32, hop: Option<Hop>) -> Foreign {
    Foreign { prefix: prefix.parse().unwrap(), metric, protocol: 4, hops: hops_of(hop), seen: 1 }
}

/// Two interfaces that work, each with a network.
fn ways() -> Ways {
    let mut ways = Ways::new(6, 3, 3, 2);
    for (interface, prefix) in [(1, "192.0.2.0/24"), (2, "198.51.100.0/24")] {
        ways.interface(interface, true, 1);
        ways.route(route(prefix, 0, Some(hop(None, interface))));
    }
    ways
}

impl Ways {
    /// There is this route from now on.
    pub(crate) fn route(&mut self, route: Foreign) {
        let place = self.routes.iter().position(|known| known.is_like(&route));
        self.put(place, route);
    }
}

/// The gateway and interface of the way to an address, and its cost.
fn find(ways: &Ways, address: &str) -> Option<(String, u32, u32)> {
    let way = ways.find(ip(address))?;
    Some((way.first().gateway.unwrap().to_string(), way.first().interface, way.cost))
}

/// What a refresh tells.
fn told(ways: &mut Ways) -> Vec<(String, Option<u32>, Option<u32>)> {
    let mut told = Vec::new();
    let interface = |way: Option<Way>| way.map(|way| way.first().interface);
    ways.refresh(
        &mut (),
        |(), _| false,
        |(), address, before, after| {
            told.push((address.to_string(), interface(before), interface(after)));
        },
    );
    told.sort();
    told
}

/// Where there is no room for all, links come first, then what the operator has routed by hand.
#[test]
fn what_there_is_room_for_first() {
    let of = |protocol, prefix: &str, hop| Foreign { protocol, ..route(prefix, 0, Some(hop)) };
    let daemons = |prefix: &str| of(188, prefix, hop(Some("192.0.2.9"), 1));
    let mut ways = ways();
    (10..14).for_each(|id| ways.route(daemons(&format!("10.{id}.0.0/16"))));
    assert_eq!((find(&ways, "10.13.0.1").is_some(), ways.lost), (true, 0));
    ways.route(daemons("10.14.0.0/16"));
    assert_eq!((find(&ways, "10.14.0.1"), ways.lost), (None, 1));
    // In the place of what daemons have learned, and of what is by hand.
    ways.route(of(libc::RTPROT_STATIC, "10.20.0.0/16", hop(Some("192.0.2.9"), 1)));
    for id in 30..33 {
        ways.route(of(libc::RTPROT_STATIC, &format!("10.{id}.0.0/16"), hop(Some("192.0.2.9"), 1)));
    }
    let known = |ways: &Ways, prefix: &str| {
        ways.routes.iter().any(|known| known.prefix == route(prefix, 0, None).prefix)
    };
    assert!(known(&ways, "10.20.0.0/16") && known(&ways, "10.32.0.0/16"));
    for id in 40..46 {
        ways.route(of(libc::RTPROT_KERNEL, &format!("10.{id}.0.0/16"), hop(None, 2)));
    }
    assert!((40..46).all(|id| known(&ways, &format!("10.{id}.0.0/16"))), "{:?}", ways.routes);
    // One link more is one too many, and what is not on a link is none.
    ways.route(of(libc::RTPROT_KERNEL, "10.46.0.0/16", hop(None, 2)));
    ways.route(of(libc::RTPROT_KERNEL, "10.47.0.0/16", hop(Some("192.0.2.9"), 1)));
    assert_eq!((ways.routes.len(), known(&ways, "10.46.0.0/16")), (6, false));
    assert!((40..46).all(|id| known(&ways, &format!("10.{id}.0.0/16"))) && !known(&ways, "10.47.0.0/16"));
}

/// A dump of IPv6 routes leaves some out when others change meanwhile, and does not say so.
#[test]
fn an_ipv6_route_is_gone_when_two_dumps_have_not_shown_it() {
    let mut ways = ways();
    ways.route(route("2001:db8::/64", 0, Some(hop(None, 1))));
    let mut dump = |number| {
        for index in [1, 2] {
            ways.interface(index, true, number);
        }
        (ways.forget_unseen(number), find(&ways, "2001:db8::9").is_some(), find(&ways, "192.0.2.9").is_some())
    };
    assert_eq!(dump(1), (false, true, true));
    assert_eq!(dump(2), (true, true, false));
    assert_eq!(dump(3), (false, false, false));
}

/// Every link has the same route for it, and a next hop does not say which is meant.
#[test]
fn a_link_local_next_hop_is_reached_where_there_is_one_link() {
    let mut ways = Ways::new(6, 3, 3, 2);
    for index in 1..=3 {
        ways.interface(index, true, 1);
    }
    ways.route(route("fe80::/64", 256, Some(hop(None, 2))));
    ways.route(route("2001:db8::/64", 256, Some(hop(None, 2))));
    assert_eq!((find(&ways, "fe80::9"), find(&ways, "2001:db8::9").is_some()), (None, true));
    ways.interface(3, false, 1);
    assert_eq!(find(&ways, "fe80::9"), Some(("fe80::9".into(), 2, 256)));
}

#[test]
fn on_the_link_the_next_hop_is_the_gateway() {
    let ways = ways();
    assert_eq!(find(&ways, "192.0.2.9"), Some(("192.0.2.9".into(), 1, 0)));
    assert_eq!(find(&ways, "203.0.113.9"), None);
    assert_eq!(find(&ways, "2001:db8::1"), None);
}

#[test]
fn the_longest_match_wins_and_then_the_lowest_metric() {
    let mut ways = ways();
    ways.route(route("203.0.0.0/16", 5, Some(hop(Some("192.0.2.1"), 1))));
    assert_eq!(find(&ways, "203.0.113.9"), Some(("192.0.2.1".into(), 1, 5)));
    ways.route(route("203.0.113.0/24", 50, Some(hop(Some("198.51.100.1"), 2))));
    assert_eq!(find(&ways, "203.0.113.9"), Some(("198.51.100.1".into(), 2, 50)));
    ways.route(route("203.0.113.0/24", 40, Some(hop(Some("192.0.2.2"), 1))));
    assert_eq!(find(&ways, "203.0.113.9"), Some(("192.0.2.2".into(), 1, 40)));
    // The same once more, leading elsewhere, takes its place.
    ways.route(route("203.0.113.0/24", 40, Some(hop(Some("192.0.2.3"), 1))));
    assert_eq!(find(&ways, "203.0.113.9"), Some(("192.0.2.3".into(), 1, 40)));
    ways.route_gone(&route("203.0.113.0/24", 40, Some(hop(Some("192.0.2.3"), 1))));
    assert_eq!(find(&ways, "203.0.113.9"), Some(("198.51.100.1".into(), 2, 50)));
    // One that leads nowhere on purpose is a match as well.
    ways.route(route("203.0.113.9/32", 1000, None));
    assert_eq!(find(&ways, "203.0.113.9"), None);
    assert_eq!(find(&ways, "203.0.113.8"), Some(("198.51.100.1".into(), 2, 50)));
}

#[test]
fn routes_of_a_dead_link_count_as_none() {
    let mut ways = ways();
    ways.route(route("192.0.0.0/16", 0, Some(hop(Some("198.51.100.1"), 2))));
    assert!(ways.interface(1, false, 1));
    assert!(!ways.interface(1, false, 1));
    assert_eq!(find(&ways, "192.0.2.9"), Some(("198.51.100.1".into(), 2, 0)));
    assert_eq!(ways.routes().count(), 2);
    assert!(ways.interface(2, false, 1));
    assert_eq!(find(&ways, "192.0.2.9"), None);
    assert!(ways.interface(1, true, 1));
    assert_eq!(find(&ways, "192.0.2.9"), Some(("192.0.2.9".into(), 1, 0)));
    ways.interface_gone(1);
    assert_eq!(find(&ways, "192.0.2.9"), None);
}

#[test]
fn changes_are_told_once_to_those_that_they_concern() {
    let mut ways = ways();
    assert!(ways.follow(ip("192.0.2.9"), false).is_some());
    assert!(ways.follow(ip("203.0.113.9"), false).is_none());
    assert!(told(&mut ways).is_empty());
    ways.route(route("203.0.113.0/24", 0, Some(hop(Some("192.0.2.1"), 1))));
    assert_eq!(told(&mut ways), [("203.0.113.9".into(), None, Some(1))]);
    ways.route(route("203.0.113.0/24", 0, Some(hop(Some("198.51.100.1"), 2))));
    assert_eq!(told(&mut ways), [("203.0.113.9".into(), Some(1), Some(2))]);
    assert!(told(&mut ways).is_empty());
    // What a dump does not have is gone.
    ways.interface(1, true, 2);
    ways.interface(2, true, 2);
    ways.route(Foreign { seen: 2, ..route("192.0.2.0/24", 0, Some(hop(None, 1))) });
    assert!(!ways.forget_unseen(2));
    assert_eq!(told(&mut ways), [("203.0.113.9".into(), Some(2), None)]);
    assert_eq!(ways.way(ip("192.0.2.9")).map(|way| way.first().interface), Some(1));
    assert_eq!(ways.way(ip("203.0.113.9")), None);
}

#[test]
fn what_there_is_no_room_for_is_counted() {
    let mut ways = ways();
    for host in 1..=5 {
        ways.route(route(&format!("203.0.113.{host}/32"), 0, Some(hop(Some("192.0.2.1"), 1))));
        ways.interface(host, true, 1);
        ways.follow(ip(&format!("192.0.2.{host}")), false);
    }
    // Six routes, three interfaces, three next hops.
    assert_eq!(ways.lost, 1 + 2 + 2);
    assert_eq!(find(&ways, "203.0.113.4"), Some(("192.0.2.1".into(), 1, 0)));
    assert_eq!(find(&ways, "203.0.113.5"), None);
    assert_eq!(ways.way(ip("192.0.2.4")), None);
}

#[test]
fn what_found_no_room_is_to_be_looked_for_once_there_is_some() {
    let mut ways = ways();
    for host in 1..=5 {
        ways.route(route(&format!("203.0.113.{host}/32"), 0, Some(hop(Some("192.0.2.1"), 1))));
    }
    let seen_in = |ways: &mut Ways, dump: u32, hosts: std::ops::RangeInclusive<u8>| {
        for (interface, prefix) in [(1, "192.0.2.0/24"), (2, "198.51.100.0/24")] {
            ways.interface(interface, true, dump);
            ways.route(Foreign { seen: dump, ..route(prefix, 0, Some(hop(None, interface))) });
        }
        for host in hosts {
            let prefix = format!("203.0.113.{host}/32");
            ways.route(Foreign { seen: dump, ..route(&prefix, 0, Some(hop(Some("192.0.2.1"), 1))) });
        }
    };
    // The table is full of the same: another dump would tell the same.
    seen_in(&mut ways, 2, 1..=5);
    assert!(!ways.forget_unseen(2));
    // The first three have gone without a word, and only this dump tells.
    seen_in(&mut ways, 3, 4..=6);
    assert_eq!((find(&ways, "203.0.113.6"), ways.forget_unseen(3)), (None, true));
    seen_in(&mut ways, 4, 4..=6);
    assert!(!ways.forget_unseen(4) && find(&ways, "203.0.113.6").is_some());
}

#[test]
fn a_route_over_several_ways_lends_all_that_work() {
    let mut ways = ways();
    let several = [hop(Some("192.0.2.1"), 1), hop(Some("198.51.100.1"), 2), hop(Some("192.0.2.2"), 1)];
    ways.route(Foreign { hops: hops_of(several), ..route("203.0.113.0/24", 7, None) });
    ways.follow(ip("203.0.113.9"), false);
    let over = |ways: &Ways| {
        let hops = ways.way(ip("203.0.113.9")).into_iter().flat_map(|way| way.hops().collect::<Vec<_>>());
        hops.map(|hop| hop.gateway.unwrap().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(over(&ways), ["192.0.2.1", "198.51.100.1", "192.0.2.2"]);
    assert_eq!(find(&ways, "203.0.113.9"), Some(("192.0.2.1".into(), 1, 7)));
    ways.interface(1, false, 1);
    assert_eq!(told(&mut ways), [("203.0.113.9".into(), Some(1), Some(2))]);
    assert_eq!((over(&ways), ways.routes().count()), (vec!["198.51.100.1".to_owned()], 2));
    ways.interface(2, false, 1);
    assert_eq!((told(&mut ways).len(), over(&ways).len(), ways.routes().count()), (1, 0, 0));
    ways.interface(1, true, 1);
    assert_eq!((told(&mut ways).len(), over(&ways).len()), (1, 2));
    // Another one more or less is a change, and of five the first four are used.
    let many = (1..=5).map(|host| hop(Some(&format!("192.0.2.{host}")), 1));
    ways.route(Foreign { hops: hops_of(many), ..route("203.0.113.0/24", 7, None) });
    assert_eq!((told(&mut ways).len(), over(&ways).len()), (1, 4));
}

#[test]
fn no_way_leads_to_this_host_itself() {
    let mut ways = ways();
    assert!(ways.follow(ip("192.0.2.9"), true).is_none());
    assert!(ways.follow(ip("192.0.2.8"), false).is_some());
    let refreshed = |ways: &mut Ways, own: &str| {
        ways.own_addresses_changed();
        let mut told = Vec::new();
        let own = ip(own);
        ways.refresh(
            &mut told,
            |_, address| address == own,
            |told, address, _, now| {
                told.push((address.to_string(), now.is_some()));
            },
        );
        told.sort();
        told
    };
    let changed = [("192.0.2.8".to_owned(), false), ("192.0.2.9".to_owned(), true)];
    assert_eq!(refreshed(&mut ways, "192.0.2.8"), changed);
    assert_eq!(refreshed(&mut ways, "192.0.2.8"), []);
}

#[test]
fn a_default_route_leads_to_no_next_hop() {
    let mut ways = ways();
    ways.route(route("0.0.0.0/0", 0, Some(hop(Some("198.51.100.1"), 2))));
    ways.route(route("::/0", 0, Some(hop(Some("fe80::1"), 2))));
    ways.follow(ip("192.0.2.9"), false);
    assert_eq!((find(&ways, "203.0.113.9"), find(&ways, "2001:db8::1")), (None, None));
    ways.interface(1, false, 1);
    assert_eq!(told(&mut ways), [("192.0.2.9".into(), Some(1), None)]);
}

#[test]
fn a_neighbor_that_has_to_be_on_a_link_is_reached_by_it_alone() {
    let mut ways = ways();
    ways.meet([ip("192.0.2.9"), ip("192.0.2.8")].into_iter());
    ways.route(route("192.0.0.0/16", 0, Some(hop(Some("198.51.100.1"), 2))));
    ways.follow(ip("192.0.2.9"), false);
    ways.follow(ip("192.0.2.7"), false);
    ways.interface(1, false, 1);
    let gone = ("192.0.2.9".to_owned(), Some(1), None);
    assert_eq!(told(&mut ways), [("192.0.2.7".to_owned(), Some(1), Some(2)), gone]);
    ways.meet([].into_iter());
    assert_eq!(find(&ways, "192.0.2.9"), Some(("198.51.100.1".into(), 2, 0)));
}

#[test]
fn of_two_routes_alike_one_goes() {
    let mut ways = ways();
    let one = route("203.0.113.0/24", 0, Some(hop(Some("192.0.2.1"), 1)));
    let other = route("203.0.113.0/24", 0, Some(hop(Some("198.51.100.1"), 2)));
    let heard = Origin { sequence: 0, port: 0, dump: false, replaces: false };
    let dump = Origin { dump: true, ..heard };
    ways.follow(ip("203.0.113.9"), false);
    assert!(ways.told(one, heard) && ways.told(one, heard));
    assert_eq!(told(&mut ways), [("203.0.113.9".into(), None, Some(1))]);
    // Another one comes, and which of them is used is to be looked at.
    assert!(!ways.told(other, heard));
    ways.route_gone(&other);
    assert!(told(&mut ways).is_empty());
    // Dumps have them in the order in which they are used.
    for (seen, first, second, expected) in [(2, one, other, None), (3, other, one, Some(2))] {
        assert!(ways.told(Foreign { seen, ..first }, dump) && ways.told(Foreign { seen, ..second }, dump));
        let expected = expected.map(|interface| ("203.0.113.9".to_owned(), Some(1), Some(interface)));
        assert_eq!(told(&mut ways), expected.into_iter().collect::<Vec<_>>());
    }
    // One whose link has failed is none.
    ways.interface(2, false, 3);
    assert!(ways.told(Foreign { seen: 3, ..one }, dump));
    assert_eq!(told(&mut ways), [("203.0.113.9".into(), Some(2), Some(1))]);
    ways.interface(2, true, 3);
    // One that takes the place of another.
    assert!(ways.told(other, Origin { replaces: true, ..heard }));
    assert_eq!(told(&mut ways), [("203.0.113.9".into(), Some(1), Some(2))]);
    ways.route_gone(&other);
    assert_eq!(told(&mut ways), [("203.0.113.9".into(), Some(2), None)]);
}

#[test]
fn prefixes_of_the_host_are_taken_while_their_links_work() {
    let mut ways = ways();
    let connected = |prefix: &str| Foreign { protocol: 2, ..route(prefix, 100, Some(hop(None, 1))) };
    ways.route(connected("192.0.2.0/24"));
    let take = |ways: &mut Ways| {
        let mut told = Vec::new();
        ways.take(20, |prefix| told.push(prefix.to_string()));
        told
    };
    // RTPROT_STATIC is 4: the fixture's second one stands there by hand.
    assert_eq!(take(&mut ways), ["192.0.2.0/24", "198.51.100.0/24"]);
    assert!(ways.is_taken("192.0.2.0/24".parse().unwrap()));
    assert!(take(&mut ways).is_empty());
    ways.interface(1, false, 1);
    assert_eq!(take(&mut ways), ["192.0.2.0/24"]);
    assert!(!ways.is_taken("192.0.2.0/24".parse().unwrap()));
}
