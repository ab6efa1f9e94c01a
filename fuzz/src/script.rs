//! Bytes as a script: what happens to a speaker, one step after the other.
//!
//! Each step is a byte for what happens and some bytes for the rest of it. Everything is a script, and a few flipped bits
//! make another one; the seeds are written in the same few words.

/// What happens in a step; the byte is taken modulo [`step::COUNT`].
pub mod step {
    /// Bytes arrive: one byte for their number, then they.
    pub const BYTES: u8 = 0;
    /// Likewise with two bytes for their number.
    pub const MANY_BYTES: u8 = 1;
    /// A message arrives: its type, a byte for the length of its body, its body. The header is put in front.
    pub const MESSAGE: u8 = 2;
    /// Likewise with two bytes for the length.
    pub const LONG_MESSAGE: u8 = 3;
    /// An OPEN arrives that would do: one byte for how it differs from others.
    pub const OPEN: u8 = 4;
    /// A KEEPALIVE arrives.
    pub const KEEPALIVE: u8 = 5;
    /// Somebody connects: one byte for who.
    pub const ACCEPT: u8 = 6;
    /// A dial succeeds: one byte for which.
    pub const CONNECTED: u8 = 7;
    /// Time passes: one byte for how long.
    pub const TIME: u8 = 8;
    /// A socket takes bytes: one byte for how many.
    pub const TRANSMIT: u8 = 9;
    /// A connection ends: one byte for why.
    pub const CLOSED: u8 = 10;
    /// Another connection is the one that things happen to: one byte for which.
    pub const SELECT: u8 = 11;
    /// An operator does something: a byte for what, and one for to whom.
    pub const OPERATOR: u8 = 12;
    /// Everything is done that can be done now.
    pub const SETTLE: u8 = 13;
    /// A little work is done.
    pub const WORK: u8 = 14;
    /// Another configuration: one byte for which.
    pub const CONFIGURE: u8 = 15;
    /// How many there are.
    pub const COUNT: u8 = 16;
}

/// Reads a script.
#[derive(Debug)]
pub struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    /// From the start.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next byte.
    pub fn step(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    /// The next byte, zero after the end.
    pub fn byte(&mut self) -> u8 {
        self.step().unwrap_or(0)
    }

    /// The next two bytes as a number.
    pub fn number(&mut self) -> usize {
        usize::from(self.byte()) << 8 | usize::from(self.byte())
    }

    /// So many bytes, or what is left.
    pub fn bytes(&mut self, count: usize) -> &'a [u8] {
        let (bytes, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        bytes
    }

    /// What is left.
    pub const fn rest(&self) -> &'a [u8] {
        self.0
    }
}

/// A message with its header.
pub fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len() + 19).unwrap_or(u16::MAX);
    let mut bytes = vec![0xFF; 16];
    bytes.extend(length.to_be_bytes());
    bytes.push(kind);
    bytes.extend(body);
    bytes
}

/// An OPEN of this AS and with this identifier that would do. `variety` chooses the hold time, whether the AS number has four octets, and
/// what else it can do.
pub fn open(asn: u16, id: [u8; 4], variety: u8) -> Vec<u8> {
    let mut list = vec![1, 4, 0, 1, 0, 1, 1, 4, 0, 2, 0, 1, 2, 0];
    if variety & 1 == 0 {
        list.extend([65, 4, 0, 0]);
        list.extend(asn.to_be_bytes());
    }
    if variety & 2 != 0 {
        list.extend([6, 0]);
    }
    if variety & 4 != 0 {
        list.extend([5, 6, 0, 1, 0, 1, 0, 2]);
    }
    if variety & 8 != 0 {
        list.extend([64, 6, 0x80, 120, 0, 1, 1, 0x80]);
    }
    if variety & 16 != 0 {
        list.extend([70, 0]);
    }
    let hold: u16 = [90, 9, 3, 0][usize::from(variety >> 6)];
    let mut body = vec![4];
    body.extend(asn.to_be_bytes());
    body.extend(hold.to_be_bytes());
    body.extend(id);
    let length = list.len() as u8;
    body.extend([length + 2, 2, length]);
    body.extend(list);
    message(1, &body)
}
