//! A recording of a real run, run again: the same calls of a new speaker must be answered with the same bytes.

mod show;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::path::Path;

use crier::control::accepted_row;
use crier::control::rows::RouteRow;
use crier::memory::{self, MemoryError};
use crier::record::{Digest, ReadError, Reader, Record, RecordedInput, Start, add_output, restore};
use crier_core::speaker::{Action, Restore, StartError};
use crier_core::{ConnId, Event, Family, Instant, Output, Speaker};

pub use show::main_like;

/// Events that are kept of a replay: the last ones.
const EVENTS: usize = 100;
/// Most events that a ring of a recorded speaker may hold.
const MOST_EVENTS: usize = 1 << 20;
/// Longest buffer that a driver transmits into.
const ROOM: usize = 1 << 20;

/// A recording that was run again, and agreed with itself.
#[derive(Debug)]
pub struct Replayed {
    /// The version of crier that recorded.
    pub crier: String,
    /// When it began, by the time of day: milliseconds since 1970-01-01T00:00:00Z.
    pub unix_ms: u64,
    /// The speaker as it was when the recording ended.
    pub speaker: Speaker<'static>,
    /// When it began and ended, by the speaker's clock.
    pub began: Instant,
    /// Time of the last call.
    pub ended: Instant,
    /// Calls, and answers among them that were compared.
    pub calls: u64,
    /// Checksums compared.
    pub checks: u64,
    /// Bytes received.
    pub received: u64,
    /// What was sent on each connection.
    pub sent: BTreeMap<(u16, u32), Sent>,
    /// What was to be done with connections.
    pub actions: Vec<Action>,
    /// The last events.
    pub events: VecDeque<Event>,
    /// Checksum of every answer.
    pub digest: Digest,
    /// How the recording ended, if not because the run did.
    pub end: End,
}

/// How a recording ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With the run.
    Whole,
    /// The disk could not follow; the run went on.
    Gap,
    /// The file is not good from here on.
    Damage(ReadError),
}

/// What was sent on a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Bytes.
    pub bytes: u64,
    /// Their checksum, buffer by buffer.
    pub digest: Digest,
}

/// Why a recording could not be run again.
#[derive(Debug)]
pub enum ReplayError {
    /// The file cannot be read.
    File(std::io::Error),
    /// It is no recording, or nothing of it is good.
    Read(ReadError),
    /// It does not say what the speaker was made from.
    NoStart,
    /// It begins with a state that is none of this version's.
    State,
    /// There is no memory for it.
    Memory(MemoryError),
    /// It asks for more than a driver ever would.
    Room(u32),
    /// This speaker answered otherwise than the one that was recorded.
    Differs(Box<Difference>),
}

/// The first call that was answered otherwise.
#[derive(Debug)]
pub struct Difference {
    /// Which call, counted from 1.
    pub call: u64,
    /// Where it stands in the file, in bytes.
    pub offset: usize,
    /// When it was made.
    pub at: Instant,
    /// The call and the answer, in words.
    pub words: String,
}

impl fmt::Display for ReplayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(error) => write!(f, "the recording cannot be read: {error}"),
            Self::Read(error) => error.fmt(f),
            Self::NoStart => f.write_str("the recording does not begin with what the speaker was made from"),
            Self::State => {
                f.write_str("the recording begins with a state that this version cannot go on from")
            }
            Self::Memory(error) => error.fmt(f),
            Self::Room(room) => write!(f, "the recording has a buffer of {room} bytes; {ROOM} are allowed"),
            Self::Differs(difference) => write!(
                f,
                "call {} (byte {} of the file, {} ms) was answered otherwise: {}",
                difference.call,
                difference.offset,
                difference.at.as_millis(),
                difference.words
            ),
        }
    }
}

impl std::error::Error for ReplayError {}

impl From<StartError> for ReplayError {
    fn from(error: StartError) -> Self {
        Self::Memory(MemoryError::Limits(error))
    }
}

/// Runs the recording in this file again.
///
/// # Errors
/// See [`replay`].
pub fn replay_file(path: &Path) -> Result<Replayed, ReplayError> {
    replay(&std::fs::read(path).map_err(ReplayError::File)?)
}

/// Runs a recording again. One that ends in damage is run up to there, and [`Replayed::end`] says so.
///
/// # Errors
/// It is no recording, or its speaker answered otherwise than this one.
pub fn replay(file: &[u8]) -> Result<Replayed, ReplayError> {
    let mut reader = Reader::new(file).map_err(ReplayError::Read)?;
    let start = match reader.next() {
        Some(Ok(Record::Start(start))) => start,
        Some(Err(error)) => return Err(ReplayError::Read(error)),
        _ => return Err(ReplayError::NoStart),
    };
    let mut run = Run::begin(&start, &mut reader)?;
    loop {
        let offset = reader.offset();
        match reader.next() {
            None => return Ok(run.replayed),
            Some(Ok(Record::Input(input))) => run.call(input, offset)?,
            Some(Ok(Record::Check(check))) => run.check(check)?,
            Some(Ok(Record::Gap)) => run.replayed.end = End::Gap,
            Some(Ok(Record::Start(_) | Record::State(_))) => return Err(ReplayError::NoStart),
            Some(Err(error)) => run.replayed.end = End::Damage(error),
        }
    }
}

/// A replay under way.
struct Run<'f> {
    replayed: Replayed,
    /// The last call, where it stands in the file, and what it was answered.
    last: Option<(RecordedInput<'f>, usize, Answer)>,
    /// Its answer is to be compared with a checksum that comes next.
    open: bool,
    out: Vec<u8>,
}

/// An answer, kept for the case that it is wrong.
enum Answer {
    Bytes(usize),
    Words(String),
}

impl<'f> Run<'f> {
    fn begin(start: &Start<'_>, reader: &mut Reader<'f>) -> Result<Self, ReplayError> {
        let events = usize::try_from(start.events).unwrap_or(usize::MAX).min(MOST_EVENTS);
        let memory = memory::reserve(&start.limits, events, false).map_err(ReplayError::Memory)?;
        let speaker = if start.running {
            let state = match reader.next() {
                Some(Ok(Record::State(state))) => state,
                Some(Err(error)) => return Err(ReplayError::Read(error)),
                _ => return Err(ReplayError::NoStart),
            };
            restore(Restore { memory, limits: start.limits, seed: start.seed }, state)
                .ok_or(ReplayError::State)?
        } else {
            Speaker::new(memory, &start.limits, start.seed, start.now)?
        };
        let replayed = Replayed {
            crier: start.crier.to_owned(),
            unix_ms: start.unix_ms,
            speaker,
            began: start.now,
            ended: start.now,
            calls: 0,
            checks: 0,
            received: 0,
            sent: BTreeMap::new(),
            actions: Vec::new(),
            events: VecDeque::new(),
            digest: Digest::default(),
            end: End::Whole,
        };
        Ok(Self { replayed, last: None, open: false, out: vec![0; ROOM] })
    }

    fn call(&mut self, input: RecordedInput<'f>, offset: usize) -> Result<(), ReplayError> {
        if self.open {
            return Err(self.differs());
        }
        let done = &mut self.replayed;
        done.calls += 1;
        match input {
            RecordedInput::Transmit { room, .. } if room as usize > ROOM => {
                return Err(ReplayError::Room(room));
            }
            RecordedInput::Receive { bytes, .. } => done.received += bytes.len() as u64,
            // Fed like the others, it would be lost.
            RecordedInput::PollEvent => {
                done.keep_event();
                self.last = Some((input, offset, Answer::Bytes(0)));
                return Ok(());
            }
            _ => {}
        }
        let output = input.with_input(|input| {
            done.ended = input.now().unwrap_or(done.ended);
            done.speaker.feed(input, &mut self.out)
        });
        self.open = output != Output::Nothing;
        if self.open {
            add_output(&mut done.digest, &output);
        }
        let answer = match output {
            Output::Sent { conn: ConnId { index, generation }, bytes } => {
                let sent = done.sent.entry((index, generation)).or_default();
                sent.bytes += bytes.len() as u64;
                sent.digest.add(bytes);
                Answer::Bytes(bytes.len())
            }
            Output::Nothing => Answer::Bytes(0),
            Output::Action(action) => {
                done.actions.extend(action);
                Answer::Words(format!("{action:?}"))
            }
            other => Answer::Words(format!("{other:?}")),
        };
        self.last = Some((input, offset, answer));
        Ok(())
    }

    fn check(&mut self, check: [u8; 4]) -> Result<(), ReplayError> {
        if !self.open || self.replayed.digest.short() != check {
            return Err(self.differs());
        }
        self.open = false;
        self.replayed.checks += 1;
        Ok(())
    }

    fn differs(&self) -> ReplayError {
        let Replayed { calls, ended, .. } = self.replayed;
        let Some((input, offset, answer)) = &self.last else { return ReplayError::NoStart };
        let words = match answer {
            Answer::Bytes(bytes) => format!("{}, now with {bytes} bytes", show::call(input)),
            Answer::Words(words) => format!("{}, now with {words}", show::call(input)),
        };
        ReplayError::Differs(Box::new(Difference { call: calls, offset: *offset, at: ended, words }))
    }
}

impl Replayed {
    fn keep_event(&mut self) {
        if self.events.len() == EVENTS {
            self.events.pop_front();
        }
        self.events.extend(self.speaker.poll_event());
    }

    /// Bytes sent on all connections.
    pub fn bytes_sent(&self) -> u64 {
        self.sent.values().map(|sent| sent.bytes).sum()
    }

    /// The routes, as `crier routes available` shows them.
    pub fn rib(&self) -> Vec<RouteRow> {
        rib(&self.speaker, self.ended)
    }
}

/// Every path of a speaker, as `crier routes available` shows them at `now`.
pub fn rib(speaker: &Speaker<'_>, now: Instant) -> Vec<RouteRow> {
    let mut rows = Vec::new();
    for family in Family::ALL {
        for slot in 1..speaker.destination_slots(family) {
            let Some(destination) = speaker.destination(family, slot) else { continue };
            let row = |path| accepted_row(destination.prefix, &path, false, "default", now);
            rows.extend(destination.paths().map(row));
        }
    }
    rows.sort_by_key(|row| (row.prefix, row.peer));
    rows
}
