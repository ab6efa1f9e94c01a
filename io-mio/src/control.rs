//! The control socket: a Unix socket that takes requests, one a line, and gives answers, piece by piece.
//!
//! A client costs one buffer for what it asks and one for what it is told, both allocated with the socket. An answer is
//! pulled from the host when the client has taken what came before, so a client that does not read holds up nobody and
//! nothing but its own answer.

use std::io;
use std::path::Path;

use crier_core::{Instant, Millis};
use mio::event::Event;
use mio::{Interest, Registry};

use crate::cause::is_exhaustion;
use crate::host::{Context, Host};
use crate::token::Key;

mod client;
mod server;

pub(crate) use client::News;
use client::{Client, Step};
use server::Server;
pub use server::{ControlError, ControlErrorKind};

/// Most bytes of a request.
pub(crate) const REQUEST: usize = 64 << 10;

/// Bytes of a piece of an answer.
pub(crate) const CHUNK: usize = 64 << 10;

/// A client that sends no request and takes no bytes for this long is closed. One that waits for news is not.
const PATIENCE: Millis = Millis::from_secs(60);

/// When all places are taken, one that was silent for this long goes to whoever waits.
const GRACE: Millis = Millis::from_secs(1);

/// The same for who has never asked anything. A crowd of those may wait, and the operator behind it.
const HASTE: Millis = Millis(100);

/// The socket and its clients, whose answers are `A`.
#[derive(Debug)]
pub(crate) struct Control<A> {
    server: Server,
    /// Somebody may be waiting to be accepted.
    ready: bool,
    /// When to look again for a place, or for descriptors, for who waits.
    retry: Option<Instant>,
    places: Vec<Place<A>>,
}

#[derive(Debug)]
struct Place<A> {
    request: Box<[u8]>,
    chunk: Box<[u8]>,
    client: Option<Client<A>>,
}

impl<A> Control<A> {
    /// Serves at `path`, for at most `clients` at a time.
    pub(crate) fn serve(registry: &Registry, path: &Path, clients: u16) -> Result<Self, ControlError> {
        let server = Server::bind(registry, path)?;
        let place = || Place {
            request: vec![0; REQUEST].into_boxed_slice(),
            chunk: vec![0; CHUNK].into_boxed_slice(),
            client: None,
        };
        Ok(Self { server, ready: true, retry: None, places: (0..clients).map(|_| place()).collect() })
    }

    /// Notes what the kernel says of the socket or of a client.
    pub(crate) fn note(&mut self, key: Key, event: &Event) {
        match key {
            Key::Client { index } => {
                if let Some(Place { client: Some(client), .. }) = self.places.get_mut(usize::from(index)) {
                    client.note(event);
                }
            }
            _ => self.ready = true,
        }
    }

    /// Accepts, takes requests, and gives answers. True: there is work for another turn.
    pub(crate) fn turn<H: Host<Answer = A>>(
        &mut self,
        registry: &Registry,
        context: &mut Context<'_, '_>,
        host: &mut H,
        news: &mut News,
    ) -> bool {
        self.accept(registry, context.now);
        let mut more = false;
        for place in &mut self.places {
            let Some(client) = &mut place.client else { continue };
            match client.turn(&mut place.request, &mut place.chunk, context, host, news) {
                Step::Wait if client.deadline().is_none_or(|at| context.now < at) => {}
                Step::More => more = true,
                Step::Wait | Step::Close => {
                    place.client = None;
                    self.retry = None;
                }
            }
        }
        // Somebody may be waiting for a place that became free.
        more || (self.ready && self.retry.is_none())
    }

    /// When a client runs out of patience, or who waits to be accepted is looked at again.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let clients = self.places.iter().filter_map(|place| place.client.as_ref()?.deadline());
        clients.chain(self.retry).min()
    }

    fn accept(&mut self, registry: &Registry, now: Instant) {
        if self.retry.is_some_and(|at| now >= at) || self.places.iter().any(|place| place.client.is_none()) {
            self.retry = None;
        }
        while self.ready && self.retry.is_none() {
            let Some((index, place)) = Self::place(&mut self.places, now) else {
                self.retry = Some(now + HASTE);
                return;
            };
            match self.server.accept() {
                Ok(mut stream) => {
                    let key = Key::Client { index };
                    let interest = Interest::READABLE | Interest::WRITABLE;
                    if registry.register(&mut stream, key.token(), interest).is_ok() {
                        place.client = Some(Client::new(stream, now));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => self.ready = false,
                Err(error) if is_exhaustion(&error) => self.retry = Some(now + GRACE),
                // What went wrong with one that was waiting; the next one may be fine.
                Err(error) => log::debug!("a control client was lost before it was accepted: {error}"),
            }
        }
    }

    /// A free place; else that of the client that was silent longest: one without a request first, then one that waits for
    /// news, then one that does not take its answer. Whoever forgot a terminal with `events --follow` in it, or a pager,
    /// must not lock the others out.
    fn place(places: &mut [Place<A>], now: Instant) -> Option<(u16, &mut Place<A>)> {
        let may_go = |client: &Client<A>| {
            let grace = if client.is_fresh() { HASTE } else { GRACE };
            (client.is_idle() || client.is_waiting() || client.is_stuck()) && now >= client.progress() + grace
        };
        let candidates =
            places.iter_mut().enumerate().filter(|(_, place)| place.client.as_ref().is_none_or(may_go));
        let (index, place) = candidates.min_by_key(|(_, place)| {
            place.client.as_ref().map(|client| (!client.is_idle(), client.is_stuck(), client.progress()))
        })?;
        Some((u16::try_from(index).ok()?, place))
    }
}

#[cfg(test)]
mod tests;
