//! `crier why`: paths with the step that decided, refused paths, what the kernel has, and what each neighbor is told.

use std::borrow::Cow;

use crier_core::config::PolicyRef;
use crier_core::view::{AdvertisedView, Reason};
use crier_core::{PeerId, Speaker};
use ipnet::IpNet;

use super::protocol::Target;
use super::rows::{End, WhyRow};
use super::stream::{Scene, find, put};
use super::view::accepted_row;
use crate::daemon::Words;
use crate::reason;

/// What [`Speaker::advertised`] gets to write attributes into.
const SCRATCH: usize = 3 * 65_535;

/// The answer in the making.
#[derive(Debug)]
pub(super) struct Why {
    target: Target,
    peer: Option<PeerId>,
    destination: Option<(u32, IpNet)>,
    at: At,
    /// Whether anything was found.
    found: bool,
    scratch: Vec<u8>,
}

#[derive(Clone, Copy, Debug)]
enum At {
    Path(usize),
    Refused(u32),
    Kernel,
    Announcement { after: PeerId },
}

impl Why {
    pub(super) fn new(speaker: &Speaker<'_>, target: Target, peer: Option<PeerId>) -> Self {
        let destination = find(speaker, target);
        Self { target, peer, destination, at: At::Path(0), found: false, scratch: vec![0; SCRATCH] }
    }

    /// Writes on; the last line when all is said.
    pub(super) fn fill(
        &mut self,
        scene: Scene<'_, '_>,
        out: &mut Vec<u8>,
        limit: usize,
        budget: &mut u32,
    ) -> Option<End> {
        match self.at {
            At::Path(done) => self.paths(scene, out, limit, done),
            At::Refused(slot) => self.refused(scene, out, limit, budget, slot),
            At::Kernel => self.kernel(scene, out),
            At::Announcement { after } => {
                self.announcements(scene, out, limit, budget, after);
                if self.at_end(scene) {
                    return Some(self.end());
                }
            }
        }
        None
    }

    fn paths(&mut self, scene: Scene<'_, '_>, out: &mut Vec<u8>, limit: usize, done: usize) {
        let family = self.target.family();
        let destination = self.destination.and_then(|(slot, _)| scene.speaker.destination(family, slot));
        if let Some(destination) = destination {
            for (position, path) in destination.paths().enumerate().skip(done) {
                if out.len() >= limit {
                    self.at = At::Path(position);
                    return;
                }
                self.found = true;
                if self.peer.is_none_or(|peer| peer == path.peer || path.best) {
                    let installed = scene.in_kernel(family, destination.slot);
                    let instance = &scene.daemon.words.instance;
                    let row = accepted_row(destination.prefix, &path, installed, instance, scene.now.at);
                    put(
                        out,
                        &WhyRow::Path {
                            route: Box::new(row),
                            step: Cow::Borrowed(reason::step_code(path.step)),
                            why: path_text(&path, import_of(scene, path.peer), &scene.daemon.words),
                        },
                    );
                }
            }
        }
        self.at = At::Refused(0);
    }

    fn refused(
        &mut self,
        scene: Scene<'_, '_>,
        out: &mut Vec<u8>,
        limit: usize,
        budget: &mut u32,
        from: u32,
    ) {
        let Scene { daemon, speaker, .. } = scene;
        for slot in from..speaker.refused_slots() {
            if out.len() >= limit || *budget == 0 {
                self.at = At::Refused(slot);
                return;
            }
            *budget -= 1;
            let Some(refused) = speaker.refused(slot) else { continue };
            if refused.reason == Reason::None
                || !self.target.covers(&refused.prefix)
                || self.peer.is_some_and(|peer| peer != refused.peer)
            {
                continue;
            }
            self.found = true;
            let peer = speaker.peer(refused.peer);
            put(
                out,
                &WhyRow::Refused {
                    prefix: refused.prefix,
                    peer: peer.map(|peer| peer.remote),
                    reason: reason::reason_code(refused.reason).map(Cow::Borrowed),
                    why: refused_text(
                        refused.reason,
                        import_of(scene, refused.peer),
                        refused.rule,
                        &daemon.words,
                    ),
                },
            );
        }
        self.at = At::Kernel;
    }

    fn kernel(&mut self, scene: Scene<'_, '_>, out: &mut Vec<u8>) {
        let family = self.target.family();
        let destination = self.destination.and_then(|(slot, _)| scene.speaker.destination(family, slot));
        if let (Some(kernel), Some(destination)) = (scene.kernel, destination) {
            put(out, &super::kernel::why(kernel, &destination));
        }
        self.at = At::Announcement { after: PeerId(0) };
    }

    fn announcements(
        &mut self,
        scene: Scene<'_, '_>,
        out: &mut Vec<u8>,
        limit: usize,
        budget: &mut u32,
        after: PeerId,
    ) {
        let Some((slot, _)) = self.destination else { return };
        let Scene { daemon, speaker, .. } = scene;
        let mut last = after;
        for peer in speaker.peers().filter(|peer| peer.id > after) {
            if out.len() >= limit || *budget == 0 {
                break;
            }
            *budget -= 1;
            last = peer.id;
            if self.peer.is_some_and(|wanted| wanted != peer.id) {
                continue;
            }
            if let Some(view) = speaker.advertised(peer.id, self.target.family(), slot, &mut self.scratch) {
                put(out, &announcement(&view, peer.remote, &daemon.words));
            }
        }
        self.at = At::Announcement { after: last };
    }

    fn at_end(&self, scene: Scene<'_, '_>) -> bool {
        match self.at {
            At::Announcement { after } => {
                self.destination.is_none() || !scene.speaker.peers().any(|peer| peer.id > after)
            }
            _ => false,
        }
    }

    fn end(&self) -> End {
        if self.found {
            return End::Done(true);
        }
        End::Error(format!("{}: no neighbor announces it and nothing here originates it", self.target))
    }
}

/// The import policy that a neighbor is under.
fn import_of(scene: Scene<'_, '_>, peer: PeerId) -> Option<PolicyRef> {
    let peer = scene.speaker.peer(peer)?;
    Some(scene.daemon.words.tag(peer.tag)?.settings.import)
}

fn path_text(path: &crier_core::view::PathView<'_>, import: Option<PolicyRef>, words: &Words) -> String {
    if let Some(next_hop) = path.attrs.next_hop().filter(|_| !path.reachable) {
        return format!("takes no part: {}", reason::unreachable(&next_hop.to_string()));
    }
    let step = reason::step_text(path.step);
    let too =
        if path.multipath && !path.best { "; it is as good for multipath and forwards too" } else { "" };
    let drops = if path.blackhole { "; it drops packets, as its neighbor asks for (RFC 7999)" } else { "" };
    let by = import.and_then(|import| Some((words.policy(import)?, rule_text(import, path.rule?, words))));
    let by = by.map(|(policy, rule)| format!("; import policy {policy:?}, {rule} accepts it"));
    format!("{step}{too}{drops}{}", by.unwrap_or_default())
}

fn refused_text(why: Reason, import: Option<PolicyRef>, rule: Option<u16>, words: &Words) -> String {
    let policy = import.and_then(|import| Some((import, words.policy(import)?)));
    match (why, policy, rule) {
        (Reason::Policy, Some((import, policy)), Some(rule)) => {
            format!("import policy {policy:?}, {} rejects it", rule_text(import, rule, words))
        }
        (Reason::Policy, Some((PolicyRef::Named(_), policy)), None) => {
            format!("import policy {policy:?} rejects it: no rule matches")
        }
        (Reason::Policy, Some((_, policy)), None) => format!("import policy {policy:?} rejects it"),
        _ => reason::reason_text(why).to_owned(),
    }
}

/// A rule by its number from 1, and what it says.
fn rule_text(policy: PolicyRef, rule: u16, words: &Words) -> String {
    let text = words.rule(policy, rule).map(|text| format!(" ({text})")).unwrap_or_default();
    format!("rule {}{text}", u32::from(rule) + 1)
}

/// What a neighbor is told, with the policy and the rule that decided.
pub(super) fn announcement(view: &AdvertisedView<'_>, peer: std::net::IpAddr, words: &Words) -> WhyRow {
    let policy = view.decision.and_then(|decision| words.policy(decision.policy));
    let rule = view.decision.and_then(|decision| decision.rule);
    let by = match (policy, rule) {
        (Some(policy), Some(rule)) => {
            let rule = view.decision.map(|decision| rule_text(decision.policy, rule, words));
            format!("export policy {policy:?}, {}", rule.unwrap_or_default())
        }
        (Some(policy), None) => format!("export policy {policy:?}"),
        (None, _) => "no export policy".to_owned(),
    };
    let why = match (view.reason, view.announced) {
        (Reason::None, true) => format!("announced: {by}"),
        (Reason::None, false) => format!("to be announced, not sent yet: {by}"),
        (Reason::Policy, _) if rule.is_none() && policy.is_some_and(|name| name != "reject-all") => {
            format!("held back: no rule of {by} matches, which rejects")
        }
        (Reason::Policy, _) => format!("held back: {by} rejects it"),
        (reason, _) => format!("held back: {}", reason::reason_text(reason)),
    };
    let pending = view.announced && view.reason != Reason::None;
    WhyRow::Announcement {
        prefix: view.prefix,
        peer,
        announced: view.announced,
        reason: reason::reason_code(view.reason).map(Cow::Borrowed),
        policy: policy.map(str::to_owned),
        rule: rule.map(|rule| u32::from(rule) + 1),
        why: if pending { format!("{why}; its withdrawal is not sent yet") } else { why },
    }
}
