//! Asking a daemon.

use std::io::{BufWriter, Write};
use std::path::PathBuf;

use super::output;
use super::{DEFAULT_SOCKET, DONE, FAILED, Failed, NO_DAEMON, Target};
use crate::control::client::{self, Failure};
use crate::control::collect::Rows;
use crate::control::protocol::{Command, Request};
use crate::show::Style;

/// How an answer is shown.
#[derive(Clone, Copy, Debug)]
pub(super) enum Question {
    Peers,
    Session,
    Routes,
    Why,
    Policies,
    Status,
    Events { follow: bool },
    Command,
}

impl Question {
    pub(super) const fn json(self, json: bool) -> (Self, bool) {
        (self, json)
    }
}

/// Asks, and shows the answer.
pub(super) fn ask(
    command: Command,
    target: Target,
    (question, json): (Question, bool),
) -> Result<u8, Failed> {
    let request = Request { instance: target.instance, command };
    let socket = target.socket.or_else(socket_of_environment).unwrap_or_else(|| DEFAULT_SOCKET.into());
    let style = Style::of_stdout();
    let mut out = BufWriter::with_capacity(64 << 10, std::io::stdout().lock());
    let written = |result: std::io::Result<()>| result.map_err(|error| Failed::output(&error));
    if let Question::Events { follow } = question {
        client::ask(&socket, &request, follow, |line| {
            written(output::event(line, json, follow, style, &mut out))
        })?;
    } else {
        let mut rows = Rows::default();
        client::ask(&socket, &request, false, |line| rows.push(line).map_err(Failed::refused))?;
        rows.sort();
        written(output::rows(&rows, question, json, style, &mut out))?;
    }
    written(out.flush())?;
    Ok(DONE)
}

fn socket_of_environment() -> Option<PathBuf> {
    std::env::var_os("CRIER_SOCKET").filter(|path| !path.is_empty()).map(PathBuf::from)
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        let (code, text) = match failure {
            Failure::NoDaemon(text) => (NO_DAEMON, text),
            Failure::Refused(text) => (FAILED, text),
        };
        // One line, whatever the daemon says.
        Self { code, text: text.replace(['\n', '\r'], " ") }
    }
}
