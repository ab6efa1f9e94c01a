//! Longest match against a naive one, ECMP, recursion.

use std::collections::BTreeSet;

use crier_core::rng::Rng;

use super::*;

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

fn hops(of: &[&str]) -> Option<Vec<IpAddr>> {
    Some(of.iter().map(|text| ip(text)).collect())
}

impl Fib {
    /// The speaker's route for a prefix from now on, over these next hops, each resolved; none without them.
    pub(crate) fn set_learned(&mut self, now: Micros, prefix: IpNet, next_hops: Option<Vec<IpAddr>>) {
        let resolved = |all: Vec<IpAddr>| all.into_iter().flat_map(|one| self.gateways(one, false)).collect();
        match next_hops.map(resolved) {
            Some(hops) => self.learn(now, prefix, Lead::Hops(hops)),
            None => drop(self.unlearn(prefix)),
        }
    }
}

fn link(interface: usize, next: &str) -> Option<Hop> {
    Some(Hop::Link { interface, next: ip(next) })
}

/// Two links, one of them with both families.
fn host() -> Fib {
    let mut fib = Fib::default();
    fib.add_address(ip("192.0.2.1"));
    fib.add_connected(net("192.0.2.0/24"), 0);
    fib.add_address(ip("198.51.100.1"));
    fib.add_connected(net("198.51.100.0/24"), 1);
    fib.add_connected(net("2001:db8::/64"), 1);
    fib
}

fn ways(fib: &Fib, destination: &str) -> BTreeSet<Option<Hop>> {
    let mut ways = BTreeSet::new();
    fib.branches(ip(destination), |way| {
        ways.insert(way);
    });
    ways
}

#[test]
fn the_longest_prefix_wins_and_own_addresses_first() {
    let mut fib = host();
    fib.add_static(net("0.0.0.0/0"), ip("192.0.2.9"));
    fib.set_learned(Micros(5), net("10.0.0.0/8"), hops(&["192.0.2.2"]));
    fib.set_learned(Micros(5), net("10.1.0.0/16"), hops(&["198.51.100.2"]));
    fib.set_learned(Micros(5), net("192.0.2.1/32"), hops(&["198.51.100.2"]));
    assert_eq!(fib.lookup(ip("192.0.2.1"), 0), Some(Hop::Local));
    assert_eq!(fib.lookup(ip("192.0.2.77"), 0), link(0, "192.0.2.77"));
    assert_eq!(fib.lookup(ip("10.2.0.1"), 0), link(0, "192.0.2.2"));
    assert_eq!(fib.lookup(ip("10.1.255.1"), 0), link(1, "198.51.100.2"));
    assert_eq!(fib.lookup(ip("11.0.0.0"), 0), link(0, "192.0.2.9"));
    assert_eq!(fib.lookup(ip("2001:db8:1::"), 0), None);
    fib.set_learned(Micros(6), net("10.1.0.0/16"), None);
    assert_eq!(fib.lookup(ip("10.1.255.1"), 0), link(0, "192.0.2.2"));
}

#[test]
fn connected_and_static_routes_beat_learned_ones_of_the_same_prefix() {
    let mut fib = host();
    fib.set_learned(Micros(1), net("192.0.2.0/24"), hops(&["198.51.100.2"]));
    fib.set_learned(Micros(1), net("10.0.0.0/8"), hops(&["198.51.100.2"]));
    fib.add_static(net("10.0.0.0/8"), ip("192.0.2.3"));
    assert_eq!(fib.lookup(ip("192.0.2.7"), 0), link(0, "192.0.2.7"));
    assert_eq!(fib.lookup(ip("10.0.0.1"), 0), link(0, "192.0.2.3"));
}

#[test]
fn a_prefix_on_two_interfaces_is_on_the_link_of_the_first() {
    let mut fib = host();
    fib.add_connected(net("192.0.2.0/24"), 3);
    assert_eq!(fib.lookup(ip("192.0.2.7"), 1), link(0, "192.0.2.7"));
}

#[test]
fn flows_are_shared_by_all_next_hops() {
    let mut fib = host();
    fib.set_learned(Micros(1), net("10.0.0.0/8"), hops(&["192.0.2.2", "192.0.2.3", "198.51.100.2"]));
    let taken: Vec<_> = (0..6).map(|flow| fib.lookup(ip("10.9.9.9"), flow).unwrap()).collect();
    assert_eq!(taken[..3], taken[3..]);
    let distinct: BTreeSet<_> = taken.iter().copied().map(Some).collect();
    assert_eq!(distinct.len(), 3);
    assert_eq!(ways(&fib, "10.9.9.9"), distinct);
}

#[test]
fn gateways_are_resolved_through_statics_but_not_through_learned_routes() {
    let mut fib = host();
    fib.add_static(net("203.0.113.1/32"), ip("192.0.2.2"));
    fib.add_static(net("203.0.113.1/32"), ip("198.51.100.2"));
    fib.set_learned(Micros(1), net("10.0.0.0/8"), hops(&["203.0.113.1"]));
    let both = BTreeSet::from([link(0, "192.0.2.2"), link(1, "198.51.100.2")]);
    assert_eq!(ways(&fib, "203.0.113.1"), both);
    assert_eq!(BTreeSet::from([0, 1].map(|flow| fib.lookup(ip("203.0.113.1"), flow))), both);
    // A speaker's next hop is where both lead.
    assert_eq!(ways(&fib, "10.0.0.1"), both);
    // A gateway behind a learned route is none, and neither is the host's own address.
    fib.set_learned(Micros(1), net("11.0.0.0/8"), hops(&["10.0.0.1"]));
    fib.set_learned(Micros(1), net("12.0.0.0/8"), hops(&["192.0.2.1"]));
    assert_eq!(fib.lookup(ip("11.0.0.1"), 0), None);
    assert_eq!(fib.lookup(ip("12.0.0.1"), 0), None);
    assert_eq!(ways(&fib, "12.0.0.1"), BTreeSet::from([None]));
}

#[test]
fn what_leads_nowhere_is_lost_whatever_else_there_is() {
    let mut fib = host();
    fib.add_static(net("0.0.0.0/0"), ip("192.0.2.9"));
    fib.learn(Micros(1), net("10.0.0.1/32"), Lead::Hops(vec![NextHop::NOWHERE_V4]));
    assert_eq!((fib.lookup(ip("10.0.0.1"), 0), ways(&fib, "10.0.0.1")), (None, BTreeSet::from([None])));
    assert_eq!(fib.lookup(ip("10.0.0.2"), 0), link(0, "192.0.2.9"));
}

#[test]
fn recursion_ends() {
    let mut fib = host();
    fib.add_static(net("10.1.0.0/16"), ip("10.2.0.1"));
    fib.add_static(net("10.2.0.0/16"), ip("10.1.0.1"));
    assert_eq!(fib.lookup(ip("10.1.0.9"), 0), None);
    assert_eq!(ways(&fib, "10.1.0.9"), BTreeSet::from([None]));
    // A chain of as many gateways as allowed is followed, and one more is not.
    for n in 0..6 {
        let gateway = if n == 0 { ip("192.0.2.2") } else { ip(&format!("172.16.{}.1", n - 1)) };
        fib.add_static(net(&format!("172.16.{n}.0/24")), gateway);
    }
    assert_eq!(fib.lookup(ip("172.16.4.1"), 0), link(0, "192.0.2.2"));
    assert_eq!(ways(&fib, "172.16.4.1"), BTreeSet::from([link(0, "192.0.2.2")]));
    assert_eq!(fib.lookup(ip("172.16.5.1"), 0), None);
    assert_eq!(ways(&fib, "172.16.5.1"), BTreeSet::from([None]));
}

#[test]
fn ipv4_goes_through_ipv6() {
    let mut fib = host();
    fib.set_learned(Micros(1), net("10.0.0.0/8"), hops(&["2001:db8::2"]));
    assert_eq!(fib.lookup(ip("10.0.0.1"), 0), link(1, "2001:db8::2"));
}

#[test]
fn learned_routes_are_listed_with_their_age_and_forgotten_by_a_reboot() {
    let mut fib = host();
    fib.add_static(net("10.0.0.0/8"), ip("192.0.2.3"));
    fib.set_learned(Micros(1), net("10.0.0.0/8"), hops(&["192.0.2.2"]));
    fib.set_learned(Micros(2), net("2001:db8:9::/48"), hops(&["2001:db8::2"]));
    fib.set_learned(Micros(3), net("10.0.0.0/8"), hops(&["192.0.2.9"]));
    fib.set_learned(Micros(3), net("10.5.0.0/16"), None);
    let first = |lead: &Lead| fib.next_hops(lead)[0].gateway;
    let listed: Vec<_> = fib.learned().map(|route| (route.prefix, first(route.lead), route.since)).collect();
    let wanted = [
        (net("10.0.0.0/8"), ip("192.0.2.9"), Micros(3)),
        (net("2001:db8:9::/48"), ip("2001:db8::2"), Micros(2)),
    ];
    assert_eq!(listed, wanted);
    assert_eq!((fib.learned_len(), fib.learned_at(net("10.0.0.0/8")).map(first)), (2, Some(ip("192.0.2.9"))));
    fib.forget_learned();
    assert_eq!((fib.learned_len(), fib.learned().count()), (0, 0));
    assert_eq!(fib.lookup(ip("10.0.0.1"), 0), link(0, "192.0.2.3"));
    assert_eq!(fib.lookup(ip("192.0.2.1"), 0), Some(Hop::Local));
}

#[test]
fn objects_and_groups_are_looked_up_when_a_packet_comes() {
    let mut fib = host();
    let [one, other] = [(0, "192.0.2.2"), (1, "198.51.100.2")]
        .map(|(interface, gateway)| NextHop { interface, gateway: ip(gateway) });
    fib.objects_mut().insert(1, Object::Hop(one));
    fib.objects_mut().insert(2, Object::Hop(other));
    fib.objects_mut().insert(9, Object::Group(vec![1, 2]));
    fib.learn(Micros(1), net("10.0.0.0/8"), Lead::Object(9));
    fib.learn(Micros(1), net("10.1.0.0/16"), Lead::Object(2));
    assert_eq!(ways(&fib, "10.2.0.1"), BTreeSet::from([one, other].map(|hop| hop.hop())));
    assert_eq!(fib.lookup(ip("10.1.0.1"), 7), other.hop());
    fib.objects_mut().insert(9, Object::Group(vec![1]));
    assert_eq!(ways(&fib, "10.2.0.1"), BTreeSet::from([one.hop()]));
    fib.objects_mut().clear();
    assert_eq!((fib.lookup(ip("10.1.0.1"), 0), ways(&fib, "10.2.0.1")), (None, BTreeSet::from([None])));
}

#[test]
fn a_speakers_next_hops_are_not_the_hosts_own_addresses() {
    let mut fib = host();
    fib.add_static(net("203.0.113.0/24"), ip("198.51.100.2"));
    assert_eq!(
        fib.gateways(ip("203.0.113.7"), false),
        [NextHop { interface: 1, gateway: ip("198.51.100.2") }]
    );
    assert_eq!(fib.gateways(ip("192.0.2.1"), false), []);
    assert!(fib.is_own(ip("192.0.2.1")) && !fib.is_own(ip("192.0.2.2")));
    assert!(fib.is_on_link(ip("192.0.2.2"), 0) && !fib.is_on_link(ip("192.0.2.2"), 1));
    let ways = [
        ("192.0.2.0/24", true, 0),
        ("203.0.113.0/24", false, 0),
        ("198.51.100.0/24", true, 0),
        ("2001:db8::/64", true, 256),
    ];
    let found: BTreeSet<_> = fib.ways().into_iter().collect();
    assert_eq!(found, ways.map(|(prefix, on_link, cost)| Way { prefix: net(prefix), on_link, cost }).into());
    assert!(found.iter().all(|way| fib.is_taken(way.prefix)) && !fib.is_taken(net("192.0.2.0/25")));
}

#[test]
fn a_default_route_is_no_way_and_a_link_the_only_one_to_who_has_to_be_on_it() {
    let mut fib = host();
    fib.add_static(net("0.0.0.0/0"), ip("198.51.100.2"));
    assert_eq!(fib.gateways(ip("203.0.113.7"), false), []);
    fib.add_static(net("203.0.113.0/24"), ip("198.51.100.2"));
    let gateway = NextHop { interface: 1, gateway: ip("198.51.100.2") };
    assert_eq!(fib.gateways(ip("203.0.113.7"), false), [gateway]);
    assert_eq!(fib.gateways(ip("203.0.113.7"), true), []);
    assert_eq!(fib.gateways(ip("198.51.100.2"), true), [gateway]);
}

/// Random tables and addresses, against a search of all routes.
#[test]
fn a_naive_search_agrees() {
    let mut rng = Rng::new(11);
    let mut fib = Fib::default();
    fib.add_connected(net("192.0.2.0/24"), 0);
    let mut routes = BTreeMap::new();
    for _ in 0..4_000 {
        let address = Ipv4Addr::from_bits(rng.next_u64() as u32 & 0x0f0f_ffff);
        let prefix = IpNet::from(Ipv4Net::new(address, rng.up_to(32) as u8).unwrap().trunc());
        let gateway = IpAddr::from([192, 0, 2, rng.up_to(255) as u8]);
        let gone = rng.up_to(3) == 0;
        fib.set_learned(Micros::ZERO, prefix, (!gone).then(|| vec![gateway]));
        match gone {
            true => routes.remove(&prefix),
            false => routes.insert(prefix, gateway),
        };
    }
    assert_eq!(fib.learned_len(), routes.len());
    for _ in 0..2_000 {
        let address = IpAddr::from(Ipv4Addr::from_bits(rng.next_u64() as u32 & 0x0f0f_ffff));
        let best =
            routes.iter().filter(|(net, _)| net.contains(&address)).max_by_key(|(net, _)| net.prefix_len());
        let wanted = best.map(|(_, &next)| Hop::Link { interface: 0, next });
        assert_eq!(fib.lookup(address, 0), wanted, "{address}");
    }
}
