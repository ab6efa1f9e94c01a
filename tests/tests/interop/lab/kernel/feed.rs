//! A scripted neighbor that announces whatever next hops a test wants, and keeps quiet otherwise.

use std::net::{IpAddr, SocketAddr};

use crier_tests::lab::{Crier, Namespace, OrFail as _, Plan};
use crier_tests::raw_peer::RawPeer;
use crier_tests::wire::Open;
use crier_tests::wire::update::{Attributes, withdraw};
use ipnet::IpNet;

/// Nobody has to say anything for so long, in seconds.
const HOLD: u16 = 3600;

/// A session within AS 65000 over a link of its own, so that other links can fail without it.
pub(super) struct Feed {
    peer: RawPeer,
    asn: u32,
}

/// The nodes of such a session, and the configuration of the router.
pub(super) fn link(router: &Namespace, feeder: &Namespace) -> String {
    router.link(&["198.18.0.1/30"], feeder, &["198.18.0.2/30"]);
    let plan = Plan::new(65000, [10, 0, 0, 1]).neighbor("198.18.0.1", "198.18.0.2", 65000).with(|feed| {
        feed.passive = true;
        feed.hold = HOLD;
    });
    Crier::configuration(&plan) + super::KERNEL
}

impl Feed {
    /// Dials the router of [`link`].
    #[track_caller]
    pub(super) fn connect(feeder: &Namespace) -> Self {
        Self::dial(feeder, "198.18.0.2", "198.18.0.1", 65000)
    }

    /// Dials a router from this address.
    #[track_caller]
    pub(super) fn dial(node: &Namespace, from: &str, to: &str, asn: u32) -> Self {
        let from: IpAddr = from.parse().or_fail(from);
        let to = SocketAddr::new(to.parse().or_fail(to), 179);
        let mut peer = node.enter(|| RawPeer::dial(from, to));
        let IpAddr::V4(id) = from else { crier_tests::lab::fail("an IPv6 address is no identifier") };
        peer.establish(&Open { hold: HOLD, ..Open::new(asn, id.octets()) });
        peer.read_on();
        Self { peer, asn }
    }

    /// Announces prefixes with a next hop, all of one family.
    pub(super) fn announce(&self, next_hop: &str, prefixes: &[&str]) {
        let path: &[u32] = if self.asn == 65000 { &[] } else { &[self.asn] };
        match next_hop.parse().or_fail(next_hop) {
            IpAddr::V4(hop) => {
                let attributes = Attributes::new(path, hop).with(0x40, 5, &100_u32.to_be_bytes());
                self.peer.send(&attributes.announce(&nlri(prefixes)));
            }
            IpAddr::V6(hop) => {
                let mut reach = vec![0, 2, 1, 16];
                reach.extend(hop.octets());
                reach.push(0);
                reach.extend(nlri(prefixes));
                let mut value = Vec::new();
                if self.asn != 65000 {
                    value.extend([2, 1]);
                    value.extend(self.asn.to_be_bytes());
                }
                let attributes = Attributes::default().with(0x40, 1, &[0]).with(0x40, 2, &value);
                let attributes = attributes.with(0x40, 5, &100_u32.to_be_bytes()).with(0x80, 14, &reach);
                self.peer.send(&attributes.announce(&[]));
            }
        }
    }

    /// Withdraws prefixes, all of one family.
    pub(super) fn withdraw(&self, prefixes: &[&str]) {
        if !prefixes.iter().any(|prefix| prefix.contains(':')) {
            return self.peer.send(&withdraw(&nlri(prefixes)));
        }
        let mut unreach = vec![0, 2, 1];
        unreach.extend(nlri(prefixes));
        let attributes = Attributes::default().with(0x80, 15, &unreach);
        self.peer.send(&attributes.announce(&[]));
    }
}

impl Feed {
    /// Ends the session.
    pub(super) fn end(&self) {
        // The thread that reads has a hold on the connection as well.
        self.peer.finish();
    }
}

impl Drop for Feed {
    fn drop(&mut self) {
        self.end();
    }
}

/// Prefixes as UPDATE messages have them.
fn nlri(prefixes: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for text in prefixes {
        let prefix: IpNet = text.parse().or_fail(text);
        let length = prefix.prefix_len();
        bytes.push(length);
        let octets = usize::from(length.div_ceil(8));
        match prefix.addr() {
            IpAddr::V4(address) => bytes.extend(address.octets().iter().take(octets)),
            IpAddr::V6(address) => bytes.extend(address.octets().iter().take(octets)),
        }
    }
    bytes
}
