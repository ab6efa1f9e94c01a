//! Requests on the control socket, and a daemon that answers them.
//!
//! The first byte chooses the daemon's configuration, the second how much a client takes at once; then requests, a line each.

use std::io::Write;

use crier::control::protocol::Request;
use crier::control::{Answer, Fill, Stream};
use crier::daemon::Daemon;
use crier_core::Speaker;
use serde_json::Value;

use crate::daemon::{now, with_daemon};

/// Every line is answered by rows of JSON and one line that ends them; what is understood survives being written again.
pub fn check(data: &[u8]) {
    let Some((&[number, takes], text)) = data.split_first_chunk::<2>() else { return };
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').take(8).collect();
    let mut any = false;
    for line in &lines {
        if let Ok(request) = Request::parse(line) {
            any = true;
            let again = request.to_line();
            let Ok(again) = again else { panic!("{again:?}") };
            let read = Request::parse(&again);
            assert_eq!(read.as_ref(), Ok(&request), "{}", String::from_utf8_lossy(&again));
        }
    }
    // The answer to what is no request is the same whatever the daemon has: one will do.
    let some = if any { lines.len() } else { 1 };
    with_daemon(number, |mut daemon, mut speaker| {
        for line in &lines[..some] {
            match daemon.request(&mut speaker, now(), line) {
                Answer::Reload => {}
                Answer::Stream(mut stream) => {
                    answer(&mut stream, &daemon, &speaker, usize::from(takes).max(1))
                }
            }
            assert_eq!(speaker.check(now().at), Ok(()));
        }
    });
}

/// A client that takes so many bytes at once.
struct Client {
    takes: usize,
    got: Vec<u8>,
}

impl Write for Client {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let taken = bytes.len().min(self.takes);
        self.got.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn answer(stream: &mut Stream, daemon: &Daemon, speaker: &Speaker<'_>, takes: usize) {
    let mut client = Client { takes, got: Vec::new() };
    let mut turns = 0;
    let end = loop {
        match stream.fill(daemon, speaker, None, now(), &mut client) {
            Fill::More => turns += 1,
            end => break end,
        }
        assert!(turns < 1_000_000, "the answer never ends");
    };
    let text = String::from_utf8(client.got);
    let Ok(text) = text else { panic!("{text:?}") };
    let mut last = None;
    for line in text.lines().filter(|line| !line.is_empty()) {
        assert!(last.is_none(), "{line} after the end");
        let row: Result<Value, _> = serde_json::from_str(line);
        let Ok(Value::Object(row)) = row else { panic!("{line} is no row") };
        if row.contains_key("done") || row.contains_key("error") {
            last = Some(row);
        }
    }
    assert!(text.is_empty() || text.ends_with('\n'));
    // Who follows the events waits for more.
    assert_eq!(last.is_some(), end == Fill::Done, "{text}");
}
