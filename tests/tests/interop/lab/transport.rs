//! How far a neighbor may be: next to us and proven so (GTSM, RFC 5082), or some hops away.

use std::io::Write;
use std::net::SocketAddr;

use crier_tests::lab::{Crier, Daemon, Frr, Kind, Lab, Neighbor, Plan, await_until};
use crier_tests::raw_peer::RawPeer;
use crier_tests::wire::Open;
use socket2::{Domain, Socket, Type};

#[test]
fn ttl_security_with_frr_over_both_transports() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Frr]) else { return };
    let (a, b) = (lab.node("a"), lab.node("b"));
    a.link(&["192.0.2.1/24", "2001:db8::1/64"], &b, &["192.0.2.2/24", "2001:db8::2/64"]);
    let guard = |text: &'static str| move |one: &mut Neighbor| one.extra = text.to_owned();
    let plan = Plan::new(65001, [10, 0, 0, 1])
        .neighbor("192.0.2.1", "192.0.2.2", 65002)
        .with(guard("ttl-security = 1\n"))
        .neighbor("2001:db8::1", "2001:db8::2", 65002)
        .with(guard("ttl-security = 1\n"));
    let crier = Crier::start(&a, &plan.announce("172.20.1.0/24").announce("2001:db8:1::/48"));
    let plan = Plan::new(65002, [10, 0, 0, 2])
        .neighbor("192.0.2.2", "192.0.2.1", 65001)
        .with(guard("ttl-security hops 1\n"))
        .neighbor("2001:db8::2", "2001:db8::1", 65001)
        .with(guard("ttl-security hops 1\n"));
    let frr = Frr::start(&b, &plan.announce("172.20.2.0/24").announce("2001:db8:2::/48"));
    for (here, there) in [("192.0.2.1", "192.0.2.2"), ("2001:db8::1", "2001:db8::2")] {
        crier.await_established(there);
        frr.await_established(here);
        let ttl = crier.json(&["peers", there])[0]["configured"]["ttl"].take();
        assert_eq!(ttl, "security 1", "{there}");
    }
    assert!(crier.await_prefixes("192.0.2.2", &["172.20.2.0/24", "2001:db8:2::/48"]).len() == 2);
    frr.await_prefixes("2001:db8::1", &["172.20.1.0/24", "2001:db8:1::/48"]);
}

#[test]
fn ttl_security_hears_nobody_from_afar() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let (a, b) = (lab.node("a"), lab.node("b"));
    a.link(
        &["192.0.2.1/24", "2001:db8::1/64"],
        &b,
        &["192.0.2.2/24", "192.0.2.3/24", "2001:db8::2/64", "2001:db8::3/64"],
    );
    let guarded = |far: &mut Neighbor| (far.passive, far.extra) = (true, "ttl-security = 1\n".to_owned());
    let plan = Plan::new(65001, [10, 0, 0, 1])
        .neighbor("192.0.2.1", "192.0.2.2", 65002)
        .with(guarded)
        .neighbor("2001:db8::1", "2001:db8::2", 65002)
        .with(guarded);
    let text = Crier::configuration(&plan)
        + "\n[[group]]\nname = \"nodes\"\nremote-asn = \"external\"\ndynamic = [\"192.0.2.0/24\", \"2001:db8::/64\"]\n\
           dynamic-limit = 2\nttl-security = 1\n";
    let mut crier = Crier::start_with(&a, &text);
    let open = Open::new(65002, [10, 0, 0, 2]);
    for (from, to, configured) in [
        ("192.0.2.2", "192.0.2.1", true),
        ("192.0.2.3", "192.0.2.1", false),
        ("2001:db8::2", "2001:db8::1", true),
        ("2001:db8::3", "2001:db8::1", false),
    ] {
        let dial = |ttl| {
            b.enter(|| {
                let to = SocketAddr::new(to.parse().unwrap(), 179);
                let socket = Socket::new(Domain::for_address(to), Type::STREAM, None).unwrap();
                match to {
                    SocketAddr::V4(_) => socket.set_ttl_v4(ttl).unwrap(),
                    SocketAddr::V6(_) => socket.set_unicast_hops_v6(ttl).unwrap(),
                }
                socket.bind(&SocketAddr::new(from.parse().unwrap(), 0).into()).unwrap();
                socket.connect(&to.into()).unwrap();
                RawPeer::over(socket.into())
            })
        };
        // One hop too far. What it says lies in the queue before crier has looked, and is not heard.
        crier.process().signal("STOP");
        let mut far = dial(254);
        far.stream().write_all(&open.encode()).unwrap();
        crier.process().signal("CONT");
        far.await_close();
        let heard = || crier.json(&["peers", from])[0]["received"]["open"].take();
        if configured {
            assert_eq!(heard(), 0, "{from}");
        } else {
            assert!(crier.peer(from).is_null(), "{from}");
        }
        let mut near = dial(255);
        near.establish(&open);
        crier.await_established(from);
    }
}

#[test]
fn multihop_reaches_frr_behind_a_router() {
    let Some(lab) = Lab::new(&[Kind::Crier, Kind::Frr]) else { return };
    let (a, router, b) = (lab.node("a"), lab.node("router"), lab.node("b"));
    a.link(&["192.0.2.1/24"], &router, &["192.0.2.254/24"]);
    b.link(&["198.51.100.2/24"], &router, &["198.51.100.254/24"]);
    router.run("sh", &["-c", "echo 1 > /proc/sys/net/ipv4/ip_forward"]);
    a.run("ip", &["route", "add", "198.51.100.0/24", "via", "192.0.2.254"]);
    b.run("ip", &["route", "add", "192.0.2.0/24", "via", "198.51.100.254"]);
    let plan = Plan::new(65002, [10, 0, 0, 2])
        .neighbor("198.51.100.2", "192.0.2.1", 65001)
        .with(|far| (far.passive, far.extra) = (true, "ebgp-multihop 2\n".to_owned()));
    let frr = Frr::start(&b, &plan.announce("172.20.2.0/24"));
    let near = Plan::new(65001, [10, 0, 0, 1])
        .neighbor("192.0.2.1", "198.51.100.2", 65002)
        .announce("172.20.1.0/24");
    // An external neighbor is next to us unless the configuration says otherwise: the router lets no packet through.
    let crier = Crier::start(&a, &near);
    let failures = || crier.json(&["peers", "198.51.100.2"])[0]["connect_failures"].as_u64();
    await_until("a dial ends at the router", failures, |count| *count >= Some(1));
    assert_eq!(crier.json(&["peers", "198.51.100.2"])[0]["received"]["open"], 0);
    let far = near.with(|far| far.extra = "multihop = 2\n".to_owned());
    crier.reload(&Crier::configuration(&far)).unwrap();
    let routes = crier.await_prefixes("198.51.100.2", &["172.20.2.0/24"]);
    assert_eq!(routes["172.20.2.0/24"].next_hop, "198.51.100.2");
    let routes = frr.await_prefixes("192.0.2.1", &["172.20.1.0/24"]);
    assert_eq!(routes["172.20.1.0/24"].next_hop, "192.0.2.1");
}
