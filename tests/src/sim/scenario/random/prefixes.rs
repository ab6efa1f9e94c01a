//! Which prefixes there are, and who originates them.

use std::net::{Ipv4Addr, Ipv6Addr};

use crier_core::wire::community::Community;
use ipnet::IpNet;

use super::ground::Ground;
use super::traits::{Style, Traits};
use crate::sim::scenario::build::{Version, net_v4, net_v6};
use crate::sim::scenario::draw::Draw;

/// Prefixes of each version that a host has to itself.
pub(super) const OWN: u64 = 8;

/// Prefixes of each version that several may originate.
const SHARED: u8 = 6;

/// Prefixes that contain others.
const COVERING: [&str; 4] = ["0.0.0.0/0", "172.16.0.0/12", "::/0", "2001:db8::/32"];

/// What may be originated where.
#[derive(Clone, Debug)]
pub(super) struct Prefixes {
    /// For each host what may come and go while the plan runs.
    pub(super) pools: Vec<Vec<IpNet>>,
}

impl Prefixes {
    /// Communities that routes carry; the last one is GRACEFUL_SHUTDOWN, which takes local preference from who is
    /// told it.
    const COMMUNITIES: [u32; 8] = [
        65_000 << 16 | 1,
        65_000 << 16 | 2,
        65_001 << 16 | 1,
        100 << 16 | 7,
        0xFFFF_FF01,
        0xFFFF_FF02,
        0xFFFF_FF03,
        0xFFFF_0000,
    ];

    /// Communities that policies deal in, and routes where policies do. With GRACEFUL_SHUTDOWN added for one neighbor
    /// and removed for another they would come to prefer neighbors.
    pub(super) const HARMLESS: &[u32] = Self::COMMUNITIES.split_at(7).0;

    /// Communities that routes are originated with.
    pub(super) fn communities(traits: &Traits) -> &'static [u32] {
        match traits.style {
            _ if !traits.communities => &[],
            Style::Wild if !traits.dispute => Self::HARMLESS,
            _ => &Self::COMMUNITIES,
        }
    }

    pub(super) fn draw(draw: &mut Draw, traits: &Traits, ground: &Ground) -> Self {
        let versions: &[Version] = match draw.index(6) {
            0 => &[Version::V4],
            1 => &[Version::V6],
            _ => &[Version::V4, Version::V6],
        };
        let mut pools = Vec::new();
        for (host, asn) in ground.asns.iter().enumerate() {
            let mut pool = Vec::new();
            for version in versions.iter().filter(|_| *asn != 0) {
                pool.extend((0..OWN as u8).map(|number| own(host, number, *version)));
                // Forwarders know who has a block, not where the nearest of several is.
                if traits.shared && !ground.is_remote(host) {
                    pool.extend((1..=SHARED).map(|number| shared(number, *version)));
                }
            }
            pools.push(pool);
        }
        Self { pools }
    }

    /// Every prefix there may be, once.
    pub(super) fn all(&self) -> Vec<IpNet> {
        let mut all: Vec<IpNet> = self.pools.iter().flatten().copied().collect();
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Writes what each host originates from the start.
    pub(super) fn originate(&self, draw: &mut Draw, traits: &Traits, ground: &mut Ground) {
        let eager = draw.one([20, 50, 90]);
        for (host, pool) in self.pools.iter().enumerate() {
            let mut prefixes = pool.clone();
            prefixes.retain(|_| draw.chance(eager));
            if traits.overlaps && draw.chance(40) && !ground.is_remote(host) {
                prefixes.extend(draw.one(COVERING).parse::<IpNet>());
            }
            let Some(document) = ground.builder.document(host) else { continue };
            for prefix in prefixes {
                let table = document.network(prefix);
                if traits.communities && draw.chance(40) {
                    let some = (0..draw.between(1, 3)).filter_map(|_| draw.pick(Self::communities(traits)));
                    table.texts("communities", dedup(some.copied().map(community)));
                }
                if traits.communities && draw.chance(20) {
                    table.texts("large-communities", [format!("65000:1:{}", draw.between(0, 3))]);
                }
                if traits.origin_med() && draw.chance(40) {
                    table.set("med", draw.between(0, 5));
                }
            }
        }
    }
}

/// The prefix in which everything lies that a host has to itself.
pub(super) fn block(host: usize, version: Version) -> IpNet {
    let host = host as u8;
    match version {
        Version::V4 => net_v4(Ipv4Addr::new(172, 16 + host, 0, 0), 16),
        Version::V6 => net_v6(Ipv6Addr::new(0x2001, 0xDB8, u16::from(host), 0, 0, 0, 0, 0), 48),
    }
}

/// A prefix of a host: the first ones are nets, the others single addresses.
fn own(host: usize, number: u8, version: Version) -> IpNet {
    let (host, single) = (host as u8, number >= 5);
    match version {
        Version::V4 if single => net_v4(Ipv4Addr::new(172, 16 + host, 255, number), 32),
        Version::V4 => net_v4(Ipv4Addr::new(172, 16 + host, number, 0), 24),
        Version::V6 => {
            let (host, number) = (u16::from(host), u16::from(number));
            if single {
                net_v6(Ipv6Addr::new(0x2001, 0xDB8, host, 0xFFFF, 0, 0, 0, number), 128)
            } else {
                net_v6(Ipv6Addr::new(0x2001, 0xDB8, host, number, 0, 0, 0, 0), 64)
            }
        }
    }
}

fn shared(number: u8, version: Version) -> IpNet {
    match version {
        Version::V4 => net_v4(Ipv4Addr::new(198, 18, 0, number), 32),
        Version::V6 => net_v6(Ipv6Addr::new(0x2001, 0xDB8, 0xFFFF, 0, 0, 0, 0, u16::from(number)), 128),
    }
}

/// A community as configurations have it.
pub(super) fn community(value: u32) -> String {
    Community(value).to_string()
}

/// Without what is there already.
pub(super) fn dedup(of: impl Iterator<Item = String>) -> Vec<String> {
    let mut some: Vec<String> = of.collect();
    some.sort_unstable();
    some.dedup();
    some
}
