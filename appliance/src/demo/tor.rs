//! The top-of-rack speaker's host: it drives the story and shows the tables.

use std::collections::VecDeque;
use std::net::SocketAddr;

use crier_core::{Event, EventKind, Family, Instant, Millis, Speaker};
use crier_io_mio::{Chunk, Context, Fill, Host, Signal};

use super::node::Node;
use super::screen::Screen;
use super::story::{Act, Cue, NODES, Story, UNLUCKY};
use crate::control::rows::{PeerRow, RouteRow};
use crate::control::{accepted_row, peer_row};
use crate::daemon::Words;
use crate::events::Line;
use crate::text::say;

/// Between two looks at the tables.
const FRAME: Millis = Millis(200);
/// Events that stay on the screen.
const EVENTS: usize = 5;

/// Everything around the speaker.
pub(super) struct Tor {
    words: Words,
    address: SocketAddr,
    screen: Screen,
    story: Story,
    nodes: Vec<Option<Node>>,
    next_frame: Instant,
    started: Instant,
    recent: VecDeque<String>,
    outcome: Result<(), String>,
}

impl Tor {
    /// `address` is where the speaker listens.
    pub(super) fn new(now: Instant, words: Words, address: SocketAddr, screen: Screen) -> Self {
        Self {
            words,
            address,
            screen,
            story: Story::new(now),
            nodes: (0..NODES).map(|_| None).collect(),
            next_frame: now,
            started: now,
            recent: VecDeque::with_capacity(EVENTS),
            outcome: Err("stopped before everything was shown".to_owned()),
        }
    }

    /// Ends the nodes and gives the terminal back; whether everything was shown.
    pub(super) fn end(mut self) -> Result<(), String> {
        self.nodes.clear();
        self.screen.close();
        if self.outcome.is_ok() {
            say(
                "Shown: sessions from a dynamic range, multipath over three nodes, a failure and a recovery.\n",
            );
            say("Next: README.md has a first crier.toml; docs/configuration.md has every key.\n");
        }
        self.outcome
    }

    fn start_node(&mut self, number: u8) -> Result<(), String> {
        let node = Node::start(number, self.address)?;
        if let Some(place) = self.nodes.get_mut(usize::from(number) - 1) {
            *place = Some(node);
        }
        Ok(())
    }

    /// Does what an act begins with.
    fn begin(&mut self, act: Act) -> Result<(), String> {
        match act {
            Act::Arrival => (1..=NODES).try_for_each(|number| self.start_node(number)),
            Act::Failure => {
                if let Some(place) = self.nodes.get_mut(usize::from(UNLUCKY) - 1) {
                    *place = None;
                }
                Ok(())
            }
            Act::Return => self.start_node(UNLUCKY),
        }
    }

    fn frame(&mut self, now: Instant, tor: &Speaker<'_>) -> Result<bool, String> {
        let cue = self.story.look(now, tor);
        match cue {
            Cue::Wait => {}
            Cue::Begin(act) => self.begin(act)?,
            Cue::Seen(act) => {
                let elapsed = now.since(self.started);
                self.screen.seen(act, elapsed, &peers(tor, &self.words, now), &routes(tor, &self.words, now));
            }
            Cue::End => return Ok(true),
            Cue::Failed(act) => return Err(format!("this did not happen: {}", act.promise())),
        }
        let (peers, routes) = (peers(tor, &self.words, now), routes(tor, &self.words, now));
        self.screen.draw(self.story.act, &peers, &routes, &self.recent);
        Ok(false)
    }

    fn finish(&mut self, context: &mut Context<'_, '_>, outcome: Result<(), String>) {
        self.outcome = outcome;
        context.stop();
    }
}

/// Every neighbor's row.
fn peers(tor: &Speaker<'_>, words: &Words, now: Instant) -> Vec<PeerRow> {
    let mut rows: Vec<PeerRow> = tor.peers().map(|peer| peer_row(&peer, words, now)).collect();
    rows.sort_by_key(|row| row.address);
    rows
}

/// Every path's row.
fn routes(tor: &Speaker<'_>, words: &Words, now: Instant) -> Vec<RouteRow> {
    let family = Family::Ipv4Unicast;
    let slots = 1..tor.destination_slots(family);
    let destinations = slots.filter_map(|slot| tor.destination(family, slot));
    let mut rows: Vec<RouteRow> = destinations
        .flat_map(|destination| {
            let prefix = destination.prefix;
            destination.paths().map(move |path| accepted_row(prefix, &path, false, &words.instance, now))
        })
        .collect();
    rows.sort_by_key(|row| (row.prefix, row.peer));
    rows
}

impl Host for Tor {
    type Answer = ();

    fn request(&mut self, _: &mut Context<'_, '_>, _: &[u8]) {}

    fn request_too_long(&mut self, _: usize) {}

    fn fill(&mut self, _: &mut Context<'_, '_>, (): &mut (), _: &mut Chunk<'_>) -> Fill {
        Fill::Done
    }

    fn event(&mut self, now: Instant, _: usize, event: &Event) {
        if matches!(event.kind, EventKind::Established { .. } | EventKind::Down(_)) {
            if self.recent.len() == EVENTS {
                self.recent.pop_front();
            }
            let seconds = now.since(self.started).0 as f64 / 1000.0;
            self.recent.push_back(format!("{seconds:6.2} s  {}", Line(event)));
        }
    }

    fn signal(&mut self, context: &mut Context<'_, '_>, _: Signal) {
        context.stop();
    }

    fn woken(&mut self, context: &mut Context<'_, '_>) {
        context.stop();
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.next_frame)
    }

    fn timeout(&mut self, context: &mut Context<'_, '_>) {
        let now = context.now;
        self.next_frame = now + FRAME;
        if self.nodes.iter().all(Option::is_none)
            && let Err(problem) = self.begin(Act::Arrival)
        {
            return self.finish(context, Err(problem));
        }
        let Some(tor) = context.speakers.first() else { return };
        match self.frame(now, tor) {
            Ok(false) => {}
            Ok(true) => self.finish(context, Ok(())),
            Err(problem) => self.finish(context, Err(problem)),
        }
    }
}
