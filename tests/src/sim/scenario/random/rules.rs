//! Rules of policies, drawn one by one.

use ipnet::IpNet;

use super::prefixes::{Prefixes, community, dedup};
use crate::sim::scenario::draw::Draw;
use crate::sim::scenario::text::{Policy, Table};

/// Which way routes pass a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    In,
    Out,
}

/// What rules are drawn from.
#[derive(Clone, Debug, Default)]
pub(super) struct Material {
    /// Prefixes there may be.
    pub(super) prefixes: Vec<IpNet>,
    /// AS numbers there are.
    pub(super) asns: Vec<u32>,
    /// Nets that next hops lie in.
    pub(super) nets: Vec<IpNet>,
    /// Whether the MED is set.
    pub(super) med: bool,
    /// Whether each rule may have its own local preference.
    pub(super) local_pref: bool,
    /// Whether next hops are set by hand.
    pub(super) next_hops: bool,
}

/// Parts of the space of prefixes, with bounds.
const RANGES: [&str; 8] = [
    "172.16.0.0/12 ge 24 le 32",
    "172.16.0.0/13 ge 24",
    "198.18.0.0/15 ge 32",
    "0.0.0.0/0 le 24",
    "0.0.0.0/0 le 32",
    "2001:db8::/32 ge 48 le 64",
    "2001:db8:ffff::/48 ge 128",
    "::/0 le 128",
];

impl Material {
    /// A policy of rules that draws have made, most often with a last one that accepts what is left.
    pub(super) fn policy(&self, draw: &mut Draw, name: String, way: Way) -> Policy {
        let mut policy = Policy::new(name);
        for _ in 0..draw.between(1, 4) {
            let action = draw.one(["accept", "accept", "reject", "next", "next"]);
            let mut rule = Table::default();
            for _ in 0..draw.between(0, 2) {
                self.add_match(draw, &mut rule);
            }
            if rule.is_empty() && action != "next" {
                // It would decide everything.
                self.prefix(draw, &mut rule);
            }
            let mut set = Table::default();
            if action != "reject" {
                for _ in 0..draw.between(0, 3) {
                    self.add_set(draw, way, &mut set);
                }
            }
            if !set.is_empty() {
                rule.set("set", set.inline());
            }
            rule.text("action", action);
            policy.rules.push(rule);
        }
        if draw.chance(85) { policy.rule("accept", |_| {}) } else { policy }
    }

    fn add_match(&self, draw: &mut Draw, rule: &mut Table) {
        match draw.index(8) {
            0 => self.prefix(draw, rule),
            1 => {
                rule.text("family", draw.one(["ipv4-unicast", "ipv6-unicast"]));
            }
            2 => {
                let exact = community(draw.pick(Prefixes::HARMLESS).copied().unwrap_or_default());
                let patterns = [exact.as_str(), "65000:*", "*:1", "no-export"];
                rule.texts("community", [draw.one(patterns)]);
            }
            3 => {
                rule.texts("large-community", [draw.one(["65000:1:1", "65000:1:*", "65000:*:2"])]);
            }
            4 => {
                let asn = draw.pick(&self.asns).copied().unwrap_or(1);
                let patterns = [
                    asn.to_string(),
                    format!("{asn} *"),
                    format!("* {asn}"),
                    "empty".to_owned(),
                    ". .".to_owned(),
                    "64512-65534".to_owned(),
                    format!(". * {asn}"),
                ];
                rule.texts("as-path", draw.pick(&patterns));
            }
            5 => {
                let lengths = ["1", "2", "ge 2", "le 3", "ge 1 le 4", "0"];
                rule.text("as-path-length", draw.one(lengths));
            }
            6 => {
                rule.texts("next-hop", draw.pick(&self.nets));
            }
            _ => {
                rule.text("origin", draw.one(["igp", "egp", "incomplete"]));
            }
        }
    }

    fn prefix(&self, draw: &mut Draw, rule: &mut Table) {
        let some = (0..draw.between(1, 3)).map(|_| match draw.pick(&self.prefixes) {
            Some(prefix) if draw.chance(60) => prefix.to_string(),
            _ => draw.one(RANGES).to_owned(),
        });
        rule.texts("prefix", dedup(some));
    }

    fn add_set(&self, draw: &mut Draw, way: Way, set: &mut Table) {
        let one = community(draw.pick(Prefixes::HARMLESS).copied().unwrap_or_default());
        match draw.index(9) {
            0 if self.med => {
                if draw.chance(20) {
                    set.text("med", "none");
                } else {
                    set.set("med", draw.between(0, 5));
                }
            }
            1 => {
                set.text("origin", draw.one(["igp", "egp", "incomplete"]));
            }
            // Others would find their own AS in the path.
            2 if way == Way::Out => {
                set.set("prepend", draw.between(1, 4));
            }
            3 => {
                set.texts("add-communities", [one]);
            }
            4 => {
                let patterns = [one.as_str(), "65000:*", "*:*"];
                set.texts("remove-communities", [draw.one(patterns)]);
            }
            5 => {
                set.texts("communities", Some(one).filter(|_| draw.chance(60)));
            }
            6 => {
                let large = format!("65000:1:{}", draw.between(0, 3));
                match draw.index(3) {
                    0 => set.texts("add-large-communities", [large]),
                    1 => set.texts("remove-large-communities", ["65000:1:*"]),
                    _ => set.texts("large-communities", Some(large).filter(|_| draw.chance(60))),
                };
            }
            7 if self.local_pref => {
                set.set("local-pref", draw.one([50, 100, 150, 200]));
            }
            8 if self.next_hops => match draw.pick(&self.nets) {
                Some(net) if draw.chance(50) => {
                    let address = net.hosts().next().unwrap_or(net.addr());
                    set.text("next-hop", address);
                }
                _ => {
                    set.text("next-hop", "self");
                }
            },
            8 if way == Way::Out => {
                set.text("next-hop", "self");
            }
            _ => {}
        }
    }
}
