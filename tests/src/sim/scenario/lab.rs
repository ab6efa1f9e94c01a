//! Labs that people build to learn BGP on Kubernetes: a handful of nodes, a router or a small fabric, well-known
//! timers.
//!
//! crier plays every part, that of FRR, VyOS, GoBGP, BIRD and Cilium included. The seed picks a lab, what goes wrong
//! in it and what is done to it.

mod fabrics;
mod meshes;
mod parts;
mod racks;

use ipnet::IpNet;

use super::build::Builder;
use super::draw::Draw;
use super::faults::{FaultClass, FaultSource};
use super::sessions::sessions;
use super::text::Document;
use super::work::{WorkClass, WorkSource};
use crate::sim::{Micros, Plan};

/// Seconds between faults, and between pieces of work, in a lab that runs for hours.
const PACE: u64 = 300;

/// A lab that was set up: hosts and links, and what each host may announce and take back.
struct Lab {
    builder: Builder,
    pools: Vec<Vec<IpNet>>,
}

/// The lab of a seed. With `hours` it runs for so long before everything heals, with a fault and a piece of work
/// every five minutes or so; without, for ten busy minutes. Multiples of six are the ten-node lab.
pub fn plan(seed: u64, hours: Option<u64>) -> Plan {
    let lab = match seed % 6 {
        0 => racks::dynamic(9, 9),
        1 => racks::static_neighbors(),
        2 => racks::dynamic(3, 90),
        3 => fabrics::two_racks_one_router(),
        4 => fabrics::two_leaves_two_spines(),
        _ => {
            if (seed / 6).is_multiple_of(2) {
                meshes::load_balancer()
            } else {
                meshes::two_routers_over_ipv6()
            }
        }
    };
    busy(seed, lab, hours)
}

/// The ten-node lab whatever the seed: a router that accepts nine nodes from a range.
pub fn ten_nodes(seed: u64, hours: Option<u64>) -> Plan {
    busy(seed, racks::dynamic(9, 9), hours)
}

/// The lab's plan, with faults and work.
fn busy(seed: u64, lab: Lab, hours: Option<u64>) -> Plan {
    let mut draw = Draw::new(seed, 0x1AB);
    let Lab { builder, pools } = lab;
    let (heal_at, events) = match hours {
        Some(hours) => {
            let secs = hours.saturating_mul(3600).max(120);
            (Micros::secs(secs), secs / PACE)
        }
        None => (Micros::secs(600), 10),
    };
    let sessions = sessions(&builder);
    let mut classes: Vec<FaultClass> = FaultClass::ALL.into_iter().filter(|_| draw.chance(60)).collect();
    if classes.is_empty() {
        classes.push(FaultClass::Partition);
    }
    let source =
        FaultSource { builder: &builder, sessions: &sessions, classes: &classes, longest: Micros::secs(120) };
    // The first minute is for everything to come up.
    let calm = Micros::secs(60);
    let faults = source.draw(&mut draw, events, calm, heal_at);
    let source = WorkSource {
        builder: &builder,
        sessions: &sessions,
        classes: &WorkClass::ALL,
        pools: &pools,
        communities: &[65_000 << 16 | 99, 0xFFFF_FF01],
        med: true,
        rewrite: &other_timers,
    };
    let work = source.draw(&mut draw, events, calm, heal_at);
    Plan {
        faults,
        work,
        heal_at,
        converge_within: Micros::secs(900),
        watch: Micros::secs(120),
        ..builder.plan(seed)
    }
}

/// What is changed in a lab most often: how soon a silent neighbor is given up.
fn other_timers(draw: &mut Draw, document: &Document) -> Document {
    let mut document = document.clone();
    let hold = draw.one([9, 12, 30, 90, 180]);
    for table in document.groups.iter_mut().chain(&mut document.neighbors) {
        if table.get("timers.hold").is_some() {
            table.set("timers.hold", hold).set("timers.keepalive", hold / 3);
        }
    }
    document
}
