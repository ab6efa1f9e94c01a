//! How configurations change while a plan runs. Limits stay, and so do AS numbers.

use super::policies::Policies;
use super::traits::{Holds, Traits};
use crate::sim::scenario::draw::Draw;
use crate::sim::scenario::text::Document;

/// What makes another configuration of one.
pub(super) fn rewriter<'a>(
    traits: &'a Traits,
    policies: &'a Policies,
) -> impl Fn(&mut Draw, &Document) -> Document + 'a {
    move |draw, document| {
        let mut document = document.clone();
        for _ in 0..draw.between(1, 2) {
            change(draw, traits, policies, &mut document);
        }
        document
    }
}

fn change(draw: &mut Draw, traits: &Traits, policies: &Policies, document: &mut Document) {
    match draw.index(6) {
        0 => policies.rewrite(draw, document),
        1 => {
            let hold = if traits.holds == Holds::Zero { 0 } else { draw.between(3, 90) };
            for table in document.groups.iter_mut().chain(&mut document.neighbors) {
                if draw.chance(50) {
                    table.remove("timers.keepalive").remove("timers.send-hold").set("timers.hold", hold);
                }
            }
        }
        2 => {
            let at = draw.index(document.neighbors.len());
            if document.neighbors.len() > 1 {
                document.neighbors.remove(at);
            }
        }
        3 => {
            let at = draw.index(document.networks.len());
            if !document.networks.is_empty() {
                document.networks.remove(at);
            }
        }
        4 => document.multipath(draw.between(1, 8), true),
        _ => {
            let at = draw.index(document.neighbors.len());
            if let Some(table) = document.neighbors.get_mut(at) {
                table
                    .text("description", "changed")
                    .set("graceful-restart.restart-time", draw.between(1, 60));
            }
        }
    }
}
