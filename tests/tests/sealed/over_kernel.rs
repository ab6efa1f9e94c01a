//! The loop with the kernel's routes, in a network namespace: routes come, change, vanish and go, and nothing is allocated.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crier_core::Limits;
use crier_core::config::Settings;
use crier_io_mio::kernel::{self, Standing};
use crier_tests::allocation::{seal, unseal};
use crier_tests::lab::{Kind, Lab, Namespace, OrFail as _, await_until};
use crier_tests::raw_peer::RawPeer;
use crier_tests::rig::{self, Rig, neighbor, quick};
use crier_tests::wire::Open;

use crate::feed::Feed;

/// Two neighbors on a link each, whose prefixes are the same.
const A: Feed = Feed { asn: 65001, address: Ipv4Addr::new(192, 0, 2, 2) };
const B: Feed = Feed { asn: 65002, address: Ipv4Addr::new(198, 51, 100, 2) };

const PREFIXES: u32 = 3_000;
const LIMITS: Limits = Limits {
    peers: 4,
    connections: 8,
    prefixes: 5_000,
    paths: 10_000,
    attribute_sets: 4_000,
    attribute_bytes: 300_000,
    policy_bytes: 8_192,
};

fn start() -> Rig {
    let listen = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
    let rig =
        Rig::bridged(LIMITS, listen, kernel::Settings { max_routes: 4_000, ..kernel::Settings::default() });
    let settings = Settings { passive: true, local_address: None, ..quick() };
    let peer = |feed: Feed| neighbor(SocketAddr::new(feed.address.into(), 179), settings);
    rig::configure(&rig, vec![peer(A), peer(B)], Vec::new(), &[]);
    rig
}

fn dial(rig: &Rig, node: &Namespace, feed: Feed, to: Ipv4Addr) -> RawPeer {
    let to = SocketAddr::new(to.into(), rig.address().port());
    let mut peer = node.enter(|| RawPeer::dial(feed.address.into(), to));
    peer.establish(&Open::new(feed.asn, feed.address.octets()));
    peer.read_on();
    peer
}

fn standing(rig: &Rig) -> Standing {
    rig.call(|context, _| context.bridge().map(kernel::Bridge::standing)).or_fail("a bridge")
}

/// How many lines `ip` shows of routes by way of this neighbor alone, and of those over a group.
fn ways(node: &Namespace) -> (usize, usize) {
    let text = node.run("ip", &["route", "show", "proto", "bgp"]);
    let alone = text.lines().filter(|line| line.contains(" via ") && line.starts_with("20.")).count();
    (alone, text.lines().filter(|line| line.starts_with("20.")).count() - alone)
}

#[test]
fn routes_come_and_go_and_nothing_is_allocated() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let [router, a, b] = ["r", "a", "b"].map(|name| lab.node(name));
    router.link(&["192.0.2.1/24"], &a, &["192.0.2.2/24"]);
    router.link(&["198.51.100.1/24"], &b, &["198.51.100.2/24"]);
    let rig = router.enter(start);
    let first = dial(&rig, &a, A, Ipv4Addr::new(192, 0, 2, 1));
    let second = dial(&rig, &b, B, Ipv4Addr::new(198, 51, 100, 1));
    rig.call(|_, _| seal());

    let shown = || ways(&router);
    first.send(&A.crowd(PREFIXES).0);
    await_until("all by way of one", shown, |ways| *ways == (PREFIXES as usize, 0));
    second.send(&B.crowd(PREFIXES).0);
    await_until("all over both", shown, |ways| *ways == (0, PREFIXES as usize));
    // Sets that differ, more prefixes than there may be routes, and fewer again.
    first.send(&A.churn(1, 4_500).0);
    await_until(
        "there is no room for more",
        || standing(&rig),
        |seen| (seen.routes, seen.no_room) == (4_000, 500),
    );
    first.send(&Feed::nothing(4_500).0);
    second.send(&B.singles(PREFIXES).0);
    await_until("all by way of the other", shown, |ways| *ways == (PREFIXES as usize, 0));
    // Somebody removes some, by name and by what they lead to.
    let before = standing(&rig).put_back;
    for n in 0..20 {
        router.run("ip", &["route", "del", &format!("20.0.{n}.0/24")]);
    }
    await_until("they are put back", || standing(&rig).put_back, |seen| *seen >= before + 20);
    let text = router.run("ip", &["nexthop", "show"]);
    for line in text.lines() {
        let id = line.split_whitespace().nth(1).or_fail("an object's number");
        // A group may have gone with its last member.
        drop(router.try_run("ip", &["nexthop", "del", "id", id]));
    }
    await_until("all are put back", shown, |ways| *ways == (PREFIXES as usize, 0));
    // A link fails and comes back.
    router.set_link(&b, false);
    await_until("none is left", shown, |ways| *ways == (0, 0));
    router.set_link(&b, true);
    await_until("all are back", shown, |ways| *ways == (PREFIXES as usize, 0));
    // Neighbors die.
    first.send(&A.crowd(PREFIXES).0);
    await_until("all over both", shown, |ways| *ways == (0, PREFIXES as usize));
    first.finish();
    // What is left of a group stays one.
    await_until(
        "one way is left",
        || standing(&rig).requests,
        |_| !router.run("ip", &["route", "show", "proto", "bgp"]).contains("192.0.2.2"),
    );
    second.finish();
    await_until("none is left", shown, |ways| *ways == (0, 0));
    await_until("crier knows", || standing(&rig).routes, |routes| *routes == 0);

    assert_eq!(rig.call(|_, _| unseal()), 0, "allocations while sealed");
    drop((first, second));
    rig.stop();
}
