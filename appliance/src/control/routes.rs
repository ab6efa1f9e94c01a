//! `crier routes`: walks over destinations, and over the records of refused paths.

use std::net::IpAddr;

use crier_core::attrs::AttrsView;
use crier_core::family::FamilySet;
use crier_core::view::Reason;
use crier_core::{Family, PeerId, Speaker};

use super::protocol::{Form, Target};
use super::stream::{Scene, find, put};
use super::view::{accepted_row, advertised_row, refused_row};
use super::walk::{Visit, Walk};

/// What [`Speaker::advertised`] gets to write attributes into: the longest message there is (RFC 8654).
const SCRATCH: usize = 3 * 65_535;

/// Which routes, and how far the answer has come.
#[derive(Debug)]
pub(super) struct Routes {
    form: Form,
    families: FamilySet,
    peer: Option<PeerId>,
    target: Option<Target>,
    walk: Walk,
    /// Neighbors whose announcements are shown.
    to: Vec<(PeerId, IpAddr)>,
    scratch: Vec<u8>,
    /// The record of a refused path that is next, once the walk is over.
    refused: Option<u32>,
}

impl Routes {
    /// Routes of this form, family, neighbor and destination; `None` is all of them.
    pub(super) fn new(
        speaker: &Speaker<'_>,
        form: Form,
        family: Option<Family>,
        peer: Option<PeerId>,
        target: Option<Target>,
    ) -> Self {
        let all = Family::ALL.into_iter().filter(|one| family.is_none_or(|family| family == *one));
        let families = all.fold(FamilySet::EMPTY, FamilySet::with);
        let walk = match target {
            None => Walk::over(families),
            Some(target) => match find(speaker, target).filter(|_| families.contains(target.family())) {
                Some((slot, _)) => Walk::only(target.family(), slot),
                None => Walk::over(FamilySet::EMPTY),
            },
        };
        let advertised = form == Form::Advertised;
        let to = speaker.peers().filter(|one| advertised && peer.is_none_or(|peer| peer == one.id));
        let to = to.map(|peer| (peer.id, peer.remote)).collect();
        let scratch = if advertised { vec![0; SCRATCH] } else { Vec::new() };
        Self { form, families, peer, target, walk, to, scratch, refused: None }
    }

    /// True when everything was written.
    pub(super) fn fill(
        &mut self,
        scene: Scene<'_, '_>,
        out: &mut Vec<u8>,
        limit: usize,
        budget: &mut u32,
    ) -> bool {
        if let Some(slot) = self.refused {
            let next = self.refused_from(slot, scene, out, limit, budget);
            self.refused = Some(next);
            return next >= scene.speaker.refused_slots();
        }
        if self.walk(scene, out, limit, budget) {
            if self.form != Form::Received {
                return true;
            }
            self.refused = Some(0);
        }
        false
    }

    /// True when the walk is over.
    fn walk(&mut self, scene: Scene<'_, '_>, out: &mut Vec<u8>, limit: usize, budget: &mut u32) -> bool {
        let Self { form, walk, peer, to, scratch, .. } = self;
        let slots = |family| scene.speaker.destination_slots(family);
        walk.run(budget, slots, |family, slot, inner, budget| {
            if out.len() >= limit {
                return Visit::Pause(inner);
            }
            if *form == Form::Advertised {
                advertised(scene, (family, slot, inner), to, scratch, (out, limit, budget))
            } else {
                accepted(scene, (family, slot, inner), *form, *peer, (out, limit))
            }
        })
    }

    /// Refused paths from a record on; the record that is next.
    fn refused_from(
        &self,
        from: u32,
        scene: Scene<'_, '_>,
        out: &mut Vec<u8>,
        limit: usize,
        budget: &mut u32,
    ) -> u32 {
        let Scene { daemon, speaker, .. } = scene;
        let end = speaker.refused_slots();
        for slot in from..end {
            if out.len() >= limit || *budget == 0 {
                return slot;
            }
            *budget -= 1;
            if let Some(refused) = speaker.refused(slot)
                && refused.reason != Reason::None
                && self.peer.is_none_or(|peer| peer == refused.peer)
                && self.families.contains(refused.family)
                && self.target.is_none_or(|target| target.covers(&refused.prefix))
            {
                let from = speaker.peer(refused.peer).map(|peer| peer.remote);
                put(out, &refused_row(&refused, from, &daemon.words.instance));
            }
        }
        end
    }
}

/// Accepted paths of a destination, from the `inner`th on.
fn accepted(
    scene: Scene<'_, '_>,
    (family, slot, inner): (Family, u32, u32),
    form: Form,
    from: Option<PeerId>,
    (out, limit): (&mut Vec<u8>, usize),
) -> Visit {
    let Some(destination) = scene.speaker.destination(family, slot) else { return Visit::Done };
    let installed = scene.in_kernel(family, slot);
    for (position, path) in (0..).zip(destination.paths()).skip(usize::try_from(inner).unwrap_or(usize::MAX))
    {
        if out.len() >= limit {
            return Visit::Pause(position);
        }
        let wanted = match form {
            Form::Best => path.best,
            // Nobody announced to us what is originated here.
            Form::Received => path.peer != PeerId(0),
            Form::Available | Form::Advertised => true,
        };
        if wanted && from.is_none_or(|peer| peer == path.peer) {
            let instance = &scene.daemon.words.instance;
            put(out, &accepted_row(destination.prefix, &path, installed, instance, scene.now.at));
        }
    }
    Visit::Done
}

/// What neighbors, from the `inner`th on, were told about a destination.
fn advertised(
    scene: Scene<'_, '_>,
    (family, slot, inner): (Family, u32, u32),
    to: &[(PeerId, IpAddr)],
    scratch: &mut [u8],
    (out, limit, budget): (&mut Vec<u8>, usize, &mut u32),
) -> Visit {
    let Scene { daemon, speaker, now, .. } = scene;
    let Some(destination) = speaker.destination(family, slot) else { return Visit::Done };
    let best = destination.paths().find(|path| path.best);
    let (installed, instance) = (scene.in_kernel(family, slot), &daemon.words.instance);
    for (position, (peer, address)) in (0..).zip(to).skip(usize::try_from(inner).unwrap_or(usize::MAX)) {
        if out.len() >= limit || *budget == 0 {
            return Visit::Pause(position);
        }
        *budget -= 1;
        // A change that is on its way to the neighbor was not sent: its row comes when it is.
        if let Some(view) = speaker.advertised(*peer, family, slot, scratch)
            && view.announced
            && let Some((key, bytes)) = &view.attrs
        {
            let attrs = AttrsView { key, bytes };
            let row =
                advertised_row(view.prefix, *address, &attrs, best.as_ref(), installed, instance, now.at);
            put(out, &row);
        }
    }
    Visit::Done
}
