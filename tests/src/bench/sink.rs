//! The neighbor that counts what arrives.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use super::table::mark;
use crate::wire::update::{each_prefix, prefix_fields};
use crate::wire::{HEADER, KEEPALIVE, NOTIFICATION, UPDATE, message};

const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(30);
/// Longest time for a table. Keepalives keep a session up over which nothing comes any more.
const PATIENCE: Duration = Duration::from_secs(120);
/// Bytes of one read.
const READ: usize = 256 << 10;

/// The receiving end of an Established session.
#[derive(Debug)]
pub(super) struct Sink {
    stream: TcpStream,
    buffer: Vec<u8>,
    filled: usize,
    spoke: Instant,
    /// Prefixes announced so far.
    pub(super) announced: u32,
    /// Prefixes withdrawn so far.
    pub(super) withdrawn: u32,
    /// UPDATEs with prefixes announced.
    pub(super) updates: u32,
    /// Sum over the marks of what was announced, less those of what was withdrawn.
    pub(super) checksum: u64,
}

impl Sink {
    /// A sink on an Established session.
    pub(super) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_read_timeout(Some(KEEPALIVE_INTERVAL))?;
        Ok(Self {
            stream,
            buffer: vec![0; 2 * READ],
            filled: 0,
            spoke: Instant::now(),
            announced: 0,
            withdrawn: 0,
            updates: 0,
            checksum: 0,
        })
    }

    /// Reads until `done`; the instant at which it was.
    pub(super) fn read_until(&mut self, done: impl Fn(&Self) -> bool) -> io::Result<Instant> {
        let deadline = Instant::now() + PATIENCE;
        while !done(self) {
            let free = self.buffer.get_mut(self.filled..).unwrap_or_default();
            match self.stream.read(free) {
                Ok(0) => {
                    return Err(io::Error::new(
                        io::ErrorKind::UnexpectedEof,
                        "the speaker closed the session",
                    ));
                }
                Ok(count) => self.filled += count,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
            self.take_messages()?;
            if Instant::now() >= deadline {
                let (announced, withdrawn) = (self.announced, self.withdrawn);
                let seen = format!("{announced} prefixes announced and {withdrawn} withdrawn, then no more");
                return Err(io::Error::new(io::ErrorKind::TimedOut, seen));
            }
            if self.spoke.elapsed() >= KEEPALIVE_INTERVAL {
                self.stream.write_all(&message(KEEPALIVE, &[]))?;
                self.spoke = Instant::now();
            }
        }
        Ok(Instant::now())
    }

    fn take_messages(&mut self) -> io::Result<()> {
        let broken = || io::Error::new(io::ErrorKind::InvalidData, "no BGP message");
        let mut rest = self.buffer.get(..self.filled).unwrap_or_default();
        while let Some([.., high, low, kind]) = rest.first_chunk::<HEADER>() {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let Some((whole, after)) = rest.split_at_checked(length) else { break };
            let body = whole.get(HEADER..).ok_or_else(broken)?;
            match *kind {
                UPDATE => {
                    let (withdrawn, announced) = prefix_fields(body).ok_or_else(broken)?;
                    let sum = &mut self.checksum;
                    let subtract = |prefix| *sum = sum.wrapping_sub(mark(prefix));
                    self.withdrawn += each_prefix(withdrawn, subtract).ok_or_else(broken)?;
                    let add = |prefix| *sum = sum.wrapping_add(mark(prefix));
                    let count = each_prefix(announced, add).ok_or_else(broken)?;
                    self.announced += count;
                    self.updates += u32::from(count > 0);
                }
                NOTIFICATION => return Err(io::Error::other(format!("NOTIFICATION {body:?}"))),
                _ => {}
            }
            rest = after;
        }
        let left = rest.len();
        self.buffer.copy_within(self.filled - left..self.filled, 0);
        self.filled = left;
        Ok(())
    }
}
