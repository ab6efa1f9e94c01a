//! The neighbor that announces the table.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crate::wire::{KEEPALIVE, NOTIFICATION, Open, message, read_message};

const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// Bytes of one write.
const WRITE: usize = 256 << 10;

/// A running feeder. It keeps its session up until closed.
#[derive(Debug)]
pub(super) struct Feeder {
    more: Sender<Vec<u8>>,
    writer: JoinHandle<io::Result<()>>,
    stream: TcpStream,
}

impl Feeder {
    /// Sends `table` on an Established session, from a thread. Returns with the instant before the first byte.
    pub(super) fn start(stream: TcpStream, table: Vec<u8>) -> io::Result<(Self, Instant)> {
        let (more, wanted) = channel();
        let mut writing = stream.try_clone()?;
        let mut reading = stream.try_clone()?;
        // What the speaker says does not matter, but it must be taken.
        thread::spawn(move || io::copy(&mut reading, &mut io::sink()));
        let begin = Instant::now();
        let writer = thread::spawn(move || feed(&mut writing, &table, &wanted));
        Ok((Self { more, writer, stream }, begin))
    }

    /// Sends more after that; returns the instant before.
    pub(super) fn send(&self, messages: Vec<u8>) -> io::Result<Instant> {
        let begin = Instant::now();
        self.more.send(messages).map_err(|_| io::Error::other("the feeder has failed"))?;
        Ok(begin)
    }

    /// Closes the session without a word, as a crash does; returns the instant before.
    pub(super) fn close(self) -> io::Result<Instant> {
        drop(self.more);
        self.writer.join().map_err(|_| io::Error::other("the feeder panicked"))??;
        let begin = Instant::now();
        self.stream.shutdown(std::net::Shutdown::Both)?;
        Ok(begin)
    }
}

fn feed(stream: &mut TcpStream, table: &[u8], wanted: &Receiver<Vec<u8>>) -> io::Result<()> {
    table.chunks(WRITE).try_for_each(|part| stream.write_all(part))?;
    loop {
        match wanted.recv_timeout(KEEPALIVE_INTERVAL) {
            Err(RecvTimeoutError::Timeout) => stream.write_all(&message(KEEPALIVE, &[]))?,
            Ok(more) => more.chunks(WRITE).try_for_each(|part| stream.write_all(part))?,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
    }
}

/// Exchanges OPEN and KEEPALIVE as AS `asn` on a fresh connection.
pub(super) fn establish(stream: &mut TcpStream, asn: u32, router_id: [u8; 4]) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut open = Open::new(asn, router_id);
    // IPv4 unicast only: the other family has no part in this.
    open.capabilities.retain(|(code, value)| *code != 1 || value.get(1) == Some(&1));
    stream.write_all(&open.encode())?;
    stream.write_all(&message(KEEPALIVE, &[]))?;
    loop {
        match read_message(stream)? {
            (KEEPALIVE, _) => return Ok(()),
            (NOTIFICATION, body) => return Err(io::Error::other(format!("NOTIFICATION {body:?}"))),
            _ => {}
        }
    }
}
