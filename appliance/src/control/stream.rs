//! An answer in the making: rows are written from the speaker's views as a client takes them, so that the daemon never
//! holds more of them than one buffer, and no question holds up the loop.

use std::net::IpAddr;

use crier_core::attrs::AttrsView;
use crier_core::family::FamilySet;
use crier_core::{Family, PeerId, Speaker};
use serde::Serialize;

use super::protocol::{Command, Form, Target};
use super::rows::{End, MessageRow};
use super::view::{accepted_row, advertised_row, peer_row, refused_row, session_row};
use super::walk::{Visit, Walk};
use super::why::Why;
use crate::daemon::commands::no_such_peer;
use crate::daemon::{Daemon, Now};

/// Table entries visited in one fill, at most.
const BUDGET: u32 = 4096;
/// What [`Speaker::advertised`] gets to write attributes into: the longest message there is (RFC 8654).
const SCRATCH: usize = 65_535;

/// How an answer goes on after a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// There is more at once.
    More,
    /// There is nothing until something happens: the next event.
    Wait,
    /// The last line was written.
    Done,
}

/// An answer.
#[derive(Debug)]
pub struct Stream(Job);

/// What is written next.
#[derive(Debug)]
enum Job {
    Peers { after: PeerId },
    Session { peer: PeerId },
    Routes(Box<Routes>),
    Refused { slot: u32, peer: Option<PeerId>, families: FamilySet, target: Option<Target> },
    Why(Box<Why>),
    Policies { peer: Option<PeerId> },
    Status,
    Events { next: u64, follow: bool },
    Outcome { rows: Option<MessageRow>, end: End },
    Nothing,
}

/// A walk over destinations.
#[derive(Debug)]
struct Routes {
    form: Form,
    walk: Walk,
    peer: Option<PeerId>,
    /// Neighbors whose announcements are shown.
    to: Vec<(PeerId, IpAddr)>,
    scratch: Vec<u8>,
    /// What comes after: refused paths.
    then: Job,
}

/// What a stream reads.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a, 'm> {
    pub(super) daemon: &'a Daemon,
    pub(super) speaker: &'a Speaker<'m>,
    pub(super) now: Now,
}

impl Stream {
    /// The answer to a command that was done, with a sentence, or refused, with why and what to do.
    pub fn outcome(outcome: Result<String, String>) -> Self {
        Self(match outcome {
            Ok(message) => Job::Outcome { rows: Some(MessageRow { message }), end: End::Done(true) },
            Err(error) => Job::Outcome { rows: None, end: End::Error(error) },
        })
    }

    /// The answer to a question.
    pub(super) fn question(daemon: &Daemon, speaker: &Speaker<'_>, command: Command) -> Result<Self, String> {
        let find = |address: Option<IpAddr>| match address {
            Some(address) => speaker.find_peer(address).map(Some).ok_or_else(|| no_such_peer(address)),
            None => Ok(None),
        };
        Ok(Self(match command {
            Command::Peers { peer } => match find(peer)? {
                Some(peer) => Job::Session { peer },
                None => Job::Peers { after: PeerId(0) },
            },
            Command::Routes { form, family, peer, prefix } => {
                routes(speaker, form, family, find(peer)?, prefix)
            }
            Command::Why { prefix, peer } => Job::Why(Box::new(Why::new(speaker, prefix, find(peer)?))),
            Command::Policies { peer } => Job::Policies { peer: find(peer)? },
            Command::Status {} => Job::Status,
            Command::Events { follow } => Job::Events { next: daemon.events.first(), follow },
            _ => return Err("this command cannot be answered here".to_owned()),
        }))
    }

    /// Appends whole lines to `out` until it has `limit` bytes or a little more (a row or two), or a budget of work is
    /// used up, or there is nothing more to say.
    pub fn fill(
        &mut self,
        daemon: &Daemon,
        speaker: &Speaker<'_>,
        now: Now,
        out: &mut Vec<u8>,
        limit: usize,
    ) -> Fill {
        let scene = Scene { daemon, speaker, now };
        let mut budget = BUDGET;
        while out.len() < limit && budget > 0 {
            budget -= 1;
            match self.0.fill(scene, out, limit, &mut budget) {
                Fill::More => {}
                end => return end,
            }
        }
        Fill::More
    }
}

impl Job {
    fn fill(&mut self, scene: Scene<'_, '_>, out: &mut Vec<u8>, limit: usize, budget: &mut u32) -> Fill {
        let Scene { daemon, speaker, now } = scene;
        let instance = daemon.words.instance.as_str();
        match self {
            Self::Peers { after } => {
                let from = *after;
                for peer in speaker.peers().filter(|peer| peer.id > from) {
                    if out.len() >= limit {
                        break;
                    }
                    put(out, &peer_row(&peer, &daemon.words, now.at));
                    *after = peer.id;
                }
                if speaker.peers().any(|peer| peer.id > *after) {
                    Fill::More
                } else {
                    self.finish(End::Done(true))
                }
            }
            Self::Session { peer } => {
                if let Some(peer) = speaker.peer(*peer) {
                    put(out, &session_row(&peer, &daemon.words, now.at));
                }
                self.finish(End::Done(true))
            }
            Self::Routes(routes) => {
                if routes.fill(scene, out, limit, budget) {
                    let then = std::mem::replace(&mut routes.then, Self::Nothing);
                    *self = then;
                }
                Fill::More
            }
            Self::Refused { slot, peer, families, target } => {
                while *slot < speaker.refused_slots() {
                    if out.len() >= limit || *budget == 0 {
                        return Fill::More;
                    }
                    *budget -= 1;
                    if let Some(refused) = speaker.refused(*slot)
                        && refused.reason != crier_core::view::Reason::None
                        && peer.is_none_or(|peer| peer == refused.peer)
                        && families.contains(refused.family)
                        && target.is_none_or(|target| target.covers(&refused.prefix))
                    {
                        let from = speaker.peer(refused.peer).map(|peer| peer.remote);
                        put(out, &refused_row(&refused, from, instance));
                    }
                    *slot += 1;
                }
                self.finish(End::Done(true))
            }
            Self::Why(why) => match why.fill(scene, out, limit, budget) {
                Some(end) => self.finish(end),
                None => Fill::More,
            },
            Self::Policies { peer } => {
                for row in super::summary::policies(scene, *peer) {
                    put(out, &row);
                }
                self.finish(End::Done(true))
            }
            Self::Status => {
                put(out, &super::summary::status(scene));
                self.finish(End::Done(true))
            }
            Self::Events { next, follow } => {
                *next = (*next).max(daemon.events.first());
                while let Some(row) = daemon.events.row(*next, instance).filter(|_| out.len() < limit) {
                    put(out, &row);
                    *next += 1;
                }
                match (*next < daemon.events.next(), *follow) {
                    (true, _) => Fill::More,
                    (false, true) => Fill::Wait,
                    (false, false) => self.finish(End::Done(true)),
                }
            }
            Self::Outcome { rows, end } => {
                if let Some(row) = rows.take() {
                    put(out, &row);
                }
                put(out, end);
                *self = Self::Nothing;
                Fill::Done
            }
            Self::Nothing => Fill::Done,
        }
    }

    /// The last line is next.
    fn finish(&mut self, end: End) -> Fill {
        *self = Self::Outcome { rows: None, end };
        Fill::More
    }
}

fn routes(
    speaker: &Speaker<'_>,
    form: Form,
    family: Option<Family>,
    peer: Option<PeerId>,
    target: Option<Target>,
) -> Job {
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
    let peers = speaker.peers().filter(|one| advertised && peer.is_none_or(|peer| peer == one.id));
    let then = match form {
        Form::Received => Job::Refused { slot: 0, peer, families, target },
        _ => Job::Outcome { rows: None, end: End::Done(true) },
    };
    let scratch = if advertised { vec![0; SCRATCH] } else { Vec::new() };
    let to = peers.map(|peer| (peer.id, peer.remote)).collect();
    Job::Routes(Box::new(Routes { form, walk, peer, to, scratch, then }))
}

/// The destination that is meant, and its prefix.
pub(super) fn find(speaker: &Speaker<'_>, target: Target) -> Option<(u32, ipnet::IpNet)> {
    target.candidates().find_map(|net| Some((speaker.find_destination(net)?, net)))
}

impl Routes {
    /// True when the walk is over.
    fn fill(&mut self, scene: Scene<'_, '_>, out: &mut Vec<u8>, limit: usize, budget: &mut u32) -> bool {
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
            put(out, &accepted_row(destination.prefix, &path, &scene.daemon.words.instance, scene.now.at));
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
    let Scene { daemon, speaker, now } = scene;
    let Some(destination) = speaker.destination(family, slot) else { return Visit::Done };
    let best = destination.paths().find(|path| path.best);
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
            put(
                out,
                &advertised_row(view.prefix, *address, &attrs, best.as_ref(), &daemon.words.instance, now.at),
            );
        }
    }
    Visit::Done
}

/// Appends a line.
pub(super) fn put(out: &mut Vec<u8>, row: &impl Serialize) {
    let start = out.len();
    if let Err(error) = serde_json::to_writer(&mut *out, row) {
        // Rows hold nothing that JSON cannot: this is for completeness.
        out.truncate(start);
        let end = End::Error(error.to_string());
        let _ = serde_json::to_writer(&mut *out, &end);
    }
    out.push(b'\n');
}
