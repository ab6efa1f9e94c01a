//! What both sides of each dialogue have configured.

use std::net::IpAddr;

use super::ground::{Dialogue, Ground, Via};
use super::policies::Policies;
use super::traits::{Holds, Traits};
use crate::sim::scenario::build::Version;
use crate::sim::scenario::draw::Draw;
use crate::sim::scenario::text::Table;

/// Writes every dialogue into both sides' configurations. True if policies inside an AS may hold routes back.
pub(super) fn write(draw: &mut Draw, traits: &Traits, ground: &mut Ground, policies: &Policies) -> bool {
    let mut held_back = false;
    for dialogue in ground.dialogues.clone() {
        let versions: &[Version] = if ground.ends(&dialogue, Version::V4).is_none() {
            &[Version::V6]
        } else if traits.split_families {
            &[Version::V4, Version::V6]
        } else if traits.v6_transport && draw.chance(60) {
            &[Version::V6]
        } else {
            &[Version::V4]
        };
        for version in versions {
            if let Some(ends) = ground.ends(&dialogue, *version) {
                let split = versions.len() > 1;
                let session = Session::draw(draw, traits, ground, &dialogue, *version, ends, split);
                for side in [0, 1] {
                    held_back |= session.write(draw, traits, ground, policies, side);
                }
            }
        }
    }
    held_back
}

/// A session to be: what both sides must agree on.
struct Session<'a> {
    dialogue: &'a Dialogue,
    version: Version,
    ends: [IpAddr; 2],
    /// The side that waits.
    passive: Option<usize>,
    ttl: Option<(&'static str, u64)>,
    /// There is another one for the other family.
    split: bool,
}

impl<'a> Session<'a> {
    fn draw(
        draw: &mut Draw,
        traits: &Traits,
        ground: &Ground,
        dialogue: &'a Dialogue,
        version: Version,
        ends: [IpAddr; 2],
        split: bool,
    ) -> Self {
        let internal = ground.internal(dialogue.hosts);
        let ttl = match dialogue.via {
            Via::Loopbacks(hops) if !internal => Some(("multihop", u64::from(hops) + draw.between(1, 3))),
            Via::Loopbacks(_) => None,
            Via::Link(_) if traits.ttl && !dialogue.dynamic => match draw.index(3) {
                0 => Some(("multihop", draw.between(1, 255))),
                1 => Some(("ttl-security", 1)),
                _ => None,
            },
            Via::Link(_) => None,
        };
        let passive = (traits.passive && draw.chance(50)).then(|| draw.index(2));
        Self { dialogue, version, ends, passive, ttl, split }
    }

    fn write(
        &self,
        draw: &mut Draw,
        traits: &Traits,
        ground: &mut Ground,
        policies: &Policies,
        side: usize,
    ) -> bool {
        let other = 1 - side;
        let (own, peer) = (self.dialogue.hosts[side], self.dialogue.hosts[other]);
        let accepts = self.dialogue.dynamic && side == 0;
        let mut table = Table::default();
        let internal = ground.internal(self.dialogue.hosts);
        let asn = ground.asns.get(peer).copied().unwrap_or_default().to_string();
        let words = if internal { ["internal", "any"] } else { ["external", "any"] };
        if accepts || draw.chance(25) {
            // For all that "any" says the neighbor may be external, and then it is one hop away.
            let far = internal && matches!(self.dialogue.via, Via::Loopbacks(_));
            table.text("remote-asn", words[usize::from(!far && draw.chance(20))]);
        } else {
            table.set("remote-asn", asn);
        }
        let held_back = policies.choose(draw, ground, self.dialogue, side, &mut table);
        self.families(draw, traits, &mut table);
        timers(draw, traits, &mut table);
        if let Some((key, hops)) = self.ttl {
            table.set(key, hops);
        }
        if matches!(self.dialogue.via, Via::Loopbacks(_)) || (!accepts && draw.chance(15)) {
            table.text("local-address", self.ends[side]);
        }
        if traits.next_hop_self && draw.chance(50) {
            table.set("next-hop-self", true);
        }
        if traits.graceful && draw.chance(60) {
            table.set("graceful-restart.restart-time", draw.one([1, 10, 60, 120]));
        }
        if !internal && draw.chance(10) {
            table.set("enforce-first-as", false);
        }
        max_prefixes(draw, traits, &mut table);
        if accepts {
            self.accept(ground, own, table);
            return held_back;
        }
        if self.passive == Some(side) && !self.dialogue.dynamic {
            table.set("passive", true);
        }
        if let Some(document) = ground.builder.document(own) {
            table.text("address", self.ends[other]);
            document.neighbors.push(table);
        }
        held_back
    }

    /// Accepts the other side from the link's range. The first session from there decides how all are talked to.
    fn accept(&self, ground: &mut Ground, host: usize, settings: Table) {
        let Via::Link(link) = self.dialogue.via else { return };
        let Some(plan) = ground.builder.links.get(link) else { return };
        let (room, ends) = (plan.ends.len() + 1, plan.ends.iter());
        let own = ends.filter(|end| end.host == host).flat_map(|end| &end.addresses);
        let Some(range) = own.map(ipnet::IpNet::trunc).find(|net| self.version.is(net.addr())) else {
            return;
        };
        let name = format!("l{link}-{}", if self.version == Version::V4 { "v4" } else { "v6" });
        let Some(document) = ground.builder.document(host) else { return };
        let quoted = format!("\"{name}\"");
        if document.groups.iter().any(|group| group.get("name") == Some(quoted.as_str())) {
            return;
        }
        let mut group = settings;
        group.text("name", name).texts("dynamic", [range]).set("dynamic-limit", room);
        document.groups.push(group);
    }

    fn families(&self, draw: &mut Draw, traits: &Traits, table: &mut Table) {
        let one = match self.version {
            Version::V4 => "ipv4-unicast",
            Version::V6 => "ipv6-unicast",
        };
        if self.split {
            table.texts("families", [one]);
        } else if traits.one_family && draw.chance(40) {
            table.texts("families", [draw.one(["ipv4-unicast", "ipv6-unicast"])]);
        }
    }
}

fn timers(draw: &mut Draw, traits: &Traits, table: &mut Table) {
    let hold = match traits.holds {
        Holds::Zero => draw.one([0, 0, 9, 90]),
        Holds::Short => draw.one([3, 6, 9, 12]),
        Holds::Mixed => draw.between(3, 90),
    };
    table.set("timers.hold", hold).set("timers.connect-retry", draw.between(1, 30));
    if draw.chance(20) && hold > 0 {
        table.set("timers.keepalive", draw.between(1, hold - 1));
    }
    if draw.chance(15) {
        table.set("timers.send-hold", draw.one([0, hold + 1, hold * 2 + 10]));
    }
}

/// Limits of prefixes. One that brings sessions back by themselves has room for all, or they would for ever come and
/// go.
fn max_prefixes(draw: &mut Draw, traits: &Traits, table: &mut Table) {
    let tight = traits.max_prefixes && draw.chance(50);
    if tight {
        let action = draw.one(["close", "refuse", "refuse", "warn", "restart"]);
        let limit = if action == "restart" && !traits.dispute { 300 } else { draw.between(1, 20) };
        table.set("max-prefixes", format_args!("{{ limit = {limit}, action = \"{action}\" }}"));
    } else if traits.tiny && draw.chance(80) {
        // The default is a part of the table, and would close every session before the table is full.
        let action = draw.one(["refuse", "warn"]);
        table.set("max-prefixes", format_args!("{{ limit = 1000, action = \"{action}\" }}"));
    }
}
