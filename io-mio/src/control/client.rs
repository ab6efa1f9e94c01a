//! One client of the control socket.

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::ops::Range;

use crier_core::Instant;
use mio::event::Event;
use mio::net::UnixStream;

use super::{PATIENCE, REQUEST};
use crate::chunk::Chunk;
use crate::conn::Ready;
use crate::host::{Context, Fill, Host};

/// Most pieces of answers for one client in one turn.
const CHUNKS_A_TURN: usize = 4;

/// What concerns answers that wait.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct News {
    /// Something happened since the turn before.
    pub(crate) heard: bool,
    /// A request was taken in this turn, and it may have changed something.
    pub(crate) made: bool,
}

/// How a client's turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// It waits: for the client, or for news.
    Wait,
    /// There is more to do in another turn.
    More,
    /// It is over.
    Close,
}

/// A client. Its buffers are handed in with each call.
#[derive(Debug)]
pub(super) struct Client<A> {
    stream: UnixStream,
    ready: Ready,
    /// Both halves are closed at the other end: nobody is there any more.
    gone: bool,
    /// The other end sends no more.
    ended: bool,
    /// No request was taken yet.
    fresh: bool,
    /// No more requests are taken: the last one was too long.
    refusing: bool,
    /// Our half is closed: the refusal has been sent.
    shut: bool,
    /// Bytes of requests received, and how many of those are known to hold no end of line.
    received: usize,
    searched: usize,
    /// What of the piece is still to be sent.
    unsent: Range<usize>,
    answer: Option<A>,
    /// The answer waits for news.
    waiting: bool,
    /// There has been some since the answer was last asked; it may have come while a piece was still being sent.
    news: bool,
    progress: Instant,
}

/// What a look at the requests found.
enum Found {
    /// A line, of this length without its end.
    Line(usize),
    /// A line that is too long.
    TooLong,
    /// The rest of a request that was refused, or some of it.
    Refused,
    /// Nothing yet.
    Nothing,
    /// Nothing, and nothing will come.
    End,
}

impl<A> Client<A> {
    pub(super) fn new(stream: UnixStream, now: Instant) -> Self {
        Self {
            stream,
            ready: Ready { readable: true, writable: true },
            gone: false,
            ended: false,
            fresh: true,
            refusing: false,
            shut: false,
            received: 0,
            searched: 0,
            unsent: 0..0,
            answer: None,
            waiting: false,
            news: false,
            progress: now,
        }
    }

    pub(super) fn note(&mut self, event: &Event) {
        self.ready.note(event);
        self.gone |= event.is_write_closed();
    }

    /// Whether it has no request under way.
    pub(super) fn is_idle(&self) -> bool {
        self.answer.is_none() && self.unsent.is_empty()
    }

    /// Whether it has been told all there is and waits for news.
    pub(super) fn is_waiting(&self) -> bool {
        self.waiting && self.unsent.is_empty()
    }

    /// Whether it has not asked anything yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.fresh
    }

    /// Whether there is something for it that it does not take.
    pub(super) fn is_stuck(&self) -> bool {
        !self.unsent.is_empty() && !self.ready.writable
    }

    /// When it last sent a request or took bytes.
    pub(super) fn progress(&self) -> Instant {
        self.progress
    }

    /// When it is closed if it does nothing. Never while it waits for us.
    pub(super) fn deadline(&self) -> Option<Instant> {
        if self.is_waiting() { None } else { Some(self.progress + PATIENCE) }
    }

    /// Sends, pulls the answer, takes the next request, as far as each goes.
    pub(super) fn turn<H: Host<Answer = A>>(
        &mut self,
        request: &mut [u8],
        chunk: &mut [u8],
        context: &mut Context<'_, '_>,
        host: &mut H,
        news: &mut News,
    ) -> Step {
        self.news |= news.heard;
        for _ in 0..CHUNKS_A_TURN {
            if let Some(step) = self.send(chunk, context.now) {
                return step;
            }
            if let Some(answer) = &mut self.answer {
                if self.waiting && !self.news {
                    return if self.gone { Step::Close } else { Step::Wait };
                }
                self.news = false;
                let mut piece = Chunk::new(chunk);
                let fill = host.fill(context, answer, &mut piece);
                self.unsent = 0..piece.len();
                self.waiting = fill == Fill::Pending;
                match fill {
                    Fill::More if piece.is_empty() => {
                        log::error!(
                            "an answer on the control socket has an item that is too long to be sent"
                        );
                        return Step::Close;
                    }
                    Fill::More | Fill::Pending => {}
                    Fill::Done => self.answer = None,
                }
                continue;
            }
            match self.find(request) {
                Found::Line(len) => {
                    self.progress = context.now;
                    self.fresh = false;
                    news.made = true;
                    self.answer = Some(host.request(context, request.get(..len).unwrap_or_default()));
                    self.consume(request, len + 1);
                }
                Found::TooLong => {
                    self.progress = context.now;
                    self.refusing = true;
                    self.answer = Some(host.request_too_long(REQUEST));
                }
                Found::Refused => {}
                Found::Nothing => return Step::Wait,
                Found::End => return Step::Close,
            }
        }
        Step::More
    }

    /// Sends what there is of the present piece; `None` once all of it is gone.
    fn send(&mut self, chunk: &[u8], now: Instant) -> Option<Step> {
        while !self.unsent.is_empty() {
            if !self.ready.writable {
                return Some(if self.gone { Step::Close } else { Step::Wait });
            }
            match (&self.stream).write(chunk.get(self.unsent.clone()).unwrap_or_default()) {
                Ok(0) => return Some(Step::Close),
                Ok(len) => {
                    self.unsent.start += len;
                    self.progress = now;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.ready.writable = false,
                Err(_) => return Some(Step::Close),
            }
        }
        None
    }

    /// Looks for the next request, reading as far as there is room.
    fn find(&mut self, request: &mut [u8]) -> Found {
        if self.refusing {
            return self.discard(request);
        }
        loop {
            let fresh = request.get(self.searched..self.received).unwrap_or_default();
            if let Some(at) = fresh.iter().position(|&byte| byte == b'\n') {
                return Found::Line(self.searched + at);
            }
            self.searched = self.received;
            if self.received == request.len() {
                return Found::TooLong;
            }
            // A line without an end was cut short, and what it asks for is not known.
            if self.ended {
                return Found::End;
            }
            match self.read(request) {
                Some(0) => self.ended = true,
                Some(len) => self.received += len,
                None => return Found::Nothing,
            }
        }
    }

    /// Reads and drops the rest of a request that was refused. Closing with bytes unread would be an error at the other
    /// end, which has yet to read why.
    fn discard(&mut self, request: &mut [u8]) -> Found {
        // Once: each call is news to the kernel, and would wake us for the next one.
        if !self.shut && self.stream.shutdown(Shutdown::Write).is_err() {
            return Found::End;
        }
        self.shut = true;
        self.received = 0;
        match self.read(request) {
            Some(0) => Found::End,
            Some(_) => Found::Refused,
            None => Found::Nothing,
        }
    }

    /// Reads behind what was received; 0 at the end or on an error, `None` if nothing has come.
    fn read(&mut self, request: &mut [u8]) -> Option<usize> {
        while self.ready.readable {
            match (&self.stream).read(request.get_mut(self.received..).unwrap_or_default()) {
                Ok(len) => return Some(len),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => self.ready.readable = false,
                Err(_) => return Some(0),
            }
        }
        None
    }

    /// Moves what follows the first `len` bytes to the front.
    fn consume(&mut self, request: &mut [u8], len: usize) {
        request.copy_within(len..self.received, 0);
        self.received -= len;
        self.searched = 0;
    }
}
