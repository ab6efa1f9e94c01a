//! An address is removed from an interface of the router, and put back, while packets go through: those that need it are lost as
//! long as it is gone, and no others.

use crier_tests::lab::{Crier, Kind, Lab, Namespace};

use super::feed::{self, Feed};
use super::restart::Crossing;
use super::traffic::Traffic;
use super::{Table, await_table};

/// What is different between the families.
struct Family {
    /// Address of the router on its link to the first node.
    address: &'static str,
    /// Next hops: the nodes.
    nodes: [&'static str; 2],
    /// Addresses of the host behind them: by the first node, by the second, by both.
    sinks: [&'static str; 3],
    length: u8,
}

const FAMILIES: [Family; 2] = [
    Family {
        address: "192.0.1.1/24",
        nodes: ["192.0.1.2", "192.0.2.2"],
        sinks: ["10.9.0.1", "10.9.0.2", "10.9.0.3"],
        length: 32,
    },
    Family {
        address: "2001:db8:1::1/64",
        nodes: ["2001:db8:1::2", "2001:db8:2::2"],
        sinks: ["2001:db8:9::1", "2001:db8:9::2", "2001:db8:9::3"],
        length: 128,
    },
];

impl Family {
    fn prefix(&self, sink: usize) -> String {
        format!("{}/{}", self.sinks[sink], self.length)
    }

    fn announce(&self, feeds: &[Feed; 2]) {
        let [first, second, both] = [0, 1, 2].map(|sink| self.prefix(sink));
        feeds[0].announce(self.nodes[0], &[&first, &both]);
        feeds[1].announce(self.nodes[1], &[&second, &both]);
    }

    /// The routes with the first node, or without it; `ip` leaves the length out.
    fn table(&self, with_first: bool) -> Table {
        let hop = |node: usize| format!("{} to-n{}", self.nodes[node], node + 1);
        let route = |sink: usize, nodes: &[usize]| {
            (self.sinks[sink].to_owned(), nodes.iter().map(|node| hop(*node)).collect())
        };
        match with_first {
            true => Table::from([route(0, &[0]), route(1, &[1]), route(2, &[0, 1])]),
            false => Table::from([route(1, &[1]), route(2, &[1])]),
        }
    }
}

/// Two sessions within the AS over a link that nothing happens to, so that each prefix can have two paths.
fn two_feeds(router: &Namespace, feeder: &Namespace) -> String {
    let one = feed::link(router, feeder);
    feeder.run("ip", &["address", "add", "198.18.0.6/30", "dev", "to-r"]);
    router.run("ip", &["address", "add", "198.18.0.5/30", "dev", "to-feeder"]);
    one + "\n[[neighbor]]\naddress = \"198.18.0.6\"\nremote-asn = 65000\npassive = true\n\
           timers = { hold = 3600, keepalive = 1200, connect-retry = 1 }\n"
}

#[test]
fn an_address_that_goes_and_comes_back() {
    let Some(lab) = Lab::new(&[Kind::Crier]) else { return };
    let crossing = Crossing::new(&lab, 2);
    let (router, sink) = (&crossing.star.router, &crossing.sink);
    sink.loopback(&["10.9.0.2/32", "10.9.0.3/32", "2001:db8:9::2/128", "2001:db8:9::3/128"]);
    let feeder = lab.node("feeder");
    let _crier = Crier::start_with(router, &two_feeds(router, &feeder));
    let feeds = [Feed::connect(&feeder), Feed::dial(&feeder, "198.18.0.6", "198.18.0.5", 65000)];
    FAMILIES.iter().for_each(|family| family.announce(&feeds));
    for (at, family) in FAMILIES.iter().enumerate() {
        let wanted = |with_first| {
            let other = FAMILIES[1 - at].table(true);
            family.table(with_first).into_iter().chain(other).collect()
        };
        let change = |what: &str| drop(router.run("ip", &["address", what, family.address, "dev", "to-n1"]));
        await_table("all are there", router, &wanted(true));
        let traffic = family.sinks.map(|to| Traffic::start(&crossing.source, sink, to));
        let [first, second, both] = &traffic;
        let begin = traffic.each_ref().map(Traffic::arrived_so_far);
        traffic.iter().for_each(|traffic| traffic.await_arrivals(300));

        let removed = traffic.each_ref().map(Traffic::arrived_so_far);
        change("del");
        await_table("what needs the address has gone", router, &wanted(false));
        let gone = traffic.each_ref().map(Traffic::sent);
        [second, both].iter().for_each(|traffic| traffic.await_arrivals(300));

        let adding = first.sent();
        change("add");
        await_table("the address is back, and so are its routes", router, &wanted(true));
        let back = first.sent();
        traffic.iter().for_each(|traffic| traffic.await_arrivals(300));

        let [first, second, both] = traffic.map(Traffic::stop);
        println!(
            "{} gone: lost {} of {} until it was noticed, all of {}, {} of {} until it was back; over two next hops {} of {}",
            family.address,
            first.lost(removed[0], gone[0]),
            gone[0] - removed[0],
            adding - gone[0],
            first.lost(adding, back),
            back - adding,
            both.lost(removed[2], gone[2]),
            gone[2] - removed[2],
        );
        assert_eq!(first.lost(begin[0], removed[0]), 0);
        assert_eq!(first.lost(gone[0], adding), adding - gone[0]);
        assert_eq!(first.lost(back, first.sent()), 0);
        assert_eq!(second.lost(begin[1], second.sent()), 0);
        assert_eq!(both.lost(begin[2], removed[2]), 0);
        assert_eq!(both.lost(gone[2], both.sent()), 0);
    }
}
