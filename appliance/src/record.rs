//! Recordings of a run: every call of the speaker, so that the run can be repeated elsewhere, byte for byte.
//!
//! The loop's thread only copies what happens into memory; another thread writes that to the file. What the loop does never
//! waits for the disk. A panic waits for the file: its last record is the call that panicked.
//!
//! A recording is bounded: once its file has half of what it may, the file becomes the former segment, with `.1` at its name,
//! in place of the one that was it, and a new one begins with the speaker's whole state. So each can be run again by itself.

mod digest;
mod files;
mod format;
mod read;
mod ring;
mod write;

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use crier_core::speaker::Restore;
use crier_core::{Input, Output, Speaker, Tap};
use serde::de::DeserializeSeed;

pub use digest::Digest;
pub use files::FileError;
pub use format::{Record, RecordedConfig, RecordedInput, RecordedRoute, Start};
pub use read::{ReadError, Reader};

use format::Entry;
use ring::Shared;
use write::Writer;

/// Bytes that a recording takes on disk, at most; more only where the speaker's state alone is more than a quarter of it.
pub const MOST: u64 = 64 << 20;
/// How long the end of a recording may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A recording under way.
#[derive(Debug)]
pub struct Recording {
    shared: Arc<Shared>,
    writer: Option<JoinHandle<()>>,
}

impl Recording {
    /// Begins a recording of at most `most` bytes in a file, and the [`Tap`] for the speaker that was made just now from
    /// what `start` says.
    ///
    /// What a former run has left in the file becomes the former segment. So this comes last, when nothing else can keep
    /// the run from beginning: two attempts in vain would cost a crash's evidence.
    ///
    /// # Errors
    /// The file cannot be written, another process records to it, or it is no recording. Then it stays as it is.
    pub fn start(path: &Path, most: u64, start: &Start<'static>) -> Result<(Self, Recorder), FileError> {
        let writer = Writer::create(path, most, &start.limits)?;
        let shared = Arc::new(Shared::new(&start.limits));
        shared.put(&Entry::Start(*start));
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("recorder".to_owned());
        let writer = thread.spawn(move || writer.run(&theirs));
        let writer = Some(writer.map_err(|error| FileError::Io(path.to_owned(), error))?);
        let recorder = Recorder { shared: Arc::clone(&shared), answers: Digest::default(), start: *start };
        Ok((Self { shared, writer }, recorder))
    }

    /// From now on a panic, before it does what it does, waits for everything recorded to be in the file. For the process as a
    /// whole.
    pub fn survive_panics(&self) {
        let shared = Arc::clone(&self.shared);
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            before(info);
            shared.flush(PATIENCE);
        }));
    }

    /// Waits until everything recorded so far is in the file, some seconds at most; whether it is.
    pub fn flush(&self) -> bool {
        self.shared.flush(PATIENCE)
    }

    /// Ends the recording, and waits until it is in its file.
    pub fn finish(mut self) {
        self.end();
    }

    fn end(&mut self) {
        self.shared.end();
        if let Some(writer) = self.writer.take() {
            // It panics only where the program is broken anyway, and has said so.
            let _ = writer.join();
        }
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        self.end();
    }
}

/// The loop's side of a recording.
#[derive(Debug)]
pub struct Recorder {
    shared: Arc<Shared>,
    answers: Digest,
    /// What the present segment began with; later the time of the last call.
    start: Start<'static>,
}

impl Tap for Recorder {
    fn input(&mut self, speaker: &Speaker<'_>, input: &Input<'_>) {
        if let Some(now) = input.now() {
            self.start.unix_ms += now.since(self.start.now).0;
            self.start.now = now;
        }
        let start = Start { running: true, ..self.start };
        if self.shared.put_input(input, speaker, || start) {
            self.answers = Digest::default();
        }
    }

    fn output(&mut self, output: &Output<'_>) {
        if *output != Output::Nothing {
            add_output(&mut self.answers, output);
            self.shared.put(&Entry::Check(self.answers.short()));
        }
    }
}

/// Takes an answer into a running checksum, as recordings have it.
pub fn add_output(digest: &mut Digest, output: &Output<'_>) {
    // Taking in cannot fail: there is no room that it could exceed.
    let _ = postcard::serialize_with_flavor(output, digest::Into(digest));
}

/// A speaker that goes on from the state that a segment began with; `None` if it is none that this version can go on from.
pub fn restore<'m>(seed: Restore<'m>, state: &[u8]) -> Option<Speaker<'m>> {
    seed.deserialize(&mut postcard::Deserializer::from_bytes(state)).ok()
}

#[cfg(test)]
mod tests;
