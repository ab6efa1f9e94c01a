//! All that the resources want of this node: a pure function of them, of the node's name and of what there is on the host.

use std::collections::BTreeMap;

use ipnet::IpNet;

use super::announced::{Ground, Routes, View};
use super::host::{Host, Options};
use super::instances::{Instance, instances};
use super::kinds::attributes::PathAttributes;
use super::peers::Problem;
use super::resources::Resources;
use super::services;
use super::this_node::ThisNode;

/// What the resources want of this node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Desired {
    /// Its speakers.
    pub speakers: Vec<DesiredSpeaker>,
    /// What keeps parts of it from being wanted.
    pub problems: Vec<Problem>,
}

/// A speaker with what it originates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredSpeaker {
    /// Its names, numbers and neighbors.
    pub instance: Instance,
    /// Each neighbor's view, by its place among [`Instance::peers`]: a place in [`Self::classes`]' sets.
    pub views: Vec<usize>,
    /// What routes have in common that all neighbors hear alike.
    pub classes: Vec<Class>,
    /// What it originates: each route is of a class, a place in [`Self::classes`].
    pub routes: BTreeMap<IpNet, usize>,
}

/// For each view the attributes of a route, or nothing where it is not for that view.
pub type Class = Vec<Option<PathAttributes>>;

/// What `resources` want of the node of `options` on this host.
pub fn desired(resources: &Resources, options: &Options, host: &Host) -> Desired {
    let node = ThisNode::new(resources, options);
    let endpoints = services::endpoints(resources, &options.node);
    let ground = Ground { resources, host, options, node: &node, endpoints: &endpoints };
    let mut problems = Vec::new();
    let speakers =
        instances(&ground, &mut problems).into_iter().map(|instance| speaker(&ground, instance)).collect();
    Desired { speakers, problems }
}

fn speaker(ground: &Ground<'_>, instance: Instance) -> DesiredSpeaker {
    let mut distinct: Vec<&View> = Vec::new();
    let mut views = Vec::new();
    for peer in &instance.peers {
        let known = distinct.iter().position(|view| **view == peer.view);
        views.push(known.unwrap_or(distinct.len()));
        if known.is_none() {
            distinct.push(&peer.view);
        }
    }
    let heard: Vec<Routes> = distinct.iter().map(|view| ground.routes(view)).collect();
    let (classes, routes) = classified(&heard);
    DesiredSpeaker { instance, views, classes, routes }
}

/// Sorts routes by what each view hears of them. There are many routes and few classes.
fn classified(heard: &[Routes]) -> (Vec<Class>, BTreeMap<IpNet, usize>) {
    let mut by_prefix: BTreeMap<IpNet, Vec<Option<&PathAttributes>>> = BTreeMap::new();
    for (view, routes) in heard.iter().enumerate() {
        for (prefix, attributes) in routes {
            let row = by_prefix.entry(*prefix).or_insert_with(|| vec![None; heard.len()]);
            if let Some(cell) = row.get_mut(view) {
                *cell = Some(attributes);
            }
        }
    }
    let mut numbers: BTreeMap<Vec<Option<&PathAttributes>>, usize> = BTreeMap::new();
    let mut classes = Vec::new();
    let mut routes = BTreeMap::new();
    for (prefix, row) in by_prefix {
        let class = *numbers.entry(row).or_insert_with_key(|row| {
            classes.push(row.iter().map(|attributes| attributes.cloned()).collect());
            classes.len() - 1
        });
        routes.insert(prefix, class);
    }
    (classes, routes)
}

#[cfg(test)]
mod tests;
