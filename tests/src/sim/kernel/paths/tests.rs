//! Deliveries, circles and losses in small networks, with and without a fault.

use super::*;
use crate::sim::Micros;

/// Hosts with one table each. Host n has address 192.0.2.n on one link that all share, interface 0.
struct Plane {
    fibs: Vec<Fib>,
    down: BTreeSet<usize>,
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn net(text: &str) -> IpNet {
    text.parse().unwrap()
}

fn host(number: usize) -> IpAddr {
    IpAddr::from([192, 0, 2, u8::try_from(number).unwrap()])
}

impl DataPlane for Plane {
    fn hosts(&self) -> usize {
        self.fibs.len()
    }

    fn fib(&self, host: usize) -> Option<&Fib> {
        self.fibs.get(host)
    }

    fn neighbor(&self, _: usize, interface: usize, next_hop: IpAddr) -> Option<usize> {
        let found = (0..self.fibs.len()).find(|&other| host(other) == next_hop && interface == 0)?;
        (!self.down.contains(&found)).then_some(found)
    }
}

impl Plane {
    /// Routes for 10.0.0.0/8: from whom to whom.
    fn new(hosts: usize, routes: &[(usize, &[usize])]) -> Self {
        let mut fibs = vec![Fib::default(); hosts];
        for (number, fib) in fibs.iter_mut().enumerate() {
            fib.add_connected(net("192.0.2.0/24"), 0);
            fib.add_address(host(number));
        }
        let mut plane = Self { fibs, down: BTreeSet::new() };
        routes.iter().for_each(|(from, to)| plane.route(*from, to));
        plane
    }

    fn route(&mut self, from: usize, to: &[usize]) {
        let next_hops = to.iter().map(|to| host(*to)).collect();
        self.fibs[from].set_learned(Micros::ZERO, net("10.0.0.0/8"), Some(next_hops));
    }

    /// Whether packets from every holder to 10.0.0.0/8 reach host 4.
    fn check(&self, holders: &[usize]) -> Result<(), String> {
        let expectation = Expectation {
            prefix: net("10.0.0.0/8"),
            address: ip("10.0.0.0"),
            origins: [4].into(),
            holders: holders.iter().copied().collect(),
        };
        check_reachability(self, &[expectation])
    }
}

/// Two leaves, 0 and 1, and two spines, 2 and 3; 4 is behind both spines.
fn fabric() -> Plane {
    Plane::new(5, &[(0, &[2, 3]), (1, &[2, 3]), (2, &[4]), (3, &[4])])
}

#[test]
fn packets_reach_their_origin_on_all_ways() {
    let plane = fabric();
    let origins = [4].into();
    let trace = trace(&plane, 0, ip("10.0.0.0"), &origins);
    assert_eq!(trace, Trace { delivered: [4].into(), ..Trace::default() });
    assert_eq!(plane.check(&[0, 1, 2, 3, 4]), Ok(()));
}

#[test]
fn packets_to_a_hosts_own_address_need_no_origin() {
    let plane = fabric();
    let trace = trace(&plane, 0, host(3), &BTreeSet::new());
    assert_eq!(trace, Trace { delivered: [3].into(), ..Trace::default() });
}

#[test]
fn a_loop_on_one_of_two_ways_is_found_with_its_path() {
    let mut plane = fabric();
    plane.route(3, &[1]);
    let trace = trace(&plane, 0, ip("10.0.0.0"), &[4].into());
    assert_eq!(trace.delivered, [4].into());
    assert_eq!(trace.loops, [vec![3, 1, 3]].into());
    assert_eq!(trace.black_holes, [].into());
    let fault = plane.check(&[0]).unwrap_err();
    assert!(
        fault.starts_with("10.0.0.0/8 from host 0: ") && fault.ends_with("loop: host 3, host 1, host 3"),
        "{fault}"
    );
    // Whoever does not send that way is not to blame.
    assert_eq!(plane.check(&[2]), Ok(()));
    // A host that forwards to itself.
    plane.route(3, &[3]);
    let fault = plane.check(&[0]).unwrap_err();
    assert!(fault.contains("lost at host 3: no route"), "{fault}");
}

#[test]
fn a_missing_route_on_one_of_two_ways_is_a_black_hole() {
    let mut plane = fabric();
    plane.fibs[3].forget_learned();
    let trace = trace(&plane, 1, ip("10.0.0.0"), &[4].into());
    assert_eq!(trace.delivered, [4].into());
    assert_eq!(trace.black_holes, [BlackHole::NoRoute(3)].into());
    let fault = plane.check(&[0, 1]).unwrap_err();
    assert!(fault.contains("lost at host 3: no route"), "{fault}");
    assert_eq!(plane.check(&[2]), Ok(()));
}

#[test]
fn a_dead_next_hop_is_a_black_hole() {
    let mut plane = fabric();
    plane.down.insert(2);
    let trace = trace(&plane, 1, ip("10.0.0.0"), &[4].into());
    assert_eq!(trace.black_holes, [BlackHole::DeadNextHop(1, host(2))].into());
    let fault = plane.check(&[1]).unwrap_err();
    assert!(fault.contains("lost at host 1: nobody is behind next hop 192.0.2.2"), "{fault}");
}

#[test]
fn a_delivery_to_somebody_else_is_none() {
    let mut plane = fabric();
    plane.fibs[3].add_address(ip("10.0.0.0"));
    let fault = plane.check(&[0]).unwrap_err();
    assert!(fault.contains("arrive at host 3"), "{fault}");
}

#[test]
fn a_host_that_does_not_exist_or_is_down_loses_packets() {
    struct Down;
    impl DataPlane for Down {
        fn hosts(&self) -> usize {
            1
        }
        fn fib(&self, _: usize) -> Option<&Fib> {
            None
        }
        fn neighbor(&self, _: usize, _: usize, _: IpAddr) -> Option<usize> {
            None
        }
    }
    for from in [0, 1] {
        let trace = trace(&Down, from, ip("10.0.0.0"), &BTreeSet::new());
        assert_eq!(trace.black_holes, [BlackHole::NoRoute(from)].into());
    }
}

#[test]
fn a_long_chain_and_a_wide_mesh_are_followed_in_linear_time() {
    // Each host of a layer forwards to all of the next: 2^100 ways.
    let to: Vec<[usize; 2]> = (0..100).map(|layer| [2 * layer + 2, 2 * layer + 3]).collect();
    let mut routes: Vec<(usize, &[usize])> = Vec::new();
    for (layer, to) in to.iter().enumerate() {
        routes.extend([(2 * layer, &to[..]), (2 * layer + 1, &to[..])]);
    }
    let plane = Plane::new(202, &routes);
    let trace = trace(&plane, 0, ip("10.0.0.0"), &[200, 201].into());
    assert_eq!(trace, Trace { delivered: [200, 201].into(), ..Trace::default() });
}

#[test]
fn probes_avoid_longer_prefixes() {
    let routed: BTreeSet<IpNet> =
        ["10.0.0.0/8", "10.0.0.0/24", "10.0.0.0/25", "10.0.1.0/24", "10.0.3.0/24", "11.0.0.0/8"]
            .map(net)
            .into();
    assert_eq!(probe_address(net("10.0.0.0/8"), &routed), Some(ip("10.0.2.0")));
    assert_eq!(probe_address(net("10.0.0.0/24"), &routed), Some(ip("10.0.0.128")));
    assert_eq!(probe_address(net("11.0.0.0/8"), &routed), Some(ip("11.0.0.0")));
    assert_eq!(probe_address(net("12.0.0.0/8"), &routed), Some(ip("12.0.0.0")));
    assert_eq!(probe_address(net("0.0.0.0/0"), &routed), Some(ip("0.0.0.0")));
    let halves = ["255.0.0.0/8", "255.0.0.0/9", "255.128.0.0/9", "2001:db8::/32"].map(net).into();
    assert_eq!(probe_address(net("255.0.0.0/8"), &halves), None);
    assert_eq!(probe_address(net("2001:db8::/32"), &halves), Some(ip("2001:db8::")));
}
