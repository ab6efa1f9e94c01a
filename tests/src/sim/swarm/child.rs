//! The parent's side: a process that answers, dies, or does neither.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{self, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::worker::Line;
use super::{Answer, Candidate};
use crate::sim::Micros;

/// Lines of standard error that are kept, the last ones.
const COMPLAINTS: usize = 100;
/// How long a child that is given up may take to say where it was.
const FAREWELL: Duration = Duration::from_secs(5);

/// A child process that runs candidates. Dropped, it is ended and waited for.
#[derive(Debug)]
pub struct Child {
    process: process::Child,
    /// Closed to end it.
    requests: Option<ChildStdin>,
    lines: Receiver<Line>,
    complaints: Option<JoinHandle<Vec<String>>>,
}

/// Why there is no answer. The child is of no further use.
#[derive(Debug)]
pub enum End {
    /// It ended.
    Died {
        /// With this status.
        status: Option<ExitStatus>,
        /// The last lines of its standard error.
        complaints: Vec<String>,
    },
    /// It took too long.
    Hung {
        /// Where its run was, if it could say.
        at: Option<Micros>,
    },
}

impl Child {
    /// Starts it.
    ///
    /// # Errors
    /// What the system says.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let pipes = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = pipes.spawn()?;
        let requests = process.stdin.take();
        let (send, lines) = mpsc::channel();
        if let Some(out) = process.stdout.take() {
            thread::spawn(move || {
                let understood = texts(out).filter_map(|text| Line::parse(&text));
                // An error: nobody waits any more.
                let _ = understood.map(|line| send.send(line)).find(Result::is_err);
            });
        }
        let complaints = process.stderr.take().map(|out| thread::spawn(move || last(texts(out))));
        Ok(Self { process, requests, lines, complaints })
    }

    /// Asks for one candidate and waits for its answer, for each of its runs as long as `patience` says.
    ///
    /// # Errors
    /// How it ended instead.
    pub fn ask(&mut self, candidate: &Candidate, patience: Duration) -> Result<Answer, End> {
        // Without a reader there will be no answer either, and the reason is found out below.
        let _ = self.requests.as_mut().map(|requests| writeln!(requests, "{candidate}"));
        loop {
            match self.lines.recv_timeout(patience) {
                Ok(Line::Answer(answer)) => return Ok(*answer),
                Ok(Line::Again) => {}
                Err(RecvTimeoutError::Timeout) => return Err(End::Hung { at: self.give_up() }),
                Ok(Line::At(_)) | Err(RecvTimeoutError::Disconnected) => return Err(self.bury()),
            }
        }
    }

    /// Closes its input, upon which it says where it is.
    fn give_up(&mut self) -> Option<Micros> {
        self.requests = None;
        // What it was about to say when the patience ended comes first.
        loop {
            match self.lines.recv_timeout(FAREWELL) {
                Ok(Line::At(now)) => return Some(now),
                Ok(_) => {}
                Err(_) => return None,
            }
        }
    }

    fn bury(&mut self) -> End {
        let status = self.process.wait().ok();
        let complaints = self.complaints.take().and_then(|reader| reader.join().ok()).unwrap_or_default();
        End::Died { status, complaints }
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.requests = None;
        // An error: it is gone already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Lines, whatever is in them.
fn texts(out: impl Read) -> impl Iterator<Item = String> {
    let lines = BufReader::new(out).split(b'\n').map_while(Result::ok);
    lines.map(|line| String::from_utf8_lossy(&line).into_owned())
}

fn last(lines: impl Iterator<Item = String>) -> Vec<String> {
    let mut kept = VecDeque::new();
    for line in lines {
        if kept.len() == COMPLAINTS {
            kept.pop_front();
        }
        kept.push_back(line);
    }
    kept.into()
}
