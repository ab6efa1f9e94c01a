//! The daemon's side: from a request to what answers it.

use crier_core::Speaker;

use super::protocol::{Command, Request};
use super::stream::Stream;
use crate::daemon::{Daemon, Now};

/// What a request leads to.
#[derive(Debug)]
pub enum Answer {
    /// Lines, pulled with [`Stream::fill`].
    Stream(Stream),
    /// The configuration is to be read again; then [`Stream::outcome`] answers.
    Reload,
}

impl Daemon {
    /// Takes a request, one line. Commands are done at once; questions are answered by pulling from the stream.
    pub fn request(&mut self, speaker: &mut Speaker<'_>, now: Now, line: &[u8]) -> Answer {
        match self.dispatch(speaker, now, line) {
            Ok(answer) => answer,
            Err(error) => Answer::Stream(Stream::outcome(Err(error))),
        }
    }

    fn dispatch(&mut self, speaker: &mut Speaker<'_>, now: Now, line: &[u8]) -> Result<Answer, String> {
        let Request { instance, command } = Request::parse(line)?;
        if let Some(name) = instance.filter(|name| *name != self.words.instance) {
            return Err(format!("there is no instance {name:?}; there is {:?}", self.words.instance));
        }
        if command == (Command::Reload {}) {
            return Ok(Answer::Reload);
        }
        if let Some(outcome) = self.execute(speaker, now, &command) {
            return Ok(Answer::Stream(Stream::outcome(outcome)));
        }
        if let Command::Peers { peer: Some(_) } = command {
            self.signatures.look(now.at);
        }
        Stream::question(self, speaker, command).map(Answer::Stream)
    }
}
