//! Which policies a host has, and which of them a session gets.

use ipnet::IpNet;

use super::ground::{Dialogue, Ground};
use super::prefixes::Prefixes;
use super::rules::{Material, Way};
use super::traits::{Style, Traits};
use crate::sim::scenario::draw::Draw;
use crate::sim::scenario::text::{Document, Policy, Table};

/// Names of drawn policies.
const WILD: [&str; 2] = ["a", "b"];

/// The mark of what customers announce, which providers and their other customers are told.
const CUSTOMER: &str = "64999:1";

/// Policies of all hosts.
#[derive(Clone, Debug)]
pub(super) struct Policies {
    style: Style,
    unset: bool,
    dispute: bool,
    /// Whether local preference hangs on the prefix.
    local_pref: bool,
    material: Material,
}

impl Policies {
    pub(super) fn new(traits: &Traits, ground: &Ground, prefixes: &Prefixes) -> Self {
        let mut asns: Vec<u32> = ground.asns.iter().copied().filter(|asn| *asn != 0).collect();
        asns.sort_unstable();
        asns.dedup();
        let ends = ground.builder.links.iter().flat_map(|link| &link.ends);
        let mut nets: Vec<_> = ends.flat_map(|end| &end.addresses).map(|net| net.trunc()).collect();
        // A policy cannot name one of those: it would need an interface.
        nets.retain(|net| !matches!(net, IpNet::V6(net) if net.addr().is_unicast_link_local()));
        nets.sort_unstable();
        nets.dedup();
        Self {
            style: traits.style,
            unset: traits.unset_policies,
            dispute: traits.dispute,
            // In an AS of several hosts it would be one exit's preference, and so a neighbor's.
            local_pref: !traits.internal,
            material: Material {
                prefixes: prefixes.all(),
                asns,
                nets,
                med: traits.policy_med(),
                local_pref: traits.dispute,
                next_hops: traits.odd_next_hops,
            },
        }
    }

    /// Gives every host its policies.
    pub(super) fn write(&self, draw: &mut Draw, ground: &mut Ground) {
        for document in ground.builder.documents.iter_mut().flatten() {
            self.rewrite(draw, document);
        }
    }

    /// Draws a host's policies anew, under the same names.
    pub(super) fn rewrite(&self, draw: &mut Draw, document: &mut Document) {
        document.policies = match self.style {
            Style::Open => Vec::new(),
            Style::Transit => transit(),
            Style::Wild => self.wild(draw),
        };
    }

    fn wild(&self, draw: &mut Draw) -> Vec<Policy> {
        // What a prefix is worth to a host is the same from all its neighbors, and never more than what it originates
        // itself: so preference by neighbor, which has more than one stable state, does not come in by this door.
        let mut worth = Table::default();
        if self.local_pref && !self.dispute && draw.chance(40) {
            let mut set = Table::default();
            set.set("local-pref", draw.one([0, 50, 99]));
            worth.texts("prefix", draw.pick(&self.material.prefixes));
            worth.set("set", set.inline()).text("action", "next");
        }
        let mut policies = Vec::new();
        for name in WILD {
            let mut import = self.material.policy(draw, format!("in-{name}"), Way::In);
            if !worth.is_empty() {
                import.rules.insert(0, worth.clone());
            }
            policies.push(import);
            policies.push(self.material.policy(draw, format!("out-{name}"), Way::Out));
        }
        policies.push(self.material.policy(draw, "inside".to_owned(), Way::In));
        policies
    }

    /// Names the policies of one side's session. True if an internal one may hold back what others in the AS know.
    pub(super) fn choose(
        &self,
        draw: &mut Draw,
        ground: &Ground,
        dialogue: &Dialogue,
        side: usize,
        table: &mut Table,
    ) -> bool {
        if ground.internal(dialogue.hosts) {
            // An external neighbor of the same number, or one in the same AS: internal by what sessions know.
            if self.style == Style::Wild && draw.chance(15) {
                table.text("import", "inside");
                return true;
            }
            return false;
        }
        let [own, other] = if side == 0 { [0, 1] } else { [1, 0] };
        let [own, other] = [own, other].map(|at: usize| dialogue.hosts.get(at).copied().unwrap_or_default());
        let (import, export) = match self.style {
            Style::Open => ("accept-all".to_owned(), "accept-all".to_owned()),
            Style::Transit if ground.rank(own) < ground.rank(other) => {
                ("from-customer".to_owned(), "accept-all".to_owned())
            }
            Style::Transit => ("from-provider".to_owned(), "to-provider".to_owned()),
            // Without the rule of what a prefix is worth a built-in one would be another neighbor's preference.
            Style::Wild => {
                let export = draw.one(["accept-all", "out-a", "out-b", "out-b"]);
                (format!("in-{}", draw.one(WILD)), export.to_owned())
            }
        };
        for (key, policy) in [("import", import), ("export", export)] {
            if self.unset && draw.chance(20) {
                continue;
            }
            let closed = self.style == Style::Wild && draw.chance(4);
            table.text(key, if closed { "reject-all" } else { &policy });
        }
        false
    }
}

/// The policies by which transit is sold: what customers announce is preferred and passed on to all, what providers
/// announce only to customers. Wherever money flows downwards only, this has one stable state (Gao and Rexford,
/// 2001).
fn transit() -> Vec<Policy> {
    let unmark = |rule: &mut Table| {
        let mut set = Table::default();
        set.texts("remove-communities", ["64999:*"]);
        rule.set("set", set.inline());
    };
    let mark = |rule: &mut Table| {
        let mut set = Table::default();
        set.set("local-pref", 100).texts("add-communities", [CUSTOMER]);
        rule.set("set", set.inline());
    };
    let lower = |rule: &mut Table| {
        let mut set = Table::default();
        set.set("local-pref", 60);
        rule.set("set", set.inline());
    };
    let from_customer = Policy::new("from-customer").rule("next", unmark).rule("accept", mark);
    let from_provider = Policy::new("from-provider").rule("next", unmark).rule("accept", lower);
    let to_provider = Policy::new("to-provider")
        .rule("accept", |rule| {
            rule.text("community", CUSTOMER);
        })
        .rule("accept", |rule| {
            rule.text("as-path", "empty");
        });
    vec![from_customer, from_provider, to_provider]
}
