//! An answer in the making: rows are written from the speaker's views as a client takes them, so that the daemon never
//! holds more of them than one buffer, and no question holds up the loop.

use std::io::Write;
use std::net::IpAddr;

use crier_core::{Family, PeerId, Speaker};
use serde::Serialize;

use super::authentication;
use super::kernel::KernelView;
use super::protocol::{Command, Target};
use super::routes::Routes;
use super::rows::{End, MessageRow};
use super::summary;
use super::why::Why;
use crate::daemon::commands::no_such_peer;
use crate::daemon::{Daemon, Now};

/// Table entries visited in one fill, at most.
const BUDGET: u32 = 4096;
/// Bytes that a fill writes before it pauses; it ends with the row that passes them.
const CHUNK: usize = 60 << 10;

/// How an answer goes on after a fill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fill {
    /// There is more at once.
    More,
    /// There is nothing until something happens: the next event.
    Pending,
    /// That was all.
    Done,
}

/// An answer.
#[derive(Debug)]
pub struct Stream {
    job: Job,
    /// Lines that are written, of which `taken` bytes are gone.
    lines: Vec<u8>,
    taken: usize,
    /// How it goes on after them.
    then: Fill,
}

/// What is written next.
#[derive(Debug)]
enum Job {
    Peers { after: PeerId },
    Session { peer: PeerId },
    Routes(Box<Routes>),
    Why(Box<Why>),
    Policies { peer: Option<PeerId> },
    Status,
    Events { next: u64, follow: bool },
    Outcome { rows: Option<MessageRow>, end: End },
    Nothing,
}

/// What a stream reads.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a, 'm> {
    pub(super) daemon: &'a Daemon,
    pub(super) speaker: &'a Speaker<'m>,
    /// The bridge to the kernel's routes.
    pub(super) kernel: Option<&'a dyn KernelView>,
    pub(super) now: Now,
}

impl Scene<'_, '_> {
    /// Whether the kernel has a route for a destination.
    pub(super) fn in_kernel(&self, family: Family, slot: u32) -> bool {
        self.kernel.is_some_and(|kernel| kernel.route(family, slot).installed)
    }
}

impl Stream {
    const fn new(job: Job) -> Self {
        Self { job, lines: Vec::new(), taken: 0, then: Fill::More }
    }

    /// The answer to a command that was done, with a sentence, or refused, with why and what to do.
    pub fn outcome(outcome: Result<String, String>) -> Self {
        Self::new(match outcome {
            Ok(message) => Job::Outcome { rows: Some(MessageRow { message }), end: End::Done(true) },
            Err(error) => Job::Outcome { rows: None, end: End::Error(error) },
        })
    }

    /// The answer to a question.
    ///
    /// # Errors
    /// It is about a neighbor that there is none, or it is no question: why, and what to do.
    pub fn question(daemon: &Daemon, speaker: &Speaker<'_>, command: Command) -> Result<Self, String> {
        let find = |address: Option<IpAddr>| match address {
            Some(address) => speaker.find_peer(address).map(Some).ok_or_else(|| no_such_peer(address)),
            None => Ok(None),
        };
        Ok(Self::new(match command {
            Command::Peers { peer } => match find(peer)? {
                Some(peer) => Job::Session { peer },
                None => Job::Peers { after: PeerId(0) },
            },
            Command::Routes { form, family, peer, prefix } => {
                Job::Routes(Box::new(Routes::new(speaker, form, family, find(peer)?, prefix)))
            }
            Command::Why { prefix, peer } => Job::Why(Box::new(Why::new(speaker, prefix, find(peer)?))),
            Command::Policies { peer } => Job::Policies { peer: find(peer)? },
            Command::Status {} => Job::Status,
            Command::Events { follow } => Job::Events { next: daemon.events.first(), follow },
            _ => return Err("this command cannot be answered here".to_owned()),
        }))
    }

    /// Hands what comes next to `out`, as much as that takes at once, and works on the answer for a bounded time only. A
    /// turn that found nothing to say yet writes an empty line, so that the client knows the daemon is at work. `kernel` is the
    /// bridge to the kernel's routes, where there is one.
    pub fn fill(
        &mut self,
        daemon: &Daemon,
        speaker: &Speaker<'_>,
        kernel: Option<&dyn KernelView>,
        now: Now,
        out: &mut impl Write,
    ) -> Fill {
        if self.taken >= self.lines.len() {
            self.lines.clear();
            self.taken = 0;
            self.then = self.next_lines(Scene { daemon, speaker, kernel, now });
            if self.lines.is_empty() && self.then == Fill::More {
                self.lines.push(b'\n');
            }
        }
        let rest = self.lines.get(self.taken..).unwrap_or_default();
        self.taken += out.write(rest).unwrap_or(0);
        if self.taken < self.lines.len() { Fill::More } else { self.then }
    }

    fn next_lines(&mut self, scene: Scene<'_, '_>) -> Fill {
        let mut budget = BUDGET;
        while self.lines.len() < CHUNK && budget > 0 {
            budget -= 1;
            match self.job.fill(scene, &mut self.lines, CHUNK, &mut budget) {
                Fill::More => {}
                end => return end,
            }
        }
        Fill::More
    }
}

impl Job {
    fn fill(&mut self, scene: Scene<'_, '_>, out: &mut Vec<u8>, limit: usize, budget: &mut u32) -> Fill {
        let Scene { daemon, speaker, now, .. } = scene;
        let instance = daemon.words.instance.as_str();
        match self {
            Self::Peers { after } => {
                let from = *after;
                for peer in speaker.peers().filter(|peer| peer.id > from) {
                    if out.len() >= limit {
                        break;
                    }
                    put(out, &authentication::peer(&peer, daemon, now));
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
                    put(out, &authentication::session(&peer, daemon, now));
                }
                self.finish(End::Done(true))
            }
            Self::Routes(routes) => {
                if routes.fill(scene, out, limit, budget) {
                    return self.finish(End::Done(true));
                }
                Fill::More
            }
            Self::Why(why) => match why.fill(scene, out, limit, budget) {
                Some(end) => self.finish(end),
                None => Fill::More,
            },
            Self::Policies { peer } => {
                for row in summary::policies(scene, *peer) {
                    put(out, &row);
                }
                self.finish(End::Done(true))
            }
            Self::Status => {
                put(out, &summary::status(scene));
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
                    (false, true) => Fill::Pending,
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

/// The destination that is meant, and its prefix. Its last path may just have gone; for an address, others are meant then.
pub(super) fn find(speaker: &Speaker<'_>, target: Target) -> Option<(u32, ipnet::IpNet)> {
    let meant = |slot: &u32| {
        matches!(target, Target::Prefix(_)) || speaker.destination(target.family(), *slot).is_some()
    };
    target.candidates().find_map(|net| Some((speaker.find_destination(net).filter(meant)?, net)))
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
