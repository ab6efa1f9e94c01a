//! The child's side: candidates come in as lines, answers go out as lines.
//!
//! Each line out begins with a word: `answer`, followed by an [`Answer`] in JSON; `again`, where a candidate is run a second
//! time before it is answered; or `at`, followed by the virtual time in microseconds of a run that its parent gave up. Other
//! lines mean nothing.

use std::io::{self, BufRead, Write};
use std::process;
use std::sync::mpsc;
use std::thread;

use super::{Answer, Candidate, panics};
use crate::sim::Micros;

/// A line out.
#[derive(Debug)]
pub enum Line {
    /// A run has ended.
    Answer(Box<Answer>),
    /// A run has ended, and a second one of the same candidate begins.
    Again,
    /// Where the run was when the parent closed the input.
    At(Micros),
}

impl Line {
    /// Understands a line; `None` if it means nothing.
    pub fn parse(line: &str) -> Option<Self> {
        let line = line.trim_end();
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "again" => Some(Self::Again),
            "answer" => serde_json::from_str(rest).ok().map(Self::Answer),
            "at" => rest.parse().ok().map(|micros| Self::At(Micros(micros))),
            _ => None,
        }
    }

    fn write(&self, out: &mut impl Write) -> io::Result<()> {
        match self {
            Self::Answer(answer) => {
                out.write_all(b"answer ")?;
                serde_json::to_writer(&mut *out, answer)?;
                out.write_all(b"\n")?;
            }
            Self::Again => out.write_all(b"again\n")?,
            Self::At(now) => writeln!(out, "at {}", now.0)?,
        }
        out.flush()
    }
}

/// Runs candidates from standard input with `run` until that is closed, which ends the process even amid a run: whoever
/// asked is gone or no longer waits. A panic is answered, too. `run` is given what to call between two runs of a candidate.
///
/// # Errors
/// A line that is no candidate, or nobody who reads the answers.
pub fn serve(run: impl Fn(&Candidate, &dyn Fn()) -> Answer) -> io::Result<()> {
    // Not as a line of text: a test harness would keep that.
    let say = |line: Line| line.write(&mut io::stdout().lock());
    panics::report(101, move |answer| drop(say(Line::Answer(Box::new(answer)))));
    let (send, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lock().lines().map_while(Result::ok) {
            if send.send(line).is_err() {
                return;
            }
        }
        drop(say(Line::At(panics::now())));
        process::exit(0);
    });
    for line in lines {
        let candidate: Candidate = line.parse().map_err(io::Error::other)?;
        panics::at(Micros::ZERO);
        let answer = run(&candidate, &|| drop(say(Line::Again)));
        say(Line::Answer(Box::new(answer)))?;
    }
    Ok(())
}
