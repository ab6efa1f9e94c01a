//! A replay in words.

use std::fmt::Write;
use std::path::Path;

use crier::daemon::Now;
use crier::events::Ring;
use crier::record::RecordedInput;
use crier_core::speaker::{Action, PeerId};

use super::{End, ReplayError, Replayed, replay_file};

/// Most bytes of a call's own bytes that are shown.
const SHOWN: usize = 48;

/// Runs the recording in a file again, and says what came of it: the exit code, and text for standard output (0) or standard
/// error (the others). 0: it replays to its end. 1: it was answered otherwise, or replays as far as it goes, to a gap or to
/// damage. 2: it cannot be read, is no recording, or begins with what this program cannot go on from.
pub fn main_like(path: &Path) -> (u8, String) {
    match replay_file(path) {
        Ok(replayed) => (u8::from(replayed.end != End::Whole), summary(path, &replayed)),
        Err(error) => {
            let status = if matches!(error, ReplayError::Differs(_)) { 1 } else { 2 };
            (status, format!("{}: {error}", path.display()))
        }
    }
}

/// A call in words, with the beginning of what was received.
pub(super) fn call(input: &RecordedInput<'_>) -> String {
    match input {
        RecordedInput::Receive { conn, bytes, .. } => {
            let hex: String = bytes.iter().take(SHOWN).map(|byte| format!("{byte:02x}")).collect();
            let more = if bytes.len() > SHOWN { "…" } else { "" };
            format!("receive of {} bytes on {}: {hex}{more}", bytes.len(), conn.index)
        }
        RecordedInput::Configure { .. } => "configure".to_owned(),
        other => format!("{other:?}"),
    }
}

/// One line of verdict, then tables.
fn summary(path: &Path, replayed: &Replayed) -> String {
    let mut text = String::new();
    // Writing into a string does not fail.
    let _ = write(&mut text, path, replayed);
    text
}

fn write(out: &mut String, path: &Path, replayed: &Replayed) -> std::fmt::Result {
    let end = match replayed.end {
        End::Whole => "to its end".to_owned(),
        End::Gap => "up to where the disk could not follow".to_owned(),
        End::Damage(error) => format!("as far as it goes: {error}"),
    };
    writeln!(
        out,
        "{}: {} calls replay to the same bytes, {end}; hash {:016x}",
        path.display(),
        replayed.calls,
        replayed.digest.value()
    )?;
    let span = replayed.ended.since(replayed.began);
    let dialled = replayed.actions.iter().filter(|action| matches!(action, Action::Connect { .. })).count();
    writeln!(out, "\nrecorded by   crier {}", replayed.crier)?;
    writeln!(out, "time          {}.{:03} s", span.as_secs(), span.0 % 1000)?;
    writeln!(out, "received      {} bytes", replayed.received)?;
    writeln!(out, "sent          {} bytes on {} connections", replayed.bytes_sent(), replayed.sent.len())?;
    writeln!(out, "dialled       {dialled} times")?;
    writeln!(out, "compared      {} answers", replayed.checks)?;
    let rib = replayed.rib();
    writeln!(out, "paths         {}, {} of them best", rib.len(), rib.iter().filter(|row| row.best).count())?;
    writeln!(out, "\nNEIGHBOR                                 STATE        UPDATES IN      OUT  FLAPS")?;
    for peer in replayed.speaker.peers().filter(|peer| peer.id != PeerId(0)) {
        let (remote, state) = (peer.remote.to_string(), peer.state.to_string());
        let [received, sent] = [peer.counters.received, peer.counters.sent].map(|[_, updates, ..]| updates);
        writeln!(out, "{remote:<40} {state:<12} {received:>10} {sent:>8} {:>6}", peer.flaps)?;
    }
    writeln!(out, "\nLast events")?;
    let mut ring = Ring::default();
    let now = Now { at: replayed.ended, unix_ms: replayed.unix_ms + span.0 };
    replayed.events.iter().for_each(|event| ring.push(now, event.clone()));
    for row in (ring.first()..ring.next()).filter_map(|number| ring.row(number, "default")) {
        writeln!(out, "{} {}", row.time, row.text)?;
    }
    Ok(())
}
