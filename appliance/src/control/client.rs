//! The client's side: one request, and its answer line by line.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::protocol::Request;
use super::rows::End;

/// How long a daemon may say nothing in the middle of an answer.
const PATIENCE: Duration = Duration::from_secs(30);
/// Bytes of the longest line that is taken.
const MAX_LINE: u64 = 16 << 20;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// No daemon answers on the socket.
    NoDaemon(String),
    /// It refused, or failed.
    Refused(String),
}

/// Sends `request` to the daemon behind `socket` and hands each row, a line without its end, to `row`. With `patient`, the
/// daemon may be silent for as long as it likes, as it is between events.
pub fn ask<E: From<Failure>>(
    socket: &Path,
    request: &Request,
    patient: bool,
    mut row: impl FnMut(&[u8]) -> Result<(), E>,
) -> Result<(), E> {
    let mut reader = BufReader::with_capacity(64 << 10, send(socket, request, patient)?);
    let mut line = Vec::new();
    loop {
        line.clear();
        let read = reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
        match read {
            Ok(0) => {
                return Err(
                    Failure::Refused("the daemon hung up before its answer was whole".to_owned()).into()
                );
            }
            Ok(_) => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Err(silent(socket).into());
            }
            Err(error) => return Err(Failure::Refused(format!("the answer cannot be read: {error}")).into()),
        }
        let Some(text) = line.strip_suffix(b"\n") else {
            return Err(Failure::Refused("the daemon hung up before its answer was whole".to_owned()).into());
        };
        if text.is_empty() {
            continue;
        }
        match end(text) {
            None => row(text)?,
            Some(End::Done(_)) => return Ok(()),
            Some(End::Error(error)) => return Err(Failure::Refused(error).into()),
        }
    }
}

fn send(socket: &Path, request: &Request, patient: bool) -> Result<UnixStream, Failure> {
    let line = request.to_line().map_err(Failure::Refused)?;
    let mut stream = UnixStream::connect(socket).map_err(|error| match error.kind() {
        ErrorKind::PermissionDenied => {
            Failure::Refused(format!("{} may not be used: be root or in its group", socket.display()))
        }
        _ => Failure::NoDaemon(format!(
            "no daemon answers on {} ({error}): start one with `crier run`, or say where with --socket",
            socket.display()
        )),
    })?;
    let timeouts = stream
        .set_read_timeout(Some(PATIENCE).filter(|_| !patient))
        .and_then(|()| stream.set_write_timeout(Some(PATIENCE)));
    timeouts.and_then(|()| stream.write_all(&line)).map_err(|error| {
        Failure::NoDaemon(format!("the daemon on {} does not take a request: {error}", socket.display()))
    })?;
    Ok(stream)
}

fn silent(socket: &Path) -> Failure {
    Failure::NoDaemon(format!("the daemon on {} says nothing for {} s", socket.display(), PATIENCE.as_secs()))
}

/// The last line of an answer, if `line` is it. Only such lines begin with one of its keys.
fn end(line: &[u8]) -> Option<End> {
    if !line.starts_with(br#"{"done""#) && !line.starts_with(br#"{"error""#) {
        return None;
    }
    serde_json::from_slice(line).ok()
}
